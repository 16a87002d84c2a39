# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs behind the Makefile."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools import environment, full_run, gates, keep_results, machine, package, pieces, run, touched


def test_the_makefile_and_the_help_name_every_target() -> None:
    makefile = (environment.ROOT / "Makefile").read_text()
    listed = re.search(r"^TARGETS := (.*)$", makefile, re.MULTILINE)
    assert listed
    assert set(listed.group(1).split()) == set(run.TARGETS)
    assert set(re.findall(r"^make (\w+)", run.HELP, re.MULTILINE)) == set(run.TARGETS)


SPOILT = (
    '<testcase name="test_no_probe_failed"><skipped type="pytest.skip" message="inconclusive: the control failed 40 of 2000"/>'
    "</testcase>"
)


@pytest.mark.parametrize(
    ("report", "counts"),
    [
        ('<testsuites><testsuite tests="3" failures="0" errors="0" skipped="0"/></testsuites>', (3, 0, 0)),
        ('<testsuites><testsuite tests="5" failures="1" errors="1" skipped="1"/></testsuites>', (2, 3, 0)),
        ('<testsuites><testsuite tests="1"/><testsuite tests="2" failures="2"/></testsuites>', (1, 2, 0)),
        (f'<testsuites><testsuite name="x" tests="4" skipped="2">{SPOILT}</testsuite></testsuites>', (2, 1, 1)),
    ],
)
def test_skipped_tests_count_as_failed_but_for_inconclusive_ones(report: str, counts: tuple[int, int, int]) -> None:
    reported = run.read_report(report)
    assert (reported.passed, reported.failed, len(reported.left_out)) == counts


