# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers through which target, and what is said of the others."""

from __future__ import annotations

import itertools
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.plain_answer import PlainAnswer
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.service_answers import PATH, ask
from tests.unit.plugins.memory_api import MemoryClock

if t.TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint

PODS = {"smoke-a": "w1", "smoke-b": "w2", "smoke-c": "w3"}
SERVICE = {"address": "10.96.0.7", "port": 80}
TIMED_OUT = PlainAnswer(error="timed out")


def metrics(pod: str) -> PlainAnswer:
    """As CoreDNS 1.12 writes them."""
    return PlainAnswer(
        "# TYPE coredns_build_info gauge\n"
        'coredns_build_info{goversion="go1.24",revision="",version="1.12.1"} 1\n'
        f'coredns_plugin_enabled{{name="prometheus",server="dns://:1053",view="",zone="{pod}."}} 1\n'
    )


class Network:
    """Each target gives its answers in turn; time passes with each round."""

    def __init__(self, clock: MemoryClock, *answers: tuple[str, Sequence[PlainAnswer]]) -> None:
        self.answers = {address: itertools.cycle(given) for address, given in answers}
        self.clock = clock
        self.rounds = 0

    def get(self, endpoints: Sequence[Endpoint], path: str, *, seconds: float) -> list[PlainAnswer]:
        assert (path, seconds > 0) == (PATH, True)
        self.rounds += 1
        self.clock.sleep(0.1)
        return [next(self.answers[endpoint.host]) for endpoint in endpoints]


def asked(*answers: PlainAnswer, seconds: float = 5) -> t.Any:
    clock = MemoryClock()
    return ask(Network(clock, ("10.96.0.7", answers)), clock, [SERVICE], pods=PODS, seconds=seconds)


def test_all_pods_answer() -> None:
    (found,) = asked(*map(metrics, PODS))
    assert found.as_dict() == {**SERVICE, "pods": sorted(PODS), "answered": 3, "unanswered": 0, "error": ""}


def test_a_service_that_kube_proxy_does_not_know_yet() -> None:
    refused = PlainAnswer(error="[Errno 111] Connection refused")
    (found,) = asked(refused, refused, refused, *map(metrics, PODS))
    assert (found.answered, found.unanswered, found.error) == (3, 3, refused.error)


def test_a_target_that_is_done_is_not_asked_again() -> None:
    clock = MemoryClock()
    network = Network(
        clock,
        ("10.96.0.7", list(map(metrics, PODS))),
        ("192.0.2.21", [metrics("smoke-a")] * 9 + list(map(metrics, PODS))),
    )
    first, second = ask(network, clock, [SERVICE, {"address": "192.0.2.21", "port": 31380}], pods=PODS, seconds=60)
    assert (first.answered, second.answered) == (3, 12)
    assert network.rounds == 4


FAULTS: list[tuple[str, Callable[[], t.Any], str]] = [
    ("nothing answers", lambda: asked(TIMED_OUT), r"10\.96\.0\.7:80 gives no answer \(timed out\)"),
    (
        "one pod is out of reach",
        lambda: asked(metrics("smoke-a"), TIMED_OUT, metrics("smoke-c")),
        r"through 10\.96\.0\.7:80 never smoke-b on w2 \(timed out\)",
    ),
    (
        "one pod gets nothing",
        lambda: asked(metrics("smoke-a"), metrics("smoke-c")),
        r"never smoke-b on w2 \(others \d+ times\)",
    ),
    ("another application", lambda: asked(metrics("other")), r"gives no answer \(something else answered\)"),
    ("no metrics", lambda: asked(PlainAnswer("hello")), r"gives no answer \(something else answered\)"),
]


@pytest.mark.parametrize(("run", "words"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS])
def test_faults(run: Callable[[], t.Any], words: str) -> None:
    with pytest.raises(NotProved, match=words):
        run()


def test_only_the_first_faults_are_named() -> None:
    clock = MemoryClock()
    targets = [{"address": f"192.0.2.{number}", "port": 31380} for number in range(1, 9)]
    network = Network(clock, *((str(target["address"]), [TIMED_OUT]) for target in targets))
    with pytest.raises(NotProved, match=r"192\.0\.2\.5:31380 gives no answer \(timed out\); and 3 more\."):
        ask(network, clock, targets, pods=PODS, seconds=1)


@pytest.mark.parametrize("target", [{"address": "w1", "port": 80}, {"address": "192.0.2.1", "port": 0}])
def test_no_target(target: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput, match="is no target"):
        ask(Network(MemoryClock()), MemoryClock(), [target], pods=PODS, seconds=1)


def test_too_few_pods_prove_nothing() -> None:
    with pytest.raises(InvalidInput, match="need 2 at least"):
        ask(Network(MemoryClock()), MemoryClock(), [SERVICE], pods={"smoke-a": "w1"}, seconds=1)


def test_nothing_to_ask() -> None:
    assert ask(Network(MemoryClock()), MemoryClock(), [], pods={}, seconds=1) == []
