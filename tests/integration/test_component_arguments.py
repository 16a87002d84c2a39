# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""component_arguments through Ansible, on units and files of a directory. The real kube-apiserver has the second opinion on the flags.

This machine may have no systemd that runs services, so systemctl is a script that knows the units. What systemd itself makes of units
and files is in tests/roles/test_component_arguments.py.
"""

from __future__ import annotations

import os
import subprocess
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "component_arguments"
UNIT = """\
[Unit]
Description=Kubernetes API Server

[Service]
EnvironmentFile=-{conf}
ExecStart={program} $KUBE_APISERVER_OPTS
Restart=on-failure
"""
CONF = """\
# of the first master
KUBE_APISERVER_OPTS="--etcd-servers=https://192.0.2.11:2379 \\
--bind-address=192.0.2.11 \\
--secure-port=6443 \\
--service-account-issuer=https://kubernetes.default.svc \\
--service-cluster-ip-range=10.0.0.0/24"
"""
DESIRED: dict[str, t.Any] = {
    "bind-address": "192.0.2.12",
    "advertise-address": "192.0.2.12",
    "service-account-issuer": ["https://kubernetes.default.svc", "https://k8s.example.org"],
    "secure-port": None,
}
EXPECTED = """\
# of the first master
KUBE_APISERVER_OPTS="--etcd-servers=https://192.0.2.11:2379 \\
--bind-address=192.0.2.12 \\
--service-account-issuer=https://kubernetes.default.svc \\
--service-account-issuer=https://k8s.example.org \\
--service-cluster-ip-range=10.0.0.0/24 \\
--advertise-address=192.0.2.12"
"""


@pytest.fixture(name="modules")
def _modules(binaries: Path, tmp_path: Path) -> Modules:
    """A host that has the standard library only, with one service."""
    conf = tmp_path / "kube-apiserver.conf"
    conf.write_text(CONF, encoding="utf-8")
    unit = tmp_path / "kube-apiserver.service"
    unit.write_text(UNIT.format(conf=conf, program=binaries / "kube-apiserver"), encoding="utf-8")
    systemctl = tmp_path / "bin" / "systemctl"
    systemctl.parent.mkdir()
    systemctl.write_text(
        f'#!/bin/sh\ncase "$*" in\n*kube-apiserver.service) echo "Id=kube-apiserver.service\nLoadState=loaded\nFragmentPath={unit}\n'
        'DropInPaths=" ;;\n*--version) echo systemd 252 ;;\nesac\n',
        encoding="utf-8",
    )
    systemctl.chmod(0o755)
    return Modules(processes.environment(systemctl.parent), tmp_path, ("yaml", "cryptography", "kubernetes"))


def test_check_apply_check_apply(modules: Modules, tmp_path: Path) -> None:
    conf = tmp_path / "kube-apiserver.conf"
    checked = modules.run_by_ansible(NAME, check=True, component="kube-apiserver", set=DESIRED)
    assert conf.read_text(encoding="utf-8") == CONF
    applied = modules.run_by_ansible(NAME, component="kube-apiserver", set=DESIRED)
    assert conf.read_text(encoding="utf-8") == EXPECTED
    assert (checked["changed"], applied["changes"], applied["arguments"]) == (
        True,
        checked["changes"],
        checked["arguments"],
    )
    assert applied["changed_files"] == [str(conf)]
    for check in (True, False):
        again = modules.run(NAME, check=check, component="kube-apiserver", set=DESIRED)
        assert (again["changed"], again["changes"]) == (False, [])


def test_the_component_takes_the_flags(modules: Modules, binaries: Path, tmp_path: Path) -> None:
    """It stops for want of its other flags, and not for one that it does not know."""
    modules.run(NAME, component="kube-apiserver", set=DESIRED)
    # A shell reads such a file like systemd.
    script = f'. {tmp_path}/kube-apiserver.conf && exec "{binaries}/kube-apiserver" $KUBE_APISERVER_OPTS'
    ended = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode != 0
    assert "unknown flag" not in ended.stderr
    assert "--service-account-signing-key-file" in ended.stderr


def test_a_shell_in_the_place_of_the_component(modules: Modules, tmp_path: Path) -> None:
    unit = tmp_path / "kube-apiserver.service"
    unit.write_text("[Service]\nExecStart=/bin/sh -c 'exec kube-apiserver --v=2'\n", encoding="utf-8")
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    for check in (True, False):
        failed = modules.run(NAME, check=check, component="kube-apiserver", set={"v": 4})
        assert failed["msg"].startswith(f"{unit}, line 2 starts /bin/sh and not kube-apiserver")
    assert {path: path.read_bytes() for path in before} == before


def test_an_unwritable_file_is_named(modules: Modules, tmp_path: Path) -> None:
    if os.geteuid() == 0:
        (tmp_path / "kube-apiserver.conf").unlink()
        (tmp_path / "kube-apiserver.conf").mkdir()
    else:
        (tmp_path / "kube-apiserver.conf").chmod(0)
    failed = modules.run(NAME, component="kube-apiserver", set={"v": 4})
    assert f"{tmp_path}/kube-apiserver.conf cannot be read" in failed["msg"]
