# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role ``control_plane_init`` would change on a host, decided on the controller."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Change
from ..base.problem import Problem
from ..base.report_fields import absent, as_dict, at, read
from . import init_configuration


@dataclasses.dataclass(frozen=True)
class InitDecision:
    """What the role would change, and reasons to stop: the one place that knows how it is written."""

    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()

    @classmethod
    def from_dict(cls, host: str, document: t.Mapping[str, t.Any]) -> InitDecision:
        """From what :meth:`as_dict` gave.

        Args:
            host: the host's name in the inventory, for messages.
            document: the return value ``decision``.

        Raises:
            MalformedReport: naming the host, the key and what was found there.
        """
        return read(cls, document, where=f"The decision for the first control plane {host}")

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return as_dict(self)


@dataclasses.dataclass(frozen=True)
class _Result:
    """What ``kubeadm_init`` returned in check mode."""

    changes: tuple[Change, ...] = dataclasses.field(metadata={**absent(()), **at("changes")})
    has_failed: bool = dataclasses.field(metadata={**absent(False), **at("failed")})
    message: str = dataclasses.field(metadata={**absent(""), **at("msg")})


def decide(host: str, inputs: t.Mapping[str, t.Any], inspected: t.Sequence[t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The documents and the decision.

    Args:
        host: the host's name in the inventory.
        inputs: the role's variables by their names without its own.
        inspected: results of ``kubeadm_init`` in check mode.
    """
    parsed, problems = init_configuration.parse(inputs)
    documents: tuple[dict[str, t.Any], ...] = ()
    if parsed is not None:
        documents, problems = init_configuration.build(parsed)
    results = [read(_Result, result, where=f"What kubeadm_init reported of {host}") for result in inspected]
    messages = dict.fromkeys(result.message for result in results if result.has_failed)
    seen = tuple(Problem(host, message) for message in messages)
    changes = tuple(change for result in results for change in result.changes)
    decision = InitDecision(changes, (*problems, *seen))
    return {"configuration": [] if problems else list(documents), "decision": decision.as_dict()}


__all__ = ("InitDecision", "decide")
