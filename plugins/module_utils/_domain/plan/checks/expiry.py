# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the cluster that have expired, or will soon.

One that has expired stops the run: what it is needed for fails in the middle, mostly with "Unauthorized". One that expires
within days is noted. Each is held against its own host's clock.
"""

from __future__ import annotations

import posixpath
import typing as t

from ...base.certificate import Certificate, rfc3339

if t.TYPE_CHECKING:
    from ...host.host import Host

Hosts = t.Mapping[str, "Host"]

#: Days before its end at which a certificate is noted.
SOON = 7
KUBELET_CLIENT = "/var/lib/kubelet/pki/kubelet-client-current.pem"
_KUBERNETES = "/etc/kubernetes"
#: Files below certificatesDir and the names by which kubeadm renews them.
_RENEWED = {
    "apiserver.crt": "apiserver",
    "apiserver-etcd-client.crt": "apiserver-etcd-client",
    "apiserver-kubelet-client.crt": "apiserver-kubelet-client",
    "front-proxy-client.crt": "front-proxy-client",
    "etcd/healthcheck-client.crt": "etcd-healthcheck-client",
    "etcd/peer.crt": "etcd-peer",
    "etcd/server.crt": "etcd-server",
}
_CAS = ("ca.crt", "etcd/ca.crt", "front-proxy-ca.crt")
#: Kubeconfigs that kubeadm renews. super-admin.conf is for emergencies, the run does not need it.
_KUBECONFIGS = ("admin.conf", "controller-manager.conf", "scheduler.conf")
_SPARE_KUBECONFIGS = ("super-admin.conf",)


class Expiry(t.NamedTuple):
    """A certificate with an end.

    Attributes:
        host: whose it is.
        path: its file.
        certificate: it.
        remedy: what to do about it.
        is_needed: whether the run or the cluster needs it.
    """

    host: Host
    path: str
    certificate: Certificate
    remedy: str
    is_needed: bool

    @property
    def days_left(self) -> int:
        """Whole days until its end by the host's clock; negative afterwards."""
        return self.certificate.days_left(self.host.report.clock)

    @property
    def has_expired(self) -> bool:
        """Whether its validity is over by the host's clock."""
        return self.certificate.is_expired(self.host.report.clock)


def of_host(host: Host) -> t.Iterator[Expiry]:
    """Every certificate of a node that a run or the cluster needs."""
    if not host.is_member:
        return
    for path, found in host.certificates.items():
        remedy = _remedy(host, path)
        if remedy is not None:
            yield Expiry(host, path, found, remedy, is_needed=True)
    for path, client_certificates_of in host.client_certificates.items():
        directory, name = posixpath.split(path)
        is_needed = directory == _KUBERNETES and name in _KUBECONFIGS
        if directory != _KUBERNETES:
            remedy = f"let its owner make a new one from {_KUBERNETES}/admin.conf"
        elif is_needed or name in _SPARE_KUBECONFIGS:
            remedy = _renew(host, name)
        else:
            continue
        for found in client_certificates_of:
            yield Expiry(host, path, found, remedy, is_needed=is_needed)


def reasons(hosts: Hosts) -> t.Iterator[tuple[str, str]]:
    """Host and sentence for each certificate that has expired and is needed."""
    for item in _all(hosts):
        if item.is_needed and item.has_expired:
            yield item.host.name, f"{_named(item)} expired on {rfc3339(item.certificate.not_after)}: {item.remedy}."


def notes(hosts: Hosts) -> t.Iterator[tuple[str, str]]:
    """Host and sentence for each one that expires within days, or has expired and is not needed."""
    for item in _all(hosts):
        end = rfc3339(item.certificate.not_after)
        if item.has_expired and not item.is_needed:
            yield item.host.name, f"{_named(item)} expired on {end}: {item.remedy}."
        elif not item.has_expired and item.days_left < SOON:
            yield item.host.name, f"{_named(item)} expires on {end}: {item.remedy} before that."


def has_expired(host: Host, path: str) -> bool:
    """Whether the certificate at, or the client certificate inside, this path of a host has expired."""
    return any(item.path == path and item.has_expired for item in of_host(host))


def _all(hosts: Hosts) -> t.Iterator[Expiry]:
    for host in hosts.values():
        yield from of_host(host)


def _named(item: Expiry) -> str:
    what = "The client certificate in" if item.path in item.host.client_certificates else "The certificate"
    return f"{what} {item.path} on {item.host.name}"


def _remedy(host: Host, path: str) -> str | None:
    """What to do about a certificate file; ``None`` for one that is not asked about."""
    if path == KUBELET_CLIENT:
        node = host.node_name
        return (
            f"make a new kubeconfig on a control plane (kubeadm kubeconfig user --org system:nodes --client-name "
            f"system:node:{node}), put it in the place of /etc/kubernetes/kubelet.conf on {host.name}, of which a copy is "
            "kept elsewhere, and restart the kubelet there"
        )
    for name in _CAS:
        if path.endswith(f"/{name}") and (name != "ca.crt" or not path.endswith("/etcd/ca.crt")):
            return (
                "nothing that it signed is valid any longer; replace it as "
                "https://kubernetes.io/docs/tasks/tls/manual-rotation-of-ca-certificates/ says"
            )
    for name, renewed in _RENEWED.items():
        if path.endswith(f"/{name}"):
            return _renew(host, renewed)
    return None


def _renew(host: Host, name: str) -> str:
    if not host.report.has_ca_key and not name.startswith(("etcd-", "apiserver-etcd", "front-proxy")):
        return f"have the external CA issue it anew, and put it there on {host.name}"
    pod = {"admin.conf": "", "super-admin.conf": ""}.get(
        name, "; then restart the pod that uses it, as kubeadm says there"
    )
    return f"run kubeadm certs renew {name} on {host.name}{pod}"


__all__ = ("KUBELET_CLIENT", "SOON", "has_expired", "notes", "of_host", "reasons")
