# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects the components that systemd runs on a host, and everything that they name, by the standard library alone.

No private key and no credential of a kubeconfig leaves the host.
"""

from __future__ import annotations

import glob
import hashlib
import os
import re
import typing as t

from ..._domain.base import plain_yaml
from ..._domain.base.errors import InvalidInput, KubeadmHaError
from ..._domain.base.file_fact import ABSENT, CARRIED, FILE, MADE, PARENT, FileFact
from ..._domain.binary import named_paths
from ..._domain.binary.report import ServiceReport, ServicesReport
from ..._domain.component import etcd_settings, invocation, required_units
from ..._domain.component.invocation import SERVICES, shown
from ..._domain.component.static_pod import ETCD
from ..._domain.component.systemd_text import decoded
from ..._domain.host.report import CertificateFile, KubeconfigFile
from ..._domain.kubeconfig import redaction
from ..._domain.kubeconfig.plain_kubeconfig import is_plain
from ..host.component_units import unit_of_process
from .reading import read
from .units import of_each, services

if t.TYPE_CHECKING:
    from ..._domain.host.report import Service
    from ..._ports.commands import Commands
    from ..._ports.file_tree import FileTree
    from ..._ports.processes import Processes
    from .service_files import ServiceFiles

#: What is larger is no configuration.
_LARGEST = 1 << 20
_BEGINNING, _SHOWN = 1 << 16, 16
_IS_KUBECONFIG = re.compile(r"^ *(?:\"kind\": *\"Config\"|kind: *[\"']?Config[\"']?\s*$)", re.MULTILINE)
#: Flags that name configuration files of which single fields matter.
_CONFIGURATION = "config"


class ServicesInspection:
    """Reads one host."""

    def __init__(
        self,
        commands: Commands,
        service_files: ServiceFiles,
        processes: Processes,
        tree: FileTree,
        *,
        proc: str = "/proc",
    ) -> None:
        """``proc``: where the kernel's view of the processes is."""
        self._commands = commands
        self._service_files = service_files
        self._processes = processes
        self._tree = tree
        self._proc = proc

    def collect(self) -> ServicesReport:
        """Everything; a host without such components has none."""
        units = self._units()
        names = {component: unit.rpartition(".")[0] for component, unit in units.items()}
        states = services(self._commands, names.values())
        users = of_each(self._commands, [name for name in names.values() if name in states], "User")
        found = {
            component: self._service(component, unit, states[names[component]], users.get(unit, ""))
            for component, unit in units.items()
            if names[component] in states
        }
        facts: dict[str, FileFact] = {}
        texts: dict[str, str] = {}
        named = {
            component: tuple(sorted(self._add_service(component, report, facts, texts)))
            for component, report in found.items()
        }
        kubeconfigs = self._kubeconfigs(texts)
        for path in [path for path, fact in facts.items() if fact.use in (CARRIED, MADE) and fact.kind != ABSENT]:
            self._add_parents(path, facts)
        return ServicesReport(
            services=found,
            facts=tuple(facts[path] for path in sorted(facts)),
            named=named,
            configurations={
                path: dict(_fields(texts[path]))
                for report in found.values()
                for path in report.arguments.get(_CONFIGURATION, ())
                if path in texts
            },
            certificates=tuple(
                CertificateFile(path, pem)
                for path in sorted(texts)
                for pem in [redaction.public_certificates(texts[path])]
                if pem and path not in {item.path for item in kubeconfigs}
            ),
            kubeconfigs=kubeconfigs,
        )

    def _units(self) -> dict[str, str]:
        """The service of each component: that of its process, else the one with its name."""
        return {component: self._unit_of_process(component) or f"{component}.service" for component in SERVICES}

    def _unit_of_process(self, component: str) -> str | None:
        units = (unit_of_process(process.pid, proc=self._proc) for process in self._processes.find(component))
        return next((unit for unit in units if unit is not None), None)

    def _service(self, component: str, unit: str, state: Service, user: str) -> ServiceReport:
        try:
            sources = self._service_files.sources(unit)
            read_as = invocation.of_component(sources, component)
        except KubeadmHaError as error:
            return ServiceReport(unit, state.active, state.enabled, user, fault=error.message)
        values = etcd_settings.arguments(read_as) if component == ETCD else read_as.flags
        files = [text.path for text in sources.unit.texts]
        files += [file.path for file in read_as.environment_files if file.path in sources.environment]
        return ServiceReport(
            unit=unit,
            active=state.active,
            enabled=state.enabled,
            user=user,
            program=read_as.program,
            build=_build(read_as.program),
            arguments={name: [shown(name, value) for value in each] for name, each in values.items()},
            files=tuple(dict.fromkeys(files)),
            requires=required_units.find(sources.unit),
        )

    def _add_service(
        self, component: str, report: ServiceReport, facts: dict[str, FileFact], texts: dict[str, str]
    ) -> frozenset[str]:
        """The files of a service and everything that its arguments name; files that these name in turn. The paths of all of them.

        What the files name by which a kubelet is that of its host, nobody else needs.
        """
        found = {path: CARRIED for path in (*report.files, report.program) if path.startswith("/")}
        for named in named_paths.of_arguments(report.arguments):
            is_input = named.role == named_paths.INPUT or found.get(named.directory) == CARRIED
            found[named.directory] = CARRIED if is_input else MADE
        for path, use in found.items():
            self._add(path, use, facts, texts)
        todo = [named.path for named in named_paths.of_arguments(report.arguments) if named.path in texts]
        fields = {
            field: value
            for path in report.arguments.get(_CONFIGURATION, ())
            for field, value in _fields(texts.get(path, ""))
        }
        seen = set(named_paths.own_of_host(component, report.arguments, fields))
        while todo:
            path = todo.pop()
            if path in seen:
                continue
            seen.add(path)
            for other in named_paths.in_document(texts[path]):
                found[other] = CARRIED
                self._add(other, CARRIED, facts, texts)
                todo += [other] if other in texts else []
        return frozenset(found)

    def _add(self, path: str, use: str, facts: dict[str, FileFact], texts: dict[str, str]) -> None:
        if path in facts and not (use == CARRIED and facts[path].use == MADE):
            return
        fact = self._tree.inspect(path, use=use, follow=True)
        facts[path] = fact
        if fact.kind == FILE and use == CARRIED and fact.size <= _LARGEST:
            texts[path] = decoded(path, read(path) or b"").text

    def _add_parents(self, path: str, facts: dict[str, FileFact]) -> None:
        parent = os.path.dirname(path)
        while parent not in ("/", "") and parent not in facts:
            facts[parent] = self._tree.inspect(parent, use=PARENT, follow=True)
            parent = os.path.dirname(parent)

    def _kubeconfigs(self, texts: t.Mapping[str, str]) -> tuple[KubeconfigFile, ...]:
        """Those among the files, and others in the same directories."""
        own = [path for path, text in texts.items() if _IS_KUBECONFIG.search(text)]
        beside = [
            path
            for directory in {os.path.dirname(path) for path in own}
            for path in glob.glob(f"{glob.escape(directory)}/*")
        ]
        found = {path: texts[path] for path in own}
        for path in beside:
            if path not in texts and os.path.isfile(path) and os.path.getsize(path) <= _LARGEST:
                text = decoded(path, read(path) or b"").text
                if _IS_KUBECONFIG.search(text):
                    found[path] = text
        return tuple(
            KubeconfigFile(
                path, redaction.public_text(found[path]), f"{os.stat(path).st_mode & 0o7777:04o}", is_plain(found[path])
            )
            for path in sorted(found)
        )


def _build(program: str) -> str:
    """What distinguishes the builds of a program: its beginning, where Go's linker puts the hash of everything that is linked."""
    try:
        with open(program, "rb") as stream:
            return hashlib.sha256(stream.read(_BEGINNING)).hexdigest()[:_SHOWN]
    except OSError:
        return ""


def _fields(text: str) -> t.Iterator[tuple[str, str]]:
    """Texts of a document, by their field."""
    try:
        document = plain_yaml.load(text)
    except InvalidInput:
        return
    todo: list[tuple[str, t.Any]] = [("", document)]
    while todo:
        prefix, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{prefix}.{key}" if prefix else str(key), item) for key, item in value.items()]
        elif isinstance(value, str):
            yield prefix, value


__all__ = ("ServicesInspection",)
