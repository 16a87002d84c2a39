# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind every target of the Makefile: set up, run, time and count.

Called as ``python3 -m tests.tools.run TARGET [ARGUMENTS ...]``. The last line of standard output of a tier is the closing
line, ``N passed, M failed``: the tests of its pytest runs plus one for each lint gate. A skipped test counts as failed:
nothing that did not run is called a pass. What had no time, and a check whose measurement the machine spoilt, is named as
left out and counted as neither.
"""

from __future__ import annotations

import dataclasses
import os
import shutil
import signal
import subprocess
import sys
import time
import typing as t
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from . import environment, full_run, gates, keep_results, machine, touched
from .environment import CACHE, ROOT, SetupError
from .full_run import Count
from .pieces import Piece, Units, fits, named, pieces

REPORTS = ROOT / "build" / "reports"
RESULTS = ROOT / "build" / "results"
#: The state of a cluster of plain kubeadm with which the scenarios of one run compare theirs.
NATIVE = ROOT / "build" / "native.json"
CLOSING_LINE = REPORTS / "closing-line.txt"
#: What every piece of `make full` proved, and with which files.
FULL_RUN = ROOT / "docs" / "results" / "full_run.json"
HELP = """\
make lint          every static check, two at a time (make lint ARGS="ruff mypy" for some of them)
make unit          the domain and the modules, without a host
make integration   modules against real kubeadm, etcd and kube-apiserver processes
make roles         one Molecule scenario per role, in a systemd container
make clusters      real multi-node clusters: conversion with failovers, interruption, rollback
make test          all of the above, further scenarios as long as the time lasts; what continuous integration runs
make quick         lint, unit, integration and the scenarios that a change touches
make demo          the main job on a real cluster, with a table of what was measured
make full          every scenario there is, what passed with the same files not again; the results go to docs/results
                   (make full ARGS="unit test_rollback" for some of its pieces)
