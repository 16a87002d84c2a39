# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on a real cluster: a stranger's single control plane becomes three behind haproxy, watched by a prober.

:class:`Conversion` runs the story step by step and keeps what was seen; the tests hold it against the acceptance, the
demo prints it.
"""

from __future__ import annotations

import contextlib
import dataclasses
import difflib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.prober.analysis import (
    CONTROL,
    control_of,
    counted,
    failed_after,
    judged,
    rto_seconds,
    summarize,
    summarize_log,
)
from tests.prober.log import ProbeLog
from tests.prober.process import Prober
from tests.prober.results import RESULTS, ScenarioResults, Verdict
from tests.scenarios.audited import grave_findings
from tests.scenarios.bystanders import Seen, workload_clients
from tests.scenarios.cluster import PROJECT, Lab, etcdctl, fingerprint, ready_nodes, wait_until
from tests.scenarios.control import control
from tests.scenarios.kubeadm_state import State, kubeadm_state
from tests.scenarios.made_with import made_with
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.progress import progress
from tests.scenarios.secret_scan import JoinSecrets, watching
from tests.scenarios.shape import PLAIN, Shape
from tests.scenarios.steering import Steering, hold_share
from tests.tools import keep_results, machine

KUBERNETES = "v1.34.4"
#: How long after the loss of the first control plane the rest must stand.
SECONDS_AFTER_LOSS = 120.0
#: Units that a second run may take (docs/adr/0052-what-looking-costs.md).
NOOP_UNITS = 8.0
#: Names of the plays of kubeadm.ha.site, in their order, and what results and progress call them.
STEPS = {
    "Inspect every host and build the plan": "inspect",
    "Say what is lost with each part before the run": "audit before",
    "Lock the hosts": "lock",
    "Prepare the hosts": "prepare",
    "Complete or undo what an interrupted run left": "repair",
    "Back up": "backup",
    "Prepare the nodes": "nodes",
    "Begin etcd on hosts of its own": "etcd",
    "Make the certificate authorities": "authorities",
    "Inspect the hosts again": "inspect again",
    "Balance": "balance",
    "Balance by nginx": "balance by nginx",
    "Hold the virtual IP address": "virtual IP",
    "Answer the endpoint's name": "answer the name",
    "Resolve the endpoint's name on every node of a new cluster": "resolve the name",
    "Let the API server reach etcd on hosts of its own": "etcd client",
    "Create the cluster": "init",
    "Install the pod network": "network",
    "Certify the API servers": "certify",
    "Certify the API servers of services": "certify services",
    "Prove the endpoint on every host that is to use it": "prove endpoint",
    "Point one worker to the endpoint": "point one worker",
    "Point the cluster-wide objects to the endpoint": "point cluster",
    "Point the other workers to the endpoint": "point workers",
    "Point the control planes to the endpoint": "point control planes",
    "Point the administrators of the load balancers to the endpoint": "point load balancers",
    "Join control planes": "join control planes",
    "Begin masters": "begin masters",
    "Point the services of workers to the endpoint": "point services of workers",
    "Point the services of control planes to the endpoint": "point services of control planes",
    "Point administrators to the endpoint": "point administrators",
    "Let instances of kube-controller-manager elect a leader": "controller manager",
    "Let instances of kube-scheduler elect a leader": "scheduler",
    "Join workers": "join workers",
    "Spread the cluster DNS": "spread",
    "Revoke what a killed run left": "revoke",
    "Verify": "verify",
    "Say what is lost with each part after the run": "audit after",
    "Unlock the hosts": "unlock",
}


class Conversion:
    """The conversion of the lab's *before* cluster, and what was seen of it.

    :param certificate: client certificate with its key for the prober, where anonymous requests are refused.
    """

    def __init__(
        self, lab: Lab, results: ScenarioResults, shape: Shape = PLAIN, *, certificate: Path | None = None
    ) -> None:
        self.lab = lab
        self.results = results
        self.shape = shape
        self._certificate = certificate
        self.workload_clients = Seen()
        self.work = PROJECT / "build" / "scenarios" / lab.name
        self.work.mkdir(parents=True, exist_ok=True)
        self.addresses = addresses_of(lab, shape.hosts)
        self.old = self.api_server(shape.first)
        self.endpoint = lab.endpoint
        self.service = lab.objects("service", "smoke")["spec"]["clusterIP"]
        self.ca = self.work / "ca.crt"
        self.ca.write_text(lab.run("cp1", "cat", f"{shape.pki_dir}/ca.crt"), encoding="utf-8")

    def api_server(self, control_plane: str) -> str:
        """Address and port of one API server."""
        return f"{self.addresses[control_plane]}:{self.shape.api_port}"

    def state(self) -> State:
        """What kubeadm would recognise as its own in this cluster."""
        return kubeadm_state(self.lab, self.shape.nodes, self.addresses)

    def run(self, label: str, *arguments: str, playbook: str = "site", inventories: Sequence[Path] = ()) -> Run:
        """Run a playbook of the collection with the lab's inventory."""
        return run_playbook(
            f"kubeadm.ha.{playbook}",
            inventories=[*self.shape.inventories(self.lab.inventory), *inventories],
            record=self.work / f"{label}.jsonl",
            arguments=[*self.shape.arguments, *arguments],
        )

    def findings(
        self,
        variables: Mapping[str, str] | None = None,
        *,
        inventories: Sequence[Path] = (),
        label: str = "audit-of-the-end",
    ) -> dict[str, list[str]]:
        """What an audit finds of severity warning or worse, by its id."""
        return grave_findings(
            [*self.shape.inventories(self.lab.inventory), *inventories],
            self.work,
            variables,
            arguments=self.shape.arguments,
            label=label,
        )

    def check(
        self,
        *arguments: str,
        inventories: Sequence[Path] = (),
        playbook: str = "site",
        label: str = "check",
    ) -> tuple[Run, list[str]]:
        """The first run in check mode, and what it changed on hosts and in the cluster: lines of a diff, none wanted."""
        before = fingerprint(self.lab, self.shape.hosts)
        run = self.run(label, "--check", "--diff", *arguments, playbook=playbook, inventories=inventories)
        after = fingerprint(self.lab, self.shape.hosts)
        changes = [
            f"{key}: {line}"
            for key in before
            for line in difflib.unified_diff(before[key].splitlines(), after[key].splitlines(), n=0, lineterm="")
        ]
        return run, changes

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """The load of the prober and the workload clients of a conversion, for what is compared with one."""
        users = workload_clients(
            self.lab, self.shape.first_nodes, server=f"https://{self.old}", domain=self.shape.dns_domain
        )
        with self.watched("in-use") as prober, users:
            yield
            prober.stop()

    def convert(
        self, *arguments: str, inventories: Sequence[Path] = (), shows_progress: bool = False, max_failed: int = 0
    ) -> tuple[Run, ProbeLog]:
        """The conversion itself under the prober, while others use the cluster.

        :param max_failed: how many probes of a target may fail.
        """
        server = f"https://{self.old}"
        users = workload_clients(self.lab, self.shape.first_nodes, server=server, domain=self.shape.dns_domain)
        with self.watched("convert") as prober, users as self.workload_clients:
            with self._progress("convert") if shows_progress else contextlib.nullcontext():
                run = self.run("convert", *arguments, inventories=inventories)
            prober.settle()
            log = prober.stop()
        for play, seconds in run.seconds_by_play():
            self.results.add_step(STEPS.get(play, play), seconds)
        if run.status == 0:
            self.results.add_probes(summarize_log(log), max_failed=max_failed)
        return run, log

    def roll_back(self) -> tuple[Run, ProbeLog]:
        """The way back under the prober, which asks the first control plane itself: the endpoint ends on the way."""
        with self.watched("rollback", endpoint=False) as prober:
            run = self.run("rollback", playbook="rollback")
            prober.settle()
            log = prober.stop()
        for play, seconds in run.seconds_by_play():
            self.results.add_step(play, seconds)
        if run.status == 0:
            self.results.add_probes(summarize_log(log))
        return run, log

    def assert_no_probe_failed(self, targets: Sequence[str] = ("cp1", "endpoint")) -> None:
        """No probe failed while nothing was wrong with the machine; left out where the machine was too busy to judge."""
        probed = {one.name: one for one in self.results.probes}
        assert all(probed[name].summary.sent > 0 for name in targets)
        assert not [name for name, one in probed.items() if one.verdict() is Verdict.FAILED], self.results.table()
        leave_out_inconclusive(self.results)

    def assert_nobody_noticed(self) -> None:
        """A watch was not cut, and clients of the cluster saw no failure."""
        seen = self.workload_clients
        assert seen.watch_lasted
        assert seen.total("requests") > 100
        failed = (seen.total("failed requests"), seen.total("failed lookups"))
        if failed != (0, 0):
            leave_out_inconclusive(self.results)
        assert failed == (0, 0)

    def again(self) -> Run:
        """The second run."""
        run = self.run("again")
        self.results.timing("noop_seconds", run.seconds, bound=NOOP_UNITS)
        self.results.at_most("noop_changed", sum(run.changed_hosts.values()), bound=0)
        return run

    def add_worker(self) -> tuple[Run, set[str]]:
        """One worker is put into the inventory; returns the run and the secrets that existed meanwhile."""
        addition = self.work / "worker.yml"
        addition.write_text("kube_node:\n  hosts:\n    w3:\n", encoding="utf-8")
        seen = JoinSecrets()
        with watching(self.lab, seen):
            run = self.run("worker", "-vvv", inventories=[addition])
        self.results.exactly("add_worker_changed_hosts", len(changed_hosts(run)), bound=1)
        return run, set(seen.tokens.values())

    def lose_first_control_plane(self, seconds: float = SECONDS_AFTER_LOSS) -> dict[str, int]:
        """SIGKILL of cp1; returns the failed answers of the smoke Service by node during the time after."""
        ready = ready_nodes(self.lab)
        nodes = [name for name in (*self.shape.nodes[1:], "w3") if self.shape.node_name(name) in ready]
        watches = {name: self._watch_service(name, seconds) for name in nodes}
        with self.watched("kill", endpoint_only=True) as prober:
            prober.settle()
            event, log, serial = self.steering().fail(
                prober, self.old, "kill cp1", lambda: self.lab.event("kill", "cp1"), lasts=seconds
            )
        hold_share(self.results, "percent_of_probes_at_cp1_before_the_kill", log, serial, event)
        is_spoilt = self.results.is_spoilt_by(summarize(control_of(log)), "the probes after the kill")
        probes = judged(counted(log, "endpoint"), control_of(log))
        rto = rto_seconds(probes, event.monotonic)
        self.results.timing("rto_kill_seconds", rto, bound=1.0, is_spoilt=is_spoilt)
        failed = len(failed_after(probes, event.monotonic))
        self.results.at_most("failed_probes_kill", failed, bound=20, is_spoilt=is_spoilt)
        return {name: int(watch.communicate(timeout=120)[0].split()[-1]) for name, watch in watches.items()}

    def _watch_service(self, node: str, seconds: float) -> subprocess.Popen[str]:
        """Ask the ClusterIP once a second on a node, and count the failures that a client with one retry sees."""
        script = (
            f"failed=0; end=$(($(date +%s) + {int(seconds) - 5})); "
            f"while [ $(date +%s) -lt $end ]; do curl -sf -m 2 --retry 2 --retry-all-errors --retry-delay 0 "
            f"http://{self.service}/ >/dev/null || failed=$((failed+1)); sleep 1; done; echo $failed"
        )
        return self.lab.start_process(node, "sh", "-c", script)

    def steering(self) -> Steering:
        """How clients are led to one API server through the endpoint."""
        return Steering(endpoint=self.endpoint, ca=self.ca, certificate=self._certificate, resolve=self._resolution())

    def _resolution(self) -> dict[str, str]:
        """Where the endpoint's name leads: the lab's nodes know it, this machine does not."""
        name = self.shape.endpoint_name
        return {name: self.addresses[self.shape.balancer]} if name else {}

    @contextmanager
    def watched(self, label: str, *, endpoint_only: bool = False, endpoint: bool = True) -> Iterator[Prober]:
        """A prober of the first API server and of the endpoint, once it answers."""
        balanced = {"endpoint": f"https://{self.endpoint}/readyz"} if endpoint else {}
        targets = balanced if endpoint_only else {"cp1": f"https://{self.old}/readyz"}
        with (
            control(self.ca) as untouched,
            Prober(
                targets={**targets, CONTROL: untouched.target},
                wait={} if endpoint_only else balanced,
                ca=untouched.ca,
                certificate=self._certificate,
                resolve=self._resolution(),
                log=self.probes_log(label),
            ) as prober,
        ):
            yield prober

    def _progress(self, label: str) -> contextlib.AbstractContextManager[None]:
        return progress(self.work / f"{label}.jsonl", self.probes_log(label), STEPS)

    def probes_log(self, label: str) -> Path:
        """The prober's log of a phase."""
        return self.work / f"{label}-probes.jsonl"


