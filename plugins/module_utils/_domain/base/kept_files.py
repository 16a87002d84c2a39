# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files and services of a host as they were before a role changed them for the first time, and the way back.

Three states are compared: before, as the role left it, and now. What is as the role left it goes back; what is as before stays; what
somebody else has changed since is a reason to change nothing. Several records of one host are undone in the order in which they are
given, the latest first, as if each were undone alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import posixpath
import typing as t

from .change import Change, Decision
from .enumeration import listed
from .errors import UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.service_host import ServiceHost

#: Where all records are.
ROOT = "/var/lib/kubeadm-ha"
_FILES, _MORE = "files.json", "more.json"
#: As what an absent file is noted.
_ABSENT = ""
_ACTIVE, _ENABLED = "active", "enabled"
_REASON = "it was so before the role changed it"
_DROP_INS = ".d"


@dataclasses.dataclass(frozen=True)
class Unit:
    """A service before the first change.

    Attributes:
        active: its ``ActiveState``.
        is_enabled: whether it was started at boot.
    """

    active: str
    is_enabled: bool

    @property
    def runs(self) -> bool:
        """Whether it ran."""
        return self.active == _ACTIVE


@dataclasses.dataclass(frozen=True)
class _Owner:
    """Numbers of user and group, and the permission bits."""

    uid: int
    gid: int
    mode: int


@dataclasses.dataclass(frozen=True)
class _Kept:
    """A file that was there: the name of its copy, and whose it was."""

    copy: str
    owner: _Owner


class Record:
    """What one role has kept."""

    def __init__(self, files: Files, host: ServiceHost, directory: str) -> None:
        """``directory``: of the record, below :data:`ROOT`."""
        self._files, self._host, self._directory = files, host, directory
        self._kept = {path: _parsed(item) for path, item in self._read(_FILES).items()}
        more = self._read(_MORE)
        self._directories: list[str] = list(more.get("directories", ()))
        self._units = {name: Unit(**item) for name, item in more.get("units", {}).items()}
        self._left: dict[str, str] = dict(more.get("left", {}))

    @property
    def exists(self) -> bool:
        """Whether anything was kept, or is left of a record whose removal was interrupted."""
        return bool(self._files.names(self._directory))

    @property
    def directory(self) -> str:
        """Where it is."""
        return self._directory

    @property
    def paths(self) -> tuple[str, ...]:
        """The files, in the order in which they were kept."""
        return tuple(self._kept)

    @property
    def directories(self) -> tuple[str, ...]:
        """Directories that were not there before."""
        return tuple(self._directories)

    @property
    def units(self) -> dict[str, Unit]:
        """The services, in the order in which they were kept."""
        return dict(self._units)

    def lacking(self, paths: t.Iterable[str], directories: t.Iterable[str], units: t.Iterable[str]) -> list[str]:
        """What of these was not kept yet."""
        return [
            *(path for path in dict.fromkeys(paths) if path not in self._kept),
            *self._coming(directories),
            *(unit for unit in dict.fromkeys(units) if unit not in self._units),
        ]

    def keep(self, paths: t.Iterable[str], directories: t.Iterable[str] = (), units: t.Iterable[str] = ()) -> None:
        """Keep what was not kept yet. A copy is written before the record names it.

        What the role is about to change again counts as its own, as long as nobody notes what came of it.
        """
        for path in dict.fromkeys(paths):
            self._left.pop(path, None)
            if path not in self._kept:
                self._keep_file(path)
        self._directories += self._coming(directories)
        for unit in dict.fromkeys(units):
            if unit not in self._units:
                self._units[unit] = Unit(self._host.state(unit).active, self._host.is_enabled(unit))
        self._write_more()

    def differing(self) -> list[str]:
        """The files that are otherwise than they were noted."""
        return [path for path in self._kept if self._left.get(path) != _hash(self._files.read(path))]

    def note(self) -> None:
        """Everything is as the role wants it."""
        self._left = {path: _hash(self._files.read(path)) for path in self._kept}
        self._write_more()

    def before(self, path: str) -> bytes | None:
        """The content of a file before; ``None`` where there was none.

        Raises:
            UnsupportedState: when its copy is gone.
        """
        kept = self._kept[path]
        if kept is None:
            return None
        content = self._files.read(f"{self._directory}/{kept.copy}")
        if content is None:
            raise UnsupportedState(
                f"{self._directory}/{kept.copy} is gone, the copy of {path} as it was: nothing can be put back by it."
            )
        return content

    def owner(self, path: str) -> tuple[int, int, int] | None:
        """Whose it was, and its permission bits."""
        kept = self._kept[path]
        return None if kept is None else dataclasses.astuple(kept.owner)

    def is_ours(self, path: str, content: bytes | None) -> bool:
        """Whether that is what the role has left. What was never noted is what an interrupted role has begun."""
        return path not in self._left or self._left[path] == _hash(content)

    def is_noted(self, path: str) -> bool:
        """Whether it is known what the role has left."""
        return path in self._left

    def remove(self) -> None:
        """Nothing is kept any more. Who is interrupted finds no name of a copy that is gone."""
        self._files.remove(f"{self._directory}/{_FILES}")
        self._files.remove(f"{self._directory}/{_MORE}")
        self._files.remove(self._directory)

    def _coming(self, directories: t.Iterable[str]) -> list[str]:
        """Those that are not there, and that nobody has noted yet."""
        return [
            path for path in dict.fromkeys(directories) if not self._host.owner(path) and path not in self._directories
        ]

    def _keep_file(self, path: str) -> None:
        content, owner = self._files.read(path), self._host.owner(path)
        self._files.make_private_directory(self._directory)
        if content is None or owner is None:
            self._kept[path] = None
        else:
            name = f"{len(self._kept):02d}-{posixpath.basename(path)}"
            self._files.write(f"{self._directory}/{name}", content, mode=0o600)
            self._kept[path] = _Kept(name, _Owner(*owner))
        kept = {path: None if item is None else dataclasses.asdict(item) for path, item in self._kept.items()}
        self._write(_FILES, kept)

    def _write_more(self) -> None:
        self._files.make_private_directory(self._directory)
        units = {name: dataclasses.asdict(unit) for name, unit in self._units.items()}
        self._write(_MORE, {"directories": self._directories, "units": units, "left": self._left})

    def _read(self, name: str) -> dict[str, t.Any]:
        content = self._files.read(f"{self._directory}/{name}")
        try:
            found = json.loads(content or b"{}")
        except ValueError as error:
            raise UnsupportedState(f"{self._directory}/{name} is no record that can be read: {error}.") from error
        return dict(found)

    def _write(self, name: str, document: t.Mapping[str, t.Any]) -> None:
        self._files.write(f"{self._directory}/{name}", json.dumps(document, indent=1).encode() + b"\n", mode=0o600)


