# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the roles apiserver_haproxy, apiserver_nginx and apiserver_dns need to know of a host, by the standard library alone.

Nothing here changes the host, and no private key is read.
"""

from __future__ import annotations

import glob
import hashlib
import http.client
import json
import os
import re
import socket
import sys
import time
import typing as t

from ..._domain.base.configuration_owner import ABSENT, OTHER
from ..._domain.base.errors import CommandFailed
from ..._domain.host.selinux import SelinuxFacts
from ..._domain.kubeconfig import redaction
from ..._domain.load_balancer import gdnsd_files, haproxy_files, nginx_files
from ..._domain.load_balancer.report import (
    CertificateFile,
    ConfigurationFile,
    DnsFacts,
    DnsListener,
    LoadBalancerReport,
)
from .configuration_owner import owner_of
from .firewall_inspection import collect_firewall
from .reading import output, read

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

HAPROXY, NGINX, GDNSD = "haproxy", "nginx", "gdnsd"
_FILES = {HAPROXY: haproxy_files, NGINX: nginx_files, GDNSD: gdnsd_files}
_STATUS_SECONDS = 2.0
_SELINUX = "/sys/fs/selinux/enforce"
_DNS_LISTENERS = ("ss", "-Hlntup", "sport = :53")
_SEMANAGE_PORTS = ("semanage", "port", "--list", "--noheading")


class LoadBalancerInspection:
    """Reads one host."""

    def __init__(
        self,
        commands: Commands,
        *,
        provider: str = HAPROXY,
        configuration: str | None = None,
        marker: str | None = None,
        status_socket: str | None = None,
        certificate: str | None = None,
        zone: str | None = None,
    ) -> None:
        """Inspect a host for one of the load balancers.

        Args:
            commands: runs its programs.
            provider: :data:`HAPROXY`, :data:`NGINX` or :data:`GDNSD`.
            configuration: its configuration file. What is not given is where the role has it.
            marker: a text that only the role's configuration has.
            status_socket: where it shows what is loaded.
            certificate: of the checks.
            zone: firewalld's, see ``collect_firewall``.
        """
        files = _FILES[provider]
        self._commands = commands
        self._provider = provider
        self._program = files.PROGRAM
        self._configuration = configuration or files.CONFIGURATION
        self._marker = marker or files.MARKER
        self._status_socket = status_socket or files.STATUS_SOCKET
        self._certificate = certificate or files.PROBE_CERTIFICATE
        self._zone = zone

    def collect(self) -> dict[str, t.Any]:
        """Everything as JSON-compatible values; what the host does not have is empty, never missing."""
        content = read(self._configuration)
        stream_module = next(filter(os.path.exists, nginx_files.STREAM_MODULES), "") if self._provider == NGINX else ""
        dns = self._dns()
        owner = owner_of(self._commands, self._configuration, content, self._marker)
        # gdnsd needs no configuration to serve the zones that it finds.
        is_foreign = owner == ABSENT and bool(dns.foreign_zones)
        return LoadBalancerReport(
            configuration=ConfigurationFile(
                path=dns.foreign_zones[0] if is_foreign else self._configuration,
                owner=OTHER if is_foreign else owner,
                sha1=hashlib.sha1(content).hexdigest() if content is not None else "",  # noqa: S324 (no secret)
            ),
            running=_running_dns() if self._provider == GDNSD else _running(self._status_socket),
            certificate=CertificateFile(
                path=self._certificate,
                pem=redaction.public_certificates((read(self._certificate) or b"").decode("utf-8", "replace")),
                has_key=os.path.exists(f"{self._certificate}.key"),
            ),
            firewall=collect_firewall(self._commands, self._zone),
            selinux=self._selinux(),
            is_installed=self._is_installed(stream_module),
            has_ipv6=os.path.exists("/proc/net/if_inet6"),
            clock=time.time(),
            stream_module=stream_module,
            python=sys.executable or "",
            name_service=dns,
        ).as_dict()

    def _is_installed(self, stream_module: str) -> bool:
        if not os.path.exists(self._program):
            return False
        if self._provider != NGINX or stream_module:
            return True
        try:
            built = self._commands.run([self._program, "-V"], check=False)
        except CommandFailed:
            return False
        return "--with-stream" in (built.stdout + built.stderr).split()

    def _dns(self) -> DnsFacts:
        """Port 53 and zones, where DNS is to be answered."""
        if self._provider != GDNSD:
            return DnsFacts()
        rows = (line.split() for line in output(self._commands, _DNS_LISTENERS).splitlines())
        listeners = {
            DnsListener(
                bound_to=row[4].rpartition(":")[0].strip("[]").partition("%")[0],
                held_by=next(iter(re.findall(r'users:\(\("([^"]+)"', row[-1])), ""),
            )
            for row in rows
            if len(row) > 5
        }
        zones = sorted(glob.glob(os.path.join(glob.escape(os.path.dirname(self._configuration)), "zones", "*")))
        foreign = tuple(path for path in zones if self._marker.encode() not in (read(path) or b""))
        return DnsFacts(tuple(sorted(listeners, key=lambda item: (item.bound_to, item.held_by))), foreign)

    def _selinux(self) -> SelinuxFacts:
        state = (read(_SELINUX) or b"").decode().strip()
        mode = {"1": "enforcing", "0": "permissive"}.get(state, "disabled")
        if mode == "disabled":
            return SelinuxFacts(mode)
        return SelinuxFacts(
            mode=mode,
            has_tools=self._commands.find("semanage") is not None,
            # Local definitions win over those of the policy, so they come first.
            ports=output(self._commands, [*_SEMANAGE_PORTS, "--locallist"]) + output(self._commands, _SEMANAGE_PORTS),
            booleans=output(self._commands, ["getsebool", "-a"]),
            modules=output(self._commands, ["semodule", "--list"]),
        )


def _running_dns() -> str:
    """What gdnsd has loaded and its answers are kept by, empty unless that is the same."""
    loaded = re.search(rb"^# ([0-9a-f]{64})$", read(gdnsd_files.LOADED) or b"", re.MULTILINE)
    name = loaded.group(1).decode() if loaded else ""
    for path in glob.glob("/proc/[0-9]*/cmdline") if name else ():
        arguments = (read(path) or b"").decode("utf-8", "replace").split("\0")
        if gdnsd_files.WATCHER in arguments and f"--configuration={name}" in arguments:
            return name
    return ""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_STATUS_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_STATUS_SECONDS)
        self.sock.connect(self._path)


def _running(path: str) -> str:
    """The configuration that the load balancer says it runs, empty when nothing answers."""
    connection = _UnixConnection(path)
    try:
        connection.request("GET", "/")
        return str(json.loads(connection.getresponse().read())["configuration"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()


__all__ = ("HAPROXY", "NGINX", "LoadBalancerInspection")
