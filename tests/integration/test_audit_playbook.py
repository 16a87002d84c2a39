# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook audit on a host with a control plane of real processes."""

from __future__ import annotations

import base64
import json
import os
import shlex
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.integration.control_plane import ADVERTISED_ADDRESS
from tests.integration.modules import run_ansible
from tests.unit.plugins.module_utils._domain.audit.certificates import issued

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane
    from tests.integration.private_host import PrivateHost

PASSWORD = "Kq8-not-in-any-report"
#: Nothing checks the one API server behind it.
UNCHECKED = f"""\
defaults
    mode tcp
    timeout connect 1s
    timeout client 24h
    timeout server 24h
listen api
    bind :16443
    server cp1 127.0.0.1:{{port}}
listen statistics
    mode http
    bind :18404
    stats auth admin:{PASSWORD}
"""


def audit(
    host: PrivateHost,
    directory: Path,
    joining: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
    *,
    options: t.Sequence[str] = (),
    with_endpoint: bool = True,
    playbook: str = "kubeadm.ha.audit",
    etcd: t.Mapping[str, t.Mapping[str, t.Any]] | None = None,
    own: t.Mapping[str, t.Any] | None = None,
) -> tuple[dict[str, t.Any], str]:
    """The plan of the audit with this host, with joining ones and ones of external etcd and their variables, and what was printed.

    ``own`` are this host's variables.
    """
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    groups = {
        "kube_control_plane": {"hosts": {"cp1": own or {}, **(joining or {})}},
        **({"etcd": {"hosts": etcd}} if etcd is not None else {}),
        "all": {"vars": local},
    }
    inventory, plan = directory / "hosts.yml", directory / "plan.json"
    inventory.write_text(json.dumps(groups), encoding="utf-8")
    variables = {
        **(
            {"kubeadm_ha_endpoint": "k8s.example.org:8443", "kubeadm_ha_load_balancer": "external"}
            if with_endpoint
            else {}
        ),
        "kubeadm_ha_audit_file": str(plan),
        "kubeadm_ha_audit_directory": str(directory / "reports"),
    }
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    ended = run_ansible(
        [*host.prefix, program, playbook, f"--inventory={inventory}", "-e", json.dumps(variables), *options],
        environment=host.plane.environment,
        directory=directory,
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return json.loads(plan.read_text(encoding="utf-8")) if plan.exists() else {}, ended.stdout


def interpreter_on(host: PrivateHost, path: Path, *before: str) -> str:
    """A Python that sees the directories of a host as its own."""
    command = shlex.join([*host.prefix, *before, sys.executable])
    path.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(("scheme", "is_reported"), [("https", False), ("http", True)])
def test_etcd_without_tls_is_reported_with_the_other_reasons(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path, scheme: str, *, is_reported: bool
) -> None:
    """With TLS the real etcd is asked; without it nobody asks."""
    host.become_control_plane()
    manifests = host.kubernetes / "manifests"
    (manifests / "etcd.yaml").unlink()
    api_server = manifests / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    assert "--etcd-servers=https://127.0.0.1:2379" in text
    text = text.replace("https://127.0.0.1:2379", f"{scheme}://127.0.0.1:{cluster.etcd_port}")
    api_server.write_text(
        text.replace(f"--advertise-address={ADVERTISED_ADDRESS}", "--advertise-address=127.0.0.1"), encoding="utf-8"
    )
    plan, printed = audit(host, tmp_path, options=["-v"])
    reported = [item["message"] for item in plan["problems"]]
    about_etcd = [message for message in reported if "without TLS and a client certificate" in message]
    assert len(about_etcd) == is_reported, reported
    result = json.loads(printed.partition("Inspect it and its etcd once]")[2].split("\n")[1].partition(" => ")[2])
    assert (result["etcd"] is None, result["etcd_failure"]) == (is_reported, "")
    assert any("The cluster has no node cp1" in message for message in reported), "it is one reason of several"


def test_the_kubeadm_of_joining_hosts_is_asked(cluster: ControlPlane, host: PrivateHost, tmp_path: Path) -> None:
    """Two hosts with one CPU, of which one may have it; what the plan reports in its own words is not reported twice."""
    host.become_control_plane()
    api_server = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    api_server.write_text(text.replace(ADVERTISED_ADDRESS, "127.0.0.1"), encoding="utf-8")
    # kubeadm reads it before it counts CPUs.
    kubelet = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n"
    metadata = {"name": "kubelet-config", "namespace": "kube-system"}
    cluster.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"kubelet": kubelet}})
    joining: dict[str, dict[str, t.Any]] = {}
    cpu = str(min(os.sched_getaffinity(0)))
    for number, name in enumerate(("cp2", "cp3"), start=2):
        other = type(host)(tmp_path / name, cluster)
        (other.etc / "machine-id").write_text(f"{number}" * 32, encoding="utf-8")
        joining[name] = {
            "ansible_python_interpreter": interpreter_on(other, tmp_path / f"python-of-{name}", "taskset", "-c", cpu),
            "kubeadm_ha_node_name": name,
            "kubeadm_ha_advertise_address": f"192.0.2.1{number}",
        }
    joining["cp3"]["kubeadm_ha_ignore_preflight_errors"] = ["NumCPU"]
    plan, printed = audit(host, tmp_path, joining)
    reported = [item["message"] for item in plan["problems"]]
    assert "skipping: [cp1]" in printed.partition("Joins | Ask kubeadm whether it would]")[2].split("TASK")[0]
    by_kubeadm = [message for message in reported if message.startswith("kubeadm would not join")]
    assert [message.partition(" 1 is less")[0] for message in by_kubeadm] == [
        "kubeadm would not join cp2, by its check NumCPU: the number of available CPUs"
    ], json.dumps(reported, indent=1) + printed
    assert not any("could not be asked" in message for message in reported), reported
    for name in joining:
        assert sum(f"{name} has no container runtime" in message for message in reported) == 1, reported


