# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers of a configuration of nginx, of directives that somebody else has parsed.

Facts are of nginx's documentation of ngx_stream_upstream_module and ngx_stream_proxy_module: defaults, and what counts as a failure.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ..base.errors import InvalidInput
from .balancer import Balancer, Check, CheckKind, Listener, NotUnderstood, Passive, PassOn, Server, Setting

API_PORT = 6443
#: Seconds of nginx's units; a number without one is seconds.
_UNITS = {
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86400.0,
    "w": 604800.0,
    "M": 2592000.0,
    "y": 31536000.0,
    "": 1.0,
}
_PART = re.compile(r"([0-9]+)(ms|s|m|h|d|w|M|y|)\s*")
#: Linux's own, without which nothing sets them: tcp_keepalive_time, tcp_keepalive_intvl, tcp_keepalive_probes.
_KERNEL_KEEPALIVE = 7200.0 + 75.0 * 9
_NOT_FOLLOWED = ("proxy_next_upstream_timeout", "proxy_next_upstream_tries", "health_check", "proxy_protocol")
#: Of the role's own watcher, roles/apiserver_nginx/files/kubernetes-apiserver-watch: failed checks, seconds between these, and to load a configuration.
_MISSES, _ANSWERS, _AGAIN, _RELOAD = 2, 3, 0.2, 0.3


@dataclasses.dataclass(frozen=True)
class Directive:
    """One directive.

    Attributes:
        name: of it.
        arguments: without quotes.
        where: file and line.
        block: of it, ``None`` without one.
    """

    name: str
    arguments: tuple[str, ...]
    where: str
    block: tuple[Directive, ...] | None = None


@dataclasses.dataclass(frozen=True)
class Watcher:
    """The program of the role apiserver_nginx that checks for nginx.

    Attributes:
        kind: what it asks for.
        timeout: of a check altogether.
        interval: between two.
        targets: ``ADDRESS:PORT`` of the servers.
        where: file and line.
    """

    kind: CheckKind
    timeout: Setting
    interval: Setting
    targets: frozenset[str]
    where: str


def parse(
    files: t.Mapping[str, t.Sequence[Directive]], watchers: t.Sequence[Watcher] = ()
) -> tuple[tuple[Balancer, ...], tuple[NotUnderstood, ...]]:
    """The load balancers of a configuration, and what of it was not understood.

    Args:
        files: their directives by path. An ``include`` of one of them is followed.
        watchers: what checks the servers of this host's nginx.

    Raises:
        InvalidInput: naming file and line.
    """
    reader = _Reader(files, watchers)
    return reader.balancers(), tuple(reader.notes)


def parse_watcher(path: str, text: str) -> Watcher:
    """The watcher of a unit of systemd, as the role apiserver_nginx writes it.

    Raises:
        InvalidInput: when it is none.
    """
    lines = text.splitlines()
    line = next(
        (
            number
            for number, each in enumerate(lines, 1)
            if each.startswith("ExecStart=") and "kubernetes-apiserver-watch" in each
        ),
        0,
    )
    if not line:
        raise InvalidInput(
            f"{path}: no ExecStart= of kubernetes-apiserver-watch in it: give the unit kubernetes-apiserver-watch.service."
        )
    where = f"{path}:{line}"
    options = re.findall(r"--([a-z]+)=(\S+)", "\n".join(lines))
    single = dict(options)
    return Watcher(
        CheckKind.TLS if single.get("check") == "tcp" else CheckKind.HTTPS,
        Setting("--timeout", _number_of_seconds(single.get("timeout", "1"), where), where),
        Setting("--interval", _number_of_seconds(single.get("interval", "0.5"), where), where),
        frozenset(value.partition("=")[2] for name, value in options if name == "server"),
        where,
    )


def parse_time(text: str, where: str) -> float:
    """Seconds of one of nginx's times.

    Raises:
        InvalidInput: naming the line, when it is none.
    """
    parts = _PART.findall(text)
    if not text or _PART.sub("", text):
        raise InvalidInput(f"{where}: {text!r} is no time of nginx such as 500ms, 10s or 1h30m: correct it.")
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _number_of_seconds(text: str, where: str) -> float:
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,6})?", text):
        raise InvalidInput(f"{where}: {text!r} is no number of seconds: correct it.")
    return float(text)