def api_server_started(lab: Lab, shape: Shape = PLAIN) -> str:
    """When the first API server's container started; it changes with every restart."""
    pod = lab.objects("pod", f"kube-apiserver-{shape.node_name(shape.first)}", "--namespace=kube-system")
    status = pod["status"]["containerStatuses"][0]
    return f"{status['restartCount']} {status['state']['running']['startedAt']}"


def addresses_of(lab: Lab, hosts: Sequence[str]) -> dict[str, str]:
    """The IPv4 address of each host, its own one where it has a virtual one, too."""
    script = "ip -4 -o addr show dev eth0 | awk 'NR == 1 {split($4,a,\"/\"); print a[1]}'"
    return {name: lab.shell(name, script).strip() for name in hosts}


def changed_hosts(run: Run) -> set[str]:
    """Hosts on which a run changed something."""
    return {host for host, count in run.changed_hosts.items() if count}


def old_endpoint_traces(conversion: Conversion) -> list[str]:
    """Where something that connects as a client still names the old endpoint, by grep, kubectl and ss.

    Allowed: the balancer's backends, advertise flags and annotations, the EndpointSlice ``kubernetes``, the first
    control plane's own local kubeconfigs, the backup, etcd's data.
    """
    lab, old = conversion.lab, conversion.old
    local = {f"/etc/kubernetes/{name}.conf" for name in ("kubelet", "controller-manager", "scheduler")}
    traces = []
    for node in conversion.shape.nodes:
        files = lab.shell(
            node,
            f"grep -rlF '{old}' /etc/kubernetes /var/lib/kubelet/config.yaml /root/.kube /home/*/.kube /etc/cni "
            "2>/dev/null; true",
        ).split()
        manifests = {"/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/manifests/etcd.yaml"}
        allowed = (local | manifests) if node == conversion.shape.first else set()
        traces += [f"{node}: {path}" for path in files if path not in allowed]
        if node != conversion.shape.first:
            sockets = lab.shell(node, f"ss -Htnp state established dst {old} | grep -E 'kubelet|kube-proxy'; true")
            traces += [f"{node}: {line}" for line in sockets.splitlines()]
    for kind in ("configmaps", "secrets"):
        for item in lab.objects(kind, "--all-namespaces")["items"]:
            if old in str(item.get("data")):
                traces.append(f"{kind} {item['metadata']['namespace']}/{item['metadata']['name']}")
    return traces


