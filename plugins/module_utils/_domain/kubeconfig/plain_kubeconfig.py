# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a kubeconfig is laid out so plainly that no library is needed to read and to edit it, as kubeadm writes them."""

from __future__ import annotations

from ..base import plain_yaml, plain_yaml_edit
from ..base.errors import InvalidInput

_ANOTHER_SERVER = "https://kubeadm-ha.invalid:6443"


def is_plain(text: str) -> bool:
    """Whether the server of every cluster in it can be set without a library."""
    try:
        count = len(plain_yaml.load(text)["clusters"])
        paths = [("clusters", index, "cluster", "server") for index in range(count)]
        plain_yaml_edit.with_scalars(text, paths, _ANOTHER_SERVER)
    except (InvalidInput, KeyError, TypeError):
        return False
    return True


__all__ = ("is_plain",)
