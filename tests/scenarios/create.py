# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A highly available cluster from bare hosts: packages of a signed repository, images of a mirror, flannel, in one topology of several.

:class:`Checks` has what holds in each of them; a test file names its own. What came of it say kubectl, etcdctl, openssl, curl, ss, dpkg
and apt-mark.
"""

from __future__ import annotations

import dataclasses
import functools
import ipaddress
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tests.lab import addons, mirror
from tests.prober.analysis import CONTROL, control_of, counted, failed_after, judged, rto_seconds, summarize
from tests.prober.process import Prober
from tests.prober.results import ScenarioResults
from tests.scenarios import outside, pod_network
from tests.scenarios.audited import grave_findings
from tests.scenarios.by_name import ByName, connections
from tests.scenarios.cluster import LAB, PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.control import control
from tests.scenarios.convert import STEPS, addresses_of, etcd_members, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.steering import Steering, hold_share

VERSION = "1.34.4"
CONTROL_PLANES = ("cp1", "cp2", "cp3")
#: Units of time that a second run may take.
NOOP_UNITS = 8.0
#: What a run changes on a host: files of the system, packages, enabled units.
_FINGERPRINT = (
    "find /etc /var/lib/kubeadm-ha /usr/local/bin -type f ! -path '/etc/ld.so.cache' -exec sha256sum {} + 2>/dev/null | sort; "
    "dpkg-query --show; apt-mark showhold; systemctl list-unit-files --state=enabled --no-legend"
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class NewCluster:
    """A cluster that is made from nothing. Hosts go by their names in lab and inventory.

    :param name: of its lab's topology, and the directory of its inventory below ``examples``; the lab's inventory only adds addresses, an
        endpoint of its own, and where its packages and images are.
    :param kubernetes: its version, where it is not the inventory's: one more inventory says so then.
    :param workers: its workers.
    :param others: hosts of the inventory that are no nodes.
    :param etcd: hosts of external etcd, which is made from the lab's own programs, because Debian's is too old.
    :param holders: the hosts of which one has the virtual IP address.
    :param loses_holder: whether a holder that is no node dies, too, before the first control plane does.
    :param firewall: ``ufw`` or ``firewalld`` runs on every node, and lets in nothing but SSH.
    :param rto_seconds: within which the endpoint answers again after the loss of a control plane.
    :param freeze_seconds: within which the endpoint answers again after an API server that listens has frozen.
    :param moves_when_frozen: whether the virtual IP address leaves a host whose API server has frozen.
    :param asked_from: the host that asks through the endpoint while another one dies, where this machine cannot resolve its name.
    :param finds: ids of what an audit finds of severity warning or worse, because the topology is so.
    :param extra_sans: names and addresses that its API servers' certificates have besides.
    :param own_network: whether its pod network is a manifest that the operator has, and names by its path.
    :param listeners: ports on which each control plane listens for clients, with the name of the program.
    """

    name: str
    kubernetes: str = VERSION
    workers: tuple[str, ...] = ("w1",)
    others: tuple[str, ...] = ()
    etcd: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    loses_holder: bool = False
    firewall: str = ""
    rto_seconds: float = 1.0
    freeze_seconds: float = 2.0
    moves_when_frozen: bool = False
    listeners: tuple[tuple[int, str], ...] = ((6443, "kube-apiserver"),)
    asked_from: str = ""
    finds: frozenset[str] = frozenset()
    extra_sans: tuple[str, ...] = ()
    own_network: bool = False

    @property
    def nodes(self) -> tuple[str, ...]:
        """Control planes, then workers."""
        return (*CONTROL_PLANES, *self.workers)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Nodes, then the others."""
        return (*self.nodes, *self.others, *self.etcd)

    @property
    def scenario(self) -> str:
        """The name of the results, with the version where it is not the inventory's."""
        if self.kubernetes == VERSION:
            return self.name
        return f"{self.name}_{self.kubernetes.rpartition('.')[0].replace('.', '_')}"

    @property
    def example(self) -> Path:
        """The inventory of the documentation."""
        return PROJECT / "examples" / self.name / "hosts.yml"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    cluster: NewCluster
    lab: Lab
    results: ScenarioResults
    work: Path
    endpoint: str
    addresses: Mapping[str, str]
    checked: Run
    changed_by_check: Sequence[str]
    created: Run
    again: Run
    certificates: Mapping[str, str]
    etcd_certificates: Mapping[str, Mapping[str, str]]
    asked_of_etcd: Mapping[str, Sequence[str]]
    pods: Mapping[str, Sequence[str]]
    from_pods: Mapping[str, pod_network.Reached]
    answers: Mapping[str, str]
    listening: Mapping[str, str]
    members: Sequence[Mapping[str, object]]
    secrets: str
    held: Mapping[str, str]
    versions: Mapping[str, str]
    authorities: Mapping[str, str]
    manifests: Mapping[str, Sequence[str]]
    holders: Sequence[str]
    reached: Mapping[str, bool]
    outside: Mapping[str, Sequence[str]]
    findings: Mapping[str, Sequence[str]]
    holders_while_frozen: Sequence[str] = ()
    holders_before_loss: Sequence[str] = ()
    holders_after_loss: Sequence[str] = ()
    holders_after_return: Sequence[str] = ()
    holders_at: dict[str, Sequence[str]] = dataclasses.field(default_factory=dict)
    lost: str = ""
    ready_after_kill: frozenset[str] = frozenset()


