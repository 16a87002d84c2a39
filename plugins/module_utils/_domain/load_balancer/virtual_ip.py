# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role apiserver_keepalived would change on a host that is to carry the virtual IP.

The plan and the role ask the same function, so each task of the role that changes something belongs to an entry.
"""

from __future__ import annotations

import dataclasses
import hashlib
import ipaddress
import json
import typing as t

from ..base import configuration_owner
from ..base.change import Change
from ..base.problem import Problem
from ..host import firewall
from . import keepalived_files
from .providers.keepalived import API_SERVER
from .virtual_ip_decision import VirtualIpDecision

if t.TYPE_CHECKING:
    from ..._ports.template import Template
    from .providers.keepalived import Keepalived, Reading
    from .virtual_ip_report import InterfaceAddress, ServiceState, VirtualIpReport
    from .vrrp import Advertisement

#: States of a unit, as ansible.builtin.systemd_service has them.
STARTED, RELOADED, RESTARTED = "started", "reloaded", "restarted"

_HEALTH_REASON = "a host whose own health fails gives the virtual IP up"
_ADDRESS_REASON = "it carries the virtual IP"
_VRRP_REASON = "the hosts agree by it who has the virtual IP"


@dataclasses.dataclass(frozen=True)
class Sources:
    """What the role brings along.

    Attributes:
        configuration: template of ``keepalived.conf``.
        drop_in: template of what is added to keepalived's unit.
        unit: template of the watcher's unit. It is given ``digest`` besides the provider's values.
        watcher: text of the watcher.
    """

    configuration: Template
    drop_in: Template
    unit: Template
    watcher: str


@dataclasses.dataclass(frozen=True)
class WantedFile:
    """A file that the host is to have.

    Attributes:
        path: where.
        content: its text.
        mode: its permissions.
        of_watcher: whether it belongs to what judges the local health.
    """

    path: str
    content: str
    mode: str
    of_watcher: bool

    @property
    def sha1(self) -> str:
        """SHA-1 of the file."""
        return hashlib.sha1(self.content.encode()).hexdigest()  # noqa: S324 (no secret)


@dataclasses.dataclass(frozen=True)
class Wanted:
    """All that the host is to have and to run.

    Attributes:
        files: keepalived's configuration first.
        digest: names what the watcher runs with.
    """

    files: tuple[WantedFile, ...]
    digest: str


def decide(name: str, report: VirtualIpReport, reading: Reading, sources: Sources) -> dict[str, t.Any]:
    """The decision for one host and the files that it is about, JSON-compatible.

    Args:
        name: the host's name in the inventory.
        report: what was found on it.
        reading: the role's inputs.
        sources: what the files are made of beside them.

    Returns:
        See the module ``kubeadm.ha.virtual_ip_decision``.
    """
    provider = reading.provider
    interface = find_interface(report.addresses, provider)
    wanted = configure(provider, sources, interface, report.python) if reading.is_complete else Wanted((), "")
    opening = firewall.needs(report.firewall, [], provider.protocols if provider.manage_firewall else ())
    stale = [file for file in wanted.files if file.sha1 != report.sha1_of(file.path)]
    keepalived_state, watcher_state = _keepalived_state(report, wanted, stale), _watcher_state(report, wanted, stale)
    changes = (
        *_of_host(report),
        *(_of_file(report, file) for file in stale),
        *(opening.change(protocol, _VRRP_REASON) for protocol in opening.protocols),
        *_of_service(keepalived_files.WATCHER_SERVICE, report.watcher, watcher_state, _HEALTH_REASON),
        *_of_service("keepalived", report.keepalived, keepalived_state, _ADDRESS_REASON),
    )
    decision = VirtualIpDecision(
        owner=report.owner,
        differs=bool(changes),
        router_id=provider.router_id,
        interface=interface,
        keepalived_state=keepalived_state,
        watcher_state=watcher_state,
        firewall=opening,
        changes=changes,
        problems=(*reading.problems, *_problems(name, report, provider, interface)),
        unmet=reading.unmet,
    )
    return {
        "decision": decision.as_dict(),
        "content": wanted.files[0].content if wanted.files else "",
        "files": [{"path": file.path, "content": file.content, "mode": file.mode} for file in wanted.files[1:]],
        "is_installed": report.is_installed,
        "address": provider.vip,
    }


def find_interface(addresses: t.Sequence[InterfaceAddress], provider: Keepalived) -> str:
    """The interface whose network has the virtual IP, that of the host's own address before others; empty without one.

    An interface that the role was given is taken if the host has it.
    """
    if provider.interface:
        return provider.interface if provider.interface in {each.interface for each in addresses} else ""
    holding = [each for each in addresses if _is_in_network(provider.vip, each)]
    own = [each.interface for each in holding if each.address == provider.own_address]
    return next(iter([*own, *(each.interface for each in holding)]), "")


def configure(provider: Keepalived, sources: Sources, interface: str, python: str) -> Wanted:
    """The files for a provider. The CA's certificate that does not exist yet is a file without content, which no host has."""
    values = provider.values(interface, python)
    authorities = [provider.ca_certificate] if provider.track == API_SERVER else []
    loaded = [sources.unit.text(), sources.watcher, *authorities, json.dumps(values, sort_keys=True)]
    digest = hashlib.sha256(json.dumps(loaded).encode()).hexdigest()
    unit = sources.unit.render({**values, "digest": digest})
    return Wanted(
        (
            WantedFile(keepalived_files.CONFIGURATION, sources.configuration.render(values), "0644", of_watcher=False),
            WantedFile(keepalived_files.DROP_IN, sources.drop_in.render(values), "0644", of_watcher=False),
            WantedFile(keepalived_files.WATCHER, sources.watcher, "0755", of_watcher=True),
            *(WantedFile(keepalived_files.CA, text, "0644", of_watcher=True) for text in authorities),
            WantedFile(keepalived_files.WATCHER_UNIT, unit, "0644", of_watcher=True),
        ),
        digest,
    )


