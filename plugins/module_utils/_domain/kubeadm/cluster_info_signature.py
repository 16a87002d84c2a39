# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The signatures of cluster-info, which joining nodes believe.

kube-controller-manager's bootstrapsigner writes for each bootstrap token ``jws-kubeconfig-<token id>``: a detached JSON Web
Signature (RFC 7515, HS256) of the ConfigMap's kubeconfig with the token's secret as its key
(https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#configmap-signing). Whether one belongs to the present
content is computed, so it does not matter who has written the content, nor when.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import typing as t

from ..base.change import Change
from .bootstrap_token import SECRET_TYPE

CLUSTER_INFO = "ConfigMap kube-public/cluster-info"
_PREFIX = "jws-kubeconfig-"


def outdated(configmap: t.Mapping[str, t.Any] | None, secrets: t.Iterable[t.Mapping[str, t.Any]]) -> list[str]:
    """Ids of the bootstrap tokens whose signature is that of another content.

    Args:
        configmap: cluster-info; ``None`` without one.
        secrets: the Secrets of kube-system, or those that are bootstrap tokens.

    Returns:
        only ids of tokens that exist: the signature of one that does not is about to be removed, and nobody joins with it.
    """
    data = (configmap or {}).get("data") or {}
    payload = _encoded(str(data.get("kubeconfig", "")).encode("utf-8"))
    found = []
    for secret in secrets:
        if secret.get("type") == SECRET_TYPE:
            identifier, key = _decoded(secret, "token-id").decode("ascii", "replace"), _decoded(secret, "token-secret")
            signature = data.get(f"{_PREFIX}{identifier}")
            if signature is not None and not _is_of(str(signature), payload, key):
                found.append(identifier)
    return sorted(found)


def decide(count: int, name: str) -> Change | None:
    """The renewal of outdated signatures, which kube-controller-manager makes and this collection waits for.

    Args:
        count: how many are outdated.
        name: the ConfigMap, as the object of changes.
    """
    if not count:
        return None
    return Change(
        object=name,
        before={"outdated_signatures": count},
        after={"outdated_signatures": 0},
        reason="joining nodes believe it only with a signature of its present content, which kube-controller-manager makes",
    )


def _is_of(signature: str, payload: str, key: bytes) -> bool:
    header, _dots, mac = signature.partition("..")
    right = hmac.new(key, f"{header}.{payload}".encode("ascii", "replace"), hashlib.sha256).digest()
    return hmac.compare_digest(mac.encode("utf-8"), _encoded(right).encode("ascii"))


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def _decoded(secret: t.Mapping[str, t.Any], key: str) -> bytes:
    try:
        return base64.b64decode((secret.get("data") or {}).get(key, ""))
    except (binascii.Error, ValueError):
        return b""


__all__ = ("CLUSTER_INFO", "decide", "outdated")
