# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ports and protocols the host's firewall lets in, and which networks it forwards, from what its own tool shows.

A rule that lets a port in from some sources only is the operator's decision: it counts as open, unless the sources are asked for.
Where they are, the rule of exactly that port or protocol which lets everybody in is to go: sources are those that *alone* are let in.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import typing as t

from ..base.change import Change
from ..base.errors import InvalidInput
from ..base.report_fields import absent, as_dict, present

FIREWALLD = "firewalld"
UFW = "ufw"
TCP, UDP = "tcp", "udp"

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
_Range = t.Tuple[int, int]
_UFW_ROW = re.compile(r"^(?P<to>\S.*?)\s{2,}(?P<action>[A-Z]+)(?: (?P<way>IN|FWD))?\s{2,}(?P<source>\S.*)$")
_ANYWHERE = "Anywhere"
#: The zone of firewalld that lets everything in, and forwards it.
TRUSTED = "trusted"


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
        trusted: the networks from which firewalld trusts everything, now and after its next start.
    """

    name: str = dataclasses.field(default="", metadata=present())
    zone: str = dataclasses.field(default="", metadata=present())
    rules: tuple[str, ...] = dataclasses.field(default=(), metadata=present())
    trusted: tuple[str, ...] = dataclasses.field(default=(), metadata=absent((), is_written=False))


@dataclasses.dataclass(frozen=True)
class Port:
    """A port to be open, or a range of them.

    Attributes:
        port: its number, or the first one.
        protocol: ``tcp`` or ``udp``.
        comment: what it is for, in the firewall's own list where that has comments.
        last: the last port of a range, 0 for one port.
        sources: addresses or networks that alone are to be let in; empty for all.
        open_to_all: whether a rule lets everybody in that is to go, because there are sources.
    """

    port: int
    protocol: str = dataclasses.field(default=TCP, metadata=present())
    comment: str = dataclasses.field(default="", metadata=present())
    last: int = dataclasses.field(default=0, metadata=absent(0, is_written=False))
    sources: tuple[str, ...] = dataclasses.field(default=(), metadata=absent((), is_written=False))
    open_to_all: bool = dataclasses.field(default=False, metadata=absent(False, is_written=False))

    @property
    def range(self) -> tuple[int, int]:
        """The first and the last port; the same for a single one."""
        return self.port, self.last or self.port

    @property
    def name(self) -> str:
        """As entries of a plan name it."""
        return f"port {self.text('-')}/{self.protocol}"

    def text(self, separator: str) -> str:
        """The port, or the range with this separator."""
        return f"{self.port}{separator}{self.last}" if self.last else str(self.port)


@dataclasses.dataclass(frozen=True)
class Protocol:
    """An IP protocol to be let in as a whole.

    Attributes:
        protocol: its name in ``/etc/protocols``.
        sources: addresses or networks that alone are to be let in; empty for all.
        open_to_all: whether a rule lets everybody in that is to go, because there are sources.
    """

    protocol: str
    sources: tuple[str, ...] = dataclasses.field(default=(), metadata=absent((), is_written=False))
    open_to_all: bool = dataclasses.field(default=False, metadata=absent(False, is_written=False))

    @property
    def range(self) -> None:
        """It has no ports."""

    @property
    def name(self) -> str:
        """As entries of a plan name it."""
        return f"protocol {self.protocol}"


Rule = t.Union[Port, Protocol]
_AnyRule = t.TypeVar("_AnyRule", Port, Protocol)


@dataclasses.dataclass(frozen=True)
class FirewallNeeds:
    """What is to be opened, and what is open to more than it is to be.

    Attributes:
        name: the active tool, empty without.
        zone: its zone, empty without.
        ports: those that are closed, or open to all.
        protocols: IP protocols that are closed, or open to all.
        networks: those from and to which it forwards nothing.
    """

    name: str = dataclasses.field(default="", metadata=present())
    zone: str = dataclasses.field(default="", metadata=present())
    ports: tuple[Port, ...] = dataclasses.field(default=(), metadata=present())
    protocols: tuple[Protocol, ...] = dataclasses.field(default=(), metadata=present())
    networks: tuple[str, ...] = dataclasses.field(default=(), metadata=absent(()))

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)

    def change(self, rule: Rule, reason: str) -> Change:
        """The entry of a plan for one of the ports or protocols."""
        everybody = f"open in zone {self.zone}" if self.zone else "open"
        after = f"open to {', '.join(rule.sources)}" if rule.sources else everybody
        return Change(f"{self.name} {rule.name}", "open to everybody" if rule.open_to_all else "closed", after, reason)


def parse_ports(given: t.Iterable[t.Mapping[str, t.Any]]) -> list[Port]:
    """Ports as options name them.

    Raises:
        InvalidInput: a number is none of a port.
    """
    ports = [Port(**{**item, "sources": tuple(item.get("sources") or ())}) for item in given]
    wrong = [str(port.port) for port in ports if not 0 < port.port < 65536]
    if wrong:
        raise InvalidInput(f"These are no ports, whose numbers are from 1 to 65535: {', '.join(wrong)}.")
    turned = [port.text("-") for port in ports if port.last and not port.port <= port.last < 65536]
    if turned:
        raise InvalidInput(f"These ranges of ports do not end between their first port and 65535: {', '.join(turned)}.")
    return ports


def parse_protocols(given: t.Iterable[t.Mapping[str, t.Any]]) -> list[Protocol]:
    """Protocols as options name them."""
    return [Protocol(**{**item, "sources": tuple(item.get("sources") or ())}) for item in given]


def lacks_zone(found: Firewall) -> bool:
    """Whether firewalld runs, but does not know the zone that was asked for, now or after its next start."""
    return found.name == FIREWALLD and not all(found.rules)


def needs(
    found: Firewall,
    ports: t.Iterable[Port],
    protocols: t.Iterable[Protocol] = (),
    networks: t.Iterable[str] = (),
) -> FirewallNeeds:
    """What the firewall does not let in or forward, or lets in from everywhere in place of some sources, each once; nothing where none
    is active."""
    of_ports = {(*port.range, port.protocol): port for port in reversed(tuple(ports))}
    of_protocols = {protocol.protocol: protocol for protocol in reversed(tuple(protocols))}
    return FirewallNeeds(
        found.name,
        found.zone,
        tuple(_unlike(found, [port for _key, port in sorted(of_ports.items())])),
        tuple(_unlike(found, [protocol for _key, protocol in sorted(of_protocols.items())])),
        tuple(network for network in dict.fromkeys(networks) if not _forwards(found, network)),
    )


def _unlike(found: Firewall, rules: t.Iterable[_AnyRule]) -> t.Iterator[_AnyRule]:
    """Those that are not as wanted. What lets everybody in counts as gone where it is to go."""
    for given in rules:
        # Who names everybody limits nothing, and ufw writes no source for that.
        names_all = any(source.endswith("/0") for source in given.sources)
        rule = dataclasses.replace(given, sources=()) if names_all else given
        left = dataclasses.replace(found, rules=tuple(_without(found.name, text, rule) for text in found.rules))
        open_to_all = bool(rule.sources) and left != found
        is_open = all(
            _is_open(left if rule.sources else found, rule.range, rule.protocol, source)
            for source in rule.sources or ("",)
        )
        if open_to_all or not is_open:
            yield dataclasses.replace(rule, open_to_all=open_to_all)


def _without(name: str, text: str, rule: Rule) -> str:
    """The rules of a firewall without the one that lets everybody in, as the role itself writes it.

    Wider ranges, services and whatever else holds it are somebody else's, and stay.
    """
    if name == FIREWALLD:
        key = "ports" if isinstance(rule, Port) else "protocols"
        listed = f"{rule.text('-')}/{rule.protocol}" if isinstance(rule, Port) else rule.protocol
        return re.sub(rf"(?m)^([ \t]+{key}:.*?)[ \t]{re.escape(listed)}(?=[ \t]|$)", r"\1", text)
    anywhere = _ANYWHERE if isinstance(rule, Port) else f"{_ANYWHERE}/{rule.protocol}"
    to = f"{rule.text(':')}/{rule.protocol}" if isinstance(rule, Port) else anywhere
    return "".join(line for line in text.splitlines(keepends=True) if not _ufw_row_is(line, to, anywhere))


def _ufw_row_is(line: str, to: str, source: str) -> bool:
    row = _UFW_ROW.match(line.rstrip("\n"))
    if row is None or row.group("action") != "ALLOW" or row.group("way") == "FWD":
        return False
    words = [row.group("to"), row.group("source").partition("#")[0]]
    return [word.replace("(v6)", "").split() for word in words] == [[to], [source]]


def _is_open(found: Firewall, port: _Range | None, protocol: str, source: str = "") -> bool:
    """Whether a port of the protocol is let in; without a port, whether all of the protocol is; with a source, from there."""
    lets_in = {FIREWALLD: _firewalld_lets_in, UFW: _ufw_lets_in}.get(found.name)
    return lets_in is None or all(lets_in(text, port, protocol, source) for text in found.rules)


def _forwards(found: Firewall, network: str) -> bool:
    """Whether what is forwarded from and to a network passes."""
    if found.name == FIREWALLD:
        is_open = all(re.search(r"^\s+target:[ \t]*ACCEPT$", text, re.MULTILINE) for text in found.rules)
        return is_open or any(_covers(trusted, network) for trusted in found.trusted)
    return found.name != UFW or all(_ufw_forwards(text, network) for text in found.rules)


def _ufw_forwards(text: str, network: str) -> bool:
    """Without a rule for both directions answers pass, but nobody begins from the other side."""
    if re.search(r"^Default: .*\ballow \(routed\)", text, re.MULTILINE):
        return True
    rows = [row for row in map(_UFW_ROW.match, text.splitlines()) if row and row.group("way") == "FWD"]
    pairs = [
        (row.group("to").split()[0], row.group("source").split()[0]) for row in rows if row.group("action") == "ALLOW"
    ]
    return any(_covers(to, network) and source == _ANYWHERE for to, source in pairs) and any(
        _covers(source, network) and to == _ANYWHERE for to, source in pairs
    )


def _covers(rule: str, wanted: str) -> bool:
    """Whether a rule's address or network holds all of another."""
    try:
        outer, inner = ipaddress.ip_network(rule, strict=False), ipaddress.ip_network(wanted, strict=False)
    except ValueError:
        return False
    return (
        outer.version == inner.version
        and int(outer.network_address) <= int(inner.network_address)
        and int(inner.broadcast_address) <= int(outer.broadcast_address)
    )


