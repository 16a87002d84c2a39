# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tokens and uploaded certificates that the cluster has before a run: whose they are and how long they live. Private.

A run of ours that was killed leaves a bootstrap token of ours. Uploaded certificates without one are somebody else's, who may
be about to join with them, or of a run that was killed longer ago than a token lives; nobody knows their key then.
"""

from __future__ import annotations

import typing as t

from ...cluster.cluster import KUBEADM_CONFIG
from ...kubeadm import bootstrap_token, learner_mode

if t.TYPE_CHECKING:
    from ...base.change import Change
    from ...cluster.report import ClusterReport

_KUBECTL = "kubectl --kubeconfig /etc/kubernetes/admin.conf -n kube-system delete secret"


def is_left_by_us(report: ClusterReport) -> bool:
    """Whether a run of ours was killed while hosts joined."""
    return any(token.description == bootstrap_token.TOKEN_DESCRIPTION for token in report.bootstrap_tokens)


def revocation(report: ClusterReport) -> t.Sequence[Change]:
    """The changes that revoke what a killed run has left."""
    gate = (learner_mode.disabling(),) if is_gate_left(report) else ()
    if not is_left_by_us(report):
        return gate
    tokens = bootstrap_token.left_over(report.bootstrap_tokens)
    return (*bootstrap_token.decide_revocation(len(tokens), has_certificates=report.has_uploaded_certificates), *gate)


def is_gate_left(report: ClusterReport) -> bool:
    """Whether the gate that was set for joins is still set."""
    return learner_mode.is_marked(report.config_maps.get(KUBEADM_CONFIG))


def before_a_join(report: ClusterReport) -> str | None:
    """What a plan shows of the uploaded certificates that a join replaces; ``None`` when there are none."""
    if not report.has_uploaded_certificates:
        return None
    whose = "left by a killed run" if is_left_by_us(report) else "somebody else's"
    return f"{whose}, {_until(report)}; replaced"


def note(report: ClusterReport, serving_control_plane: str) -> str | None:
    """What an operator should know of uploaded certificates that are not ours."""
    if not report.has_uploaded_certificates or is_left_by_us(report):
        return None
    return (
        f"{bootstrap_token.UPLOADED_CERTIFICATES} holds every key of the cluster, encrypted, {_until(report)}; no run "
        "of kubeadm.ha has left it. The run keeps it unless a control plane joins, which replaces it. If nobody joins "
        f"with it, delete it on {serving_control_plane}: {_KUBECTL} {bootstrap_token.CERTIFICATES_SECRET}"
    )


def ends(report: ClusterReport, serving_control_plane: str) -> list[str]:
    """What a killed run has left and a refused plan does not revoke: when it ends, and how it can end at once."""
    found = []
    for token in report.bootstrap_tokens:
        if token.description == bootstrap_token.TOKEN_DESCRIPTION:
            end = token.expiration or "an unknown time"
            found.append(
                f"A run before has left the bootstrap token {token.name.rpartition('-')[2]}, which expires at {end}; "
                f"the next run whose plan is accepted revokes it, and so does on {serving_control_plane}: {_KUBECTL} "
                f"{token.name}"
            )
    if found and report.has_uploaded_certificates:
        found.append(
            f"It has left {bootstrap_token.UPLOADED_CERTIFICATES}, too, {_until(report)}: {_KUBECTL} "
            f"{bootstrap_token.CERTIFICATES_SECRET}"
        )
    return found


def _until(report: ClusterReport) -> str:
    """Uploaded certificates go with the token that kubeadm makes as their owner; the last of several is theirs."""
    ends_ = [
        token.expiration
        for token in report.bootstrap_tokens
        if token.description == bootstrap_token.UPLOAD_CERTS_DESCRIPTION
    ]
    return f"until {max(ends_)}" if any(ends_) else "without an end"


__all__ = ("before_a_join", "ends", "is_left_by_us", "note", "revocation")
