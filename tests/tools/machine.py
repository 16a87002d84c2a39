# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How fast this machine is: a short fixed job, and the machine's factor by it.

Bounds are given in units, which are seconds divided by the factor, because machines of one kind differ by 2.5 and more. A
machine has the factor 1 when the whole of ``make lint`` takes 70 s on it, warm and idle, with two cores.
``python3 -m tests.tools.machine`` prints what the job takes here.
"""

from __future__ import annotations

import ast
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

#: Seconds of the job on a machine of factor 1.
REFERENCE_SECONDS = 1.6
#: The factor that the runner measured, for the processes that it starts.
VARIABLE = "KUBEADM_HA_MACHINE_FACTOR"
#: The gates, Ansible and a lab work on two cores.
_PROCESSES = 2
_ROUNDS = 3


def factor() -> float:
    """The machine's factor: the runner's, else measured now."""
    value = os.environ.get(VARIABLE)
    return float(value) if value else measure()


def measure() -> float:
    """Do the job; how many times longer than on the machine of reference it took."""
    return round(seconds_of_job() / REFERENCE_SECONDS, 2)


def seconds_of_job() -> float:
    """Do the job in two processes at a time; seconds of the clock."""
    began = time.monotonic()
    command = [sys.executable, "-m", "tests.tools.machine", "--job"]
    directory = Path(__file__).resolve().parents[2]
    for process in [subprocess.Popen(command, cwd=directory) for _ in range(_PROCESSES)]:
        if process.wait() != 0:
            raise RuntimeError(f"the job that measures the machine ended with status {process.returncode}")
    return time.monotonic() - began


def job() -> None:
    """What checks spend their time with: parsing, objects, hashes, small processes, small durable files."""
    source = Path(ast.__file__).read_text(encoding="utf-8")
    for _ in range(_ROUNDS):
        for _ in range(6):
            compile(ast.parse(source), "<job>", "exec")
        text = json.dumps([{"number": number, "text": str(number) * 3} for number in range(60_000)])
        sum(item["number"] for item in json.loads(text))
        for _ in range(40):
            hashlib.sha256(text.encode()).digest()
        for _ in range(8):
            subprocess.run([sys.executable, "-I", "-S", "-c", "import json, re"], check=True)
        with tempfile.TemporaryDirectory() as directory:
            for number in range(40):
                with (Path(directory) / str(number)).open("w") as stream:
                    stream.write(source)
                    stream.flush()
                    os.fsync(stream.fileno())


if __name__ == "__main__":
    if sys.argv[1:] == ["--job"]:
        job()
    else:
        for _ in range(3):
            print(f"{seconds_of_job():.2f} s")
