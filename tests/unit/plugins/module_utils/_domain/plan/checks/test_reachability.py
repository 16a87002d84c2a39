# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who must reach whom before control planes join, what attempts report, and which reasons to stop come of it."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.connection_attempt import ConnectResult
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.connection_attempts import attempt
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    ENDPOINT,
    Arguments,
    after,
    bare_host,
    before,
    cluster,
    plan_of,
    targets_of,
)

CP1, CP2, CP3, W1, W2, W3 = (f"192.0.2.{number}" for number in (11, 12, 13, 21, 22, 99))
OF_A_CONTROL_PLANE = {2379, 2380, 6443, 10250}


def targets(arguments: Arguments) -> dict[str, set[tuple[str, int]]]:
    """What each host is to connect to; nothing twice."""
    found = targets_of({**arguments, "etcd": None})
    sets = {source: {(item["address"], item["port"]) for item in items} for source, items in found.items()}
    assert all(len(found[source]) == len(sets[source]) for source in found)
    return sets


def ports(address: str, *numbers: int) -> set[tuple[str, int]]:
    """All ports of a control plane, or those given."""
    return {(address, number) for number in numbers or OF_A_CONTROL_PLANE}


def after_one_loss() -> Arguments:
    """A converted cluster whose third control plane is to join again."""
    arguments = after()
    arguments["hosts"]["cp3"] = bare_host("cp3")
    arguments["cluster"] = cluster("cp1", "cp2", "w1", "w2", endpoint=ENDPOINT)
    return arguments


def tried(arguments: Arguments, *blocked: tuple[str, str, int], outcome: str = "silent") -> Arguments:
    """The arguments with what every host found, when these connections (from, address, port) are blocked."""
    arguments["reachability"] = {
        source: [
            {
                "address": address,
                "port": port,
                "outcome": outcome if (source, address, port) in blocked else "refused",
                "error": "EMFILE",
            }
            for address, port in sorted(found)
        ]
        for source, found in targets(arguments).items()
    }
    return arguments


def problems(arguments: Arguments) -> list[tuple[str, str]]:
    """The reasons to stop."""
    return [(problem.subject, problem.message) for problem in plan_of(arguments).problems]


# --- who must reach whom -------------------------------------------------------------------------------------------


def test_nobody_connects_when_no_control_plane_joins() -> None:
    assert targets(after()) == {}
    arguments = after()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = bare_host("w3")
    assert targets(arguments) == {}


def test_a_conversion() -> None:
    found = targets(before())
    api_servers = {(address, 6443) for address in (CP1, CP2, CP3)}
    workers = {(W1, 10250), (W2, 10250)}
    assert found == {
        # The kubelets of workers that are there are reached already.
        "cp1": ports(CP2) | ports(CP3),
        "cp2": ports(CP1) | ports(CP3) | workers,
        "cp3": ports(CP1) | ports(CP2) | workers,
        "lb1": api_servers,
    }


def test_only_pairs_of_which_one_joins() -> None:
    found = targets(after_one_loss())
    assert found["cp1"] == found["cp2"] == ports(CP3)
    assert found["cp3"] == ports(CP1) | ports(CP2) | {(W1, 10250), (W2, 10250)}


def test_every_api_server_reaches_the_kubelet_of_a_joining_worker() -> None:
    arguments = after_one_loss()
    arguments["workers"].append("w3")
    arguments["hosts"]["w3"] = bare_host("w3")
    found = targets(arguments)
    assert all((W3, 10250) in found[name] for name in ("cp1", "cp2", "cp3"))
    assert "w3" not in found


def test_external_etcd_is_not_on_control_planes() -> None:
    arguments = before()
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += "etcd:\n  external:\n    endpoints: [https://192.0.2.50:2379]\n"
    assert targets(arguments)["cp1"] == ports(CP2, 6443, 10250) | ports(CP3, 6443, 10250)


