# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does this host's kubelet reach the API through its kubeconfig.

A kubelet renews its Lease every 10 s (https://kubernetes.io/docs/concepts/architecture/leases/#node-heart-beats).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..base.api_time import seconds_of
from ..base.change import Decision
from ..base.errors import ApiError, InvalidInput, NotProved, UnsupportedState
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.kubelet_kubeconfig import KUBELET_KUBECONFIG, certified_node

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.commands import Commands
    from ..._ports.files import Files
    from ..._ports.kubelet_api import KubeletApi
    from ..._ports.x509 import CertificateIdentities
    from ..._ports.yaml import YamlReader

_NAMESPACE = "kube-node-lease"
_MICROSECONDS = 1e6
_POLL_SECONDS = 0.5


@dataclasses.dataclass(frozen=True)
class LeaseReport:
    """What was seen at one time.

    Attributes:
        renew_time: the Lease's last renewal in seconds since the epoch; ``None`` without a Lease or an answer.
        renew_text: the same as the API writes it.
        kubelet_started: start of the running kubelet in seconds since the epoch; ``None`` when it does not run.
        problem: why there is no Lease.
    """

    renew_time: float | None = None
    renew_text: str | None = None
    kubelet_started: float | None = None
    problem: str | None = None

    @property
    def is_renewed_after_start(self) -> bool:
        """Whether the kubelet that runs now has renewed its Lease."""
        return (
            self.renew_time is not None and self.kubelet_started is not None and self.renew_time > self.kubelet_started
        )


def inspect(
    kubelet_api: KubeletApi,
    commands: Commands,
    files: Files,
    yaml: YamlReader,
    x509: CertificateIdentities,
    clock: Clock,
    *,
    wait_timeout: float,
    kubeconfig: str = KUBELET_KUBECONFIG,
) -> Decision:
    """The Lease of this host's kubelet, renewed since its start.

    Args:
        kubelet_api: the API with the kubelet's credentials.
        commands: asks systemd for the kubelet's start.
        files: where the kubeconfig is.
        yaml: reads it.
        x509: reads the node's name in the client certificate.
        clock: bounds the waiting.
        wait_timeout: seconds to wait for the renewal; with 0 one inspection must show it.
        kubeconfig: the kubelet's kubeconfig.

    Raises:
        UnsupportedState: when this host has not joined a cluster.
        NotProved: when the Lease was not renewed in time.
    """
    server, node_name = _identity(files, yaml, x509, kubeconfig)
    path = f"/apis/coordination.k8s.io/v1/namespaces/{_NAMESPACE}/leases/{node_name}"
    deadline = clock.monotonic() + wait_timeout
    seen = _collect(kubelet_api, commands, clock, path)
    while not seen.is_renewed_after_start and clock.monotonic() < deadline:
        clock.sleep(_POLL_SECONDS)
        seen = _collect(kubelet_api, commands, clock, path)
    if not seen.is_renewed_after_start:
        raise NotProved(_failure(seen, server=server, node_name=node_name, wait_timeout=wait_timeout))
    return Decision(
        values={
            "server": server,
            "node_name": node_name,
            "renew_time": seen.renew_text,
            "kubelet_started": None if seen.kubelet_started is None else _text(seen.kubelet_started),
            "renewed_after_start": True,
        }
    )


def started_at(properties: str, *, now: float, monotonic: float) -> float | None:
    """When an active unit was started, in seconds since the epoch; ``None`` when it is not active.

    Args:
        properties: output of ``systemctl show`` with ActiveState and ActiveEnterTimestampMonotonic (microseconds of
            CLOCK_MONOTONIC, so a clock set meanwhile does no harm).
        now: seconds since the epoch.
        monotonic: seconds of CLOCK_MONOTONIC at the same time.
    """
    found = dict(line.partition("=")[::2] for line in properties.splitlines())
    entered = found.get("ActiveEnterTimestampMonotonic", "")
    if found.get("ActiveState") != "active" or not entered.isdigit() or entered == "0":
        return None
    return now - (monotonic - int(entered) / _MICROSECONDS)


def _identity(files: Files, yaml: YamlReader, x509: CertificateIdentities, kubeconfig: str) -> tuple[str, str]:
    content = files.read(kubeconfig)
    if content is None:
        raise UnsupportedState(f"This host has no {kubeconfig}: it has not joined a cluster.")
    try:
        found = Kubeconfig.parse(yaml.load(content.decode("utf-8")))
    except (InvalidInput, UnicodeDecodeError):
        found = Kubeconfig()
    server = found.server
    node_name = certified_node(found, files, x509)
    if server is None or node_name is None:
        raise UnsupportedState(
            f"{kubeconfig} names no server or no client certificate of a node: repair it, or let the host join again."
        )
    return server, node_name


def _collect(kubelet_api: KubeletApi, commands: Commands, clock: Clock, path: str) -> LeaseReport:
    shown = commands.run(
        ["systemctl", "show", "kubelet.service", "--property=ActiveState,ActiveEnterTimestampMonotonic"], check=False
    )
    started = started_at(shown.stdout, now=clock.now(), monotonic=clock.monotonic())
    try:
        lease = kubelet_api.get(path)
    except ApiError as error:
        return LeaseReport(kubelet_started=started, problem=error.message)
    text = None if lease is None else str((lease.get("spec") or {}).get("renewTime"))
    problem = "The cluster has no such Lease." if lease is None else None
    return LeaseReport(seconds_of(text or ""), text, started, problem)


def _failure(seen: LeaseReport, *, server: str, node_name: str, wait_timeout: float) -> str:
    within = f"within {wait_timeout:g} s"
    if seen.kubelet_started is None:
        return f"The kubelet of {node_name} was not running {within}: read 'journalctl -u kubelet'."
    if seen.problem is not None:
        return f"The kubelet of {node_name} could not be shown to reach {server} {within}: {seen.problem}"
    return (
        f"The kubelet of {node_name}, started at {_text(seen.kubelet_started)}, has not renewed its Lease at {server} "
        f"{within} (last renewal: {seen.renew_text}): read 'journalctl -u kubelet'."
    )


def _text(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, tz=dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


__all__ = ("LeaseReport", "inspect", "started_at")
