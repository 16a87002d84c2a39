# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm is asked to issue, and what its certificate must be."""

from __future__ import annotations

import copy
import dataclasses
import typing as t

from .certificate import kept_sans, missing_sans, shown

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from ..base.address import San
    from ..base.certificate import Certificate
    from ..component.local_control_plane import LocalControlPlane
    from .certificate_journal import Pair


@dataclasses.dataclass(frozen=True)
class Kind:
    """One of kubeadm's serving certificates (https://kubernetes.io/docs/setup/best-practices/certificates/).

    Attributes:
        name: name of the kubeadm phase ``init phase certs <name>``.
        stem: its files below the certificates directory, without ``.crt`` and ``.key``.
        ca: the same of its CA.
        sans_at: where the ClusterConfiguration has its additional SANs.
        port: TCP port where it is served; ``None`` is the API server's.
    """

    name: str
    stem: str
    ca: str
    sans_at: tuple[str, ...]
    port: int | None = None


KINDS: t.Mapping[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("apiserver", "apiserver", "ca", ("apiServer", "certSANs")),
        Kind("etcd-server", "etcd/server", "etcd/ca", ("etcd", "local", "serverCertSANs"), 2379),
        Kind("etcd-peer", "etcd/peer", "etcd/ca", ("etcd", "local", "peerCertSANs"), 2380),
    )
}


@dataclasses.dataclass(frozen=True)
class Issue:
    """What kubeadm is asked to issue.

    Attributes:
        document: the cluster's ClusterConfiguration.
        control_plane: the local control plane.
        sans: SANs that the certificate must have; kubeadm adds its own and drops duplicates.
    """

    document: t.Mapping[str, t.Any]
    control_plane: LocalControlPlane
    sans: frozenset[San]

    def configuration(self, kind: Kind, yaml: Yaml, *, certificates_dir: str) -> bytes:
        """The configuration file for kubeadm, which refuses ``--cert-dir`` beside ``--config``."""
        document = copy.deepcopy(dict(self.document))
        document["certificatesDir"] = certificates_dir
        parent = document
        for name in kind.sans_at[:-1]:
            if not isinstance(parent.get(name), dict):
                parent[name] = {}
            parent = parent[name]
        written = [str(item) for item in parent.get(kind.sans_at[-1]) or ()]
        parent[kind.sans_at[-1]] = written + sorted({san.value for san in self.sans} - set(written))
        documents = (self.control_plane.init_configuration(str(document["apiVersion"])), document)
        return "---\n".join(yaml.dump(item) for item in documents).encode("utf-8")


def fault_of(x509: X509, new: Pair, *, ca: bytes, old: Certificate, wanted: frozenset[San], now: float) -> str | None:
    """Why a new pair cannot take the place of an old certificate, ``None`` when it can.

    Args:
        x509: reads the pair.
        new: the new pair.
        ca: the CA's certificates in PEM.
        old: the certificate whose place it takes.
        wanted: SANs that it must cover besides those of ``old``.
        now: seconds since the epoch.

    Raises:
        InvalidInput: when the pair cannot be read.
    """
    if new.key is None or new.certificate is None:
        return "is not there"
    certificate = x509.certificates(new.certificate)[0]
    lost = (kept_sans(old) - certificate.sans) | missing_sans(certificate, wanted)
    faults = (
        (certificate.is_expired(now) or certificate.is_not_yet_valid(now), "is not valid now (is the clock right?)"),
        (not certificate.is_server, "is not for servers"),
        (not x509.is_signed_by(new.certificate, ca), "is not signed by the CA of the cluster"),
        (not x509.key_matches(new.certificate, new.key), "does not belong to its key"),
        (bool(lost), f"lacks the SANs {', '.join(shown(lost))}"),
    )
    return next((text for is_faulty, text in faults if is_faulty), None)


__all__ = ("KINDS", "Issue", "Kind", "fault_of")
