# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""kube_controller_manager and kube_scheduler in a play of somebody's own, on masters of both layouts.

Held with kubectl, openssl, curl, systemctl and sha256sum. In one layout the controllers have the administrator's kubeconfig before, in the
other one identities of their own, whose certificates serve nothing.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from tests.prober.results import ScenarioResults
from tests.scenarios.audited import DNS_ON_ONE_NODE, SINGLE_MASTER, grave_findings
from tests.scenarios.cluster import PROJECT, Lab
from tests.scenarios.convert import addresses_of, new_results
from tests.scenarios.playbook import Run, run_playbook
from tests.scenarios.services_cluster import APP, INLINE, Cluster, Expected

pytestmark = pytest.mark.full

PORTS = {"kube-controller-manager": 10257, "kube-scheduler": 10259}
NAMES = pytest.mark.parametrize("name", PORTS)
PLAY = """\
- name: Controllers
  hosts: m1
  gather_facts: false
  become: true
  serial: 1
  roles: [kubeadm.ha.kube_controller_manager, kubeadm.ha.kube_scheduler]
"""
SECONDS_FOR_A_SECOND_RUN = 10.0
#: Everything that a run could change on the master, and what runs there.
FINGERPRINT = (
    "find /etc/kubernetes /etc/systemd/system /opt/kubernetes/cfg /opt/kubernetes/ssl /root/.kube /var/lib/kubeadm-ha -type f "
    "-exec sha256sum {} + 2>/dev/null | sort; systemctl show --property=MainPID kube-controller-manager kube-scheduler; "
    "dpkg-query --show | sha256sum"
)


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    cluster: Cluster
    results: ScenarioResults
    before: str
    checked: Run
    after_check: str
    refused: Mapping[str, tuple[Run, str]]
    applied: Run
    after: str
    again: Run
    after_again: str
    broken: Run
    after_broken: str
    findings: Mapping[str, Sequence[str]]

    @property
    def ssl(self) -> str:
        """Directory of the certificates."""
        return self.cluster.expected.serving.rpartition("/")[0]

    @property
    def kubeconfigs(self) -> str:
        """Directory of the kubeconfigs."""
        return self.cluster.expected.kubeconfigs[0].rpartition("/")[0]


@pytest.fixture(scope="module", params=[APP, INLINE], ids=lambda expected: expected.topology)
def story(request: pytest.FixtureRequest) -> Iterator[Story]:
    """Run the whole story once for each layout."""
    expected: Expected = request.param
    name = f"controllers-{expected.topology.rpartition('_')[2]}"
    with new_results(name) as results, Lab(expected.topology, name=name) as lab:
        results.add_step("before state", lab.up_seconds)
        work = PROJECT / "build" / "scenarios" / name
        work.mkdir(parents=True, exist_ok=True)
        (work / "play.yml").write_text(PLAY, encoding="utf-8")

        def run(step: str, *arguments: str, **variables: Any) -> Run:
            return run_playbook(
                str(work / "play.yml"),
                inventories=[lab.inventory],
                record=work / f"{step}.jsonl",
                arguments=arguments,
                variables=variables,
            )

        def fingerprint() -> str:
            return lab.shell("m1", FINGERPRINT, check=False)

        before = fingerprint()
        checked = run("check", "--check", "--diff")
        after_check = fingerprint()
        refused = {}
        for step, wrong in REFUSED.items():
            variables = wrong or {"kube_controller_manager_kubeconfig": expected.admin}
            refused[step] = (run(f"refused-{step}", **variables), fingerprint())
        applied = run("apply")
        assert applied.status == 0, applied.output[-6000:]
        results.add_step("controllers", applied.seconds)
        after = fingerprint()
        again = run("again")
        results.at_most("noop_changed", sum(again.changed_hosts.values()), bound=0)
        results.timing("noop_seconds", again.seconds, bound=SECONDS_FOR_A_SECOND_RUN)
        after_again = fingerprint()
        broken = run("broken", kube_scheduler_arguments={"no-such-flag": "x"}, kube_scheduler_wait_timeout=20)
        yield Story(
            cluster=Cluster(lab, expected, addresses_of(lab, expected.hosts)),
            results=results,
            before=before,
            checked=checked,
            after_check=after_check,
            refused=refused,
            applied=applied,
            after=after,
            again=again,
            after_again=after_again,
            broken=broken,
            after_broken=fingerprint(),
            # The inventory names an endpoint at which nothing is yet.
            findings=grave_findings([lab.inventory], work, {"kubeadm_ha_endpoint": ""}),
        )
        print(results.table())


def changes(run: Run) -> list[tuple[Any, ...]]:
    """What a run changed, or said that it would."""
    found = [change for record in run.changed for change in record["changes"]]
    return [(change["object"], change["before"], change["after"]) for change in found]


#: What changes nothing, and what the message says.
REFUSED: Mapping[str, Mapping[str, Any]] = {
    "key": {"kube_controller_manager_ca_key": "/nowhere/ca.key"},
    "durations": {"kube_controller_manager_lease_duration": "10s"},
    "server": {"kube_controller_manager_server": "http://127.0.0.1:8080"},
    "port": {"kube_controller_manager_insecure_port": 10252},
    # The administrator's, see the fixture.
    "kubeconfig": {},
}
WORDS = {
    "key": "/nowhere/ca.key does not exist",
    "durations": "the first must be longer than the second",
    "server": "with https://",
    "port": "serves nothing without TLS",
    "kubeconfig": "is the kubeconfig of",
}


def test_check_mode_says_what_happens_and_changes_nothing(story: Story) -> None:
    assert story.checked.status == 0, story.checked.output[-6000:]
    assert story.after_check == story.before
    assert changes(story.checked) == changes(story.applied)
    assert len(changes(story.applied)) > 10


