# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server's refusals say, whichever client has asked."""

from __future__ import annotations

import http.client
import json

from ..._domain.base.errors import ApiConflict, ApiError


def refusal(code: int, body: str, *, phrase: str, what: str, kubeconfig: str) -> ApiError:
    """The error of a request that the API server answered with a failure.

    Args:
        code: HTTP status code.
        body: the answer's body, in most cases a Status object.
        phrase: the reason where the body reports none.
        what: what was asked for, for the message.
        kubeconfig: with which it was asked.
    """
    reason, message = _status(body, phrase)
    if code == http.client.CONFLICT:
        return ApiConflict(f"The API server did not {what}: {message}", reason=reason)
    return ApiError(
        f"The API server refused to {what}: {message} (the option kubeconfig, now {kubeconfig}, must name a "
        "kubeconfig with the right to do so)",
        reason=reason,
    )


def _status(body: str, phrase: str) -> tuple[str, str]:
    """Reason and message of the API's Status object."""
    try:
        status = json.loads(body)
    except ValueError:
        status = None
    if not isinstance(status, dict):
        return phrase, body.strip() or phrase
    return str(status.get("reason", phrase)), str(status.get("message", phrase))


__all__ = ("refusal",)
