# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A control plane of systemd services, one master that somebody made by hand, becomes one of three behind a load balancer.

What came of it say kubectl, openssl, curl, systemctl and ss.
"""

from __future__ import annotations

import base64
import copy
import dataclasses
import functools
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.integration import control_plane
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
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults, Verdict
from tests.scenarios.audited import SINGLE_BALANCER, SINGLE_NGINX, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import (
    SECONDS_AFTER_LOSS,
    STEPS,
    addresses_of,
    changed_hosts,
    leave_out_inconclusive,
    new_results,
)
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.services_cluster import APP, INLINE, Cluster, Expected
from tests.scenarios.steering import Steering, hold_share

MASTERS, WORKERS = ("m1", "m2", "m3"), ("w1", "w2")
INVENTORY = ("m1", "m2", "m3", "w1", "w2", "lb1")
#: The inventory that users are shown. The lab's adds addresses and an endpoint.
EXAMPLE = PROJECT / "examples" / "binary" / "hosts.yml"
#: Units of time for a second run of six hosts. It is held to them: three times as long would be no fast second run any more.
NOOP_UNITS = 10.0
#: Everything that a run could change: files, packages, and what runs since when.
STATE = """
find /etc /opt /root /usr/local /usr/lib/systemd /var/lib/kubeadm-ha /var/backups -xdev -type f ! -path '*/logs/*' ! -path '/etc/mtab' \
  -printf '%p %m %u %g %s\n' 2>/dev/null | sort
dpkg-query --show
systemctl show --property=Id,ActiveState,UnitFileState,ActiveEnterTimestamp 'kube*.service' haproxy.service nginx-kubernetes-apiserver.service
"""
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "after", "namespace": "default"},
    "spec": {
        "replicas": 2,
        "selector": {"matchLabels": {"app": "after"}},
        "template": {
            "metadata": {"labels": {"app": "after"}},
            "spec": {},
        },
    },
}


@dataclasses.dataclass(frozen=True)
class Layout:
    """How somebody made the cluster.

    :param scenario: name of the results.
    :param expected: what the lab says of it.
    :param ca: the CA's certificate on masters.
    :param worker_ca: the same on workers.
    :param shared: files that all masters have alike.
    :param nodes: names of the Nodes after the run, by their hosts.
    :param kubelet_certificate: client certificate of a master's kubelet; empty where masters have none.
    :param administrators: kubeconfigs on the first master that its administrators use.
    :param variables: further inputs of the run.
    :param kill_bound: seconds within which the endpoint answers again when the first master has no power. Where a member of etcd goes with it,
        the API servers that are left wait for its connections until TCP gives them up, which they ask for after ten seconds.
    """

    scenario: str
    expected: Expected
    ca: str
    worker_ca: str
    shared: Sequence[str]
    nodes: Mapping[str, str]
    kubelet_certificate: str
    administrators: Sequence[str]
    variables: Mapping[str, str]
    kill_bound: float = 1.0


#: What a run leaves as it was: the cluster's DNS has one replica.
_AS_BEFORE = frozenset({"workload.dns-on-one-node"})
_BACKUPS = "/var/backups/kubeadm-ha"

APPLICATION_DIRECTORY = Layout(
    scenario="binary_app",
    expected=APP,
    ca="/opt/kubernetes/ssl/ca.pem",
    worker_ca="/opt/kubernetes/ssl/ca.pem",
    shared=["/opt/kubernetes/ssl/ca-key.pem", "/opt/kubernetes/ssl/ca.pem", "/opt/kubernetes/cfg/token.csv"],
    nodes={"m1": "k8s-master1", "m2": "m2", "m3": "m3", "w1": "k8s-node1", "w2": "k8s-node2"},
    kubelet_certificate="/opt/kubernetes/ssl/kubelet-client-current.pem",
    administrators=["/root/.kube/config", "/opt/kubernetes/cfg/admin.kubeconfig"],
    variables={},
)
INLINE_FLAGS = Layout(
    scenario="binary_inline",
    expected=INLINE,
    ca="/etc/kubernetes/cert/ca.pem",
    worker_ca="/etc/kubernetes/cert/ca.pem",
    shared=[
        *(f"/etc/kubernetes/cert/{name}.pem" for name in ("ca", "ca-key", "service-account", "service-account-key")),
        *("/etc/kubernetes/encryption-config.yaml", "/etc/kubernetes/audit-policy.yaml"),
    ],
    nodes={"w1": "w1", "w2": "w2"},
    kubelet_certificate="",
    administrators=["/etc/kubernetes/admin.kubeconfig"],
    variables={"kubeadm_ha_load_balancer": "nginx"},
    kill_bound=15.0,
)
#: Probes a second.
_PROBES = 20
#: A master that shuts down has ended long before, and the cluster has not seen it yet.
_SECONDS_AFTER_A_STOP = 30.0
_SECONDS_UNTIL_BACK = 5.0


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened.

    :param snapshots: paths of the snapshots of etcd that each host had after the run, before the playbook ``backup``.
    """

    layout: Layout
    cluster: Cluster
    results: ScenarioResults
    keys_before: str
    checked: Run
    changed_by_check: Sequence[str]
    extended: Run
    snapshots: Mapping[str, Sequence[str]]
    again: Run
    backed_up: Run
    work: Path
    findings: Mapping[str, Sequence[str]]


