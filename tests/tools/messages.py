# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every message that a task of the collection can end with, read from its sources.

In Python a message is the first argument of an error that descends from ``KubeadmHaError``, the second of a ``Problem``, or ``msg``
of a failed result. It is followed from there to the texts: through names, helpers, what they yield, and the callers of those that
are given it. In YAML it is ``fail_msg`` of an assert and ``msg`` of a fail. Values in a message become their names in angle
brackets.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import itertools
import math
import re
import typing as t
from pathlib import Path

import yaml

from .environment import ROOT

_BASE = "KubeadmHaError"
#: More texts of one message than this are a mistake in reading it.
_MOST = 100
_VARIANTS = 4
_DEPTH = 7
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
#: What gives a name its value, or a function its result.
_SAYING = (
    ast.AnnAssign, ast.Assign, ast.AugAssign, ast.Call, ast.For, ast.NamedExpr, ast.Return, ast.Yield, ast.YieldFrom, ast.comprehension,
)  # fmt: skip
_TASK_LISTS = ("block", "rescue", "always", "tasks", "pre_tasks", "post_tasks", "handlers")
_ASSERT, _FAIL = "ansible.builtin.assert", "ansible.builtin.fail"


@dataclasses.dataclass(frozen=True)
class Message:
    """A sentence that a task can end with.

    Attributes:
        text: the sentence, with the names of its values in angle brackets.
        kind: the class of the error, ``Problem`` or ``task``.
        path: the file that says it.
    """

    text: str
    kind: str
    path: str


@dataclasses.dataclass(frozen=True)
class Unfollowed:
    """A place whose message no text was found for.

    Attributes:
        path: the file.
        source: the expression.
    """

    path: str
    source: str


@dataclasses.dataclass(frozen=True)
class _Scope:
    path: str
    functions: tuple[ast.FunctionDef | ast.AsyncFunctionDef, ...]


@dataclasses.dataclass(frozen=True)
class _Text:
    """A text, and the file in which it stands."""

    text: str
    path: str


