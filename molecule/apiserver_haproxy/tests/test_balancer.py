# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a converged balancer, with the field's own tools on the node and clients on the controller."""

import contextlib
import json
import os
import pathlib
import socket
import ssl
import subprocess
import time

import pytest

CA_FILE = pathlib.Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / ".cache/molecule/apiserver_haproxy-pki/ca.crt"
PORT = 6443
STATUS_SOCKET = "/var/lib/haproxy/kubernetes-apiserver-status.sock"
# The node may have no curl.
UNIX_GET = """
import http.client, socket, sys
connection = http.client.HTTPConnection("localhost")
connection.sock = socket.socket(socket.AF_UNIX)
connection.sock.connect(sys.argv[1])
connection.request("GET", "/")
print(connection.getresponse().read().decode())
"""
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], 6443), timeout=2)"


@pytest.fixture
def address(host) -> str:
    """The node's address as the controller knows it."""
    variables = host.backend.get_variables()
    return variables["ansible_host"]


def get(address: str, path: str) -> tuple[str, int]:
    """GET ``path`` through the balancer, verified with the cluster's CA: the server's name and the status."""
    context = ssl.create_default_context(cafile=CA_FILE)
    with (
        contextlib.closing(socket.create_connection((address, PORT), timeout=2)) as raw,
        context.wrap_socket(raw, server_hostname="kubernetes") as connection,
    ):
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: kubernetes\r\n\r\n".encode())
        head = connection.recv(4096).decode()
    status = int(head.split(" ")[1])
    return head.split("Server: ")[1].split("\r\n")[0], status


def ready(host) -> set[str]:
    """The servers that haproxy takes for ready."""
    answer = host.check_output("python3 -c %s %s", UNIX_GET, STATUS_SOCKET)
    return {name for name, is_ready in json.loads(answer)["ready"].items() if is_ready}


def wait_for_ready(host, wanted: set[str]) -> None:
    """Wait until exactly ``wanted`` are ready."""
    deadline = time.monotonic() + 10
    while ready(host) != wanted:
        assert time.monotonic() < deadline, f"ready are {ready(host)}, not {wanted}"
        time.sleep(0.2)


def test_service(host) -> None:
    assert host.package("haproxy").is_installed
    service = host.service("haproxy")
    assert service.is_running
    assert service.is_enabled


@pytest.mark.parametrize("name", ["haproxy.cfg", "kubernetes-ca.crt", "kubernetes-apiserver.lua"])
def test_files(host, name) -> None:
    file = host.file(f"/etc/haproxy/{name}")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    assert "PRIVATE KEY" not in file.content_string


def test_configuration_is_accepted_without_a_warning(host) -> None:
    result = host.run("haproxy -c -f /etc/haproxy/haproxy.cfg")
    assert result.rc == 0, result.stderr
    assert "WARNING" not in result.stdout + result.stderr


@pytest.mark.parametrize("local", ["127.0.0.1", "::1"])
def test_listens_with_both_families(host, local) -> None:
    assert "haproxy" in host.check_output("ss -ltnpH 'sport = :6443'")
    host.check_output("python3 -c %s %s", CONNECT, local)


@pytest.mark.parametrize("name", ["kubernetes-apiserver-status.sock", "kubernetes-apiserver-admin.sock"])
def test_sockets_are_for_root_only(host, name) -> None:
    file = host.file(f"/var/lib/haproxy/{name}")
    assert file.is_socket
    assert (file.user, file.mode) == ("root", 0o600)


def test_both_servers_answer_through_the_balancer(host, address) -> None:
    assert ready(host) == {"cp1", "cp2"}
    assert {get(address, "/readyz") for _ in range(10)} == {("cp1", 200), ("cp2", 200)}


def test_certificate_behind_the_balancer(address) -> None:
    done = subprocess.run(
        [
            *("openssl", "s_client", "-connect", f"{address}:{PORT}", "-CAfile", str(CA_FILE)),
            *("-verify_hostname", "kubernetes", "-verify_return_error"),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Verification: OK" in done.stdout, done.stderr


def test_curl_through_the_balancer(address) -> None:
    done = subprocess.run(
        [
            *("curl", "--silent", "--show-error", "--cacert", str(CA_FILE), "--write-out", "%{http_code}"),
            *("--resolve", f"kubernetes:{PORT}:{address}", f"https://kubernetes:{PORT}/readyz"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "200"), done.stderr


def test_unready_server_is_left_out_and_taken_back(host, address) -> None:
    host.check_output("echo unready > /opt/apiserver/cp1.state")
    try:
        wait_for_ready(host, {"cp2"})
        assert {get(address, "/readyz") for _ in range(10)} == {("cp2", 200)}
        host.check_output("echo unready > /opt/apiserver/cp2.state")
        wait_for_ready(host, set())
        assert {get(address, "/version") for _ in range(10)} == {("cp1", 200), ("cp2", 200)}
    finally:
        host.check_output("echo ready | tee /opt/apiserver/cp1.state /opt/apiserver/cp2.state")
    wait_for_ready(host, {"cp1", "cp2"})


def test_dead_server_costs_no_request(host, address) -> None:
    host.check_output("systemctl kill --signal=SIGKILL apiserver-cp2")
    assert {get(address, "/readyz") for _ in range(20)} == {("cp1", 200)}


def test_reload_and_restart_of_the_service(host, address) -> None:
    for command in ("reload", "restart"):
        host.check_output("systemctl %s haproxy", command)
        wait_for_ready(host, {"cp1"})
        assert get(address, "/readyz") == ("cp1", 200)
        assert host.service("haproxy").is_running
