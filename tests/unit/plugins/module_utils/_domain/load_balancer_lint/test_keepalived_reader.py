# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Blocks of keepalived's configuration, and where a virtual IP goes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import keepalived_reader
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import virtual_router as vrrp
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.keepalived_reader import Block
from tests.roles.lint_configurations import VIRTUAL_IPS


def routers(name: str) -> tuple[vrrp.VirtualRouter, ...]:
    """The virtual routers of one of the tests' virtual IPs."""
    return tuple(
        router
        for each in VIRTUAL_IPS[name].routers
        for router in keepalived_reader.parse(each.host, "keepalived.conf", each.text)[0]
    )


def router(text: str) -> vrrp.VirtualRouter:
    """The only virtual router of a text."""
    (found,), _notes = keepalived_reader.parse("lb1", "keepalived.conf", text)
    return found


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("", ()),
        ("a 1 ! c\n# d\n", (Block(("a", "1"), "f:1"),)),
        ("a b {\n  c\n}\n", (Block(("a", "b"), "f:1", (Block(("c",), "f:2"),)),)),
        ("a b\n{\n  c\n}\n", (Block(("a", "b"), "f:1", (Block(("c",), "f:3"),)),)),
        (
            "a { b { c } d }\n",
            (Block(("a",), "f:1", (Block(("b",), "f:1", (Block(("c",), "f:1"),)), Block(("d",), "f:1"))),),
        ),
        ('script "/bin/x a # b"\n', (Block(("script", "/bin/x a # b"), "f:1"),)),
        ("it's\n", (Block(("it's",), "f:1"),)),
        ("a {\n}}\n", None),
        ("a {\n", None),
        ("{\n}\n", None),
        ('a "\n', None),
        ("@lb1 priority 5\n", None),
        ("$X=5\n", None),
    ],
)
def test_blocks(text: str, blocks: tuple[Block, ...] | None) -> None:
    if blocks is not None:
        assert keepalived_reader.parse_blocks("f", text) == blocks
        return
    with pytest.raises(InvalidInput, match=r"f:[12]: "):
        keepalived_reader.parse_blocks("f", text)


def test_defaults_are_those_of_keepalived() -> None:
    found = router(
        "vrrp_script s {\n script /x\n}\nvrrp_instance a {\n virtual_router_id 5\n track_script {\n s\n }\n}\n"
    )
    script = found.tracks[0].script
    assert (found.priority.value, found.advert.value, found.version, found.keeps, found.peers) == (100, 1, 2, False, ())
    assert (script.interval.value, script.fall.value, script.weight.value, script.timeout) == (1, 1, 0, None)


def test_settings_are_taken_with_their_places() -> None:
    first, _second = routers("ours")
    assert (first.version, first.router_id, first.keeps, first.addresses, first.peers) == (
        3,
        77,
        True,
        ("192.0.2.100",),
        ("192.0.2.102",),
    )
    assert str(first.advert) == "advert_int 0.3 s (keepalived.conf:17)"
    assert (first.tracks[0].script.kind, first.tracks[0].weight.value) == ("file", 0)


