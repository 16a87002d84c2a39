# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures of a name whose answers are API servers, from what a host asked and what was answered."""

from __future__ import annotations

import math
import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from tests.roles import dns_query
from tests.scenarios.by_name import Question, parse, seconds_until_false, seconds_until_steady, share

LOST, OTHER = "192.0.2.11", "192.0.2.12"
#: The event is at 100: one question is asked before it and fails after it, slow ones end after those that began later.
PRINTED = f"""\
97.9 97.95 0 {OTHER}
98.5 98.55 0 {LOST}
99.5 99.55 0 {LOST}
101.3 101.35 0 {OTHER}
99.9 100.9 28 {LOST}
100.1 101.1 28 {LOST}
101.1 102.1 28 {LOST}
102.3 102.4 0 {OTHER}
102.5 102.
"""
EVENT = 100.0


def test_what_was_printed_is_in_the_order_of_its_begin_and_whole() -> None:
    questions = parse(PRINTED)
    assert [question.began for question in questions] == [97.9, 98.5, 99.5, 99.9, 100.1, 101.1, 101.3, 102.3]
    assert questions[3] == Question(99.9, 100.9, 28, LOST)


def test_new_connections_fail_until_the_first_one_from_which_on_none_does() -> None:
    assert seconds_until_steady(parse(PRINTED), EVENT) == pytest.approx(1.3)


def test_who_never_failed_waited_for_nothing_and_who_fails_at_the_end_waits_for_ever() -> None:
    assert seconds_until_steady(parse(PRINTED)[:3], EVENT) == 0.0
    assert seconds_until_steady(parse(PRINTED)[:6], EVENT) == math.inf


def test_the_share_is_that_of_answered_questions_right_before_the_event() -> None:
    assert share(parse(PRINTED), LOST, EVENT) == 100
    assert share(parse(PRINTED), LOST, EVENT, seconds=3.0) == 67
    assert share(parse(PRINTED), OTHER, EVENT) == 0
    assert share([], LOST, EVENT) == 0


def test_an_address_is_left_out_from_the_first_answer_after_the_last_one_with_it() -> None:
    seen = [(99.0, True), (100.1, True), (100.2, False), (100.3, True), (100.4, False), (100.5, False)]
    assert seconds_until_false(seen, EVENT) == pytest.approx(0.4)
    assert seconds_until_false(seen[:4], EVENT) == math.inf
    assert seconds_until_false([(99.0, False), (100.1, False)], EVENT) == pytest.approx(0.1)


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Answers the next query on this machine by what the list has, after the query's own header and question."""
    replies: list[bytes] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))

        def answer() -> None:
            query, client = server.recvfrom(4096)
            code, answers = replies[0][0], replies[0][1:]
            header = query[:2] + struct.pack("!5H", 0x8400 | code, 1, len(answers) // 16, 0, 0)
            server.sendto(header + query[12:] + answers, client)

        monkeypatch.setattr(dns_query, "PORT", server.getsockname()[1])
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield replies
        thread.join(timeout=5)


def test_one_query_says_the_addresses_and_their_ttl(resolver: list[bytes]) -> None:
    records = b"".join(
        struct.pack("!3HIH", 0xC00C, 1, 1, 2, 4) + socket.inet_aton(address) for address in (LOST, OTHER)
    )
    resolver.append(b"\0" + records)
    assert dns_query.addresses("127.0.0.1", "one.kube.test") == {LOST: 2, OTHER: 2}


def test_a_server_that_refuses_is_an_error(resolver: list[bytes]) -> None:
    resolver.append(b"\5")
    with pytest.raises(OSError, match="answers with code 5"):
        dns_query.addresses("127.0.0.1", "one.kube.test")
