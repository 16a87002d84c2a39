# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kubeconfigs need no library."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import plain_yaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.plain_kubeconfig import is_plain

ENTRY = "- cluster:\n    server: https://192.0.2.11:6443\n  name: kubernetes\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"apiVersion: v1\nclusters:\n{ENTRY}", True),
        (f"clusters:\n{ENTRY}{ENTRY.replace('kubernetes', 'other')}", True),
        (f"clusters:\n{ENTRY}users:\n- user:\n    token: |\n      secret\n", True),
        (f"clusters:\n{ENTRY}- cluster: {{server: https://192.0.2.12:6443}}\n", False),
        (f"x: &a 1\nclusters:\n{ENTRY}", False),
        ('{"clusters": [{"cluster": {"server": "https://192.0.2.11:6443"}}]}', False),
        ("clusters: null", False),
        ("clusters: {a: b}", False),
        ("- clusters", False),
        ("", False),
    ],
)
def test_plain(text: str, expected: bool) -> None:
    assert is_plain(text) is expected


def test_a_kubeconfig_of_many_clusters_is_read_a_few_times(monkeypatch: pytest.MonkeyPatch) -> None:
    read, load = [], plain_yaml.load

    def counted(text: str) -> object:
        read.append(text)
        return load(text)

    monkeypatch.setattr(plain_yaml, "load", counted)
    assert is_plain("clusters:\n" + "".join(ENTRY.replace("kubernetes", f"c{number}") for number in range(100)))
    assert len(read) < 10