make bench         medians of several rounds against the bounds
make chaos         runs of a job killed as often as asked for, with a table of what the next one did
make coverage      the unit tier with a table of what it covers
make docs          the documentation site in build/docs
make build         the collection's archive in build/
make release       the archive of a release: everything checked, built twice with the same bytes
make format        fix what ruff can fix
make lock          resolve requirements/*.in again
make setup         only install what the other targets need
make clean         remove .cache and build (not the user's cache)
"""
# pytest's own: 5 is "no tests were collected".
NO_TESTS = 5
#: How the reason of a skipped test begins whose measurement the machine spoilt (tests/scenarios/inconclusive.py).
INCONCLUSIVE = "inconclusive: "
#: Minutes of the clock after which continuous integration, which kills at 90, has no time for what is required.
LAST_MINUTE = 85
#: Minutes of the clock after which no further scenario may end.
MINUTES = 75
#: Files of which ansible-test has to judge a change.
_OF_ANSIBLE_TEST = ("galaxy.yml", "meta", "plugins", "tests/sanity", "tests/unit")


@dataclasses.dataclass(frozen=True)
class Report:
    """What a JUnit report says: numbers of tests, and those that were inconclusive with their reasons."""

    passed: int
    failed: int
    left_out: tuple[str, ...] = ()


class Budget:
    """The time since it was made, and what is left of it. ``None`` minutes is no limit."""

    def __init__(self, minutes: float | None) -> None:
        self._began = time.monotonic()
        self._seconds = None if minutes is None else minutes * 60

    def spent(self) -> float:
        """Seconds."""
        return time.monotonic() - self._began

    def left(self) -> float | None:
        """Seconds, never negative."""
        return None if self._seconds is None else max(0.0, self._seconds - self.spent())


def main(arguments: t.Sequence[str]) -> int:
    """Run a target; the return code is the process's."""
    target, rest = (arguments[0], list(arguments[1:])) if arguments else ("help", [])
    if target == "help":
        print(HELP, end="")
        return 0
    if target not in TARGETS:
        print(f"no target {target}\n{HELP}", end="", file=sys.stderr)
        return 2
    os.chdir(ROOT)
    # A shell lets a command in the background ignore interrupts, and its children inherit that; tiers are ended by them.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    _forget_earlier_runs(target)
    try:
        return TARGETS[target](rest)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"setup: failed with return code {error.returncode}: {' '.join(map(str, error.cmd))}", file=sys.stderr)
    return 1


def close(counts: t.Sequence[Count], left_out: t.Sequence[str] = ()) -> int:
    """Print the table of times, what was left out, and the closing line.

    Returns:
        The return code, 0 only when something ran and nothing failed.
    """
    passed, failed = sum(count.passed for count in counts), sum(count.failed for count in counts)
    width = max(12, *(len(count.tier) for count in counts))
    print(f"\n{'tier':{width}} {'passed':>7} {'failed':>7} {'time':>9}")
    for count in counts:
        print(f"{count.tier:{width}} {count.passed:7} {count.failed:7} {_clock(count.seconds):>9}")
    print(f"{'total':{width}} {passed:7} {failed:7} {_clock(sum(count.seconds for count in counts)):>9}\n")
    for name in (*(name for count in counts for name in count.left_out), *left_out):
        print(f"left out, not passed: {name}")
    line = f"{passed} passed, {failed} failed"
    REPORTS.mkdir(parents=True, exist_ok=True)
    CLOSING_LINE.write_text(f"{line}\n")
    print(line, flush=True)
    return 0 if passed and not failed else 1


def lint(selected: t.Sequence[str] = (), *, changed: t.Iterable[Path] | None = None) -> Count:
    """Run the gates; those of ansible-test only where the change, if one is given, touches what they judge."""
    started = time.monotonic()
    print("\n==== lint ====", flush=True)
    with environment.lock("lint"):
        gates.prepare()
        left_out = gates.names("ansible-test") if changed is not None and not _is_for_ansible_test(changed) else ()
        verdicts = gates.run(selected, left_out)
    passed = sum(verdict.passed for verdict in verdicts)
    reasons = tuple(f"lint {name}: the change touches no plugin" for name in left_out)
    return Count("lint", passed, len(verdicts) - passed, time.monotonic() - started, reasons)


def pytest(
    tier: str,
    paths: t.Sequence[str],
    arguments: t.Sequence[str] = (),
    *,
    budget: Budget | None = None,
    launcher: t.Sequence[str] = ("python", "-m"),
    name: str = "",
) -> Count:
    """Run a tier's tests. A tier without tests, or one that takes longer than the budget, has failed.

    Args:
        tier: whose options and programs the tests need.
        paths: files, directories or single tests.
        arguments: further arguments of pytest.
        budget: the time that is left.
        launcher: what runs the module pytest.
        name: what the table calls it; the tier's without one.
    """
    started = time.monotonic()
    name = name or tier
    print(f"\n==== {name} ====", flush=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{name.replace(' ', '-')}.xml"
    report.unlink(missing_ok=True)
    missing = [path for path in paths if not (ROOT / path.partition("::")[0]).exists()]
    if missing:
        print(f"{name}: no tests: {', '.join(missing)} does not exist", flush=True)
        return Count(name, 0, 1, time.monotonic() - started)
    environment.install_programs(PROGRAMS.get(tier, {}))
    command = [
        *launcher,
        "pytest",
        *paths,
        *OPTIONS.get(tier, ()),
        f"--junit-xml={report}",
        f"--override-ini=junit_suite_name={name}",
        *arguments,
    ]
    code = _call(command, seconds=budget.left() if budget else None)
    counted = read_report(report.read_text()) if report.is_file() else Report(0, 0)
    if code == NO_TESTS:
        print(f"{name}: no tests were found", flush=True)
    failed = max(1, counted.failed) if code != 0 else counted.failed
    return Count(name, counted.passed, failed, time.monotonic() - started, counted.left_out)


def read_report(text: str) -> Report:
    """What a JUnit report says. Errors and skipped tests count as failed, but for those that were inconclusive.

    >>> read_report('<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>')
    Report(passed=2, failed=3, left_out=())
    """
    passed = failed = 0
    left_out: list[str] = []
    for suite in ElementTree.fromstring(text).iter("testsuite"):
        spoilt = list(_inconclusive(suite))
        bad = sum(int(suite.get(name, "0")) for name in ("failures", "errors", "skipped")) - len(spoilt)
        failed += bad
        passed += max(0, int(suite.get("tests", "0")) - bad - len(spoilt))
        left_out += spoilt
    return Report(passed, failed, tuple(left_out))


def _inconclusive(suite: ElementTree.Element) -> t.Iterator[str]:
    for case in suite.iter("testcase"):
        for skipped in case.iter("skipped"):
            reason = skipped.get("message", "")
            if reason.startswith(INCONCLUSIVE):
                yield f"{suite.get('name')} {case.get('name')}: {reason}"


def _tier(name: str, path: str) -> t.Callable[[list[str]], int]:
    def run(arguments: list[str]) -> int:
        environment.prepare()
        return close([pytest(name, [path], [*_leave_out_full(name), *arguments])])

    return run


def _lint(arguments: list[str]) -> int:
    environment.prepare()
    return close([lint(arguments)])


def _test(arguments: list[str]) -> int:
    """Everything that is required, then further pieces as long as they end within the time."""
    budget = Budget(_last_minute())
    changed = _set_up()
    units, factor = Units(), machine.factor()
    counts = [lint(changed=changed)]
    left_out = []
    for piece in pieces(touched.select(changed), PYTEST_TIERS, units=units):
        limit = _minutes() * 60
        if piece.is_required or fits(units.of(piece.name), factor=factor, elapsed=budget.spent(), limit=limit):
            counts.append(_run_piece(piece, arguments, units, factor, budget))
        else:
            left_out.append(
                f"{piece.name}: {_clock(units.of(piece.name) * factor)} would not end within {_minutes():g} minutes"
            )
    return close(counts, left_out)


def _quick(arguments: list[str]) -> int:
    changed = _set_up()
    units, factor = Units(), machine.factor()
    selection = touched.select(changed)
    wanted = {"", *selection.roles, *selection.clusters}
    chosen = [piece for piece in pieces(selection, PYTEST_TIERS) if piece.name.partition(" ")[2] in wanted]
    print(f"\nthe change touches {', '.join(piece.name for piece in chosen)}", flush=True)
    return close([lint(changed=changed), *(_run_piece(piece, arguments, units, factor, None) for piece in chosen)])


def _full(arguments: list[str]) -> int:
    """Lint and every piece, or only those that are named; what passed earlier with the same files is not run again.

    Results are kept after each piece, so a full run may be taken in parts, in any order.
    """
    everything = pieces(touched.Selection((), ()), PYTEST_TIERS, full=True)
    chosen = named(everything, arguments)
    _set_up()
    units, factor = Units(), machine.factor()
    memory = full_run.Memory(FULL_RUN, full_run.tracked(), keep_results.commit(), factor)
    counts, kept = [] if arguments else [lint()], True
    for piece in chosen:
        earlier = memory.count(piece)
        if earlier is None:
            shutil.rmtree(RESULTS, ignore_errors=True)
            counts.append(memory.remember(piece, _run_piece(piece, (), units, factor, None, full=True)))
            command = f"make full ARGS={piece.stem}"
            kept = _call(["python", "-m", "tests.tools.keep_results", command]) == 0 and kept
        else:
            print(f"\n==== {piece.name}: passed earlier with the same files ====", flush=True)
            counts.append(earlier)
    missing = [piece for piece in everything if memory.count(piece) is None]
    print(f"\nproved with these files: {len(everything) - len(missing)} of {len(everything)} pieces", flush=True)
    return max(close(counts, [f"{piece.name}: to be run" for piece in missing if piece not in chosen]), not kept)


def _set_up() -> list[Path]:
    """Everything that the tiers need, and the machine's factor before anything else is at work; the changed paths."""
    environment.prepare()
    os.environ[machine.VARIABLE] = str(machine.factor())
    print(f"machine: factor {os.environ[machine.VARIABLE]}", flush=True)
    # Else the time of the first build would be taken for the tests'.
    if _call(["python", "tests/lab", "build"]) != 0:
        raise SetupError("the lab could not be built: python3 tests/lab build shows why")
    return touched.changed_paths()


def _run_piece(
    piece: Piece, arguments: t.Sequence[str], units: Units, factor: float, budget: Budget | None, *, full: bool = False
) -> Count:
    left_out = [] if full else _leave_out_full(piece.tier)
    count = pytest(piece.tier, piece.paths, [*left_out, *arguments], budget=budget, name=piece.name)
    if not count.failed and not arguments:
        units.remember(piece.name, count.seconds / factor)
    return count


def _is_for_ansible_test(changed: t.Iterable[Path]) -> bool:
    return any(path.as_posix() == part or path.is_relative_to(part) for path in changed for part in _OF_ANSIBLE_TEST)


def _forget_earlier_runs(target: str) -> None:
    """Nothing of an earlier run can be taken for this one's."""
    if target in (*PYTEST_TIERS, "lint", "test", "quick", "full"):
        CLOSING_LINE.unlink(missing_ok=True)
    if target in ("clusters", "test", "quick", "demo", "bench", "chaos"):
        shutil.rmtree(RESULTS, ignore_errors=True)
        NATIVE.unlink(missing_ok=True)


def _program(module: str) -> t.Callable[[list[str]], int]:
    def run(arguments: list[str]) -> int:
        environment.prepare()
        return _call(["python", "-m", module, *arguments])

    return run


def _coverage(arguments: list[str]) -> int:
    environment.prepare()
    shutil.rmtree(CACHE / "coverage", ignore_errors=True)
    (CACHE / "coverage").mkdir()
    count = pytest("unit", ["tests/unit"], arguments, launcher=("coverage", "run", "-m"))
    _call(["coverage", "combine", "--quiet"])
    _call(["coverage", "report"])
    return close([count])


def _build(_arguments: list[str]) -> int:
    environment.prepare()
    environment.copy_real_tree()
    return _call(["python", "-m", "tests.tools.package", "--only-build"])


def _format(_arguments: list[str]) -> int:
    environment.prepare()
    return max(_call(["ruff", "check", "--fix", "--quiet", "."]), _call(["ruff", "format", "."]))


def _lock(_arguments: list[str]) -> int:
    environment.lock_requirements()
    return 0


def _setup(_arguments: list[str]) -> int:
    environment.prepare()
    return 0


def _clean(_arguments: list[str]) -> int:
    for directory in (CACHE, ROOT / "build"):
        shutil.rmtree(directory, ignore_errors=True)
    return 0


def _call(command: t.Sequence[str], *, seconds: float | None = None) -> int:
    """Run a tool in the environment of the tools, its output as it comes.

    After ``seconds`` it is interrupted like by Ctrl-C, so that fixtures still clean up, and killed a minute later.
    """
    process = subprocess.Popen(command, cwd=ROOT, env=environment.environment(), stdin=subprocess.DEVNULL)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        print(f"the time of the run is over: {' '.join(command[:4])} is interrupted", flush=True)
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return 1
    except KeyboardInterrupt:
        process.wait()
        raise


def _minutes() -> float:
    """Minutes of the clock within which further pieces must end: ``KUBEADM_HA_TEST_MINUTES``, else 75."""
    return float(os.environ.get("KUBEADM_HA_TEST_MINUTES") or MINUTES)


def _last_minute() -> float | None:
    """Minutes after which even what is required is interrupted: in continuous integration only."""
    return LAST_MINUTE if os.environ.get("CI") else None


def _leave_out_full(tier: str) -> list[str]:
    return ["-m", "not full"] if tier in ("integration", "roles", "clusters") else []


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02} min" if minutes else f"{seconds:.1f} s"


PYTEST_TIERS = {
    "unit": "tests/unit",
    "integration": "tests/integration",
    "roles": "tests/roles",
    "clusters": "tests/scenarios",
}
#: Debian packages of the programs that a tier's tests run on this machine; the lab installs its own.
PROGRAMS: dict[str, dict[str, str]] = {
    "unit": {"openssl": "openssl"},
    "integration": {"openssl": "openssl", "curl": "curl"},
    "roles": {"openssl": "openssl", "curl": "curl", "haproxy": "haproxy"},
}
#: Options of pytest for a tier. Each of two processes has a control plane of its own and takes one file after the other.
OPTIONS: dict[str, tuple[str, ...]] = {"integration": ("--numprocesses=2", "--dist=loadfile")}
TARGETS: dict[str, t.Callable[[list[str]], int]] = {
    "lint": _lint,
    **{name: _tier(name, path) for name, path in PYTEST_TIERS.items()},
    "test": _test,
    "quick": _quick,
    "demo": _program("tests.scenarios.demo"),
    "full": _full,
    "bench": _program("tests.scenarios.bench"),
    "chaos": _program("tests.scenarios.chaos"),
    "coverage": _coverage,
    "docs": _program("tests.tools.docs_site"),
    "build": _build,
    "release": _program("tests.tools.release"),
    "format": _format,
    "lock": _lock,
    "setup": _setup,
    "clean": _clean,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
