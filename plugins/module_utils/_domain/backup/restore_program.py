# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program in an image of etcd that makes data of a snapshot.

In etcd 3.5 both etcdctl and etcdutl do it, and raise revisions from 3.5.10 on (etcd-io/etcd#16029, backported by #16165); since 3.6 etcdutl
alone does (CHANGELOG/CHANGELOG-3.6.md of etcd).

What an image has depends on who made it. Kubernetes made its own until 3.5.21-0 and 3.6.4-0, with etcd and etcdctl alone
(kubernetes/kubernetes, cluster/images/etcd/Makefile; etcd-io/etcd#13764). Since then registry.k8s.io has the images of etcd's releases, with
etcdutl and without a shell (kubernetes/kubernetes#134251). Both have etcdctl.
"""

from __future__ import annotations

import re
import typing as t

ETCDCTL, ETCDUTL = "etcdctl", "etcdutl"
PROGRAMS = (ETCDCTL, ETCDUTL)

_Version = t.Tuple[int, int, int]

#: The first that raises revisions, and the last one's minor release in which etcdctl restores.
_FIRST: _Version = (3, 5, 10)
_SPLIT: _Version = (3, 6, 0)
#: The first of 3.6 that Kubernetes did not make itself.
_FIRST_WITH_ETCDUTL: _Version = (3, 6, 5)
#: Kubernetes' tags end with a revision and have no v, those of etcd's releases the other way round.
_TAG = re.compile(r":(?P<v>v?)(\d+)\.(\d+)\.(\d+)(?P<revision>-\d+)?(?:@[^/]*)?\Z")


def program(image: str) -> str:
    """The program that restores. An image whose tag does not say its version is taken for a new one."""
    version, _is_kubernetes = _parse(image)
    return ETCDCTL if version is not None and version < _SPLIT else ETCDUTL


def objection(image: str) -> str:
    """Why an image cannot restore, with the remedy; empty where nothing speaks against it."""
    version, is_kubernetes = _parse(image)
    if version is None:
        return ""
    shown = ".".join(map(str, version))
    if version[:2] == _FIRST[:2] and version < _FIRST:
        return f"etcd {shown} cannot raise the revisions of what it restores: {_remedy(image, _FIRST)}"
    if is_kubernetes and _SPLIT <= version < _FIRST_WITH_ETCDUTL:
        return f"the image {image} has no etcdutl, without which etcd {shown} restores nothing: {_remedy(image, _FIRST_WITH_ETCDUTL)}"
    return ""


def _remedy(image: str, version: _Version) -> str:
    repository = image.partition("@")[0].rpartition(":")[0]
    number = ".".join(map(str, version))
    return f"write {repository}:{number}-0, or a later one of {version[0]}.{version[1]}, into the manifest of etcd"


def _parse(image: str) -> tuple[_Version | None, bool]:
    """The version by the tag, and whether Kubernetes has numbered the image."""
    match = _TAG.search(image)
    if match is None:
        return None, False
    version = (int(match.group(2)), int(match.group(3)), int(match.group(4)))
    return version, bool(match.group("revision")) and not match.group("v")


__all__ = ("ETCDCTL", "ETCDUTL", "PROGRAMS", "objection", "program")
