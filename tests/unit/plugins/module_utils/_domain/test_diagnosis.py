# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is reported when nobody serves the API, an inspection failed, a certificate has expired or a document is malformed."""

from __future__ import annotations

import base64
import re
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import plan_report
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    after,
    before,
    facts_of,
    kubeconfig,
    plan_of,
    targets_of,
)

Change = t.Callable[[Arguments], None]
RUNNING = {"active": "active", "enabled": "enabled"}
STOPPED = {"active": "inactive", "enabled": "enabled"}
#: The host's clock in the reports of these tests.
NOW = 1780272000.0  # 2026-06-01T00:00:00Z


def messages(arguments: Arguments) -> list[str]:
    """What the plan's problems say."""
    return [problem.message for problem in plan_of(arguments).problems]


# --- nobody serves ---------------------------------------------------------------------------------------------------


def unserved(change: Change) -> Arguments:
    """A cluster whose only control plane does not listen; the kubelet and the runtime run."""
    arguments = before()
    cp1 = arguments["hosts"]["cp1"]
    cp1["services"] = {"kubelet": RUNNING, "containerd": RUNNING}
    cp1["listening"] = []
    arguments["cluster"] = arguments["etcd"] = None
    change(arguments)
    return arguments


def _nothing(arguments: Arguments) -> None:
    del arguments["reachability" if "reachability" in arguments else "group_names"]


def _with_log(arguments: Arguments) -> None:
    words = {"time": "2026-11-28T05:00:00Z", "text": 'run.go:72] "command failed" err="no such file"', "starts": 7}
    arguments["hosts"]["cp1"]["stopped_pods"] = {"kube-apiserver": words}


def _with_logs_of_both(arguments: Arguments) -> None:
    _with_log(arguments)
    arguments["hosts"]["cp1"]["stopped_pods"]["etcd"] = {
        "time": "x",
        "text": "mvcc: database space exceeded",
        "starts": 1,
    }


def _kubelet_down(arguments: Arguments) -> None:
    arguments["hosts"]["cp1"]["services"]["kubelet"] = STOPPED


def _runtime_down(arguments: Arguments) -> None:
    arguments["hosts"]["cp1"]["services"].update(containerd=STOPPED, kubelet=STOPPED)


def _no_admin_conf(arguments: Arguments) -> None:
    arguments["hosts"]["cp1"] = before()["hosts"]["cp1"]
    arguments["hosts"]["cp1"]["kubeconfigs"] = [
        item for item in arguments["hosts"]["cp1"]["kubeconfigs"] if "/admin.conf" not in item["path"]
    ]


def _no_manifest(arguments: Arguments) -> None:
    arguments["hosts"]["cp1"]["manifests"] = {}


def _wrong_group(arguments: Arguments) -> None:
    arguments["control_planes"] = ["cp2", "cp3"]
    arguments["allow_two_control_planes"] = True
    del arguments["hosts"]["cp1"]


def _not_root(arguments: Arguments) -> None:
    for report in arguments["hosts"].values():
        report.update(user_id=1000, manifests={}, kubeconfigs=[], certificates=[], kubernetes_files=[])


UNSERVED: dict[str, tuple[Change, str]] = {
    "stopped, no log": (
        _nothing,
        "Nobody serves the Kubernetes API: the API server of cp1 does not run, although its kubelet does: it has no log in",
    ),
    "stopped, with a log": (
        _with_log,
        'its start number 7 wrote last, at 2026-11-28T05:00:00Z: run.go:72] "command failed" err="no such file" (/var/log',
    ),
    "etcd stopped, too": (
        _with_logs_of_both,
        "Its etcd does not run either, and wrote last: mvcc: database space exceeded",
    ),
    "kubelet down": (
        _kubelet_down,
        "the API server of cp1 does not run, because its kubelet is inactive; start it (systemctl start kubelet)",
    ),
    "runtime down": (
        _runtime_down,
        "because its container runtime containerd is inactive; start it (systemctl start containerd)",
    ),
    "admin.conf moved": (
        _no_admin_conf,
        "cp1 serves the Kubernetes API, /etc/kubernetes/super-admin.conf is there, but has no /etc/kubernetes/admin.conf",
    ),
    "manifest moved": (
        _no_manifest,
        "cp1 has certificates of a control plane, but no /etc/kubernetes/manifests/kube-apiserver.yaml",
    ),
    "wrong host in the group": (
        _wrong_group,
        (
            "No host of the control plane group serves the Kubernetes API: cp2, cp3 have no "
            "/etc/kubernetes/manifests/kube-apiserver.yaml. Put the control plane that runs into the group; a new cluster is created "
            "only where no host has anything of one, and w1 has /etc/kubernetes/kubelet.conf"
        ),
    ),
    "not root": (
        _not_root,
        "lb1 could only be inspected without root's rights, so that most of it could not be seen: take ansible_become: false",
    ),
}


