# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Page, JUnit, SARIF, JSON and table of audits, also of clusters whose names try to be markup."""

from __future__ import annotations

import collections
import html.parser
import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import (
    kinds,
    markup,
    render_html,
    render_json,
    render_junit,
    render_sarif,
    render_text,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import Audit, audit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.shown_plan import ShownPlan
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.finding import Severity
from tests.unit.plugins.module_utils._domain.audit.faults import FAULTS
from tests.unit.plugins.module_utils._domain.audit.values import audit_of, collected, healthy

CREATED = "2026-03-01T00:00:00Z"
ATTACKS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title></style><iframe src=https://203.0.113.1>",
    "--><!DOCTYPE html><base href=//203.0.113.1/>",
    "]]><x/>&lt;&#60;&",
    "\x00\x1b[31m\x07\u202egnp.exe\u2066\ud800",
    "{{ lookup('pipe', 'id') }}",
)
#: What the page consists of. A script, an image or anything else that loads is not among it.
ELEMENTS = frozenset({
    "a", "b", "body", "circle", "code", "caption", "defs", "desc", "details", "div", "footer", "g", "h1", "h2", "h3", "head", "header",
    "html", "li", "main", "marker", "meta", "nav", "ol", "p", "path", "rect", "section", "small", "span", "strong", "style", "summary",
    "svg", "table", "tbody", "td", "text", "th", "thead", "title", "tr", "ul",
})  # fmt: skip
VOID = frozenset({"meta"})


class Page(html.parser.HTMLParser):
    """A page taken apart as a browser would do it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: collections.Counter[str] = collections.Counter()
        self.attributes: list[tuple[str, str, str]] = []
        self.texts: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements[tag] += 1
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Elements end in their order."""
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        """Note a text."""
        if self.open and self.open[-1] != "style":
            self.texts.append(data)

    def handle_comment(self, data: str) -> None:
        """There is none."""
        raise AssertionError(data)


def page_of(found: Audit, plan: ShownPlan | None = None) -> Page:
    """The page of an audit."""
    return Page(render_html.page(found, created=CREATED, plan=plan))


def many() -> Audit:
    """The audit of a cluster with many faults."""
    arguments = healthy()
    for name in (
        "one load balancer",
        "two members",
        "a kubelet of a worker",
        "a DaemonSet",
        "no backup",
        "a controller",
    ):
        FAULTS[name][0](arguments)
    return audit_of(arguments)


def hostile(attack: str) -> tuple[Audit, ShownPlan]:
    """A cluster whose every text that an outsider may choose is an attack, and its plan."""
    arguments = healthy()
    for name in (
        "a DaemonSet",
        "a CNI plugin",
        "a member lost",
        "anonymous administrators",
        "a live socket",
        "nobody leads",
    ):
        FAULTS[name][0](arguments)
    consumer = arguments["cluster"]["consumers"]["found"][0]
    consumer.update(kind=attack, namespace=attack, name=attack, where=[attack])
    arguments["etcd"]["members"][2].update(name=attack, problem=attack, version=attack)
    arguments["etcd"]["alarms"] = [f"alarm {attack}"]
    arguments["cluster"]["nodes"].append(
        {
            **arguments["cluster"]["nodes"][-1],
            "name": attack,
            "ready": False,
            "ready_reason": attack,
            "addresses": [attack],
        }
    )
    arguments["cluster"]["bootstrap_tokens"] = [{"name": attack, "description": attack, "expiration": ""}]
    arguments["cluster"]["audit"]["anonymous"] = [f"ClusterRoleBinding {attack}: {attack}"]
    arguments["cluster"]["version"] = "v1.34.4"
    arguments["hosts"]["w1"]["references"][0].update(path=attack, user=attack)
    arguments["hosts"]["w1"]["audit"]["connections"][0].update(process=attack, unit=attack)
    arguments["hosts"]["w2"]["audit"]["time_services"] = []
    arguments["hosts"][attack] = arguments["hosts"].pop("w2")
    arguments["workers"] = ["w1", attack]
    arguments["failures"] = {"hosts": {f"gone {attack}": attack}, "cluster": "", "etcd": ""}
    entry = {
        "host": attack,
        "step": attack,
        "object": attack,
        "before": {attack: [attack]},
        "after": attack,
        "reason": attack,
    }
    plan = ShownPlan.if_made({"entries": [entry], "problems": [{"subject": attack, "message": attack}]})
    assert plan is not None
    return audit_of(arguments), plan


def assert_harmless(page: Page) -> None:
    """Nothing but the page's own elements, and no attribute that loads or runs something."""
    assert set(page.elements) <= ELEMENTS, set(page.elements) - ELEMENTS
    assert page.open == []
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        assert name not in ("src", "srcset", "data", "action", "xlink:href", "background"), (tag, name)
        if name == "href":
            assert tag == "a", tag
            assert value.startswith((kinds.GUIDE, "#")), value
        if name == "style":
            assert (tag, "url(" in value) == ("svg", False)


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_a_cluster_becomes_markup(attack: str) -> None:
    found, plan = hostile(attack)
    page = page_of(found, plan)
    assert_harmless(page)
    calm, calm_plan = hostile("harmless")
    assert page.elements == page_of(calm, calm_plan).elements
    for forbidden in ("\x00", "\x1b", "\u202e", "\u2066"):
        assert not any(forbidden in text for text in page.texts)


