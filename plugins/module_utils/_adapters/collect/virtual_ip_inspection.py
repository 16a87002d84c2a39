# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the role apiserver_keepalived needs to know of a host, by the standard library alone.

Nothing here changes the host.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import pwd
import sys
import typing as t
from concurrent.futures import ThreadPoolExecutor

from ..._domain.base.configuration_owner import ROLE
from ..._domain.load_balancer import keepalived_files, vrrp
from ..._domain.load_balancer.virtual_ip_report import (
    InstalledFile,
    InterfaceAddress,
    Neighbour,
    ServiceState,
    VirtualIpReport,
)
from .configuration_owner import owner_of
from .firewall_inspection import collect_firewall
from .network_neighbours import Listener, neighbour
from .reading import output, read
from .units import properties

if t.TYPE_CHECKING:
    from ..._domain.load_balancer.vrrp import Advertisement
    from ..._ports.commands import Commands

#: Beyond the interval of one second that routers of others mostly advertise with.
LISTEN_SECONDS = 1.3
_PYTHON = "/usr/bin/python3"
_SERVICE_PROPERTIES = ("ActiveState", "UnitFileState", "MainPID")
FILES = (
    keepalived_files.DROP_IN,
    keepalived_files.WATCHER,
    keepalived_files.CA,
    keepalived_files.WATCHER_UNIT,
)


class VirtualIpInspection:
    """Reads one host."""

    def __init__(
        self,
        commands: Commands,
        *,
        vip: str,
        peers: t.Sequence[str] = (),
        port: int = 6443,
        configuration: str = keepalived_files.CONFIGURATION,
        marker: str = keepalived_files.MARKER,
        listen_seconds: float = LISTEN_SECONDS,
        router_id: str = "",
        zone: str | None = None,
    ) -> None:
        """See the module ``kubeadm.ha.virtual_ip_info``. ``vip`` is an address alone, empty for none; ``peers`` are addresses."""
        self._commands = commands
        self._vip = vip
        self._peers = peers
        self._port = port
        self._configuration = configuration
        self._marker = marker
        self._seconds = listen_seconds
        self._router_id = router_id
        self._zone = zone

    def collect(self) -> dict[str, t.Any]:
        """Everything as JSON-compatible values; what the host does not have is empty, never missing."""
        content = read(self._configuration)
        owner = owner_of(self._commands, self._configuration, content, self._marker)
        keepalived = self._service("keepalived", lambda _pid: _sha1(read(keepalived_files.LOADED)))
        # Who speaks VRRP for the address already was heard before it began to.
        speaks = owner == ROLE and keepalived.is_active and self._is_configured(content)
        listener = None if speaks else self._listen()
        addresses = self._addresses()
        neighbours = self._neighbours({each.address for each in addresses})
        return VirtualIpReport(
            is_installed=os.path.exists(keepalived_files.PROGRAM),
            owner=owner,
            files=(
                _installed(keepalived_files.CONFIGURATION, content),
                *(_installed(path, read(path)) for path in FILES),
            ),
            has_script_user=_has_user(keepalived_files.SCRIPT_USER),
            keepalived=keepalived,
            watcher=self._service(keepalived_files.WATCHER_SERVICE, _digest_of),
            python=_PYTHON if os.path.exists(_PYTHON) else sys.executable,
            addresses=addresses,
            neighbours=neighbours,
            may_listen=speaks or listener is not None,
            advertisements=self._heard(listener),
            firewall=collect_firewall(self._commands, self._zone),
        ).as_dict()

    def _is_configured(self, content: bytes | None) -> bool:
        text = (content or b"").decode("utf-8", "replace")
        return bool(self._vip) and vrrp.is_configured(text, self._vip, self._router_id)

    def _listen(self) -> Listener | None:
        """``None`` where the host does not let this process receive."""
        family = ipaddress.ip_address(self._vip).version if self._vip else 4
        try:
            listener = Listener(family)
        except OSError:
            return None
        listener.start(self._seconds)
        return listener

    @staticmethod
    def _heard(listener: Listener | None) -> tuple[Advertisement, ...]:
        return listener.found() if listener is not None else ()

    def _neighbours(self, own: t.Collection[str]) -> tuple[Neighbour, ...]:
        asked = [address for address in (self._vip, *self._peers) if address and address not in own]
        if not asked:
            return ()
        with ThreadPoolExecutor(len(asked)) as pool:
            return tuple(pool.map(lambda address: neighbour(self._commands, address, self._port), asked))

    def _addresses(self) -> tuple[InterfaceAddress, ...]:
        try:
            links = json.loads(output(self._commands, ["ip", "-json", "address", "show"]) or "[]")
        except ValueError:
            links = []
        return tuple(
            InterfaceAddress(str(link["ifname"]), str(ipaddress.ip_address(each["local"])), int(each["prefixlen"]))
            for link in links
            for each in link.get("addr_info") or ()
            if each.get("local") and each.get("scope") == "global"
        )

    def _service(self, name: str, runs: t.Callable[[str], str]) -> ServiceState:
        shown = properties(self._commands, name, _SERVICE_PROPERTIES)
        is_active = shown.get("ActiveState") in ("active", "reloading")
        return ServiceState(
            is_active=is_active,
            is_enabled=shown.get("UnitFileState") == "enabled",
            runs=runs(shown.get("MainPID", "0")) if is_active else "",
        )


def _sha1(content: bytes | None) -> str:
    return hashlib.sha1(content).hexdigest() if content is not None else ""  # noqa: S324 (no secret)


def _installed(path: str, content: bytes | None) -> InstalledFile:
    return InstalledFile(path, _sha1(content))


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _digest_of(pid: str) -> str:
    """What the watcher was started with: its command line names it."""
    arguments = (read(f"/proc/{pid}/cmdline") or b"").decode("utf-8", "replace").split("\0")
    return next((each.partition("=")[2] for each in arguments if each.startswith("--configuration=")), "")


__all__ = ("FILES", "LISTEN_SECONDS", "VirtualIpInspection")
