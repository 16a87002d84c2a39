# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the plain scripts of ``make bench`` are made of: commands on the nodes of a lab, and gates that open."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.lab import paths
from tests.lab.podman import container_name
from tests.scenarios.cluster import ADMIN, Lab


class BareScript:
    """A script on one lab.

    :param lab: the lab, as it was made.
    :param addresses: address of each host.
    :param seconds: how long a command, or a gate, may take.
    """

    def __init__(self, lab: Lab, addresses: Mapping[str, str], *, seconds: float) -> None:
        self._lab = lab
        self._addresses = addresses
        self._seconds = seconds
        self._environment = {**os.environ, "CONTAINERS_CONF": str(paths.cache().containers_conf)}

    @staticmethod
    def timed(steps: Sequence[tuple[str, Callable[[], None]]]) -> list[tuple[str, float]]:
        """Do the steps; their names and seconds."""
        seconds = []
        for name, step in steps:
            began = time.monotonic()
            step()
            seconds.append((name, time.monotonic() - began))
        return seconds

    def ready(self, node: str, server: str) -> None:
        """Wait until a node finds an API server ready."""
        self.until(node, f"curl -sf -m 2 --cacert /etc/kubernetes/pki/ca.crt https://{server}/readyz")

    def kubectl(self, arguments: str) -> str:
        """What kubectl prints on the first control plane, with the administrator's kubeconfig."""
        return self.run("cp1", f"kubectl --kubeconfig={ADMIN} {arguments}")

    def everywhere(self, nodes: Sequence[str], act: Callable[[str], object]) -> None:
        """Do something for each node at the same time."""
        with ThreadPoolExecutor(max_workers=len(nodes)) as pool:
            list(pool.map(act, nodes))

    def until(self, node: str, script: str) -> None:
        """Wait until a command succeeds on a node."""
        self.wait(lambda: self._call(node, script).returncode == 0, f"{script} on {node}")

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Wait until something holds.

        :raises RuntimeError: not in time.
        """
        end = time.monotonic() + self._seconds
        while not condition():
            if time.monotonic() > end:
                raise RuntimeError(f"{what}: not within {self._seconds:.0f} s")
            time.sleep(0.1)

    def run(self, node: str, script: str, *, stdin: str = "") -> str:
        """What a command prints on a node.

        :raises RuntimeError: it failed.
        """
        ended = self._call(node, script, stdin=stdin)
        if ended.returncode != 0:
            raise RuntimeError(f"{node}: {script}: status {ended.returncode}: {ended.stderr[-2000:]}")
        return ended.stdout

    def _call(self, node: str, script: str, *, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["podman", "exec", "-i", container_name(self._lab.name, node), "bash", "-c", script],
            input=stdin,
            capture_output=True,
            text=True,
            env=self._environment,
            timeout=self._seconds,
            check=False,
        )


def install(packages: str) -> str:
    """The command that installs packages."""
    return f"DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends {packages} >/dev/null"


__all__ = ("BareScript", "install")
