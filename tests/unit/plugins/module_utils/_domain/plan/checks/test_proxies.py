# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who would ask a proxy for the API, over tables of environments."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import proxy_source
from tests.unit.plugins.module_utils._domain.plan.test_planning import after, before, plan_of

PROXY = "http://192.0.2.250:3128"


@pytest.mark.parametrize(
    ("host", "exceptions", "expected"),
    [
        ("192.0.2.10", "", False),
        ("192.0.2.10", "localhost,192.0.2.10", True),
        ("192.0.2.10", "192.0.2.1", False),
        ("192.0.2.10", " 192.0.2.0/24 ", True),
        ("192.0.2.10", "2001:db8::/32", False),
        ("192.0.2.10", "192.0.2.10:6443", True),
        ("192.0.2.10", ".example.org", False),
        ("192.0.2.10", "*", True),
        ("2001:db8::1", "2001:DB8:0::1", True),
        ("2001:db8::1", "[2001:db8::1]:6443", True),
        ("127.0.0.1", "", True),
        ("localhost", "", True),
        ("k8s.example.org", "example.org", True),
        ("k8s.example.org", ".example.org", True),
        ("k8s.example.org", "*.example.org", True),
        ("k8s.example.org", "K8S.example.org:6443", True),
        ("example.org", ".example.org", False),
        ("k8s.example.org", "ample.org", False),
        ("k8s.example.org", "192.0.2.0/24", False),
        ("k8s.example.org", ",,", False),
    ],
)
def test_what_is_excepted(host: str, exceptions: str, *, expected: bool) -> None:
    assert proxy_source.is_excepted(host, exceptions) is expected


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, None),
        # The proxy for HTTP is not asked for https URLs.
        ({"http_proxy": PROXY, "no_proxy": "x"}, None),
        ({"HTTPS_PROXY": ""}, None),
        ({"https_proxy": PROXY}, (PROXY, "no_proxy", "")),
        ({"HTTPS_PROXY": "http://ann:secret@proxy:3128"}, ("http://***@proxy:3128", "NO_PROXY", "")),
        ({"HTTPS_PROXY": PROXY, "https_proxy": "x", "no_proxy": "a", "NO_PROXY": "b"}, (PROXY, "NO_PROXY", "b")),
    ],
)
def test_an_environment(environment: dict[str, str], expected: tuple[str, str, str] | None) -> None:
    found = proxy_source.find(proxy_source.LOGIN, "", "/etc/environment", environment)
    assert (None if found is None else (found.proxy, found.variable, found.exceptions)) == expected


def test_a_file_of_assignments() -> None:
    text = f'PATH="/bin"\nhttps_proxy={PROXY}\nexport no_proxy="localhost,a b";\n# NO_PROXY=x\nno_proxy=last\n'
    assert proxy_source.assignments(text) == {"https_proxy": PROXY, "no_proxy": "last"}


def source(kind: str, name: str = "", exceptions: str = "localhost,192.0.2.11", path: str = "") -> dict[str, t.Any]:
    """A source of a report."""
    variable = "no_proxy" if kind == proxy_source.LOGIN else "NO_PROXY"
    return {"kind": kind, "name": name, "path": path, "proxy": PROXY, "variable": variable, "exceptions": exceptions}


LOGIN = source(proxy_source.LOGIN, path="/etc/environment")
KUBELET = source(proxy_source.UNIT, "kubelet", path="/etc/systemd/system/kubelet.service.d/proxy.conf")
KUBELET_BY_FILE = source(proxy_source.UNIT, "kubelet", path="/etc/default/kubelet")


def manifest(name: str) -> dict[str, t.Any]:
    """A static pod's environment."""
    return source(proxy_source.MANIFEST, name, path=f"/etc/kubernetes/manifests/{name}.yaml")


EVERY_ADDRESS = "192.0.2.10,192.0.2.12,192.0.2.13"
BAD = {
    "sessions": (
        LOGIN,
        [
            f"Sessions with the proxy {PROXY} by /etc/environment of cp1 would ask that proxy for 192.0.2.10, which its NO_PROXY",
            f"let the line there be no_proxy=localhost,192.0.2.11,{EVERY_ADDRESS}",
        ],
    ),
    "the kubelet by a drop-in": (
        KUBELET,
        [
            f"The kubelet with the proxy {PROXY} by kubelet.service of cp1 would ask that proxy for 192.0.2.10",
            "let the line in /etc/systemd/system/kubelet.service.d/proxy.conf be",
            f'Environment="NO_PROXY=localhost,192.0.2.11,{EVERY_ADDRESS}", then run systemctl daemon-reload',
        ],
    ),
    "the kubelet by a file": (
        KUBELET_BY_FILE,
        [f"let the line in /etc/default/kubelet be NO_PROXY=localhost,192.0.2.11,{EVERY_ADDRESS}, then run"],
    ),
    "the API server, which asks kubelets": (
        manifest("kube-apiserver"),
        [
            "would ask that proxy for 192.0.2.12, 192.0.2.13",
            f"value of NO_PROXY there be localhost,192.0.2.11,{EVERY_ADDRESS}",
        ],
    ),
    "etcd, which asks its peers": (manifest("etcd"), ["would ask that proxy for 192.0.2.12, 192.0.2.13"]),
}


@pytest.mark.parametrize(("found", "texts"), BAD.values(), ids=BAD)
def test_a_client_that_would_ask_the_proxy(found: dict[str, t.Any], texts: list[str]) -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["proxies"] = [found]
    (problem,) = plan_of(arguments).problems
    assert [text for text in texts if text not in problem.message] == []


def test_hosts_with_the_same_line_are_named_together() -> None:
    arguments = before()
    for name in ("w1", "w2"):
        arguments["hosts"][name]["proxies"] = [KUBELET]
    (problem,) = plan_of(arguments).problems
    assert (
        "by kubelet.service of w1 and w2 would ask that proxy for 192.0.2.10, which their NO_PROXY" in problem.message
    )


@pytest.mark.parametrize(
    "found",
    [
        # They ask their own API server only.
        manifest("kube-controller-manager"),
        manifest("kube-scheduler"),
        source(proxy_source.LOGIN, exceptions="192.0.2.0/24"),
        source(proxy_source.UNIT, "kubelet", exceptions="192.0.2.10"),
        source(proxy_source.UNIT, "containerd", exceptions=""),
    ],
)
def test_a_client_that_would_not(found: dict[str, t.Any]) -> None:
    arguments = before()
    arguments["hosts"]["cp1"]["proxies"] = [found]
    assert plan_of(arguments).problems == ()


def test_a_run_that_changes_nothing_does_not_stop_for_sessions() -> None:
    arguments = after()
    arguments["hosts"]["cp1"]["proxies"] = [LOGIN, manifest("kube-apiserver")]
    plan = plan_of(arguments)
    assert (plan.problems, plan.entries) == ((), ())


def test_joining_control_planes_get_no_proxy_and_a_note_says_so() -> None:
    arguments = before()
    exceptions = {"exceptions": "192.0.2.0/24"}
    arguments["hosts"]["cp1"]["proxies"] = [{**manifest("kube-apiserver"), **exceptions}]
    plan = plan_of(arguments)
    assert plan.problems == ()
    (note,) = (note.message for note in plan.notes if "proxy" in note.message)
    assert note.startswith(
        f"The static pods kube-apiserver of cp1 have the proxy {PROXY} in their environment; those of cp2 and cp3"
    )
