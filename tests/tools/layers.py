# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of ``plugins/``: dependencies point down only, and decisions do no I/O.

======================== =========================================================================
layer                    may import
======================== =========================================================================
``_domain``              pure modules of the standard library, ``_domain``, ``_ports``
``_ports``               pure modules, ``_ports``, the room ``base`` of ``_domain``
``_adapters``            any library but Ansible, ``_domain``, ``_ports``, ``_adapters``
``_module``              ``ansible.module_utils``, ``_domain``, ``_ports``, ``_adapters``
``_options``             the same
modules                  the same, ``_module`` and ``_options``
``_action``              ``ansible``, ``_domain``, ``_ports``, ``_adapters``
action, filter           anything below them; no module
======================== =========================================================================

An import counts wherever it stands, in a function or under ``TYPE_CHECKING`` too.

``_domain`` has rooms, one for each subject; :data:`ROOMS` says which room may use which. Each uses rooms above it in the list only,
so there are no circles.
"""

from __future__ import annotations

import ast
import typing as t
from pathlib import Path, PurePosixPath

PLUGINS = "ansible_collections.kubeadm.ha.plugins"
PURE_MODULES = frozenset({
    "__future__", "abc", "base64", "binascii", "bisect", "collections", "contextlib", "copy", "dataclasses", "datetime",
    "decimal", "difflib", "enum", "fractions", "functools", "hashlib", "heapq", "hmac", "ipaddress", "itertools", "json",
    "math", "numbers", "operator", "posixpath", "re", "shlex", "string", "textwrap", "types", "typing", "unicodedata",
})  # fmt: skip
IMPURE_CALLS = frozenset({"__import__", "breakpoint", "eval", "exec", "input", "open", "print"})
CLOCKS = frozenset({"now", "today", "utcnow"})
CORE = frozenset({"_domain", "_ports"})
ALLOWED_LAYERS: t.Mapping[str, frozenset[str]] = {
    "_domain": CORE,
    "_ports": CORE,
    "_adapters": CORE | {"_adapters"},
    "_module": CORE | {"_adapters"},
    "_options": CORE | {"_adapters"},
    "modules": CORE | {"_adapters", "_module", "_options"},
    "_action": CORE | {"_adapters"},
    "plugin_utils": CORE | {"_adapters", "_action"},
    "action": CORE | {"_adapters", "_module", "_options", "_action", "plugin_utils", "action", "filter"},
    "filter": CORE | {"_adapters", "filter"},
    "doc_fragments": frozenset(),
}


#: Rooms of ``_domain`` from the ground up, with the rooms that each may use.
ROOMS: t.Mapping[str, frozenset[str]] = {
    "base": frozenset(),
    "kubeconfig": frozenset({"base"}),
    "component": frozenset({"base", "kubeconfig"}),
    "pki": frozenset({"base", "component"}),
    "component_service": frozenset({"base", "kubeconfig", "component", "pki"}),
    "kubeadm": frozenset({"base", "kubeconfig", "component", "pki"}),
    "etcd": frozenset({"base"}),
    "host": frozenset({"base", "kubeconfig", "component", "pki", "kubeadm", "etcd"}),
    "cluster": frozenset({"base", "kubeconfig", "component", "kubeadm"}),
    "load_balancer": frozenset({"base", "host"}),
    "load_balancer_lint": frozenset({"base"}),
    "node": frozenset({"base", "host"}),
    "external_etcd": frozenset({"base", "etcd", "host"}),
    "backup": frozenset({"base", "kubeconfig", "component", "etcd"}),
    "failover_drill": frozenset({"base", "component", "etcd", "cluster"}),
    "binary": frozenset({"base", "kubeconfig", "component", "host"}),
    "plan": frozenset({
        "base", "kubeconfig", "component", "pki", "kubeadm", "etcd", "host", "cluster", "load_balancer", "external_etcd",
        "binary",
    }),
    "audit": frozenset({
        "base", "kubeconfig", "component", "kubeadm", "etcd", "host", "cluster", "load_balancer_lint", "binary", "plan",
    }),
}  # fmt: skip


class _Import(t.NamedTuple):
    line: int
    module: str


def layer_of(module: str) -> str | None:
    """The layer of a dotted name below :data:`PLUGINS`; ``None`` for anything else and for the packages themselves."""
    if not module.startswith(f"{PLUGINS}."):
        return None
    parts = module.removeprefix(f"{PLUGINS}.").split(".")
    if parts[0] == "module_utils":
        return parts[1] if len(parts) > 1 else None
    return parts[0]


def room_of(module: str) -> str | None:
    """The room of ``_domain`` to which a dotted name below :data:`PLUGINS` belongs; ``None`` for anything else."""
    parts = module.removeprefix(f"{PLUGINS}.module_utils._domain.").split(".")
    return parts[0] if module.startswith(f"{PLUGINS}.module_utils._domain.") else None


def violations(path: str, source: str) -> list[str]:
    """What a file does that its layer must not: one sentence each, with the line.

    Args:
        path: below ``plugins``, with slashes: it decides the layer.
        source: the file's text.
    """
    pure = PurePosixPath(path)
    package = [*PLUGINS.split("."), *pure.parent.parts]
    layer = layer_of(".".join([*package, pure.stem]))
    if layer is None or (pure.name == "__init__.py" and not source.strip()):
        return []
    if layer not in ALLOWED_LAYERS:
        return [] if pure.name == "__init__.py" else [f"{path}: belongs to no layer"]
    tree = ast.parse(source)
    found = []
    for line, module in _imports(tree, package):
        reason = _forbidden(layer, module) or _not_below(path, module)
        if reason:
            found.append(f"{path}:{line}: {layer} must not import {module}: {reason}")
    if layer in CORE:
        found += [f"{path}:{line}: {layer} must not call {name}: it does no I/O" for line, name in _impure_calls(tree)]
    return found


def check_tree(plugins: Path) -> list[str]:
    """The violations in a directory ``plugins``."""
    found = []
    for path in sorted(plugins.rglob("*.py")):
        found += violations(path.relative_to(plugins).as_posix(), path.read_text())
    return found


def _forbidden(layer: str, module: str) -> str | None:
    imported = layer_of(module)
    if imported is not None:
        return None if imported in ALLOWED_LAYERS[layer] else f"{imported} is not below it"
    if module.startswith(PLUGINS):
        return None
    top = module.partition(".")[0]
    if layer in CORE and top not in PURE_MODULES:
        return "it is not a pure module of the standard library"
    if layer == "_adapters" and top in ("ansible", "ansible_collections"):
        return "adapters know nothing of Ansible"
    if (
        layer in ("_module", "_options", "modules")
        and top == "ansible"
        and not module.startswith("ansible.module_utils")
    ):
        return "only ansible.module_utils exists on the hosts"
    return None


def _not_below(path: str, module: str) -> str | None:
    parts = PurePosixPath(path).parts
    room = parts[2] if parts[:2] == ("module_utils", "_domain") and len(parts) > 3 else None
    imported = room_of(module)
    if parts[:2] == ("module_utils", "_ports") and imported not in (None, "base"):
        return "a port speaks of values of base only"
    if room is None or imported in (None, room):
        return None
    if room not in ROOMS:
        return f"the room {room} is not in ROOMS of tests/tools/layers.py"
    return None if imported in ROOMS[room] else f"the room {imported} is not among those that {room} may use"


def _imports(tree: ast.AST, package: list[str]) -> t.Iterator[_Import]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield _Import(node.lineno, alias.name)
        elif isinstance(node, ast.ImportFrom):
            base = [] if not node.level else package[: len(package) - node.level + 1]
            module = ".".join([*base, *([node.module] if node.module else [])])
            names = [alias.name for alias in node.names]
            if layer_of(module) is None and module.startswith(PLUGINS):
                # A package of several layers: each name taken from it counts.
                for name in names:
                    yield _Import(node.lineno, f"{module}.{name}")
            else:
                yield _Import(node.lineno, module)


def _impure_calls(tree: ast.AST) -> t.Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if isinstance(node.func, ast.Name) and node.func.id in IMPURE_CALLS:
            yield node.lineno, node.func.id
        elif isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS and _is_datetime(node.func.value):
            yield node.lineno, f"datetime.{node.func.attr}"


def _is_datetime(node: ast.expr) -> bool:
    """``datetime``, ``dt.datetime``, ``date`` and the like, not a port that is called ``clock``."""
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return name in ("datetime", "date")
