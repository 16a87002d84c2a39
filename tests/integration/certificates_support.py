# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Second opinions on certificates by openssl and plain TLS connections, and modules that are killed on cue."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import typing as t
import urllib.request
from pathlib import Path

from tests.integration.control_plane import REPOSITORY, run
from tests.integration.modules import COLLECTIONS, Modules


def openssl(path: Path, *arguments: str) -> str:
    """What ``openssl x509`` prints of a certificate."""
    return run(["openssl", "x509", "-noout", "-in", str(path), *arguments])


def serial(path: Path) -> str:
    """Serial number of a certificate file."""
    return openssl(path, "-serial").strip().partition("=")[2]


def covers_name(path: Path, name: str) -> bool:
    """Whether openssl accepts the certificate for a DNS name."""
    return "does match certificate" in openssl(path, "-checkhost", name)


def covers_address(path: Path, address: str) -> bool:
    """Whether openssl accepts the certificate for an IP address."""
    return "does match certificate" in openssl(path, "-checkip", address)


def sans(path: Path) -> set[str]:
    """SANs of a certificate file as openssl prints them."""
    text = openssl(path, "-ext", "subjectAltName")
    return {item.strip() for item in re.sub(r"(?s)^.*?:\s*\n", "", text).split(",")}


def is_pair(certificate: Path, key: Path) -> bool:
    """Whether openssl finds the same public key in a certificate and a private key."""
    of_key = run(["openssl", "pkey", "-in", str(key), "-pubout"])
    return openssl(certificate, "-pubkey") == of_key


def is_signed(certificate: Path, ca: Path) -> bool:
    """Whether openssl verifies the certificate with the CA."""
    ended = subprocess.run(
        ["openssl", "verify", "-CAfile", str(ca), str(certificate)], capture_output=True, check=False
    )
    return ended.returncode == 0


def served_serial(port: int) -> str:
    """Serial number of the certificate that is served on loopback."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        context.wrap_socket(connection) as session,
    ):
        der = session.getpeercert(binary_form=True)
    assert der is not None
    command = ["openssl", "x509", "-inform", "DER", "-noout", "-serial"]
    return subprocess.run(command, input=der, capture_output=True, check=True).stdout.decode().strip().partition("=")[2]


def fingerprint(directory: Path) -> dict[str, tuple[int, str]]:
    """Mode and hash of every file below a directory."""
    return {
        str(path.relative_to(directory)): (path.stat().st_mode, hashlib.sha256(path.read_bytes()).hexdigest())
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def start(modules: Modules, name: str, /, **arguments: t.Any) -> subprocess.Popen[bytes]:
    """Start a module as a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "plugins" / "modules" / f"{name}.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**modules.environment, "PYTHONPATH": str(COLLECTIONS)},
        start_new_session=True,
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_tmpdir": None}}).encode())
    process.stdin.close()
    return process


def kill_when(process: subprocess.Popen[bytes], has_come: t.Callable[[], bool], *, timeout: float = 60.0) -> bool:
    """Kill a process and its children with SIGKILL as soon as something has come, polling without a pause.

    Returns:
        whether it still ran then.
    """
    deadline = time.monotonic() + timeout
    while process.poll() is None:
        if has_come():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return True
        if time.monotonic() > deadline:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise AssertionError(f"the moment to kill the module did not come within {timeout:g} s")
    return False


def process_id(program: Path, argument: str) -> int:
    """The process that runs a program with an argument."""
    for directory in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (directory / "cmdline").read_bytes().decode().split("\0")
            if arguments[0] == str(program) and argument in arguments:
                return int(directory.name)
    raise AssertionError(f"no process runs {program} {argument}")


@contextlib.contextmanager
def frozen(process: int) -> t.Iterator[None]:
    """A process that does nothing for the time of the context: its sockets take connections, and no answer comes."""
    os.kill(process, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process, signal.SIGCONT)


@contextlib.contextmanager
def serving(certificate: Path, key: Path) -> t.Iterator[int]:
    """A TLS server on loopback that keeps its first certificate; gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=_serve, args=(listener, context), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


def _serve(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            connection, _address = listener.accept()
        except OSError:
            return
        with contextlib.suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as session:
            session.settimeout(5)
            session.recv(1)


@contextlib.contextmanager
def probing(port: int, ca: Path) -> t.Iterator[list[str]]:
    """Ask ``/readyz`` over a new, verified connection every 20 ms; gives the list of the answers so far."""
    answers: list[str] = []
    stop = threading.Event()
    thread = threading.Thread(target=_probe, args=(port, ca, answers, stop), daemon=True)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join(timeout=10)


def _probe(port: int, ca: Path, answers: list[str], stop: threading.Event) -> None:
    context = ssl.create_default_context(cafile=str(ca))
    while not stop.wait(0.02):
        try:
            url = f"https://127.0.0.1:{port}/readyz"
            with urllib.request.urlopen(url, context=context, timeout=2) as response:
                answers.append(response.read().decode())
        except OSError as error:
            answers.append(f"failed: {error}")
