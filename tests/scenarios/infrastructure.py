# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of the sample infrastructure repository with the built archive installed into it, as its README says."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from tests.scenarios.playbook import Run, run_playbook
from tests.tools import environment, package

SAMPLE = environment.ROOT / "examples" / "infrastructure"


class Repository:
    """A copy of the sample in a directory of its own."""

    def __init__(self, directory: Path) -> None:
        """Copy the sample, build the collection's archive and install it.

        :raises subprocess.CalledProcessError: when the archive cannot be built or installed.
        """
        self.directory = directory
        shutil.copytree(SAMPLE, directory)
        with environment.lock("lint"):  # a run of the gates uses the same tree
            environment.copy_real_tree()
            package.build(directory)
        # No Galaxy server is asked: what the collection depends on is there, as the package ansible would have it.
        subprocess.run(
            [
                *(str(Path(sys.executable).with_name("ansible-galaxy")), "collection", "install", "--offline"),
                *("--requirements-file", "requirements.yml", "--collections-path", "collections"),
            ],
            cwd=directory,
            env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(environment.collections_directory())},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
        )

    @property
    def collection(self) -> Path:
        """Where the collection was installed."""
        return self.directory / "collections" / "ansible_collections" / "kubeadm" / "ha"

    def add_inventory(self, name: str, hosts: Path, *, endpoint: str) -> Path:
        """What differs on a lab: ways to its hosts, and the endpoint. Given last, it wins over the others."""
        inventory = self.directory / "inventories" / name
        (inventory / "group_vars").mkdir(parents=True)
        (inventory / "hosts.yml").symlink_to(hosts)
        (inventory / "group_vars" / "all.yml").write_text(f"kubeadm_ha_endpoint: {endpoint}\n", encoding="utf-8")
        return inventory

    def run(self, label: str, playbook: str, *arguments: str, inventories: Sequence[Path | str]) -> Run:
        """Run one of the repository's playbooks, or one of the collection's by name, as a user would in the directory."""
        return run_playbook(
            playbook if playbook.startswith("kubeadm.ha.") else f"playbooks/{playbook}.yml",
            inventories=[self.directory / "inventories" / name for name in inventories],
            record=self.directory / "records" / f"{label}.jsonl",
            arguments=arguments,
            directory=self.directory,
        )
