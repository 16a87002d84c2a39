# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual routers of a configuration of keepalived.

Facts are of keepalived.conf(5): its blocks, comments and defaults.
"""

from __future__ import annotations

import dataclasses
import re
import shlex
import typing as t

from ..base.errors import InvalidInput
from .balancer import NotUnderstood, Setting
from .virtual_router import Script, Track, VirtualRouter

_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,6})?")
#: Blocks of virtual IPs: those that it advertises, and those that it holds besides.
_ADDRESSES = ("virtual_ipaddress", "virtual_ipaddress_excluded")
#: What decides nothing here, though it may hold secrets or addresses.
_NOT_FOLLOWED = ("vrrp_sync_group", "track_interface", "track_bfd", "track_group")


@dataclasses.dataclass(frozen=True)
class Block:
    """A line, with the block that it opens.

    Attributes:
        words: of the line.
        where: file and line.
        children: lines of the block.
    """

    words: tuple[str, ...]
    where: str
    children: tuple[Block, ...] = ()

    def last(self, name: str) -> Block | None:
        """The last line of the block with this first word."""
        return next((each for each in reversed(self.children) if each.words[0] == name), None)


def parse(host: str, path: str, text: str) -> tuple[tuple[VirtualRouter, ...], tuple[NotUnderstood, ...]]:
    """The virtual routers of a configuration, and what of it was not understood.

    Args:
        host: whose it is.
        path: of the file, for messages and places.
        text: of the file.

    Raises:
        InvalidInput: naming file and line.
    """
    root = Block(("",), "", parse_blocks(path, text))
    notes: list[NotUnderstood] = []
    scripts = {script.name: script for script in map(_script, _blocks(root, "vrrp_script"))}
    processes = {script.name: script for script in map(_process, _blocks(root, "vrrp_track_process"))}
    files = {
        script.name: script for script in map(_file, (*_blocks(root, "track_file"), *_blocks(root, "vrrp_track_file")))
    }
    version = next(
        (_value(each, "vrrp_version") for each in _blocks(root, "global_defs") if each.last("vrrp_version")), None
    )
    known = {"track_script": scripts, "track_process": processes, "track_file": files}
    routers = []
    for each in _blocks(root, "vrrp_instance"):
        notes += [
            NotUnderstood(child.where, child.words[0]) for child in each.children if child.words[0] in _NOT_FOLLOWED
        ]
        routers.append(_router(host, each, known, int(version.value) if version is not None else 2))
    notes += [
        NotUnderstood(each.where, each.words[0])
        for each in root.children
        if each.words[0] in (*_NOT_FOLLOWED, "include")
    ]
    return tuple(routers), tuple(notes)


def parse_blocks(path: str, text: str) -> tuple[Block, ...]:
    """The lines of a configuration with their blocks.

    Raises:
        InvalidInput: naming file and line.
    """
    blocks = _Blocks()
    for number, line in enumerate(text.splitlines(), 1):
        where = f"{path}:{number}"
        blocks.add(_tokens(line, where), where)
    return blocks.end()


class _Blocks:
    """Makes a tree of lines and braces."""

    def __init__(self) -> None:
        self._open: list[tuple[tuple[str, ...], str, list[Block]]] = [((), "", [])]

    def add(self, words: t.Sequence[str], where: str) -> None:
        """The words of one line."""
        line: list[str] = []
        for each in words:
            if each == "{":
                self._begin(line, where)
            elif each == "}":
                self._put(line, where)
                self._end(where)
            else:
                line.append(each)
                continue
            line = []
        self._put(line, where)

    def end(self) -> tuple[Block, ...]:
        """The tree."""
        head, where, children = self._open[-1]
        if len(self._open) > 1:
            raise InvalidInput(f"{where}: the block {head[0]} is not closed: close it.")
        return tuple(children)

    def _put(self, words: t.Sequence[str], where: str) -> None:
        if words:
            self._open[-1][2].append(Block(tuple(words), where))

    def _begin(self, words: t.Sequence[str], where: str) -> None:
        siblings = self._open[-1][2]
        if words:
            self._open.append((tuple(words), where, []))
        elif siblings:
            # The brace is on a line of its own.
            before = siblings.pop()
            self._open.append((before.words, before.where, list(before.children)))
        else:
            raise InvalidInput(f"{where}: a block without a name: correct it.")

    def _end(self, where: str) -> None:
        if len(self._open) == 1:
            raise InvalidInput(f"{where}: a brace closes nothing: correct it.")
        head, place, children = self._open.pop()
        self._open[-1][2].append(Block(head, place, tuple(children)))


def _tokens(line: str, where: str) -> list[str]:
    lexer = shlex.shlex(line, posix=True, punctuation_chars="{}")
    lexer.commenters = "#!"
    lexer.whitespace_split = True
    lexer.escape = ""
    # An apostrophe is a letter to keepalived.
    lexer.quotes = '"'
    try:
        found = [each for word in lexer for each in (word if word and set(word) <= {"{", "}"} else (word,))]
    except ValueError:
        raise InvalidInput(f"{where}: a quote is not closed: close it.") from None
    if found and (found[0].startswith(("@", "$", "~")) and found[0] != "{"):
        raise InvalidInput(
            f"{where}: a condition or a definition of keepalived (@, $ or ~) makes the file depend on its host: give the file with what they "
            "leave of it."
        )
    return found


def _blocks(root: Block, name: str) -> tuple[Block, ...]:
    return tuple(each for each in root.children if each.words[0] == name)


def _name(block: Block) -> str:
    if len(block.words) < 2:
        raise InvalidInput(f"{block.where}: {block.words[0]} has no name: correct it.")
    return block.words[1]


def _value(block: Block, name: str, default: float | None = None, unit: str = "") -> Setting | None:
    line = block.last(name)
    if line is None:
        return None if default is None else Setting(name, default, unit=unit)
    return Setting(name, _number(line, 1), line.where, unit)


def _setting(block: Block, name: str, default: float, unit: str = "") -> Setting:
    found = _value(block, name, default, unit)
    return found if found is not None else Setting(name, default, unit=unit)


def _number(line: Block, position: int) -> float:
    text = line.words[position] if len(line.words) > position else ""
    if not _NUMBER.fullmatch(text):
        raise InvalidInput(f"{line.where}: {line.words[0]} has no number: correct it.")
    return float(text)


def _script(block: Block) -> Script:
    command = block.last("script")
    interval = _setting(block, "interval", 1.0, "s")
    return Script(
        kind="script",
        name=_name(block),
        command=" ".join(command.words[1:]) if command is not None else "",
        where=block.where,
        interval=interval,
        timeout=_value(block, "timeout", unit="s"),
        fall=_setting(block, "fall", 1),
        rise=_setting(block, "rise", 1),
        weight=_setting(block, "weight", 0),
    )


def _process(block: Block) -> Script:
    process = block.last("process")
    delay = _value(block, "delay", unit="s") or _setting(block, "terminate_delay", 0.0, "s")
    return Script(
        kind="process",
        name=_name(block),
        command=process.words[1] if process is not None and len(process.words) > 1 else "",
        where=block.where,
        interval=delay,
        timeout=None,
        fall=Setting("fall", 1, unit=""),
        rise=Setting("rise", 1, unit=""),
        weight=_setting(block, "weight", 0),
    )


def _file(block: Block) -> Script:
    file = block.last("file")
    return Script(
        kind="file",
        name=_name(block),
        command=file.words[1] if file is not None and len(file.words) > 1 else "",
        where=block.where,
        interval=Setting("whoever writes the file", 0.0, block.where),
        timeout=None,
        fall=Setting("fall", 1, unit=""),
        rise=Setting("rise", 1, unit=""),
        weight=_setting(block, "weight", 1),
    )


def _router(host: str, block: Block, known: t.Mapping[str, t.Mapping[str, Script]], version: int) -> VirtualRouter:
    state = block.last("state")
    router_id = block.last("virtual_router_id")
    if router_id is None:
        raise InvalidInput(f"{block.where}: vrrp_instance {_name(block)} has no virtual_router_id: correct it.")
    own_version = _value(block, "version")
    addresses = [line for kind in _ADDRESSES for each in _blocks(block, kind) for line in each.children]
    unicast = block.last("unicast_peer")
    delay = block.last("preempt_delay")
    return VirtualRouter(
        host=host,
        name=_name(block),
        where=block.where,
        is_first_holder=state is not None and state.words[1:2] == ("MASTER",),
        priority=_setting(block, "priority", 100),
        advert=_setting(block, "advert_int", 1.0, "s"),
        router_id=int(_number(router_id, 1)),
        version=int(own_version.value) if own_version is not None else version,
        keeps=block.last("nopreempt") is not None,
        preempt_delay=Setting("preempt_delay", _number(delay, 1), delay.where) if delay is not None else None,
        addresses=tuple(each.words[0].partition("/")[0] for each in addresses),
        peers=tuple(each.words[0] for each in unicast.children) if unicast is not None else (),
        tracks=tuple(_tracks(block, known)),
    )


def _tracks(block: Block, known: t.Mapping[str, t.Mapping[str, Script]]) -> t.Iterator[Track]:
    for kind, scripts in known.items():
        for group in _blocks(block, kind):
            for line in group.children:
                script = scripts.get(line.words[0])
                if script is None:
                    raise InvalidInput(
                        f"{line.where}: nothing has the name {line.words[0]} that is tracked here: correct it."
                    )
                weight = (
                    Setting("weight", _number(line, 2), line.where, "")
                    if line.words[1:2] == ("weight",)
                    else script.weight
                )
                yield Track(script, weight, line.where)


__all__ = ("Block", "parse", "parse_blocks")
