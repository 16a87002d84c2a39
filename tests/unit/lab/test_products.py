# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys of products, and their publication: whole or not at all, one build at a time."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import products
from tests.lab.paths import PROJECT


@pytest.fixture(name="tree")
def fixture_tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "etc").mkdir(parents=True)
    (tree / "etc" / "a").write_text("1")
    (tree / "b").write_text("2")
    return tree


def test_a_key_depends_on_every_part_and_on_the_order() -> None:
    keys = {products.key("a", "b"), products.key("b", "a"), products.key("ab"), products.key("a", "b", "")}
    assert len(keys) == 4
    assert products.key("a", "b") == products.key("a", "b")


def test_times_do_not_change_a_recipe(tree: Path) -> None:
    before = products.recipe(tree)
    os.utime(tree / "b", (1, 1))
    assert products.recipe(tree) == before


@pytest.mark.parametrize("what", ["content", "name", "executable", "more", "link"])
def test_everything_else_changes_it(tree: Path, what: str) -> None:
    before = products.recipe(tree)
    changes: dict[str, Callable[[], object]] = {
        "content": lambda: (tree / "etc" / "a").write_text("3"),
        "name": lambda: (tree / "b").rename(tree / "c"),
        "executable": lambda: (tree / "b").chmod(0o755),
        "more": lambda: (tree / "c").write_text(""),
        "link": lambda: (tree / "c").symlink_to("b"),
    }
    changes[what]()
    assert products.recipe(tree) != before


def test_compiled_python_is_no_part_of_a_recipe(tree: Path) -> None:
    before = products.recipe(tree)
    (tree / "__pycache__").mkdir()
    (tree / "__pycache__" / "x.pyc").write_text("x")
    assert products.recipe(tree) == before


def test_somebody_elses_binaries_are_known_by_size_and_time(tree: Path) -> None:
    before = products.identity(tree, ["b"])
    assert products.identity(tree, ["b"]) == before
    os.utime(tree / "b", (1, 1))
    assert products.identity(tree, ["b"]) != before


def test_a_product_is_made_once(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(target: Path) -> None:
        made.append(target)
        (target / "file").write_text("x")

    directory = tmp_path / "cache" / "product"
    assert products.publish(directory, make) == directory
    assert products.publish(directory, make) == directory
    assert len(made) == 1
    assert made[0] != directory
    assert (directory / "file").read_text() == "x"


def test_a_failed_product_leaves_nothing(tmp_path: Path) -> None:
    def fail(target: Path) -> None:
        (target / "half").write_text("x")
        raise RuntimeError("no more disk")

    with pytest.raises(RuntimeError, match="no more disk"):
        products.publish(tmp_path / "product", fail)
    assert list(tmp_path.iterdir()) == []


def test_a_lock_keeps_others_out_until_its_end(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "go"
    got: list[float] = []

    def wait() -> None:
        with products.locked(path):
            got.append(time.monotonic())

    with products.locked(path):
        other = threading.Thread(target=wait)
        other.start()
        time.sleep(0.2)
        assert not got
        released = time.monotonic()
    other.join(timeout=5)
    assert got
    assert got[0] >= released


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    script = (
        "import os, sys, pathlib\n"
        "from tests.lab import products\n"
        "with products.locked(pathlib.Path(sys.argv[1])):\n"
        "    os._exit(9)\n"
    )
    ended = subprocess.run([sys.executable, "-c", script, str(path)], cwd=PROJECT, check=False)
    assert ended.returncode == 9
    with products.locked(path):
        pass
