# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes on a host so that a component has an identity of its own and is ready for several instances."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import San
from ..base.change import Change
from ..base.errors import InvalidInput, UnsupportedState
from ..base.problem import Problem
from ..component import component_arguments, invocation
from ..component.systemd_text import encoded
from ..kubeconfig.document import Kubeconfig
from ..pki.certificate import shown
from . import arguments, certificate, configuration, layout, texts
from .found import Owner

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.files import Files
    from ..._ports.service_host import ServiceHost
    from ..._ports.x509 import X509
    from ..._ports.yaml import YamlReader
    from ..component.invocation import Sources
    from .configuration import Configuration
    from .desired import DesiredService
    from .found import FoundService
    from .layout import Layout
    from .profile import Profile

SECRET, PUBLIC = 0o600, 0o644


@dataclasses.dataclass(frozen=True)
class Ports:
    """What a decision reads, and what is changed by it."""

    files: Files
    host: ServiceHost
    yaml: YamlReader
    x509: X509 | None
    clock: Clock


@dataclasses.dataclass(frozen=True)
class File:
    """A file as it is to be.

    Attributes:
        content: ``None`` for one that is not to be there.
    """

    path: str
    content: bytes | None
    owner: Owner


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be done.

    Attributes:
        changes: each thing that changes.
        problems: reasons to stop; then the rest says nothing.
        layout: the paths.
        issues: whether a certificate is issued.
        sans: what for.
        files: texts of systemd to write.
        ca: the CA of clients, in PEM.
        server_ca: the CA of the API server, in PEM.
        signing_ca: the certificate of the CA's key, in PEM; empty where this host does not have it.
        has_ca_key: whether the CA's key is on this host.
        metrics: URL of the component's own server.
        restarts: whether it is started anew.
        enables: whether it is enabled.
        owner: whose the credentials are.
    """

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    layout: Layout | None = None
    issues: bool = False
    sans: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    ca: bytes = b""
    server_ca: bytes = b""
    signing_ca: bytes = b""
    has_ca_key: bool = False
    metrics: str = ""
    restarts: bool = False
    enables: bool = False
    owner: Owner = dataclasses.field(default_factory=lambda: Owner(0, 0, SECRET))


def decide(
    profile: Profile, desired: DesiredService, faults: t.Sequence[Problem], found: FoundService, ports: Ports
) -> Plan:
    """What changes on a host, or why nothing may.

    Args:
        profile: of the component.
        desired: the inputs.
        faults: what is wrong with them.
        found: the host.
        ports: reads files of the host.
    """
    try:
        settings = configuration.read(profile, found, ports.files)
        if settings is not None:
            # Whatever the flag says.
            found = dataclasses.replace(found, flags={**found.flags, "kubeconfig": settings.kubeconfig})
        present = _kubeconfig(found.flags.get("kubeconfig", ""), ports)
    except InvalidInput as error:
        return Plan(problems=(*faults, Problem(found.host, error.message)))
    where = layout.resolve(profile, desired, found, ports.files, present)
    problems = [*faults, *_problems(profile, desired, found, where)]
    if problems:
        return Plan(problems=tuple(problems))
    return _Builder(profile, desired, found, where, ports, present, settings).plan()


class _Builder:
    """One plan."""

    def __init__(
        self,
        profile: Profile,
        desired: DesiredService,
        found: FoundService,
        where: Layout,
        ports: Ports,
        present: Kubeconfig | None,
        settings: Configuration | None,
    ) -> None:
        self._settings = settings
        self._profile, self._desired, self._found, self._where, self._ports = profile, desired, found, where, ports
        self._ca = ports.files.read(where.ca_certificate) or b""
        of_present = None if present is None else present.ca_pem(ports.files)
        self._server_ca = (ports.files.read(where.server_ca) if where.server_ca else of_present) or self._ca
        self._secret = Owner(found.uid or 0, found.gid, SECRET)
        self._public = Owner(0, 0, PUBLIC)

    def plan(self) -> Plan:
        """All of it."""
        files, where, desired = self._ports.files, self._where, self._desired
        sans = tuple(sorted({*self._found.sans, *desired.extra_sans, *self._of_bind_address()}))
        pem, key = files.read(where.certificate), files.read(where.private_key)
        fault = certificate.fault(
            self._profile,
            pem=pem,
            key=key,
            key_owner=self._owner(where.private_key),
            ca=self._ca,
            sans=sans,
            renew_days=desired.renew_days,
            x509=self._ports.x509,
            now=self._ports.clock.now(),
        )
        x509 = self._ports.x509
        of_ca = certificate.problems_of_ca(
            self._profile, desired, where, self._found.host, files, x509, issues=fault is not None
        )
        foreign = (certificate.foreign(self._profile, where.certificate, pem, x509), self._foreign_kubeconfig())
        problems = [*of_ca, *(problem for problem in foreign if problem is not None)]
        try:
            texts_of_systemd, changes, flags = self._service()
        except UnsupportedState as error:
            problems.append(Problem(self._found.host, error.message))
            return Plan(problems=tuple(problems))
        if problems:
            return Plan(problems=tuple(problems))
        credentials = [*self._certificate(fault, sans), *self._kubeconfig(fault is not None, pem, key)]
        of_service = tuple(self._of_service(bool(credentials or changes)))
        return Plan(
            changes=(*credentials, *changes, *of_service),
            layout=where,
            issues=fault is not None,
            sans=tuple(f"{'IP' if san.kind == 'ip' else 'DNS'}:{san}" for san in sans),
            files=texts_of_systemd,
            ca=self._ca,
            server_ca=self._server_ca,
            signing_ca=files.read(where.signing_certificate) or b"",
            has_ca_key=bool(where.ca_key) and files.exists(where.ca_key),
            metrics=layout.local_url(flags.get("bind-address", ""), desired.secure_port),
            restarts=any(change.object.startswith("service ") for change in of_service),
            enables=not self._found.is_enabled,
            owner=self._secret,
        )

    def _certificate(self, fault: certificate.Fault | None, sans: t.Sequence[t.Any]) -> t.Iterator[Change]:
        if fault is not None:
            after = {"subject": f"CN={self._profile.user}", "sans": shown(sans), "days": self._desired.valid_days}
            yield Change(f"certificate {self._where.certificate}", fault.before, after, fault.reason)
            return
        for path, owner in ((self._where.certificate, None), (self._where.private_key, self._secret)):
            yield from self._ownership(path, owner)

    def _kubeconfig(self, issues: bool, pem: bytes | None, key: bytes | None) -> t.Iterator[Change]:
        """Its credentials are not shown."""
        path, server = self._where.kubeconfig, self._where.server
        present = self._ports.files.read(path)
        wanted = texts.kubeconfig(self._profile, server, ca=self._server_ca, certificate=pem or b"", key=key or b"")
        if not issues and present == wanted:
            yield from self._ownership(path, self._secret)
            return
        before = None if present is None else {"user": self._user_of(path), "server": self._server_of(path)}
        after = {"user": self._profile.user, "server": server}
        yield Change(f"kubeconfig {path}", before, after, "the component is to have an identity of its own")

    def _foreign_kubeconfig(self) -> Problem | None:
        """Somebody else's, such as an administrator's, which is not overwritten."""
        path = self._desired.kubeconfig
        user = self._user_of(path) if path else ""
        if user in ("", self._profile.user):
            return None
        name = f"{self._profile.role}_kubeconfig"
        return Problem(name, f"{path} of {self._found.host} is the kubeconfig of {user}: name another path in {name}.")

    def _user_of(self, path: str) -> str:
        kubeconfig = self._parsed(path)
        user = None if kubeconfig is None else kubeconfig.current_user
        return "" if user is None else user.name

    def _server_of(self, path: str) -> str:
        kubeconfig = self._parsed(path)
        return "" if kubeconfig is None else kubeconfig.server or ""

    def _parsed(self, path: str) -> Kubeconfig | None:
        try:
            return _kubeconfig(path, self._ports)
        except InvalidInput:
            return None

    def _ownership(self, path: str, wanted: Owner | None) -> t.Iterator[Change]:
        owner = self._owner(path)
        if wanted is not None and owner is not None and owner != wanted:
            yield Change(
                f"owner and mode of {path}",
                owner.shown,
                wanted.shown,
                "nobody else may read it, and the component must",
            )

    def _service(self) -> tuple[tuple[File, ...], list[Change], t.Mapping[str, str]]:
        """Texts of systemd that change, the changes, and the flags afterwards."""
        flags = arguments.computed(self._profile, self._desired, self._found, self._where)
        unit = self._desired.unit
        if self._found.sources is None:
            path = f"{layout.UNITS}/{unit}"
            sources = texts.unit(self._profile, unit, path, self._found.program, flags)
            files: list[File] = [File(path, encoded(sources.unit.fragment), self._public)]
            changes = [Change(f"unit {unit}", None, path, "this host has no service of the component")]
        else:
            edit = component_arguments.decide(
                self._found.sources,
                flags,
                component=self._profile.component,
                program=self._program(),
                others=self._found.others,
            )
            sources, changes = edit.sources, list(edit.changes)
            files = [self._text(sources, path) for path in edit.paths]
        after = arguments.last_of(invocation.parse(sources).flags)
        for found, change in (self._configuration(), self._drop_in(after)):
            files += found
            changes += change
        return tuple(files), changes, after

    def _configuration(self) -> tuple[list[File], list[Change]]:
        """The file of settings, where the component has one."""
        settings, path = self._settings, self._where.kubeconfig
        if settings is None or settings.kubeconfig == path:
            return [], []
        text = settings.naming(path).encode()
        change = Change(
            f"{'.'.join(configuration.FIELD)} in {settings.path}",
            settings.kubeconfig,
            path,
            "the component is to have an identity of its own",
        )
        return [File(settings.path, text, self._owner(settings.path) or self._public)], [change]

    def _program(self) -> str | None:
        return self._desired.program or None

    def _text(self, sources: Sources, path: str) -> File:
        return File(path, encoded(sources.text(path)), self._owner(path) or self._public)

    def _drop_in(self, flags: t.Mapping[str, str]) -> tuple[list[File], list[Change]]:
        path = self._where.drop_in
        before = self._ports.files.read(path)
        after = None
        if self._desired.harden:
            after = texts.hardening(
                self._profile,
                flags,
                program=self._found.program,
                own=(self._where.kubeconfig, self._where.private_key, self._where.certificate),
                writable=self._desired.writable_paths,
                is_root=not self._found.uid,
                owners=self._owner,
            ).encode()
        if before == after:
            return [], []
        reason = "the service needs no more than that" if after else "it is not to be hardened"
        shown_before, shown_after = (
            None if text is None else text.decode("utf-8", "replace").splitlines() for text in (before, after)
        )
        return [File(path, after, self._public)], [Change(f"drop-in {path}", shown_before, shown_after, reason)]

    def _of_service(self, is_changed: bool) -> t.Iterator[Change]:
        unit, found, where = self._desired.unit, self._found, self._where
        if not found.is_enabled:
            yield Change(f"boot of {unit}", "off", "on", "it is to start with the host")
        if is_changed:
            yield Change(
                f"service {unit}",
                *(("active", "restarted") if found.is_active else ("inactive", "started")),
                "it reads its files when it starts",
            )
        elif not found.is_active:
            yield Change(f"service {unit}", "inactive", "started", "it does not run")
        elif not self._ports.host.has_loaded(unit, self._loaded()):
            yield Change(
                f"service {unit}",
                "started before its files were written",
                "restarted",
                f"{where.kubeconfig} and others are newer",
            )

    def _loaded(self) -> tuple[str, ...]:
        sources = self._found.sources
        of_systemd = () if sources is None else (*(text.path for text in sources.unit.texts), *sources.environment)
        where = self._where
        return (
            *of_systemd,
            *([] if self._settings is None else [self._settings.path]),
            where.drop_in,
            where.certificate,
            where.private_key,
            where.kubeconfig,
            where.ca_certificate,
        )

    def _owner(self, path: str) -> Owner | None:
        found = self._ports.host.owner(path)
        return None if found is None else Owner(*found)

    def _of_bind_address(self) -> t.Iterator[San]:
        address = self._desired.bind_address or self._found.flags.get("bind-address", "")
        if address not in layout.ALL_ADDRESSES:
            yield San.parse(address)


def _problems(profile: Profile, desired: DesiredService, found: FoundService, where: Layout) -> t.Iterator[Problem]:
    role = profile.role
    if not found.program:
        yield Problem(
            f"{role}_program",
            f"{found.host} has neither a service {desired.unit} nor a program {profile.component}: install the program, or name it in "
            f"{role}_program, or the service in {role}_unit.",
        )
        return
    yield from arguments.problems(profile, desired, found)
    if found.uid is None:
        yield Problem(
            found.host,
            f"{desired.unit} of {found.host} runs as {found.user}, whom the host does not know: make the user, or correct User=.",
        )
    if not where.server:
        yield Problem(
            f"{role}_server",
            f"Nothing on {found.host} says where {profile.component} finds the API server: give its URL in {role}_server.",
        )


def _kubeconfig(path: str, ports: Ports) -> Kubeconfig | None:
    """A kubeconfig of the host; ``None`` where it does not exist."""
    content = ports.files.read(path) if path else None
    if content is None:
        return None
    try:
        parsed = Kubeconfig.parse(ports.yaml.load(content.decode("utf-8", "replace")))
    except InvalidInput as error:
        raise InvalidInput(f"{path} cannot be read: {error.message}") from error
    if parsed.fault is not None:
        raise InvalidInput(f"{path} cannot be used: {parsed.fault}.")
    return parsed


__all__ = ("File", "Plan", "Ports", "decide")
