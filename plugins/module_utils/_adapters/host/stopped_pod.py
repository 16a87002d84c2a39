# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of a static pod's log, from the files that the kubelet keeps.

Hosts of kubeadm have no crictl, and without an API server there is no kubectl logs. The kubelet writes the output of each
start of a container to /var/log/pods/NAMESPACE_POD_UID/CONTAINER/N.log, in CRI's format: time, stream, tag, text.
"""

from __future__ import annotations

import glob
import os

from ..._domain.component.static_pod import without_password
from ..._domain.host.report import LastWords

_PODS = "/var/log/pods"
#: Bytes of the end of a log that are read.
_END = 1 << 14


def last_words(container: str, *, pods: str = _PODS) -> LastWords:
    """What the newest log of a container of kube-system says last.

    Returns:
        the last line that is not empty, and the number of the newest start; nothing when there is no log.
    """
    found: list[tuple[float, int, str]] = []
    for path in glob.glob(os.path.join(pods, f"kube-system_{container}-*_*", container, "*.log")):
        number = os.path.basename(path).partition(".")[0]
        if number.isdigit():
            found.append((_changed(path), int(number), path))
    for _time, starts, path in sorted(found, reverse=True):
        for line in reversed(_end(path).splitlines()):
            fields = line.split(" ", 3)
            if len(fields) == 4 and fields[3].strip():
                return LastWords(fields[0], without_password(fields[3].strip()), starts + 1)
    return LastWords()


def _changed(path: str) -> float:
    try:
        return os.stat(path).st_mtime
    except OSError:
        return 0.0


def _end(path: str) -> str:
    try:
        with open(path, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _END))
            return stream.read().decode("utf-8", "replace")
    except OSError:
        return ""


__all__ = ("last_words",)