def keep(record: Record, paths: t.Sequence[str], directories: t.Sequence[str], units: t.Sequence[str]) -> Decision:
    """Files, directories and services as they are before somebody changes them; what is kept already stays as it was kept."""
    lacking = record.lacking(paths, directories, units) or [path for path in paths if record.is_noted(path)]

    def act() -> t.Mapping[str, t.Any]:
        record.keep(paths, directories, units)
        return {}

    changes = (Change(f"record {record.directory}", None, lacking, "everything can be put back"),) if lacking else ()
    return Decision(changes=changes, act=act)


def note(record: Record) -> Decision:
    """What is kept is now as the role wants it."""
    differing = record.differing()

    def act() -> t.Mapping[str, t.Any]:
        record.note()
        return {}

    changes = (
        (Change(f"record {record.directory}", None, differing, "later changes are somebody else's"),)
        if differing
        else ()
    )
    return Decision(changes=changes, act=act)


def restore(
    files: Files,
    host: ServiceHost,
    records: t.Sequence[Record],
    *,
    written: t.Sequence[str] = (),
    stops: t.Sequence[str] = (),
    writer: str = "",
    overwrite: bool = False,
) -> Decision:
    """Everything is as it was before the records, which go away.

    Args:
        files: of the host.
        host: its services.
        records: those to undo, the latest first; one without content is none.
        written: files that services have written themselves, which go away with them.
        stops: services that must not run afterwards.
        writer: the service that has written them; where it ran before, or no record knows it, it goes on and needs them.
        overwrite: put back what somebody else has changed since, too.

    Raises:
        UnsupportedState: when somebody else has changed a file since, and ``overwrite`` is not set; or when one of ``stops`` would go on
            running, because it ran before the records or they do not know it.
    """
    restoration = _Restoration(
        files, host, [record for record in records if record.exists], written, writer, overwrite=overwrite
    )
    return restoration.decision(stops)


