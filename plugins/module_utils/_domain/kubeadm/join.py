# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a host a member of this cluster, and how does it become one.

Fields of the JoinConfiguration by version:
https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-JoinConfiguration and its
older versions.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import re
import typing as t

from ..base.address import DEFAULT_API_PORT, Endpoint, canonical_ip
from ..base.change import Change, Decision
from ..base.errors import CommandFailed, InvalidInput, KubeadmHaError, UnsupportedState
from ..base.last_words import last_words
from ..component import local_control_plane, pod_log
from ..component.secure_port import port_of
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG, certified_node
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR
from .kubeadm_api import API_GROUP, JOIN_VERSIONS

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.files import Files
    from ..._ports.kubelet_api import KubeletApi
    from ..._ports.x509 import CertificateIdentities
    from ..._ports.yaml import YamlReader

CLEAN = "clean"
MEMBER = "member"
HALF_JOINED = "half_joined"
OTHER_ROLE = "other_role"
FOREIGN = "foreign"

MANIFESTS = "/etc/kubernetes/manifests"

#: What ``kubeadm join`` makes on every node, besides kubelet.conf.
_NODE_FILES = (
    "/etc/kubernetes/bootstrap-kubelet.conf",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/pki/kubelet-client-current.pem",
)
#: What it makes on every control plane.
_CONTROL_PLANE_FILES = (
    "/etc/kubernetes/admin.conf",
    "/etc/kubernetes/controller-manager.conf",
    "/etc/kubernetes/scheduler.conf",
    f"{MANIFESTS}/kube-apiserver.yaml",
    f"{MANIFESTS}/kube-controller-manager.yaml",
    f"{MANIFESTS}/kube-scheduler.yaml",
)
#: kubeadm's check that the directory of static pods is empty.
MANIFESTS_CHECK = "DirAvailable--etc-kubernetes-manifests"
#: What leaves every check out; kubeadm does not take it beside names.
EVERY_CHECK = "all"
_ETCD_MANIFEST = f"{MANIFESTS}/etcd.yaml"
#: kubeadm's default data directory of etcd; kubeadm join wants it empty.
_ETCD_DATA = "/var/lib/etcd/member"
_LOCAL_ETCD = ("127.0.0.1", "localhost", "[::1]")

_TOKEN = re.compile(r"^([a-z0-9]{6})\.([a-z0-9]{16})\Z")
_TOKEN_ID = re.compile(r"^[a-z0-9]{6}\Z")
_CERTIFICATE_KEY = re.compile(r"^[0-9a-f]{64}\Z")
_CA_CERT_HASH = re.compile(r"^sha256:[0-9a-f]{64}\Z")

_NODE_LABELS = "node-labels"


@dataclasses.dataclass(frozen=True)
class Token:
    """A bootstrap token: the public ``id`` and the ``secret``."""

    id: str
    secret: str = dataclasses.field(repr=False)

    @property
    def text(self) -> str:
        """As kubeadm writes it."""
        return f"{self.id}.{self.secret}"

    @classmethod
    def find(cls, text: str) -> Token | None:
        """The token that a text is, ``None`` when it is none."""
        match = _TOKEN.match(text)
        return None if match is None else cls(*match.groups())

    @classmethod
    def parse(cls, text: str) -> Token:
        """Like :meth:`find`; the error does not hold the text."""
        token = cls.find(text)
        if token is None:
            raise InvalidInput("The option token is no bootstrap token: it must match [a-z0-9]{6}.[a-z0-9]{16}.")
        return token

    @staticmethod
    def check_id(text: str) -> str:
        """The text, if it is the id of a token."""
        if not _TOKEN_ID.match(text):
            raise InvalidInput("The option token_id is no id of a bootstrap token: it must match [a-z0-9]{6}.")
        return text


