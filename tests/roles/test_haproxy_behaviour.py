# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role's haproxy does when API servers die, freeze, become unready and come back.

Real haproxy with the rendered configuration, real TLS, real processes on loopback. A duration fails a test beyond three
times its bound (the machine may be busy); the bounds themselves are printed with the measured figures (pytest -rP).
"""

from __future__ import annotations

import contextlib
import pathlib
import signal
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests.roles.balancer import Authority, Balancer, Server, free_port, wait_until
from tests.roles.clients import Prober, Watch, client_context
from tests.roles.figures import DEAD, FROZEN, NOISE, UNREADY, report

if TYPE_CHECKING:
    import ssl

DEAD_SECONDS = 1.0
UNREADY_SECONDS = 2.0
# The grace periods of files/kubernetes-apiserver.lua come on top before the sessions of a down server end.
GRACE_DEAD_SECONDS = 1.0
GRACE_UNREADY_SECONDS = 3.0
DEAD_SESSIONS_SECONDS = UNREADY_SECONDS + GRACE_DEAD_SECONDS
UNREADY_SESSIONS_SECONDS = UNREADY_SECONDS + GRACE_UNREADY_SECONDS

NAMES = ("cp1", "cp2", "cp3")
# A certificate and its key.
Pair = tuple[pathlib.Path, pathlib.Path]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The cluster's CA."""
    return Authority.create(tmp_path_factory.mktemp("pki") / "ca")


@pytest.fixture(scope="module")
def context(authority: Authority) -> ssl.SSLContext:
    """What clients verify with."""
    return client_context(str(authority.certificate))


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    """The ports of the servers and of the balancer: the same for all tests, so that little is rendered."""
    return {name: free_port() for name in (*NAMES, "balancer")}


@pytest.fixture(scope="module")
def certificates(authority: Authority) -> dict[str, Pair]:
    """A serving certificate of each server, and its key."""
    return {name: authority.issue(name, "DNS:kubernetes") for name in NAMES}


@pytest.fixture
def servers(
    ports: dict[str, int], certificates: dict[str, Pair], tmp_path: pathlib.Path
) -> Iterator[dict[str, Server]]:
    """Three running API server stand-ins by name."""
    made = {
        name: Server(name=name, port=ports[name], certificate=certificates[name], directory=tmp_path) for name in NAMES
    }
    try:
        for server in made.values():
            server.start()
        yield made
    finally:
        for server in made.values():
            server.stop()


@pytest.fixture(scope="module")
def short_directory() -> Iterator[pathlib.Path]:
    """A temporary directory with a short name: the path of a Unix socket has at most 97 characters."""
    with tempfile.TemporaryDirectory(prefix="haproxy-") as directory:
        yield pathlib.Path(directory)


Balance = Callable[..., Balancer]


@pytest.fixture
def balance(authority: Authority, short_directory: pathlib.Path, ports: dict[str, int]) -> Iterator[Balance]:
    """A function that runs haproxy in front of servers and returns when it knows which of them are ready."""
    with contextlib.ExitStack() as stack:

        def start(servers: list[Server], *, ready: set[str] | None = None, **inputs: Any) -> Balancer:
            balancer = Balancer(
                short_directory,
                apiserver_haproxy_bind_port=ports["balancer"],
                apiserver_haproxy_backends=[
                    {"name": server.name, "address": "127.0.0.1", "port": server.port} for server in servers
                ],
                apiserver_haproxy_ca_certificate=authority.certificate.read_text(encoding="ascii"),
                **inputs,
            )
            balancer.render()
            stack.enter_context(balancer.running())
            wanted = {server.name for server in servers} if ready is None else ready
            wait_until(lambda: balancer.ready() == wanted, limit=5, what=f"only {wanted} are ready")
            time.sleep(1)
            assert balancer.ready() == wanted
            return balancer

        yield start


