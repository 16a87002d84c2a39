# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds proxies in the environment of sessions, of the kubelet and of static pods.

Only the variables of proxies leave the host, without passwords.
"""

from __future__ import annotations

import glob
import os
import shlex
import subprocess
import typing as t

from ..._domain.base import plain_yaml
from ..._domain.base.errors import CommandFailed, InvalidInput
from ..._domain.component import proxy_source

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_LOGIN_FILES = ("/etc/environment", "/etc/profile.d/*.sh")
_MANAGER_FILES = ("/etc/systemd/system.conf", "/etc/systemd/system.conf.d/*.conf")
_UNITS = ("kubelet",)
_PROPERTIES = ("Environment", "EnvironmentFiles", "FragmentPath", "DropInPaths")


class ProxyInspection:
    """Reads one host."""

    def __init__(self, commands: Commands, *, kubernetes_dir: str, root: str = "/") -> None:
        """Inspect a host's commands and files.

        Args:
            commands: asks systemd.
            kubernetes_dir: the directory above the manifests.
            root: what stands for ``/`` of the files of sessions and of systemd's manager.
        """
        self._commands = commands
        self._kubernetes_dir = kubernetes_dir
        self._root = root

    def collect(self) -> list[proxy_source.ProxySource]:
        """Every environment with a proxy for HTTPS."""
        found = (*self._logins(), *(self._unit(name) for name in _UNITS), *self._manifests())
        return [source for source in found if source is not None]

    def _logins(self) -> t.Iterator[proxy_source.ProxySource | None]:
        """One session gets what all the files say; the exceptions stand in the last file that has them."""
        environment: dict[str, str] = {}
        path = ""
        for name in self._paths(_LOGIN_FILES):
            found = proxy_source.assignments(_text(name))
            environment.update(found)
            if found:
                path = name if not path or any(item.lower() == "no_proxy" for item in found) else path
        yield proxy_source.find(proxy_source.LOGIN, "", path, environment)

    def _unit(self, name: str) -> proxy_source.ProxySource | None:
        try:
            shown = self._commands.run(
                ["systemctl", "show", f"{name}.service", f"--property={','.join(_PROPERTIES)}"], check=False
            ).stdout
        except (CommandFailed, OSError, subprocess.SubprocessError):
            return None
        lines = [line.partition("=")[::2] for line in shown.splitlines()]
        values = dict(lines)
        environment = self._of_manager()
        environment.update(_pairs(values.get("Environment", "")))
        path = f"/etc/systemd/system/{name}.service.d/proxy.conf"
        for candidate in (values.get("FragmentPath", ""), *values.get("DropInPaths", "").split()):
            if any(item in _text(candidate) for item in ("NO_PROXY=", "no_proxy=")):
                path = candidate
        for file in (value.partition(" (")[0] for key, value in lines if key == "EnvironmentFiles"):
            found = proxy_source.assignments(_text(file))
            environment.update(found)
            if any(item.lower() == "no_proxy" for item in found):
                path = file
        return proxy_source.find(proxy_source.UNIT, name, path, environment)

    def _of_manager(self) -> dict[str, str]:
        """``DefaultEnvironment`` of systemd's manager, which every unit gets."""
        found: dict[str, str] = {}
        for path in self._paths(_MANAGER_FILES):
            for line in _text(path).splitlines():
                key, _equals, value = line.strip().partition("=")
                if key == "DefaultEnvironment":
                    found.update(_pairs(value))
        return found

    def _manifests(self) -> t.Iterator[proxy_source.ProxySource | None]:
        for path in sorted(glob.glob(os.path.join(self._kubernetes_dir, "manifests", "*.y*ml"))):
            try:
                container = plain_yaml.load(_text(path))["spec"]["containers"][0]
                pairs = {str(item["name"]): str(item.get("value") or "") for item in container.get("env") or ()}
            except (InvalidInput, KeyError, IndexError, TypeError, AttributeError):
                continue
            environment = {name: value for name, value in pairs.items() if name in proxy_source.NAMES}
            yield proxy_source.find(
                proxy_source.MANIFEST, os.path.splitext(os.path.basename(path))[0], path, environment
            )

    def _paths(self, patterns: t.Iterable[str]) -> t.Iterator[str]:
        for pattern in patterns:
            yield from sorted(glob.glob(os.path.join(self._root, pattern.lstrip("/"))))


def _pairs(text: str) -> dict[str, str]:
    """``NAME=value "NAME=a value"`` as systemd writes it; only the variables of proxies."""
    try:
        items = shlex.split(text)
    except ValueError:
        items = text.split()
    pairs = dict(item.partition("=")[::2] for item in items)
    return {name: value for name, value in pairs.items() if name in proxy_source.NAMES}


def _text(path: str) -> str:
    """The file's text; empty when it is not there or cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            return stream.read()
    except OSError:
        return ""


__all__ = ("ProxyInspection",)
