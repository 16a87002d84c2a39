# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects by manifests: what an apply would change, and when."""

from __future__ import annotations

import copy
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, UnknownKind
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import manifest
from tests.unit.plugins.memory_api import MemoryClock

NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "blue"}}
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "namespace": "blue"}, "data": {"a": "1"}}
KIND = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "pools.x"}}
POOL = {"apiVersion": "x/v1", "kind": "Pool", "metadata": {"name": "p"}}


class Server:
    """``Manifests`` with defaults of the server, and kinds that appear after they were defined."""

    def __init__(self, *manifests: dict[str, t.Any]) -> None:
        """Start with these objects."""
        self.objects = {manifest.object_of(item): self._stored(item) for item in manifests}
        self.applied: list[str] = []
        self.kind_is_served_after = 0

    def current(self, item: t.Mapping[str, t.Any]) -> dict[str, t.Any] | None:
        """The object."""
        return copy.deepcopy(self.objects.get(manifest.object_of(item)))

    def apply(self, item: t.Mapping[str, t.Any], *, dry_run: bool) -> dict[str, t.Any]:
        """Apply it."""
        if item["kind"] == "Pool" and self.kind_is_served_after:
            self.kind_is_served_after -= 1
            raise UnknownKind("not served")
        stored = self._stored(item)
        if not dry_run:
            self.applied.append(manifest.object_of(item))
            self.objects[manifest.object_of(item)] = stored
        return stored

    def _stored(self, item: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        stored = copy.deepcopy(dict(item))
        stored["metadata"].update({"resourceVersion": str(id(stored)), "managedFields": [{"manager": "x"}], "uid": "u"})
        stored["spec"] = {"default": True, **stored.get("spec", {})}
        stored["status"] = {"at": id(stored)}
        return stored


def ensure(server: Server, *items: dict[str, t.Any], timeout: float = 5) -> t.Any:
    """The decision."""
    return manifest.ensure(server, MemoryClock(), manifest.parse(items), reason="why", timeout=timeout)


def test_what_is_missing_is_created_in_an_order_that_works() -> None:
    server = Server()
    decision = ensure(server, POOL, CONFIG, KIND, NAMESPACE)
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        ("Namespace blue", None, "present"),
        ("CustomResourceDefinition pools.x", None, "present"),
        ("Pool p", None, "present"),
        ("ConfigMap blue/c", None, "present"),
    ]
    assert server.applied == []
    server.kind_is_served_after = 3
    decision.act()
    assert server.applied == [change.object for change in decision.changes]
    assert ensure(server, POOL, CONFIG, KIND, NAMESPACE).changes == ()


def test_a_kind_that_never_comes_is_an_error() -> None:
    server = Server()
    server.kind_is_served_after = 100
    with pytest.raises(UnknownKind):
        ensure(server, POOL).act()


def test_only_differing_fields_are_shown_and_only_those_objects_applied() -> None:
    server = Server(NAMESPACE, CONFIG)
    decision = ensure(server, NAMESPACE, {**CONFIG, "data": {"a": "2"}})
    (change,) = decision.changes
    assert (change.object, change.before, change.after) == ("ConfigMap blue/c", {"data.a": "1"}, {"data.a": "2"})
    decision.act()
    assert server.applied == ["ConfigMap blue/c"]


def test_the_content_of_a_secret_is_hidden() -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": "b2xk"}}
    (change,) = ensure(Server(secret), {**secret, "data": {"k": "bmV3", "l": "bQ=="}}).changes
    assert change.before == {"data.k": "hidden", "data.l": None}
    assert "bmV3" not in str(change)


def test_lists_of_objects_are_taken_apart() -> None:
    found = manifest.parse([{"apiVersion": "v1", "kind": "List", "items": [CONFIG, NAMESPACE]}])
    assert found == (NAMESPACE, CONFIG)


@pytest.mark.parametrize("wrong", ["x", {"kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod", "metadata": {}}])
def test_what_is_no_manifest_is_named(wrong: t.Any) -> None:
    with pytest.raises(InvalidInput, match="option definitions has at place 1"):
        manifest.parse([NAMESPACE, wrong])
