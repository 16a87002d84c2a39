# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a static pod's log, from files laid out as the kubelet does."""

from __future__ import annotations

import os
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.stopped_pod import last_words
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import LastWords

if t.TYPE_CHECKING:
    from pathlib import Path


def log(pods: Path, number: int, *lines: str, age: float = 0.0, pod: str = "kube-apiserver-cp1_3f2") -> None:
    """A log of one start of the API server."""
    path = pods / f"kube-system_{pod}" / "kube-apiserver" / f"{number}.log"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"2026-11-28T05:00:0{number}.1Z stderr F {line}\n" for line in lines), encoding="utf-8")
    os.utime(path, (1000.0 - age, 1000.0 - age))


def test_the_last_line_of_the_newest_log_is_reported(tmp_path: Path) -> None:
    log(tmp_path, 3, "starting", "Error: unknown flag: --no-such", "")
    log(tmp_path, 2, "older", age=60)
    assert last_words("kube-apiserver", pods=str(tmp_path)) == LastWords(
        time="2026-11-28T05:00:03.1Z",
        text="Error: unknown flag: --no-such",
        starts=4,
    )


def test_an_empty_log_leaves_the_word_to_the_one_before(tmp_path: Path) -> None:
    log(tmp_path, 2, "older", age=60)
    log(tmp_path, 3)
    assert last_words("kube-apiserver", pods=str(tmp_path)).text == "older"


def test_a_password_in_a_url_stays(tmp_path: Path) -> None:
    log(tmp_path, 0, "dial https://user:s3cr3t@192.0.2.1:2379")
    assert "s3cr3t" not in str(last_words("kube-apiserver", pods=str(tmp_path)))


def test_other_pods_and_none_say_nothing(tmp_path: Path) -> None:
    assert last_words("kube-apiserver", pods=str(tmp_path / "absent")) == LastWords()
    log(tmp_path, 0, "x", pod="etcd-cp1_3f2")
    assert last_words("kube-apiserver", pods=str(tmp_path)) == LastWords()


def test_a_long_log_is_read_from_its_end(tmp_path: Path) -> None:
    log(tmp_path, 0, *["x" * 100] * 5000, "the end")
    assert last_words("kube-apiserver", pods=str(tmp_path)).text == "the end"
