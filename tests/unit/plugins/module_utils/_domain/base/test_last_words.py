# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown of a failing kubeadm."""

from __future__ import annotations

import json

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.last_words import distinct_lines, last_words


def _retry(second: int) -> str:
    """A line of kubeadm's etcd client, as a failing promotion prints it every few seconds."""
    return json.dumps(
        {
            "level": "warn",
            "ts": f"2025-11-27T10:00:{second:02}.123456Z",
            "logger": "etcd-client",
            "caller": "v3@v3.5.16/retry_interceptor.go:63",
            "msg": "retrying of unary invoker failed",
            "target": "etcd-endpoints://0xc0004ea1e0/192.0.2.11:2379",
            "method": "/etcdserverpb.Cluster/MemberPromote",
            "attempt": 0,
            "error": "rpc error: code = FailedPrecondition desc = etcdserver: can only promote a learner member",
        }
    )


def test_a_wall_of_retries_is_one_line() -> None:
    stderr = "\n".join(
        [
            "\t[WARNING Swap]: swap is on",
            *(_retry(second) for second in range(40)),
            (
                "error: error execution phase etcd-join: error creating local etcd static pod manifest file: "
                "etcdserver: can only promote a learner member"
            ),
            "To see the stack trace of this error execute with --v=5 or higher",
        ]
    )
    assert distinct_lines(stderr) == [
        (
            "retrying of unary invoker failed: /etcdserverpb.Cluster/MemberPromote: rpc error: code = FailedPrecondition "
            "desc = etcdserver: can only promote a learner member (40 times)"
        ),
        (
            "error: error execution phase etcd-join: error creating local etcd static pod manifest file: etcdserver: can only "
            "promote a learner member"
        ),
    ]


def test_lines_that_differ_in_time_only_are_the_same() -> None:
    lines = [
        f"I1127 10:00:{second:02}.000001    {second} with_retry.go:234] Got a Retry-After 1s response after {second}.5s"
        for second in range(10, 16)
    ]
    assert last_words("\n".join(lines)) == "Got a Retry-After 1s response after 15.5s (6 times)"


def test_the_order_and_the_end_are_kept() -> None:
    assert last_words("a\nb\na\nc\n") == "b a (2 times) c"
    assert distinct_lines("\n".join(f"line {number} of many" for number in range(30)))[-1] == "line 29 of many"
    assert len(distinct_lines("\n".join(f"line {number} of many" for number in range(30)))) == 8


def test_long_lines_and_unusual_json() -> None:
    assert [len(line) for line in distinct_lines("x" * 5000)] == [500]
    assert last_words('{"a": 1}') == '{"a": 1}'
    assert last_words("{broken") == "{broken"
    assert last_words("") == ""
