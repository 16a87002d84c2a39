# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A converted cluster goes back to the one control plane that it was, twice: watched by a prober, and killed on the way.

What was there before is compared file by file and object by object, with find, openssl, kubectl, etcdctl and ss. What somebody else has
changed in between stays.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from tests.scenarios.cluster import ADMIN, Lab, ready_nodes, wait_until
from tests.scenarios.convert import Conversion, changed_hosts, etcd_members, new_results
from tests.scenarios.kills import Kill, killed
from tests.scenarios.plan_and_run import changed_objects, different_values, planned_objects
from tests.scenarios.playbook import Run
from tests.scenarios.shape import PLAIN

pytestmark = pytest.mark.full

_ADDED = ("cp2", "cp3")
_STAYING = ("cp1", "w1", "w2")
_SCHEDULER = "/etc/kubernetes/manifests/kube-scheduler.yaml"
_ADMINISTRATOR = "/root/.kube/config"
_CERTIFICATE = "/etc/kubernetes/pki/apiserver.crt"
#: What others change between the conversion and the way back.
_NAME_OF_OTHERS = "others.example.org"
_OTHER_CLUSTER = "https://198.51.100.7:6443"
#: In the middle of the way back: one added control plane has left, or is about to.
_KILL = Kill(
    "Added control planes leave, one by one", 1.0, "Its member of etcd is taken out, if the others keep the quorum"
)
_CONFIG_MAPS = (
    "kube-system/kubeadm-config",
    "kube-public/cluster-info",
    "kube-system/kube-proxy",
    "kube-system/kubelet-config",
)


@dataclasses.dataclass(frozen=True)
class Content:
    """What a conversion touches.

    :param files: by host and path, with mode, owner and hash.
    :param objects: data of ConfigMaps; YAML in them parsed, signatures left out.
    :param sans: of the API server's certificate.
    """

    files: Mapping[str, str]
    objects: Mapping[str, Any]
    sans: str


@dataclasses.dataclass
class Story:
    """What was seen, in the order in which it happened."""

    conversion: Conversion
    before: Content
    check: Run
    changed_by_check: list[str]
    back: Run
    after: Content
    seen: dict[str, Any]
    again: Run
    renewed: str
    killed: Run
    ended: Run
    after_the_kill: Content
    seen_after_the_kill: dict[str, Any]
    ended_again: Run


@pytest.fixture(scope="module")
def story() -> Iterator[Story]:
    """Run the whole story once."""
    with new_results("rollback") as results, Lab("convert", name="rollback") as lab:
        conversion = Conversion(lab, results)
        _give_administrator(lab)
        before = _content(lab)
        _convert(conversion, "convert")
        _work_of_others(lab)
        check, changed_by_check = conversion.check(playbook="rollback", label="check-rollback")
        back, _log = conversion.roll_back()
        assert back.status == 0, back.output[-6000:]
        after, seen = _content(lab), _seen(lab)
        again = conversion.run("again", playbook="rollback")
        # The flag of others is taken over, else a joining control plane would be unlike the first one.
        _convert(conversion, "convert-again", "--extra-vars", "kubeadm_ha_adopt_manifest_flags=true")
        lab.run("cp1", "kubeadm", "certs", "renew", "apiserver")
        renewed = lab.run("cp1", "sha256sum", _CERTIFICATE)
        inventories = PLAIN.inventories(lab.inventory)
        cut_off = killed(inventories, conversion.work, "killed", _KILL, playbook="rollback")
        ended = conversion.run("ended", playbook="rollback")
        assert ended.status == 0, ended.output[-6000:]
        yield Story(
            conversion=conversion,
            before=before,
            check=check,
            changed_by_check=changed_by_check,
            back=back,
            after=after,
            seen=seen,
            again=again,
            renewed=renewed,
            killed=cut_off,
            ended=ended,
            after_the_kill=_content(lab),
            seen_after_the_kill=_seen(lab),
            ended_again=conversion.run("ended-again", playbook="rollback"),
        )
        print(results.table())


def _convert(conversion: Conversion, label: str, *arguments: str) -> None:
    run = conversion.run(label, *arguments)
    assert run.status == 0, run.output[-6000:]
    lab = conversion.lab
    wait_until(lambda: ready_nodes(lab) >= set(PLAIN.nodes), seconds=60, what="all nodes Ready")