def test_without_an_endpoint_and_without_workers_the_reports_are_written(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path
) -> None:
    """As somebody runs it who has never heard of the collection."""
    host.become_control_plane()
    api_server = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    api_server.write_text(text.replace(ADVERTISED_ADDRESS, "127.0.0.1"), encoding="utf-8")
    balancer = host.etc / "haproxy" / "haproxy.cfg"
    balancer.parent.mkdir(parents=True, exist_ok=True)
    balancer.write_text(UNCHECKED.format(port=cluster.api_port), encoding="utf-8")
    before = sorted(path.relative_to(host.etc) for path in host.etc.rglob("*"))
    plan, printed = audit(host, tmp_path, with_endpoint=False, options=["-vvv"])
    assert plan["entries"] == []
    assert "Audit: The loss of cp1 is an outage." in printed
    reports = tmp_path / "reports"
    assert {path.name: path.stat().st_mode & 0o777 for path in reports.iterdir()} == dict.fromkeys(
        ("report.html", "report.json", "report.sarif", "report.xml"), 0o600
    )
    report = json.loads((reports / "report.json").read_text(encoding="utf-8"))
    assert (report["plan"], [part["verdict"] for part in report["parts"]]) == (None, ["lost"])
    assert {"control-plane.single"} <= {item["id"] for item in report["findings"]}
    # What stands before the API servers is judged by its configuration, and its passwords are nobody's.
    (unchecked,) = [item for item in report["findings"] if item["id"] == "load-balancer.no-check"]
    assert unchecked["lost_with"] == ["cp1"]
    assert unchecked["object"].endswith(" on cp1")
    assert [line for line in unchecked["evidence"] if line.startswith("cp1:/etc/haproxy/haproxy.cfg:")], unchecked
    everything = printed + "".join(path.read_text(encoding="utf-8") for path in reports.iterdir())
    assert PASSWORD not in everything
    slurped = base64.b64encode(balancer.read_bytes()).decode()
    assert [
        text for text in (slurped[start : start + 40] for start in range(0, len(slurped), 40)) if text in everything
    ] == []
    assert sorted(path.relative_to(host.etc) for path in host.etc.rglob("*")) == before
    assert cluster.api_port


def test_where_sudo_is_refused_a_host_is_inspected_as_its_user_and_the_audit_says_so(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path
) -> None:
    """The user is another one than root by a namespace, which takes the rights of root from who was root outside of it."""
    host.become_control_plane()
    (host.kubernetes / "admin.conf").chmod(0)
    refused = tmp_path / "sudo"
    refused.write_text("#!/bin/sh\necho 'ops is not in the sudoers file.' >&2\nexit 1\n", encoding="utf-8")
    refused.chmod(0o755)
    interpreter = tmp_path / "python-of-ops"
    command = shlex.join(["unshare", "--user", "--map-user=1000", "--map-group=1000", sys.executable])
    interpreter.write_text(f'#!/bin/sh\nexec {command} "$@"\n', encoding="utf-8")
    interpreter.chmod(0o755)
    own = {
        "ansible_become": True,
        # Ansible asks nobody where it is that user already.
        "ansible_become_user": "administrator",
        "ansible_become_exe": str(refused),
        "ansible_python_interpreter": str(interpreter),
    }
    _plan, printed = audit(host, tmp_path, with_endpoint=False, own=own)
    report = json.loads((tmp_path / "reports" / "report.json").read_text(encoding="utf-8"))
    found = {item["id"]: item for item in report["findings"]}
    assert "unseen.host" not in found, printed
    unprivileged = found["unseen.unprivileged"]
    assert (unprivileged["object"], unprivileged["severity"]) == ("cp1", "warning")
    assert unprivileged["evidence"] == ["user id 1000", "not readable: /etc/kubernetes/admin.conf"]
    assert "sudo" in unprivileged["remedy"]
    assert "cp1 was inspected as a user without the rights of root." in printed
    assert cluster.api_port


