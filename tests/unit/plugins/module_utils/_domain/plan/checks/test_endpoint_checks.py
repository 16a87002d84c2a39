# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan has against an endpoint, over tables of what the hosts of a small cluster see of it."""

from __future__ import annotations

import datetime
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import endpoint_view as seen
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_view import Attempt, View
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.planning import Plan, build_plan
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from tests.unit.plugins.module_utils._domain.plan.test_planning import (
    Arguments,
    NamedCertificates,
    NoFiles,
    after,
    before,
    kubeconfig,
)

NAME = "k8s.example.org:6443"
LB = "192.0.2.10"
CP1, CP2 = "192.0.2.11", "192.0.2.12"
NODES = ("cp1", "cp2", "cp3", "w1", "w2")
#: The certificates of these tests are good in the whole of 2026.
CLOCK = datetime.datetime(2026, 6, 1, tzinfo=datetime.UTC).timestamp()


class Certificates(NamedCertificates):
    """The cluster's CA signed those whose subject is an API server's."""

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """By the subject."""
        assert ca_pem.decode().startswith("CN=kubernetes|")
        return certificate_pem.decode().startswith("CN=kube-apiserver|")


def nobody(outcome: str, address: str = LB, error: str = "") -> Attempt:
    """Nobody was reached."""
    return Attempt(address, outcome, error)


def answer(address: str = LB, *, subject: str = "CN=kube-apiserver", status: int = 200) -> Attempt:
    """Somebody answered with this certificate."""
    return Attempt(address, seen.ANSWERED, status=status, certificate=f"{subject}|other-key|cp1")


def view(*attempts: Attempt, endpoint: str = NAME, error: str = "") -> View:
    """What a host sees."""
    return View(Endpoint.parse(endpoint), tuple(item.address for item in attempts), error, attempts)


def situation(
    views: t.Mapping[str, View],
    *,
    load_balancer: str = "haproxy",
    endpoint: str = NAME,
    arguments: Arguments | None = None,
) -> Arguments:
    """The arguments of the plan when the nodes see this, those that are not named what the key ``rest`` has."""
    arguments = arguments or before()
    arguments["endpoint"] = endpoint
    arguments["load_balancer"] = load_balancer
    if load_balancer != "haproxy":
        arguments.update(load_balancers=[], balancers={})
        arguments["hosts"].pop("lb1")
    for name, report in arguments["hosts"].items():
        report["clock"] = report["looked_at"] = CLOCK
        found = views.get(name, views.get("rest")) if name in NODES else None
        report["endpoint_view"] = found.as_dict() if found is not None else None
    return arguments


def plan_of(arguments: Arguments) -> Plan:
    """The plan."""
    return build_plan(PlanRequest.from_options(arguments), yaml=PyYaml(), x509=Certificates(), files=NoFiles())


def reported(plan: Plan) -> list[str]:
    """Messages about the endpoint."""
    return [problem.message for problem in plan.problems if problem.subject == "kubeadm_ha_endpoint"]


REFUSED = view(nobody(seen.REFUSED))

GOOD: dict[str, tuple[str, dict[str, View]]] = {
    "haproxy is not there yet": ("haproxy", {"rest": REFUSED}),
    "haproxy's host swallows packets so far": ("haproxy", {"rest": view(nobody(seen.SILENT))}),
    "haproxy leads to the API already": ("haproxy", {"rest": view(answer())}),
    "an address that is no balancer's, but the API answers there": ("haproxy", {"rest": view(answer("192.0.2.77"))}),
    "an external balancer": ("external", {"rest": view(answer())}),
    "an external balancer behind which anonymous requests are refused": (
        "external",
        {"rest": view(answer(status=401))},
    ),
    "a virtual address": ("none", {"rest": view(answer())}),
    "a name of all API servers, of which one is there": (
        "none",
        {"rest": view(answer(CP1), nobody(seen.REFUSED, CP2))},
    ),
    "a local balancer on each host": (
        "external",
        {"rest": view(answer("127.0.0.1")), "cp1": view(answer("192.0.2.10"))},
    ),
}


@pytest.mark.parametrize(("load_balancer", "views"), GOOD.values(), ids=GOOD)
def test_an_endpoint_that_may_be_used(load_balancer: str, views: dict[str, View]) -> None:
    plan = plan_of(situation(views, load_balancer=load_balancer))
    assert plan.problems == ()


