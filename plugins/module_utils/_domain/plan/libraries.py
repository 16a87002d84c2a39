# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Python libraries the modules of a plan import on which hosts.

A host of a cluster has what kubeadm brings, and most have openssl; packages are installed only where neither does. PyYAML is needed
where YAML is written, or read in a layout that is not kubeadm's own, and cryptography where certificates are judged or made.
"""

from __future__ import annotations

import typing as t

from ..kubeadm.join_traces import KUBERNETES
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG
from .checks import control_plane_parity
from .kubeconfig_edits import is_of_a_host

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .entry import Entry
    from .situation import Situation

YAML, CRYPTOGRAPHY = "yaml", "cryptography"
#: Both, in the order in which they are shown.
LIBRARIES = (YAML, CRYPTOGRAPHY)

_Needed = t.Iterator[t.Tuple[str, str]]


def needed(situation: Situation, entries: t.Sequence[Entry]) -> dict[str, set[str]]:
    """The libraries by the inventory name of the host."""
    found: dict[str, set[str]] = {}
    for part in (_of_certificates, _of_cluster_objects, _of_kubeconfigs, _of_resets, _of_joins, _of_load_balancers):
        for host, library in part(situation, entries):
            found.setdefault(host, set()).add(library)
    return found


def _of_certificates(situation: Situation, entries: t.Sequence[Entry]) -> _Needed:
    """kubeadm_certificate writes kubeadm's configuration and judges what kubeadm has issued."""
    del situation
    for entry in entries:
        if entry.step in ("repair", "certify") and entry.change.object.startswith("certificate "):
            yield from ((entry.host, library) for library in LIBRARIES)


def _of_cluster_objects(situation: Situation, entries: t.Sequence[Entry]) -> _Needed:
    """kubeadm_cluster_config and control_plane_endpoint write YAML into ConfigMaps, and compare kube-proxy's with its pods."""
    del situation
    for entry in entries:
        if entry.step == "point" and not is_of_a_host(entry.change):
            yield entry.host, YAML


def _of_kubeconfigs(situation: Situation, entries: t.Sequence[Entry]) -> _Needed:
    """kubeconfig_cluster edits them, and kubelet_lease_info reads the kubelet's and its certificate on every node."""
    for name in dict.fromkeys(entry.host for entry in entries if entry.step == "point"):
        host = situation.hosts[name]
        paths = {edit.path for edit in situation.kubeconfig_edits[name]}
        if situation.joined([name]):
            paths.add(KUBELET_KUBECONFIG)
            yield from _of_identities(host)
        if not paths <= host.plain_kubeconfigs:
            yield name, YAML


def _of_resets(situation: Situation, entries: t.Sequence[Entry]) -> _Needed:
    """kubeadm_reset reads each of Kubernetes' own kubeconfigs, which the situation has no more: it is the one after the resets."""
    del entries
    for host in (reset.host for reset in situation.resets):
        yield from _of_identities(host)
        own = {item.path for item in host.report.kubeconfigs if item.path.startswith(f"{KUBERNETES}/")}
        if not own <= host.plain_kubeconfigs:
            yield host.name, YAML


def _of_joins(situation: Situation, entries: t.Sequence[Entry]) -> _Needed:
    """The serving control plane makes the join command; what it has of files for control planes travels sealed."""
    joining = dict.fromkeys(entry.host for entry in entries if entry.step == "join")
    carried = bool(control_plane_parity.files_of(situation.serving_control_plane))
    for name in joining:
        host = situation.hosts[name]
        yield from ((situation.serving_control_plane.name, library) for library in LIBRARIES)
        yield from _of_identities(host)
        if KUBELET_KUBECONFIG in host.kubeconfigs and KUBELET_KUBECONFIG not in host.plain_kubeconfigs:
            yield name, YAML
        if carried and name in situation.desired.control_planes:
            yield name, CRYPTOGRAPHY


def _of_load_balancers(situation: Situation, entries: t.Sequence[Entry]) -> _Needed:
    """The serving control plane signs the client certificates of load balancers' checks."""
    del entries
    for name, balancer in situation.balancers.items():
        if balancer.needs_cryptography:
            yield from ((host, CRYPTOGRAPHY) for host in (name, situation.serving_control_plane.name))


def _of_identities(host: Host) -> _Needed:
    if not host.has_openssl:
        yield host.name, CRYPTOGRAPHY


__all__ = ("CRYPTOGRAPHY", "LIBRARIES", "needed")
