# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/tested-versions.md`` from the kept results: which scenario passed with which version of Kubernetes, when, and by which command.

``python3 -m tests.tools.tested_versions`` writes it, and the versions into both READMEs; a unit test holds them against the results.
"""

from __future__ import annotations

import dataclasses
import re
import sys
import typing as t
from pathlib import Path

from .environment import ROOT
from .kept_results import RESULTS, Kept, kept

DOCUMENT = ROOT / "docs" / "tested-versions.md"
#: The READMEs with what stands before and after the versions, and between them.
READMES = {
    ROOT / "README.md": ("Tested with Kubernetes ", " on Debian 13", ", ", " and "),
    ROOT / "README.zh-CN.md": ("用 Kubernetes ", " 测试", "、", " 和 "),
}
_HEAD = """<!--
Copyright (c) 2026, kubeadm.ha contributors
GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
SPDX-License-Identifier: GPL-3.0-or-later
-->

# Tested versions

What was run in full, on clusters of several Debian 13 nodes, with that result kept in `docs/results`. Written by
`python3 -m tests.tools.tested_versions`. Versions that are not here may work and were not tried. *hosts* is their distribution, whose Python they have; *Python*
is that of the controller.

| Kubernetes | hosts | ansible-core | Python | scenario | date | command | commit |
|---|---|---|---|---|---|---|---|
"""


def document(results: Path = RESULTS) -> str:
    """The text of the document."""
    rows = sorted(kept(results).values(), key=lambda result: (_newest_first(result), result.scenario))
    return _HEAD + "".join(f"| {' | '.join(_row(result))} |\n" for result in rows)


def versions(results: Path = RESULTS) -> list[str]:
    """The versions that something passed with, the newest first."""
    return list(dict.fromkeys(result.kubernetes for result in sorted(kept(results).values(), key=_newest_first)))


def readme(text: str, path: Path, tested: t.Sequence[str]) -> str:
    """The text of a README with these versions.

    Raises:
        ValueError: it does not say once what it was tested with.
    """
    before, after, between, last = READMES[path]
    named = last.join([*([between.join(tested[:-1])] if tested[1:] else []), *tested[-1:]])
    pattern = f"(?<={re.escape(before)})[^;。]*?(?={re.escape(after)})"
    if len(re.findall(pattern, text)) != 1:
        raise ValueError(f"{path.name} does not say once: {before}...{after}")
    return re.sub(pattern, named, text)


def _newest_first(result: Kept) -> list[int]:
    return [-int(number) for number in result.kubernetes.split(".")]


def _row(result: Kept) -> tuple[str, ...]:
    # A mark of a table in a command would end its cell.
    command = result.command.replace("|", "\\|")
    made_with = dataclasses.astuple(result.made_with)
    return (result.kubernetes, *made_with, result.scenario, result.date, f"`{command}`", result.commit)


def main() -> int:
    """Write the document and the lines of the READMEs."""
    DOCUMENT.write_text(document(), encoding="utf-8")
    for path in READMES:
        path.write_text(readme(path.read_text(encoding="utf-8"), path, versions()), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