@dataclasses.dataclass(frozen=True)
class JoinRequest:
    """What a JoinConfiguration must say.

    Attributes:
        endpoint: the API server that is asked for cluster-info.
        ca_cert_hashes: hashes of the cluster CA's public key, of which one must be right.
        api_version: group and version of the configuration, the cluster's own.
        control_plane: the host becomes a control plane.
        token: the bootstrap token; ``None`` where nothing is going to be joined.
        certificate_key: under which the certificates were uploaded; ``None`` when they are on the host already.
        node_name: name of the Node object; ``None`` is the host's name.
        advertise_address: address of the new API server; ``None`` is the interface with the default route.
        bind_port: port of the new API server.
        cri_socket: the container runtime; ``None`` is the only one that kubeadm finds.
        patches_directory: kubeadm patches on the host.
        taints: taints of the Node; ``None`` is kubeadm's default, empty is none.
        kubelet_extra_args: flags of the kubelet by name without dashes.
        ignore_preflight_errors: names of kubeadm's checks.
        timeout: seconds for each of kubeadm's waits (discovery, TLS bootstrap, health); ``None`` is kubeadm's.
        ca_certificate: PEM of the cluster's CA. With it kubeadm presents the token when it discovers the cluster, for API
            servers that refuse anonymous requests; ``None`` lets it ask as anonymous.
        certificates_dir: the cluster's ``certificatesDir``, in which kubeadm puts the CA's certificate on every node.
        assumes_reset: the host counts as one that was reset, because an earlier task only predicted that.
    """

    endpoint: Endpoint
    ca_cert_hashes: tuple[str, ...]
    api_version: str
    control_plane: bool = False
    token: Token | None = None
    certificate_key: str | None = dataclasses.field(default=None, repr=False)
    node_name: str | None = None
    advertise_address: str | None = None
    bind_port: int | None = None
    cri_socket: str | None = None
    patches_directory: str | None = None
    taints: tuple[t.Mapping[str, str], ...] | None = None
    kubelet_extra_args: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    ignore_preflight_errors: tuple[str, ...] = ()
    timeout: int | None = None
    ca_certificate: str | None = None
    certificates_dir: str = DEFAULT_CERTIFICATES_DIR
    assumes_reset: bool = False

    @property
    def role(self) -> str:
        """``control plane`` or ``worker``."""
        return role_name(control_plane=self.control_plane)

    @property
    def version(self) -> str:
        """The version of :attr:`api_version` alone."""
        return self.api_version.rpartition("/")[2]

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        token = () if self.token is None else (self.token.text, self.token.secret)
        return (*token, *(() if self.certificate_key is None else (self.certificate_key,)))

    def check(self) -> None:
        """Check what can be checked without the host.

        Raises:
            InvalidInput: with the option's name; never with a secret.
        """
        self.check_node()
        if not self.ca_cert_hashes or not all(_CA_CERT_HASH.match(item) for item in self.ca_cert_hashes):
            raise InvalidInput(
                "The option ca_cert_hashes must hold the hash of the cluster CA's public key, sha256: and 64 hexadecimal "
                "digits; kubeadm.ha.kubeadm_join_command returns it."
            )
        if self.certificate_key is not None and not _CERTIFICATE_KEY.match(self.certificate_key):
            raise InvalidInput("The option certificate_key is no key: it must be 64 hexadecimal digits.")

    def check_node(self) -> None:
        """Check what is said of the node alone.

        Raises:
            InvalidInput: with the option's name.
        """
        if self.api_version not in {f"{API_GROUP}/{version}" for version in JOIN_VERSIONS}:
            raise InvalidInput(
                f"The option api_version is {self.api_version!r}: it must be {API_GROUP}/{JOIN_VERSIONS[0]} to {JOIN_VERSIONS[-1]}; "
                "kubeadm.ha.kubeadm_join_command returns the cluster's own."
            )
        if self.advertise_address is not None and canonical_ip(self.advertise_address) is None:
            raise InvalidInput(f"The option advertise_address is {self.advertise_address!r}: give an IP address.")
        if self.patches_directory is not None and self.version == "v1beta2":
            raise InvalidInput(f"The option patches_directory cannot be used: {self.api_version} has no patches.")


@dataclasses.dataclass(frozen=True)
class HostFiles:
    """What of a join is on a host.

    Attributes:
        present: paths of the files that kubeadm join makes, as far as they are there, sorted.
        ca_hashes: hashes of the public keys of the CAs in kubelet.conf, or else in the file ca.crt.
        node_name: the node that the client certificate of kubelet.conf names.
        uses_local_etcd: the API server of the host uses an etcd of the host.
        api_server: address and port of the host's API server.
        server: the server that kubelet.conf names.
    """

    present: tuple[str, ...] = ()
    ca_hashes: frozenset[str] = frozenset()
    node_name: str | None = None
    uses_local_etcd: bool = False
    api_server: Endpoint | None = None
    server: str | None = None

    @property
    def is_control_plane(self) -> bool:
        """Whether the API server's manifest is there."""
        return f"{MANIFESTS}/kube-apiserver.yaml" in self.present


