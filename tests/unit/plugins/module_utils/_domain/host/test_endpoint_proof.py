# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an endpoint is proved, what is said when it is not, and how long it is waited for."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import (
    ANSWERED,
    EXPIRED,
    LOST,
    REFUSED,
    SILENT,
    UNREACHABLE,
    UNTRUSTED,
    Attempt,
    View,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.endpoint_proof import cluster_ca, prove

ENDPOINT = Endpoint("k8s.example.org", 6443)
GOOD = Attempt("192.0.2.10", ANSWERED, status=200)


def view(*attempts: Attempt, error: str = "") -> View:
    """What a host sees."""
    return View(ENDPOINT, tuple(item.address for item in attempts), error, attempts)


class Probe:
    """``EndpointProbe`` that sees one thing after the other, and then the last for ever."""

    def __init__(self, *views: View) -> None:
        self.views = list(views)

    def inspect(self, endpoint: Endpoint) -> View:
        """The next."""
        assert endpoint == ENDPOINT
        return self.views.pop(0) if len(self.views) > 1 else self.views[0]

    def begin(self, endpoint: Endpoint) -> t.Callable[[], View]:
        """Nobody inspects meanwhile here."""
        raise AssertionError(endpoint)


class Clock:
    """``Clock`` whose time passes only by sleeping."""

    def __init__(self) -> None:
        self.time = 0.0

    def now(self) -> float:
        """The same."""
        return self.time

    def monotonic(self) -> float:
        """The same."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Pass."""
        self.time += seconds


def ask(*views: View, wait_timeout: float = 0) -> t.Any:
    """The decision for a host called w1."""
    return prove(Probe(*views), Clock(), endpoint=ENDPOINT, host="w1", wait_timeout=wait_timeout)


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (view(error="Name or service not known"), "does not resolve k8s.example.org (Name or service not known)"),
        (view(), "does not resolve k8s.example.org (no address)"),
        (view(Attempt("192.0.2.10", REFUSED)), "192.0.2.10:6443 refuses the connection, so nothing listens there"),
        (view(Attempt("2001:db8::1", SILENT)), "[2001:db8::1]:6443 does not answer"),
        (view(Attempt("192.0.2.10", UNREACHABLE, "No route to host")), "cannot be reached (No route to host)"),
        (view(Attempt("192.0.2.10", UNTRUSTED, "self-signed")), "that this cluster's CA did not issue (self-signed)"),
        (view(Attempt("192.0.2.10", EXPIRED, "expired")), "is not valid now (expired)"),
        (
            view(Attempt("192.0.2.10", ANSWERED, status=503)),
            "the API server at 192.0.2.10:6443 is not ready (HTTP 503)",
        ),
        (view(Attempt("192.0.2.10", ANSWERED, status=302)), "is no API server (HTTP 302 for GET /readyz)"),
        (view(Attempt("192.0.2.10", ANSWERED, status=200, identity=LOST)), "something between ends TLS itself"),
        # One address is good, at another somebody else answers: whoever takes that one is cut off.
        (view(GOOD, Attempt("192.0.2.77", UNTRUSTED, "x")), "what answers at 192.0.2.77:6443 serves a certificate"),
    ],
)
def test_an_endpoint_that_is_not_proved(seen: View, expected: str) -> None:
    with pytest.raises(NotProved) as caught:
        ask(seen)
    assert caught.value.message.startswith("w1 cannot use the endpoint k8s.example.org:6443")
    assert expected in caught.value.message
    assert caught.value.details == seen.as_dict()


@pytest.mark.parametrize(
    ("seen", "ready", "warnings"),
    [
        (view(GOOD), True, 0),
        # Anonymous requests are refused by a server of the cluster's CA.
        (view(Attempt("192.0.2.10", ANSWERED, status=401)), False, 0),
        # A second address at which nobody answers yet.
        (view(GOOD, Attempt("192.0.2.12", REFUSED)), True, 1),
    ],
)
def test_an_endpoint_that_is_proved(seen: View, *, ready: bool, warnings: int) -> None:
    decision = ask(seen)
    assert decision.changes == ()
    assert decision.values == {**seen.as_dict(), "ready": ready}
    assert len(decision.warnings) == warnings


def test_it_is_waited_for() -> None:
    late = [view(Attempt("192.0.2.10", REFUSED))] * 3
    assert ask(*late, view(GOOD), wait_timeout=5).values["ready"] is True
    with pytest.raises(NotProved):
        ask(*late, view(GOOD), wait_timeout=1)


def test_another_remedy() -> None:
    refused = view(Attempt("192.0.2.10", REFUSED))
    with pytest.raises(NotProved) as caught:
        prove(Probe(refused), Clock(), endpoint=ENDPOINT, host="cp2", wait_timeout=0, remedy="Start it.")
    assert caught.value.message.endswith("so nothing listens there. Start it.")


class OneFile:
    """``Files`` with one file."""

    def read(self, path: str) -> bytes | None:
        """Its content."""
        return b"FROM A FILE" if path == "/etc/kubernetes/pki/ca.crt" else None


def test_the_ca_is_given_or_the_hosts_own() -> None:
    files = t.cast("t.Any", OneFile())
    assert cluster_ca(files, text="GIVEN", path="/etc/kubernetes/pki/ca.crt") == "GIVEN"
    assert cluster_ca(files, text="", path="/etc/kubernetes/pki/ca.crt") == "FROM A FILE"
    with pytest.raises(UnsupportedState, match="has no /none: give the cluster's CA by the option ca_certificate"):
        cluster_ca(files, text="", path="/none")
