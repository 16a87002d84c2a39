# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would cut hosts off or kill what they run is refused with nothing changed, and a good endpoint is proved before use.

The endpoint is a name of /etc/hosts, as clusters have it whose owners meant to move it later.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import yaml

from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.cluster import Lab, fingerprint, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

NAME = "k8s.scenario.test"
ENDPOINT = f"{NAME}:6443"
PROVED = "Endpoint | This host reaches the cluster's API through it"
#: A load balancer that ends TLS with a certificate of its own, and leads nowhere behind it.
_ENDS_TLS = """\
import http.server, ssl
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"ok")
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("/root/balancer.crt", "/root/balancer.key")
server = http.server.ThreadingHTTPServer(("0.0.0.0", 6443), Handler)
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
"""


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    refusals: dict[str, Run]
    changed_by_refusals: list[str]
    converted: Run
    findings: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("endpoint") as results, Lab("convert", name="endpoint") as lab:
        results.add_step("before state", lab.up_seconds)
        conversion = Conversion(lab, results)
        before = fingerprint(lab, PLAIN.hosts)
        refusals = {label: _refused(conversion, label, **row) for label, row in REFUSED.items()}
        forget(lab)
        after = fingerprint(lab, PLAIN.hosts)
        results.exactly("refused", sum(run.status != 0 for run in refusals.values()), bound=len(REFUSED))
        lead(lab, conversion.addresses["lb1"])
        converted = _run(conversion, "convert", {"kubeadm_ha_endpoint": ENDPOINT})
        assert converted.status == 0, converted.output[-6000:]
        wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")
        yield Story(
            refusals=refusals,
            changed_by_refusals=[key for key in before if before[key] != after[key]],
            converted=converted,
            findings=conversion.findings({"kubeadm_ha_endpoint": ENDPOINT}),
        )


def forget(lab: Lab) -> None:
    """Leave /etc/hosts without the name, as it was."""
    for host in PLAIN.hosts:
        lab.shell(host, f"grep -v ' {NAME}$' /etc/hosts >/tmp/hosts; cat /tmp/hosts >/etc/hosts; rm /tmp/hosts")


def lead(lab: Lab, address: str, *, hosts: tuple[str, ...] = PLAIN.hosts) -> None:
    """Let /etc/hosts lead the name to an address."""
    for host in hosts:
        # The file is mounted into the container and cannot be replaced.
        script = f"grep -v ' {NAME}$' /etc/hosts >/tmp/hosts; echo '{address} {NAME}' >>/tmp/hosts; cat /tmp/hosts >/etc/hosts"
        lab.shell(host, f"{script}; rm /tmp/hosts")


@contextmanager
def _nothing(_conversion: Conversion) -> Iterator[None]:
    yield


@contextmanager
def _leads_to_first(conversion: Conversion) -> Iterator[None]:
    lead(conversion.lab, conversion.addresses["cp1"])
    yield


@contextmanager
def _leads_one_host_elsewhere(conversion: Conversion) -> Iterator[None]:
    lead(conversion.lab, conversion.addresses["lb1"])
    lead(conversion.lab, conversion.addresses["cp1"], hosts=("w2",))
    yield


@contextmanager
def _ends_tls(conversion: Conversion) -> Iterator[None]:
    """Somebody's TLS at the endpoint while the block lasts."""
    lab = conversion.lab
    lead(lab, conversion.addresses["lb1"])
    lab.shell(
        "lb1",
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=somebody "
        f"-addext subjectAltName=DNS:{NAME} -keyout /root/balancer.key -out /root/balancer.crt",
    )
    lab.write("lb1", "/root/balancer.py", _ENDS_TLS)
    lab.run("lb1", "systemd-run", "--unit=balancer", "python3", "/root/balancer.py")
    listens = "ss -Htln sport = :6443"
    wait_until(lambda: "6443" in lab.shell("lb1", listens), seconds=30, what="the balancer listens")
    try:
        yield
    finally:
        lab.shell("lb1", "systemctl stop balancer; rm /root/balancer.*")


