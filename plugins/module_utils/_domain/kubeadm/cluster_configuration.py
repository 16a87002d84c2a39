# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's ClusterConfiguration, v1beta1 to v1beta4: read and patched as a document, and what of it has to change.

Field names by version: https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/ and its older versions.
"""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from ..base.address import Endpoint, San, parse_sans
from ..base.change import Change
from ..base.endpoint_input import parse_endpoint_option
from ..base.errors import InvalidInput, UnsupportedState
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR
from .cluster_configuration_diff import flat
from .cluster_configuration_fields import ANY, FIELDS, refuse_unknown
from .document_tree import at, in_order, merge, put
from .extra_args import COMPONENTS, ArgValues, pairs_of, parse_extra_args, with_flags
from .extra_volumes import Wanted as WantedVolumes
from .extra_volumes import parse as parse_extra_volumes
from .extra_volumes import patch as patch_extra_volumes
from .kubeadm_api import API_GROUP, VERSIONS

#: The object of the changes decided here.
OBJECT = "ConfigMap kube-system/kubeadm-config"

KIND = "ClusterConfiguration"

_API_SERVER_SANS = ("apiServer", "certSANs")
_ETCD_SERVER_SANS = ("etcd", "local", "serverCertSANs")
_ETCD_PEER_SANS = ("etcd", "local", "peerCertSANs")


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
        extra_args: flags by component (keys of :data:`~.extra_args.COMPONENTS`) and name, see :func:`parse_extra_args`.
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
            component: a key of :data:`~.extra_args.COMPONENTS`.
        """
        return pairs_of(self._at((*COMPONENTS[component], "extraArgs")))

    def patched(self, wanted: Wanted) -> dict[str, t.Any]:
        """The document that says what is wanted. Whatever is not named stays as it is, in its order.

        Raises:
            InvalidInput: when this version has no such field.
        """
        document: dict[str, t.Any] = copy.deepcopy(dict(self.document))
        self._refuse_unknown_fields(wanted.patch)
        merge(document, wanted.patch)
        if wanted.control_plane_endpoint is not None:
            _set_endpoint(document, wanted.control_plane_endpoint)
        _add_sans(document, _API_SERVER_SANS, wanted.cert_sans)
        self._patch_etcd_sans(document, wanted)
        for component, flags in wanted.extra_args.items():
            self._patch_extra_args(document, component, flags)
        patch_extra_volumes(document, wanted.extra_volumes)
        return t.cast("dict[str, t.Any]", in_order(self.document, document))

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
        pairs = with_flags(pairs_of(at(document, path)), flags)
        if pairs == pairs_of(at(document, path)):
            return
        if self.has_argument_lists:
            put(document, path, [{"name": name, "value": value} for name, value in pairs])
        else:
            self._refuse_repeated(component, flags)
            put(document, path, dict(pairs))

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
        fields = dict(FIELDS[self.version])
        for name in ("apiVersion", "kind"):
            if name in patch and patch[name] != self.document[name]:
                raise InvalidInput(
                    f"The option patch must not change {name}: convert the document with 'kubeadm config migrate'."
                )
            fields[name] = ANY
        refuse_unknown(patch, fields, (), self.api_version)

    def _text(self, *path: str) -> str | None:
        value = self._at(path)
        return None if value is None or value == "" else str(value)

    def _at(self, path: t.Sequence[str]) -> t.Any:
        return at(self.document, path)


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
    old = flat(configuration.document)
    new = flat(configuration.patched(wanted))
    differing = sorted(path for path in {*old, *new} if old.get(path) != new.get(path))
    if not differing:
        return None
    return Change(
        object=OBJECT,
        before={path: old.get(path) for path in differing},
        after={path: new.get(path) for path in differing},
        reason=f"the {KIND} must say so before nodes join or certificates are issued",
    )


def _san_option(option: str, options: t.Mapping[str, t.Any]) -> tuple[str, ...]:
    texts = tuple(options.get(option) or ())
    try:
        parse_sans(texts)
    except InvalidInput as error:
        raise InvalidInput(f"The option {option} cannot be used: {error.message}") from error
    return texts


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
    current = list(_texts(at(document, path)))
    known = {_san_key(text) for text in current}
    for text in sans:
        san = San.parse(text)
        if (san.kind, san.value) not in known:
            known.add((san.kind, san.value))
            current.append(san.value)
    if len(current) != len(_texts(at(document, path))):
        put(document, path, current)


def _san_key(text: str) -> tuple[str, str]:
    try:
        san = San.parse(text)
    except InvalidInput:
        return ("unknown", text)
    return (san.kind, san.value)


def _texts(value: t.Any) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, (list, tuple)) else ()


__all__ = ("KIND", "OBJECT", "ClusterConfiguration", "Wanted", "decide")
