# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a static pod of this host complained of last.

The kubelet keeps the logs in ``/var/log/pods/NAMESPACE_NAME_UID/CONTAINER/RESTARTS.log``, a line of the container runtime
each: time, stream, tag and the text (https://kubernetes.io/docs/concepts/cluster-administration/logging/).
"""

from __future__ import annotations

import re
import typing as t

from ..base.last_words import distinct_lines

if t.TYPE_CHECKING:
    from ..._ports.files import Files

LOGS = "/var/log/pods"
_LINE = re.compile(r"^\S+ (?:stdout|stderr) [FP] (.*)$")
#: Lines of etcd's logger that report an error.
_COMPLAINT = re.compile(r'"level":"(?:error|fatal|panic)"')
_SHOWN = 3
#: Characters of the end of a log that are read as such.
_END = 200_000


def complaints(files: Files, component: str) -> str:
    """The last distinct errors of a static pod of kube-system; empty when there are none."""
    texts = [_end(files, path) for path in _logs(files, component)]
    lines = [match.group(1) for text in texts for match in map(_LINE.match, text.splitlines()) if match is not None]
    return " ".join(distinct_lines("\n".join(line for line in lines if _COMPLAINT.search(line)))[-_SHOWN:])


def _logs(files: Files, component: str) -> list[str]:
    """Paths of the last log of each pod of the component; normally there is one pod."""
    found = []
    for pod in files.names(LOGS):
        if pod.startswith(f"kube-system_{component}-"):
            directory = f"{LOGS}/{pod}/{component}"
            names = [
                name for name in files.names(directory) if name.partition(".")[0].isdigit() and name.endswith(".log")
            ]
            # The newest may only have begun.
            found += [f"{directory}/{name}" for name in sorted(names, key=lambda name: int(name[:-4]))[-2:]]
    return found


def _end(files: Files, path: str) -> str:
    return (files.read(path) or b"").decode("utf-8", "replace")[-_END:]


__all__ = ("complaints",)
