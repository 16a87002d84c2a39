# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several things in a sentence."""

from __future__ import annotations

import typing as t


def listed(texts: t.Sequence[str]) -> str:
    """``a, b and c`` of one text at least."""
    return " and ".join(text for text in (", ".join(texts[:-1]), texts[-1]) if text)


__all__ = ("listed",)