def test_control_planes_that_join_reach_external_etcd() -> None:
    arguments = after_one_loss()
    urls = ["https://192.0.2.31:2379", "https://etcd2.example.net:2379", "https://[2001:db8::33]:12379", "broken"]
    data = arguments["cluster"]["configmaps"]["kube-system/kubeadm-config"]["data"]
    data["ClusterConfiguration"] += f"etcd:\n  external:\n    endpoints: {json.dumps(urls)}\n"
    found = targets(arguments)
    etcd = {("192.0.2.31", 2379), ("2001:db8::33", 12379)}
    assert (found["cp3"] & etcd, found["cp1"] & etcd) == (etcd, set())
    (problem,) = problems(tried(arguments, ("cp3", "192.0.2.31", 2379)))
    assert problem[0] == "etcd"
    assert problem[1].startswith(
        "cp3 cannot reach etcd (192.0.2.31) on TCP 2379 (etcd's clients: no answer): open TCP 2379 on etcd for cp3"
    )


def test_a_load_balancer_on_a_control_plane_does_not_connect_to_itself() -> None:
    arguments = before()
    arguments["load_balancers"] = ["cp1", "cp2"]
    found = targets(arguments)
    assert not any(address == CP1 for address, _port in found["cp1"])
    assert found["cp1"] == ports(CP2) | ports(CP3)


def test_ports_and_addresses_follow_the_inventory_and_the_nodes() -> None:
    arguments = before()
    arguments["hosts"]["cp2"]["wanted"] = {"api_port": 7443, "advertise_address": "198.51.100.2"}
    arguments["hosts"]["cp3"]["kubelet_flags"] = {"node-ip": "198.51.100.3"}
    arguments["cluster"]["nodes"][0]["addresses"] = ["cp1.example.org", "fd00::1", "198.51.100.1"]
    found = targets(arguments)
    # The API server and etcd are where it advertises; the kubelet registers the address of the default route.
    assert found["cp1"] >= ports("198.51.100.2", 2379, 2380, 7443) | {(CP2, 10250)}
    assert {("198.51.100.3", 10250), (CP3, 2380)} <= found["cp1"]
    assert {("198.51.100.1", 10250), (CP1, 2380)} <= found["cp2"]
    assert ("198.51.100.2", 7443) in found["lb1"]


@pytest.mark.parametrize("node_ip", ["0.0.0.0", "::", "", "10.0.0.7,fd00::7"])
def test_a_node_ip_that_is_no_single_address(node_ip: str) -> None:
    arguments = before()
    arguments["hosts"]["cp2"]["kubelet_flags"] = {"node-ip": node_ip}
    assert ("10.0.0.7" if "," in node_ip else CP2, 10250) in targets(arguments)["cp1"]


def test_ipv6() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["manifests"]["kube-apiserver"]["flags"][0][1] = "fd00::11"
    arguments["hosts"]["cp1"]["addresses"] = ["fd00::11"]
    for name, address in (("cp2", "fd00::12"), ("cp3", "")):
        arguments["hosts"][name]["default_ipv6_address"] = address
    # A host without an address of the cluster's family is reported separately.
    assert targets(arguments)["cp1"] == ports("fd00::12")


def test_a_host_that_was_not_inspected_is_left_out() -> None:
    arguments = before()
    del arguments["hosts"]["cp3"], arguments["hosts"]["lb1"], arguments["hosts"]["w2"]
    assert targets(arguments) == {"cp1": ports(CP2), "cp2": ports(CP1) | {(W1, 10250)}}


# --- what an attempt reports -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        (ConnectResult(""), "connected"),
        (ConnectResult("ECONNREFUSED"), "refused"),
        (ConnectResult("ECONNRESET"), "refused"),
        (ConnectResult("ECONNREFUSED", by_icmp=True), "rejected"),
        (ConnectResult("EHOSTUNREACH"), "rejected"),
        (ConnectResult("ENETUNREACH"), "rejected"),
        (ConnectResult("EACCES"), "rejected"),
        (ConnectResult("EPERM"), "rejected"),
        (ConnectResult("ENOPROTOOPT", by_icmp=True), "rejected"),
        (ConnectResult("ETIMEDOUT"), "silent"),
        (ConnectResult("EMFILE"), "failed"),
        (ConnectResult("EADDRNOTAVAIL"), "failed"),
    ],
)
def test_outcomes(result: ConnectResult, outcome: str) -> None:
    assert result.outcome == outcome


class Recorder:
    """``Sockets`` whose attempts all end in the same way."""

    def __init__(self) -> None:
        self.asked: list[Endpoint] = []

    def connect(self, endpoints: t.Sequence[Endpoint], *, seconds: float) -> list[ConnectResult]:
        """The same result for each."""
        assert seconds == 1.5
        self.asked += endpoints
        return [ConnectResult("ECONNREFUSED") for _endpoint in endpoints]