@contextmanager
def performed(
    cluster: NewCluster,
    while_whole: Callable[[Story], object] = lambda _story: None,
    *,
    at_first: Callable[[Lab, Path], object] = lambda _lab, _work: None,
) -> Iterator[Story]:
    """Run the whole story once.

    :param while_whole: what happens before the first host of the cluster fails.
    :param at_first: what happens to the lab before the first run, given the directory of the runs' records, too.
    """
    version = f"v{cluster.kubernetes}"
    with (
        new_results(cluster.scenario, kubernetes=version) as results,
        Lab(cluster.name, name=cluster.scenario.replace("_", ""), kubernetes=version) as lab,
    ):
        results.add_step("bare hosts", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        for node in cluster.nodes if cluster.firewall else ():
            lab.shell(node, _FIREWALLS[cluster.firewall], timeout=300)
        addresses = addresses_of(lab, cluster.hosts)
        for name in cluster.hosts:
            outside.watch(lab, name, addresses[name])
        if cluster.own_network:
            _network_of(work).write_text(_labelled(lab.run("mirror", "cat", _FLANNEL)), encoding="utf-8")
        at_first(lab, work)
        before = fingerprint(lab, cluster.hosts)
        checked = _run(cluster, lab, work, "check", "--check", "--diff")
        after = fingerprint(lab, cluster.hosts)
        created = _run(cluster, lab, work, "create")
        assert created.status == 0, created.output[-8000:]
        results.add_step("create", created.seconds)
        for play, seconds in created.seconds_by_play():
            results.add_step(STEPS.get(play, play), seconds)
        again = _run(cluster, lab, work, "again")
        results.timing("noop_seconds", again.seconds, bound=NOOP_UNITS)
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: len(ready_nodes(lab)) == len(cluster.nodes), seconds=120, what="all nodes Ready")
        members = _members(cluster, lab)
        results.exactly("etcd_members", len(members), bound=3)
        pods = _dns_pods(lab)
        story = Story(
            cluster=cluster,
            lab=lab,
            results=results,
            work=work,
            endpoint=lab.endpoint,
            addresses=addresses,
            checked=checked,
            changed_by_check=[name for name in cluster.hosts if before[name] != after[name]],
            created=created,
            again=again,
            certificates={name: _certificate(lab, addresses[name]) for name in CONTROL_PLANES},
            etcd_certificates={
                name: _certificates_of_etcd(cluster, lab, name) for name in cluster.etcd or CONTROL_PLANES
            },
            asked_of_etcd=_asked_of_etcd(lab),
            pods={node: [_health(lab, node, address) for address in pods] for node in cluster.nodes},
            from_pods=pod_network.reached(lab, cluster.nodes),
            answers={node: _readyz(lab, node, lab.endpoint) for node in cluster.nodes},
            listening={name: lab.run(name, "ss", "-Hltnp") for name in CONTROL_PLANES},
            members=members,
            secrets=lab.kubectl("get", "secrets", "--all-namespaces", "--output=name"),
            held={node: lab.run(node, "apt-mark", "showhold") for node in cluster.nodes},
            versions={node: lab.run(node, "kubelet", "--version").strip() for node in cluster.nodes},
            authorities={name: lab.shell(name, _AUTHORITIES) for name in CONTROL_PLANES},
            manifests={name: lab.run(name, "ls", "/etc/kubernetes/manifests").split() for name in CONTROL_PLANES},
            holders=holders_of(cluster, lab),
            outside={name: outside.seen(lab, name) for name in cluster.hosts},
            reached=_reached(lab, addresses) if cluster.firewall else {},
            findings=grave_findings(inventories_of(cluster, lab.inventory, work), work),
        )
        while_whole(story)
        story.holders = holders_of(cluster, lab)
        _freeze_api_server(story)
        if cluster.loses_holder:
            _lose_holder(story)
        _lose_control_plane(story)
        yield story


