# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the flags of components name on their host."""

from __future__ import annotations

import dataclasses
import posixpath
import re
import typing as t

#: Flags that name what a component writes: a file,
_OUTPUT_FILES = frozenset({"audit-log-path", "log-file"})
#: or a directory.
_OUTPUT_DIRECTORIES = frozenset(
    {"cert-dir", "log-dir", "root-dir", "data-dir", "wal-dir", "flex-volume-plugin-dir", "volume-plugin-dir"}
)
#: Flags that name what the system has, or what is made while a component runs.
_OF_SYSTEM = frozenset(
    {"container-runtime-endpoint", "image-service-endpoint", "resolv-conf", "pod-manifest-path", "pod-cidr"}
)
#: A value of a document's line that is an absolute path.
_IN_DOCUMENT = re.compile(r"^[ \t-]*[A-Za-z][\w.-]*:[ \t]+[\"']?(/[^\s\"'#]+)[\"']?[ \t]*$", re.MULTILINE)

#: By these a kubelet shows who it is, to the API and to its clients.
_OWN_FLAGS = ("kubeconfig", "tls-cert-file", "tls-private-key-file")
_OWN_FIELDS = ("tlsCertFile", "tlsPrivateKeyFile")
KUBELET = "kubelet"

INPUT, OUTPUT_FILE, OUTPUT_DIRECTORY = "input", "output file", "output directory"


@dataclasses.dataclass(frozen=True)
class NamedPath:
    """A path that a flag names.

    Attributes:
        path: absolute and normal.
        flag: the flag.
        role: :data:`INPUT`, :data:`OUTPUT_FILE` or :data:`OUTPUT_DIRECTORY`.
    """

    path: str
    flag: str
    role: str

    @property
    def directory(self) -> str:
        """What must be there before the component writes to it."""
        return posixpath.dirname(self.path) if self.role == OUTPUT_FILE else self.path


def of_arguments(arguments: t.Mapping[str, t.Sequence[str]]) -> t.Iterator[NamedPath]:
    """The paths that flags name. A value may hold several (``--tls-sni-cert-key``)."""
    for flag, values in arguments.items():
        if flag in _OF_SYSTEM:
            continue
        for value in values:
            for part in re.split(r"[,:=]", value) if not value.startswith("/") else re.split(r"[,:]", value):
                if part.startswith("/") and posixpath.normpath(part) != "/" and not part.startswith("//"):
                    yield NamedPath(posixpath.normpath(part), flag, _role(flag))


def own_of_host(
    component: str, arguments: t.Mapping[str, t.Sequence[str]], fields: t.Mapping[str, str]
) -> frozenset[str]:
    """The files by which a kubelet is the one of its host, and which no other host may have.

    Args:
        component: whose flags they are; only a kubelet has such files.
        arguments: its flags.
        fields: of its configuration.
    """
    if component != KUBELET:
        return frozenset()
    named = [value for flag in _OWN_FLAGS for value in arguments.get(flag, ())]
    named += [fields[field] for field in _OWN_FIELDS if field in fields]
    return frozenset(posixpath.normpath(path) for path in named if path.startswith("/"))


def in_document(text: str) -> tuple[str, ...]:
    """The paths that a configuration in YAML names as the values of its fields."""
    return tuple(dict.fromkeys(posixpath.normpath(match) for match in _IN_DOCUMENT.findall(text)))


def _role(flag: str) -> str:
    if flag in _OUTPUT_FILES:
        return OUTPUT_FILE
    return OUTPUT_DIRECTORY if flag in _OUTPUT_DIRECTORIES else INPUT


__all__ = (
    "INPUT",
    "KUBELET",
    "OUTPUT_DIRECTORY",
    "OUTPUT_FILE",
    "NamedPath",
    "in_document",
    "of_arguments",
    "own_of_host",
)