def performed(layout: Layout) -> Iterator[Story]:
    """Run the whole story once."""
    name = layout.scenario.replace("_", "-")
    with new_results(layout.scenario) as results, Lab(layout.expected.topology, name=name) as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(lab, layout.expected, addresses_of(lab, layout.expected.hosts))
        keys = _hashes(cluster, layout, "m1")
        before = {name: lab.shell(name, STATE) for name in INVENTORY}
        checked = _run(lab, layout, work / "check.jsonl", "--check", "--diff")
        after = {name: lab.shell(name, STATE) for name in INVENTORY}
        ca = work / "ca.crt"
        ca.write_text(lab.run("m1", "cat", layout.ca), encoding="utf-8")
        with (
            control(ca) as untouched,
            Prober(
                targets={"m1": f"https://{cluster.addresses['m1']}:6443/readyz", CONTROL: untouched.target},
                wait={"endpoint": f"https://{_endpoint(lab, cluster)}/readyz"},
                ca=untouched.ca,
                log=work / "extend-probes.jsonl",
            ) as prober,
        ):
            extended = _run(lab, layout, work / "extended.jsonl")
            prober.settle()
            log = prober.stop()
        assert extended.status == 0, extended.output[-8000:]
        results.add_step("one to three", extended.seconds)
        results.add_probes(summarize_log(log))
        snapshots = {name: _snapshots(cluster, name) for name in INVENTORY}
        again = _run(lab, layout, work / "again.jsonl")
        results.timing("noop_seconds", again.seconds, bound=NOOP_UNITS, tolerance=1.0)
        for play, seconds in again.seconds_by_play():
            results.add_step(f"second run: {STEPS.get(play, play)}", seconds)
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        backed_up = _run(lab, layout, work / "backup.jsonl", playbook="kubeadm.ha.backup")
        yield Story(
            layout=layout,
            cluster=cluster,
            results=results,
            keys_before=keys,
            checked=checked,
            changed_by_check=[name for name in INVENTORY if before[name] != after[name]],
            extended=extended,
            snapshots=snapshots,
            again=again,
            backed_up=backed_up,
            work=work,
            findings=grave_findings([EXAMPLE, lab.inventory], work, layout.variables),
        )
        print(results.table())


def _hashes(cluster: Cluster, layout: Layout, node: str) -> str:
    return cluster.lab.run(node, "sha256sum", *layout.shared)


def _endpoint(lab: Lab, cluster: Cluster) -> str:
    host, _colon, port = lab.endpoint.rpartition(":")
    return f"{cluster.addresses.get(host, host)}:{port}"


