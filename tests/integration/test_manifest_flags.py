# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Differences of manifests, with the manifests that the real kubeadm renders."""

from __future__ import annotations

import json
import os
import subprocess
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import static_pod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_patches, manifest_flags
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
    Wanted,
)
from tests.lab.kubeadm_versions import VERSIONS, kubeadm

Document = dict[str, t.Any]
GROUP = "kubeadm.k8s.io"
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd")
NETWORK = {"dnsDomain": "corp.example", "podSubnet": "10.8.0.0/16", "serviceSubnet": "10.9.0.0/16"}

#: ClusterConfigurations that people have.
CONFIGURATIONS: dict[str, Document] = {
    "plain": {},
    "networks": {"networking": NETWORK, "clusterName": "prod"},
    "arguments": {
        "apiServer": {
            "extraArgs": {"audit-log-maxage": "7", "enable-admission-plugins": "NodeRestriction,AlwaysPullImages"},
            "extraVolumes": [
                {"name": "a", "hostPath": "/srv/a", "mountPath": "/a", "readOnly": True, "pathType": "File"},
                {"name": "b", "hostPath": "/srv/b", "mountPath": "/b"},
            ],
        },
        "controllerManager": {"extraArgs": {"bind-address": "0.0.0.0", "flex-volume-plugin-dir": "/opt/flex"}},
        "scheduler": {"extraArgs": {"v": "4"}},
        "etcd": {
            "local": {"dataDir": "/srv/etcd", "extraArgs": {"snapshot-count": "5000", "quota-backend-bytes": "1"}}
        },
    },
    "authorization modes": {"apiServer": {"extraArgs": {"authorization-mode": "Node,RBAC,Webhook"}}},
    "structured authorization": {"apiServer": {"extraArgs": {"authorization-config": "/etc/kubernetes/authz.yaml"}}},
    "external etcd": {
        "etcd": {
            "external": {
                "endpoints": ["https://192.0.2.31:2379", "https://192.0.2.32:2379"],
                "caFile": "/etc/etcd-client/ca.crt",
                "certFile": "/etc/etcd-client/client.crt",
                "keyFile": "/etc/etcd-client/client.key",
            }
        }
    },
}


def with_lists(value: t.Any) -> t.Any:
    """``extraArgs`` as v1beta4 wants them."""
    if not isinstance(value, dict):
        return value
    return {
        name: [{"name": flag, "value": text} for flag, text in item.items()]
        if name == "extraArgs"
        else with_lists(item)
        for name, item in value.items()
    }


def cluster_configuration(fields: Document, version: str) -> Document:
    head = {"apiVersion": f"{GROUP}/{version}", "kind": "ClusterConfiguration", "kubernetesVersion": "v1.34.4"}
    return {**head, **(with_lists(fields) if version == "v1beta4" else fields)}


class Renderer:
    """Renders manifests by kubeadm into a directory."""

    def __init__(self, kubeadm: Path, directory: Path) -> None:
        """Use a kubeadm and a private directory."""
        self._kubeadm = kubeadm
        self._directory = directory

    def render(self, document: Document, *, address: str = "192.0.2.1", patches: Path | None = None) -> dict[str, str]:
        """The manifests by component."""
        initial: Document = {
            "apiVersion": document["apiVersion"],
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": address},
            "nodeRegistration": {"name": "cp1"},
        }
        if patches is not None:
            initial["patches"] = {"directory": str(patches)}
        config = self._directory / "config.yaml"
        config.write_text(f"{json.dumps(document)}\n---\n{json.dumps(initial)}\n", encoding="utf-8")
        output = self._directory / "rendered"
        output.mkdir(exist_ok=True)
        has_etcd = "external" not in document.get("etcd", {})
        for phase in (["control-plane", "all"], *([["etcd", "local"]] if has_etcd else [])):
            subprocess.run(
                [str(self._kubeadm), "init", "phase", *phase, "--dry-run", f"--config={config}"],
                env={**os.environ, "KUBEADM_INIT_DRYRUN_DIR": str(output)},
                check=True,
                capture_output=True,
                timeout=60,
            )
        names = COMPONENTS if has_etcd else COMPONENTS[:3]
        return {name: (output / f"{name}.yaml").read_text(encoding="utf-8") for name in names}


@pytest.fixture
def renderer(binaries: Path, tmp_path: Path) -> Renderer:
    """The lab's kubeadm."""
    return Renderer(binaries / "kubeadm", tmp_path)


def differences(
    manifests: t.Mapping[str, str], document: Document, patches: t.Mapping[str, kubeadm_patches.Patches] | None = None
) -> tuple[manifest_flags.Differences, ...]:
    pods = {name: static_pod.parse(text) for name, text in manifests.items()}
    return manifest_flags.differences(pods, ClusterConfiguration.parse(document), patches)


def rendered_below(kubeadm: Path, root: Path, document: Document) -> dict[str, str]:
    """The manifests by a kubeadm that has no ``--dry-run`` of its phases: it renders below another root."""
    local = {"advertiseAddress": "192.0.2.1"}
    initial = {"apiVersion": document["apiVersion"], "kind": "InitConfiguration", "localAPIEndpoint": local}
    (root / "config.yaml").write_text(f"{json.dumps(document)}\n---\n{json.dumps(initial)}\n", encoding="utf-8")
    for phase in (["control-plane", "all"], ["etcd", "local"]):
        command = [str(kubeadm), f"--rootfs={root}", "init", "phase", *phase, "--config=/config.yaml"]
        subprocess.run(command, check=True, capture_output=True, timeout=60)
    manifests = root / "etc" / "kubernetes" / "manifests"
    return {name: (manifests / f"{name}.yaml").read_text(encoding="utf-8") for name in COMPONENTS}


