# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm's patches set."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import report_fields
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_patches import Patches, parse


@pytest.mark.parametrize(
    ("name", "text", "flags"),
    [
        (
            "kube-apiserver0+json.yaml",
            '- op: add\n  path: /spec/containers/0/command/-\n  value: "--v=4"\n',
            {("v", "4")},
        ),
        (
            "kube-apiserver.json",
            '[{"op": "add", "path": "/x", "value": "--profiling=false"}]',
            {("profiling", "false")},
        ),
        (
            "kube-apiserver+strategic.yaml",
            "spec:\n  containers:\n  - name: kube-apiserver\n    command:\n    - kube-apiserver\n    - --v=2\n    - --x\n",
            {("v", "2"), ("x", "true")},
        ),
        (
            "kube-apiserver+merge.yaml",
            'spec: {containers: [{command: ["kube-apiserver", "--a=b,c", "--u=https://me:s3cr3t@x"]}]}',
            {("a", "b,c"), ("u", "https://***@x")},
        ),
    ],
)
def test_flags(name: str, text: str, flags: set[tuple[str, str]]) -> None:
    found = parse([(name, text)])["kube-apiserver"]
    assert found.flags == flags
    assert report_fields.read(Patches, report_fields.as_dict(found), where="It") == found


def test_volumes_and_commands() -> None:
    text = "spec:\n  volumes:\n  - name: a\n    hostPath:\n      path: /srv/a\n"
    assert parse([("kube-scheduler1+strategic.yaml", text)]) == {
        "kube-scheduler": Patches(frozenset(), frozenset({"/srv/a"}))
    }
    removal = '[{"op": "remove", "path": "/spec/containers/0/command/3"}]'
    assert parse([("etcd.json", removal)])["etcd"].has_command


def test_several_files_of_one_component_add_up() -> None:
    found = parse([("etcd0.yaml", "- --a=1"), ("etcd1.yaml", "- --b=2")])
    assert found["etcd"].flags == {("a", "1"), ("b", "2")}


@pytest.mark.parametrize(
    "name", ["kube-apiserver.yml", "README.md", "kubeletconfiguration.yaml", "apiserver+json.yaml", "x.etcd.json"]
)
def test_other_files_are_passed_over(name: str) -> None:
    assert parse([(name, "- --a=b")]) == {}
