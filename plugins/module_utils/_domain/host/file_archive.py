# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contents of carried files on their way to another control plane."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import posixpath
import typing as t

from ..base.change import Decision
from ..base.errors import InvalidInput, UnsupportedState
from ..base.file_fact import CARRIED, DIRECTORY, FILE, MADE, PARENT, FileFact
from .carried_files import FilesReport, collect_paths, compare

if t.TYPE_CHECKING:
    from ..._ports.file_tree import FileTree
    from ..._ports.sealing import Sealing

_KIND = "kubeadm.ha control plane files"


def pack(tree: FileTree, report: FilesReport, sealing: Sealing, *, key: str) -> str:
    """The contents of the carried files, encrypted.

    Raises:
        UnsupportedState: when something cannot be carried, or a file changed while it was inspected.
    """
    refuse(report.refusals)
    contents = {}
    for fact in report.files:
        if fact.use == CARRIED and fact.kind == FILE:
            content = tree.read(fact.path)
            if hashlib.sha256(content).hexdigest() != fact.sha256:
                raise UnsupportedState(f"{fact.path} was changed while it was packed: run again.", path=fact.path)
            contents[fact.path] = base64.b64encode(content).decode("ascii")
    return sealing.seal(json.dumps({"kind": _KIND, "files": contents}).encode(), key)


def ensure(
    tree: FileTree, wanted: t.Sequence[FileFact], sealing: Sealing | None, *, archive: str | None, key: str | None
) -> Decision:
    """The host has the wanted files.

    Args:
        tree: files of the joining host.
        wanted: the serving control plane's files, without content.
        sealing: opens the archive; ``None`` without one.
        archive: their contents; ``None`` in check mode, where nothing was packed.
        key: what the archive was sealed under.

    Raises:
        InvalidInput: when the archive cannot be used, or does not hold exactly the wanted files.
        UnsupportedState: when the host has other files in their places.
    """
    check(wanted)
    contents = (
        None if archive is None or key is None or sealing is None else _contents(sealing.open(archive, key), wanted)
    )
    found = collect_paths(tree, wanted)
    comparison = compare(wanted, found)
    refuse(comparison.refusals)
    changed = {change.object.partition(" ")[2] for change in comparison.changes}

    def act() -> t.Mapping[str, t.Any]:
        for fact in sorted(wanted, key=lambda item: item.path):
            if fact.path not in changed:
                continue
            if found[fact.path].kind == fact.kind:
                tree.set_access(fact)
            elif fact.kind == DIRECTORY:
                tree.make(fact, None)
            else:
                tree.make(fact, _content(fact, contents))
        return {}

    return Decision(changes=comparison.changes, values={"paths": sorted(changed)}, act=act)


def parse_facts(option: t.Iterable[t.Mapping[str, t.Any]]) -> tuple[FileFact, ...]:
    """Facts from a module's option.

    Raises:
        InvalidInput: when they are not what ``control_plane_files_info`` returns.
    """
    try:
        return tuple(FileFact.from_dict(item) for item in option)
    except (KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            "The facts of files are not those that kubeadm.ha.control_plane_files_info returns: give its result unchanged."
        ) from error


def check(wanted: t.Iterable[FileFact]) -> None:
    """Refuse facts that no control plane reports: other uses, and paths that are not plain."""
    for fact in wanted:
        if not fact.path.startswith("/") or fact.path.startswith("//") or posixpath.normpath(fact.path) != fact.path:
            raise InvalidInput(f"The option files holds {fact.path!r}, which is no plain absolute path.")
        if fact.use in (CARRIED, MADE, PARENT) and fact.kind not in (FILE, DIRECTORY):
            raise InvalidInput(f"The option files holds {fact.path} as a {fact.kind}, which cannot be made.")


def refuse(sentences: t.Sequence[str]) -> None:
    """Raise ``UnsupportedState`` with all of the sentences, if there are any."""
    if sentences:
        raise UnsupportedState(" ".join(sentences), refusals=list(sentences))


def _contents(content: bytes, wanted: t.Iterable[FileFact]) -> dict[str, bytes]:
    """The contents by path: exactly those of the carried files, each with the hash that was reported."""
    hashes = {fact.path: fact.sha256 for fact in wanted if fact.use == CARRIED and fact.kind == FILE}
    try:
        document = json.loads(content)
        files = {path: base64.b64decode(text, validate=True) for path, text in document["files"].items()}
        is_ours = document["kind"] == _KIND
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error) as error:
        raise InvalidInput("The option archive holds no files of a control plane.") from error
    if not is_ours or set(files) != set(hashes):
        raise InvalidInput("The option archive does not hold exactly the files that the option files lists.")
    for path, data in files.items():
        if hashlib.sha256(data).hexdigest() != hashes[path]:
            raise InvalidInput(f"The option archive holds another {path} than the option files names.")
    return files


def _content(fact: FileFact, contents: t.Mapping[str, bytes] | None) -> bytes:
    if fact.use == MADE:
        return b""
    if contents is None:
        raise InvalidInput(f"The options archive and certificate_key are missing: {fact.path} has to be carried here.")
    return contents[fact.path]


__all__ = ("check", "ensure", "pack", "parse_facts", "refuse")