def _run(lab: Lab, layout: Layout, record: Path, *arguments: str, playbook: str = "kubeadm.ha.site") -> Run:
    inventories = [EXAMPLE, lab.inventory]
    return run_playbook(
        playbook, inventories=inventories, record=record, variables=layout.variables, arguments=arguments
    )


def _snapshots(cluster: Cluster, node: str) -> list[str]:
    return cluster.lab.shell(node, f"ls {_BACKUPS}/*/etcd/snapshot.db 2>/dev/null || true").split()


def _assert_restorable(cluster: Cluster, node: str, path: str) -> None:
    """By etcd's own program, which checks the hash at the end of a snapshot; it must have the cluster's Nodes."""
    with tempfile.TemporaryDirectory(prefix="kubeadm-ha-snapshot-") as directory:
        copy, data = Path(directory) / "snapshot.db", Path(directory) / "data"
        copy.write_bytes(base64.b64decode(cluster.lab.run(node, "base64", path)))
        assert b"/registry/minions/" in copy.read_bytes()
        program = control_plane.lab_binaries() / "etcdutl"
        subprocess.run(
            [str(program), "snapshot", "restore", str(copy), f"--data-dir={data}"], check=True, capture_output=True
        )


def _server(cluster: Cluster, node: str, path: str) -> str:
    return cluster.lab.shell(node, f"awk '$1 == \"server:\" {{print $2}}' {path}").strip()


@dataclasses.dataclass(frozen=True)
class Kubectl:
    """kubectl of this machine, as the cluster's administrator through the endpoint."""

    kubeconfig: Path

    def run(self, *arguments: str, stdin: str = "") -> str:
        """Its standard output; empty when it fails."""
        program = control_plane.lab_binaries() / "kubectl"
        command = [str(program), f"--kubeconfig={self.kubeconfig}", "--request-timeout=5s", *arguments]
        return subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=60).stdout

    def ready(self) -> set[str]:
        """Names of the nodes that are Ready."""
        found = json.loads(self.run("get", "nodes", "--output=json") or '{"items": []}')
        return {
            item["metadata"]["name"]
            for item in found["items"]
            if any(each["type"] == "Ready" and each["status"] == "True" for each in item["status"]["conditions"])
        }


def administrator(story: Story) -> Iterator[Kubectl]:
    """kubectl with the kubeconfig that the first master's administrator has after the run."""
    with tempfile.TemporaryDirectory(prefix="kubeadm-ha-admin-") as directory:
        path = Path(directory) / "kubeconfig"
        path.touch(mode=0o600)
        path.write_text(story.cluster.lab.run("m1", "cat", story.layout.administrators[0]), encoding="utf-8")
        yield Kubectl(path)


def _schedule_something(kubectl: Kubectl) -> None:
    image = kubectl.run("get", "deployment", "smoke", "--output=jsonpath={.spec.template.spec.containers[0].image}")
    manifest = copy.deepcopy(DEPLOYMENT)
    manifest["spec"]["template"]["spec"]["containers"] = [{"name": "smoke", "image": image, "imagePullPolicy": "Never"}]
    kubectl.run("apply", "--filename=-", stdin=json.dumps(manifest))
    available = ("get", "deployment", "after", "--output=jsonpath={.status.availableReplicas}")
    wait_until(lambda: kubectl.run(*available) == "2", seconds=120, what="pods of a new Deployment")


