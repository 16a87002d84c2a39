# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of the cluster are as manifests say: found out by a server-side dry run, done by server-side apply."""

from __future__ import annotations

import typing as t

from ..base.change import Change, Decision
from ..base.errors import InvalidInput, UnknownKind

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.manifests import Manifests

#: Fields that the API server writes with each answer or write.
_OF_THE_SERVER = ("managedFields", "resourceVersion", "generation", "creationTimestamp", "uid", "selfLink")
_SECONDS_BETWEEN = 1.0
#: What stands for the content of a Secret.
_HIDDEN = "hidden"
#: The longest list of differing fields that a change names.
_SHOWN = 20


def parse(definitions: t.Sequence[t.Any]) -> tuple[dict[str, t.Any], ...]:
    """The objects of manifests; lists of objects are taken apart, namespaces and definitions of kinds come first.

    Raises:
        InvalidInput: naming the option and the object.
    """
    found: list[dict[str, t.Any]] = []
    for number, definition in enumerate(definitions):
        if not isinstance(definition, dict):
            raise InvalidInput(
                f"The option definitions has at place {number} no object: write manifests of Kubernetes."
            )
        items = definition["items"] if isinstance(definition.get("items"), list) else [definition]
        for item in items:
            metadata = item.get("metadata") if isinstance(item, dict) else None
            if not isinstance(metadata, dict) or not all(
                (item.get("apiVersion"), item.get("kind"), metadata.get("name"))
            ):
                raise InvalidInput(
                    f"The option definitions has at place {number} an object without apiVersion, kind or metadata.name."
                )
            found.append(item)
    first = {"Namespace": 0, "CustomResourceDefinition": 1}
    return tuple(sorted(found, key=lambda item: first.get(str(item["kind"]), 2)))


def object_of(manifest: t.Mapping[str, t.Any]) -> str:
    """The object as changes name it."""
    metadata = manifest["metadata"]
    namespace = metadata.get("namespace")
    return (
        f"{manifest['kind']} {namespace}/{metadata['name']}" if namespace else f"{manifest['kind']} {metadata['name']}"
    )


def creation(manifest: t.Mapping[str, t.Any], reason: str) -> Change:
    """The change of an object that does not exist."""
    return Change(object_of(manifest), None, "present", reason)


def changes(api: Manifests, manifests: t.Sequence[t.Mapping[str, t.Any]], *, reason: str) -> tuple[Change, ...]:
    """What an apply would change."""
    found = []
    for manifest in manifests:
        old = api.current(manifest)
        if old is None:
            found.append(creation(manifest, reason))
            continue
        before, after = flat(old), flat(api.apply(manifest, dry_run=True))
        differing = sorted(path for path in {*before, *after} if before.get(path) != after.get(path))[:_SHOWN]
        if differing:
            hides = str(manifest["kind"]) == "Secret"
            was, will = (
                {path: _HIDDEN if hides and path in values else values.get(path) for path in differing}
                for values in (before, after)
            )
            found.append(Change(object_of(manifest), was, will, reason))
    return tuple(found)


def ensure(
    api: Manifests, clock: Clock, manifests: t.Sequence[t.Mapping[str, t.Any]], *, reason: str, timeout: float
) -> Decision:
    """The objects are there, with every field of the manifests as they say.

    Args:
        api: the cluster.
        clock: this host's time.
        manifests: the objects, see :func:`parse`.
        reason: why, for the changes.
        timeout: seconds in which the API server must serve a kind that another object of these defines.
    """
    found = changes(api, manifests, reason=reason)
    changed = {change.object for change in found}

    def act() -> t.Mapping[str, t.Any]:
        deadline = clock.monotonic() + timeout
        for manifest in manifests:
            if object_of(manifest) in changed:
                _apply(api, clock, manifest, deadline)
        return {}

    return Decision(changes=found, act=act)


def flat(document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """Fields by path, without what the API server and controllers write."""
    metadata = {name: value for name, value in document["metadata"].items() if name not in _OF_THE_SERVER}
    kept = {name: value for name, value in document.items() if name not in ("metadata", "status")}
    return dict(_leaves({**kept, "metadata": metadata}, ""))


def _leaves(value: t.Any, path: str) -> t.Iterator[tuple[str, t.Any]]:
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from _leaves(item, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, f"{path}[{number}]")
    else:
        yield path, value


def _apply(api: Manifests, clock: Clock, manifest: t.Mapping[str, t.Any], deadline: float) -> None:
    while True:
        try:
            api.apply(manifest, dry_run=False)
        except UnknownKind:
            if clock.monotonic() >= deadline:
                raise
            clock.sleep(_SECONDS_BETWEEN)
        else:
            return


__all__ = ("changes", "creation", "ensure", "flat", "object_of", "parse")