@pytest.mark.parametrize("name", UNSERVED)
def test_why_nobody_serves_is_reported_as_found(name: str) -> None:
    change, expected = UNSERVED[name]
    found = messages(unserved(change))
    assert [expected in message for message in found].count(True) == 1, found
    assert not any("reset" in message for message in found)


def test_a_new_admin_conf_is_made_by_a_whole_command() -> None:
    (message,) = messages(unserved(_no_admin_conf))
    assert message.endswith(
        "make a new one on cp1 with: kubeadm init phase kubeconfig admin --apiserver-advertise-address=192.0.2.11 "
        "--apiserver-bind-port=6443"
    )


def test_the_other_reasons_stand_beside_that_of_a_missing_api_server() -> None:
    arguments = unserved(_kubelet_down)
    arguments["hosts"]["w1"]["kubeadm_processes"] = [77]
    arguments["hosts"]["w2"]["clock"] += 300
    arguments["admin_users"] = ["root", "nobody-has-this"]
    found = " ".join(messages(arguments))
    for expected in ("its kubelet is inactive", "kubeadm is running on w1", "The clock of w2", "nobody-has-this"):
        assert expected in found


def test_without_a_plan_nothing_is_said_to_be_as_wanted() -> None:
    assert plan_report.table(plan_of(unserved(_kubelet_down)))[0] == "Plan: none could be built."


@pytest.mark.parametrize("present", [["cp1"], ["cp1", "cp2"], ["cp2", "w1"], ["cp1", "w1", "lb1"]])
def test_hosts_that_were_not_inspected_are_reported_and_break_nothing(present: list[str]) -> None:
    arguments = before()
    arguments["hosts"] = {name: report for name, report in arguments["hosts"].items() if name in present}
    arguments["balancers"] = {name: seen for name, seen in arguments["balancers"].items() if name in present}
    found = messages(arguments)
    missing = {"lb1", "cp1", "cp2", "cp3", "w1", "w2"} - set(present)
    expected = {name for name in missing if any(text.startswith(f"{name} could not be inspected") for text in found)}
    assert expected == missing
    assert facts_of(arguments)["serving"] == ("cp1" if "cp1" in present else None)


# --- inspections that fail -------------------------------------------------------------------------------------------


def test_an_inspection_that_fails_is_one_reason_of_several() -> None:
    arguments = before()
    arguments["cluster"] = arguments["etcd"] = None
    del arguments["hosts"]["w2"]
    arguments["failures"] = {
        "cluster": "kubectl could not list node: dial tcp: i/o timeout (is the API server up?)",
        "etcd": "",
        "hosts": {"w2": "MODULE FAILURE\nSee stdout/stderr for the exact error"},
        "balancers": {"lb1": "haproxy's socket does not answer"},
    }
    assert messages(arguments) == [
        "The cluster could not be inspected on cp1: kubectl could not list node: dial tcp: i/o timeout (is the API server up?)",
        "w2 could not be inspected: MODULE FAILURE See stdout/stderr for the exact error.",
        "The load balancer on lb1 could not be inspected: haproxy's socket does not answer.",
    ]


