# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients of the API whose proxy would be asked for what the run changes."""

from __future__ import annotations

import typing as t

from ...base.enumeration import listed
from ...base.problem import Note, Problem
from ...component.proxy_source import LOGIN, MANIFEST, UNIT

if t.TYPE_CHECKING:
    from ...component.proxy_source import ProxySource
    from ...host.host import Host
    from ..entry import Entry
    from ..situation import Situation

_KUBELET = "kubelet"


def problems(situation: Situation, entries: t.Sequence[Entry]) -> t.Iterator[Problem]:
    """Clients that would ask a proxy for the API once the run has changed something; none when it changes nothing."""
    if not entries:
        return
    by_line: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for name in situation.desired.nodes:
        host = situation.hosts.get(name)
        for source in sources_of(host) if host is not None else ():
            missing = source.missing(_needed(situation, source))
            if missing:
                key = (_who(source), _remedy(source, source.missing(_suggested(situation))), tuple(missing))
                by_line.setdefault(key, []).append(name)
    for (who, remedy, lacking), names in by_line.items():
        yield Problem(
            names[0],
            f"{who} of {listed(names)} would ask that proxy for {', '.join(lacking)}, which {'its' if len(names) == 1 else 'their'} "
            f"NO_PROXY does not name: {remedy}",
        )


def find_notes(situation: Situation) -> t.Iterator[Note]:
    """Proxies that nobody asks for the API by, but that joining control planes will not have."""
    joining = [host.name for host in situation.joining_control_planes]
    found = [source for source in sources_of(situation.serving_control_plane) if source.kind == MANIFEST]
    if joining and found:
        named = ", ".join(source.name for source in found)
        yield Note(
            situation.serving_control_plane.name,
            f"The static pods {named} of {situation.serving_control_plane.name} have the proxy {found[0].proxy} in "
            f"their environment; those of {listed(joining)} will have none, because kubeadm is run without proxies "
            "here. Where a component needs it, give it by kubeadm's patches (kubeadm_ha_patches_dir).",
        )


def sources_of(host: Host) -> list[ProxySource]:
    """The environments of a host with a proxy for HTTPS."""
    return list(host.report.proxies)


def _needed(situation: Situation, source: ProxySource) -> list[str]:
    """What the owner of the environment must reach by itself after the run."""
    endpoint = situation.desired.endpoint.host
    if source.kind == LOGIN:
        return [endpoint]
    if source.kind == UNIT:
        return [endpoint] if source.name == _KUBELET else []
    if source.name == "kube-apiserver":
        # It asks kubelets for logs and the like.
        return _addresses(situation, situation.desired.nodes)
    return _addresses(situation, situation.desired.control_planes) if source.name == "etcd" else []


def _suggested(situation: Situation) -> list[str]:
    """What an environment should except: the endpoint, and every host that joins."""
    return [situation.desired.endpoint.host, *_addresses(situation, situation.desired.nodes)]


def _addresses(situation: Situation, names: t.Iterable[str]) -> list[str]:
    """Addresses of those that join."""
    like = situation.serving_control_plane.api_server
    if like is None:
        return []
    found = (host.future_api_server(like).host for host in situation.joining(names))
    return [address for address in found if address]


def _who(source: ProxySource) -> str:
    if source.kind == LOGIN:
        return f"Sessions with the proxy {source.proxy} by {source.path}"
    if source.kind == UNIT:
        return f"The {source.name} with the proxy {source.proxy} by {source.name}.service"
    return f"The {source.name} with the proxy {source.proxy} by {source.path}"


def _remedy(source: ProxySource, missing: t.Sequence[str]) -> str:
    value = ",".join(text for text in (source.exceptions.strip(" ,"), *missing) if text)
    if source.kind == LOGIN:
        return f"let the line there be {source.variable}={value}"
    if source.kind == UNIT:
        line = f"{source.variable}={value}"
        line = f'Environment="{line}"' if source.path.endswith(".service") or "/system/" in source.path else line
        return f"let the line in {source.path} be {line}, then run systemctl daemon-reload and systemctl restart {source.name}"
    return (
        f"let the value of {source.variable} there be {value}. The kubelet restarts the {source.name} when its manifest changes, so "
        "do it at a time that bears a moment without it"
    )


__all__ = ("find_notes", "problems", "sources_of")