@pytest.mark.parametrize("attack", ATTACKS)
def test_junit_stays_well_formed_and_has_every_kind(attack: str) -> None:
    found, _plan = hostile(attack)
    root = ET.fromstring(render_junit.junit(found, created=CREATED))
    assert {case.get("name", "").partition(":")[0] for case in root} == set(kinds.KINDS)
    assert {child.tag for case in root for child in case} <= {"failure", "system-out"}
    failures = {case.get("name", "").partition(":")[0] for case in root if case.find("failure") is not None}
    expected = {item.kind.id for item in found.findings if item.kind.severity is not Severity.INFO}
    assert failures == expected
    assert root.get("failures") == str(len(expected))


@pytest.mark.parametrize("attack", ATTACKS)
def test_lines_of_the_screen_hold_no_control_characters(attack: str) -> None:
    found, _plan = hostile(attack)
    assert all(line.isprintable() for line in render_text.lines(found))


@given(st.text(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_as_text_or_is_replaced(text: str) -> None:
    made = markup.html(markup.element("p", text, title=text))
    page = Page(made)
    assert page.elements == {"p": 1}
    shown = "".join(page.texts)
    assert len(shown) == len(text)
    assert all(there in (wanted, "\ufffd") for wanted, there in zip(text, shown, strict=True))
    assert ET.fromstring(markup.xml(markup.element("p", text, title=text)).partition("\n")[2]).tag == "p"


def test_names_of_elements_come_from_the_code() -> None:
    with pytest.raises(ValueError, match="no name"):
        markup.element("p onload=x")
    with pytest.raises(ValueError, match="no name"):
        markup.element("p", attributes={"x y": "1"})


def test_the_page_has_one_heading_and_every_link_within_it_leads_somewhere() -> None:
    page = page_of(many())
    assert page.elements["h1"] == 1
    assert len(page.ids) == len(set(page.ids))
    within = {value[1:] for _tag, name, value in page.attributes if name == "href" and value.startswith("#")}
    assert within <= set(page.ids)


def test_the_page_says_what_the_audit_says() -> None:
    found = many()
    plan = ShownPlan.if_made({"entries": [], "problems": [{"message": "lb1 has no haproxy."}]})
    text = " ".join(page_of(found, plan).texts)
    for item in found.findings:
        assert item.summary in text
        assert item.remedy in text
        assert all(line in text for line in item.evidence)
        assert item.kind.why in text
    for part in found.parts:
        assert part.name in text
        assert all(reason in text for reason in part.reasons)
    assert found.sentence in text
    assert "lb1 has no haproxy." in text


def test_the_policy_forbids_everything_but_the_style() -> None:
    text = render_html.page(many(), created=CREATED)
    policy = "default-src &#39;none&#39;; style-src &#39;unsafe-inline&#39;; base-uri &#39;none&#39;; form-action &#39;none&#39;"
    assert f'<meta http-equiv="Content-Security-Policy" content="{policy}">' in text
    assert "@import" not in text
    assert "url(#arrow" in text
    assert text.count("url(") == text.count("url(#arrow")


def test_the_document_is_json_and_names_its_parts() -> None:
    found = many()
    document = json.loads(json.dumps(render_json.document(found, created=1772323200.0)))
    assert (document["schema"], document["created"], document["plan"]) == (1, CREATED, None)
    names = {part["name"] for part in document["parts"]}
    for item in document["findings"]:
        assert set(item["lost_with"]) <= names
        assert item["link"].startswith(kinds.GUIDE)
        assert item["id"] in document["checked"]
    assert sum(document["counts"].values()) == len(document["findings"])
    boxes = {box["name"] for box in document["topology"]["boxes"]}
    assert {end for line in document["topology"]["connections"] for end in (line["source"], line["target"])} <= boxes


def test_sarif_refers_to_its_rules() -> None:
    found = many()
    (run,) = render_sarif.sarif(found)["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(kinds.KINDS)
    assert len(run["results"]) == len(found.findings)
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        (location,) = result["locations"]
        assert set(location["physicalLocation"]["artifactLocation"]["uri"]) <= set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789./_~-"
        )
    fingerprints = [result["partialFingerprints"]["finding/v1"] for result in run["results"]]
    assert len(set(fingerprints)) == len(fingerprints)


def test_many_workers_are_one_box() -> None:
    arguments = healthy()
    for number in range(3, 60):
        name = f"w{number}"
        arguments["hosts"][name] = {**arguments["hosts"]["w1"], "hostname": name, "addresses": [f"198.51.100.{number}"]}
        arguments["workers"].append(name)
    found = audit(collected(arguments))
    clients = [box for box in found.topology.boxes if box.row == "clients"]
    assert [box.count for box in clients] == [59]
    assert_harmless(page_of(found))


def test_nothing_at_all_is_a_page_too() -> None:
    found = audit_of({"control_planes": ["cp1"], "failures": {"hosts": {"cp1": "unreachable"}}})
    assert found.sentence.startswith("Nobody can say")
    page = page_of(found)
    assert_harmless(page)
    assert render_text.lines(found)[0].startswith("Audit: Nobody")
