# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens and uploaded certificates: what is asked of kubeadm and of the API."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiError,
    CommandFailed,
    InvalidInput,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.local_control_plane import Overrides
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import bootstrap_token, join_command
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_command import Request
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles, make_ca
from tests.unit.plugins.memory_api import MemoryApi, MemoryCommands

CA = make_ca()
TOKEN = "abcdef.0123456789abcdef"
KEY = "c0ffee" * 10 + "beef"
CONFIGURATION = {
    "apiVersion": "kubeadm.k8s.io/v1beta4",
    "kind": "ClusterConfiguration",
    "kubernetesVersion": "v1.34.4",
    "clusterName": "kubernetes",
}


class Keys:
    """``CertificateKeys`` with one key."""

    def new(self) -> str:
        """The key."""
        return KEY


def configmap(namespace: str, name: str, **data: str) -> dict[str, t.Any]:
    """A ConfigMap."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"namespace": namespace, "name": name}, "data": data}


def cluster_info(server: str = "https://192.0.2.10:6443") -> dict[str, t.Any]:
    """The ConfigMap cluster-info."""
    cluster = {"server": server, "certificate-authority-data": base64.b64encode(CA.certificate).decode()}
    document = {"apiVersion": "v1", "kind": "Config", "clusters": [{"name": "", "cluster": cluster}]}
    return configmap("kube-public", "cluster-info", kubeconfig=yaml.safe_dump(document))


def secret(
    name: str, *, description: str | None = None, kind: str = "bootstrap.kubernetes.io/token"
) -> dict[str, t.Any]:
    """A Secret."""
    data = {} if description is None else {"description": base64.b64encode(description.encode()).decode()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": {"namespace": "kube-system", "name": name},
        "data": data,
    }


def api(*more: dict[str, t.Any], configuration: t.Mapping[str, t.Any] | None = None) -> MemoryApi:
    """A cluster of kubeadm."""
    text = yaml.safe_dump(dict(configuration or CONFIGURATION))
    stored = configmap("kube-system", "kubeadm-config", ClusterConfiguration=text)
    return MemoryApi(cluster_info(), stored, *more)


def kubeadm(cluster: MemoryApi, *, fails_at: str | None = None) -> MemoryCommands:
    """A kubeadm that makes what the real one makes."""

    def run(arguments: t.Sequence[str], stdin: str | None) -> CommandResult:
        phase = "upload-certs" if "upload-certs" in arguments else "token"
        if fails_at == phase:
            return CommandResult(1, "", f"error: it broke on {KEY}\n")
        if phase == "token":
            cluster.put(secret(f"bootstrap-token-{TOKEN[:6]}", description=bootstrap_token.TOKEN_DESCRIPTION))
            return CommandResult(0, f"{TOKEN}\n", "W1121 a warning\n")
        cluster.put(secret("kubeadm-certs", kind="Opaque"))
        return CommandResult(0, "", "")

    return MemoryCommands(kubeadm=run)


FILES = MemoryFiles({"/etc/kubernetes/pki/ca.key": b"x"})


def present(cluster: MemoryApi, commands: MemoryCommands, files: MemoryFiles = FILES, **more: t.Any) -> t.Any:
    """The use case."""
    values: dict[str, t.Any] = {
        "control_plane": False,
        "ttl": "15m",
        "kubeconfig": "/etc/kubernetes/admin.conf",
        "manifests_dir": "/etc/kubernetes/manifests",
        "host_name": "cp1",
        "overrides": Overrides(advertise_address="192.0.2.11"),
        **more,
    }
    return join_command.ensure(
        cluster, commands, files, PyYaml(), CryptographyX509(), Keys(), request=Request(**values)
    )


def test_a_worker() -> None:
    cluster = api()
    commands = kubeadm(cluster)
    decision = present(cluster, commands)
    assert commands.asked == []
    assert [change.object for change in decision.changes] == ["bootstrap token"]
    assert decision.values["token"] is None
    made = decision.act()
    assert (made["token"], made["token_id"], made["certificate_key"]) == (TOKEN, "abcdef", None)
    (ca,) = decision.values["ca_cert_hashes"]
    assert made["worker_command"] == (
        f"kubeadm join 192.0.2.10:6443 --token {TOKEN} --discovery-token-ca-cert-hash {ca}"
    )
    assert made["control_plane_command"] is None
    assert "controlPlane" not in made["join_configuration"]
    assert commands.asked == [
        (
            [
                "kubeadm",
                "token",
                "create",
                "--kubeconfig=/etc/kubernetes/admin.conf",
                "--ttl=15m",
                "--description=kubeadm.ha join",
            ],
            None,
        )
    ]


ADMIN = """\
apiVersion: v1
kind: Config
current-context: a
contexts: [{name: a, context: {cluster: kubernetes, user: admin}}]
clusters:
- name: kubernetes
  cluster:
    server: https://nowhere.invalid:6443
