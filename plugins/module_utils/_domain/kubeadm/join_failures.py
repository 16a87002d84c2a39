# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why a host does not join, and what to do: what stands against it beforehand, and what kubeadm said when it failed."""

from __future__ import annotations

import typing as t

from ..base.enumeration import beginning
from ..base.errors import CommandFailed
from ..base.last_words import last_words, without_secrets
from ..component import pod_log
from .join_configuration import role_name
from .joined_host import FOREIGN, OTHER_ROLE, runs_control_plane

if t.TYPE_CHECKING:
    from ..._ports.commands import CommandResult
    from ..._ports.files import Files
    from .join_configuration import JoinRequest
    from .joined_host import HostFiles, State


def refusal(state: State, host: HostFiles, request: JoinRequest) -> str:
    """Why a host in this state is not joined, and the remedy."""
    shown = beginning(state.present, 4)
    if state.kind == FOREIGN:
        server = f" (its kubelet connects to {host.server})" if host.server is not None else ""
        return (
            f"This host belongs to another cluster{server}: its CA is not the one of {request.endpoint}. Take it out of the "
            f"inventory, or run 'kubeadm reset' on it if it is to leave that cluster.{_what_a_reset_deletes(host)} Files: "
            f"{shown}."
        )
    if state.kind == OTHER_ROLE:
        current = role_name(control_plane=host.is_control_plane)
        return (
            f"This host is a {current} of the cluster and cannot become a {request.role} in place: set the option "
            f"control_plane to {str(host.is_control_plane).lower()}, or drain the node, delete it and run 'kubeadm reset' "
            f"on the host first.{_what_a_reset_deletes(host)}"
        )
    lacking = f" but not {', '.join(state.missing)}" if state.missing else " but no usable client certificate"
    if runs_control_plane(host):
        return (
            f"This host is half joined: it has {shown},{lacking}. Put back what is missing, from a backup or another control "
            f"plane. Run 'kubeadm reset' only where no cluster needs this host.{_what_a_reset_deletes(host)}"
        )
    return f"This host is half joined: it has {shown},{lacking}. Run 'kubeadm reset' on it, then run again."


def failure(result: CommandResult, files: Files, request: JoinRequest) -> CommandFailed:
    """The error of a kubeadm that failed: what it said last and, where it was etcd, what that said, without a secret."""
    reason = last_words(result.stderr) or last_words(result.stdout)
    etcd = pod_log.complaints(files, "etcd") if request.control_plane and "etcd" in reason else ""
    also = f" The etcd of this host said last: {etcd}." if etcd else ""
    return CommandFailed(
        without_secrets(
            f"kubeadm join failed with return code {result.returncode}: {reason}.{also} Run the playbook again: its plan "
            "says what the join has left, and completes it, takes it out or names the remedy.",
            request.secrets,
        ),
        rc=result.returncode,
    )


def _what_a_reset_deletes(host: HostFiles) -> str:
    """A warning for a host whose control plane may be in use."""
    if not runs_control_plane(host):
        return ""
    return " It deletes the CA's key and etcd's data, and the cluster with them if no other control plane is left."


__all__ = ("failure", "refusal")
