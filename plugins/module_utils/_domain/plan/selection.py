# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator leaves out of a run on the command line: tags, hosts, first tasks.

A run is one piece: each step relies on those before it, and the plan on every host. So a selection is refused that would run
a part of it, before any host is inspected.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.problem import Problem

#: Of a run that goes by a plan: the rest of the hosts costs nothing.
_PLANNED = ("the plan", "run without --limit, hosts that are as they shall be are not changed")
_UNPLANNED = ("this playbook", "run without --limit")
_WHOLE = "kubeadm.ha runs as a whole, because each step relies on those before it"


@dataclasses.dataclass(frozen=True)
class Selection:
    """The choice of the command line.

    Attributes:
        run_tags: of ``--tags``; ``all`` without.
        skip_tags: of ``--skip-tags``.
        tags: what all tasks around have in common, from the import of the playbook or of the role.
        start_at_task: of ``--start-at-task``; empty without.
        limit: of ``--limit``; empty without.
        hosts: the hosts of the play that are left.
    """

    run_tags: tuple[str, ...] = ("all",)
    skip_tags: tuple[str, ...] = ()
    tags: frozenset[str] = frozenset()
    start_at_task: str = ""
    limit: str = ""
    hosts: tuple[str, ...] = ()


def problems(
    selection: Selection, concerned: t.Iterable[str], groups: t.Iterable[str], *, is_planned: bool = True
) -> t.Iterator[Problem]:
    """Why the selection would not run the whole.

    Args:
        selection: what was chosen.
        concerned: every host of the inventory that a run concerns.
        groups: names of the groups that they are in, for messages.
        is_planned: whether the run goes by a plan.
    """
    if not _runs(selection, selection.tags):
        option = f"--tags {','.join(selection.run_tags)}"
        if _runs(dataclasses.replace(selection, skip_tags=()), selection.tags):
            option = f"--skip-tags {','.join(selection.skip_tags)}"
        yield Problem("tags", f"{option} would leave tasks out: {_WHOLE}; run without it.")
    elif "always" in selection.skip_tags:
        yield Problem("tags", f"--skip-tags always would leave out the check of the inputs: {_WHOLE}; run without it.")
    if selection.start_at_task:
        yield Problem(
            "start-at-task",
            f"--start-at-task would leave out what comes before {selection.start_at_task!r}: {_WHOLE}; run without it, a "
            "run goes on where the one before it stopped.",
        )
    missing = [name for name in dict.fromkeys(concerned) if name not in selection.hosts]
    if missing:
        named = f"{', '.join(missing[:5])}{f' and {len(missing) - 5} more' if len(missing) > 5 else ''}"
        if selection.limit:
            who, remedy = _PLANNED if is_planned else _UNPLANNED
            yield Problem(
                "limit",
                f"--limit {selection.limit} leaves out {named}: {who} needs every host of {', '.join(groups)}; {remedy}.",
            )
        else:
            yield Problem(
                "hosts",
                f"The play does not have {named}: its hosts must be those of {', '.join(groups)}. Where groups have other "
                "names, make them children of kube_control_plane, kube_node and kube_load_balancer, or give their names with "
                "vars: of the import or on the command line: Ansible chooses the hosts of a play before it reads variables "
                "of the inventory.",
            )


def _runs(selection: Selection, tags: t.AbstractSet[str]) -> bool:
    """Whether Ansible runs a task with these tags, as ``Taggable.evaluate_tags`` of ansible-core decides."""
    only, skipped = set(selection.run_tags), set(selection.skip_tags)
    own = set(tags) or {"untagged"}
    chosen = not only or "all" in only or bool(own & only) or ("tagged" in only and bool(tags))
    return chosen and not ("all" in skipped or own & skipped or ("tagged" in skipped and tags))


__all__ = ("Selection", "problems")
