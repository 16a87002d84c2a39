# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Those who use the cluster while it is changed: a watch of kubectl, clients of a Service, clients of the cluster's DNS."""

from __future__ import annotations

import dataclasses
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from tests.scenarios.cluster import ADMIN, Lab, wait_until

_RUNNING = "/run/workload-clients"
_WATCHED = "/run/workload-watch.log"
_WATCH = "/run/workload-watch.pid"
_LAST_WORD = "last-word"
#: A client with curl's own retry, and one that asks the cluster's DNS up to three times, each with a second.
_CLIENT = """
import json, os, socket, struct, subprocess, time
service, dns, name = {service!r}, {dns!r}, {name!r}
query = struct.pack(">6H", 0x4b38, 0x0100, 1, 0, 0, 0)
query += b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\\0" + struct.pack(">2H", 1, 1)
counts = {{"requests": 0, "failed requests": 0, "lookups": 0, "lookups of several tries": 0, "failed lookups": 0}}
moments = []

def answers():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(1)
        try:
            client.sendto(query, (dns, 53))
            answer = client.recv(512)
        except OSError:
            return False
    return answer[:2] == query[:2] and answer[3] & 15 == 0 and struct.unpack(">H", answer[6:8])[0] > 0

while os.path.exists({running!r}):
    began = time.monotonic()
    counts["requests"] += 1
    asked = ["curl", "-sf", "-m", "2", "--retry", "2", "--retry-all-errors", "--retry-delay", "0", service]
    counts["failed requests"] += subprocess.run(asked, stdout=subprocess.DEVNULL).returncode != 0
    counts["lookups"] += 1
    moment = time.time()
    tries = next((number for number in (1, 2, 3) if answers()), None)
    counts["failed lookups"] += tries is None
    counts["lookups of several tries"] += tries in (2, 3)
    moments.append([moment, tries is not None])
    time.sleep(max(0, began + 0.5 - time.monotonic()))
print(json.dumps({{"counts": counts, "lookups": moments}}))
"""


@dataclasses.dataclass
class Seen:
    """What the workload clients saw.

    :param counts: by node.
    :param lookups: by node, when each began, by the clock that all nodes share, and whether it had an answer within its tries.
    :param watch_lasted: whether the watch was still the same at the end.
    """

    counts: dict[str, dict[str, int]] = dataclasses.field(default_factory=dict)
    lookups: dict[str, list[tuple[float, bool]]] = dataclasses.field(default_factory=dict)
    watch_lasted: bool = False

    def total(self, what: str) -> int:
        """Sum of a count over all nodes."""
        return sum(counts[what] for counts in self.counts.values())

    def lookups_since(self, moment: float) -> dict[str, list[bool]]:
        """By node, whether each lookup that began then or later had an answer."""
        return {
            node: [has_answer for began, has_answer in lookups if began >= moment]
            for node, lookups in self.lookups.items()
        }


@contextmanager
def workload_clients(lab: Lab, nodes: Sequence[str], *, server: str, domain: str = "cluster.local") -> Iterator[Seen]:
    """Let clients run on nodes while the block lasts.

    :param server: the API server that is watched, as ``https://ADDRESS:PORT``.
    """
    watch = _start_watch(lab, server)
    try:
        with service_clients(lab, nodes, domain=domain) as seen:
            yield seen
            seen.watch_lasted = _watch_lasts(lab)
    finally:
        lab.shell("cp1", f"kill $(cat {_WATCH}); true")
        watch.wait(timeout=60)


@contextmanager
def service_clients(
    lab: Lab, nodes: Sequence[str], *, control_plane: str = "cp1", domain: str = "cluster.local"
) -> Iterator[Seen]:
    """Let clients of a Service and of the cluster's DNS run on nodes while the block lasts.

    :param control_plane: where kubectl says which addresses they ask.
    """
    seen = Seen()
    clients = _start_clients(lab, nodes, domain, control_plane)
    try:
        yield seen
    finally:
        for node, client in clients.items():
            lab.run(node, "rm", "-f", _RUNNING)
            said = json.loads(client.communicate(timeout=60)[0])
            seen.counts[node] = said["counts"]
            seen.lookups[node] = [(moment, has_answer) for moment, has_answer in said["lookups"]]


def _start_watch(lab: Lab, server: str) -> subprocess.Popen[str]:
    """One watch is one connection: kubectl ends when it is cut."""
    watched = f"get configmaps --namespace=default --watch --output-watch-events --server={server}"
    script = f"echo $$ >{_WATCH}; exec kubectl --kubeconfig={ADMIN} {watched} >{_WATCHED} 2>&1"
    process = lab.start_process("cp1", "sh", "-c", script)
    wait_until(
        lambda: "kube-root-ca.crt" in lab.shell("cp1", f"cat {_WATCHED}; true"), seconds=30, what="the watch began"
    )
    return process


def _watch_lasts(lab: Lab) -> bool:
    lab.kubectl("create", "configmap", _LAST_WORD, "--namespace=default")
    command = f"for second in $(seq 30); do grep -q {_LAST_WORD} {_WATCHED} && kill -0 $(cat {_WATCH}) && echo lasts && exit; "
    answer = lab.shell("cp1", command + "sleep 1; done; true")
    lab.kubectl("delete", "configmap", _LAST_WORD, "--namespace=default")
    return "lasts" in answer


def _start_clients(
    lab: Lab, nodes: Sequence[str], domain: str, control_plane: str
) -> Mapping[str, subprocess.Popen[str]]:
    service = lab.objects("service", "smoke", "--namespace=default", node=control_plane)["spec"]["clusterIP"]
    dns = lab.objects("service", "kube-dns", "--namespace=kube-system", node=control_plane)["spec"]["clusterIP"]
    name = f"smoke.default.svc.{domain}"
    program = _CLIENT.format(service=f"http://{service}/", dns=dns, name=name, running=_RUNNING)
    for node in nodes:
        lab.run(node, "touch", _RUNNING)
        lab.write(node, "/run/workload_client.py", program)
    return {node: lab.start_process(node, "python3", "/run/workload_client.py") for node in nodes}


__all__ = ("Seen", "service_clients", "workload_clients")
