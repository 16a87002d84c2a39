# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's ClusterConfiguration, v1beta1 to v1beta4: read and patched as a document.

Field names by version: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and its older versions.
"""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ..base.address import Endpoint, San, parse_sans
from ..base.change import Change
from ..base.endpoint_input import parse_endpoint
from ..base.errors import InvalidInput, UnsupportedState
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR
from .extra_volumes import Wanted as WantedVolumes
from .extra_volumes import parse as parse_extra_volumes
from .extra_volumes import patch as patch_extra_volumes
from .kubeadm_api import API_GROUP, VERSIONS

#: The object of the changes decided here.
OBJECT = "ConfigMap kube-system/kubeadm-config"

KIND = "ClusterConfiguration"

#: Components with ``extraArgs``: the name of the option's key and the place in the document.
COMPONENTS: t.Mapping[str, tuple[str, ...]] = {
    "api_server": ("apiServer",),
    "controller_manager": ("controllerManager",),
    "scheduler": ("scheduler",),
    "etcd": ("etcd", "local"),
}

_API_SERVER_SANS = ("apiServer", "certSANs")
_ETCD_SERVER_SANS = ("etcd", "local", "serverCertSANs")
_ETCD_PEER_SANS = ("etcd", "local", "peerCertSANs")

#: A flag's wanted value: ``None`` removes the flag, several values repeat it.
ArgValues = t.Optional[t.Tuple[str, ...]]


def _nothing() -> t.Mapping[str, t.Any]:
    return {}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a ClusterConfiguration must say; what is left out is not inspected.

    Attributes:
        control_plane_endpoint: the ``controlPlaneEndpoint``.
        cert_sans: entries that ``apiServer.certSANs`` must have besides those it has.
        etcd_server_cert_sans: the same for ``etcd.local.serverCertSANs``.
        etcd_peer_cert_sans: the same for ``etcd.local.peerCertSANs``.
        extra_args: flags by component (keys of :data:`COMPONENTS`) and name, see :func:`parse_extra_args`.
        extra_volumes: volumes by component and name, see :func:`parse_extra_volumes`.
        patch: a JSON merge patch (RFC 7386) of the document.
    """

    control_plane_endpoint: Endpoint | None = None
    cert_sans: tuple[str, ...] = ()
    etcd_server_cert_sans: tuple[str, ...] = ()
    etcd_peer_cert_sans: tuple[str, ...] = ()
    extra_args: t.Mapping[str, t.Mapping[str, ArgValues]] = dataclasses.field(default_factory=_nothing)
    extra_volumes: WantedVolumes = dataclasses.field(default_factory=_nothing)
    patch: t.Mapping[str, t.Any] = dataclasses.field(default_factory=_nothing)

    @classmethod
    def parse(cls, options: t.Mapping[str, t.Any]) -> Wanted:
        """The desired values, from a module's options, which have the names of the attributes; absent ones may be ``None``.

        Raises:
            InvalidInput: for a value that cannot be read, with the option's name.
        """
        endpoint = options.get("control_plane_endpoint")
        return cls(
            control_plane_endpoint=None
            if endpoint is None
            else parse_endpoint_option("control_plane_endpoint", endpoint),
            cert_sans=_san_option("cert_sans", options),
            etcd_server_cert_sans=_san_option("etcd_server_cert_sans", options),
            etcd_peer_cert_sans=_san_option("etcd_peer_cert_sans", options),
            extra_args=parse_extra_args(options.get("extra_args") or {}),
            extra_volumes=parse_extra_volumes(options.get("extra_volumes") or {}),
            patch=options.get("patch") or {},
        )


