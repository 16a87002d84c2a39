# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several things in a sentence."""

from __future__ import annotations

import typing as t


def listed(texts: t.Sequence[str]) -> str:
    """``a, b and c`` of one text at least."""
    return " and ".join(text for text in (", ".join(texts[:-1]), texts[-1]) if text)


def listed_some(texts: t.Sequence[str], most: int) -> str:
    """``a, b and 3 more``, of no more than so many by name."""
    more = f" and {len(texts) - most} more" if len(texts) > most else ""
    return f"{listed(texts[:most])}{more}"


def beginning(texts: t.Sequence[str], most: int) -> str:
    """``a, b and more``, of no more than so many by name."""
    return f"{', '.join(texts[:most])}{' and more' if len(texts) > most else ''}"


__all__ = ("beginning", "listed", "listed_some")
