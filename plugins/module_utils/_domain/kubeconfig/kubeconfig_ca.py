# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The CA of the cluster that a kubeconfig leads to."""

from __future__ import annotations

import base64
import binascii
import typing as t

if t.TYPE_CHECKING:
    from ..._ports.files import Files


def cluster_ca(document: t.Any, files: Files) -> bytes | None:
    """The CA of a kubeconfig's cluster in PEM, embedded or in a file."""
    try:
        cluster = document["clusters"][0]["cluster"]
        if "certificate-authority-data" in cluster:
            return base64.b64decode(cluster["certificate-authority-data"])
        return files.read(cluster["certificate-authority"])
    except (KeyError, IndexError, TypeError, binascii.Error):
        return None


__all__ = ("cluster_ca",)
