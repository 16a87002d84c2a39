# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no cluster of kubeadm is converted with: wrong inputs, and what is wrong with its hosts or with those that shall join.

Each is one sentence before anything is changed. Whether anything was changed say hashes of files, dpkg, units and the objects of the API.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.cluster import PROJECT, Lab, fingerprint
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.refused import Case, changed, filled, refuse, said
from tests.scenarios.shape import VERSIONS as SHAPE

pytestmark = pytest.mark.full

ADMIN, PKI = "/etc/kubernetes/admin.conf", "/etc/kubernetes/pki"
_AWAY = "/root/away"


def _missing(host: str, path: str, *said_: str) -> Case:
    """A file that is moved away for a while."""
    return Case(host=host, script=f"mv {path} {_AWAY}", undo=f"mv {_AWAY} {path}", said=said_)


INPUTS: Mapping[str, Case] = {
    "an endpoint with a path": Case(
        variables={"kubeadm_ha_endpoint": "{lb1}:6443/api"}, said=("kubeadm_ha_endpoint: '{lb1}:6443/api'",)
    ),
    "an endpoint with an underscore": Case(
        variables={"kubeadm_ha_endpoint": "k8s_api.example.org:6443"},
        said=("kubeadm_ha_endpoint", "k8s_api.example.org"),
    ),
    "an endpoint that is everybody's own": Case(
        variables={"kubeadm_ha_endpoint": "127.0.0.1:6443"}, said=("kubeadm_ha_endpoint", "127.0.0.1")
    ),
    "an endpoint among the Services": Case(
        variables={"kubeadm_ha_endpoint": "10.96.0.1:6443"}, said=("kubeadm_ha_endpoint", "10.96.0.1")
    ),
    "an endpoint that is the control plane": Case(
        variables={"kubeadm_ha_endpoint": "{cp1}:6443"}, said=("kubeadm_ha_endpoint", "{cp1}:6443", "cp1")
    ),
    "an endpoint that no host resolves": Case(
        variables={"kubeadm_ha_endpoint": "nowhere.invalid:6443"}, said=("nowhere.invalid",)
    ),
    "a port of the load balancer that is taken": Case(
        variables={"kubeadm_ha_endpoint": "{lb1}:22"}, said=("22", "lb1")
    ),
    "an external load balancer that is not there": Case(
        variables={"kubeadm_ha_load_balancer": "external"}, said=("{lb1}:6443", "refuses the connection")
    ),
    "a kind of load balancer that there is not": Case(
        variables={"kubeadm_ha_load_balancer": "HAProxy"}, said=("kubeadm_ha_load_balancer", "HAProxy")
    ),
    "a SAN with a port": Case(
        variables={"kubeadm_ha_extra_sans": ["k8s.example.org:6443"]},
        said=("kubeadm_ha_extra_sans", "k8s.example.org:6443"),
    ),
    "a token that lives too long": Case(
        variables={"kubeadm_ha_token_ttl": "1000h"}, said=("kubeadm_ha_token_ttl", "1000h")
    ),
    "an administrator that there is not": Case(
        variables={"kubeadm_ha_admin_users": ["root", "nobody-here"]}, said=("kubeadm_ha_admin_users", "nobody-here")
    ),
    "patches that are not there": Case(
        variables={"kubeadm_ha_patches_dir": "/no/such/patches"},
        said=("kubeadm_ha_patches_dir", "/no/such/patches", "cp1"),
    ),
    "a batch that is no number": Case(
        variables={"kubeadm_ha_worker_batch": "some"}, said=("kubeadm_ha_worker_batch", "some")
    ),
    "a directory that is relative": Case(
        variables={"kubeadm_ha_backup_dir": "backups"}, said=("kubeadm_ha_backup_dir", "backups", "absolute")
    ),
    "a variable that there is not": Case(
        variables={"kubeadm_ha_endpont": "{lb1}:6443"}, said=("kubeadm_ha_endpont", "kubeadm_ha_endpoint")
    ),
    "a node that nobody knows": Case(
        variables={"kubeadm_ha_unmanaged_nodes": ["w1"]}, said=("kubeadm_ha_unmanaged_nodes", "w1")
    ),
}
HOSTS: Mapping[str, Case] = {
    "a control plane without the CA's key": _missing("cp1", f"{PKI}/ca.key", f"{PKI}/ca.key", "cp1"),
    "a control plane without the front proxy's CA": _missing(
        "cp1", f"{PKI}/front-proxy-ca.key", f"front-proxy-ca.key is missing in {PKI} on cp1"
    ),
    "a control plane without its administrator": _missing("cp1", ADMIN, ADMIN, "cp1"),
    "a kubeconfig that is none": Case(
        host="cp1",
        script=f"cp -p {ADMIN} {_AWAY} && echo '][' >{ADMIN}",
        undo=f"mv {_AWAY} {ADMIN}",
        said=(ADMIN, "cp1"),
    ),
    "a manifest with a flag of its owner's": Case(
        host="cp1",
        script=f"cp -p /etc/kubernetes/manifests/kube-scheduler.yaml {_AWAY} && "
        "sed -i 's/- --leader-elect=true/&\\n    - --v=3/' /etc/kubernetes/manifests/kube-scheduler.yaml",
        undo=f"cat {_AWAY} >/etc/kubernetes/manifests/kube-scheduler.yaml; rm {_AWAY}",
        said=("kube-scheduler", "--v=3", "kubeadm_ha_adopt_manifest_flags"),
    ),
    "a cluster that nobody can join": Case(
        host="cp1",
        script=f"kubectl --kubeconfig={ADMIN} -n kube-public get cm cluster-info -o yaml >{_AWAY} && "
        f"kubectl --kubeconfig={ADMIN} -n kube-public delete cm cluster-info",
        undo=f"sed -i '/resourceVersion\\|uid:/d' {_AWAY}; kubectl --kubeconfig={ADMIN} apply -f {_AWAY}; rm {_AWAY}",
        said=("cluster-info",),
    ),
    "a joining host without kubeadm": Case(
        host="cp2",
        script="p=$(command -v kubeadm) && mv $p $p.away",
        undo="p=$(find /usr -name kubeadm.away) && mv $p ${p%.away}",
        said=("cp2", "kubeadm"),
    ),
    "a joining host without a container runtime": Case(
        host="cp3", script="systemctl stop containerd", undo="systemctl start containerd", said=("cp3", "containerd")
    ),
    "a joining host whose kubelet is masked": Case(
        host="cp3",
        script="systemctl mask kubelet",
        # It ends and is started again all the time, but not while it is masked.
        undo="systemctl unmask kubelet && systemctl start kubelet",
        said=("cp3", "kubelet", "unmask"),
    ),
    "a joining host with data of etcd": Case(
        host="cp2",
        script="mkdir -p /var/lib/etcd/member",
        undo="rmdir /var/lib/etcd/member",
        said=("cp2", "/var/lib/etcd"),
    ),
    "a joining host with a manifest": Case(
        host="cp3",
        script="mkdir -p /etc/kubernetes/manifests && touch /etc/kubernetes/manifests/kube-apiserver.yaml",
        undo="rm /etc/kubernetes/manifests/kube-apiserver.yaml",
        said=("cp3", "/etc/kubernetes/manifests/kube-apiserver.yaml"),
    ),
    "a joining host of another cluster": Case(
        host="cp3",
        script="mkdir -p /etc/kubernetes/pki && openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=kubernetes "
        f"-days 9 -out {PKI}/ca.crt 2>/dev/null",
        undo=f"rm {PKI}/ca.crt",
        said=("cp3", f"{PKI}/ca.crt"),
    ),
    "a joining host whose port is taken": Case(
        host="cp2",
        script="systemd-run --unit=somebody python3 -m http.server 2380",
        until="ss -Hltn sport = :2380",
        undo="systemctl stop somebody",
        said=("2380", "cp2"),
    ),
    "two hosts with one machine-id": Case(
        host="cp3",
        script="cp /etc/machine-id /root/machine-id && echo {machine_id} >/etc/machine-id",
        undo="cp /root/machine-id /etc/machine-id && rm /root/machine-id",
        said=("cp3 is another machine than cp2, but has its machine-id ({machine_id})",),
    ),
    "a firewall between the control planes": Case(
        host="cp1",
        script="iptables -I INPUT -p tcp --dport 6443 -s {cp2} -j DROP",
        undo="iptables -D INPUT -p tcp --dport 6443 -s {cp2} -j DROP",
        said=("cp2 cannot reach cp1 ({cp1}) on TCP 6443",),
    ),
    "a worker of another cluster": Case(
        host="w1",
        script=f"cp -p {PKI}/ca.crt {_AWAY} && openssl req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=kubernetes "
        f"-days 9 -out {PKI}/ca.crt 2>/dev/null",
        undo=f"cat {_AWAY} >{PKI}/ca.crt; rm {_AWAY}",
        said=("w1", f"{PKI}/ca.crt"),
    ),
    "a load balancer that is somebody else's": Case(
        host="lb1",
        script="mkdir -p /etc/haproxy && echo 'global' >/etc/haproxy/haproxy.cfg",
        undo="rm -r /etc/haproxy",
        said=("lb1", "/etc/haproxy/haproxy.cfg"),
    ),
    "somebody at the load balancer's port": Case(
        host="lb1",
        script="systemd-run --unit=somebody python3 -m http.server 6443",
        until="ss -Hltn sport = :6443",
        undo="systemctl stop somebody",
        said=("Another program than haproxy listens on port 6443 of lb1",),
    ),
}
CASES: Mapping[str, Case] = {**INPUTS, **HOSTS}