def test_hosts_that_nobody_reached_are_the_only_reasons() -> None:
    arguments = before()
    arguments["failures"] = {
        "hosts": dict.fromkeys(arguments["hosts"], "Failed to connect to the host via ssh: timed out")
    }
    arguments["hosts"] = {}
    arguments["cluster"] = arguments["etcd"] = None
    arguments["balancers"] = {}
    assert sorted(messages(arguments)) == [
        f"{name} could not be inspected: Failed to connect to the host via ssh: timed out."
        for name in ("cp1", "cp2", "cp3", "lb1", "w1", "w2")
    ]


# --- the life of certificates ----------------------------------------------------------------------------------------


def dated(arguments: Arguments, host: str, path: str, end: str) -> None:
    """Give the certificate at a path, or the client certificate in a kubeconfig, an end; hosts' clocks stand at NOW."""
    for report in arguments["hosts"].values():
        report.update(clock=NOW, looked_at=NOW)
    report = arguments["hosts"][host]
    if path.endswith((".conf", "/config")):
        entry = next((item for item in report["kubeconfigs"] if item["path"] == path), None)
        if entry is None:
            entry = {"path": path, "text": kubeconfig("https://192.0.2.11:6443"), "mode": "0600"}
            report["kubeconfigs"].append(entry)
        data = base64.b64encode(f"CN=x|k||{end}".encode()).decode()
        entry["text"] += f"users:\n- name: u\n  user:\n    client-certificate-data: {data}\n"
        return
    report["certificates"] = [item for item in report["certificates"] if item["path"] != path]
    subject = f"CN=system:node:{host},O=x" if "kubelet" in path and "client-current" in path else "CN=x"
    key = "sha256:ca" if path.endswith("pki/ca.crt") else "k"
    sans = "kubernetes cp1 192.0.2.11 10.96.0.1" if path.endswith("/apiserver.crt") else ""
    pem = f"{subject}|{key}|{sans}|{end}"
    report["certificates"].append({"path": path, "pem": pem})
    if path.endswith("pki/ca.crt") and not path.endswith("etcd/ca.crt"):
        # The cluster names the CA that its control planes have.
        data = arguments["cluster"]["configmaps"]["kube-public/cluster-info"]["data"]
        found = re.search(r"certificate-authority-data: (\S+)", data["kubeconfig"])
        assert found
        data["kubeconfig"] = data["kubeconfig"].replace(found[1], base64.b64encode(pem.encode()).decode())


PKI = "/etc/kubernetes/pki"
PAST, SOON, LATER = "2026-05-31T00:00:00+00:00", "2026-06-03T00:00:00+00:00", "2026-07-15T00:00:00+00:00"
EXPIRED: dict[str, tuple[str, str, str]] = {
    "admin.conf": (
        "cp1",
        "/etc/kubernetes/admin.conf",
        (
            "The client certificate in /etc/kubernetes/admin.conf on cp1 expired on 2026-05-31T00:00:00Z: run kubeadm certs renew "
            "admin.conf on cp1."
        ),
    ),
    "controller-manager.conf": (
        "cp1",
        "/etc/kubernetes/controller-manager.conf",
        "run kubeadm certs renew controller-manager.conf on cp1; then restart the pod that uses it",
    ),
    "apiserver": ("cp1", f"{PKI}/apiserver.crt", "run kubeadm certs renew apiserver on cp1;"),
    "kubelet client of the API server": (
        "cp1",
        f"{PKI}/apiserver-kubelet-client.crt",
        "kubeadm certs renew apiserver-kubelet-client on cp1;",
    ),
    "front proxy": ("cp1", f"{PKI}/front-proxy-client.crt", "run kubeadm certs renew front-proxy-client on cp1;"),
    "etcd": ("cp1", f"{PKI}/etcd/healthcheck-client.crt", "run kubeadm certs renew etcd-healthcheck-client on cp1;"),
    "kubelet": (
        "w1",
        "/var/lib/kubelet/pki/kubelet-client-current.pem",
        "kubeadm kubeconfig user --org system:nodes --client-name system:node:w1), put it in the place of",
    ),
    "CA": ("cp1", f"{PKI}/ca.crt", "nothing that it signed is valid any longer"),
}


