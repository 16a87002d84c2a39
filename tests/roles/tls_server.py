#!/usr/bin/env python3
# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A TLS server that stands for one API server in the tests of load balancers (standard library only).

    tls_server.py NAME ADDRESS PORT CERTIFICATE KEY STATE_FILE [CLIENT_CA]

``/readyz`` answers 200 while STATE_FILE says ``ready``, else 500, and that only after 2 s if it says ``slow`` (as an API
server does that waits for etcd); ``/watch`` sends a line every 100 ms for ever; ``/hold`` answers
200 and keeps the connection; every other path answers 200. With CLIENT_CA, a file, every path answers 401 to clients without a certificate of that CA. Each answer has NAME in the header ``Server``. SIGUSR1 closes the listening socket for 150 ms:
new connections are refused, open ones go on.
"""

from __future__ import annotations

import pathlib
import signal
import socket
import ssl
import sys
import threading
import time


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens on ``address``."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((address, port))
    listener.listen(256)
    return listener


def answer(connection: ssl.SSLSocket, name: str, state_file: pathlib.Path) -> None:
    """Read one request from ``connection`` and answer it."""
    request = connection.recv(4096).decode(errors="replace")
    path = request.split(" ")[1] if request.count(" ") >= 2 else ""
    state = state_file.read_text(encoding="utf-8").strip()
    anonymous = connection.context.verify_mode is not ssl.CERT_NONE and not connection.getpeercert()
    unready = path == "/readyz" and state != "ready"
    if unready and state == "slow":
        time.sleep(2)
    status = "401 Unauthorized" if anonymous else "500 Internal Server Error" if unready else "200 OK"
    length = "" if path in ("/watch", "/hold") else "Content-Length: 0\r\n"
    connection.sendall(f"HTTP/1.1 {status}\r\nServer: {name}\r\n{length}Connection: close\r\n\r\n".encode())
    while path == "/watch":
        connection.sendall(b"event\n")
        time.sleep(0.1)
    if path == "/hold":
        connection.settimeout(None)
        connection.recv(1)


def serve(raw: socket.socket, context: ssl.SSLContext, name: str, state_file: pathlib.Path) -> None:
    """Serve one connection; a peer that goes away ends it."""
    try:
        raw.settimeout(30)
        with context.wrap_socket(raw, server_side=True) as connection:
            answer(connection, name, state_file)
    except OSError:
        raw.close()


def main() -> None:
    """Serve until the process is ended."""
    name, address, port, certificate, key, state_file = sys.argv[1:7]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    client_ca = "".join(sys.argv[7:8])
    if client_ca:
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_OPTIONAL
    refuse = threading.Event()
    signal.signal(signal.SIGUSR1, lambda *_: refuse.set())
    listener = listen(address, int(port))
    print("listening", flush=True)
    while True:
        if refuse.is_set():
            listener.close()
            time.sleep(0.15)
            refuse.clear()
            listener = listen(address, int(port))
        listener.settimeout(0.02)
        try:
            raw, _ = listener.accept()
        except TimeoutError:
            continue
        threading.Thread(target=serve, args=(raw, context, name, pathlib.Path(state_file)), daemon=True).start()


if __name__ == "__main__":
    main()
