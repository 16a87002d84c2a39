# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing of a cluster: what stands on its boxes, and from where to where its lines lead."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import markup, topology
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import Audit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.render_drawing import drawing
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.survival import Verdict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.topology import Box, Connection, Topology
from tests.unit.plugins.module_utils._domain.audit.faults import FAULTS
from tests.unit.plugins.module_utils._domain.audit.test_rendering import many
from tests.unit.plugins.module_utils._domain.audit.values import audit_of, healthy

MARK = "single point of failure"
Point = tuple[float, float]


class Drawing:
    """The drawing taken apart, by what is seen on it."""

    def __init__(self, drawn: Topology) -> None:
        root = ET.fromstring(markup.xml(drawing(drawn)).partition("\n")[2])
        self.description = root.findtext("desc") or ""
        (lines,) = (group for group in root.iter("g") if group.get("class") == "lines")
        self.lines = {(path.findtext("title") or "").partition(": ")[0]: path for path in lines}
        self.boxes = {
            (group.findtext("title") or "").rpartition(": ")[0]: group
            for group in root.iter("g")
            if (group.get("class") or "").startswith("part ")
        }

    def texts(self, name: str) -> list[str]:
        """What stands on a box, from above."""
        return [item.text or "" for item in self.boxes[name].findall("text")]

    def marked(self) -> set[str]:
        """Boxes on which a single point of failure stands."""
        return {name for name in self.boxes if MARK in self.texts(name)}

    def area(self, name: str) -> tuple[float, float, float, float]:
        """Left, top, right and bottom of a box."""
        (rect,) = (item for item in self.boxes[name].findall("rect") if item.get("class") == "box")
        x, y, width, height = (float(rect.get(key) or 0) for key in ("x", "y", "width", "height"))
        return x, y, x + width, y + height

    def ends(self, line: str) -> tuple[Point, Point]:
        """Where a line begins and ends."""
        numbers = [float(text) for text in re.findall(r"-?[\d.]+", self.lines[line].get("d") or "")]
        return (numbers[0], numbers[1]), (numbers[-2], numbers[-1])


def of(audit: Audit) -> Drawing:
    """The drawing of an audit."""
    return Drawing(audit.topology)


def faulty(name: str) -> Audit:
    """The audit of a cluster with a fault."""
    arguments = healthy()
    FAULTS[name][0](arguments)
    return audit_of(arguments)


@pytest.mark.parametrize(
    ("fault", "marked"),
    [
        ("", set()),
        ("one load balancer", {"lb1"}),
        ("a kubelet of a worker", {"cp1"}),
        ("two members", {"cp1", "cp2"}),
    ],
)
def test_exactly_the_single_points_of_failure_are_marked(fault: str, marked: set[str]) -> None:
    found = faulty(fault) if fault else audit_of(healthy())
    drawn = of(found)
    assert drawn.marked() == marked
    assert {part.name for part in found.parts if part.verdict is Verdict.LOST} == marked
    for name in marked:
        # In words, by its shape, and for those who do not see it.
        assert drawn.texts(name)[-1] == MARK
        assert (drawn.boxes[name].get("class") or "").split() == ["part", "lost"]
        assert re.search(rf"{name} \([A-Za-z ]+\): {MARK}\.", drawn.description)
    assert drawn.description.count(MARK) == len(marked)


def test_every_box_has_its_name_and_what_runs_there() -> None:
    found = many()
    drawn = of(found)
    assert set(drawn.boxes) == {box.name for box in found.topology.boxes}
    for box in found.topology.boxes:
        assert drawn.texts(box.name)[: 1 + len(box.lines)] == [box.name, *(line[:27] for line in box.lines)]


@pytest.mark.parametrize("fault", ["", "a kubelet of a worker", "a controller"])
def test_a_line_is_drawn_for_each_connection_from_its_source_to_its_target(fault: str) -> None:
    found = faulty(fault) if fault else audit_of(healthy())
    drawn = of(found)
    assert set(drawn.lines) == {f"{item.source} to {item.target}" for item in found.topology.connections}
    for item in found.topology.connections:
        begin, end = drawn.ends(f"{item.source} to {item.target}")
        left, top, right, bottom = drawn.area(item.source)
        assert left <= begin[0] <= right
        assert begin[1] in (top, bottom)
        left, top, right, _bottom = drawn.area(item.target)
        assert left <= end[0] <= right
        assert end[1] == top - 2, "the arrow's head is on top of it"
        assert f"{item.source} connects to {item.target}, {item.kind}." in drawn.description


def test_a_healthy_cluster_is_drawn_from_its_nodes_over_the_endpoint_to_its_api_servers() -> None:
    assert set(of(audit_of(healthy())).lines) == {
        "2 workers to 192.0.2.10:6443",
        *(f"192.0.2.10:6443 to {name}" for name in ("lb1", "lb2")),
        *(f"{name} to cp{number}" for name in ("lb1", "lb2") for number in (1, 2, 3)),
    }


def test_who_goes_past_the_endpoint_is_drawn_otherwise() -> None:
    drawn = of(faulty("a kubelet of a worker"))
    past = drawn.lines["w1 to cp1"]
    assert (past.get("class"), past.get("marker-end")) == ("line past", "url(#arrow-past)")
    shared = drawn.lines["w2 to 192.0.2.10:6443"]
    assert (shared.get("class"), shared.get("marker-end")) == ("line shared", "url(#arrow)")


def test_what_stands_for_several_hosts_and_what_has_no_verdict_are_described_as_what_they_are() -> None:
    boxes = (
        Box("12 workers", "clients", ("w1, w2, w3, 9 more",), count=12),
        Box("192.0.2.10:6443", "endpoint", ("control plane endpoint",)),
    )
    lines = (
        Connection("12 workers", "192.0.2.10:6443", topology.TO_ENDPOINT, "kubelet"),
        Connection("12 workers", "nobody", topology.PAST, "kubelet"),
    )
    drawn = Drawing(Topology(boxes, lines))
    assert "12 workers (Nodes): several hosts. 192.0.2.10:6443 (Endpoint): control plane endpoint." in drawn.description
    assert set(drawn.lines) == {"12 workers to 192.0.2.10:6443"}, "a line has two ends"
