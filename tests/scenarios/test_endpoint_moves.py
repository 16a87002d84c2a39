# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A conversion, and then the endpoint of the cluster moves from one kind to another by its variables, while a prober asks both.

One cluster is converted to a virtual IP address of the load balancers, and goes to the own address of one of them, a name that leads to the virtual
one, a virtual IP address of the control planes without any balancer, and back; another one is converted to a virtual IP address before nginx, and goes to a name
that name servers answer, and back. What was left of an endpoint say grep, kubectl and ss. At last a failover drill lets nginx and keepalived fail; ip and ps say what happened.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.prober.analysis import CONTROL, control_of, counted, failures, judged, named_from, summarize
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults
from tests.scenarios.address_drill import AddressDrill, DrillChecks, Drilled, SharedAddress
from tests.scenarios.audited import NGINX, SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import addresses_of, etcd_members, leave_out_inconclusive, new_results
from tests.scenarios.playbook import Run, run_playbook

pytestmark = pytest.mark.full

CONTROL_PLANES = ("cp1", "cp2", "cp3")
NODES = (*CONTROL_PLANES, "w1")
BALANCERS = ("lb1", "lb2")
HOSTS = (*NODES, *BALANCERS)
#: By /etc/hosts of every host, and by name servers.
NAME, DELEGATED = "k8s.scenario.test", "one.kube.test"
PORT = 6443
#: Last number of an address that no lab gives to anybody.
_FREE = 100
#: The play before which a new place may lead to API servers whose certificates lack it.
_PROOF = "Prove the endpoint on every host that is to use it"


@dataclasses.dataclass(frozen=True)
class Place:
    """Where the endpoint is.

    :param label: what the results call it.
    :param host: its name or address.
    :param holders: the hosts of which one has it, where it is a virtual IP address.
    :param variables: what the inventory says of it.
    """

    label: str
    host: str
    holders: tuple[str, ...]
    variables: Mapping[str, Any]

    @property
    def endpoint(self) -> str:
        """As HOST:PORT."""
        return f"{self.host}:{PORT}"

    @property
    def is_name(self) -> bool:
        """Whether clients resolve it."""
        return self.host in (NAME, DELEGATED)


@dataclasses.dataclass
class Stay:
    """What was seen when the endpoint had come to a place.

    :param traces: where something that connects as a client still names the place before.
    """

    run: Run
    again: Run
    traces: Sequence[str]
    holders: Sequence[str]
    answers: Mapping[str, str]


@dataclasses.dataclass
class Story:
    """What was seen, by the place."""

    results: ScenarioResults
    places: Sequence[Place]
    stays: Mapping[str, Stay]
    members: int
    ready: set[str]
    findings: Mapping[str, Sequence[str]]
    drilled: Drilled | None


@dataclasses.dataclass(frozen=True)
class Moves:
    """Where one cluster goes.

    :param name: of the scenario and its lab's topology.
    :param places: by the lab and the addresses of its hosts.
    :param host_of_names: the one that a name leads this machine to, which has no part in the lab's names, by the addresses.
    :param finds: ids of what an audit finds of severity warning or worse in the last place, because it is so.
    :param drill: what fails there in the end, before which the address is; nothing by default.
    :param program: what balances there, whose processes are read meanwhile.
    """

    name: str
    places: Callable[[Lab, Mapping[str, str]], list[Place]]
    host_of_names: Callable[[Lab, Mapping[str, str]], str]
    finds: frozenset[str]
    drill: Sequence[Mapping[str, str]] = ()
    program: str = ""


def _virtual_ip(lab: Lab, _addresses: Mapping[str, str]) -> str:
    return lab.endpoint.rpartition(":")[0]


