# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the configurations of load balancers and of virtual IPs let happen, as the linter sees it: those before this cluster's API servers."""

from __future__ import annotations

import typing as t

from ..base.address import canonical_ip
from ..base.errors import KubeadmHaError
from ..base.finding import Severity
from ..load_balancer_lint import lint as linter
from . import kinds
from .audit_finding import AuditFinding, found

if t.TYPE_CHECKING:
    from ..base.finding import Finding
    from ..load_balancer_lint.lint import ConfigurationFile, Lint, LintedAddress, LintedBalancer
    from ..load_balancer_lint.nginx_reader import Directive
    from .audit_input import AuditInput

#: Settings of services are read for the one that watches for nginx; others are nobody's configuration of a load balancer.
_OF_OTHERS = "/etc/systemd/"
#: The services of systemd that may run a program.
_SERVICES: t.Mapping[str, tuple[str, ...]] = {"nginx": ("nginx", "nginx-kubernetes-apiserver")}
_REMEDY = "Mend that, or lint the files by themselves (kubeadm.ha.lint_load_balancer)."


def judge(
    files: t.Sequence[ConfigurationFile], parse_nginx: t.Callable[[str, str], t.Sequence[Directive]]
) -> tuple[Lint, dict[str, str]]:
    """What the linter found, and why it could not judge the files of a host, by inventory name.

    Args:
        files: of all hosts.
        parse_nginx: see :func:`linter.lint`.
    """
    failures: dict[str, str] = {}
    for host in dict.fromkeys(each.host for each in files):
        try:
            linter.read([each for each in files if each.host == host], parse_nginx)
        except KubeadmHaError as error:
            failures[host] = error.message
    return linter.read([each for each in files if each.host not in failures], parse_nginx), failures


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """What is wrong with them, and what could not be judged."""
    for host, message in audit.lint_failures.items():
        yield found(
            kinds.UNSEEN_CONFIGURATION,
            host,
            f"What stands before the API servers on {host} could not be judged by its configuration.",
            message,
            remedy=_REMEDY,
        )
    if audit.lint is None:
        return
    hosts: set[str] = set()
    for balancer in audit.lint.balancers:
        owners = _api_servers(audit, balancer)
        if owners and not _is_stopped(audit, balancer):
            hosts.add(balancer.host)
            yield from (_found(finding, balancer.host, owners) for finding in balancer.findings)
    for address in audit.lint.addresses:
        if _is_of_endpoint(audit, address):
            names = [router.host for router in address.routers]
            hosts.update(names)
            yield from (_found(finding, ", ".join(names), names) for finding in address.findings)
    for finding in audit.lint.not_understood:
        host, _colon, path = finding.evidence[0].partition(":")
        if host in hosts and not path.startswith(_OF_OTHERS):
            yield _found(finding, host, ())


def _found(finding: Finding, where: str, lost: t.Sequence[str]) -> AuditFinding:
    """A finding of the linter. Only a critical one lets the loss of a part be an outage: what the others cost passes in seconds."""
    return found(
        finding.kind,
        f"{finding.object} on {where}",
        finding.summary,
        *finding.evidence,
        remedy=finding.remedy,
        lost_with=lost if finding.kind.severity is Severity.CRITICAL else (),
    )


def _is_stopped(audit: AuditInput, balancer: LintedBalancer) -> bool:
    """Whether it is known to stand before nobody: its service is there and does not run, and nobody else listens in its place, such as a pod."""
    host = audit.hosts.get(balancer.host)
    if host is None:
        return False
    names = _SERVICES.get(balancer.balancer.program, (balancer.balancer.program,))
    states = [host.report.services[name].active for name in names if name in host.report.services]
    listening = {item.port for item in host.report.listening}
    # One that has failed is to be there.
    is_off = bool(states) and all(state == "inactive" for state in states)
    return is_off and listening.isdisjoint(listener.port for listener in balancer.balancer.listeners)


def _api_servers(audit: AuditInput, balancer: LintedBalancer) -> list[str]:
    """The control planes to whose API servers a load balancer leads."""
    ports = [listener.port for listener in balancer.balancer.listeners]
    owners = []
    for server in balancer.balancer.servers:
        host = f"[{server.host}]" if ":" in server.host else server.host
        port = server.port or (ports[0] if ports else 0)
        owners.append(audit.api_server_at(f"https://{host}:{port}", seen_from=balancer.host))
    return list(dict.fromkeys(owner for owner in owners if owner is not None))


def _is_of_endpoint(audit: AuditInput, address: LintedAddress) -> bool:
    """Whether a virtual IP is the endpoint's, as far as that is known."""
    if audit.endpoint is None:
        return True
    held = {canonical_ip(text.split()[0].partition("/")[0]) for text in address.as_dict()["addresses"] if text.strip()}
    return not held.isdisjoint(canonical_ip(text) for text in audit.resolved(audit.endpoint))


__all__ = ("find", "judge")