class _Restoration:
    """One run of :func:`restore`."""

    def __init__(
        self,
        files: Files,
        host: ServiceHost,
        records: t.Sequence[Record],
        written: t.Sequence[str],
        writer: str,
        *,
        overwrite: bool,
    ) -> None:
        self._files, self._host, self._records, self._overwrite = files, host, records, overwrite
        self._now: dict[str, bytes | None] = {}
        self._wanted: dict[str, tuple[Record, bytes | None]] = {}
        self._foreign: list[str] = []
        self._units: dict[str, Unit] = {}
        for record in records:
            self._units.update(record.units)
            for path in reversed(record.paths):
                self._decide(record, path)
        self._ended = [name for name, unit in self._units.items() if not unit.runs]
        goes = bool(records) if not writer else writer in self._ended
        self._written = [path for path in written if goes and files.exists(path)]

    def decision(self, stops: t.Sequence[str]) -> Decision:
        """For the module."""
        going_on = [unit for unit in stops if unit not in self._ended]
        if going_on:
            raise UnsupportedState(
                f"Nothing was changed: {listed(going_on)} ran here before the role changed anything, so it would go on with the files of before. Somebody "
                "else has set it up, and has to say what belongs to it: stop and disable it by hand, and remove its files."
            )
        if self._foreign and not self._overwrite:
            raise UnsupportedState(
                f"Nothing was changed: {listed(self._foreign)} changed since the role did, so somebody else's work would be lost. Put aside what is "
                "to stay, and say that it may be overwritten; or put the files back by hand: copies are in "
                f"{listed([record.directory for record in self._records])}."
            )
        values = {"units": list(self._units), "ended": self._ended}
        return Decision(changes=tuple(self._changes()), values=values, act=self._act)

    def _decide(self, record: Record, path: str) -> None:
        now = self._now[path] if path in self._now else self._files.read(path)
        before = record.before(path)
        if now != before and not record.is_ours(path, now):
            self._foreign.append(path)
        self._now[path] = before
        self._wanted[path] = (record, before)

    def _changes(self) -> t.Iterator[Change]:
        for name, unit in self._units.items():
            if not unit.runs and (self._host.state(name).active == _ACTIVE or self._host.is_enabled(name)):
                yield Change(f"service {name}", self._host.state(name).active, "stopped, disabled", _REASON)
        for path, (record, before) in self._wanted.items():
            now = self._files.read(path)
            if now != before or (before is not None and self._host.owner(path) != record.owner(path)):
                yield Change(f"file {path}", _shown(now), _shown(before), _REASON)
        for path in self._written:
            yield Change(f"file {path}", "there", None, "a service that goes away has written it")
        for path in self._empty():
            yield Change(f"directory {path}", "there", None, _REASON)
        for record in self._records:
            yield Change(f"record {record.directory}", "there", None, "what it keeps is back")

    def _empty(self) -> t.Iterator[str]:
        """Directories that a record has made and that will have nothing in them."""
        gone = {*self._written, *(path for path, (_record, before) in self._wanted.items() if before is None)}
        made = [path for record in self._records for path in record.directories]
        for path in sorted(dict.fromkeys([*made, *self._drop_ins()]), key=len, reverse=True):
            if self._host.owner(path) and all(f"{path}/{name}" in gone for name in self._files.names(path)):
                gone.add(path)
                yield path

    def _drop_ins(self) -> list[str]:
        parents = (posixpath.dirname(path) for path, (_record, before) in self._wanted.items() if before is None)
        return [path for path in parents if path.endswith(_DROP_INS)]

    def _act(self) -> t.Mapping[str, t.Any]:
        """Services that were not there end first, those that were there begin again last."""
        empty = list(self._empty())
        for name, unit in reversed(self._units.items()):
            if not unit.runs:
                self._end(name, unit)
        for path, (record, before) in self._wanted.items():
            self._put_back(record, path, before)
        for path in self._written:
            self._files.remove(path)
        for path in empty:
            if not self._files.names(path):
                self._files.remove(path)
        self._begin()
        for record in self._records:
            record.remove()
        return {}

    def _begin(self) -> None:
        if self._units:
            self._host.reload()
        for name, unit in self._units.items():
            if unit.runs:
                self._host.enable(name, enabled=unit.is_enabled)
                self._host.restart(name)

    def _end(self, name: str, unit: Unit) -> None:
        self._host.stop(name)
        if not unit.is_enabled:
            self._host.enable(name, enabled=False)

    def _put_back(self, record: Record, path: str, before: bytes | None) -> None:
        owner = record.owner(path)
        if before is None or owner is None:
            self._files.remove(path)
            return
        if self._files.read(path) != before:
            self._host.make_directory(posixpath.dirname(path))
            self._files.write(path, before, mode=owner[2])
        if self._host.owner(path) != owner:
            self._host.give(path, *owner)


def _parsed(item: t.Mapping[str, t.Any] | None) -> _Kept | None:
    """One line of the record; ``None`` for a file that was not there."""
    if item is None:
        return None
    kept = _Kept(**item)
    return dataclasses.replace(kept, owner=_Owner(**t.cast("t.Any", kept.owner)))


def _hash(content: bytes | None) -> str:
    return _ABSENT if content is None else hashlib.sha256(content).hexdigest()


def _shown(content: bytes | None) -> str | None:
    return None if content is None else f"sha256 {_hash(content)[:12]}"


__all__ = ("ROOT", "Record", "Unit", "keep", "note", "restore")