@pytest.fixture
def watch_all(context: ssl.SSLContext) -> Iterator[Callable[[Balancer], dict[str, Watch]]]:
    """A function that opens watches through the balancer until every ready server has one."""
    with contextlib.ExitStack() as stack:

        def start(balancer: Balancer) -> dict[str, Watch]:
            watches: dict[str, Watch] = {}
            for _ in range(12):
                watch = stack.enter_context(Watch(port=balancer.port, context=context))
                watches[watch.server] = watch
                if set(watches) == balancer.ready():
                    return watches
            raise AssertionError(f"watches only on {sorted(watches)}, ready are {sorted(balancer.ready())}")

        yield start


WatchAll = Callable[[Balancer], dict[str, Watch]]
Probing = Callable[[Balancer, str], Prober]


@pytest.fixture
def probe(authority: Authority, certificates: dict[str, Pair], tmp_path: pathlib.Path) -> Probing:
    """A function that makes a prober which asks for a path through the balancer."""
    found = {name: certificate for name, (certificate, _key) in certificates.items()}

    def make(balancer: Balancer, path: str) -> Prober:
        return Prober(
            port=balancer.port, path=path, ca=authority.certificate, certificates=found, log=tmp_path / "probes.jsonl"
        )

    return make


def test_killed_server(servers: dict[str, Server], balance: Balance, watch_all: WatchAll, probe: Probing) -> None:
    balancer = balance(list(servers.values()))
    watches = watch_all(balancer)
    with probe(balancer, "/readyz") as prober:
        time.sleep(1)
        event = time.monotonic()
        servers["cp1"].send(signal.SIGKILL)
        watches["cp1"].wait_end(DEAD_SESSIONS_SECONDS * NOISE)
        time.sleep(2)
        assert watches["cp2"].alive
        assert watches["cp3"].alive
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    report("rto kill", prober.rto(event), DEAD_SECONDS, of=("haproxy", DEAD))
    assert prober.servers(after=event + DEAD_SECONDS) == {"cp2", "cp3"}


def test_killed_server_comes_back(servers: dict[str, Server], balance: Balance, probe: Probing) -> None:
    balancer = balance(list(servers.values()))
    servers["cp2"].stop()
    wait_until(lambda: balancer.ready() == {"cp1", "cp3"}, limit=5, what="cp2 is down")
    with probe(balancer, "/readyz") as prober:
        event = time.monotonic()
        servers["cp2"].start()
        wait_until(lambda: "cp2" in prober.servers(), limit=6, what="cp2 serves again")
        report("back in use", time.monotonic() - event, UNREADY_SECONDS)
        time.sleep(1)
    assert prober.failed == ()


def test_frozen_server(servers: dict[str, Server], balance: Balance, watch_all: WatchAll, probe: Probing) -> None:
    balancer = balance(list(servers.values()))
    watches = watch_all(balancer)
    with probe(balancer, "/readyz") as prober:
        time.sleep(1)
        event = time.monotonic()
        servers["cp1"].send(signal.SIGSTOP)
        ended = watches["cp1"].wait_end(DEAD_SESSIONS_SECONDS * NOISE)
        time.sleep(1.5)
        assert watches["cp2"].alive
        assert watches["cp3"].alive
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    report("rto freeze", prober.rto(event), UNREADY_SECONDS, of=("haproxy", FROZEN))
    report("sessions of the frozen server ended", ended - event, DEAD_SESSIONS_SECONDS)


def test_unready_server(servers: dict[str, Server], balance: Balance, watch_all: WatchAll, probe: Probing) -> None:
    balancer = balance(list(servers.values()))
    watches = watch_all(balancer)
    with probe(balancer, "/readyz") as prober:
        time.sleep(1)
        event = time.monotonic()
        servers["cp1"].set_state("unready")
        ended = watches["cp1"].wait_end(UNREADY_SESSIONS_SECONDS * NOISE)
        time.sleep(2)
        assert watches["cp2"].alive
        assert watches["cp3"].alive
    print(f"failed probes: {len(prober.failed)} of {len(prober.probes)}")
    report("rto unready", prober.rto(event), UNREADY_SECONDS, of=("haproxy", UNREADY))
    report("sessions of the unready server ended", ended - event, UNREADY_SESSIONS_SECONDS)


