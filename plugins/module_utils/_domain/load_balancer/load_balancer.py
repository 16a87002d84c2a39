# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role of a load balancer would change on its host.

The plan and the role ask the same function, so each task of the role that changes something belongs to an entry.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import typing as t

from ..base import configuration_owner
from ..base.change import KNOWN_AFTER_APPLY, Change
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..host import firewall, selinux
from .decision import BalancerDecision
from .provider import Provider, Reading

if t.TYPE_CHECKING:
    from ..._ports.template import Template
    from ..._ports.x509 import X509
    from .provider import ClientCertificate
    from .report import CertificateFile, LoadBalancerReport


_SELINUX_TOOLS = "policycoreutils-python-utils"
#: Of a rule for the endpoint's port.
_COMMENT = "Kubernetes API"
_PORT_REASON = "clients reach the endpoint through it"


@dataclasses.dataclass(frozen=True)
class Sources:
    """What the role brings along.

    Attributes:
        template: of the configuration. It is given the provider's values and ``digest``.
        files: texts of the files that are loaded as they are.
        units: templates of the units of systemd, by their names. They are given the same values as the first one.
    """

    template: Template
    files: tuple[str, ...] = ()
    units: t.Mapping[str, Template] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Configuration:
    """The configuration that a host is to have and to run.

    Attributes:
        content: the text of its file.
        digest: names all that is loaded, so that a reload that did not happen is noticed: the status page shows it.
        units: texts of the units, by their names.
    """

    content: str
    digest: str
    units: t.Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def sha1(self) -> str:
        """SHA-1 of the file."""
        return hashlib.sha1(self.content.encode()).hexdigest()  # noqa: S324 (no secret)


def decide(
    name: str, report: LoadBalancerReport, reading: Reading, sources: Sources, x509: X509, *, issued: str = ""
) -> dict[str, t.Any]:
    """The decision for one host and the configuration that it is about, JSON-compatible.

    Args:
        name: the host's name in the inventory.
        report: what was found on it.
        reading: the role's inputs.
        sources: what the configuration is made of beside them.
        x509: reads the certificate.
        issued: PEM of the client certificate that was issued after the inspection, empty for none.

    Returns:
        See the module ``kubeadm.ha.load_balancer_decision``.
    """
    provider = reading.provider
    if issued:
        report = dataclasses.replace(
            report, certificate=dataclasses.replace(report.certificate, pem=issued, has_key=True)
        )
    renewal = certificate_change(report, provider, x509)
    # One that is still to be issued is known when the role asks again.
    presented = KNOWN_AFTER_APPLY if renewal is not None and not issued else report.certificate.pem
    configuration = configure(provider, sources, presented) if reading.is_complete else None
    ports = [
        firewall.Port(number, protocol, _COMMENT)
        for number in provider.open
        if provider.manage_firewall
        for protocol in provider.transports
    ]
    opening = firewall.needs(report.firewall, ports)
    need, selinux_changes = _selinux(report.selinux, provider)
    changes = [
        *([renewal] if renewal is not None else []),
        *(opening.change(port, _PORT_REASON) for port in opening.ports),
        *selinux_changes,
    ]
    problems = [*reading.problems, *_problems(name, report, provider)]
    decision = BalancerDecision(
        owner=report.configuration.owner,
        differs=configuration is None or renewal is not None or not _is_there(report, configuration),
        renews_certificate=renewal is not None,
        firewall=opening,
        selinux=selinux.SelinuxNeeds(
            labels=tuple(selinux.PortLabel(port, new) for port, (_kind, new) in need.labels.items()),
            booleans=tuple(need.booleans),
            modules=tuple(need.modules),
            tools=(_SELINUX_TOOLS,) if _lacks_tools(report.selinux) else (),
        ),
        changes=tuple(changes),
        problems=tuple(problems),
        unmet=reading.unmet,
    )
    return {
        "decision": decision.as_dict(),
        "content": configuration.content if configuration is not None else "",
        "digest": configuration.digest if configuration is not None else "",
        "units": dict(configuration.units) if configuration is not None else {},
        "local_endpoint": provider.local_endpoint,
        "presents": provider.certificate is not None,
        "is_installed": report.is_installed,
    }


def configure(provider: Provider, sources: Sources, presented: str) -> Configuration:
    """The configuration for a provider.

    Args:
        provider: the load balancer.
        sources: what its role brings along.
        presented: PEM of the client certificate that its checks present, if they do.
    """
    loaded = {
        "template": sources.template.text(),
        "files": sources.files,
        "inputs": provider.loads,
        "certificate": presented.strip() if provider.certificate is not None else "",
        "values": provider.values,
    }
    if sources.units:
        loaded["units"] = {name: template.text() for name, template in sources.units.items()}
    digest = hashlib.sha256(json.dumps(loaded, sort_keys=True).encode()).hexdigest()
    values = {**provider.values, "digest": digest}
    units = {name: template.render(values) for name, template in sources.units.items()}
    return Configuration(sources.template.render(values), digest, units)


