# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files that inputs name on the controller, found where Ansible's own actions find them."""

from __future__ import annotations

import dataclasses
import typing as t

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
        loader: the task's, which decrypts what ansible-vault has encrypted.
    """

    find: t.Callable[[str, str], str]
    loader: t.Any

    def has(self, path: str) -> bool:
        """Whether the controller has a file."""
        try:
            return bool(self.find("files", path))
        except AnsibleError:
            return False

    def text(self, place: str) -> str:
        """See the port."""
        try:
            if "://" in place:
                return str(open_url(place, timeout=_SECONDS).read().decode("utf-8"))
            if not self.has(place):
                raise InvalidInput("there is no such file")
            return str(self.loader.get_text_file_contents(self.find("files", place)))
        # Whatever a download raises is a reason.
        except (AnsibleError, OSError, ValueError) as error:
            raise InvalidInput(str(error)) from None


__all__ = ("TaskFiles",)
