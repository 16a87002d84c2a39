# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may leave a host: kubeconfigs and certificates without credentials.

Everything here works on text, because a host that is only inspected has no YAML parser. Lines that are not known to be
harmless are left out, so an unknown kind of credential stays on the host too.
"""

from __future__ import annotations

import json
import re
import typing as t

from ..base import plain_yaml
from ..base.errors import InvalidInput

#: Keys of a kubeconfig that hold no secret (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/).
_PUBLIC_KUBECONFIG_KEYS = (
    "apiVersion",
    "certificate-authority",
    "certificate-authority-data",
    "client-certificate",
    "client-certificate-data",
    "client-key",
    "cluster",
    "clusters",
    "context",
    "contexts",
    "current-context",
    "insecure-skip-tls-verify",
    "kind",
    "name",
    "namespace",
    "preferences",
    "proxy-url",
    "server",
    "tls-server-name",
    "tokenFile",
    "user",
    "users",
)
_KUBECONFIG_LINE = re.compile(r"^(?P<indent> *(?:- +)*)(?P<key>[A-Za-z][A-Za-z-]*):(?P<value>.*)$")
#: A plain or quoted scalar, an empty flow collection, or nothing. What a flow collection, a block scalar, an anchor, an alias
#: or a tag begins with means nothing further on: https://[2001:db8::1]:6443 is plain.
_SIMPLE_VALUE = re.compile(r"^\s*(?:[^\s{\[|>&*!].*|\{\}|\[\])?$")
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)
_PASSWORD_IN_URL = re.compile(r"//[^/@\s]+@")


def public_kubeconfig(text: str) -> str | None:
    """The kubeconfig without credentials; ``None`` when it is laid out in a way that cannot be cleaned safely.

    Only lines of known public keys are kept. ``exec`` and ``auth-provider`` sections go with everything below them.
    """
    kept: list[str] = []
    dropped_indent: int | None = None
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#") or line.strip() == "---":
            continue
        if dropped_indent is not None and len(line) - len(line.lstrip(" ")) > dropped_indent:
            continue
        dropped_indent = None
        match = _KUBECONFIG_LINE.match(line)
        if match is None:
            return None
        if match.group("key") not in _PUBLIC_KUBECONFIG_KEYS:
            dropped_indent = len(match.group("indent"))
            if match.group("indent").endswith("- "):
                kept.append(match.group("indent") + "name: ''")
        elif _SIMPLE_VALUE.match(match.group("value")):
            kept.append(_PASSWORD_IN_URL.sub("//", line))
        else:
            return None
    return "\n".join(kept) + "\n" if kept else None


def public_kubeconfig_document(document: t.Any) -> t.Any:
    """A parsed kubeconfig (JSON is a kubeconfig too) without credentials."""
    if isinstance(document, dict):
        return {
            key: public_kubeconfig_document(value) for key, value in document.items() if key in _PUBLIC_KUBECONFIG_KEYS
        }
    if isinstance(document, list):
        return [public_kubeconfig_document(item) for item in document]
    return _PASSWORD_IN_URL.sub("//", document) if isinstance(document, str) else document


def public_text(text: str) -> str | None:
    """The kubeconfig without credentials, whatever its layout; ``None`` for one that cannot be read here."""
    public = None if text.lstrip().startswith("{") else public_kubeconfig(text)
    if public is not None:
        return public
    try:
        document = plain_yaml.load(text)
    except InvalidInput:
        return None
    return json.dumps(public_kubeconfig_document(document)) if isinstance(document, dict) else None


def public_certificates(text: str) -> str:
    """Only the certificates of a PEM file; private keys beside them stay."""
    return "".join(match if match.endswith("\n") else match + "\n" for match in _CERTIFICATE.findall(text))


__all__ = (
    "public_certificates",
    "public_kubeconfig",
    "public_kubeconfig_document",
    "public_text",
)
