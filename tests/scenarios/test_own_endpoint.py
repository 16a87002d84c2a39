# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoints that the collection does not run: somebody's balancer, and an address that is moved by hand.

One host of the inventory is switched off at first, which is a reason to stop, and Ansible works without pipelining, so that modules
and what they are given stand in files of the hosts meanwhile.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Mapping

import pytest

from tests.scenarios.audited import ADDRESS_OF_ONE, SINGLE_BALANCER
from tests.scenarios.cluster import CommandError, Lab, fingerprint, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

#: A balancer by TCP that takes the first API server that lets itself be connected.
_BALANCER = """\
import asyncio, sys
async def pump(reader, writer):
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()
async def serve(reader, writer):
    for address in sys.argv[1:]:
        try:
            there, back = await asyncio.wait_for(asyncio.open_connection(address, 6443), 1)
        except (OSError, asyncio.TimeoutError):
            continue
        await asyncio.gather(pump(reader, back), pump(there, writer))
        return
    writer.close()
async def main():
    async with await asyncio.start_server(serve, "0.0.0.0", 6443) as server:
        await server.serve_forever()
asyncio.run(main())
"""
_WITHOUT_PIPELINING = "all:\n  vars:\n    ansible_pipelining: false\n"
#: What Ansible and modules leave of themselves on a host, by find; nothing is right.
_LEFTOVERS = (
    "find /home/ops/.ansible /root/.ansible /tmp /var/tmp -type f 2>/dev/null | grep -v '/systemd-private' ; true"
)


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    lab: Lab
    kind: str
    endpoint: str
    refused: Run
    changed_by_refusal: list[str]
    converted: Run
    again: Run
    leftovers: Mapping[str, list[str]]
    findings: Mapping[str, list[str]]
    ready_after_move: set[str]


@pytest.fixture(scope="module", params=["external", "none"])
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """Run the whole story once with each kind of endpoint."""
    kind: str = request.param
    with new_results(f"own_endpoint_{kind}") as results, Lab("convert", name=f"own-{kind}") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results)
        address, move = _KINDS[kind](conversion)
        endpoint = f"{address}:6443"
        leftovers = {name: set(lab.shell(name, _LEFTOVERS).splitlines()) for name in PLAIN.nodes}
        refused, changed = _without_w2(conversion, kind, endpoint)
        converted = _run(conversion, "convert", kind, endpoint)
        again = _run(conversion, "again", kind, endpoint)
        left = {name: set(lab.shell(name, _LEFTOVERS).splitlines()) - known for name, known in leftovers.items()}
        results.add_step("convert", converted.seconds)
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        findings: dict[str, list[str]] = {}
        if converted.status == 0:
            findings = conversion.findings(_variables(kind, endpoint))
            move()
        yield Story(
            lab=lab,
            kind=kind,
            endpoint=endpoint,
            refused=refused,
            changed_by_refusal=changed,
            converted=converted,
            again=again,
            leftovers={name: sorted(found) for name, found in left.items() if found},
            findings=findings,
            ready_after_move=ready_nodes(lab, node="cp2"),
        )


def _balanced_by_somebody(conversion: Conversion) -> tuple[str, Callable[[], None]]:
    """A balancer on lb1; what ends the story is the loss of the first control plane."""
    lab = conversion.lab
    lab.write("lb1", "/root/balancer.py", _BALANCER)
    servers = [conversion.addresses[name] for name in PLAIN.control_planes]
    lab.run("lb1", "systemd-run", "--unit=balancer", "python3", "/root/balancer.py", *servers)
    wait_until(lambda: "6443" in lab.shell("lb1", "ss -Htln sport = :6443"), seconds=30, what="the balancer listens")
    return conversion.addresses["lb1"], lambda: _lose_first(conversion, conversion.addresses["lb1"])


def _moved_by_hand(conversion: Conversion) -> tuple[str, Callable[[], None]]:
    """An address on the first control plane, which is lost in the end; the operator gives the address to the second."""
    lab = conversion.lab
    address = f"{conversion.addresses['cp1'].rpartition('.')[0]}.100"
    lab.shell("cp1", f"ip address add {address}/32 dev eth0")

    def move() -> None:
        lab.event("kill", "cp1")
        lab.shell("cp2", f"ip address add {address}/32 dev eth0")
        _until_everybody_is_served(conversion, address)

    return address, move


