# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the loss of an API server costs clients of an endpoint that is a name: its answers are the API servers themselves.

Three things are measured. The *answer*: until none of the name's own servers has the failed API server in its answer any more. *New
connections* of the unluckiest client: a host resolves the name as any of its programs does and connects to the failed API server for as
long as it finds it among the addresses. A client that tries one address after the other notices less. And the *kubelet* that was
connected there, which keeps its connection until it finds it dead: until it renews its Node's Lease again.
"""

from __future__ import annotations

import dataclasses
import math
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

from tests.prober.results import ScenarioResults
from tests.roles import dns_query
from tests.scenarios.cluster import CommandError, Lab, wait_until

#: Units within which the name's servers leave an API server out, and within which a kubelet has found its connection dead: it pings it
#: after 30 s without any answer, and waits 15 s for that of the ping.
ANSWER_SECONDS, KUBELET_SECONDS = 3.0, 60.0
_BEFORE, _AFTER = 5.0, 20.0
_SECONDS_BETWEEN_QUERIES = 0.1
_QUESTIONS_IN_A_SECOND = 5
#: Of a hundred questions in the two seconds before the failure so many must have led to who fails.
_LEAST_SHARE = 90
#: Given the endpoint and who fails: when each question began and ended, how it ended, and whom it led to. The next one does not wait for
#: its end, so that slow ones hide nothing. The status is taken at once: a command substitution would replace it.
_ASK = """
name=${1%:*} port=${1##*:}
ask() {
  local began=$EPOCHREALTIME found address status
  found=$(getent ahostsv4 "$name")
  case $'\\n'$found in
    *$'\\n'"$1 "*) address=$1 ;;
    *) address=${found%% *} ;;
  esac
  curl --silent --output /dev/null --max-time 1 --resolve "$name:$port:$address" --cacert /etc/kubernetes/pki/ca.crt \\
    "https://$name:$port/readyz"
  status=$?
  echo "$began $EPOCHREALTIME $status ${address:--}"
}
while :; do
  ask "$2" &
  sleep 0.2
