# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lint gates: what is run, where, and what it needs first."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import time
import typing as t
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import environment
from .environment import REAL_TREE, ROOT, VENV

LOGS = ROOT / "build" / "logs" / "lint"
PACKAGE = "ansible_collections.kubeadm.ha.plugins"
TYPED_PACKAGES = (
    "module_utils._domain", "module_utils._ports", "module_utils._adapters", "module_utils._module", "module_utils._options",
    "modules", "action", "plugin_utils",
)  # fmt: skip
NODE_CODE = ("plugins/modules", "plugins/module_utils")
TYPED_TEST_PACKAGES = (
    "tests.integration", "tests.lab", "tests.prober", "tests.roles", "tests.scenarios", "tests.tools",
)  # fmt: skip
# What pip says while ansible-test makes its environments.
INSTALLER_CHATTER = (
    "Attempting ", "Collecting ", "Downloading ", "Found existing ", "Installing ", "Looking in ", "Processing ",
    "Successfully ", "Uninstalling ", "Using cached ", "\N{BOX DRAWINGS HEAVY HORIZONTAL}",
)  # fmt: skip
#: Words of this field that are easily misspelt, and those that British English spells otherwise, in codespell's format.
SPELLING = ROOT / "tests" / "tools" / "spelling.txt"
#: What users read, with the names of its files.
READ_BY_USERS = ("README", "CONTRIBUTING", "changelogs/", "docs/", "examples/", "playbooks/", "plugins/", "roles/")
#: Kept results and pictures of screens have the words of others.
OF_OTHERS = ("docs/results/", "docs/monitoring/")
#: The long ones of ansible-test's sanity tests, which run in processes of their own, so that two cores share the work.
LONG_SANITY_TESTS = ("import", "pylint", "validate-modules")
# ansible-test checks what users get and the unit tests; its rules are made for plugins.
NOT_FOR_ANSIBLE_TEST = (
    "molecule",
    "tests/integration",
    "tests/lab",
    "tests/prober",
    "tests/roles",
    "tests/scenarios",
    "tests/tools",
)


