# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host says against its reset: a doubt is an objection."""

from __future__ import annotations

import json
import types
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import reset_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import endpoint_view as seen
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError
from tests.unit.plugins.module_utils._domain.plan.test_planning import NamedCertificates

if t.TYPE_CHECKING:
    from pathlib import Path

    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint

MANIFESTS = "/etc/kubernetes/manifests"
API_SERVER = (
    "kind: Pod\nspec:\n  containers:\n  - name: c\n    command:\n    - kube-apiserver\n"
    "    - --advertise-address=192.0.2.12\n    - --bind-address=0.0.0.0\n    - --secure-port=6443\n"
)
ETCD = (
    "kind: Pod\nspec:\n  containers:\n  - name: c\n    command:\n    - etcd\n    volumeMounts:\n"
    "    - mountPath: /var/lib/etcd\n      name: etcd-data\n  volumes:\n  - name: etcd-data\n    hostPath:\n"
    "      path: {path}\n"
)
DOWN = (seen.REFUSED, None)


class Texts:
    """``Files`` of these texts."""

    def __init__(self, **found: str) -> None:
        """Manifests by name."""
        self.found = {f"{MANIFESTS}/{name.replace('_', '-')}.yaml": text.encode() for name, text in found.items()}

    def read(self, path: str) -> bytes | None:
        """The text."""
        return self.found.get(path)

    def exists(self, path: str) -> bool:
        """Whether it is there."""
        return path in self.found

    def names(self, path: str) -> list[str]:
        """Nothing."""
        return []


def inspection(files: Texts, directory: Path) -> reset_inspection.ResetInspection:
    """An inspection of a host with these files."""
    return reset_inspection.ResetInspection(
        t.cast("t.Any", files), PyYaml(), NamedCertificates(), certificates_dir=str(directory), node_name="cp2"
    )


