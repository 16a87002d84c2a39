# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-in for get-pip.py, which ansible-test would fetch from a server of its own instead of a package index.

pip comes out of Python's own ensurepip; the packages then come from wherever pip is configured to search.
"""

from __future__ import annotations

import subprocess
import sys

# In a process of its own: it sets PIP_CONFIG_FILE=/dev/null.
subprocess.check_call([sys.executable, "-m", "ensurepip"])
arguments = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *arguments]))