@dataclasses.dataclass(frozen=True)
class ClusterConfiguration:
    """A ClusterConfiguration document. Made by :meth:`parse`, which checks kind and version."""

    document: t.Mapping[str, t.Any]

    @classmethod
    def parse(cls, document: t.Any) -> ClusterConfiguration:
        """Check that a parsed YAML document is a ClusterConfiguration of a version that this collection knows.

        Raises:
            UnsupportedState: when it is not.
        """
        if not isinstance(document, dict) or document.get("kind") != KIND:
            raise UnsupportedState(
                f"{OBJECT} holds no {KIND} under its key ClusterConfiguration: restore it with "
                "'kubeadm init phase upload-config kubeadm --config FILE'."
            )
        api_version = str(document.get("apiVersion"))
        if api_version not in {f"{API_GROUP}/{version}" for version in VERSIONS}:
            raise UnsupportedState(
                f"{OBJECT} holds a {KIND} of the version {api_version}; kubeadm.ha knows {API_GROUP}/{VERSIONS[0]} to "
                f"{VERSIONS[-1]}: convert it with 'kubeadm config migrate'."
            )
        return cls(document)

    @property
    def api_version(self) -> str:
        """Group and version, for example ``kubeadm.k8s.io/v1beta4``."""
        return str(self.document["apiVersion"])

    @property
    def version(self) -> str:
        """The version alone, for example ``v1beta4``."""
        return self.api_version.rpartition("/")[2]

    @property
    def has_argument_lists(self) -> bool:
        """Whether ``extraArgs`` is a list of name and value (from v1beta4 on) instead of a map."""
        return VERSIONS.index(self.version) >= VERSIONS.index("v1beta4")

    @property
    def control_plane_endpoint(self) -> str | None:
        """``controlPlaneEndpoint`` as written, ``None`` when there is none."""
        return self._text("controlPlaneEndpoint")

    @property
    def cert_sans(self) -> tuple[str, ...]:
        """``apiServer.certSANs`` as written."""
        return _texts(self._at(_API_SERVER_SANS))

    @property
    def etcd_server_cert_sans(self) -> tuple[str, ...]:
        """``etcd.local.serverCertSANs`` as written."""
        return _texts(self._at(_ETCD_SERVER_SANS))

    @property
    def etcd_peer_cert_sans(self) -> tuple[str, ...]:
        """``etcd.local.peerCertSANs`` as written."""
        return _texts(self._at(_ETCD_PEER_SANS))

    @property
    def etcd_kind(self) -> str:
        """``external`` or ``local`` (stacked; kubeadm's default)."""
        return "external" if self._at(("etcd", "external")) is not None else "local"

    @property
    def kubernetes_version(self) -> str | None:
        """``kubernetesVersion`` as written."""
        return self._text("kubernetesVersion")

    @property
    def certificates_dir(self) -> str:
        """``certificatesDir``, or kubeadm's default."""
        return self._text("certificatesDir") or DEFAULT_CERTIFICATES_DIR

    @property
    def image_repository(self) -> str | None:
        """``imageRepository`` as written."""
        return self._text("imageRepository")

    @property
    def networking(self) -> t.Mapping[str, t.Any]:
        """``networking`` as written: dnsDomain, podSubnet, serviceSubnet."""
        value = self._at(("networking",))
        return value if isinstance(value, dict) else {}

    @property
    def control_plane_timeout(self) -> str | None:
        """``apiServer.timeoutForControlPlane`` (up to v1beta3; v1beta4 keeps timeouts on the host, not in the cluster)."""
        return self._text("apiServer", "timeoutForControlPlane")

    def extra_args(self, component: str) -> tuple[tuple[str, str], ...]:
        """``extraArgs`` of a component as pairs of name and value, whatever the version writes.

        Args:
            component: a key of :data:`COMPONENTS`.
        """
        return _pairs(self._at((*COMPONENTS[component], "extraArgs")))

    def patched(self, wanted: Wanted) -> dict[str, t.Any]:
        """The document that says what is wanted. Whatever is not named stays as it is, in its order.

        Raises:
            InvalidInput: when this version has no such field.
        """
        document: dict[str, t.Any] = copy.deepcopy(dict(self.document))
        self._refuse_unknown_fields(wanted.patch)
        _merge(document, wanted.patch)
        if wanted.control_plane_endpoint is not None:
            _set_endpoint(document, wanted.control_plane_endpoint)
        _add_sans(document, _API_SERVER_SANS, wanted.cert_sans)
        self._patch_etcd_sans(document, wanted)
        for component, flags in wanted.extra_args.items():
            self._patch_extra_args(document, component, flags)
        patch_extra_volumes(document, wanted.extra_volumes)
        return t.cast("dict[str, t.Any]", _in_order(self.document, document))

    def _patch_etcd_sans(self, document: dict[str, t.Any], wanted: Wanted) -> None:
        for option, path, sans in (
            ("etcd_server_cert_sans", _ETCD_SERVER_SANS, wanted.etcd_server_cert_sans),
            ("etcd_peer_cert_sans", _ETCD_PEER_SANS, wanted.etcd_peer_cert_sans),
        ):
            if sans:
                self._need_local_etcd(option)
                _add_sans(document, path, sans)

    def _patch_extra_args(self, document: dict[str, t.Any], component: str, flags: t.Mapping[str, ArgValues]) -> None:
        if not flags:
            return
        if component == "etcd":
            self._need_local_etcd("extra_args.etcd")
        path = (*COMPONENTS[component], "extraArgs")
        pairs = _with_flags(_pairs(_at(document, path)), flags)
        if pairs == _pairs(_at(document, path)):
            return
        if self.has_argument_lists:
            _put(document, path, [{"name": name, "value": value} for name, value in pairs])
        else:
            self._refuse_repeated(component, flags)
            _put(document, path, dict(pairs))

    def _refuse_repeated(self, component: str, flags: t.Mapping[str, ArgValues]) -> None:
        repeated = sorted(name for name, values in flags.items() if values is not None and len(values) > 1)
        if repeated:
            raise InvalidInput(
                f"The option extra_args.{component}.{repeated[0]} has several values, but the extraArgs of "
                f"{self.api_version} hold one: write one value."
            )

    def _need_local_etcd(self, option: str) -> None:
        if self.etcd_kind == "external":
            raise InvalidInput(
                f"The option {option} is for etcd that kubeadm runs, but this cluster uses external etcd: leave it out."
            )

    def _refuse_unknown_fields(self, patch: t.Mapping[str, t.Any]) -> None:
        fields = dict(_FIELDS[self.version])
        for name in ("apiVersion", "kind"):
            if name in patch and patch[name] != self.document[name]:
                raise InvalidInput(
                    f"The option patch must not change {name}: convert the document with 'kubeadm config migrate'."
                )
            fields[name] = ANY
        _refuse_unknown(patch, fields, (), self.api_version)

    def _text(self, *path: str) -> str | None:
        value = self._at(path)
        return None if value is None or value == "" else str(value)

    def _at(self, path: t.Sequence[str]) -> t.Any:
        return _at(self.document, path)


