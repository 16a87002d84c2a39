# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every reason not to scale out this control plane of systemd services with these inputs."""

from __future__ import annotations

import typing as t

from ...base.enumeration import listed
from ...base.problem import Problem
from ...binary import contradictions, needs
from ..serving_control_plane import without_root
from . import certificates, endpoint, etcd, hosts, other_clusters

if t.TYPE_CHECKING:
    from .scaling import Scaling

_API_SERVER = "kube-apiserver"
_CONTROL_PLANE = (_API_SERVER, "kube-controller-manager", "kube-scheduler")


def problems(scaling: Scaling, *, with_endpoint: bool) -> t.Iterator[Problem]:
    """All of them but those of single steps.

    Args:
        scaling: what was found.
        with_endpoint: whether the run makes the endpoint or depends on it; a role that is used alone takes it as it is.
    """
    report = scaling.services[scaling.source]
    yield from without_root(scaling.desired, scaling.hosts)
    unread = list(_unread(scaling))
    yield from unread
    if unread:
        return
    yield from _layout(scaling)
    yield from (Problem(scaling.source, f"On {scaling.source}: {text}") for text in contradictions.find(report))
    yield from _files(scaling)
    yield from _certificate(scaling)
    yield from certificates.problems(scaling)
    yield from hosts.problems(scaling)
    yield from other_clusters.problems(scaling)
    yield from etcd.problems(scaling)
    if with_endpoint:
        yield from endpoint.problems(scaling)
    yield from _probe(scaling)


def _unread(scaling: Scaling) -> t.Iterator[Problem]:
    for name in dict.fromkeys((*scaling.desired.nodes, *scaling.desired.load_balancers)):
        if name in scaling.hosts and name not in scaling.services:
            yield Problem(name, f"The services of {name} could not be inspected: run again with -vvv.")


def _layout(scaling: Scaling) -> t.Iterator[Problem]:
    """The source runs all three components, and what they are started with is certain."""
    report = scaling.services[scaling.source]
    for component in _CONTROL_PLANE:
        service = report.services.get(component)
        if service is None:
            yield Problem(
                scaling.source,
                f"{scaling.source} runs kube-apiserver, but no service of {component} was found there, neither by its process nor as "
                f"{component}.service: start it as a service of systemd, or let one with that name exist.",
            )
        elif service.fault:
            yield Problem(
                scaling.source, f"What starts {component} on {scaling.source} is not certain: {service.fault}"
            )
        elif service.active != "active":
            yield Problem(
                scaling.source,
                f"{service.unit} of {scaling.source} is {service.active}: start it (systemctl start {service.unit}), and see journalctl -u "
                f"{service.unit} if it does not stay.",
            )


def _files(scaling: Scaling) -> t.Iterator[Problem]:
    flags: dict[str, list[str]] = {}
    for path, flag in needs.missing(scaling.services[scaling.source]):
        flags.setdefault(path, []).append(f"--{flag}")
    for path, named in flags.items():
        yield Problem(
            scaling.source,
            f"{listed(list(dict.fromkeys(named)))} on {scaling.source} names {path}, which is not there, so another master cannot have it: "
            "restore the file, or correct the flag.",
        )


def _certificate(scaling: Scaling) -> t.Iterator[Problem]:
    """The API server's certificate is good for every master and for the endpoint."""
    authority, source = scaling.authority, scaling.source
    service = scaling.services[source].services.get(_API_SERVER)
    if service is None or service.fault:
        return
    path = next(iter(service.arguments.get("tls-cert-file", ())), "")
    if authority.certificate is None:
        yield Problem(
            source,
            f"The API server of {source} has no --tls-cert-file that can be read, so clients could not verify another master: give it one.",
        )
        return
    clock = scaling.hosts[source].report.clock
    if authority.certificate.is_expired(clock + certificates.SOON):
        yield Problem(
            source, f"{path} of {source} ends within a day or has ended: renew it first, all masters get the same."
        )
    if not authority.pem:
        yield Problem(
            source,
            f"None of the certificates that the components of {source} name has issued {path}, so nobody could verify a load balancer's "
            "backends: name the CA in --root-ca-file of kube-controller-manager.",
        )
    for name in (source, *scaling.targets) if scaling.signing is None else ():
        if scaling.missing_sans(name):
            yield Problem(
                name,
                f"{scaling.certificate_paths(name)[0]} of {name} is not for {listed(scaling.missing_sans(name))}, which clients of other "
                f"masters and of the endpoint will use, and the key of the CA is not at hand: issue it again with these SANs beside its own, or "
                f"let kube-controller-manager of {source} have the CA that issued it (--cluster-signing-cert-file, --cluster-signing-key-file).",
            )


def _probe(scaling: Scaling) -> t.Iterator[Problem]:
    """Checks need a client certificate where anonymous requests are refused, and that needs a CA that the API server trusts."""
    desired = scaling.desired
    if (
        scaling.needs_probe_certificate
        and desired.load_balancer in ("haproxy", "nginx", "dns")
        and scaling.probe_signing is None
    ):
        yield Problem(
            "kubeadm_ha_load_balancer",
            f"The API server of {scaling.source} refuses anonymous requests (--anonymous-auth=false), or kubeadm_ha_probe_certificate is set, so the "
            f"checks of {desired.load_balancer} need a client certificate, and the key of a CA that --client-ca-file has is not at hand: let "
            "kube-controller-manager have that CA (--cluster-signing-cert-file, --cluster-signing-key-file), or use a load balancer of your own "
            "(kubeadm_ha_load_balancer: external).",
        )


__all__ = ("problems",)
