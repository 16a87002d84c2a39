# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no cluster can be made of: wrong inputs, and hosts on which something is in the way. Each is one sentence before anything is changed.

Whether anything was changed say hashes of files, dpkg and the list of units.
"""

from __future__ import annotations

import dataclasses
import functools
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.create import fingerprint
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.refused import Case, changed, filled, refuse, said

pytestmark = pytest.mark.full

HOSTS = ("cp1", "cp2", "cp3", "w1", "w2", "lb1", "lb2")


CASES: Mapping[str, Case] = {
    "no version": Case(
        variables={"kubeadm_ha_kubernetes_version": ""},
        said=("this run would create one", "kubeadm_ha_kubernetes_version"),
    ),
    "a version that the repository does not have": Case(
        variables={"kubeadm_ha_kubernetes_version": "1.34.99"},
        said=("kubeadm_ha_kubernetes_version is 1.34.99", "does not have: it has 1.34.4"),
    ),
    "subnets that overlap each other": Case(
        variables={"kubeadm_ha_pod_subnet": "10.96.0.0/16"},
        said=("kubeadm_ha_pod_subnet 10.96.0.0/16 and kubeadm_ha_service_subnet 10.96.0.0/12 overlap",),
    ),
    "a subnet that overlaps a host's network": Case(
        variables={"kubeadm_ha_pod_subnet": "{network}"}, said=("kubeadm_ha_pod_subnet {network} overlaps the network",)
    ),
    "subnets of different families": Case(
        variables={"kubeadm_ha_pod_subnet": "10.244.0.0/16,fd00:10:244::/56"},
        said=("are not of the same address families",),
    ),
    "a virtual IP address of no host's network": Case(
        variables={"kubeadm_ha_endpoint": "203.0.113.9:6443", "kubeadm_ha_vip": "203.0.113.9/24"},
        said=("203.0.113.9",),
    ),
    "a virtual IP address that is not the endpoint": Case(
        variables={"kubeadm_ha_vip": "203.0.113.9/24"}, said=("kubeadm_ha_vip", "203.0.113.9")
    ),
    "a repository that nobody serves": Case(
        variables={"kubeadm_ha_package_repository": {"url": "http://{mirror}:9/deb/", "key": "{key}"}},
        said=("does not reach the packages at http://{mirror}:9/deb (",),
    ),
    "a mirror that nobody serves": Case(
        variables={"kubeadm_ha_registry_mirrors": {"registry.k8s.io": {"url": "http://{mirror}:9"}}},
        said=("does not reach http://{mirror}:9, the mirror of registry.k8s.io",),
    ),
    "a pod network that is no file": Case(
        variables={"kubeadm_ha_cni": "/no/such/network.yml"}, said=("kubeadm_ha_cni", "/no/such/network.yml")
    ),
    "a variable that there is not": Case(
        variables={"kubeadm_ha_pod_subnets": "10.244.0.0/16"}, said=("kubeadm_ha_pod_subnets",)
    ),
    "somebody at the endpoint": Case(
        host="lb1",
        script="ip address add {vip}/32 dev eth0 && systemd-run --unit=somebody python3 -m http.server 6443",
        until="ss -Hltn sport = :6443",
        undo="systemctl stop somebody; ip address del {vip}/32 dev eth0",
        said=("Somebody answers at kubeadm_ha_endpoint {vip}:6443 already",),
    ),
    "two hosts with one machine-id": Case(
        host="cp3",
        script="cp /etc/machine-id /root/machine-id && echo {machine_id} >/etc/machine-id",
        undo="cp /root/machine-id /etc/machine-id && rm /root/machine-id",
        said=("cp3 is another machine than cp2, but has its machine-id ({machine_id})",),
    ),
    "a pod network that was left": Case(
        host="w1",
        script="mkdir -p /etc/cni/net.d && echo '{}' >/etc/cni/net.d/05-other.conflist",
        undo="rm -r /etc/cni",
        said=("w1 has the configuration of a pod network already (/etc/cni/net.d/05-other.conflist)",),
    ),
    "a worker of another cluster": Case(
        host="w2",
        script="mkdir -p /etc/kubernetes && touch /etc/kubernetes/kubelet.conf",
        undo="rm -r /etc/kubernetes",
        said=(
            "a new cluster is created only where no host has anything of one, and w2 has /etc/kubernetes/kubelet.conf",
        ),
    ),
    "data of etcd": Case(
        host="cp3",
        script="mkdir -p /var/lib/etcd/member/wal",
        undo="rm -r /var/lib/etcd/member",
        said=("cp3 has /var/lib/etcd/member",),
    ),
    "a port that is taken": Case(
        host="w2",
        script="systemd-run --unit=somebody python3 -m http.server 10250",
        until="ss -Hltn sport = :10250",
        undo="systemctl stop somebody",
        said=("Port 10250 is already in use on w2",),
    ),
    "a program that hides the package's": Case(
        host="cp2",
        script="printf '#!/bin/sh\\necho v1.20.0\\n' >/usr/local/bin/kubeadm && chmod +x /usr/local/bin/kubeadm",
        undo="rm /usr/local/bin/kubeadm",
        said=("/usr/local/bin/kubeadm on cp2", "comes from no package"),
    ),
}


@dataclasses.dataclass
class Story:
    """What was seen.

    :param texts: the lab's, by which the cases are written.
    """

    refused: Mapping[str, Run]
    changed: Sequence[str]
    texts: Mapping[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Every case, one after the other."""
    with new_results("create_refused") as results, Lab("create", name="createrefused") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        texts = _texts(lab)
        for name in HOSTS:
            # Nothing of the lab leaves this machine.
            lab.run(name, "ip", "route", "add", "unreachable", "203.0.113.0/24")
        before = fingerprint(lab, HOSTS)
        refused = refuse(lab, CASES, texts, functools.partial(_run, lab), work)
        after = fingerprint(lab, HOSTS)
        results.exactly("refused", sum(run.status != 0 for run in refused.values()), bound=len(CASES))
        results.write()
        yield Story(refused, [name for name in HOSTS if before[name] != after[name]], texts)


def _texts(lab: Lab) -> dict[str, str]:
    variables = yaml.safe_load((lab.inventory.parent / "group_vars" / "all" / "lab.yml").read_text(encoding="utf-8"))
    repository = variables["kubeadm_ha_package_repository"]
    address = addresses_of(lab, ["cp1"])["cp1"]
    return {
        "vip": lab.endpoint.rpartition(":")[0],
        "mirror": repository["url"].partition("://")[2].partition("/")[0].partition(":")[0],
        "key": json.dumps(repository["key"])[1:-1],
        "network": f"{address.rpartition('.')[0]}.0/24",
        "machine_id": lab.run("cp2", "cat", "/etc/machine-id").strip(),
    }


def _run(lab: Lab, record: Path, variables: Mapping[str, Any]) -> Run:
    example = PROJECT / "examples" / "create" / "hosts.yml"
    return run_playbook("kubeadm.ha.site", inventories=[example, lab.inventory], record=record, variables=variables)


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_a_sentence_that_names_it(story: Story, name: str) -> None:
    run = story.refused[name]
    assert run.status != 0
    for part in CASES[name].said:
        assert filled(part, story.texts) in said(run), said(run)[-3000:]


def test_nothing_was_changed(story: Story) -> None:
    assert story.changed == []
    assert changed(story.refused) == {}
