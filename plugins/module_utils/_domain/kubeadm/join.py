# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host becomes a member of a cluster: decided by what is on it, done by ``kubeadm join``."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t

from ..base.address import DEFAULT_API_PORT, Endpoint
from ..base.change import Change, Decision
from ..base.errors import CommandFailed, InvalidInput, KubeadmHaError, UnsupportedState
from .join_configuration import discovery_kubeconfig, join_configuration, role_name, with_other_static_pods
from .join_failures import failure, refusal
from .joined_host import CLEAN, MEMBER, HostFiles, classify, collect

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.files import Files
    from ..._ports.kubelet_api import KubeletApi
    from ..._ports.x509 import CertificateIdentities
    from ..._ports.yaml import YamlReader
    from .join_configuration import JoinRequest


def join_change(node_name: str, *, control_plane: bool) -> Change:
    """The joining of a node as a change."""
    role = role_name(control_plane=control_plane)
    return Change(f"node {node_name}", None, role, f"the inventory has it as a {role}")


def decide(host: HostFiles, request: JoinRequest, *, host_name: str) -> Change | None:
    """The change that a host needs to be a member of the cluster, ``None`` when it is.

    Args:
        host: what is on it.
        request: what it is to be.
        host_name: its name, for a Node without another one.

    Raises:
        UnsupportedState: when it is half joined, has another role or belongs to another cluster.
    """
    state = classify(
        host,
        ca_cert_hashes=request.ca_cert_hashes,
        control_plane=request.control_plane,
        brings_authorities=request.certificate_key is None,
    )
    name = (request.node_name or host_name).strip().lower()
    if state.kind == CLEAN:
        return join_change(name, control_plane=request.control_plane)
    if state.kind != MEMBER:
        raise UnsupportedState(
            refusal(state, host, request), state=state.kind, present=list(state.present), missing=list(state.missing)
        )
    if request.node_name is not None and host.node_name != name:
        raise UnsupportedState(
            f"This host has joined as the node {host.node_name}, but the option node_name says {name}: give the name that "
            "it has, or run 'kubeadm reset' on it to let it join under another.",
            state=state.kind,
        )
    return None


def ensure(
    commands: Commands,
    files: Files,
    yaml: YamlReader,
    x509: CertificateIdentities,
    kubelet_api: KubeletApi,
    *,
    request: JoinRequest,
    host_name: str,
) -> Decision:
    """The host is a member of that cluster.

    Args:
        commands: runs kubeadm.
        files: of this host.
        yaml: reads kubelet.conf and manifests.
        x509: reads certificates.
        kubelet_api: asks that cluster with the kubelet's own credentials.
        request: what it is to be.
        host_name: this host's name.

    Raises:
        InvalidInput: when the request cannot be used.
        UnsupportedState: see :func:`decide`.
        CommandFailed: when kubeadm fails.
    """
    request.check()
    host = HostFiles() if request.assumes_reset else collect(files, yaml, x509, pki_dir=request.certificates_dir)
    change = decide(host, request, host_name=host_name)
    request = with_other_static_pods(request, files)
    if change is None:
        return Decision(values=_values(host, state=MEMBER), warnings=tuple(_unlike_api(kubelet_api, host)))
    name = change.object.partition(" ")[2]
    address, port = request.advertise_address, request.bind_port or DEFAULT_API_PORT
    expected = Endpoint(address, port) if request.control_plane and address is not None else None

    def act() -> t.Mapping[str, t.Any]:
        _join(commands, files, request)
        joined = collect(files, yaml, x509, pki_dir=request.certificates_dir)
        if decide(joined, request, host_name=host_name) is not None:
            raise CommandFailed("kubeadm join ended well, but left no kubelet.conf: read the kubelet's journal.")
        return _values(joined, state=CLEAN)

    return Decision(
        changes=(change,),
        values=_values(dataclasses.replace(host, node_name=name, api_server=expected), state=CLEAN),
        act=act,
    )


def _unlike_api(kubelet_api: KubeletApi, host: HostFiles) -> t.Iterator[str]:
    """A warning when the API cannot be asked; an error when it has no such Node."""
    name = host.node_name or ""
    try:
        node = kubelet_api.get(f"/api/v1/nodes/{name}")
    except KubeadmHaError as error:
        yield f"Whether the cluster has the node {name} could not be asked: {error.message}"
        return
    if node is None:
        raise UnsupportedState(
            f"This host has joined as the node {name}, but the cluster has no such node any more: run 'kubeadm reset' on "
            "the host so that it can join again, or restart its kubelet if the Node was deleted by mistake.",
            state=MEMBER,
        )


def _join(commands: Commands, files: Files, request: JoinRequest) -> None:
    """Run kubeadm. The configuration travels by standard input."""
    if request.token is None:
        raise InvalidInput("The option token is missing: this host has to join, and kubeadm needs a bootstrap token.")
    with contextlib.ExitStack() as held:
        file = (
            held.enter_context(commands.in_memory_file(discovery_kubeconfig(request)))
            if request.ca_certificate
            else None
        )
        configuration = json.dumps(join_configuration(request, discovery_file=file))
        result = commands.run(["kubeadm", "join", "--config=/dev/stdin"], stdin=configuration, check=False)
    if result.returncode != 0:
        raise failure(result, files, request)


def _values(host: HostFiles, *, state: str) -> dict[str, t.Any]:
    return {
        "node_name": host.node_name,
        "state": state,
        "api_server": None if host.api_server is None else str(host.api_server),
    }


__all__ = ("decide", "ensure", "join_change")
