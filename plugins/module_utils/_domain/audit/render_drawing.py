# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing of a cluster: who connects to whom, and what is lost with each part."""

from __future__ import annotations

import typing as t

from .markup import element
from .topology import PAST, TO_API_SERVER

if t.TYPE_CHECKING:
    from .markup import Element
    from .topology import Box, Connection, Topology

#: Rows from above, with what stands beside them.
_ROWS: t.Mapping[str, str] = {
    "clients": "Nodes",
    "endpoint": "Endpoint",
    "balancers": "Load balancers",
    "control planes": "Control planes",
    "etcd": "etcd",
}
_WIDTH, _GAP, _LEFT, _TOP = 190, 34, 132, 14
_HEADER, _LINE, _ROW_GAP = 30, 17, 74
_MOST_IN_A_ROW = 6
#: Between ways beside the boxes, how many there are on the side of the labels, and the radius of corners.
_LANE, _MOST_LANES_LEFT, _ROUND = 11, 2, 9
_LONGEST_NAME, _LONGEST_LINE = 21, 27
#: What is written on a box, so that nobody needs to distinguish colours.
_MARKS = {
    "lost": "single point of failure",
    "felt": "its loss is felt",
    "unknown": "not known",
    "survives": "can be lost",
}


class _Placed(t.NamedTuple):
    box: Box
    x: float
    y: float
    height: float

    @property
    def middle(self) -> float:
        return self.x + _WIDTH / 2


def drawing(topology: Topology) -> Element:
    """The drawing as SVG, with a description for those who do not see it."""
    placed, inner, height = _place(topology.boxes)
    lanes = _Lanes(right=inner + 14)
    lines = [_line(placed, item, lanes) for item in topology.connections]
    width = inner + 14 + _LANE * lanes.right_used + 14
    return element(
        "svg",
        element("title", "Who connects to whom", id="drawing-title"),
        element("desc", _described(topology), id="drawing-text"),
        _arrows(),
        _labels(placed.values()),
        element("g", lines, class_="lines", fill="none"),
        element("g", (_box(item) for item in placed.values()), class_="boxes"),
        attributes={"viewBox": f"0 0 {width:g} {height:g}", "aria-labelledby": "drawing-title drawing-text"},
        role="img",
        class_="drawing",
        style=f"max-width:{width:g}px;min-width:min(34rem,{width:g}px)",
    )


class _Lanes:
    """Ways beside the boxes for what goes past them, one for each line."""

    def __init__(self, *, right: float) -> None:
        self._right = right
        self.right_used = 0
        self._left_used = 0

    def take(self, *, is_left: bool) -> tuple[float, int]:
        """The place of the next way on a side, and its number."""
        if is_left and self._left_used < _MOST_LANES_LEFT:
            self._left_used += 1
            return _LEFT - _LANE * self._left_used, self._left_used + self.right_used
        self.right_used += 1
        return self._right + _LANE * (self.right_used - 1), self._left_used + self.right_used


def _place(boxes: t.Sequence[Box]) -> tuple[dict[str, _Placed], float, float]:
    """Where each box is; rows with many boxes go on in a further line."""
    lines = [
        [box for box in boxes if box.row == row][start : start + _MOST_IN_A_ROW]
        for row in _ROWS
        for start in range(0, sum(box.row == row for box in boxes), _MOST_IN_A_ROW)
    ]
    most = max((len(line) for line in lines), default=1)
    inner = most * _WIDTH + (most - 1) * _GAP
    placed: dict[str, _Placed] = {}
    y: float = _TOP
    for line in lines:
        height = max(_height(box) for box in line)
        x = _LEFT + (inner - (len(line) * _WIDTH + (len(line) - 1) * _GAP)) / 2
        for box in line:
            placed[box.name] = _Placed(box, x, y, height)
            x += _WIDTH + _GAP
        y += height + _ROW_GAP
    return placed, _LEFT + inner, max(y - _ROW_GAP + 14, 60)


def _height(box: Box) -> float:
    return _HEADER + _LINE * (len(box.lines) + (1 if box.verdict else 0)) + 8


def _labels(placed: t.Iterable[_Placed]) -> Element:
    first: dict[str, _Placed] = {}
    for item in placed:
        first.setdefault(item.box.row, item)
    return element(
        "g",
        (element("text", _ROWS[row], x=4, y=item.y + item.height / 2 + 4, class_="row") for row, item in first.items()),
    )


