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

CA_FILE = pathlib.Path(os.environ["MOLECULE_PROJECT_DIRECTORY"]) / ".cache/molecule/apiserver_nginx-pki/ca.crt"
PORT = 6443
STATUS_SOCKET = "/run/nginx-kubernetes-apiserver/status.sock"
SERVICES = ["nginx-kubernetes-apiserver", "kubernetes-apiserver-watch"]
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
    """The servers that nginx takes for ready; none while it does not answer."""
    answer = host.run("python3 -c %s %s", UNIX_GET, STATUS_SOCKET)
    return (
        {name for name, is_ready in json.loads(answer.stdout)["ready"].items() if is_ready} if answer.rc == 0 else set()
    )


def wait_for_ready(host, wanted: set[str]) -> None:
    """Wait until exactly ``wanted`` are ready."""
    deadline = time.monotonic() + 10
    while ready(host) != wanted:
        assert time.monotonic() < deadline, f"ready are {ready(host)}, not {wanted}"
        time.sleep(0.2)


@pytest.mark.parametrize("name", SERVICES)
def test_services(host, name) -> None:
    service = host.service(name)
    assert service.is_running
    assert service.is_enabled


def test_packages(host) -> None:
    assert host.package("nginx").is_installed
    assert host.package("libnginx-mod-stream").is_installed


def test_nobody_runs_as_root(host) -> None:
    users = {
        name: host.check_output("stat --format=%%u /proc/%s", host.check_output("systemctl show -P MainPID %s", name))
        for name in SERVICES
    }
    assert len(set(users.values())) == 1
    assert users != dict.fromkeys(SERVICES, "0")


def test_the_distributions_own_service_does_not_run_and_its_file_is_as_it_was(host) -> None:
    assert not host.service("nginx").is_running
    assert host.run("ss -ltnH 'sport = :80'").stdout == ""
    # Documentation is left out of the node's packages.
    assert "/etc/" not in host.run("dpkg --verify nginx nginx-common").stdout


@pytest.mark.parametrize("name", ["nginx.conf", "kubernetes-ca.crt"])
def test_files(host, name) -> None:
    file = host.file(f"/etc/nginx/kubernetes-apiserver/{name}")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o644)
    assert "PRIVATE KEY" not in file.content_string


@pytest.mark.parametrize("local", ["127.0.0.1", "::1"])
def test_listens_with_both_families(host, local) -> None:
    assert "nginx" in host.check_output("ss -ltnpH 'sport = :6443'")
    host.check_output("python3 -c %s %s", CONNECT, local)


def test_the_status_page_is_for_root_only(host) -> None:
    assert host.file(STATUS_SOCKET).is_socket
    refused = host.run("setpriv --reuid=65534 --regid=65534 --clear-groups python3 -c %s %s", UNIX_GET, STATUS_SOCKET)
    assert refused.rc != 0
    assert "PermissionError" in refused.stderr


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


@pytest.mark.parametrize("name", SERVICES)
def test_what_is_killed_comes_back(host, address, name) -> None:
    host.check_output("systemctl kill --signal=SIGKILL %s", name)
    deadline = time.monotonic() + 10
    while not host.service(name).is_running:
        assert time.monotonic() < deadline, f"{name} does not run again"
        time.sleep(0.2)
    wait_for_ready(host, {"cp1"})
    assert get(address, "/readyz") == ("cp1", 200)


def test_reload_and_restart_of_the_service(host, address) -> None:
    for command in ("reload", "restart"):
        host.check_output("systemctl %s nginx-kubernetes-apiserver", command)
        wait_for_ready(host, {"cp1"})
        assert get(address, "/readyz") == ("cp1", 200)


def test_what_nginx_would_refuse_is_not_loaded(host, address) -> None:
    path = "/etc/nginx/kubernetes-apiserver/nginx.conf"
    host.check_output("cp %s %s.right", path, path)
    host.check_output("sed -i s/least_conn/most_conn/ %s", path)
    try:
        host.check_output("systemctl restart kubernetes-apiserver-watch")
        time.sleep(3)
        assert 'unknown directive "most_conn"' in host.check_output(
            "journalctl -u kubernetes-apiserver-watch --no-pager"
        )
        assert "least_conn" in host.file("/run/nginx-kubernetes-apiserver/nginx.conf").content_string
        assert get(address, "/readyz") == ("cp1", 200)
    finally:
        host.check_output("mv %s.right %s", path, path)
        host.check_output("systemctl restart kubernetes-apiserver-watch")
    wait_for_ready(host, {"cp1"})
