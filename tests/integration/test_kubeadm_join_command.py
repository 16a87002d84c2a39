# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm_join_command against a real kubeadm and a real API server."""

from __future__ import annotations

import base64
import datetime as dt
import json
import subprocess
import typing as t

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS, run

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane
    from tests.integration.modules import Modules

_OURS = "kubeadm.ha join"
_UPLOAD_CERTS = "Proxy for managing TTL for the kubeadm-certs secret"


@pytest.fixture(autouse=True)
def without_leftovers(cluster: ControlPlane) -> t.Iterator[None]:
    """The shared control plane loses what a failed test left."""
    yield
    cluster.delete("secret/kubeadm-certs")


def options(cluster: ControlPlane, **more: t.Any) -> dict[str, t.Any]:
    """Options for a control plane whose API server is no static pod."""
    return {
        "kubeconfig": str(cluster.kubeconfig),
        "advertise_address": ADVERTISED_ADDRESS,
        "bind_port": cluster.api_port,
        **more,
    }


def tokens(cluster: ControlPlane) -> dict[str, str]:
    """Ids of the bootstrap tokens by kubectl, with their descriptions."""
    text = cluster.kubectl(
        "-n", "kube-system", "get", "secret", "--field-selector=type=bootstrap.kubernetes.io/token", "--output=json"
    )
    return {decoded(item, "token-id"): decoded(item, "description") for item in json.loads(text)["items"]}


def decoded(secret: t.Mapping[str, t.Any], key: str) -> str:
    """A value of a Secret."""
    return base64.b64decode(secret["data"].get(key, "")).decode()


def has_certificates(cluster: ControlPlane) -> bool:
    """Whether the Secret of the uploaded certificates exists, by kubectl."""
    found = cluster.kubectl("-n", "kube-system", "get", "secret", "kubeadm-certs", "--ignore-not-found", "-o", "name")
    return bool(found.strip())


def ca_hash(cluster: ControlPlane) -> str:
    """The hash of the CA's public key by openssl, as the kubeadm documentation computes it."""
    key = run(["openssl", "x509", "-pubkey", "-noout", "-in", str(cluster.pki / "ca.crt")])
    der = subprocess.run(
        ["openssl", "pkey", "-pubin", "-outform", "DER"], input=key.encode(), capture_output=True, check=True
    ).stdout
    digest = subprocess.run(["openssl", "dgst", "-sha256", "-r"], input=der, capture_output=True, check=True).stdout
    return f"sha256:{digest.decode().split()[0]}"


def test_a_worker_in_check_and_for_real_and_again(cluster: ControlPlane, modules: Modules) -> None:
    before = tokens(cluster)
    predicted = modules.run("kubeadm_join_command", check=True, diff=True, **options(cluster))
    assert tokens(cluster) == before
    assert [predicted[key] for key in ("token", "token_id", "certificate_key", "worker_command")] == [None] * 4
    assert predicted["changes"] == [
        {
            "object": "bootstrap token",
            "before": None,
            "after": "known after apply",
            "reason": "a worker joins with it",
        }
    ]

    first = modules.run("kubeadm_join_command", diff=True, **options(cluster))
    assert not first.get("failed"), first
    assert first["changes"] == predicted["changes"]
    for key in ("endpoint", "ca_cert_hashes", "api_version"):
        assert first[key] == predicted[key]
    assert first["endpoint"] == f"127.0.0.1:{cluster.api_port}"
    assert first["ca_cert_hashes"] == [ca_hash(cluster)]
    assert first["api_version"] == "kubeadm.k8s.io/v1beta4"
    assert first["token"] not in json.dumps(first["diff"])
    assert {**before, first["token_id"]: _OURS} == tokens(cluster)
    assert not has_certificates(cluster)

    second = modules.run("kubeadm_join_command", **options(cluster))
    assert second["changed"]
    assert second["token"] != first["token"]


def test_the_token_signs_in_and_only_for_its_time(cluster: ControlPlane, modules: Modules) -> None:
    made = modules.run("kubeadm_join_command", **options(cluster, ttl="90s"))
    command = [str(cluster.binaries / "kubectl"), f"--server=https://{made['endpoint']}", "--kubeconfig=/dev/null"]
    command += [f"--certificate-authority={cluster.pki / 'ca.crt'}", f"--token={made['token']}"]
    command += ["create", "--raw=/apis/authentication.k8s.io/v1/selfsubjectreviews", "-f", "-"]
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    answer = json.loads(run(command, stdin=json.dumps(review)))
    assert answer["status"]["userInfo"]["username"] == f"system:bootstrap:{made['token_id']}"
    expiration = decoded(cluster.get("secret", f"bootstrap-token-{made['token_id']}"), "expiration")
    left = dt.datetime.fromisoformat(expiration) - dt.datetime.now(dt.UTC)
    assert dt.timedelta(0) < left <= dt.timedelta(seconds=90)