@pytest.fixture(autouse=True)
def without_etcd(monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """Nothing answers as etcd, unless the dictionary has a status."""
    answer: dict[str, t.Any] = {}

    def status(_endpoint: str) -> dict[str, t.Any]:
        if not answer:
            raise EtcdError("nobody answers")
        return answer

    gateway = types.SimpleNamespace(of_kubeadm=lambda _directory, timeout: types.SimpleNamespace(status=status))
    monkeypatch.setattr(reset_inspection, "EtcdGateway", gateway)
    return answer


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({}, ""),
        ({"192.0.2.12": (seen.ANSWERED, 200)}, "192.0.2.12:6443"),
        ({"192.0.2.12": (seen.ANSWERED, 401)}, "192.0.2.12:6443"),
        ({"192.0.2.12": (seen.ANSWERED, 403)}, "192.0.2.12:6443"),
        ({"192.0.2.12": (seen.SILENT, None)}, "192.0.2.12:6443"),
        ({"192.0.2.12": (seen.UNTRUSTED, None)}, "192.0.2.12:6443"),
        ({"192.0.2.12": (seen.ANSWERED, 500)}, ""),
        ({"192.0.2.12": (seen.ANSWERED, 503)}, ""),
        ({"192.0.2.12": (seen.CLOSED, None)}, ""),
        # It listens on every address: what it says at the one of its certificate counts.
        ({"192.0.2.12": (seen.ANSWERED, 500), "127.0.0.1": (seen.WRONG_NAME, None)}, ""),
        # It listens on loopback only.
        ({"127.0.0.1": (seen.WRONG_NAME, None)}, "127.0.0.1:6443"),
        ({"::1": (seen.ANSWERED, 200)}, "[::1]:6443"),
    ],
)
def test_only_an_api_server_that_is_clearly_not_ready_is_none(
    answers: dict[str, tuple[str, int | None]], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Probe:
        def __init__(self, **_options: t.Any) -> None:
            pass

        def inspect(self, endpoint: Endpoint) -> seen.View:
            outcome, status = answers.get(endpoint.host, DOWN)
            return seen.View(endpoint, (endpoint.host,), "", (seen.Attempt(endpoint.host, outcome, status=status),))

    monkeypatch.setattr(reset_inspection, "HostEndpointProbe", Probe)
    assert inspection(Texts(kube_apiserver=API_SERVER), tmp_path).collect().api_server == expected
    assert inspection(Texts(), tmp_path).collect().api_server == "", "without a manifest there is none of this host"


@pytest.mark.parametrize(
    ("etcd", "servers", "status", "expected"),
    [
        # What a join leaves whose etcd is a learner, or whose member was taken out.
        ({"isLearner": True}, "https://127.0.0.1:2379", 403, ""),
        ({}, "https://127.0.0.1:2379", 403, ""),
        ({}, "https://[::1]:2379", 401, ""),
        ({}, "https://127.0.0.1:2379", 200, "192.0.2.12:6443"),
        ({"leader": "1"}, "https://127.0.0.1:2379", 403, "192.0.2.12:6443"),
        ({}, "https://127.0.0.1:2379,https://192.0.2.11:2379", 403, "192.0.2.12:6443"),
        ({}, "https://192.0.2.31:2379", 403, "192.0.2.12:6443"),
        ({}, "nonsense:port", 403, "192.0.2.12:6443"),
    ],
)
def test_an_api_server_whose_only_etcd_has_no_vote_is_none(
    etcd: dict[str, t.Any],
    servers: str,
    status: int,
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    without_etcd: dict[str, t.Any],
) -> None:
    class Probe:
        def __init__(self, **_options: t.Any) -> None:
            pass

        def inspect(self, endpoint: Endpoint) -> seen.View:
            return seen.View(endpoint, (), "", (seen.Attempt(endpoint.host, seen.ANSWERED, status=status),))

    without_etcd.update(etcd)
    monkeypatch.setattr(reset_inspection, "HostEndpointProbe", Probe)
    files = Texts(kube_apiserver=f"{API_SERVER}    - --etcd-servers={servers}\n")
    assert inspection(files, tmp_path).collect().api_server == expected


@pytest.mark.parametrize(
    ("status", "expected"), [({}, False), ({"isLearner": True, "leader": "1"}, False), ({"leader": "1"}, True)]
)
def test_an_etcd_that_answers_and_is_no_learner_has_a_vote(
    status: dict[str, t.Any], *, expected: bool, tmp_path: Path, without_etcd: dict[str, t.Any]
) -> None:
    without_etcd.update(status)
    assert inspection(Texts(), tmp_path).collect().has_vote is expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (Texts(), ""),
        (Texts(etcd=ETCD.format(path="/var/lib/etcd")), "/var/lib/etcd"),
        (Texts(etcd=ETCD.format(path="/data/etcd/")), "/data/etcd"),
        (Texts(etcd="kind: Pod\n"), ""),
        (Texts(etcd="{"), ""),
    ],
)
def test_the_data_of_etcd_are_where_its_manifest_says(files: Texts, expected: str, tmp_path: Path) -> None:
    assert inspection(files, tmp_path).etcd_data() == expected


def test_every_ca_on_the_host_is_reported(tmp_path: Path) -> None:
    files = Texts()
    files.found[f"{tmp_path}/ca.crt"] = b"CN=kubernetes|sha256:ca|"
    files.found["/etc/kubernetes/kubelet.conf"] = (
        b"kind: Config\nclusters:\n- cluster:\n    certificate-authority-data: Q049a3xzaGEyNTY6b3RoZXJ8\n"
    )
    files.found["/etc/kubernetes/admin.conf"] = b"{"
    found = inspection(files, tmp_path)
    assert set(found.collect().ca_hashes) == {frozenset({"sha256:ca"}), frozenset({"sha256:other"})}
    # Of two clusters both are, although no context says which is the current one.
    files.found["/etc/kubernetes/scheduler.conf"] = json.dumps(
        {"clusters": [{"name": name, "cluster": {"certificate-authority": f"/{name}.crt"}} for name in "ab"]}
    ).encode()
    files.found.update({f"/{name}.crt": f"CN=x|sha256:{name}|".encode() for name in "ab"})
    assert set(found.collect().ca_hashes) >= {frozenset({"sha256:a"}), frozenset({"sha256:b"})}
