# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a report that cannot be read. No text of it is shown: it may be secret."""

from __future__ import annotations

import typing as t

from .errors import MalformedReport

_LONGEST = 40


def missing(whose: str, path: str) -> MalformedReport:
    """The error for a key that must be there.

    Args:
        whose: what was inspected, as the beginning of a sentence: ``The report of the cluster``.
        path: where the key is in the report.
    """
    return _malformed(whose, f"{path} is missing")


def of_another_kind(whose: str, path: str, found: t.Any, wanted: str) -> MalformedReport:
    """The error for something else than what must be there.

    Args:
        whose: as in :func:`missing`.
        path: where it is in the report, empty for the report itself.
        found: what is there.
        wanted: what should be there: ``a list``.
    """
    return _malformed(whose, f"{path or 'it'} is {_kind_of(found)} and not {wanted}")


def _malformed(whose: str, fault: str) -> MalformedReport:
    return MalformedReport(
        f"{whose} cannot be understood, because {fault}: run again with one version of kubeadm.ha everywhere, and please "
        "report it if that does not help."
    )


def _kind_of(found: t.Any) -> str:
    if found is None:
        return "empty"
    if isinstance(found, (bool, int, float)):
        number = str(found).lower()
        return number if len(number) <= _LONGEST else f"{number[: _LONGEST - 3]}..."
    kinds: t.Sequence[tuple[t.Any, str]] = ((str, "a text"), ((list, tuple), "a list"), (t.Mapping, "a mapping"))
    return next((name for kind, name in kinds if isinstance(found, kind)), type(found).__name__)


__all__ = ("missing", "of_another_kind")