#: What all control planes have alike, and nobody but root reads: hashes, modes.
_AUTHORITIES = (
    "cd /etc/kubernetes/pki && for f in ca.crt ca.key sa.key sa.pub front-proxy-ca.crt front-proxy-ca.key etcd/ca.crt "
    "$(ls etcd/ca.key 2>/dev/null); "
    'do echo "$f $(sha256sum <$f | cut -c1-16) $(stat -c "%a %U" $f)"; done'
)


#: How each firewall is started by hand, with SSH let in.
_FIREWALLS = {
    "ufw": "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends ufw >/dev/null && "
    "ufw allow 22/tcp && ufw --force enable",
    "firewalld": "DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends firewalld >/dev/null && "
    "systemctl start firewalld && firewall-cmd --state",
}
_UNLISTED_PORT = 9999
#: The manifest of flannel's release, in the lab's mirror.
_FLANNEL = f"{mirror.CONTENT}/files/{addons.FLANNEL_MANIFEST}"
#: By what objects of the operator's own manifest are known.
OPERATORS = {"example.org/manifest": "operators"}


def _reached(lab: Lab, addresses: Mapping[str, str]) -> dict[str, bool]:
    """Which ports of a control plane others reach, behind the firewall; something listens at each."""
    lab.run("cp1", "systemd-run", "--unit=unlisted", "python3", "-m", "http.server", str(_UNLISTED_PORT))
    wait_until(
        lambda: bool(lab.run("cp1", "ss", "-Hltn", f"sport = :{_UNLISTED_PORT}")), seconds=20, what="somebody listens"
    )
    found = {
        f"{node} to {port}": "open"
        in lab.shell(node, f"timeout 3 bash -c '</dev/tcp/{addresses['cp1']}/{port}' && echo open", check=False)
        for node in ("cp2", "w1")
        for port in (6443, 2379, 2380, 10250, _UNLISTED_PORT)
    }
    lab.run("cp1", "systemctl", "stop", "unlisted")
    return found


def fingerprint(lab: Lab, hosts: Sequence[str]) -> dict[str, str]:
    """Hashes of what a run changes on hosts, by host."""
    return {name: lab.shell(name, _FINGERPRINT) for name in hosts}


def _members(cluster: NewCluster, lab: Lab) -> Sequence[Mapping[str, object]]:
    """Members of etcd, by etcdctl."""
    if not cluster.etcd:
        return etcd_members(lab)
    pki = "/etc/etcd/pki"
    access = f"--endpoints=https://127.0.0.1:2379 --cacert={pki}/ca.crt --cert={pki}/server.crt --key={pki}/server.key"
    members: list[dict[str, object]] = json.loads(
        lab.shell(cluster.etcd[0], f"etcdctl {access} endpoint status --cluster --write-out=json")
    )
    return members


@functools.cache
def _binaries() -> str:
    """The directory of the lab's own programs."""
    build = [sys.executable, str(LAB), "build", "--print-bin"]
    return subprocess.run(build, check=True, capture_output=True, text=True, timeout=1800).stdout.split()[-1]


