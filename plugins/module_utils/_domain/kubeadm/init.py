# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A host becomes the first control plane of a new cluster: decided by what is on it, done by ``kubeadm init``."""

from __future__ import annotations

import dataclasses
import functools
import typing as t

from ..base.address import Endpoint, canonical_ip
from ..base.change import Change, Decision
from ..base.errors import ApiError, CommandFailed, KubeadmHaError, NotProved, UnsupportedState
from ..base.last_words import last_words, without_secrets
from ..component import local_control_plane, pod_log
from ..component.secure_port import port_of
from ..pki.authorities import authorities_of
from . import init_host
from .bootstrap_token import SECRET_TYPE, TOKEN_DESCRIPTION, BootstrapToken
from .init_host import CLEAN, CONTROL_PLANE, OURS
from .init_marker import COMPLETE, CREATING, MODE, PATH, InitMarker
from .join_traces import MANIFESTS

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.commands import CommandResult, Commands
    from ..._ports.files import Files
    from ..base.endpoint_view import View
    from .init_documents import InitDocuments
    from .init_host import InitHost

AUTHORITIES, INIT = "authorities", "init"

_SECONDS_BETWEEN = 1.0
_REASON = "no host of the inventory has a cluster"
_RESUMED = "its creation by kubeadm.ha did not end"


@dataclasses.dataclass(frozen=True)
class Tools:
    """What this use case needs of the host and of the cluster that it makes.

    Attributes:
        commands: runs kubeadm.
        files: of this host.
        clock: this host's time.
        running: process ids of every kubeadm that changes something here.
        probe: asks an API server by the cluster's CA, given as PEM.
        open_api: the API by admin.conf, asked of the server ``host:port``.
    """

    commands: Commands
    files: Files
    clock: Clock
    running: t.Callable[[], t.Sequence[int]]
    probe: t.Callable[[Endpoint, str], View]
    open_api: t.Callable[[str], Api]


@dataclasses.dataclass(frozen=True)
class InitRequest:
    """What is to be made.

    Attributes:
        documents: what kubeadm is given.
        phase: :data:`AUTHORITIES` makes the CAs and the key of service accounts only, :data:`INIT` the control plane.
        host_name: this host's name, for the Node without another one and for messages.
        wait_timeout: seconds for the end of another kubeadm, and for the proof.
        ignored: names of kubeadm's preflight checks whose errors are only warnings.
    """

    documents: InitDocuments
    phase: str
    host_name: str
    wait_timeout: float
    ignored: tuple[str, ...] = ()

    @property
    def node_name(self) -> str:
        """Name of the Node."""
        return (self.documents.node_name or self.host_name).strip().lower()


def ensure(tools: Tools, request: InitRequest) -> Decision:
    """The host has the cluster's CAs, or is its first control plane.

    Raises:
        UnsupportedState: when something on the host is not the collection's.
        CommandFailed: when kubeadm fails.
        NotProved: when kubeadm ends well and the API server does not serve, or has no such node.
    """
    host = init_host.collect(tools.files, request.documents)
    state = init_host.classify(host, request.documents, host_name=request.host_name)
    if state == CONTROL_PLANE:
        _check_serving(tools, request)
        return Decision(values=_values(tools, request, state))
    if request.phase == AUTHORITIES:
        act, change = _make_authorities, _authorities_change(host, state, request)
    else:
        is_begun = state == OURS and host.has_more_than_authorities(request.documents)
        act, change = _init, init_change(request.node_name, request.documents.endpoint, is_begun=is_begun)
    changes = () if change is None else (change,)
    return Decision(changes=changes, values=_values(tools, request, state), act=functools.partial(act, tools, request))


def _authorities_change(host: InitHost, state: str, request: InitRequest) -> Change | None:
    wanted = authorities_of(has_stacked_etcd=request.documents.has_stacked_etcd)
    if set(wanted) <= set(host.authorities) and state == OURS:
        return None
    return authorities_change(host.authorities, wanted, is_begun=state == OURS)


def authorities_change(there: t.Sequence[str], wanted: t.Sequence[str], *, is_begun: bool) -> Change:
    """The making of certificate authorities.

    Args:
        there: names of those that are there.
        wanted: names of all.
        is_begun: whether an interrupted run has begun it.
    """
    return Change("certificate authorities", list(there) or None, list(wanted), _RESUMED if is_begun else _REASON)