def _give_administrator(lab: Lab) -> None:
    """root of the control plane has a kubeconfig for this cluster and for another one."""
    document = yaml.safe_load(lab.run("cp1", "cat", ADMIN))
    document["clusters"].append({"name": "elsewhere", "cluster": {"server": _OTHER_CLUSTER}})
    lab.shell("cp1", "mkdir -p -m 700 /root/.kube")
    lab.write("cp1", _ADMINISTRATOR, yaml.safe_dump(document))
    lab.run("cp1", "chmod", "0600", _ADMINISTRATOR)


def _work_of_others(lab: Lab) -> None:
    """A Deployment, a flag of a manifest, a name in the ClusterConfiguration, a renewed certificate."""
    image = lab.objects("deployment", "smoke")["spec"]["template"]["spec"]["containers"][0]["image"]
    lab.kubectl("create", "deployment", "since", f"--image={image}", "--replicas=3")
    lab.shell("cp1", f"sed -i 's/^    - --leader-elect=true$/&\\n    - --v=1/' {_SCHEDULER}")
    data = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system")["data"]
    document = yaml.safe_load(data["ClusterConfiguration"])
    document["apiServer"]["certSANs"].append(_NAME_OF_OTHERS)
    patch = {"data": {"ClusterConfiguration": yaml.safe_dump(document)}}
    lab.kubectl("patch", "configmap", "kubeadm-config", "--namespace=kube-system", "--patch", json.dumps(patch))
    lab.run("cp1", "kubeadm", "certs", "renew", "admin.conf")
    lab.kubectl("rollout", "status", "deployment/since", "--timeout=100s")


def _content(lab: Lab) -> Content:
    script = (
        "find /etc/kubernetes /root/.kube /etc/haproxy -type f ! -path '*/cache/*' ! -path '/etc/kubernetes/tmp/*' ! -path '/etc/haproxy/errors/*' "
        "-printf '%p %m %U:%G ' -exec sha256sum {} \\; 2>/dev/null | cut -d' ' -f1-4"
    )
    files = {}
    for host in (*_STAYING, "lb1"):
        for line in lab.shell(host, script, check=False).splitlines():
            path, _space, rest = line.partition(" ")
            files[f"{host}:{path}"] = rest
    return Content(files, {name: _data_of(lab, name) for name in _CONFIG_MAPS}, _sans(lab))


def _data_of(lab: Lab, config_map: str) -> dict[str, Any]:
    namespace, _slash, name = config_map.partition("/")
    data = lab.objects("configmap", name, f"--namespace={namespace}")["data"]
    return {key: yaml.safe_load(text) for key, text in data.items() if not key.startswith("jws-kubeconfig-")}


def _sans(lab: Lab) -> str:
    return lab.run("cp1", "openssl", "x509", "-noout", "-ext", "subjectAltName", "-in", _CERTIFICATE)


def _seen(lab: Lab) -> dict[str, Any]:
    """The cluster afterwards, with the field's own tools."""
    address = lab.shell("cp1", "ip -4 -o addr show dev eth0 | awk '{split($4,a,\"/\"); print a[1]}'").strip()
    served = (
        f"openssl s_client -connect {address}:6443 </dev/null 2>/dev/null | openssl x509 -noout -ext subjectAltName"
    )
    return {
        "nodes": {item["metadata"]["name"] for item in lab.objects("nodes")["items"]},
        "ready": ready_nodes(lab),
        "members": len(etcd_members(lab, node="cp1")),
        "served": lab.shell("cp1", served),
        "since": lab.objects("deployment", "since")["status"].get("availableReplicas"),
        "proxies": {
            item["spec"]["nodeName"]
            for item in lab.objects("pods", "--namespace=kube-system", "--selector=k8s-app=kube-proxy")["items"]
            if item["status"].get("phase") == "Running" and not item["metadata"].get("deletionTimestamp")
        },
        "left": {
            host: lab.shell(
                host,
                "find /etc/kubernetes /var/lib/etcd /var/lib/kubelet -type f; ss -Hltn 'sport = :6443 or sport = :2379 or sport = :2380'; "
                "crictl ps --quiet 2>/dev/null; true",
            )
            for host in _ADDED
        },
        "balancer": lab.shell(
            "lb1", "systemctl is-active haproxy; systemctl is-enabled haproxy; ss -Hltn 'sport = :6443'", check=False
        ).split(),
        "locks": [host for host in PLAIN.hosts if "lock" in lab.shell(host, "ls /run | grep -x kubeadm-ha.lock; true")],
    }


