# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of etcd that the arguments of an API server name."""

from __future__ import annotations

import re
import typing as t

from ..base.address import Endpoint
from ..base.errors import InvalidInput

DEFAULT_PORT = 2379
_SCHEME = re.compile(r"^https?://")


def endpoints(arguments: t.Mapping[str, t.Sequence[str]]) -> tuple[Endpoint, ...]:
    """Addresses or names, and ports; sockets of the host itself are left out.

    ``--etcd-servers`` adds up. ``--etcd-servers-overrides`` has ``GROUP/RESOURCE#URL;URL`` with commas between.
    """
    urls = [url for value in arguments.get("etcd-servers", ()) for url in value.split(",")]
    for value in arguments.get("etcd-servers-overrides", ()):
        urls += [url for override in value.split(",") for url in override.partition("#")[2].split(";")]
    return tuple(dict.fromkeys(found for found in map(_endpoint, urls) if found is not None))


def _endpoint(url: str) -> Endpoint | None:
    text, is_url = _SCHEME.subn("", url.strip().rstrip("/"))
    try:
        return Endpoint.parse(text, default_port=DEFAULT_PORT) if is_url else None
    except InvalidInput:
        return None


__all__ = ("DEFAULT_PORT", "endpoints")
