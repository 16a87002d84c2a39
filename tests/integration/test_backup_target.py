# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A file system that is read-only cannot keep backups, for root neither."""

from __future__ import annotations

import json
import subprocess
import sys
import typing as t

import pytest

from tests.integration.modules import COLLECTIONS

if t.TYPE_CHECKING:
    from pathlib import Path

INSPECTION = """
import dataclasses, json, sys
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import backup_target
print(json.dumps(dataclasses.asdict(backup_target.collect(sys.argv[1]))))
"""


@pytest.mark.parametrize(("option", "is_writable"), [("ro", False), ("rw", True)])
def test_a_read_only_file_system(tmp_path: Path, option: str, *, is_writable: bool) -> None:
    script = 'mount -t tmpfs -o "$1,size=1m" none "$2" && exec "$3" -c "$4" "$2/backups"'
    ended = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script, "sh", option, str(tmp_path), sys.executable, INSPECTION],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(COLLECTIONS), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        check=True,
    )
    found = json.loads(ended.stdout)
    assert (found["existing"], found["is_directory"]) == (str(tmp_path), True)
    assert found["is_writable"] is is_writable
    assert found["free_bytes"] <= 1 << 20
