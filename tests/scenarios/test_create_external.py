# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new cluster behind a load balancer that somebody else has, with further names of the API and a pod network of the operator's own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest
import yaml

from tests.scenarios.create import OPERATORS, Checks, NewCluster, Story, ids

pytestmark = pytest.mark.full


class TestCreateExternal(Checks):
    """Three control planes and a worker."""

    cluster = NewCluster(
        name="create_external", extra_sans=("api.example.org", "192.0.2.9", "2001:db8::9"), own_network=True
    )

    def test_the_network_is_the_manifest_that_was_named(self, story: Story) -> None:
        assert f"cp1/network/pod network of {story.work / 'network.yml'}" in ids(story.created)
        left = next(name for name in story.cluster.nodes if name != story.lost)
        selector = ",".join(f"{name}={value}" for name, value in OPERATORS.items())
        kinds = "namespaces,serviceaccounts,configmaps,daemonsets,clusterroles,clusterrolebindings"
        shown = ("--all-namespaces", f"--selector={selector}", "--show-managed-fields")
        found = story.lab.objects(kinds, *shown, node=left)["items"]
        named = list(yaml.safe_load_all((story.work / "network.yml").read_text(encoding="utf-8")))
        assert "DaemonSet" in {item["kind"] for item in named}
        assert names(found) == names(named)
        for item in found:
            assert "kubeadm-ha" in {field["manager"] for field in item["metadata"]["managedFields"]}, item["kind"]


def names(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """Kind and name of each."""
    return sorted(f"{item['kind']} {item['metadata']['name']}" for item in objects)