def test_one_refused_connection_cuts_no_watch(
    servers: dict[str, Server], balance: Balance, watch_all: WatchAll, probe: Probing
) -> None:
    balancer = balance(list(servers.values()))
    watches = watch_all(balancer)
    with probe(balancer, "/readyz") as prober:
        time.sleep(0.5)
        for server in servers.values():
            server.send(signal.SIGUSR1)
            time.sleep(2)
        assert [watch.server for watch in watches.values() if not watch.alive] == []
        assert balancer.ready() == set(NAMES)
    assert prober.failed == ()


@pytest.mark.parametrize("state", ["unready", "slow"])
def test_every_server_unready_closes_nothing(
    servers: dict[str, Server],
    balance: Balance,
    watch_all: WatchAll,
    probe: Probing,
    state: Literal["unready", "slow"],
) -> None:
    balancer = balance(list(servers.values()))
    watches = watch_all(balancer)
    with probe(balancer, "/version") as prober:
        for server in servers.values():
            server.set_state(state)
            time.sleep(0.8)
        wait_until(lambda: balancer.ready() == set(), limit=6, what="every check fails")
        unready = time.monotonic()
        time.sleep(GRACE_UNREADY_SECONDS + 0.5)
        assert prober.servers(after=unready) == set(NAMES)
        for server in servers.values():
            server.set_state("ready")
            time.sleep(0.8)
        wait_until(lambda: balancer.ready() == set(NAMES), limit=6, what="every check passes again")
        time.sleep(1)
        assert [watch.server for watch in watches.values() if not watch.alive] == []
    assert prober.failed == ()
    print(f"failed probes: 0 of {len(prober.probes)}")


def test_one_dead_among_unready_servers(servers: dict[str, Server], balance: Balance, probe: Probing) -> None:
    balancer = balance(list(servers.values()))
    for server in servers.values():
        server.set_state("unready")
    servers["cp3"].stop()
    wait_until(lambda: balancer.ready() == set(), limit=6, what="every check fails")
    with probe(balancer, "/version") as prober:
        time.sleep(3)
    assert prober.failed == ()
    assert prober.servers() == {"cp1", "cp2"}


def test_single_server_is_never_given_up(
    servers: dict[str, Server], balance: Balance, watch_all: WatchAll, probe: Probing
) -> None:
    only = servers["cp1"]
    balancer = balance([only])
    watches = watch_all(balancer)
    with probe(balancer, "/version") as prober:
        only.set_state("unready")
        wait_until(lambda: balancer.ready() == set(), limit=6, what="the check fails")
        time.sleep(GRACE_UNREADY_SECONDS + 0.5)
        assert watches["cp1"].alive
    assert prober.failed == ()
    only.stop()
    time.sleep(2)
    only.start()
    with probe(balancer, "/version") as prober:
        time.sleep(2)
    assert prober.failed == ()


def test_servers_that_have_not_joined_yet(servers: dict[str, Server], balance: Balance, probe: Probing) -> None:
    servers["cp2"].stop()
    servers["cp3"].stop()
    balancer = balance(list(servers.values()), ready={"cp1"})
    with probe(balancer, "/readyz") as prober:
        time.sleep(2)
        servers["cp2"].start()
        wait_until(lambda: "cp2" in prober.servers(), limit=6, what="cp2 serves")
        time.sleep(1)
    assert prober.failed == ()


