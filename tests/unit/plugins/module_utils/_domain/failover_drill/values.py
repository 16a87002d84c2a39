# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports and processes in memory for the tests of a drill."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import CommandFailed
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.election import Election
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import API_SERVER, COMPONENTS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.report import (
    BalancerReport,
    CutReport,
    DrillReport,
    EtcdReport,
    InstanceReport,
    Leader,
    NodeReport,
    RouterReport,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentService, Daemon
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.processes import Process

MANIFESTS = "/etc/kubernetes/manifests"
SCHEDULER, MANAGER = "kube-scheduler", "kube-controller-manager"
#: Flags of each component.
COMMAND = ("--leader-elect=true", "--kubeconfig=/etc/kubernetes/scheduler.conf")


def manifest(component: str, *flags: str) -> bytes:
    """A static pod as kubeadm writes it."""
    command = "".join(f"    - {item}\n" for item in (component, *(flags or COMMAND)))
    head = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: x\nspec:\n  containers:\n  - image: x\n    command:\n"
    return f"{head}{command}".encode()


def path_of(component: str) -> str:
    """Where its manifest is."""
    return f"{MANIFESTS}/{component}.yaml"


class MemoryServices:
    """The port ComponentServices in memory. systemd starts a service again as soon as it is asked what it knows."""

    def __init__(self, processes: MemoryProcesses, *services: ComponentService) -> None:
        """Start with these; each process is the one of its PID."""
        self.processes = processes
        self.known = {item.unit: item for item in services}
        self.is_wanted = dict.fromkeys(self.known, True)
        self.asked: list[tuple[str, str]] = []
        #: Whether systemd starts a process that has ended.
        self.restarts = True
        #: Programs of services that run in several processes, and numbers of these, by unit.
        self.programs: dict[str, tuple[str, list[int]]] = {}
        self.ports: dict[str, int] = {}
        #: Units that each unit takes with it when it is stopped.
        self.required_by: dict[str, tuple[str, ...]] = {}
        self.can_reload = True
        #: Whether a service takes its configuration when it is reloaded.
        self.takes_configuration = True

    def find(self, component: str) -> list[ComponentService]:
        """Those of the component."""
        for unit, service in self.known.items():
            if self.restarts and self.is_wanted[unit] and service.pid not in self.processes.running:
                self._start(unit)
        return [
            item if item.pid in self.processes.running else dataclasses.replace(item, active="failed", pid=0)
            for item in self.known.values()
            if component in item.unit
        ]

    def add(self, program: str, *pids: int, port: int = 0) -> None:
        """A service that runs in several processes."""
        self.programs[f"{program}.service"] = (program, list(pids))
        self.ports[f"{program}.service"] = port
        self.is_wanted[f"{program}.service"] = True
        for pid in pids:
            self.processes.running[pid] = Process(pid, pid * 10, (f"/usr/sbin/{program}",))

    def daemons(self, program: str, *, port: int = 0) -> list[Daemon]:
        """Those of the program; one none of whose processes runs is started again, where systemd wants it."""
        found = []
        for unit, (name, pids) in self.programs.items():
            running = [self.processes.running[pid] for pid in pids if pid in self.processes.running]
            if self.restarts and self.is_wanted[unit] and not running:
                running = [self._add_process(unit)]
            if name == program and running and port in (0, self.ports[unit]):
                found.append(Daemon(unit, "active", tuple(running), can_reload=self.can_reload))
        return found

    def _add_process(self, unit: str) -> Process:
        program, pids = self.programs[unit]
        self.processes.start((f"/usr/sbin/{program}",))
        pids.append(self.processes.next_pid)
        return self.processes.running[self.processes.next_pid]

    def requiring(self, unit: str) -> tuple[str, ...]:
        """Those that it takes with it."""
        return self.required_by.get(unit, ())

    def stop(self, unit: str) -> None:
        """Its process ends, or all of them, and those of units that require it."""
        self.asked.append(("stop", unit))
        self._end(unit)
        for other in self.requiring(unit):
            if other in self.known:
                self._end(other)

    def _end(self, unit: str) -> None:
        self.is_wanted[unit] = False
        if unit in self.programs:
            for pid in self.programs[unit][1]:
                self.processes.running.pop(pid, None)
            return
        self.processes.running.pop(self.known[unit].pid, None)

    def reload(self, unit: str) -> None:
        """Its workers are others afterwards."""
        self.asked.append(("reload", unit))
        if not self.takes_configuration:
            raise CommandFailed(f"systemctl reload {unit} failed with return code 1.")
        main, *workers = self.programs[unit][1]
        for pid in workers:
            self.processes.running.pop(pid, None)
        self.programs[unit] = (self.programs[unit][0], [main])
        self._add_process(unit)

    def start(self, unit: str) -> None:
        """It runs."""
        self.asked.append(("start", unit))
        self.is_wanted[unit] = True
        if unit in self.programs:
            if not any(pid in self.processes.running for pid in self.programs[unit][1]):
                self._add_process(unit)
            return
        if self.known[unit].pid not in self.processes.running:
            self._start(unit)

    def _start(self, unit: str) -> None:
        service = self.known[unit]
        self.processes.start((f"/usr/local/bin/{unit.rpartition('.')[0]}", *service.arguments))
        self.known[unit] = dataclasses.replace(service, pid=self.processes.next_pid)


class MemoryNetfilter:
    """nft and iptables in memory: tables and chains by name, each with what a program was given for it.

    It is the port Commands, as far as a packet filter asks.
    """

    def __init__(self, *programs: str) -> None:
        """``programs``: what the host has."""
        self.programs = programs or ("nft", "iptables", "ip6tables")
        self.tables: dict[str, str] = {}
        #: Rules by chain, of each family. Those of others are there from the beginning.
        self.chains = {family: {"INPUT": ["-p icmp -j ACCEPT"], "OUTPUT": []} for family in ("iptables", "ip6tables")}
        self.before = copy.deepcopy(self.chains)
        self.commands: list[list[str]] = []
        #: What the kernel does not take.
        self.refused: tuple[str, ...] = ()
        #: Called before each command: the place of whoever kills the process that runs it.
        self.before_command: t.Callable[[], None] = lambda: None

    def is_clean(self) -> bool:
        """Whether only the rules of others are there."""
        return not self.tables and self.chains == self.before

    def find(self, program: str) -> str | None:
        """Of those that the host has."""
        return f"/usr/sbin/{program}" if program in self.programs else None

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        """What the program would do."""
        assert environment is None
        self.before_command()
        self.commands.append([*arguments])
        program, *rest = arguments
        is_done, said = (False, "no") if program in self.refused else self._do(program, rest, stdin or "")
        if check and not is_done:
            raise CommandFailed(f"{program} failed: {said}")
        return CommandResult(0 if is_done else 1, said if is_done else "", "" if is_done else said)

    def _do(self, program: str, rest: t.Sequence[str], stdin: str) -> tuple[bool, str]:
        if program == "nft":
            return self._nft(rest, stdin)
        assert rest[0] == "--wait"
        chains, command = self.chains[program], [word for word in rest[1:] if word != "--numeric"]
        verb, name, rule = command[0], command[1], " ".join(command[2:])
        if verb == "--new-chain" and name not in chains:
            chains[name] = []
        elif verb in ("--append", "--insert") and name in chains:
            chains[name].insert(0 if verb == "--insert" else len(chains[name]), rule)
        elif verb == "--delete" and rule in chains.get(name, ()):
            chains[name].remove(rule)
        elif verb == "--flush" and name in chains:
            chains[name].clear()
        elif verb == "--delete-chain" and chains.get(name) == [] and not self._leads_to(program, name):
            del chains[name]
        elif verb != "--list" or name not in chains:
            return False, f"{verb} {name}"
        return True, ""

    def _leads_to(self, program: str, name: str) -> bool:
        return any(rule.endswith(f"--jump {name}") for rules in self.chains[program].values() for rule in rules)

    def _nft(self, rest: t.Sequence[str], stdin: str) -> tuple[bool, str]:
        if list(rest) == ["list", "tables"]:
            return True, "".join(f"table {name}\n" for name in self.tables)
        if rest[:2] == ["delete", "table"]:
            return self.tables.pop(" ".join(rest[2:]), None) is not None, "no such table"
        first, second, *block = stdin.splitlines()
        name = first.removeprefix("table ")
        assert second == f"delete table {name}"
        assert block[0] == f"table {name} {{"
        if "--check" not in rest:
            self.tables[name] = stdin
        return True, ""

    def start(self, arguments: t.Sequence[str], *, log: str) -> t.NoReturn:
        """Nothing here goes on beside the test."""
        raise NotImplementedError(f"{arguments} with {log}")

    def in_memory_file(self, text: str) -> t.ContextManager[str]:
        """No program here reads a file."""
        raise NotImplementedError(text)


class MemoryProcesses:
    """The port Processes in memory."""

    def __init__(self, *processes: Process) -> None:
        """Start with these."""
        self.running = {item.pid: item for item in processes}
        self.signals: list[tuple[str, int]] = []
        #: Whether a killed one is started again, as a kubelet would.
        self.next_pid = 100
        self.starts_again = True

    def find(self, program: str) -> list[Process]:
        """By the name of the program."""
        return [item for item in self.running.values() if item.arguments[0].rpartition("/")[2] == program]

    def at(self, pid: int) -> Process | None:
        """The process with this number."""
        return self.running.get(pid)

    def get(self, pid: int, started: int) -> Process | None:
        """This very process."""
        found = self.running.get(pid)
        return found if found is not None and found.started == started else None

    def kill(self, process: Process) -> None:
        """It is gone, and another one is there."""
        self.signals.append(("kill", process.pid))
        self.end(process)
        self._start_again(process)

    def freeze(self, process: Process) -> None:
        """It is stopped."""
        self.signals.append(("freeze", process.pid))
        self.running[process.pid] = dataclasses.replace(process, is_stopped=True)

    def resume(self, process: Process) -> None:
        """It goes on. One that may lead finds that it does not any longer, and is started again."""
        self.signals.append(("resume", process.pid))
        if "/sbin/" in process.arguments[0]:
            self.running[process.pid] = dataclasses.replace(process, is_stopped=False)
            return
        self.end(process)
        self._start_again(process)

    def _start_again(self, process: Process) -> None:
        if self.starts_again:
            self.start(process.arguments)

    def end(self, process: Process) -> None:
        """It is gone."""
        del self.running[process.pid]

    def start(self, arguments: tuple[str, ...]) -> None:
        """A new process."""
        self.next_pid += 1
        self.running[self.next_pid] = Process(self.next_pid, self.next_pid * 10, arguments)


def service(component: str, pid: int = 7, *flags: str, **changes: t.Any) -> ComponentService:
    """A service that runs."""
    arguments = flags or COMMAND
    pairs = (flag[2:].partition("=")[::2] for flag in arguments)
    return dataclasses.replace(
        ComponentService(f"{component}.service", "active", pid, arguments, dict(pairs)), **changes
    )


def process(component: str, pid: int = 7, *flags: str, **changes: t.Any) -> Process:
    """The process of a static pod."""
    return dataclasses.replace(Process(pid, pid * 10, (component, *(flags or COMMAND))), **changes)


def report(
    name: str,
    *,
    leads: str = "cp1",
    faulty: t.Mapping[str, str] | None = None,
    elections: t.Mapping[str, Election] | None = None,
    left: tuple[str, ...] = (),
    unready: t.Mapping[str, str] | None = None,
    etcd: EtcdReport | None = None,
    units: t.Mapping[str, str] | None = None,
    administrator: str = "/etc/kubernetes/admin.conf",
    is_endpoint: bool = False,
    balancer: BalancerReport | None = None,
    cuts: tuple[CutReport, ...] = (),
) -> DrillReport:
    """What a control plane of three reports."""
    return DrillReport(
        host_name=name,
        instances=tuple(
            InstanceReport(
                component,
                (faulty or {}).get(component, ""),
                (elections or {}).get(component, Election()),
                (units or {}).get(component, ""),
            )
            for component in (*COMPONENTS, API_SERVER)
        ),
        left=left,
        leaders=tuple(
            Leader(component, f"{leads}_1" if leads else "", leads, 3, is_held=bool(leads)) for component in COMPONENTS
        ),
        unready_nodes=tuple(NodeReport(node, reason) for node, reason in (unready or {}).items()),
        etcd=etcd,
        is_endpoint=is_endpoint,
        balancer=balancer,
        administrator=administrator,
        cuts=cuts,
    )


def balancer(name: str, *, holds: bool = False, routed: bool = True, **changes: t.Any) -> DrillReport:
    """What a load balancer reports, whose keepalived shares the endpoint's address with another one's."""
    router = RouterReport(
        problem="",
        unit="keepalived.service",
        address="192.0.2.100",
        interface="eth0",
        mac=f"02:00:00:00:00:{int(name[-1]):02x}",
        is_holder=holds,
        bound=2.2,
        detection=2.0,
        has_own_mac=False,
    )
    own = BalancerReport("", "haproxy.service", has_endpoint=holds, can_reload=True)
    found = DrillReport(name, (), (), (), (), balancer=own, router=router if routed else None)
    return dataclasses.replace(found, **changes)


def of_etcd_alone(name: str, member: EtcdReport) -> DrillReport:
    """What a host of etcd reports that is no control plane."""
    return DrillReport(name, (), (), (), (), etcd=member)
