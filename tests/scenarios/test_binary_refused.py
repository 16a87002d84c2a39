# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What no control plane of systemd services can be scaled out with. Each is one sentence that names host or variable and the remedy.

Whether anything was changed say hashes of files, dpkg, the units and the objects of the cluster.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.refused import Case, changed, filled, refuse, said

pytestmark = pytest.mark.full

HOSTS = ("m1", "m2", "w1", "lb1")
CFG, SSL, BIN, UNITS = "/opt/kubernetes/cfg", "/opt/kubernetes/ssl", "/opt/kubernetes/bin", "/usr/lib/systemd/system"
API, MANAGER = "kube-apiserver.service", "kube-controller-manager.service"
#: What a run could change. What a component itself writes while it runs is left out.
_FINGERPRINT = (
    "find /etc /opt /root /usr/local /usr/lib/systemd /var/lib/kubeadm-ha /var/backups -xdev -type f ! -path '*/logs/*' "
    "! -path '/etc/mtab' ! -path '/etc/ld.so.cache' -exec sha256sum {} + 2>/dev/null | sort; dpkg-query --show; "
    "systemctl list-unit-files --state=enabled --no-legend; systemctl list-units --all --no-legend --plain 'kube*' haproxy.service | "
    "awk '{print $1, $2, $3}'"
)
_KUBECTL = f"kubectl --kubeconfig={CFG}/admin.kubeconfig"
_READY = f"{_KUBECTL} get --raw=/readyz | grep ok"
#: A certificate that has ended, for the key, subject and names of another one.
_ENDED = """
set -e; mkdir -m 0700 /root/ended; cd /root/ended; : >index; echo 01 >serial
printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\ncopy_extensions=copyall\n[p]\nO=optional\nCN=supplied\n' >cnf
openssl x509 -x509toreq -copy_extensions copyall -in NAME.pem -signkey NAME-key.pem -out request.pem
openssl ca -batch -notext -config cnf SIGNER -in request.pem -startdate 20200101000000Z -enddate 20200201000000Z -out new.pem
cp -p NAME.pem /root/kept.pem; cat new.pem >NAME.pem; rm -r /root/ended
"""
#: An API server on another host: the first master's program and etcd, its own directory.
_OTHER = f"""
set -e; mkdir -p /opt/other /usr/local/other; cd /opt/other; cp /run/given/* .
curl --silent --fail --output /usr/local/other/kube-apiserver http://{{m1}}:8000/kube-apiserver; chmod +x /usr/local/other/kube-apiserver
printf '[req]\ndistinguished_name=n\n[n]\n[ca]\nbasicConstraints=critical,CA:TRUE\n[server]\nsubjectAltName=IP:{{m2}}\n' >cnf
AUTHORITY
openssl req -new -newkey rsa:2048 -nodes -keyout server-key.pem -subj /CN=kubernetes -out server.csr 2>/dev/null
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAserial serial -CAcreateserial -days 10 -extfile cnf -extensions server -out server.pem 2>/dev/null
openssl genrsa -out account.key 2048 2>/dev/null
cat >/etc/systemd/system/{API} <<END
[Service]
ExecStart=/usr/local/other/kube-apiserver --advertise-address={{m2}} --secure-port=6443 --etcd-servers={{etcd}} --etcd-prefix=/other \\
  --etcd-cafile=/opt/other/etcd-ca.pem --etcd-certfile=/opt/other/etcd.pem --etcd-keyfile=/opt/other/etcd-key.pem \\
  --client-ca-file=/opt/other/ca.pem --tls-cert-file=/opt/other/server.pem --tls-private-key-file=/opt/other/server-key.pem \\
  --service-account-key-file=/opt/other/account.key --service-account-signing-key-file=/opt/other/account.key \\
  --service-account-issuer=https://other --service-cluster-ip-range=10.99.0.0/24
END
systemctl daemon-reload; systemctl start {API}
"""
_OTHER_CA = "openssl req -x509 -new -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -subj /CN=other -days 10 -config cnf -extensions ca"
_NO_OTHER = f"systemctl stop {API}; rm -r /etc/systemd/system/{API} /opt/other /usr/local/other; systemctl daemon-reload; systemctl reset-failed"