def test_a_weight_of_the_router_takes_the_place_of_the_scripts() -> None:
    text = "vrrp_script s {\n weight -5\n}\nvrrp_instance a {\n virtual_router_id 5\n track_script {\n s weight -20\n }\n}\n"
    assert router(text).tracks[0].weight.value == -20


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("vrrp_instance a {\n}\n", "keepalived.conf:1: vrrp_instance a has no virtual_router_id"),
        ("vrrp_instance {\n virtual_router_id 5\n}\n", "keepalived.conf:1: vrrp_instance has no name"),
        ("vrrp_instance a {\n virtual_router_id 5\n priority high\n}\n", "keepalived.conf:3: priority has no number"),
        (
            "vrrp_instance a {\n virtual_router_id 5\n track_script {\n s\n }\n}\n",
            "keepalived.conf:4: nothing has the name s",
        ),
    ],
)
def test_what_cannot_be_read_names_the_line(text: str, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        keepalived_reader.parse("lb1", "keepalived.conf", text)
    assert message in caught.value.message


WORDS = st.sampled_from([
    "vrrp_instance", "vrrp_script", "global_defs", "vrrp_version", "track_script", "track_file", "track_process", "script", "file", "interval", "weight",
    "fall", "priority", "virtual_router_id", "virtual_ipaddress", "unicast_peer", "advert_int", "nopreempt", "preempt_delay", "state", "MASTER", "a", "5",
    "-2", "0.3", "{", "}", "\n", "!", '"', "vrrp_sync_group", "authentication", "auth_pass", "version",
])  # fmt: skip


def refusal(text: str) -> str:
    """Why a text cannot be read; the name of the file where it can."""
    try:
        found, _notes = keepalived_reader.parse("lb1", "keepalived.conf", text)
        if found:
            vrrp.predict(found)
    except InvalidInput as error:
        return error.message
    return "keepalived.conf"


@given(st.lists(WORDS, max_size=50).map(" ".join) | st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    assert refusal(text).startswith("keepalived.conf")


#: By event: seconds, and who holds the address then. Weights and priorities are those of the configurations.
MOVES: dict[str, dict[str, tuple[float | None, str]]] = {
    # 3 advertisements of 1 s and (256 - 100) / 256 s; the script 10 times every 3 s.
    "kubeadm-guide": {
        "host lost": (3.61, "lb2"),
        "keepalived stopped": (0.61, "lb2"),
        "script check_apiserver fails": (33.61, "lb2"),
    },
    "kubeadm-guide-far-apart": {
        "host lost": (3.61, "lb2"),
        "keepalived stopped": (0.61, "lb2"),
        "script check_apiserver fails": (None, ""),
    },
    "kubeadm-guide-nopreempt": {
        "host lost": (3.61, "lb2"),
        "keepalived stopped": (0.61, "lb2"),
        "script check_apiserver fails": (None, ""),
    },
    # Version 3 counts the last part in intervals.
    "ours": {"host lost": (0.98, "lb2"), "keepalived stopped": (0.08, "lb2"), "file health fails": (0.08, "lb2")},
}


@pytest.mark.parametrize("name", VIRTUAL_IPS)
def test_when_an_address_moves(name: str) -> None:
    found = {
        move.event: (None if move.seconds is None else round(move.seconds, 2), move.to)
        for move in vrrp.predict(routers(name))
    }
    assert found == MOVES[name]


def test_a_positive_weight_is_lost_by_a_failure() -> None:
    text = "vrrp_script s {{\n weight {weight}\n}}\nvrrp_instance a {{\n virtual_router_id 5\n priority {priority}\n track_script {{\n s\n }}\n}}\n"

    def seconds(weight: int) -> float | None:
        found = [
            keepalived_reader.parse(host, "f", text.format(weight=weight, priority=priority))[0][0]
            for host, priority in (("lb1", 110), ("lb2", 100))
        ]
        return next(move.seconds for move in vrrp.predict(found) if move.event == "script s fails")

    assert seconds(5) is None
    assert seconds(10) is None
    assert seconds(20) == pytest.approx(1 + 3 + (256 - 120) / 256)


def test_a_host_alone_is_judged_with_a_peer_just_below() -> None:
    moves = vrrp.predict(routers("kubeadm-guide")[:1])
    assert [(move.event, move.to) for move in moves][-1] == ("script check_apiserver fails", "")
    assert "where a peer has a priority above 99" in moves[-1].sum


@given(
    priorities=st.lists(st.integers(1, 254), min_size=2, max_size=4),
    weight=st.integers(-253, 253),
    advert=st.sampled_from(["0.3", "1", "3"]),
    keeps=st.booleans(),
)
def test_a_failure_never_moves_an_address_sooner_than_it_is_noticed(
    priorities: list[int], weight: int, advert: str, keeps: bool
) -> None:
    text = (
        f"vrrp_script s {{{{\n interval 2\n fall 3\n weight {weight}\n}}}}\nvrrp_instance a {{{{\n virtual_router_id 5\n advert_int {advert}\n"
        f"{' nopreempt' if keeps else ''}\n priority {{priority}}\n track_script {{{{\n s\n }}}}\n}}}}\n"
    )
    found = [
        keepalived_reader.parse(f"lb{number}", "f", text.format(priority=priority))[0][0]
        for number, priority in enumerate(priorities)
    ]
    (move,) = [each for each in vrrp.predict(found) if each.event == "script s fails"]
    assert move.seconds is None or move.seconds > 6
    assert move.to != move.holder
    if not weight:
        assert move.seconds is not None
    elif keeps:
        assert move.seconds is None
