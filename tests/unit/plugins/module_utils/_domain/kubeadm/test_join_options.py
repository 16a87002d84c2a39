# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that modules share about a joining node."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join_options


def test_kubelet_flags() -> None:
    flags = join_options.kubelet_flags(
        {"node-ip": "192.0.2.1", "v": 2, "x": True, "y": None}, labels={"b": 1, "a": "z"}
    )
    assert flags == {"node-ip": "192.0.2.1", "v": "2", "x": "true", "y": "", "node-labels": "a=z,b=1"}
    assert join_options.kubelet_flags({}, labels={}) == {}
    with pytest.raises(InvalidInput, match="leave the dashes out"):
        join_options.kubelet_flags({"--v": 1}, labels={})
    with pytest.raises(InvalidInput, match="node_labels only"):
        join_options.kubelet_flags({"node-labels": "a=b"}, labels={"a": "b"})
