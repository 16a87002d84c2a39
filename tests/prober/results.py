# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scenario measured, judged and written to ``build/results/<scenario>.json``.

The rule: counts are held exactly. Timings are noisy on shared machines: one fails a scenario only beyond three times
its bound and is reported above the bound, unless it says otherwise of itself. Bounds of timings are units: seconds on a machine of factor 1
(``tests/tools/machine.py``).
"""

from __future__ import annotations

import contextlib
import enum
import json
import math
import os
import re
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from tests.prober.analysis import CONTROL

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import TracebackType

    from tests.prober.analysis import TargetSummary

RESULTS = Path(__file__).resolve().parents[2] / "build" / "results"
TIMING_FACTOR = 3.0
#: So long no machine stalls us without the control's noticing; a server that hangs so long leaves such a gap.
_OUTAGE_SECONDS, _OUTAGE_GAP_MS = 1.0, 1500
#: From this factor on a probe's second is too short: what takes two thirds of it on the machine of reference takes it all.
_SLOW_MACHINE = 1.5
#: A control without an answer for so long was held up by the machine as well, whatever its factor was before: an idle
#: machine leaves gaps of 180 to 320 ms (docs/results).
_SLOW_CONTROL_MS = 600
_SCENARIO = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Rule(enum.Enum):
    """How a value is held against its bound."""

    AT_MOST = "at most"
    AT_LEAST = "at least"
    EXACTLY = "exactly"
    TIMING = "timing"

    @property
    def sign(self) -> str:
        """How the bound is written in the table."""
        return {Rule.AT_LEAST: ">=", Rule.EXACTLY: "="}.get(self, "<=")


class Verdict(enum.Enum):
    """What became of a figure; only FAILED fails the scenario."""

    OK = "ok"
    ABOVE_BOUND = "above bound"
    FAILED = "FAILED"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, kw_only=True)
class Step:
    """A named part of the scenario and how long it took, in seconds."""

    name: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A measured value and its bound; infinite stands for "never happened" and is written as null."""

    name: str
    value: float
    bound: float
    rule: Rule
    is_spoilt: bool = False
    """The probes that it was taken from say nothing."""
    tolerance: float | None = None
    """How many times its bound a timing may reach; None: what the scenario says."""

    def verdict(self, *, timing_factor: float = TIMING_FACTOR, machine_factor: float = 1.0) -> Verdict:
        """Judge the figure; a value that is no number fails.

        :param timing_factor: how many times its bound a timing may reach.
        :param machine_factor: how many times longer than the machine of reference this one takes.
        """
        if self.rule is Rule.EXACTLY:
            return Verdict.OK if self.value == self.bound else Verdict.FAILED
        if self.rule is Rule.AT_LEAST:
            return Verdict.OK if self.value >= self.bound and math.isfinite(self.value) else Verdict.FAILED
        if self.is_spoilt:
            return Verdict.INCONCLUSIVE
        bound = self.bound * machine_factor if self.rule is Rule.TIMING else self.bound
        if self.value <= bound:
            return Verdict.OK
        tolerance = timing_factor if self.tolerance is None else self.tolerance
        if self.rule is Rule.TIMING and self.value <= bound * tolerance:
            return Verdict.ABOVE_BOUND
        return Verdict.FAILED


@dataclass(frozen=True, kw_only=True)
class ProbedTarget:
    """The summary of one target and how many failed probes the scenario allows (None: any number).

    :param is_spoilt: the control failed so often meanwhile that the number of failed probes says nothing.
    """

    name: str
    summary: TargetSummary
    max_failed: int | None
    is_spoilt: bool = False

    def verdict(self) -> Verdict:
        """Judge the target; one that was never probed fails.

        An outage while the control answered is one on a busy machine, too.
        """
        if self.summary.sent == 0:
            return Verdict.FAILED
        if self.max_failed is None:
            return Verdict.OK
        if self.is_spoilt:
            is_outage = (
                self.summary.longest_outage_seconds >= _OUTAGE_SECONDS or self.summary.longest_gap_ms >= _OUTAGE_GAP_MS
            )
            return Verdict.FAILED if is_outage else Verdict.INCONCLUSIVE
        return Verdict.FAILED if self.summary.held_against_us > self.max_failed else Verdict.OK


