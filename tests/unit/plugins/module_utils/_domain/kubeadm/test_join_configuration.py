# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The JoinConfiguration that makes a host a node."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_configuration import (
    MANIFESTS_CHECK,
    JoinRequest,
    join_configuration,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_token import Token
from tests.unit.plugins.module_utils._domain.kubeadm.test_joined_host import HASH

TOKEN = Token("abcdef", "0123456789abcdef")
KEY = "5ec2e7" + "0" * 58


def request(**more: t.Any) -> JoinRequest:
    """A request with everything that a join needs."""
    values: dict[str, t.Any] = {
        "endpoint": Endpoint("k8s.example.org"),
        "ca_cert_hashes": (HASH,),
        "api_version": "kubeadm.k8s.io/v1beta4",
        "token": TOKEN,
        **more,
    }
    return JoinRequest(**values)


def test_no_secret_is_shown_by_accident() -> None:
    shown = repr(request(certificate_key=KEY))
    assert TOKEN.secret not in shown
    assert KEY not in shown


def test_the_request_is_a_value() -> None:
    assert dataclasses.replace(request(), control_plane=True).role == "control plane"
    assert request().role == "worker"


FULL = {
    "control_plane": True,
    "certificate_key": KEY,
    "node_name": "cp2",
    "advertise_address": "192.0.2.12",
    "bind_port": 8443,
    "cri_socket": "unix:///run/crio/crio.sock",
    "taints": (),
    "kubelet_extra_args": {"node-ip": "192.0.2.12", "v": "2"},
    "ignore_preflight_errors": ("Swap",),
    "timeout": 60,
}
_COMMON = {
    "kind": "JoinConfiguration",
    "controlPlane": {
        "certificateKey": KEY,
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.12", "bindPort": 8443},
    },
}
_DISCOVERY = {"apiServerEndpoint": "k8s.example.org:6443", "token": TOKEN.text, "caCertHashes": [HASH]}
_REGISTRATION = {
    "name": "cp2",
    "criSocket": "unix:///run/crio/crio.sock",
    "taints": [],
    "ignorePreflightErrors": ["Swap"],
}
_WAITS = ("discovery", "tlsBootstrap", "kubeletHealthCheck")


def test_all_checks_are_ignored_by_one_word_alone() -> None:
    """kubeadm refuses others beside it (ValidateIgnorePreflightErrors)."""
    for names in (("all",), ("Swap", "ALL"), (MANIFESTS_CHECK, "all")):
        document = join_configuration(request(ignore_preflight_errors=names))
        assert document["nodeRegistration"]["ignorePreflightErrors"] == ["all"]


def test_the_configuration_in_each_version() -> None:
    as_map = {"node-ip": "192.0.2.12", "v": "2"}
    newest = {
        **_COMMON,
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "discovery": {"bootstrapToken": _DISCOVERY},
        "nodeRegistration": {
            **_REGISTRATION,
            "kubeletExtraArgs": [{"name": "node-ip", "value": "192.0.2.12"}, {"name": "v", "value": "2"}],
        },
        "patches": {"directory": "/etc/kubernetes/patches"},
        "timeouts": dict.fromkeys(_WAITS, "60s"),
    }
    assert join_configuration(request(**FULL, patches_directory="/etc/kubernetes/patches")) == newest
    for version in ("v1beta2", "v1beta3"):
        older = {
            **_COMMON,
            "apiVersion": f"kubeadm.k8s.io/{version}",
            "discovery": {"bootstrapToken": _DISCOVERY, "timeout": "60s"},
            "nodeRegistration": {**_REGISTRATION, "kubeletExtraArgs": as_map},
        }
        assert join_configuration(request(**FULL, api_version=f"kubeadm.k8s.io/{version}")) == older


def test_a_plain_worker_says_no_more_than_it_must() -> None:
    assert join_configuration(request()) == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": _DISCOVERY},
    }
    # kubeadm makes a control plane of an empty section, too: certificates may be on the host already.
    assert join_configuration(request(control_plane=True))["controlPlane"] == {}
