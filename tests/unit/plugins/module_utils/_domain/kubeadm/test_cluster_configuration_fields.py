# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields that a patch may name in each version."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import Wanted, decide
from tests.unit.plugins.module_utils._domain.kubeadm.test_cluster_configuration import document


@pytest.mark.parametrize(
    ("version", "patch", "message"),
    [
        (
            "v1beta3",
            {"encryptionAlgorithm": "RSA-2048"},
            r"encryptionAlgorithm, which kubeadm\.k8s\.io/v1beta3 does not have",
        ),
        ("v1beta3", {"dns": {"type": "CoreDNS"}}, r"dns\.type"),
        ("v1beta4", {"useHyperKubeImage": True}, "useHyperKubeImage"),
        ("v1beta4", {"apiServer": {"timeoutForControlPlane": "4m"}}, r"timeouts\.controlPlaneComponentHealthCheck"),
        ("v1beta4", {"apiServer": {"extraArgs": {"v": "2"}}}, "use the option extra_args"),
        ("v1beta3", {"apiServer": {"extraArgs": [{"name": "v", "value": "2"}]}}, "use the option extra_args"),
        ("v1beta3", {"apiServer": {"extraVolumes": [{"name": "a", "path": "/a"}]}}, r"apiServer\.extraVolumes\.path"),
        ("v1beta4", {"networking": "10.0.0.0/8"}, "no map at networking"),
        ("v1beta4", {"apiVersion": "kubeadm.k8s.io/v1beta3"}, "must not change apiVersion"),
        ("v1beta4", {"tyop": 1}, "tyop"),
    ],
)
def test_refuses_patches_that_the_version_does_not_know(version: str, patch: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        decide(document(version), Wanted(patch=patch))


def test_a_patch_may_remove_a_field_that_no_version_knows() -> None:
    change = decide(document(theirs="x"), Wanted(patch={"theirs": None, "absent": None}))
    assert change is not None
    assert (change.before, change.after) == ({"theirs": "x"}, {"theirs": None})
