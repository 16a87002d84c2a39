# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which SANs the serving certificates of the control planes must have.

What kubeadm puts into a certificate by itself: kubernetes/kubernetes, cmd/kubeadm/app/util/pkiutil/pki_helpers.go,
``GetAPIServerAltNames``, ``GetEtcdAltNames`` and ``GetEtcdPeerAltNames``.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
import typing as t

from ..base import etcd_url
from ..base.address import San, canonical_dns_name
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..pki.certificate import kept_sans, missing_sans
from ..pki.certificate_issue import KINDS

if t.TYPE_CHECKING:
    from ..base.certificate import Certificate
    from ..host.host import Host
    from ..pki.certificate_issue import Kind
    from .desired import Desired

Configuration = t.Mapping[str, t.Any]

#: kubeadm's defaults of ``networking.dnsDomain`` and ``networking.serviceSubnet``.
_DNS_DOMAIN = "cluster.local"
_SERVICE_SUBNET = "10.96.0.0/12"
_SERVICE_NAMES = ("kubernetes", "kubernetes.default", "kubernetes.default.svc")
_LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
#: A label that kubeadm takes in ``certSANs`` (RFC 1123: no underscore).
_LABEL = re.compile(r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$")


def of_api_servers(desired: Desired, control_planes: t.Sequence[Host], configuration: Configuration) -> frozenset[San]:
    """The SANs that every API server's certificate and ``apiServer.certSANs`` must have.

    They are the desired ones, those of ``apiServer.certSANs``, and those that a running certificate has although kubeadm
    would not add them by itself: given to ``kubeadm init`` by a flag only, they would be missing in the certificates
    of all control planes that join, and in the next one that is issued here.

    Args:
        desired: what the inventory describes.
        control_planes: the control planes that have joined.
        configuration: the cluster's ClusterConfiguration.
    """
    found = {*desired.sans, *_configured(configuration, KINDS["apiserver"])}
    added_by_kubeadm = {san for host in control_planes for san in _added_to_api_server(host, configuration)}
    for host in control_planes:
        current = _certificate(host, KINDS["apiserver"])
        if current is not None:
            found |= {san for san in kept_sans(current) if _can_be_written(san)} - added_by_kubeadm
    return frozenset(found)


def of_etcd(host: Host, configuration: Configuration) -> dict[str, frozenset[San]]:
    """The SANs that the certificates of a control plane's etcd must have, by kubeadm's name of the certificate.

    Clusters that kubeadm 1.12 or older made have etcd certificates without the node's address, and nobody can join
    them (kubernetes/kubeadm#1950). Empty where kubeadm runs no etcd.
    """
    server = host.api_server
    if server is None or "etcd" not in host.manifests or "external" in (configuration.get("etcd") or {}):
        return {}
    own = frozenset(_parsed((host.node_name, server.host, *_LOCAL_NAMES)))
    return {name: own | _configured(configuration, KINDS[name]) for name in ("etcd-server", "etcd-peer")}


def certificates(
    desired: Desired, host: Host, control_planes: t.Sequence[Host], configuration: Configuration
) -> t.Iterator[tuple[str, Certificate, frozenset[San]]]:
    """Name, certificate and wanted SANs of each serving certificate of a control plane that has joined."""
    wanted = {**of_etcd(host, configuration), "apiserver": of_api_servers(desired, control_planes, configuration)}
    for name, kind in KINDS.items():
        current = _certificate(host, kind)
        if current is not None and name in wanted:
            yield name, current, wanted[name]


def problems(desired: Desired, control_planes: t.Sequence[Host], configuration: Configuration) -> t.Iterator[Problem]:
    """Why certificates could not be issued or members not join, by what the hosts of the control planes reported."""
    is_joining = len(control_planes) < len(desired.control_planes)
    for host in control_planes:
        for name, current, wanted in certificates(desired, host, control_planes, configuration):
            if missing_sans(current, wanted):
                yield from _not_to_be_issued(host, KINDS[name], current)
        if is_joining and of_etcd(host, configuration) and listens_on_loopback_only(host):
            address = _address(host)
            yield Problem(
                host.name,
                f"etcd of {host.name} listens for members on loopback only, as kubeadm 1.12 and older set it up, so no "
                f"control plane can join: give it the address {address} in /etc/kubernetes/manifests/etcd.yaml "
                "(--listen-client-urls, --advertise-client-urls, --listen-peer-urls, --initial-advertise-peer-urls) "
                "and run again: the command that corrects etcd's own record of its member is reported then.",
            )


def listens_on_loopback_only(host: Host) -> bool:
    """Whether no other member reaches the host's etcd."""
    return etcd_url.lead_to_loopback(etcd_url.urls_of(host.flags_of("etcd").get("listen-peer-urls", "")))


def _not_to_be_issued(host: Host, kind: Kind, current: Certificate) -> t.Iterator[Problem]:
    file = f"{kind.stem}.crt"
    lost = [*current.other_sans, *sorted(san.value for san in kept_sans(current) if not _can_be_written(san))]
    if lost:
        yield Problem(
            host.name,
            f"{file} of {host.name} needs more SANs, but has some that kubeadm cannot write and that would be lost "
            f"({', '.join(lost)}): issue the certificate with the tools that made it.",
        )
    if kind.name == "apiserver":
        served = host.flags_of("kube-apiserver").get("tls-cert-file")
        if served and not host.is_same_place(served, f"{host.pki_dir}/{file}"):
            yield Problem(
                host.name,
                f"The API server of {host.name} serves {served} (--tls-cert-file), which needs more SANs and is not "
                "kubeadm's: issue it with the tools that made it, or go back to kubeadm's certificate.",
            )
    elif not any(path.endswith(f"/{kind.ca}.key") for path in host.report.kubernetes_files):
        yield Problem(
            host.name,
            f"{file} of {host.name} needs more SANs, but there is no {kind.ca}.key beside it (external CA): put the key "
            "there for the run.",
        )


def _address(host: Host) -> str:
    """What a control plane's API server advertises."""
    server = host.api_server
    return server.host if server is not None else ""


def _added_to_api_server(host: Host, configuration: Configuration) -> frozenset[San]:
    """What kubeadm adds to this host's API server certificate whatever ``certSANs`` says."""
    networking = configuration.get("networking") or {}
    domain = networking.get("dnsDomain") or _DNS_DOMAIN
    # Of two stacks the first one has the Service kubernetes.
    subnet = str(networking.get("serviceSubnet") or _SERVICE_SUBNET).split(",", maxsplit=1)[0].strip()
    names = [*_SERVICE_NAMES, f"kubernetes.default.svc.{domain}", host.node_name, _address(host)]
    with contextlib.suppress(ValueError, IndexError):
        names.append(str(ipaddress.ip_network(subnet, strict=False)[1]))
    return frozenset(_parsed(names))


def _configured(configuration: Configuration, kind: Kind) -> frozenset[San]:
    value: t.Any = configuration
    for name in kind.sans_at:
        value = value.get(name) if isinstance(value, dict) else None
    return frozenset(_parsed(value if isinstance(value, (list, tuple)) else ()))


def _parsed(texts: t.Iterable[t.Any]) -> t.Iterator[San]:
    """The SANs of texts; what is none is left out (kubeadm reports it)."""
    for text in texts:
        try:
            yield San.parse(str(text))
        except InvalidInput:
            continue


def _certificate(host: Host, kind: Kind) -> Certificate | None:
    return next((found for path, found in host.certificates.items() if path.endswith(f"/{kind.stem}.crt")), None)


def _can_be_written(san: San) -> bool:
    """Whether kubeadm takes the SAN in ``certSANs``."""
    if san.kind == "ip":
        return True
    name = canonical_dns_name(san.value, wildcard=True)
    return name is not None and all(
        _LABEL.match(label) for label in name.split(".")[1 if name.startswith("*.") else 0 :]
    )


__all__ = ("certificates", "listens_on_loopback_only", "of_api_servers", "of_etcd", "problems")
