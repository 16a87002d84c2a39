# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One string is set, and nothing else differs."""

from __future__ import annotations

import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import plain_yaml_edit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput

NEW = "https://k8s.example.org:6443"
KUBECONFIG = """\
apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: LS0tLS1CRUdJTg==
    server: https://192.0.2.11:6443
  name: kubernetes
- name: other
  cluster: # theirs
    server: "https://192.0.2.11:6443"   # the same
users:
- name: admin
  user:
    token: "server: https://192.0.2.11:6443"
"""


def path_of(index: int) -> tuple[str | int, ...]:
    return ("clusters", index, "cluster", "server")


@pytest.mark.parametrize(
    ("index", "old", "new"),
    [
        (0, "    server: https://192.0.2.11:6443\n", f"    server: {NEW}\n"),
        (1, '    server: "https://192.0.2.11:6443"   # the same\n', f"    server: {NEW}   # the same\n"),
    ],
)
def test_the_right_one_of_several(index: int, old: str, new: str) -> None:
    assert plain_yaml_edit.with_scalar(KUBECONFIG, path_of(index), NEW) == KUBECONFIG.replace(old, new, 1)


@pytest.mark.parametrize(
    "text",
    [
        KUBECONFIG.replace("\n", "\r\n"),
        KUBECONFIG.rstrip("\n"),
        "clusters:\n  -\n    cluster:\n      server:    https://192.0.2.11:6443\n",
        "clusters:\n- cluster: {}\n- cluster:\n    server: x\n".replace("- cluster: {}\n", "", 1),
    ],
)
def test_layouts(text: str) -> None:
    edited = plain_yaml_edit.with_scalar(text, path_of(0), NEW)
    expected = yaml.safe_load(text)
    expected["clusters"][0]["cluster"]["server"] = NEW
    assert yaml.safe_load(edited) == expected
    assert len(edited.splitlines()) == len(text.splitlines())
    assert ("\r\n" in edited) == ("\r\n" in text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "clusters: []",
        "clusters: [{cluster: {server: https://192.0.2.11:6443}}]",
        '{"clusters": [{"cluster": {"server": "https://192.0.2.11:6443"}}]}',
        "clusters:\n- cluster:\n    certificate-authority: x\n",
        "clusters:\n- cluster:\n    server:\n      https://192.0.2.11:6443\n",
        "clusters:\n- cluster:\n    server: |\n      https://192.0.2.11:6443\n",
        "clusters:\n- cluster:\n    server: &a https://192.0.2.11:6443\n",
        "clusters:\n- cluster:\n    server: [x]\n",
    ],
)
def test_what_does_not_stand_on_a_line_of_its_own(text: str) -> None:
    with pytest.raises(InvalidInput):
        plain_yaml_edit.with_scalar(text, path_of(0), NEW)


@pytest.mark.parametrize(
    "text",
    [
        # The last one of two keys counts, and what is inside of texts and beside the path is none of it.
        "clusters:\n- cluster:\n    server: x\n    server: y\n",
        "x:\n  server: |\n    server: x\nclusters:\n- cluster:\n    server: x\n",
        "x: |\n  server: kubeadm-ha://line/1\nclusters:\n- cluster:\n    server: x\n",
        'x:\n  server: "a\n    b"\nclusters:\n- cluster:\n    server: x\n',
    ],
)
def test_other_lines_that_resemble_it(text: str) -> None:
    expected = yaml.safe_load(text)
    expected["clusters"][0]["cluster"]["server"] = NEW
    assert yaml.safe_load(plain_yaml_edit.with_scalar(text, path_of(0), NEW)) == expected


names = st.sampled_from(["kubernetes", "a b", "server: x", "#", "'", "yes", "1"])
servers = st.sampled_from(["https://192.0.2.11:6443", "https://[2001:db8::1]:6443", "x", NEW])


@given(st.lists(st.tuples(names, servers), min_size=1, max_size=4), st.data())
def test_it_says_what_is_wanted_and_nothing_else(clusters: list[tuple[str, str]], data: st.DataObject) -> None:
    document: dict[str, t.Any] = {
        "clusters": [{"cluster": {"server": server}, "name": name} for name, server in clusters],
        "current-context": "server",
    }
    text = yaml.safe_dump(document)
    index = data.draw(st.integers(0, len(clusters) - 1))
    wanted = data.draw(st.sampled_from([NEW, "https://[2001:db8::2]:6443", "yes", "1", "a: b", "#", "it's"]))
    document["clusters"][index]["cluster"]["server"] = wanted
    assert yaml.safe_load(plain_yaml_edit.with_scalar(text, path_of(index), wanted)) == document