def test_check_mode_changes_nothing_and_shows_the_plan_of_the_run(story: Story) -> None:
    assert story.check.status == 0, story.check.output[-6000:]
    assert story.changed_by_check == []
    assert story.check.plan
    assert story.check.plan == story.back.plan


def test_plan_and_run_agree(story: Story) -> None:
    for run in (story.check, story.back):
        assert changed_objects(run) == planned_objects(run)
        assert different_values(run) == []


def test_files_are_as_before_but_for_the_work_of_others(story: Story) -> None:
    before, after = dict(story.before.files), dict(story.after.files)
    edited = {f"cp1:{path}" for path in (_SCHEDULER, ADMIN)}
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} == edited
    assert {after[path].split()[0] for path in edited} == {"600"}


def test_a_renewed_credential_stays_with_the_server_of_before(story: Story) -> None:
    lab, old = story.conversion.lab, story.conversion.old
    assert lab.shell("cp1", f"grep server: {ADMIN}").split() == ["server:", f"https://{old}"]
    assert lab.shell("cp1", f"grep -e --v=1 {_SCHEDULER}").split() == ["-", "--v=1"]


def test_objects_are_as_before_but_for_the_work_of_others(story: Story) -> None:
    expected = json.loads(json.dumps(story.before.objects))
    expected["kube-system/kubeadm-config"]["ClusterConfiguration"]["apiServer"]["certSANs"] = [_NAME_OF_OTHERS]
    assert story.after.objects == expected


def test_the_certificate_is_that_of_before(story: Story) -> None:
    assert story.after.sans == story.before.sans
    assert story.seen["served"] == story.before.sans
    assert story.conversion.endpoint.rpartition(":")[0] not in story.seen["served"]


@pytest.mark.parametrize("when", ["seen", "seen_after_the_kill"])
def test_the_cluster_is_the_one_control_plane_with_its_workers(story: Story, when: str) -> None:
    seen = getattr(story, when)
    assert seen["nodes"] == seen["ready"] == set(_STAYING)
    assert seen["members"] == 1
    assert seen["proxies"] >= set(_STAYING)
    assert seen["since"] == 3
    assert seen["left"] == dict.fromkeys(_ADDED, "")
    assert seen["balancer"] == ["inactive", "disabled"]
    assert seen["locks"] == []


def test_no_probe_of_the_first_control_plane_failed(story: Story) -> None:
    story.conversion.assert_no_probe_failed(("cp1",))


@pytest.mark.parametrize("run", ["again", "ended_again"])
def test_a_second_run_changes_nothing(story: Story, run: str) -> None:
    found = getattr(story, run)
    assert found.status == 0, found.output[-6000:]
    assert changed_hosts(found) == set()
    assert found.plan == []


def test_a_killed_run_comes_to_the_same_end(story: Story) -> None:
    assert story.killed.status != 0
    assert any(_KILL.begins(line) for line in story.killed.records)
    assert not any(record["play"] == "Load balancers end" for record in story.killed.results)
    before, after = dict(story.after.files), dict(story.after_the_kill.files)
    renewed = {f"cp1:/etc/kubernetes/pki/apiserver.{suffix}" for suffix in ("crt", "key")}
    assert {path for path in {*before, *after} if before.get(path) != after.get(path)} == renewed
    assert story.after_the_kill.objects == story.after.objects


def test_a_certificate_that_somebody_else_has_renewed_stays(story: Story) -> None:
    assert story.conversion.lab.run("cp1", "sha256sum", _CERTIFICATE) == story.renewed
    assert any("renewed or replaced by somebody else" in line for line in story.ended.output.splitlines())


def test_no_key_is_in_any_output(story: Story) -> None:
    for run in (story.check, story.back, story.again, story.ended):
        assert "PRIVATE KEY" not in run.output
        assert "PRIVATE KEY" not in json.dumps(run.results)
