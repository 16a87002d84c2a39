# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The texts that the role writes: kubeconfig, unit, hardening."""

from __future__ import annotations

import base64
import posixpath
import typing as t

from ..component.component_arguments import decide as decide_arguments
from ..component.invocation import Sources
from ..component.systemd_text import Text
from ..component.systemd_unit import Unit

if t.TYPE_CHECKING:
    from ..component.component_arguments import Desired as Arguments
    from .found import Flags, Owner
    from .profile import Profile

_MARK = "# Written by the Ansible role kubeadm.ha.{role}"
#: Flags whose values the component writes to, and whether that is the directory itself.
_WRITTEN = {
    "cert-dir": True,
    "log-dir": True,
    "log-file": False,
    "flex-volume-plugin-dir": True,
    "audit-log-path": False,
}
_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 (nothing is written there)
_PRIVILEGED_PORTS = 1024
_READABLE_BY_OTHERS = 0o004

Owners = t.Callable[[str], "Owner | None"]


def kubeconfig(profile: Profile, server: str, *, ca: bytes, certificate: bytes, key: bytes) -> bytes:
    """A kubeconfig with credentials in it, always the same for the same."""
    data = {
        name: base64.b64encode(value).decode("ascii")
        for name, value in (("ca", ca), ("crt", certificate), ("key", key))
    }
    return f"""\
apiVersion: v1
kind: Config
clusters:
- name: kubernetes
  cluster:
    certificate-authority-data: {data["ca"]}
    server: {server}
users:
- name: {profile.user}
  user:
    client-certificate-data: {data["crt"]}
    client-key-data: {data["key"]}
contexts:
- name: {profile.user}@kubernetes
  context:
    cluster: kubernetes
    user: {profile.user}
current-context: {profile.user}@kubernetes
preferences: {{}}
""".encode()


def unit(profile: Profile, name: str, path: str, program: str, arguments: Arguments) -> Sources:
    """A unit of our own, whose arguments are added as they are to any other unit."""
    text = f"""\
{_MARK.format(role=profile.role)}
[Unit]
Description=Kubernetes {profile.component}
Documentation=https://kubernetes.io/docs/reference/command-line-tools-reference/{profile.component}/
After=network-online.target
Wants=network-online.target

[Service]
ExecStart={program} \\
  --leader-elect=true
Restart=on-failure
RestartSec=5

[Install]
WantedBy=multi-user.target
"""
    sources = Sources(Unit(name, Text(path, text)))
    return decide_arguments(
        sources, arguments, component=profile.component, program=posixpath.basename(program)
    ).sources


def hardening(
    profile: Profile,
    flags: Flags,
    *,
    program: str,
    own: t.Collection[str],
    writable: t.Sequence[str],
    is_root: bool,
    owners: Owners,
) -> str:
    """A drop-in that takes from the service what it does not need.

    Args:
        profile: of the component.
        flags: what it is started with.
        program: its path.
        own: files that will belong to the user of the service, whoever they belong to now.
        writable: what it may write beside what its flags say.
        is_root: whether it runs as root.
        owners: of files and directories.
    """
    paths = [program, *_paths(flags.values())]
    capabilities = []
    if 0 < int(flags.get("secure-port") or profile.secure_port) < _PRIVILEGED_PORTS:
        capabilities.append("CAP_NET_BIND_SERVICE")
    if is_root and any(_needs_capability(posixpath.dirname(path) if path in own else path, owners) for path in paths):
        capabilities.append("CAP_DAC_READ_SEARCH")
    homes = "read-only" if any(_is_below(path, _HOMES) for path in paths) else "yes"
    temporary = "no" if any(_is_below(path, _TEMPORARY) for path in [*paths, *writable]) else "yes"
    lines = [
        _MARK.format(role=profile.role),
        "[Service]",
        "NoNewPrivileges=yes",
        # Without a word after it: none at all.
        "CapabilityBoundingSet=",
        *(f"CapabilityBoundingSet={name}" for name in capabilities),
        "AmbientCapabilities=",
        "ProtectSystem=strict",
        *(f"ReadWritePaths=-{path}" for path in dict.fromkeys([*_written(flags), *writable])),
        f"ProtectHome={homes}",
        f"PrivateTmp={temporary}",
        "PrivateDevices=yes",
        "ProtectKernelTunables=yes",
        "ProtectKernelModules=yes",
        "ProtectKernelLogs=yes",
        "ProtectControlGroups=yes",
        "ProtectClock=yes",
        "ProtectHostname=yes",
        "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
        "RestrictNamespaces=yes",
        "RestrictRealtime=yes",
        "RestrictSUIDSGID=yes",
        "LockPersonality=yes",
        "SystemCallArchitectures=native",
        "UMask=0077",
    ]
    return "".join(f"{line}\n" for line in lines)


def _written(flags: Flags) -> t.Iterator[str]:
    for name, is_directory in _WRITTEN.items():
        value = flags.get(name, "")
        if value.startswith("/"):
            yield value if is_directory else posixpath.dirname(value)


def _paths(values: t.Iterable[str]) -> t.Iterator[str]:
    for value in values:
        for part in value.split(","):
            if part.startswith("/") and part != "/":
                yield part


def _is_below(path: str, directories: t.Sequence[str]) -> bool:
    return any(path == directory or path.startswith(f"{directory}/") for directory in directories)


def _needs_capability(path: str, owners: Owners) -> bool:
    """Whether root without capabilities could not read what is somebody else's, a file or a directory above it."""
    parts = path.strip("/").split("/")
    found = (owners("/" + "/".join(parts[:number])) for number in range(1, len(parts) + 1))
    return any(each is not None and each.uid != 0 and not each.mode & _READABLE_BY_OTHERS for each in found)


__all__ = ("Owners", "hardening", "kubeconfig", "unit")