@dataclasses.dataclass
class Story:
    """What was seen.

    :param texts: the lab's, by which the cases are written.
    """

    refused: Mapping[str, Run]
    changes: Sequence[str]
    texts: Mapping[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Every case, one after the other."""
    with new_results("convert_refused") as results, Lab(SHAPE.topology, name="convertrefused") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        addresses = addresses_of(lab, SHAPE.hosts)
        texts = {**addresses, "machine_id": lab.run("cp2", "cat", "/etc/machine-id").strip()}
        before = fingerprint(lab, SHAPE.hosts)
        refused = refuse(lab, CASES, texts, functools.partial(_run, lab), work)
        after = fingerprint(lab, SHAPE.hosts)
        results.exactly("refused", sum(run.status != 0 for run in refused.values()), bound=len(CASES))
        results.write()
        yield Story(refused, [key for key in before if before[key] != after[key]], texts)


def _run(lab: Lab, record: Path, variables: Mapping[str, Any]) -> Run:
    return run_playbook("kubeadm.ha.site", inventories=[lab.inventory], record=record, variables=variables)


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_a_sentence_that_names_it(story: Story, name: str) -> None:
    run = story.refused[name]
    assert run.status != 0
    for part in CASES[name].said:
        assert filled(part, story.texts) in said(run), said(run)[-3000:]


def test_nothing_was_changed(story: Story) -> None:
    assert story.changes == []
    assert changed(story.refused) == {}
