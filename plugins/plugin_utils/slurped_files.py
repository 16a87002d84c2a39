# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of load balancers as ``ansible.builtin.slurp`` has read them on hosts."""

from __future__ import annotations

import base64
import binascii
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.lint import ConfigurationFile


def configurations(hosts: t.Mapping[str, t.Sequence[t.Mapping[str, t.Any]] | None]) -> list[ConfigurationFile]:
    """The files; results without a content, such as of a file that is gone, are passed over.

    Args:
        hosts: results of the module by inventory name.

    Raises:
        InvalidInput: for what is no result of it.
    """
    return [_file(str(host), each) for host, results in hosts.items() for each in results or () if "content" in each]


def _file(host: str, slurped: t.Mapping[str, t.Any]) -> ConfigurationFile:
    path = str(slurped.get("source", slurped.get("item", "")))
    try:
        text = base64.b64decode(slurped["content"], validate=True).decode("utf-8", "replace")
    except (binascii.Error, TypeError, ValueError):
        raise InvalidInput(
            f"hosts: what was read of {path} on {host} is no result of ansible.builtin.slurp: give that."
        ) from None
    return ConfigurationFile(host, path, "", text)


__all__ = ("configurations",)
