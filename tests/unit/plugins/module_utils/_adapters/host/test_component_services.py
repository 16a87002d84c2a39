# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which services run a component, by the cgroups of its processes."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.component_services import (
    HostComponentServices,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.component_units import unit_of_process
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.controlled_services import (
    HostControlledServices,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import CommandFailed, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.invocation import Sources
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.memory_api import MemoryCommands
from tests.unit.plugins.module_utils._domain.failover_drill.values import SCHEDULER, MemoryProcesses, process

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.service_files import ServiceFiles

START = "/opt/bin/kube-scheduler --leader-elect --v=2 --v 4"
CGROUPS: t.Mapping[str, str | None] = {
    "0::/system.slice/kube-scheduler.service\n": "kube-scheduler.service",
    "12:pids:/system.slice/k8s-scheduler.service\n1:name=systemd:/system.slice/k8s-scheduler.service\n": "k8s-scheduler.service",
    "0::/kubepods.slice/kubepods-burstable.slice/cri-containerd-0a.scope\n": None,
    "0::/system.slice/containerd.service\n": None,
    "0::/user.slice/user-0.slice/session-1.scope\n": None,
    "": None,
}


class Units:
    """``ServiceFiles`` of one unit file for all services."""

    def __init__(self, start: str) -> None:
        self.start = start

    def sources(self, unit: str) -> Sources:
        """The texts of a service."""
        if not self.start:
            raise UnsupportedState("systemd has not loaded it.")
        return Sources(Unit(unit, Text(f"/etc/{unit}", f"[Service]\nExecStart={self.start}\n"), (), {}))


def services(
    proc: Path, *, start: str = START, cgroups: t.Sequence[str] = (), known: str = "LoadState=loaded"
) -> tuple[HostControlledServices, MemoryCommands]:
    """A host with a process in each cgroup."""

    def systemctl(arguments: t.Sequence[str], _stdin: str | None) -> CommandResult:
        is_show = arguments[1] == "show"
        return CommandResult(0, f"{known}\nActiveState=active\nMainPID=7\n" if is_show else "", "")

    for number, text in enumerate(cgroups, 7):
        (proc / str(number)).mkdir()
        (proc / str(number) / "cgroup").write_text(text, encoding="utf-8")
    commands = MemoryCommands(systemctl=systemctl)
    processes = MemoryProcesses(*(process(SCHEDULER, number) for number, _text in enumerate(cgroups, 7)))
    units = t.cast("ServiceFiles", Units(start))
    return HostControlledServices(commands, units, processes, proc=str(proc)), commands


@pytest.mark.parametrize(("text", "unit"), CGROUPS.items())
def test_the_service_of_a_process(tmp_path: Path, text: str, unit: str | None) -> None:
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "cgroup").write_text(text, encoding="utf-8")
    assert unit_of_process(7, proc=str(tmp_path)) == unit
    assert unit_of_process(8, proc=str(tmp_path)) is None


def test_what_a_service_gives_the_component(tmp_path: Path) -> None:
    found, _commands = services(tmp_path, cgroups=["0::/system.slice/k8s-scheduler.service\n"])
    (service,) = found.find(SCHEDULER)
    assert (service.unit, service.active, service.pid, service.fault) == ("k8s-scheduler.service", "active", 7, "")
    assert service.arguments == ("--leader-elect", "--v=2", "--v", "4")
    assert service.flags == {"leader-elect": "true", "v": "4"}


def test_without_a_process_the_name_counts_where_there_is_such_a_service(tmp_path: Path) -> None:
    (service,) = services(tmp_path)[0].find(SCHEDULER)
    assert service.unit == "kube-scheduler.service"
    assert services(tmp_path, known="LoadState=not-found")[0].find(SCHEDULER) == []


def test_two_services_are_two(tmp_path: Path) -> None:
    cgroups = [f"0::/system.slice/{name}.service\n" for name in ("a", "b")]
    assert [item.unit for item in services(tmp_path, cgroups=cgroups)[0].find(SCHEDULER)] == ["a.service", "b.service"]


@pytest.mark.parametrize(("start", "fault"), [("/bin/sh -c x", "starts /bin/sh and not"), ("", "has not loaded it")])
def test_arguments_that_are_not_certain(tmp_path: Path, start: str, fault: str) -> None:
    (service,) = services(tmp_path, start=start)[0].find(SCHEDULER)
    assert fault in service.fault
    assert (service.arguments, service.flags) == ((), {})


