# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of the Kubernetes API."""

from __future__ import annotations

import typing as t


class Api(t.Protocol):
    """The Kubernetes API. Objects are the JSON documents of the API."""

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object, ``None`` when it does not exist. ``kind`` as kubectl takes it, for example ``configmap``."""

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind in a namespace (``None``: all namespaces, or a cluster-wide kind)."""

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind over all namespaces in pages of at most ``size``, so that a big cluster needs little
        memory. ``fields`` is a field selector. The reader may stop after any page."""

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace an object. Its ``metadata.resourceVersion`` is the precondition: ``ApiConflict`` if it has moved on."""

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object."""

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object; ``False`` when there was none."""

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A JSON merge patch (RFC 7386)."""

    def raw(self, path: str) -> str:
        """The body of a GET on a path such as ``/readyz``."""


__all__ = ("Api",)
