# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""endpoint_info with a real API server: behind its own address, behind one that ends TLS, and where nothing is."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import typing as t

import pytest

from tests.integration.modules import Modules
from tests.unit.plugins.certificates import make_ca, make_certificate

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane

PROXIES = ("https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")


def options(plane: ControlPlane, **more: t.Any) -> dict[str, t.Any]:
    """The endpoint of the running API server."""
    return {"endpoint": f"localhost:{plane.api_port}", "ca_path": str(plane.pki / "ca.crt"), "host": "w1", **more}


@pytest.fixture(name="client")
def _client(plane: ControlPlane, tmp_path: Path) -> str:
    """A client certificate of the cluster and its key in one file, as a kubelet has it."""
    path = tmp_path / "client.pem"
    pair = [plane.pki / f"apiserver-kubelet-client.{end}" for end in ("crt", "key")]
    path.write_bytes(b"".join(item.read_bytes() for item in pair))
    return str(path)


@contextlib.contextmanager
def ending_tls(plane: ControlPlane, directory: Path, *, own_ca: bool) -> t.Iterator[int]:
    """A load balancer that ends TLS, with a certificate of the cluster's CA or of its own, and asks the API server itself."""
    pem = (plane.pki / "apiserver.crt").read_bytes() + (plane.pki / "apiserver.key").read_bytes()
    if own_ca:
        issued = make_certificate(make_ca("somebody"), "localhost", lifetime=(-30, 3000))
        pem = issued.certificate + issued.key
    (directory / "balancer.pem").write_bytes(pem)
    inside = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    inside.load_cert_chain(directory / "balancer.pem")
    outside = ssl.create_default_context(cafile=str(plane.pki / "ca.crt"))

    def forward(accepted: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),
            accepted,
            inside.wrap_socket(accepted, server_side=True) as session,
            socket.create_connection(("127.0.0.1", plane.api_port), timeout=10) as connected,
            outside.wrap_socket(connected, server_hostname="localhost") as server,
        ):
            server.sendall(session.recv(65536))
            while data := server.recv(65536):
                session.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    threading.Thread(target=forward, args=(listener.accept()[0],), daemon=True).start()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(timeout=10)


@pytest.mark.parametrize("check", [True, False])
def test_the_api_server_itself(plane: ControlPlane, modules: Modules, client: str, *, check: bool) -> None:
    found = modules.run("endpoint_info", check=check, **options(plane, client_certificate=client))
    assert (found["changed"], found["ready"]) == (False, True)
    assert "127.0.0.1" in found["addresses"]
    assert {item["identity"] for item in found["attempts"] if item["outcome"] == "answered"} == {"kept"}


def test_a_proxy_in_the_environment_is_not_used(plane: ControlPlane, tmp_path: Path) -> None:
    environment = {**plane.environment, **dict.fromkeys(PROXIES, "http://127.0.0.1:9"), "NO_PROXY": "", "no_proxy": ""}
    assert Modules(environment, tmp_path).run("endpoint_info", **options(plane))["ready"] is True


@pytest.mark.parametrize(
    ("own_ca", "expected"),
    [
        (True, "serves a certificate that this cluster's CA did not issue"),
        (False, "does not see this host's client certificate, because something between ends TLS itself"),
    ],
)
def test_a_balancer_that_ends_tls(
    plane: ControlPlane, modules: Modules, client: str, tmp_path: Path, *, own_ca: bool, expected: str
) -> None:
    with ending_tls(plane, tmp_path, own_ca=own_ca) as port:
        arguments = options(plane, client_certificate=client, endpoint=f"localhost:{port}")
        refused = modules.run("endpoint_info", **arguments)
    assert refused["failed"] is True
    assert refused["msg"].startswith(f"w1 cannot use the endpoint localhost:{port}")
    assert expected in refused["msg"]


def test_nothing_there(plane: ControlPlane, modules: Modules) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    refused = modules.run("endpoint_info", **options(plane, endpoint=f"127.0.0.1:{port}"))
    assert f"127.0.0.1:{port} refuses the connection, so nothing listens there" in refused["msg"]
    nowhere = modules.run("endpoint_info", **options(plane, endpoint="nowhere.invalid:6443"))
    assert "does not resolve nowhere.invalid" in nowhere["msg"]


def test_inputs_that_cannot_be(plane: ControlPlane, modules: Modules, tmp_path: Path) -> None:
    no_port = modules.run("endpoint_info", **options(plane, endpoint="localhost"))
    assert "has no port" in no_port["msg"]
    no_ca = modules.run("endpoint_info", **options(plane, ca_path=str(tmp_path / "none.crt")))
    assert "give the cluster's CA by the option ca_certificate" in no_ca["msg"]
