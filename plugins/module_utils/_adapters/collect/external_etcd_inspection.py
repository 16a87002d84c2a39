# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the role external_etcd needs to know of a host, by the standard library alone.

Nothing here changes the host.
"""

from __future__ import annotations

import glob
import hashlib
import importlib.util
import json
import os
import pwd
import re
import socket
import ssl
import typing as t

from ..._domain.base.address import Endpoint
from ..._domain.base.errors import InvalidInput
from ..._domain.etcd import etcd
from ..._domain.etcd.etcd import EtcdError
from ..._domain.external_etcd import places
from ..._domain.external_etcd.report import EtcdHost, Pair, Program, Record
from ..._domain.host.report import Service
from ..etcd.etcd_gateway import EtcdGateway
from ..host import own_addresses
from ..host.sockets import HostSockets
from .firewall_inspection import collect_firewall
from .loaded_files import has_loaded
from .reading import output, read
from .units import package_manager, services

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

#: Packages put etcd there.
_PACKAGED = "/usr/bin/etcd"
_DATA = ("/var/lib/etcd/member", "/var/lib/etcd/*/member")
_SECONDS_FOR_AN_ANSWER = 2.0
_SECONDS_FOR_A_CONNECTION = 0.5


class ExternalEtcdInspection:
    """Reads one host."""

    def __init__(
        self,
        commands: Commands,
        *,
        address: str = "",
        packages: t.Mapping[str, t.Sequence[str]] | None = None,
        zone: str | None = None,
    ) -> None:
        """See the module ``kubeadm.ha.external_etcd_info``."""
        self._commands = commands
        self._address = address
        self._packages = packages or {}
        self._zone = zone

    def collect(self) -> dict[str, t.Any]:
        """Everything as JSON-compatible values; what the host does not have is empty, never missing."""
        manager = package_manager(self._commands)
        own = self._program(f"{places.OWN_PROGRAMS}/etcd")
        packaged = self._program(_PACKAGED)
        unit = read(places.UNIT)
        service = services(self._commands, [places.SERVICE]).get(places.SERVICE, Service("inactive", ""))
        address = self._address or own_addresses.towards(socket.AF_INET, "192.0.2.1")
        taken = _taken(address)
        has_pair = os.path.exists(f"{places.PKI}/server.crt")
        view, objects, failure = _view() if has_pair and places.CLIENT_PORT in taken else (None, None, "")
        pairs = {name: _pair(name) for name in places.PAIRS}
        loaded = [places.UNIT, places.ENVIRONMENT, places.CA, *(f"{places.PKI}/{name}.crt" for name in places.PAIRS)]
        loaded += [program.path for program in (own,) if program is not None]
        return EtcdHost(
            hostname=socket.gethostname(),
            address=address or own_addresses.towards(socket.AF_INET6, "2001:db8::1"),
            addresses=tuple(own_addresses.collect()),
            package_manager=manager,
            offered=self._offered(manager),
            packaged=packaged,
            own=own,
            has_user=_has_user(places.USER),
            has_cryptography=importlib.util.find_spec("cryptography") is not None,
            files={
                path: hashlib.sha256(content).hexdigest()
                for path, content in ((places.UNIT, unit), (places.ENVIRONMENT, read(places.ENVIRONMENT)))
                if content is not None
            },
            is_ours=unit is not None and places.MARKER.encode() in unit,
            service=service,
            is_loaded=has_loaded(self._commands, f"{places.SERVICE}.service", loaded),
            record=_record(),
            data=tuple(sorted(os.path.dirname(path) for pattern in _DATA for path in glob.glob(pattern))),
            taken=taken,
            pairs={name: pair for name, pair in pairs.items() if pair is not None},
            ca=_text(places.CA),
            has_ca_key=os.path.exists(places.CA_KEY),
            etcd=view,
            failure=failure,
            objects=objects,
            firewall=collect_firewall(self._commands, self._zone),
        ).as_dict()

    def _program(self, path: str) -> Program | None:
        if not os.path.exists(path):
            return None
        match = re.search(r"^etcd Version: (\S+)", output(self._commands, [path, "--version"]), re.MULTILINE)
        directory = os.path.dirname(path)
        contents = {name: read(f"{directory}/{name}") for name in places.PROGRAMS} if path != _PACKAGED else {}
        digests = {
            name: hashlib.sha256(content).hexdigest() for name, content in contents.items() if content is not None
        }
        return Program(path, match.group(1) if match is not None else "", digests)

    def _offered(self, manager: str) -> str:
        package = next(iter(self._packages.get(manager) or ()), "")
        if not package:
            return ""
        if manager == "apt":
            shown = output(self._commands, ["apt-cache", "policy", package])
            match = re.search(r"^\s+Candidate: (\S+)", shown, re.MULTILINE)
            return match.group(1) if match is not None and match.group(1) != "(none)" else ""
        if manager == "dnf":
            query = [
                "dnf",
                "--quiet",
                "--cacheonly",
                "repoquery",
                "--latest-limit=1",
                "--queryformat=%{version}",
                package,
            ]
            return output(self._commands, query).strip()
        shown = output(self._commands, ["zypper", "--quiet", "--no-refresh", "info", package])
        match = re.search(r"^Version\s*: (\S+)", shown, re.MULTILINE)
        return match.group(1) if match is not None else ""


def _view() -> tuple[dict[str, t.Any] | None, int | None, str]:
    """What the member of this host reports, how many objects of Kubernetes there are, and why it does not."""
    endpoint = f"https://127.0.0.1:{places.CLIENT_PORT}"
    try:
        gateway = EtcdGateway(
            ca_certificate=places.CA,
            client_certificate=f"{places.PKI}/server.crt",
            client_key=f"{places.PKI}/server.key",
            timeout=_SECONDS_FOR_AN_ANSWER,
        )
        view = etcd.collect(gateway, endpoint).as_dict()
    except (EtcdError, InvalidInput) as error:
        return None, None, error.message
    try:
        return view, int(gateway.count(endpoint, "/registry/").get("count") or 0), ""
    except EtcdError as error:
        return view, None, error.message


def _pair(name: str) -> Pair | None:
    path = f"{places.PKI}/{name}"
    pem = _text(f"{path}.crt")
    if not pem:
        return None
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_cert_chain(f"{path}.crt", f"{path}.key")
    except (OSError, ssl.SSLError):
        return Pair(pem, is_whole=False)
    return Pair(pem, is_whole=True)


def _record() -> Record:
    """What the role has begun; a file that is not its own is nothing."""
    try:
        document = json.loads(_text(places.RECORD) or "{}")
        founders = {str(name): str(url) for name, url in (document.get("founders") or {}).items()}
        return Record(str(document.get("state") or ""), founders)
    except (ValueError, AttributeError):
        return Record()


def _taken(address: str) -> tuple[int, ...]:
    endpoints = [
        Endpoint(host, port)
        for host in filter(None, ("127.0.0.1", address))
        for port in (places.CLIENT_PORT, places.PEER_PORT)
    ]
    results = HostSockets().connect(endpoints, seconds=_SECONDS_FOR_A_CONNECTION)
    return tuple(sorted({endpoint.port for endpoint, result in zip(endpoints, results) if not result.error}))


def _has_user(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _text(path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")


__all__ = ("ExternalEtcdInspection",)
