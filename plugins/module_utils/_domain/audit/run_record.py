# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run has done: the cluster before, the plan, when each entry began and ended, the cluster after.

A run writes it whenever a step begins or ends, so what is there when the run stops is what happened until then.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
import typing as t

from ..base.report_fields import absent, read
from ..plan.run_plays import expected_plays
from .shown_plan import ShownEntry

#: Raised when a key gets another meaning or goes away; new keys do not raise it.
SCHEMA = 1

Document = t.Mapping[str, t.Any]


class State(enum.Enum):
    """Of a run."""

    #: There was nothing to be done.
    NOTHING = "nothing to do"
    #: Check mode: nothing was done.
    CHECKED = "checked"
    #: It has begun. One that does not run any more stopped there.
    BEGUN = "begun"
    #: It has come to its end.
    DONE = "done"


class Outcome(enum.Enum):
    """Of an entry."""

    DONE = "done"
    #: Its step began and did not end: it may be done or not.
    BEGUN = "begun"
    NOT_DONE = "not done"


@dataclasses.dataclass(frozen=True)
class StepTime:
    """A play of the run on a host, in seconds since the epoch by the controller's clock.

    Attributes:
        host: inventory name.
        play: the play's name.
        began: when its first task ran on this host.
        ended: when its last one had; ``None`` when it did not.
    """

    host: str
    play: str
    began: float
    ended: float | None = dataclasses.field(default=None, metadata=absent(None))

    @property
    def seconds(self) -> float | None:
        """How long it took; ``None`` when that is not known."""
        return elapsed(self.began, self.ended)


@dataclasses.dataclass(frozen=True)
class ChangeTime:
    """A change by the journal of a host, in seconds since the epoch by that host's clock.

    Attributes:
        host: inventory name.
        object: what changed.
        began: when it began; ``None`` where the journal has no time.
        ended: when it was done; ``None`` the same, and where it was not.
        is_done: whether it was.
    """

    host: str
    object: str
    began: float | None
    ended: float | None
    is_done: bool

    @classmethod
    def of_journal(cls, host: str, found: t.Mapping[str, t.Any]) -> ChangeTime:
        """From what ``kubeadm.ha.run_journal_info`` returned."""
        return cls(
            host,
            str(found.get("object")),
            seconds_of(found.get("began")),
            seconds_of(found.get("ended")),
            bool(found.get("is_done")),
        )


@dataclasses.dataclass(frozen=True)
class EntryTime:
    """What became of an entry of the plan.

    Attributes:
        entry: the entry.
        outcome: what became of it.
        began: when it began; ``None`` when it did not, or nobody knows.
        ended: when it ended; ``None`` the same.
        is_of_step: whether the times are those of its whole step: ordinary modules leave no journal.
    """

    entry: ShownEntry
    outcome: Outcome
    began: float | None = None
    ended: float | None = None
    is_of_step: bool = False

    @property
    def seconds(self) -> float | None:
        """How long it took; ``None`` when that is not known."""
        return elapsed(self.began, self.ended)


