# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job where etcd runs on a server of its own, nobody is let in unnamed, and the endpoint is an IPv6 address.

The inventory is the plain one, but for the directory of kubeadm's patches: the rest is found, not configured. sshd has
another port everywhere. Everything is proved with kubectl, openssl,
etcdctl, curl and ss.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios import odd
from tests.scenarios.audited import SINGLE_BALANCER, SINGLE_ETCD
from tests.scenarios.cluster import PROJECT, Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, api_server_started, changed_hosts, new_results, old_endpoint_traces
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.shape import EXTERNAL_ETCD as SHAPE

pytestmark = pytest.mark.full

SECONDS_AFTER_LOSS = 40.0
_ETCD_PKI = "/etc/etcd/pki"
#: kubeadm asks for it on a host that joins by an IPv6 address.
_FORWARDING = "net.ipv6.conf.default.forwarding"


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    refused: Run
    check: Run
    changed_by_check: list[str]
    converted: Run
    api_server_starts: tuple[str, str]
    again: Run
    traces: list[str]
    ready: set[str]
    etcd: Mapping[str, Any]
    etcd_clients: set[str]
    pods: set[str]
    servers: Mapping[str, str]
    endpoint_sockets: Mapping[str, str]
    verified: Mapping[str, str]
    ssh_ports: Mapping[str, set[str]]
    anonymous: Mapping[str, str]
    backends: Mapping[str, str]
    findings: Mapping[str, list[str]]
    service_failures: Mapping[str, int]
    readyz_after_loss: str

    @property
    def results(self) -> ScenarioResults:
        """What was measured."""
        return self.conversion.results


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("convert_external") as results, Lab(SHAPE.topology, name="convert-external") as lab:
        results.add_step("before state", lab.up_seconds)
        certificate = odd.probe_certificate(lab, PROJECT / "build" / "scenarios" / lab.name / "prober.pem")
        conversion = Conversion(lab, results, SHAPE, certificate=certificate)
        lab.run("cp3", "sysctl", "-w", f"{_FORWARDING}=0")
        refused = conversion.run("refused", "--check")
        lab.run("cp3", "sysctl", "-w", f"{_FORWARDING}=1")
        check, changed_by_check = conversion.check()
        assert check.status == 0, check.output[-6000:]
        started = api_server_started(lab, SHAPE)
        converted, _log = conversion.convert()
        assert converted.status == 0, converted.output[-6000:]
        starts = (started, api_server_started(lab, SHAPE))
        again = conversion.again()
        wait_until(lambda: ready_nodes(lab) >= SHAPE.all_node_names, seconds=60, what="all nodes Ready")
        pods = lab.objects("pods", "--namespace=kube-system")["items"]
        yield Story(
            conversion=conversion,
            refused=refused,
            check=check,
            changed_by_check=changed_by_check,
            converted=converted,
            api_server_starts=starts,
            again=again,
            traces=old_endpoint_traces(conversion),
            ready=ready_nodes(lab),
            etcd=_etcd(lab),
            etcd_clients=set(lab.shell("etcd1", _PEERS.format(port=2379)).split()),
            pods={pod["metadata"]["name"] for pod in pods},
            servers={node: _server(lab, node) for node in SHAPE.nodes},
            endpoint_sockets={node: lab.shell(node, _SOCKETS.format(port=6443)) for node in SHAPE.workers},
            verified={node: _verified(conversion, node) for node in SHAPE.control_planes},
            ssh_ports={node: set(lab.shell(node, _SSH_PORTS).split()) for node in SHAPE.hosts},
            anonymous={address: _status(lab, address) for address in _api_servers(conversion)},
            backends=_backends(lab),
            findings=conversion.findings(),
            service_failures=conversion.lose_first_control_plane(SECONDS_AFTER_LOSS),
            readyz_after_loss=lab.kubectl("get", "--raw=/readyz", node="cp2", server=f"https://{lab.endpoint}"),
        )
        print(results.table())


#: Addresses of the clients of a port, IPv4 without a prefix.
_PEERS = (
    "ss -Htn state established sport = :{port} | awk '{{print $4}}' | sed 's/^\\[::ffff://; s/]*:[0-9]*$//' | sort -u"
)
_SOCKETS = "ss -Htnp state established dport = :{port} | grep -E 'kubelet|kube-proxy'; true"
_SSH_PORTS = "ss -Htlnp | grep sshd | awk '{print $4}' | sed 's/.*://' | sort -u"


def _etcd(lab: Lab) -> dict[str, Any]:
    """Members and health as etcdctl sees them on etcd's own server."""
    secured = f"--cacert={_ETCD_PKI}/ca.crt --cert={_ETCD_PKI}/server.crt --key={_ETCD_PKI}/server.key"
    return {
        "members": json.loads(lab.shell("etcd1", f"etcdctl {secured} member list --write-out=json"))["members"],
        "health": json.loads(lab.shell("etcd1", f"etcdctl {secured} endpoint health --write-out=json")),
    }