def init_change(node_name: str, endpoint: str, *, is_begun: bool) -> Change:
    """The making of the first control plane.

    Args:
        node_name: of its Node.
        endpoint: the cluster's control plane endpoint.
        is_begun: whether ``kubeadm init`` has begun, and was interrupted.
    """
    return Change(
        f"control plane {node_name}",
        "half created" if is_begun else None,
        f"first control plane of {endpoint}",
        _RESUMED if is_begun else _REASON,
    )


def _make_authorities(tools: Tools, request: InitRequest) -> t.Mapping[str, t.Any]:
    _begin(tools, request)
    for name in authorities_of(has_stacked_etcd=request.documents.has_stacked_etcd):
        arguments = ["kubeadm", "init", "phase", "certs", name, "--config=/dev/stdin"]
        _kubeadm(tools, request, arguments, request.documents.text())
    host = init_host.collect(tools.files, request.documents)
    missing = [
        name
        for name in authorities_of(has_stacked_etcd=request.documents.has_stacked_etcd)
        if name not in host.authorities
    ]
    if missing:
        raise CommandFailed(
            f"kubeadm init phase certs ended well on {request.host_name}, but left no {', '.join(missing)} in "
            f"{request.documents.certificates_dir}: read what kubeadm prints there."
        )
    _write_marker(tools, request, CREATING, host.ca)
    return _values(tools, request, OURS)


def _init(tools: Tools, request: InitRequest) -> t.Mapping[str, t.Any]:
    host = _begin(tools, request)
    explained = init_host.explained_errors(host, request.documents)
    text = request.documents.text(ignored=(*request.ignored, *explained))
    _kubeadm(tools, request, ["kubeadm", "config", "images", "pull", "--config=/dev/stdin"], text)
    _kubeadm(tools, request, ["kubeadm", "init", "--config=/dev/stdin", "--skip-token-print"], text)
    api_server = _api_server(tools, request)
    api = tools.open_api(str(api_server))
    _prove(tools, request, api, api_server)
    _delete_tokens(api)
    host = init_host.collect(tools.files, request.documents)
    _write_marker(tools, request, COMPLETE, host.ca)
    return _values(tools, request, CONTROL_PLANE)


def _begin(tools: Tools, request: InitRequest) -> InitHost:
    """The host as it is once no other kubeadm runs: that it is the collection's is kept before anything is changed."""
    _wait_for_others(tools, request)
    host = init_host.collect(tools.files, request.documents)
    state = init_host.classify(host, request.documents, host_name=request.host_name)
    if state == CONTROL_PLANE:
        raise UnsupportedState(
            f"{request.host_name} became a control plane while another kubeadm was waited for: run again, which proves it."
        )
    if state == CLEAN or host.marker is None:
        _write_marker(tools, request, CREATING, "")
        return host
    for path in init_host.half_written(tools.files, request.documents):
        tools.files.remove(path)
    # A CA that a killed run has made is the cluster's from now on.
    host = init_host.collect(tools.files, request.documents)
    if "ca" in host.authorities:
        _write_marker(tools, request, CREATING, host.ca)
    return host


def _wait_for_others(tools: Tools, request: InitRequest) -> None:
    deadline = tools.clock.monotonic() + request.wait_timeout
    while True:
        running = tools.running()
        if not running:
            return
        if tools.clock.monotonic() >= deadline:
            raise UnsupportedState(
                f"kubeadm still runs on {request.host_name} (process {running[0]}) after {request.wait_timeout:.0f} s: wait for its "
                "end, or end it, then run again."
            )
        tools.clock.sleep(_SECONDS_BETWEEN)


def _write_marker(tools: Tools, request: InitRequest, state: str, ca: str) -> None:
    marker = InitMarker(state, request.documents.identity, request.documents.digest, ca)
    tools.files.make_private_directory(PATH.rpartition("/")[0])
    tools.files.write(PATH, marker.content(), mode=MODE)


def _kubeadm(tools: Tools, request: InitRequest, arguments: t.Sequence[str], text: str) -> None:
    result = tools.commands.run(arguments, stdin=text, check=False)
    if result.returncode != 0:
        raise _failure(tools, request, arguments, result)


def _failure(tools: Tools, request: InitRequest, arguments: t.Sequence[str], result: CommandResult) -> CommandFailed:
    reason = last_words(result.stderr) or last_words(result.stdout)
    etcd = pod_log.complaints(tools.files, "etcd") if "etcd" in reason else ""
    also = f" The etcd of this host said last: {etcd}." if etcd else ""
    also += _lost_endpoint(tools, request)
    command = " ".join(word for word in arguments if not word.startswith("--"))
    return CommandFailed(
        without_secrets(
            f"{command} failed on {request.host_name} with return code {result.returncode}: {reason}.{also} Mend that, then run "
            "again: the next run goes on from here.",
            request.documents.secrets,
        ),
        rc=result.returncode,
    )


