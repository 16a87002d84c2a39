# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the role apiserver_haproxy needs to know of a host, by the standard library alone.

Nothing here changes the host, and no private key is read.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import socket
import time
import typing as t

from ..._domain.base.errors import CommandFailed
from ..._domain.host.selinux import SelinuxFacts
from ..._domain.kubeconfig import redaction
from ..._domain.load_balancer import haproxy_files
from ..._domain.load_balancer.report import CertificateFile, ConfigurationFile, LoadBalancerReport
from .firewall_inspection import collect_firewall
from .reading import output, read

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

_STATUS_SECONDS = 2.0
_SELINUX = "/sys/fs/selinux/enforce"
_SEMANAGE_PORTS = ("semanage", "port", "--list", "--noheading")


class LoadBalancerInspection:
    """Reads one host."""

    def __init__(
        self,
        commands: Commands,
        *,
        configuration: str = haproxy_files.CONFIGURATION,
        marker: str = haproxy_files.MARKER,
        status_socket: str = haproxy_files.STATUS_SOCKET,
        certificate: str = haproxy_files.PROBE_CERTIFICATE,
        zone: str | None = None,
    ) -> None:
        """``marker``: a text that only the role's configuration has. ``zone``: firewalld's, see ``collect_firewall``."""
        self._commands = commands
        self._configuration = configuration
        self._marker = marker
        self._status_socket = status_socket
        self._certificate = certificate
        self._zone = zone

    def collect(self) -> dict[str, t.Any]:
        """Everything as JSON-compatible values; what the host does not have is empty, never missing."""
        content = read(self._configuration)
        return LoadBalancerReport(
            configuration=ConfigurationFile(
                path=self._configuration,
                owner=self._owner(content),
                sha1=hashlib.sha1(content).hexdigest() if content is not None else "",  # noqa: S324 (no secret)
            ),
            running=_running(self._status_socket),
            certificate=CertificateFile(
                path=self._certificate,
                pem=redaction.public_certificates((read(self._certificate) or b"").decode("utf-8", "replace")),
                has_key=os.path.exists(f"{self._certificate}.key"),
            ),
            firewall=collect_firewall(self._commands, self._zone),
            selinux=self._selinux(),
            is_installed=os.path.exists(haproxy_files.PROGRAM),
            has_ipv6=os.path.exists("/proc/net/if_inet6"),
            clock=time.time(),
        ).as_dict()

    def _owner(self, content: bytes | None) -> str:
        if content is None:
            return haproxy_files.ABSENT
        if self._marker.encode() in content:
            return haproxy_files.ROLE
        return haproxy_files.PACKAGE if self._is_pristine() else haproxy_files.OTHER

    def _is_pristine(self) -> bool:
        """Whether the file is the package's. dpkg and rpm report a changed one alike: ``??5?????? c /etc/haproxy/haproxy.cfg``."""
        program = "dpkg" if self._commands.find("dpkg") else "rpm"
        try:
            verified = self._commands.run([program, "--verify", "haproxy"], check=False)
        except CommandFailed:
            return False
        is_changed = re.search(rf"^..5.*{re.escape(self._configuration)}\s*$", verified.stdout, re.MULTILINE)
        is_known = verified.returncode in (0, 1) and "not installed" not in verified.stdout + verified.stderr
        return is_known and not is_changed

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
    """The configuration that haproxy says it runs, empty when nothing answers."""
    connection = _UnixConnection(path)
    try:
        connection.request("GET", "/")
        return str(json.loads(connection.getresponse().read())["configuration"])
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError):
        return ""
    finally:
        connection.close()


__all__ = ("LoadBalancerInspection",)
