# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of argument specifications; that they are documented as they are is held for each module that has them."""

from __future__ import annotations

from ansible_collections.kubeadm.ha.plugins.doc_fragments import control_plane
from ansible_collections.kubeadm.ha.plugins.module_utils import _options
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host import certificates_dir


def test_every_part_has_a_section_of_its_name() -> None:
    sections = {name for name in vars(control_plane.ModuleDocFragment) if name.isupper()}
    assert sections | {"KUBECONFIG"} == set(_options.__all__)


def test_an_option_is_in_one_part_only() -> None:
    names = [name for part in _options.__all__ for name in getattr(_options, part)]
    assert sorted(set(names)) == sorted(names)


def test_the_default_is_where_the_certificates_are_searched_for() -> None:
    assert _options.FILES["kubernetes_dir"]["default"] == certificates_dir.KUBERNETES_DIR
