# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a result is made with beside Kubernetes, as the Ansible that runs the playbooks says it of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.lab.debian import RELEASE
from tests.tools.kept_results import MadeWith

_CORE = re.compile(r"^ansible \[core (\S+)\]", re.MULTILINE)
_PYTHON = re.compile(r"^  python version = (\S+)", re.MULTILINE)


def made_with(programs: Path | None = None) -> MadeWith:
    """What a run is made with.

    :param programs: the directory of another Ansible than that of these tests.
    """
    program = (programs or Path(sys.executable).parent) / "ansible"
    return parse(subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout)


def parse(said: str) -> MadeWith:
    """What ``ansible --version`` says.

    :raises ValueError: when it says neither its version nor that of Python.
    """
    core, python = _CORE.search(said), _PYTHON.search(said)
    if core is None or python is None:
        raise ValueError(f"ansible --version says neither its version nor that of Python: {said}")
    return MadeWith(hosts=RELEASE, ansible_core=core[1], python=python[1])


__all__ = ("made_with", "parse")