def _lose_first_master(story: Story, event: str, *, bound: float, lasts: float) -> None:
    """What clients of the endpoint, who are led to the first master, notice when that is killed or stopped.

    :param bound: units of time within which every probe is answered again.
    :param lasts: seconds for which they ask afterwards.
    """
    cluster, results, ca = story.cluster, story.results, story.work / "ca.crt"
    endpoint = _endpoint(cluster.lab, cluster)
    with (
        control(ca) as untouched,
        Prober(
            targets={"endpoint": f"https://{endpoint}/readyz", CONTROL: untouched.target},
            ca=untouched.ca,
            log=story.work / f"{event}-probes.jsonl",
        ) as prober,
    ):
        prober.settle()
        moment, log, serial = Steering(endpoint=endpoint, ca=ca).fail(
            prober,
            f"{cluster.addresses['m1']}:6443",
            f"{event} m1",
            lambda: cluster.lab.event(event, "m1"),
            lasts=lasts,
        )
    hold_share(results, f"percent_of_probes_at_m1_before_the_{event}", log, serial, moment)
    is_spoilt = results.is_spoilt_by(summarize(control_of(log)), f"the probes after the {event}")
    probes = judged(counted(log, "endpoint"), control_of(log))
    rto = rto_seconds(probes, moment.monotonic)
    results.timing(f"rto_{event}_seconds", rto, bound=bound, is_spoilt=is_spoilt)
    failed = len(failed_after(probes, moment.monotonic))
    results.timing(f"failed_probes_{event}", failed, bound=bound * _PROBES, is_spoilt=is_spoilt)