def _by_address(lab: Lab, addresses: Mapping[str, str]) -> list[Place]:
    shared = _virtual_ip(lab, addresses)
    network, _, last = shared.rpartition(".")
    bare = f"{network}.{int(last) + 1}"
    balanced = {"kubeadm_ha_load_balancer": "haproxy"}
    with_vip = {**balanced, "kubeadm_ha_vip": f"{shared}/24"}
    lb1 = addresses["lb1"]
    return [
        Place("virtual_ip", shared, BALANCERS, with_vip),
        Place("balancer", lb1, (), {**balanced, "kubeadm_ha_vip": ""}),
        Place("name", NAME, (), with_vip),
        Place("bare_vip", bare, CONTROL_PLANES, {"kubeadm_ha_load_balancer": "none", "kubeadm_ha_vip": f"{bare}/24"}),
        Place("balancer_again", lb1, (), {**balanced, "kubeadm_ha_vip": ""}),
    ]


def _by_provider(_lab: Lab, addresses: Mapping[str, str]) -> list[Place]:
    shared = f"{addresses['lb1'].rpartition('.')[0]}.{_FREE}"
    nginx = {"kubeadm_ha_load_balancer": "nginx", "kubeadm_ha_vip": f"{shared}/24"}
    return [
        Place("nginx", shared, BALANCERS, nginx),
        Place("dns", DELEGATED, (), {"kubeadm_ha_load_balancer": "dns", "kubeadm_ha_vip": ""}),
        Place("nginx_again", shared, BALANCERS, nginx),
    ]


def _performed(moves: Moves) -> Iterator[Story]:
    """Run the whole story once."""
    with new_results(moves.name) as results, Lab(moves.name, name=moves.name.replace("_", "")) as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        addresses = addresses_of(lab, HOSTS)
        leads_to = moves.host_of_names(lab, addresses)
        for host in HOSTS:
            lab.shell(host, f"echo '{leads_to} {NAME}' >>/etc/hosts")
        places = moves.places(lab, addresses)
        before = Place("cp1", addresses["cp1"], (), {})
        stays: dict[str, Stay] = {}
        for place in places:
            stays[place.label] = _move(lab, results, work, before, place, dict.fromkeys((NAME, DELEGATED), leads_to))
            before = place
        wait_until(lambda: ready_nodes(lab) == set(NODES), seconds=60, what="all nodes Ready")
        yield Story(
            results,
            places,
            stays,
            members=len(etcd_members(lab)),
            ready=ready_nodes(lab),
            findings=grave_findings([lab.inventory], work, arguments=["--extra-vars", f"@{_variables(work, before)}"]),
            drilled=_drilled(lab, results, before, moves) if moves.drill else None,
        )
        print(results.table())


def _drilled(lab: Lab, results: ScenarioResults, place: Place, moves: Moves) -> Drilled:
    """What fails in the last place, a virtual IP address of the load balancers."""
    drill = AddressDrill(
        lab,
        results,
        hosts=(*CONTROL_PLANES, *place.holders),
        shared=SharedAddress(lab, place.host, place.holders),
        units=(
            "nginx-kubernetes-apiserver",
            "kubernetes-apiserver-watch",
            "nginx",
            "keepalived",
            "kubeadm-ha-vip-health",
        ),
        events=moves.drill,
        given={**place.variables, "kubeadm_ha_endpoint": place.endpoint},
    )
    return drill.performed(program=moves.program)


