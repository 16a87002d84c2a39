# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The checks of the role's haproxy against real API servers that refuse anonymous requests."""

from __future__ import annotations

import http.client
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration import control_plane
from tests.integration.control_plane import ControlPlane
from tests.roles.balancer import Authority, Balancer, free_port, wait_until

USER = "kubeadm-ha:apiserver-probe"
CONDITIONS = """\
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
anonymous:
  enabled: true
  conditions:
  - path: /livez
  - path: /healthz
"""


@pytest.fixture(scope="module", params=["anonymous-auth=false", "authentication-config"])
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane whose API server refuses an anonymous GET /readyz."""
    configuration = tmp_path_factory.mktemp("authentication") / "authentication.yaml"
    configuration.write_text(CONDITIONS, encoding="ascii")
    flag = "--anonymous-auth=false" if "=" in request.param else f"--authentication-config={configuration}"
    directory = tmp_path_factory.mktemp("control-plane")
    with control_plane.running(control_plane.lab_binaries(), directory, api_server_flags=[flag]) as running:
        yield running


@pytest.fixture(scope="module")
def port() -> int:
    """Port of the balancer, the same for all tests, so that little is rendered."""
    return free_port()


@pytest.fixture
def balancer(plane: ControlPlane, port: int) -> Iterator[Balancer]:
    """haproxy before the API server, its checks with the certificate of kubernetes-probe.crt; not yet started."""
    with tempfile.TemporaryDirectory(prefix="haproxy-") as directory:
        made = Balancer(
            Path(directory),
            apiserver_haproxy_bind_port=port,
            apiserver_haproxy_backends=[{"name": "cp1", "address": "127.0.0.1", "port": plane.api_port}],
            apiserver_haproxy_ca_certificate=(plane.pki / "ca.crt").read_text(encoding="ascii"),
            apiserver_haproxy_probe_certificate=True,
            apiserver_haproxy_probe_signer="cp1",
        )
        present(made, Authority(plane.pki))
        yield made


def present(balancer: Balancer, authority: Authority) -> None:
    """Let the checks present a new certificate of this CA, and its key."""
    certificate, key = authority.issue_client("probe", USER)
    shutil.copy(certificate, balancer.directory / "kubernetes-probe.crt")
    shutil.copy(key, balancer.directory / "kubernetes-probe.crt.key")


def status(plane: ControlPlane, port: int, client: Path | None = None, path: str = "/readyz") -> int:
    """Status of a GET, with or without the client certificate in ``client``."""
    context = ssl.create_default_context(cafile=plane.pki / "ca.crt")
    if client is not None:
        context.load_cert_chain(client / "kubernetes-probe.crt", client / "kubernetes-probe.crt.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=5)
    connection.request("GET", path)
    try:
        return connection.getresponse().status
    finally:
        connection.close()


def test_readiness_is_seen_with_the_certificate(plane: ControlPlane, balancer: Balancer) -> None:
    assert status(plane, plane.api_port) == 401
    balancer.render()
    assert "WARNING" not in balancer.check()
    etcd = plane.processes["etcd"]
    with balancer.running():
        time.sleep(2)
        assert balancer.ready() == {"cp1"}
        assert status(plane, balancer.port, balancer.directory) == 200
        etcd.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: balancer.ready() == set(), limit=12, what="the unready API server is seen")
        finally:
            etcd.send_signal(signal.SIGCONT)
        wait_until(lambda: balancer.ready() == {"cp1"}, limit=12, what="it is seen ready again")


def test_the_certificate_gives_no_more_than_any_user_has(plane: ControlPlane, balancer: Balancer) -> None:
    assert status(plane, plane.api_port, balancer.directory, "/readyz") == 200
    assert status(plane, plane.api_port, balancer.directory, "/api/v1/namespaces/kube-system/secrets") == 403
    assert status(plane, plane.api_port, balancer.directory, "/metrics") == 403


def test_without_a_certificate_that_the_api_server_takes_nothing_is_ready(
    plane: ControlPlane, balancer: Balancer, tmp_path: Path
) -> None:
    present(balancer, Authority.create(tmp_path / "foreign-ca"))
    balancer.render()
    with balancer.running():
        time.sleep(3)
        assert balancer.ready() == set()
        # It balances all the same.
        assert status(plane, balancer.port) == 401
        present(balancer, Authority(plane.pki))
        balancer.reload()
        wait_until(lambda: balancer.ready() == {"cp1"}, limit=12, what="the renewed certificate is taken")
