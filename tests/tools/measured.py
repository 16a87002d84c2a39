# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guide of what was measured, and the table of the README, from the kept results.

``python3 -m tests.tools.measured`` writes both; keeping results does, too, and a unit test holds them against the results.
"""

from __future__ import annotations

import ast
import re
import sys
import typing as t

from .environment import ROOT
from .kept_results import Kept, kept

GUIDE = ROOT / "docs" / "docsite" / "rst" / "guide_measured.rst"
README = ROOT / "README.md"
#: What this writes, relative to the checkout.
WRITTEN = tuple(path.relative_to(ROOT).as_posix() for path in (GUIDE, README))
#: The scenarios of the README's table: a conversion alike for each of three clusters.
CONVERSIONS = ("convert", "convert_odd", "convert_external")
#: Steps that are no part of a conversion: the cluster of before, and the audits of a run that writes its page.
_BESIDE = ("before state", "audit before", "audit after")
_BEGIN, _END = "<!-- written by python3 -m tests.tools.measured -->", "<!-- end of what it writes -->"
_BLOCK = re.compile(f"(?<={re.escape(_BEGIN)}\n).*?(?=^{re.escape(_END)}$)", re.DOTALL | re.MULTILINE)
#: Endings of the names of figures that are times, whose bounds are units.
_TIMES = ("_seconds", "_ms")
#: Beginnings of those whose bound is the least.
_SHARES = ("percent_of_probes_",)
_HEAD = """..
  Copyright (c) 2026, kubeadm.ha contributors
  GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
  SPDX-License-Identifier: GPL-3.0-or-later

.. _ansible_collections.kubeadm.ha.docsite.guide_measured:

Tested versions and what was measured
=====================================

Every scenario runs on real clusters, of several hosts with systemd in containers of one machine with two cores, whose components are the real ones. What is here is what is kept in
``docs/results``, each with the command and the commit that made it. Nothing of it is typed by hand.

Tested versions
---------------

Versions that are not here may work and were not tried. Hosts have the Python of their distribution; the column *Python* is that of the controller.

"""
_FIGURES = """
Figures
-------

- A *prober* makes a new TLS connection to ``/readyz`` every 50 ms, verifies the cluster's CA, and gives it one second. A probe without an answer by then has failed. *control* is a second
  control plane to which nothing is done: it shows what the machine does to probes by itself.
- ``rto`` is the time from an event until the first answer after which no probe fails any more. ``noop`` is a run that has nothing to change.
- Machines differ, so each result has the *factor* of its machine: how many times longer it takes for a fixed job than the one of reference. Bounds of times are for factor 1; in
  brackets they are those of the machine.
- Counts are held exactly. Times are noisy where seven hosts share two cores: a scenario fails by one that is beyond three times its bound, and one between is marked here as *above*.

