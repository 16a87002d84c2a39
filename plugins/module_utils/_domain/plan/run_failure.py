# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run that fails has changed, where the backups are, and what to run."""

from __future__ import annotations

import typing as t

Result = t.Mapping[str, t.Any]

_ELSEWHERE = "Stopped, because this step failed on another host."


def reason(failure: Result) -> str:
    """Why a task failed, from its result; of a loop that of the item that failed."""
    items = [item for item in failure.get("results") or () if isinstance(item, dict) and item.get("failed")]
    text = str((items[0] if items else failure).get("msg") or "").strip()
    return text or (_ELSEWHERE if not failure else "A task failed without a message.")


def changed_objects(results: t.Iterable[Result]) -> list[str]:
    """The objects that these results of tasks say were changed, those of failed tasks included, each once."""
    found: dict[str, None] = {}
    for result in results:
        for item in (result, *(item for item in result.get("results") or () if isinstance(item, dict))):
            is_done = item.get("changed") or item.get("failed")
            for change in item.get("changes") or () if is_done else ():
                found[str(change["object"])] = None
    return list(found)


def message(
    failure: Result,
    *,
    purpose: str,
    changed: t.Mapping[str, t.Sequence[str]],
    backups: t.Mapping[str, str],
    remedy: str,
) -> str:
    """The whole message.

    Args:
        failure: the result of the task that failed; empty on a host whose own tasks did not.
        purpose: what the run had begun, as a clause.
        changed: the objects that were changed, by host.
        backups: path of the backup that this run made, by host.
        remedy: what to do, as a sentence.
    """
    objects = "; ".join(f"{', '.join(names)} on {host}" for host, names in changed.items() if names)
    text = reason(failure)
    parts = [text if text.endswith((".", "!", "?")) else f"{text}."]
    if objects:
        parts.append(f"The run had begun {purpose}. Changed so far: {objects}.")
        places = ", ".join(f"{path} on {host}" for host, path in backups.items() if changed.get(host))
        if places:
            parts.append(f"What was there before is in {places}.")
    else:
        parts.append(f"The run was {purpose}, and had changed nothing there yet.")
    parts.append(remedy)
    return " ".join(parts)


__all__ = ("changed_objects", "message", "reason")
