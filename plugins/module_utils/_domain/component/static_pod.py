# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments and hostPath mounts of a static pod's manifest."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

from ..base import plain_yaml
from ..base.errors import InvalidInput

#: Components whose files and flags a joining control plane needs.
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
ETCD = "etcd"

#: Stands for user and password in a URL.
STRUCK = "//***@"
_PASSWORD_IN_URL = re.compile(r"//[^/@\s]+@")


@dataclasses.dataclass(frozen=True)
class Mount:
    """A hostPath volume of a pod, mounted.

    Attributes:
        name: of the volume.
        host_path: what of the host is mounted.
        mount_path: where in the container.
        type: the hostPath's ``type``, empty without one.
        read_only: the container may not write.
    """

    name: str
    host_path: str
    mount_path: str
    type: str = ""
    read_only: bool = False


@dataclasses.dataclass(frozen=True)
class StaticPod:
    """What a manifest says of its first container.

    Attributes:
        arguments: flags without dashes and their values in their order; ``true`` for a flag without a value. Users and
            passwords in URLs are struck out.
        mounts: the pod's hostPath volumes, as the container mounts them.
        image: of the container; empty without one.
    """

    arguments: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    image: str = ""

    @property
    def flags(self) -> dict[str, tuple[str, ...]]:
        """The values of each flag in their order."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in self.arguments:
            found[name] = (*found.get(name, ()), value)
        return found

    def on_host(self, path: str) -> tuple[str, Mount] | None:
        """What a path in the container is on the host, and by which mount; ``None`` when it is in the image."""
        path = posixpath.normpath(path)
        inside = [mount for mount in self.mounts if is_below(path, mount.mount_path)]
        if not inside:
            return None
        mount = max(inside, key=lambda item: len(item.mount_path))
        relative = posixpath.relpath(path, mount.mount_path)
        return posixpath.normpath(posixpath.join(mount.host_path, relative)), mount


def parse(text: str) -> StaticPod:
    """Parse a manifest.

    Raises:
        InvalidInput: when it is no manifest, or laid out in a way that cannot be read without a YAML library.
    """
    document = plain_yaml.load(text)
    try:
        spec = document["spec"]
        container = spec["containers"][0]
        command = [str(item) for item in (*(container.get("command") or ()), *(container.get("args") or ()))]
        host_paths = {item["name"]: item["hostPath"] for item in spec.get("volumes") or () if item.get("hostPath")}
        mounts = [item for item in container.get("volumeMounts") or () if item["name"] in host_paths]
        found = tuple(_mount(item, host_paths[item["name"]]) for item in mounts)
        return StaticPod(tuple(_arguments(command)), found, str(container.get("image") or ""))
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise InvalidInput("It is no manifest of a pod.") from error


def is_below(path: str, directory: str) -> bool:
    """Whether a path is a directory or something in it."""
    directory = posixpath.normpath(directory)
    return path == directory or path.startswith(directory.rstrip("/") + "/")


def without_password(value: str) -> str:
    """A flag's value with users and passwords in URLs struck out."""
    return _PASSWORD_IN_URL.sub(STRUCK, value)


def _mount(item: t.Mapping[str, t.Any], host_path: t.Mapping[str, t.Any]) -> Mount:
    return Mount(
        name=str(item["name"]),
        host_path=posixpath.normpath(posixpath.join(str(host_path["path"]), str(item.get("subPath") or ""))),
        mount_path=posixpath.normpath(str(item["mountPath"])),
        type=str(host_path.get("type") or ""),
        read_only=str(item.get("readOnly")).lower() == "true",
    )


def _arguments(command: t.Sequence[str]) -> t.Iterator[tuple[str, str]]:
    """``--name=value``, ``--name value`` and ``--name``."""
    rest = list(command)
    while rest:
        item = rest.pop(0)
        if not item.startswith("--"):
            continue
        name, equals, value = item[2:].partition("=")
        if not equals:
            value = rest.pop(0) if rest and not rest[0].startswith("-") else "true"
        yield name, without_password(value)


__all__ = ("COMPONENTS", "ETCD", "STRUCK", "Mount", "StaticPod", "is_below", "parse", "without_password")
