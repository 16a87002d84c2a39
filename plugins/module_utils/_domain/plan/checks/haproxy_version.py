# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A haproxy that is there and cannot load the role's configuration."""

from __future__ import annotations

import re
import typing as t

from ...base.problem import Problem

if t.TYPE_CHECKING:
    from ...host.host import Host

#: The oldest haproxy that loads the role's configuration: ``ssl-load-extra-files`` for servers came with it.
OLDEST_HAPROXY = (2, 4)


def problems(host: Host) -> t.Iterator[Problem]:
    """It is too old."""
    text = host.report.haproxy_version
    found = re.match(r"(\d+)\.(\d+)", text)
    if found is not None and (int(found.group(1)), int(found.group(2))) < OLDEST_HAPROXY:
        oldest = ".".join(map(str, OLDEST_HAPROXY))
        yield Problem(
            host.name,
            f"{host.name} has haproxy {text}, which cannot load the configuration of the load balancer: install "
            f"{oldest} or later on it (the distribution's backports have one), or use another host.",
        )


__all__ = ("OLDEST_HAPROXY", "problems")
