# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers by ARP, on a network of pairs of sockets."""

from __future__ import annotations

import socket
import struct
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import address_holders
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.address_holders import ArpHolders

ADDRESS, OWN = "192.0.2.100", "02:00:00:00:00:01"
FRAME = struct.Struct("!6s6sHHHBBH6s4s6s4s")


def packed(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def answer(mac: str, *, address: str = ADDRESS, operation: int = 2) -> bytes:
    """What a host sends."""
    return FRAME.pack(
        packed(OWN), packed(mac), 0x0806, 1, 0x0800, 6, 4, operation, packed(mac), socket.inet_aton(address), packed(OWN), b"\0" * 4
    )  # fmt: skip


class Network(t.NamedTuple):
    """A host, and what others send to it."""

    holders: ArpHolders
    others: socket.socket
    addresses: list[str]


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> t.Iterator[Network]:
    """A host with one interface."""
    addresses = ["192.0.2.11"]
    here, others = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    class Own:
        """The host's end, which binds to an interface."""

        def __init__(self, *_arguments: int) -> None:
            self.fileno, self.send, self.recv = here.fileno, here.send, here.recv

        def bind(self, address: tuple[str, int]) -> None:
            """To the interface, for ARP."""
            assert address == ("eth0", 0x0806)

    monkeypatch.setattr(address_holders.socket, "socket", Own)
    monkeypatch.setattr(address_holders, "mac_of", lambda _interface: OWN)
    monkeypatch.setattr(address_holders.own_addresses, "collect", lambda: addresses)
    with here, others:
        yield Network(ArpHolders(ADDRESS, "eth0"), others, addresses)


def test_everyone_who_answers_has_it(network: Network) -> None:
    for mac in ("02:00:00:00:00:02", "02:00:00:00:00:03", "02:00:00:00:00:02"):
        network.others.send(answer(mac))
    assert network.holders.ask() == {"02:00:00:00:00:02", "02:00:00:00:00:03"}
    request = FRAME.unpack(network.others.recv(100))
    assert (request[0], request[7], request[9], request[11]) == (b"\xff" * 6, 1, b"\0" * 4, socket.inet_aton(ADDRESS))
    assert network.holders.ask() == frozenset()


def test_what_is_no_answer_counts_for_nothing(network: Network) -> None:
    for frame in (
        answer("02:00:00:00:00:02", address="192.0.2.99"),
        answer("02:00:00:00:00:02", operation=1),
        b"short",
    ):
        network.others.send(frame)
    assert network.holders.ask() == frozenset()


def test_this_host_is_a_holder_itself(network: Network) -> None:
    network.addresses.append(ADDRESS)
    assert network.holders.ask() == {OWN}
    network.others.close()
    assert network.holders.ask() == {OWN}


def test_an_interface_that_there_is_not_is_an_error() -> None:
    with pytest.raises(OSError, match="nowhere"):
        address_holders.mac_of("nowhere")