def test_hosts_of_external_etcd_are_inspected_though_a_run_leaves_them_alone(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path
) -> None:
    """One has a certificate that has expired, the other is away."""
    host.become_control_plane()
    (host.kubernetes / "manifests" / "etcd.yaml").unlink()
    api_server = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    api_server.write_text(text.replace(ADVERTISED_ADDRESS, "127.0.0.1"), encoding="utf-8")
    other = type(host)(tmp_path / "e1", cluster)
    (other.etc / "machine-id").write_text("e1" * 16, encoding="utf-8")
    pki = other.etc / "etcd" / "pki"
    pki.mkdir(parents=True)
    pem = (cluster.pki / "ca.crt").read_text(encoding="utf-8")
    (pki / "server.crt").write_text(issued(pem, "e1", end=time.time() - 86400.0), encoding="utf-8")
    etcd: dict[str, dict[str, t.Any]] = {
        "e1": {"ansible_python_interpreter": interpreter_on(other, tmp_path / "python-of-e1")},
        "e2": {"ansible_connection": "ssh", "ansible_host": "127.0.0.9", "ansible_port": 1},
    }
    plan, _printed = audit(host, tmp_path, with_endpoint=False, etcd=etcd)
    assert plan["entries"] == []
    report = json.loads((tmp_path / "reports" / "report.json").read_text(encoding="utf-8"))
    found = {(item["id"], item["object"]): item for item in report["findings"]}
    assert found["certificate.expired", "e1"]["summary"] == "/etc/etcd/pki/server.crt on e1 expired 2 days ago."
    assert "Connection refused" in found["unseen.host", "e2"]["evidence"][0]
    assert {name for kind, name in found if kind.startswith("unseen.host")} == {"e2"}
    assert {"e1", "e2"} <= {part["name"] for part in report["parts"]}


def test_what_was_inspected_is_judged_in_a_later_play_without_being_inspected_again(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path
) -> None:
    """As the report of a run does it, which has inspected the cluster anyway."""
    host.become_control_plane()
    api_server = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    api_server.write_text(text.replace(ADVERTISED_ADDRESS, "127.0.0.1"), encoding="utf-8")
    judged = tmp_path / "judged.json"
    play = {
        "name": "Later",
        "hosts": "kube_control_plane",
        "gather_facts": False,
        "tasks": [
            {"ansible.builtin.import_role": {"name": "kubeadm.ha.audit", "tasks_from": "judge"}},
            {"ansible.builtin.copy": {"content": "{{ audit_result.report | to_json }}", "dest": str(judged)}},
        ],
    }
    playbook = tmp_path / "play.yml"
    playbook.write_text(json.dumps([{"ansible.builtin.import_playbook": "kubeadm.ha.audit"}, play]), encoding="utf-8")
    _plan, printed = audit(host, tmp_path, playbook=str(playbook))
    later = printed.partition("PLAY [Later]")[2]
    assert "Inspect each once" not in later
    assert "If this is lost" in printed
    assert "If this is lost" not in later
    first = json.loads((tmp_path / "reports" / "report.json").read_text(encoding="utf-8"))
    second = json.loads(judged.read_text(encoding="utf-8"))
    assert {**second, "created": ""} == {**first, "created": ""}
    assert first["findings"]
    assert cluster.api_port


def test_a_run_with_a_directory_begins_its_report_with_what_it_has_found(
    cluster: ControlPlane, host: PrivateHost, tmp_path: Path
) -> None:
    """The first page of kubeadm.ha.site, where reasons to stop do not end it; without the directory it does nothing more."""
    host.become_control_plane()
    api_server = host.kubernetes / "manifests" / "kube-apiserver.yaml"
    text = api_server.read_text(encoding="utf-8")
    api_server.write_text(text.replace(ADVERTISED_ADDRESS, "127.0.0.1"), encoding="utf-8")
    stays = ["-e", '{"preflight_stop": false}']
    reports = tmp_path / "runs"
    _plan, without = audit(host, tmp_path, playbook="kubeadm.ha.inspect", options=stays)
    assert "Determine what else is asked" not in without
    assert "Begin the report" not in without
    assert not reports.exists()
    given = [*stays, "-e", f"kubeadm_ha_report_directory={reports}", "--check"]
    _plan, printed = audit(host, tmp_path, playbook="kubeadm.ha.inspect", options=given)
    assert "PLAY [Say what is lost with each part before the run]" in printed
    assert printed.count("Inspect each once") == 1
    (path,) = reports.glob("*.json")
    assert f"Report: {path.with_suffix('.html')}" in printed
    report = json.loads(path.read_text(encoding="utf-8"))
    assert {part["name"]: part["verdict"] for part in report["before"]["parts"]}["cp1"] == "lost"
    assert "control-plane.single" in {item["id"] for item in report["before"]["findings"]}
    assert report["check_mode"] is True
    assert "changed=0" in printed.partition("PLAY RECAP")[2]
    assert cluster.api_port