@pytest.mark.parametrize(
    ("counts", "line", "code"),
    [
        ([("lint", 12, 0), ("unit", 30, 0)], "42 passed, 0 failed", 0),
        ([("lint", 11, 1), ("unit", 30, 2)], "41 passed, 3 failed", 1),
        ([("lint", 0, 0)], "0 passed, 0 failed", 1),
    ],
)
def test_the_closing_line_is_the_last(
    counts: list[tuple[str, int, int]],
    line: str,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(run, "REPORTS", tmp_path)
    monkeypatch.setattr(run, "CLOSING_LINE", tmp_path / "closing-line.txt")
    assert run.close([run.Count(tier, passed, failed, 1.0) for tier, passed, failed in counts]) == code
    assert capsys.readouterr().out.splitlines()[-1] == line
    assert (tmp_path / "closing-line.txt").read_text() == f"{line}\n"


@pytest.fixture
def reports(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(run, "REPORTS", tmp_path / "reports")
    return tmp_path


OWN = ["-c", "/dev/null", "-p", "no:cacheprovider"]


@pytest.mark.parametrize(
    ("source", "passed", "failed"),
    [
        ("def test_a(): pass\ndef test_b(): pass\n", 2, 0),
        ("def test_a(): pass\ndef test_b(): assert False\n", 1, 1),
        ("import pytest\ndef test_a(): pytest.skip('no')\ndef test_b(): pass\n", 1, 1),
        ("import does_not_exist\n", 0, 1),
        ("", 0, 1),
    ],
)
def test_a_tier_is_counted(reports: Path, source: str, passed: int, failed: int) -> None:
    (reports / "test_x.py").write_text(source)
    count = run.pytest("sample", [str(reports / "test_x.py")], OWN, launcher=(sys.executable, "-m"))
    assert (count.passed, count.failed) == (passed, failed)


def test_a_tier_without_a_directory_has_failed(reports: Path) -> None:
    count = run.pytest("sample", [str(reports / "missing")])
    assert (count.passed, count.failed) == (0, 1)


def test_a_tier_that_exceeds_its_time_has_failed(reports: Path) -> None:
    (reports / "test_x.py").write_text("import time\ndef test_a(): pass\ndef test_b(): time.sleep(600)\n")
    budget = run.Budget(3 / 60)
    count = run.pytest("sample", [str(reports / "test_x.py")], OWN, launcher=(sys.executable, "-m"), budget=budget)
    assert count.failed >= 1
    assert count.seconds < 60


def test_a_budget_knows_what_is_spent_and_what_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(run.time, "monotonic", lambda: now[0])
    budget, unlimited = run.Budget(2), run.Budget(None)
    now[0] += 50
    assert (budget.spent(), budget.left()) == (50, 70)
    now[0] += 100
    assert (budget.spent(), budget.left(), unlimited.spent(), unlimited.left()) == (150, 0, 150, None)


def test_what_was_left_out_is_named_and_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "REPORTS", tmp_path)
    monkeypatch.setattr(run, "CLOSING_LINE", tmp_path / "closing-line.txt")
    count = run.Count("clusters test_convert", 27, 0, 1.0, ("clusters test_convert test_no_probe: inconclusive: x",))
    assert run.close([count], ["clusters test_other: 7:00 min would not end within 75 minutes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("left out")] == [
        "left out, not passed: clusters test_convert test_no_probe: inconclusive: x",
        "left out, not passed: clusters test_other: 7:00 min would not end within 75 minutes",
    ]
    assert lines[-1] == "27 passed, 0 failed"


@pytest.mark.parametrize(
    ("units", "factor", "elapsed", "expected"),
    [
        (600, 1.0, 3900, True),
        (601, 1.0, 3900, False),
        (600, 2.5, 3000, True),
        (600, 2.5, 3001, False),
        (0, 4, 4501, False),
    ],
)
def test_a_further_piece_begins_only_when_it_ends_in_time(
    units: float, factor: float, elapsed: float, expected: bool
) -> None:
    assert pieces.fits(units, factor=factor, elapsed=elapsed, limit=75 * 60) is expected


def _names(selection: touched.Selection, root: Path, *, full: bool = False) -> tuple[list[str], list[str]]:
    found = pieces.pieces(selection, run.PYTEST_TIERS, root, full=full)
    return [piece.name for piece in found if piece.is_required], [
        piece.name for piece in found if not piece.is_required
    ]


def test_what_is_required_comes_first_then_what_the_change_touches(tmp_path: Path) -> None:
    _write(
        tmp_path,
        {
            "molecule/balancer/molecule.yml": "",
            "molecule/joiner/molecule.yml": "",
            "tests/roles/test_molecule.py": "",
            "tests/roles/test_balancer.py": "",
            "tests/roles/test_guest.py": "\npytestmark = pytest.mark.full\n",
            "tests/scenarios/test_convert.py": "",
            "tests/scenarios/test_convert_odd.py": "",
            "tests/scenarios/test_create.py": "",
            "tests/scenarios/test_starting_states.py": "",
            "tests/scenarios/test_z.py": "",
            "tests/scenarios/test_grow.py": "\npytestmark = pytest.mark.full\n",
        },
    )
    required, further = _names(touched.Selection(("joiner",), ("test_z",)), tmp_path)
    assert required == ["unit", "integration", "roles joiner", "clusters test_convert"]
    assert further == [
        "clusters test_create",
        "roles balancer",
        "roles test_balancer",
        "clusters test_z",
        "clusters test_starting_states",
        "clusters test_convert_odd",
    ]
    everything, nothing = _names(touched.Selection((), ()), tmp_path, full=True)
    assert nothing == []
    assert set(everything) == {*required, *further, "roles test_guest", "clusters test_grow"}


def test_the_last_known_units_come_from_this_machine_then_from_the_checkout(tmp_path: Path) -> None:
    known = tmp_path / "units.json"
    known.write_text('{"unit": 40, "clusters test_convert": 300}')
    units = pieces.Units(tmp_path / "cache" / "units.json", known)
    assert [units.of(name) for name in ("unit", "clusters test_new")] == [40, pieces.UNKNOWN_UNITS]
    units.remember("unit", 51.26)
    assert [units.of(name) for name in ("unit", "clusters test_convert")] == [51.3, 300]


def test_no_more_roles_are_required_than_there_is_time_for(tmp_path: Path) -> None:
    names = ("one", "three", "two")
    _write(tmp_path, {f"molecule/{name}/molecule.yml": "" for name in names} | {"tests/roles/test_molecule.py": ""})
    _write(tmp_path, {"tests/scenarios/test_convert.py": ""})
    known = tmp_path / "units.json"
    of_others = pieces.REQUIRED_UNITS - 250
    known.write_text(
        json.dumps(
            {"unit": 0, "integration": 0, "clusters test_convert": of_others, **{f"roles {n}": 100 for n in names}}
        )
    )
    units = pieces.Units(tmp_path / "cache" / "units.json", known)
    selection = touched.Selection(names, ())
    found = pieces.pieces(selection, run.PYTEST_TIERS, tmp_path, units=units)
    assert [(piece.name, piece.is_required) for piece in found] == [
        ("unit", True),
        ("integration", True),
        ("roles one", True),
        ("roles three", True),
        ("clusters test_convert", True),
        ("roles two", False),
    ]
    everything = pieces.pieces(selection, run.PYTEST_TIERS, tmp_path, full=True, units=units)
    assert all(piece.is_required for piece in everything)


def test_the_units_of_the_checkout_name_pieces_that_exist() -> None:
    everything = {
        "unit",
        "integration",
        *(name for name in _names(touched.Selection((), ()), environment.ROOT, full=True)[0]),
    }
    assert set(json.loads((environment.ROOT / "tests/tools/units.json").read_text())) <= everything


def test_pieces_of_a_full_run_are_asked_for_by_name() -> None:
    everything = pieces.pieces(touched.Selection((), ()), run.PYTEST_TIERS, full=True)
    assert len({piece.stem for piece in everything}) == len(everything)
    chosen = pieces.named(everything, ["test_rollback", "unit", "apiserver_haproxy"])
    assert [piece.name for piece in chosen] == ["clusters test_rollback", "unit", "roles apiserver_haproxy"]
    assert pieces.named(everything, []) == everything
    with pytest.raises(environment.SetupError, match="there is no piece rollback; there are .*, test_rollback, "):
        pieces.named(everything, ["unit", "rollback"])


def test_only_a_change_of_plugins_calls_for_ansible_test() -> None:
    assert run._is_for_ansible_test([Path("plugins/modules/kubeadm_join.py")])
    assert run._is_for_ansible_test([Path("README.md"), Path("galaxy.yml")])
    assert not run._is_for_ansible_test([Path("roles/preflight/tasks/main.yml"), Path("tests/scenarios/convert.py")])


UNIT = pieces.Piece("unit", "unit", ("tests/unit",), is_required=True)
CONVERT = pieces.Piece("clusters test_convert", "clusters", ("tests/scenarios/test_convert.py",), is_required=True)
HAPROXY = pieces.Piece(
    "roles apiserver_haproxy",
    "roles",
    ("tests/roles/test_molecule.py::test_scenario[apiserver_haproxy]",),
    is_required=True,
)
FILES = {
    "plugins/modules/a.py": "100644 blob 1",
    "docs/lab.md": "100644 blob 2",
    "docs/results/convert.json": "100644 blob 3",
    "docs/tested-versions.md": "100644 blob 13",
    "molecule/apiserver_haproxy/molecule.yml": "100644 blob 4",
    "molecule/apiserver_nginx/molecule.yml": "100644 blob 5",
    "molecule/shared/lab.yml": "100644 blob 6",
    "tests/lab/lab.py": "100644 blob 7",
    "tests/roles/test_molecule.py": "100644 blob 8",
    "tests/scenarios/chaos.py": "100644 blob 14",
    "tests/scenarios/conftest.py": "100644 blob 15",
    "tests/scenarios/convert.py": "100644 blob 9",
    "tests/scenarios/test_convert.py": "100644 blob 10",
    "tests/scenarios/test_create.py": "100644 blob 11",
    "tests/tools/units.json": "100644 blob 16",
    "tests/unit/test_a.py": "100644 blob 12",
}


def test_only_the_files_that_decide_how_a_piece_ends_are_its_inputs() -> None:
    assert sorted(set(FILES) - set(full_run.inputs(UNIT, FILES))) == [
        "docs/results/convert.json",
        "docs/tested-versions.md",
    ]
    assert sorted(set(FILES) - set(full_run.inputs(CONVERT, FILES))) == [
        "docs/lab.md",
        "docs/results/convert.json",
        "docs/tested-versions.md",
        "molecule/apiserver_haproxy/molecule.yml",
        "molecule/apiserver_nginx/molecule.yml",
        "tests/roles/test_molecule.py",
        "tests/scenarios/chaos.py",
        "tests/scenarios/test_create.py",
        "tests/tools/units.json",
        "tests/unit/test_a.py",
    ]
    assert sorted(set(FILES) - set(full_run.inputs(HAPROXY, FILES))) == [
        "docs/lab.md",
        "docs/results/convert.json",
        "docs/tested-versions.md",
        "molecule/apiserver_nginx/molecule.yml",
        "tests/scenarios/chaos.py",
        "tests/scenarios/convert.py",
        "tests/scenarios/test_convert.py",
        "tests/scenarios/test_create.py",
        "tests/tools/units.json",
        "tests/unit/test_a.py",
    ]


@pytest.mark.parametrize(
    ("name", "is_known"),
    [("plugins/modules/a.py", False), ("tests/scenarios/convert.py", False), ("tests/scenarios/chaos.py", True)],
)
def test_a_full_run_goes_on_with_what_other_files_decide(tmp_path: Path, name: str, is_known: bool) -> None:
    path = tmp_path / "results" / "full_run.json"
    count = full_run.Count(CONVERT.name, 3, 0, 1.5, ("x",))
    first = full_run.Memory(path, FILES, "abc", 1.0)
    assert first.count(CONVERT) is None
    assert first.remember(CONVERT, count) == count
    assert full_run.Memory(path, FILES, "def", 1.0).count(CONVERT) == count
    changed = full_run.Memory(path, {**FILES, name: "100644 blob 99"}, "def", 1.0)
    assert changed.count(CONVERT) == (count if is_known else None)


def test_a_full_run_remembers_nothing_that_failed_or_that_no_commit_has(tmp_path: Path) -> None:
    path = tmp_path / "full_run.json"
    memory = full_run.Memory(path, FILES, "abc", 1.0)
    memory.remember(CONVERT, full_run.Count(CONVERT.name, 3, 1, 1.5))
    memory.remember(HAPROXY, full_run.Count(HAPROXY.name, 0, 0, 1.5))
    changed = full_run.Memory(path, FILES, "abc with uncommitted changes", 1.0)
    changed.remember(UNIT, full_run.Count("unit", 3, 0, 1.5))
    assert not path.exists()
    memory.remember(UNIT, full_run.Count("unit", 3, 0, 1.5))
    assert changed.count(UNIT) is None


def test_files_of_a_commit_are_known_by_their_content() -> None:
    files = full_run.tracked()
    assert re.fullmatch(r"100644 blob [0-9a-f]{40}", files["galaxy.yml"])
    assert full_run.digest(["galaxy.yml"], files) != full_run.digest(["galaxy.yml", "Makefile"], files)


def test_nothing_of_an_earlier_run_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line, results = tmp_path / "closing-line.txt", tmp_path / "results"
    _write(tmp_path, {"closing-line.txt": "1 passed, 0 failed\n", "results/convert.json": "{}"})
    monkeypatch.setattr(run, "CLOSING_LINE", line)
    monkeypatch.setattr(run, "RESULTS", results)
    run._forget_earlier_runs("help")
    assert line.exists()
    run._forget_earlier_runs("unit")
    assert (line.exists(), results.exists()) == (False, True)
    run._forget_earlier_runs("test")
    assert not results.exists()


def test_the_machine_is_measured_once_for_all_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "seconds_of_job", lambda: machine.REFERENCE_SECONDS * 2.5)
    monkeypatch.delenv(machine.VARIABLE, raising=False)
    assert machine.factor() == 2.5
    monkeypatch.setenv(machine.VARIABLE, "1.7")
    assert machine.factor() == 1.7


def test_an_unknown_target_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.main(["nonsense"]) == 2
    assert "no target nonsense" in capsys.readouterr().err


def test_the_collections_version_comes_from_the_lock() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", environment.collections_version())


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"KUBEADM_HA_CACHE": "/a"}, "/a"),
        ({"XDG_CACHE_HOME": "/b"}, "/b/kubeadm-ha"),
        ({"HOME": "/c"}, "/c/.cache/kubeadm-ha"),
    ],
)
def test_the_user_cache(variables: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KUBEADM_HA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment.user_cache() == Path(expected)


def test_a_missing_program_that_cannot_be_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(environment.SetupError, match="install the packages some-package"):
        environment.install_programs({"some-program": "some-package"})


def test_shell_scripts_are_found_by_name_and_by_first_line() -> None:
    found = {path.as_posix() for path in gates.shell_scripts(environment.source_files())}
    assert ".ci/run" in found
    assert "Makefile" not in found


def test_a_gate_that_fails_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sample = [
        gates.Gate("good", (sys.executable, "-c", "")),
        gates.Gate("bad", (sys.executable, "-c", "print('Collecting x'); raise SystemExit('the reason')")),
    ]
    monkeypatch.setattr(gates, "gates", lambda: sample)
    monkeypatch.setattr(gates, "LOGS", tmp_path / "logs")
    verdicts = {verdict.gate.name: verdict.passed for verdict in gates.run()}
    assert verdicts == {"good": True, "bad": False}
    out = capsys.readouterr().out
    assert re.search(r"^ok .* s  good$", out, re.MULTILINE)
    assert re.search(r"^FAILED .* s  bad$", out, re.MULTILINE)
    assert "the reason" in out
    assert "Collecting" not in out
    assert [verdict.gate.name for verdict in gates.run(["goo"])] == ["good"]


@pytest.mark.parametrize(
    ("extra", "missing", "fault"),
    [
        (["tests/x"], [], "holds tests"),
        ([".cache/x"], [], "holds .cache"),
        (["plugins/__pycache__/x.pyc"], [], "holds plugins/__pycache__"),
        ([], ["README.md"], "lacks README.md"),
    ],
)
def test_a_wrong_archive_is_found(extra: list[str], missing: list[str], fault: str) -> None:
    members = ["FILES.json", "LICENSE", "MANIFEST.json", "README.md", "meta/runtime.yml", "plugins/modules/x.py"]
    assert package.differences(members) == []
    (found,) = package.differences([name for name in members if name not in missing] + extra)
    assert fault in found


def _write(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize(
    ("changed", "roles", "clusters"),
    [
        ("roles/balancer/tasks/main.yml", ("balancer", "test_balancer"), ()),
        ("molecule/joiner/molecule.yml", ("joiner",), ()),
        ("molecule/shared/create.yml", ("balancer", "joiner", "test_balancer"), ()),
        ("plugins/modules/join.py", ("joiner",), ()),
        ("plugins/module_utils/_domain/tokens.py", ("joiner",), ()),
        ("plugins/module_utils/_domain/other.py", (), ()),
        ("playbooks/site.yml", (), ("test_convert",)),
        ("playbooks/page.yml", (), ("test_convert",)),
        ("playbooks/audit.yml", (), ()),
        ("tests/scenarios/cluster.py", (), ("test_convert", "test_other")),
        ("tests/lab/topology.py", (), ("test_convert", "test_other")),
        ("tests/roles/test_balancer.py", ("test_balancer",), ()),
        ("tests/roles/rendering.py", ("test_balancer",), ()),
        ("tests/roles/render.yml", ("test_balancer",), ()),
        ("README.md", (), ()),
    ],
)
def test_a_change_touches_its_scenarios(
    changed: str, roles: tuple[str, ...], clusters: tuple[str, ...], tmp_path: Path
) -> None:
    _write(
        tmp_path,
        {
            "roles/balancer/tasks/main.yml": "- ansible.builtin.package:\n",
            "roles/joiner/tasks/main.yml": "- kubeadm.ha.join:\n",
            "molecule/balancer/molecule.yml": "",
            "molecule/joiner/molecule.yml": "",
            "plugins/modules/join.py": "from x._domain.tokens import Token\n",
            "plugins/module_utils/_domain/tokens.py": "class Token: ...\n",
            "plugins/module_utils/_domain/other.py": "",
            "tests/roles/test_balancer.py": "from tests.roles.rendering import render\n",
            "tests/roles/rendering.py": 'PLAYBOOK = "render.yml"\n',
            "tests/roles/render.yml": "- ansible.builtin.include_role: {name: kubeadm.ha.balancer}\n",
            "playbooks/site.yml": "- ansible.builtin.import_playbook: chapter.yml\n",
            "playbooks/chapter.yml": "- ansible.builtin.import_playbook: page.yml\n",
            "tests/scenarios/cluster.py": "",
            "tests/scenarios/test_convert.py": 'from tests.scenarios.cluster import Lab\nrun("kubeadm.ha.site")\n',
            "tests/scenarios/test_other.py": "from tests.scenarios.cluster import Lab\n",
        },
    )
    assert touched.select([Path(changed)], tmp_path) == touched.Selection(roles, clusters)


def test_results_are_kept_with_what_made_them(tmp_path: Path) -> None:
    source, destination = tmp_path / "build", tmp_path / "docs"
    source.mkdir()
    result = {"scenario": "convert", "passed": True, "commit": "abc", "factor": 1.2}
    (source / "convert.json").write_text(json.dumps(result))
    keep_results.keep(source, destination, command="make full", today=dt.date(2026, 11, 21))
    assert json.loads((destination / "convert.json").read_text()) == {
        "date": "2026-11-21",
        "command": "make full",
        "commit": "abc",
        "factor": 1.2,
        "result": {"scenario": "convert", "passed": True},
    }


def test_a_result_that_does_not_say_its_commit_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "old.json").write_text('{"scenario": "old", "passed": true}')
    with pytest.raises(ValueError, match="old.json"):
        keep_results.keep(tmp_path, tmp_path / "docs", command="x", today=dt.date(2026, 11, 21))


def test_a_failed_result_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text('{"scenario": "bad", "passed": false}')
    with pytest.raises(ValueError, match="bad.json"):
        keep_results.keep(tmp_path, tmp_path / "docs", command="x", today=dt.date(2026, 11, 21))
    assert not (tmp_path / "docs").exists()


def test_the_set_up_needs_nothing_but_the_standard_library() -> None:
    code = "import tests.tools.run, sys; print(sorted(m for m in sys.modules if m.split('.')[0] in ('yaml', 'pytest')))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code], cwd=environment.ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