@dataclasses.dataclass(frozen=True)
class RunRecord:
    """A run.

    Attributes:
        began: when it began, in seconds since the epoch by the controller's clock.
        entries: its plan.
        is_check: whether it ran in check mode.
        before: the audit of the cluster as it was inspected at the beginning; ``None`` without one.
        after: the same at the end.
        ended: when it came to its end; ``None`` when it did not.
        groups: names of the groups of each host, by which its plays are known.
        steps: when each play ran on each host.
        changes: what the journals say.
    """

    began: float
    entries: tuple[ShownEntry, ...]
    is_check: bool = False
    before: Document | None = None
    after: Document | None = None
    ended: float | None = None
    groups: t.Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    steps: tuple[StepTime, ...] = ()
    changes: tuple[ChangeTime, ...] = ()

    @property
    def state(self) -> State:
        """How far it came."""
        if not self.entries:
            return State.NOTHING
        if self.is_check:
            return State.CHECKED
        return State.BEGUN if self.ended is None else State.DONE

    @property
    def seconds(self) -> float | None:
        """How long it took; ``None`` when it did not come to its end, or that is not known."""
        return elapsed(self.began, self.ended)

    @functools.cached_property
    def outcomes(self) -> tuple[EntryTime, ...]:
        """What became of each entry, in the order of the plan."""
        journal: dict[tuple[str, str], list[ChangeTime]] = {}
        # One that was begun and failed, and then was made, was made.
        for change in sorted(self.changes, key=lambda change: not change.is_done):
            journal.setdefault((change.host, change.object), []).append(change)
        return tuple(
            self._outcome(entry, found.pop(0) if found else None)
            for entry in self.entries
            for found in [journal.get((entry.host, entry.object), [])]
        )

    def _outcome(self, entry: ShownEntry, change: ChangeTime | None) -> EntryTime:
        step = self._of_step(entry)
        if change is None:
            return step
        if change.is_done:
            return EntryTime(entry, Outcome.DONE, change.began, change.ended)
        # What was begun and not noted as done is judged by its step.
        return dataclasses.replace(step, began=change.began, ended=None, is_of_step=False)

    @functools.cached_property
    def _steps_of(self) -> t.Mapping[str, list[StepTime]]:
        """The plays by their hosts."""
        found: dict[str, list[StepTime]] = {}
        for item in self.steps:
            found.setdefault(item.host, []).append(item)
        return found

    def _of_step(self, entry: ShownEntry) -> EntryTime:
        expected = expected_plays(self.groups.get(entry.host, ()), entry.step)
        found = [item for item in self._steps_of.get(entry.host, ()) if item.play in expected]
        if not found:
            return EntryTime(entry, Outcome.NOT_DONE)
        ended = {item.play for item in found if item.ended is not None}
        is_done = ended.issuperset(expected)
        return EntryTime(
            entry,
            Outcome.DONE if is_done else Outcome.BEGUN,
            min(item.began for item in found),
            max(item.ended for item in found if item.ended is not None) if is_done else None,
            is_of_step=True,
        )

    # --- how it goes on -------------------------------------------------------------------------------------------------

    def with_step(self, step: StepTime, groups: t.Iterable[str]) -> RunRecord:
        """The same with what is known now of a play on a host."""
        others = tuple(item for item in self.steps if (item.host, item.play) != (step.host, step.play))
        return dataclasses.replace(
            self, steps=(*others, step), groups={**self.groups, step.host: tuple(sorted(groups))}
        )

    # --- what changed ---------------------------------------------------------------------------------------------------

    @property
    def gone(self) -> list[Document]:
        """Findings that there were, and are no more."""
        return _without(self.before, self.after) if self.after is not None else []

    @property
    def new(self) -> list[Document]:
        """Findings that there were not."""
        return _without(self.after, self.before) if self.before is not None else []

    # --- JSON -----------------------------------------------------------------------------------------------------------

    def document(self) -> dict[str, t.Any]:
        """JSON-compatible; from it :meth:`from_document` makes the run again, but for its journals."""
        return {
            "schema": SCHEMA,
            "state": self.state.value,
            "check_mode": self.is_check,
            "began": moment(self.began),
            "ended": moment(self.ended),
            "seconds": _rounded(self.seconds),
            "before": self.before,
            "entries": [_outcome_document(item) for item in self.outcomes],
            "steps": [
                {
                    "host": item.host,
                    "play": item.play,
                    "began": moment(item.began),
                    "ended": moment(item.ended),
                    "seconds": _rounded(item.seconds),
                }
                for item in self.steps
            ],
            "groups": {name: list(groups) for name, groups in self.groups.items()},
            "after": self.after,
            "gone": self.gone,
            "new": self.new,
        }

    @classmethod
    def from_document(cls, document: Document) -> RunRecord:
        """What :meth:`document` wrote.

        Raises:
            MalformedReport: naming the key and what was found there.
        """
        written = read(_Written, document, where="The report of the run")
        return cls(
            began=seconds_of(written.began) or 0.0,
            entries=tuple(written.entries),
            is_check=written.check_mode,
            before=written.before,
            after=written.after,
            ended=seconds_of(written.ended),
            groups={name: tuple(groups) for name, groups in written.groups.items()},
            steps=tuple(
                StepTime(item.host, item.play, seconds_of(item.began) or 0.0, seconds_of(item.ended))
                for item in written.steps
            ),
        )


@dataclasses.dataclass(frozen=True)
class _WrittenStep:
    host: str
    play: str
    began: str
    ended: str | None = dataclasses.field(metadata=absent(None))


@dataclasses.dataclass(frozen=True)
class _Written:
    """A run as it stands in a file."""

    SCHEMA: t.ClassVar[int] = SCHEMA

    began: str
    check_mode: bool
    entries: t.Sequence[ShownEntry]
    steps: t.Sequence[_WrittenStep]
    groups: t.Mapping[str, t.Sequence[str]]
    ended: str | None = dataclasses.field(metadata=absent(None))
    before: t.Any = dataclasses.field(metadata=absent(None))
    after: t.Any = dataclasses.field(metadata=absent(None))


def _outcome_document(item: EntryTime) -> dict[str, t.Any]:
    return {
        **dataclasses.asdict(item.entry),
        "outcome": item.outcome.value,
        "began": moment(item.began),
        "ended": moment(item.ended),
        "seconds": _rounded(item.seconds),
        "is_of_step": item.is_of_step,
    }


def _without(some: Document | None, others: Document | None) -> list[Document]:
    """The findings of an audit that another one has not, by kind and object."""
    known = {(item.get("id"), item.get("object")) for item in (others or {}).get("findings") or ()}
    return [item for item in (some or {}).get("findings") or () if (item.get("id"), item.get("object")) not in known]


def elapsed(began: float | None, ended: float | None) -> float | None:
    """How long something took; ``None`` where a time is missing, or a clock was put back meanwhile."""
    return None if began is None or ended is None or ended < began else ended - began


def moment(seconds: float | None) -> str | None:
    """A time as RFC 3339 has it, to the millisecond; ``None`` without one."""
    if seconds is None:
        return None
    text = dt.datetime.fromtimestamp(seconds, dt.timezone.utc).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def seconds_of(text: object) -> float | None:
    """The seconds since the epoch of a time of RFC 3339; ``None`` for anything else."""
    try:
        found = dt.datetime.fromisoformat(str(text).replace("Z", "+00:00"))
    except ValueError:
        return None
    return found.timestamp() if found.tzinfo is not None else None


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


__all__ = (
    "SCHEMA",
    "ChangeTime",
    "Document",
    "EntryTime",
    "Outcome",
    "RunRecord",
    "State",
    "StepTime",
    "elapsed",
    "moment",
    "seconds_of",
)