_KINDS = {"external": _balanced_by_somebody, "none": _moved_by_hand}


def _lose_first(conversion: Conversion, address: str) -> None:
    conversion.lab.event("kill", "cp1")
    _until_everybody_is_served(conversion, address)


def _until_everybody_is_served(conversion: Conversion, address: str) -> None:
    """Each node that lives reaches the API through the endpoint, and the first one is known to be lost."""
    lab = conversion.lab
    ask = f"curl -sf -m 2 --cacert /etc/kubernetes/pki/ca.crt https://{address}:6443/readyz"
    for name in PLAIN.nodes[1:]:
        wait_until(functools.partial(_answers, lab, name, ask), seconds=60, what=f"{name} reaches the endpoint")
    wait_until(lambda: "cp1" not in ready_nodes(lab, node="cp2"), seconds=120, what="cp1 is seen to be lost")


def _answers(lab: Lab, node: str, ask: str) -> bool:
    try:
        return lab.shell(node, ask) == "ok"
    except CommandError:
        return False


def _without_w2(conversion: Conversion, kind: str, endpoint: str) -> tuple[Run, list[str]]:
    """A run while a host of the inventory is switched off, and what it changed elsewhere."""
    lab = conversion.lab
    others = [name for name in PLAIN.hosts if name != "w2"]
    lab.event("stop", "w2")
    wait_until(lambda: "w2" not in ready_nodes(lab), seconds=120, what="w2 is not Ready")
    before = fingerprint(lab, others)
    refused = _run(conversion, "refused", kind, endpoint)
    after = fingerprint(lab, others)
    lab.event("start", "w2")
    wait_until(lambda: "w2" in ready_nodes(lab), seconds=180, what="w2 is Ready again")
    wait_until(
        lambda: _answers(lab, "w2", "ss -Htln sport = :22 | grep -q . && printf ok"), seconds=60, what="sshd of w2"
    )
    return refused, [key for key in before if before[key] != after[key]]


def _run(conversion: Conversion, label: str, kind: str, endpoint: str) -> Run:
    slow = conversion.work / "without-pipelining.yml"
    slow.write_text(_WITHOUT_PIPELINING, encoding="utf-8")
    return run_playbook(
        "kubeadm.ha.site",
        inventories=[*conversion.shape.inventories(conversion.lab.inventory), slow],
        record=conversion.work / f"{label}.jsonl",
        variables=_variables(kind, endpoint),
    )


def _variables(kind: str, endpoint: str) -> dict[str, str]:
    return {"kubeadm_ha_load_balancer": kind, "kubeadm_ha_endpoint": endpoint}


def test_a_host_that_is_off_is_a_reason_to_stop(story: Story) -> None:
    assert story.refused.status != 0
    assert any("w2 could not be inspected" in message for message in story.refused.failures), story.refused.failures
    assert not story.refused.changed
    assert story.changed_by_refusal == []


def test_it_is_converted(story: Story) -> None:
    assert story.converted.status == 0, story.converted.output[-6000:]
    assert not [entry for entry in story.converted.plan if entry["step"] == "balance"]


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert sum(story.again.changed_hosts.values()) == 0


def test_everybody_is_on_the_endpoint(story: Story) -> None:
    lab = story.lab
    names = ["/etc/kubernetes/kubelet.conf"]
    for node in PLAIN.workers:
        assert f"server: https://{story.endpoint}" in lab.shell(node, f"cat {' '.join(names)}")
    info = lab.objects("configmap", "cluster-info", "--namespace=kube-public", node="cp2")["data"]["kubeconfig"]
    assert f"server: https://{story.endpoint}" in info
    configuration = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system", node="cp2")["data"]
    assert f"controlPlaneEndpoint: {story.endpoint}" in configuration["ClusterConfiguration"]


def test_nothing_is_left_in_files_without_pipelining(story: Story) -> None:
    assert story.leftovers == {}


def test_an_audit_finds_that_the_endpoint_is_on_one_host(story: Story) -> None:
    expected = {"external": SINGLE_BALANCER, "none": ADDRESS_OF_ONE}[story.kind]
    assert set(story.findings) == expected, story.findings


def test_the_others_go_on_without_the_first(story: Story) -> None:
    assert story.ready_after_move == {"cp2", "cp3", "w1", "w2"}