@contextmanager
def _binds_to_first(conversion: Conversion) -> Iterator[None]:
    """The ClusterConfiguration gives every control plane the first one's address, as `kubeadm init` with a file leaves it."""
    lab, name = conversion.lab, ("configmap", "kubeadm-config", "--namespace=kube-system")
    data = lab.objects(*name)["data"]
    document = yaml.safe_load(data["ClusterConfiguration"])
    flag = {"name": "bind-address", "value": conversion.addresses["cp1"]}
    document.setdefault("controllerManager", {})["extraArgs"] = [flag]
    changed = {**data, "ClusterConfiguration": yaml.safe_dump(document)}
    lab.kubectl("patch", *name, "--type=merge", f"--patch={json.dumps({'data': changed})}")
    try:
        yield
    finally:
        lab.kubectl("patch", *name, "--type=merge", f"--patch={json.dumps({'data': data})}")


REFUSED: dict[str, dict[str, Any]] = {
    "a name that resolves nowhere": {
        "state": _nothing,
        "variables": {"kubeadm_ha_endpoint": "nowhere.invalid:6443"},
        "expected": "cannot resolve nowhere.invalid",
    },
    "an external balancer that does not listen": {
        "state": _nothing,
        "variables": {"kubeadm_ha_load_balancer": "external", "kubeadm_ha_endpoint": "{lb1}:6443"},
        "expected": "6443 refuses the connection, so nothing listens there",
    },
    "a name that leads to the first control plane": {
        "state": _leads_to_first,
        "variables": {"kubeadm_ha_endpoint": ENDPOINT},
        "expected": "to the API server of cp1 itself",
    },
    "a name that leads one host to the first control plane": {
        "state": _leads_one_host_elsewhere,
        "variables": {"kubeadm_ha_endpoint": ENDPOINT},
        "expected": f"{NAME} leads w2 to the API server of cp1 itself",
    },
    "an external balancer that ends TLS": {
        "state": _ends_tls,
        "variables": {"kubeadm_ha_load_balancer": "external", "kubeadm_ha_endpoint": ENDPOINT},
        "expected": "serves a certificate that this cluster's CA did not issue (its issuer is CN=somebody)",
    },
    "somebody else where haproxy is to stand": {
        "state": _ends_tls,
        "variables": {"kubeadm_ha_endpoint": ENDPOINT},
        "expected": "to somebody else: what answers at",
    },
    "an address of the first control plane for all of them": {
        "state": _binds_to_first,
        "variables": {},
        "expected": "controllerManager.extraArgs of ConfigMap kube-system/kubeadm-config gives every control plane --bind-address=",
    },
}


def _refused(
    conversion: Conversion,
    label: str,
    *,
    state: Callable[[Conversion], Any],
    variables: Mapping[str, str],
    expected: str,
) -> Run:
    del expected
    filled = {name: value.replace("{lb1}", conversion.addresses["lb1"]) for name, value in variables.items()}
    with state(conversion):
        return _run(conversion, f"refused-{label.replace(' ', '-')}", filled)


def _run(conversion: Conversion, label: str, variables: Mapping[str, Any]) -> Run:
    return run_playbook(
        "kubeadm.ha.site",
        inventories=conversion.shape.inventories(conversion.lab.inventory),
        record=conversion.work / f"{label}.jsonl",
        variables=variables,
    )


@pytest.mark.parametrize(
    ("label", "expected"), [(label, row["expected"]) for label, row in REFUSED.items()], ids=REFUSED
)
def test_what_does_not_lead_to_the_cluster_is_refused(story: Story, label: str, expected: str) -> None:
    run = story.refusals[label]
    assert run.status != 0
    assert not run.changed
    assert any(expected in message for message in run.failures), run.failures


def test_refusals_change_nothing(story: Story) -> None:
    assert story.changed_by_refusals == []


def test_a_good_name_is_converted(story: Story) -> None:
    proved = [record["host"] for record in story.converted.results if record["task"].endswith(PROVED)]
    assert sorted(proved) == sorted(PLAIN.nodes)
    order = [
        record["task"]
        for record in story.converted.results
        if record["role"] == "control_plane_endpoint" and "validate_argument_spec" not in record["action"]
    ]
    assert all(task.endswith(PROVED) for task in order[: len(proved)])


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings
