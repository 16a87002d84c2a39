# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plays of a playbook of the collection, those of the pages that it imports in their places."""

from __future__ import annotations

import typing as t

import yaml

from .environment import ROOT

_IMPORT = "ansible.builtin.import_playbook"


def plays_of(name: str) -> list[dict[str, t.Any]]:
    """The plays of ``playbooks/<name>.yml`` in their order."""
    found: list[dict[str, t.Any]] = []
    for item in yaml.safe_load((ROOT / "playbooks" / f"{name}.yml").read_text(encoding="utf-8")):
        page = item.get(_IMPORT)
        found += [item] if page is None else plays_of(page.removesuffix(".yml"))
    return found


__all__ = ("plays_of",)
