# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The step *init* of a new cluster: its certificate authorities, then its first control plane."""

from __future__ import annotations

import dataclasses
import typing as t

from ....base.change import Change
from ....kubeadm.init import authorities_change, init_change
from ....pki.authorities import authorities_of
from ...entry import Entry
from ...step import Step
from ...user_kubeconfigs import USER_KUBECONFIG

if t.TYPE_CHECKING:
    from ....host.host import Host
    from ..creation import Creation


@dataclasses.dataclass(frozen=True)
class Record:
    """What the role control_plane_init is given.

    Attributes:
        endpoint: the cluster's control plane endpoint.
        node_name: name that the Node shall have.
        advertise_address: of the API server.
        bind_port: its port.
        kubernetes_version: of the cluster.
        sans: SANs of the API server's certificate.
        etcd_sans: SANs of the certificates of etcd.
        pod_subnet: of pods; of two address families with a comma between.
        service_subnet: of Services, likewise.
        dns_domain: the cluster's.
        external_etcd: etcd that kubeadm does not run, as control_plane_init takes it; empty where it runs it.
        image_repository: where Kubernetes' images come from.
        cri_socket: the container runtime's socket, empty where kubeadm finds the only one.
        admin_users: users of this host who get an administrator's kubeconfig where they have none.
    """

    endpoint: str
    node_name: str
    advertise_address: str
    bind_port: int
    kubernetes_version: str
    sans: tuple[str, ...]
    etcd_sans: tuple[str, ...]
    pod_subnet: str
    service_subnet: str
    dns_domain: str
    external_etcd: t.Mapping[str, t.Any]
    image_repository: str
    cri_socket: str
    admin_users: tuple[str, ...]


class Init(Step["Creation"]):
    """Authorities come first: load balancers verify API servers with them, and ``kubeadm init`` ends through the endpoint."""

    name = "init"

    def entries(self, situation: Creation, others: t.Sequence[Entry]) -> t.Iterator[Entry]:
        """Both, as far as they are not there."""
        del others
        first = situation.first
        if not situation.has_authorities:
            wanted = authorities_of(has_stacked_etcd=not situation.desired.etcd_hosts)
            yield Entry(first.name, self.name, authorities_change((), wanted, is_begun=False))
        is_begun = situation.has_authorities and bool(first.manifests)
        yield Entry(
            first.name, self.name, init_change(first.node_name, str(situation.desired.endpoint), is_begun=is_begun)
        )
        for user in record(situation, first).admin_users:
            home = "/root" if user == "root" else f"/home/{user}"
            if f"{home}{USER_KUBECONFIG}" not in first.kubeconfigs:
                given = Change(
                    f"kubeconfig of {user}", None, "an administrator's", "kubectl works for the user at once"
                )
                yield Entry(first.name, self.name, given)

    def groups(self, situation: Creation, entries: t.Sequence[Entry]) -> t.Mapping[str, t.Sequence[str]]:
        """The play of the stage."""
        del entries
        return {"init" if situation.has_authorities else "authorities": [situation.first.name]}

    def record(self, situation: Creation, host: Host) -> Record:
        """How the first control plane begins."""
        return record(situation, host)


def record(creation: Creation, first: Host) -> Record:
    """What the first control plane is given.

    Args:
        creation: what was found.
        first: the host.
    """
    cluster = creation.desired.cluster
    return Record(
        endpoint=str(creation.desired.endpoint),
        node_name=first.node_name,
        advertise_address=creation.server.host,
        bind_port=creation.server.port,
        kubernetes_version=str(cluster.version),
        sans=creation.sans,
        etcd_sans=creation.etcd_sans,
        pod_subnet=",".join(cluster.pod_subnets),
        service_subnet=",".join(cluster.service_subnets),
        dns_domain=cluster.dns_domain,
        external_etcd=creation.external_etcd,
        image_repository=cluster.image_repository,
        cri_socket=first.wanted_cri_socket,
        admin_users=tuple(sorted(creation.desired.admin_users & set(first.report.users))),
    )


__all__ = ("Init", "Record", "record")
