# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where programs are found, and texts held in memory for them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands


def test_a_held_text_can_be_read_by_a_program_and_again_and_is_gone_afterwards() -> None:
    commands = HostCommands(timeout=10)
    with commands.in_memory_file("s3cr3t\n") as path:
        assert [commands.run(["cat", path]).stdout for _time in range(2)] == ["s3cr3t\n"] * 2
        # No file has that text: the path leads to memory.
        assert str(Path(path).readlink()).startswith("/memfd:")
    assert not Path(path).exists()


@pytest.mark.parametrize("directory", ["/usr/local/bin", "/opt/bin"])
def test_programs_are_found_where_sudo_does_not_search(directory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """sudo's secure_path on the RHEL family lacks /usr/local/bin; Flatcar has its programs in /opt/bin."""
    monkeypatch.setenv("PATH", "/sbin:/bin:/usr/sbin:/usr/bin")
    asked: list[str] = []

    def which(program: str, path: str) -> str | None:
        asked.append(path)
        return f"{directory}/{program}" if directory in path.split(":") else None

    monkeypatch.setattr(shutil, "which", which)
    assert HostCommands().find("kubectl") == f"{directory}/kubectl"
    assert asked[0].startswith("/sbin:/bin:/usr/sbin:/usr/bin:")


def test_no_proxy_of_the_session_reaches_a_program(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("https_proxy", "HTTPS_PROXY", "http_proxy", "all_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "http://192.0.2.250:3128")
    assert "_proxy=" not in HostCommands().run(["env"]).stdout.lower()
    given = HostCommands().run(["env"], environment={"HTTPS_PROXY": "given"})
    assert "HTTPS_PROXY=given" in given.stdout