def decide(document: t.Mapping[str, t.Any], wanted: Wanted) -> Change | None:
    """The change that a ClusterConfiguration needs, ``None`` when it says already what is wanted.

    Args:
        document: the parsed ClusterConfiguration.
        wanted: what it must say.

    Returns:
        ``before`` and ``after`` hold only the differing fields, by their path (``apiServer.certSANs``); ``None`` stands
        for a field that is not there. Flags stand as ``apiServer.extraArgs.<name>`` in every version.
    """
    configuration = ClusterConfiguration.parse(document)
    old = _flat(configuration.document)
    new = _flat(configuration.patched(wanted))
    differing = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    if not differing:
        return None
    return Change(
        object=OBJECT,
        before={path: old.get(path) for path in differing},
        after={path: new.get(path) for path in differing},
        reason=f"the {KIND} must say so before nodes join or certificates are issued",
    )


def parse_endpoint_option(option: str, text: str) -> Endpoint:
    """An endpoint with its port.

    Raises:
        InvalidInput: when it is none, with the option's name.
    """
    try:
        return parse_endpoint(text, may_be_local=True)
    except InvalidInput as error:
        raise InvalidInput(f"The option {option} cannot be used: {error.message}") from error


def parse_extra_args(option: t.Mapping[str, t.Any]) -> dict[str, dict[str, ArgValues]]:
    """Flags from an option: by component and name a value, a list of values, or ``None`` to remove the flag.

    Raises:
        InvalidInput: for a component or a name that cannot be.
    """
    parsed: dict[str, dict[str, ArgValues]] = {}
    for component, flags in option.items():
        if component not in COMPONENTS:
            raise InvalidInput(f"The option extra_args has no {component!r}: write one of {', '.join(COMPONENTS)}.")
        parsed[component] = {}
        for name, value in (flags or {}).items():
            if name.startswith("-") or not name:
                raise InvalidInput(f"The option extra_args.{component} names the flag {name!r}: leave the dashes out.")
            parsed[component][name] = _argument_values(value)
    return parsed


