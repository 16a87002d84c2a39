# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Findings about the members of etcd, its quorum and its data."""

from __future__ import annotations

import collections
import typing as t

from ..base.address import is_loopback
from ..base.addresses_in_text import addresses_in, is_of_a_host
from ..component import etcd_settings
from ..etcd import quorum_guard
from ..etcd.etcd import EtcdCluster
from . import kinds
from .audit_finding import found
from .audit_input import API_SERVER, ETCD

if t.TYPE_CHECKING:
    from ..etcd.etcd import Member
    from ..etcd.report import EtcdReport
    from .audit_finding import AuditFinding
    from .audit_input import AuditInput

#: etcd's own default of --quota-backend-bytes, and the share of it from which a database is reported.
_QUOTA = 2 * 1024**3
_NEARLY = 0.8
_MIB = 1024 * 1024
_JOIN = "add control planes to the group kube_control_plane and run kubeadm.ha.site (step join)"
_ADD = "add members on further hosts (etcdctl member add) and name all of them in --etcd-servers of every API server"


def find(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """Every finding about etcd."""
    if audit.etcd is not None:
        yield from _quorum(audit, audit.etcd)
        yield from _members(audit, audit.etcd)
        yield from _database(audit, audit.etcd)
        yield from _urls(audit, audit.etcd)
    yield from _files(audit)
    yield from _servers(audit)


def _quorum(audit: AuditInput, etcd: EtcdReport) -> t.Iterator[AuditFinding]:
    state = EtcdCluster(etcd.members, etcd.alarms)
    quorum, shown = state.quorum, quorum_guard.described(state.quorum)
    places = {member.id: audit.place_of(member) for member in state.voters}
    healthy = [places[member.id] for member in state.voters if member.is_healthy]
    if not quorum.voters:
        return
    if not quorum.is_there:
        yield found(
            kinds.ETCD_NO_QUORUM,
            ETCD,
            f"etcd does not work: {shown}.",
            *(_state(member, places) for member in state.voters),
            remedy="Bring members back (journalctl, crictl logs on their hosts). When their data is lost, "
            + (
                "kubeadm.ha.restore brings it back from a backup."
                if _is_stacked(audit)
                else "the README of the role kubeadm.ha.cluster_backup says how it comes back from a backup."
            ),
        )
        return
    if state.leader is None:
        yield found(
            kinds.ETCD_NO_LEADER,
            ETCD,
            "The healthy members name different leaders, or none.",
            *(f"{member.name}: raft term {member.raft_term}" for member in state.voters if member.is_healthy),
            remedy="Read the logs of the members: slow disks and lost packets cost elections (etcdctl endpoint status --cluster).",
        )
    if not quorum.tolerance:
        yield found(
            kinds.ETCD_NO_TOLERANCE,
            ETCD,
            f"etcd stops with the next member that is lost: {shown}.",
            *(_state(member, places) for member in state.voters),
            remedy=f"Mend the members that fail first; with fewer than three voters, {_JOIN if _is_stacked(audit) else _ADD}.",
            lost_with=healthy,
        )
    counts = collections.Counter(healthy)
    for place, count in counts.items():
        if quorum.tolerance and quorum.healthy_voters - count < quorum.needed:
            yield found(
                kinds.ETCD_SHARED_HOST,
                place,
                f"{place} carries {count} of {quorum.voters} voters; without them {quorum.healthy_voters - count} are left, of which "
                f"{quorum.needed} are needed.",
                *(_state(member, places) for member in state.voters if places[member.id] == place),
                remedy="Let each member run on a host of its own: add members elsewhere, then remove these (etcdctl member remove).",
                lost_with=[place],
            )
    if quorum.tolerance and quorum.voters % 2 == 0:
        yield found(
            kinds.ETCD_EVEN,
            ETCD,
            f"etcd has {quorum.voters} voters: {shown}.",
            *(_state(member, places) for member in state.voters),
            remedy=(
                "Add one more control plane, or remove one (kubeadm.ha.remove_node)."
                if _is_stacked(audit)
                else f"{_ADD[0].upper()}{_ADD[1:]} until their number is odd, or take one out (etcdctl member remove)."
            ),
        )


def _is_stacked(audit: AuditInput) -> bool:
    """Whether members come and go with control planes of kubeadm."""
    return any(ETCD in item.host.manifests for item in audit.control_planes.values())


def _state(member: Member, places: t.Mapping[str, str]) -> str:
    state = "healthy" if member.is_healthy else member.problem or "not healthy"
    return f"{member.name or 'member ' + member.id} on {places.get(member.id, 'no known host')}: {state}"


def _members(audit: AuditInput, etcd: EtcdReport) -> t.Iterator[AuditFinding]:
    for member in etcd.members:
        place, shown = audit.place_of(member), member.name or f"member {member.id}"
        urls = (f"peer URLs {', '.join(member.peer_urls) or 'none'}", f"id {member.id}")
        remove = f"If it shall not come back: etcdctl member remove {member.id}."
        if not member.is_started:
            yield found(
                kinds.ETCD_MEMBER_NOT_STARTED,
                place,
                f"{shown} was added and has never started.",
                *urls,
                remedy=f"Run kubeadm.ha.site again, which ends the join or takes the member out. {remove}",
            )
        elif not member.is_healthy:
            yield found(
                kinds.ETCD_MEMBER_UNHEALTHY,
                place,
                f"{shown} is not healthy.",
                member.problem or "no answer",
                *urls,
                remedy=f"Read its log on {place} (crictl logs, journalctl -u etcd). {remove}",
            )
        if member.is_learner:
            yield found(
                kinds.ETCD_LEARNER,
                place,
                f"{shown} has no vote.",
                *urls,
                remedy=f"Promote it when it is in step (etcdctl member promote {member.id}), or run kubeadm.ha.site again.",
            )
    for alarm in etcd.alarms:
        yield found(
            kinds.ETCD_ALARM,
            ETCD,
            f"etcd has the {alarm}.",
            alarm,
            remedy="NOSPACE: etcdctl compact, etcdctl defrag on each member, then etcdctl alarm disarm. CORRUPT: take the member out and "
            "add it anew.",
        )
    versions = {member.name: member.version for member in etcd.members if member.version}
    if len(set(versions.values())) > 1:
        yield found(
            kinds.ETCD_VERSIONS_DIFFER,
            ETCD,
            f"Members have the versions {', '.join(sorted(set(map(str, versions.values()))))}.",
            *(f"{name}: {version}" for name, version in sorted(versions.items())),
            remedy="End the upgrade: kubeadm upgrade node on each control plane, or the same image or package everywhere.",
        )


def _database(audit: AuditInput, etcd: EtcdReport) -> t.Iterator[AuditFinding]:
    for member in etcd.members:
        host = audit.control_planes.get(audit.place_of(member))
        given = host.flags_of(ETCD).get("quota-backend-bytes", "") if host is not None else ""
        quota = int(given) if given.isascii() and given.isdigit() and int(given) else _QUOTA
        if member.db_size is not None and member.db_size >= quota * _NEARLY:
            yield found(
                kinds.ETCD_NEAR_QUOTA,
                audit.place_of(member),
                f"The database of {member.name} has {member.db_size // _MIB} MiB of {quota // _MIB} MiB.",
                f"--quota-backend-bytes={given or 'not set'}",
                remedy="Defragment the members one by one (etcdctl defrag), find what fills it (events, leases), or raise "
                "--quota-backend-bytes up to 8 GiB.",
            )


def _urls(audit: AuditInput, etcd: EtcdReport) -> t.Iterator[AuditFinding]:
    known = set(audit.owners)
    names = {host.node_name for host in audit.hosts.values()} | set(audit.cluster.nodes if audit.cluster else ())
    for member in etcd.members:
        shown = member.name or f"member {member.id}"
        host = audit.hosts.get(audit.host_of_node.get(member.name, ""))
        addresses = [item for url in member.peer_urls for item in addresses_in(url)]
        wrong = [
            item for item in addresses if not is_of_a_host(item) or (host is not None and not host.has_address(item))
        ]
        if wrong:
            yield found(
                kinds.ETCD_PEER_URL,
                host.name if host is not None else shown,
                f"etcd's record of {shown} has {', '.join(wrong)}, which is not where it is.",
                *(f"peer URL {url}" for url in member.peer_urls),
                remedy=f"etcdctl member update {member.id} --peer-urls=https://ADDRESS:2380, with its host's own address.",
            )
        is_stacked = audit.cluster is not None and not audit.is_external_etcd and bool(audit.cluster.configuration)
        if is_stacked and member.name and member.name not in names and not set(addresses) & known:
            yield found(
                kinds.ETCD_STALE_MEMBER,
                shown,
                f"{shown} has the name of no node and the address of no host that was inspected.",
                *(f"peer URL {url}" for url in member.peer_urls),
                remedy=f"When its host is gone for good: kubeadm.ha.site with kubeadm_ha_lost_nodes: [{member.name}].",
            )


def _files(audit: AuditInput) -> t.Iterator[AuditFinding]:
    for name, item in audit.control_planes.items():
        facts = item.host.report.audit
        if facts is not None and facts.etcd_mount == "/":
            yield found(
                kinds.ETCD_SHARED_DISK,
                name,
                f"The data of etcd on {name} is on the root file system.",
                f"mount point {facts.etcd_mount}",
                remedy="Give /var/lib/etcd a file system, better a disk, of its own when the host is next replaced.",
            )
        flags = item.flags_of(ETCD)
        # What a file of settings says is not read.
        if (
            flags
            and etcd_settings.FILE not in flags
            and (flags.get("client-cert-auth") != "true" or _plain(flags.get("listen-client-urls", "")))
        ):
            yield found(
                kinds.ETCD_WITHOUT_TLS,
                name,
                f"etcd on {name} takes clients without a certificate.",
                f"--client-cert-auth={flags.get('client-cert-auth', 'not set')}",
                f"--listen-client-urls={flags.get('listen-client-urls', 'not set')}",
                remedy="Give etcd --client-cert-auth=true, --trusted-ca-file, --cert-file and --key-file, and https URLs.",
            )


def _plain(urls: str) -> bool:
    """Whether one of the URLs is without TLS and reached by others."""
    plain = [url for url in urls.split(",") if url.strip().startswith("http://")]
    addresses = [item for url in plain for item in addresses_in(url)]
    return not all(map(is_loopback, addresses))


def _servers(audit: AuditInput) -> t.Iterator[AuditFinding]:
    """How API servers reach etcd that is not beside them."""
    for name, item in audit.control_planes.items():
        servers = [url for url in item.flags_of(API_SERVER).get("etcd-servers", "").split(",") if url]
        access = item.host.etcd_access
        objection = access.objection(name) if access is not None else None
        plain = [url for url in servers if url.startswith("http://")]
        if objection or plain:
            yield found(
                kinds.ETCD_WITHOUT_TLS,
                name,
                f"The API server of {name} reaches etcd without TLS and a client certificate.",
                f"--etcd-servers={','.join(servers)}",
                remedy="Secure etcd, then name https URLs, --etcd-cafile, --etcd-certfile and --etcd-keyfile to the API server.",
            )
        others = [url for url in servers for address in addresses_in(url) if is_of_a_host(address)]
        is_own = any(item.host.has_address(address) for url in servers for address in addresses_in(url))
        if len(servers) == 1 and others and not is_own:
            yield found(
                kinds.ETCD_ONE_SERVER,
                name,
                f"The API server of {name} knows {servers[0]} alone.",
                f"--etcd-servers={servers[0]}",
                remedy="Name every member in --etcd-servers, in the manifest or unit and in etcd.external.endpoints of kubeadm-config.",
            )


__all__ = ("find",)
