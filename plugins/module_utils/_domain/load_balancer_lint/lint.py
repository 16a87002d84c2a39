# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads the configurations of load balancers and virtual IPs, predicts what they let happen, and says what is wrong with them."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.errors import InvalidInput
from . import check_script, findings, haproxy_reader, keepalived_reader, nginx_reader, prediction
from . import virtual_router as vrrp
from .balancer import Balancer, NotUnderstood, shown
from .prediction import Event, Outage

if t.TYPE_CHECKING:
    from ..base.finding import Finding

HAPROXY, NGINX, KEEPALIVED, SCRIPT, WATCHER = "haproxy", "nginx", "keepalived", "script", "watcher"
KINDS = (HAPROXY, NGINX, KEEPALIVED, SCRIPT, WATCHER)
#: By what a file is known, in this order.
_SIGNS = (
    (SCRIPT, re.compile(r"\A#!")),
    (WATCHER, re.compile(r"^ExecStart=.*kubernetes-apiserver-watch", re.MULTILINE)),
    (KEEPALIVED, re.compile(r"^\s*(vrrp_instance|vrrp_script|global_defs)\b", re.MULTILINE)),
    (HAPROXY, re.compile(r"^(global|defaults|frontend|backend|listen)\b(?![^\n]*\{)", re.MULTILINE)),
    (NGINX, re.compile(r"^\s*[a-z_]+\b[^#\n]*[;{}]\s*(#.*)?$", re.MULTILINE)),
)


@dataclasses.dataclass(frozen=True)
class ConfigurationFile:
    """A file of a host, or of the controller.

    Attributes:
        host: whose it is; empty where that is not known.
        path: of it there.
        kind: one of :data:`KINDS`; empty: it is seen from its text.
        text: of it.
    """

    host: str
    path: str
    kind: str
    text: str = dataclasses.field(repr=False)

    @property
    def shown_path(self) -> str:
        """For places."""
        return f"{self.host}:{self.path}" if self.host else self.path


@dataclasses.dataclass(frozen=True)
class LintedBalancer:
    """A load balancer with what is predicted of it, and what is wrong with it."""

    host: str
    balancer: Balancer
    outages: tuple[Outage, ...]
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        stop = self.balancer.stop_after
        return {
            "host": self.host,
            "program": self.balancer.program,
            "name": self.balancer.name,
            "where": self.balancer.where,
            "listeners": [
                {"address": each.host, "port": each.port, "where": each.where} for each in self.balancer.listeners
            ],
            "servers": [
                {"name": each.name, "address": each.host, "port": each.port, "where": each.where}
                for each in self.balancer.servers
            ],
            "outages": [
                {
                    "event": each.event.value,
                    "out_seconds": each.out,
                    "clean_seconds": each.clean,
                    "meanwhile": each.meanwhile,
                    "tried_again_seconds": each.returns,
                    "open_seconds": each.open_until,
                    "open_reason": each.open_reason,
                    "sum": each.sum,
                }
                for each in self.outages
            ],
            "reload": {
                "cuts_after_seconds": None if stop is None else stop.value,
                "cause": "" if stop is None else str(stop),
            },
        }