def _is_in_network(vip: str, each: InterfaceAddress) -> bool:
    if not vip or (":" in vip) != (":" in each.address):
        return False
    network = ipaddress.ip_interface(f"{each.address}/{each.prefix}").network
    # A network of one address is no network of hosts: it is how a virtual IP itself is configured.
    return network.num_addresses > 1 and ipaddress.ip_address(vip) in network


def _of_host(report: VirtualIpReport) -> t.Iterator[Change]:
    if not report.is_installed:
        yield Change("package keepalived", "absent", "installed", _ADDRESS_REASON)
    if not report.has_script_user:
        reason = "keepalived and what judges the local health run nothing as root that need not be"
        yield Change(f"user {keepalived_files.SCRIPT_USER}", "absent", "present", reason)


def _of_file(report: VirtualIpReport, file: WantedFile) -> Change:
    before = "other content" if report.sha1_of(file.path) else "absent"
    return Change(f"file {file.path}", before, "as wanted", "the virtual IP moves by it")


def _keepalived_state(report: VirtualIpReport, wanted: Wanted, stale: t.Sequence[WantedFile]) -> str:
    if not report.keepalived.is_active or any(file.path == keepalived_files.DROP_IN for file in stale):
        return RESTARTED
    return STARTED if not wanted.files or report.keepalived.runs == wanted.files[0].sha1 else RELOADED


def _watcher_state(report: VirtualIpReport, wanted: Wanted, stale: t.Sequence[WantedFile]) -> str:
    is_right = report.watcher.is_active and report.watcher.runs == wanted.digest
    return STARTED if is_right and not any(file.of_watcher for file in stale) else RESTARTED


def _of_service(name: str, service: ServiceState, state: str, reason: str) -> t.Iterator[Change]:
    if state == STARTED and service.is_enabled:
        return
    before = "stopped" if not service.is_active else "not started at boot" if state == STARTED else "runs with others"
    yield Change(f"service {name}", before, "runs as wanted", reason)


