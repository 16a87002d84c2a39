# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The key pair of a host for one transfer of files: they are sealed for it, and its private key never leaves it."""

from __future__ import annotations

import posixpath
import typing as t

from ..base.change import Decision
from ..base.errors import UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.sealing import KeyPairs

_MODE = 0o600


def ensure(files: Files, pairs: KeyPairs | None, path: str) -> Decision:
    """The host has a private key, and its public key is a result. Neither is a change of the host: the pair is for one run.

    Args:
        files: of the host.
        pairs: makes key pairs; ``None`` in check mode without the library.
        path: where the private key is.
    """
    if pairs is None:
        return Decision(values={"public_key": None})
    present = files.read(path)
    if present is not None:
        return Decision(values={"public_key": pairs.public_key(present.decode("ascii", "replace").strip())})
    private, public = pairs.pair()
    files.make_private_directory(posixpath.dirname(path))
    files.write(path, private.encode("ascii"), mode=_MODE)
    return Decision(values={"public_key": public})


def remove(files: Files, path: str) -> Decision:
    """The host has no private key any more."""
    files.remove(path)
    return Decision(values={"public_key": None})


def read(files: Files, path: str) -> str:
    """The private key.

    Raises:
        UnsupportedState: when there is none.
    """
    content = files.read(path)
    if content is None:
        raise UnsupportedState(
            f"There is no {path}: let kubeadm.ha.transfer_key make it before files are sealed for this host."
        )
    return content.decode("ascii", "replace").strip()


__all__ = ("ensure", "read", "remove")
