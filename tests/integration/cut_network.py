# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two hosts in namespaces of their own, of which one has its network cut by the drill's packet filter: a program of its test.

It runs in a new network namespace and makes a second one for the peer. What either can reach before, while and after the cut is printed as JSON.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.files import HostFiles
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.network_cut import Cut
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.packet_filter import PacketFilter

CUT = Cut((2379, 2380, 6443), (2380,))
PORTS = (22, 2379, 2380, 6443, 10250)
HOST, PEER = ("192.0.2.1", "fd00::1"), ("192.0.2.2", "fd00::2")
SECONDS = 0.7


def ip(*arguments: str) -> None:
    """Run it."""
    subprocess.run(["ip", *arguments], check=True)


def configure(interface: str, addresses: tuple[str, str]) -> None:
    """Addresses of both families, at once."""
    ip("link", "set", "lo", "up")
    ip("address", "add", f"{addresses[0]}/24", "dev", interface)
    ip("address", "add", f"{addresses[1]}/64", "dev", interface, "nodad")
    ip("link", "set", interface, "up")


def answer(connection: socket.socket) -> None:
    """Whatever is said."""
    with contextlib.suppress(OSError), connection:
        while data := connection.recv(100):
            connection.sendall(data)


def serve() -> None:
    """On all ports, for both families."""

    def accept(server: socket.socket) -> None:
        while True:
            threading.Thread(target=answer, args=(server.accept()[0],), daemon=True).start()

    for port in PORTS:
        server = socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
        threading.Thread(target=accept, args=(server,), daemon=True).start()


def reached(address: str) -> list[int]:
    """Ports of an address that answer."""
    found = []
    for port in PORTS:
        with contextlib.suppress(OSError), socket.create_connection((address, port), timeout=SECONDS) as connection:
            if echoes(connection):
                found.append(port)
    return found


def echoes(connection: socket.socket) -> bool:
    """Whether what is said comes back."""
    try:
        connection.sendall(b"x")
        return connection.recv(1) == b"x"
    except OSError:
        return False


def be_peer() -> None:
    """Answer questions of the host, one a line."""
    print("made", flush=True)
    sys.stdin.readline()
    configure("p0", PEER)
    serve()
    print("serves", flush=True)
    kept = None
    for line in sys.stdin:
        if line.strip() == "connect":
            kept = socket.create_connection((HOST[0], 6443), timeout=SECONDS)
        assert kept is not None
        print(json.dumps({"kept": echoes(kept), **{address: reached(address) for address in HOST}}), flush=True)
        # What was lost on the way comes later, and is no answer to the next question.
        kept.settimeout(20)
        if line.strip() == "mended":
            echoes(kept)
            print(json.dumps(echoes(kept)), flush=True)
        kept.settimeout(SECONDS)


@contextlib.contextmanager
def peer() -> Iterator[subprocess.Popen[str]]:
    """In another network namespace."""
    command = ["unshare", "--net", sys.executable, "-m", "tests.integration.cut_network", "peer"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def main(program: str) -> None:
    """Cut by one program, and mend."""
    packets = PacketFilter(HostCommands(), HostFiles())
    with peer() as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(question: str) -> dict[str, object]:
            print(question, file=process.stdin, flush=True)
            answered = json.loads(process.stdout.readline() if process.stdout else "")
            return {"from_peer": answered, **{address: reached(address) for address in (*PEER, *HOST)}}

        assert process.stdout.readline() == "made\n"
        ip("link", "add", "h0", "type", "veth", "peer", "name", "p0", "netns", str(process.pid))
        configure("h0", HOST)
        serve()
        print("configure", file=process.stdin, flush=True)
        assert process.stdout.readline() == "serves\n"
        found = {"program": packets.program(), "before": ask("connect")}
        packets.cut(CUT, program)
        packets.cut(CUT, program)
        found["cut"] = ask("cut")
        packets.mend(program)
        packets.mend(program)
        found["mended"] = ask("mended")
        found["kept"] = json.loads(process.stdout.readline())
        found["rules"] = rules()
    print(json.dumps(found))


def rules() -> str:
    """All that is left."""
    commands = (["nft", "list", "ruleset"], ["iptables", "-S"], ["ip6tables", "-S"])
    return "".join(subprocess.run(each, check=False, capture_output=True, text=True).stdout for each in commands)


if __name__ == "__main__":
    be_peer() if sys.argv[1] == "peer" else main(sys.argv[1])
