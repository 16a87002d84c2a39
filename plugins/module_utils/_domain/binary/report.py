# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the module ``kubernetes_services_info`` reports of the host on which it runs. Its keys are the fields here."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.file_fact import CARRIED, DIRECTORY, FILE, MAXIMUM_FILE_BYTES, FileFact
from ..base.report_fields import absent, as_dict, read
from ..component.static_pod import ETCD
from ..host.report import CertificateFile, KubeconfigFile

#: The flag by which a component is given a directory for the certificates that it gets itself.
_CERTIFICATES = "cert-dir"


@dataclasses.dataclass(frozen=True)
class ServiceReport:
    """A component that systemd runs.

    Attributes:
        unit: the service.
        active: its ``ActiveState``.
        enabled: its ``UnitFileState``.
        user: as whom it runs, empty for root.
        program: path of its program; empty when that is not certain.
        build: what distinguishes it from other builds; empty when it cannot be read.
        arguments: the values of each flag in their order. Those that are secrets are struck out.
        files: the unit, its drop-ins and its environment files, as far as they exist.
        fault: why its arguments are not certain, a sentence with the remedy; empty when they are.
        requires: the units without which systemd does not start it.
    """

    unit: str
    active: str
    enabled: str
    user: str = dataclasses.field(default="", metadata=absent(""))
    program: str = dataclasses.field(default="", metadata=absent(""))
    build: str = dataclasses.field(default="", metadata=absent(""))
    arguments: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict, metadata=absent({}))
    files: t.Sequence[str] = dataclasses.field(default=(), metadata=absent(()))
    fault: str = dataclasses.field(default="", metadata=absent(""))
    requires: t.Sequence[str] = dataclasses.field(default=(), metadata=absent(()))

    @property
    def flags(self) -> dict[str, str]:
        """The value that counts of each flag: the last."""
        return {flag: values[-1] for flag, values in self.arguments.items() if values}


@dataclasses.dataclass(frozen=True)
class ServicesReport:
    """One host.

    Attributes:
        services: components by name.
        facts: everything that their arguments and configurations name, and their own files, without content.
        named: the paths that each component has and names, directly or in turn.
        configurations: fields of the configuration files of kubelet and kube-proxy whose value is a text, by the file's path and
            then by the field, fields of fields with a dot between.
        certificates: public certificates among the files.
        kubeconfigs: kubeconfigs among the files and beside them, without credentials.
    """

    #: See :func:`read`.
    SCHEMA: t.ClassVar[int] = 1

    services: t.Mapping[str, ServiceReport]
    facts: t.Sequence[FileFact] = ()
    named: t.Mapping[str, t.Sequence[str]] = dataclasses.field(default_factory=dict, metadata=absent({}))
    configurations: t.Mapping[str, t.Mapping[str, str]] = dataclasses.field(default_factory=dict, metadata=absent({}))
    certificates: t.Sequence[CertificateFile] = ()
    kubeconfigs: t.Sequence[KubeconfigFile] = ()

    @property
    def member(self) -> ServiceReport | None:
        """The host's member of etcd that systemd runs, or is to run at boot; ``None`` without one."""
        service = self.services.get(ETCD)
        return service if service is not None and (service.active == "active" or service.enabled == "enabled") else None

    @property
    def backup_paths(self) -> tuple[str, ...]:
        """What a backup of the host has of its components, sorted: all files but programs, and where components keep their own certificates.

        What a kubelet is given when it has bootstrapped is named by no argument but that of its directory.
        """
        own = [path for service in self.services.values() for path in service.arguments.get(_CERTIFICATES, ())]
        directories = [fact.path for fact in self.facts if fact.kind == DIRECTORY and fact.path in own]
        files = [
            fact.path
            for fact in self.facts
            if (fact.kind, fact.use) == (FILE, CARRIED) and fact.size <= MAXIMUM_FILE_BYTES
        ]
        return tuple(sorted({*files, *directories, *(item.path for item in self.kubeconfigs)}))

    @classmethod
    def from_dict(cls, name: str, document: t.Mapping[str, t.Any]) -> ServicesReport:
        """The report of a host.

        Args:
            name: the host's, in the inventory.
            document: the result ``services`` of the module.

        Raises:
            MalformedReport: when a key is missing or holds something else than it should.
        """
        return read(cls, document, where=f"The report of the services of {name}")

    def as_dict(self) -> dict[str, t.Any]:
        """The inverse of :meth:`from_dict`, JSON-compatible."""
        return as_dict(self)


__all__ = ("ServiceReport", "ServicesReport")
