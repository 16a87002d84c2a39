# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the role node_prepare needs to know of a host, by the standard library alone.

Nothing here changes the host.
"""

from __future__ import annotations

import ctypes
import dataclasses
import glob
import hashlib
import os
import platform
import re
import socket
import time
import typing as t

from ..._domain.host.container_sockets import KNOWN_SOCKETS
from ..._domain.host.report import OperatingSystem, Service
from ..._domain.node import host_texts, node, node_files, origins
from ..._domain.node.report import (
    Containerd,
    FoundFile,
    Hardware,
    Identity,
    Module,
    NodeReport,
    Program,
    Swap,
    Time,
)
from ..host import machine_facts, web_origins
from .configuration_owner import owner_of
from .firewall_inspection import collect_firewall
from .loaded_files import has_loaded
from .reading import output, read
from .units import package_manager, services

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

#: Programs besides Kubernetes' own that a node needs; the role's variables say which packages have them.
TOOLS = ("conntrack", "ethtool", "iptables", "socat", "tc", "nsenter", "mount", "ip", "crictl")
_VERSION_COMMANDS = {
    "kubeadm": ("version", "--output=short"),
    "kubectl": ("version", "--client"),
    "kubelet": ("--version",),
}
_TIME_SERVICES = ("chrony", "chronyd", "systemd-timesyncd", "ntpd", "ntp", "ntpsec", "openntpd")
_SWAP_SERVICES = ("zramswap.service", "zram-config.service", "dphys-swapfile.service")
_ZRAM_GENERATOR = "/usr/lib/systemd/system-generators/zram-generator"
#: Those that come first hide files of the same name in the others.
_CONFIGURATION_DIRECTORIES = ("/etc", "/run", "/usr/local/lib", "/usr/lib", "/lib")
#: ``STA_UNSYNC`` of ``adjtimex`` (linux/timex.h).
_UNSYNCHRONISED = 0x40


@dataclasses.dataclass(frozen=True)
class Origins:
    """Where packages and images shall come from, as the inputs have it.

    Attributes:
        version: of Kubernetes; empty where none is to be installed from packages.
        repository: the input ``package_repository``.
        mirrors: the input ``registry_mirrors``.
        binaries: the input ``binaries``.
    """

    version: str = ""
    repository: object = None
    mirrors: object = None
    binaries: object = None


class NodeInspection:
    """Reads one host."""

    def __init__(self, commands: Commands, *, zone: str | None = None, origins: Origins | None = None) -> None:
        """Inspect a host.

        Args:
            commands: runs its programs.
            zone: firewalld's, see ``collect_firewall``.
            origins: where its packages and images shall come from.
        """
        self._commands = commands
        self._zone = zone
        self._origins = origins or Origins()

    def collect(self) -> dict[str, t.Any]:
        """Everything as JSON-compatible values; what the host does not have is empty, never missing."""
        is_container = bool(self._output("systemd-detect-virt", "--container").strip())
        manager = package_manager(self._commands)
        release = dict(re.findall(r"^([A-Z_]+)=\"?([^\"\n]*)\"?$", _text("/etc/os-release"), re.MULTILINE))
        found = services(self._commands, dict.fromkeys((*node.SERVICES, *_TIME_SERVICES)))
        own = {name: found[name] for name in node.SERVICES if name in found and found[name].enabled}
        is_node = os.path.exists("/etc/kubernetes/kubelet.conf")
        has_cni = os.path.exists(f"{node_files.CNI_PROGRAMS}/loopback")
        return NodeReport(
            identity=_identity(is_container=is_container),
            os=OperatingSystem(
                release.get("ID", "").lower(), release.get("ID_LIKE", "").lower(), release.get("VERSION_ID", "")
            ),
            package_manager=manager,
            is_container=is_container,
            is_node=is_node,
            runs_kubelet=is_node or (_is_active(own, "kubelet") and os.path.exists("/var/lib/kubelet/config.yaml")),
            other_runtimes=tuple(
                each for each in KNOWN_SOCKETS if "containerd" not in each and os.path.exists(each[len("unix://") :])
            ),
            swap=self._swap(),
            modules=_modules(),
            sysctls=host_texts.sysctls(_sysctl_files(), {each: _sysctl(each) for each in node.SYSCTLS}),
            files=_files(),
            containerd=self._containerd(),
            programs=self._programs(),
            has_cni=has_cni,
            held=self._held(manager),
            offered=self._offered(manager),
            services=own,
            time=Time(
                is_synchronised=_is_synchronised(),
                services=tuple(each for each in _TIME_SERVICES if _is_active(found, each)),
                has_timesyncd="systemd-timesyncd" in found,
            ),
            firewall=collect_firewall(self._commands, self._zone),
            hardware=_hardware(),
            origins={} if is_node else web_origins.ask(self._asked(manager, has_cni=has_cni)),
        ).as_dict()

    def _asked(self, manager: str, *, has_cni: bool) -> list[origins.Wanted]:
        """What neither apt, dnf or zypper nor containerd would ask a proxy for that this program does not know."""
        given = self._origins
        packages = None if self._has_proxy(manager) else origins.of_packages(manager, given.version, given.repository)
        environment = self._output("systemctl", "show", "--property=Environment", "containerd.service")
        mirrors = () if "_proxy=" in environment.lower() else origins.of_mirrors(given.mirrors)
        programs = origins.of_programs(given.binaries, has_cni=has_cni)
        wanted = (packages, *programs, *mirrors)
        return [each for each in wanted if each is not None]

    def _has_proxy(self, manager: str) -> bool:
        if manager == "apt":
            return "proxy" in self._output("apt-config", "dump", "Acquire").lower()
        settings = {
            "dnf": ("/etc/dnf/dnf.conf", r"^proxy\s*="),
            "zypper": ("/etc/sysconfig/proxy", '^PROXY_ENABLED="yes"'),
        }
        path, pattern = settings.get(manager, ("", "$"))
        return re.search(pattern, _text(path), re.MULTILINE) is not None if path else False

    def _output(self, *arguments: str) -> str:
        return output(self._commands, arguments)

    def _swap(self) -> Swap:
        properties = "--property=Id,FragmentPath,SourcePath,UnitFileState"
        units = list(host_texts.swap_units(self._output("systemctl", "show", properties, "*.swap")))
        units += [each for each in _SWAP_SERVICES if self._output("systemctl", "is-enabled", each).strip() == "enabled"]
        if os.path.exists(_ZRAM_GENERATOR) and "[zram" in _first_text("systemd/zram-generator.conf"):
            units = [each for each in units if "zram" not in each] + ["zram-generator"]
        return Swap(
            active=host_texts.swap_devices(_text("/proc/swaps")),
            fstab=host_texts.has_swap(_text("/etc/fstab")),
            units=tuple(sorted(units)),
        )

    def _containerd(self) -> Containerd:
        program = self._commands.find("containerd")
        content = read(node_files.CONTAINERD)
        dump = self._output("containerd", "config", "dump") if program is not None else ""
        return Containerd(
            is_installed=program is not None,
            owner=owner_of(self._commands, node_files.CONTAINERD, content, node_files.MARKER),
            sha256=hashlib.sha256(content).hexdigest() if content is not None else "",
            is_loaded=has_loaded(self._commands, "containerd.service", [node_files.CONTAINERD]),
            effective=host_texts.containerd_settings(dump),
        )

    def _programs(self) -> dict[str, Program]:
        found = {}
        for name in (*_VERSION_COMMANDS, *TOOLS):
            path = self._commands.find(name)
            if path is not None:
                version = ""
                if name in _VERSION_COMMANDS:
                    match = re.search(r"v\d+\.\d+\.\d+\S*", self._output(name, *_VERSION_COMMANDS[name]))
                    version = match.group() if match is not None else ""
                found[name] = Program(path, version)
        return found

    def _held(self, manager: str) -> tuple[str, ...]:
        if manager == "apt":
            return tuple(self._output("apt-mark", "showhold").split())
        if manager == "zypper":
            rows = (line.split("|") for line in self._output("zypper", "--quiet", "locks").splitlines())
            return tuple(row[1].strip() for row in rows if len(row) > 2 and row[0].strip().isdigit())
        return ()

    def _offered(self, manager: str) -> tuple[str, ...]:
        if manager == "apt":
            rows = (line.split("|") for line in self._output("apt-cache", "madison", "kubeadm").splitlines())
            versions = [row[1].strip().partition("-")[0] for row in rows if len(row) > 2]
        elif manager == "dnf" and os.path.exists(node_files.DNF_SOURCE):
            query = (
                "dnf",
                "--quiet",
                "--cacheonly",
                "repoquery",
                "--disableexcludes=all",
                "--queryformat=%{version}\n",
                "kubeadm",
            )
            versions = self._output(*query).split()[::-1]
        elif manager == "zypper" and os.path.exists(node_files.ZYPPER_SOURCE):
            shown = self._output("zypper", "--quiet", "--no-refresh", "search", "--details", "--match-exact", "kubeadm")
            rows = (line.split("|") for line in shown.splitlines())
            versions = [
                row[3].strip().partition("-")[0] for row in rows if len(row) > 4 and row[1].strip() == "kubeadm"
            ]
        else:
            versions = []
        return tuple(dict.fromkeys(versions))


def _identity(*, is_container: bool) -> Identity:
    machine = machine_facts.collect()
    return Identity(
        hostname=socket.gethostname(),
        machine_id=_text("/etc/machine-id").strip(),
        product_uuid="" if is_container else _text("/sys/class/dmi/id/product_uuid").strip().lower(),
        mac_addresses=tuple(sorted(_mac_addresses())),
        boot_id=machine.boot_id,
        network_namespace=machine.network_namespace,
        clock=time.time(),
        architecture=platform.machine(),
        seen_at=None,
    )


def _hardware() -> Hardware:
    return Hardware(
        cpus=os.cpu_count() or 0,
        memory=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        # What the kubelet asks by statfs: of version 2 alone is there in the root of the only hierarchy.
        has_old_cgroups=not os.path.exists("/sys/fs/cgroup/cgroup.controllers"),
    )


def _mac_addresses() -> t.Iterator[str]:
    """Those that the interfaces were given by hardware or hypervisor, not made up by this host (``addr_assign_type``)."""
    for path in glob.glob("/sys/class/net/*"):
        address = _text(f"{path}/address").strip()
        if address.strip("0:") and _text(f"{path}/addr_assign_type").strip() == "0":
            yield address


def _modules() -> dict[str, Module]:
    at_boot = host_texts.modules_at_boot(text for _path, text in _configuration_files("modules-load.d"))
    built_in = host_texts.built_in(_text(f"/lib/modules/{platform.release()}/modules.builtin"))
    signs = {
        "br_netfilter": os.path.exists("/proc/sys/net/bridge"),
        "overlay": re.search(r"\boverlay$", _text("/proc/filesystems"), re.MULTILINE) is not None,
    }
    return {
        name: Module(
            is_there=signs[name] or name in built_in or os.path.exists(f"/sys/module/{name}"),
            is_built_in=name in built_in,
            at_boot=name in at_boot,
        )
        for name in node.MODULES
    }


def _sysctl(name: str) -> str:
    return _text(f"/proc/sys/{name.replace('.', '/')}").strip()


def _sysctl_files() -> list[tuple[str, str]]:
    """In the order of ``sysctl --system``."""
    files = _configuration_files("sysctl.d")
    return [*files, ("/etc/sysctl.conf", _text("/etc/sysctl.conf"))]


def _configuration_files(directory: str) -> list[tuple[str, str]]:
    """Paths and texts of ``*.conf`` by their names, where a file in /etc hides that of the same name in /usr/lib."""
    found: dict[str, str] = {}
    for root in _CONFIGURATION_DIRECTORIES:
        for path in glob.glob(f"{root}/{directory}/*.conf"):
            found.setdefault(os.path.basename(path), path)
    return [(path, _text(path)) for _name, path in sorted(found.items())]


def _first_text(path: str) -> str:
    """The text of the first file of this name: an empty one hides the others."""
    for root in _CONFIGURATION_DIRECTORIES:
        content = read(f"{root}/{path}")
        if content is not None:
            return content.decode("utf-8", "replace")
    return ""


def _files() -> dict[str, FoundFile]:
    """Digests only: a registry's file may hold a password."""
    paths = [*node_files.SINGLE]
    for name in node_files.OF_REGISTRIES:
        paths += sorted(glob.glob(f"{node_files.CONTAINERD_HOSTS}/*/{name}"))
    contents = ((path, read(path)) for path in paths)
    return {
        path: FoundFile(hashlib.sha256(content).hexdigest(), node_files.MARKER.encode() in content)
        for path, content in contents
        if content is not None
    }


def _is_active(services: t.Mapping[str, Service], name: str) -> bool:
    return name in services and services[name].active == "active"


def _is_synchronised() -> bool:
    """What the kernel says. ``struct timex`` has less than 256 bytes; its ``status`` stands behind five words."""
    buffer = (ctypes.c_long * 64)()
    if ctypes.CDLL(None).adjtimex(ctypes.byref(buffer)) < 0:
        return False
    # modes (an int, padded), offset, freq, maxerror, esterror, status.
    status = ctypes.c_int.from_buffer(buffer, 5 * ctypes.sizeof(ctypes.c_long)).value
    return not status & _UNSYNCHRONISED


def _text(path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")


__all__ = ("TOOLS", "NodeInspection")
