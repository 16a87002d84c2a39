# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that inputs name on the controller, found where Ansible's own actions find them."""

from __future__ import annotations

import dataclasses
import typing as t
from pathlib import Path

from ansible.errors import AnsibleError
from ansible.module_utils.urls import open_url

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput

#: Seconds for an answer of a URL.
_SECONDS = 10


@dataclasses.dataclass(frozen=True)
class TaskFiles:
    """The port ``ControllerFiles`` for a task.

    Attributes:
        find: the action's search for a file, by the directory of a role and the file's path.
    """

    find: t.Callable[[str, str], str]

    def text(self, place: str) -> str:
        """See the port."""
        try:
            if "://" in place:
                return str(open_url(place, timeout=_SECONDS).read().decode("utf-8"))
            return Path(self.find("files", place)).read_text(encoding="utf-8")
        # Whatever a download raises is a reason.
        except (AnsibleError, OSError, ValueError) as error:
            reason = "there is no such file" if isinstance(error, AnsibleError) else str(error)
            raise InvalidInput(reason) from None


__all__ = ("TaskFiles",)
