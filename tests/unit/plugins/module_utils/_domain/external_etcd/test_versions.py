# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest etcd that each kubeadm takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.version import KubernetesVersion
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import versions


@pytest.mark.parametrize(
    ("kubernetes", "etcd"),
    [
        ("1.28.15", "3.4.13"),
        ("1.29.0", "3.4.13"),
        ("1.30.14", "3.4.13"),
        ("1.31.0", "3.5.11"),
        ("1.31.13", "3.5.11"),
        ("1.31.14", "3.5.24"),
        ("1.32.9", "3.5.11"),
        ("1.32.10", "3.5.24"),
        ("1.33.5", "3.5.11"),
        ("1.33.6", "3.5.24"),
        ("1.34.0", "3.5.21"),
        ("1.34.1", "3.5.21"),
        ("1.34.2", "3.5.24"),
        ("1.34.4", "3.5.24"),
        ("1.35.0", "3.5.24"),
        ("1.36.1", "3.5.24"),
        ("1.40.0", "3.5.24"),
    ],
)
def test_the_oldest(kubernetes: str, etcd: str) -> None:
    assert versions.shown(versions.oldest(KubernetesVersion.parse(kubernetes))) == etcd


@given(st.integers(25, 45), st.integers(0, 30))
def test_a_newer_patch_takes_nothing_older(minor: int, patch: int) -> None:
    found = [versions.oldest(KubernetesVersion(1, minor, number)) for number in (patch, patch + 1)]
    assert found == sorted(found)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.6.5", (3, 6, 5)),
        ("3.5.16-4+b3", (3, 5, 16)),
        ("1:3.4.30-1build1", (3, 4, 30)),
        ("v3.5.24", (3, 5, 24)),
        ("", None),
        ("unknown", None),
    ],
)
def test_what_etcd_and_packages_call_themselves(text: str, version: versions.EtcdVersion | None) -> None:
    assert versions.parse(text) == version
