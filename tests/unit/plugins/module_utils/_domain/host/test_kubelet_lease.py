# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Times of the API and of systemd, and the wait for a renewed Lease."""

from __future__ import annotations

import datetime as dt
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import api_time
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    ApiError,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import kubelet_lease
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles, make_ca, make_certificate
from tests.unit.plugins.memory_api import MemoryClock, MemoryCommands

CLIENT = make_certificate(make_ca(), name="system:node:w1").certificate
KUBECONFIG = {
    "clusters": [{"name": "c", "cluster": {"server": "https://k8s.example.org:6443"}}],
    "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
    "current-context": "x",
    "users": [{"name": "u", "user": {"client-certificate": "/client.pem"}}],
}
FILES = {"/etc/kubernetes/kubelet.conf": yaml.safe_dump(KUBECONFIG).encode(), "/client.pem": CLIENT}
START = MemoryClock().time


@given(
    st.datetimes(
        min_value=dt.datetime(2015, 1, 1),  # noqa: DTZ001 - hypothesis wants them without a zone
        max_value=dt.datetime(2100, 1, 1),  # noqa: DTZ001
    )
)
def test_times_of_the_api_are_read_to_the_microsecond(moment: dt.datetime) -> None:
    moment = moment.replace(tzinfo=dt.UTC)
    seconds = api_time.seconds_of(moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"))
    assert seconds is not None
    assert abs(seconds - moment.timestamp()) < 1e-5
    whole = api_time.seconds_of(moment.strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert whole == int(moment.timestamp())


@pytest.mark.parametrize("text", ["", "None", "2026-11-21", "2026-11-21T08:00:00+01:00", "2026-11-21T08:00:00Z\n"])
def test_what_is_no_time(text: str) -> None:
    assert api_time.seconds_of(text) is None


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ("ActiveState=active\nActiveEnterTimestampMonotonic=90000000\n", 990.0),
        ("ActiveEnterTimestampMonotonic=99500000\nActiveState=active\n", 999.5),
        ("ActiveState=activating\nActiveEnterTimestampMonotonic=90000000\n", None),
        ("ActiveState=inactive\nActiveEnterTimestampMonotonic=0\n", None),
        ("ActiveState=active\nActiveEnterTimestampMonotonic=0\n", None),
        ("", None),
    ],
)
def test_the_start_of_a_unit(properties: str, expected: float | None) -> None:
    assert kubelet_lease.started_at(properties, now=1000.0, monotonic=100.0) == expected


class Leases:
    """``KubeletApi`` whose Lease is renewed when the test says so."""

    def __init__(self, renewed: float | None) -> None:
        self.renewed = renewed
        self.error: ApiError | None = None
        self.path = ""

    def get(self, path: str) -> dict[str, t.Any] | None:
        """The Lease."""
        self.path = path
        if self.error is not None:
            raise self.error
        if self.renewed is None:
            return None
        moment = dt.datetime.fromtimestamp(self.renewed, tz=dt.UTC)
        return {"spec": {"renewTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")}}


def systemctl(started: float | None) -> MemoryCommands:
    """systemd with a kubelet started at a time of the clock, which is also the monotonic one."""
    state = "inactive" if started is None else "active"
    text = f"ActiveState={state}\nActiveEnterTimestampMonotonic={int((started or 0) * 1e6)}\n"
    return MemoryCommands(systemctl=lambda _arguments, _stdin: CommandResult(0, text, ""))


def inspect(leases: Leases, commands: MemoryCommands, clock: MemoryClock, wait: float = 60) -> dict[str, t.Any]:
    """The values of the use case."""
    decision = kubelet_lease.inspect(
        leases, commands, MemoryFiles(FILES), PyYaml(), CryptographyX509(), clock, wait_timeout=wait
    )
    assert decision.changes == ()
    return dict(decision.values)


def test_a_renewed_lease_is_shown_at_once() -> None:
    leases, clock = Leases(START - 1), MemoryClock()
    values = inspect(leases, systemctl(START - 5), clock)
    assert leases.path == "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/w1"
    assert (values["server"], values["node_name"]) == ("https://k8s.example.org:6443", "w1")
    assert values["renewed_after_start"] is True
    assert clock.time == START


def test_it_waits_for_the_renewal() -> None:
    leases, clock = Leases(START - 30), MemoryClock()

    def renew() -> None:
        if clock.time > START + 7:
            leases.renewed = START + 7

    clock.after_sleep = renew
    assert inspect(leases, systemctl(START - 5), clock)["renewed_after_start"]
    assert START + 7 < clock.time < START + 9


@pytest.mark.parametrize(
    ("leases", "started", "reported"),
    [
        (Leases(START - 30), START - 5, "has not renewed its Lease at https://k8s.example.org:6443 within 60 s"),
        (Leases(None), START - 5, "The cluster has no such Lease"),
        (Leases(START), None, "was not running within 60 s"),
    ],
)
def test_it_gives_up_with_one_sentence(leases: Leases, started: float | None, reported: str) -> None:
    clock = MemoryClock()
    with pytest.raises(NotProved, match=reported):
        inspect(leases, systemctl(started), clock)
    assert clock.time >= START + 60


def test_an_api_that_does_not_answer_is_waited_for() -> None:
    leases, clock = Leases(START - 1), MemoryClock()
    leases.error = ApiError("connection refused")
    with pytest.raises(NotProved, match="connection refused"):
        inspect(leases, systemctl(START - 5), clock, wait=3)

    def recover() -> None:
        leases.error = None

    clock.after_sleep = recover
    assert inspect(leases, systemctl(START - 5), clock)["renewed_after_start"]


@pytest.mark.parametrize("broken", [b"", b"[", b"\xff", yaml.safe_dump({**KUBECONFIG, "users": []}).encode()])
def test_a_host_that_has_not_joined(broken: bytes) -> None:
    with pytest.raises(UnsupportedState, match="let the host join again"):
        kubelet_lease.inspect(
            Leases(None),
            systemctl(START),
            MemoryFiles({**FILES, "/etc/kubernetes/kubelet.conf": broken}),
            PyYaml(),
            CryptographyX509(),
            MemoryClock(),
            wait_timeout=0,
        )
    with pytest.raises(UnsupportedState, match="has not joined a cluster"):
        kubelet_lease.inspect(
            Leases(None), systemctl(START), MemoryFiles({}), PyYaml(), CryptographyX509(), MemoryClock(), wait_timeout=0
        )
