# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects what the roles apiserver_haproxy and apiserver_nginx need to know of a host, by the standard library alone.

Nothing here changes the host, and no private key is read.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import re
import socket
import sys
import time
import typing as t

from ..._domain.base.errors import CommandFailed
from ..._domain.host.selinux import SelinuxFacts
from ..._domain.kubeconfig import redaction
from ..._domain.load_balancer import configuration_owner, haproxy_files, nginx_files
from ..._domain.load_balancer.report import CertificateFile, ConfigurationFile, LoadBalancerReport
from .firewall_inspection import collect_firewall
from .reading import output, read

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands

HAPROXY, NGINX = "haproxy", "nginx"
_FILES = {HAPROXY: haproxy_files, NGINX: nginx_files}
_STATUS_SECONDS = 2.0
_SELINUX = "/sys/fs/selinux/enforce"
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
            provider: :data:`HAPROXY` or :data:`NGINX`.
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
            is_installed=self._is_installed(stream_module),
            has_ipv6=os.path.exists("/proc/net/if_inet6"),
            clock=time.time(),
            stream_module=stream_module,
            python=sys.executable or "",
        ).as_dict()

    def _is_installed(self, stream_module: str) -> bool:
        if not os.path.exists(self._program):
            return False
        if self._provider == HAPROXY or stream_module:
            return True
        try:
            built = self._commands.run([self._program, "-V"], check=False)
        except CommandFailed:
            return False
        return "--with-stream" in (built.stdout + built.stderr).split()

    def _owner(self, content: bytes | None) -> str:
        if content is None:
            return configuration_owner.ABSENT
        if self._marker.encode() in content:
            return configuration_owner.ROLE
        return (
            configuration_owner.PACKAGE
            if self._provider == HAPROXY and self._is_pristine()
            else configuration_owner.OTHER
        )

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
