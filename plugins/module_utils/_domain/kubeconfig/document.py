# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A kubeconfig as its clients understand it: which cluster they connect to, and as which user.

Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import typing as t

from ..base import configuration_shape

if t.TYPE_CHECKING:
    from ..._ports.files import Files


#: Field of a cluster, see :meth:`Entry.pem`.
CA = "certificate-authority"


@dataclasses.dataclass(frozen=True)
class Entry:
    """An entry of one of the lists.

    Attributes:
        index: its place in the list.
        name: its name; empty when it has none, as for every client.
        fields: its map ``cluster``, ``user`` or ``context``; ``None`` when it has none.
    """

    index: int
    name: str
    fields: t.Mapping[str, t.Any] | None

    def text(self, field: str) -> str | None:
        """A field as a text; ``None`` when it is not there."""
        value = (self.fields or {}).get(field)
        return None if value is None else str(value)

    def pem(self, field: str, files: Files | None = None) -> bytes | None:
        """What ``<field>-data`` holds, else the file that ``field`` names; ``None`` when there is neither, or it is broken.

        Args:
            field: :data:`CA`, ``client-certificate`` or ``client-key``.
            files: where the named file is; ``None`` is for what the kubeconfig holds itself.
        """
        data, path = self.text(f"{field}-data"), self.text(field)
        if data:
            try:
                return base64.b64decode(data)
            except (binascii.Error, ValueError):
                return None
        return files.read(path) if files is not None and path else None


@dataclasses.dataclass(frozen=True)
class Kubeconfig:
    """A parsed kubeconfig.

    The rule is kubectl's (client-go, tools/clientcmd): the current context names cluster and user. What names nothing has
    the empty name, so without a context it is

    - the cluster with the empty name, by which kubeadm writes cluster-info, where there is no context at all;
    - else the only cluster, which is where such a file can lead at best, and likewise the only user.

    A name that no entry has, or several, names nothing.

    Attributes:
        clusters: its clusters.
        users: its users.
        contexts: its contexts.
        current_context: name of the current one; empty when it names none.
        fault: why it cannot be used, as the end of a sentence about it; the rest is empty then. ``None`` when it can.
    """

    clusters: tuple[Entry, ...] = ()
    users: tuple[Entry, ...] = ()
    contexts: tuple[Entry, ...] = ()
    current_context: str = ""
    fault: str | None = None

    @classmethod
    def parse(cls, document: t.Any) -> Kubeconfig:
        """The kubeconfig that a YAML document is."""
        fault = configuration_shape.of_kubeconfig(document)
        if fault is not None:
            return cls(fault=fault)
        return cls(
            clusters=_entries(document, "clusters", "cluster"),
            users=_entries(document, "users", "user"),
            contexts=_entries(document, "contexts", "context"),
            current_context=_name(document.get("current-context")),
        )

    @property
    def context(self) -> Entry | None:
        """The current context."""
        return _named(self.contexts, self.current_context)

    @property
    def cluster_name(self) -> str:
        """The cluster's name in the current context; empty when that names none."""
        return (self.context.text("cluster") or "") if self.context else ""

    @property
    def current_cluster(self) -> Entry | None:
        """The cluster that clients connect to."""
        return _chosen(self.clusters, self.cluster_name)

    @property
    def current_user(self) -> Entry | None:
        """The user that clients authenticate as."""
        return _chosen(self.users, (self.context.text("user") or "") if self.context else "")

    @property
    def server(self) -> str | None:
        """The URL of the API server that clients connect to."""
        cluster = self.current_cluster
        return None if cluster is None else cluster.text("server")

    def ca_pem(self, files: Files | None = None) -> bytes | None:
        """The CA that clients trust, see :meth:`Entry.pem`."""
        cluster = self.current_cluster
        return None if cluster is None else cluster.pem(CA, files)

    def client_certificate(self, files: Files | None = None) -> bytes | None:
        """The certificate that clients present, see :meth:`Entry.pem`."""
        user = self.current_user
        return None if user is None else user.pem("client-certificate", files)


def _entries(document: t.Mapping[str, t.Any], key: str, inner: str) -> tuple[Entry, ...]:
    return tuple(
        Entry(index, _name(item.get("name")), item.get(inner)) for index, item in enumerate(document.get(key) or ())
    )


def _name(value: t.Any) -> str:
    return "" if value is None else str(value)


def _named(entries: t.Sequence[Entry], name: str) -> Entry | None:
    found = [entry for entry in entries if entry.name == name]
    return found[0] if len(found) == 1 else None


def _chosen(entries: t.Sequence[Entry], name: str) -> Entry | None:
    return entries[0] if not name and len(entries) == 1 else _named(entries, name)


__all__ = ("CA", "Entry", "Kubeconfig")
