# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host another master of a control plane that runs as services of systemd.

It gets exactly the files that the arguments of the components name on the master that there is, and the same arguments but for those
that say which host it is. Its kubelet gets no identity of another one.
"""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base.address import Endpoint, endpoint_or_none, is_loopback, same_server
from ..base.change import Change
from ..base.enumeration import listed
from ..base.file_fact import ABSENT, DIRECTORY, FileFact
from ..base.problem import Problem
from ..component.static_pod import ETCD, is_below
from ..host.carried_files import has_same_access
from . import named_paths, needs
from .host_bound import Master, arguments_on, fields_on

if t.TYPE_CHECKING:
    from ..kubeconfig.document import Kubeconfig
    from .needs import Needed
    from .report import ServiceReport, ServicesReport

_REASON = "the arguments of the components name it, and this host shall be a master like {}"
_SHORT = 12
_FILES = (needs.SHARED, needs.TEXT, needs.IDENTITY)
#: Their roles see to these flags on every master.
_CONTROLLERS = ("kube-controller-manager", "kube-scheduler")
_OF_IDENTITY = frozenset({
    *("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig", "client-ca-file", "tls-cert-file", "tls-private-key-file"),
    *("leader-elect", "leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-retry-period"),
    *("use-service-account-credentials", "bind-address", "secure-port", "port", "master", "address"),
})  # fmt: skip
_READ_BY_OTHERS, _ENTERED_BY_OTHERS = 0o004, 0o001
RUNNING = "enabled, running"


@dataclasses.dataclass(frozen=True)
class Program:
    """A program that the host gets.

    Attributes:
        path: where it is, there and here.
        mode: permission bits as four octal digits.
        is_public: whether everybody may read it there, so that it is fetched without root's rights, which is faster.
    """

    path: str
    mode: str
    is_public: bool = False


@dataclasses.dataclass(frozen=True)
class Setting:
    """Arguments of a component that are set.

    Attributes:
        component: the component.
        unit: its service.
        flags: what they are to have, ``None`` for one that goes away.
        is_new: whether the unit only comes by this very change.
    """

    component: str
    unit: str
    flags: t.Mapping[str, t.Sequence[str] | None]
    is_new: bool = False


@dataclasses.dataclass(frozen=True)
class Field:
    """A field of a configuration file that is set; it stands on a line of its own. It ``is_new`` where the file only comes."""

    path: str
    name: str
    value: str
    is_new: bool = False


@dataclasses.dataclass(frozen=True)
class Server:
    """A kubeconfig and the server that it is to name. It ``is_new`` where the file only comes."""

    path: str
    server: str
    is_new: bool = False


@dataclasses.dataclass(frozen=True)
class Service:
    """A service that is enabled and runs.

    Attributes:
        component: what it starts.
        unit: the service.
        restarts: whether it runs already and what it reads at its start changes.
        is_new: whether the unit only comes.
        kubeconfig: a kubelet's, whose Lease shows that it works; empty for others.
    """

    component: str
    unit: str
    restarts: bool = False
    is_new: bool = False
    kubeconfig: str = ""


@dataclasses.dataclass(frozen=True)
class Kept:
    """What is written down before it is changed, so that it can be put back.

    Attributes:
        paths: files.
        directories: directories that may have to be made.
        units: services.
    """

    paths: tuple[str, ...] = ()
    directories: tuple[str, ...] = ()
    units: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Extension:
    """What changes on a host that shall be a master.

    Attributes:
        changes: all of it, in its order.
        problems: why that cannot be.
        files: facts of files to bring and directories to make.
        programs: programs to bring.
        settings: arguments to set.
        fields: fields to set.
        servers: kubeconfigs to point.
        services: what is to run, in the order in which it is started.
        kept: what is written down before.
    """

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()
    files: tuple[FileFact, ...] = ()
    programs: tuple[Program, ...] = ()
    settings: tuple[Setting, ...] = ()
    fields: tuple[Field, ...] = ()
    servers: tuple[Server, ...] = ()
    services: tuple[Service, ...] = ()
    kept: Kept = Kept()


def decide(
    source: Master,
    target: Master,
    found: t.Mapping[str, FileFact],
    kubeconfigs: t.Mapping[str, Kubeconfig | None],
    endpoint: Endpoint,
) -> Extension:
    """What changes on a host that shall be a master like the one that there is.

    Args:
        source: the master that there is.
        target: the host.
        found: what the host has at the paths of what it needs.
        kubeconfigs: kubeconfigs of the master that there is, by path, those of the host before them.
        endpoint: the control plane endpoint.
    """
    return _Decision(source, target, found, kubeconfigs, endpoint).decide()


class _Decision:
    """One run of :func:`decide`."""

    def __init__(
        self,
        source: Master,
        target: Master,
        found: t.Mapping[str, FileFact],
        kubeconfigs: t.Mapping[str, Kubeconfig | None],
        endpoint: Endpoint,
    ) -> None:
        self._source = source
        self._target = target
        self._found = found
        self._kubeconfigs = kubeconfigs
        self._endpoint = endpoint
        self._changes: list[Change] = []
        self._problems: list[Problem] = []
        #: What the source runs and the host is to run.
        self._components = needs.components(source.report)
        #: Paths that change, so that the services that read them are restarted.
        self._changed: set[str] = set()

    def decide(self) -> Extension:
        files = tuple(self._files())
        programs = tuple(self._programs())
        settings: list[Setting] = []
        fields: list[Field] = []
        servers: list[Server] = []
        services: list[Service] = []
        self._check_kubelet()
        self._check_etcd()
        for component, service in self._components.items():
            settings += self._settings(component, service)
            fields += self._fields(service)
        for path in self._kubeconfig_paths():
            servers += self._servers(path)
        for component, service in self._components.items():
            services += self._services(component, service)
        return Extension(
            changes=tuple(self._changes),
            problems=tuple(self._problems),
            files=files,
            programs=programs,
            settings=tuple(settings),
            fields=tuple(fields),
            servers=tuple(servers),
            services=tuple(services),
            kept=self._kept(files, programs, settings, fields, servers, services),
        )

    def _kept(
        self,
        files: t.Sequence[FileFact],
        programs: t.Sequence[Program],
        settings: t.Sequence[Setting],
        fields: t.Sequence[Field],
        servers: t.Sequence[Server],
        services: t.Sequence[Service],
    ) -> Kept:
        here = self._target.report.services
        paths = [fact.path for fact in files if fact.kind != DIRECTORY]
        paths += [program.path for program in programs]
        paths += [field.path for field in fields]
        paths += [server.path for server in servers]
        paths += [path for item in settings if item.component in here for path in here[item.component].files]
        directories = [fact.path for fact in files if fact.kind == DIRECTORY]
        directories += [posixpath.dirname(item.path) for item in programs]
        return Kept(
            tuple(dict.fromkeys(paths)), tuple(dict.fromkeys(directories)), tuple(item.unit for item in services)
        )

    def _files(self) -> t.Iterator[FileFact]:
        for needed in needs.find(self._source.report):
            if needed.kind != needs.PROGRAM and self._differs(needed):
                yield needed.fact

    def _differs(self, needed: Needed) -> bool:
        """Whether a file or directory is brought, or gets another owner or mode."""
        fact = needed.fact
        now = self._found.get(fact.path)
        if needed.kind == needs.IDENTITY and not self._is_named(fact.path):
            return False
        if now is None or now.kind == ABSENT:
            if needed.kind == needs.SYSTEM:
                self._refuse(
                    f"has no {fact.path}, which {self._source.name} has and its components read: make it there."
                )
                return False
            self._change(fact, None, fact.shown)
            return True
        if now.kind != fact.kind:
            self._refuse(f"has a {now.kind} at {fact.path}, where {self._source.name} has a {fact.kind}: move it away.")
            return False
        if needed.kind == needs.SHARED and now.sha256 != fact.sha256:
            self._refuse(
                f"has another {fact.path} than {self._source.name} (sha256 {_short(now)}, there {_short(fact)}), but all masters of a "
                "cluster have it alike: move it away if it is not needed, or make both equal."
            )
            return False
        # Only a file with the same content can be brought again, which gives it its owner and mode.
        if needed.kind in _FILES and now.sha256 == fact.sha256 and not has_same_access(fact, now):
            self._change(fact, _access(now), _access(fact))
            return True
        return False

    def _is_named(self, path: str) -> bool:
        """Whether a component names an identity that the host does not run yet, or that names it there, too.

        Instances of a controller may have become themselves on one master before the other.
        """
        for component, service in self._components.items():
            if path not in _named(self._source.report, service):
                continue
            here = self._target.report.services.get(component)
            if here is None or path in _named(self._target.report, here):
                return True
        return False

    def _programs(self) -> t.Iterator[Program]:
        programs = {service.program: service for service in self._components.values()}
        facts = {fact.path: fact for fact in self._source.report.facts}
        builds = {service.program: service.build for service in self._target.report.services.values()}
        for path, service in programs.items():
            fact, now = facts.get(path), self._found.get(path)
            if fact is None:
                continue
            is_there = now is not None and now.kind == fact.kind
            if now is None or now.size != fact.size or not is_there or builds.get(path, service.build) != service.build:
                before = None if not is_there else f"build {builds.get(path) or 'unknown'}"
                reason = _REASON.format(self._source.name)
                self._changes.append(Change(f"program {path}", before, f"build {service.build}", reason))
                self._changed.add(path)
                yield Program(path, fact.mode, is_public=_is_public(path, facts))

    def _settings(self, component: str, service: ServiceReport) -> t.Iterator[Setting]:
        wanted, unknown = arguments_on(service.arguments, self._source, self._target)
        for flag in unknown:
            self._problems.append(
                Problem(
                    self._source.name,
                    f"--{flag} of {service.unit} on {self._source.name} has {self._source.name}'s own address "
                    f"({', '.join(service.arguments[flag])}), and it is not known whether other masters need it so: name a host or an "
                    "address there that all masters can use, or take the flag away.",
                )
            )
        here = self._target.report.services.get(component)
        if here is not None and here.fault:
            self._refuse(f"has {here.unit}, but {here.fault[:1].lower()}{here.fault[1:]}")
            return
        current = here.arguments if here is not None else service.arguments
        values: dict[str, t.Sequence[str] | None] = {}
        for flag in dict.fromkeys((*wanted, *current)):
            new, old = tuple(wanted.get(flag, ())), tuple(current.get(flag, ()))
            if new == old or (here is not None and component in _CONTROLLERS and flag in _OF_IDENTITY):
                continue
            values[flag] = list(new) or None
            if here is not None:
                self._changes.append(
                    Change(f"flag --{flag} of {here.unit}", list(old), list(new), f"{self._source.name} has it so")
                )
                self._changed.update(here.files)
        if values:
            yield Setting(component, service.unit, values, is_new=here is None)

    def _fields(self, service: ServiceReport) -> t.Iterator[Field]:
        for path in service.arguments.get("config", ()):
            theirs = self._source.report.configurations.get(path, {})
            own = self._target.report.configurations.get(path)
            for field, value in fields_on(theirs, self._source, self._target).items():
                if own is None or own.get(field) != value:
                    if own is not None:
                        self._changes.append(
                            Change(f"{field} in {path}", own.get(field), value, "it says which host it is")
                        )
                        self._changed.add(path)
                    yield Field(path, field, value, is_new=own is None)

    def _check_kubelet(self) -> None:
        """A kubelet makes its own certificate by TLS bootstrap, or somebody has given it one."""
        service = self._components.get(named_paths.KUBELET)
        if service is None or service.arguments.get("bootstrap-kubeconfig"):
            return
        fields = needs.fields_of(self._source.report, service)
        own = named_paths.own_of_host(named_paths.KUBELET, service.arguments, fields)
        there = {fact.path for fact in self._target.report.facts if fact.kind != ABSENT}
        lacking = sorted(own - there)
        if lacking:
            self._refuse(
                f"shall run a kubelet as {self._source.name} does, which has no --bootstrap-kubeconfig to get a certificate of its own, and "
                f"lacks {listed(lacking)}: put files of its own there (user system:node:{self._target.node_name}, group system:nodes), never "
                f"{self._source.name}'s."
            )

    def _check_etcd(self) -> None:
        """A member of etcd is never brought, so nothing that is may need one to start."""
        member = self._source.report.services.get(ETCD)
        here = self._target.report.services
        if member is None or member.unit in {service.unit for service in here.values()}:
            return
        needing = [
            service.unit
            for component, service in self._components.items()
            if member.unit in here.get(component, service).requires
        ]
        if needing:
            self._refuse(
                f"has no {member.unit}, which is not brought, but {listed(needing)} of {self._source.name} requires it (Requires=, Requisite= or "
                "BindsTo=), so systemd would not start it here: write Wants= instead there, beside After=, and run systemctl daemon-reload."
            )

    def _kubeconfig_paths(self) -> t.Iterator[str]:
        """Kubeconfigs of components, but for the one that a kubelet makes itself."""
        seen: set[str] = set()
        for component, service in self._components.items():
            fields = needs.fields_of(self._source.report, service)
            own = named_paths.own_of_host(component, service.arguments, fields)
            for path in needs.kubeconfigs_of(self._source.report, service):
                if path not in own and path not in seen:
                    seen.add(path)
                    yield path

    def _servers(self, path: str) -> t.Iterator[Server]:
        kubeconfig = self._kubeconfigs.get(path)
        server = kubeconfig.server if kubeconfig is not None else None
        if server is None or is_local(server) or same_server(server, self._endpoint.url):
            return
        is_new = path not in {item.path for item in self._target.report.kubeconfigs}
        if not is_new:
            self._changes.append(
                Change(
                    f"kubeconfig {path}", server, self._endpoint.url, "its clients connect to the server that it names"
                )
            )
            self._changed.add(path)
        yield Server(path, self._endpoint.url, is_new)

    def _services(self, component: str, service: ServiceReport) -> t.Iterator[Service]:
        here = self._target.report.services.get(component)
        is_running = here is not None and (here.active, here.enabled) == ("active", service.enabled)
        read = {*service.files, service.program, *(item.path for item in named_paths.of_arguments(service.arguments))}
        restarts = here is not None and here.active == "active" and bool(self._changed & read)
        if is_running and not restarts:
            return
        before = None if here is None else f"{here.enabled}, {here.active}"
        after = RUNNING if not restarts else "restarted"
        self._changes.append(Change(f"service {service.unit}", before, after, "this host is a master"))
        yield Service(
            component,
            service.unit,
            restarts=restarts,
            is_new=here is None,
            kubeconfig=kubeconfig_of(component, service),
        )

    def _change(self, fact: FileFact, before: object, after: object) -> None:
        kind = "directory" if fact.kind == DIRECTORY else "file"
        self._changes.append(Change(f"{kind} {fact.path}", before, after, _REASON.format(self._source.name)))
        self._changed.add(fact.path)

    def _refuse(self, text: str) -> None:
        self._problems.append(Problem(self._target.name, f"{self._target.name} {text}"))


def kubeconfig_of(component: str, service: ServiceReport) -> str:
    """The kubeconfig of a kubelet; empty for another component."""
    return next(iter(service.arguments.get("kubeconfig", ())), "") if component == named_paths.KUBELET else ""


def is_local(server: str) -> bool:
    """Whether a URL leads every host to itself."""
    endpoint = endpoint_or_none(server.partition("://")[2] or server)
    return endpoint is not None and is_loopback(endpoint.host)


def _named(report: ServicesReport, service: ServiceReport) -> frozenset[str]:
    """What a component names, by its arguments and by its configuration."""
    paths = (named.path for named in named_paths.of_arguments(service.arguments))
    return frozenset((*paths, *needs.fields_of(report, service).values()))


def _is_public(path: str, facts: t.Mapping[str, FileFact]) -> bool:
    """Whether everybody may read a file: it and every directory above, as far as they are known."""
    above = [fact for fact in facts.values() if is_below(path, fact.path) and fact.path != path]
    readable = int(facts[path].mode, 8) & _READ_BY_OTHERS
    return bool(readable) and all(int(fact.mode, 8) & _ENTERED_BY_OTHERS for fact in above)


def _access(fact: FileFact) -> dict[str, str]:
    return {"owner": fact.owner, "group": fact.group, "mode": fact.mode}


def _short(fact: FileFact) -> str:
    return (fact.sha256 or "")[:_SHORT]


__all__ = (
    "RUNNING",
    "Extension",
    "Field",
    "Kept",
    "Program",
    "Server",
    "Service",
    "Setting",
    "decide",
    "is_local",
    "kubeconfig_of",
)