@pytest.mark.parametrize("step", REFUSED)
def test_one_clear_error_and_nothing_changed(story: Story, step: str) -> None:
    run, after = story.refused[step]
    assert run.status != 0
    (message,) = run.failures
    assert WORDS[step] in message
    assert after == story.before


def test_a_second_run_changes_nothing(story: Story) -> None:
    assert story.again.status == 0, story.again.output[-6000:]
    assert story.again.changed == []
    assert story.after_again == story.after


def test_what_does_not_start_is_put_back(story: Story) -> None:
    assert story.broken.status != 0
    (message,) = story.broken.failures
    assert "The former files are back, and kube-scheduler.service runs with them" in message
    assert "unknown flag: --no-such-flag" in message

    def files(text: str) -> list[str]:
        return [
            line for line in text.splitlines() if not line.startswith("MainPID") and "component-service" not in line
        ]

    assert files(story.after_broken) == files(story.after)


def test_an_audit_finds_one_master_and_one_replica_of_the_cluster_dns(story: Story) -> None:
    assert set(story.findings) == SINGLE_MASTER | DNS_ON_ONE_NODE, story.findings


def test_no_secret_is_in_any_output(story: Story) -> None:
    for run in (story.checked, story.applied, story.again, story.broken):
        text = run.output + json.dumps(list(run.records))
        assert "PRIVATE KEY" not in text
        assert "client-key-data" not in text


@NAMES
def test_who_it_is(story: Story, name: str) -> None:
    flags = story.cluster.flags("m1", name)
    kubeconfig = f"{story.kubeconfigs}/{name}.kubeconfig"
    for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"):
        assert flags[flag] == kubeconfig
    said = story.cluster.lab.run("m1", "kubectl", f"--kubeconfig={kubeconfig}", "auth", "whoami", "--output=json")
    user = json.loads(said)["status"]["userInfo"]
    assert (user["username"], user["groups"]) == (f"system:{name}", ["system:authenticated"])
    may = ("auth", "can-i", "*", "*", "--all-namespaces")
    assert story.cluster.lab.run("m1", "kubectl", f"--kubeconfig={kubeconfig}", *may, check=False).strip() == "no"
    assert story.cluster.lab.run("m1", "stat", "--format=%a %U", kubeconfig).strip() == "600 root"


@NAMES
def test_its_certificate_is_for_this_host(story: Story, name: str) -> None:
    lab, path = story.cluster.lab, f"{story.ssl}/{name}.pem"
    assert "OK" in lab.run("m1", "openssl", "verify", "-CAfile", f"{story.ssl}/ca.pem", path)
    for address in ("127.0.0.1", story.cluster.addresses["m1"]):
        assert "does match" in story.cluster.check_address(path, address)
    assert lab.run("m1", "stat", "--format=%a", f"{story.ssl}/{name}-key.pem").strip() == "600"


@NAMES
def test_metrics_are_for_those_with_a_certificate(story: Story, name: str) -> None:
    ssl, port, directory = story.ssl, PORTS[name], "/run/metrics"
    script = (
        f"mkdir -m 0700 {directory}; cd {directory}; "
        "openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -out r.pem -subj /O=system:monitoring/CN=prometheus 2>/dev/null; "
        f"openssl x509 -req -in r.pem -CA {ssl}/ca.pem -CAkey {ssl}/ca-key.pem -CAserial s -CAcreateserial -days 1 -out c.pem 2>/dev/null; "
        f'ask() {{ curl -s -o /dev/null -w "%{{http_code}} " --cacert {ssl}/ca.pem "$@"; }}; url=https://127.0.0.1:{port}; '
        f"ask $url/healthz; ask $url/metrics; ask --cert c.pem --key k.pem $url/metrics; rm -r {directory}"
    )
    health, anonymous, certified = story.cluster.lab.shell("m1", script).split()
    assert (health, certified) == ("200", "200")
    assert anonymous in ("401", "403")


@NAMES
def test_flags_are_where_they_were(story: Story, name: str) -> None:
    if story.cluster.expected is APP:
        text = story.cluster.lab.run("m1", "cat", f"/opt/kubernetes/cfg/{name}.conf")
        assert text.startswith(
            f'{name.replace("-", "_").upper()}_OPTS="--v=2 \\\n--leader-elect=true \\\n--kubeconfig='
        )
    else:
        text = story.cluster.lab.run("m1", "cat", f"/etc/systemd/system/{name}.service")
        assert "  --leader-elect=true \\\n  " in text
    assert story.cluster.units("m1")[name]["ActiveState"] == "active"
    assert f"{story.kubeconfigs}/admin.kubeconfig" not in text


@NAMES
def test_its_lease_is_held(story: Story, name: str) -> None:
    leases = {lease["metadata"]["name"]: lease["spec"] for lease in story.cluster.objects("leases")}
    assert leases[name]["holderIdentity"].startswith("m1_")


def test_the_cluster_works(story: Story) -> None:
    story.cluster.kubectl("create", "deployment", "new", "--image=localhost/kubeadm-ha-lab/smoke:1", "--replicas=2")
    story.cluster.kubectl("wait", "--for=jsonpath={.status.replicas}=2", "deployment/new", "--timeout=60s")
    story.cluster.kubectl("wait", "--for=condition=PodScheduled", "pod", "--selector=app=new", "--timeout=60s")
    story.cluster.kubectl("delete", "deployment", "new")
    account = "serviceaccount/replicaset-controller"
    assert account in story.cluster.kubectl("get", account, "--namespace=kube-system", "--output=name")
