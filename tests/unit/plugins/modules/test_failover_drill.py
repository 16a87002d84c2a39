# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of failover_drill_event, and what the modules of a drill document."""

from __future__ import annotations

import ast
import signal
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.report_fields import as_dict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill import planning, results
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.event import (
    KINDS,
    SUBJECTS,
    Event,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.holding import Sample, held
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.measurement import Endpoint, Measured
from ansible_collections.kubeadm.ha.plugins.modules import (
    failover_drill_event,
    failover_drill_info,
    failover_drill_plan,
    failover_drill_report,
    failover_drill_watch,
)
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.failover_drill.values import SCHEDULER, report

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule

ACTIONS = {"failover_drill_plan": failover_drill_plan, "failover_drill_report": failover_drill_report}
MEASURED = Measured(0.0, "cp1_1", "cp2_2", 1, 16.0, Endpoint(100, 0, 0, 0.0), 19.0)


@pytest.fixture(autouse=True)
def _signals() -> t.Iterator[None]:
    """The module has its own handlers for the time of its process, which is this one here."""
    numbers = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize("state", ["measured", "interrupted"])
def test_what_is_to_fail_has_to_be_said(run_module: RunModule, state: str) -> None:
    result = run_module("failover_drill_event", state=state)
    assert result["failed"] is True
    assert "missing: component, how" in result["msg"]


def test_what_is_to_be_watched_has_to_be_said(run_module: RunModule) -> None:
    result = run_module("failover_drill_watch")
    assert "one of the following is required: endpoint, virtual_ip" in result["msg"]
    result = run_module("failover_drill_watch", virtual_ip="192.0.2.100")
    assert "parameters are required together: virtual_ip, interface" in result["msg"]


def test_a_load_balancer_is_known_by_the_port_of_the_endpoint(run_module: RunModule) -> None:
    result = run_module("failover_drill_event", state="interrupted", component="load_balancer", how="kill")
    assert "missing: endpoint" in result["msg"]


def test_a_host_without_the_component_is_left_alone(run_module: RunModule) -> None:
    result = run_module(
        "failover_drill_event", state="interrupted", component=SCHEDULER, how="kill", manifests_dir="/nowhere"
    )
    assert result["failed"] is True
    assert (
        "has no manifest /nowhere/kube-scheduler.yaml and no service of systemd: nothing was done to it"
        in result["msg"]
    )


def test_a_signal_ends_the_module_by_an_exception() -> None:
    with pytest.raises(SystemExit):
        failover_drill_event._leave(signal.SIGHUP, None)


def test_the_choices_are_the_events() -> None:
    options = yaml.safe_load(failover_drill_event.DOCUMENTATION)["options"]
    assert options["component"]["choices"] == list(SUBJECTS)
    assert options["how"]["choices"] == list(KINDS)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_options_are_the_arguments(name: str) -> None:
    source = (ROOT / "plugins" / "action" / f"{name}.py").read_text(encoding="utf-8")
    assigned = (node for node in ast.parse(source).body if isinstance(node, ast.AnnAssign) and node.value is not None)
    (value,) = (node.value for node in assigned if ast.unparse(node.target) == "_ARGUMENTS")
    assert value is not None
    documented = {
        option: {key: each for key, each in facts.items() if key != "description"}
        for option, facts in yaml.safe_load(ACTIONS[name].DOCUMENTATION)["options"].items()
    }
    assert documented == ast.literal_eval(value)


def test_what_is_returned_is_documented() -> None:
    drill = yaml.safe_load(failover_drill_info.RETURN)["drill"]["contains"]
    assert set(drill) == set(report("cp1").as_dict())
    measured = yaml.safe_load(failover_drill_event.RETURN)["measured"]["contains"]
    assert set(measured) == set(MEASURED.as_dict())
    watched = yaml.safe_load(failover_drill_watch.RETURN)["measured"]["contains"]
    assert set(watched) == {"endpoint", *as_dict(held([Sample(0.0, frozenset({"lb1"}))]))}
    (entry,) = planning.build([Event(SCHEDULER, "kill")], {name: report(name) for name in ("cp1", "cp2")}, {}).entries
    contains = yaml.safe_load(failover_drill_plan.RETURN)["plan"]["contains"]
    assert set(contains["entries"]["contains"]) == set(as_dict(entry))


def test_what_was_measured_is_a_result_with_its_entry() -> None:
    (entry,) = planning.build([Event(SCHEDULER, "kill")], {name: report(name) for name in ("cp1", "cp2")}, {}).entries
    (result,) = results.parse([{**as_dict(entry), **MEASURED.as_dict()}])
    assert result.passed
    assert (result.host, result.new_holder, result.seconds) == ("cp1", "cp2_2", 16.0)
