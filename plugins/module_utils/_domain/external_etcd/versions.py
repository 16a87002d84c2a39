# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The oldest etcd that a kubeadm takes for external etcd (``MinExternalEtcdVersion``, cmd/kubeadm/app/constants/constants.go)."""

from __future__ import annotations

import re
import typing as t

if t.TYPE_CHECKING:
    from ..base.version import KubernetesVersion

#: Major, minor and patch of an etcd.
EtcdVersion = t.Tuple[int, int, int]

#: By the minor version of Kubernetes: from which patch on, and what it then takes.
_OLDEST: t.Mapping[int, t.Sequence[tuple[int, EtcdVersion]]] = {
    29: ((0, (3, 4, 13)),),
    30: ((0, (3, 4, 13)),),
    31: ((0, (3, 5, 11)), (14, (3, 5, 24))),
    32: ((0, (3, 5, 11)), (10, (3, 5, 24))),
    33: ((0, (3, 5, 11)), (6, (3, 5, 24))),
    34: ((0, (3, 5, 21)), (2, (3, 5, 24))),
}
_NEWEST_KNOWN: EtcdVersion = (3, 5, 24)
_VERSION = re.compile(r"(?:\d+:)?v?(\d+)\.(\d+)\.(\d+)")


def oldest(version: KubernetesVersion) -> EtcdVersion:
    """The oldest etcd that the kubeadm of a version takes. Newer releases than are known here take none that is older."""
    if version.minor < min(_OLDEST):
        return _OLDEST[min(_OLDEST)][0][1]
    rows = _OLDEST.get(version.minor, ((0, _NEWEST_KNOWN),))
    return max(found for patch, found in rows if patch <= version.patch)


def parse(text: str) -> EtcdVersion | None:
    """The version in what etcd prints, or of a package (``3.5.16-4+b3``); ``None`` without one."""
    match = _VERSION.search(text)
    return None if match is None else (int(match.group(1)), int(match.group(2)), int(match.group(3)))


def shown(version: EtcdVersion) -> str:
    """As text."""
    return ".".join(map(str, version))


__all__ = ("EtcdVersion", "oldest", "parse", "shown")
