# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``node_decision`` reports of one host: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Note, Problem
from ..base.report_fields import as_dict, read
from ..host.firewall import FirewallNeeds


@dataclasses.dataclass(frozen=True)
class File:
    """A file to write.

    Attributes:
        path: where.
        directory: the same without its last part.
        content: its text.
        backup: whether somebody else's file is kept beside it.
    """

    path: str
    directory: str
    content: str
    backup: bool


@dataclasses.dataclass(frozen=True)
class SwapNeeds:
    """Whether swap is switched off, and whether it leaves ``/etc/fstab``."""

    off: bool = False
    fstab: bool = False


@dataclasses.dataclass(frozen=True)
class KernelNeeds:
    """Modules to load, settings to set now (names and values), and the files for every later start."""

    modules: tuple[str, ...] = ()
    sysctls: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    files: tuple[File, ...] = ()


@dataclasses.dataclass(frozen=True)
class ContainerdNeeds:
    """containerd's package, empty when it is there, its files, those of registries, and whether it is started anew."""

    package: str = ""
    files: tuple[File, ...] = ()
    registries: tuple[File, ...] = ()
    restart: bool = False


@dataclasses.dataclass(frozen=True)
class KubernetesNeeds:
    """kubeadm, kubelet and kubectl.

    Attributes:
        packages: with versions, as the package manager takes them.
        binaries: programs to take from :attr:`source`.
        source: directory on the controller or URL of these.
        is_remote: whether it is a URL.
        cni: whether the CNI plugins come from there, too.
        key_path: file of the repository's key, empty when it is there.
        key_url: where the host downloads it, empty where :attr:`files` has it.
        files: the repository's, its key, and of binaries the kubelet's unit.
        hold: packages to hold at their version.
    """

    packages: tuple[str, ...] = ()
    binaries: tuple[str, ...] = ()
    source: str = ""
    is_remote: bool = False
    cni: bool = False
    key_path: str = ""
    key_url: str = ""
    files: tuple[File, ...] = ()
    hold: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TimeNeeds:
    """The package that keeps the clock right, empty when it is there, and its service, empty when nothing is to be done."""

    package: str = ""
    service: str = ""


@dataclasses.dataclass(frozen=True)
class NodeDecision:
    """What the role would change on a host.

    Attributes:
        version: Kubernetes' version without ``v``, empty where it is not known.
        package_manager: of the host.
        packages: everything to install, as the package manager takes it.
        swap: see there.
        kernel: see there.
        containerd: see there.
        kubernetes: see there.
        crictl: its configuration.
        services: to enable; containerd is started, too.
        time: see there.
        firewall: what is to be opened.
        changes: the entries of the plan.
        problems: reasons to stop.
        notes: what the operator should know.
    """

    version: str
    package_manager: str
    packages: tuple[str, ...]
    swap: SwapNeeds
    kernel: KernelNeeds
    containerd: ContainerdNeeds
    kubernetes: KubernetesNeeds
    crictl: tuple[File, ...]
    services: tuple[str, ...]
    time: TimeNeeds
    firewall: FirewallNeeds
    changes: tuple[Change, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Note, ...]

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> NodeDecision:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``decision``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The decision for the node {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = (
    "ContainerdNeeds",
    "File",
    "KernelNeeds",
    "KubernetesNeeds",
    "NodeDecision",
    "SwapNeeds",
    "TimeNeeds",
)