VIP = "192.0.2.100"


@pytest.mark.parametrize(
    ("views", "parts"),
    [
        ({"rest": view(nobody(seen.SILENT, VIP))}, []),
        ({"rest": view(answer(VIP))}, []),
        ({"rest": view(answer(VIP, subject="CN=somebody"))}, ["leads cp1, cp2, cp3, w1 and w2 to somebody else"]),
        (
            {"rest": view(nobody(seen.SILENT, VIP)), "w2": view(nobody(seen.SILENT, "192.0.2.77"))},
            ["does not lead w2 to this cluster's API: 192.0.2.77:6443 does not answer"],
        ),
    ],
)
def test_a_virtual_ip_address_that_keepalived_is_to_hold_need_not_answer_yet(
    views: dict[str, View], parts: list[str]
) -> None:
    arguments = situation(views, load_balancer="none") | {"vip": f"{VIP}/24"}
    found = reported(plan_of(arguments))
    assert len(found) == len(parts)
    assert all(part in text for part, text in zip(parts, found, strict=True))


BAD: dict[str, tuple[str, dict[str, View], list[str]]] = {
    "a name that resolves nowhere": (
        "haproxy",
        {"rest": view(error="Name or service not known")},
        [
            "cp1, cp2, cp3, w1 and w2 cannot resolve k8s.example.org (Name or service not known)",
            "let DNS or /etc/hosts of every host answer it with the address of lb1 (192.0.2.10).",
        ],
    ),
    "a name that one host does not resolve": (
        "external",
        {"rest": view(answer()), "w2": view(error="timed out")},
        ["w2 cannot resolve k8s.example.org (timed out), and would lose the API once pointed to k8s.example.org:6443"],
    ),
    "a name that /etc/hosts leads to the first control plane": (
        "haproxy",
        {"rest": view(answer(CP1))},
        [
            "k8s.example.org leads cp1, cp2, cp3, w1 and w2 to the API server of cp1 itself (192.0.2.11:6443)",
            "let DNS or /etc/hosts of every host lead the name to lb1 (192.0.2.10).",
        ],
    ),
    "a name that leads one host to a control plane that is still to join": (
        "haproxy",
        {"rest": REFUSED, "w1": view(nobody(seen.REFUSED, CP2))},
        ["k8s.example.org leads w1 to the API server of cp2 itself (192.0.2.12:6443)"],
    ),
    "a name that leads a control plane to itself by loopback": (
        "external",
        {"rest": view(answer()), "cp1": view(answer("127.0.1.1"))},
        [
            "k8s.example.org leads cp1 to the API server of cp1 itself",
            "let the name lead to the load balancer, once that",
        ],
    ),
    "without a balancer, a name that leads to one API server": (
        "none",
        {"rest": view(answer(CP1))},
        ["leads cp1, cp2, cp3, w1 and w2 to the API server of cp1 itself (192.0.2.11:6443)"],
    ),
    "a name that leads elsewhere": (
        "haproxy",
        {"rest": REFUSED, "w2": view(nobody(seen.SILENT, "198.51.100.9"))},
        [
            "k8s.example.org leads w2 to 198.51.100.9, where no load balancer host is",
            "lead it to lb1 (192.0.2.10), or set",
        ],
    ),
    "a worker whose name leads to itself": (
        "haproxy",
        {"rest": REFUSED, "w1": view(nobody(seen.REFUSED, "127.0.0.1"))},
        ["k8s.example.org leads w1 to 127.0.0.1, where no load balancer host is"],
    ),
    "somebody else at haproxy's address": (
        "haproxy",
        {"rest": view(answer(subject="CN=somebody"))},
        [
            "leads cp1, cp2, cp3, w1 and w2 to somebody else",
            "this cluster's CA did not issue (its issuer is CN=kubernetes)",
        ],
    ),
    "an external balancer that does not listen": (
        "external",
        {"rest": REFUSED},
        [
            "kubeadm_ha_endpoint k8s.example.org:6443 does not lead cp1, cp2, cp3, w1 and w2 to this cluster's API",
            "192.0.2.10:6443 refuses the connection, so nothing listens there",
            "let it forward TCP, without ending TLS, to cp1 (192.0.2.11:6443)",
        ],
    ),
    "an address that swallows packets": (
        "none",
        {"rest": view(nobody(seen.SILENT))},
        ["192.0.2.10:6443 does not answer. With kubeadm_ha_load_balancer: none it must do so before the run"],
    ),
    "an external balancer that ends TLS": (
        "external",
        {"rest": view(answer(subject="CN=public"))},
        ["a certificate that this cluster's CA did not issue", "it ends TLS itself, or belongs to another cluster"],
    ),
    "an external balancer to API servers that are not ready": (
        "external",
        {"rest": view(answer(status=503))},
        ["the API server at 192.0.2.10:6443 is not ready (HTTP 503)"],
    ),
    "an external balancer by HTTP": (
        "external",
        {"rest": view(nobody(seen.NO_TLS, error="wrong version number"))},
        ["what listens at 192.0.2.10:6443 does not speak TLS (wrong version number)"],
    ),
    "a hairpin": (
        "external",
        {"rest": view(answer()), "cp1": view(nobody(seen.SILENT))},
        ["does not lead cp1 to this cluster's API", "cp2, cp3, w1 and w2 can use it", "(a hairpin)"],
    ),
}


