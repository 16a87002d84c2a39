# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which TCP ports the host's firewall lets in, from what its own tool shows.

A rule that lets a port in from some sources only is the operator's decision: the port counts as open.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

if t.TYPE_CHECKING:
    from ..base.report_reader import Fields

FIREWALLD = "firewalld"
UFW = "ufw"

#: Ports of firewalld's own service definitions for Kubernetes (config/services of firewalld).
_FIREWALLD_SERVICES = {
    "etcd-client": {2379},
    "etcd-server": {2380},
    "kube-apiserver": {6443},
    "kube-control-plane": {2379, 2380, 6443, 10250, 10251, 10252},
    "kube-control-plane-secure": {2379, 2380, 6443, 10250, 10257, 10259},
    "kubelet": {10250},
    "kubelet-worker": {10250},
}
_UFW_ROW = re.compile(r"^(?P<to>\S.*?)\s{2,}(?P<action>[A-Z]+)(?: IN)?\s{2,}(?P<source>\S.*)$")


def default_interface(routes: str) -> str:
    """The interface of the IPv4 default route in the text of ``/proc/net/route``, empty without one."""
    rows = [line.split() for line in routes.splitlines()[1:]]
    # Columns: interface, destination, gateway, flags, references, uses, metric, mask.
    found = [(int(row[6]), row[0]) for row in rows if len(row) > 7 and (row[1], row[7]) == ("00000000", "00000000")]
    return min(found)[1] if found else ""


@dataclasses.dataclass(frozen=True)
class Firewall:
    """The firewall that is active on a host.

    Attributes:
        name: ``firewalld``, ``ufw`` or empty where neither is active.
        zone: the zone of firewalld that was inspected, empty for others.
        rules: ``firewall-cmd --list-all`` of the zone, of the running and of the permanent configuration, or ``ufw status
            verbose``. A port must be open in each. A text is empty where firewalld does not have the zone.
    """

    name: str = ""
    zone: str = ""
    rules: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {"name": self.name, "zone": self.zone, "rules": list(self.rules)}


@dataclasses.dataclass(frozen=True)
class FirewallNeeds:
    """What is to be opened.

    Attributes:
        name: the active tool, empty without.
        zone: its zone, empty without.
        ports: the closed TCP ports of the endpoint.
    """

    name: str = ""
    zone: str = ""
    ports: tuple[int, ...] = ()

    @classmethod
    def from_fields(cls, fields: Fields) -> FirewallNeeds:
        """From what :meth:`as_dict` gave."""
        return cls(fields.text("name"), fields.text("zone"), fields.wholes("ports"))

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {"name": self.name, "zone": self.zone, "ports": list(self.ports)}


def lacks_zone(found: Firewall) -> bool:
    """Whether firewalld runs, but does not know the zone that was asked for, now or after its next start."""
    return found.name == FIREWALLD and not all(found.rules)


def closed_ports(found: Firewall, ports: t.Iterable[int]) -> list[int]:
    """Those of the TCP ports that the firewall does not let in; none where no firewall is active."""
    is_open = {FIREWALLD: _firewalld_lets_in, UFW: _ufw_lets_in}.get(found.name)
    if is_open is None:
        return []
    return sorted(port for port in set(ports) if not all(is_open(text, port) for text in found.rules))


def _firewalld_lets_in(text: str, port: int) -> bool:
    fields = dict(re.findall(r"^\s+([a-z -]+):[ \t]*(.*)$", text, re.MULTILINE))
    services = fields.get("services", "").split()
    services += re.findall(r"^\s+rule .*\bservice name=\"([^\"]+)\".*\baccept\b", text, re.MULTILINE)
    rich = re.findall(r"^\s+rule .*\bport port=\"([0-9-]+)\" protocol=\"tcp\".*\baccept\b", text, re.MULTILINE)
    listed = [item.partition("/")[0] for item in fields.get("ports", "").split() if item.endswith("/tcp")]
    return (
        fields.get("target") == "ACCEPT"
        or "tcp" in fields.get("protocols", "").split()
        or any(port in _FIREWALLD_SERVICES.get(service, ()) for service in services)
        or any(_is_in(port, spec, "-") for spec in [*listed, *rich])
    )


def _ufw_lets_in(text: str, port: int) -> bool:
    if re.search(r"^Default: allow \(incoming\)", text, re.MULTILINE):
        return True
    rows = (_UFW_ROW.match(line) for line in text.splitlines())
    return any(_ufw_row_lets_in(row, port) for row in rows if row and row.group("action") in ("ALLOW", "LIMIT"))


def _ufw_row_lets_in(row: t.Match[str], port: int) -> bool:
    """``6443/tcp``, ``80,443/tcp``, ``6000:7000/tcp``, ``6443``, ``192.0.2.1 6443/tcp on eth0``, or ``Anywhere``."""
    words = row.group("to").replace("(v6)", "").split()
    if words[0] == "Anywhere" and len(words) == 1:
        return row.group("source").split()[0] == "Anywhere"
    for word in words:
        spec, _slash, protocol = word.partition("/")
        if protocol in ("", "tcp") and re.fullmatch(r"[0-9:,]+", spec):
            return any(_is_in(port, part, ":") for part in spec.split(",") if part)
    return False


def _is_in(port: int, spec: str, separator: str) -> bool:
    """Whether ``spec``, a port or a range with this separator, holds the port."""
    first, _separator, last = spec.partition(separator)
    return first.isdigit() and int(first) <= port <= int(last or first)


__all__ = ("FIREWALLD", "UFW", "Firewall", "FirewallNeeds", "closed_ports", "default_interface", "lacks_zone")
