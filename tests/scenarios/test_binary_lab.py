# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Clusters of systemd services are what their guides make: held with kubectl, openssl, etcdctl, systemctl, curl and ss."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator

import pytest
import yaml

from tests.scenarios.cluster import Lab, wait_until
from tests.scenarios.convert import addresses_of
from tests.scenarios.services_cluster import (
    APP,
    CONTROL_PLANE,
    INLINE,
    JOINING,
    NODE,
    WORKERS,
    Cluster,
    Expected,
)

pytestmark = pytest.mark.full

SECONDS_FOR_UP = 120.0


@pytest.fixture(scope="module", params=[APP, INLINE], ids=lambda expected: expected.topology)
def cluster(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """Each layout after the other."""
    expected: Expected = request.param
    with Lab(expected.topology, name=expected.topology.replace("_", "-")) as lab:
        yield Cluster(lab, expected, addresses_of(lab, expected.hosts))


def test_it_is_up_in_time(cluster: Cluster) -> None:
    assert cluster.lab.up_seconds < SECONDS_FOR_UP


def test_all_nodes_are_ready_under_their_names(cluster: Cluster) -> None:
    found = {
        node["metadata"]["name"]: {
            **{condition["type"]: condition["status"] for condition in node["status"]["conditions"]},
            **{address["type"]: address["address"] for address in node["status"]["addresses"]},
        }
        for node in cluster.objects("nodes")
    }
    assert set(found) == set(cluster.expected.nodes.values())
    for host, name in cluster.expected.nodes.items():
        assert found[name]["Ready"] == "True"
        assert found[name]["InternalIP"] == cluster.addresses[host]


def test_the_smoke_application_answers_from_both_workers(cluster: Cluster) -> None:
    address = cluster.kubectl("get", "service", "smoke", "--output=jsonpath={.spec.clusterIP}")
    expected = {cluster.expected.nodes[worker] for worker in WORKERS}
    for worker in WORKERS:
        answers: set[str] = set()

        def both(worker: str = worker, answers: set[str] = answers) -> bool:
            answers.add(cluster.lab.run(worker, "curl", "--silent", "--max-time", "2", f"http://{address}/").split()[1])
            return answers == expected

        wait_until(both, seconds=30, what=f"answers from {expected} on {worker}", every=0.1)


def test_the_api_server_is_a_client_of_kubelets(cluster: Cluster) -> None:
    # It reads a pod's output through the kubelet.
    (pod,) = json.loads(
        cluster.kubectl("get", "pods", "--namespace=kube-system", "--selector=k8s-app=kube-dns", "--output=json")
    )["items"]
    assert "CoreDNS" in cluster.kubectl("logs", "--namespace=kube-system", pod["metadata"]["name"])


def test_components_are_services_that_start_at_boot(cluster: Cluster) -> None:
    for host in cluster.expected.services:
        for name, properties in cluster.units(host).items():
            wanted = {
                "ActiveState": "active",
                "UnitFileState": "enabled",
                "NRestarts": "0",
                "FragmentPath": f"{cluster.expected.units}/{name}.service",
            }
            assert wanted.items() <= properties.items(), (host, name)


def test_what_runs_is_what_the_unit_says(cluster: Cluster) -> None:
    for host in cluster.expected.services:
        for name, properties in cluster.units(host).items():
            words = shlex.split(properties["ExecStart"].partition("argv[]=")[2].partition(" ; ")[0])
            environment = properties.get("EnvironmentFiles", "").split(" ")[0]
            if environment and name != "etcd":
                assert words[1:] == [f"${name.replace('-', '_').upper()}_OPTS"]
                content = cluster.lab.run(host, "cat", environment).partition("=")[2]
                words[1:] = shlex.split(content.replace("\\\n", ""))[0].split()
            assert cluster.arguments(host, name) == words, (host, name)


def test_there_is_nothing_of_kubeadm(cluster: Cluster) -> None:
    script = "command -v kubeadm; ls -d /etc/kubernetes/manifests /etc/kubernetes/pki /var/lib/kubelet/config.yaml"
    for host in cluster.expected.hosts:
        assert cluster.lab.shell(host, f"{{ {script}; }} 2>/dev/null", check=False) == "", host
        found = cluster.lab.shell(host, "grep -rI kubeadm /etc /opt /usr/lib/systemd 2>/dev/null", check=False)
        # The lab's own files have the project's name in their headers.
        assert [line for line in found.splitlines() if "kubeadm.ha contributors" not in line] == [], host
    assert "kubeadm-config" not in {item["metadata"]["name"] for item in cluster.objects("configmaps")}
    assert not [pod for pod in cluster.objects("pods") if pod["metadata"]["name"].startswith(("kube-", "etcd"))]


def test_other_hosts_have_nothing_of_kubernetes(cluster: Cluster) -> None:
    programs = " ".join((*CONTROL_PLANE, *NODE, "kubectl", "etcd", "etcdctl"))
    for host in (*JOINING, "lb1"):
        script = f"for p in {programs}; do find / -xdev -type f -name $p; done; ls -d /opt/kubernetes /etc/kubernetes"
        assert cluster.lab.shell(host, f"{{ {script}; }} 2>/dev/null", check=False) == "", host
        assert cluster.lab.shell(host, "systemctl list-unit-files | grep -E 'kube|etcd'", check=False) == "", host
    has_runtime = "m1" in cluster.expected.nodes
    for host in JOINING:
        active = cluster.lab.run(host, "systemctl", "is-active", "containerd", check=False).strip()
        assert active == ("active" if has_runtime else "inactive"), host


def test_workers_connect_to_the_first_masters_address(cluster: Cluster) -> None:
    server = f"{cluster.addresses['m1']}:6443"
    for worker in WORKERS:
        for path in cluster.expected.kubeconfigs:
            document = yaml.safe_load(cluster.lab.run(worker, "cat", path))
            assert [entry["cluster"]["server"] for entry in document["clusters"]] == [f"https://{server}"]
        peers = {peer for peer in cluster.peers(worker) if peer.endswith(":6443")}
        assert peers == {server}, worker


def test_the_certificate_is_for_the_first_master_and_what_was_reserved(cluster: Cluster) -> None:
    server = f"{cluster.addresses['m1']}:6443"
    served = cluster.lab.shell("m1", f"openssl s_client -connect {server} </dev/null 2>/dev/null | openssl x509")
    cluster.lab.write("m1", "/tmp/served.pem", served)
    assert served.strip() == cluster.lab.run("m1", "sh", "-c", f"openssl x509 -in {cluster.expected.serving}").strip()
    for host in cluster.expected.hosts:
        said = cluster.check_address("/tmp/served.pem", cluster.addresses[host])
        verdict = "does match" if host in ("m1", *cluster.expected.reserved) else "does NOT match"
        assert verdict in said, (host, said)
    for address in ("127.0.0.1", cluster.expected.service):
        assert "does match" in cluster.check_address("/tmp/served.pem", address)
    cluster.lab.run("m1", "rm", "/tmp/served.pem")


def test_etcd_has_three_members_with_tls(cluster: Cluster) -> None:
    first, second, third = cluster.expected.members
    members = json.loads(cluster.etcdctl(first, "member", "list", "--write-out=json"))["members"]
    wanted = {cluster.addresses[member] for member in cluster.expected.members}
    assert {url for member in members for url in member["clientURLs"]} == {f"https://{ip}:2379" for ip in wanted}
    assert {url for member in members for url in member["peerURLs"]} == {f"https://{ip}:2380" for ip in wanted}
    health = json.loads(cluster.etcdctl(second, "endpoint", "health", "--write-out=json"))
    assert [entry["health"] for entry in health] == [True, True, True]
    # Without a client certificate nobody gets an answer.
    assert cluster.etcdctl(third, "get", "/registry", "--prefix", "--keys-only", secured=False) == ""


def test_the_api_server_uses_all_members_with_its_own_pair(cluster: Cluster) -> None:
    flags = cluster.flags("m1", "kube-apiserver")
    assert flags["etcd-servers"] == ",".join(
        f"https://{cluster.addresses[member]}:2379" for member in cluster.expected.members
    )
    assert [flags[f"etcd-{name}"] for name in ("cafile", "certfile", "keyfile")] == list(cluster.expected.client)
    ca, certificate, _ = cluster.expected.client
    assert cluster.lab.run("m1", "openssl", "verify", "-CAfile", ca, certificate).endswith("OK\n")
    assert {f"{cluster.addresses[member]}:2379" for member in cluster.expected.members} & cluster.peers("m1")


def test_every_certificate_has_its_key_and_its_authority(cluster: Cluster) -> None:
    directory = cluster.expected.serving.rpartition("/")[0]
    script = (
        f"cd {directory}; for key in *-key.pem; do name=${{key%-key.pem}}; "
        'openssl x509 -in "$name.pem" -noout -pubkey >/tmp/a; openssl pkey -in "$key" -pubout >/tmp/b; '
        'cmp /tmp/a /tmp/b && openssl verify -CAfile ca.pem "$name.pem"; stat -c %a "$key"; done; rm /tmp/a /tmp/b'
    )
    lines = cluster.lab.shell("m1", script).splitlines()
    assert len(lines) >= 4
    assert all(line == "600" or line.endswith(": OK") for line in lines)
    assert [line for line in lines if line != "600"] == [lines[index] for index in range(0, len(lines), 2)]


def test_leaders_are_elected(cluster: Cluster) -> None:
    leases = {lease["metadata"]["name"]: lease["spec"] for lease in cluster.objects("leases")}
    for name in ("kube-controller-manager", "kube-scheduler"):
        assert leases[name]["holderIdentity"].startswith("m1_")
        assert leases[name]["leaseDurationSeconds"] == 15


def test_controllers_are_who_the_layout_says(cluster: Cluster) -> None:
    own = cluster.expected is INLINE
    for name in ("kube-controller-manager", "kube-scheduler"):
        kubeconfig = cluster.flags("m1", name)["kubeconfig"]
        said = cluster.lab.run("m1", "kubectl", f"--kubeconfig={kubeconfig}", "auth", "whoami", "--output=json")
        assert json.loads(said)["status"]["userInfo"]["username"] == (f"system:{name}" if own else "admin")


def test_service_account_tokens_are_signed_as_the_layout_says(cluster: Cluster) -> None:
    flags = cluster.flags("m1", "kube-apiserver")
    directory = cluster.expected.serving.rpartition("/")[0]
    signs = f"{directory}/{'service-account' if cluster.expected is INLINE else 'ca'}-key.pem"
    assert flags["service-account-signing-key-file"] == signs
    assert cluster.flags("m1", "kube-controller-manager")["service-account-private-key-file"] == signs
    token = cluster.kubectl("create", "token", "default").strip()
    said = cluster.lab.run(
        "m1", "curl", "--silent", "--cacert", f"{directory}/ca.pem", "--header", f"Authorization: Bearer {token}",
        f"https://{cluster.addresses['m1']}:6443/apis/authentication.k8s.io",
    )  # fmt: skip
    assert json.loads(said)["kind"] == "APIGroup"


def test_secrets_are_encrypted_and_requests_audited_in_one_layout(cluster: Cluster) -> None:
    cluster.kubectl("create", "secret", "generic", "some", "--from-literal=a=visible")
    stored = cluster.etcdctl(cluster.expected.members[0], "get", "/registry/secrets/default/some", "--print-value-only")
    encrypted = cluster.expected is INLINE
    assert stored.startswith("k8s:enc:aescbc:v1:key1:") is encrypted
    assert ("visible" in stored) is not encrypted
    cluster.kubectl("delete", "secret", "some")
    if encrypted:
        assert "/api/v1/namespaces/default/secrets" in cluster.lab.run(
            "m1", "tail", "-n", "50", "/var/log/kubernetes/audit.log"
        )


@pytest.mark.parametrize("host", ["w2", "m1"])
def test_a_host_boots_with_its_services(cluster: Cluster, host: str) -> None:
    cluster.lab.event("stop", host)
    cluster.lab.event("start", host)
    names = cluster.expected.services[host]

    def active() -> bool:
        said = cluster.lab.run(host, "systemctl", "is-active", *(f"{name}.service" for name in names), check=False)
        return said.split() == ["active"] * len(names)

    def ready() -> bool:
        options = ("--request-timeout=2s", "get", "--raw=/readyz")
        return cluster.lab.run("m1", "kubectl", f"--kubeconfig={cluster.expected.admin}", *options, check=False) == "ok"

    wait_until(active, seconds=60, what=f"{', '.join(names)} on {host}")
    wait_until(ready, seconds=60, what="the API server")
    cluster.kubectl("wait", "--for=condition=Ready", "node", "--all", "--timeout=60s")
    # So is the network of its pods.
    test_the_smoke_application_answers_from_both_workers(cluster)
