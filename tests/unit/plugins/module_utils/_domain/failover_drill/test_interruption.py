# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to components is undone, whenever the process that did it ends."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    CommandFailed,
    InvalidInput,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import drill
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import (
    API_SERVER,
    CONTROL_PLANE,
    ETCD,
    LOAD_BALANCER,
    OF_PROCESSES,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.interruption import (
    JOURNAL,
    Interrupted,
    Interruptions,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.packet_filter import PacketFilter
from tests.unit.plugins.certificates import Killed, MemoryFiles
from tests.unit.plugins.memory_api import MemoryClock
from tests.unit.plugins.module_utils._domain.failover_drill.values import (
    MANAGER,
    MANIFESTS,
    SCHEDULER,
    MemoryNetfilter,
    MemoryProcesses,
    MemoryServices,
    manifest,
    path_of,
    process,
    service,
)

ASIDE = "/etc/kubernetes/kubeadm-ha-failover-drill/kube-scheduler.yaml"


class Host:
    """A control plane whose kubelet follows its manifests."""

    def __init__(self) -> None:
        self.files = MemoryFiles({path_of(component): manifest(component) for component in (SCHEDULER, MANAGER)})
        self.processes = MemoryProcesses(process(SCHEDULER), process(MANAGER, 8))
        self.services = MemoryServices(self.processes)
        self.netfilter = MemoryNetfilter()
        self.clock = MemoryClock()
        self.clock.after_sleep = self.sync
        self.before = dict(self.files.contents)

    @property
    def interruptions(self) -> Interruptions:
        """As each new process of the module has them."""
        packets = PacketFilter(self.netfilter, self.files)
        return Interruptions(self.files, self.processes, self.clock, self.services, packets, manifests_dir=MANIFESTS)

    def sync(self) -> None:
        """What a kubelet does."""
        for component in (SCHEDULER, MANAGER):
            found = self.processes.find(component)
            is_wanted = self.files.exists(path_of(component))
            if found and not is_wanted:
                self.processes.end(found[0])
            elif is_wanted and not found:
                self.processes.start((component, *process(component).arguments[1:]))

    def assert_whole(self) -> None:
        """It is as it was."""
        self.sync()
        assert self.files.contents == self.before
        assert not self.files.directories & {ASIDE.rpartition("/")[0]}
        for component in (SCHEDULER, MANAGER):
            (found,) = self.processes.find(component)
            assert not found.is_stopped


@pytest.mark.parametrize("how", OF_PROCESSES)
def test_it_is_interrupted_and_restored(how: str) -> None:
    host = Host()
    at = host.interruptions.interrupt(SCHEDULER, how, timeout=30)
    assert at == host.clock.monotonic()
    assert [item.component for item in host.interruptions.left()] == [SCHEDULER]
    if how == "stop":
        assert host.processes.find(SCHEDULER) == []
        assert ASIDE in host.files.contents
    host.interruptions.restore(timeout=60)
    host.assert_whole()
    assert {pid for _name, pid in host.processes.signals} <= {7}


def assert_restored_whenever_killed(
    make: t.Callable[[], Host | ServicesHost],
    component: str,
    how: str,
    *,
    does_last: bool,
    after: t.Callable[[t.Any], None] = lambda _host: None,
) -> None:
    """It is killed at each of its calls of files, and another process restores what it has done.

    :param after: asserts what is so when it was not killed before it had restored.
    """
    reached_end = False
    for calls in range(1, 30):
        host = make()
        host.files.calls_left, host.files.does_last = calls, does_last
        try:
            host.interruptions.interrupt(component, how, timeout=30)
            after(host)
            host.interruptions.restore(timeout=60)
            reached_end = True
        except Killed:
            pass
        host.files.calls_left = None
        host.interruptions.restore(timeout=60)
        host.assert_whole()
    assert reached_end


@pytest.mark.parametrize("does_last", [False, True])
@pytest.mark.parametrize("how", OF_PROCESSES)
def test_whenever_it_is_killed_the_next_one_restores(how: str, *, does_last: bool) -> None:
    assert_restored_whenever_killed(Host, SCHEDULER, how, does_last=does_last)


def test_what_was_frozen_and_has_ended_is_not_resumed() -> None:
    host = Host()
    host.interruptions.interrupt(SCHEDULER, "freeze", timeout=30)
    host.processes.end(host.processes.running[7])
    host.sync()
    host.interruptions.restore(timeout=60)
    host.assert_whole()
    assert host.processes.signals == [("freeze", 7)]


def test_a_manifest_written_meanwhile_is_nobodys_to_replace() -> None:
    host = Host()
    host.interruptions.interrupt(SCHEDULER, "stop", timeout=30)
    host.files.contents[path_of(SCHEDULER)] = manifest(SCHEDULER, "--v=9")
    with pytest.raises(UnsupportedState, match="was written anew"):
        host.interruptions.restore(timeout=60)
    assert host.interruptions.left()


def test_one_that_does_not_run_is_left_alone() -> None:
    host = Host()
    host.processes.end(host.processes.running[7])
    with pytest.raises(UnsupportedState, match="nothing was done to it"):
        host.interruptions.interrupt(SCHEDULER, "kill", timeout=30)
    assert host.files.contents == host.before


def test_one_that_does_not_end_is_named_and_restored() -> None:
    host = Host()
    host.clock.after_sleep = lambda: None
    with pytest.raises(NotProved, match="still runs 30 s after"):
        host.interruptions.interrupt(SCHEDULER, "stop", timeout=30)
    host.interruptions.restore(timeout=60)
    host.assert_whole()


def test_one_that_does_not_come_back_is_named_and_kept_in_mind() -> None:
    host = Host()
    host.interruptions.interrupt(SCHEDULER, "stop", timeout=30)
    host.clock.after_sleep = lambda: None
    with pytest.raises(NotProved, match="60 s later has no process"):
        host.interruptions.restore(timeout=60)
    assert host.interruptions.left()


def test_a_broken_journal_is_named() -> None:
    host = Host()
    host.files.contents[JOURNAL] = b"{"
    with pytest.raises(UnsupportedState, match="cannot be read"):
        host.interruptions.left()


def test_only_what_is_left_is_a_change() -> None:
    host = Host()
    assert drill.restored(host.interruptions, timeout=60).changes == ()
    decision = drill.interrupted(host.interruptions, component=SCHEDULER, how="freeze", timeout=30)
    assert host.interruptions.left() == ()
    (change,) = decision.changes
    assert (change.object, change.after) == (SCHEDULER, "frozen until the drill restores it")
    decision.act()
    with pytest.raises(UnsupportedState, match="has not been restored"):
        drill.interrupted(host.interruptions, component=MANAGER, how="freeze", timeout=30)
    decision = drill.restored(host.interruptions, timeout=60)
    assert [(change.before, change.after) for change in decision.changes] == [("frozen by a drill", "running")]
    decision.act()
    host.assert_whole()


def test_the_journal_holds_no_arguments() -> None:
    host = Host()
    host.interruptions.interrupt(SCHEDULER, "freeze", timeout=30)
    text = host.files.contents[JOURNAL].decode()
    assert "--" not in text
    assert host.files.modes[JOURNAL] == 0o600
    fields: dict[str, t.Any] = Interrupted.__annotations__
    assert set(fields) == {"component", "how", "pid", "started", "manifest", "aside", "unit", "program"}


class ServicesHost:
    """A control plane whose components systemd runs."""

    def __init__(self, *, restarts: bool = True) -> None:
        self.files = MemoryFiles({})
        self.processes = MemoryProcesses(process(SCHEDULER), process(MANAGER, 8))
        self.processes.starts_again = False
        self.services = MemoryServices(self.processes, service(SCHEDULER), service(MANAGER, 8))
        self.services.restarts = restarts
        self.netfilter = MemoryNetfilter()
        self.clock = MemoryClock()

    @property
    def interruptions(self) -> Interruptions:
        """As each new process of the module has them."""
        packets = PacketFilter(self.netfilter, self.files)
        return Interruptions(self.files, self.processes, self.clock, self.services, packets, manifests_dir=MANIFESTS)

    def assert_whole(self) -> None:
        """Both run, and nothing is left behind."""
        assert self.files.contents == {}
        for component in (SCHEDULER, MANAGER):
            (found,) = self.services.find(component)
            (running,) = self.processes.find(component)
            assert (found.active, found.pid) == ("active", running.pid)
            assert not running.is_stopped


@pytest.mark.parametrize("restarts", [True, False], ids=["Restart=always", "Restart=no"])
@pytest.mark.parametrize("how", OF_PROCESSES)
def test_a_service_is_interrupted_and_restored(how: str, *, restarts: bool) -> None:
    host = ServicesHost(restarts=restarts)
    at = host.interruptions.interrupt(SCHEDULER, how, timeout=30)
    assert at == host.clock.monotonic()
    (left,) = host.interruptions.left()
    assert left == Interrupted(SCHEDULER, how, 7, 70, "", unit="kube-scheduler.service")
    if how == "stop":
        assert host.processes.find(SCHEDULER) == []
        assert host.processes.signals == []
    assert [verb for verb, _unit in host.services.asked] == (["stop"] if how == "stop" else [])
    host.interruptions.restore(timeout=60)
    host.assert_whole()
    assert {unit for _verb, unit in host.services.asked} == {"kube-scheduler.service"}
    assert {pid for _name, pid in host.processes.signals} <= {7}


@pytest.mark.parametrize("how", OF_PROCESSES)
def test_what_requires_a_service_is_restored_with_it(how: str) -> None:
    host = ServicesHost()
    host.services.required_by = {"kube-scheduler.service": ("kube-controller-manager.service", "other.service")}
    host.interruptions.interrupt(SCHEDULER, how, timeout=30)
    # systemd ends it with the other one, and would not start it again.
    assert [left.component for left in host.interruptions.left()] == [SCHEDULER] + [MANAGER] * (how == "stop")
    host.interruptions.restore(timeout=60)
    host.assert_whole()


@pytest.mark.parametrize("does_last", [False, True])
@pytest.mark.parametrize("how", OF_PROCESSES)
def test_whenever_it_is_killed_the_next_one_restores_the_service(how: str, *, does_last: bool) -> None:
    assert_restored_whenever_killed(ServicesHost, SCHEDULER, how, does_last=does_last)


def test_a_service_that_systemd_saw_ending_too_late_is_started_again() -> None:
    host = ServicesHost(restarts=False)
    host.interruptions.interrupt(SCHEDULER, "kill", timeout=30)
    ignored = host.services.start
    calls: list[str] = []

    def start(unit: str) -> None:
        calls.append(unit)
        if len(calls) > 1:
            ignored(unit)

    host.services.start = start  # type: ignore[method-assign]
    host.interruptions.restore(timeout=60)
    host.assert_whole()
    assert len(calls) == 2


def test_a_service_that_does_not_come_back_is_named_with_its_journal() -> None:
    host = ServicesHost(restarts=False)
    host.interruptions.interrupt(SCHEDULER, "stop", timeout=30)
    host.services.start = lambda _unit: None  # type: ignore[method-assign]
    with pytest.raises(
        NotProved, match="does not run, kube-scheduler.service is failed: .*journalctl -u kube-scheduler"
    ):
        host.interruptions.restore(timeout=60)
    assert host.interruptions.left()


def test_a_service_that_does_not_end_is_named_with_its_journal() -> None:
    host = ServicesHost()
    host.services.stop = lambda _unit: None  # type: ignore[method-assign]
    with pytest.raises(
        NotProved, match="still runs 30 s after it was to end: read journalctl -u kube-scheduler.service"
    ):
        host.interruptions.interrupt(SCHEDULER, "stop", timeout=30)


def test_a_journal_of_before_is_of_static_pods() -> None:
    host = Host()
    host.interruptions.interrupt(SCHEDULER, "stop", timeout=30)
    document = json.loads(host.files.contents[JOURNAL])
    del document[0]["unit"]
    host.files.contents[JOURNAL] = json.dumps(document).encode()
    host.interruptions.restore(timeout=60)
    host.assert_whole()


@pytest.mark.parametrize("restarts", [True, False], ids=["Restart=always", "Restart=no"])
@pytest.mark.parametrize("how", OF_PROCESSES)
def test_all_processes_of_a_load_balancer_fail_at_once(how: str, *, restarts: bool) -> None:
    host = ServicesHost(restarts=restarts)
    host.services.add("haproxy", 20, 21, port=6443)
    host.services.add("nginx", 30, 31, port=80)
    interruptions = Interruptions(
        host.files,
        host.processes,
        host.clock,
        host.services,
        PacketFilter(host.netfilter, host.files),
        manifests_dir=MANIFESTS,
        port=6443,
    )
    interruptions.interrupt(LOAD_BALANCER, how, timeout=30)
    assert [(item.component, item.pid, item.unit) for item in host.interruptions.left()] == [
        (LOAD_BALANCER, 20, "haproxy.service"),
        (LOAD_BALANCER, 21, "haproxy.service"),
    ]
    frozen = [item.pid for item in host.processes.running.values() if item.is_stopped]
    assert frozen == ([20, 21] if how == "freeze" else [])
    assert (20 in host.processes.running) == (how == "freeze")
    # Whoever restores knows the unit, and needs no port.
    host.interruptions.restore(timeout=60)
    host.assert_whole()
    (daemon,) = host.services.daemons("haproxy")
    assert not any(process.is_stopped for process in daemon.processes)
    assert {30, 31} <= set(host.processes.running)
    assert {verb for verb, unit in host.services.asked if unit == "nginx.service"} == set()


class Plane(Host):
    """A control plane with an API server and etcd."""

    components = (API_SERVER, ETCD, MANAGER, SCHEDULER)

    def __init__(self, *components: str) -> None:
        super().__init__()
        for pid, component in enumerate(components or self.components, 7):
            self.files.contents[path_of(component)] = manifest(component)
            self.processes.running[pid] = process(component, pid)
        self.before = dict(self.files.contents)

    def sync(self) -> None:
        """What a kubelet does."""
        for path in (*self.files.contents, *self.before):
            component = path.rpartition("/")[2].rpartition(".")[0]
            found, is_wanted = self.processes.find(component), self.files.exists(path_of(component))
            if found and not is_wanted:
                self.processes.end(found[0])
            elif is_wanted and not found:
                self.processes.start((component, *process(component).arguments[1:]))

    def assert_whole(self) -> None:
        """It is as it was."""
        self.sync()
        assert self.files.contents == self.before
        assert not any(item.is_stopped for item in self.processes.running.values())
        assert len(self.processes.running) == len([path for path in self.before if path.endswith(".yaml")])


@pytest.mark.parametrize("does_last", [False, True])
@pytest.mark.parametrize("how", OF_PROCESSES)
def test_a_whole_control_plane_is_restored_whenever_it_is_killed(how: str, *, does_last: bool) -> None:
    def assert_failed(host: Plane) -> None:
        frozen = [item for item in host.processes.running.values() if item.is_stopped]
        assert len(frozen) == (4 if how == "freeze" else 0)
        assert {item.component for item in host.interruptions.left()} == set(Plane.components)
        assert len([path for path in host.files.contents if "failover-drill/" in path]) == (4 if how == "stop" else 0)

    assert_restored_whenever_killed(Plane, CONTROL_PLANE, how, does_last=does_last, after=assert_failed)


def test_a_control_plane_need_not_have_etcd() -> None:
    host = Plane(API_SERVER, MANAGER, SCHEDULER)
    host.interruptions.interrupt(CONTROL_PLANE, "kill", timeout=30)
    assert {item.component for item in host.interruptions.left()} == {API_SERVER, MANAGER, SCHEDULER}
    host.interruptions.restore(timeout=60)
    host.assert_whole()


def test_a_control_plane_of_which_something_does_not_run_is_left_alone() -> None:
    host = Plane(ETCD, MANAGER, SCHEDULER)
    with pytest.raises(UnsupportedState, match="kube-apiserver of this host has no manifest"):
        host.interruptions.interrupt(CONTROL_PLANE, "kill", timeout=30)
    assert host.files.contents == host.before
    assert host.processes.signals == []


@pytest.mark.parametrize("programs", [("nft",), ("iptables", "ip6tables")], ids=["nft", "iptables"])
@pytest.mark.parametrize("component", [ETCD, CONTROL_PLANE])
def test_a_network_is_cut_and_restored(component: str, programs: tuple[str, ...]) -> None:
    host = Plane()
    host.files.contents["/proc/net/if_inet6"] = b""
    host.before = dict(host.files.contents)
    host.netfilter.programs = programs
    assert host.interruptions.interrupt(component, "cut", timeout=30) == host.clock.monotonic()
    left = host.interruptions.left()
    assert {item.component for item in left} == ({ETCD} if component == ETCD else set(Plane.components))
    assert {(item.how, item.program) for item in left} == {("cut", programs[0])}
    # Nothing else happens to what runs.
    assert host.processes.signals == []
    assert not host.netfilter.is_clean()
    said = json.dumps([host.netfilter.tables, host.netfilter.chains])
    assert ("6443" in said) == (component == CONTROL_PLANE)
    assert "2379" in said
    # A controller that has lost its lock ends meanwhile.
    for each in host.processes.find(MANAGER) if component == CONTROL_PLANE else ():
        host.processes.end(each)
    host.interruptions.restore(timeout=60)
    assert host.netfilter.is_clean()
    host.assert_whole()


def killed_at(command: int) -> t.Callable[[], None]:
    """What ends the module before a command."""
    left = [command]

    def kill() -> None:
        left[0] -= 1
        if left[0] == -1:
            raise Killed

    return kill


@pytest.mark.parametrize("programs", [("nft",), ("iptables", "ip6tables")], ids=["nft", "iptables"])
@pytest.mark.parametrize("component", [ETCD, CONTROL_PLANE])
def test_whenever_it_is_killed_the_next_one_restores_the_network(component: str, programs: tuple[str, ...]) -> None:
    """At each of its calls of files, and before each of its commands."""

    def make() -> Plane:
        host = Plane()
        host.netfilter.programs = programs
        return host

    def assert_cut(host: Plane) -> None:
        assert not host.netfilter.is_clean()

    for does_last in (False, True):
        assert_restored_whenever_killed(make, component, "cut", does_last=does_last, after=assert_cut)
    ends = 0
    for number in range(80):
        host = make()
        host.netfilter.before_command = killed_at(number)
        try:
            host.interruptions.interrupt(component, "cut", timeout=30)
            host.interruptions.restore(timeout=60)
            ends += 1
        except Killed:
            pass
        host.netfilter.before_command = lambda: None
        host.interruptions.restore(timeout=60)
        assert host.netfilter.is_clean()
        host.assert_whole()
    assert 0 < ends < 80


def test_rules_that_the_kernel_does_not_take_are_taken_away() -> None:
    host = Plane()
    host.netfilter.programs = ("iptables",)
    interruptions = host.interruptions

    def refuse() -> None:
        host.netfilter.refused = ("iptables",) if host.netfilter.chains != host.netfilter.before else ()

    host.netfilter.before_command = refuse
    with pytest.raises(CommandFailed):
        interruptions.interrupt(ETCD, "cut", timeout=30)
    host.netfilter.before_command = lambda: None
    host.netfilter.refused = ()
    assert not host.netfilter.is_clean()
    interruptions.restore(timeout=60)
    assert host.netfilter.is_clean()
    host.assert_whole()


def test_without_a_packet_filter_nothing_is_cut() -> None:
    host = Plane()
    host.netfilter.programs = ("ufw",)
    with pytest.raises(
        UnsupportedState, match="This host has neither nft nor iptables .* so nothing was done: install"
    ):
        host.interruptions.interrupt(ETCD, "cut", timeout=30)
    assert host.files.contents == host.before


def test_what_has_no_network_of_its_own_is_not_cut() -> None:
    host = Host()
    with pytest.raises(InvalidInput, match="kube-scheduler cannot be cut off: give stop, kill, freeze as how"):
        drill.interrupted(host.interruptions, component=SCHEDULER, how="cut", timeout=30)


def test_a_journal_that_cannot_be_read_names_what_may_be_left() -> None:
    host = Host()
    host.files.contents[JOURNAL] = b"[1]"
    with pytest.raises(
        UnsupportedState, match="kubeadm-ha-failover-drill of nftables or the chains KUBEADM-HA-DRILL-IN"
    ):
        host.interruptions.left()


@pytest.mark.parametrize("restarts", [True, False], ids=["Restart=always", "Restart=no"])
def test_a_service_that_ended_while_it_was_cut_off_is_started(*, restarts: bool) -> None:
    host = ServicesHost(restarts=restarts)
    for pid, component in enumerate((API_SERVER, ETCD), 9):
        host.processes.running[pid] = process(component, pid)
        host.services.known[f"{component}.service"] = service(component, pid)
        host.services.is_wanted[f"{component}.service"] = True
    host.interruptions.interrupt(CONTROL_PLANE, "cut", timeout=30)
    host.processes.end(host.processes.running[8])
    host.interruptions.restore(timeout=60)
    assert host.netfilter.is_clean()
    host.assert_whole()
    assert {verb for verb, _unit in host.services.asked} == {"start"}


def test_a_load_balancer_is_reloaded_and_goes_on() -> None:
    host = ServicesHost()
    host.services.add("haproxy", 20, 21, port=6443)
    decision = drill.interrupted(host.interruptions, component=LOAD_BALANCER, how="reload", timeout=30)
    (change,) = decision.changes
    assert (change.object, change.after) == (LOAD_BALANCER, "reloaded")
    began = host.clock.time
    assert decision.act()["measured"] == {"began": began}
    assert host.clock.time == began + 2
    assert host.services.asked == [("reload", "haproxy.service")] * 3
    assert host.processes.signals == []
    host.interruptions.restore(timeout=60)
    host.assert_whole()
    assert 20 in host.processes.running
    assert 21 not in host.processes.running


def test_a_configuration_that_is_not_taken_is_an_error_and_restored() -> None:
    host = ServicesHost()
    host.services.add("haproxy", 20, 21, port=6443)
    host.services.takes_configuration = False
    with pytest.raises(CommandFailed):
        host.interruptions.interrupt(LOAD_BALANCER, "reload", timeout=30)
    assert host.interruptions.left()
    host.interruptions.restore(timeout=60)
    host.assert_whole()


def test_what_cannot_be_reloaded_is_left_alone() -> None:
    host = ServicesHost()
    host.services.add("haproxy", 20, 21, port=6443)
    host.services.can_reload = False
    with pytest.raises(
        UnsupportedState, match="haproxy.service cannot be reloaded .CanReload=no., so nothing was done"
    ):
        host.interruptions.interrupt(LOAD_BALANCER, "reload", timeout=30)
    assert host.services.asked == []
    host.assert_whole()