def certificate_change(report: LoadBalancerReport, provider: Provider, x509: X509) -> Change | None:
    """The issue or renewal of the certificate that the checks present, ``None`` when it is right or not wanted."""
    wanted = provider.certificate
    if wanted is None:
        return None
    found = report.certificate
    before, reason = _certificate_state(provider.name, found, wanted, x509, now=report.clock)
    if reason is None:
        return None
    after = {"subject": f"CN={wanted.common_name}", "valid_until": KNOWN_AFTER_APPLY}
    return Change(f"certificate {found.path}", before, after, reason)


def _certificate_state(
    balancer: str, found: CertificateFile, wanted: ClientCertificate, x509: X509, *, now: float
) -> tuple[t.Any, str | None]:
    """What is there, and why it is not enough (``None`` when it is)."""
    if not found.pem or not found.has_key:
        return None, f"the API servers refuse anonymous requests, so {balancer}'s checks need it"
    try:
        certificate = x509.certificates(found.pem.encode())[0]
        is_signed = x509.is_signed_by(found.pem.encode(), wanted.ca.encode())
    except InvalidInput:
        return "broken", "it cannot be read"
    before = {"subject": certificate.subject, "valid_until": certificate.not_after.isoformat()}
    left = certificate.not_after - dt.datetime.fromtimestamp(now, dt.timezone.utc)
    if not is_signed:
        return before, "it is not signed by this cluster's CA"
    if certificate.subject != f"CN={wanted.common_name}":
        return before, "it has another subject"
    if left < dt.timedelta(days=wanted.renew_before):
        return before, f"less than {wanted.renew_before} days remain"
    return before, None


def _is_there(report: LoadBalancerReport, configuration: Configuration) -> bool:
    """Whether the host has and runs this configuration."""
    return (report.configuration.sha1, report.running) == (configuration.sha1, configuration.digest)


def _lacks_tools(found: selinux.SelinuxFacts) -> bool:
    return found.mode != "disabled" and not found.has_tools


def _selinux(found: selinux.SelinuxFacts, provider: Provider) -> tuple[selinux.Needs, list[Change]]:
    """What to set, and the changes that it is."""
    if found.mode == "disabled":
        return selinux.Needs(), []
    if not found.has_tools:
        reason = f"SELinux is {found.mode}, and the host cannot determine yet what its policy allows {provider.name}"
        return selinux.Needs(), [
            Change(f"package {_SELINUX_TOOLS}", "absent", "installed", reason),
            Change(f"SELinux of {provider.name}", KNOWN_AFTER_APPLY, KNOWN_AFTER_APPLY, reason),
        ]
    need = provider.selinux(
        selinux.parse_ports(found.ports), selinux.parse_booleans(found.booleans), selinux.parse_modules(found.modules)
    )
    reason = f"SELinux is {found.mode}"
    changes = [
        Change(f"SELinux port {port}/tcp", kind or None, new, f"{reason}: {provider.name} listens on or connects to it")
        for port, (kind, new) in need.labels.items()
    ]
    changes += [
        Change(f"SELinux boolean {boolean}", "off", "on", f"{reason}: {provider.name} could not reach its ports")
        for boolean in need.booleans
    ]
    changes += [
        Change(f"SELinux module {module}", "absent", "installed", f"{reason}: {provider.name} could not start")
        for module in need.modules
    ]
    return need, changes


def _problems(name: str, report: LoadBalancerReport, provider: Provider) -> t.Iterator[Problem]:
    configuration = report.configuration
    if configuration.owner == configuration_owner.OTHER and not provider.replace_configuration:
        yield Problem(
            name,
            f"{configuration.path} on {name} was written by somebody else: it is neither the package's nor this "
            f"role's. Move what it serves to another host, then set {provider.role}_replace_configuration: true for "
            f"{name} (in its host_vars); a backup is kept beside it.",
        )
    if provider.manage_firewall and firewall.lacks_zone(report.firewall):
        yield Problem(
            name,
            f"firewalld on {name} does not have the zone {report.firewall.zone} in its running and in its permanent "
            f"configuration: set {provider.role}_firewalld_zone for {name} (in its host_vars) to one that it has, or "
            "make it and run firewall-cmd --reload.",
        )


__all__ = ("Configuration", "Sources", "certificate_change", "configure", "decide")
