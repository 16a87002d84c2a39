# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the clients of a converted cluster notice of each way in which a part of it can fail.

A control plane dies, is shut down, has an API server that says nothing, one that is not ready while its port answers, or a member of etcd that
says nothing, or its network ends: each while etcd's leader is there, and while it is elsewhere. One of each kind that takes the node from the cluster
lasts two minutes, so that the cluster sees it and does without: the others stay Ready, pods start, Services answer, names are found. Then haproxy is loaded anew under load, etcd loses
its quorum for a while, and the only load balancer dies. Signals, iptables and podman make it happen; a prober with a control, watches of whose API
servers is known which they are, kubectl and etcdctl say what came of it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.prober.analysis import (
    CONTROL,
    control_of,
    counted,
    failed_after,
    judged,
    longest_gap_ms,
    rto_seconds,
    summarize,
)
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults
from tests.scenarios.audited import EDITED_MANIFESTS, SINGLE_BALANCER
from tests.scenarios.bystanders import Seen, service_clients
from tests.scenarios.cluster import CommandError, Lab, etcdctl, ready_nodes, static_pods_are_ready, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import Conversion, addresses_of, leave_out_inconclusive, new_results
from tests.scenarios.shape import PLAIN
from tests.scenarios.steering import hold_share
from tests.scenarios.watches import kubelet_certificate, watches

pytestmark = pytest.mark.full

#: Seconds that each event lasts under the prober.
LASTS = 15.0
#: Seconds of one that the cluster is to see: a node is NotReady 40 to 55 s after its last word, and 20 s later where the controllers were lost with it.
LASTS_LONG = 120.0
#: Seconds after a node was NotReady until no Service leads to its pods on any node; a condition's time has no fractions.
_SECONDS_TO_FOLLOW = 5.0
#: Watches of a client, which the load balancer gives to three API servers.
WATCHES = 9
#: For how long an API server that is to end says that it is not ready and serves: its owner has set it, as the README of apiserver_haproxy advises.
DELAY = 12
_MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
#: Not in place: the kubelet reads whatever is in that directory.
_SET_DELAY = (
    f"sed 's/^    - kube-apiserver$/&\\n    - --shutdown-delay-duration={DELAY}s/' {_MANIFEST} >/root/new && "
    f"cat /root/new >{_MANIFEST} && rm /root/new"
)
_ISOLATE = "for chain in INPUT OUTPUT FORWARD; do iptables -w {action} $chain -j DROP; done"


@dataclasses.dataclass(frozen=True)
class Event:
    """A way to fail, and the units of time within which every probe is answered again.

    :param begin: lets it happen to a node.
    :param end: takes it back.
    :param failed_requests: how many requests that are no question of readiness may fail; None: those of the bound.
    :param lasts_long: where it lasts long enough for the cluster to see it; empty: nowhere.
    """

    name: str
    begin: Callable[[Lab, str], object]
    end: Callable[[Lab, str], object]
    bound: float
    failed_requests: int | None = None
    lasts_long: str = ""


@dataclasses.dataclass
class Noticed:
    """What was noticed of one event.

    :param watches: how many there were at API servers to which nothing happened.
    :param cut: how many of these ended meanwhile.
    :param not_ready: other nodes that were not Ready at its end.
    :param lost: what became of the cluster, of an event that lasted long.
    """

    was_leader: bool
    watches: int
    cut: int
    not_ready: set[str]
    lost: Lost | None = None


@dataclasses.dataclass
class Lost:
    """What was noticed of the loss of a node.

    :param not_ready_since: when the cluster saw it; ``None``: it did not.
    :param seen: by clients of a Service and of the cluster's DNS on the other nodes.
    :param starts_pods: whether the pods of a new Deployment ran at its end.
    """

    not_ready_since: float | None
    seen: Seen
    starts_pods: bool

    @property
    def lookups(self) -> dict[str, list[bool]]:
        """By node, whether each lookup had an answer that began once no Service led to the lost node."""
        since = self.not_ready_since
        return {} if since is None else self.seen.lookups_since(since + _SECONDS_TO_FOLLOW)


