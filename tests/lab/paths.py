# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the lab keeps its things."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.errors import InputError

LAB = Path(__file__).resolve().parent
PROJECT = LAB.parents[1]

# A part of container and network names; short, because paths of sockets hold it too.
_LAB_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?")


@dataclass(frozen=True, kw_only=True)
class Cache:
    """What is kept between runs, for all checkouts: products of builds, and the running nodes' image stores."""

    root: Path

    @property
    def nodes(self) -> Path:
        """Directories of running nodes; on the products' file system, so that files can be hard links."""
        return self.root / "nodes"

    def lock(self, what: str) -> Path:
        """Lock file of one kind of build, of a lab, or of the choice of a network."""
        return self.root / "locks" / what

    @property
    def repository_key(self) -> Path:
        """Secret key that packages of the lab's mirror are signed with."""
        return self.root / "repository-key.asc"

    @property
    def sysctls(self) -> Path:
        """Machine-wide settings as they were before the first lab."""
        return self.root / "sysctls.json"

    @property
    def containers_conf(self) -> Path:
        """The lab's own configuration of podman."""
        return self.root / "containers.conf"


@dataclass(frozen=True, kw_only=True)
class StateDirectory:
    """What belongs to one lab of this checkout: ``.cache/lab/NAME``."""

    root: Path

    @property
    def key(self) -> Path:
        """Private SSH key of the ordinary user."""
        return self.root / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Host keys of the nodes."""
        return self.root / "known_hosts"

    @property
    def inventory(self) -> Path:
        """The Ansible inventory."""
        return self.root / "inventory" / "hosts.yml"

    @property
    def group_vars(self) -> Path:
        """What the lab gives the collection, for a cluster that is made from bare hosts."""
        return self.root / "inventory" / "group_vars" / "all" / "lab.yml"

    @property
    def logs(self) -> Path:
        """Output of kubeadm and of others while the lab was made."""
        return self.root / "log"

    @property
    def description(self) -> Path:
        """What ``status`` shows besides the containers, as JSON."""
        return self.root / "lab.json"


def cache(environment: Mapping[str, str] = os.environ) -> Cache:
    """The cache: ``KUBEADM_HA_CACHE``, else ``XDG_CACHE_HOME/kubeadm-ha``, else ``~/.cache/kubeadm-ha``."""
    named = environment.get("KUBEADM_HA_CACHE")
    base = Path(named) if named else Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubeadm-ha"
    return Cache(root=base.resolve() / "lab")


def state(lab: str) -> StateDirectory:
    """State directory of a lab."""
    return StateDirectory(root=PROJECT / ".cache" / "lab" / check_name(lab))


def control_sockets(lab: str) -> Path:
    """Directory of SSH's control sockets: their paths may have only about 100 characters."""
    return Path(tempfile.gettempdir()) / f"kubeadm-ha-lab-{check_name(lab)}"


def etcd_data(lab: str) -> Path:
    """Directory of the control planes' etcd data, in memory: the nodes share one disk, as real machines do not, and etcd
    is as slow as that disk's slowest write. It outlives a killed node, as a disk does."""
    return Path("/dev/shm") / f"kubeadm-ha-lab-{check_name(lab)}"


def check_name(lab: str) -> str:
    """The lab's name itself.

    :raises InputError: when it cannot be a part of a container's name.
    """
    if not _LAB_NAME.fullmatch(lab):
        raise InputError(f"lab name {lab!r}: lower-case letters, digits and hyphens, at most 32 characters")
    return lab
