# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host of a drill reports, over a table of hosts."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError, InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.drill_journal import Journal
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import (
    API_SERVER,
    ETCD,
    LOAD_BALANCER,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.inspection import (
    CONTROL_PLANE,
    ETCD_HOST,
    Host,
    Inspection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.packet_filter import PacketFilter
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.report import (
    BalancerReport,
    CutReport,
    EtcdReport,
    RouterReport,
)
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock
from tests.unit.plugins.module_utils._domain.failover_drill.test_leadership import OWN, Members
from tests.unit.plugins.module_utils._domain.failover_drill.values import (
    COMMAND,
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

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.instance import Instance
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.report import DrillReport
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentService

FLAGS = ("--election-timeout=2000",)
MEMBER = process(ETCD, 7, *FLAGS)
SERVICE = service(ETCD, 7, *FLAGS)
NODE = {
    "kind": "Node",
    "metadata": {"name": "w1"},
    "spec": {},
    "status": {
        "nodeInfo": {"kubeletVersion": "v1.34.4"},
        "conditions": [{"type": "Ready", "status": "False", "reason": "x", "message": "y"}],
    },
}


def inspect(
    *services: ComponentService,
    roles: tuple[str, ...] = (ETCD_HOST,),
    etcd: Members | None = None,
    processes: MemoryProcesses | None = None,
    files: MemoryFiles | None = None,
    api: MemoryApi | None = None,
    wait_timeout: float = 0.0,
    addresses: tuple[str, ...] = (),
    endpoint: tuple[tuple[str, ...], int] = ((), 0),
    programs: t.Mapping[str, int] | None = None,
    netfilter: MemoryNetfilter | None = None,
) -> DrillReport:
    """The report of cp1."""

    def open_etcd(_member: Instance) -> tuple[t.Any, str]:
        if etcd is None:
            raise InvalidInput("etcd has no certificate.")
        return etcd, OWN

    memory, clock, files = processes or MemoryProcesses(), MemoryClock(), files or MemoryFiles({})
    known = MemoryServices(memory, *services)
    known.restarts = False
    for number, (program, port) in enumerate((programs or {}).items(), 1):
        known.add(program, 100 * number, 100 * number + 1, port=port)
    packets = PacketFilter(netfilter or MemoryNetfilter(), files)
    names = {"cp1.example.org": ["192.0.2.11"], "cp2.example.org": ["192.0.2.12"]}
    host = Host(
        name="cp1",
        addresses=lambda: ("192.0.2.11", *addresses),
        manifests_dir=MANIFESTS,
        roles=roles,
        administrator="/admin",
        open_etcd=open_etcd,
        endpoint=endpoint,
        resolve=lambda name: names.get(name, []),
    )
    return Inspection(host, clock, files, memory, known, packets, Journal(files, MANIFESTS), api).report(
        wait_timeout=wait_timeout
    )


def test_a_host_of_etcd_alone_is_asked_nothing_of_the_api() -> None:
    found = inspect(SERVICE, processes=MemoryProcesses(MEMBER), etcd=Members())
    assert found.etcd == EtcdReport("", 3, 3, is_leader=True, election_timeout=2.0, unit="etcd.service")
    assert (found.instances, found.leaders, found.unready_nodes) == ((), (), ())
    assert not found.is_control_plane
    assert found.is_whole


def test_a_learner_is_no_follower() -> None:
    class Learner(Members):
        def status(self, endpoint: str) -> dict[str, t.Any]:
            return {**super().status(endpoint), "isLearner": True}

    found = inspect(SERVICE, processes=MemoryProcesses(MEMBER), etcd=Learner(leader="cp2")).etcd
    assert found is not None
    assert (found.is_leader, found.is_learner, found.follows) == (False, True, False)
    found = inspect(SERVICE, processes=MemoryProcesses(MEMBER), etcd=Members(leader="cp2")).etcd
    assert found is not None
    assert (found.is_learner, found.follows) == (False, True)


MEMBERS: list[tuple[str, tuple[str, ...], list[ComponentService], Members | None, EtcdReport | None]] = [
    ("it leads not", (ETCD_HOST,), [SERVICE], Members(leader="cp2"), EtcdReport("", 3, 3, is_leader=False, election_timeout=2.0, unit="etcd.service")),
    ("elsewhere", (CONTROL_PLANE,), [], None, None),
    ("none where one must be", (ETCD_HOST,), [], None, EtcdReport(f"has no manifest {path_of(ETCD)} and no service of systemd")),
    ("no certificate", (ETCD_HOST,), [SERVICE], None, EtcdReport("does not answer (etcd has no certificate)", unit="etcd.service")),
    ("its settings are in a file", (ETCD_HOST,), [service(ETCD, fault="It has a file.", flags={})], None,
     EtcdReport("has a service whose arguments are not certain (It has a file)", unit="etcd.service")),
]  # fmt: skip


@pytest.mark.parametrize(
    ("roles", "services", "etcd", "wanted"), [case[1:] for case in MEMBERS], ids=[case[0] for case in MEMBERS]
)
def test_a_member_of_etcd(
    roles: tuple[str, ...], services: list[ComponentService], etcd: Members | None, wanted: EtcdReport | None
) -> None:
    assert inspect(*services, roles=roles, processes=MemoryProcesses(MEMBER), etcd=etcd).etcd == wanted


def test_a_member_that_does_not_run_is_asked_all_the_same() -> None:
    """Who knows where it should be may know what the others are."""
    found = inspect(service(ETCD, 0, *FLAGS, active="inactive"), etcd=None).etcd
    assert found == EtcdReport("does not run, etcd.service is failed", unit="etcd.service")


def test_a_control_plane_is_asked_for_the_cluster() -> None:
    components = (SCHEDULER, MANAGER)
    files = MemoryFiles({path_of(component): manifest(component) for component in components})
    pods = [
        {
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": "kube-system",
                "labels": {"tier": "control-plane", "component": name},
            },
            "status": {"hostIP": "192.0.2.11", "conditions": [{"type": "Ready", "status": ready}]},
        }
        for name, ready in ((SCHEDULER, "True"), (MANAGER, "False"))
    ]
    found = inspect(
        roles=(CONTROL_PLANE,),
        files=files,
        processes=MemoryProcesses(process(SCHEDULER, 7, *COMMAND), process(MANAGER, 8, *COMMAND)),
        api=MemoryApi(NODE, *pods),
        wait_timeout=5.0,
    )
    assert {item.component: item.problem for item in found.instances} == {
        MANAGER: "has a pod that is not ready",
        SCHEDULER: "",
        API_SERVER: f"has no manifest {path_of(API_SERVER)} and no service of systemd",
    }
    assert [node.name for node in found.unready_nodes] == ["w1"]
    assert (found.administrator, found.etcd, found.is_whole) == ("/admin", None, False)


VIRTUAL = "192.0.2.100"
CONFIGURATION = f"""
vrrp_script alive {{
    script "/bin/true"
    interval 2  # seconds
    fall 3
}}
vrrp_instance api {{
    interface eth0
    advert_int 0.5
    virtual_ipaddress {{
        {VIRTUAL}/32 dev eth0
    }}
    track_script {{
        alive
    }}
}}
"""
ROUTER = RouterReport("", "keepalived.service", VIRTUAL, "eth0", "02:00:00:00:00:01", True, 3.0, 8.0, False)


def keepalived(text: str = CONFIGURATION) -> MemoryFiles:
    """Its configuration, and the interface."""
    contents = {"/etc/keepalived/keepalived.conf": text, "/sys/class/net/eth0/address": "02:00:00:00:00:01\n"}
    return MemoryFiles({path: each.encode() for path, each in contents.items()})


BALANCERS: list[tuple[str, dict[str, int], tuple[str, ...], MemoryFiles, BalancerReport, RouterReport | None]] = [
    ("the holder", {"haproxy": 6443, "keepalived": 0}, (VIRTUAL,), keepalived(), BalancerReport("", "haproxy.service", True, can_reload=True), ROUTER),
    ("another one", {"nginx": 6443, "keepalived": 0}, (), keepalived(), BalancerReport("", "nginx.service", False, can_reload=True),
     dataclasses.replace(ROUTER, is_holder=False)),
    ("nginx of another port beside it", {"nginx": 80, "haproxy": 6443}, (), MemoryFiles({}),
     BalancerReport("", "haproxy.service", False, can_reload=True), None),
    ("keepalived has ended", {"haproxy": 6443}, (), keepalived(), BalancerReport("", "haproxy.service", False, can_reload=True),
     dataclasses.replace(ROUTER, problem="has no service of keepalived", unit="", is_holder=False)),
    ("keepalived of another address", {"haproxy": 6443, "keepalived": 0}, (), keepalived(CONFIGURATION.replace(VIRTUAL, "192.0.2.99")),
     BalancerReport("", "haproxy.service", False, can_reload=True), None),
    ("none", {}, (), MemoryFiles({}), BalancerReport("has no service of haproxy or nginx that listens on port 6443", "", False), None),
    ("two of them", {"haproxy": 6443, "nginx": 6443}, (), MemoryFiles({}),
     BalancerReport("runs in 2 services (haproxy.service, nginx.service), so which is meant is not certain", "", False), None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("programs", "addresses", "files", "own", "router"),
    [case[1:] for case in BALANCERS],
    ids=[case[0] for case in BALANCERS],
)
def test_a_load_balancer(
    programs: dict[str, int],
    addresses: tuple[str, ...],
    files: MemoryFiles,
    own: BalancerReport,
    router: RouterReport | None,
) -> None:
    found = inspect(
        roles=(LOAD_BALANCER,), files=files, addresses=addresses, endpoint=((VIRTUAL,), 6443), programs=programs
    )
    assert (found.balancer, found.router, found.etcd) == (own, router, None)
    assert found.is_whole == (not own.problem and (router is None or not router.problem))


def test_a_number_of_keepalived_that_is_none_is_named() -> None:
    text = CONFIGURATION.replace("advert_int 0.5", "advert_int often")
    found = inspect(
        roles=(LOAD_BALANCER,),
        files=keepalived(text),
        endpoint=((VIRTUAL,), 6443),
        programs={"haproxy": 6443, "keepalived": 0},
    )
    assert found.router is not None
    assert "advert_int often of keepalived is no number" in found.router.problem


KUBECONFIG = b"""apiVersion: v1
kind: Config
clusters:
- cluster:
    server: https://SERVER
  name: kubernetes
"""
MEMBER_URLS = ("--listen-client-urls=https://127.0.0.1:2379", "--listen-peer-urls=https://192.0.2.11:2380")
FREEZE = "let it freeze instead"
NOTHING_CUTS = "has neither nft nor iptables that can drop packets, for IPv6 too"
INSTALL = "install nftables, or leave the events with how: cut out"
CUT_OFF: list[tuple[str, dict[str, t.Any], tuple[CutReport, ...]]] = [
    ("both", {}, (CutReport(ETCD, ""), CutReport("control_plane", ""))),
    ("by its name", {"server": "cp1.example.org:6443"}, (CutReport(ETCD, ""), CutReport("control_plane", ""))),
    ("by another name", {"server": "cp2.example.org:6443"}, (
        CutReport(ETCD, ""),
        CutReport("control_plane", "would go on: its kube-controller-manager asks cp2.example.org:6443 and not the API server beside it", FREEZE),
    )),
    ("no kubeconfig", {"server": None}, (
        CutReport(ETCD, ""),
        CutReport("control_plane", "does not say which of its connections are to be cut (the kubeconfig of kube-controller-manager names no API server "
                  "(/etc/kubernetes/scheduler.conf))", FREEZE),
    )),
    ("no packet filter", {"programs": ("ufw",)}, (CutReport(ETCD, NOTHING_CUTS, INSTALL), CutReport("control_plane", NOTHING_CUTS, INSTALL))),
    ("SSH where etcd is", {"sshd": 2380}, tuple(
        CutReport(component, "has an sshd that listens on port 2380, which would be cut", FREEZE) for component in (ETCD, "control_plane")
    )),
    ("no etcd", {"etcd": False}, (CutReport("control_plane", ""),)),
    ("no control plane", {"api": None}, (CutReport(ETCD, ""),)),
]  # fmt: skip


@pytest.mark.parametrize(("host", "wanted"), [case[1:] for case in CUT_OFF], ids=[case[0] for case in CUT_OFF])
def test_whether_a_network_can_be_cut(host: dict[str, t.Any], wanted: tuple[CutReport, ...]) -> None:
    given = {"server": "192.0.2.11:6443", "programs": (), "sshd": 0, "etcd": True, "api": MemoryApi(), **host}
    flags = {API_SERVER: ("--etcd-servers=https://127.0.0.1:2379",), SCHEDULER: COMMAND, MANAGER: COMMAND}
    if given["etcd"]:
        flags[ETCD] = MEMBER_URLS
    files = MemoryFiles({path_of(component): manifest(component, *each) for component, each in flags.items()})
    if given["server"]:
        files.contents["/etc/kubernetes/scheduler.conf"] = KUBECONFIG.replace(b"SERVER", given["server"].encode())
    found = inspect(
        processes=MemoryProcesses(
            *(process(component, pid, *each) for pid, (component, each) in enumerate(flags.items(), 7))
        ),
        files=files,
        api=given["api"],
        etcd=Members(),
        netfilter=MemoryNetfilter(*given["programs"]),
        programs={"sshd": given["sshd"]} if given["sshd"] else None,
        roles=(CONTROL_PLANE,),
    )
    assert found.cuts == wanted


class Returning(MemoryApi):
    """An API that does not answer for a while."""

    def __init__(self, fails: int) -> None:
        super().__init__()
        self.fails = fails

    def list(self, *arguments: t.Any, **options: t.Any) -> t.Sequence[dict[str, t.Any]]:
        """Nothing, when it answers."""
        self.fails -= 1
        if self.fails >= 0:
            raise ApiError("no answer")
        return super().list(*arguments, **options)


def test_an_api_that_comes_back_is_waited_for() -> None:
    assert inspect(roles=(CONTROL_PLANE,), api=Returning(3), wait_timeout=5.0).is_control_plane
    with pytest.raises(ApiError):
        inspect(roles=(CONTROL_PLANE,), api=Returning(3))
    with pytest.raises(ApiError):
        inspect(roles=(CONTROL_PLANE,), api=Returning(1000), wait_timeout=5.0)