def etcd_members(lab: Lab, *, node: str = "cp2", shape: Shape = PLAIN) -> list[dict[str, object]]:
    """Members by etcdctl inside the etcd container."""
    members: list[dict[str, object]] = json.loads(
        etcdctl(lab, "endpoint", "status", "--cluster", "--write-out=json", node=node, node_name=shape.node_name(node))
    )
    return members


def leave_out_inconclusive(results: ScenarioResults) -> None:
    """Leave a check out, which the runner names, where the machine was too busy to judge."""
    if results.inconclusive:
        pytest.skip(f"inconclusive: {'; '.join(results.inconclusive)}")


def new_results(
    name: str = "convert", *, kubernetes: str = KUBERNETES, programs: Path | None = None
) -> ScenarioResults:
    """Results of a scenario, in the place where the documents read them.

    :param programs: the directory of another Ansible than that of these tests.
    """
    RESULTS.mkdir(parents=True, exist_ok=True)
    return ScenarioResults(
        scenario=name,
        kubernetes=kubernetes,
        machine_factor=machine.factor(),
        commit=keep_results.commit(),
        made_with=dataclasses.asdict(made_with(programs)),
    )


__all__ = (
    "KUBERNETES",
    "Conversion",
    "addresses_of",
    "api_server_started",
    "changed_hosts",
    "etcd_members",
    "leave_out_inconclusive",
    "new_results",
    "old_endpoint_traces",
    "ready_nodes",
    "wait_until",
)