def _run(cluster: NewCluster, lab: Lab, work: Path, label: str, *arguments: str) -> Run:
    return run_playbook(
        "kubeadm.ha.site",
        inventories=inventories_of(cluster, lab.inventory, work),
        record=work / f"{label}.jsonl",
        arguments=arguments,
        variables=variables_of(cluster),
    )


def variables_of(cluster: NewCluster) -> dict[str, str]:
    """Where a run takes the lab's own programs from."""
    return {"kubeadm_ha_etcd_binaries": _binaries()} if cluster.etcd else {}


def inventories_of(cluster: NewCluster, of_lab: Path, work: Path) -> list[Path]:
    """The documentation's inventory and the lab's, and one for inputs that are not the documentation's, where there are any."""
    inputs: dict[str, Any] = {}
    if cluster.kubernetes != VERSION:
        inputs["kubeadm_ha_kubernetes_version"] = cluster.kubernetes
    if cluster.extra_sans:
        inputs["kubeadm_ha_extra_sans"] = list(cluster.extra_sans)
    if cluster.own_network:
        inputs["kubeadm_ha_cni"] = str(_network_of(work))
    if not inputs:
        return [cluster.example, of_lab]
    own = work / "inputs.yml"
    own.write_text(yaml.safe_dump({"all": {"vars": inputs}}), encoding="utf-8")
    return [cluster.example, of_lab, own]


def _network_of(work: Path) -> Path:
    return work / "network.yml"


def _labelled(manifest: str) -> str:
    """A manifest whose objects are known by a label from those of any other manifest with the same names."""
    documents = [document for document in yaml.safe_load_all(manifest) if document]
    for document in documents:
        document["metadata"].setdefault("labels", {}).update(OPERATORS)
    return str(yaml.safe_dump_all(documents))


def _certificate(lab: Lab, address: str) -> str:
    """Names in the certificate that an API server serves, by openssl."""
    return lab.shell(
        "cp1",
        f"openssl s_client -connect {address}:6443 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName",
    )


def _certificates_of_etcd(cluster: NewCluster, lab: Lab, name: str) -> dict[str, str]:
    """Names in the certificates of a member of etcd, by openssl, by their files' names."""
    directory = "/etc/etcd/pki" if cluster.etcd else "/etc/kubernetes/pki/etcd"
    shown = ("openssl", "x509", "-noout", "-ext", "subjectAltName", "-in")
    return {file: lab.run(name, *shown, f"{directory}/{file}.crt") for file in ("server", "peer")}


def _asked_of_etcd(lab: Lab) -> dict[str, list[str]]:
    """What kubeadm was asked for in the certificates of members on control planes, by their files' names."""
    stored = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system")["data"]["ClusterConfiguration"]
    local = yaml.safe_load(stored)["etcd"].get("local", {})
    return {file: local.get(f"{file}CertSANs", []) for file in ("server", "peer")}


def sans_of(shown: str) -> set[str]:
    """Names and addresses of a certificate, as openssl shows them."""
    addresses = re.findall(r"IP Address:([0-9a-fA-F.:]+)", shown)
    return {*re.findall(r"DNS:([^,\s]+)", shown), *(str(ipaddress.ip_address(each)) for each in addresses)}


def _dns_pods(lab: Lab) -> list[str]:
    """Addresses of the pods of the cluster's DNS, which answer over HTTP, too."""
    pods = lab.objects("pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns")["items"]
    return [pod["status"]["podIP"] for pod in pods]


def _health(lab: Lab, node: str, address: str) -> str:
    return lab.shell(node, f"curl -s -m 5 http://{address}:8080/health", check=False).strip()


def _readyz(lab: Lab, node: str, endpoint: str) -> str:
    return lab.shell(node, f"curl -s -m 5 --cacert /etc/kubernetes/pki/ca.crt https://{endpoint}/readyz", check=False)


def holders_of(cluster: NewCluster, lab: Lab) -> list[str]:
    """The hosts that have the virtual IP address, by the kernel's list of addresses."""
    address = lab.endpoint.rpartition(":")[0]
    shown = {name: lab.shell(name, "ip -4 -o address show", check=False) for name in cluster.holders}
    return [name for name, text in shown.items() if f" {address}/" in text]