def _signal(process: str, signal: str) -> Callable[[Lab, str], object]:
    return lambda lab, node: lab.run(node, "pkill", f"--signal={signal}", "--exact", process)


def _isolate(action: str) -> Callable[[Lab, str], object]:
    return lambda lab, node: lab.shell(node, _ISOLATE.format(action=action))


def _start(lab: Lab, node: str) -> None:
    lab.event("start", node)


def _thaw(lab: Lab, node: str) -> None:
    """The kubelet may have ended it meanwhile: it is not alive by its probe."""
    lab.run(node, "pkill", "--signal=CONT", "--exact", "kube-apiserver", check=False)


def _nothing(_lab: Lab, _node: str) -> None:
    """The kubelet starts it again."""


EVENTS = (
    # An API server that ends serves for a while and says that it is not ready: nobody notices but who asks for that.
    Event("drain", _signal("kube-apiserver", "TERM"), _nothing, bound=2.0, failed_requests=0),
    Event(
        "shut_down",
        lambda lab, node: lab.event("stop", node),
        _start,
        bound=1.0,
        failed_requests=0,
        lasts_long="follower",
    ),
    Event("kill", lambda lab, node: lab.event("kill", node), _start, bound=1.0),
    Event("freeze", _signal("kube-apiserver", "STOP"), _thaw, bound=2.0, lasts_long="follower"),
    # Its API server asks it once a second and waits for two: until then every other answer to a check is that of before.
    Event("freeze_etcd", _signal("etcd", "STOP"), _signal("etcd", "CONT"), bound=5.0),
    Event("cut", _isolate("--insert"), _isolate("--delete"), bound=1.0, lasts_long="leader"),
)
WHERE = ("leader", "follower")


