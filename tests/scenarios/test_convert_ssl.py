# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job where kubeadm's certificates are in /etc/kubernetes/ssl, first with Kubespray's link to it, then without.

Everything is proved with kubectl, openssl and sha256sum, not with the collection's own modules.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.cluster import Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, new_results
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.shape import SSL as SHAPE

if t.TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.scenarios.playbook import Run

pytestmark = pytest.mark.full

LINK = "/etc/kubernetes/pki"
#: Each host's own, and what all control planes share.
OWN_KEYS = ("apiserver", "apiserver-kubelet-client", "front-proxy-client", "etcd/server", "etcd/peer")
SHARED_KEYS = ("ca", "front-proxy-ca", "etcd/ca", "sa")
BACKUPS = "/var/backups/kubeadm-ha"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    backup: Run
    backed_up: dict[str, str]
    linked: Run
    unlinked: Run
    again: Run
    keys: dict[str, dict[str, str]]
    sans: dict[str, str]
    endpoint: str
    voters: int
    links: dict[str, str]
    kubelet_ca: dict[str, str]
    findings: dict[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("convert_ssl") as results, Lab(SHAPE.topology, name="convert-ssl") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results, SHAPE)
        backup = conversion.run("backup", playbook="backup")
        backed_up = {name: lab.run(name, "find", BACKUPS, "-type", "f", check=False) for name in ("cp1", "cp2", "w1")}
        for name in ("cp1", "cp2", "w1"):
            lab.run(name, "ln", "-s", SHAPE.pki_dir, LINK)
        linked = conversion.run("linked")
        assert linked.status == 0, linked.output[-6000:]
        for name in ("cp1", "cp2", "w1"):
            lab.run(name, "rm", LINK)
        addition = conversion.work / "third.yml"
        addition.write_text("kube_control_plane:\n  hosts:\n    cp3:\n", encoding="utf-8")
        unlinked = conversion.run("unlinked", inventories=[addition])
        assert unlinked.status == 0, unlinked.output[-6000:]
        again = conversion.run("again", inventories=[addition])
        results.exactly("again_changed", sum(again.changed_hosts.values()), bound=0)
        wait_until(lambda: ready_nodes(lab) >= SHAPE.all_node_names, seconds=60, what="all nodes Ready")
        yield Story(
            backup,
            backed_up,
            linked,
            unlinked,
            again,
            keys={name: _keys(lab, name) for name in SHAPE.control_planes},
            sans={name: _sans(lab, name) for name in SHAPE.control_planes},
            endpoint=conversion.endpoint,
            voters=len(_pods(lab, "component=etcd")),
            links={name: lab.run(name, "ls", LINK, check=False).strip() for name in SHAPE.nodes},
            kubelet_ca={name: _kubelet_ca(lab, name) for name in SHAPE.nodes},
            findings=conversion.findings(inventories=[addition]),
        )
        print(results.table())


def _keys(lab: Lab, node: str) -> dict[str, str]:
    """Hash of each key by its name."""
    paths = [f"{SHAPE.pki_dir}/{name}.key" for name in (*OWN_KEYS, *SHARED_KEYS)]
    lines = lab.run(node, "sha256sum", *paths).splitlines()
    return dict(zip((*OWN_KEYS, *SHARED_KEYS), (line.split()[0] for line in lines), strict=True))


def _sans(lab: Lab, node: str) -> str:
    certificate = f"{SHAPE.pki_dir}/apiserver.crt"
    return lab.run(node, "openssl", "x509", "-in", certificate, "-noout", "-ext", "subjectAltName")


def _pods(lab: Lab, labels: str) -> list[str]:
    """Names of ready pods in kube-system."""
    command = (
        "kubectl",
        "--kubeconfig=/etc/kubernetes/admin.conf",
        "--namespace=kube-system",
        "get",
        "pods",
        "-o",
        "json",
    )
    items = json.loads(lab.run("cp1", *command, f"--selector={labels}"))["items"]
    return [
        item["metadata"]["name"] for item in items if all(one["ready"] for one in item["status"]["containerStatuses"])
    ]


def _kubelet_ca(lab: Lab, node: str) -> str:
    return lab.run(node, "openssl", "x509", "-in", f"{SHAPE.pki_dir}/ca.crt", "-noout", "-fingerprint")


def test_the_backup_before_has_the_pki_and_one_snapshot(story: Story) -> None:
    assert story.backup.status == 0, story.backup.output[-6000:]
    files = story.backed_up["cp1"]
    assert f"/files{SHAPE.pki_dir}/ca.key" in files
    assert "/etcd/snapshot.db" in files
    assert "/files/etc/kubernetes/kubelet.conf" in story.backed_up["w1"]
    assert [name for name, text in story.backed_up.items() if "snapshot.db" in text] == ["cp1"]
    assert story.backed_up["cp2"] == ""


def test_no_file_of_kubeadm_is_planned_to_be_carried(story: Story) -> None:
    for run in (story.linked, story.unlinked):
        assert [item for item in planned_objects(run) if SHAPE.pki_dir in str(item) or LINK in str(item)] == []
        assert changed_objects(run) == planned_objects(run)


def test_each_control_plane_has_keys_of_its_own_and_the_clusters(story: Story) -> None:
    for name in OWN_KEYS:
        assert len({keys[name] for keys in story.keys.values()}) == len(SHAPE.control_planes), name
    for name in SHARED_KEYS:
        assert len({keys[name] for keys in story.keys.values()}) == 1, name


def test_every_api_server_has_the_endpoint_in_its_certificate(story: Story) -> None:
    endpoint = f"IP Address:{story.endpoint.rpartition(':')[0]}"
    assert {name for name, text in story.sans.items() if endpoint in text} == set(SHAPE.control_planes)


def test_etcd_runs_on_every_control_plane(story: Story) -> None:
    assert story.voters == len(SHAPE.control_planes)


def test_nothing_was_put_where_kubeadms_default_would_be(story: Story) -> None:
    assert story.links == dict.fromkeys(SHAPE.nodes, "")
    assert len(set(story.kubelet_ca.values())) == 1


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0
    assert changed_hosts(story.again) == set()


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings
