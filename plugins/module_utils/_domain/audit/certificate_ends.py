# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every certificate that was collected, with what to do when it ends: of nodes, of services, of load balancers, of etcd, of kubeconfigs."""

from __future__ import annotations

import posixpath
import re
import typing as t

from ..plan.checks import expiry
from ..plan.checks.expiry import Expiry

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .audit_input import AuditInput

#: What load balancers of this collection present to API servers, and where it keeps the certificates of external etcd.
PROBE_NAME, ETCD_DIRECTORY = "kubernetes-probe.crt", "/etc/etcd/pki"
_KUBERNETES, _ISSUED = "/etc/kubernetes", "kubelet-server-current.pem"
#: Whose kubeconfig is needed where the component is.
_COMPONENTS = {"controller-manager.conf": "kube-controller-manager", "scheduler.conf": "kube-scheduler"}
_KUBELETS = "kubelet.conf"
#: As kubelets name themselves in a certificate that they sign themselves: with the seconds since the epoch.
_SELF_SIGNED = re.compile(r"CN=.+@\d{9,}")


def of(audit: AuditInput, host: Host) -> t.Iterator[Expiry]:
    """Those of a host. A path that two reports have is one certificate, or the certificates of one kubeconfig."""
    known: set[str] = set()
    for source in (expiry.of_host(host), _files(audit, host), _of_services(audit, host), _of_kubeconfigs(host)):
        found = [item for item in source if item.path not in known]
        known.update(item.path for item in found)
        yield from found


def is_self_signed_of_kubelet(item: Expiry) -> bool:
    """Whether it is what a kubelet made itself, to have one to present."""
    return _SELF_SIGNED.fullmatch(item.certificate.subject) is not None


def _files(audit: AuditInput, host: Host) -> t.Iterator[Expiry]:
    for path, certificate in {**host.certificates, **audit.certificates.get(host.name, {})}.items():
        yield Expiry(host, path, certificate, _remedy(host, path), is_needed=True)


def _of_services(audit: AuditInput, host: Host) -> t.Iterator[Expiry]:
    """Client certificates in kubeconfigs of services and beside them. What no service names is a person's."""
    report = audit.services.get(host.name)
    named = {path for paths in report.named.values() for path in paths} if report is not None else set()
    for path, certificates in audit.client_certificates.get(host.name, {}).items():
        for certificate in certificates:
            yield Expiry(host, path, certificate, _new_client(host, path), is_needed=path in named)


def _of_kubeconfigs(host: Host) -> t.Iterator[Expiry]:
    for path, certificates in host.client_certificates.items():
        for certificate in certificates:
            yield Expiry(host, path, certificate, _new_client(host, path), is_needed=_is_needed(host, path))


def _is_needed(host: Host, path: str) -> bool:
    directory, name = posixpath.split(path)
    if directory != _KUBERNETES:
        return False
    if name == _KUBELETS:
        # A kubelet that has been issued another one since presents that.
        return expiry.KUBELET_CLIENT not in host.certificates
    return _COMPONENTS.get(name) in host.manifests


def _remedy(host: Host, path: str) -> str:
    directory, name = posixpath.split(path)
    if name == PROBE_NAME:
        return f"run kubeadm.ha.site, whose role of the load balancer issues it anew on {host.name} in its last 30 days"
    if directory == ETCD_DIRECTORY:
        return f"run the role kubeadm.ha.external_etcd for the hosts of etcd, which renews those of members; {host.name} is one of them"
    if name == _ISSUED:
        return f"approve what the kubelet of {host.name} asks for (kubectl get certificatesigningrequests, kubectl certificate approve)"
    return f"have it issued anew on {host.name}, and restart what presents it"


def _new_client(host: Host, path: str) -> str:
    return f"make a new kubeconfig with an administrator's rights, put it in the place of {path} on {host.name}, and restart what uses it"


__all__ = ("ETCD_DIRECTORY", "PROBE_NAME", "is_self_signed_of_kubelet", "of")