def edited(text: str, change: t.Callable[[Document], None]) -> str:
    """A manifest with its container edited by hand."""
    document = yaml.safe_load(text)
    change(document["spec"])
    return yaml.safe_dump(document)


@pytest.mark.parametrize("address", ["192.0.2.1", "2001:db8::1"])
@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_kubeadm_renders_is_no_difference(renderer: Renderer, name: str, version: str, address: str) -> None:
    document = cluster_configuration(CONFIGURATIONS[name], version)
    if address != "192.0.2.1" and ("networking" in document or "etcd" in document):
        document.pop("networking", None)
    assert [str(item) for item in differences(renderer.render(document, address=address), document)] == []


@pytest.mark.full
@pytest.mark.parametrize(
    ("kubernetes", "version"), [(name, version) for name, known in VERSIONS.items() for version in known[-1:]]
)
@pytest.mark.parametrize("name", ["plain", "networks", "arguments", "authorization modes"])
def test_what_any_kubeadm_renders_is_no_difference(tmp_path: Path, name: str, version: str, kubernetes: str) -> None:
    document = {**cluster_configuration(CONFIGURATIONS[name], version), "kubernetesVersion": kubernetes}
    found = differences(rendered_below(kubeadm(kubernetes), tmp_path, document), document)
    assert [str(item) for item in found] == []


def manual(manifests: dict[str, str]) -> dict[str, str]:
    """What operators do to manifests."""

    def api_server(spec: Document) -> None:
        command = spec["containers"][0]["command"]
        command[command.index("--enable-admission-plugins=NodeRestriction")] = (
            "--enable-admission-plugins=AlwaysPullImages"
        )
        command += ["--profiling=false", "--audit-policy-file=/policy.yaml"]
        spec["containers"][0]["volumeMounts"].append({"name": "p", "mountPath": "/policy.yaml", "readOnly": True})
        spec["volumes"].append({"name": "p", "hostPath": {"path": "/etc/kubernetes/policy.yaml", "type": "File"}})

    def others(spec: Document) -> None:
        spec["containers"][0]["command"].append("--v=3")

    changed = {"kube-apiserver": api_server, "kube-scheduler": others}
    return {name: edited(text, changed[name]) if name in changed else text for name, text in manifests.items()}


@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
def test_adopting_makes_kubeadm_render_the_same(renderer: Renderer, version: str) -> None:
    document = cluster_configuration(CONFIGURATIONS["networks"], version)
    manifests = manual(renderer.render(document))
    found = differences(manifests, document)
    assert [str(item) for item in found] == [
        (
            "--audit-policy-file=/policy.yaml (not set there); --enable-admission-plugins=AlwaysPullImages "
            "(--enable-admission-plugins=NodeRestriction there); --profiling=false (not set there); "
            "volume p (/etc/kubernetes/policy.yaml at /policy.yaml, read-only)"
        ),
        "--v=3 (not set there)",
    ]
    keys = manifest_flags.OPTION_KEYS
    wanted = Wanted(
        extra_args={keys[item.component]: item.extra_args for item in found},
        extra_volumes={keys[item.component]: item.extra_volumes for item in found},
    )
    adopted = ClusterConfiguration.parse(document).patched(wanted)
    assert differences(manifests, adopted) == ()
    rendered = renderer.render(adopted)
    for name, text in manifests.items():
        one, other = static_pod.parse(text), static_pod.parse(rendered[name])
        assert sorted(one.arguments) == sorted(other.arguments), name
        assert {mount.name: mount for mount in one.mounts} == {mount.name: mount for mount in other.mounts}, name


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kube-apiserver0+json.yaml", "- {op: add, path: /spec/containers/0/command/-, value: --profiling=false}\n"),
        ("kube-scheduler+json.json", '[{"op": "add", "path": "/spec/containers/0/command/-", "value": "--v=5"}]'),
        (
            "kube-controller-manager+strategic.yaml",
            (
                "spec:\n  containers:\n  - name: kube-controller-manager\n    volumeMounts:\n    - name: x\n      mountPath: /x\n"
                "  volumes:\n  - name: x\n    hostPath:\n      path: /srv/x\n"
            ),
        ),
        (
            "kube-scheduler.yaml",
            (
                "spec:\n  containers:\n  - name: kube-scheduler\n    command:\n    - kube-scheduler\n"
                "    - --kubeconfig=/etc/kubernetes/scheduler.conf\n"
            ),
        ),
        ("etcd+merge.json", '{"metadata": {"labels": {"a": "b"}}}'),
    ],
)
def test_what_patches_set_is_no_difference(renderer: Renderer, tmp_path: Path, name: str, text: str) -> None:
    directory = tmp_path / "patches"
    directory.mkdir()
    (directory / name).write_text(text, encoding="utf-8")
    document = cluster_configuration({}, "v1beta4")
    manifests = renderer.render(document, patches=directory)
    assert bool(differences(manifests, document)) == (name != "etcd+merge.json")
    assert differences(manifests, document, kubeadm_patches.parse([(name, text)])) == ()