@dataclasses.dataclass(frozen=True)
class State:
    """What a host is to a cluster: ``kind`` (a constant of this module), the files that it has and those it lacks."""

    kind: str
    present: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def role_name(*, control_plane: bool) -> str:
    """How a role is called in changes."""
    return "control plane" if control_plane else "worker"


def classify(host: HostFiles, *, ca_cert_hashes: t.Collection[str], control_plane: bool) -> State:
    """What a host is to the cluster with this CA.

    Args:
        host: what is on it.
        ca_cert_hashes: hashes of the cluster CA's public key.
        control_plane: it is to be a control plane, else a worker.
    """
    # On a host without any CA there is nothing to recognise the cluster by.
    if host.ca_hashes and not host.ca_hashes & frozenset(ca_cert_hashes):
        return State(FOREIGN, host.present)
    if not host.present or (host.present == (_ETCD_DATA,) and not control_plane):
        return State(CLEAN)
    if KUBELET_KUBECONFIG not in host.present or host.node_name is None:
        return State(HALF_JOINED, host.present, _missing(host, control_plane=control_plane))
    if host.is_control_plane != control_plane and not _missing(host, control_plane=host.is_control_plane):
        return State(OTHER_ROLE, host.present)
    missing = _missing(host, control_plane=control_plane or host.is_control_plane)
    return State(HALF_JOINED if missing else MEMBER, host.present, missing)


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
    state = classify(host, ca_cert_hashes=request.ca_cert_hashes, control_plane=request.control_plane)
    name = (request.node_name or host_name).strip().lower()
    if state.kind == CLEAN:
        return join_change(name, control_plane=request.control_plane)
    if state.kind != MEMBER:
        raise UnsupportedState(
            _refusal(state, host, request), state=state.kind, present=list(state.present), missing=list(state.missing)
        )
    if request.node_name is not None and host.node_name != name:
        raise UnsupportedState(
            f"This host has joined as the node {host.node_name}, but the option node_name says {name}: give the name that "
            "it has, or run 'kubeadm reset' on it to let it join under another.",
            state=state.kind,
        )
    return None


def collect(
    files: Files, yaml: YamlReader, x509: CertificateIdentities, *, pki_dir: str = DEFAULT_CERTIFICATES_DIR
) -> HostFiles:
    """What of a join is on this host. Files that cannot be understood count as present, and say nothing."""
    ca_path = f"{pki_dir}/ca.crt"
    paths = (KUBELET_KUBECONFIG, ca_path, *_NODE_FILES, *_CONTROL_PLANE_FILES, _ETCD_MANIFEST, _ETCD_DATA)
    present = tuple(sorted(path for path in paths if files.exists(path)))
    kubeconfig = _kubeconfig(files, yaml)
    flags = local_control_plane.api_server_flags(files, manifests_dir=MANIFESTS)
    ca = kubeconfig.ca_pem(files)
    if ca is None:
        ca = files.read(ca_path)
    return HostFiles(
        present=present,
        ca_hashes=_hashes(ca, x509),
        node_name=certified_node(kubeconfig, files, x509),
        uses_local_etcd=any(name in flags.get("etcd-servers", "") for name in _LOCAL_ETCD),
        api_server=_api_server(flags),
        server=kubeconfig.server,
    )


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


def with_other_static_pods(request: JoinRequest, files: Files) -> JoinRequest:
    """Let kubeadm bear an operator's own static pods; its own manifests would have been taken for a half join."""
    if not files.names(MANIFESTS):
        return request
    return dataclasses.replace(
        request, ignore_preflight_errors=tuple(dict.fromkeys((*request.ignore_preflight_errors, MANIFESTS_CHECK)))
    )