@pytest.mark.parametrize(("load_balancer", "views", "texts"), BAD.values(), ids=BAD)
def test_an_endpoint_that_is_a_reason_to_stop(load_balancer: str, views: dict[str, View], texts: list[str]) -> None:
    (message,) = reported(plan_of(situation(views, load_balancer=load_balancer)))
    assert [text for text in texts if text not in message] == []


def test_an_address_is_held_against_the_api_too() -> None:
    views = {"rest": view(nobody(seen.REFUSED), endpoint=f"{LB}:6443")}
    assert reported(plan_of(situation(views, endpoint=f"{LB}:6443"))) == []
    (message,) = reported(plan_of(situation(views, endpoint=f"{LB}:6443", load_balancer="external")))
    assert "refuses the connection" in message


def test_a_certificate_that_is_not_valid_now() -> None:
    arguments = situation({"rest": view(answer())}, load_balancer="external")
    for report in arguments["hosts"].values():
        report["clock"] = report["looked_at"] = CLOCK + 400 * 86400
    (message,) = reported(plan_of(arguments))
    assert "is not valid now (valid from 2026-01-01 to 2027-01-01)" in message


def test_a_name_that_clients_use_already_is_not_to_be_moved() -> None:
    arguments = situation({"rest": view(answer(CP1))})
    for name in ("w1", "w2"):
        arguments["hosts"][name]["kubeconfigs"][0]["text"] = kubeconfig(f"https://{NAME}")
    (message,) = reported(plan_of(arguments))
    assert "clients use that name already, so do not move it now" in message
    assert "give kubeadm_ha_endpoint an address of lb1 (192.0.2.10) or another name that leads there" in message


def test_a_leaf_behind_an_intermediate_is_known_by_itself() -> None:
    arguments = situation(
        {"rest": view(Attempt(LB, seen.ANSWERED, status=200, certificate="CN=x|k|cp1"))}, load_balancer="none"
    )
    assert reported(plan_of(arguments)) == []


def test_notes_on_answers_that_differ_and_addresses_without_anybody() -> None:
    views = {"rest": view(answer()), "w2": view(answer("192.0.2.20"), nobody(seen.REFUSED, "192.0.2.21"))}
    plan = plan_of(situation(views, load_balancer="external"))
    assert plan.problems == ()
    first, second = (note.message for note in plan.notes if note.subject == "kubeadm_ha_endpoint")
    assert "(cp1, cp2, cp3 and w1 to 192.0.2.10; w2 to 192.0.2.20, 192.0.2.21)" in first
    assert second == (
        "k8s.example.org:6443 works from w2, but 192.0.2.21:6443 refuses the connection, so nothing listens there."
    )


def test_a_converted_cluster_has_nothing_against_it() -> None:
    views = {"rest": view(answer(), endpoint=f"{LB}:6443")}
    plan = plan_of(situation(views, endpoint=f"{LB}:6443", arguments=after()))
    assert (plan.problems, plan.entries) == ((), ())


def test_what_was_inspected_for_another_endpoint_is_not_judged() -> None:
    views = {"rest": view(nobody(seen.REFUSED), endpoint="192.0.2.77:6443")}
    assert reported(plan_of(situation(views, load_balancer="external"))) == []
