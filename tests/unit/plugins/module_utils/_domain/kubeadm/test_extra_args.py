# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flags of components in a ClusterConfiguration of every version."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
    Wanted,
    decide,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.extra_args import parse_extra_args
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_api import VERSIONS
from tests.unit.plugins.module_utils._domain.kubeadm.test_cluster_configuration import arguments, document


@pytest.mark.parametrize("version", VERSIONS)
def test_reads_flags_of_every_version_alike(version: str) -> None:
    flags = arguments(version, **{"audit-log-maxage": "30", "v": "2"})
    configuration = ClusterConfiguration.parse(
        document(version, apiServer={"extraArgs": flags}, etcd={"local": {"extraArgs": flags}})
    )
    assert configuration.extra_args("api_server") == (("audit-log-maxage", "30"), ("v", "2"))
    assert configuration.extra_args("etcd") == (("audit-log-maxage", "30"), ("v", "2"))
    assert configuration.extra_args("scheduler") == ()


def test_reads_flag_values_that_yaml_took_for_something_else() -> None:
    configuration = ClusterConfiguration.parse(
        document("v1beta3", apiServer={"extraArgs": {"profiling": False, "v": 2}})
    )
    assert configuration.extra_args("api_server") == (("profiling", "false"), ("v", "2"))


@pytest.mark.parametrize("version", VERSIONS)
def test_changes_adds_and_removes_flags(version: str) -> None:
    before = document(
        version, apiServer={"extraArgs": arguments(version, **{"audit-log-maxage": "7", "old": "x", "v": "2"})}
    )
    wanted = Wanted(
        extra_args=parse_extra_args({"api_server": {"audit-log-maxage": 30, "old": None, "profiling": False, "v": "2"}})
    )
    change = decide(before, wanted)
    assert change is not None
    assert change.before == {
        "apiServer.extraArgs.audit-log-maxage": "7",
        "apiServer.extraArgs.old": "x",
        "apiServer.extraArgs.profiling": None,
    }
    assert change.after == {
        "apiServer.extraArgs.audit-log-maxage": "30",
        "apiServer.extraArgs.old": None,
        "apiServer.extraArgs.profiling": "false",
    }
    after = ClusterConfiguration.parse(before).patched(wanted)
    assert after["apiServer"]["extraArgs"] == arguments(
        version, **{"audit-log-maxage": "30", "v": "2", "profiling": "false"}
    )


def test_repeats_flags_only_where_the_version_can() -> None:
    wanted = Wanted(extra_args=parse_extra_args({"api_server": {"service-account-issuer": ["https://a", "https://b"]}}))
    after = ClusterConfiguration.parse(document("v1beta4")).patched(wanted)
    assert after["apiServer"]["extraArgs"] == [
        {"name": "service-account-issuer", "value": "https://a"},
        {"name": "service-account-issuer", "value": "https://b"},
    ]
    with pytest.raises(InvalidInput, match=r"extra_args\.api_server\.service-account-issuer has several values"):
        decide(document("v1beta3"), wanted)


def test_removing_the_last_flag_leaves_no_empty_list() -> None:
    before = document(scheduler={"extraArgs": [{"name": "v", "value": "2"}]})
    after = ClusterConfiguration.parse(before).patched(Wanted(extra_args={"scheduler": {"v": None}}))
    assert after["scheduler"] == {}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"kubelet": {}}, "extra_args has no 'kubelet'"),
        ({"api_server": {"--v": "2"}}, "leave the dashes out"),
    ],
)
def test_refuses_flags_that_cannot_be(option: dict[str, t.Any], message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_extra_args(option)