def _problems(name: str, report: VirtualIpReport, provider: Keepalived, interface: str) -> t.Iterator[Problem]:
    if report.owner == configuration_owner.OTHER and not provider.replace_configuration:
        yield Problem(
            name,
            f"{keepalived_files.CONFIGURATION} on {name} was written by somebody else: it is neither the package's nor this role's. Move "
            f"what it serves to another host, then set apiserver_keepalived_replace_configuration: true for {name} (in its host_vars); a "
            "backup is kept beside it.",
        )
    if provider.manage_firewall and provider.protocols and firewall.lacks_zone(report.firewall):
        yield Problem(
            name,
            f"firewalld on {name} does not have the zone {report.firewall.zone} in its running and in its permanent configuration: set "
            f"apiserver_keepalived_firewalld_zone for {name} (in its host_vars) to one that it has, or make it and run firewall-cmd "
            "--reload.",
        )
    if not report.may_listen:
        yield Problem(
            name,
            f"{name} lets nobody receive VRRP, which keepalived has to: run as root (become), and give a container the capability "
            "CAP_NET_RAW.",
        )
    if provider.vip:
        yield from _problems_of_network(name, report, provider, interface)
        yield from _problems_of_holder(name, report, provider)
        yield from _problems_of_routers(name, report, provider)


def _problems_of_network(
    name: str, report: VirtualIpReport, provider: Keepalived, interface: str
) -> t.Iterator[Problem]:
    has = ", ".join(f"{each.interface} {each.address}/{each.prefix}" for each in report.addresses) or "none"
    if not interface and provider.interface:
        yield Problem(
            name,
            f"{name} has no interface {provider.interface} with an address (it has {has}): correct apiserver_keepalived_interface for "
            f"{name}, or leave it empty.",
        )
    elif not interface:
        yield Problem(
            name,
            f"The virtual IP {provider.vip} is in no network of {name}, which has {has}: set kubeadm_ha_vip to a free address in the network "
            "of all its hosts, or name the interface in apiserver_keepalived_interface.",
        )
    owned = [each.interface for each in report.addresses if each.address == provider.own_address]
    if provider.own_address and not owned:
        yield Problem(
            name,
            f"apiserver_keepalived_peers gives {name} the address {provider.own_address}, but {name} has {has}: correct it.",
        )
    elif owned and interface and interface not in owned:
        yield Problem(
            name,
            f"apiserver_keepalived_peers gives {name} the address {provider.own_address} of {owned[0]}, but the virtual IP "
            f"{provider.vip} belongs on {interface}: give every host its address in the network of the virtual IP.",
        )


def _problems_of_holder(name: str, report: VirtualIpReport, provider: Keepalived) -> t.Iterator[Problem]:
    held = [each for each in report.addresses if each.address == provider.vip]
    if held and report.owner not in (configuration_owner.ROLE, configuration_owner.OTHER):
        yield Problem(
            name,
            f"{name} has the virtual IP {provider.vip} on {held[0].interface} already, without keepalived: take it away there, for example "
            "from the host's network configuration or from kube-vip, or choose another kubeadm_ha_vip.",
        )
    macs = {each.address: each.mac for each in report.neighbours if each.mac}
    ours = {mac for address, mac in macs.items() if address in provider.others}
    found = macs.get(provider.vip, "")
    if found and not held and found not in ours:
        yield Problem(
            name,
            f"Somebody else answers for the virtual IP {provider.vip}: {name} found the hardware address {found}, which is none of "
            f"{', '.join(peer.name for peer in provider.peers)}; free the address there, or set kubeadm_ha_vip to a free one.",
        )


def _problems_of_routers(name: str, report: VirtualIpReport, provider: Keepalived) -> t.Iterator[Problem]:
    foreign = [each for each in report.advertisements if each.source not in {peer.address for peer in provider.peers}]
    for each in foreign:
        if provider.vip in each.addresses:
            yield Problem(
                name,
                f"{each.source} advertises the virtual IP {provider.vip} by VRRP (virtual router id {each.router_id}) and is none of "
                f"{', '.join(peer.name for peer in provider.peers)}: stop it there, or set kubeadm_ha_vip to a free address.",
            )
        elif each.router_id == provider.router_id:
            yield Problem(name, _collision(name, each))


def _collision(name: str, each: Advertisement) -> str:
    return (
        f"{each.source} has the virtual router id {each.router_id} for {', '.join(each.addresses) or 'another address'}, as {name} heard by "
        f"VRRP: set kubeadm_ha_vrid to a number from 1 to 255 that no other virtual router in this network has."
    )


__all__ = (
    "RELOADED",
    "RESTARTED",
    "STARTED",
    "Sources",
    "Wanted",
    "WantedFile",
    "configure",
    "decide",
    "find_interface",
)
