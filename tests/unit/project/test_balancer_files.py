# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A load balancer's role writes where the inspection of its host reads, and where its configuration loads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import haproxy_files, nginx_files

ROLES = Path(__file__).parents[3] / "roles"


@pytest.mark.parametrize(
    ("role", "variable", "constant"),
    [
        ("haproxy", "program", haproxy_files.PROGRAM),
        ("haproxy", "state_directory", haproxy_files.STATE_DIRECTORY),
        ("haproxy", "configuration_path", haproxy_files.CONFIGURATION),
        ("haproxy", "ca_path", haproxy_files.CA),
        ("haproxy", "lua_path", haproxy_files.LUA),
        ("haproxy", "marker", haproxy_files.MARKER),
        ("haproxy", "status_socket", haproxy_files.STATUS_SOCKET),
        ("haproxy", "probe_path", haproxy_files.PROBE_CERTIFICATE),
        ("nginx", "program", nginx_files.PROGRAM),
        ("nginx", "configuration_path", nginx_files.CONFIGURATION),
        ("nginx", "runtime_directory", nginx_files.RUNTIME_DIRECTORY),
        ("nginx", "ca_path", nginx_files.CA),
        ("nginx", "marker", nginx_files.MARKER),
        ("nginx", "status_socket", nginx_files.STATUS_SOCKET),
        ("nginx", "probe_path", nginx_files.PROBE_CERTIFICATE),
        ("nginx", "watcher_path", nginx_files.WATCHER),
    ],
)
def test_role_and_inspection_agree(role: str, variable: str, constant: str) -> None:
    variables = yaml.safe_load((ROLES / f"apiserver_{role}/vars/main.yml").read_text())
    written = variables[f"__apiserver_{role}_{variable}"]
    # A path may be made of one that is.
    for _depth in range(3):
        written = Environment(autoescape=False).from_string(written).render(variables)
    assert written == constant