def _matches(path: str, pattern: str) -> bool:
    """Whether a path is one of a pattern with ``*`` and ``?``, which stand for no slash."""
    return re.fullmatch(re.escape(pattern).replace(r"\*", "[^/]*").replace(r"\?", "[^/]"), path) is not None


class _Reader:
    """Reads one host's configuration."""

    def __init__(self, files: t.Mapping[str, t.Sequence[Directive]], watchers: t.Sequence[Watcher]) -> None:
        self.notes: list[NotUnderstood] = []
        self._files = files
        self._watchers = watchers
        self._included: set[str] = set()
        trees = {path: tuple(self._expand(path, directives, (path,))) for path, directives in files.items()}
        roots = [path for path in trees if path not in self._included]
        # What Debian's directories call available is not loaded unless something includes it, or a link to it.
        loaded = [path for path in roots if not posixpath.dirname(path).endswith("-available")]
        self._tree = tuple(each for path in loaded or roots for each in trees[path])

    def balancers(self) -> tuple[Balancer, ...]:
        """Of every server of ``stream`` that passes its connections on to an upstream."""
        found = []
        for stream in self._named(self._tree, "stream"):
            block = stream.block or ()
            upstreams = {self._argument(each, 0): each for each in self._named(block, "upstream")}
            for server in self._named(block, "server"):
                target = self._last(server.block or (), "proxy_pass")
                if target is not None and server.block is not None:
                    found.append(
                        self._balancer(block, server, server.block, target, upstreams.get(self._argument(target, 0)))
                    )
        for http in self._named(self._tree, "http"):
            for upstream in self._named(http.block or (), "upstream"):
                if any(
                    self._argument(each, 0).endswith(f":{API_PORT}")
                    for each in self._named(upstream.block or (), "server")
                ):
                    self._note(upstream, "an upstream of http in front of API servers")
        return tuple(each for each in found if each.servers and each.listeners)

    def _balancer(
        self,
        stream: t.Sequence[Directive],
        server: Directive,
        block: t.Sequence[Directive],
        target: Directive,
        upstream: Directive | None,
    ) -> Balancer:
        scopes = (*stream, *block)
        for each in scopes:
            if each.name in _NOT_FOLLOWED and each.block is None:
                self._note(each, each.name)
        connect = self._time(scopes, "proxy_connect_timeout", 60.0)
        next_upstream = self._last(scopes, "proxy_next_upstream")
        is_passed = next_upstream is None or next_upstream.arguments[:1] != ("off",)
        keepalive = self._last(scopes, "proxy_socket_keepalive")
        has_keepalive = keepalive is not None and keepalive.arguments[:1] == ("on",)
        stop = self._last(self._tree, "worker_shutdown_timeout")
        workers = self._last(self._tree, "worker_processes")
        members = upstream.block or () if upstream is not None else ()
        count = self._argument(workers, 0) if workers is not None else "1"
        is_shared = bool(self._named(members, "zone"))
        return Balancer(
            program="nginx",
            name=f"upstream {self._argument(target, 0)}",
            where=upstream.where if upstream is not None else server.where,
            listeners=tuple(listener for each in self._named(block, "listen") for listener in self._listener(each)),
            servers=tuple(self._servers(members)) if upstream is not None else tuple(self._server(target)),
            is_tcp=not any(each.name == "listen" and "ssl" in each.arguments for each in block),
            connect=connect,
            pass_on=PassOn(
                is_passed,
                1,
                0.0,
                f"proxy_next_upstream ({next_upstream.where if next_upstream is not None else 'default'})",
            ),
            idle=self._time(scopes, "proxy_timeout", 600.0),
            server_keepalive=Setting("proxy_socket_keepalive", _KERNEL_KEEPALIVE, keepalive.where)
            if keepalive and has_keepalive
            else None,
            stop_after=Setting("worker_shutdown_timeout", parse_time(self._argument(stop, 0), stop.where), stop.where)
            if stop
            else None,
            learners=1 if is_shared or not count.isdigit() else max(1, int(count[:4])),
            shares_state=is_shared or count == "1",
        )

    def _servers(self, members: t.Sequence[Directive]) -> t.Iterator[Server]:
        for each in members:
            if each.name == "server" and "down" not in each.arguments:
                yield from self._server(each)

    def _server(self, line: Directive) -> t.Iterator[Server]:
        target = self._argument(line, 0)
        if target.startswith(("unix:", "$")):
            self._note(line, f"{line.name} of a socket or of a variable")
            return
        host, _colon, port = target.rpartition(":")
        values = dict(each.partition("=")[::2] for each in line.arguments[1:])
        fails, timeout = values.get("max_fails", "1"), values.get("fail_timeout", "10s")
        if not fails.isdigit():
            raise InvalidInput(f"{line.where}: max_fails={fails} is no number: correct it.")
        passive = Passive(
            Setting("max_fails", int(fails), line.where if "max_fails" in values else "", unit=""),
            Setting("fail_timeout", parse_time(timeout, line.where), line.where if "fail_timeout" in values else ""),
        )
        yield Server(
            target,
            host.strip("[]") or target,
            int(port) if port.isdigit() else 0,
            line.where,
            "backup" in values,
            self._check(target),
            passive,
        )

    def _check(self, target: str) -> Check | None:
        watcher = next((each for each in self._watchers if target in each.targets), None)
        if watcher is None:
            return None
        again = min(_AGAIN, watcher.interval.value)
        return Check(
            kind=watcher.kind,
            path="/readyz" if watcher.kind is CheckKind.HTTPS else "",
            verifies=True,
            where=watcher.where,
            interval=watcher.interval,
            fast_interval=Setting("between checks that say something new", again, watcher.where),
            fall=Setting("failed checks", _MISSES, watcher.where, unit=""),
            rise=Setting("passed checks", _ANSWERS, watcher.where, unit=""),
            connect_limit=watcher.timeout,
            answer_limit=watcher.timeout,
            grace=Setting("nginx loads the configuration without it", _RELOAD, watcher.where),
        )

    def _listener(self, line: Directive) -> t.Iterator[Listener]:
        address = self._argument(line, 0)
        host, _colon, port = address.rpartition(":")
        if not address.startswith("unix:") and port.isdigit() and "udp" not in line.arguments:
            yield Listener(host.strip("[]*"), int(port), line.where)

    def _time(self, scopes: t.Sequence[Directive], name: str, default: float) -> Setting:
        found = self._last(scopes, name)
        if found is None:
            return Setting(name, default)
        return Setting(name, parse_time(self._argument(found, 0), found.where), found.where)

    def _expand(
        self, path: str, directives: t.Sequence[Directive], open_files: tuple[str, ...]
    ) -> t.Iterator[Directive]:
        for each in directives:
            if each.name == "include":
                pattern = posixpath.join(posixpath.dirname(path), self._argument(each, 0))
                names = sorted(name for name in self._files if _matches(name, pattern))
                if not names and not posixpath.basename(pattern).startswith(("mime.types", "*")):
                    self._note(each, "include of a file that was not given")
                for name in names:
                    if name in open_files:
                        raise InvalidInput(f"{each.where}: the file includes itself: correct it.")
                    self._included.add(name)
                    yield from self._expand(name, self._files[name], (*open_files, name))
            elif each.block is not None:
                yield dataclasses.replace(each, block=tuple(self._expand(path, each.block, open_files)))
            else:
                yield each

    @staticmethod
    def _named(directives: t.Sequence[Directive], name: str) -> tuple[Directive, ...]:
        return tuple(each for each in directives if each.name == name)

    @staticmethod
    def _last(directives: t.Sequence[Directive], name: str) -> Directive | None:
        return next((each for each in reversed(directives) if each.name == name), None)

    @staticmethod
    def _argument(line: Directive, position: int) -> str:
        if len(line.arguments) <= position:
            raise InvalidInput(f"{line.where}: {line.name} is not complete: correct it.")
        return line.arguments[position]

    def _note(self, line: Directive, what: str) -> None:
        note = NotUnderstood(line.where, what)
        if note not in self.notes:
            self.notes.append(note)


__all__ = ("API_PORT", "Directive", "Watcher", "parse", "parse_time", "parse_watcher")
