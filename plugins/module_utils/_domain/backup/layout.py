# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What stands where in a backup."""

from __future__ import annotations

#: A manifest says this of itself, so that other directories are never taken for backups.
KIND = "kubeadm.ha backup"
MANIFEST = "manifest.json"
#: The end of the name of a backup that is being made.
PARTIAL = ".partial"
SNAPSHOT = "etcd/snapshot.db"
#: What stands in a backup.
CONTENTS = frozenset({MANIFEST, "files", "cluster", "etcd"})

__all__ = ("CONTENTS", "KIND", "MANIFEST", "PARTIAL", "SNAPSHOT")
