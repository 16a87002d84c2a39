# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs have changed on a host, and what was there before, by the host's journal and what is kept beside it.

Three states are compared: before, as runs have left it, and now. What is as a run left it goes back; everything else is somebody
else's, or is back already.
"""

from __future__ import annotations

import dataclasses
import json
import typing as t

from ..base.change import Change
from ..base.report_fields import absent, as_dict, read
from ..kubeadm.cluster_configuration import OBJECT as KUBEADM_CONFIG
from ..pki.previous_certificate import PreviousCertificate
from . import journal_reader

#: Stands between an object and the field of it to which a change is.
FIELD = "#"
#: Stands between a field that is a list and an element of it, which was there or was not.
ELEMENT = "="
#: Part of the names of fields that hold flags, whose values may be lists, too.
FLAGS = ".extraArgs."
_RESET, _JOIN, _INIT = "kubeadm_reset", "kubeadm_join", "kubeadm_init"


@dataclasses.dataclass(frozen=True)
class Made:
    """A change that a run has begun, or a reset that it has ended.

    Attributes:
        at: the host's time.
        module: that made it, without the collection.
        object: what changed.
        before: its state then.
        after: its state afterwards.
    """

    at: str
    module: str
    object: str
    before: t.Any
    after: t.Any


@dataclasses.dataclass(frozen=True)
class KeptRecord:
    """What a role has kept of a host before it changed something.

    Attributes:
        name: of the record.
        changes: what puts everything back.
        objection: why nothing is put back, as it is; empty when nothing is against it.
    """

    name: str
    changes: tuple[Change, ...] = ()
    objection: str = ""


@dataclasses.dataclass(frozen=True)
class PreviousState:
    """What ``previous_state_info`` reports of a host: the one place that knows how it is written.

    Attributes:
        made: what runs have changed, the oldest first.
        certificates: those that were replaced, with what was there before.
        records: what roles have kept.
    """

    made: tuple[Made, ...] = dataclasses.field(default=(), metadata=absent(()))
    certificates: tuple[PreviousCertificate, ...] = dataclasses.field(default=(), metadata=absent(()))
    records: tuple[KeptRecord, ...] = dataclasses.field(default=(), metadata=absent(()))

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> PreviousState:
        """From what :meth:`as_dict` gave.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"What {host} reported of its previous state")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)

    @property
    def has_joined(self) -> bool:
        """Whether a run has made the host a node, and it was not reset since."""
        return _ends_with(self.made, _JOIN)

    @property
    def was_joined(self) -> bool:
        """Whether a run has ever made the host a node."""
        return any(item.module == _JOIN for item in self.made)

    @property
    def has_begun_cluster(self) -> bool:
        """Whether a run has created the cluster on this host, and it was not reset since."""
        return _ends_with(self.made, _INIT)


@dataclasses.dataclass(frozen=True)
class Previous:
    """What an object was before runs changed it.

    Attributes:
        object: the object.
        before: what it was.
        left: every state that a run has left it in, or may have.
    """

    object: str
    before: t.Any
    left: tuple[t.Any, ...]


def parse(text: str) -> list[Made]:
    """What a journal says. What has begun may have been done; only of a reset it matters that it was."""
    found: list[Made] = []
    for line in journal_reader.parse(text):
        if line.is_done == (line.module == _RESET):
            found += _made(line)
    return found


def previous(made: t.Iterable[Made]) -> dict[str, list[Previous]]:
    """What each object was before, by its name; of one that somebody else has changed between two runs both, the latest last.

    Args:
        made: in the order of their times.
    """
    found: dict[str, list[Previous]] = {}
    for item in made:
        known = found.setdefault(item.object, [])
        same = next((each for each in reversed(known) if item.before in (each.before, *each.left)), None)
        if same is None:
            known.append(Previous(item.object, item.before, (item.after,)))
        else:
            known.remove(same)
            known.append(dataclasses.replace(same, left=(*same.left, item.after)))
    return found


def of_state(known: t.Iterable[Previous], now: t.Any, *, same: t.Callable[[t.Any, t.Any], bool]) -> Previous | None:
    """The latest that ends in the state of now, so that runs have left it so; ``None`` when somebody else has, or it is back."""
    for item in reversed(list(known)):
        if same(now, item.before):
            return None
        if any(same(now, left) for left in item.left):
            return item
    return None


def _made(line: journal_reader.Line) -> t.Iterator[Made]:
    before, after = line.before, line.after
    if line.object != KUBEADM_CONFIG or not isinstance(before, dict) or not isinstance(after, dict):
        yield Made(line.at, line.module, line.object, before, after)
        return
    for field in after:
        name, old, new = f"{line.object}{FIELD}{field}", before.get(field), after[field]
        if _is_list(old, new) and FLAGS not in field:
            # Who adds to a list changes nothing of what others have added.
            olds, news = _elements(old), _elements(new)
            for text in dict.fromkeys((*olds, *news)):
                if (text in olds) != (text in news):
                    yield Made(line.at, line.module, f"{name}{ELEMENT}{text}", text in olds, text in news)
        else:
            yield Made(line.at, line.module, name, old, new)


def element(value: t.Any) -> str:
    """How an element of a list stands behind :data:`ELEMENT`."""
    return json.dumps(value, sort_keys=True)


def _is_list(old: t.Any, new: t.Any) -> bool:
    return all(value is None or isinstance(value, list) for value in (old, new))


def _elements(value: t.Any) -> list[str]:
    return [element(item) for item in value or ()]


def _ends_with(made: t.Iterable[Made], module: str) -> bool:
    latest = [item.module for item in made if item.module in (module, _RESET)]
    return bool(latest) and latest[-1] == module


__all__ = (
    "ELEMENT",
    "FIELD",
    "FLAGS",
    "KeptRecord",
    "Made",
    "Previous",
    "PreviousState",
    "element",
    "of_state",
    "parse",
    "previous",
)