def _move(
    lab: Lab, results: ScenarioResults, work: Path, before: Place, place: Place, resolve: Mapping[str, str]
) -> Stay:
    """Point the cluster to a place, with probes of that before and of this one."""
    variables = _variables(work, place)
    variables.write_text(json.dumps({**place.variables, "kubeadm_ha_endpoint": place.endpoint}), encoding="utf-8")
    ca = work / "ca.crt"
    ca.write_text(lab.run("cp1", "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8")
    with (
        control(ca) as untouched,
        Prober(
            targets={"before": f"https://{before.endpoint}/readyz", CONTROL: untouched.target},
            wait={"endpoint": f"https://{place.endpoint}/readyz"},
            ca=untouched.ca,
            resolve=resolve,
            log=work / f"{place.label}-probes.jsonl",
        ) as prober,
    ):
        run = _run(lab, work, place.label, variables)
        prober.settle()
        log = prober.stop()
    assert run.status == 0, run.output[-8000:]
    results.add_step(place.label, run.seconds)
    is_spoilt = results.is_spoilt_by(summarize(control_of(log)), f"the probes of the move to {place.label}")
    at_new = named_from(counted(log, "endpoint"), _proof(run))
    for target, probes in (("before", counted(log, "before")), ("endpoint", at_new)):
        assert probes, f"{target} of {place.label} never answered"
        failed = failures(judged(probes, control_of(log)))
        results.at_most(f"failed_probes_{place.label}_{target}", len(failed), bound=0, is_spoilt=is_spoilt)
        if failed:
            _keep_journals(lab, work, place.label)
    again = _run(lab, work, f"{place.label}-again", variables)
    return Stay(
        run=run,
        again=again,
        traces=_traces(lab, before, place),
        holders=[name for name in place.holders if f" {place.host}/" in lab.run(name, "ip", "-4", "-o", "address")],
        answers={node: _readyz(lab, node, place.endpoint) for node in NODES},
    )


def _proof(run: Run) -> float:
    """When every API server has the new name or address in its certificate, and hosts begin to prove that they reach them by it."""
    return float(
        next(record["time"] for record in run.records if record["event"] == "play" and record["play"] == _PROOF)
    )


def _keep_journals(lab: Lab, work: Path, label: str) -> None:
    """What hosts have to say of probes that failed."""
    units = [f"--unit={name}" for name in ("keepalived", "kubeadm-ha-vip-health", "haproxy", "nginx", "gdnsd")]
    for host in (*CONTROL_PLANES, *BALANCERS):
        text = lab.run(host, "journalctl", "--no-pager", "--output=short-precise", *units, check=False)
        (work / f"{label}-{host}.journal").write_text(text, encoding="utf-8")


def _run(lab: Lab, work: Path, label: str, variables: Path) -> Run:
    return run_playbook(
        "kubeadm.ha.site",
        inventories=[lab.inventory],
        record=work / f"{label}.jsonl",
        arguments=["--extra-vars", f"@{variables}"],
    )


def _variables(work: Path, place: Place) -> Path:
    return work / f"{place.label}.json"


def _readyz(lab: Lab, node: str, endpoint: str) -> str:
    return lab.shell(node, f"curl -s -m 5 --cacert /etc/kubernetes/pki/ca.crt https://{endpoint}/readyz", check=False)


def _traces(lab: Lab, place: Place, after: Place) -> list[str]:
    """Clients that still name a place: kubeconfigs, connections of kubelets and kube-proxys, the cluster's ConfigMaps.

    The name to which the cluster has moved may lead to the same address, so connections say nothing then.
    """
    server, found = f"https://{place.endpoint}", []
    for node in NODES:
        # The first control plane's kubelet and controllers have always asked their own API server.
        own = {f"/etc/kubernetes/{name}.conf" for name in ("kubelet", "controller-manager", "scheduler")}
        files = lab.shell(node, f"grep -rlF '{server}' /etc/kubernetes/*.conf /root/.kube 2>/dev/null; true").split()
        found += [f"{node}: {path}" for path in files if not (place.label == "cp1" == node and path in own)]
        if not (place.is_name or after.is_name) and node not in place.holders and place.label != node:
            sockets = lab.shell(
                node, f"ss -Htnp state established dst {place.endpoint} | grep -E 'kubelet|kube-proxy'; true"
            )
            found += [f"{node}: {line}" for line in sockets.splitlines()]
    for item in lab.objects("configmaps", "--all-namespaces")["items"]:
        if server in str(item.get("data")):
            found.append(f"configmap {item['metadata']['namespace']}/{item['metadata']['name']}")
    return found


class Checks:
    """What holds wherever a cluster goes."""

    moves: ClassVar[Moves]

    @pytest.fixture(scope="class")
    @classmethod
    def story(cls) -> Iterator[Story]:
        """The story of one cluster."""
        yield from _performed(cls.moves)

    def test_every_move_ends_and_a_second_run_changes_nothing(self, story: Story) -> None:
        for label, stay in story.stays.items():
            assert stay.again.status == 0, (label, stay.again.output[-6000:])
            assert sum(stay.again.changed_hosts.values()) == 0, (label, stay.again.plan)

    def test_nobody_names_the_place_before(self, story: Story) -> None:
        assert {label: stay.traces for label, stay in story.stays.items() if stay.traces} == {}

    def test_every_node_reaches_the_api_through_each_place(self, story: Story) -> None:
        for label, stay in story.stays.items():
            assert stay.answers == dict.fromkeys(NODES, "ok"), label

    def test_one_host_has_a_virtual_ip_address(self, story: Story) -> None:
        for place in story.places:
            assert len(story.stays[place.label].holders) == bool(place.holders), place.label

    def test_the_cluster_is_whole_in_the_end(self, story: Story) -> None:
        assert story.members == len(CONTROL_PLANES)
        assert story.ready == set(NODES)

    def test_an_audit_finds_nothing_but_what_the_last_place_is(self, story: Story) -> None:
        """Also beside keepalived that still holds an address of a place before."""
        assert set(story.findings) == self.moves.finds, story.findings

    def test_no_probe_failed_at_the_place_before_nor_at_the_new_one(self, story: Story) -> None:
        probes = [figure for figure in story.results.figures if figure.name.startswith("failed_probes_")]
        assert len(probes) == 2 * len(story.places)
        if any(figure.value for figure in probes):
            leave_out_inconclusive(story.results)
        assert [(figure.name, figure.value) for figure in probes if figure.value] == []


class TestEndpointMoves(Checks):
    """Between addresses."""

    moves = Moves("endpoint_moves", _by_address, _virtual_ip, SINGLE_BALANCER)


class TestEndpointProviders(Checks, DrillChecks):
    """To name servers, and to nginx on two hosts that share an address, where it and keepalived fail."""

    moves = Moves(
        "endpoint_providers",
        _by_provider,
        lambda _lab, addresses: addresses["cp1"],
        NGINX,
        drill=(
            {"component": "load_balancer", "how": "kill"},
            {"component": "load_balancer", "how": "freeze"},
            {"component": "load_balancer", "how": "reload"},
            {"component": "virtual_ip", "how": "stop"},
        ),
        program="nginx",
    )

    @pytest.fixture(scope="class")
    @classmethod
    def drilled(cls, story: Story) -> Drilled:
        """The drill in the end."""
        assert story.drilled is not None
        return story.drilled

    def test_nginx_was_killed_and_started_anew(self, drilled: Drilled) -> None:
        """All of its processes, by ps, where the address was."""
        event = drilled.event("load_balancer", "kill")
        (*_earlier, before) = drilled.processes_at(event, after=-10, before=-1)
        (after, *_later) = drilled.processes_at(event, after=3, before=15)
        assert before
        assert after
        assert not set(before) & set(after)

    def test_nginx_was_frozen_and_goes_on(self, drilled: Drilled) -> None:
        event = drilled.event("load_balancer", "freeze")
        seen = drilled.processes_at(event, after=0.5, before=5)
        assert {"T"} in [{state[:1] for state in processes.values()} for processes in seen], seen
        states = {state[:1] for read in drilled.reads[-20:] for state in read.processes.values()}
        assert states
        assert "T" not in states

    def test_nginx_was_reloaded(self, drilled: Drilled) -> None:
        """Its master stays, and has other workers."""
        event = drilled.event("load_balancer", "reload")
        (*_earlier, before) = drilled.processes_at(event, after=-10, before=-1)
        (after, *_later) = drilled.processes_at(event, after=4, before=15)
        assert min(before) in after
        assert set(after) - set(before)