def signal_api_server(lab: Lab, node: str, signal: str) -> None:
    """Send a signal to the API server of a node, such as STOP: then it listens and says nothing."""
    lab.run(node, "pkill", f"--signal={signal}", "--exact", "kube-apiserver")


def measure(story: Story, label: str, happens: Callable[[], object], *, bound: float, fails: str = "") -> None:
    """Something happens while somebody asks through the endpoint, and 20 s more; the figures go to the results.

    :param bound: units of time within which the endpoint answers again.
    :param fails: the control plane that fails; clients are led to it before.
    """
    if story.cluster.asked_from:
        left = next(name for name in CONTROL_PLANES if name != fails)
        questions = _by_name(story).measure(label, happens, fails=fails, left=left, bound=bound)
        assert any(each.status for each in questions), f"nobody felt {label}: nothing was measured"
        return
    ca = story.work / "ca.crt"
    ca.write_text(story.lab.run("cp2", "cat", "/etc/kubernetes/pki/ca.crt"), encoding="utf-8")
    with (
        control(ca) as untouched,
        Prober(
            targets={"endpoint": f"https://{story.endpoint}/readyz", CONTROL: untouched.target},
            ca=untouched.ca,
            log=story.work / f"{label}-probes.jsonl",
        ) as prober,
    ):
        time.sleep(5)
        if fails:
            steering, api_server = Steering(endpoint=story.endpoint, ca=ca), f"{story.addresses[fails]}:6443"
            event, log, serial = steering.fail(prober, api_server, label, happens, lasts=20)
            hold_share(story.results, f"percent_of_probes_at_{fails}_before_{label}", log, serial, event)
        else:
            event = prober.mark(label)
            happens()
            time.sleep(20)
            log = prober.stop()
    is_spoilt = story.results.is_spoilt_by(summarize(control_of(log)), f"the probes of {label}")
    probes = judged(counted(log, "endpoint"), control_of(log))
    rto = rto_seconds(probes, event.monotonic)
    story.results.timing(f"rto_{label}_seconds", rto, bound=bound, is_spoilt=is_spoilt)
    failed = len(failed_after(probes, event.monotonic))
    story.results.timing(f"failed_probes_{label}", failed, bound=20 * bound, is_spoilt=is_spoilt)


def _by_name(story: Story) -> ByName:
    """The endpoint as a name; a host asks, and all hosts have the machine's clock."""
    cluster = story.cluster
    return ByName(
        lab=story.lab,
        results=story.results,
        endpoint=story.endpoint,
        host=cluster.asked_from,
        servers=[story.addresses[name] for name in cluster.others],
        addresses=story.addresses,
    )


def _freeze_api_server(story: Story) -> None:
    """An API server listens and says nothing, and goes on later."""
    cluster, lab = story.cluster, story.lab
    frozen = _who_fails(story, story.holders)
    measure(story, "freeze", lambda: signal_api_server(lab, frozen, "STOP"), bound=cluster.freeze_seconds, fails=frozen)
    story.holders_while_frozen = holders_of(cluster, lab)
    signal_api_server(lab, frozen, "CONT")
    own = f"{story.addresses[frozen]}:6443"
    wait_until(lambda: _readyz(lab, frozen, own) == "ok", seconds=60, what=f"{frozen} answers again")
    wait_until(lambda: ready_nodes(lab) == set(cluster.nodes), seconds=120, what="all nodes Ready")


def _lose_holder(story: Story) -> None:
    """The load balancer with the virtual IP address dies, and comes back: the address stays where it went."""
    story.holders_before_loss = holders_of(story.cluster, story.lab)
    (holder,) = story.holders_before_loss
    measure(story, "kill_balancer", lambda: story.lab.event("kill", holder), bound=2.0)
    story.holders_after_loss = holders_of(story.cluster, story.lab)
    story.lab.event("start", holder)
    wait_until(
        lambda: "active" in story.lab.run(holder, "systemctl", "is-active", "keepalived", check=False).split(),
        seconds=60,
        what="keepalived runs again",
    )
    time.sleep(10)
    story.holders_after_return = holders_of(story.cluster, story.lab)


