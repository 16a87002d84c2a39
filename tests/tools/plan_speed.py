# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the plan of a conversion takes on the controller, and how much memory, by the number of hosts.

``python3 -m tests.tools.plan_speed`` prints it, each number measured in a process of its own. The reports are those of the unit tests: one control plane, two that join, workers.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import subprocess
import sys
import time
import typing as t
from pathlib import Path

from tests.unit.plugins.module_utils._domain.plan import test_planning as recorded

from .environment import ROOT

#: What is measured without arguments.
_WORKERS = (50, 500, 1000)
#: Hosts that are no workers.
_OTHERS = 4
_ALONE = "--alone"


@dataclasses.dataclass(frozen=True)
class Cost:
    """What a plan took.

    Attributes:
        megabytes: the most that its process had at any time, Python and the reports included.
    """

    seconds: float
    entries: int
    megabytes: int


def arguments_for(workers: int) -> dict[str, t.Any]:
    """The arguments of the plan for a cluster with this many workers."""
    names = [f"w{number}" for number in range(1, workers + 1)]
    found = recorded.before()
    found["workers"] = names
    found["hosts"] = {name: report for name, report in found["hosts"].items() if name not in ("w1", "w2")}
    for number, name in enumerate(names):
        address = f"198.51.{number // 250}.{number % 250 + 1}"
        found["hosts"][name] = {**recorded.member(name, "https://192.0.2.11:6443"), "addresses": [address]}
    assert len(found["hosts"]) == workers + _OTHERS
    found["cluster"] = recorded.cluster("cp1", *names)
    return found


def cost_of_hosts(hosts: int) -> Cost:
    """What the plan of this many hosts costs, all but four of them workers."""
    return _measured(hosts - _OTHERS)


def _measured(workers: int) -> Cost:
    """In a process of its own, whose memory is that of nothing else."""
    command = [sys.executable, "-m", "tests.tools.plan_speed", _ALONE, str(workers)]
    paths = os.pathsep.join(path for path in sys.path if path)
    ended = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.PIPE, text=True, check=True
    )
    return Cost(**json.loads(ended.stdout))


def _measure(workers: int) -> Cost:
    # Reports of hosts share nothing with each other.
    given = json.loads(json.dumps(arguments_for(workers)))
    began = time.monotonic()
    plan = recorded.plan_of(given)
    return Cost(round(time.monotonic() - began, 2), len(plan.entries), _most_megabytes())


def _most_megabytes() -> int:
    """The peak of this process. That of getrusage may be its parent's, of the time when it was made."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (kibibytes,) = re.findall(r"^VmHWM:\s*(\d+) kB$", status, re.MULTILINE)
    return -(-int(kibibytes) * 1024 // 10**6)


def main(arguments: t.Sequence[str]) -> int:
    """Print the cost for each number of workers."""
    if arguments[:1] == [_ALONE]:
        print(json.dumps(dataclasses.asdict(_measure(int(arguments[1])))))
        return 0
    for workers in [int(text) for text in arguments] or _WORKERS:
        cost = _measured(workers)
        print(f"{workers:5} workers: {cost.seconds:.2f} s, {cost.entries} entries, {cost.megabytes} MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
