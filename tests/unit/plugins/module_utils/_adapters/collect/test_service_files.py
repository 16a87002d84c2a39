# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files decide how a service is started, and who else reads them."""

from __future__ import annotations

import os
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.service_files import ServiceFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.memory_api import MemoryCommands

if t.TYPE_CHECKING:
    from pathlib import Path

NAME = "kubelet.service"


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """A directory of units, and one of packages beside it."""
    write(
        tmp_path / "etc" / NAME,
        f"[Service]\nEnvironmentFile=-{tmp_path}/kubelet\nEnvironmentFile=-{tmp_path}/none\nExecStart=/bin/kubelet $A %H\n",
    )
    write(tmp_path / "etc" / f"{NAME}.d" / "10-a.conf", "[Service]\nEnvironment=A=--v=2\n")
    write(tmp_path / "kubelet", "B=2\n")
    return tmp_path


def write(path: Path, text: str) -> str:
    """A file; its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def files_of(
    root: Path, *, loaded: t.Sequence[str] = ("10-a.conf",), version: str = "252", **shown: str
) -> ServiceFiles:
    """A host whose systemd has loaded these drop-ins."""
    drop_ins = [str(root / "etc" / f"{NAME}.d" / name) for name in loaded]
    properties = {
        "Id": NAME,
        "LoadState": "loaded",
        "FragmentPath": str(root / "etc" / NAME),
        "DropInPaths": " ".join(drop_ins),
        **shown,
    }

    def systemctl(arguments: t.Sequence[str], _stdin: str | None) -> CommandResult:
        if arguments[1] == "--version":
            return CommandResult(0, f"systemd {version} ({version}.38-1)\n+PAM\n", "")
        assert arguments[-2:] == ["--", NAME]
        return CommandResult(0, "".join(f"{name}={value}\n" for name, value in properties.items()), "")

    directories = (str(root / "etc"), str(root / "lib"))
    return ServiceFiles(HostFiles(), MemoryCommands(systemctl=systemctl), directories=directories)


def test_all_texts_of_a_service(units: Path) -> None:
    found = files_of(units).sources(NAME)
    assert [text.path for text in found.unit.texts] == [
        str(units / "etc" / NAME),
        str(units / "etc" / f"{NAME}.d" / "10-a.conf"),
    ]
    assert {path: text.text for path, text in found.environment.items()} == {f"{units}/kubelet": "B=2\n"}
    assert (found.unit.systemd, found.unit.specifiers["H"]) == (252, os.uname().nodename)


def test_other_services_that_have_environment_files(units: Path) -> None:
    write(units / "etc" / "kube-proxy.service", f"[Service]\nEnvironmentFile={units}/kubelet\n")
    write(units / "lib" / "kube-proxy.service", "[Service]\nEnvironmentFile=/other\n")
    write(units / "lib" / "etcd.service", "[Service]\nExecStart=/bin/etcd\n")
    write(units / "etc" / "etcd.service.d" / "a.conf", f"[Service]\nEnvironmentFile={units}/kubelet\n")
    write(units / "lib" / "plain.service", "[Service]\nExecStart=/bin/plain\n")
    (units / "etc" / "alias.service").symlink_to(units / "etc" / NAME)
    found = files_of(units)
    others = {unit.name: len(unit.texts) for unit in found.others(found.sources(NAME))}
    assert others == {"kube-proxy.service": 1, "etcd.service": 2}


REFUSED: dict[str, tuple[dict[str, t.Any], str]] = {
    "no such service": (
        {"LoadState": "not-found", "FragmentPath": ""},
        "This host has no unit file of kubelet.service",
    ),
    "a masked one": ({"LoadState": "masked"}, "kubelet.service is masked on this host"),
    "a drop-in that is new": ({"loaded": ()}, "systemd has not loaded .*10-a.conf: run systemctl daemon-reload first"),
    "a drop-in that is gone": (
        {"loaded": ("10-a.conf", "20-b.conf")},
        "20-b.conf of kubelet.service is gone since systemd loaded it",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_systemd_does_not_run_so(units: Path, name: str) -> None:
    shown, message = REFUSED[name]
    with pytest.raises(UnsupportedState, match=message):
        files_of(units, **shown).sources(NAME)


def test_an_empty_drop_in_masks_another(units: Path) -> None:
    write(units / "etc" / f"{NAME}.d" / "20-b.conf", "")
    write(units / "lib" / f"{NAME}.d" / "20-b.conf", "[Service]\nEnvironment=A=--v=4\n")
    assert len(files_of(units).sources(NAME).unit.drop_ins) == 1


def test_no_systemd(units: Path) -> None:
    message = "System has not been booted with systemd as init system (PID 1). Can't operate.\n"
    commands = MemoryCommands(systemctl=lambda _arguments, _stdin: CommandResult(1, "", message))
    with pytest.raises(
        UnsupportedState, match="^systemctl does not show kubelet.service: System has not been booted with systemd"
    ):
        ServiceFiles(HostFiles(), commands).sources(NAME)
