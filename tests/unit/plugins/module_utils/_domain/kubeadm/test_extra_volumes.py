# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""extraVolumes by name."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import Mount
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import cluster_configuration, extra_volumes
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import Wanted

MOUNT = Mount("a", "/srv/a", "/a", "File", read_only=True)
ITEM = {"name": "a", "hostPath": "/srv/a", "mountPath": "/a", "pathType": "File", "readOnly": True}
OTHER = {"name": "b", "hostPath": "/srv/b", "mountPath": "/b", "futureField": 1}


def document(*items: dict[str, t.Any]) -> dict[str, t.Any]:
    head = {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration"}
    return {**head, "apiServer": {"extraVolumes": [dict(item) for item in items]}}


def test_reading() -> None:
    assert extra_volumes.parse_mounts(document(ITEM), "api_server") == {"a": MOUNT}
    assert extra_volumes.parse_mounts(document(ITEM), "scheduler") == {}


@pytest.mark.parametrize(
    ("before", "wanted", "after"),
    [
        ([], {"a": MOUNT}, [ITEM]),
        ([OTHER], {"a": MOUNT}, [OTHER, ITEM]),
        ([ITEM, OTHER], {"a": MOUNT}, [ITEM, OTHER]),
        ([{**ITEM, "readOnly": False}, OTHER], {"a": MOUNT}, [OTHER, ITEM]),
        ([ITEM, OTHER], {"a": None}, [OTHER]),
        ([OTHER], {"a": None}, [OTHER]),
    ],
)
def test_patching(before: list[t.Any], wanted: dict[str, Mount | None], after: list[t.Any]) -> None:
    changed = document(*before)
    extra_volumes.patch(changed, {"api_server": wanted})
    assert changed == document(*after)
    again = copy.deepcopy(changed)
    extra_volumes.patch(again, {"api_server": wanted})
    assert again == changed


def test_an_empty_list_is_taken_out() -> None:
    changed = document(ITEM)
    extra_volumes.patch(changed, {"api_server": {"a": None}})
    assert changed["apiServer"] == {}


def test_the_change_shows_the_list() -> None:
    wanted = Wanted(extra_volumes={"api_server": {"a": MOUNT}})
    change = cluster_configuration.decide(document(OTHER), wanted)
    assert change is not None
    assert change.after == {"apiServer.extraVolumes": [OTHER, ITEM]}
    assert cluster_configuration.decide(document(OTHER, ITEM), wanted) is None


def test_options_go_there_and_back() -> None:
    wanted = {"a": MOUNT, "b": None}
    assert extra_volumes.parse({"api_server": extra_volumes.as_option(wanted)}) == {"api_server": wanted}


@pytest.mark.parametrize(
    "item", [{"name": "a"}, {"name": "a", "host_path": "x", "mount_path": "/y"}, {"name": "a", "host_path": "/x"}]
)
def test_a_volume_needs_both_paths(item: dict[str, str]) -> None:
    with pytest.raises(InvalidInput, match=r"extra_volumes.scheduler.a has no absolute"):
        extra_volumes.parse({"scheduler": [item]})
