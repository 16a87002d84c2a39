# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Directives of nginx by crossplane, nginx's own parser for Python. Controller only."""

from __future__ import annotations

import typing as t

from ..._domain.base.errors import InvalidInput, LibraryMissing
from ..._domain.load_balancer_lint.nginx_reader import Directive
from ..host.commands import HostCommands

try:
    import crossplane
except ImportError:
    crossplane = None


def parse(path: str, text: str) -> tuple[Directive, ...]:
    """The directives of a configuration. Files that it includes are not read.

    Args:
        path: for messages and places.
        text: of the configuration.

    Raises:
        LibraryMissing: without crossplane.
        InvalidInput: naming file and line, where nginx would not load it.
    """
    if crossplane is None:
        raise LibraryMissing(
            f"{path} is a configuration of nginx, and the Python package crossplane that reads it is not installed on the controller: "
            "install it for Ansible's Python, for example by: python3 -m pip install crossplane",
            library="crossplane",
        )
    with HostCommands().in_memory_file(text) as held:
        # It checks neither arguments nor contexts: its list of directives is older than today's nginx.
        payload = crossplane.parse(held, single=True, check_ctx=False, check_args=False)
    for error in payload["errors"]:
        reason = str(error["error"]).replace(held, path)
        raise InvalidInput(
            f"{path}: nginx would not load this: {reason}. Correct it; `nginx -t` says the same on its host."
        )
    return _directives(path, payload["config"][0]["parsed"])


def _directives(path: str, parsed: t.Sequence[t.Mapping[str, t.Any]]) -> tuple[Directive, ...]:
    return tuple(
        Directive(
            str(each["directive"]),
            tuple(map(str, each["args"])),
            f"{path}:{each['line']}",
            _directives(path, each["block"]) if "block" in each else None,
        )
        for each in parsed
    )


__all__ = ("parse",)
