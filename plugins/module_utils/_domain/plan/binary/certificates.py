# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates that every master would get, and that are about to end."""

from __future__ import annotations

import typing as t

from ...base.enumeration import listed
from ...base.problem import Problem
from ...binary import named_paths, needs

if t.TYPE_CHECKING:
    from ...base.certificate import Certificate
    from .scaling import Scaling

#: Seconds; what ends sooner is renewed first.
SOON = 86400
#: Their roles renew what they serve and how they connect to the API.
_RENEWED = ("kube-controller-manager", "kube-scheduler")
_SERVING = "tls-cert-file"


def problems(scaling: Scaling) -> t.Iterator[Problem]:
    """One for each file; the API server's own certificate is another check's."""
    source = scaling.source
    clock = scaling.hosts[source].report.clock
    for path, flags in _named(scaling).items():
        found = scaling.certificates.get(path, ())
        # A bundle may have authorities of before.
        judged = found if found and found[0].is_ca else found[:1]
        if judged and all(item.is_expired(clock + SOON) for item in judged):
            yield Problem(
                source,
                f"{path} of {source}, which {listed(flags)} names, {ended(judged[-1], clock)}: renew it first, other masters get the same.",
            )
    for path in _kubeconfigs(scaling):
        certificate = scaling.client_certificates.get(path)
        if certificate is not None and certificate.is_expired(clock + SOON):
            yield Problem(
                source,
                f"The client certificate in {path} of {source} {ended(certificate, clock)}: renew it first, other masters get the same.",
            )


def ended(certificate: Certificate, clock: float) -> str:
    """When a certificate that is as good as over is over, as the end of a sentence about it."""
    verb = "has ended" if certificate.is_expired(clock) else "ends within a day"
    return f"{verb} ({certificate.not_after:%Y-%m-%d})"


def _named(scaling: Scaling) -> dict[str, list[str]]:
    """Files with the flags that name them. One that serves the API, too, is another check's."""
    report = scaling.services[scaling.source]
    served = scaling.certificate_paths(scaling.source)[0]
    found: dict[str, list[str]] = {}
    for name, service in needs.components(report).items():
        own = named_paths.own_of_host(name, service.arguments, needs.fields_of(report, service))
        for named in named_paths.of_arguments(service.arguments):
            if named.path not in own and named.path != served and named.flag != _SERVING:
                found.setdefault(named.path, []).append(f"--{named.flag} of {service.unit}")
    return found


def _kubeconfigs(scaling: Scaling) -> t.Iterator[str]:
    report = scaling.services[scaling.source]
    for name, service in needs.components(report).items():
        own = named_paths.own_of_host(name, service.arguments, needs.fields_of(report, service))
        if name not in _RENEWED:
            yield from (path for path in needs.kubeconfigs_of(report, service) if path not in own)


__all__ = ("SOON", "ended", "problems")
