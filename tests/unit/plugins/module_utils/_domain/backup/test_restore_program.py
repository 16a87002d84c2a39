# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which program of an image of etcd makes data of a snapshot."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup import restore_program
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup.restore_program import ETCDCTL, ETCDUTL

#: Images that kubeadm names by default, with the release of Kubernetes, and others.
IMAGES = {
    "registry.k8s.io/etcd:3.5.10-0": ETCDCTL,  # 1.26.15
    "registry.k8s.io/etcd:3.5.15-0": ETCDCTL,  # 1.28.15
    "registry.k8s.io/etcd:3.5.24-0": ETCDCTL,  # 1.31.14
    "registry.k8s.io/etcd:3.6.5-0": ETCDUTL,  # 1.34.4
    "registry.k8s.io/etcd:3.6.8-0": ETCDUTL,  # 1.36.3
    "registry.k8s.io/etcd:3.7.0-0": ETCDUTL,  # 1.37.1
    "mirror.example.org:5000/k8s/etcd:3.5.24-0": ETCDCTL,
    "mirror.example.org:5000/k8s/etcd:3.5.24-0@sha256:0123": ETCDCTL,
    "gcr.io/etcd-development/etcd:v3.5.24": ETCDCTL,
    "gcr.io/etcd-development/etcd:v3.6.4": ETCDUTL,
    "registry.k8s.io/etcd@sha256:0123": ETCDUTL,
    "mirror.example.org:5000/etcd": ETCDUTL,
    "mirror.example.org/etcd:stable": ETCDUTL,
}
UNFIT = {
    "registry.k8s.io/etcd:3.5.6-0": (
        "cannot raise the revisions",
        "write registry.k8s.io/etcd:3.5.10-0, or",
    ),  # 1.24.17
    "registry.k8s.io/etcd:3.5.9-0": ("cannot raise the revisions", "write registry.k8s.io/etcd:3.5.10-0, or"),
    "gcr.io/etcd-development/etcd:v3.5.9": ("cannot raise the revisions", "or a later one of 3.5"),
    "registry.k8s.io/etcd:3.6.0-0": ("has no etcdutl", "write registry.k8s.io/etcd:3.6.5-0, or"),
    "registry.k8s.io/etcd:3.6.4-0": ("has no etcdutl", "or a later one of 3.6"),  # 1.34.0
    "mirror.example.org:5000/k8s/etcd:3.6.4-0@sha256:0123": (
        "has no etcdutl",
        "write mirror.example.org:5000/k8s/etcd:3.6.5-0",
    ),
}


@pytest.mark.parametrize(("image", "program"), IMAGES.items())
def test_the_program_of_an_image(image: str, program: str) -> None:
    assert restore_program.program(image) == program
    assert restore_program.objection(image) == ""


@pytest.mark.parametrize(("image", "parts"), UNFIT.items())
def test_an_image_that_cannot_restore_has_a_remedy(image: str, parts: tuple[str, str]) -> None:
    objection = restore_program.objection(image)
    assert all(part in objection for part in parts), objection
