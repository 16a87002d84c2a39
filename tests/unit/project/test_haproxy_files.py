# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role apiserver_haproxy writes where the inspection of its host reads, and where its configuration loads."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jinja2 import Environment

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import haproxy_files

VARIABLES = yaml.safe_load((Path(__file__).parents[3] / "roles/apiserver_haproxy/vars/main.yml").read_text())


@pytest.mark.parametrize(
    ("variable", "constant"),
    [
        ("program", haproxy_files.PROGRAM),
        ("state_directory", haproxy_files.STATE_DIRECTORY),
        ("configuration_path", haproxy_files.CONFIGURATION),
        ("ca_path", haproxy_files.CA),
        ("lua_path", haproxy_files.LUA),
        ("marker", haproxy_files.MARKER),
        ("status_socket", haproxy_files.STATUS_SOCKET),
        ("probe_path", haproxy_files.PROBE_CERTIFICATE),
    ],
)
def test_role_and_inspection_agree(variable: str, constant: str) -> None:
    written = Environment(autoescape=False).from_string(VARIABLES[f"__apiserver_haproxy_{variable}"])
    assert written.render(VARIABLES) == constant
