# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose a configuration file is, with programs that stand for dpkg and rpm."""

from __future__ import annotations

from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.configuration_owner import owner_of
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.configuration_owner import (
    ABSENT,
    OTHER,
    PACKAGE,
    ROLE,
)

PATH = "/etc/haproxy/haproxy.cfg"
MARKER = "Configuration of the role"


def owner(directory: Path, content: bytes | None = b"global\n") -> str:
    return owner_of(HostCommands(search_path=str(directory), timeout=5), PATH, content, MARKER)


def package_manager(directory: Path, name: str, search: str, verify: str) -> None:
    path = directory / name
    path.write_text(f'#!/bin/sh\ncase "$1" in --verify) {verify};; *) {search};; esac\n', encoding="ascii")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("search", "verify", "expected"),
    [
        ("echo 'haproxy: {path}'", "true", PACKAGE),
        ("echo 'haproxy: {path}'", "echo '??5?????? c /etc/haproxy/errors/400.http'; exit 1", PACKAGE),
        ("echo 'haproxy: {path}'", "echo '??5?????? c {path}'; exit 1", OTHER),
        ("echo 'haproxy: {path}'", "echo 'S.5....T.  c {path}'; exit 1", OTHER),
        ("echo 'haproxy: {path}'", "echo \"dpkg-query: package 'haproxy' is not installed\" >&2; exit 1", OTHER),
        ("echo 'haproxy: {path}'", "exit 2", OTHER),
        ('echo "dpkg-query: no path found matching pattern {path}" >&2; exit 1', "true", OTHER),
    ],
)
@pytest.mark.parametrize("tool", ["dpkg", "rpm"])
def test_by_what_the_package_manager_says(tmp_path: Path, tool: str, search: str, verify: str, expected: str) -> None:
    package_manager(tmp_path, tool, search.replace("{path}", PATH), verify.replace("{path}", PATH))
    assert owner(tmp_path) == expected
    assert owner(tmp_path, f"# {MARKER}\n".encode()) == ROLE


@pytest.mark.parametrize("content", [None, b""])
def test_nobodys(tmp_path: Path, content: bytes | None) -> None:
    assert owner(tmp_path, content) == ABSENT


def test_a_host_without_a_package_manager_has_somebodys(tmp_path: Path) -> None:
    assert owner(tmp_path) == OTHER
