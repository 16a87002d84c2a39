# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Several identities of a host as one client: whoever may do what is asked for does it."""

from __future__ import annotations

import typing as t

from ..._domain.base.errors import ApiError

if t.TYPE_CHECKING:
    from ..._ports.api import Api

_Answer = t.TypeVar("_Answer")
_FORBIDDEN = "Forbidden"
#: Locks that releases before 1.22 could use. A component may read the lock that it uses, so one that nobody here may read is none.
_OLDER_LOCKS = ("endpoints", "configmap")


class SharedApi:
    """``Api`` by the first of several that is not refused, such as each component's own for its own lock."""

    def __init__(self, apis: t.Sequence[Api]) -> None:
        """One at least, in the order in which they are asked."""
        self._apis = apis
        self._chosen: dict[tuple[str, ...], Api] = {}

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object; see the port."""
        try:
            return self._first(("get", kind, name), lambda api: api.get(kind, name, namespace=namespace))
        except ApiError as error:
            if kind in _OLDER_LOCKS and _is_refused(error):
                return None
            raise

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind; see the port."""
        return self._first(("list", kind), lambda api: api.list(kind, namespace=namespace, labels=labels))

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind in pages; see the port."""
        return self._apis[0].pages(kind, size=size, fields=fields)

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace an object; see the port."""
        return self._first(("replace",), lambda api: api.replace(document))

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object; see the port."""
        return self._first(("create",), lambda api: api.create(document))

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object; see the port."""
        return self._first(("delete", kind), lambda api: api.delete(kind, name, namespace=namespace))

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A merge patch; see the port."""
        return self._first(("patch", kind), lambda api: api.patch(kind, name, patch, namespace=namespace))

    def raw(self, path: str) -> str:
        """The body of a GET; see the port."""
        return self._first(("raw",), lambda api: api.raw(path))

    def _first(self, what: tuple[str, ...], ask: t.Callable[[Api], _Answer]) -> _Answer:
        known = self._chosen.get(what)
        refused: ApiError | None = None
        for api in [known] if known is not None else self._apis:
            try:
                answer = ask(api)
            except ApiError as error:
                if not _is_refused(error):
                    raise
                refused = error
            else:
                self._chosen[what] = api
                return answer
        self._chosen.pop(what, None)
        raise refused or ApiError("This host has no identity with which the API can be asked.")


def _is_refused(error: ApiError) -> bool:
    return error.details.get("reason") == _FORBIDDEN


__all__ = ("SharedApi",)