@dataclass(kw_only=True)
class ScenarioResults:
    """Collects what a scenario measures.

    As a context manager it writes the file at the end of the block, also after an exception, which makes the scenario
    failed.

    :param scenario: name of the scenario and of its file; lower case letters, digits, ``-``, ``_``.
    :param kubernetes: version under test, such as ``v1.34.4``.
    :param directory: where the file goes.
    :param timing_factor: how many times its bound a timing may reach; 1 holds timings to the bounds themselves.
    :param machine_factor: how many times longer than the machine of reference this one takes.
    :param commit: the commit that makes the results.
    """

    scenario: str
    kubernetes: str
    directory: Path = RESULTS
    timing_factor: float = TIMING_FACTOR
    machine_factor: float = 1.0
    commit: str = ""
    steps: list[Step] = field(default_factory=list)
    probes: list[ProbedTarget] = field(default_factory=list)
    figures: list[Figure] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    inconclusive: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not _SCENARIO.fullmatch(self.scenario):
            raise ValueError(f"scenario {self.scenario!r}: use lower case letters, digits, '-' and '_'")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            self.fail(f"{type(error).__name__}: {error}")
        self.write()
        if self._is_empty:
            raise AssertionError(f"the scenario {self.scenario} measured nothing: its results would never be kept")

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time the block as a step, also when it raises."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.add_step(name, time.monotonic() - began)

    def add_step(self, name: str, seconds: float) -> None:
        """Add a step that was timed elsewhere."""
        self.steps.append(Step(name=name, seconds=seconds))

    def add_probes(self, summaries: Mapping[str, TargetSummary], *, max_failed: int | None = 0) -> None:
        """Add targets probed during the change itself, and the control that was probed with them.

        :raises ValueError: when a target of that name is there already.
        """
        control = summaries.get(CONTROL)
        is_spoilt = self.is_spoilt_by(control, "the probes of the change")
        for name, summary in summaries.items():
            if name in {probed.name for probed in self.probes}:
                raise ValueError(f"target {name!r} is in the results already")
            allowed = None if name == CONTROL else max_failed
            is_like_control = (
                name != CONTROL and not is_spoilt and self._is_like(control, name, summary, max_failed or 0)
            )
            probed = ProbedTarget(
                name=name, summary=summary, max_failed=allowed, is_spoilt=is_spoilt or is_like_control
            )
            self.probes.append(probed)

    def _is_like(self, control: TargetSummary | None, name: str, summary: TargetSummary, max_failed: int) -> bool:
        """Whether the machine may have done it: the control failed as often, or all were too slow on a slow machine.

        Then the reason is noted. No more failures than are allowed need none.
        """
        if control is None or summary.held_against_us <= max_failed:
            return False
        is_slow = self.machine_factor >= _SLOW_MACHINE or control.longest_gap_ms >= _SLOW_CONTROL_MS
        if is_slow and summary.timeouts == summary.held_against_us:
            self.inconclusive.append(
                f"the probes of {name}: {summary.timeouts} of {summary.sent} took longer than their second on a machine that "
                f"takes {self.machine_factor:g} times as long as the one of reference, and on which the control, to which "
                f"nothing was done, had no answer for {control.longest_gap_ms:g} ms; run it on a faster or an idle one"
            )
            return True
        if summary.held_against_us > control.failed:
            return False
        self.inconclusive.append(
            f"the probes of {name}: {summary.held_against_us} of {summary.sent} failed, and of the control, to which nothing "
            f"was done, {control.failed} of {control.sent} at other moments, so the machine was too busy to judge"
        )
        return True

    def is_spoilt_by(self, control: TargetSummary | None, what: str) -> bool:
        """Whether the machine spoilt a measurement by its control; then the reason is noted."""
        if control is None or not control.is_spoilt:
            return False
        self.inconclusive.append(
            f"{what}: the control, to which nothing was done, failed {control.failed} of its {control.sent} probes, more "
            "than 1 %, so the machine was too busy to judge; run it again on an idle one"
        )
        return True

    def at_most(self, name: str, value: int, *, bound: int, is_spoilt: bool = False) -> Figure:
        """Add a count that must not exceed its bound, such as changed or failed probes."""
        return self._add(Figure(name=name, value=value, bound=bound, rule=Rule.AT_MOST, is_spoilt=is_spoilt))

    def at_least(self, name: str, value: int, *, bound: int) -> Figure:
        """Add a count that must reach its bound."""
        return self._add(Figure(name=name, value=value, bound=bound, rule=Rule.AT_LEAST))

    def exactly(self, name: str, value: int, *, bound: int) -> Figure:
        """Add a count that must equal its bound, such as members."""
        return self._add(Figure(name=name, value=value, bound=bound, rule=Rule.EXACTLY))

    def timing(
        self, name: str, value: float, *, bound: float, is_spoilt: bool = False, tolerance: float | None = None
    ) -> Figure:
        """Add a time with its upper bound in units.

        :param tolerance: how many times its bound it may reach, where that is not what the scenario says.
        """
        figure = Figure(name=name, value=value, bound=bound, rule=Rule.TIMING, is_spoilt=is_spoilt, tolerance=tolerance)
        return self._add(figure)

    def ratio(self, name: str, value: float, *, bound: float) -> Figure:
        """Add a ratio of times, which does not depend on the machine, with its upper bound."""
        return self._add(Figure(name=name, value=value, bound=bound, rule=Rule.AT_MOST))

    def fail(self, reason: str) -> None:
        """Make the scenario failed for a reason that is no figure."""
        self.errors.append(reason)

    def failures(self) -> list[str]:
        """Return every reason why the scenario failed; empty when it passed.

        Nothing measured is a failure too.
        """
        reasons = list(self.errors)
        reasons += [
            f"probes of {probed.name}: {probed.summary.failed} of {probed.summary.sent} failed,"
            f" {probed.summary.excused} of them while the control failed too, allowed {probed.max_failed}"
            for probed in self.probes
            if probed.verdict() is Verdict.FAILED
        ]
        reasons += [
            f"{figure.name}: {_number(figure.value)}, bound {figure.rule.sign} {_number(self._bound(figure))}"
            for figure in self.figures
            if self._verdict(figure) is Verdict.FAILED
        ]
        if self._is_empty:
            reasons.append("nothing was measured")
        return reasons

    @property
    def _is_empty(self) -> bool:
        return not self.probes and not self.figures and not self.errors

    def _verdict(self, figure: Figure) -> Verdict:
        return figure.verdict(timing_factor=self.timing_factor, machine_factor=self.machine_factor)

    def _bound(self, figure: Figure) -> float:
        """The bound in the measure of the value: units of time as seconds of this machine."""
        return figure.bound * self.machine_factor if figure.rule is Rule.TIMING else figure.bound

    @property
    def passed(self) -> bool:
        """Whether there is no reason to fail and everything could be determined."""
        return not self.failures() and not self.inconclusive

    @property
    def verdict(self) -> str:
        """One word for the whole: passed, inconclusive or FAILED."""
        if self.failures():
            return Verdict.FAILED.value
        return Verdict.INCONCLUSIVE.value if self.inconclusive else "passed"

    def as_json(self) -> dict[str, Any]:
        """Return the content of the results file."""
        return {
            "scenario": self.scenario,
            "kubernetes": self.kubernetes,
            "passed": self.passed,
            "inconclusive": self.inconclusive,
            "commit": self.commit,
            "factor": self.machine_factor,
            "steps": [{"name": step.name, "seconds": round(step.seconds, 2)} for step in self.steps],
            "probes": {
                probed.name: {
                    "sent": probed.summary.sent,
                    "failed": probed.summary.failed,
                    "excused": probed.summary.excused,
                    "longest_gap_ms": round(probed.summary.longest_gap_ms),
                }
                for probed in self.probes
            },
            "figures": {
                figure.name: {"value": _rounded(figure.value), "bound": _rounded(figure.bound)}
                for figure in self.figures
            },
        }

    def write(self) -> Path:
        """Write the file in one move; return its path.

        :raises OSError: when it cannot be written.
        """
        self.directory.mkdir(parents=True, exist_ok=True)
        path = self.directory / f"{self.scenario}.json"
        descriptor, temporary = tempfile.mkstemp(dir=self.directory, prefix=f".{self.scenario}.")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
                json.dump(self.as_json(), stream, indent=2, allow_nan=False)
                stream.write("\n")
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink()
            raise
        return path

    def table(self) -> str:
        """Return what was measured as aligned plain text, with a verdict for each line."""
        blocks = [f"{self.scenario}, Kubernetes {self.kubernetes}: {self.verdict}"]
        if self.steps:
            rows = [(step.name, f"{step.seconds:.1f}") for step in self.steps]
            rows.append(("all steps", f"{sum(step.seconds for step in self.steps):.1f}"))
            blocks.append(_aligned(("step", "seconds"), rows))
        if self.probes:
            probed_rows = [
                (
                    probed.name,
                    str(probed.summary.sent),
                    str(probed.summary.failed),
                    str(probed.summary.excused),
                    f"{probed.summary.longest_gap_ms:.0f}",
                    probed.verdict().value,
                )
                for probed in self.probes
            ]
            blocks.append(_aligned(("probed", "sent", "failed", "excused", "longest gap ms", "verdict"), probed_rows))
        if self.figures:
            figure_rows = [
                (
                    figure.name,
                    _number(figure.value),
                    f"{figure.rule.sign} {_number(self._bound(figure))}",
                    self._verdict(figure).value,
                )
                for figure in self.figures
            ]
            blocks.append(_aligned(("figure", "value", "bound", "verdict"), figure_rows))
        if not self.passed:
            reasons = [f"failed: {reason}" for reason in self.failures()]
            blocks.append("\n".join([*reasons, *(f"inconclusive: {reason}" for reason in self.inconclusive)]))
        return "\n\n".join(blocks) + "\n"

    def _add(self, figure: Figure) -> Figure:
        if figure.name in {known.name for known in self.figures}:
            raise ValueError(f"figure {figure.name!r} is in the results already")
        self.figures.append(figure)
        return figure


def _rounded(value: float) -> float | None:
    """Three decimals; None, JSON's null, for what is no finite number."""
    if isinstance(value, int):
        return value
    return round(value, 3) if math.isfinite(value) else None


def _number(value: float) -> str:
    return f"{value:.10g}" if isinstance(value, int) else f"{value:.3f}" if math.isfinite(value) else "never"


def _aligned(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out names and verdicts to the left of their columns, numbers to the right."""
    widths = [max(len(line[column]) for line in (header, *rows)) for column in range(len(header))]
    left = {0} | ({len(header) - 1} if header[-1] == "verdict" else set())
    lines = [
        "  ".join(
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in (header, *rows)
    ]
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)
