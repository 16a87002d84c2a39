# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The public part of the token in a kubelet's first kubeconfig."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.bootstrap_kubeconfig import token_id

TOKEN = "abcdef.0123456789abcdef"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", ""),
        (f"users:\n- name: tls-bootstrap-token-user\n  user:\n    token: {TOKEN}\n", "abcdef"),
        (f'users:\n- name: u\n  user: {{"token": "{TOKEN}"}}\n', "abcdef"),
        (f"    token: '{TOKEN}'\n", "abcdef"),
        ("    token: eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.e30.c2ln\n", ""),
        ("    token: abcdef\n", ""),
        ("    tokenFile: /abcdef.0123456789abcdef\n", ""),
    ],
)
def test_only_the_public_part_of_a_bootstrap_token(text: str, wanted: str) -> None:
    assert token_id(text) == wanted
