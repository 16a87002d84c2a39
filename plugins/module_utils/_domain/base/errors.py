# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Errors that the collection reports to its user."""

from __future__ import annotations

import typing as t


class KubeadmHaError(Exception):
    """Something that stops the task, named in one sentence: what failed, on what, and what to do.

    ``details`` are added to the failed result as structured values. They never hold secrets.
    """

    def __init__(self, message: str, **details: t.Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class InvalidInput(KubeadmHaError):
    """An input that cannot be used. The message names the option or variable and the remedy."""


class MalformedReport(KubeadmHaError):
    """A report that another version made, or that something has changed on its way. The message names it and the key."""


class UnsupportedState(KubeadmHaError):
    """A host or a cluster in a state that this collection must not change."""


class CommandFailed(KubeadmHaError):
    """A command ended with an error, or was not found."""


class ApiError(KubeadmHaError):
    """The Kubernetes API refused a request or could not be reached."""


class ApiConflict(ApiError):
    """An object was changed by somebody else between our read and our write (HTTP 409)."""


class UnknownKind(ApiError):
    """The API server does not serve the kind of an object, or not yet."""


class NotProved(KubeadmHaError):
    """A change was made, but its effect could not be shown in time; the message says what was undone."""


class LibraryMissing(KubeadmHaError):
    """This host needs a Python library for it, and does not have it."""

    def __init__(self, message: str, *, library: str) -> None:
        super().__init__(message)
        self.library = library


__all__ = (
    "ApiConflict",
    "ApiError",
    "CommandFailed",
    "InvalidInput",
    "KubeadmHaError",
    "LibraryMissing",
    "MalformedReport",
    "NotProved",
    "UnknownKind",
    "UnsupportedState",
)
