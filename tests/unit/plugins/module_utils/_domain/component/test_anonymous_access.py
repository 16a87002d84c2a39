# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which API servers answer an anonymous GET /readyz, over a table of flags and files."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.anonymous_access import (
    CLUSTER_INFO,
    READYZ,
    is_open,
    stanza,
)

HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"
CANARY = "c4n4ry-s3cr3t"
JWT = f"jwt:\n- issuer:\n    url: https://user:{CANARY}@idp.example.org\n    anonymous: not this one\n    audiences: [a]\n"
CONDITIONS = (
    "anonymous:\n  enabled: true\n  conditions:\n  - path: /livez\n  # probes of the kubelet\n\n  - path: /healthz\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (HEAD, ""),
        (HEAD + JWT, ""),
        (HEAD + CONDITIONS + JWT, CONDITIONS),
        (HEAD + JWT + CONDITIONS, CONDITIONS),
        (HEAD + "anonymous: {enabled: false}\n" + JWT, "anonymous: {enabled: false}\n"),
        (HEAD + '"anonymous":\n    enabled: false\n', '"anonymous":\n    enabled: false\n'),
        ('{"kind": "AuthenticationConfiguration", "anonymous": {"enabled": false}, "jwt": ["' + CANARY + '"]}',
         '{"anonymous": {"enabled": false}}'),
        ('{"kind": "AuthenticationConfiguration", "jwt": []}', ""),
        ("{kind: AuthenticationConfiguration, anonymous: {enabled: false}}", None),
        ("", None),
    ],
)  # fmt: skip
def test_only_the_anonymous_part_leaves_the_host(text: str, found: str | None) -> None:
    assert stanza(text) == found


FILE = {"authentication-config": "/etc/kubernetes/authn.yaml"}


@pytest.mark.parametrize(
    ("flags", "anonymous", "wanted"),
    [
        ({}, "", True),
        ({"anonymous-auth": "true"}, "", True),
        ({"anonymous-auth": ""}, "", True),
        ({"anonymous-auth": "false"}, "", False),
        ({"anonymous-auth": "0"}, "", False),
        ({"anonymous-auth": "F"}, "", False),
        (FILE, "", True),
        ({**FILE, "anonymous-auth": "false"}, "", False),
        (FILE, "anonymous:\n  enabled: false\n", False),
        (FILE, "anonymous:\n  enabled: true\n", True),
        (FILE, "anonymous:\n  enabled: true\n  conditions: []\n", True),
        (FILE, CONDITIONS, False),
        (FILE, CONDITIONS + "  - path: /readyz\n", True),
        (FILE, '{"anonymous": {"enabled": true, "conditions": [{"path": "/readyz"}]}}', True),
        (FILE, "anonymous: {}\n", False),
        # What cannot be read counts as refused.
        (FILE, None, False),
        (FILE, "anonymous: [1]\n", False),
        (FILE, "anonymous: {enabled: true, conditions: [/readyz]}\n", False),
        (FILE, "anonymous: {\n", False),
    ],
)
def test_readyz(flags: dict[str, str], anonymous: str | None, wanted: bool) -> None:
    assert is_open(READYZ, flags, anonymous, PyYaml()) is wanted


@pytest.mark.parametrize(
    ("path", "wanted"), [(READYZ, False), (CLUSTER_INFO, True), ("/livez", True), ("/version", False)]
)
def test_each_path_for_itself(path: str, wanted: bool) -> None:
    assert is_open(path, FILE, CONDITIONS + f"  - path: {CLUSTER_INFO}\n", PyYaml()) is wanted
