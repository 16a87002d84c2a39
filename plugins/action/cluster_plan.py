# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds the plan of a run on the controller, from what was collected on the hosts."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

from ansible import context
from ansible.errors import AnsibleError
from ansible.module_utils.common.yaml import yaml_load
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

from ansible_collections.kubeadm.ha.plugins.module_utils._action import decision_result
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.problem import Problem
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import (
    inputs,
    plan_report,
    planning,
    selection,
    unknown_variables,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.request import PlanRequest
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.rollback import planning as rollback_planning
from ansible_collections.kubeadm.ha.plugins.plugin_utils.controller_files import TaskFiles

#: Inputs that an inventory or a command line may give in a wrong type are read by the domain, which collects all complaints.
_ARGUMENTS: dict[str, dict[str, t.Any]] = {
    "admin_users": {"type": "raw", "default": ["root"]},
    "adopt_manifest_flags": {"type": "raw", "default": False},
    "allow_older_kubeadm": {"type": "raw", "default": False},
    "allow_two_control_planes": {"type": "raw", "default": False},
    "announced": {"type": "list", "elements": "dict", "default": []},
    "backup_directory": {"type": "raw", "default": "/var/backups/kubeadm-ha"},
    "balancers": {"type": "dict", "default": {}},
    "certificates": {"type": "raw", "default": "upload"},
    "cluster": {"type": "dict"},
    "control_planes": {"type": "list", "elements": "str", "required": True},
    "decisions": {"type": "dict", "default": {}},
    "dns_domain": {"type": "raw", "default": "cluster.local"},
    "drains": {"type": "dict", "default": {}},
    "endpoint": {"type": "raw", "default": ""},
    "etcd": {"type": "dict"},
    "etcd_hosts": {"type": "list", "elements": "str", "default": []},
    "external_etcd": {"type": "dict", "default": {}},
    "extra_sans": {"type": "raw", "default": []},
    "failures": {"type": "dict", "default": {}},
    "files": {"type": "dict", "default": {}},
    "group_names": {"type": "dict", "default": {}},
    "hosts": {"type": "dict", "default": {}},
    "image_repository": {"type": "raw", "default": "registry.k8s.io"},
    "kubeadm": {"type": "dict", "default": {}},
    "kubernetes_version": {"type": "raw", "default": ""},
    "load_balancer": {"type": "raw", "default": "haproxy"},
    "load_balancers": {"type": "list", "elements": "str", "default": []},
    "lost_nodes": {"type": "raw", "default": []},
    "network": {"type": "raw", "default": "flannel"},
    "patches_dir": {"type": "raw", "default": ""},
    "phase": {
        "type": "str",
        "choices": ["serving", "joins", "masters", "removals", "previous", "rollback", "selection", "plan"],
        "default": "plan",
    },
    "pod_subnet": {"type": "raw", "default": "10.244.0.0/16"},
    "previous": {"type": "dict", "default": {}},
    "previous_endpoint": {"type": "raw", "default": ""},
    "probe_certificate": {"type": "raw", "default": False},
    "proofs": {"type": "dict", "default": {}},
    "reachability": {"type": "dict", "default": {}},
    "remove_node": {"type": "raw", "default": ""},
    "reset_half_joined": {"type": "raw", "default": False},
    "service_subnet": {"type": "raw", "default": "10.96.0.0/12"},
    "services": {"type": "dict", "default": {}},
    "stop": {"type": "bool", "default": True},
    "token_ttl": {"type": "raw", "default": "15m"},
    "unmanaged_nodes": {"type": "raw", "default": []},
    "vip": {"type": "raw", "default": ""},
    "worker_batch": {"type": "raw", "default": "25%"},
    "workers": {"type": "list", "elements": "str", "default": []},
}


_GROUPS = {"control_plane": "kube_control_plane", "node": "kube_node", "load_balancer": "kube_load_balancer"}
_ETCD_GROUP = {"etcd": "etcd"}
#: Which option has the hosts of a group that a playbook without a plan cannot do without.
_CONCERNED = {
    "control_plane": "control_planes",
    "node": "workers",
    "load_balancer": "load_balancers",
    "etcd": "etcd_hosts",
}
#: The variable and groups that the role preflight gives to hosts by a plan.
_RECORDS = "kubeadm_ha_plan"
_GROUP_OF_A_RUN = "kubeadm_ha_changing"
_GROUPS_OF_A_RUN = frozenset({_GROUP_OF_A_RUN, "kubeadm_ha_locked"})
_ROLES = Path(__file__).resolve().parents[2] / "roles"
#: What tasks register, and facts that they set, one for each task.
_REGISTERED = re.compile(r"^\s+(?:register: |ansible\.builtin\.set_fact:\n\s+)(\w+)", re.MULTILINE)


#: What could not be understood, where nothing foresaw it.
_FOUND = "What hosts and cluster reported"


def _serving(request: PlanRequest) -> t.Mapping[str, t.Any]:
    return planning.control_plane_facts(request, yaml=PyYaml(), x509=CryptographyX509())


def _joins(request: PlanRequest) -> t.Mapping[str, t.Any]:
    return planning.before_joins(request, yaml=PyYaml(), x509=CryptographyX509())


def _masters(request: PlanRequest) -> t.Mapping[str, t.Any]:
    return planning.masters(request, yaml=PyYaml(), x509=CryptographyX509())


def _removals(request: PlanRequest) -> t.Mapping[str, t.Any]:
    return planning.removals(request, yaml=PyYaml(), x509=CryptographyX509())


def _previous(request: PlanRequest) -> t.Mapping[str, t.Any]:
    return rollback_planning.facts(request, yaml=PyYaml(), x509=CryptographyX509())


_PHASES: t.Mapping[str, t.Callable[[PlanRequest], t.Mapping[str, t.Any]]] = {
    "serving": _serving,
    "joins": _joins,
    "masters": _masters,
    "removals": _removals,
    "previous": _previous,
}
#: The phase that builds the plan of a rollback.
_ROLLBACK = "rollback"
#: The phase of a playbook without a plan that checks the command line only.
_SELECTION = "selection"


class ActionModule(ActionBase):
    """Reads, computes and shows; connects to no host."""

    _supports_check_mode = True
    _requires_connection = False

    def run(self, tmp: str | None = None, task_vars: dict[str, t.Any] | None = None) -> dict[str, t.Any]:
        """What the phase asks for; of the plan ``plan`` and ``problems``, failed with every problem at once when there is one and ``stop`` is set."""
        result = super().run(tmp, task_vars)
        _validation, arguments = self.validate_argument_spec(argument_spec=_ARGUMENTS)
        phase, stop = arguments.pop("phase"), arguments.pop("stop")
        variables = task_vars or {}
        if phase in (*_PHASES, _SELECTION):
            return {**result, **self._without_plan(phase, arguments, variables)}
        built: list[planning.Plan] = []

        def decide() -> t.Mapping[str, t.Any]:
            input_problems = [
                *self._selection_problems(arguments, variables),
                # The second time, with hosts, the variables are the same.
                *(() if arguments["hosts"] else self._variable_problems(arguments, variables)),
            ]
            request = PlanRequest.from_options(arguments, input_problems)
            files = TaskFiles(self._find_needle, self._loader)
            if phase == _ROLLBACK:
                built.append(rollback_planning.build_plan(request, yaml=PyYaml(), x509=CryptographyX509()))
            else:
                built.append(planning.build_plan(request, yaml=PyYaml(), x509=CryptographyX509(), files=files))
            if _GROUP_OF_A_RUN in variables.get("groups", ()):
                built[0] = built[0].within_a_run()
            return {"plan": built[0].as_dict()}

        result.update(decision_result(_FOUND, decide))
        for plan in built:
            # What the run has announced is shown once.
            if plan.is_complete and not (arguments["announced"] and not plan.problems):
                # A run without changes stays quiet.
                for line in plan_report.table(plan, with_notes=bool(plan.entries) or not stop, with_problems=not stop):
                    Display().display(line)
            if plan.problems and stop:
                # The reasons are the last thing on the screen, with no plan of many pages behind them.
                if Display().verbosity == 0:
                    del result["plan"]
                result.update(failed=True, msg=plan_report.reasons(plan))
        return t.cast("dict[str, t.Any]", result)

    def _without_plan(
        self, phase: str, arguments: dict[str, t.Any], variables: t.Mapping[str, t.Any]
    ) -> dict[str, t.Any]:
        """The result of a phase that builds no plan."""
        if phase != _SELECTION:
            return decision_result(_FOUND, lambda: _PHASES[phase](PlanRequest.from_options(arguments)))
        problems = tuple(self._selection_problems(arguments, variables, is_planned=False))
        failed = {"failed": True, "msg": plan_report.listed(problems)} if problems else {}
        return {"changed": False, **failed}

    def _selection_problems(
        self, arguments: t.Mapping[str, t.Any], variables: t.Mapping[str, t.Any], *, is_planned: bool = True
    ) -> t.Iterator[Problem]:
        chosen = selection.Selection(
            run_tags=tuple(variables.get("ansible_run_tags") or ("all",)),
            skip_tags=tuple(variables.get("ansible_skip_tags") or ()),
            tags=frozenset(str(tag) for tag in self._task.tags) - {"always"},
            start_at_task=str(context.CLIARGS.get("start_at_task") or ""),
            limit=str(variables.get("ansible_limit") or ""),
            hosts=tuple(variables.get("ansible_play_hosts_all") or ()),
        )
        groups = {**_GROUPS, **arguments["group_names"]}
        if is_planned:
            return selection.problems(chosen, _hosts_of(arguments), tuple(groups.values()))
        groups = {**_ETCD_GROUP, **groups}
        concerned = {groups[name]: arguments[option] for name, option in _CONCERNED.items() if arguments[option]}
        hosts = [host for names in concerned.values() for host in names]
        return selection.problems(chosen, hosts, tuple(concerned), is_planned=False)

    def _variable_problems(self, arguments: t.Mapping[str, t.Any], variables: dict[str, t.Any]) -> t.Iterator[Problem]:
        """Unknown names, and values that cannot be used, among the variables of every host."""
        hostvars = variables.get("hostvars")
        if hostvars is None:
            return
        here = variables["inventory_hostname"]
        # What a play, its import or its role sets, or overrides, holds for each of its hosts.
        inventory = hostvars.raw_get(here)
        of_play = {
            name: value
            for name, value in variables.items()
            if name not in inventory or (name in inputs.INPUTS and inventory[name] != value)
        }
        names: dict[str, list[str]] = {name: [] for name in of_play}
        values: dict[str, dict[str, t.Any]] = {}
        for host in dict.fromkeys((here, *_hosts_of(arguments))):
            if host not in hostvars:
                continue
            view = hostvars[host]
            for name in view:
                names.setdefault(name, []).append(host)
            values[host] = {name: _value(view, name) for name in inputs.INPUTS if name in view and name not in of_play}
            values[host] |= {name: self._value_here(of_play[name]) for name in inputs.INPUTS if name in of_play}
        if _GROUPS_OF_A_RUN.intersection(variables.get("groups", ())):
            # An earlier plan of this run has given it to the hosts.
            names.pop(_RECORDS, None)
        roles = _role_variables()
        yield from unknown_variables.problems(names, roles)
        yield from inputs.problems(values, here)
        foreign = unknown_variables.without_effect(names, roles)
        if foreign:
            Display().warning(
                f"No role of kubeadm.ha has these variables, here they have no effect: {', '.join(foreign)}."
            )

    def _value_here(self, value: t.Any) -> t.Any:
        try:
            return self._templar.template(value)
        except AnsibleError as error:
            return inputs.Unreadable(str(error))


def _hosts_of(arguments: t.Mapping[str, t.Any]) -> list[str]:
    """Every host that a run concerns."""
    return list(
        dict.fromkeys(name for group in ("control_planes", "workers", "load_balancers") for name in arguments[group])
    )


def _value(view: t.Mapping[str, t.Any], name: str) -> t.Any:
    try:
        return view[name]
    except AnsibleError as error:
        return inputs.Unreadable(str(error))


def _role_variables() -> dict[str, frozenset[str]]:
    """The variables of each role of the collection, as its argument specification and its tasks define them."""
    found: dict[str, frozenset[str]] = {}
    for role in sorted(_ROLES.iterdir()):
        specification = yaml_load((role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
        options = {name for entry in specification["argument_specs"].values() for name in entry.get("options") or ()}
        for tasks in (role / "tasks").rglob("*.yml"):
            options.update(_REGISTERED.findall(tasks.read_text(encoding="utf-8")))
        found[role.name] = frozenset(options)
    return found
