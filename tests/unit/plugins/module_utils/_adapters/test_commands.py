# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts held in memory for other programs."""

from __future__ import annotations

from pathlib import Path

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.commands import HostCommands


def test_a_held_text_can_be_read_by_a_program_and_again_and_is_gone_afterwards() -> None:
    commands = HostCommands(timeout=10)
    with commands.hold("s3cr3t\n") as path:
        assert [commands.run(["cat", path]).stdout for _time in range(2)] == ["s3cr3t\n"] * 2
        # No file has that text: the path leads to memory.
        assert str(Path(path).readlink()).startswith("/memfd:")
    assert not Path(path).exists()
