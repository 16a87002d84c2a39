# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the audit of a real cluster is made from, recorded once: into it unit tests seed their faults.

``python3 -m tests.tools.audit_recording`` starts the lab of ``tests/scenarios/test_audit.py``, records there, and keeps what was recorded in
:data:`KEPT`. With ``--keep`` it keeps what the last run of that scenario has recorded.
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import subprocess
import sys
import typing as t
from pathlib import Path

from . import environment
from .environment import ROOT, VENV

#: What the scenario has recorded last: everything that the action of ``kubeadm.ha.audit_report`` is given.
MADE = ROOT / "build" / "recordings" / "audit-recorded.json"
#: What is kept of it.
KEPT = ROOT / "tests" / "unit" / "plugins" / "module_utils" / "_domain" / "audit" / "recording.json"
_SCENARIO = ("tests/scenarios/test_audit.py", "-k", "recorded")
#: Options that say how the audit is shown, not what it is made from.
_SHOWN = ("plan", "show", "fail_on", "phase")


class NotRecordedError(Exception):
    """There is nothing to keep, or what there is must not be kept. The message says what to do."""


def kept(arguments: t.Mapping[str, t.Any], *, machine: str) -> dict[str, t.Any]:
    """What is kept of the arguments: everything that an audit reads, without what belongs to the machine on which the lab ran.

    Args:
        arguments: those of ``kubeadm.ha.audit_report``.
        machine: name of that machine.

    Raises:
        NotRecordedError: when the name of the machine is in it.
    """
    document = {name: value for name, value in arguments.items() if name not in _SHOWN}
    numbers: dict[str, dict[str, str]] = {"product_uuid": {}, "boot_id": {}}
    hosts = document["hosts"] = json.loads(json.dumps(arguments["hosts"]))
    for report in hosts.values():
        # Containers have those of their machine. Which hosts have the same ones is kept.
        for part, key in ((report, "product_uuid"), (report["machine"], "boot_id")):
            if part[key]:
                part[key] = numbers[key].setdefault(part[key], f"{key}-{len(numbers[key]) + 1}")
    if re.search(rf"(?<![\w.-]){re.escape(machine)}(?![\w-]|\.\w)", json.dumps(document)):
        raise NotRecordedError(
            f"The recording names {machine}, the machine on which it was made: leave that out in {__file__}."
        )
    return document


def written(document: t.Mapping[str, t.Any]) -> str:
    """The recording as a text of which a change is easily seen."""
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main(arguments: t.Sequence[str] | None = None) -> int:
    """Record and keep.

    Returns:
        The exit status.
    """
    parser = argparse.ArgumentParser(prog="python3 -m tests.tools.audit_recording", description=__doc__)
    parser.add_argument("--keep", action="store_true", help="keep what the last run of the scenario has recorded")
    if not parser.parse_args(arguments).keep:
        MADE.unlink(missing_ok=True)
        environment.prepare()
        command = [str(VENV / "bin" / "python"), "-m", "pytest", *_SCENARIO]
        status = subprocess.run(command, cwd=ROOT, env=environment.environment(), check=False).returncode
        if status != 0:
            return status
    try:
        size = keep(MADE, KEPT)
    except NotRecordedError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{KEPT.relative_to(ROOT)}: {size // 1024} KiB. Run tests/unit/plugins/module_utils/_domain/audit.")
    return 0


def keep(made: Path, target: Path) -> int:
    """Write what is kept.

    Returns:
        Its size in bytes.

    Raises:
        NotRecordedError: when nothing was recorded, or what was recorded must not be kept.
    """
    if not made.exists():
        raise NotRecordedError(f"{made} is not there: run this without --keep, which records it in a lab.")
    text = written(kept(json.loads(made.read_text(encoding="utf-8")), machine=socket.gethostname()))
    target.write_text(text, encoding="utf-8")
    return len(text.encode())


if __name__ == "__main__":
    sys.exit(main())
