# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of objects of any kind, custom resources included, as manifests have them."""

from __future__ import annotations

import typing as t


class Manifests(t.Protocol):
    """Objects of the cluster by their manifests."""

    def current(self, manifest: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
        """The object that the manifest names, ``None`` when it or its kind does not exist yet."""

    def apply(self, manifest: t.Mapping[str, t.Any], *, dry_run: bool) -> dict[str, t.Any]:
        """The object after a server-side apply, in which this collection owns every field of the manifest.

        ``UnknownKind`` when the API server does not serve the kind.
        """


__all__ = ("Manifests",)