def test_a_host_without_systemd_has_none(tmp_path: Path) -> None:
    found = HostComponentServices(
        MemoryCommands(), t.cast("ServiceFiles", Units(START)), MemoryProcesses(), proc=str(tmp_path)
    )
    assert found.find(SCHEDULER) == []


def test_stop_and_start_do_not_wait(tmp_path: Path) -> None:
    found, commands = services(tmp_path)
    found.stop("a.service")
    found.start("a.service")
    assert [" ".join(arguments) for arguments, _stdin in commands.asked] == [
        "systemctl stop --no-block a.service",
        "systemctl reset-failed a.service",
        "systemctl start --no-block a.service",
    ]


def test_what_ends_with_a_service_is_what_requires_it_or_is_a_part_of_it(tmp_path: Path) -> None:
    known = "RequiredBy=kube-apiserver.service multi-user.target\nRequisiteOf=\nBoundBy=a.service\nConsistsOf=b.service"
    found, commands = services(tmp_path, known=known)
    assert {"kube-apiserver.service", "a.service", "b.service"} <= set(found.requiring("etcd.service"))
    ((arguments, _stdin),) = commands.asked
    assert {"RequiredBy", "RequisiteOf", "BoundBy", "ConsistsOf"} <= set(arguments[2].partition("=")[2].split(","))


def test_a_reload_is_waited_for(tmp_path: Path) -> None:
    found, commands = services(tmp_path)
    found.reload("a.service")
    assert [" ".join(arguments) for arguments, _stdin in commands.asked] == ["systemctl reload a.service"]


@pytest.mark.parametrize(("known", "can_reload"), [("CanReload=yes", True), ("CanReload=no", False), ("", False)])
def test_whether_a_service_can_be_reloaded(tmp_path: Path, known: str, *, can_reload: bool) -> None:
    found, _commands = services(tmp_path, cgroups=["0::/system.slice/haproxy.service\n"], known=known)
    (tmp_path / "7" / "comm").write_text("haproxy\n", encoding="utf-8")
    (daemon,) = found.daemons("haproxy")
    assert daemon.can_reload is can_reload


def test_a_refusal_of_systemd_is_an_error(tmp_path: Path) -> None:
    found, commands = services(tmp_path)
    commands.answers["systemctl"] = lambda _arguments, _stdin: CommandResult(4, "", "Operation refused")
    with pytest.raises(CommandFailed, match="Operation refused"):
        found.stop("a.service")


#: A socket of IPv4 that listens on 6443, its inode 4711, and one of IPv6 that is connected from it.
TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:192B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1
"""
TCP6 = """  sl  local_address remote_address st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000000000000000000000000000:192C 00000000000000000000000000000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 4712 1
"""


def test_a_daemon_has_all_processes_of_its_service(tmp_path: Path) -> None:
    names = {7: "haproxy", 8: "haproxy", 9: "nginx", 10: "haproxy", 11: "sh"}
    cgroups = [f"0::/system.slice/{name}.service\n" for name in ("lb", "lb", "web", "other", "lb")]
    found, _commands = services(tmp_path, cgroups=cgroups)
    for pid, name in names.items():
        (tmp_path / str(pid) / "comm").write_text(f"{name}\n", encoding="utf-8")
    (tmp_path / "7" / "fd").mkdir()
    (tmp_path / "7" / "fd" / "3").symlink_to("socket:[4711]")
    (tmp_path / "10" / "fd").mkdir()
    (tmp_path / "10" / "fd" / "3").symlink_to("socket:[4712]")
    (tmp_path / "net").mkdir()
    (tmp_path / "net" / "tcp").write_text(TCP, encoding="utf-8")
    (tmp_path / "net" / "tcp6").write_text(TCP6, encoding="utf-8")
    listening = {
        port: [
            (daemon.unit, [process.pid for process in daemon.processes])
            for daemon in found.daemons("haproxy", port=port)
        ]
        for port in (0, 6443, 6444)
    }
    # What the service runs beside its program belongs to it.
    assert listening == {
        0: [("lb.service", [7, 8, 11]), ("other.service", [10])],
        6443: [("lb.service", [7, 8, 11])],
        6444: [],
    }
    assert [daemon.unit for daemon in found.daemons("nginx")] == ["web.service"]
    assert found.daemons("keepalived") == []
