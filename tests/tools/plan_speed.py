# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the plan of a conversion takes on the controller, and how much memory, by the number of hosts.

``python3 -m tests.tools.plan_speed`` prints it. The reports are those of the unit tests: one control plane, two that join, workers.
"""

from __future__ import annotations

import resource
import sys
import time
import typing as t

from tests.unit.plugins.module_utils._domain.plan import test_planning as recorded

#: What is measured without arguments.
_WORKERS = (50, 500, 1000)


def arguments_for(workers: int) -> dict[str, t.Any]:
    """The arguments of the plan for a cluster with this many workers."""
    names = [f"w{number}" for number in range(1, workers + 1)]
    found = recorded.before()
    found["workers"] = names
    for number, name in enumerate(names):
        address = f"198.51.{number // 250}.{number % 250 + 1}"
        found["hosts"][name] = {**recorded.member(name, "https://192.0.2.11:6443"), "addresses": [address]}
    found["cluster"] = recorded.cluster("cp1", *names)
    return found


def main(arguments: t.Sequence[str]) -> int:
    """Print the seconds for each number of workers."""
    for workers in [int(text) for text in arguments] or _WORKERS:
        given = arguments_for(workers)
        began = time.monotonic()
        plan = recorded.plan_of(given)
        seconds = time.monotonic() - began
        # In kibibytes; the most that there was so far, the reports included.
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(f"{workers:5} workers: {seconds:.2f} s, {len(plan.entries)} entries, {memory} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
