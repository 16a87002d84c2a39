# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job on a cluster that its owner hardened and named in his own way: nothing of it may get lost.

Everything is proved with kubectl, openssl, etcdctl, curl and ss, not with the collection's own modules.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios import odd
from tests.scenarios.audited import SINGLE_BALANCER
from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import (
    Conversion,
    api_server_started,
    changed_hosts,
    etcd_members,
    new_results,
    old_endpoint_traces,
    ready_nodes,
    wait_until,
)
from tests.scenarios.plan_and_run import changed_objects, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.secret_values import hexadecimal_keys
from tests.scenarios.shape import HARDENED

#: Longer than it takes a new controller manager to lead (15 s) and to call a Node NotReady (50 s after it saw it first).
SECONDS_AFTER_LOSS = 100.0
#: What a conversion has to change in kubeadm-config, and nothing else.
CHANGED_FIELDS = {"controlPlaneEndpoint", "apiServer.certSANs"}


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    configuration_before: dict[str, Any]
    sans_before: set[str]
    flags_before: dict[str, dict[str, str]]
    files_before: dict[str, str]
    check: Run
    changed_by_check: list[str]
    converted: Run
    api_server_starts: tuple[str, str]
    again: Run
    traces: list[str]
    ready: set[str]
    members: list[dict[str, Any]]
    observations: dict[str, Any]
    findings: Mapping[str, list[str]]
    service_failures: dict[str, int]
    ready_after_loss: set[str]
    secrets_after_loss: dict[str, str]

    @property
    def results(self) -> ScenarioResults:
        """What was measured."""
        return self.conversion.results


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("convert_odd") as results, Lab(HARDENED.topology, name="convert-odd") as lab:
        results.add_step("before state", lab.up_seconds)
        odd.create_secrets(lab)
        certificate = odd.probe_certificate(lab, PROJECT / "build" / "scenarios" / lab.name / "prober.pem")
        conversion = Conversion(lab, results, HARDENED, certificate=certificate)
        before = (
            odd.cluster_configuration(lab),
            odd.sans(lab, conversion.old),
            {part: odd.flags(lab, "cp1", part) for part in odd.COMPONENTS},
            odd.file_facts(lab, "cp1"),
        )
        check, changed_by_check = conversion.check()
        assert check.status == 0, check.output[-6000:]
        started = api_server_started(lab, HARDENED)
        converted, _log = conversion.convert()
        assert converted.status == 0, converted.output[-6000:]
        starts = (started, api_server_started(lab, HARDENED))
        again = conversion.again()
        wait_until(lambda: ready_nodes(lab) >= HARDENED.all_node_names, seconds=60, what="all nodes Ready")
        traces = old_endpoint_traces(conversion)
        ready, members = ready_nodes(lab), etcd_members(lab, shape=HARDENED)
        observations = odd.collect(conversion)
        yield Story(
            conversion,
            *before,
            check=check,
            changed_by_check=changed_by_check,
            converted=converted,
            api_server_starts=starts,
            again=again,
            traces=traces,
            ready=ready,
            members=members,
            observations=observations,
            findings=conversion.findings(),
            service_failures=conversion.lose_first_control_plane(SECONDS_AFTER_LOSS),
            ready_after_loss=ready_nodes(lab, node="cp2"),
            secrets_after_loss=odd.secrets_through(conversion, "cp3", node="cp3"),
        )
        print(results.table())


def test_the_plan_of_check_mode_is_that_of_the_run(story: Story) -> None:
    assert story.changed_by_check == []
    assert story.check.plan
    assert story.check.plan == story.converted.plan


def test_plan_and_run_agree(story: Story) -> None:
    assert changed_objects(story.converted) == planned_objects(story.converted)


def test_no_api_server_was_restarted(story: Story) -> None:
    assert story.api_server_starts[0] == story.api_server_starts[1]


def test_no_probe_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed()


def test_the_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0
    assert changed_hosts(story.again) == set()


def test_nodes_have_the_names_that_were_wanted_and_are_ready(story: Story) -> None:
    assert story.ready == HARDENED.all_node_names
    label = "node-role.kubernetes.io/control-plane"
    nodes = {node["metadata"]["name"]: node for node in story.observations["nodes"]}
    found = {name for name, node in nodes.items() if label in node["metadata"]["labels"]}
    assert found == {HARDENED.node_name(name) for name in HARDENED.control_planes}
    versions = {name: node["status"]["nodeInfo"]["kubeletVersion"] for name, node in nodes.items()}
    older = HARDENED.node_name("w2")
    assert versions == {**dict.fromkeys(HARDENED.all_node_names, "v1.34.4"), older: "v1.33.13"}


def test_three_started_voters_have_one_leader(story: Story) -> None:
    statuses = [member["Status"] for member in story.members]
    assert len(statuses) == 3
    assert not any(status.get("isLearner") for status in statuses)
    assert len({status["leader"] for status in statuses}) == 1


