# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A manifest that the operator names is read before anything is changed."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.create import network_manifest
from tests.unit.plugins.module_utils._domain.plan.create.test_creation import arguments, messages

OBJECT = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: net\n"


class Files:
    """A controller with one manifest."""

    def __init__(self, text: str | None) -> None:
        self._text = text

    def text(self, place: str) -> str:
        """The manifest, whatever it is called."""
        del place
        if self._text is None:
            raise InvalidInput("there is no such file")
        return self._text


@pytest.mark.parametrize(
    ("network", "text", "said"),
    [
        ("flannel", None, ""),
        ("none", None, ""),
        ("net.yml", OBJECT, ""),
        ("net.yml", f"---\n{OBJECT}---\n---\n{OBJECT}", ""),
        ("net.yml", None, "The controller cannot read net.yml, which kubeadm_ha_cni names (there is no such file)"),
        (
            "net.yml",
            "a: [",
            "The controller cannot read net.yml, which kubeadm_ha_cni names (These are no YAML documents",
        ),
        ("net.yml", "", "net.yml, which kubeadm_ha_cni names, is no manifest"),
        ("https://net.test/x", "<html>", "https://net.test/x, which kubeadm_ha_cni names, is no manifest"),
        ("net.yml", f"{OBJECT}---\nkind: Pod\n", "is no manifest: each of its documents has to be an object"),
    ],
)
def test_a_manifest_has_objects(network: str, text: str | None, said: str) -> None:
    found = [problem.message for problem in network_manifest.problems(network, files=Files(text), yaml=PyYaml())]
    assert len(found) == bool(said)
    assert all(said in message for message in found)


def test_no_cluster_is_made_without_its_network() -> None:
    (message,) = messages(arguments(network="/no/such/network.yml"))
    assert message.startswith("The controller cannot read /no/such/network.yml, which kubeadm_ha_cni names")
