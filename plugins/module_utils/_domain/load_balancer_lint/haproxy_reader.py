# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Load balancers of a configuration of haproxy.

Facts are of haproxy's configuration manual (sections 4.2 and 5.2 for checks, 4 for timeouts, ``option redispatch`` and ``retries``) and of
its source, ``src/check.c`` and ``src/backend.c``: which limit a check has, and when another server gets a connection.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import InvalidInput
from .balancer import Balancer, Check, CheckKind, Listener, NotUnderstood, PassOn, Server, SessionEnd, Setting
from .haproxy_text import Section, Statement, parse_duration, parse_number, parse_sections

#: Name of the script of the role apiserver_haproxy, and the seconds of grace in it.
_OUR_LUA, _GRACE_DEAD, _GRACE_UNREADY = "kubernetes-apiserver.lua", 1.0, 3.0
#: Parameters of a server with one value that say nothing about how it fails.
_WITH_VALUE = frozenset({
    "alpn", "ca-file", "check-alpn", "check-proto", "check-sni", "ciphers", "ciphersuites", "cookie", "crl-file", "crt", "curves", "downinter",
    "guid", "hash-key", "id", "init-addr", "init-state", "log-bufsize", "log-proto", "max-reuse", "maxconn", "maxqueue", "minconn", "namespace",
    "npn", "on-marked-up", "pool-conn-name", "pool-low-conn", "pool-max-conn", "pool-purge-delay", "proto", "redir",
    "resolve-net", "resolve-opts", "resolve-prefer", "resolvers", "set-proxy-v2-tlv-fmt", "shard", "sigalgs", "slowstart", "sni", "socks4",
    "source", "ssl-max-ver", "ssl-min-ver", "tcp-md5sig", "tcp-ut", "usesrc", "verifyhost", "weight", "ws",
})  # fmt: skip
_FLAGS = frozenset({
    "allow-0rtt", "check-pool-conn-name", "check-reuse-pool", "check-send-proxy", "check-via-socks4", "enabled", "force-sslv3", "force-tlsv10",
    "force-tlsv11", "force-tlsv12", "force-tlsv13", "no-agent-check", "no-allow-0rtt", "no-check-reuse-pool", "no-check-send-proxy", "no-send-proxy",
    "no-send-proxy-v2", "no-ssl-reuse", "no-sslv3", "no-tfo", "no-tls-tickets", "no-tlsv10", "no-tlsv11", "no-tlsv12", "no-tlsv13", "no-verifyhost",
    "non-stick", "renegotiate", "no-renegotiate", "send-proxy", "send-proxy-v2", "send-proxy-v2-ssl", "send-proxy-v2-ssl-cn", "ssl-reuse",
    "stick", "strict-maxconn", "tfo", "tls-tickets", "ktls",
})  # fmt: skip
#: Parameters with one value by which something else decides than the check of this address: they are noted.
_NOTED_WITH_VALUE = frozenset({"addr", "agent-addr", "agent-inter", "agent-port", "agent-send", "port", "track"})
_NOTED = frozenset({"agent-check", "disabled"})
#: Of which the rules of a check are taken away by the next one.
_CHECKS = (
    "httpchk", "tcp-check", "ssl-hello-chk", "external-check", "ldap-check", "mysql-check", "pgsql-check", "redis-check", "smtpchk", "spop-check",
)  # fmt: skip
#: Algorithms that choose the same server again for as long as it counts as up. With any other, another server gets the connection at once.
_DETERMINED = ("source", "uri", "url_param", "hdr", "hash", "rdp-cookie", "log-hash")
#: Statements that may matter and are not followed.
_NOT_FOLLOWED = (
    "use-server",
    "dispatch",
    "agent-check",
    "force-persist",
    "stick",
    "stick-table",
    "persist",
    "http-reuse",
)


def parse(path: str, text: str) -> tuple[tuple[Balancer, ...], tuple[NotUnderstood, ...]]:
    """The load balancers of a configuration, and what of it was not understood.

    Args:
        path: of the file, for messages and places.
        text: of the file.

    Raises:
        InvalidInput: naming file and line.
    """
    sections = parse_sections(path, text)
    overall = [section for section in sections if section.kind == "global"]
    reader = _Reader(sections, tuple(each for section in overall for each in section.statements))
    return reader.balancers(), tuple(reader.notes)


