# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of component_arguments on files of a directory; systemctl is a script that knows the unit."""

from __future__ import annotations

import json
import os
import typing as t

import pytest

from tests.unit.plugins.module_utils._domain.component.services import CONF, CONF_TEXT, UNIT_WITH_CONF

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.plugins.modules.conftest import RunModule

NAME = "component_arguments"


@pytest.fixture
def conf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file with the arguments of an API server."""
    path = tmp_path / "kube-apiserver.conf"
    path.write_text(CONF_TEXT, encoding="utf-8")
    path.chmod(0o640)
    unit = tmp_path / "kube-apiserver.service"
    unit.write_text(UNIT_WITH_CONF.replace(CONF, str(path)), encoding="utf-8")
    script = tmp_path / "bin" / "systemctl"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\ncase "$*" in\n*kube-apiserver.service) echo "Id=kube-apiserver.service\nLoadState=loaded\nFragmentPath={unit}\n'
        'DropInPaths=" ;;\n*--version) echo systemd 252 ;;\nesac\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.environ['PATH']}")
    return path


def test_check_apply_check_apply(conf: Path, run_module: RunModule) -> None:
    options: dict[str, t.Any] = {
        "component": "kube-apiserver",
        "set": {"bind-address": "192.0.2.12", "v": None, "token-auth-file": "/run/token.csv"},
    }
    checked = run_module(NAME, check=True, diff=True, **options)
    assert conf.read_text(encoding="utf-8") == CONF_TEXT
    applied = run_module(NAME, diff=True, **options)
    assert applied == checked
    assert [(change["before"], change["after"]) for change in applied["changes"]] == [
        (["192.0.2.11"], ["192.0.2.12"]),
        (["2"], []),
        (["/opt/kubernetes/cfg/token.csv"], ["/run/token.csv"]),
    ]
    assert applied["diff"][0]["before"] == "192.0.2.11\n"
    assert applied["changed_files"] == [str(conf)]
    assert applied["arguments"]["bind-address"] == ["192.0.2.12"]
    assert (applied["unit"], applied["program"]) == ("kube-apiserver.service", "/opt/kubernetes/bin/kube-apiserver")
    assert conf.read_text(encoding="utf-8") == CONF_TEXT.replace("--v=2 \\\n", "").replace(
        "--bind-address=192.0.2.11", "--bind-address=192.0.2.12"
    ).replace("/opt/kubernetes/cfg/token.csv", "/run/token.csv")
    assert conf.stat().st_mode & 0o777 == 0o640
    for check in (True, False):
        again = run_module(NAME, check=check, **options)
        assert (again["changed"], again["changes"], again["changed_files"]) == (False, [], [])


def test_reading_only(conf: Path, run_module: RunModule) -> None:
    found = run_module(NAME, component="kube-apiserver", unit="kube-apiserver")
    assert (found["changed"], found["environment_files"]) == (False, [str(conf)])
    assert found["arguments"]["service-account-issuer"] == ["https://kubernetes.default.svc"]
    assert found["arguments"]["token-auth-file"] == ["/opt/kubernetes/cfg/token.csv"]


def test_a_secret_is_never_shown(conf: Path, run_module: RunModule) -> None:
    for check in (True, False):
        found = run_module(
            NAME, check=check, diff=True, component="kube-apiserver", set={"etcd-password": "secret-word"}
        )
        assert found["arguments"]["etcd-password"] == ["***"]
        assert "secret-word" not in json.dumps(found)
    assert "--etcd-password=secret-word" in conf.read_text(encoding="utf-8")


def test_no_such_service(conf: Path, run_module: RunModule) -> None:
    failed = run_module(NAME, component="kubelet", set={"v": 2})
    assert failed["msg"].startswith("This host has no unit file of kubelet.service: name the service")
    assert conf.read_text(encoding="utf-8") == CONF_TEXT
