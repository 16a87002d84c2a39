# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies the results of the scenarios from ``build/results`` to ``docs/results`` with date and command, and names them as tested.

Factor and commit are in each result already: written when it was made, by whoever made it.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
import typing as t
from pathlib import Path

from . import tested_versions
from .environment import ROOT

#: What keeping results writes: no change of what was tested.
KEPT = ("docs/results", "docs/tested-versions.md", *(path.name for path in tested_versions.READMES))


def keep(source: Path, destination: Path, *, command: str, today: dt.date) -> list[Path]:
    """Write every result of a directory, wrapped; the files written.

    Raises:
        ValueError: a result did not pass, does not say which commit made it, or is no result at all; nothing is written
            then.
    """
    results: dict[str, t.Any] = {path.name: json.loads(path.read_text()) for path in sorted(source.glob("*.json"))}
    bad = [
        name for name, content in results.items() if not isinstance(content, dict) or content.get("passed") is not True
    ]
    if bad:
        raise ValueError(f"only passed scenarios are kept, these are not: {', '.join(bad)}")
    nameless = [name for name, content in results.items() if not content.get("commit")]
    if nameless:
        raise ValueError(f"these results do not say which commit made them: {', '.join(nameless)}")
    destination.mkdir(parents=True, exist_ok=True)
    written = []
    for name, content in results.items():
        origin = {name: content.pop(name, None) for name in ("commit", "factor")}
        wrapped = {"date": today.isoformat(), "command": command, **origin, "result": content}
        path = destination / name
        path.write_text(f"{json.dumps(wrapped, indent=2)}\n")
        written.append(path)
    return written


def commit() -> str:
    """The commit of the checkout, and whether something but kept results differs from it."""
    changed = git("status", "--porcelain", "--", ".", *(f":(exclude){path}" for path in KEPT))
    head = git("rev-parse", "HEAD").strip()
    return f"{head} with uncommitted changes" if changed else head


def git(*arguments: str) -> str:
    """What git prints."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def main(arguments: t.Sequence[str]) -> int:
    """Keep the results of the command named by the arguments; the return code of the process."""
    source = ROOT / "build" / "results"
    try:
        written = keep(
            source,
            ROOT / "docs" / "results",
            command=" ".join(arguments),
            today=dt.datetime.now(tz=dt.UTC).date(),
        )
    except ValueError as error:
        print(error, file=sys.stderr)
        return 1
    tested_versions.main()
    print(
        "\n".join(f"kept {path.relative_to(ROOT)}" for path in written) or f"no results in {source.relative_to(ROOT)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
