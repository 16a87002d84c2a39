# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible takes for a boolean (``ansible.module_utils.parsing.convert_bool``)."""

from __future__ import annotations

_TRUE = frozenset({"y", "yes", "on", "1", "true", "t"})
_FALSE = frozenset({"n", "no", "off", "0", "false", "f"})


def boolean(text: str) -> bool | None:
    """The boolean that a text is, ``None`` when it is none."""
    word = text.lower()
    return word in _TRUE if word in _TRUE | _FALSE else None


__all__ = ("boolean",)
