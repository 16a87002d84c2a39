# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The members of etcd that the arguments of an API server name."""

from __future__ import annotations

import typing as t

from ..base.etcd_url import EtcdUrl, urls_of

if t.TYPE_CHECKING:
    from ..base.address import Endpoint

DEFAULT_PORT = 2379


def endpoints(arguments: t.Mapping[str, t.Sequence[str]]) -> tuple[Endpoint, ...]:
    """Addresses or names, and ports; sockets of the host itself are left out.

    ``--etcd-servers`` adds up. ``--etcd-servers-overrides`` has ``GROUP/RESOURCE#URL;URL`` with commas between.
    """
    urls = [url for value in arguments.get("etcd-servers", ()) for url in urls_of(value)]
    for value in arguments.get("etcd-servers-overrides", ()):
        urls += [url for override in value.split(",") for url in override.partition("#")[2].split(";")]
    return tuple(dict.fromkeys(found for found in map(_endpoint, urls) if found is not None))


def _endpoint(url: str) -> Endpoint | None:
    found = EtcdUrl.parse(url)
    return None if found is None else found.endpoint(default_port=DEFAULT_PORT)


__all__ = ("DEFAULT_PORT", "endpoints")