def _arrows() -> Element:
    def marker(name: str, kind: str) -> Element:
        return element(
            "marker",
            element("path", d="M0 0 L8 4 L0 8 z", class_=f"head {kind}"),
            attributes={
                "viewBox": "0 0 8 8",
                "refX": 7,
                "refY": 4,
                "markerWidth": 7,
                "markerHeight": 7,
                "orient": "auto-start-reverse",
            },
            id=name,
        )

    return element("defs", marker("arrow", "shared"), marker("arrow-past", "past"))


def _line(by_name: t.Mapping[str, _Placed], item: Connection, lanes: _Lanes) -> list[Element]:
    source, target = by_name.get(item.source), by_name.get(item.target)
    if source is None or target is None:
        return []
    is_past = item.kind == PAST
    if source.y == target.y:
        top = source.y
        path = f"M{source.middle:g} {top:g} C{source.middle:g} {top - 46:g} {target.middle:g} {top - 46:g} {target.middle:g} {top - 2:g}"
    elif is_past:
        path = _beside(source, target, *lanes.take(is_left=target.middle <= source.middle))
    else:
        begin, end = source.y + source.height, target.y - 2
        half = (begin + end) / 2
        path = f"M{source.middle:g} {begin:g} C{source.middle:g} {half:g} {target.middle:g} {half:g} {target.middle:g} {end:g}"
    kind = "past" if is_past else "faint" if item.kind == TO_API_SERVER else "shared"
    title = f"{item.source} to {item.target}: {item.by}"
    head = "url(#arrow-past)" if is_past else "url(#arrow)"
    return [element("path", element("title", title), d=path, class_=f"line {kind}", marker_end=head)]


def _beside(source: _Placed, target: _Placed, lane: float, number: int) -> str:
    """A line down beside all boxes, with round corners, that ends on top of its target."""
    begin, end = source.y + source.height, target.y - 2
    first, last = begin + 10 + 5 * (number % 5), end - 14 - 5 * (number % 5)
    away = min(12 * number, int(_WIDTH / 2) - 14)
    x = target.middle + (away if lane > target.middle else -away)
    points = [(source.middle, begin), (source.middle, first), (lane, first), (lane, last), (x, last), (x, end)]
    path = f"M{points[0][0]:g} {points[0][1]:g}"
    for before, corner, after in zip(points, points[1:], points[2:]):
        into, out = _towards(corner, before), _towards(corner, after)
        path += f" L{into[0]:g} {into[1]:g} Q{corner[0]:g} {corner[1]:g} {out[0]:g} {out[1]:g}"
    return f"{path} L{points[-1][0]:g} {points[-1][1]:g}"


def _towards(corner: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    """A point near a corner on the way to another one."""
    apart = abs(corner[0] - other[0]) + abs(corner[1] - other[1])
    share = min(_ROUND / apart, 0.5) if apart else 0.0
    return corner[0] + (other[0] - corner[0]) * share, corner[1] + (other[1] - corner[1]) * share


def _box(item: _Placed) -> Element:
    box = item.box
    lines = list(box.lines) + ([_MARKS[box.verdict]] if box.verdict in _MARKS else [])
    texts = [
        element(
            "text",
            _cut(text, _LONGEST_LINE),
            x=item.x + 12,
            y=item.y + _HEADER + _LINE * number + 12,
            class_="mark" if box.verdict in _MARKS and number == len(lines) - 1 else "detail",
        )
        for number, text in enumerate(lines)
    ]
    stack = (
        [element("rect", x=item.x + 6, y=item.y - 6, width=_WIDTH, height=item.height, rx=10, class_="box behind")]
        if box.count > 1
        else []
    )
    return element(
        "g",
        element("title", f"{box.name}: {'; '.join(lines)}"),
        stack,
        element("rect", x=item.x, y=item.y, width=_WIDTH, height=item.height, rx=10, class_="box"),
        element("rect", x=item.x, y=item.y + 10, width=4, height=max(item.height - 20, 4), class_="edge"),
        element("text", _cut(box.name, _LONGEST_NAME), x=item.x + 12, y=item.y + 23, class_="name"),
        texts,
        class_=f"part {box.verdict or 'plain'}",
    )


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _described(topology: Topology) -> str:
    parts = [f"{box.name} ({_ROWS[box.row]}): {_said(box)}." for box in topology.boxes]
    lines = [f"{item.source} connects to {item.target}, {item.kind}." for item in topology.connections]
    return " ".join((*parts, *lines))


def _said(box: Box) -> str:
    return _MARKS.get(box.verdict) or ("several hosts" if box.count > 1 else "; ".join(box.lines))


__all__ = ("drawing",)
