# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a host is read once, by one file, and what is malformed in it is reported in one sentence."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
import json
import re
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import Attempt, View
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.file_fact import FileFact
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.proxy_source import ProxySource
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.static_pod import Mount
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host import report as reports
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.carried_files import FilesReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.desired_host import DesiredHost
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.host_audit import (
    HostAudit,
    KeptBackup,
    ProcessConnection,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.inspected_host import InspectedHost
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_patches import Patches
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, before, plan_of
from tests.unit.plugins.reports import host_report

PLUGINS = ROOT / "plugins"


def full() -> InspectedHost:
    """A report in which nothing is empty."""
    endpoint = Endpoint("192.0.2.10", 6443)
    attempts = (
        Attempt("192.0.2.10", "answered", status=200, identity="kept"),
        Attempt("2001:db8::1", "silent", "timeout"),
    )
    return host_report(
        "cp1",
        "192.0.2.11",
        kubelet_flags={"node-ip": "192.0.2.11"},
        machine=reports.Machine("boot", "net:[1]", ("key",)),
        networks=(reports.Network("192.0.2.0/24", "192.0.2.11"),),
        directory_links={"/etc/kubernetes/pki": "/srv/pki"},
        certificates=(reports.CertificateFile("/etc/kubernetes/pki/ca.crt", "CN=kubernetes|sha256:ca|"),),
        interrupted_certificates=("apiserver",),
        kubeconfigs=(reports.KubeconfigFile("/etc/kubernetes/admin.conf", None, "0600", plain=True),),
        references=(
            reports.Reference("/etc/cni/net.d/x", None, ("192.0.2.11:6443",)),
            reports.Reference("/home/ann/.kube/config", "ann", ("192.0.2.11:6443",)),
        ),
        manifests={
            "kube-apiserver": reports.Manifest(
                "/m/kube-apiserver.yaml", "registry/kube-apiserver:v1.34.4", (("a", "b"),)
            ),
            "etcd": reports.Manifest("/m/etcd.yaml", unreadable="It is no YAML."),
        },
        static_pods={
            "kube-apiserver": reports.ComponentPod(
                (("a", "b"), ("a", "c")), (Mount("v", "/h", "/m", "Directory", True),)
            ),
            "etcd": None,
        },
        control_plane_files=FilesReport((FileFact("/etc/x", "file", sha256="0"),), ("a refusal",), ("/etc/y",)),
        kubeadm_patches={"etcd": Patches(frozenset({("b", "1"), ("a", "2")}), frozenset({"/srv"}), True)},
        kubelet_arguments={"node-ip": "192.0.2.11"},
        given_kubelet_flags={"v": "2"},
        other_static_pods=(reports.OtherStaticPod("/m/kube-vip.yaml", ("192.0.2.10",)),),
        pod_environment={"etcd": ("NO_PROXY",)},
        kubernetes_files=("/etc/kubernetes/admin.conf",),
        has_etcd_data=True,
        cni_configurations=("/etc/cni/net.d/10-flannel.conflist",),
        creation="complete",
        listening=(reports.Listener("0.0.0.0", 6443, "kube-apiserver"), reports.Listener("::", 22, "")),
        api_clients=(reports.ApiClient("kubelet", "192.0.2.11:6443"),),
        kubelet_server=reports.KubeletServer("https://192.0.2.10:6443", endpoint, ("192.0.2.10",), "", attempts),
        kubeadm_processes=(77,),
        stopped_pods={
            "kube-apiserver": reports.LastWords("2026-01-01T00:00:00Z", "killed", 3),
            "etcd": reports.LastWords(),
        },
        backup_target=reports.BackupTarget("/srv/b", "/srv", True, True, False, 5),
        proxies=(ProxySource("unit", "kubelet", "/etc/x.conf", "http://proxy:3128"),),
        endpoint_view=View(endpoint, ("192.0.2.10", "2001:db8::1"), "", attempts),
        load_balancer={"configuration": {"path": "/etc/haproxy/haproxy.cfg"}},
        audit=HostAudit(
            backups=(KeptBackup("20261130T080000Z", 1.5, is_complete=True, has_snapshot=True),),
            connections=(ProcessConnection("agent", "agent.service", "192.0.2.11:6443"),),
            time_services=("chronyd",),
            etcd_mount="/var/lib/etcd",
            public_keys={"/etc/kubernetes/pki/sa.pub": "5eed"},
            unreadable=("/etc/kubernetes/admin.conf",),
        ),
        wanted=DesiredHost("node", 8443, "192.0.2.12", "unix:///x", {"v": 4}, {"zone": "a"}, ({"key": "k"},)),
    )


def documents() -> list[dict[str, t.Any]]:
    """Reports as the module makes them."""
    reports_of_plans = [report for arguments in (before(), after()) for report in arguments["hosts"].values()]
    return [full().as_dict(), *(InspectedHost.from_dict("x", report).as_dict() for report in reports_of_plans)]


def test_a_report_survives_json() -> None:
    for document in documents():
        assert InspectedHost.from_dict("x", json.loads(json.dumps(document))).as_dict() == document
    assert InspectedHost.from_dict("x", full().as_dict()) == full()


def test_hosts_only_write() -> None:
    """Python 3.8 cannot evaluate the annotations by which a report is read."""
    reads = re.compile(
        r"(?:Report|Decision)\.(?:from_dict|if_reported)|Cluster\.from_report|report_fields import .*\bread\b|report_fields\.read\("
    )
    paths = [path for folder in ("modules", "module_utils/_adapters") for path in (PLUGINS / folder).rglob("*.py")]
    assert len(paths) > 50
    assert [path.name for path in paths if reads.search(path.read_text("utf-8"))] == []


def test_nothing_of_the_full_report_is_empty() -> None:
    empty = {field.name for field in dataclasses.fields(InspectedHost) if getattr(full(), field.name) in ((), {}, None)}
    assert empty == {"read_only"}


def test_what_the_host_could_not_determine_has_no_key() -> None:
    document = host_report(
        "x",
        "192.0.2.1",
        backup_target=reports.BackupTarget("/srv/b", "/srv", is_directory=False),
        manifests={"etcd": reports.Manifest("/m", "i", ())},
        stopped_pods={"etcd": reports.LastWords()},
        wanted=None,
        looked_at=None,
    ).as_dict()
    assert document["backup_target"] == {"path": "/srv/b", "existing": "/srv", "is_directory": False}
    assert document["manifests"]["etcd"] == {"path": "/m", "image": "i", "flags": []}
    assert document["stopped_pods"] == {"etcd": {}}
    assert not {"wanted", "looked_at"} & set(document)


MALFORMED: dict[str, tuple[t.Callable[[t.Any], None], str]] = {
    "a port": (lambda d: d["listening"][1].update(port="x"), "listening[1].port is a text and not a whole number"),
    "no port": (lambda d: d["listening"][1].pop("port"), "listening[1].port is missing"),
    "a process": (
        lambda d: d["kubeadm_processes"].append(None),
        "kubeadm_processes[1] is empty and not a whole number",
    ),
    "no clock": (lambda d: d.pop("clock"), "clock is missing"),
    "services": (lambda d: d.update(services=[]), "services is a list and not a mapping"),
    "a service": (
        lambda d: d["services"].update(kubelet="active"),
        "services['kubelet'] is a text and not a mapping",
    ),
    "a flag": (
        lambda d: d["manifests"]["kube-apiserver"]["flags"].append(["a"]),
        "manifests['kube-apiserver'].flags[1] is a list and not a list of 2 items",
    ),
    "what the kubelet connects to": (
        lambda d: d["kubelet_server"].update(endpoint="x y"),
        "kubelet_server.endpoint is a text and not the text of a value Endpoint",
    ),
    "a status": (
        lambda d: d["endpoint_view"]["attempts"][0].update(status="200"),
        "endpoint_view.attempts[0].status is a text and not a whole number",
    ),
    "a taint": (lambda d: d["wanted"].update(node_taints={}), "wanted.node_taints is a mapping and not a list"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_malformed_is_reported_in_one_sentence(name: str) -> None:
    change, expected = MALFORMED[name]
    document = full().as_dict()
    change(document)
    with pytest.raises(MalformedReport) as caught:
        InspectedHost.from_dict("cp1", document)
    assert caught.value.message == (
        f"The report of cp1 cannot be understood, because {expected}: run again with one version of kubeadm.ha "
        "everywhere, and please report it if that does not help."
    )


def test_a_plan_of_a_malformed_report_names_its_host() -> None:
    arguments = before()
    arguments["hosts"]["w2"]["swap"] = "no"
    with pytest.raises(
        MalformedReport, match="^The report of w2 cannot be understood, because swap is a text and not true or false: "
    ):
        plan_of(arguments)


def places(document: t.Any) -> list[tuple[str | int, ...]]:
    """The path of everything inside of a document."""
    items = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    return [path for key, item in items for path in [(key,), *((key, *rest) for rest in places(item))]]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(place=st.sampled_from(places(full().as_dict())), value=JSON)
def test_whatever_stands_anywhere_is_read_or_reported(place: tuple[str | int, ...], value: t.Any) -> None:
    document = copy.deepcopy(full().as_dict())
    target: t.Any = document
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    with contextlib.suppress(MalformedReport):
        read = InspectedHost.from_dict("cp1", document).as_dict()
        assert InspectedHost.from_dict("cp1", read).as_dict() == read


def test_no_key_of_a_report_is_read_elsewhere() -> None:
    """Of a mapping that is called a report, or inside of one, nothing is read by a key of ours."""
    names = "|".join(field.name for field in dataclasses.fields(InspectedHost))
    by_key = re.compile(rf"report(?:\[|\.get\()[\"'](?:{names})[\"']|\.report(?:\[|\.get\()")
    found = []
    for folder in ("module_utils/_domain", "action"):
        for path in sorted((PLUGINS / folder).rglob("*.py")):
            lines = enumerate(path.read_text("utf-8").splitlines(), 1)
            found += [f"{path.relative_to(PLUGINS)}:{number}: {line}" for number, line in lines if by_key.search(line)]
    assert found == []


def test_what_the_inventory_wants_is_read_by_its_own_file_only() -> None:
    by_key = re.compile(r"[\"']wanted[\"']")
    paths = (PLUGINS / "module_utils" / "_domain").rglob("*.py")
    assert [path for path in paths if by_key.search(path.read_text("utf-8"))] == []
