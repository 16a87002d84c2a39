# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the services of a master with a member of etcd name, and whose it is."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.service_files import ServiceFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.services_inspection import ServicesInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.file_tree import HostFileTree
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.processes import HostProcesses
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import MADE
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary import needs
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.memory_api import MemoryCommands

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.binary.report import ServicesReport

API_SERVER = "kube-apiserver"
FLAGS = "--cert-file={root}/member.pem --key-file={root}/member-key.pem --trusted-ca-file={root}/ca.pem --data-dir={root}/data"
SETTINGS = "cert-file: '{root}/member.pem'\nkey-file: '{root}/member-key.pem'\ntrusted-ca-file: {root}/ca.pem\ndata-dir: {root}/data\n"
#: The unit of etcd, its environment file and its file of settings.
WAYS: dict[str, tuple[str, str, str]] = {
    "flags": (f"ExecStart={{root}}/etcd {FLAGS}", "", ""),
    "variables": (
        "EnvironmentFile={root}/etcd.env\nExecStart={root}/etcd",
        "ETCD_CERT_FILE={root}/member.pem\nETCD_KEY_FILE={root}/member-key.pem\nETCD_TRUSTED_CA_FILE={root}/ca.pem\nETCD_DATA_DIR={root}/data\n",
        "",
    ),
    "a file": ("ExecStart={root}/etcd --config-file={root}/etcd.yml", "", SETTINGS),
}


def collect(root: Path, units: t.Mapping[str, str]) -> ServicesReport:
    """Of a host without processes, whose systemd knows these units."""
    (root / "proc").mkdir()
    for name, text in units.items():
        (root / name).write_text(text.format(root=root), encoding="utf-8")

    def shown(name: str) -> str:
        state = "loaded" if name in units else "not-found"
        values = {
            "Id": name,
            "LoadState": state,
            "ActiveState": "active",
            "UnitFileState": "enabled",
            "FragmentPath": str(root / name),
        }
        return "".join(f"{key}={value}\n" for key, value in values.items())

    def systemctl(arguments: t.Sequence[str], _stdin: str | None) -> CommandResult:
        if arguments[1] == "--version":
            return CommandResult(0, "systemd 252 (252.38-1)\n", "")
        return CommandResult(0, "\n".join(shown(name) for name in arguments if name.endswith(".service")), "")

    commands = MemoryCommands(systemctl=systemctl)
    files = ServiceFiles(HostFiles(), commands, directories=(str(root),))
    proc = str(root / "proc")
    return ServicesInspection(commands, files, HostProcesses(proc), HostFileTree(), proc=proc).collect()


@pytest.mark.parametrize(("service", "environment", "settings"), WAYS.values(), ids=WAYS)
def test_what_a_member_of_etcd_names_is_its_own_however_it_is_given(
    tmp_path: Path, service: str, environment: str, settings: str
) -> None:
    for name in ("ca.pem", "member.pem", "member-key.pem", "client.pem", "client-key.pem", "etcd", API_SERVER):
        (tmp_path / name).write_text(name, encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "etcd.env").write_text(environment.format(root=tmp_path), encoding="utf-8")
    (tmp_path / "etcd.yml").write_text(settings.format(root=tmp_path), encoding="utf-8")
    access = "--etcd-cafile={root}/ca.pem --etcd-certfile={root}/client.pem --etcd-keyfile={root}/client-key.pem"
    found = collect(
        tmp_path,
        {
            f"{API_SERVER}.service": f"[Unit]\nRequires=etcd.service\n[Service]\nExecStart={{root}}/{API_SERVER} {access}\n",
            "etcd.service": f"[Service]\n{service}\n",
        },
    )
    assert {name: item.fault for name, item in found.services.items()} == {API_SERVER: "", "etcd": ""}
    assert {name: tuple(item.requires) for name, item in found.services.items()} == {
        API_SERVER: ("etcd.service",),
        "etcd": (),
    }
    own = {f"{tmp_path}/{name}" for name in ("member.pem", "member-key.pem", "ca.pem", "data", "etcd", "etcd.service")}
    assert own <= set(found.named["etcd"])
    data = next(fact for fact in found.facts if fact.path == f"{tmp_path}/data")
    assert bool(settings) or data.use == MADE
    kept = {f"{tmp_path}/{name}" for name in ("member.pem", "member-key.pem", "ca.pem", "etcd.service")}
    assert kept <= set(found.backup_paths)
    assert f"{tmp_path}/data" not in found.backup_paths
    brought = {item.fact.path for item in needs.find(found)}
    assert {
        f"{tmp_path}/{name}" for name in ("client.pem", "client-key.pem", "ca.pem", f"{API_SERVER}.service")
    } <= brought
    assert brought & set(found.named["etcd"]) == {f"{tmp_path}/ca.pem"}