def test_an_attempt() -> None:
    sockets = Recorder()
    found = attempt(sockets, [{"address": "FD00:0::1", "port": 2380}], seconds=1.5)
    assert [item.as_dict() for item in found] == [
        {"address": "FD00:0::1", "port": 2380, "outcome": "refused", "error": "ECONNREFUSED"}
    ]
    assert sockets.asked == [Endpoint("fd00::1", 2380)]


@pytest.mark.parametrize(
    ("target", "seconds", "expected"),
    [
        ({"address": "localhost", "port": 1}, 1.5, "'localhost' is no IP address"),
        ({"address": "127.0.0.1", "port": 0}, 1.5, "has the port 0"),
        ({"address": "127.0.0.1", "port": 65536}, 1.5, "has the port 65536"),
        ({"address": "127.0.0.1", "port": 1}, 0.0, "more than 0 and at most 10"),
        ({"address": "127.0.0.1", "port": 1}, 10.1, "more than 0 and at most 10"),
    ],
)
def test_a_target_that_is_none(target: dict[str, t.Any], seconds: float, expected: str) -> None:
    sockets = Recorder()
    with pytest.raises(InvalidInput, match=expected):
        attempt(sockets, [target], seconds=seconds)
    assert sockets.asked == []


# --- reasons to stop -----------------------------------------------------------------------------------------------


def test_what_is_reached_or_was_not_tried_is_no_problem() -> None:
    assert problems(before()) == []
    assert problems(tried(before())) == []
    connected = tried(before(), *(("cp1", CP2, port) for port in OF_A_CONTROL_PLANE), outcome="connected")
    assert problems(connected) == []


def test_one_closed_port_is_one_problem_that_names_everything() -> None:
    arguments = tried(before(), ("cp1", CP2, 2380), ("cp3", CP2, 2380))
    ((subject, message),) = problems(arguments)
    assert subject == "cp2"
    assert message == (
        "cp1 and cp3 cannot reach cp2 (192.0.2.12) on TCP 2380 (etcd's members: no answer): open TCP 2380 on cp2 for cp1 and "
        "cp3, in its firewall, in theirs for what goes out, and in the network between. Set kubeadm_ha_skip_reachability: "
        "true if only attempts like these are filtered."
    )


def test_everything_closed_is_reported_at_once() -> None:
    everything = [("cp1", CP2, port) for port in OF_A_CONTROL_PLANE] + [
        ("cp3", CP2, port) for port in OF_A_CONTROL_PLANE
    ]
    found = problems(tried(before(), *everything, ("lb1", CP2, 6443), ("cp2", W1, 10250), outcome="rejected"))
    assert [subject for subject, _message in found] == ["cp2", "cp2", "w1"]
    api_server, others, kubelet = (message for _subject, message in found)
    assert (
        "cp1, cp3 and lb1 cannot reach cp2 (192.0.2.12) on TCP 6443 (API server: rejected by a firewall" in api_server
    )
    assert "open TCP 2379, 2380 and 10250 on cp2 for cp1 and cp3, in its firewall" in others
    assert "cp2 cannot reach w1 (192.0.2.21) on TCP 10250 (kubelet: rejected" in kubelet


def test_each_direction_counts() -> None:
    assert [subject for subject, _message in problems(tried(before(), ("cp2", CP1, 2379)))] == ["cp1"]
    assert [subject for subject, _message in problems(tried(before(), ("cp2", CP3, 2380)))] == ["cp3"]
    assert [subject for subject, _message in problems(tried(before(), ("lb1", CP1, 6443)))] == ["cp1"]


def test_a_host_that_cannot_try_says_why() -> None:
    ((subject, message),) = problems(tried(before(), ("cp1", CP2, 2380), outcome="failed"))
    assert subject == "cp2"
    assert "2380 (etcd's members: EMFILE)" in message


def test_an_old_result_is_no_problem_of_a_plan_in_which_no_control_plane_joins() -> None:
    blocked = tried(before(), ("cp1", CP2, 2380))["reachability"]
    assert problems({**after(), "reachability": blocked}) == []