def join_configuration(request: JoinRequest, *, discovery_file: str | None = None) -> dict[str, t.Any]:
    """The JoinConfiguration as a document, with the path of a :func:`discovery_kubeconfig` if there is one."""
    token = "" if request.token is None else request.token.text
    by_token = {
        "bootstrapToken": {
            "apiServerEndpoint": str(request.endpoint),
            "token": token,
            "caCertHashes": list(request.ca_cert_hashes),
        }
    }
    by_file = {"file": {"kubeConfigPath": discovery_file}, "tlsBootstrapToken": token}
    document: dict[str, t.Any] = {
        "apiVersion": request.api_version,
        "kind": "JoinConfiguration",
        "discovery": by_token if discovery_file is None else by_file,
    }
    if request.certificates_dir != DEFAULT_CERTIFICATES_DIR:
        # Else kubeadm puts the CA where the kubelet's clientCAFile, which is the cluster's, does not expect it.
        document["caCertPath"] = f"{request.certificates_dir}/ca.crt"
    registration = _node_registration(request)
    if registration:
        document["nodeRegistration"] = registration
    if request.control_plane:
        document["controlPlane"] = _control_plane(request)
    if request.patches_directory is not None:
        document["patches"] = {"directory": request.patches_directory}
    if request.timeout is not None:
        _set_timeouts(document, request)
    return document


def discovery_kubeconfig(request: JoinRequest, *, server: str | None = None) -> str:
    """A kubeconfig (JSON is one) by which kubeadm discovers the cluster with the token instead of as anonymous.

    kubeadm then asks for cluster-info once and is content with 403, which a bootstrap token gets
    (cmd/kubeadm/app/discovery/file/file.go). ``server`` is the URL that it asks; ``None`` is the request's endpoint.
    """
    ca = base64.b64encode((request.ca_certificate or "").encode()).decode()
    name, user = "kubernetes", "tls-bootstrap-token-user"
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": server or request.endpoint.url, "certificate-authority-data": ca}}
        ],
        "users": [{"name": user, "user": {"token": "" if request.token is None else request.token.text}}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": user}}],
        "current-context": name,
    }
    return json.dumps(document)


def kubelet_flags(flags: t.Mapping[str, t.Any], *, labels: t.Mapping[str, t.Any]) -> dict[str, str]:
    """Flags of the kubelet, labels of the Node among them.

    Raises:
        InvalidInput: for a name with dashes before it, and for labels given twice.
    """
    found = {}
    for name, value in flags.items():
        if name.startswith("-") or not name:
            raise InvalidInput(f"The option kubelet_extra_args names the flag {name!r}: leave the dashes out.")
        found[name] = _flag_text(value)
    if labels and _NODE_LABELS in found:
        raise InvalidInput("The option kubelet_extra_args names node-labels: give the labels in node_labels only.")
    if labels:
        found[_NODE_LABELS] = ",".join(f"{name}={_flag_text(value)}" for name, value in sorted(labels.items()))
    return found


def without_secrets(text: str, secrets: t.Iterable[str]) -> str:
    """The text with every secret struck out."""
    for secret in secrets:
        text = text.replace(secret, "***") if secret else text
    return text


def _flag_text(value: t.Any) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _missing(host: HostFiles, *, control_plane: bool) -> tuple[str, ...]:
    """What a finished join would have left besides. bootstrap-kubelet.conf goes away with the end of a join."""
    wanted = [KUBELET_KUBECONFIG, "/var/lib/kubelet/config.yaml"]
    if control_plane:
        wanted += _CONTROL_PLANE_FILES
        wanted += [_ETCD_MANIFEST] if host.uses_local_etcd else []
    return tuple(path for path in wanted if path not in host.present)


def _refusal(state: State, host: HostFiles, request: JoinRequest) -> str:
    shown = ", ".join(state.present[:4]) + (" and more" if len(state.present) > 4 else "")
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
    if _runs_control_plane(host):
        return (
            f"This host is half joined: it has {shown},{lacking}. Put back what is missing, from a backup or another control "
            f"plane. Run 'kubeadm reset' only where no cluster needs this host.{_what_a_reset_deletes(host)}"
        )
    return f"This host is half joined: it has {shown},{lacking}. Run 'kubeadm reset' on it, then run again."


def _runs_control_plane(host: HostFiles) -> bool:
    """Whether a kubelet with credentials starts an API server or etcd here: it may be the only one of a cluster."""
    pods = (f"{MANIFESTS}/kube-apiserver.yaml", _ETCD_MANIFEST)
    return KUBELET_KUBECONFIG in host.present and any(path in host.present for path in pods)