@pytest.mark.parametrize("name", EXPIRED)
def test_an_expired_certificate_stops_with_the_command_that_renews_it(name: str) -> None:
    host, path, expected = EXPIRED[name]
    arguments = before()
    dated(arguments, host, path, PAST)
    found = messages(arguments)
    assert [expected in message for message in found].count(True) == 1, found
    assert all("expired on 2026-05-31T00:00:00Z" in message for message in found if path in message)


@pytest.mark.parametrize("name", EXPIRED)
def test_one_that_expires_within_days_is_noted_and_a_later_one_is_not(name: str) -> None:
    host, path, _expected = EXPIRED[name]
    for end, count in ((SOON, 1), (LATER, 0)):
        arguments = before()
        dated(arguments, host, path, end)
        plan = plan_of(arguments)
        assert plan.problems == ()
        assert [note.subject for note in plan.notes] == [host] * count
        assert all(f"{path} on {host} expires on 2026-06-03T00:00:00Z" in note.message for note in plan.notes)


def test_an_expired_admin_conf_explains_why_the_cluster_could_not_be_inspected() -> None:
    arguments = before()
    dated(arguments, "cp1", "/etc/kubernetes/admin.conf", PAST)
    arguments["cluster"] = None
    arguments["failures"] = {
        "cluster": "kubectl could not list secret: You must be logged in to the server (Unauthorized)"
    }
    (message,) = messages(arguments)
    assert message.endswith("expired on 2026-05-31T00:00:00Z: run kubeadm certs renew admin.conf on cp1.")


@pytest.mark.parametrize("path", ["/etc/kubernetes/super-admin.conf", "/root/.kube/config"])
def test_what_the_run_does_not_need_is_noted_when_it_has_expired(path: str) -> None:
    arguments = after()
    dated(arguments, "cp2", path, PAST)
    plan = plan_of(arguments)
    assert plan.problems == ()
    assert [f"The client certificate in {path} on cp2 expired on" in note.message for note in plan.notes] == [True]


def test_what_only_another_ca_can_renew_is_not_to_be_renewed_by_kubeadm() -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["has_ca_key"] = False
    dated(arguments, "cp1", "/etc/kubernetes/admin.conf", PAST)
    assert any("have the external CA issue it anew, and put it there on cp1" in text for text in messages(arguments))


# --- documents that somebody edited ----------------------------------------------------------------------------------