class _Sources:
    """The syntax trees of some files."""

    def __init__(self, texts: t.Mapping[str, str]) -> None:
        self.trees = {path: ast.parse(text) for path, text in texts.items()}
        self.parents: dict[ast.AST, ast.AST] = {}
        self.functions: dict[str, list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]] = {}
        self.calls: dict[str, list[tuple[ast.Call, str]]] = {}
        self._inside: dict[ast.AST, list[ast.AST]] = {}
        for path, tree in self.trees.items():
            for node in ast.walk(tree):
                for child in ast.iter_child_nodes(node):
                    self.parents[child] = node
                if isinstance(node, _FUNCTIONS):
                    self.functions.setdefault(node.name, []).append((node, path))
                elif isinstance(node, ast.Call):
                    self.calls.setdefault(_name(node.func), []).append((node, path))

    def scope(self, node: ast.AST, path: str) -> _Scope:
        """The functions around a node, the innermost first."""
        found = []
        at: ast.AST | None = node
        while at is not None:
            if isinstance(at, _FUNCTIONS):
                found.append(at)
            at = self.parents.get(at)
        return _Scope(path, tuple(found))

    @functools.cached_property
    def top(self) -> dict[str, list[ast.AST]]:
        """Path to what stands there outside of all functions."""
        return {
            path: [node for node in _outside(tree) if isinstance(node, _SAYING)] for path, tree in self.trees.items()
        }

    def inside(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> list[ast.AST]:
        """What stands in a function and gives a value, functions within it included."""
        if function not in self._inside:
            self._inside[function] = [node for node in ast.walk(function) if isinstance(node, _SAYING)]
        return self._inside[function]

    def errors(self) -> set[str]:
        """Names of the classes that descend from the collection's error."""
        found = {_BASE}
        classes = [node for tree in self.trees.values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        while True:
            more = {node.name for node in classes if {_name(base) for base in node.bases} & found} - found
            if not more:
                return found
            found |= more

    def named(self, name: str, path: str) -> list[tuple[ast.FunctionDef | ast.AsyncFunctionDef, str]]:
        """The functions of a name: those of the same file where it has some."""
        every = self.functions.get(name, [])
        return [pair for pair in every if pair[1] == path] or every


class _Reader:
    """Follows expressions to the texts that they can have."""

    def __init__(self, sources: _Sources) -> None:
        self._sources = sources
        self._known: dict[t.Hashable, list[_Text]] = {}

    def texts(self, node: ast.expr | None, scope: _Scope, depth: int = _DEPTH) -> list[_Text]:
        """The texts of an expression; none where it could not be followed."""
        if node is None or depth < 0:
            return []
        if isinstance(node, ast.Constant):
            return [_Text(node.value, scope.path)] if isinstance(node.value, str) else []
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, scope, depth)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            left, right = (
                self.texts(side, scope, depth) or [_Text(_placeholder(side), scope.path)]
                for side in (node.left, node.right)
            )
            return [
                _Text("".join(pair), scope.path)
                for pair in _each([text.text for text in left], [text.text for text in right])
            ]
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
            return [text for part in parts for text in self.texts(part, scope, depth)]
        if isinstance(node, ast.Name):
            return self._variable(node.id, None, scope, depth)
        if isinstance(node, ast.NamedExpr):
            return self.texts(node.value, scope, depth)
        if isinstance(node, ast.Subscript):
            return self._elements(node.value, None, scope, depth)
        if isinstance(node, ast.Call):
            return self._call(node, scope, depth)
        return []

    def spoken(self, name: str, path: str) -> list[_Text]:
        """What a function of a file results in, or what is put into the list or mapping of a name there."""
        functions = [function for function, where in self._sources.functions.get(name, ()) if where == path]
        found = [text for function in functions for text in self._results(function, None, path, _DEPTH)]
        for node in () if functions else ast.walk(self._sources.trees[path]):
            scope = self._sources.scope(node, path)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
                if node.func.attr == "append" and _name(node.func.value) == name:
                    found += self.texts(node.args[0], scope)
            elif isinstance(node, ast.AugAssign) and _name(node.target) == name:
                found += self._elements(node.value, None, scope, _DEPTH)
            elif isinstance(node, ast.Assign) and any(
                isinstance(target, ast.Subscript) and _name(target.value) == name for target in node.targets
            ):
                found += self.texts(node.value, scope)
        return found

    def _joined(self, node: ast.JoinedStr, scope: _Scope, depth: int) -> list[_Text]:
        parts: list[list[str]] = []
        places: dict[str, str] = {}
        has_words = _has_words(node)
        for part in node.values:
            if isinstance(part, ast.Constant):
                parts.append([str(part.value)])
            elif isinstance(part, ast.FormattedValue):
                followed = self._part(part.value, scope) if has_words else self.texts(part.value, scope, depth - 1)
                chosen = [each.text for each in followed if has_words or _letters(each.text)]
                parts.append(chosen or [_placeholder(part.value)])
                places.update({} if has_words else {each.text: each.path for each in followed})
        # Words behind a frame stand where they are given to it; a whole sentence is given to no frame that ends one.
        return [
            _Text("".join(each), next((places[part] for part in each if part in places), scope.path))
            for each in _each(*parts)
            if has_words or not "".join(each).endswith("..")
        ]

    def _part(self, node: ast.expr, scope: _Scope) -> list[_Text]:
        """The texts of a value in a sentence that are part of it: a choice of two, or what a name of the function or file stands for."""
        if isinstance(node, ast.IfExp):
            return self.texts(node, scope, 0)
        if not isinstance(node, ast.Name):
            return []
        nearest = self._sources.inside(scope.functions[0]) if scope.functions else []
        for nodes in (nearest, self._sources.top[scope.path]):
            found = self._assigned(node.id, None, nodes, scope, 1, iterated=False)
            if any(_letters(each.text) for each in found):
                return found[:_VARIANTS]
        return []

    def _call(self, node: ast.Call, scope: _Scope, depth: int) -> list[_Text]:
        name = _name(node.func)
        if name == "join":
            return self._elements(node.args[0], None, scope, depth) if node.args else []
        if isinstance(node.func, ast.Attribute) and name in ("replace", "strip", "format"):
            return self.texts(node.func.value, scope, depth)
        if name == "str" and node.args:
            return self.texts(node.args[0], scope, depth)
        if node.args and isinstance(node.args[0], (ast.JoinedStr, ast.Constant)) and name == "without_secrets":
            return self.texts(node.args[0], scope, depth)
        return [
            text
            for function, path in self._sources.named(name, scope.path)
            for text in self._results(function, None, path, depth - 1)
        ]

    def _results(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, index: int | None, path: str, depth: int
    ) -> list[_Text]:
        """What a function returns or yields."""
        if depth < 0:
            return []
        key = (function, index, path, depth)
        if key not in self._known:
            self._known[key] = list(self._read_results(function, index, path, depth))
        return self._known[key]

    def _read_results(
        self, function: ast.FunctionDef | ast.AsyncFunctionDef, index: int | None, path: str, depth: int
    ) -> list[_Text]:
        found: list[_Text] = []
        for node in self._sources.inside(function):
            if not isinstance(node, (ast.Yield, ast.YieldFrom, ast.Return)):
                continue
            scope = self._sources.scope(node, path)
            if scope.functions[0] is not function:
                continue
            if isinstance(node, ast.Yield) and node.value is not None:
                found += self._at(node.value, index, scope, depth)
            elif isinstance(node, ast.YieldFrom):
                found += self._elements(node.value, index, scope, depth)
            elif isinstance(node, ast.Return) and node.value is not None:
                found += self._at(node.value, index, scope, depth) or self._elements(node.value, index, scope, depth)
        return found

    def _at(self, node: ast.expr, index: int | None, scope: _Scope, depth: int) -> list[_Text]:
        """The texts of a value, or of its part at an index where it is a tuple."""
        if index is None or not isinstance(node, ast.Tuple):
            return self.texts(node, scope, depth)
        return self.texts(node.elts[index], scope, depth) if index < len(node.elts) else []

    def _elements(self, node: ast.expr, index: int | None, scope: _Scope, depth: int) -> list[_Text]:
        """The texts of what an expression is iterated to."""
        if depth < 0:
            return []
        if isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            return [text for each in node.elts for text in self._element(each, index, scope, depth)]
        if isinstance(node, (ast.ListComp, ast.GeneratorExp, ast.SetComp)):
            return self._at(node.elt, index, scope, depth)
        if isinstance(node, (ast.IfExp, ast.BoolOp)):
            parts = [node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
            return [text for part in parts for text in self._elements(part, index, scope, depth)]
        if isinstance(node, ast.BinOp):
            return [text for part in (node.left, node.right) for text in self._elements(part, index, scope, depth)]
        if isinstance(node, ast.Name):
            return self._variable(node.id, index, scope, depth, iterated=True)
        if isinstance(node, ast.Dict):
            return [text for each in node.values for text in self._at(each, None, scope, depth)]
        return self._elements_of_call(node, index, scope, depth) if isinstance(node, ast.Call) else []

    def _elements_of_call(self, node: ast.Call, index: int | None, scope: _Scope, depth: int) -> list[_Text]:
        name = _name(node.func)
        if name in ("items", "values", "get") and isinstance(node.func, ast.Attribute):
            return self._elements(node.func.value, None, scope, depth)
        if name in ("list", "tuple", "sorted", "chain", "filter", "enumerate", "set", "fromkeys"):
            return [text for each in node.args for text in self._elements(each, index, scope, depth)]
        return [
            text
            for function, path in self._sources.named(name, scope.path)
            for text in self._results(function, index, path, depth - 1)
        ]

    def _element(self, node: ast.expr, index: int | None, scope: _Scope, depth: int) -> list[_Text]:
        if isinstance(node, ast.Starred):
            return self._elements(node.value, index, scope, depth)
        return self._at(node, index, scope, depth)

    def _variable(
        self, name: str, index: int | None, scope: _Scope, depth: int, *, iterated: bool = False
    ) -> list[_Text]:
        """What was assigned to a name, in the function around it, else what its callers give, else at the top of the file."""
        if depth < 0:
            return []
        key = (name, index, scope, depth, iterated)
        if key not in self._known:
            self._known[key] = self._read_variable(name, index, scope, depth, iterated=iterated)
        return self._known[key]

    def _read_variable(self, name: str, index: int | None, scope: _Scope, depth: int, *, iterated: bool) -> list[_Text]:
        for function in scope.functions:
            found = self._assigned(name, index, self._sources.inside(function), scope, depth, iterated=iterated)
            if found:
                return found
            given = [each.arg for each in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)]
            if name in given:
                return self._given(function, name, scope, depth, index if iterated else None, iterated=iterated)
        return self._assigned(name, index, self._sources.top[scope.path], scope, depth, iterated=iterated)

    def _assigned(
        self, name: str, index: int | None, within: t.Sequence[ast.AST], scope: _Scope, depth: int, *, iterated: bool
    ) -> list[_Text]:
        found: list[_Text] = []
        for node in within:
            if isinstance(node, (ast.Assign, ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
                found += self._assignment(node, name, index, scope, depth - 1, iterated=iterated)
            elif isinstance(node, (ast.For, ast.comprehension)) and not iterated:
                position = _position(node.target, name)
                if position is not None:
                    found += self._elements(node.iter, None if position < 0 else position, scope, depth - 1)
            elif iterated and isinstance(node, ast.Call) and _receiver(node) == name and node.args:
                if _name(node.func) == "append":
                    found += self._at(node.args[0], index, scope, depth - 1)
                elif _name(node.func) == "extend":
                    found += self._elements(node.args[0], index, scope, depth - 1)
        return found

    def _assignment(
        self,
        node: ast.Assign | ast.AnnAssign | ast.AugAssign | ast.NamedExpr,
        name: str,
        index: int | None,
        scope: _Scope,
        depth: int,
        *,
        iterated: bool,
    ) -> list[_Text]:
        if node.value is None:
            return []
        found: list[_Text] = []
        read = self._elements if iterated else self._at
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            position = _position(target, name)
            if position is not None and position < 0:
                found += read(node.value, index, scope, depth)
            elif position is not None and not iterated:
                found += self._at(node.value, position, scope, depth)
        return found

    def _given(
        self,
        function: ast.FunctionDef | ast.AsyncFunctionDef,
        name: str,
        scope: _Scope,
        depth: int,
        index: int | None,
        *,
        iterated: bool,
    ) -> list[_Text]:
        """What the callers of a function give for one of its parameters."""
        positions = [each.arg for each in (*function.args.posonlyargs, *function.args.args) if each.arg != "self"]
        every = self._sources.calls.get(function.name, [])
        local = [pair for pair in every if pair[1] == scope.path]
        found: list[_Text] = []
        for call, path in local if function.name.startswith("_") else every:
            at = positions.index(name) if name in positions else len(call.args)
            value = call.args[at] if at < len(call.args) else None
            value = next((each.value for each in call.keywords if each.arg == name), value)
            if value is not None:
                where = self._sources.scope(call, path)
                found += (
                    self._elements(value, index, where, depth - 1) if iterated else self.texts(value, where, depth - 1)
                )
        return found


def of_python(
    texts: t.Mapping[str, str], spoken: t.Mapping[str, t.Sequence[str]] | None = None
) -> tuple[list[Message], list[Unfollowed]]:
    """The messages of Python files, and the places that no text was found for.

    Args:
        texts: path to content.
        spoken: path to the functions whose results are messages, and to the lists and mappings whose items are: what reaches an
            error by a way that is not followed, such as the report of a host.
    """
    sources = _Sources(texts)
    errors = sources.errors()
    reader = _Reader(sources)
    found: list[Message] = []
    unfollowed: list[Unfollowed] = []
    for path, tree in sources.trees.items():
        for node in ast.walk(tree):
            for kind, value in _places(node, errors):
                is_text = isinstance(value, ast.Constant) or (isinstance(value, ast.JoinedStr) and _has_words(value))
                read = [
                    Message(_shown(each.text), kind, each.path)
                    for each in reader.texts(value, sources.scope(node, path))
                ]
                said = [each for each in read if _letters(each.text) and (is_text or _is_sentence(each.text))]
                found += said
                if not said:
                    unfollowed.append(Unfollowed(path, ast.unparse(value)))
        for name in (spoken or {}).get(path, ()):
            found += [
                Message(_shown(each.text), "Problem", path)
                for each in reader.spoken(name, path)
                if _letters(each.text) and _is_sentence(each.text)
            ]
    return found, unfollowed


def _places(node: ast.AST, errors: t.Container[str]) -> t.Iterator[tuple[str, ast.expr]]:
    """Kind and message of what a node ends a task with."""
    if isinstance(node, ast.Call):
        name = _name(node.func)
        if name in errors:
            yield from ((name, value) for value in _argument(node, 0, "message"))
        elif name == "Problem":
            yield from ((name, value) for value in _argument(node, 1, "message"))
        elif name == "fail_json":
            yield from (("task", value) for value in _argument(node, 0, "msg"))
    elif isinstance(node, ast.Dict):
        keys = {
            key.value: value for key, value in zip(node.keys, node.values, strict=True) if isinstance(key, ast.Constant)
        }
        if "msg" in keys and "failed" in keys:
            yield "task", keys["msg"]


def _argument(call: ast.Call, position: int, name: str) -> t.Iterator[ast.expr]:
    named = [each.value for each in call.keywords if each.arg == name]
    yield from named or call.args[position : position + 1]


def _position(target: ast.expr, name: str) -> int | None:
    """Where a loop's target has a name: -1 when it is the whole target."""
    if _name(target) == name and isinstance(target, ast.Name):
        return -1
    if isinstance(target, ast.Tuple):
        for index, each in enumerate(target.elts):
            if isinstance(each, ast.Name) and each.id == name:
                return index
    return None


def _name(node: ast.AST) -> str:
    """The last name of an expression."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def _each(*parts: t.Sequence[str]) -> list[tuple[str, ...]]:
    """Every combination of parts; none of texts without words, which grow in loops and are no messages."""
    if math.prod(map(len, parts)) > _MOST:
        if not any(_letters(text) for part in parts for text in part):
            return []
        raise ValueError(f"A message has more than {_MOST} texts, made of {parts}.")
    return list(itertools.product(*parts))


def _receiver(node: ast.Call) -> str:
    """The name of the object whose method is called."""
    return _name(node.func.value) if isinstance(node.func, ast.Attribute) else ""


def _placeholder(node: ast.expr) -> str:
    return f"<{_word(node)}>"


def _word(node: ast.expr) -> str:
    """What a value is called in a sentence: the last word of its expression."""
    inner = _inner(node)
    if inner is not None:
        return _word(inner)
    if isinstance(node, ast.Call):
        return _name(node.func).strip("_")
    if isinstance(node, ast.Name) and node.id == "self":
        return "value"
    return _name(node).strip("_").lower() or "value"


def _inner(node: ast.expr) -> ast.expr | None:
    """The part of an expression that names it best."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and not node.args:
            return node.func.value
        return node.args[0] if node.args else None
    if isinstance(node, ast.JoinedStr):
        return next((part.value for part in node.values if isinstance(part, ast.FormattedValue)), None)
    if isinstance(node, (ast.BoolOp, ast.Tuple, ast.List)):
        parts = node.values if isinstance(node, ast.BoolOp) else node.elts
        return parts[0] if parts else None
    for field in ("elt", "value", "body", "left"):
        if not isinstance(node, (ast.Attribute, ast.Constant)) and isinstance(getattr(node, field, None), ast.expr):
            return t.cast("ast.expr", getattr(node, field))
    return None


def _outside(tree: ast.AST) -> t.Iterator[ast.AST]:
    """What stands in a file outside of all functions."""
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, _FUNCTIONS):
            yield node
            yield from _outside(node)


def _is_sentence(text: str) -> bool:
    """Whether a text that was found behind a name ends as a sentence does, and is no part of one."""
    return text.endswith((".", ")", ">"))


def _has_words(node: ast.JoinedStr) -> bool:
    return _letters(" ".join(str(part.value) for part in node.values if isinstance(part, ast.Constant)))


def _letters(text: str) -> bool:
    """Whether a text has two words of its own beside its values."""
    words = re.sub(r"<[^<>]*>", "", text).split()
    return sum(re.search(r"[A-Za-z]{2,}", word) is not None for word in words) > 1


def _shown(text: str) -> str:
    """One line; what ``format`` fills in is a value, too."""
    return " ".join(re.sub(r"{(\w+)}", r"<\1>", text).split())


def of_tasks(path: str, content: t.Any) -> t.Iterator[Message]:
    """The messages of a file of tasks or of a playbook.

    Args:
        path: its path.
        content: the parsed YAML.
    """
    for task in content if isinstance(content, list) else ():
        if not isinstance(task, dict):
            continue
        said = (task.get(_ASSERT) or {}).get("fail_msg"), (task.get(_FAIL) or {}).get("msg")
        for template in said:
            text = of_template(str(template or ""))
            if _letters(text):
                yield Message(text, "task", path)
        for name in _TASK_LISTS:
            yield from of_tasks(path, task.get(name))


def of_template(template: str) -> str:
    """A template with its expressions as names in angle brackets; its statements are left out."""
    shown = re.sub(r"{%.*?%}", " ", template, flags=re.DOTALL)
    return " ".join(re.sub(r"{{(.*?)}}", _expression, shown, flags=re.DOTALL).split())


def _expression(match: re.Match[str]) -> str:
    words = re.findall(r"[A-Za-z_][A-Za-z0-9_.]*", re.sub(r"'[^']*'", " ", match.group(1)))
    return f"<{words[0].split('.')[-1].strip('_') if words else 'value'}>"


def of_collection(spoken: t.Mapping[str, t.Sequence[str]], root: Path = ROOT) -> tuple[list[Message], list[Unfollowed]]:
    """The messages of the collection, in the order of their files, each text once; and the places without one.

    Args:
        spoken: see :func:`of_python`.
        root: of the checkout.
    """

    def relative(path: Path) -> str:
        return path.relative_to(root).as_posix()

    python = {relative(path): path.read_text(encoding="utf-8") for path in sorted((root / "plugins").rglob("*.py"))}
    found, unfollowed = of_python(python, spoken)
    for folder in ("roles", "playbooks"):
        for file in sorted((root / folder).rglob("*.yml")):
            if folder == "playbooks" or "tasks" in file.parts or "handlers" in file.parts:
                found += of_tasks(relative(file), yaml.safe_load(file.read_text(encoding="utf-8")))
    first: dict[str, Message] = {}
    for message in found:
        first.setdefault(message.text, message)
    return list(first.values()), list(dict.fromkeys(unfollowed))


__all__ = ("Message", "Unfollowed", "of_collection", "of_python", "of_tasks", "of_template")