def _what_a_reset_deletes(host: HostFiles) -> str:
    """A warning for a host whose control plane may be in use."""
    if not _runs_control_plane(host):
        return ""
    return " It deletes the CA's key and etcd's data, and the cluster with them if no other control plane is left."


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
        reason = last_words(result.stderr) or last_words(result.stdout)
        etcd = pod_log.complaints(files, "etcd") if request.control_plane and "etcd" in reason else ""
        also = f" The etcd of this host said last: {etcd}." if etcd else ""
        raise CommandFailed(
            without_secrets(
                f"kubeadm join failed with return code {result.returncode}: {reason}.{also} Run the playbook again: its plan "
                "says what the join has left, and completes it, takes it out or names the remedy.",
                request.secrets,
            ),
            rc=result.returncode,
        )


def _values(host: HostFiles, *, state: str) -> dict[str, t.Any]:
    return {
        "node_name": host.node_name,
        "state": state,
        "api_server": None if host.api_server is None else str(host.api_server),
    }


def _node_registration(request: JoinRequest) -> dict[str, t.Any]:
    registration: dict[str, t.Any] = {}
    if request.node_name is not None:
        registration["name"] = request.node_name
    if request.cri_socket is not None:
        registration["criSocket"] = request.cri_socket
    if request.taints is not None:
        registration["taints"] = [dict(taint) for taint in request.taints]
    if request.kubelet_extra_args:
        pairs = sorted(request.kubelet_extra_args.items())
        as_list = JOIN_VERSIONS.index(request.version) >= JOIN_VERSIONS.index("v1beta4")
        registration["kubeletExtraArgs"] = (
            [{"name": name, "value": value} for name, value in pairs] if as_list else dict(pairs)
        )
    if request.ignore_preflight_errors:
        registration["ignorePreflightErrors"] = list(_ignored(request.ignore_preflight_errors))
    return registration


def leaves_every_check_out(names: t.Iterable[str]) -> bool:
    """Whether names of checks are a word for all of them."""
    return any(name.lower() == EVERY_CHECK for name in names)


def _ignored(names: t.Sequence[str]) -> t.Sequence[str]:
    """The names as kubeadm takes them: it refuses others beside the word for all."""
    return (EVERY_CHECK,) if leaves_every_check_out(names) else names


def _control_plane(request: JoinRequest) -> dict[str, t.Any]:
    control_plane: dict[str, t.Any] = {}
    if request.certificate_key is not None:
        control_plane["certificateKey"] = request.certificate_key
    endpoint: dict[str, t.Any] = {}
    if request.advertise_address is not None:
        endpoint["advertiseAddress"] = request.advertise_address
    if request.bind_port is not None:
        endpoint["bindPort"] = request.bind_port
    if endpoint:
        control_plane["localAPIEndpoint"] = endpoint
    return control_plane


def _set_timeouts(document: dict[str, t.Any], request: JoinRequest) -> None:
    """All but ``controlPlaneComponentHealthCheck``: kubeadm writes that one into the static pods' startup probes.

    (``StartupProbe`` in kubeadm's ``app/util/staticpod/utils.go``.)
    """
    duration = f"{request.timeout}s"
    if request.version == "v1beta4":
        document["timeouts"] = dict.fromkeys(("discovery", "tlsBootstrap", "kubeletHealthCheck"), duration)
    else:
        document["discovery"]["timeout"] = duration


def _kubeconfig(files: Files, yaml: YamlReader) -> Kubeconfig:
    content = files.read(KUBELET_KUBECONFIG)
    try:
        return Kubeconfig() if content is None else Kubeconfig.parse(yaml.load(content.decode("utf-8")))
    except (InvalidInput, UnicodeDecodeError):
        return Kubeconfig()


def _hashes(pem: bytes | None, x509: CertificateIdentities) -> frozenset[str]:
    try:
        return frozenset(item.public_key_sha256 for item in x509.identities(pem)) if pem is not None else frozenset()
    except InvalidInput:
        return frozenset()


def _api_server(flags: t.Mapping[str, str]) -> Endpoint | None:
    address = canonical_ip(flags.get("advertise-address", ""))
    return None if address is None else Endpoint(address, port_of(flags))


__all__ = (
    "CLEAN",
    "EVERY_CHECK",
    "FOREIGN",
    "HALF_JOINED",
    "MEMBER",
    "OTHER_ROLE",
    "HostFiles",
    "JoinRequest",
    "State",
    "Token",
    "classify",
    "collect",
    "decide",
    "ensure",
    "join_change",
    "join_configuration",
    "kubelet_flags",
    "leaves_every_check_out",
    "role_name",
    "with_other_static_pods",
    "without_secrets",
)
