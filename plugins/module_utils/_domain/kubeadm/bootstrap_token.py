# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens and uploaded certificates: which are left over, and from whom.

A run revokes what it made. One that was killed does not, so the next one searches for it by description.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import typing as t

from ..base.change import Change
from ..base.report_fields import absent, as_dict

#: Object of the changes of bootstrap tokens.
BOOTSTRAP_TOKEN = "bootstrap token"  # noqa: S105 (a name)
#: Object of the changes of the uploaded certificates.
UPLOADED_CERTIFICATES = "Secret kube-system/kubeadm-certs"

#: Type of the Secrets that are bootstrap tokens.
SECRET_TYPE = "bootstrap.kubernetes.io/token"  # noqa: S105 (a name)
#: With the token's id behind it, name of its Secret.
SECRET_PREFIX = "bootstrap-token-"  # noqa: S105 (a name)
#: Name of the Secret of the uploaded certificates, in kube-system.
CERTIFICATES_SECRET = "kubeadm-certs"  # noqa: S105 (a name)

#: Marks the tokens made here, so that they can be revoked without knowing them.
TOKEN_DESCRIPTION = "kubeadm.ha join"  # noqa: S105 (a name)
#: Marks the token that upload-certs makes as owner of its Secret (kubeadm, phases/copycerts/copycerts.go).
UPLOAD_CERTS_DESCRIPTION = "Proxy for managing TTL for the kubeadm-certs secret"

_REASON = "nobody joins with it any more"


@dataclasses.dataclass(frozen=True)
class BootstrapToken:
    """What may be reported of a bootstrap token, which is not its secret.

    Attributes:
        name: of its Secret.
        description: what it is for, empty without.
        expiration: its end of life (RFC 3339), empty without.
    """

    name: str
    description: str
    expiration: str = dataclasses.field(metadata=absent(""))

    @classmethod
    def from_secret(cls, secret: t.Mapping[str, t.Any]) -> BootstrapToken:
        """From its Secret."""
        return cls(str(secret["metadata"]["name"]), _decoded(secret, "description"), _decoded(secret, "expiration"))

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


def left_over(tokens: t.Iterable[BootstrapToken]) -> list[str]:
    """Names of the tokens that this collection, or kubeadm for it, made. An operator's own tokens are not ours."""
    ours = (TOKEN_DESCRIPTION, UPLOAD_CERTS_DESCRIPTION)
    return [token.name for token in tokens if token.description in ours]


def decide_revocation(tokens: int, *, has_certificates: bool) -> tuple[Change, ...]:
    """The changes that revoke what is left over.

    Args:
        tokens: how many tokens go.
        has_certificates: whether there are uploaded certificates, which hold every key of the cluster.
    """
    changes = []
    if tokens:
        changes.append(Change(BOOTSTRAP_TOKEN, {"tokens": tokens}, None, _REASON))
    if has_certificates:
        changes.append(Change(UPLOADED_CERTIFICATES, "the cluster's certificates and keys", None, _REASON))
    return tuple(changes)


def _decoded(secret: t.Mapping[str, t.Any], key: str) -> str:
    try:
        return base64.b64decode((secret.get("data") or {}).get(key, "")).decode("utf-8", "replace")
    except binascii.Error:
        return ""


__all__ = (
    "BOOTSTRAP_TOKEN",
    "CERTIFICATES_SECRET",
    "SECRET_TYPE",
    "TOKEN_DESCRIPTION",
    "UPLOADED_CERTIFICATES",
    "UPLOAD_CERTS_DESCRIPTION",
    "BootstrapToken",
    "decide_revocation",
    "left_over",
)
