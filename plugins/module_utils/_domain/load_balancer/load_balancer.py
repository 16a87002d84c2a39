# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role apiserver_haproxy would change on a load balancer host.

The plan and the role ask the same function, so each task of the role that changes something belongs to an entry.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..base.change import KNOWN_AFTER_APPLY, Change
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..host import firewall, selinux
from . import haproxy_files, haproxy_inputs

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509

_SELINUX_TOOLS = "policycoreutils-python-utils"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What the role is to reach.

    Attributes:
        digest: name of the configuration, as haproxy's status page shows it.
        checksum: SHA-1 of haproxy.cfg.
        listen: TCP ports that haproxy listens on.
        open: those of them that clients on other hosts reach.
        connect: TCP ports of the API servers.
        manage_firewall: whether the firewall is opened.
        replace_configuration: whether somebody else's haproxy.cfg is replaced.
        certificate: whether the checks present a client certificate.
        common_name: its common name.
        renew_before: days left below which it is renewed.
        ca: PEM of the CA that signs it.
        inputs: values of the role's variables, see :mod:`haproxy_inputs`.
    """

    digest: str
    checksum: str
    listen: t.Sequence[int]
    open: t.Sequence[int]
    connect: t.Sequence[int]
    manage_firewall: bool
    replace_configuration: bool
    certificate: bool
    common_name: str
    renew_before: int
    ca: str
    inputs: t.Mapping[str, t.Any]


def decide(name: str, report: t.Mapping[str, t.Any], wanted: Wanted, x509: X509) -> dict[str, t.Any]:
    """The decision for one host, JSON-compatible.

    Args:
        name: the host's name in the inventory.
        report: what ``load_balancer_info`` returned.
        wanted: what the role is to reach.
        x509: reads the certificate.

    Returns:
        See the module ``kubeadm.ha.load_balancer_decision``.
    """
    renewal = certificate_change(report, wanted, x509)
    closed = firewall.closed_ports(report["firewall"], wanted.open) if wanted.manage_firewall else []
    need, selinux_changes = _selinux(report["selinux"], wanted)
    owner = report["configuration"]["owner"]
    changes = [
        *([renewal] if renewal is not None else []),
        *(_port_change(report["firewall"], port) for port in closed),
        *selinux_changes,
    ]
    problems = [
        *haproxy_inputs.problems(name, wanted.inputs, has_ipv6=bool(report["has_ipv6"])),
        *_problems(name, report, wanted),
    ]
    return {
        "owner": owner,
        "differs": report["running"] != wanted.digest
        or report["configuration"]["sha1"] != wanted.checksum
        or renewal is not None,
        "renew_certificate": renewal is not None,
        "firewall": {"name": report["firewall"]["name"], "zone": report["firewall"]["zone"], "ports": closed},
        "selinux": {
            "labels": [{"port": port, "type": new} for port, (_kind, new) in need.labels.items()],
            "booleans": list(need.booleans),
            "modules": list(need.modules),
            "tools": [_SELINUX_TOOLS] if _lacks_tools(report) else [],
        },
        "changes": [change.as_dict() for change in changes],
        "problems": [dataclasses.asdict(problem) for problem in problems],
    }


def certificate_change(report: t.Mapping[str, t.Any], wanted: Wanted, x509: X509) -> Change | None:
    """The issue or renewal of the certificate that haproxy's checks present, ``None`` when it is right or not wanted."""
    if not wanted.certificate:
        return None
    found = report["certificate"]
    before, reason = _certificate_state(found, wanted, x509, now=report["clock"])
    if reason is None:
        return None
    after = {"subject": f"CN={wanted.common_name}", "valid_until": KNOWN_AFTER_APPLY}
    return Change(f"certificate {found['path']}", before, after, reason)


def _certificate_state(
    found: t.Mapping[str, t.Any], wanted: Wanted, x509: X509, *, now: float
) -> tuple[t.Any, str | None]:
    """What is there, and why it is not enough (``None`` when it is)."""
    if not found["pem"] or not found["has_key"]:
        return None, "the API servers refuse anonymous requests, so haproxy's checks need it"
    try:
        certificate = x509.certificates(found["pem"].encode())[0]
        is_signed = x509.is_signed_by(found["pem"].encode(), wanted.ca.encode())
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


def _port_change(found: t.Mapping[str, t.Any], port: int) -> Change:
    after = f"open in zone {found['zone']}" if found["zone"] else "open"
    return Change(f"{found['name']} port {port}/tcp", "closed", after, "clients reach the endpoint through it")


def _lacks_tools(report: t.Mapping[str, t.Any]) -> bool:
    found = report["selinux"]
    return bool(found["mode"] != "disabled" and not found["has_tools"])


def _selinux(found: t.Mapping[str, t.Any], wanted: Wanted) -> tuple[selinux.Needs, list[Change]]:
    """What to set, and the changes that it is."""
    if found["mode"] == "disabled":
        return selinux.Needs(), []
    if not found["has_tools"]:
        reason = f"SELinux is {found['mode']}, and the host cannot tell yet what its policy allows haproxy"
        return selinux.Needs(), [
            Change(f"package {_SELINUX_TOOLS}", "absent", "installed", reason),
            Change("SELinux of haproxy", KNOWN_AFTER_APPLY, KNOWN_AFTER_APPLY, reason),
        ]
    need = selinux.needs(
        selinux.parse_ports(found["ports"]),
        selinux.parse_booleans(found["booleans"]),
        selinux.parse_modules(found["modules"]),
        listen=wanted.listen,
        connect=wanted.connect,
    )
    reason = f"SELinux is {found['mode']}"
    changes = [
        Change(f"SELinux port {port}/tcp", kind or None, new, f"{reason}: haproxy listens on or connects to it")
        for port, (kind, new) in need.labels.items()
    ]
    changes += [
        Change(f"SELinux boolean {boolean}", "off", "on", f"{reason}: haproxy could not reach its ports")
        for boolean in need.booleans
    ]
    changes += [
        Change(f"SELinux module {module}", "absent", "installed", f"{reason}: haproxy could not start")
        for module in need.modules
    ]
    return need, changes


def _problems(name: str, report: t.Mapping[str, t.Any], wanted: Wanted) -> t.Iterator[Problem]:
    configuration = report["configuration"]
    if configuration["owner"] == haproxy_files.OTHER and not wanted.replace_configuration:
        yield Problem(
            name,
            f"{configuration['path']} on {name} was written by somebody else: it is neither the package's nor this "
            "role's. Move what it serves to another host, then set apiserver_haproxy_replace_configuration: true for "
            f"{name} (in its host_vars); a backup is kept beside it.",
        )
    if wanted.manage_firewall and firewall.lacks_zone(report["firewall"]):
        yield Problem(
            name,
            f"firewalld on {name} does not have the zone {report['firewall']['zone']} in its running and in its permanent "
            f"configuration: set apiserver_haproxy_firewalld_zone for {name} (in its host_vars) to one that it has, or "
            "make it and run firewall-cmd --reload.",
        )


__all__ = ("Wanted", "certificate_change", "decide")