def test_every_client_is_on_the_endpoint(story: Story) -> None:
    assert story.traces == []
    assert story.observations["readyz"] == "ok"
    assert story.observations["server in admin.conf"] == "https://k8s.odd.example.org:8443"


def test_every_control_plane_reads_the_secrets(story: Story) -> None:
    assert story.observations["secrets"] == dict.fromkeys(HARDENED.control_planes, odd.SECRETS)


def test_secrets_are_encrypted_in_etcd(story: Story) -> None:
    plain = {where: value for where, value in story.observations["stored"].items() if not value.startswith("k8s:enc:")}
    assert story.observations["stored"]
    assert plain == {}


def test_every_control_plane_writes_its_audit_log(story: Story) -> None:
    assert story.observations["audited"] == dict.fromkeys(HARDENED.control_planes, True)


def test_the_files_are_on_every_control_plane_with_owner_and_mode(story: Story) -> None:
    assert set(story.files_before) == set(odd.FILES)
    assert story.observations["files"] == dict.fromkeys(HARDENED.control_planes, story.files_before)


@pytest.mark.parametrize("component", odd.COMPONENTS)
def test_the_components_have_the_same_flags_on_every_control_plane(story: Story, component: str) -> None:
    assert story.observations["flags"][component] == dict.fromkeys(
        HARDENED.control_planes, story.flags_before[component]
    )


def test_the_patch_holds_on_every_control_plane(story: Story) -> None:
    manifests = story.observations["manifests"]
    assert manifests["cp1"]["readiness"] == "/livez"
    assert manifests == dict.fromkeys(HARDENED.control_planes, manifests["cp1"])
    not_ready = [
        pod["metadata"]["name"]
        for pod in story.observations["pods"]
        if not all(status["ready"] for status in pod["status"]["containerStatuses"])
    ]
    assert not_ready == []


def test_the_schedulers_file_is_in_force(story: Story) -> None:
    assert story.observations["lease"]["leaseDurationSeconds"] == 20


def test_kubeadms_configuration_is_the_same_but_for_the_endpoint_and_sans(story: Story) -> None:
    before, after = story.configuration_before, story.observations["configuration"]
    assert odd.differing(before, after) <= CHANGED_FIELDS
    assert after["controlPlaneEndpoint"] == "k8s.odd.example.org:8443"
    kept = {_canonical(san) for san in before["apiServer"]["certSANs"]}
    assert kept | {"2001:db8::8"} <= {_canonical(san) for san in after["apiServer"]["certSANs"]}


def test_every_certificate_has_the_old_sans_and_the_new_ones(story: Story) -> None:
    own = {"master-1.odd.example.org", story.conversion.addresses["cp1"]}
    wanted = (story.sans_before - own) | {"k8s.odd.example.org", "2001:db8::8"}
    assert {"api.odd.example.org", "198.51.100.7", "2001:db8::7", "kubernetes.default.svc.odd.internal"} <= wanted
    missing = {name: wanted - found for name, found in story.observations["sans"].items() if wanted - found}
    assert missing == {}
    assert own <= story.observations["sans"]["cp1"]


def test_every_api_server_refuses_tls_1_2(story: Story) -> None:
    assert len(story.observations["tls"]) == 4
    for versions in story.observations["tls"].values():
        assert versions == {"tls1_2": False, "tls1_3": True}


def test_every_api_server_refuses_anonymous_requests(story: Story) -> None:
    assert len(story.observations["anonymous"]) == 4
    for answers in story.observations["anonymous"].values():
        assert {path: status for path, status in answers.items() if status != "401"} == {"/livez": "200"}
        assert len(answers) > 1


def test_the_smoke_service_answers_from_every_node_by_address_and_name(story: Story) -> None:
    assert ipaddress.ip_address(story.conversion.service) in ipaddress.ip_network("10.55.0.0/20")
    assert all(story.observations["service"].values())
    assert all(story.observations["service name"].values()), story.observations["service name"]


def test_an_audit_finds_only_that_there_is_one_load_balancer(story: Story) -> None:
    assert set(story.findings) == SINGLE_BALANCER, story.findings


def test_the_rest_stands_after_the_loss_of_the_first_control_plane(story: Story) -> None:
    assert story.ready_after_loss == HARDENED.all_node_names - {HARDENED.node_name("cp1")}
    assert story.service_failures == dict.fromkeys(HARDENED.nodes[1:], 0)
    assert story.secrets_after_loss == odd.SECRETS


def test_no_secret_was_shown(story: Story) -> None:
    shown = story.check.output + story.converted.output
    assert hexadecimal_keys(shown) == set()
    assert "PRIVATE KEY" not in shown
    assert "secret: " not in shown


def test_the_figures_hold(story: Story) -> None:
    path = story.results.write()
    assert json.loads(path.read_text(encoding="utf-8"))["figures"]["rto_kill_seconds"]["value"] is not None
    assert story.results.failures() == [], story.results.table()


def _canonical(san: str) -> str:
    try:
        return str(ipaddress.ip_address(san))
    except ValueError:
        return san.lower()
