# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Readers of values; :mod:`test_inputs` has the table of all variables."""

from __future__ import annotations

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import input_values


def test_plain_yaml_values_are_what_the_table_takes() -> None:
    """The spellings of an inventory, as YAML reads them."""
    read = PyYaml().load("{a: 25%, b: 3, c: yes, d: no, e: 6443, f: '0640'}")
    assert input_values.parse_batch(read["a"]) == ["25%"]
    assert input_values.parse_batch(read["b"]) == [3]
    assert input_values.parse_bool(read["c"]) is True
    assert input_values.parse_bool(read["d"]) is False
    assert input_values.parse_port(read["e"]) == 6443
    assert input_values.parse_port(read["f"]) == 640
