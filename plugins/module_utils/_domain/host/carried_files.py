# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a control plane that another one must have before it joins.

On the serving control plane :func:`collect` finds them; on the joining one :func:`compare` decides what is made. What
travels openly are facts without content; the content goes into an archive (:mod:`file_archive`).
"""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base.change import Change
from ..base.file_fact import (
    ABSENT,
    CARRIED,
    DIRECTORY,
    FILE,
    LINK,
    MADE,
    MAXIMUM_FILE_BYTES,
    NEEDED,
    PARENT,
    SOCKET,
    FileFact,
)
from ..component.static_pod import is_below
from ..pki import leaf_keys
from .file_needs import Need, Places, is_output

if t.TYPE_CHECKING:
    from ..._ports.file_tree import FileTree

MAXIMUM_BYTES = 2 << 20
MAXIMUM_FILES = 500

REASON = "the static pods of a control plane need it; kubeadm join does not bring it"
_EVERYWHERE = ("/", "/etc", "/opt", "/srv", "/var", "/var/lib", "/var/log")


@dataclasses.dataclass(frozen=True)
class FilesReport:
    """What a control plane's files are.

    Attributes:
        files: facts sorted by path.
        refusals: sentences on what cannot be carried.
        missing: paths that are needed with their content and are not there.
    """

    files: tuple[FileFact, ...] = ()
    refusals: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return {
            "files": [fact.as_dict() for fact in self.files],
            "refusals": list(self.refusals),
            "missing": list(self.missing),
        }


@dataclasses.dataclass(frozen=True)
class Comparison:
    """What must change on a host so that it has the files, and sentences on what must not be changed."""

    changes: tuple[Change, ...] = ()
    refusals: tuple[str, ...] = ()


def collect(
    tree: FileTree,
    wanted: t.Iterable[Need],
    places: Places,
    *,
    unmanaged: t.Collection[str] = (),
    named_keys: t.Mapping[str, str] | None = None,
) -> FilesReport:
    """Everything that is there of the needs, with the directories above. Links to files are followed.

    Args:
        tree: files of the host.
        wanted: what the control plane needs.
        places: where kubeadm's files are.
        unmanaged: paths and directories that the operator brings himself.
        named_keys: paths that flags name as the key of a certificate of this very host, with the flag.
    """
    found: dict[str, FileFact] = {}
    refusals: list[str] = []
    missing: list[str] = []
    shared: set[str] = set()
    for need in wanted:
        shared.update({need.path} if need.is_shared else ())
        if need.use == CARRIED and tree.inspect(need.path, use=PARENT, follow=True).kind == ABSENT:
            missing.append(need.path)
        for fact in _below(tree, need, _Filter(places, need.outputs, tuple(unmanaged)), refusals):
            known = found.get(fact.path)
            if known is None or known.use != CARRIED:
                found[fact.path] = fact
    refusals += [f"{path} {_NO_AUTHORITY}" for path in missing if path in shared]
    refusals += _limits(found)
    for path, text in _own_keys(
        tree, [fact for path, fact in found.items() if path not in shared], places, named_keys or {}
    ):
        del found[path]
        refusals.append(text)
    for path in list(found):
        if found[path].use in (CARRIED, MADE):
            for parent in _parents(path):
                found.setdefault(parent, tree.inspect(parent, use=PARENT, follow=True))
    return FilesReport(tuple(found[path] for path in sorted(found)), tuple(dict.fromkeys(refusals)), tuple(missing))


def compare(wanted: t.Iterable[FileFact], found: t.Mapping[str, FileFact]) -> Comparison:
    """What a host lacks.

    Args:
        wanted: the serving control plane's files.
        found: what is on the host, by path; paths that were not inspected are absent.
    """
    changes: list[Change] = []
    refusals: list[str] = []
    for fact in sorted(wanted, key=lambda item: item.path):
        now = found.get(fact.path)
        if now is None or now.kind == ABSENT:
            if fact.use == NEEDED:
                refusals.append(f"{fact.path} is missing: it is not carried, because it {_why_needed(fact)}.")
            else:
                changes.append(Change(_object(fact), None, fact.shown, REASON))
        elif now.kind != fact.kind:
            refusals.append(_other_kind(fact, now))
        elif fact.use == CARRIED:
            if fact.kind == FILE and now.sha256 != fact.sha256:
                refusals.append(
                    f"{fact.path} differs from the one of the serving control plane (sha256 {_short(now.sha256)}, there "
                    f"{_short(fact.sha256)}): move it away, make both equal, or name it in kubeadm_ha_unmanaged_files."
                )
            elif not has_same_access(fact, now):
                changes.append(
                    Change(_object(fact), *_differing(now, fact), "owner and mode are those of the serving one")
                )
    return Comparison(tuple(changes), tuple(refusals))


def has_same_access(wanted: FileFact, now: FileFact) -> bool:
    """Whether owner, group and mode are the wanted ones. A name that the host does not have is its number there."""
    owner = now.owner == wanted.owner or (now.uid == wanted.uid and now.owner == str(now.uid))
    group = now.group == wanted.group or (now.gid == wanted.gid and now.group == str(now.gid))
    return owner and group and now.mode == wanted.mode


def by_path(facts: t.Iterable[t.Mapping[str, t.Any]]) -> dict[str, FileFact]:
    """Facts of a report by path."""
    return {item["path"]: FileFact.from_dict(item) for item in facts}


def collect_paths(tree: FileTree, wanted: t.Iterable[FileFact]) -> dict[str, FileFact]:
    """The state of the wanted paths on this host. No link is followed."""
    return {fact.path: tree.inspect(fact.path, use=fact.use, follow=False) for fact in wanted}


@dataclasses.dataclass(frozen=True)
class _Filter:
    """Which paths are passed over: kubeadm's, those that a component writes, and the operator's own."""

    places: Places
    outputs: tuple[str, ...]
    unmanaged: tuple[str, ...]

    def is_operators(self, path: str) -> bool:
        """Whether the operator brings it himself."""
        return any(is_below(path, item) for item in self.unmanaged)

    def passes_over(self, path: str) -> bool:
        """Whether something in a carried directory is left out."""
        kubeadms = self.places.is_kubeadms(path) or self.places.is_own_directory(path)
        return kubeadms or is_output(path, self.outputs) or self.is_operators(path)


def _below(tree: FileTree, need: Need, filter_: _Filter, refusals: list[str]) -> t.Iterator[FileFact]:
    """The facts of one need."""
    top = tree.inspect(need.path, use=need.use, follow=True)
    if top.kind == ABSENT or filter_.is_operators(need.path):
        return
    if top.kind == SOCKET:
        yield dataclasses.replace(top, use=NEEDED)
    elif need.use == NEEDED or top.kind == FILE:
        yield top
    elif top.kind == DIRECTORY:
        yield top
        if need.use == CARRIED:
            yield from _children(tree, need, filter_, refusals)
    else:
        refusals.append(f"{need.path} is no file or directory and cannot be carried: {_BRING}")


def _children(tree: FileTree, need: Need, filter_: _Filter, refusals: list[str]) -> t.Iterator[FileFact]:
    """Everything in a carried directory, up to a limit."""
    todo, count = [need.path], 0
    while todo:
        directory = todo.pop()
        paths = [posixpath.join(directory, name) for name in tree.names(directory)]
        for path in (path for path in paths if not filter_.passes_over(path)):
            count += 1
            if count > MAXIMUM_FILES:
                refusals.append(
                    f"{need.path} holds more than {MAXIMUM_FILES} files, which is no configuration: mount what the "
                    f"component needs only, or {_BRING}"
                )
                return
            fact = tree.inspect(path, use=CARRIED, follow=True)
            if fact.kind == SOCKET:
                yield dataclasses.replace(fact, use=NEEDED)
            elif fact.kind == DIRECTORY and tree.is_link(path):
                refusals.append(f"{path} is a symbolic link to a directory and cannot be carried: {_BRING}")
            elif fact.kind in (FILE, DIRECTORY):
                todo += [path] if fact.kind == DIRECTORY else []
                yield fact
            elif fact.kind != ABSENT:
                refusals.append(f"{path} is no file or directory and cannot be carried: {_BRING}")


def _own_keys(
    tree: FileTree, facts: t.Collection[FileFact], places: Places, named_keys: t.Mapping[str, str]
) -> list[tuple[str, str]]:
    """Carried files that are the key of a certificate of this very host, with the refusal."""
    carried = [fact.path for fact in facts if fact.use == CARRIED and fact.kind == FILE and fact.sha256 is not None]
    if not carried:
        return []
    own, named = leaf_keys.of_host(tree, places.pki), {tree.real(path): flag for path, flag in named_keys.items()}
    found = []
    for path in carried:
        flag = named.get(tree.real(path))
        key = next((own[digest] for digest in sorted(leaf_keys.digests(tree.read(path))) if digest in own), None)
        if flag is not None or key is not None:
            what = f"--{flag}" if key is None else f"the same key as {key}"
            found.append((path, f"{path} holds the private key of a certificate of this host ({what}), {_OWN_KEY}"))
    return found


_OWN_KEY = (
    "and such a key is not carried: give each joining control plane a pair of its own there, and name the path in "
    "kubeadm_ha_unmanaged_files."
)
_NO_AUTHORITY = (
    "is not on this host, but all control planes need it: put it there, or let kubeadm upload the certificates "
    "(kubeadm_ha_certificates: upload) if it is kept elsewhere on purpose."
)
_BRING = "name it in kubeadm_ha_unmanaged_files and bring it to joining control planes yourself."


def _limits(found: t.Mapping[str, FileFact]) -> t.Iterator[str]:
    carried = [fact for fact in found.values() if fact.use == CARRIED and fact.kind == FILE]
    for fact in carried:
        if fact.size > MAXIMUM_FILE_BYTES:
            yield (
                f"{fact.path} has {fact.size} bytes; at most {MAXIMUM_FILE_BYTES} are carried to joining control planes: "
                f"{_BRING}"
            )
    total = sum(fact.size for fact in carried if fact.size <= MAXIMUM_FILE_BYTES)
    if total > MAXIMUM_BYTES:
        largest = max(carried, key=lambda fact: fact.size)
        yield (
            f"The files that the static pods need have {total} bytes together (the largest is {largest.path}); at most "
            f"{MAXIMUM_BYTES} are carried to joining control planes: {_BRING}"
        )


def _parents(path: str) -> t.Iterator[str]:
    parent = posixpath.dirname(path)
    while parent not in _EVERYWHERE and parent:
        yield parent
        parent = posixpath.dirname(parent)


def _object(fact: FileFact) -> str:
    return f"{fact.kind} {fact.path}"


def _differing(now: FileFact, wanted: FileFact) -> tuple[dict[str, str], dict[str, str]]:
    before, after = now.shown, wanted.shown
    names = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name, "") for name in names}, {name: after[name] for name in names}


def _other_kind(wanted: FileFact, now: FileFact) -> str:
    if now.kind == LINK:
        return (
            f"{wanted.path} leads through a symbolic link, which is not followed: put the {wanted.kind} itself there, or "
            "name it in kubeadm_ha_unmanaged_files."
        )
    return f"{wanted.path} is a {now.kind} here, but a {wanted.kind} on the serving control plane: move it away."


def _why_needed(fact: FileFact) -> str:
    if fact.kind == SOCKET:
        return "is a socket: start the service that makes it (for example the KMS plugin) before the host joins"
    return "belongs to the host's own system: install it there, or name it in kubeadm_ha_unmanaged_files"


def _short(sha256: str | None) -> str:
    return (sha256 or "unknown")[:12]


__all__ = (
    "MAXIMUM_BYTES",
    "MAXIMUM_FILES",
    "REASON",
    "Comparison",
    "FilesReport",
    "by_path",
    "collect",
    "collect_paths",
    "compare",
    "has_same_access",
)
