# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports Api, Clock and Commands in memory, for unit tests of use cases."""

from __future__ import annotations

import contextlib
import copy
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiConflict, CommandFailed

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult


class MemoryApi:
    """Objects by kind, namespace and name, with resource versions that a replacement must know."""

    def __init__(self, *documents: dict[str, t.Any]) -> None:
        """Start with these objects."""
        self.objects: dict[tuple[str, str | None, str], dict[str, t.Any]] = {}
        self.writes: list[str] = []
        #: Called before each replacement: the place of a concurrent writer.
        self.before_replace: t.Callable[[], None] = lambda: None
        #: Called after each write with the written object: the place of a controller.
        self.after_write: t.Callable[[dict[str, t.Any]], None] = lambda _document: None
        self._version = 100
        for document in documents:
            self.put(document)

    def put(self, document: dict[str, t.Any]) -> dict[str, t.Any]:
        """Write without any precondition."""
        self._version += 1
        stored = copy.deepcopy(document)
        stored["metadata"]["resourceVersion"] = str(self._version)
        self.objects[self._key(stored)] = stored
        return copy.deepcopy(stored)

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object."""
        return copy.deepcopy(self.objects.get((kind, namespace, name)))

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind with one label ``key=value``."""
        label = tuple(labels.split("=", 1)) if labels else None
        return [
            copy.deepcopy(document)
            for (its_kind, its_namespace, _name), document in self.objects.items()
            if its_kind == kind
            and namespace in (None, its_namespace)
            and (label is None or label in (document["metadata"].get("labels") or {}).items())
        ]

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind in pages; of field selectors only ``type!=`` is known."""
        found = [item for item in self.list(kind) if fields is None or f"type!={item.get('type')}" != fields]
        for start in range(0, max(len(found), 1), size):
            yield found[start : start + size]

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace with the resource version as precondition."""
        self.before_replace()
        key = self._key(document)
        if self.objects[key]["metadata"]["resourceVersion"] != document["metadata"]["resourceVersion"]:
            raise ApiConflict("the object has been modified")
        self.writes.append(key[2])
        stored = self.put(dict(document))
        self.after_write(stored)
        return stored

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object."""
        return self.put(dict(document))

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object."""
        return self.objects.pop((kind, namespace, name), None) is not None

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A merge patch without removals."""
        document = self.objects[(kind, namespace, name)]
        _merge(document, patch)
        self.writes.append(name)
        self.after_write(document)
        return copy.deepcopy(document)

    def raw(self, path: str) -> str:
        """Not used by these tests."""
        raise AssertionError(path)

    @staticmethod
    def _key(document: t.Mapping[str, t.Any]) -> tuple[str, str | None, str]:
        metadata = document["metadata"]
        return (document["kind"].lower(), metadata.get("namespace"), metadata["name"])


class MemoryCommands:
    """Answers commands by their first words and keeps what was asked."""

    def __init__(self, **answers: t.Callable[[t.Sequence[str], str | None], CommandResult]) -> None:
        """``answers`` by program; a program without an answer is not installed."""
        self.answers = answers
        self.asked: list[tuple[t.Sequence[str], str | None]] = []
        self.held: dict[str, str] = {}

    @contextlib.contextmanager
    def in_memory_file(self, text: str) -> t.Iterator[str]:
        """A path; :attr:`held` has its text while the context lasts."""
        self.held["/held"] = text
        yield "/held"
        del self.held["/held"]

    def find(self, program: str) -> str | None:
        """A path for the known programs."""
        return f"/usr/bin/{program}" if program in self.answers else None

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        """The answer."""
        self.asked.append((arguments, stdin))
        result = self.answers[arguments[0]](arguments, stdin)
        if check and result.returncode != 0:
            raise CommandFailed(result.stderr)
        return result

    def start(self, arguments: t.Sequence[str], *, log: str) -> t.NoReturn:
        """Nothing here goes on beside the test."""
        raise NotImplementedError(f"{arguments} with {log}")


class MemoryClock:
    """Time that passes only by sleeping."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        """Start at ``now``, seconds since the epoch."""
        self.time = now
        #: Called after each sleep: the place of a slow controller.
        self.after_sleep: t.Callable[[], None] = lambda: None

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.time

    def monotonic(self) -> float:
        """The same seconds."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Let time pass."""
        self.time += seconds
        self.after_sleep()


def _merge(target: dict[str, t.Any], patch: t.Mapping[str, t.Any]) -> None:
    for name, value in patch.items():
        if isinstance(value, dict):
            _merge(target.setdefault(name, {}), value)
        else:
            target[name] = value