@dataclasses.dataclass
class _Parameters:
    """What ``default-server`` and ``server`` lines say, one after the other."""

    is_checked: bool = False
    is_tls: bool = False
    checks_tls: bool = False
    verifies: bool = False
    is_backup: bool = False
    interval: Setting | None = None
    fast: Setting | None = None
    fall: Setting | None = None
    rise: Setting | None = None
    observes: str = ""
    on_error: str = ""
    error_limit: Setting | None = None
    session_end: SessionEnd | None = None
    where: str = ""


def _duration(name: str, text: str, where: str) -> Setting:
    found = parse_duration(text, where)
    if not found:
        raise InvalidInput(f"{where}: {name} is 0, which haproxy refuses: correct it.")
    return Setting(name, found, where)


def _number(name: str, text: str, where: str) -> Setting:
    found = parse_number(text, where)
    if not found:
        raise InvalidInput(f"{where}: {name} is 0, which haproxy refuses: correct it.")
    return Setting(name, found, where, unit="")


#: Parameters of a server: the field of :class:`_Parameters` and what they make of it.
_SWITCHES: dict[str, tuple[str, bool]] = {
    "check": ("is_checked", True),
    "no-check": ("is_checked", False),
    "ssl": ("is_tls", True),
    "no-ssl": ("is_tls", False),
    "check-ssl": ("checks_tls", True),
    "no-check-ssl": ("checks_tls", False),
    "backup": ("is_backup", True),
    "no-backup": ("is_backup", False),
}
_SETTINGS: dict[str, tuple[str, t.Callable[[str, str, str], object]]] = {
    "inter": ("interval", _duration),
    "fastinter": ("fast", _duration),
    "fall": ("fall", _number),
    "rise": ("rise", _number),
    "error-limit": ("error_limit", _number),
    "observe": ("observes", lambda _name, text, _where: "" if text == "none" else text),
    "on-error": ("on_error", lambda _name, text, _where: text),
    "verify": ("verifies", lambda _name, text, _where: text != "none"),
    "on-marked-down": (
        "session_end",
        lambda _name, text, where: SessionEnd(where) if text == "shutdown-sessions" else None,
    ),
}