def _edited(component: str, expression: str) -> dict[str, Any]:
    """Arguments of a component on the first master that are otherwise for a while. It is not restarted."""
    path = f"{CFG}/{component}.conf"
    return {
        "host": "m1",
        "script": f"cp -p {path} /root/kept && sed -i '{expression}' {path} && ! cmp -s {path} /root/kept",
        "undo": f"mv /root/kept {path}",
    }


def _moved(path: str) -> dict[str, Any]:
    return {"host": "m1", "script": f"mv {path} /root/kept", "undo": f"mv /root/kept {path}"}


def _ended(name: str, signer: str) -> dict[str, Any]:
    script = _ENDED.replace("NAME", name).replace("SIGNER", signer)
    return {"host": "m1", "script": script, "undo": f"mv /root/kept.pem {name}.pem"}


def _listening(host: str, port: int) -> dict[str, Any]:
    return {
        "host": host,
        "script": f"systemd-run --unit=somebody python3 -m http.server {port}",
        "until": f"ss -Hltn sport = :{port}",
        "undo": "systemctl stop somebody",
    }


CASES: Mapping[str, Case] = {
    "a variable that there is not": Case(
        variables={"kubeadm_ha_endpiont": "k8s.example.org:6443"}, said=("kubeadm_ha_endpiont", "kubeadm_ha_endpoint")
    ),
    "a flag that is given twice": Case(
        **_edited("kube-apiserver", "s|--secure-port=6443|--secure-port=6443 --secure-port=8443|"),
        said=(f"On m1: {API} is given --secure-port 2 times, with 6443 and 8443", "leave the one that is meant"),
    ),
    "two components with different subnets": Case(
        **_edited(
            "kube-controller-manager", "s|--service-cluster-ip-range=[^ ]*|--service-cluster-ip-range=10.77.0.0/16|"
        ),
        said=(
            "--service-cluster-ip-range is 10.254.0.0/16 in",
            f"and 10.77.0.0/16 in {MANAGER}",
            "correct the wrong one",
        ),
    ),
    "a certificate without its key": Case(
        **_edited("kube-apiserver", "s|--etcd-keyfile=[^ ]*||"),
        said=(f"On m1: {API} is given --etcd-certfile without --etcd-keyfile", "give both"),
    ),
    "an API server that does not listen where it says": Case(
        **_edited("kube-apiserver", "s|--bind-address=[^ ]*|--bind-address=127.0.0.1|"),
        said=(f"{API} has --advertise-address={{m1}}, but listens only at --bind-address=127.0.0.1",),
    ),
    "an address that the master does not have": Case(
        **_edited(
            "kube-apiserver",
            "s|--advertise-address=[^ ]*|--advertise-address=203.0.113.9|;s|--bind-address=[^ ]*|--bind-address=0.0.0.0|",
        ),
        said=(
            f"--advertise-address of {API} on m1 is 203.0.113.9, which is none of its addresses ({{m1}})",
            "correct it",
        ),
    ),
    "an address that the new master does not have": Case(
        variables={"kubeadm_ha_advertise_address": "203.0.113.9"},
        said=("kubeadm_ha_advertise_address of m2 is 203.0.113.9, which is none of its addresses", "correct it"),
    ),
    "two masters with one address": Case(
        host="m2",
        script="ip address add {m1}/32 dev lo",
        undo="ip address del {m1}/32 dev lo",
        variables={"kubeadm_ha_advertise_address": "{m1}"},
        said=("m2 and m1 would have the same address for their API servers ({m1})", "kubeadm_ha_advertise_address"),
    ),
    "two hosts with one node name": Case(
        variables={"kubeadm_ha_node_name": "k8s-node1"},
        said=("m2 and w1 have the same node name (k8s-node1): set kubeadm_ha_node_name for m2",),
    ),
    "two hosts with one machine-id": Case(
        host="m2",
        script="cp -p /etc/machine-id /root/machine-id && echo {machine_id} >/etc/machine-id",
        undo="cp -p /root/machine-id /etc/machine-id && rm /root/machine-id",
        said=("m2 is another machine than m1, but has its machine-id", "systemd-machine-id-setup"),
    ),
    "a key file that is not there": Case(
        **_moved(f"{SSL}/etcd/server-key.pem"),
        said=(f"--etcd-keyfile on m1 names {SSL}/etcd/server-key.pem, which is not there", "restore the file"),
    ),
    "a certificate that cannot be issued again": Case(
        **_edited("kube-controller-manager", "s|--cluster-signing-[a-z]*-file=[^ ]*||g"),
        variables={"kubeadm_ha_extra_sans": ["other.example.org"]},
        said=(
            f"{SSL}/server.pem of m1 is not for other.example.org",
            "the key of the CA is not at hand",
            "--cluster-signing-key-file",
        ),
    ),
    "a serving certificate that has ended": Case(
        **_ended(f"{SSL}/server", f"-cert {SSL}/ca.pem -keyfile {SSL}/ca-key.pem"),
        said=(f"{SSL}/server.pem of m1 ends within a day or has ended", "renew it first"),
        after=_READY,
    ),
    "a client certificate for etcd that has ended": Case(
        **_ended(f"{SSL}/etcd/server", f"-selfsign -keyfile {SSL}/etcd/server-key.pem"),
        said=(
            f"{SSL}/etcd/server.pem of m1, which --etcd-certfile of {API} names, has ended (2020-02-01)",
            "renew it first",
        ),
        after=_READY,
    ),
    "a member of etcd that does not run": Case(
        **_edited("kube-apiserver", "s|--etcd-servers=[^ ]*|--etcd-servers={etcd},{etcd}1|"),
        said=("The member of etcd at", "is reached by none of m1 and m2 (nothing listens there): start it"),
    ),
    "a member of etcd that the new master does not reach": Case(
        host="m2",
        script="ip route add unreachable {e1}/32",
        undo="ip route del unreachable {e1}/32",
        said=(
            "m2 cannot reach the member of etcd at {e1}:2379 (rejected by a firewall or a router)",
            "open TCP 2379 there for m2",
        ),
    ),
    "a member of etcd that leads each host to itself": Case(
        **_edited("kube-apiserver", "s|--etcd-servers=[^ ]*|--etcd-servers=https://127.0.0.1:2379|"),
        said=(
            "names 127.0.0.1:2379, which leads m2 to itself, where no etcd is",
            "name members by addresses that every master reaches",
        ),
    ),
    "a master of another cluster": Case(
        host="m2",
        script=_OTHER.replace("AUTHORITY", _OTHER_CA),
        undo=_NO_OTHER,
        until="ss -Hltn sport = :6443",
        said=(
            "m2 runs an API server of another cluster than m1: another CA has issued its certificate",
            "Take it out of the inventory",
        ),
    ),
    "a master with another service account key": Case(
        host="m2",
        script=_OTHER.replace("AUTHORITY", "mv cluster-ca.pem ca.pem; mv cluster-ca-key.pem ca-key.pem"),
        undo=_NO_OTHER,
        until="ss -Hltn sport = :6443",
        said=("another service account key", "/opt/other/account.key; on m1", "give both the same keys"),
    ),
    "a worker of another cluster": Case(
        host="m2",
        script=(
            "mkdir -p /etc/kubernetes && printf 'apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: https://198.51.100.7:6443\n"
            "contexts:\n- name: c\n  context:\n    cluster: c\n    user: u\ncurrent-context: c\nusers:\n- name: u\n  user: {}\n' "
            ">/etc/kubernetes/kubelet.kubeconfig && printf '[Service]\nExecStart=/usr/local/bin/kubelet --kubeconfig=/etc/kubernetes/kubelet.kubeconfig\n"
            "[Install]\nWantedBy=multi-user.target\n' >/etc/systemd/system/kubelet.service && systemctl enable kubelet"
        ),
        undo="systemctl disable kubelet; rm -r /etc/kubernetes /etc/systemd/system/kubelet.service; systemctl daemon-reload",
        said=(
            "kubelet.service of m2 is of another cluster than m1",
            "names https://198.51.100.7:6443",
            "Take it out of the inventory",
        ),
    ),
    "a layout that is not recognised": Case(
        host="m1",
        script=(
            f"systemctl stop kube-scheduler && mv {UNITS}/kube-scheduler.service /root/kept && cp {BIN}/kube-scheduler {BIN}/scheduler && "
            f"sed s,{BIN}/kube-scheduler,{BIN}/scheduler, /root/kept >{UNITS}/k8s-scheduler.service && systemctl daemon-reload && "
            "systemctl start k8s-scheduler"
        ),
        undo=(
            f"systemctl stop k8s-scheduler; rm {UNITS}/k8s-scheduler.service {BIN}/scheduler; mv /root/kept {UNITS}/kube-scheduler.service; "
            "systemctl daemon-reload; systemctl start kube-scheduler"
        ),
        said=("no service of kube-scheduler was found there, neither by its process nor as kube-scheduler.service",),
    ),
    "arguments that a shell makes": Case(
        host="m1",
        script=(
            f"mkdir /etc/systemd/system/kube-scheduler.service.d && printf '[Service]\nExecStart=\nExecStart=/bin/sh -c \"exec {BIN}/kube-scheduler "
            "$KUBE_SCHEDULER_OPTS\"\n' >/etc/systemd/system/kube-scheduler.service.d/shell.conf && systemctl daemon-reload"
        ),
        undo="rm -r /etc/systemd/system/kube-scheduler.service.d; systemctl daemon-reload",
        said=("What starts kube-scheduler on m1 is not certain", "/bin/sh"),
    ),
    "a drop-in that systemd has not loaded": Case(
        host="m1",
        script=(
            f"mkdir /etc/systemd/system/{API}.d && printf '[Service]\nEnvironment=SOME=thing\n' >/etc/systemd/system/{API}.d/some.conf"
        ),
        undo=f"rm -r /etc/systemd/system/{API}.d",
        said=("What starts kube-apiserver on m1 is not certain", "systemctl daemon-reload"),
    ),
    "an API server that does not run": Case(
        host="m1",
        script=f"systemctl stop {API}",
        undo=f"systemctl start {API}",
        after=_READY,
        variables={"kubeadm_ha_kubernetes_version": "1.34.4"},
        said=(f"Nobody serves the Kubernetes API: {API} of m1 is inactive; start it (systemctl start kube-apiserver)",),
    ),
    "a flag with the master's own address": Case(
        **_edited("kube-apiserver", "s|--secure-port=6443|--secure-port=6443 --oidc-issuer-url=https://{m1}:5556|"),
        said=(f"--oidc-issuer-url of {API} on m1 has m1's own address", "take the flag away"),
    ),
    "another file of the same name": Case(
        host="m2",
        script=f"mkdir -p {SSL} && echo other >{SSL}/ca.pem",
        undo="rm -r /opt/kubernetes",
        said=(f"m2 has another {SSL}/ca.pem than m1", "move it away if it is not needed"),
    ),
    "a port that is taken": Case(
        **_listening("m2", 10259),
        said=(
            "Port 10259 of m2 is taken by another program (ss -ltnp shows it)",
            "kube-scheduler will listen there: free it",
        ),
    ),
    "somebody at the load balancer's port": Case(
        **_listening("lb1", 6443),
        said=("Another program than haproxy listens on port 6443 of lb1", "choose another port"),
    ),
    "an endpoint that is a master": Case(
        variables={"kubeadm_ha_endpoint": "{m1}:6443", "kubeadm_ha_load_balancer": "external"},
        said=("kubeadm_ha_endpoint {m1}:6443 is the API server of m1 itself", "give the address of the load balancer"),
    ),
    "an endpoint that leads nowhere": Case(
        variables={"kubeadm_ha_load_balancer": "external"},
        said=("kubeadm_ha_endpoint {lb1}:6443 does not lead", "refuses the connection", "let it forward TCP"),
    ),
}


