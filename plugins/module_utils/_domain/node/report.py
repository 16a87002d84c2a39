# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``node_info`` reports of a host that is or shall become a node: the one place that knows how it is written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.report_fields import absent, as_dict, read
from ..host.firewall import Firewall
from ..host.report import OperatingSystem, Service
from .origins import Answer


@dataclasses.dataclass(frozen=True)
class Identity:
    """What must distinguish a host from every other one.

    Attributes:
        hostname: its own name.
        machine_id: of ``/etc/machine-id``.
        product_uuid: of its firmware; empty where it has none, and in a container, which has its machine's.
        mac_addresses: of its interfaces that have hardware.
        boot_id: of the running boot; containers share their machine's.
        network_namespace: in which the host is.
        clock: the host's clock, in seconds since the epoch.
        architecture: as ``uname -m`` names it.
        seen_at: the controller's clock at that time, which the module's action adds; ``None`` before.
    """

    hostname: str
    machine_id: str
    product_uuid: str
    mac_addresses: tuple[str, ...]
    boot_id: str
    network_namespace: str
    clock: float
    architecture: str
    seen_at: float | None = dataclasses.field(metadata=absent(None, is_written=False))

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> Identity:
        """From what :meth:`NodeReport.as_dict` has as ``identity``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The identity of {host}")


@dataclasses.dataclass(frozen=True)
class Swap:
    """Where the host swaps, and what would make it swap after its next start.

    Attributes:
        active: devices and files in use.
        fstab: whether ``/etc/fstab`` has swap.
        units: what else makes swap: units of systemd, zram's generator, services.
    """

    active: tuple[str, ...]
    fstab: bool
    units: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Module:
    """A module of the kernel.

    Attributes:
        is_there: whether it is loaded, or the kernel has it built in.
        is_built_in: whether nothing has to load it, ever.
        at_boot: whether a file of ``modules-load.d`` names it.
    """

    is_there: bool
    is_built_in: bool
    at_boot: bool


@dataclasses.dataclass(frozen=True)
class Sysctl:
    """A setting of the kernel.

    Attributes:
        now: its value, empty where the kernel does not have it.
        at_boot: what the files say, empty where none does.
        path: the file that says so.
    """

    now: str
    at_boot: str
    path: str


@dataclasses.dataclass(frozen=True)
class FoundFile:
    """A file of :mod:`node_files`: digest, and whether it bears the role's mark."""

    sha256: str
    is_ours: bool


@dataclasses.dataclass(frozen=True)
class Program:
    """A program and the version that it reports, such as ``v1.34.4``; empty where it reports none."""

    path: str
    version: str


@dataclasses.dataclass(frozen=True)
class Containerd:
    """containerd as it is configured and runs.

    Attributes:
        is_installed: whether the host has it.
        owner: whose its configuration is, see :mod:`base.configuration_owner`.
        sha256: of the configuration, empty without one.
        is_loaded: whether it was started after its configuration was written.
        effective: ``cri``, ``cgroup`` (``SystemdCgroup`` as a text), ``bin_dir``, ``config_path`` and ``sandbox`` as containerd
            itself prints them; a key is missing where it does not print it.
    """

    is_installed: bool
    owner: str
    sha256: str
    is_loaded: bool
    effective: t.Mapping[str, str]


@dataclasses.dataclass(frozen=True)
class Time:
    """Whether the clock is kept right.

    Attributes:
        is_synchronised: what the kernel says (``adjtimex``).
        services: units that keep it and are active.
        has_timesyncd: whether the host has systemd-timesyncd.
    """

    is_synchronised: bool
    services: tuple[str, ...]
    has_timesyncd: bool


@dataclasses.dataclass(frozen=True)
class Hardware:
    """What the host has.

    Attributes:
        cpus: how many.
        memory: bytes.
        has_old_cgroups: whether its control groups are version 1, or a mixture of both.
    """

    cpus: int
    memory: int
    has_old_cgroups: bool = dataclasses.field(default=False, metadata=absent(False))


@dataclasses.dataclass(frozen=True)
class NodeReport:
    """One host as it was inspected.

    Attributes:
        identity: what distinguishes it.
        os: of os-release.
        package_manager: ``apt``, ``dnf``, ``zypper`` or empty.
        is_container: whether the host itself is a container.
        is_node: whether kubeadm has made it a node: it has a kubelet's kubeconfig.
        runs_kubelet: whether its kubelet runs with a configuration.
        other_runtimes: sockets of container runtimes besides containerd's.
        swap: see there.
        modules: by their names.
        sysctls: by their names.
        files: those that there are, by their paths.
        containerd: see there.
        programs: those that there are, by their names.
        has_cni: whether the plugin ``loopback`` is in ``/opt/cni/bin``.
        held: packages that the package manager keeps at their versions.
        offered: versions of kubeadm that its repositories have, the newest first.
        services: by their names.
        time: see there.
        firewall: the active one.
        hardware: see there.
        origins: what repositories and mirrors answered it, by the URL that was asked.
    """

    identity: Identity
    os: OperatingSystem
    package_manager: str
    is_container: bool
    is_node: bool
    runs_kubelet: bool
    other_runtimes: tuple[str, ...]
    swap: Swap
    modules: t.Mapping[str, Module]
    sysctls: t.Mapping[str, Sysctl]
    files: t.Mapping[str, FoundFile]
    containerd: Containerd
    programs: t.Mapping[str, Program]
    has_cni: bool
    held: tuple[str, ...]
    offered: tuple[str, ...]
    services: t.Mapping[str, Service]
    time: Time
    firewall: Firewall
    hardware: Hardware
    origins: t.Mapping[str, Answer] = dataclasses.field(metadata=absent({}))

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> NodeReport:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``node``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The report of the node {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


__all__ = (
    "Containerd",
    "FoundFile",
    "Hardware",
    "Identity",
    "Module",
    "NodeReport",
    "Program",
    "Swap",
    "Sysctl",
    "Time",
)
