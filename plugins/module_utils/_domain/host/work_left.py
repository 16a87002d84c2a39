# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that was killed left at work on a host ends by itself: it is waited for, for a while."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock

_SECONDS_BETWEEN = 1.0


def wait(at_work: t.Callable[[], str], clock: Clock, *, timeout: float) -> tuple[str, ...]:
    """Wait until nobody is at work on the host.

    A kubeadm outlives the module that started it, and a module outlives its connection. What they change while a plan is built would
    make it wrong before it is carried out.

    Args:
        at_work: who is at work, as a sentence names it; empty for nobody.
        clock: the host's clock.
        timeout: seconds after which it is given up; 0 does not wait.

    Returns:
        A warning for the operator where it was waited, else nothing. Who is still at work after that is the plan's to report.
    """
    who = at_work()
    if not who or timeout <= 0:
        return ()
    began = clock.monotonic()
    still = who
    while still and clock.monotonic() - began < timeout:
        clock.sleep(_SECONDS_BETWEEN)
        still = at_work()
    waited = f"waited {clock.monotonic() - began:.0f} s for {who}, perhaps left over from an interrupted run"
    return (f"{waited}: {still} is still at work." if still else f"{waited}: it has ended.",)


__all__ = ("wait",)