def test_a_control_plane_gets_certificates_that_its_key_opens(
    cluster: ControlPlane, modules: Modules, tmp_path: Path
) -> None:
    before = tokens(cluster)
    predicted = modules.run("kubeadm_join_command", check=True, **options(cluster, control_plane=True))
    assert not has_certificates(cluster)
    made = modules.run("kubeadm_join_command", **options(cluster, control_plane=True))
    assert not made.get("failed"), made
    assert made["changes"] == predicted["changes"]
    assert [change["object"] for change in made["changes"]] == ["bootstrap token", "Secret kube-system/kubeadm-certs"]
    assert has_certificates(cluster)
    new = {token: text for token, text in tokens(cluster).items() if token not in before}
    assert sorted(new.values()) == [_UPLOAD_CERTS, _OURS]

    # kubeadm itself downloads and decrypts with what was returned; the configuration is its own version's.
    configuration = made["join_configuration"]
    configuration["controlPlane"]["localAPIEndpoint"] = {"advertiseAddress": "192.0.2.12"}
    configuration["nodeRegistration"] = {"name": "cp2", "criSocket": "unix:///run/containerd/containerd.sock"}
    validated = cluster.kubeadm("config", "validate", "--config=/dev/stdin", stdin=json.dumps(configuration))
    assert validated.strip() in ("ok", "")
    opened = decrypted(cluster, made["certificate_key"], "ca.key")
    assert opened == (cluster.pki / "ca.key").read_bytes()
    assert made["control_plane_command"].endswith(f"--control-plane --certificate-key {made['certificate_key']}")

    again = modules.run("kubeadm_join_command", **options(cluster, control_plane=True))
    assert again["certificate_key"] != made["certificate_key"]


def decrypted(cluster: ControlPlane, key: str, name: str) -> bytes:
    """A file of the Secret kubeadm-certs, decrypted as kubeadm does it (AES-256-GCM, the nonce in front)."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    secret = cluster.get("secret", "kubeadm-certs")
    sealed = base64.b64decode(secret["data"][name])
    return AESGCM(bytes.fromhex(key)).decrypt(sealed[:12], sealed[12:], None)


def test_absent_revokes_what_was_made_and_nothing_else(cluster: ControlPlane, modules: Modules) -> None:
    foreign = tokens(cluster)
    assert foreign, "kubeadm made a token of its own"
    modules.run("kubeadm_join_command", **options(cluster))
    modules.run("kubeadm_join_command", **options(cluster, control_plane=True))

    check = modules.run("kubeadm_join_command", check=True, **options(cluster, state="absent"))
    assert has_certificates(cluster)
    done = modules.run("kubeadm_join_command", **options(cluster, state="absent"))
    assert done["changes"] == check["changes"]
    assert {change["object"]: change["before"] for change in done["changes"]} == {
        "bootstrap token": {"tokens": 3},
        "Secret kube-system/kubeadm-certs": "the cluster's certificates and keys",
    }
    assert tokens(cluster) == foreign
    assert not has_certificates(cluster)
    for check_mode in (True, False):
        again = modules.run("kubeadm_join_command", check=check_mode, **options(cluster, state="absent"))
        assert not again["changed"], again
        assert again["changes"] == []


def test_absent_with_an_id_revokes_that_token_only(cluster: ControlPlane, modules: Modules) -> None:
    kept = modules.run("kubeadm_join_command", **options(cluster))
    revoked = modules.run("kubeadm_join_command", **options(cluster))
    done = modules.run("kubeadm_join_command", **options(cluster, state="absent", token_id=revoked["token_id"]))
    assert done["changed"]
    assert kept["token_id"] in tokens(cluster)
    assert revoked["token_id"] not in tokens(cluster)
    again = modules.run("kubeadm_join_command", **options(cluster, state="absent", token_id=revoked["token_id"]))
    assert not again["changed"]


def test_with_each_api_adapter(cluster: ControlPlane, modules_with_each_adapter: Modules) -> None:
    made = modules_with_each_adapter.run("kubeadm_join_command", **options(cluster))
    assert tokens(cluster)[made["token_id"]] == _OURS
    assert modules_with_each_adapter.run("kubeadm_join_command", **options(cluster, state="absent"))["changed"]
    assert made["token_id"] not in tokens(cluster)


def test_a_failed_upload_revokes_its_token_and_reports_no_secret(cluster: ControlPlane, modules: Modules) -> None:
    before = tokens(cluster)
    hidden = cluster.pki / "front-proxy-ca.key"
    content = hidden.read_bytes()
    hidden.unlink()
    try:
        failed = modules.run("kubeadm_join_command", **options(cluster, control_plane=True))
    finally:
        hidden.write_bytes(content)
        hidden.chmod(0o600)
    assert failed["failed"]
    assert "kubeadm init phase upload-certs failed" in failed["msg"]
    assert "front-proxy" in failed["msg"]
    assert tokens(cluster) == before


def test_bad_inputs_are_refused(cluster: ControlPlane, modules: Modules) -> None:
    before = tokens(cluster)
    for wrong, named in (
        ({"ttl": "16m"}, "option ttl"),
        ({"ttl": "0"}, "option ttl"),
        ({"ttl": "900"}, "option ttl"),
        ({"endpoint": "not an endpoint"}, "endpoint"),
        ({"state": "absent", "token_id": "../../x"}, "option token_id"),
    ):
        refused = modules.run("kubeadm_join_command", **options(cluster, **wrong))
        assert refused["failed"], wrong
        assert named in refused["msg"]
    assert tokens(cluster) == before


def test_a_cluster_without_cluster_info_is_refused(cluster: ControlPlane, modules: Modules) -> None:
    cluster.delete("configmap/cluster-info", namespace="kube-public")
    refused = modules.run("kubeadm_join_command", **options(cluster))
    assert "There is no ConfigMap kube-public/cluster-info" in refused["msg"]


def test_it_runs_through_ansible(cluster: ControlPlane, modules: Modules) -> None:
    made = modules.run_by_ansible("kubeadm_join_command", **options(cluster))
    assert tokens(cluster)[made["token_id"]] == _OURS