class Matrix:
    """A converted cluster on which one thing after the other fails."""

    def __init__(self, lab: Lab, results: ScenarioResults) -> None:
        self.lab, self.results = lab, results
        self.conversion = Conversion(lab, results)
        self.addresses = addresses_of(lab, PLAIN.hosts)
        self._client = kubelet_certificate(lab, "w1", self.conversion.steering())
        self.noticed: dict[str, Noticed] = {}
        self.observations: dict[str, Any] = {}
        self.findings: dict[str, list[str]] = {}

    def convert(self) -> None:
        """By the collection; then its owner lets API servers end slowly."""
        run = self.conversion.run("convert")
        assert run.status == 0, run.output[-6000:]
        self._wait_until_whole()
        for node in PLAIN.control_planes:
            self.lab.shell(node, _SET_DELAY)
            has_delay = functools.partial(self._has_delay, node)
            wait_until(has_delay, seconds=180, what=f"the API server of {node} has the flag")
            self._wait_until_whole()

    def fail(self, event: Event, where: str) -> None:
        """One event on the control plane with etcd's leader, or on one without."""
        lab, leader = self.lab, self.leader()
        node = leader if where == "leader" else self._other_than(leader)
        other = next(name for name in PLAIN.control_planes if name != node)
        label = f"{event.name}_{where}"
        is_long = event.lasts_long == where
        others = [name for name in PLAIN.nodes if name != node]
        with contextlib.ExitStack() as users:
            opened = users.enter_context(watches(self._client, "w1", WATCHES))
            seen = users.enter_context(service_clients(lab, others, control_plane=other)) if is_long else None
            serial, is_spoilt = self._probed(
                label,
                lambda: event.begin(lab, node),
                fails=node,
                bound=event.bound,
                failed_requests=event.failed_requests,
                lasts=LASTS_LONG if is_long else LASTS,
            )
            ended, opened_at = opened.ended(), opened.by_server
        self.noticed[label] = Noticed(
            was_leader=node == leader,
            watches=opened_at.total() - opened_at[serial],
            cut=ended.total() - ended[serial],
            # Asked of a node to which nothing happened.
            not_ready={*others} - ready_nodes(lab, node=other),
        )
        if seen is not None:
            self.noticed[label].lost = self._lost(label, node, other, seen, is_spoilt=is_spoilt)
        event.end(lab, node)
        self._wait_until_whole()

    def _lost(self, label: str, node: str, other: str, seen: Seen, *, is_spoilt: bool) -> Lost:
        """What another control plane says of a node that is lost, and the figures of clients on all other nodes."""
        lost = Lost(self._not_ready_since(node, other), seen, self._starts_pods(label.replace("_", "-"), other))
        failed = seen.total("failed requests")
        self.results.at_most(f"failed_requests_of_a_service_{label}", failed, bound=0, is_spoilt=is_spoilt)
        failed = sum(has_answer is False for lookups in lost.lookups.values() for has_answer in lookups)
        self.results.at_most(f"failed_lookups_once_not_ready_{label}", failed, bound=0, is_spoilt=is_spoilt)
        return lost

    def _not_ready_since(self, node: str, other: str) -> float | None:
        """When a node's condition became what it is, asked on another; ``None`` while it is Ready."""
        conditions = self.lab.objects("node", node, node=other)["status"]["conditions"]
        (ready,) = (condition for condition in conditions if condition["type"] == "Ready")
        if ready["status"] == "True":
            return None
        return datetime.datetime.fromisoformat(ready["lastTransitionTime"]).timestamp()

    def _starts_pods(self, name: str, node: str) -> bool:
        """Whether the pods of a new Deployment run, which is made and asked for on a node."""
        lab, deployment = self.lab, f"deployment/{name}"
        smoke = lab.objects("deployment", "smoke", node=node)["spec"]["template"]["spec"]
        image = smoke["containers"][0]["image"]
        lab.kubectl("create", "deployment", name, f"--image={image}", "--replicas=2", node=node)
        try:
            lab.kubectl("rollout", "status", deployment, "--timeout=60s", node=node)
        except CommandError:
            return False
        finally:
            lab.kubectl("delete", deployment, node=node)
        return True

    def reload(self) -> None:
        """haproxy is loaded anew, three times while it is asked."""

        def reload() -> None:
            for _number in range(3):
                self.lab.run("lb1", "systemctl", "reload", "haproxy")
                time.sleep(1.0)

        with watches(self._client, "w1", WATCHES) as opened:
            self._probed("reload", reload, fails="cp1", bound=0.0, failed_requests=0)
            self.observations["reload"] = opened.ended().total()

    def lose_quorum(self) -> None:
        """Two of three members say nothing for a while; afterwards everything is as before without anybody's help."""
        restarts = self._restarts()
        frozen = ("cp2", "cp3")
        with watches(self._client, "w1", WATCHES) as opened:
            with self.conversion.watched("quorum", endpoint_only=True) as prober:
                prober.settle()
                event = prober.mark("quorum")
                for node in frozen:
                    _signal("etcd", "STOP")(self.lab, node)
                time.sleep(LASTS)
                again = prober.mark("again")
                for node in frozen:
                    _signal("etcd", "CONT")(self.lab, node)
                time.sleep(LASTS)
                log = prober.stop()
            ended = opened.ended().total()
        is_spoilt = self.results.is_spoilt_by(summarize(control_of(log)), "the probes without a quorum")
        probes = judged(counted(log, "endpoint"), control_of(log))
        self.results.timing("quorum_back_seconds", rto_seconds(probes, again.monotonic), bound=3.0, is_spoilt=is_spoilt)
        self._wait_until_whole()
        self.observations["quorum"] = {
            "failed": len(failed_after(probes, event.monotonic)),
            "ended": ended,
            "restarted": {name for name, count in self._restarts().items() if count != restarts[name]},
        }

    def lose_balancer(self) -> None:
        """The only load balancer loses power and comes back: until then the endpoint is away, and the pods go on."""
        service = f"http://{self.conversion.service}/"
        with self.conversion.watched("balancer", endpoint_only=True) as prober:
            prober.settle()
            event = prober.mark("balancer")
            self.lab.event("kill", "lb1")
            time.sleep(5.0)
            answers = [self.lab.run("w1", "curl", "-sf", "-m", "5", service) for _number in range(3)]
            back = prober.mark("start")
            self.lab.event("start", "lb1")
            time.sleep(LASTS + 10)
            log = prober.stop()
        probes = counted(log, "endpoint")
        away = rto_seconds(probes, event.monotonic)
        self.observations["balancer"] = {
            "answers": answers,
            "failed": len(failed_after(probes, event.monotonic)),
            "away": away,
        }
        is_spoilt = self.results.is_spoilt_by(summarize(control_of(log)), "the probes without a load balancer")
        self.results.timing(
            "balancer_back_seconds", rto_seconds(probes, back.monotonic), bound=6.0, is_spoilt=is_spoilt
        )
        self._wait_until_whole()

    def audit(self) -> None:
        """In the end, once everything has come back."""
        wait_until(lambda: static_pods_are_ready(self.lab), seconds=400, what="every static pod is Ready")
        self.findings = self.conversion.findings()

    def leader(self) -> str:
        """The control plane with etcd's leader, by etcdctl."""
        for node in PLAIN.control_planes:
            said = etcdctl(self.lab, "endpoint", "status", "--write-out=json", node=node)
            (status,) = (entry["Status"] for entry in json.loads(said))
            if status["leader"] == status["header"]["member_id"]:
                return node
        raise AssertionError("no member of etcd leads")

    @staticmethod
    def _other_than(leader: str) -> str:
        return next(name for name in reversed(PLAIN.control_planes) if name != leader)

    def _probed(
        self,
        label: str,
        happens: Callable[[], object],
        *,
        fails: str,
        bound: float,
        failed_requests: int | None,
        lasts: float = LASTS,
    ) -> tuple[str, bool]:
        """Something happens while somebody asks through the endpoint for readiness, and somebody else for the version.

        Clients are led to the control plane that fails.

        :return: the serial number of its certificate, and whether the machine spoilt the measurement.
        """
        conversion, results = self.conversion, self.results
        endpoint = f"https://{conversion.endpoint}"
        with (
            control(conversion.ca) as untouched,
            Prober(
                targets={"endpoint": f"{endpoint}/readyz", "version": f"{endpoint}/version", CONTROL: untouched.target},
                ca=untouched.ca,
                log=conversion.probes_log(label),
            ) as prober,
        ):
            prober.settle()
            event, log, serial = conversion.steering().fail(
                prober, conversion.api_server(fails), label, happens, lasts=lasts
            )
        hold_share(results, f"percent_of_probes_at_{fails}_before_{label}", log, serial, event)
        is_spoilt = results.is_spoilt_by(summarize(control_of(log)), f"the probes of {label}")
        asked, requests = (judged(counted(log, name), control_of(log)) for name in ("endpoint", "version"))
        rto = rto_seconds(asked, event.monotonic)
        results.timing(f"rto_{label}_seconds", rto, bound=bound, is_spoilt=is_spoilt)
        allowed = round(20 * bound) if failed_requests is None else failed_requests
        failed = len(failed_after(requests, event.monotonic))
        results.at_most(f"failed_requests_{label}", failed, bound=allowed, is_spoilt=is_spoilt)
        gap = longest_gap_ms(requests)
        results.timing(f"longest_gap_{label}_ms", gap, bound=500.0, is_spoilt=is_spoilt)
        return serial, is_spoilt

    def _has_delay(self, node: str) -> bool:
        said = self.lab.run(node, "pgrep", "--full", "--list-full", "^kube-apiserver ", check=False)
        return f"--shutdown-delay-duration={DELAY}s" in said

    def _restarts(self) -> dict[str, int]:
        pods = self.lab.objects("pods", "--namespace=kube-system", "--selector=tier=control-plane")["items"]
        return {
            pod["metadata"]["name"]: sum(status["restartCount"] for status in pod["status"]["containerStatuses"])
            for pod in pods
            if pod["metadata"]["labels"]["component"] in ("etcd", "kube-apiserver")
        }

    def _wait_until_whole(self) -> None:
        """Until every node is Ready, every API server too, and etcd has three healthy members."""
        lab = self.lab
        wait_until(self._all_answer, seconds=180, what="every API server is ready")
        wait_until(lambda: ready_nodes(lab) == set(PLAIN.nodes), seconds=180, what="all nodes Ready")
        wait_until(self._members_are_healthy, seconds=120, what="three members of etcd are healthy")
        # haproxy asks an API server twice before it has it back.
        time.sleep(5.0)

    def _all_answer(self) -> bool:
        ask = "curl -s -m 3 --cacert /etc/kubernetes/pki/ca.crt https://{}:6443/readyz"
        return all(
            self.lab.shell("w1", ask.format(self.addresses[name]), check=False) == "ok" for name in PLAIN.control_planes
        )

    def _members_are_healthy(self) -> bool:
        try:
            said = etcdctl(self.lab, "endpoint", "health", "--cluster", "--write-out=json", node="cp1")
        except CommandError:
            return False
        return [item["health"] for item in json.loads(said)] == [True] * len(PLAIN.control_planes)