"""


# --- the guide -------------------------------------------------------------------------------------------------------


def guide(results: t.Mapping[str, Kept]) -> str:
    """The text of the guide."""
    parts = [_HEAD, _versions(results.values()), _FIGURES]
    parts += [_section(result) for result in results.values()]
    return "".join(parts).rstrip() + "\n"


def _versions(results: t.Iterable[Kept]) -> str:
    by_version: dict[tuple[str, ...], list[str]] = {}
    for result in results:
        made_with = result.made_with
        key = (result.kubernetes, made_with.hosts, made_with.ansible_core, made_with.python)
        by_version.setdefault(key, []).append(result.scenario)
    rows = [
        (*key, ", ".join(f"``{name}``" for name in scenarios))
        for key, scenarios in sorted(by_version.items(), key=lambda item: (_numbers(item[0][0]), item[0]), reverse=True)
    ]
    return _table(("Kubernetes", "hosts", "ansible-core", "Python", "scenarios"), rows, widths=(10, 10, 10, 10, 60))


def _section(result: Kept) -> str:
    about = _about(result)
    origin = f"{result.date}, commit {result.commit}, Kubernetes {result.kubernetes}, factor {result.factor:g}: ``{result.command}``"
    parts = [f"{result.scenario}\n{'~' * len(result.scenario)}\n\n", f"{about}\n\n" if about else "", f"{origin}\n\n"]
    if result.probes:
        rows = [
            (name, str(probed["sent"]), str(probed["failed"]), f"{probed['longest_gap_ms'] / 1000:.2f} s")
            for name, probed in result.probes.items()
        ]
        parts.append(_table(("probed during the change", "probes", "failed", "longest gap"), rows) + "\n")
    if result.figures:
        rows = [_figure(name, figure, result.factor) for name, figure in result.figures.items()]
        parts.append(_table(("figure", "value", "bound", ""), rows) + "\n")
    return "".join(parts)


def _about(result: Kept) -> str:
    """What a scenario is about: the first paragraph of the documentation of its file."""
    named = re.search(r"\btest_\w+", result.command)
    candidates = [
        ROOT / path
        for path in (
            *([f"tests/scenarios/{named[0]}.py"] if named else []),
            f"tests/scenarios/test_{result.scenario}.py",
            f"tests/scenarios/{result.scenario}.py",
        )
    ]
    source = next((path for path in candidates if path.is_file()), None)
    documented = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) if source is not None else None
    return " ".join((documented or "").partition("\n\n")[0].split())


def _figure(name: str, figure: t.Mapping[str, t.Any], factor: float) -> tuple[str, str, str, str]:
    value, bound = figure["value"], figure["bound"]
    shown = "never" if value is None else f"{value:g}"
    if name.startswith(_SHARES):
        return f"``{name}``", shown, f"at least {bound:g}", ""
    if not name.endswith(_TIMES):
        return f"``{name}``", shown, f"{bound:g}", ""
    here = bound * factor
    return f"``{name}``", shown, f"{bound:g} ({here:.4g})", "above" if value is None or value > here else ""


def _table(head: t.Sequence[str], rows: t.Iterable[t.Sequence[str]], widths: t.Sequence[int] = ()) -> str:
    """A table with a line for each row, so that a difference shows what has become of which figure."""
    options = [f"   :header: {_line(head)}", *([f"   :widths: {' '.join(map(str, widths))}"] if widths else [])]
    return "\n".join([".. csv-table::", *options, "", *(f"   {_line(row)}" for row in rows)]) + "\n"


def _line(cells: t.Sequence[str]) -> str:
    return ", ".join('"' + cell.replace('"', '""') + '"' for cell in cells)


def _numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]


# --- the README ------------------------------------------------------------------------------------------------------


def table(results: t.Mapping[str, Kept]) -> str:
    """What the README says of the conversions, and of the bench."""
    chosen = [results[name] for name in CONVERSIONS]
    rows = {
        "scenario": [result.scenario for result in chosen],
        "date, and factor of the machine": [f"{result.date}, {result.factor:g}" for result in chosen],
        "the conversion from one control plane to three, plan and proof included": [
            f"{sum(seconds for name, seconds in result.seconds.items() if name not in _BESIDE):.0f} s"
            for result in chosen
        ],
        "failed probes of the first control plane meanwhile": [_probed(result, "cp1") for result in chosen],
        "failed probes through the endpoint, from the moment its certificate is served": [
            _probed(result, "endpoint") for result in chosen
        ],
        "the second run": [
            f"{result.figures['noop_seconds']['value']:.1f} s, `changed={result.figures['noop_changed']['value']}`"
            for result in chosen
        ],
        "SIGKILL of the first control plane: until no probe through the endpoint fails any more": [
            f"{result.figures['rto_kill_seconds']['value']:.2g} s, failed probes: {result.figures['failed_probes_kill']['value']}"
            for result in chosen
        ],
    }
    lines = [f"| {' | '.join((name, *cells))} |" for name, cells in rows.items()]
    lines.insert(1, "|---" * (len(chosen) + 1) + "|")
    return "\n".join(("", *lines, "", _bench(results["bench"]), "", ""))


def _probed(result: Kept, target: str) -> str:
    probed = result.probes[target]
    return f"{probed['failed']} of {probed['sent']}, longest gap {probed['longest_gap_ms'] / 1000:.2f} s"


def _bench(bench: Kept) -> str:
    whole, script, idle = (
        f"{bench.seconds[name]:.1f} s" for name in ("site.yml", "plain script", "its twin that does nothing")
    )
    return (
        f"In `make bench` (medians, {bench.date}, factor {bench.factor:g}) the conversion took {whole}, a plain script with the same packages, backup, gates and\n"
        f"verification {script}, and the same tasks of Ansible without anything to do {idle} ([ADR 52](docs/adr/0052-what-looking-costs.md))."
    )


def readme(text: str, results: t.Mapping[str, Kept]) -> str:
    """The text of the README with the table of these results.

    Raises:
        ValueError: it has no place for it, or more than one.
    """
    if len(_BLOCK.findall(text)) != 1:
        raise ValueError(f"README.md does not have one pair of lines {_BEGIN} and {_END}")
    written = table(results)
    return _BLOCK.sub(lambda _match: written, text)


def main() -> int:
    """Write the guide and the table of the README."""
    results = kept()
    GUIDE.write_text(guide(results), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8"), results), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
