# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``make demo``: the main job on a real cluster, for a person, with a table of what it measured."""

from __future__ import annotations

import shutil
import sys

from tests.scenarios.cluster import Lab
from tests.scenarios.convert import Conversion, etcd_members, new_results, ready_nodes, wait_until
from tests.scenarios.shape import PLAIN
from tests.tools import picture


def main() -> int:
    """Build, convert, lose a control plane, print. Returns the exit status."""
    with new_results("demo") as results:
        _say("A cluster as a stranger would have made it: kubeadm init, one control plane, two workers.")
        with Lab("convert", name="demo", shows_progress=True) as lab:
            results.add_step("before state", lab.up_seconds)
            print(lab.kubectl("get", "nodes", "--output=wide"))
            conversion = Conversion(lab, results)
            _say(f"ansible-playbook kubeadm.ha.site, endpoint {conversion.endpoint}, under a prober.")
            reports = conversion.work / "reports"
            shutil.rmtree(reports, ignore_errors=True)
            run, _log = conversion.convert("-e", f"kubeadm_ha_report_directory={reports}", shows_progress=True)
            if run.status != 0:
                print(run.output)
                results.fail("kubeadm.ha.site failed")
                return 1
            print("\n".join(_plan_lines(run.output)))
            _say(f"The cluster before and after, and what was done: {picture.keep_page(reports)}")
            wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
            print(lab.kubectl("get", "nodes", "--output=wide"))
            results.exactly("etcd_members", len(etcd_members(lab)), bound=3)
            _say("The same again: nothing to change.")
            conversion.again()
            _say("SIGKILL of the first control plane; two minutes later:")
            failures = conversion.lose_first_control_plane()
            results.at_most("failed_service_answers", sum(failures.values()), bound=0)
            print(lab.kubectl("get", "nodes", node="cp2"))
        _say("What was measured (build/results/demo.json):")
        print(results.table())
        if results.inconclusive and not results.failures():
            _say(
                "Everything that does not depend on the machine's load held. Probes are not judged by this run: see above."
            )
        return 1 if results.failures() else 0


def _say(text: str) -> None:
    print(f"\n== {text}", flush=True)


def _plan_lines(output: str) -> list[str]:
    lines = output.splitlines()
    begin = next((index for index, line in enumerate(lines) if line.startswith("Plan: ")), None)
    if begin is None:
        return []
    return lines[begin : begin + int(lines[begin].split()[1]) + 2]


if __name__ == "__main__":
    sys.exit(main())
