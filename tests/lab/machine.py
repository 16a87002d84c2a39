# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the machine needs: packages, a limit of inotify, a configuration of podman that is the lab's own."""

from __future__ import annotations

import json
import os
import resource
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.lab import paths, shell
from tests.lab.errors import LabError

# Debian's package, and what shows that it is there.
_PACKAGES = {
    "podman": "podman",
    "runc": "runc",
    "netavark": "/usr/lib/podman/netavark",
    "mmdebstrap": "mmdebstrap",
    "debian-archive-keyring": "/usr/share/keyrings/debian-archive-keyring.gpg",
    "iptables": "iptables",
    "nftables": "nft",
    "conntrack": "conntrack",
    "iproute2": "ip",
    "openssh-client": "ssh-keygen",
    "ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
}

_INOTIFY = "fs.inotify.max_user_instances"
# Each node's systemd, kubelet and containerd need about 20; six nodes use up Linux' default of 128.
_INOTIFY_INSTANCES = 1024

# Limits of a container's processes, and how much is enough. podman 4.3 cannot pass on more than 32768 processes.
_LIMITS = {"nofile": (resource.RLIMIT_NOFILE, 1048576), "nproc": (resource.RLIMIT_NPROC, 32768)}

# The kubelet sets these for the whole machine (pkg/kubelet/cm/container_manager_linux.go, setupKernelTunables).
_SET_BY_KUBELET = (
    "vm.overcommit_memory",
    "vm.panic_on_oom",
    "kernel.panic",
    "kernel.panic_on_oops",
    "kernel.keys.root_maxkeys",
    "kernel.keys.root_maxbytes",
)


#: Where podman puts its containers, and the file of their share of the processors: cgroup v1, then v2.
_SHARES = (Path("/sys/fs/cgroup/cpu/libpod_parent/cpu.shares"), Path("/sys/fs/cgroup/libpod_parent/cpu.weight"))
#: Sixteen times what any other session of the machine has, as if nodes were machines of their own; and the usual share.
_FAVOURED, _USUAL = ("16384", "1600"), ("1024", "100")


def prepare(cache: paths.Cache) -> None:
    """Bring the machine to where labs work; fast when it is there already.

    :raises LabError: without root's rights, or when packages cannot be installed.
    """
    if os.geteuid() != 0:
        raise LabError("the lab needs root: its nodes are rootful containers that run systemd; use sudo")
    ensure(_PACKAGES)
    if int(_read_sysctl(_INOTIFY)) < _INOTIFY_INSTANCES:
        _write_sysctl(_INOTIFY, str(_INOTIFY_INSTANCES))
    cache.root.mkdir(parents=True, exist_ok=True)
    write_if_changed(cache.containers_conf, containers_conf())


def missing_packages(packages: Mapping[str, str] = _PACKAGES) -> list[str]:
    """Packages of which no trace is on the machine; each has a program or a path that shows that it is there."""
    return [name for name, sign in packages.items() if not _present(sign)]


def ensure(packages: Mapping[str, str]) -> None:
    """Install those of the packages that are not there.

    :raises LabError: when they cannot be installed.
    """
    missing = missing_packages(packages)
    if missing:
        install(missing)


def containers_conf(hard_limit: Callable[[int], int] = lambda kind: resource.getrlimit(kind)[1]) -> str:
    """Configuration of podman (containers.conf): runc and cgroupfs, which work on cgroup v1, hybrid and v2.

    The limits are at most the machine's own, because it may not be allowed to raise them.
    """
    limits = []
    for name, (kind, enough) in _LIMITS.items():
        hard = hard_limit(kind)
        value = enough if hard == resource.RLIM_INFINITY else min(hard, enough)
        limits.append(f"{name}={value}:{value}")
    return (
        "[containers]\n"
        f"default_ulimits = {json.dumps(limits)}\n"
        "[engine]\n"
        'runtime = "runc"\n'
        'cgroup_manager = "cgroupfs"\n'
        'events_logger = "file"\n'
        "[network]\n"
        'network_backend = "netavark"\n'
    )


def write_if_changed(path: Path, text: str) -> None:
    """Replace a file in one step, when its text differs."""
    if path.is_file() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def save_sysctls(cache: paths.Cache) -> None:
    """Remember the settings that kubelets will change, unless an earlier lab already did."""
    if not cache.sysctls.exists():
        values = {name: _read_sysctl(name) for name in _SET_BY_KUBELET if _sysctl_path(name).exists()}
        write_if_changed(cache.sysctls, json.dumps(values))


def restore_sysctls(cache: paths.Cache) -> None:
    """Put the remembered settings back; for the end of the last lab."""
    if cache.sysctls.exists():
        for name, value in json.loads(cache.sysctls.read_text(encoding="utf-8")).items():
            if _read_sysctl(name) != value:
                _write_sysctl(name, value)
        cache.sysctls.unlink()


def favour_nodes(*, over: bool = False) -> None:
    """Let nodes go before everything else on the machine, Ansible above all; ``over`` is for the end of the last lab.

    Niceness does not do it: it counts within a session only (sched(7), autogroup), and a node is none.
    """
    for path, favoured, usual in zip(_SHARES, _FAVOURED, _USUAL, strict=True):
        if path.exists():
            path.write_text(usual if over else favoured, encoding="ascii")


def name_servers(
    resolv_confs: Sequence[Path] = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf")),
) -> str:
    """The machine's resolv.conf for the nodes: the first one with a server that is not the machine itself."""
    for path in resolv_confs:
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        if any(line.startswith("nameserver") and not line.split()[1].startswith("127.") for line in lines):
            return "\n".join(line for line in lines if not line.startswith("nameserver 127.")) + "\n"
    return ""


def _present(sign: str) -> bool:
    return Path(sign).exists() if sign.startswith("/") else shutil.which(sign) is not None


def install(packages: Sequence[str]) -> None:
    """Install Debian packages, without what they recommend.

    :raises LabError: when there is no apt-get, or it fails.
    """
    shell.say(f"installing {', '.join(packages)}")
    if shutil.which("apt-get") is None:
        raise LabError(f"there is no apt-get to install {', '.join(packages)}: install them yourself")
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    shell.run(["apt-get", "update", "--quiet"], environment=environment)
    shell.run(["apt-get", "install", "--yes", "--quiet", "--no-install-recommends", *packages], environment=environment)


def _sysctl_path(name: str) -> Path:
    return Path("/proc/sys") / name.replace(".", "/")


def _read_sysctl(name: str) -> str:
    return _sysctl_path(name).read_text(encoding="utf-8").strip()


def _write_sysctl(name: str, value: str) -> None:
    try:
        _sysctl_path(name).write_text(value, encoding="utf-8")
    except OSError as error:
        raise LabError(f"cannot set {name}={value}: {error.strerror}") from error
