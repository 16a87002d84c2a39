# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""port_clients_info with real sockets: who is connected from elsewhere, until nobody is."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
import typing as t

import pytest

if t.TYPE_CHECKING:
    from tests.integration.modules import Modules

NAME = "port_clients_info"


@contextlib.contextmanager
def connected(address: str, source: str) -> t.Iterator[tuple[int, socket.socket]]:
    """A port of this machine, and a client of it with another address."""
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection((address, port), source_address=(source, 0)) as client:
            accepted, _peer = server.accept()
            with accepted:
                yield port, client


@pytest.mark.parametrize("check", [True, False])
def test_who_is_connected_is_named(modules: Modules, check: bool) -> None:
    with connected("127.0.0.1", "127.0.0.2") as (port, _client):
        result = modules.run(NAME, check=check, port=port, host="lb1", wait_timeout=0)
        assert result["failed"]
        assert f"Port {port} of lb1 is still used by 127.0.0.2: point it elsewhere" in result["msg"]
        assert result["clients"] == ["127.0.0.2"]


def test_the_host_itself_does_not_count(modules: Modules) -> None:
    with connected("127.0.0.1", "127.0.0.1") as (port, _client):
        result = modules.run(NAME, port=port, quiet=0.5, wait_timeout=0)
        assert (result.get("failed"), result["changed"], result["clients"]) == (None, False, [])


def test_the_last_one_is_waited_for(modules: Modules) -> None:
    with connected("127.0.0.1", "127.0.0.2") as (port, client):

        def leave() -> None:
            time.sleep(2)
            client.shutdown(socket.SHUT_RDWR)

        thread = threading.Thread(target=leave)
        thread.start()
        result = modules.run(NAME, port=port, quiet=1, wait_timeout=20)
        thread.join()
        assert not result.get("failed"), result