def _api_servers(conversion: Conversion) -> list[str]:
    return [*(conversion.api_server(name) for name in SHAPE.control_planes), conversion.endpoint]


def _status(lab: Lab, address: str) -> str:
    """HTTP status of a request without a credential."""
    asked = ("--cacert", "/etc/kubernetes/pki/ca.crt", "--output", "/dev/null", "--write-out", "%{http_code}")
    return lab.run("w1", "curl", "--silent", *asked, f"https://{address}/readyz")


def _backends(lab: Lab) -> dict[str, str]:
    """State and last check of each checked server as haproxy reports them by its own socket."""
    script = "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]); s.send(b'show stat\\n'); "
    script += "print(s.makefile().read())"
    table = lab.run("lb1", "python3", "-c", script, "/var/lib/haproxy/kubernetes-apiserver-admin.sock")
    rows = csv.DictReader(io.StringIO(table.removeprefix("# ")))
    return {
        row["svname"]: f"{row['status']} {row['check_status']}" for row in rows if row["svname"] in SHAPE.control_planes
    }


def _server(lab: Lab, node: str) -> str:
    return lab.shell(node, "grep server: /etc/kubernetes/kubelet.conf").split()[-1].strip('"')


def _verified(conversion: Conversion, node: str) -> str:
    """What openssl says of an API server's certificate for the endpoint's address."""
    address = conversion.endpoint.rpartition(":")[0].strip("[]")
    return conversion.lab.shell(
        "w1",
        f"openssl s_client -connect {conversion.api_server(node)} -CAfile /etc/kubernetes/pki/ca.crt "
        f"-verify_return_error -verify_ip {address} </dev/null 2>&1",
    )


def test_a_host_that_kubeadm_would_refuse_stops_the_plan(story: Story) -> None:
    assert story.refused.status != 0
    assert any(f"{_FORWARDING} of cp3 is not 1" in message for message in story.refused.failures), (
        story.refused.failures
    )


def test_the_plan_of_check_mode_is_that_of_the_run(story: Story) -> None:
    assert story.changed_by_check == []
    assert story.check.plan
    assert story.check.plan == story.converted.plan
    assert changed_objects(story.converted) == planned_objects(story.converted)


def test_nobody_noticed(story: Story) -> None:
    assert story.api_server_starts[0] == story.api_server_starts[1]
    story.conversion.assert_nobody_noticed()


def test_no_probe_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed()


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0
    assert changed_hosts(story.again) == set()


def test_etcd_is_the_one_that_there_was(story: Story) -> None:
    assert [member["name"] for member in story.etcd["members"]] == ["etcd1"]
    assert [answer["health"] for answer in story.etcd["health"]] == [True]
    assert not {name for name in story.pods if name.startswith("etcd-")}


def test_every_api_server_is_a_client_of_it(story: Story) -> None:
    wanted = {f"kube-apiserver-{name}" for name in SHAPE.control_planes}
    assert wanted <= story.pods
    assert {story.conversion.addresses[name] for name in SHAPE.control_planes} <= story.etcd_clients


def test_every_client_is_on_the_endpoint_by_ipv6(story: Story) -> None:
    endpoint = story.conversion.endpoint
    assert endpoint.startswith("[fd00:")
    assert story.traces == []
    assert story.ready == SHAPE.all_node_names
    assert {story.servers[name] for name in SHAPE.workers} == {f"https://{endpoint}"}
    for name, sockets in story.endpoint_sockets.items():
        assert endpoint in sockets, (name, sockets)
        assert f"{story.conversion.old} " not in sockets, (name, sockets)


def test_every_certificate_is_good_for_the_endpoint(story: Story) -> None:
    for name, said in story.verified.items():
        assert "Verify return code: 0 (ok)" in said, (name, said)


def test_anonymous_requests_are_refused_and_the_checks_of_haproxy_are_not(story: Story) -> None:
    assert story.anonymous == dict.fromkeys(_api_servers(story.conversion), "401")
    assert story.backends == dict.fromkeys(SHAPE.control_planes, "UP L7OK")


def test_the_hosts_were_reached_by_another_ssh_port(story: Story) -> None:
    assert story.ssh_ports == {name: {"2222"} for name in SHAPE.hosts}


def test_an_audit_finds_one_load_balancer_and_one_member_of_etcd(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER | SINGLE_ETCD, story.findings


def test_the_rest_stands_after_the_loss_of_the_first_control_plane(story: Story) -> None:
    assert story.readyz_after_loss == "ok"
    assert story.service_failures == dict.fromkeys(SHAPE.nodes[1:], 0)


def test_the_figures_hold(story: Story) -> None:
    story.results.write()
    assert story.results.failures() == [], story.results.table()