def lose_for_a_while(story: Story, name: str, *, label: str, bound: float) -> None:
    """A control plane dies, and comes back as a member of etcd and a Node that is Ready.

    :param bound: units of time within which the endpoint answers again after its loss.
    """
    lab, own = story.lab, f"{story.addresses[name]}:6443"
    other = next(each for each in CONTROL_PLANES if each != name)
    measure(story, label, lambda: lab.event("kill", name), bound=bound, fails=name)
    lab.event("start", name)
    wait_until(lambda: _readyz(lab, name, own) == "ok", seconds=180, what=f"{name} answers again")
    nodes = set(story.cluster.nodes)
    wait_until(lambda: ready_nodes(lab, node=other) == nodes, seconds=180, what="all nodes Ready")


def _lose_control_plane(story: Story) -> None:
    """A control plane dies; the endpoint goes on answering."""
    cluster, lab = story.cluster, story.lab
    holders = holders_of(cluster, lab)
    story.lost = _who_fails(story, holders)
    other = next(name for name in CONTROL_PLANES if name != story.lost)
    measure(story, "kill", lambda: lab.event("kill", story.lost), bound=cluster.rto_seconds, fails=story.lost)
    wait_until(
        lambda: story.lost not in ready_nodes(lab, node=other), seconds=120, what=f"{story.lost} is seen to be lost"
    )
    story.ready_after_kill = frozenset(ready_nodes(lab, node=other))
    if not cluster.loses_holder:
        story.holders_before_loss, story.holders_after_loss = holders, holders_of(cluster, lab)


def _who_fails(story: Story, holders: Sequence[str]) -> str:
    """The control plane with the virtual IP address; of a name, to which the kubelet of the host that asks is connected; else the first."""
    host, lab = story.cluster.asked_from, story.lab
    if host:
        wait_until(
            lambda: bool(connections(lab, host, story.addresses)), seconds=60, what=f"{host}'s kubelet is connected"
        )
        ((name, _number),) = connections(lab, host, story.addresses).most_common(1)
        return name
    return next((name for name in holders if name in CONTROL_PLANES), "cp1")


def ids(run: Run) -> list[str]:
    """The plan's entries, each in one text."""
    return [f"{entry['host']}/{entry['step']}/{entry['object']}" for entry in run.plan]


