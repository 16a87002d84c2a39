# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which flags and volumes kubeadm's patches set.

Names and kinds of patch files:
https://kubernetes.io/docs/setup/production-environment/tools/kubeadm/control-plane-flags/#patches
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..component.static_pod import without_password

TARGETS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
_NAME = re.compile(rf"^(?P<target>{'|'.join(TARGETS)})[^.+\n]*(?:\+(?:json|merge|strategic))?\.(?:json|yaml)\Z")
#: A flag, as an item of a list or as a value of a JSON patch: in quotes, or up to the next space.
_FLAG = re.compile(
    r"(?P<quote>[\"'])--(?P<quoted>[^\"'\n]+)(?P=quote)|(?:^|[\s\[,])--(?P<plain>[A-Za-z0-9-]+(?:=[^\s\"'\]}]*)?)",
    re.MULTILINE,
)
_PATH = re.compile(r"[\"']?(?:path|hostPath)[\"']?:\s*[\"']?(?P<path>/[^\"'\s,}]*)")
_COMMAND = re.compile(r"(?:[\"']?\bcommand[\"']?\s*:|/(?:command|args)(?:/|[\"'\s]))")


@dataclasses.dataclass(frozen=True)
class Patches:
    """What the patches of one component set.

    Attributes:
        flags: values that patches give to flags.
        host_paths: paths that stand in patches.
        has_command: the command line as a whole, or a part of it, is replaced or removed.
    """

    flags: frozenset[tuple[str, str]] = frozenset()
    host_paths: frozenset[str] = frozenset()
    has_command: bool = False


def parse(files: t.Iterable[tuple[str, str]]) -> dict[str, Patches]:
    """What the patches of a directory set, by component.

    Args:
        files: name and text of each file. What kubeadm would not take for a patch of a static pod is passed over.
    """
    found: dict[str, Patches] = {}
    for name, text in files:
        match = _NAME.match(name)
        if match is None:
            continue
        known = found.get(match.group("target"), Patches())
        flags = {_flag(item.group("quoted") or item.group("plain")) for item in _FLAG.finditer(text)}
        found[match.group("target")] = Patches(
            known.flags | flags,
            known.host_paths | {item.group("path") for item in _PATH.finditer(text)},
            known.has_command or _COMMAND.search(text) is not None,
        )
    return found


def _flag(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    return name, without_password(value) if equals else "true"


__all__ = ("TARGETS", "Patches", "parse")
