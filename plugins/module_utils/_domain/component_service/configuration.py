# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kube-scheduler's configuration file, where it has one.

It decides by which kubeconfig the component connects, whatever the flag says. Flags of the secure port are read beside it, and those of the
leader election come before it (kubernetes/kubernetes#105712, from 1.23 on). So one field of it is set, and the rest stays byte for byte.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base import plain_yaml
from ..base.errors import InvalidInput
from ..base.plain_yaml_edit import with_scalar
from ..base.version import KubernetesVersion

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from .found import FoundService
    from .profile import Profile

FIELD = ("clientConnection", "kubeconfig")
#: Where the flags of the leader election come before the file.
_SINCE = (1, 23)


@dataclasses.dataclass(frozen=True)
class Configuration:
    """The file.

    Attributes:
        path: where it is.
        text: what it says.
        kubeconfig: the one that it names.
    """

    path: str
    text: str
    kubeconfig: str

    def naming(self, kubeconfig: str) -> str:
        """The text with another kubeconfig.

        Raises:
            InvalidInput: when the field does not stand on a line of its own.
        """
        return self.text if kubeconfig == self.kubeconfig else with_scalar(self.text, FIELD, kubeconfig)


def read(profile: Profile, found: FoundService, files: Files) -> Configuration | None:
    """The file of a component; ``None`` where it has none.

    Args:
        profile: of the component.
        found: the host.
        files: of the host.

    Raises:
        InvalidInput: when the component cannot have an identity of its own beside it.
    """
    path = found.flags.get("config", "")
    if not path:
        return None
    begin = f"{profile.component} on {found.host} has --config={path}, which overrules its flags"
    if profile.is_manager or not _comes_after_flags(found.version):
        raise InvalidInput(f"{begin}: move its settings to flags and take --config out of the unit.")
    content = files.read(path)
    if content is None:
        raise InvalidInput(f"{begin}, and {path} is not there: restore it, or take --config out of the unit.")
    try:
        text = content.decode("utf-8")
        section = plain_yaml.load(text).get(FIELD[0])
        kubeconfig = section.get(FIELD[1])
        found_one = Configuration(path, text, kubeconfig)
        # That it can be edited shows here.
        found_one.naming(f"{kubeconfig}.other")
    except (InvalidInput, UnicodeDecodeError, AttributeError, TypeError) as error:
        raise InvalidInput(
            f"{begin}, and no line of {path} gives {'.'.join(FIELD)} a value that could be set: write it in block style, as "
            f"clientConnection: and below it kubeconfig: PATH, or move its settings to flags ({_words(error)})."
        ) from error
    return found_one


def _comes_after_flags(version: str) -> bool:
    try:
        return KubernetesVersion.parse(version).release >= _SINCE
    except InvalidInput:
        # Somebody else says that it is not known.
        return True


def _words(error: Exception) -> str:
    return (error.message if isinstance(error, InvalidInput) else "there is no such field").rstrip(".")


__all__ = ("FIELD", "Configuration", "read")
