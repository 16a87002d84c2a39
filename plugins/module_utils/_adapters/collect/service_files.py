# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that decide how a service of systemd is started."""

from __future__ import annotations

import glob
import os
import re
import typing as t

from ..._domain.base.errors import UnsupportedState
from ..._domain.component import invocation
from ..._domain.component.invocation import Sources
from ..._domain.component.systemd_text import Text, decoded
from ..._domain.component.systemd_unit import Unit
from .reading import read

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.files import Files

#: Where units are, the directory that counts first before the others.
_DIRECTORIES = (
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
)
_PROPERTIES = "Id,LoadState,FragmentPath,DropInPaths"


class ServiceFiles:
    """Collects the units of a host by systemd's own account of them."""

    def __init__(self, files: Files, commands: Commands, *, directories: t.Sequence[str] = _DIRECTORIES) -> None:
        self._files = files
        self._commands = commands
        self._directories = directories
        self._systemd: list[int | None] = []

    def sources(self, unit: str, *, pending: t.Collection[str] = ()) -> Sources:
        """The texts of a service.

        Args:
            unit: its name.
            pending: drop-ins that the caller has written, which systemd need not have loaded.

        Raises:
            UnsupportedState: when the host has no such service, or when systemd has not loaded what is there.
        """
        properties = self._properties(unit)
        name = properties.get("Id") or unit
        drop_ins = properties.get("DropInPaths", "").split()
        self._check_loaded(name, [*drop_ins, *pending])
        parsed = Unit(
            name=name,
            # One that is linked may lead to a package's.
            fragment=self._text(name, os.path.realpath(properties["FragmentPath"])),
            drop_ins=tuple(self._text(name, path) for path in drop_ins),
            specifiers=_of_host(),
            systemd=self._version(),
        )
        paths = [file.path for file in invocation.environment_files(parsed)]
        contents = {path: self._files.read(path) for path in paths}
        return Sources(parsed, {path: decoded(path, each) for path, each in contents.items() if each is not None})

    def others(self, sources: Sources) -> tuple[Unit, ...]:
        """The other services of the host that read environment files."""
        own = os.path.realpath(sources.unit.fragment.path)
        found: dict[str, Unit] = {}
        for directory in self._directories:
            for path in sorted(glob.glob(os.path.join(directory, "*.service"))):
                name = os.path.basename(path)
                if name in found or os.path.realpath(path) == own:
                    continue
                text = _readable(path)
                drop_ins = tuple(_readable(each) for each in self._drop_ins(name))
                if text is not None:
                    found[name] = Unit(name, text, tuple(each for each in drop_ins if each is not None), _of_host())
        return tuple(unit for unit in found.values() if any("EnvironmentFile" in text.text for text in unit.texts))

    def _properties(self, unit: str) -> dict[str, str]:
        result = self._commands.run(["systemctl", "show", f"--property={_PROPERTIES}", "--", unit], check=False)
        if result.returncode != 0:
            raise UnsupportedState(
                f"systemctl does not show {unit}: {' '.join(result.stderr.split())} Run on a host whose services systemd runs."
            )
        found = dict(line.partition("=")[::2] for line in result.stdout.splitlines())
        state = found.get("LoadState", "not-found")
        if state == "masked":
            raise UnsupportedState(f"{unit} is masked on this host: run systemctl unmask {unit}, if it is to run here.")
        if state == "not-found" or not found.get("FragmentPath"):
            raise UnsupportedState(
                f"This host has no unit file of {unit}: name the service of the component in the option unit (systemctl list-unit-files)."
            )
        return found

    def _version(self) -> int | None:
        """systemd's, which is asked once."""
        if not self._systemd:
            found = re.match(r"systemd (\d+)", self._commands.run(["systemctl", "--version"], check=False).stdout)
            self._systemd.append(None if found is None else int(found.group(1)))
        return self._systemd[0]

    def _check_loaded(self, name: str, drop_ins: t.Sequence[str]) -> None:
        loaded = {os.path.basename(path) for path in drop_ins}
        for path in self._drop_ins(name):
            if os.path.basename(path) not in loaded:
                raise UnsupportedState(f"systemd has not loaded {path}: run systemctl daemon-reload first.")

    def _drop_ins(self, name: str) -> t.Sequence[str]:
        """Drop-ins of a unit, but for those that are empty, by which others are masked."""
        found: dict[str, str] = {}
        for directory in self._directories:
            for path in sorted(glob.glob(os.path.join(directory, f"{name}.d", "*.conf"))):
                found.setdefault(os.path.basename(path), path)
        return [path for _name, path in sorted(found.items()) if read(path)]

    def _text(self, name: str, path: str) -> Text:
        content = self._files.read(path)
        if content is None:
            raise UnsupportedState(
                f"{path} of {name} is gone since systemd loaded it: run systemctl daemon-reload first."
            )
        return decoded(path, content)


def _readable(path: str) -> Text | None:
    content = read(path)
    return None if content is None else decoded(path, content)


def _of_host() -> dict[str, str]:
    """Specifiers whose values this host knows."""
    system = os.uname()
    return {"H": system.nodename, "l": system.nodename.partition(".")[0], "v": system.release}


__all__ = ("ServiceFiles",)