def _firewalld_lets_in(text: str, port: _Range | None, protocol: str, source: str) -> bool:
    fields = dict(re.findall(r"^\s+([a-z -]+):[ \t]*(.*)$", text, re.MULTILINE))
    text = "\n".join(line for line in text.splitlines() if _is_for(line, source))
    protocols = fields.get("protocols", "").split()
    protocols += re.findall(r"^\s+rule .*\bprotocol value=\"([^\"]+)\".*\baccept\b", text, re.MULTILINE)
    if fields.get("target") == "ACCEPT" or protocol in protocols:
        return True
    return port is not None and _firewalld_port(text, fields, port, protocol)


def _is_for(rule: str, source: str) -> bool:
    """Whether a rich rule of firewalld, or any other line, lets this source in; an empty one stands for whoever it names."""
    named = re.search(r"\bsource (NOT )?address=\"([^\"]+)\"", rule)
    return not source or named is None or (not named.group(1) and _covers(named.group(2), source))


def _firewalld_port(text: str, fields: t.Mapping[str, str], port: _Range, protocol: str) -> bool:
    services = fields.get("services", "").split()
    services += re.findall(r"^\s+rule .*\bservice name=\"([^\"]+)\".*\baccept\b", text, re.MULTILINE)
    rule = rf"^\s+rule .*\bport port=\"([0-9-]+)\" protocol=\"{protocol}\".*\baccept\b"
    listed = [item.partition("/")[0] for item in fields.get("ports", "").split() if item.endswith(f"/{protocol}")]
    return (
        protocol == TCP
        and any(_FIREWALLD_SERVICES.get(service, set()).issuperset(range(port[0], port[1] + 1)) for service in services)
    ) or any(_is_in(port, spec, "-") for spec in [*listed, *re.findall(rule, text, re.MULTILINE)])


