# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfig by which a kubelet gets its first client certificate.

``kubeadm join`` writes it with the bootstrap token and deletes it as soon as the kubelet has kubelet.conf
(cmd/kubeadm/app/cmd/phases/join/kubelet.go). A host that loses power in between comes up with both.
"""

from __future__ import annotations

import re
import typing as t

from ..base.change import Change
from . import bootstrap_token

if t.TYPE_CHECKING:
    from .bootstrap_token import BootstrapToken

BOOTSTRAP_KUBECONFIG = "/etc/kubernetes/bootstrap-kubelet.conf"

# The id is public, the rest is the secret (https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/#token-format).
_TOKEN = re.compile(r"""["']?token["']?:\s*["']?(?P<id>[a-z0-9]{6})\.[a-z0-9]{16}\b""")


def token_id(text: str) -> str:
    """The public part of the token in a kubeconfig; empty without a bootstrap token."""
    match = _TOKEN.search(text)
    return match.group("id") if match is not None else ""


def decide_removal(token: str, tokens: t.Iterable[BootstrapToken]) -> Change | None:
    """The removal from a host whose kubelet has its own credentials; ``None`` while the token may be somebody's.

    Args:
        token: id of the token in the host's file; empty without one.
        tokens: those that the cluster has.
    """
    name = f"{bootstrap_token.SECRET_PREFIX}{token}"
    known = {item.name: item for item in tokens}
    if not token or (name in known and not bootstrap_token.left_over([known[name]])):
        return None
    return Change(
        object=BOOTSTRAP_KUBECONFIG,
        before=f"token {token}, which " + ("a killed run has left" if name in known else "the cluster does not know"),
        after=None,
        reason="the join ended before it deleted this; the kubelet has its own certificate",
    )


__all__ = ("BOOTSTRAP_KUBECONFIG", "decide_removal", "token_id")
