# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a signature of cluster-info is of its present content."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import cluster_info_signature
from tests.unit.plugins.memory_controllers import bootstrap_token, signature

CONTENT = "clusters: []\n"
TOKEN = ("abcdef", "0123456789abcdef")
OTHER = ("ghijkl", "fedcba9876543210")
GOOD = signature(CONTENT, *TOKEN)


@pytest.mark.parametrize(
    ("signatures", "tokens", "outdated"),
    [
        ({}, [], []),
        ({}, [TOKEN], []),
        ({"abcdef": GOOD}, [TOKEN], []),
        ({"abcdef": signature("another", *TOKEN)}, [TOKEN], ["abcdef"]),
        ({"abcdef": signature(CONTENT, "abcdef", "another-secret")}, [TOKEN], ["abcdef"]),
        # The signature of a token that is gone is about to be removed.
        ({"abcdef": signature("another", *TOKEN)}, [], []),
        ({"abcdef": GOOD, "ghijkl": signature("another", *OTHER)}, [TOKEN, OTHER], ["ghijkl"]),
        *(
            ({"abcdef": broken}, [TOKEN], ["abcdef"])
            for broken in ("", "x", "..", GOOD[:-1], GOOD.replace("..", ".x."), "\u00e9..\u00e9")
        ),
    ],
)
def test_outdated(signatures: dict[str, str], tokens: list[tuple[str, str]], outdated: list[str]) -> None:
    data = {"kubeconfig": CONTENT, **{f"jws-kubeconfig-{key}": value for key, value in signatures.items()}}
    found = cluster_info_signature.outdated({"data": data}, [bootstrap_token(*token) for token in tokens])
    assert found == outdated


def test_what_is_no_bootstrap_token_is_passed_over() -> None:
    data = {"kubeconfig": CONTENT, "jws-kubeconfig-abcdef": "x"}
    secrets: list[dict[str, t.Any]] = [{**bootstrap_token(*TOKEN), "type": "Opaque"}, {"type": "Opaque"}]
    assert cluster_info_signature.outdated({"data": data}, secrets) == []
    assert cluster_info_signature.outdated(None, [bootstrap_token(*TOKEN)]) == []


def test_the_change() -> None:
    assert cluster_info_signature.decide(0, "x") is None
    change = cluster_info_signature.decide(2, "ConfigMap kube-public/cluster-info")
    assert change is not None
    assert (change.before, change.after) == ({"outdated_signatures": 2}, {"outdated_signatures": 0})
