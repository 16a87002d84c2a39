# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs have done on a host, a line for each change as it begins and as it is done.

It holds what a diff shows, so no secrets. What was begun and is not done was interrupted.
"""

from __future__ import annotations

import json
import typing as t

if t.TYPE_CHECKING:
    from ..base.change import Change

BEGUN = "begun"
DONE = "done"


def lines(changes: t.Iterable[Change], state: str, *, module: str, run: str, at: str) -> str:
    """One line of JSON for each change.

    Args:
        changes: what the module changes, in its order.
        state: :data:`BEGUN` or :data:`DONE`.
        module: the module's full name.
        run: who holds the host's lock: process, its start, and controller.
        at: the host's time (RFC 3339).
    """
    common = {"at": at, "run": run, "module": module, "state": state}
    return "".join(f"{json.dumps({**common, **change.as_dict()}, sort_keys=True)}\n" for change in changes)


__all__ = ("BEGUN", "DONE", "lines")
