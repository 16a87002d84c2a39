# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""No credential leaves a host, however its kubeconfig is laid out."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.redaction import (
    public_certificates,
    public_kubeconfig,
    public_kubeconfig_document,
)

CANARY = "c4n4ry-s3cr3t"
KUBECONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [
        {"name": "kubernetes", "cluster": {"server": "https://192.0.2.11:6443", "certificate-authority-data": "Q0E="}}
    ],
    "contexts": [{"name": "c", "context": {"cluster": "kubernetes", "user": "admin"}}],
    "current-context": "c",
    "preferences": {},
    "users": [],
}
CREDENTIALS: list[tuple[str, dict[str, t.Any]]] = [
    ("key", {"client-certificate-data": "Q0VSVA==", "client-key-data": CANARY}),
    ("token", {"token": CANARY}),
    ("password", {"username": "admin", "password": CANARY}),
    ("exec", {"exec": {"command": "aws", "args": [CANARY], "env": [{"name": "A", "value": CANARY}]}}),
    ("auth provider", {"auth-provider": {"name": "oidc", "config": {"id-token": CANARY}}}),
    ("unknown", {"some-new-field": CANARY}),
    ("block scalar", {"client-key-data": f"{CANARY}\n{CANARY}\n"}),
]


def with_user(credentials: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    return {**KUBECONFIG, "users": [{"name": "admin", "user": credentials}]}


@pytest.mark.parametrize("credentials", [row[1] for row in CREDENTIALS], ids=[row[0] for row in CREDENTIALS])
@pytest.mark.parametrize("style", [None, False, True], ids=["mixed", "block", "flow"])
@pytest.mark.parametrize("indent", [2, 4])
def test_a_credential_stays_on_the_host(credentials: dict[str, t.Any], style: bool | None, indent: int) -> None:
    text = yaml.safe_dump(with_user(credentials), default_flow_style=style, indent=indent)
    public = public_kubeconfig(text)
    assert public is None or CANARY not in public
    if style is False:
        assert public is not None
        assert yaml.safe_load(public)["clusters"] == KUBECONFIG["clusters"]


@pytest.mark.parametrize("credentials", [row[1] for row in CREDENTIALS], ids=[row[0] for row in CREDENTIALS])
def test_a_credential_of_a_json_kubeconfig_stays_on_the_host(credentials: dict[str, t.Any]) -> None:
    public = public_kubeconfig_document(with_user(credentials))
    assert CANARY not in str(public)
    assert public["clusters"] == KUBECONFIG["clusters"]


@settings(deadline=None)
@given(st.dictionaries(st.text(alphabet="abcdefgh-", min_size=1, max_size=12), st.text(max_size=30), max_size=4))
def test_whatever_a_user_entry_holds_beside_public_keys_stays(fields: dict[str, str]) -> None:
    secret = {name: f"{CANARY}{value}" for name, value in fields.items()}
    text = yaml.safe_dump(with_user(secret), default_flow_style=False)
    public = public_kubeconfig(text)
    assert public is None or CANARY not in public


@pytest.mark.parametrize("server", ["https://[2001:db8::10]:6443", "https://a&b*c!d|e>f{g}:6443"])
def test_a_server_with_signs_that_yaml_knows_elsewhere_is_plain(server: str) -> None:
    document = {**KUBECONFIG, "clusters": [{"name": "kubernetes", "cluster": {"server": server}}]}
    public = public_kubeconfig(yaml.safe_dump(document, default_flow_style=False))
    assert public is not None
    assert yaml.safe_load(public)["clusters"] == document["clusters"]


@pytest.mark.parametrize(
    "value", ["[c4n4ry-s3cr3t]", "{token: c4n4ry-s3cr3t}", "| ", "&a c4n4ry", "*a", "!!str c4n4ry"]
)
def test_a_value_that_is_no_plain_scalar_is_not_understood(value: str) -> None:
    assert public_kubeconfig(f"apiVersion: v1\nusers: {value}\n") is None


def test_a_password_in_a_url_is_left_out() -> None:
    public = public_kubeconfig(
        f"clusters:\n- name: a\n  cluster:\n    proxy-url: http://u:{CANARY}@proxy.example:3128\n"
    )
    assert public is not None
    assert CANARY not in public
    assert "proxy.example:3128" in public


def test_only_certificates_leave_a_pem_file() -> None:
    certificate = "-----BEGIN CERTIFICATE-----\nQQ==\n-----END CERTIFICATE-----\n"
    key = f"-----BEGIN EC PRIVATE KEY-----\n{CANARY}\n-----END EC PRIVATE KEY-----\n"
    assert public_certificates(key + certificate + key + certificate) == certificate * 2
