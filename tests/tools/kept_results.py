# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kept results of scenarios, of which documents are written."""

from __future__ import annotations

import dataclasses
import json
import typing as t
from pathlib import Path

from .environment import ROOT

RESULTS = ROOT / "docs" / "results"
#: Of results that were kept before results said it themselves: the lab's only image, and the lock of their commits.
_BEFORE = {"hosts": "Debian 13", "ansible_core": "2.19.14", "python": "3.11 or newer"}
#: Those of them that were made by another lock (``requirements/newest.txt``).
_BEFORE_NEWEST = {**_BEFORE, "ansible_core": "2.21.5", "python": "3.12 or newer"}


@dataclasses.dataclass(frozen=True)
class MadeWith:
    """What a result was made with, beside Kubernetes.

    Attributes:
        hosts: distribution of the hosts.
        ansible_core: version on the controller.
        python: version on the controller.
    """

    hosts: str
    ansible_core: str
    python: str

    @classmethod
    def of(cls, result: t.Mapping[str, t.Any]) -> MadeWith:
        """What the result of a scenario says of it."""
        before = _BEFORE_NEWEST if result["scenario"] == "newest_ansible" else _BEFORE
        return cls(**(result.get("made_with") or before))


@dataclasses.dataclass(frozen=True)
class Kept:
    """A kept result of a scenario.

    Attributes:
        seconds: of each of its steps.
        probes: what was probed meanwhile, by target.
        figures: values with their bounds, by name.
    """

    scenario: str
    kubernetes: str
    made_with: MadeWith
    date: str
    command: str
    commit: str
    factor: float
    seconds: t.Mapping[str, float]
    probes: t.Mapping[str, t.Mapping[str, t.Any]]
    figures: t.Mapping[str, t.Mapping[str, t.Any]]

    @classmethod
    def parse(cls, content: t.Mapping[str, t.Any]) -> Kept | None:
        """A result from its file; ``None`` for what is none of a scenario, or did not pass."""
        result = content.get("result")
        if not isinstance(result, dict) or "kubernetes" not in result or not result.get("passed"):
            return None
        return cls(
            scenario=str(result["scenario"]),
            kubernetes=str(result["kubernetes"]).removeprefix("v"),
            made_with=MadeWith.of(result),
            date=str(content["date"]),
            command=str(content["command"]),
            commit=str(content["commit"])[:10],
            factor=float(content.get("factor") or 1),
            seconds={step["name"]: float(step["seconds"]) for step in result.get("steps", ())},
            probes=result.get("probes", {}),
            figures=result.get("figures", {}),
        )


def kept(results: Path = RESULTS) -> dict[str, Kept]:
    """The kept results that passed, by scenario."""
    parsed = [Kept.parse(json.loads(path.read_text(encoding="utf-8"))) for path in sorted(results.glob("*.json"))]
    return {result.scenario: result for result in parsed if result is not None}


__all__ = ("RESULTS", "Kept", "MadeWith", "kept")