def _ufw_lets_in(text: str, port: _Range | None, protocol: str, source: str) -> bool:
    if re.search(r"^Default: allow \(incoming\)", text, re.MULTILINE):
        return True
    rows = (_UFW_ROW.match(line) for line in text.splitlines())
    return any(
        _ufw_row_lets_in(row, port, protocol, source)
        for row in rows
        if row and row.group("action") in ("ALLOW", "LIMIT") and row.group("way") != "FWD" and _is_from(row, source)
    )


def _source_of(row: t.Match[str]) -> tuple[str, str]:
    """Whom a row of ufw lets in, and the protocol that ufw shows behind it in a rule without ports, such as ``192.0.2.1/vrrp``."""
    named = row.group("source").split()[0]
    found = re.search(r"/([a-z]+)$", named)
    return (named[: found.start()], found.group(1)) if found else (named, "")


def _is_from(row: t.Match[str], source: str) -> bool:
    """Whether a row of ufw lets this source in."""
    named, _protocol = _source_of(row)
    return not source or named == _ANYWHERE or _covers(named, source)


def _ufw_row_lets_in(row: t.Match[str], port: _Range | None, protocol: str, source: str) -> bool:
    """``6443/tcp``, ``80,443/tcp``, ``6000:7000/tcp``, ``6443``, ``192.0.2.1 6443/tcp on eth0``, ``Anywhere``, ``Anywhere/vrrp``."""
    words = row.group("to").replace("(v6)", "").split()
    if words in (["Anywhere"], [f"Anywhere/{protocol}"]) and row.group("source").split()[0] == words[0]:
        return True
    named_protocol = _source_of(row)[1]
    if words == [_ANYWHERE] and source and named_protocol in ("", protocol):
        return True
    if port is None:
        return words[0].endswith(f"/{protocol}") or (words == [_ANYWHERE] and named_protocol == protocol)
    for word in words:
        spec, _slash, of = word.partition("/")
        if of in ("", protocol) and re.fullmatch(r"[0-9:,]+", spec):
            return any(_is_in(port, part, ":") for part in spec.split(",") if part)
    return False


def _is_in(port: _Range, spec: str, separator: str) -> bool:
    """Whether ``spec``, a port or a range with this separator, holds all of the range."""
    first, _separator, last = spec.partition(separator)
    return first.isdigit() and int(first) <= port[0] and port[1] <= int(last or first)


__all__ = (
    "FIREWALLD",
    "TCP",
    "TRUSTED",
    "UDP",
    "UFW",
    "Firewall",
    "FirewallNeeds",
    "Port",
    "Protocol",
    "Rule",
    "default_interface",
    "lacks_zone",
    "needs",
    "parse_ports",
    "parse_protocols",
)
