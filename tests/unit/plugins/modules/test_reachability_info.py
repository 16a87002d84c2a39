# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of reachability_info: options in, result out, real sockets on loopback."""

from __future__ import annotations

import socket
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.modules import reachability_info

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule


@pytest.mark.parametrize("check", [False, True])
def test_listening_and_closed(run_module: RunModule, *, check: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.create_server(("127.0.0.1", 0)) as other:
        port, closed = listener.getsockname()[1], other.getsockname()[1]
        other.close()
        targets = [{"address": "127.0.0.1", "port": number} for number in (port, closed)]
        found = run_module("reachability_info", check=check, targets=targets)
        listener.settimeout(5)
        with listener.accept()[0] as accepted:
            accepted.settimeout(5)
            assert accepted.recv(1) == b"", "data was sent"
    assert found["changed"] is False
    assert found["attempts"] == [
        {"address": "127.0.0.1", "port": port, "outcome": "connected", "error": ""},
        {"address": "127.0.0.1", "port": closed, "outcome": "refused", "error": "ECONNREFUSED"},
    ]
    documented = yaml.safe_load(reachability_info.RETURN)["attempts"]["contains"]
    assert all(set(item) == set(documented) for item in found["attempts"])


def test_a_name_is_refused(run_module: RunModule) -> None:
    found = run_module("reachability_info", targets=[{"address": "localhost", "port": 6443}])
    assert found["failed"] is True
    assert "'localhost' is no IP address" in found["msg"]


def test_nothing_to_try(run_module: RunModule) -> None:
    assert run_module("reachability_info", targets=[])["attempts"] == []
