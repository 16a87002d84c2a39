# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts that shall be masters and belong to another cluster, or to this one with other keys."""

from __future__ import annotations

import typing as t

from ...base.address import canonical_ip, same_server
from ...base.enumeration import listed
from ...base.problem import Problem
from ...binary import etcd_endpoints, extension, needs

if t.TYPE_CHECKING:
    from .scaling import Scaling

_API_SERVER = "kube-apiserver"
_REMEDY = "Take it out of the inventory, or remove that cluster from the host first"


def problems(scaling: Scaling) -> t.Iterator[Problem]:
    """One for each host at most."""
    for name in scaling.targets:
        found = next(_objections(scaling, name), None)
        if found is not None:
            yield Problem(name, found)


def _objections(scaling: Scaling, name: str) -> t.Iterator[str]:
    source = scaling.source
    begin = f"{name} runs an API server of another cluster than {source}"
    own, other = scaling.authority_keys.get(source), scaling.authority_keys.get(name)
    if own and other and own != other:
        yield f"{begin}: another CA has issued its certificate. {_REMEDY}."
    members, others = _members(scaling, source), _members(scaling, name)
    if members and others and not members & others:
        yield f"{begin}: its --etcd-servers names {listed(sorted(others))}. {_REMEDY}."
    keys, other_keys = _keys(scaling, source), _keys(scaling, name)
    if keys and other_keys and set(keys.values()) != set(other_keys.values()):
        yield (
            f"{begin}, or one of this cluster with another service account key: what --service-account-key-file names differs "
            f"({listed(sorted(other_keys))}; on {source} {listed(sorted(keys))}), so a token of one would be refused by the other. Take {name} out of "
            f"the inventory, or give both the same keys."
        )
    if not other_keys:
        # A master with the same keys is of this cluster, wherever its clients lead: an interrupted run may have pointed some of them.
        yield from _clients(scaling, name)


def _clients(scaling: Scaling, name: str) -> t.Iterator[str]:
    """Components that connect to another cluster."""
    report = scaling.services[name]
    known = [
        item.server for item in scaling.kubeconfigs.get(scaling.source, {}).values() if item is not None and item.server
    ]
    for service in needs.components(report).values():
        for path in needs.kubeconfigs_of(report, service):
            kubeconfig = scaling.kubeconfigs.get(name, {}).get(path)
            server = kubeconfig.server if kubeconfig is not None else None
            if server is None or extension.is_local(server) or scaling.leads_to_a_master(server):
                continue
            if not any(same_server(server, each) for each in (scaling.desired.endpoint.url, *known)):
                yield (
                    f"{service.unit} of {name} is of another cluster than {scaling.source}: {path} names {server}. {_REMEDY} (systemctl disable "
                    f"--now {service.unit}, and its files)."
                )


def _members(scaling: Scaling, name: str) -> set[str]:
    """The members of etcd by address; nothing where names are given, which may lead anywhere."""
    service = scaling.services[name].services.get(_API_SERVER)
    found = etcd_endpoints.endpoints(service.arguments) if service is not None else ()
    return {str(item) for item in found} if all(canonical_ip(item.host) is not None for item in found) else set()


def _keys(scaling: Scaling, name: str) -> dict[str, str]:
    """Hashes of the keys by which the API server of a host knows service account tokens, by path."""
    report = scaling.services[name]
    service = report.services.get(_API_SERVER)
    facts = {fact.path: fact.sha256 for fact in report.facts}
    paths = service.arguments.get("service-account-key-file", ()) if service is not None else ()
    return {path: sha256 for path in paths for sha256 in [facts.get(path)] if sha256}


__all__ = ("problems",)