def _san_option(option: str, options: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    texts = tuple(options.get(option) or ())
    try:
        parse_sans(texts)
    except InvalidInput as error:
        raise InvalidInput(f"The option {option} cannot be used: {error.message}") from error
    return texts


def _argument_values(value: t.Any) -> ArgValues:
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return tuple(_argument_text(item) for item in value) or None
    return (_argument_text(value),)


def _argument_text(value: t.Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_flags(pairs: tuple[tuple[str, str], ...], flags: t.Mapping[str, ArgValues]) -> tuple[tuple[str, str], ...]:
    """The pairs with the wanted flags: a flag that is right stays where it is, a changed one takes its first place."""
    current: dict[str, tuple[str, ...]] = {}
    for name, value in pairs:
        current[name] = (*current.get(name, ()), value)
    to_change = {name: values for name, values in flags.items() if current.get(name) != values}
    result: list[tuple[str, str]] = []
    done: set[str] = set()
    for name, value in pairs:
        if name not in to_change:
            result.append((name, value))
        elif name not in done:
            done.add(name)
            result += [(name, item) for item in to_change[name] or ()]
    for name in sorted(set(to_change) - done):
        result += [(name, item) for item in to_change[name] or ()]
    return tuple(result)


def _set_endpoint(document: dict[str, t.Any], endpoint: Endpoint) -> None:
    """Write the endpoint unless the same one stands there in another spelling.

    One without a port is another one: kubeadm always stores it with the port (it adds the first node's bindPort).
    """
    current = document.get("controlPlaneEndpoint")
    try:
        same = current is not None and Endpoint.parse(str(current), default_port=None) == endpoint
    except InvalidInput:
        same = False
    if not same:
        document["controlPlaneEndpoint"] = str(endpoint)


def _add_sans(document: dict[str, t.Any], path: tuple[str, ...], sans: t.Iterable[str]) -> None:
    """Append the SANs that are not there in any spelling."""
    current = list(_texts(_at(document, path)))
    known = {_san_key(text) for text in current}
    for text in sans:
        san = San.parse(text)
        if (san.kind, san.value) not in known:
            known.add((san.kind, san.value))
            current.append(san.value)
    if len(current) != len(_texts(_at(document, path))):
        _put(document, path, current)


def _san_key(text: str) -> tuple[str, str]:
    try:
        san = San.parse(text)
    except InvalidInput:
        return ("unknown", text)
    return (san.kind, san.value)


def _merge(target: dict[str, t.Any], patch: t.Mapping[str, t.Any]) -> None:
    """A JSON merge patch in place (RFC 7386)."""
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        elif isinstance(value, dict):
            if not isinstance(target.get(name), dict):
                target[name] = {}
            _merge(target[name], value)
        else:
            target[name] = copy.deepcopy(value)


def _in_order(old: t.Any, new: t.Any) -> t.Any:
    """The new document, its maps sorted where those of the old one were: kubeadm sorts, hand-written files do not."""
    if not isinstance(new, dict):
        return new
    was = old if isinstance(old, dict) else {}
    names = sorted(new) if list(was) == sorted(was) else list(new)
    return {name: _in_order(was.get(name), new[name]) for name in names}


def _at(document: t.Mapping[str, t.Any], path: t.Sequence[str]) -> t.Any:
    value: t.Any = document
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _put(document: dict[str, t.Any], path: t.Sequence[str], value: t.Any) -> None:
    """Write a value, making the maps on the way to it; an empty one is taken out."""
    for name in path[:-1]:
        if not isinstance(document.get(name), dict):
            document[name] = {}
        document = document[name]
    if value:
        document[path[-1]] = value
    else:
        document.pop(path[-1], None)


def _texts(value: t.Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


def _pairs(value: t.Any) -> tuple[tuple[str, str], ...]:
    if isinstance(value, dict):
        return tuple((str(name), _argument_text(item)) for name, item in value.items())
    if isinstance(value, (list, tuple)):
        return tuple(
            (str(item.get("name")), _argument_text(item.get("value", ""))) for item in value if isinstance(item, dict)
        )
    return ()


def _flat(document: t.Mapping[str, t.Any], path: tuple[str, ...] = ()) -> dict[str, t.Any]:
    """The leaves by their dotted path; flags by name, with a list where they are repeated."""
    leaves: dict[str, t.Any] = {}
    for name, value in document.items():
        here = (*path, str(name))
        if name == "extraArgs":
            for flag, text in _pairs(value):
                key = ".".join((*here, flag))
                leaves[key] = text if key not in leaves else [*_as_list(leaves[key]), text]
        elif isinstance(value, dict) and value:
            leaves.update(_flat(value, here))
        elif value not in (None, {}, []):
            leaves[".".join(here)] = value
    return leaves


def _as_list(value: t.Any) -> list[t.Any]:
    return value if isinstance(value, list) else [value]


def _refuse_unknown(patch: t.Any, fields: t.Any, path: tuple[str, ...], api_version: str) -> None:
    """Raise ``InvalidInput`` for a field that the version does not have. ``null`` (removal) is always allowed."""
    where = ".".join(path)
    if fields is ANY or patch is None:
        return
    if isinstance(fields, list):
        if not isinstance(patch, (list, tuple)):
            raise InvalidInput(
                f"The option patch has no list at {where}, but {api_version} wants one"
                + (" of name and value: use the option extra_args." if path[-1] == "extraArgs" else ".")
            )
        for item in patch:
            _refuse_unknown(item, fields[0], path, api_version)
        return
    if not isinstance(patch, dict):
        raise InvalidInput(
            f"The option patch has no map at {where}, but {api_version} wants one"
            + (": use the option extra_args." if path and path[-1] == "extraArgs" else ".")
        )
    if fields is ANY_MAP:
        return
    for name, value in patch.items():
        here = (*path, str(name))
        if name not in fields:
            if value is None:
                continue
            raise InvalidInput(
                f"The option patch names {'.'.join(here)}, which {api_version} does not have"
                + _FIELD_HINTS.get(here, ": leave it out.")
            )
        _refuse_unknown(value, fields[name], here, api_version)


class _Marker:
    """A leaf of :data:`_FIELDS`."""


#: Any value.
ANY = _Marker()
#: A map with names of the user's own.
ANY_MAP = _Marker()

_FIELD_HINTS: t.Mapping[tuple[str, ...], str] = {
    ("apiServer", "timeoutForControlPlane"): (
        ": that version keeps it as timeouts.controlPlaneComponentHealthCheck in the InitConfiguration and "
        "JoinConfiguration of each host."
    ),
}


def _fields_of(version: str) -> dict[str, t.Any]:
    """The fields of a version's ClusterConfiguration (kubernetes/kubernetes, cmd/kubeadm/app/apis/kubeadm/<version>)."""
    number = VERSIONS.index(version)
    has_lists = number >= VERSIONS.index("v1beta4")
    arguments: t.Any = [{"name": ANY, "value": ANY}] if has_lists else ANY_MAP
    environment = {"extraEnvs": [ANY_MAP]} if has_lists else {}
    volumes = [{"name": ANY, "hostPath": ANY, "mountPath": ANY, "readOnly": ANY, "pathType": ANY}]
    component = {"extraArgs": arguments, "extraVolumes": volumes, **environment}
    image = {"imageRepository": ANY, "imageTag": ANY}
    fields: dict[str, t.Any] = {
        "etcd": {
            "local": {
                **image,
                "dataDir": ANY,
                "extraArgs": arguments,
                "serverCertSANs": [ANY],
                "peerCertSANs": [ANY],
                **environment,
            },
            "external": {"endpoints": [ANY], "caFile": ANY, "certFile": ANY, "keyFile": ANY},
        },
        "networking": {"serviceSubnet": ANY, "podSubnet": ANY, "dnsDomain": ANY},
        "kubernetesVersion": ANY,
        "controlPlaneEndpoint": ANY,
        "apiServer": {**component, "certSANs": [ANY]},
        "controllerManager": component,
        "scheduler": component,
        "dns": dict(image),
        "certificatesDir": ANY,
        "imageRepository": ANY,
        "featureGates": ANY_MAP,
        "clusterName": ANY,
    }
    if number <= VERSIONS.index("v1beta2"):
        fields["useHyperKubeImage"] = ANY
        fields["dns"]["type"] = ANY
    if has_lists:
        fields["proxy"] = {"disabled": ANY}
        fields["dns"]["disabled"] = ANY
        fields["encryptionAlgorithm"] = ANY
        fields["certificateValidityPeriod"] = ANY
        fields["caCertificateValidityPeriod"] = ANY
        # From 1.35 on.
        fields["etcd"]["external"]["httpEndpoints"] = [ANY]
    else:
        fields["apiServer"]["timeoutForControlPlane"] = ANY
    return fields


_FIELDS: t.Mapping[str, t.Mapping[str, t.Any]] = {version: _fields_of(version) for version in VERSIONS}


__all__ = (
    "COMPONENTS",
    "KIND",
    "OBJECT",
    "ArgValues",
    "ClusterConfiguration",
    "Wanted",
    "decide",
    "parse_endpoint_option",
    "parse_extra_args",
)
