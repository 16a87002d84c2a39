# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments and mounts of a manifest."""

from __future__ import annotations

import json

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.report_fields import as_dict, read
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import static_pod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import Mount, StaticPod
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import ComponentPod

MANIFEST = """\
spec:
  containers:
  - command:
    - kube-apiserver
    - --profiling
    - --v
    - "4"
    - --etcd-servers=https://user:pass@192.0.2.1:2379
    - --service-account-issuer=https://a
    - --service-account-issuer=https://b
    volumeMounts:
    - mountPath: /etc/kubernetes/enc/
      name: enc
      readOnly: true
    - mountPath: /logs
      name: logs
    - mountPath: /scratch
      name: scratch
  volumes:
  - hostPath:
      path: /srv/enc
      type: Directory
    name: enc
  - hostPath: {"path": "/var/log/k8s"}
    name: logs
  - emptyDir: {}
    name: scratch
"""


def test_what_is_read() -> None:
    pod = static_pod.parse(MANIFEST)
    assert pod.flags == {
        "profiling": ("true",),
        "v": ("4",),
        "etcd-servers": ("https://***@192.0.2.1:2379",),
        "service-account-issuer": ("https://a", "https://b"),
    }
    assert pod.mounts == (
        Mount("enc", "/srv/enc", "/etc/kubernetes/enc", "Directory", read_only=True),
        Mount("logs", "/var/log/k8s", "/logs"),
    )
    document = as_dict(ComponentPod(pod.arguments, pod.mounts))
    assert read(ComponentPod, json.loads(json.dumps(document)), where="It").pod == pod


@pytest.mark.parametrize(
    ("inside", "on_host"),
    [
        ("/etc/kubernetes/enc/a.yaml", "/srv/enc/a.yaml"),
        ("/etc/kubernetes/enc", "/srv/enc"),
        ("/etc/kubernetes/enc/../x", None),
        ("/etc/kubernetes/encx", None),
        ("/logs/audit/audit.log", "/var/log/k8s/audit/audit.log"),
    ],
)
def test_paths_on_the_host(inside: str, on_host: str | None) -> None:
    found = static_pod.parse(MANIFEST).on_host(inside)
    assert (found and found[0]) == on_host


def test_the_innermost_mount_counts() -> None:
    pod = StaticPod((), (Mount("a", "/a", "/x"), Mount("b", "/b", "/x/y"), Mount("root", "/host", "/")))
    assert pod.on_host("/x/y/z") == ("/b/z", pod.mounts[1])
    assert pod.on_host("/x/z") == ("/a/z", pod.mounts[0])
    assert pod.on_host("/q") == ("/host/q", pod.mounts[2])


@pytest.mark.parametrize("text", ["", "a: b", "spec: {}", "spec:\n  containers:\n  - x", "spec:\n  containers: []"])
def test_what_is_no_manifest(text: str) -> None:
    with pytest.raises(InvalidInput):
        static_pod.parse(text)


@pytest.mark.parametrize(
    "command",
    [
        """
    - kube-apiserver
    - --advertise-address=192.0.2.11 # this host's
    - "--secure-port=6443"
    - --profiling
    - --etcd-servers=https://user:c4n4ry-s3cr3t@192.0.2.30:2379""",
        """ [kube-apiserver, --advertise-address=192.0.2.11, '--secure-port=6443', --profiling, "--etcd-servers=https://\
user:c4n4ry-s3cr3t@192.0.2.30:2379"]""".replace("\\\n", ""),
        """
    - kube-apiserver
    - --advertise-address
    - 192.0.2.11
    - --secure-port
    - "6443"
    - --profiling
    - --etcd-servers=https://user:c4n4ry-s3cr3t@192.0.2.30:2379""",
    ],
    ids=["with a comment", "in flow style", "values by themselves"],
)
def test_arguments_and_image_are_read_however_they_are_laid_out(command: str) -> None:
    pod = static_pod.parse(
        f"spec:\n  containers:\n  - command:{command}\n    image: registry.k8s.io/kube-apiserver:v1.34.4\n"
    )
    assert pod.arguments == (
        ("advertise-address", "192.0.2.11"),
        ("secure-port", "6443"),
        ("profiling", "true"),
        ("etcd-servers", "https://***@192.0.2.30:2379"),
    )
    assert pod.image == "registry.k8s.io/kube-apiserver:v1.34.4"
