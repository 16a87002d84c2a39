# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_init with a real kubeadm on a private host: the CAs, and whether kubeadm takes the documents.

The init itself needs a kubelet and a container runtime of its own: the lab has them.
"""

from __future__ import annotations

import json
import shutil
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import init_configuration
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.init_documents import InitDocuments
from tests.integration.control_plane import ADVERTISED_ADDRESS, run

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules
    from tests.integration.private_host import PrivateHost

OBJECTS = ["ca", "front-proxy-ca", "etcd-ca", "sa"]


def inputs(plane: ControlPlane, **more: t.Any) -> dict[str, t.Any]:
    """What an inventory says, for the version of the kubeadm that is there."""
    return {
        "endpoint": "k8s.example.org:6443",
        "kubernetes_version": run([str(plane.binaries / "kubeadm"), "version", "-o", "short"]).strip(),
        "node_name": "cp1",
        "advertise_address": ADVERTISED_ADDRESS,
        "pod_subnet": "10.244.0.0/16",
        "service_subnet": "10.96.0.0/12",
        "sans": ["k8s.example.org", "192.0.2.12"],
        "etcd_sans": ["192.0.2.12"],
        "cri_socket": "unix:///run/containerd/containerd.sock",
        **more,
    }


def built(modules: Modules, plane: ControlPlane, **more: t.Any) -> list[dict[str, t.Any]]:
    """The documents as the controller builds them."""
    result = modules.run_by_ansible("kubeadm_init_configuration", name="cp1", inputs=inputs(plane, **more))
    assert result["decision"] == {"changes": [], "problems": []}
    return t.cast("list[dict[str, t.Any]]", result["configuration"])


def test_the_authorities_are_made_once(
    host: PrivateHost, plane: ControlPlane, modules: Modules, modules_on_host: Modules
) -> None:
    documents = built(modules, plane)
    pki = host.kubernetes / "pki"
    for check, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = modules_on_host.run("kubeadm_init", check=check, phase="authorities", configuration=documents)
        assert not result.get("failed"), result
        assert result["changed"] is changed
        assert [change["after"] for change in result["changes"]] == ([OBJECTS] if changed else [])
        assert pki.exists() is not (check and changed)
    made = {str(path.relative_to(pki)) for path in pki.rglob("*") if path.is_file()}
    assert made == {
        *(f"{name}.{end}" for name in ("ca", "front-proxy-ca", "etcd/ca") for end in ("crt", "key")),
        *("sa.key", "sa.pub"),
    }
    marker = host.lib / "kubeadm-ha" / "init.json"
    assert (json.loads(marker.read_text())["state"], marker.stat().st_mode & 0o777) == ("creating", 0o600)
    subject = run(["openssl", "x509", "-noout", "-subject", "-in", str(pki / "ca.crt")])
    assert "kubernetes" in subject
    planned = modules_on_host.run("kubeadm_init", check=True, configuration=documents)
    assert [(change["object"], change["before"]) for change in planned["changes"]] == [("control plane cp1", None)]
    everything = "".join(json.dumps(item) for item in (result, planned))
    assert "PRIVATE KEY" not in everything
    assert (pki / "ca.key").read_text().splitlines()[1] not in everything


def test_a_killed_creation_of_the_authorities_is_resumed_with_the_same_ca(
    host: PrivateHost, plane: ControlPlane, modules: Modules, modules_on_host: Modules
) -> None:
    documents = built(modules, plane)
    options: dict[str, t.Any] = {"phase": "authorities", "configuration": documents}
    modules_on_host.run("kubeadm_init", **options)
    pki = host.kubernetes / "pki"
    before = (pki / "ca.crt").read_bytes()
    (pki / "front-proxy-ca.crt").write_bytes(b"-----BEGIN CERT")
    (pki / "sa.pub").unlink()
    shutil.rmtree(pki / "etcd")
    result = modules_on_host.run("kubeadm_init", **options)
    assert not result.get("failed"), result
    assert [change["before"] for change in result["changes"]] == [["ca"]]
    assert (pki / "ca.crt").read_bytes() == before
    run(["openssl", "verify", "-CAfile", str(pki / "front-proxy-ca.crt"), str(pki / "front-proxy-ca.crt")])
    assert (pki / "sa.pub").exists()


def test_a_ca_of_somebody_else_is_refused(
    host: PrivateHost, plane: ControlPlane, modules: Modules, modules_on_host: Modules
) -> None:
    host.kubeadm("init", "phase", "certs", "ca", "--kubernetes-version=v1.34.0")
    for phase in ("authorities", "init"):
        refused = modules_on_host.run("kubeadm_init", check=True, phase=phase, configuration=built(modules, plane))
        assert "a cluster's CA that kubeadm.ha did not make" in refused["msg"]


VARIANTS: dict[str, dict[str, t.Any]] = {
    "plain": {},
    "everything": {
        "image_repository": "mirror.example.org/k8s",
        "node_labels": {"site": "eu-1"},
        "node_taints": [{"key": "dedicated", "value": "control", "effect": "NoSchedule"}],
        "kubelet_extra_args": {"node-ip": ADVERTISED_ADDRESS},
        "encryption_config": "/etc/kubernetes/encryption.yaml",
        "init_configuration": {
            "nodeRegistration": {"imagePullPolicy": "IfNotPresent"},
            "skipPhases": ["addon/kube-proxy"],
        },
        "cluster_configuration": {"clusterName": "blue", "scheduler": {"extraArgs": {"v": "2"}}},
        "kubelet_configuration": {"cgroupDriver": "systemd"},
        "kube_proxy_configuration": {"mode": "ipvs"},
    },
    "external etcd": {
        "external_etcd": {
            "endpoints": ["https://192.0.2.21:2379"],
            "ca_file": "/etc/etcd/ca.crt",
            "cert_file": "/etc/etcd/client.crt",
            "key_file": "/etc/etcd/client.key",
        }
    },
    "the older version of the API": {"kubernetes_version": "v1.30.14"},
    "both families": {"pod_subnet": "10.244.0.0/16,fd00:1::/48", "service_subnet": "10.96.0.0/16,fd00:2::/112"},
}


@pytest.mark.parametrize("name", VARIANTS)
def test_kubeadm_takes_the_documents(name: str, host: PrivateHost, plane: ControlPlane) -> None:
    parsed, problems = init_configuration.parse(inputs(plane, **VARIANTS[name]))
    assert (problems, parsed is None) == ((), False)
    assert parsed is not None
    documents, problems = init_configuration.build(parsed)
    assert problems == ()
    # The kubeadm of the lab reads the older version of the API still, but makes no cluster of its age.
    documents = tuple(
        {**document, "kubernetesVersion": "v1.34.0"} if document["kind"] == "ClusterConfiguration" else document
        for document in documents
    )
    path = host.etc / "kubeadm.yaml"
    path.write_text(InitDocuments.parse(documents).text(ignored=("NumCPU",)), encoding="utf-8")
    host.kubeadm("config", "validate", "--config=/etc/kubeadm.yaml")


def test_problems_of_the_inputs_are_reported_by_ansible(modules: Modules, plane: ControlPlane) -> None:
    wrong = inputs(plane, cluster_configuration={"controlPlaneEndpoint": "other:6443"})
    result = modules.run_by_ansible("kubeadm_init_configuration", name="cp1", inputs=wrong)
    assert result["configuration"] == []
    (problem,) = result["decision"]["problems"]
    assert problem["subject"] == "kubeadm_ha_cluster_configuration"