done
"""
_CONNECTED = "ss -Htnp state established '( dport = :6443 )' | grep kubelet"


@dataclasses.dataclass(frozen=True)
class Question:
    """A new connection for one request.

    :param began: in seconds of the clock that all hosts of a lab and this machine share.
    :param status: of curl.
    :param address: whom it led to.
    """

    began: float
    ended: float
    status: int
    address: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class ByName:
    """An endpoint that is a name, and who asks there.

    :param endpoint: NAME:PORT.
    :param host: the host that asks.
    :param servers: addresses of the name's own servers.
    :param addresses: addresses of hosts.
    """

    lab: Lab
    results: ScenarioResults
    endpoint: str
    host: str
    servers: Sequence[str]
    addresses: Mapping[str, str]

    def measure(
        self, label: str, happens: Callable[[], object], *, fails: str, left: str, bound: float
    ) -> Sequence[Question]:
        """Something happens to an API server; the figures go to the results. What the host asked meanwhile, in its order.

        :param fails: its control plane.
        :param left: one whose API server answers.
        :param bound: units of time within which new connections no longer fail.
        """
        unit, failed = f"ask-{label.replace('_', '-')}", self.addresses[fails]
        output, script = f"/run/{unit}", f"/run/{unit}.sh"
        # A file, because systemd expands variables in arguments.
        self.lab.write(self.host, script, _ASK)
        command = ("/bin/bash", script, self.endpoint, failed)
        self.lab.run(self.host, "systemd-run", f"--unit={unit}", f"--property=StandardOutput=file:{output}", *command)
        with Answers(self.servers, self.endpoint.rpartition(":")[0], failed) as answers:
            time.sleep(_BEFORE)
            event = time.time()
            happens()
            renewed = self._seconds_until_renewed(event, left)
            time.sleep(max(0.0, event + _AFTER - time.time()))
        self.lab.run(self.host, "systemctl", "stop", unit)
        questions = parse(self.lab.run(self.host, "cat", output))
        self.results.at_least(
            f"percent_of_probes_at_{fails}_before_{label}", share(questions, failed, event), bound=_LEAST_SHARE
        )
        answered = max(answers.seconds_until_left_out(server, event) for server in self.servers)
        self.results.timing(f"answer_{label}_seconds", answered, bound=ANSWER_SECONDS)
        self.results.timing(f"rto_{label}_seconds", seconds_until_steady(questions, event), bound=bound)
        failures = sum(bool(each.status) and each.ended > event for each in questions)
        self.results.timing(f"failed_probes_{label}", failures, bound=_QUESTIONS_IN_A_SECOND * bound)
        self.results.timing(f"kubelet_{label}_seconds", renewed, bound=KUBELET_SECONDS)
        return questions

    def _seconds_until_renewed(self, event: float, left: str) -> float:
        """Until the kubelet of the host that asks has renewed its Lease after a moment."""
        server = f"https://{self.addresses[left]}:6443"
        shown = ("get", "lease", self.host, "--namespace=kube-node-lease", "--output=jsonpath={.spec.renewTime}")

        def is_renewed() -> bool:
            try:
                text = self.lab.kubectl(*shown, "--request-timeout=5s", node=left, server=server)
            except CommandError:
                # etcd may have lost its leader.
                return False
            return datetime.fromisoformat(text).timestamp() > event

        wait_until(is_renewed, seconds=3 * KUBELET_SECONDS, what=f"{self.host} renews its Lease again", every=0.5)
        return time.time() - event


class Answers:
    """What servers of a name answer while the ``with`` block lasts: whether an address is in it.

    :param servers: their addresses.
    """

    def __init__(self, servers: Sequence[str], name: str, address: str) -> None:
        self._name, self._address = name, address
        self._ended = threading.Event()
        self._seen: dict[str, list[tuple[float, bool]]] = {server: [] for server in servers}
        self._threads = [threading.Thread(target=self._watch, args=(server,), daemon=True) for server in servers]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def _watch(self, server: str) -> None:
        while not self._ended.wait(_SECONDS_BETWEEN_QUERIES):
            try:
                found = dns_query.addresses(server, self._name)
            except OSError:
                # Whoever does not answer leaves nobody out.
                continue
            self._seen[server].append((time.time(), self._address in found))

    def seconds_until_left_out(self, server: str, event: float) -> float:
        """From a moment to the first answer from which on the address is in none."""
        return seconds_until_false(self._seen[server], event)


def parse(printed: str) -> list[Question]:
    """The questions that were printed, by their begin; a line that was not ended when they were stopped is none."""
    rows = (line.split() for line in printed.splitlines())
    questions = [Question(float(row[0]), float(row[1]), int(row[2]), row[3]) for row in rows if len(row) == 4]
    return sorted(questions, key=lambda question: question.began)


def share(questions: Iterable[Question], address: str, event: float, *, seconds: float = 2.0) -> int:
    """How many of a hundred questions that ended well right before a moment led to an address."""
    led = [
        each.address for each in questions if not each.status and event - seconds <= each.began and each.ended <= event
    ]
    return round(100 * led.count(address) / len(led)) if led else 0


def seconds_until_steady(questions: Sequence[Question], event: float) -> float:
    """From a moment to the begin of the first question from which on none fails; infinite where the last one has failed.

    :param questions: by their begin.
    """
    failed = [each.began for each in questions if each.status and each.ended > event]
    if not failed:
        return 0.0
    later = (each.began for each in questions if each.began > failed[-1])
    return max(0.0, next(later, math.inf) - event)


def seconds_until_false(seen: Sequence[tuple[float, bool]], event: float) -> float:
    """From a moment to the first of what was seen from which on nothing is true; infinite where the last is."""
    last = max((when for when, is_true in seen if is_true), default=event)
    later = (when for when, _is_true in seen if when > max(last, event))
    return next(later, math.inf) - event


def connections(lab: Lab, node: str, addresses: Mapping[str, str]) -> Counter[str]:
    """The hosts to whose API servers the kubelet of a node is connected, and how often.

    :param addresses: addresses of hosts by their names.
    """
    names = {address: name for name, address in addresses.items()}
    remote = re.findall(r" ([0-9.]+):6443 ", lab.shell(node, _CONNECTED, check=False))
    return Counter(names[address] for address in remote if address in names)


__all__ = (
    "ANSWER_SECONDS",
    "KUBELET_SECONDS",
    "Answers",
    "ByName",
    "Question",
    "connections",
    "parse",
    "seconds_until_false",
    "seconds_until_steady",
    "share",
)
