# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kubeconfigs of administrators, ``~/.kube/config``, on every host."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import Endpoint, same_server
from ..base.problem import Problem
from ..kubeconfig import kubeconfig

if t.TYPE_CHECKING:
    from ..base.change import Change
    from ..host.host import Host
    from ..kubeconfig.document import Kubeconfig
    from .desired import Desired

#: Below each home directory.
USER_KUBECONFIG = "/.kube/config"


@dataclasses.dataclass(frozen=True)
class Edit:
    """One cluster entry of a kubeconfig file that must name another server.

    Attributes:
        path: the file.
        server: URL that it must name.
        cluster: name of the entry; ``None`` is that of the current context.
        change: the same as a change.
    """

    path: str
    server: str
    cluster: str | None
    change: Change

    def as_dict(self) -> dict[str, str]:
        """What the module kubeconfig_cluster is given; ``cluster`` only where one is named."""
        cluster = {} if self.cluster is None else {"cluster": self.cluster}
        return {"path": self.path, "server": self.server, **cluster}


def user_edits(host: Host, endpoint: Endpoint, old: t.AbstractSet[Endpoint]) -> t.Iterator[Edit]:
    """The entries of users' kubeconfigs on a host that name an old endpoint of this cluster.

    Other entries of a file are other clusters' and stay, whichever is the current one.
    """
    for path, found in host.kubeconfigs.items():
        if found is None or not path.endswith(USER_KUBECONFIG):
            continue
        for name in _entries(found, old):
            change = kubeconfig.decide_server(found, path=path, server=endpoint.url, cluster=name)
            if change is not None:
                yield Edit(path, endpoint.url, name, change)


def problems(desired: Desired, hosts: t.Mapping[str, Host]) -> t.Iterator[Problem]:
    """Administrators that no host has, as far as every host was seen."""
    if not all(name in hosts for name in (*desired.nodes, *desired.load_balancers)):
        return
    known = {user for host in hosts.values() for user in host.report.users}
    for user in sorted(desired.admin_users - known):
        yield Problem(
            "kubeadm_ha_admin_users",
            f"kubeadm_ha_admin_users names {user}, but no host of the inventory has such a user: correct the name, or "
            "take it out.",
        )


def _entries(found: Kubeconfig, old: t.AbstractSet[Endpoint]) -> t.Iterator[str]:
    """Names of the cluster entries whose server is one of the endpoints; ambiguous names are left out."""
    names = [entry.name for entry in found.clusters]
    for entry in found.clusters:
        server = str(entry.text("server"))
        if names.count(entry.name) == 1 and any(same_server(server, endpoint.url) for endpoint in old):
            yield entry.name


__all__ = ("USER_KUBECONFIG", "Edit", "problems", "user_edits")