users:
- name: admin
  user: {token: secret}
"""


@pytest.mark.parametrize("control_plane", [False, True])
def test_kubeadm_asks_another_server_than_the_kubeconfig_s(control_plane: bool) -> None:
    cluster = api()
    seen: list[t.Any] = []
    made = kubeadm(cluster)

    def run(arguments: t.Sequence[str], stdin: str | None) -> CommandResult:
        (kubeconfig,) = (item.partition("=")[2] for item in arguments if item.startswith("--kubeconfig="))
        seen.append(yaml.safe_load(commands.held[kubeconfig]))
        return made.answers["kubeadm"](arguments, stdin)

    commands = MemoryCommands(kubeadm=run)
    files = MemoryFiles({"/etc/kubernetes/pki/ca.key": b"x", "/etc/kubernetes/admin.conf": ADMIN.encode()})
    decision = present(cluster, commands, files, control_plane=control_plane, server=Endpoint("192.0.2.11", 6443))
    decision.act()
    assert len(seen) == (2 if control_plane else 1)
    for document in seen:
        assert document["clusters"][0]["cluster"] == {"server": "https://192.0.2.11:6443"}
        assert document["users"] == yaml.safe_load(ADMIN)["users"]
    assert commands.held == {}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "There is no kubeconfig /etc/kubernetes/admin.conf"),
        (b"token: [sesame", "/etc/kubernetes/admin.conf is no kubeconfig with a cluster"),
        (b"\xff", "is no kubeconfig with a cluster"),
        (b"clusters: []", "is no kubeconfig with a cluster"),
    ],
)
def test_a_kubeconfig_whose_server_cannot_be_set(content: bytes | None, message: str) -> None:
    files = MemoryFiles({} if content is None else {"/etc/kubernetes/admin.conf": content})
    with pytest.raises(UnsupportedState, match=message) as caught:
        present(api(), kubeadm(api()), files, server=Endpoint("192.0.2.11", 6443)).act()
    assert "sesame" not in caught.value.message


def test_a_control_plane_s_key_is_never_an_argument() -> None:
    cluster = api()
    commands = kubeadm(cluster)
    made = present(cluster, commands, control_plane=True).act()
    assert made["certificate_key"] == KEY
    assert made["join_configuration"]["controlPlane"] == {"certificateKey": KEY}
    assert all(
        KEY not in " ".join(arguments) and TOKEN not in " ".join(arguments) for arguments, _stdin in commands.asked
    )
    arguments, stdin = commands.asked[1]
    assert "--skip-certificate-key-print" in arguments
    initial, stored = (json.loads(text) for text in (stdin or "").split("\n---\n"))
    assert initial == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "InitConfiguration",
        "certificateKey": KEY,
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.11", "bindPort": 6443},
        "nodeRegistration": {"name": "cp1"},
    }
    assert stored == CONFIGURATION


def test_a_control_plane_that_gets_its_certificates_otherwise_uploads_nothing() -> None:
    cluster = api()
    commands = kubeadm(cluster)
    # Without the CA's key there would be nothing to upload.
    decision = present(cluster, commands, MemoryFiles({}), control_plane=True, uploads=False)
    assert [change.object for change in decision.changes] == ["bootstrap token"]
    made = decision.act()
    assert made["certificate_key"] == KEY
    assert made["join_configuration"]["controlPlane"] == {}
    assert made["control_plane_command"] == f"{made['worker_command']} --control-plane"
    assert len(commands.asked) == 1
    assert KEY not in str(commands.asked)


OLD = {**CONFIGURATION, "apiVersion": "kubeadm.k8s.io/v1beta3", "kubernetesVersion": "v1.28.15"}
LEARNERS = "EtcdLearnerMode of ConfigMap kube-system/kubeadm-config"


def stored_gates(cluster: MemoryApi) -> t.Any:
    """The feature gates of the stored ClusterConfiguration."""
    found = cluster.get("configmap", "kubeadm-config", namespace="kube-system") or {}
    return yaml.safe_load(found["data"]["ClusterConfiguration"]).get("featureGates")


def test_the_gate_for_learners_is_set_for_a_control_plane_and_taken_away_with_the_token() -> None:
    cluster = api(configuration=OLD)
    decision = present(cluster, kubeadm(cluster), control_plane=True)
    made = ["bootstrap token", "Secret kube-system/kubeadm-certs", LEARNERS]
    assert [change.object for change in decision.changes] == made
    assert stored_gates(cluster) is None
    decision.act()
    assert stored_gates(cluster) == {"EtcdLearnerMode": True}
    taken = join_command.absent(cluster, PyYaml())
    assert [change.object for change in taken.changes] == made
    taken.act()
    assert stored_gates(cluster) is None
    assert join_command.absent(cluster, PyYaml()).changes == ()


def test_a_worker_needs_no_gate() -> None:
    cluster = api(configuration=OLD)
    decision = present(cluster, kubeadm(cluster))
    assert [change.object for change in decision.changes] == ["bootstrap token"]
    decision.act()
    assert stored_gates(cluster) is None


def test_a_gate_that_cannot_be_set_takes_everything_back() -> None:
    cluster = api(configuration=OLD)

    def meanwhile() -> None:
        raise ApiError("the API went away")

    cluster.before_replace = meanwhile
    with pytest.raises(ApiError, match="went away"):
        present(cluster, kubeadm(cluster), control_plane=True).act()
    assert [name for kind, _namespace, name in cluster.objects if kind == "secret"] == []
    assert stored_gates(cluster) is None


def test_another_endpoint_for_the_discovery() -> None:
    decision = present(api(), kubeadm(api()), endpoint=Endpoint("192.0.2.99", 8443))
    assert decision.values["endpoint"] == "192.0.2.99:8443"


def test_a_failed_upload_takes_its_token_back_and_reports_no_key() -> None:
    cluster = api(secret("bootstrap-token-foreig", description="mine"))
    with pytest.raises(
        CommandFailed, match="upload-certs failed with return code 1: error: it broke on \\*\\*\\*"
    ) as caught:
        present(cluster, kubeadm(cluster, fails_at="upload-certs"), control_plane=True).act()
    assert KEY not in str(caught.value.details)
    assert {name for kind, _namespace, name in cluster.objects if kind == "secret"} == {"bootstrap-token-foreig"}


def test_the_first_failure_is_reported_when_tidying_fails_too() -> None:
    cluster = api()

    def broken(*_arguments: t.Any, **_options: t.Any) -> t.Any:
        raise ApiError("the API went away")

    decision = present(cluster, kubeadm(cluster, fails_at="upload-certs"), control_plane=True)
    cluster.list = broken  # type: ignore[method-assign]
    with pytest.raises(CommandFailed, match="upload-certs failed"):
        decision.act()


@pytest.mark.parametrize("output", ["", "no token here", "abcdef.short"])
def test_a_kubeadm_that_prints_no_token(output: str) -> None:
    commands = MemoryCommands(kubeadm=lambda _arguments, _stdin: CommandResult(0, output, ""))
    with pytest.raises(CommandFailed, match="printed no token"):
        present(api(), commands).act()


def test_a_kubeadm_that_makes_no_token() -> None:
    cluster = api()
    with pytest.raises(CommandFailed, match="kubeadm token create failed with return code 1"):
        present(cluster, kubeadm(cluster, fails_at="token")).act()


def test_absent_finds_its_own_by_their_descriptions() -> None:
    cluster = api(
        secret("bootstrap-token-aaaaaa", description="kubeadm.ha join"),
        secret("bootstrap-token-bbbbbb", description="Proxy for managing TTL for the kubeadm-certs secret"),
        secret("bootstrap-token-cccccc", description="kubeadm.ha join of somebody else"),
        secret("bootstrap-token-dddddd"),
        secret("similar", description="kubeadm.ha join", kind="Opaque"),
        secret("kubeadm-certs", kind="Opaque"),
    )
    decision = join_command.absent(cluster, PyYaml())
    assert [change.before for change in decision.changes] == [{"tokens": 2}, "the cluster's certificates and keys"]
    decision.act()
    left = {name for kind, _namespace, name in cluster.objects if kind == "secret"}
    assert left == {"bootstrap-token-cccccc", "bootstrap-token-dddddd", "similar"}
    assert join_command.absent(cluster, PyYaml()).changes == ()


def test_absent_with_an_id() -> None:
    cluster = api(
        secret("bootstrap-token-aaaaaa", description="kubeadm.ha join"),
        secret("bootstrap-token-bbbbbb", description="kubeadm.ha join"),
        secret("kubeadm-certs", kind="Opaque"),
    )
    decision = join_command.absent(cluster, PyYaml(), token_id="aaaaaa")
    decision.act()
    assert cluster.get("secret", "bootstrap-token-aaaaaa", namespace="kube-system") is None
    assert cluster.get("secret", "bootstrap-token-bbbbbb", namespace="kube-system") is not None
    assert cluster.get("secret", "kubeadm-certs", namespace="kube-system") is not None
    assert join_command.absent(cluster, PyYaml(), token_id="aaaaaa").changes == ()


@pytest.mark.parametrize("ttl", ["15m", "900s", "1s", "10m30s", "0.25h"])
def test_good_lives(ttl: str) -> None:
    join_command.check_ttl(ttl)


@pytest.mark.parametrize("ttl", ["", "0", "0s", "15", "15m1s", "1h", "-5m", "5 m", "m", "15m x", "24h0m0s", "0.5s"])
def test_bad_lives(ttl: str) -> None:
    with pytest.raises(InvalidInput, match="option ttl"):
        join_command.check_ttl(ttl)


@pytest.mark.parametrize(
    "broken",
    [
        configmap("kube-public", "cluster-info"),
        configmap("kube-public", "cluster-info", kubeconfig="clusters: []"),
        configmap("kube-public", "cluster-info", kubeconfig="["),
        configmap(
            "kube-public", "cluster-info", kubeconfig="clusters: [{cluster: {server: 'https://192.0.2.1:6443'}}]"
        ),
    ],
)
def test_a_broken_cluster_info_is_named(broken: dict[str, t.Any]) -> None:
    cluster = api()
    cluster.put(broken)
    with pytest.raises(UnsupportedState, match="ConfigMap kube-public/cluster-info holds no kubeconfig"):
        present(cluster, kubeadm(cluster))


def test_what_a_control_plane_cannot_upload() -> None:
    old = api(configuration={**CONFIGURATION, "apiVersion": "kubeadm.k8s.io/v1beta1"})
    with pytest.raises(UnsupportedState, match="kubeadm config migrate"):
        present(old, kubeadm(old), control_plane=True)
    with pytest.raises(UnsupportedState, match="external CA"):
        present(api(), kubeadm(api()), MemoryFiles({}), control_plane=True)