@dataclasses.dataclass(frozen=True)
class Gate:
    """A command that must end with return code 0."""

    name: str
    command: tuple[str, ...]
    directory: Path = ROOT
    variables: t.Mapping[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Verdict:
    """How a gate ended. ``seconds`` is its duration."""

    gate: Gate
    passed: bool
    seconds: float
    output: str


def prepare() -> None:
    """Make what only the gates need: shellcheck, the real tree, the importer's environment, ansible-test's home."""
    environment.install_programs({"shellcheck": "shellcheck"})
    environment.prepare_importer()
    environment.copy_real_tree()
    _ansible_test_home()


def gates() -> list[Gate]:
    """All gates; the longest come first, so that two at a time end together."""
    python = str(VENV / "bin" / "python")
    return [
        *(_ansible_test(name, options) for name, options in _parts_of_ansible_test()),
        Gate("galaxy-importer", (python, "-m", "tests.tools.package")),
        Gate("ansible-lint", ("ansible-lint", "--offline", "--profile", "production", "--nocolor", "-q")),
        Gate("antsibull-docs", ("antsibull-docs", "lint-collection-docs", "--plugin-docs", "--validate-collection-refs", "all",
                                "--skip-rstcheck", ".")),
        Gate("documentation site", (python, "-m", "tests.tools.docs_site")),
        Gate("mypy plugins", ("mypy", *(part for name in TYPED_PACKAGES for part in ("-p", f"{PACKAGE}.{name}")))),
        Gate("mypy tests", ("mypy", *(part for name in _present(TYPED_TEST_PACKAGES) for part in ("-p", name)))),
        Gate("vermin", ("vermin", "--quiet", "--no-tips", "--violations", "--target=3.8-", *NODE_CODE)),
        Gate("ruff check", ("ruff", "check", ".")),
        Gate("ruff format", ("ruff", "format", "--check", ".")),
        Gate("yamllint", ("yamllint", "--strict", ".")),
        Gate("shellcheck", ("shellcheck", *map(str, shell_scripts(environment.source_files())))),
        Gate("antsibull-changelog", ("antsibull-changelog", "lint")),
        Gate("execution environment", (python, "-m", "tests.tools.execution_environment")),
        Gate("codespell", ("codespell", "--dictionary=-", f"--dictionary={SPELLING.relative_to(ROOT)}",
                           *map(str, read_by_users(environment.source_files())))),
        Gate("argument specs", (python, "-m", "tests.tools.argument_specs")),
    ]  # fmt: skip


def names(part: str) -> tuple[str, ...]:
    """Names of the gates that hold a text."""
    return tuple(gate.name for gate in gates() if part in gate.name)


def run(selected: t.Sequence[str] = (), left_out: t.Container[str] = ()) -> list[Verdict]:
    """Run the gates, two at a time, each with a line of its own when it ends, and show what the failed ones said.

    Args:
        selected: parts of the names of the gates wanted; empty for all.
        left_out: names of gates that are not run.
    """
    wanted = [gate for gate in gates() if not selected or any(part in gate.name for part in selected)]
    wanted = [gate for gate in wanted if gate.name not in left_out]
    LOGS.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(max_workers=2) as pool:
        verdicts = list(pool.map(_run, wanted))
    for verdict in verdicts:
        if not verdict.passed:
            print(f"\n---- {verdict.gate.name} failed ----\n{_essence(verdict.output)}", flush=True)
    return verdicts


def shell_scripts(files: t.Iterable[Path]) -> list[Path]:
    """Those of the checkout's files that are shell scripts, by name or by first line."""
    return [name for name in files if name.suffix in (".sh", ".bash") or (not name.suffix and _is_shell(ROOT / name))]


def read_by_users(files: t.Iterable[Path]) -> list[Path]:
    """Those of the checkout's files whose spelling is checked: documentation, and code that has some."""
    return [
        name
        for name in files
        if name.as_posix().startswith(READ_BY_USERS)
        and not name.as_posix().startswith(OF_OTHERS)
        and name.suffix in (".md", ".rst", ".yml", ".py", ".j2")
    ]


def _parts_of_ansible_test() -> t.Iterator[tuple[str, tuple[str, ...]]]:
    yield from ((name, ("--test", name)) for name in LONG_SANITY_TESTS)
    yield "others", tuple(part for name in LONG_SANITY_TESTS for part in ("--skip-test", name))


def _ansible_test(name: str, options: t.Sequence[str]) -> Gate:
    excluded = [part for path in NOT_FOR_ANSIBLE_TEST if (ROOT / path).exists() for part in ("--exclude", f"{path}/")]
    command = ("ansible-test", "sanity", "--local", "--python", _python_version(), "--color", "no")
    return Gate(
        f"ansible-test {name}",
        (*command, *options, *excluded),
        directory=REAL_TREE,
        variables={"HOME": str(_home()), "ANSIBLE_COLLECTIONS_PATH": str(environment.collections_directory())},
    )


def _essence(output: str) -> str:
    return "\n".join(line for line in output.splitlines() if not line.lstrip().startswith(INSTALLER_CHATTER)).rstrip()


def _is_shell(path: Path) -> bool:
    with path.open("rb") as handle:
        first = handle.readline(100)
    return first.startswith(b"#!") and first.split(b"/")[-1].split()[-1:][0] in (b"sh", b"bash", b"dash")


def _run(gate: Gate) -> Verdict:
    started = time.monotonic()
    done = subprocess.run(
        gate.command,
        cwd=gate.directory,
        env={**environment.environment(), **gate.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    seconds = time.monotonic() - started
    output = done.stdout.decode(errors="replace")
    (LOGS / f"{gate.name.replace(' ', '-')}.log").write_text(output)
    passed = done.returncode == 0
    print(f"{'ok' if passed else 'FAILED':6}  {seconds:6.1f} s  {gate.name}", flush=True)
    return Verdict(gate, passed, seconds, output)


def _python_version() -> str:
    """The minor version of Python that the virtual environment was made with."""
    return next((VENV / "lib").glob("python3.*")).name.removeprefix("python")


def _present(packages: t.Iterable[str]) -> list[str]:
    return [name for name in packages if (ROOT / name.replace(".", os.sep)).is_dir()]


def _home() -> Path:
    return environment.user_cache() / "ansible-test"


def _ansible_test_home() -> None:
    """A home of its own for ansible-test: its environments are kept between checkouts, and the stand-in for get-pip
    does not get into the user's. pip's own settings and the cache stay the user's."""
    home = _home()
    downloads = home / ".ansible" / "test" / "cache"
    downloads.mkdir(parents=True, exist_ok=True)
    for name in (".config", ".cache", ".pip"):
        settings, link = Path.home() / name, home / name
        if settings.is_dir() and not link.exists():
            link.symlink_to(settings)
    for version in ("24_2", "25_2"):
        shutil.copyfile(Path(__file__).with_name("get_pip_stand_in.py"), downloads / f"get_pip_{version}.py")


__all__ = ("Gate", "Verdict", "gates", "names", "prepare", "read_by_users", "run", "shell_scripts")