class ScaledOut:
    """What holds after the run, whatever the layout."""

    def test_check_mode_shows_the_plan_of_the_run_and_changes_nothing(self, story: Story) -> None:
        assert story.checked.status == 0, story.checked.output[-6000:]
        assert story.changed_by_check == []
        assert story.checked.plan == story.extended.plan
        steps: Mapping[str, set[str]] = {
            name: {entry["step"] for entry in story.extended.plan if entry["host"] == name} for name in INVENTORY
        }
        assert "extend" in steps["m2"] & steps["m3"]
        assert "extend" not in steps["m1"]
        assert all("point" in steps[name] for name in ("m1", *WORKERS))

    def test_no_probe_failed(self, story: Story) -> None:
        assert not [one.name for one in story.results.probes if one.verdict() is Verdict.FAILED], story.results.table()
        leave_out_inconclusive(story.results)

    def test_every_master_runs_its_services_and_serves_for_itself(self, story: Story) -> None:
        cluster, layout = story.cluster, story.layout
        units = [f"{each}.service" for each in layout.expected.master]
        for name in MASTERS:
            assert cluster.lab.run(name, "systemctl", "is-active", *units).split() == ["active"] * len(units)
            assert cluster.lab.run(name, "systemctl", "is-enabled", *units).split() == ["enabled"] * len(units)
            answer = cluster.lab.run(
                "w1", "curl", "--silent", "--cacert", layout.worker_ca, f"https://{cluster.addresses[name]}:6443/readyz"
            )
            assert answer == "ok", name
            flags = cluster.flags(name, "kube-apiserver")
            assert flags["advertise-address"] == cluster.addresses[name]
            assert flags["bind-address"] in ("0.0.0.0", cluster.addresses[name])

    def test_every_name_of_the_control_plane_is_certified(self, story: Story) -> None:
        """By openssl, which verifies what each API server serves."""
        cluster, layout = story.cluster, story.layout
        for name in MASTERS:
            server = f"{cluster.addresses[name]}:6443"
            for other in (*MASTERS, "lb1"):
                said = cluster.lab.shell(
                    "w1",
                    f"openssl s_client -connect {server} -CAfile {layout.worker_ca} -verify_ip {cluster.addresses[other]} "
                    "-verify_return_error </dev/null 2>&1 | grep 'Verify return code'",
                )
                assert "0 (ok)" in said, (name, other)

    def test_all_masters_know_the_same_etcd_and_the_same_keys(self, story: Story) -> None:
        cluster, layout = story.cluster, story.layout
        servers = {cluster.flags(name, "kube-apiserver")["etcd-servers"] for name in MASTERS}
        assert len(servers) == 1
        assert {_hashes(cluster, layout, name) for name in MASTERS} == {story.keys_before}
        for path in layout.shared:
            modes = {cluster.lab.run(name, "stat", "--format=%a %U", path) for name in MASTERS}
            assert len(modes) == 1, path
            assert "key" not in path or modes == {"600 root\n"}
        serving = layout.expected.serving
        assert {cluster.lab.run(name, "stat", "--format=%a %U", serving) for name in MASTERS} == {"644 root\n"}

    def test_etcd_stays_on_the_hosts_that_it_was_on(self, story: Story) -> None:
        """No other master gets a unit, a program, a certificate or data of a member."""
        cluster, expected = story.cluster, story.layout.expected
        own = [path for path in expected.etcd if path not in expected.client]
        own += [f"{expected.units}/etcd.service", expected.etcdctl.removesuffix("ctl"), "/var/lib/etcd"]
        for name in MASTERS[1:]:
            assert cluster.lab.shell(name, f"ls -d {' '.join(own)} 2>/dev/null || true") == "", name
            assert cluster.lab.run(name, "systemctl", "is-active", "etcd.service", check=False).strip() == "inactive"
        listed = json.loads(cluster.etcdctl(expected.members[0], "member", "list", "--write-out=json"))["members"]
        urls = {url for member in listed for url in member["clientURLs"]}
        assert urls == {f"https://{cluster.addresses[member]}:2379" for member in expected.members}
        for member in expected.members:
            assert cluster.units(member)["etcd"]["NRestarts"] == "0"

    def test_every_node_is_ready_by_its_own_name_and_certificate(self, story: Story, kubectl: Kubectl) -> None:
        cluster, layout = story.cluster, story.layout
        wait_until(lambda: kubectl.ready() == set(layout.nodes.values()), seconds=120, what="all nodes Ready")
        for name in MASTERS if layout.kubelet_certificate else ():
            options = ("-in", layout.kubelet_certificate, "-noout", "-subject", "-nameopt", "RFC2253")
            assert f"CN=system:node:{layout.nodes[name]}," in cluster.lab.run(name, "openssl", "x509", *options)

    def test_the_endpoint_answers_with_full_verification(self, story: Story) -> None:
        cluster, layout = story.cluster, story.layout
        endpoint = _endpoint(cluster.lab, cluster)
        for name in (*MASTERS, *WORKERS):
            ca = layout.worker_ca if name in WORKERS else layout.ca
            answer = cluster.lab.run(name, "curl", "--silent", "--cacert", ca, f"https://{endpoint}/version")
            assert json.loads(answer)["gitVersion"] == "v1.34.4"

    def test_nobody_connects_to_one_master_any_more(self, story: Story) -> None:
        cluster, layout = story.cluster, story.layout
        endpoint = f"https://{cluster.lab.endpoint}"
        for name in (*layout.nodes,):
            for path in layout.expected.kubeconfigs:
                assert _server(cluster, name, path) == endpoint, (name, path)
        for path in layout.administrators:
            assert _server(cluster, "m1", path) == endpoint, path
        old = f"{cluster.addresses['m1']}:6443"

        def is_left(node: str) -> bool:
            return old not in cluster.peers(node)

        for name in WORKERS:
            wait_until(functools.partial(is_left, name), seconds=30, what=f"no connection of {name} to {old}")

    def test_controllers_are_themselves_on_every_master(self, story: Story, kubectl: Kubectl) -> None:
        """Each has a certificate of its own, and one of three holds the Lease."""
        cluster = story.cluster
        for component in ("kube-controller-manager", "kube-scheduler"):
            serials = set()
            for name in MASTERS:
                flags = cluster.flags(name, component)
                assert flags["leader-elect"] == "true"
                options = ("-in", flags["tls-cert-file"], "-noout", "-subject", "-serial", "-nameopt", "RFC2253")
                said = cluster.lab.run(name, "openssl", "x509", *options)
                assert f"CN=system:{component}" in said
                serials.add(said.partition("serial=")[2].strip())
            assert len(serials) == len(MASTERS), component
            lease = ("get", "lease", "--namespace=kube-system", component, "--output=jsonpath={.spec.holderIdentity}")
            holder = kubectl.run(*lease).rpartition("_")[0]
            assert holder in MASTERS, holder

    def test_no_key_is_left_on_the_way(self, story: Story) -> None:
        for name in MASTERS:
            assert story.cluster.lab.shell(name, "ls /run/kubeadm-ha 2>/dev/null || true").strip() == ""

    def test_a_second_run_changes_nothing(self, story: Story) -> None:
        assert story.again.status == 0, story.again.output[-6000:]
        assert story.again.plan == []
        assert changed_hosts(story.again) == set()

    def test_the_backup_before_the_run_has_etcd(self, story: Story) -> None:
        """The first master's, and no other; the plan has announced it."""
        assert {name for name, paths in story.snapshots.items() if paths} == {"m1"}
        (path,) = story.snapshots["m1"]
        _assert_restorable(story.cluster, "m1", path)
        reasons = {entry["host"]: entry["reason"] for entry in story.extended.plan if entry["step"] == "backup"}
        assert {name for name, reason in reasons.items() if "snapshot" in reason} == {"m1"}, reasons

    def test_a_backup_at_any_time_has_etcd_and_what_services_name(self, story: Story) -> None:
        cluster, layout = story.cluster, story.layout
        assert story.backed_up.status == 0, story.backed_up.output[-6000:]
        assert changed_hosts(story.backed_up) == {*MASTERS, *WORKERS}
        made = {name: set(_snapshots(cluster, name)) - set(story.snapshots[name]) for name in MASTERS}
        ((node, path),) = [(name, path) for name, paths in made.items() for path in paths]
        _assert_restorable(cluster, node, path)
        for name in (*MASTERS, *WORKERS):
            newest = cluster.lab.shell(name, f"ls -d {_BACKUPS}/* | sort | tail -1").strip()
            component = "kubelet" if name in WORKERS else "kube-apiserver"
            own = [layout.worker_ca if name in WORKERS else layout.ca]
            own.append(f"{layout.expected.units}/{component}.service")
            if name in layout.expected.members:
                own += [f"{layout.expected.units}/etcd.service", *layout.expected.etcd]
            for file in own:
                assert cluster.lab.run(name, "cat", f"{newest}/files{file}") == cluster.lab.run(name, "cat", file), file

    def test_an_audit_finds_one_load_balancer_and_what_was_there_before(self, story: Story) -> None:
        is_nginx = story.layout.variables.get("kubeadm_ha_load_balancer") == "nginx"
        expected = (SINGLE_NGINX if is_nginx else SINGLE_BALANCER) | _AS_BEFORE
        assert set(story.findings) == expected, story.findings

    def test_the_first_master_may_be_shut_down(self, story: Story, kubectl: Kubectl) -> None:
        """The endpoint goes on; then it comes back."""
        cluster, layout = story.cluster, story.layout
        _lose_first_master(story, "stop", bound=1.0, lasts=_SECONDS_AFTER_A_STOP)
        cluster.lab.event("start", "m1")
        wait_until(lambda: cluster.readyz("m1", ca=layout.worker_ca) == "ok", seconds=120, what="m1 serves again")
        wait_until(lambda: kubectl.ready() == set(layout.nodes.values()), seconds=120, what="all nodes Ready")

    def test_the_first_master_may_die(self, story: Story, kubectl: Kubectl) -> None:
        """The endpoint goes on; once the cluster has seen it all others are Ready, and new pods are scheduled."""
        # Until the load balancer, which asks an API server several times, has it back.
        time.sleep(_SECONDS_UNTIL_BACK)
        _lose_first_master(story, "kill", bound=story.layout.kill_bound, lasts=SECONDS_AFTER_LOSS)
        assert kubectl.ready() == {name for host, name in story.layout.nodes.items() if host != "m1"}
        _schedule_something(kubectl)

    def test_the_figures_hold(self, story: Story) -> None:
        story.results.write()
        assert story.results.failures() == [], story.results.table()
