# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles made of a single control plane, seen by kubectl, openssl, curl and find on its node."""

import json

import pytest

KUBECTL = "kubectl --kubeconfig=/etc/kubernetes/admin.conf"
BACKUPS = "/srv/backups"


@pytest.fixture
def endpoint(host) -> str:
    """The control plane endpoint of the inventory."""
    return host.backend.get_variables()["kubeadm_ha_endpoint"]


def configmap(host, namespace: str, name: str) -> dict[str, str]:
    """The data of a ConfigMap."""
    return json.loads(host.check_output(f"{KUBECTL} --namespace={namespace} get configmap {name} --output=json"))[
        "data"
    ]


def test_the_certificate_has_the_wanted_sans_and_is_served(host, endpoint) -> None:
    address = endpoint.rpartition(":")[0]
    command = f"openssl s_client -connect {endpoint} -CAfile /etc/kubernetes/pki/ca.crt -verify_return_error"
    for option in (f"-verify_ip {address}", "-verify_hostname k8s.example.org", "-verify_hostname kubernetes"):
        shown = host.run(f"{command} {option} </dev/null")
        assert "Verify return code: 0 (ok)" in shown.stdout, shown.stdout + shown.stderr
    served = host.check_output(f"{command} </dev/null 2>/dev/null | openssl x509 -noout -serial")
    assert served == host.check_output("openssl x509 -noout -serial -in /etc/kubernetes/pki/apiserver.crt")


def test_key_and_certificate_belong_together(host) -> None:
    public = host.check_output("openssl x509 -noout -pubkey -in /etc/kubernetes/pki/apiserver.crt")
    assert public == host.check_output("openssl pkey -pubout -in /etc/kubernetes/pki/apiserver.key")
    assert host.file("/etc/kubernetes/pki/apiserver.key").mode == 0o600


def test_the_api_server_was_not_restarted(host) -> None:
    pod = json.loads(host.check_output(f"{KUBECTL} -n kube-system get pod kube-apiserver-cp1 --output=json"))
    assert pod["status"]["containerStatuses"][0]["restartCount"] == 0


def test_objects_of_the_cluster_name_the_endpoint(host, endpoint) -> None:
    stored = configmap(host, "kube-system", "kubeadm-config")["ClusterConfiguration"]
    assert f"controlPlaneEndpoint: {endpoint}\n" in stored
    assert f"server: https://{endpoint}\n" in configmap(host, "kube-public", "cluster-info")["kubeconfig"]
    assert f"server: https://{endpoint}\n" in configmap(host, "kube-system", "kube-proxy")["kubeconfig.conf"]


@pytest.mark.parametrize("name", ["admin.conf", "super-admin.conf"])
def test_kubeconfigs_name_the_endpoint_and_work(host, endpoint, name) -> None:
    file = host.file(f"/etc/kubernetes/{name}")
    assert f"server: https://{endpoint}\n" in file.content_string
    assert file.mode == 0o600
    assert host.check_output(f"kubectl --kubeconfig=/etc/kubernetes/{name} get --raw=/readyz") == "ok"


def test_the_worker_is_ready_and_the_member_was_left_alone(host) -> None:
    nodes = json.loads(host.check_output(f"{KUBECTL} get nodes --output=json"))["items"]
    ready = {
        node["metadata"]["name"]
        for node in nodes
        if {"type": "Ready", "status": "True"}.items()
        <= next(item for item in node["status"]["conditions"] if item["type"] == "Ready").items()
    }
    assert ready == {"cp1", "w1"}
    tokens = host.check_output(
        f"{KUBECTL} -n kube-system get secrets --field-selector=type=bootstrap.kubernetes.io/token"
    )
    assert tokens == ""


def test_the_backup_is_private_and_complete(host) -> None:
    # The idempotence run leaves the role out, so there is the one of the converge run.
    (name,) = host.check_output(f"ls {BACKUPS}").split()
    assert host.check_output(f"find {BACKUPS} -type d ! -perm 0700 -o -type f ! -perm 0600") == ""
    files = host.check_output(f"cd {BACKUPS}/{name} && find . -type f").split()
    assert {"./files/etc/kubernetes/pki/ca.key", "./etcd/snapshot.db", "./manifest.json"} <= set(files)
    stored = json.loads(host.file(f"{BACKUPS}/{name}/cluster/kube-system/configmap/kubeadm-config.json").content_string)
    assert "controlPlaneEndpoint" not in stored["data"]["ClusterConfiguration"], "it is of the time before"
