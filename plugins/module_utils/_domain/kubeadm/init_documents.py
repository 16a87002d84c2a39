# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that ``kubeadm_init`` is given, as its host reads them."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import posixpath
import typing as t

from ..base.address import DEFAULT_API_PORT, Endpoint, canonical_ip
from ..base.errors import InvalidInput
from ..pki.certificates_dir import DEFAULT as DEFAULT_CERTIFICATES_DIR
from .document_tree import at
from .join_configuration import EVERY_CHECK, leaves_every_check_out

_INIT, _CLUSTER = "InitConfiguration", "ClusterConfiguration"
#: kubeadm's default data directory of the stacked etcd.
_ETCD_DATA = "/var/lib/etcd"
#: Fields of a ClusterConfiguration by which a cluster is that one and no other.
_IDENTITY: t.Mapping[str, tuple[str, ...]] = {
    "controlPlaneEndpoint": ("controlPlaneEndpoint",),
    "dnsDomain": ("networking", "dnsDomain"),
    "kubernetesVersion": ("kubernetesVersion",),
    "podSubnet": ("networking", "podSubnet"),
    "serviceSubnet": ("networking", "serviceSubnet"),
}


@dataclasses.dataclass(frozen=True)
class InitDocuments:
    """What ``kubeadm init`` gets: :attr:`documents` as they were given, and what is read of them."""

    documents: tuple[t.Mapping[str, t.Any], ...]

    @classmethod
    def parse(cls, documents: t.Sequence[t.Mapping[str, t.Any]]) -> InitDocuments:
        """Check that both of kubeadm's documents are there, each once.

        Raises:
            InvalidInput: naming the option.
        """
        kinds = [str(document.get("kind")) for document in documents]
        for kind in (_INIT, _CLUSTER):
            if kinds.count(kind) != 1:
                raise InvalidInput(
                    f"The option configuration has {kinds.count(kind)} documents of the kind {kind}: give exactly one, for "
                    "example what kubeadm.ha.kubeadm_init_configuration returns."
                )
        found = cls(tuple(documents))
        if not found.identity["controlPlaneEndpoint"]:
            raise InvalidInput(
                "The option configuration has no controlPlaneEndpoint in its ClusterConfiguration: a cluster without one "
                "never gets a second control plane."
            )
        return found

    @property
    def identity(self) -> dict[str, str]:
        """What makes the cluster this one; empty texts where kubeadm's defaults hold."""
        cluster = self._of_kind(_CLUSTER)
        return {name: str(at(cluster, path) or "") for name, path in _IDENTITY.items()}

    @property
    def digest(self) -> str:
        """Of the identity."""
        return hashlib.sha256(json.dumps(self.identity, sort_keys=True).encode()).hexdigest()

    @property
    def endpoint(self) -> str:
        """``controlPlaneEndpoint``."""
        return self.identity["controlPlaneEndpoint"]

    @property
    def certificates_dir(self) -> str:
        """``certificatesDir``, or kubeadm's default."""
        return posixpath.normpath(str(self._of_kind(_CLUSTER).get("certificatesDir") or DEFAULT_CERTIFICATES_DIR))

    @property
    def has_stacked_etcd(self) -> bool:
        """Whether kubeadm runs etcd on the control planes."""
        return at(self._of_kind(_CLUSTER), ("etcd", "external")) is None

    @property
    def etcd_data(self) -> str:
        """Directory of the stacked etcd's data."""
        return str(at(self._of_kind(_CLUSTER), ("etcd", "local", "dataDir")) or _ETCD_DATA)

    @property
    def node_name(self) -> str | None:
        """Name of the Node; ``None`` is the host's."""
        name = at(self._of_kind(_INIT), ("nodeRegistration", "name"))
        return None if not name else str(name)

    @property
    def bind_port(self) -> int:
        """Port of the API server."""
        return int(at(self._of_kind(_INIT), ("localAPIEndpoint", "bindPort")) or DEFAULT_API_PORT)

    @property
    def api_server(self) -> Endpoint | None:
        """Where the API server will be; ``None`` where kubeadm finds the address."""
        address = canonical_ip(str(at(self._of_kind(_INIT), ("localAPIEndpoint", "advertiseAddress")) or ""))
        return None if address is None else Endpoint(address, self.bind_port)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no message may hold."""
        tokens = at(self._of_kind(_INIT), ("bootstrapTokens",)) or ()
        found = [str(item.get("token") or "") for item in tokens if isinstance(item, dict)]
        found.append(str(self._of_kind(_INIT).get("certificateKey") or ""))
        return tuple(text for text in found if text)

    def text(self, *, ignored: t.Sequence[str] = ()) -> str:
        """All of them for kubeadm's standard input.

        Args:
            ignored: names of preflight checks whose errors are only warnings, besides those that the documents name.
        """
        return "\n---\n".join(json.dumps(self._ignoring(document, ignored)) for document in self.documents)

    def _ignoring(self, document: t.Mapping[str, t.Any], ignored: t.Sequence[str]) -> t.Mapping[str, t.Any]:
        if document.get("kind") != _INIT or not ignored:
            return document
        result = copy.deepcopy(dict(document))
        if not isinstance(result.get("nodeRegistration"), dict):
            result["nodeRegistration"] = {}
        named = [*(result["nodeRegistration"].get("ignorePreflightErrors") or ()), *ignored]
        # kubeadm takes no other name beside the word for all.
        names = [EVERY_CHECK] if leaves_every_check_out(named) else list(dict.fromkeys(named))
        result["nodeRegistration"]["ignorePreflightErrors"] = names
        return result

    def _of_kind(self, kind: str) -> t.Mapping[str, t.Any]:
        return next(document for document in self.documents if document.get("kind") == kind)


__all__ = ("InitDocuments",)