class Checks:
    """What holds in every topology; ``story`` is in ``conftest.py``."""

    cluster: ClassVar[NewCluster]

    def test_check_mode_shows_the_plan_of_the_run_and_changes_nothing(self, story: Story) -> None:
        assert story.checked.status == 0, story.checked.output[-6000:]
        assert story.changed_by_check == []
        assert story.checked.plan == story.created.plan
        assert "cp1/init/certificate authorities" in ids(story.created)
        assert [entry for entry in story.created.plan if entry["step"] == "join" and entry["object"] == "node w1"]

    def test_a_second_run_changes_nothing(self, story: Story) -> None:
        assert story.again.status == 0, story.again.output[-6000:]
        assert sum(story.again.changed_hosts.values()) == 0
        assert story.again.plan == []

    def test_every_node_has_the_version_and_keeps_it(self, story: Story) -> None:
        assert set(story.versions.values()) == {f"Kubernetes v{story.cluster.kubernetes}"}
        assert all({"kubeadm", "kubectl", "kubelet"} <= set(found.split()) for found in story.held.values()), story.held

    def test_etcd_has_its_members_where_they_belong(self, story: Story) -> None:
        assert len(story.members) == len(story.cluster.etcd or CONTROL_PLANES)
        runs_etcd = {name: "etcd.yaml" in files for name, files in story.manifests.items()}
        assert runs_etcd == dict.fromkeys(CONTROL_PLANES, not story.cluster.etcd)

    def test_every_api_server_is_valid_for_the_endpoint_and_all_control_planes(self, story: Story) -> None:
        host = story.endpoint.rpartition(":")[0]
        addresses = {story.addresses[name] for name in CONTROL_PLANES}
        wanted = {host, *addresses, *CONTROL_PLANES, *story.cluster.extra_sans}
        assert {name: wanted - sans_of(text) for name, text in story.certificates.items()} == {
            name: set() for name in CONTROL_PLANES
        }

    def test_every_member_of_etcd_is_valid_for_what_was_asked_for(self, story: Story) -> None:
        """On control planes that are all of them, because kubeadm asks for the same on each; elsewhere its own name and address."""
        hosts = story.cluster.etcd or CONTROL_PLANES
        all_of_them = {*CONTROL_PLANES, *(story.addresses[name] for name in CONTROL_PLANES)}
        for file, asked in story.asked_of_etcd.items():
            own = {name: {name, story.addresses[name]} for name in hosts}
            wanted = own if story.cluster.etcd else {name: {*asked, *all_of_them} for name in hosts}
            found = {name: sans_of(texts[file]) for name, texts in story.etcd_certificates.items()}
            assert {name: wanted[name] - found[name] for name in hosts} == {name: set() for name in hosts}, (
                file,
                found,
            )
            assert story.cluster.etcd or all_of_them <= set(asked)

    def test_an_audit_finds_nothing_but_what_the_topology_is(self, story: Story) -> None:
        assert set(story.findings) == story.cluster.finds, story.findings

    def test_everybody_reaches_the_api_through_the_endpoint(self, story: Story) -> None:
        assert story.answers == dict.fromkeys(story.cluster.nodes, "ok")

    def test_pods_answer_on_every_node(self, story: Story) -> None:
        assert all(found and set(found) == {"OK"} for found in story.pods.values()), story.pods

    def test_pods_reach_pods_services_and_the_api_across_nodes(self, story: Story) -> None:
        nodes = story.cluster.nodes
        lacking = {node: found.lacks(node, nodes) for node, found in story.from_pods.items()}
        assert lacking == {node: [] for node in nodes}

    def test_no_secret_of_the_joins_is_left(self, story: Story) -> None:
        assert "bootstrap-token" not in story.secrets
        assert "kubeadm-certs" not in story.secrets

    def test_every_control_plane_has_the_same_authorities(self, story: Story) -> None:
        rows = {name: [line.split() for line in text.splitlines()] for name, text in story.authorities.items()}
        first = [row[:2] for row in rows["cp1"]]
        assert len(first) == (7 if story.cluster.etcd else 8)
        # kubeadm writes a certificate that it downloads with the mode of a key.
        assert {name: [row[:2] for row in found] for name, found in rows.items()} == dict.fromkeys(rows, first)
        keys = [row for found in rows.values() for row in found if row[0].endswith(".key")]
        assert {tuple(row[2:]) for row in keys} == {("600", "root")}

    def test_control_planes_listen_where_they_should(self, story: Story) -> None:
        for name, text in story.listening.items():
            for port, program in story.cluster.listeners:
                assert re.search(rf":{port} .*{program}", text), (name, text)

    def test_no_host_asks_anybody_outside_but_for_packages_of_debian(self, story: Story) -> None:
        assert story.outside == {name: [] for name in story.cluster.hosts}

    def test_the_firewall_lets_in_what_is_listed_alone(self, story: Story) -> None:
        if story.cluster.firewall:
            listed = {"cp2 to 6443", "cp2 to 2379", "cp2 to 2380", "cp2 to 10250", "w1 to 6443", "w1 to 10250"}
            assert {name for name, is_open in story.reached.items() if is_open} == listed
            assert len(story.reached) == 10

    def test_one_host_has_the_virtual_ip_address(self, story: Story) -> None:
        found = (story.holders, story.holders_while_frozen, story.holders_before_loss, story.holders_after_loss)
        assert [len(holders) for holders in found] == [bool(story.cluster.holders)] * len(found)
        assert not set(story.holders_before_loss) & set(story.holders_after_loss)

    def test_the_address_leaves_a_frozen_api_server_only_where_nothing_else_does(self, story: Story) -> None:
        has_moved = story.holders_while_frozen != story.holders
        assert has_moved is story.cluster.moves_when_frozen

    def test_the_cluster_goes_on_without_a_control_plane(self, story: Story) -> None:
        assert story.ready_after_kill == set(story.cluster.nodes) - {story.lost}

    def test_the_endpoint_answers_again_in_time(self, story: Story) -> None:
        measured = {figure.name for figure in story.results.figures}
        assert {"rto_freeze_seconds", "rto_kill_seconds"} <= measured
        story.results.write()
        assert story.results.failures() == [], story.results.table()
