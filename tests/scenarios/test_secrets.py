# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No secret of a conversion is anywhere but where kubeadm keeps it: after a run that was killed, one that failed, and one to the end.

Every run has ``-vvv --diff`` and writes with every callback there is; the last one is without pipelining, so that modules are files. That
the scan finds what it should shows what is planted at the end.
"""

from __future__ import annotations

import base64
import dataclasses
import os
import signal
from collections.abc import Iterator, Mapping, Sequence

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.scenarios.audited import SINGLE_BALANCER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.convert import new_results
from tests.scenarios.kills import Kill, once_nobody_is_at_work
from tests.scenarios.playbook import Run, kill_playbook, run_playbook
from tests.scenarios.secret_scan import Place, Scan
from tests.scenarios.shape import VERSIONS as SHAPE

pytestmark = pytest.mark.full

HOSTS = (*SHAPE.hosts, "w3")
#: In the middle of the first join: the token and the certificate key are there.
KILL = Kill("Join control planes", 3.0, task="Join | Make a token and upload the certificates")
#: kubeadm that fails when it shall join, after its checks.
_FAILING = """#!/bin/sh
case "$*" in
*"join phase"*) exec kubeadm.real "$@" ;;
join*) cat >/dev/null; echo "error execution phase: this join fails" >&2; exit 1 ;;
*) exec kubeadm.real "$@" ;;
esac
"""
#: Where leaks are planted: on a node by a script that is given the leak on standard input, and on the controller by a file.
_ON_NODES = {
    "journal": 'logger --size 65536 --tag leak -- "$(cat)"',
    "log": "cat >/var/log/leak.log",
    "temporary file": "cat >/tmp/leak",
    "memory": "cat >/dev/shm/leak",
    "run": "mkdir -p /run/kubeadm-ha && cat >/run/kubeadm-ha/leak",
    "home": "cat >/home/ops/leak",
    "arguments": 'value=$(cat); env true "$value"',
    "arguments of a static program": 'value=$(cat); kubectl version --client --output=json "--context=$value" >/dev/null; true',
}
_ON_CONTROLLER = ("home/tmp/leak", "facts/leak", "junit/leak.xml", "runs/leak.log", "tmp/leak")


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    killed: Run
    after_kill: Sequence[Place]
    failed: Run
    after_failure: Sequence[Place]
    ended: Run
    after_end: Sequence[Place]
    secrets: Mapping[str, str]
    sealed: int
    files_of_others: Sequence[str]
    ready: set[str]
    findings: Mapping[str, Sequence[str]]
    planted: Mapping[str, set[str]]
    leaks: Mapping[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("secrets") as results, Lab(SHAPE.topology, name="secrets") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        scan = Scan(lab, HOSTS, work / "scan")
        scan.begin()
        worker = work / "worker.yml"
        worker.write_text("kube_node:\n  hosts:\n    w3:\n", encoding="utf-8")
        loud = ("-vvv", "--diff")
        with scan.watching():
            killed = kill_playbook(
                "kubeadm.ha.site",
                inventories=[lab.inventory],
                record=scan.records / "killed.jsonl",
                when=KILL.begins,
                after=KILL.seconds,
                arguments=loud,
                environment=scan.environment,
            )
        after_kill = scan.find(scan.secrets(), sealed=scan.uploaded)

        def run(label: str, *arguments: str) -> Run:
            return once_nobody_is_at_work(
                lambda record: run_playbook(
                    "kubeadm.ha.site",
                    inventories=[lab.inventory, worker],
                    record=record,
                    arguments=[*loud, *arguments],
                    environment=scan.environment,
                ),
                scan.records,
                label,
            )

        real = lab.shell("cp3", "command -v kubeadm").strip()
        lab.shell("cp3", f"mv {real} {real}.real")
        lab.write("cp3", real, _FAILING)
        lab.shell("cp3", f"chmod 0755 {real}")
        with scan.watching():
            failed = run("failed")
        after_failure = scan.find(scan.secrets(), sealed=scan.uploaded)
        lab.shell("cp3", f"mv {real}.real {real}")
        with scan.watching():
            ended = run("ended", "--extra-vars", '{"ansible_pipelining": false}')
        secrets = scan.secrets()
        after_end = scan.find(secrets, sealed=scan.uploaded)
        results.exactly("places_with_secrets", len({*after_kill, *after_failure, *after_end}), bound=0)
        results.exactly("secrets", len(secrets), bound=len(secrets))
        wait_until(lambda: ready_nodes(lab) == {*SHAPE.nodes, "w3"}, seconds=120, what="all nodes Ready")
        findings = grave_findings([lab.inventory, worker], work)
        leaks = _leaks(secrets)
        planted = _plant(scan, leaks)
        yield Story(
            killed=killed,
            after_kill=after_kill,
            failed=failed,
            after_failure=after_failure,
            ended=ended,
            after_end=after_end,
            secrets=secrets,
            sealed=len(scan.uploaded),
            files_of_others=scan.files_of_others(),
            ready=ready_nodes(lab),
            findings=findings,
            planted=planted,
            leaks=leaks,
        )
        results.write()


def _leaks(secrets: Mapping[str, str]) -> dict[str, str]:
    """One secret of each kind, as it is and encoded, by the name of the kind."""
    token = next(secret for name, secret in secrets.items() if name.startswith("token"))
    key = next(secret for name, secret in secrets.items() if name.startswith("/etc/kubernetes/pki/ca.key"))
    client = next(secret for name, secret in secrets.items() if name.startswith("/etc/kubernetes/admin.conf"))
    return {
        "token": token,
        "private key": key,
        "private key in base64": base64.b64encode(f"x{key}".encode()).decode(),
        "credential of a kubeconfig": base64.b64encode(client.encode()).decode(),
        "certificate key": os.urandom(32).hex(),
    }


def _plant(scan: Scan, leaks: Mapping[str, str]) -> dict[str, set[str]]:
    """Put each leak in each place and search once for each: the places, by the kind of leak, where it was found."""
    found = {}
    for kind, leak in leaks.items():
        for script in _ON_NODES.values():
            scan.pipe("w1", script, leak.encode())
        for name in _ON_CONTROLLER:
            path = scan.records.parent / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(leak, encoding="utf-8")
        nonce = os.urandom(12)
        is_key = kind == "certificate key"
        sealed = [nonce + AESGCM(bytes.fromhex(leak)).encrypt(nonce, b"a certificate", None)] if is_key else []
        secrets = {} if is_key else {kind: leak}
        found[kind] = {place.path for place in scan.find(secrets, sealed=sealed, hosts=["w1"])}
    return found


def test_the_first_run_was_killed_in_the_middle_of_a_join(story: Story) -> None:
    assert (story.killed.status, story.killed.records[-1]["play"]) == (-signal.SIGKILL, KILL.play)


def test_the_second_run_failed_in_a_join(story: Story) -> None:
    assert story.failed.status != 0
    assert any("this join fails" in message for message in story.failed.failures), story.failed.output[-6000:]


def test_the_third_run_reached_the_end(story: Story) -> None:
    assert story.ended.status == 0, story.ended.output[-6000:]
    assert story.ready == {*SHAPE.nodes, "w3"}


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_secrets_of_the_runs_are_known(story: Story) -> None:
    assert sum(name.startswith("token") for name in story.secrets) >= 3
    assert story.sealed > 0
    keys = {name.partition(" of ")[0] for name in story.secrets}
    assert {"/etc/kubernetes/pki/ca.key", "/etc/kubernetes/pki/sa.key", "/etc/kubernetes/admin.conf"} <= keys


def test_no_secret_is_left_by_a_killed_run(story: Story) -> None:
    assert story.after_kill == []


def test_no_secret_is_left_by_a_failed_run(story: Story) -> None:
    assert story.after_failure == []


def test_no_secret_is_left_without_pipelining(story: Story) -> None:
    assert story.after_end == []


def test_what_holds_secrets_is_roots_alone(story: Story) -> None:
    assert story.files_of_others == []


@pytest.mark.parametrize("place", [*_ON_CONTROLLER, *_ON_NODES])
def test_a_leak_would_be_found(story: Story, place: str) -> None:
    files = {
        "journal": "w1/run/secret-scan-journal",
        "log": "w1/var/log/leak.log",
        "temporary file": "w1/tmp/leak",
        "memory": "w1/dev/shm/leak",
        "run": "w1/run/kubeadm-ha/leak",
        "home": "w1/home/ops/leak",
        "arguments": "w1/run/argv-recorder.log",
        "arguments of a static program": "w1/run/argv-recorder.log",
    }
    path = files.get(place, f"controller/{place}")
    assert {kind for kind, found in story.planted.items() if path in found} == set(story.leaks)
