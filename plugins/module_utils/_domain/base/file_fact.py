# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Something on a host, without its content."""

from __future__ import annotations

import dataclasses
import typing as t

#: What is there.
FILE = "file"
DIRECTORY = "directory"
SOCKET = "socket"
LINK = "link"
ABSENT = "absent"

#: Why it is inspected. The content is carried,
CARRIED = "carried"
#: made empty where it is missing: what the component only writes to,
MADE = "made"
#: must be on the other host already: what belongs to its system, and sockets,
NEEDED = "needed"
#: or a directory above a carried file: made where it is missing, else left alone.
PARENT = "parent"

#: More than this is no configuration, and is not carried.
MAXIMUM_FILE_BYTES = 1 << 20


@dataclasses.dataclass(frozen=True)
class FileFact:
    """Something on a host, without its content.

    Attributes:
        path: absolute path.
        kind: ``file``, ``directory``, ``socket``, ``link`` (it, or a directory above it, is a symbolic link), ``other``
            or ``absent``.
        use: why it is inspected: ``carried``, ``made``, ``needed`` or ``parent``.
        owner: name of its owner, the number where the host has no name for it.
        group: name of its group, the number where the host has no name for it.
        uid: number of its owner.
        gid: number of its group.
        mode: permission bits as four octal digits.
        size: bytes of a file.
        sha256: hash of a carried file's content.
    """

    path: str
    kind: str
    use: str = CARRIED
    owner: str = ""
    group: str = ""
    uid: int = 0
    gid: int = 0
    mode: str = ""
    size: int = 0
    sha256: str | None = None

    @classmethod
    def from_dict(cls, document: t.Mapping[str, t.Any]) -> FileFact:
        """The inverse of :meth:`as_dict`."""
        return cls(**{field.name: document[field.name] for field in dataclasses.fields(cls)})

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return dataclasses.asdict(self)

    @property
    def shown(self) -> dict[str, str]:
        """What a change says of it."""
        shown = {"owner": self.owner, "group": self.group, "mode": self.mode}
        return {**shown, "sha256": self.sha256} if self.sha256 is not None and self.use == CARRIED else shown


__all__ = (
    "ABSENT",
    "CARRIED",
    "DIRECTORY",
    "FILE",
    "LINK",
    "MADE",
    "MAXIMUM_FILE_BYTES",
    "NEEDED",
    "PARENT",
    "SOCKET",
    "FileFact",
)
