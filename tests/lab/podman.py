# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""podman with the lab's configuration: containers and networks found again by their labels."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path
from typing import Any

from tests.lab import shell

LABEL = "kubeadm-ha.lab"
NODE_LABEL = "kubeadm-ha.node"

# What systemd 252-257 needs to boot in a privileged container. podman's own --systemd=always would bind the
# machine's systemd cgroup into it. --no-hosts and --dns none leave /etc/hosts and /etc/resolv.conf real files.
_RUN_SYSTEMD = (
    "--privileged",
    "--cgroupns=private",
    "--systemd=false",
    "--env=container=podman",
    "--stop-signal=SIGRTMIN+3",
    "--pids-limit=-1",
    "--no-hosts",
    "--dns=none",
    "--tmpfs=/run",
    "--tmpfs=/run/lock",
    "--tmpfs=/tmp",
)


@dataclass(frozen=True, kw_only=True)
class Container:
    """A node's container as podman lists it."""

    name: str
    lab: str
    node: str
    state: str


@dataclass(frozen=True, kw_only=True)
class Podman:
    """The podman command; ``containers_conf`` replaces the machine's configuration."""

    containers_conf: Path

    def __call__(
        self,
        *arguments: str | Path,
        stdin: str | bytes | None = None,
        log: Path | None = None,
        check: bool = True,
        timeout: float | None = None,
    ) -> str:
        """Standard output of ``podman ARGUMENTS``."""
        environment = {"CONTAINERS_CONF": str(self.containers_conf)}
        return shell.run(
            ["podman", *arguments], stdin=stdin, environment=environment, log=log, check=check, timeout=timeout
        )

    def replace_process(self, *arguments: str) -> None:
        """Become ``podman ARGUMENTS``: its terminal, signals and exit status are the caller's."""
        os.environ["CONTAINERS_CONF"] = str(self.containers_conf)
        os.execvp("podman", ["podman", *arguments])

    def has_image(self, name: str) -> bool:
        """Whether an image is in podman's store."""
        return bool(self("images", "--quiet", "--filter", f"reference={name}").strip())

    def containers(self, lab: str | None = None) -> list[Container]:
        """Nodes of one lab or of all, running or not."""
        label = LABEL if lab is None else f"{LABEL}={lab}"
        listed: list[dict[str, Any]] = json.loads(self("ps", "--all", "--filter", f"label={label}", "--format=json"))
        return [
            Container(
                name=entry["Names"][0],
                lab=entry["Labels"][LABEL],
                node=entry["Labels"].get(NODE_LABEL, ""),
                state=entry["State"],
            )
            for entry in listed
        ]

    def networks(self, lab: str | None = None) -> list[str]:
        """Names of the networks of one lab or of all."""
        label = LABEL if lab is None else f"{LABEL}={lab}"
        return self("network", "ls", "--filter", f"label={label}", "--format={{.Name}}").split()

    def subnets(self) -> list[IPv4Network]:
        """Subnets of all networks of podman, the lab's and others'."""
        names = self("network", "ls", "--format={{.Name}}").split()
        networks = json.loads(self("network", "inspect", *names)) if names else []
        found = [subnet["subnet"] for network in networks for subnet in network.get("subnets", [])]
        return [IPv4Network(subnet) for subnet in found if ":" not in subnet]

    def create_node(
        self,
        container: Container,
        *,
        hostname: str,
        network: str,
        addresses: Sequence[str],
        image: str,
        more: Sequence[str],
    ) -> None:
        """Create a node's container without starting it; ``addresses`` are podman's options."""
        self(
            "create",
            *_RUN_SYSTEMD,
            f"--label={LABEL}={container.lab}",
            f"--label={NODE_LABEL}={container.node}",
            f"--name={container.name}",
            f"--hostname={hostname}",
            f"--network={network}",
            *addresses,
            "--volume=/var",
            *more,
            image,
            "/sbin/init",
        )

    def remove(self, containers: Sequence[str]) -> None:
        """Remove containers with their anonymous volumes."""
        if containers:
            self("rm", "--force", "--volumes", "--time=0", *containers)


def container_name(lab: str, node: str) -> str:
    """Name of a node's container."""
    return f"{network_name(lab)}-{node}"


def network_name(lab: str) -> str:
    """Name of a lab's network."""
    return f"kubeadm-ha-{lab}"