CONFIG = "kube-system/kubeadm-config"
MALFORMED: dict[str, tuple[str, str, str, str]] = {
    "a list": (CONFIG, "ClusterConfiguration", "- a\n- b\n", "its ClusterConfiguration is a list, not a map of keys"),
    "a text": (CONFIG, "ClusterConfiguration", "hello", "its ClusterConfiguration is a text, not a map of keys"),
    "nothing": (
        CONFIG,
        "ClusterConfiguration",
        "# all gone\n",
        "its ClusterConfiguration is nothing, not a map of keys",
    ),
    "etcd as a list": (CONFIG, "ClusterConfiguration", "etcd: []\n", "has a list at etcd, where a map of keys must be"),
    "certSANs as a text": (
        CONFIG,
        "ClusterConfiguration",
        "apiServer: {certSANs: k8s.example.org}\n",
        "has a text at apiServer.certSANs, where a list must be",
    ),
    "extraArgs as a text": (
        CONFIG,
        "ClusterConfiguration",
        "scheduler: {extraArgs: v=2}\n",
        "has a text at scheduler.extraArgs, where a map or a list of name and value must be",
    ),
    "a tab": (CONFIG, "ClusterConfiguration", "a:\n\tb: c\n", "holds no YAML under the key ClusterConfiguration"),
    "cluster-info": ("kube-public/cluster-info", "kubeconfig", "clusters: x\n", "has a text at clusters"),
    "kube-proxy": ("kube-system/kube-proxy", "kubeconfig.conf", "contexts: [null]\n", "has nothing at contexts[0]"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_config_map_is_reported_with_its_key_beside_the_other_reasons(name: str) -> None:
    config_map, key, text, expected = MALFORMED[name]
    arguments = before()
    arguments["cluster"]["configmaps"][config_map]["data"][key] = text
    arguments["hosts"]["cp2"]["swap"] = True
    found = messages(arguments)
    namespace, _slash, short = config_map.partition("/")
    assert [expected in message for message in found].count(True) == 1, found
    (message,) = (text for text in found if expected in text)
    assert message.startswith(f"The ConfigMap {config_map} ")
    assert message.endswith(f"repair it (kubectl --namespace {namespace} edit configmap {short}).")
    assert any("wap is on" in text and "cp2" in text for text in found)
    assert not any("has no ConfigMap" in text for text in found)
    assert targets_of(arguments)


KUBECONFIGS: dict[str, tuple[str | None, str]] = {
    "clusters as a text": ("clusters: x\n", "it has a text at clusters, where a list must be"),
    "an empty context": ("contexts: [null]\n", "it has nothing at contexts[0], where a map of keys must be"),
    "a list": ("- a\n", "it is a list, not a map of keys"),
    "no YAML": ("a:\n\tb\n", "it is no YAML document"),
    "nothing that was sent": (None, "it is no YAML that can be read"),
}


@pytest.mark.parametrize("name", KUBECONFIGS)
def test_a_malformed_kubeconfig_is_reported_with_host_file_and_key(name: str) -> None:
    text, expected = KUBECONFIGS[name]
    for path in ("/etc/kubernetes/kubelet.conf", "/root/.kube/config"):
        arguments = before()
        entries = [item for item in arguments["hosts"]["w1"]["kubeconfigs"] if item["path"] != path]
        arguments["hosts"]["w1"]["kubeconfigs"] = [*entries, {"path": path, "text": text, "mode": "0600"}]
        found = [message for message in messages(arguments) if path in message]
        is_ours = path.startswith("/etc/")
        assert found == (
            [f"{path} on w1 cannot be used as a kubeconfig: {expected}; repair it or restore it."] if is_ours else []
        )


MANIFESTS: dict[str, tuple[Change, str]] = {
    "a port that is none": (
        lambda arguments: arguments["hosts"]["cp1"]["manifests"]["kube-apiserver"]["flags"].append(
            ["secure-port", "abc"]
        ),
        "--secure-port=abc in kube-apiserver.yaml on cp1 is no port: correct it in /etc/kubernetes/manifests.",
    ),
    "one that cannot be read": (
        lambda arguments: arguments["hosts"]["cp2"]["manifests"].update(etcd={"flags": [], "unreadable": "It is odd."}),
        "/etc/kubernetes/manifests/etcd.yaml on cp2 cannot be used. It is odd. Write it as kubeadm does.",
    ),
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_malformed_manifest_is_reported_and_breaks_nothing(name: str) -> None:
    change, expected = MANIFESTS[name]
    arguments = after()
    change(arguments)
    assert expected in messages(arguments)


def test_a_manifest_without_address_on_a_host_without_default_route_breaks_nothing() -> None:
    arguments = before()
    cp1 = arguments["hosts"]["cp1"]
    cp1["manifests"]["kube-apiserver"]["flags"] = []
    cp1.update(default_address="", addresses=[])
    messages(arguments)
    assert facts_of(arguments)["serving"] == "cp1"


# --- the screen ------------------------------------------------------------------------------------------------------


def test_cells_are_wrapped_and_never_cut() -> None:
    arguments = before()
    arguments["extra_sans"] = [f"name-{number}.of.a.cluster.example.org" for number in range(9)]
    plan = plan_of(arguments)
    lines = plan_report.table(plan)
    assert not any("..." in line for line in lines)
    shown = "".join("".join(lines).split())
    for number in range(9):
        assert f"name-{number}.of.a.cluster.example.org" in shown
    assert all(len(line) < 160 for line in lines if not line.startswith(("Note", "Problem")))


def test_reasons_can_be_left_to_the_failed_task() -> None:
    plan = plan_of(unserved(_kubelet_down))
    assert any(line.startswith("Problem: ") for line in plan_report.table(plan))
    assert not any(line.startswith("Problem: ") for line in plan_report.table(plan, with_problems=False))
