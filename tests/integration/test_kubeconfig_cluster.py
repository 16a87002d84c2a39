# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeconfig_cluster on kubeconfigs that kubeadm and kubectl wrote; kubectl has the second opinion."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS, ControlPlane, run

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.modules import Modules

NAME = "kubeconfig_cluster"


@pytest.fixture(params=["kubeadm", "kubectl JSON", "kubectl with two clusters"])
def kubeconfig(request: pytest.FixtureRequest, plane: ControlPlane, tmp_path: Path) -> Path:
    """An administrator's kubeconfig that names the advertised address, where nothing listens."""
    plane.kubeadm("init", "phase", "kubeconfig", "admin", f"--config={plane.config}", f"--kubeconfig-dir={tmp_path}")
    path = tmp_path / "admin.conf"
    if request.param == "kubectl JSON":
        path.write_text(_kubectl(plane, path, "config", "view", "--raw", "-o", "json"))
    elif request.param == "kubectl with two clusters":
        _kubectl(plane, path, "config", "set-cluster", "another", "--server=https://198.51.100.7:6443")
        _kubectl(plane, path, "config", "set-context", "another", "--cluster=another", "--user=kubernetes-admin")
    path.chmod(0o640)
    return path


def _kubectl(plane: ControlPlane, kubeconfig: Path, *arguments: str) -> str:
    return run([str(plane.binaries / "kubectl"), f"--kubeconfig={kubeconfig}", *arguments])


def _view(plane: ControlPlane, kubeconfig: Path) -> dict[str, t.Any]:
    return t.cast("dict[str, t.Any]", json.loads(_kubectl(plane, kubeconfig, "config", "view", "--raw", "-o", "json")))


def test_check_apply_check_apply(plane: ControlPlane, modules: Modules, kubeconfig: Path) -> None:
    old, new = f"https://{ADVERTISED_ADDRESS}:{plane.api_port}", f"https://127.0.0.1:{plane.api_port}"
    options: dict[str, t.Any] = {"path": str(kubeconfig), "server": f"127.0.0.1:{plane.api_port}"}
    text, view = kubeconfig.read_text(), _view(plane, kubeconfig)

    checked = modules.run(NAME, check=True, diff=True, **options)
    assert kubeconfig.read_text() == text
    applied = modules.run(NAME, diff=True, **options)
    assert applied["changes"] == checked["changes"]
    assert [(change["before"], change["after"]) for change in applied["changes"]] == [(old, new)]

    assert kubeconfig.read_text() == text.replace(old, new)
    assert kubeconfig.stat().st_mode & 0o777 == 0o640
    current = {context["name"]: context["context"]["cluster"] for context in view["contexts"]}[view["current-context"]]
    for cluster in view["clusters"]:
        if cluster["name"] == current:
            cluster["cluster"]["server"] = new
    assert _view(plane, kubeconfig) == view
    assert _kubectl(plane, kubeconfig, "get", "--raw", "/readyz") == "ok"
    key = view["users"][0]["user"]["client-key-data"]
    assert key not in json.dumps((checked, applied))

    for check in (True, False):
        again = modules.run(NAME, check=check, **options)
        assert (again["changed"], again["changes"], again["server"]) == (False, [], new)
    assert kubeconfig.read_text() == text.replace(old, new)


def test_a_wrong_ca_is_replaced(plane: ControlPlane, modules: Modules, kubeconfig: Path) -> None:
    right = (plane.pki / "ca.crt").read_bytes()
    wrong = (plane.pki / "front-proxy-ca.crt").read_bytes()
    options: dict[str, t.Any] = {"path": str(kubeconfig), "server": f"127.0.0.1:{plane.api_port}"}
    for pem, is_accepted in ((wrong, False), (right, True)):
        data = base64.b64encode(pem).decode()
        result = modules.run(NAME, **options, certificate_authority_data=data)
        assert result["changed"] is True, result
        assert list(result["changes"][0]["after"])[-1] == "certificate-authority-data"
        assert modules.run(NAME, **options, certificate_authority_data=data)["changed"] is False
        if is_accepted:
            assert _kubectl(plane, kubeconfig, "get", "--raw", "/readyz") == "ok"
        else:
            with pytest.raises(AssertionError, match="certificate signed by unknown authority"):
                _kubectl(plane, kubeconfig, "get", "--raw", "/readyz")


def test_what_cannot_be_done_is_one_clear_error(modules: Modules, kubeconfig: Path, tmp_path: Path) -> None:
    text = kubeconfig.read_text()
    missing = modules.run(NAME, path=str(tmp_path / "none.conf"), server="192.0.2.10:6443")
    assert missing["msg"].startswith(f"There is no kubeconfig {tmp_path}/none.conf")
    unknown = modules.run(NAME, path=str(kubeconfig), server="192.0.2.10:6443", cluster="unknown")
    assert "has 0 clusters of the name 'unknown'" in unknown["msg"]
    assert (missing["failed"], unknown["failed"]) == (True, True)
    assert kubeconfig.read_text() == text
