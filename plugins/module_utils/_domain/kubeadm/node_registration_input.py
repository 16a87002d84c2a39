# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory gives to a Node that joins: flags of its kubelet, labels and taints."""

from __future__ import annotations

import re
import typing as t

from ..base.errors import InvalidInput

_FLAG = re.compile(r"[a-z][a-z0-9-]*\Z")
_KEY = re.compile(
    r"(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/)?[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?\Z"
)
_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?\Z")
_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
#: Labels of Kubernetes' own domains that a kubelet may set
#: (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction).
_ALLOWED_DOMAINS = ("kubelet.kubernetes.io", "node.kubernetes.io")
_ALLOWED_LABELS = frozenset(
    {
        *("kubernetes.io/hostname", "kubernetes.io/arch", "kubernetes.io/os", "beta.kubernetes.io/arch"),
        *("beta.kubernetes.io/os", "beta.kubernetes.io/instance-type", "node.kubernetes.io/instance-type"),
        *("failure-domain.beta.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone"),
        *("failure-domain.kubernetes.io/region", "failure-domain.kubernetes.io/zone"),
        *("topology.kubernetes.io/region", "topology.kubernetes.io/zone"),
    }
)
_RESERVED = ("kubernetes.io", "k8s.io")


def parse_kubelet_flags(value: t.Any) -> dict[str, str]:
    """Flags of a kubelet by name without dashes."""
    found = {}
    for name, text in _mapping(value, "{node-ip: 192.0.2.12}").items():
        if not isinstance(name, str) or not _FLAG.match(name):
            raise InvalidInput(
                f"{name!r} is not the name of a flag: write it without dashes before it, such as node-ip."
            )
        found[name] = _scalar(name, text)
    return found


def parse_labels(value: t.Any) -> dict[str, str]:
    """Labels that a kubelet may give to its Node."""
    found = {}
    for key, text in _mapping(value, "{site: eu-1}").items():
        if not isinstance(key, str) or not _KEY.match(key):
            raise InvalidInput(f"{key!r} is not the key of a label: write [DOMAIN/]NAME.")
        domain = key.partition("/")[0] if "/" in key else ""
        if _is_below(domain, _RESERVED) and key not in _ALLOWED_LABELS and not _is_below(domain, _ALLOWED_DOMAINS):
            raise InvalidInput(
                f"a kubelet may not set the label {key}: leave it out, and set it with kubectl label node after the join."
            )
        found[key] = _scalar(key, text)
        if not _VALUE.match(found[key]):
            raise InvalidInput(
                f"{text!r} is not the value of a label: write at most 63 letters, digits, '-', '_' and '.'."
            )
    return found


def parse_taints(value: t.Any) -> list[dict[str, str]]:
    """Taints of a Node."""
    example = "[{key: dedicated, value: control, effect: NoSchedule}]"
    if not isinstance(value, (list, tuple)):
        raise InvalidInput(f"{value!r} is not a list of taints: write {example}.")
    found = []
    for item in value:
        taint = _mapping(item, example)
        key, text = taint.get("key"), _scalar("value", taint.get("value") or "")
        if set(taint) - {"key", "value", "effect"} or not isinstance(key, str) or not _KEY.match(key):
            raise InvalidInput(f"{item!r} is not a taint: write {example}.")
        if taint.get("effect") not in _EFFECTS or not _VALUE.match(text):
            raise InvalidInput(f"{item!r} is not a taint: its effect is one of {', '.join(_EFFECTS)}; write {example}.")
        found.append({"key": key, "value": text, "effect": str(taint["effect"])})
    return found


def _mapping(value: t.Any, example: str) -> t.Mapping[t.Any, t.Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{value!r} is not a mapping: write {example}.")
    return value


def _scalar(name: str, value: t.Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, (str, int, float)):
        raise InvalidInput(f"the value of {name} is {value!r}: write a text.")
    return str(value)


def _is_below(domain: str, parents: t.Iterable[str]) -> bool:
    return any(domain == parent or domain.endswith(f".{parent}") for parent in parents)


__all__ = ("parse_kubelet_flags", "parse_labels", "parse_taints")