class _Reader:
    """Reads one configuration."""

    def __init__(self, sections: t.Sequence[Section], overall: t.Sequence[Statement]) -> None:
        self.notes: list[NotUnderstood] = []
        self._sections = sections
        self._overall = Section("global", "", "", tuple(overall))
        self.notes += [
            NotUnderstood(each.where, "spread-checks") for each in overall if each.starts_with("spread-checks")
        ]
        self._verifies_by_default = not any(each.starts_with("ssl-server-verify", "none") for each in overall)
        self._lua = next(
            (each for each in overall if each.words[0].startswith("lua-load") and each.words[-1].endswith(_OUR_LUA)),
            None,
        )

    def balancers(self) -> tuple[Balancer, ...]:
        """Every section with servers to which a listener leads."""
        found = []
        fronts = [each for each in self._sections if each.kind in ("frontend", "listen")]
        for section in self._sections:
            if section.kind not in ("backend", "listen"):
                continue
            leading = [each for each in fronts if each is section or section.name in self._targets(each)]
            listeners = tuple(listener for each in leading for listener in self._listeners(each))
            servers = self._servers(section)
            if servers and listeners:
                found.append(self._balancer(section, leading[0], listeners, servers))
        return tuple(found)

    def _balancer(
        self, section: Section, front: Section, listeners: tuple[Listener, ...], servers: tuple[Server, ...]
    ) -> Balancer:
        for each in section.own:
            if each.words[0] in _NOT_FOLLOWED:
                self._note(each, each.words[0])
        mode = section.last("mode")
        tunnel = self._timeout(section, "tunnel")
        idles = [
            each for each in (self._timeout(front, "client"), self._timeout(section, "server")) if each is not None
        ]
        stop = self._overall.last("hard-stop-after")
        return Balancer(
            program="haproxy",
            name=f"{section.kind} {section.name}".strip(),
            where=section.where,
            listeners=listeners,
            servers=servers,
            is_tcp=mode is None or mode.words[1:2] != ("http",),
            connect=self._timeout(section, "connect"),
            pass_on=self._pass_on(section),
            idle=tunnel or min(idles, key=lambda each: each.value, default=None),
            server_keepalive=self._keepalive(section),
            stop_after=None if stop is None else Setting("hard-stop-after", self._duration(stop, 1), stop.where),
        )

    def _targets(self, front: Section) -> set[str]:
        found = set()
        default = front.last("default_backend")
        if default is not None:
            found.add(self._word(default, 1))
        for each in front.statements:
            if each.words[0] == "use_backend":
                found.add(self._word(each, 1))
        return found

    def _listeners(self, section: Section) -> t.Iterator[Listener]:
        for each in section.own:
            if each.words[0] != "bind":
                continue
            for address in self._word(each, 1).split(","):
                host, colon, port = address.rpartition(":")
                if not colon or address.startswith(("unix@", "/", "abns@", "fd@", "quic")):
                    continue
                first = port.partition("-")[0]
                if "$" in port:
                    raise InvalidInput(
                        f"{each.where}: the port comes from the environment, which is not known here: write the value."
                    )
                yield Listener(
                    host.strip("[]").lstrip("*").replace("ipv4@", "").replace("ipv6@", ""),
                    parse_number(first, each.where),
                    each.where,
                )

    def _pass_on(self, section: Section) -> PassOn:
        option, retries, balance = section.option("redispatch"), section.last("retries"), section.last("balance")
        count = 3 if retries is None else parse_number(self._word(retries, 1), retries.where)
        connect = self._timeout(section, "connect")
        # A server that has just been tried is tried again after this pause.
        pause = min(1.0, connect.value) if connect is not None else 1.0
        where = retries.where if retries is not None else "retries 3 (default)"
        if option is None:
            return PassOn(False, count + 1, pause, f"no option redispatch, {where}")
        algorithm = balance.words[1] if balance is not None and len(balance.words) > 1 else "roundrobin"
        if balance is not None and algorithm.partition("(")[0] in _DETERMINED:
            return PassOn(
                False, count + 1, pause, f"balance {algorithm} chooses the same server again ({balance.where})"
            )
        return PassOn(True, 1, 0.0, f"option redispatch ({option.where})")

    def _timeout(self, section: Section, name: str) -> Setting | None:
        found = section.last("timeout", name)
        if found is None:
            return None
        value = self._duration(found, 2)
        return Setting(f"timeout {name}", value, found.where) if value else None

    def _keepalive(self, section: Section) -> Setting | None:
        option = section.option("srvtcpka") or section.option("tcpka")
        if option is None:
            return None
        # Defaults of Linux: tcp_keepalive_time, tcp_keepalive_intvl, tcp_keepalive_probes.
        values = [7200.0, 75.0, 9.0]
        for position, name in enumerate(("idle", "intvl", "cnt")):
            found = section.last(f"srvtcpka-{name}")
            if found is not None:
                values[position] = (
                    self._duration(found, 1) if name != "cnt" else parse_number(self._word(found, 1), found.where)
                )
        return Setting(" ".join(option.words), values[0] + values[1] * values[2], option.where)

    def _servers(self, section: Section) -> tuple[Server, ...]:
        parameters = _Parameters(verifies=self._verifies_by_default)
        found = []
        for each in section.statements:
            if each.words[0] == "default-server":
                parameters = self._with(parameters, each, each.words[1:])
            elif each.words[0] == "server" and each in section.own:
                self._word(each, 2)
                found.append(
                    self._server(
                        section, self._with(parameters, each, each.words[3:]), each, each.words[1], each.words[2]
                    )
                )
            elif each.words[0] == "server-template" and each in section.own:
                self._word(each, 3)
                of_all = self._with(parameters, each, each.words[4:])
                last = parse_number(each.words[2].rpartition("-")[2], each.where)
                names = [f"{each.words[1]}{number}" for number in range(1, min(last, 64) + 1)]
                found += [self._server(section, of_all, each, name, each.words[3]) for name in names]
        return tuple(found)

    def _server(self, section: Section, parameters: _Parameters, line: Statement, name: str, address: str) -> Server:
        host, colon, port = address.rpartition(":")
        if not colon or (address.count(":") > 1 and not address.startswith("[") and not port.isdigit()):
            host, port = address, "0"
        out_by_errors = None
        if parameters.is_checked and parameters.observes and parameters.on_error == "mark-down":
            out_by_errors = parameters.error_limit or Setting("error-limit", 10, unit="")
        session_end = parameters.session_end
        if session_end is None and self._lua is not None:
            session_end = SessionEnd(self._lua.where, _GRACE_DEAD, _GRACE_UNREADY)
        return Server(
            name=name,
            host=host.strip("[]"),
            port=int(port) if port.isdigit() and len(port) < 6 else 0,
            where=line.where,
            is_backup=parameters.is_backup,
            check=self._check(section, parameters, line) if parameters.is_checked else None,
            session_end=session_end if parameters.is_checked else None,
            out_by_errors=out_by_errors,
        )

    def _check(self, section: Section, parameters: _Parameters, line: Statement) -> Check:
        kind, path, where = self._kind(section, parameters)
        interval = parameters.interval or Setting("inter", 2.0)
        limit, connect = self._timeout(section, "check"), self._timeout(section, "connect")
        whole = Setting(f"{interval.name} as the limit of a check", interval.value, interval.where)
        limits = [whole, connect] if limit is not None and connect is not None else [whole]
        return Check(
            kind=kind,
            path=path,
            verifies=parameters.verifies,
            where=where or parameters.where or line.where,
            interval=interval,
            fast_interval=parameters.fast or interval,
            fall=parameters.fall or Setting("fall", 3, unit=""),
            rise=parameters.rise or Setting("rise", 2, unit=""),
            connect_limit=min(limits, key=lambda each: each.value),
            answer_limit=limit or whole,
        )

    def _kind(self, section: Section, parameters: _Parameters) -> tuple[CheckKind, str, str]:
        option = None
        for each in section.statements:
            positive = each.words[0] == "option" and each.words[1:2] and each.words[1] in _CHECKS
            negative = each.starts_with("no", "option") and option is not None and each.words[2:3] == option.words[1:2]
            option = each if positive else None if negative else option
        is_tls = parameters.is_tls or parameters.checks_tls
        if option is None:
            return CheckKind.TLS if is_tls else CheckKind.TCP, "", ""
        name = option.words[1]
        if name == "ssl-hello-chk":
            return CheckKind.TLS if is_tls else CheckKind.HELLO, "", option.where
        rules = [
            each for each in section.statements if each.words[0] == ("http-check" if name == "httpchk" else "tcp-check")
        ]
        is_tls = is_tls or any(each.words[1:2] == ("connect",) and "ssl" in each.words for each in rules)
        if name == "httpchk":
            return CheckKind.HTTPS if is_tls else CheckKind.HTTP, self._path(option, rules), option.where
        if name == "tcp-check":
            for each in rules:
                if each.words[1:2] != ("connect",):
                    self._note(each, "tcp-check " + "".join(each.words[1:2]))
            return CheckKind.TLS if is_tls else CheckKind.TCP, "", option.where
        self._note(option, f"option {name}")
        return CheckKind.OTHER, "", option.where

    @staticmethod
    def _path(option: Statement, rules: t.Sequence[Statement]) -> str:
        given = option.words[2:4]
        path = given[1] if len(given) > 1 else given[0] if given else "/"
        for each in rules:
            if each.words[1:2] == ("send",) and "uri" in each.words[:-1]:
                path = each.words[each.words.index("uri") + 1]
        return path

    def _with(self, old: _Parameters, line: Statement, words: t.Sequence[str]) -> _Parameters:
        values: dict[str, t.Any] = {}
        rest = list(words)
        strange = 0
        while rest:
            name = rest.pop(0)
            if name in _SWITCHES:
                field, is_on = _SWITCHES[name]
                values[field] = is_on
                values.update({"where": line.where} if field == "is_checked" else {})
            elif name in _FLAGS:
                continue
            elif name in _SETTINGS or name in _WITH_VALUE:
                if not rest:
                    raise InvalidInput(f"{line.where}: {name} has no value: correct it.")
                field, parse_value = _SETTINGS.get(name, ("", None))
                value = rest.pop(0)
                values.update({field: parse_value(name, value, line.where)} if parse_value else {})
            elif name in _NOTED or name in _NOTED_WITH_VALUE:
                del rest[: int(name in _NOTED_WITH_VALUE)]
                self._note(line, f"server parameter {name}")
            else:
                strange += 1
                # What follows one that is not known may be its value, and a secret.
                self._note(line, f"server parameter {name}" if strange == 1 else "further server parameters")
        return dataclasses.replace(old, **values)

    def _duration(self, line: Statement, position: int) -> float:
        return parse_duration(self._word(line, position), line.where)

    @staticmethod
    def _word(line: Statement, position: int) -> str:
        if len(line.words) <= position:
            raise InvalidInput(f"{line.where}: {line.words[0]} is not complete: correct it.")
        return line.words[position]

    def _note(self, line: Statement, what: str) -> None:
        note = NotUnderstood(line.where, what)
        if note not in self.notes:
            self.notes.append(note)


__all__ = ("parse",)