@pytest.fixture(scope="module")
def matrix() -> Iterator[Matrix]:
    """Let everything happen once."""
    with new_results("failover_matrix") as results, Lab("convert", name="matrix") as lab:
        matrix = Matrix(lab, results)
        matrix.convert()
        for event in EVENTS:
            for where in WHERE:
                matrix.fail(event, where)
        matrix.reload()
        matrix.lose_quorum()
        matrix.lose_balancer()
        matrix.audit()
        yield matrix
        print(results.table())


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("event", [event.name for event in EVENTS])
class TestControlPlane:
    """A control plane fails."""

    def test_it_happened_where_it_was_to(self, matrix: Matrix, event: str, where: str) -> None:
        assert matrix.noticed[f"{event}_{where}"].was_leader is (where == "leader")

    def test_no_watch_of_a_healthy_server_was_cut(self, matrix: Matrix, event: str, where: str) -> None:
        noticed = matrix.noticed[f"{event}_{where}"]
        assert noticed.watches >= WATCHES // 3, noticed
        assert noticed.cut == 0, noticed

    def test_the_other_nodes_stayed_ready(self, matrix: Matrix, event: str, where: str) -> None:
        assert matrix.noticed[f"{event}_{where}"].not_ready == set()


@pytest.mark.parametrize("label", [f"{event.name}_{event.lasts_long}" for event in EVENTS if event.lasts_long])
class TestLostNode:
    """A node is lost until the cluster has seen it."""

    @pytest.fixture
    @staticmethod
    def lost(matrix: Matrix, label: str) -> Lost:
        """What was noticed."""
        found = matrix.noticed[label].lost
        assert found is not None
        return found

    def test_the_cluster_has_seen_it(self, lost: Lost) -> None:
        assert lost.not_ready_since is not None

    def test_new_pods_start(self, lost: Lost) -> None:
        assert lost.starts_pods

    def test_a_service_was_asked_on_every_other_node(self, lost: Lost) -> None:
        """How many of the requests failed is a figure."""
        assert len(lost.seen.counts) == len(PLAIN.nodes) - 1
        assert min(counts["requests"] for counts in lost.seen.counts.values()) >= 50

    def test_names_were_asked_for_on_every_other_node_once_it_was_not_ready(self, lost: Lost) -> None:
        """How many of them had no answer within three tries is a figure."""
        assert len(lost.lookups) == len(PLAIN.nodes) - 1
        assert min(map(len, lost.lookups.values())) >= 10


def test_a_reload_under_load_cuts_nothing(matrix: Matrix) -> None:
    assert matrix.observations["reload"] == 0


def test_without_a_quorum_nothing_is_closed_and_nothing_restarts(matrix: Matrix) -> None:
    found = matrix.observations["quorum"]
    assert found["failed"] > 0
    assert found["ended"] == 0
    assert found["restarted"] == set()


def test_pods_go_on_without_the_load_balancer(matrix: Matrix) -> None:
    found = matrix.observations["balancer"]
    assert len(found["answers"]) == 3
    # One load balancer is a single point: this is what its loss means.
    assert found["failed"] > 0
    assert found["away"] >= 5.0


def test_the_figures_hold(matrix: Matrix) -> None:
    matrix.results.write()
    assert matrix.results.failures() == [], matrix.results.table()
    leave_out_inconclusive(matrix.results)


def test_an_audit_finds_one_load_balancer_and_what_its_owner_has_set(matrix: Matrix) -> None:
    assert set(matrix.findings) == SINGLE_BALANCER | EDITED_MANIFESTS, matrix.findings