@dataclasses.dataclass
class Story:
    """What was seen.

    :param untouched: a run in check mode before anything was in the way.
    :param texts: the lab's, by which the cases are written.
    """

    untouched: Run
    refused: Mapping[str, Run]
    changed: Sequence[str]
    texts: Mapping[str, str]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Every case, one after the other."""
    with new_results("binary_refused") as results, Lab("binary_pair", name="binaryrefused") as lab:
        work = PROJECT / "build" / "scenarios" / lab.name
        work.mkdir(parents=True, exist_ok=True)
        texts = _texts(lab)
        _give(lab)
        before = _fingerprint(lab)
        start = functools.partial(_run, lab, texts)
        untouched = start(work / "untouched.jsonl", {}, "--check")
        refused = refuse(lab, CASES, texts, start, work)
        after = _fingerprint(lab)
        results.exactly("refused", sum(run.status != 0 for run in refused.values()), bound=len(CASES))
        results.write()
        yield Story(untouched, refused, [name for name in before if before[name] != after[name]], texts)


def _texts(lab: Lab) -> dict[str, str]:
    found = addresses_of(lab, [*HOSTS, "e1"])
    return {
        **found,
        "etcd": f"https://{found['e1']}:2379",
        "machine_id": lab.run("m1", "cat", "/etc/machine-id").strip(),
    }


def _give(lab: Lab) -> None:
    """What another API server needs of the first master: its program by HTTP, CA and client certificate for etcd."""
    lab.run("m1", "systemd-run", "--unit=programs", "python3", "-m", "http.server", "--directory", BIN, "8000")
    lab.run("m2", "mkdir", "-m", "0700", "/run/given")
    files = {
        "cluster-ca": f"{SSL}/ca", "cluster-ca-key": f"{SSL}/ca-key", "etcd-ca": f"{SSL}/etcd/ca", "etcd": f"{SSL}/etcd/server",
        "etcd-key": f"{SSL}/etcd/server-key",
    }  # fmt: skip
    for name, path in files.items():
        lab.write("m2", f"/run/given/{name}.pem", lab.run("m1", "cat", f"{path}.pem"))


def _fingerprint(lab: Lab) -> dict[str, str]:
    found = {name: lab.shell(name, _FINGERPRINT) for name in HOSTS}
    for kind in ("nodes", "configmaps", "clusterrolebindings"):
        found[kind] = lab.shell("m1", f"{_KUBECTL} get {kind} -A --output=name | sort")
    return found


def _run(lab: Lab, texts: Mapping[str, str], record: Path, variables: Mapping[str, Any], *arguments: str) -> Run:
    inputs = {"kubeadm_ha_endpoint": f"{texts['lb1']}:6443", **variables}
    return run_playbook(
        "kubeadm.ha.site", inventories=[lab.inventory], record=record, variables=inputs, arguments=arguments
    )


def test_without_any_of_it_the_cluster_can_be_scaled_out(story: Story) -> None:
    assert story.untouched.status == 0, story.untouched.output[-6000:]
    assert {"balance", "extend", "point"} <= {entry["step"] for entry in story.untouched.plan}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_by_one_sentence_that_names_it(story: Story, name: str) -> None:
    run = story.refused[name]
    assert run.status != 0
    for part in CASES[name].said:
        assert filled(part, story.texts) in said(run), said(run)[-3000:]
    assert "Nothing was changed. 1 reason to stop:" in said(run), said(run)[-3000:]


def test_nothing_was_changed(story: Story) -> None:
    assert story.changed == []
    assert changed(story.refused) == {}
