# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The port of an API server by its flags."""

from __future__ import annotations

import typing as t

from ..base.address import DEFAULT_API_PORT

_LARGEST_PORT = 65535


def port_of(flags: t.Mapping[str, str]) -> int:
    """The port of an API server with these flags; the default one where the flag does not say, which is reported."""
    text = str(flags.get("secure-port") or DEFAULT_API_PORT)
    return int(text) if is_port(text) else DEFAULT_API_PORT


def is_port(text: str) -> bool:
    """Whether a flag's value is a port."""
    return text.isascii() and text.isdigit() and 0 < int(text) <= _LARGEST_PORT


__all__ = ("is_port", "port_of")
