# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scaling out of a control plane of services is killed again and again, at places where something is half done, and reaches the same end."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_BALANCER, SINGLE_MASTER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.kills import Kill, killed
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.services_cluster import INLINE, Cluster, go_back

pytestmark = pytest.mark.full

MASTERS = ("m1", "m2", "m3")
WORKERS = ("w1", "w2")
#: Everything that makes a host what it is, but for what runs at the moment: a removed library for Python is no part of it.
_FIND = "find /etc /opt /root /usr/local /usr/lib/systemd -xdev -type f ! -path '/etc/mtab' ! -path '/etc/ld.so.cache' ! -path '*/.ansible/*'"
STATE = (
    f"{_FIND} -printf '%p %m %U %G\\n' | sort; {_FIND} -exec sha256sum {{}} + | sort; "
    "systemctl list-unit-files --state=enabled --no-legend; "
    "systemctl list-units --type=service --all --no-legend --plain 'kube*' | awk '{print $1, $2, $3}'"
)
#: The certificate is issued, programs come, services begin, kubeconfigs are pointed.
KILLS = (
    Kill("Certify the API servers of services", 0.2, task="Certify | Ask for the same one with more names"),
    Kill("Begin masters", 1.0, task="Programs | Their directories"),
    Kill("Begin masters", 0.5, task="Service | The API server of this host is ready"),
    Kill("Point the services of workers to the endpoint", 0.2, task="Point | Kubeconfigs name the endpoint"),
)
CERT = "/etc/kubernetes/cert"
CA = f"{CERT}/ca.pem"
#: What must be alike on all masters, and what must not have changed on the first one.
SHARED = [f"{CERT}/{name}.pem" for name in ("ca", "ca-key", "service-account", "service-account-key", "kubernetes-key")]


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    cluster: Cluster
    before: str
    killed: Sequence[tuple[str, Run]]
    served: Sequence[str]
    ended: Run
    again: Run
    answers: Sequence[str]
    hashes: Mapping[str, str]
    leftovers: Mapping[str, str]
    states: Mapping[str, str]
    first: Run
    used: Run
    checked: Run
    changed_by_check: Sequence[str]
    back: Run
    back_again: Run
    last: Run
    states_after: Mapping[str, str]
    services_after: Mapping[str, str]
    nodes_after: str
    findings: Mapping[str, Sequence[str]]
    findings_after: Mapping[str, Sequence[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("killed_binary") as results, Lab("binary_inline", name="killedbinary") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        cluster = Cluster(lab, INLINE, addresses_of(lab, INLINE.hosts))
        before = lab.run("m1", "sha256sum", *SHARED)
        states = _states(lab)
        runs: list[tuple[str, Run]] = []
        served: list[str] = []
        for number, kill in enumerate(KILLS):
            runs.append((kill.play, killed([lab.inventory], work, f"killed-{number}", kill)))
            served.append(cluster.readyz("m1", ca=CA))
        ended = _run(lab.inventory, work / "ended.jsonl")
        again = _run(lab.inventory, work / "again.jsonl")
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        answers = [cluster.readyz(name, ca=CA) for name in MASTERS]
        hashes = {name: lab.run(name, "sha256sum", *SHARED) for name in MASTERS}
        leftovers = {name: lab.shell(name, "ls -A /run/kubeadm-ha 2>/dev/null; true").strip() for name in MASTERS}
        extended = _states(lab)
        findings = grave_findings([lab.inventory], work)
        first = go_back([lab.inventory], work / "refused-first.jsonl", "--limit=m1")
        with _leading_to(lab, "w1", INLINE.kubeconfigs[-1], f"https://{cluster.addresses['m2']}:6443"):
            used = go_back([lab.inventory], work / "refused-used.jsonl", "--limit=m2", first="w1")
        checked = go_back([lab.inventory], work / "back-check.jsonl", "--check", "--diff", "--limit=w1")
        changed_by_check = [name for name, state in _states(lab).items() if state != extended[name]]
        back = go_back([lab.inventory], work / "back.jsonl")
        results.add_step("three to one", back.seconds)
        back_again = go_back([lab.inventory], work / "back-again.jsonl")
        results.exactly("back_again_changed", sum(back_again.changed_hosts.values()), bound=0)
        last = go_back([lab.inventory], work / "refused-last.jsonl", "--limit=m1", first="w1")
        yield Story(
            cluster=cluster,
            before=before,
            killed=runs,
            served=served,
            ended=ended,
            again=again,
            answers=answers,
            hashes=hashes,
            leftovers=leftovers,
            states=states,
            first=first,
            used=used,
            checked=checked,
            changed_by_check=changed_by_check,
            back=back,
            back_again=back_again,
            last=last,
            states_after=_states(lab),
            services_after={name: cluster.readyz(name, ca=CA) for name in MASTERS},
            nodes_after=lab.run("m1", "kubectl", f"--kubeconfig={INLINE.admin}", "get", "nodes", "--no-headers"),
            findings=findings,
            # The inventory names an endpoint at which nothing is any more.
            findings_after=grave_findings([lab.inventory], work, {"kubeadm_ha_endpoint": ""}, label="audit-of-one"),
        )
        results.write()


def _states(lab: Lab) -> dict[str, str]:
    return {name: lab.shell(name, STATE) for name in (*MASTERS, *WORKERS)}


@contextlib.contextmanager
def _leading_to(lab: Lab, node: str, path: str, server: str) -> Iterator[None]:
    """A kubeconfig that names another server for a while. Who reads it is not restarted."""
    lab.shell(node, f"cp -p {path} /root/kept && sed -i 's|server: .*|server: {server}|' {path}")
    yield
    lab.shell(node, f"mv /root/kept {path}")


def _run(inventory: Path, record: Path) -> Run:
    return run_playbook("kubeadm.ha.site", inventories=[inventory], record=record)


def test_each_run_was_killed_where_it_should_be(story: Story) -> None:
    for play, run in story.killed:
        assert (run.status, run.records[-1]["play"]) == (-signal.SIGKILL, play), (play, run.output[-3000:])


def test_the_first_master_serves_after_every_kill(story: Story) -> None:
    assert story.served == ["ok"] * len(KILLS)


def test_the_run_after_them_reaches_the_end(story: Story) -> None:
    assert story.ended.status == 0, story.ended.output[-8000:]
    assert set(story.answers) == {"ok"}


def test_keys_are_those_of_the_beginning(story: Story) -> None:
    assert story.hashes == dict.fromkeys(MASTERS, story.before)


def test_no_key_of_a_transfer_is_left(story: Story) -> None:
    assert story.leftovers == dict.fromkeys(MASTERS, "")


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.plan == []
    assert sum(story.again.changed_hosts.values()) == 0


def test_an_audit_finds_one_load_balancer_and_one_replica_of_the_cluster_dns(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER | DNS_ON_ONE_NODE, story.findings


def test_an_audit_finds_one_master_after_the_others_have_gone(story: Story) -> None:
    assert set(story.findings_after) == SINGLE_MASTER | DNS_ON_ONE_NODE, story.findings_after


def test_nobody_goes_back_before_who_depends_on_it(story: Story) -> None:
    assert story.first.status != 0
    said = " ".join(" ".join(story.first.failures).split())
    assert "API servers run on m2 and m3, too, for which m1 was changed" in said
    assert "/etc/kubernetes/kubelet.kubeconfig of w1" in said
    assert story.used.status != 0
    said = " ".join(" ".join(story.used.failures).split())
    assert f"{INLINE.kubeconfigs[-1]} of w1 names the API server of m2 itself" in said
    assert sum(story.first.changed_hosts.values()) + sum(story.used.changed_hosts.values()) == 0


def test_check_mode_shows_the_way_back(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-4000:]
    objects = {change["object"] for record in story.checked.changed for change in record["changes"] or ()}
    assert {f"file {path}" for path in INLINE.kubeconfigs} <= objects
    assert story.changed_by_check == []


def test_every_host_is_as_before_the_extension(story: Story) -> None:
    assert story.back.status == 0, story.back.output[-8000:]
    for name, state in story.states.items():
        different = set(state.splitlines()) ^ set(story.states_after[name].splitlines())
        assert not different, (name, sorted(different))


def test_the_first_master_alone_serves_the_workers(story: Story) -> None:
    assert story.services_after == {"m1": "ok", "m2": "", "m3": ""}
    assert [line.split()[:2] for line in story.nodes_after.splitlines()] == [["w1", "Ready"], ["w2", "Ready"]]


def test_going_back_twice_changes_nothing(story: Story) -> None:
    assert story.back_again.status == 0, story.back_again.output[-4000:]
    assert sum(story.back_again.changed_hosts.values()) == 0


def test_the_last_master_is_never_removed(story: Story) -> None:
    assert story.last.status != 0
    assert "m1 is the last master" in " ".join(story.last.failures)
    assert sum(story.last.changed_hosts.values()) == 0