@dataclasses.dataclass(frozen=True)
class LintedAddress:
    """A virtual IP with what is predicted of it, and what is wrong with it."""

    routers: tuple[vrrp.VirtualRouter, ...]
    moves: tuple[vrrp.Move, ...]
    findings: tuple[Finding, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        holder = vrrp.holder_of(self.routers)
        return {
            "addresses": list(holder.addresses),
            "router_id": holder.router_id,
            "hosts": [
                {"name": each.host, "where": each.where, "priority": each.healthy_priority} for each in self.routers
            ],
            "moves": [
                {"event": each.event, "from": each.holder, "to": each.to, "seconds": each.seconds, "sum": each.sum}
                for each in self.moves
            ],
        }


@dataclasses.dataclass(frozen=True)
class Lint:
    """What was read, predicted and found.

    Attributes:
        balancers: of every host.
        addresses: virtual IPs.
        not_understood: findings about what was left out, whosever it is.
    """

    balancers: tuple[LintedBalancer, ...]
    addresses: tuple[LintedAddress, ...]
    not_understood: tuple[Finding, ...] = ()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, each once, the worst first."""
        every = [finding for each in self.balancers for finding in each.findings]
        every += [finding for each in self.addresses for finding in each.findings]
        return tuple(sorted(dict.fromkeys((*every, *self.not_understood)), key=lambda each: -each.kind.severity.rank))

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "load_balancers": [each.as_dict() for each in self.balancers],
            "virtual_ips": [each.as_dict() for each in self.addresses],
            "findings": [
                {
                    "id": each.kind.id,
                    "severity": each.kind.severity.value,
                    "title": each.kind.title,
                    "object": each.object,
                    "summary": each.summary,
                    "evidence": list(each.evidence),
                    "why": each.kind.why,
                    "remedy": each.remedy,
                }
                for each in self.findings
            ],
        }

    def lines(self) -> list[str]:
        """A table for the screen."""
        found = []
        for linted in self.balancers:
            found += _balancer_lines(linted)
        for address in self.addresses:
            found += _address_lines(address)
        for each in self.findings:
            found += [
                f"{each.kind.severity.value:8}  {each.kind.id}  {each.summary}",
                *(f"          {line}" for line in each.evidence),
                f"          {each.remedy}",
            ]
        return found or ["Nothing was found."]


def lint(
    files: t.Sequence[ConfigurationFile],
    parse_nginx: t.Callable[[str, str], t.Sequence[nginx_reader.Directive]],
    *,
    port: int | None = None,
) -> Lint:
    """Read, predict and judge.

    Args:
        files: of one or more hosts. What belongs together, as a configuration and the scripts that it names, is of one host.
        parse_nginx: makes directives of a path and a text, or raises ``InvalidInput`` naming file and line.
        port: of the listeners that count; ``None``: every load balancer in front of API servers, or every one where none has their port.

    Raises:
        InvalidInput: naming the file, the line and the remedy, and when there is neither a load balancer nor a virtual IP.
    """
    found = read(files, parse_nginx, port=port)
    if not found.balancers and not found.addresses:
        where = ", ".join(each.shown_path for each in files) or "no file"
        which = f" that listens on port {port}" if port is not None else ""
        raise InvalidInput(
            f"No load balancer{which} and no virtual IP in {where}: give the configuration of haproxy, nginx or keepalived."
        )
    return found


def read(
    files: t.Sequence[ConfigurationFile],
    parse_nginx: t.Callable[[str, str], t.Sequence[nginx_reader.Directive]],
    *,
    port: int | None = None,
) -> Lint:
    """The same as :func:`lint` where there may be nothing.

    Raises:
        InvalidInput: naming the file, the line and the remedy.
    """
    hosts = list(dict.fromkeys(each.host for each in files))
    notes: list[NotUnderstood] = []
    typed = list(_typed(files, notes))
    balancers: list[LintedBalancer] = []
    routers: list[vrrp.VirtualRouter] = []
    for host in hosts:
        own = list(_once(each for each in typed if each.host == host))
        found, not_understood = _balancers(own, parse_nginx, port)
        balancers += [_linted(host, each) for each in found]
        notes += not_understood
        for file in own:
            if file.kind == KEEPALIVED:
                more, left_out = keepalived_reader.parse(file.host or file.path, file.shown_path, file.text)
                routers += more
                notes += left_out
    addresses = tuple(
        dataclasses.replace(each, findings=tuple(_of_address(each, typed, balancers))) for each in _addresses(routers)
    )
    return Lint(tuple(balancers), addresses, tuple(findings.of_not_understood(notes)))


def _linted(host: str, balancer: Balancer) -> LintedBalancer:
    outages = prediction.predict(balancer)
    return LintedBalancer(host, balancer, outages, tuple(findings.of_balancer(balancer, outages)))


def guess_kind(file: ConfigurationFile) -> str:
    """What a file is, by its text.

    Raises:
        InvalidInput: when that cannot be seen.
    """
    for kind, sign in _SIGNS:
        if sign.search(file.text):
            return kind
    raise InvalidInput(
        f"{file.shown_path}: neither haproxy's, nginx's nor keepalived's configuration, nor a script: say its kind."
    )


def _typed(files: t.Sequence[ConfigurationFile], notes: list[NotUnderstood]) -> t.Iterator[ConfigurationFile]:
    """The files with their kinds. What was found on a host, not given, may be anything."""
    for each in files:
        try:
            yield dataclasses.replace(each, kind=each.kind or guess_kind(each))
        except InvalidInput:
            if not each.host:
                raise
            if each.text.strip():
                notes.append(NotUnderstood(each.shown_path, "a file of no known kind"))


def _once(files: t.Iterable[ConfigurationFile]) -> t.Iterator[ConfigurationFile]:
    """The files of a host without a second one of the same text, such as a link. Of nginx each is needed by its path."""
    texts: set[str] = set()
    for each in files:
        if each.kind == NGINX or each.text not in texts:
            yield each
        texts.add(each.text)


def _balancers(
    files: t.Sequence[ConfigurationFile],
    parse_nginx: t.Callable[[str, str], t.Sequence[nginx_reader.Directive]],
    port: int | None,
) -> tuple[list[Balancer], list[NotUnderstood]]:
    found: list[Balancer] = []
    notes: list[NotUnderstood] = []
    for file in files:
        if file.kind == HAPROXY:
            more, not_understood = haproxy_reader.parse(file.shown_path, file.text)
            found += more
            notes += not_understood
    watchers = [nginx_reader.parse_watcher(each.shown_path, each.text) for each in files if each.kind == WATCHER]
    texts = [each for each in files if each.kind == NGINX]
    # A host that serves the web only needs nobody who can read it.
    if any(re.search(r"\bstream\b", each.text) for each in texts):
        of_nginx = {each.path: parse_nginx(each.shown_path, each.text) for each in texts}
        more, not_understood = nginx_reader.parse(of_nginx, watchers)
        found += more
        notes += not_understood
    return _selected(found, port), notes


def _selected(balancers: t.Sequence[Balancer], port: int | None) -> list[Balancer]:
    if port is not None:
        return [each for each in balancers if any(listener.port == port for listener in each.listeners)]
    of_api = [each for each in balancers if any(server.port == nginx_reader.API_PORT for server in each.servers)]
    return of_api or list(balancers)


def _addresses(routers: t.Sequence[vrrp.VirtualRouter]) -> tuple[LintedAddress, ...]:
    ids = list(dict.fromkeys(each.router_id for each in routers))
    groups = [tuple(each for each in routers if each.router_id == router_id) for router_id in ids]
    return tuple(LintedAddress(group, vrrp.predict(group)) for group in groups)


def _of_address(
    address: LintedAddress, files: t.Sequence[ConfigurationFile], balancers: t.Sequence[LintedBalancer]
) -> t.Iterator[Finding]:
    yield from findings.of_routers(address.routers, address.moves)
    for router in address.routers:
        here = [each for each in files if (each.host or each.path) == router.host or not each.host]
        own = [each.balancer for each in balancers if each.host in (router.host, "")]
        for track in router.tracks:
            text = _text_of(track.script, here)
            yield from findings.of_script(router, track, check_script.parse(text), own)


def _text_of(script: vrrp.Script, files: t.Sequence[ConfigurationFile]) -> str:
    """What a script does: the text of the file that its command names where that was given, else the command itself."""
    for word in script.command.split():
        for file in files:
            if file.kind == SCRIPT and (
                file.path == word or (not file.host and file.path.rpartition("/")[2] == word.rpartition("/")[2])
            ):
                return file.text
    return script.command if script.kind == SCRIPT else ""


def _balancer_lines(linted: LintedBalancer) -> list[str]:
    balancer = linted.balancer
    where = f"{linted.host}: " if linted.host else ""
    lines = [f"{where}{balancer.program} {balancer.name} ({balancer.where}), {len(balancer.used)} API servers", ""]
    head = ("API server", "out of use", "new connections fine", "open connections end")
    rows = [
        (each.event.value, _shown(each.out), _shown(each.clean), _shown(each.open_until)) for each in linted.outages
    ]
    rows = [
        (event, out, clean, "go on" if event == Event.UNREADY.value and open_until == "never" else open_until)
        for event, out, clean, open_until in rows
    ]
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines += [
        "  " + "  ".join(f"{value:{width}}" for value, width in zip(row, widths)).rstrip() for row in (head, *rows)
    ]
    lines += [
        "",
        *(
            f"  {each.event.value}: {each.sum}; a new connection {each.meanwhile}; open ones: {each.open_reason}"
            for each in linted.outages
        ),
    ]
    stop = balancer.stop_after
    lines += [f"  reload: open connections go on{'' if stop is None else f', at most {shown(stop.value)} s'}", ""]
    return lines


def _address_lines(address: LintedAddress) -> list[str]:
    holder = vrrp.holder_of(address.routers)
    lines = [f"virtual IP {', '.join(holder.addresses)}, router {holder.router_id}, held by {holder.host}", ""]
    width = max(len(each.event) for each in address.moves)
    lines += [
        f"  {each.event:{width}}  {'stays' if each.seconds is None else f'moves after {_shown(each.seconds)}'}: {each.sum}"
        for each in address.moves
    ]
    return [*lines, ""]


def _shown(seconds: float | None) -> str:
    return "never" if seconds is None else f"{shown(seconds)} s"


__all__ = ("KINDS", "ConfigurationFile", "Lint", "LintedAddress", "LintedBalancer", "guess_kind", "lint", "read")
