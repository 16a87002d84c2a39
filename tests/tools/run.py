# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Behind every target of the Makefile: set up, run, time and count.

Called as ``python3 -m tests.tools.run TARGET [ARGUMENTS ...]``. The last line of standard output of a tier is the closing line, ``N passed, M failed``: the tests of its pytest runs
plus one for each lint gate. A skipped test counts as failed: nothing that did not run is called a pass.
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

from . import environment, gates, touched
from .environment import CACHE, ROOT, SetupError

REPORTS = ROOT / "build" / "reports"
CLOSING_LINE = REPORTS / "closing-line.txt"
HELP = """\
make lint          every static check, two at a time (make lint ARGS="ruff mypy" for some of them)
make unit          the domain and the modules, without a host
make integration   modules against real kubeadm, etcd and kube-apiserver processes
make roles         one Molecule scenario per role, in a systemd container
make clusters      real multi-node clusters: conversion with failovers, interruption, rollback
make test          all of the above; what continuous integration runs
make quick         lint, unit, integration and the scenarios that a change touches
make demo          the main job on a real cluster, with a table of what was measured
make full          every scenario there is; the results go to docs/results
make bench         medians of several rounds against the bounds
make coverage      the unit tier with a table of what it covers
make docs          the documentation site in build/docs
make build         the collection's archive in build/
make format        fix what ruff can fix
make lock          resolve requirements/*.in again
make setup         only install what the other targets need
make clean         remove .cache and build (not the user's cache)
"""
# pytest's own: 5 is "no tests were collected".
NO_TESTS = 5


@dataclasses.dataclass(frozen=True)
class Count:
    """What a tier proved."""

    tier: str
    passed: int
    failed: int
    seconds: float


class Budget:
    """The time that is left. ``None`` minutes is no limit."""

    def __init__(self, minutes: float | None) -> None:
        self._end = None if minutes is None else time.monotonic() + minutes * 60

    def left(self) -> float | None:
        """Seconds, never negative."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())


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
    try:
        return TARGETS[target](rest)
    except SetupError as error:
        print(f"setup: {error}", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"setup: failed with return code {error.returncode}: {' '.join(map(str, error.cmd))}", file=sys.stderr)
    return 1


def close(counts: t.Sequence[Count]) -> int:
    """Print the table of times and the closing line; the return code is 0 only when something ran and nothing failed."""
    passed, failed = sum(count.passed for count in counts), sum(count.failed for count in counts)
    print(f"\n{'tier':12} {'passed':>7} {'failed':>7} {'time':>9}")
    for count in counts:
        print(f"{count.tier:12} {count.passed:7} {count.failed:7} {_clock(count.seconds):>9}")
    print(f"{'total':12} {passed:7} {failed:7} {_clock(sum(count.seconds for count in counts)):>9}\n")
    line = f"{passed} passed, {failed} failed"
    REPORTS.mkdir(parents=True, exist_ok=True)
    CLOSING_LINE.write_text(f"{line}\n")
    print(line, flush=True)
    return 0 if passed and not failed else 1


def lint(selected: t.Sequence[str] = ()) -> Count:
    """Run the gates."""
    started = time.monotonic()
    print("\n==== lint ====", flush=True)
    with environment.lock("lint"):
        gates.prepare()
        verdicts = gates.run(selected)
    passed = sum(verdict.passed for verdict in verdicts)
    return Count("lint", passed, len(verdicts) - passed, time.monotonic() - started)


def pytest(
    tier: str,
    paths: t.Sequence[str],
    arguments: t.Sequence[str] = (),
    *,
    budget: Budget | None = None,
    launcher: t.Sequence[str] = ("python", "-m"),
) -> Count:
    """Run a tier's tests. A tier without tests, or one that takes longer than the budget, has failed."""
    started = time.monotonic()
    print(f"\n==== {tier} ====", flush=True)
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = REPORTS / f"{tier}.xml"
    report.unlink(missing_ok=True)
    missing = [path for path in paths if not (ROOT / path).exists()]
    if missing:
        print(f"{tier}: no tests: {', '.join(missing)} does not exist", flush=True)
        return Count(tier, 0, 1, time.monotonic() - started)
    environment.install_programs(PROGRAMS.get(tier, {}))
    command = [
        *launcher,
        "pytest",
        *paths,
        *OPTIONS.get(tier, ()),
        f"--junit-xml={report}",
        f"--override-ini=junit_suite_name={tier}",
        *arguments,
    ]
    code = _call(command, seconds=budget.left() if budget else None)
    passed, failed = read_report(report.read_text()) if report.is_file() else (0, 0)
    if code == NO_TESTS:
        print(f"{tier}: no tests were found", flush=True)
    if code != 0 and failed == 0:
        failed = 1
    return Count(tier, passed, failed, time.monotonic() - started)


def read_report(text: str) -> tuple[int, int]:
    """Passed and failed tests in a JUnit report. Errors and skipped tests count as failed.

    >>> read_report('<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>')
    (2, 3)
    """
    passed = failed = 0
    for suite in ElementTree.fromstring(text).iter("testsuite"):
        bad = sum(int(suite.get(name, "0")) for name in ("failures", "errors", "skipped"))
        failed += bad
        passed += max(0, int(suite.get("tests", "0")) - bad)
    return passed, failed


def _tier(name: str, path: str) -> t.Callable[[list[str]], int]:
    def run(arguments: list[str]) -> int:
        environment.prepare()
        return close([pytest(name, [path], [*_leave_out_full(name), *arguments])])

    return run


def _lint(arguments: list[str]) -> int:
    environment.prepare()
    return close([lint(arguments)])


def _test(arguments: list[str]) -> int:
    environment.prepare()
    budget = Budget(_minutes())
    counts = [lint()]
    for name, path in PYTEST_TIERS.items():
        counts.append(pytest(name, [path], [*_leave_out_full(name), *arguments], budget=budget))
    return close(counts)


def _quick(arguments: list[str]) -> int:
    environment.prepare()
    counts = [lint()]
    counts += [
        pytest(name, [PYTEST_TIERS[name]], [*_leave_out_full(name), *arguments]) for name in ("unit", "integration")
    ]
    selection = touched.select(touched.changed_paths())
    for tier, expression in (("roles", selection.roles), ("clusters", selection.clusters)):
        if expression:
            print(f"\n{tier}: the change touches {', '.join(expression)}", flush=True)
            counts.append(
                pytest(tier, [PYTEST_TIERS[tier]], [*_leave_out_full(tier), "-k", " or ".join(expression), *arguments])
            )
    return close(counts)


def _full(arguments: list[str]) -> int:
    environment.prepare()
    counts = [lint(), *(pytest(name, [path], arguments) for name, path in PYTEST_TIERS.items())]
    return max(close(counts), _call(["python", "-m", "tests.tools.keep_results", "make full"]))


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


def _minutes() -> float | None:
    """The time of ``make test``: ``KUBEADM_HA_TEST_MINUTES``; in CI, which kills at 90 minutes, 85 unless told."""
    told = os.environ.get("KUBEADM_HA_TEST_MINUTES")
    if told:
        return float(told)
    return 85 if os.environ.get("CI") else None


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
    "coverage": _coverage,
    "docs": _program("tests.tools.docs_site"),
    "build": _build,
    "format": _format,
    "lock": _lock,
    "setup": _setup,
    "clean": _clean,
}

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