@pytest.mark.parametrize("check", ["https", "tcp"])
def test_certificate_of_the_servers_is_verified(
    servers: dict[str, Server], authority: Authority, balance: Balance, tmp_path: pathlib.Path, check: str
) -> None:
    foreign = Authority.create(tmp_path / "foreign-ca")
    pairs = {
        "other-ca": foreign.issue("other-ca", "DNS:kubernetes"),
        "other-name": authority.issue("other", "DNS:other"),
    }
    other_ca, other_name = (
        Server(name=name, port=free_port(), certificate=pair, directory=tmp_path) for name, pair in pairs.items()
    )
    try:
        other_ca.start()
        other_name.start()
        balance([servers["cp1"], other_ca, other_name], ready={"cp1"}, apiserver_haproxy_check=check)
    finally:
        other_ca.stop()
        other_name.stop()


def test_check_without_request(servers: dict[str, Server], balance: Balance, probe: Probing) -> None:
    balancer = balance(list(servers.values()), apiserver_haproxy_check="tcp")
    servers["cp2"].set_state("unready")
    time.sleep(2)
    assert balancer.ready() == set(NAMES)
    with probe(balancer, "/version") as prober:
        time.sleep(1)
        event = time.monotonic()
        servers["cp1"].send(signal.SIGSTOP)
        time.sleep(4)
    report("rto freeze, tcp check", prober.rto(event), UNREADY_SECONDS)


def test_reload_cuts_no_watch(
    servers: dict[str, Server], balance: Balance, watch_all: WatchAll, probe: Probing
) -> None:
    balancer = balance(list(servers.values()))
    watches = watch_all(balancer)
    before = balancer.status()["configuration"]
    with probe(balancer, "/readyz") as prober:
        time.sleep(1)
        balancer.inputs["apiserver_haproxy_maxconn"] = 2000
        balancer.render()
        balancer.reload()
        wait_until(lambda: balancer.status()["configuration"] != before, limit=5, what="new configuration is loaded")
        time.sleep(2)
        assert balancer.ready() == set(NAMES)
        servers["cp3"].send(signal.SIGKILL)
        time.sleep(3)
        assert watches["cp1"].alive
        assert watches["cp2"].alive
    reload_failures = [probe for probe in prober.failed if probe.scheduled < prober.probes[-1].scheduled - 3.5]
    assert reload_failures == []


def test_metrics_for_prometheus(servers: dict[str, Server], balance: Balance) -> None:
    port = free_port()
    balancer = balance(list(servers.values()), apiserver_haproxy_metrics_bind=f"127.0.0.1:{port}")
    servers["cp2"].set_state("unready")
    wait_until(lambda: balancer.ready() == {"cp1", "cp3"}, limit=6, what="cp2 is down")
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    for name in NAMES:
        state = "UP" if name != "cp2" else "DOWN"
        line = f'haproxy_server_status{{proxy="kubernetes-apiserver",server="{name}",state="{state}"}} 1'
        assert line in text.splitlines()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5)


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"apiserver_haproxy_check": "tcp"},
        {"apiserver_haproxy_bind_address": "127.0.0.1"},
        {"apiserver_haproxy_metrics_bind": "127.0.0.1:8405"},
        {"apiserver_haproxy_metrics_bind": "[::1]:8405"},
        {"apiserver_haproxy_bind_address": "::1"},
        {"apiserver_haproxy_backends": [{"name": "cp1", "address": "2001:db8::11"}]},
        {"apiserver_haproxy_backends": [{"name": "cp1.example.net", "address": "localhost", "port": 7443}]},
    ],
    ids=lambda inputs: "-".join(map(str, inputs)) or "default",
)
def test_haproxy_accepts_the_configuration_without_a_warning(
    authority: Authority, short_directory: pathlib.Path, inputs: dict[str, Any]
) -> None:
    variables = {
        "apiserver_haproxy_bind_port": 6443,
        "apiserver_haproxy_backends": [{"name": "cp1", "address": "192.0.2.11"}],
        "apiserver_haproxy_ca_certificate": authority.certificate.read_text(encoding="ascii"),
        **inputs,
    }
    balancer = Balancer(short_directory, **variables)
    balancer.render()
    output = balancer.check()
    assert "WARNING" not in output
    assert "ALERT" not in output