def _lost_endpoint(tools: Tools, request: InitRequest) -> str:
    """That the API server serves, but not through the endpoint, by which ``kubeadm init`` ends; empty where that is not it."""
    ca = _ca(tools, request)
    endpoint = Endpoint.parse(request.documents.endpoint)
    if not ca or not tools.probe(_api_server(tools, request), ca).is_proved:
        return ""
    objections = tools.probe(endpoint, ca).objections()
    if not objections:
        return ""
    return (
        f" Its API server serves, but the control plane endpoint {endpoint} does not lead there: {'; '.join(objections)}. What is in "
        "front has to lead to it."
    )


def _api_server(tools: Tools, request: InitRequest) -> Endpoint:
    """Where this host's API server is, by the documents or else by its manifest."""
    if request.documents.api_server is not None:
        return request.documents.api_server
    flags = local_control_plane.api_server_flags(tools.files, manifests_dir=MANIFESTS)
    return Endpoint(canonical_ip(flags.get("advertise-address", "")) or "127.0.0.1", port_of(flags))


def _ca(tools: Tools, request: InitRequest) -> str:
    content = tools.files.read(f"{request.documents.certificates_dir}/ca.crt")
    return (content or b"").decode("utf-8", errors="replace")


def _check_serving(tools: Tools, request: InitRequest) -> None:
    """The control plane that is here serves, whoever made it; by the address of its own manifest."""
    flags = local_control_plane.api_server_flags(tools.files, manifests_dir=MANIFESTS)
    address = canonical_ip(flags.get("advertise-address", "")) or "127.0.0.1"
    api_server = Endpoint(address, port_of(flags))
    view = tools.probe(api_server, _ca(tools, request))
    if not view.is_proved:
        objections = [attempt.objection(api_server) for attempt in view.attempts if not attempt.is_api_server]
        raise UnsupportedState(
            f"{request.host_name} has a control plane whose API server does not serve: {'; '.join(objections) or api_server}. Mend it, "
            "or take the host out of the inventory; run 'kubeadm reset' on it only where no cluster needs it."
        )


def _prove(tools: Tools, request: InitRequest, api: Api, api_server: Endpoint) -> None:
    """The API server answers that it is ready, its certificate is the cluster's, and the cluster has the node."""
    deadline = tools.clock.monotonic() + request.wait_timeout
    while True:
        reason = _unproved(tools, request, api, api_server)
        if not reason:
            return
        if tools.clock.monotonic() >= deadline:
            raise NotProved(
                f"kubeadm init ended well on {request.host_name}, but {reason}. Read the logs of its static pods; the next run "
                "goes on from here."
            )
        tools.clock.sleep(_SECONDS_BETWEEN)


def _unproved(tools: Tools, request: InitRequest, api: Api, api_server: Endpoint) -> str:
    view = tools.probe(api_server, _ca(tools, request))
    if not view.is_proved:
        objections = [attempt.objection(api_server) for attempt in view.attempts if not attempt.is_api_server]
        return "; ".join(objections) or f"nothing answers at {api_server}"
    try:
        api.raw("/readyz")
        node = api.get("node", request.node_name)
    except KubeadmHaError as error:
        return f"the API server at {api_server} could not be asked: {error.message}"
    return "" if node is not None else f"the cluster has no node {request.node_name}"


def _delete_tokens(api: Api) -> None:
    """The bootstrap tokens that this init and a killed one before it have made: nobody joins with them."""
    for secret in api.list("secret", namespace="kube-system"):
        if secret.get("type") == SECRET_TYPE:
            token = BootstrapToken.from_secret(secret)
            if token.description == TOKEN_DESCRIPTION:
                try:
                    api.delete("secret", token.name, namespace="kube-system")
                except ApiError as error:
                    raise NotProved(
                        f"The cluster was created, but a bootstrap token could not be deleted: {error.message} Run again."
                    ) from error


def _values(tools: Tools, request: InitRequest, state: str) -> dict[str, t.Any]:
    api_server = request.documents.api_server
    if state == CONTROL_PLANE:
        flags = local_control_plane.api_server_flags(tools.files, manifests_dir=MANIFESTS)
        address = canonical_ip(flags.get("advertise-address", ""))
        api_server = api_server if address is None else Endpoint(address, port_of(flags))
    return {
        "state": state,
        "node_name": request.node_name,
        "api_server": None if api_server is None else str(api_server),
    }


__all__ = ("AUTHORITIES", "INIT", "InitRequest", "Tools", "authorities_change", "ensure", "init_change")
