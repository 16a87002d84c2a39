# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An instance of a component on this host: its static pod or its service, and the process that is certainly its own."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base import plain_yaml
from ..base.errors import InvalidInput, UnsupportedState
from ..component import static_pod
from .event import LOAD_BALANCER, VIRTUAL_IP

if t.TYPE_CHECKING:
    from ..._ports.component_services import ComponentServices
    from ..._ports.files import Files
    from ..._ports.processes import Process, Processes

#: The programs of what is no component of Kubernetes: any of them, in all processes of its service.
PROGRAMS: t.Mapping[str, tuple[str, ...]] = {LOAD_BALANCER: ("haproxy", "nginx"), VIRTUAL_IP: ("keepalived",)}
#: The kubelet puts the value of a variable there.
_VARIABLE = "$("


@dataclasses.dataclass(frozen=True)
class Instance:
    """What this host has of a component.

    Attributes:
        component: its name.
        manifest: path of its static pod's manifest; empty for a service.
        arguments: flags without dashes, of the manifest or the service; the last of each counts.
        process: the process of that pod or service; ``None`` without one that is certainly its own.
        others: further processes of its service, with which it would fail.
        problem: why it does not run as it should, as a clause; empty when it does.
        unit: its service of systemd; empty for a static pod.
        is_there: whether the host has a manifest or a service of it.
        can_reload: whether its service can be reloaded.
    """

    component: str
    manifest: str
    arguments: t.Mapping[str, str] = dataclasses.field(default_factory=dict)
    process: Process | None = None
    others: tuple[Process, ...] = ()
    problem: str = ""
    unit: str = ""
    is_there: bool = True
    can_reload: bool = False


def find(
    files: Files,
    processes: Processes,
    services: ComponentServices,
    component: str,
    *,
    manifests_dir: str,
    port: int = 0,
    unit: str = "",
) -> Instance:
    """The instance of a component: its static pod, and where there is none, its service of systemd.

    Args:
        files: of the host.
        processes: of the host.
        services: of the host.
        component: its name.
        manifests_dir: where static pods are.
        port: of the endpoint, on which a load balancer listens; 0 where that is not known.
        unit: the service that is meant; empty where that is not known.

    A process is taken for it only when its whole command line is that of the manifest or the unit: another cluster's component on the
    same host, or a process with the same name, is never touched.
    """
    if component in PROGRAMS:
        return _of_daemons(services, component, port=port if component == LOAD_BALANCER else 0, unit=unit)
    path = posixpath.join(manifests_dir, f"{component}.yaml")
    content = files.read(path)
    if content is None:
        problem = f"has no manifest {path} and no service of systemd"
        return _of_services(processes, services, component) or Instance(
            component, path, problem=problem, is_there=False
        )
    try:
        text = content.decode("utf-8", errors="replace")
        arguments, command = dict(static_pod.parse(text).arguments), _command(text)
    except InvalidInput as error:
        return Instance(component, path, problem=f"has a manifest {path} that cannot be read ({error.message})")
    instance = Instance(component, path, arguments)
    found = [item for item in processes.find(component) if _is_of(command, item.arguments)]
    if len(found) > 1:
        pids = ", ".join(str(item.pid) for item in found)
        return dataclasses.replace(
            instance, problem=f"has {len(found)} processes of the same command line (PIDs {pids})"
        )
    if not found:
        return dataclasses.replace(instance, problem=f"has no process with the command line of {path}")
    return dataclasses.replace(instance, process=found[0], problem=_stopped(found[0]))


def running_process(instance: Instance) -> Process:
    """Its process, which runs.

    Raises:
        UnsupportedState: when it does not.
    """
    if instance.problem or instance.process is None:
        raise UnsupportedState(
            f"{instance.component} of this host {instance.problem}: nothing was done to it. Mend it first."
        )
    return instance.process


def _of_services(processes: Processes, services: ComponentServices, component: str) -> Instance | None:
    """The instance that systemd runs; ``None`` where it runs none."""
    found = services.find(component)
    if not found:
        return None
    if len(found) > 1:
        names = ", ".join(service.unit for service in found)
        return Instance(
            component, "", problem=f"runs in {len(found)} services ({names}), so which is meant is not certain"
        )
    service = found[0]
    instance = Instance(component, "", service.flags, unit=service.unit)
    if service.fault:
        return dataclasses.replace(
            instance, problem=f"has a service whose arguments are not certain ({service.fault.rstrip('.')})"
        )
    process = next((item for item in processes.find(component) if item.pid == service.pid), None)
    if process is None or service.active != "active":
        return dataclasses.replace(instance, problem=f"does not run, {service.unit} is {service.active}")
    if process.arguments[1:] != service.arguments:
        return dataclasses.replace(
            instance,
            problem=f"has a process with other arguments (PID {process.pid}) than {service.unit} has now, which asks for a restart",
        )
    return dataclasses.replace(instance, process=process, problem=_stopped(process))


def _of_daemons(services: ComponentServices, component: str, *, port: int, unit: str) -> Instance:
    """What stands before the API servers on this host."""
    programs = PROGRAMS[component]
    found = [daemon for program in programs for daemon in services.daemons(program, port=port)]
    found = [daemon for daemon in found if unit in ("", daemon.unit)]
    if not found:
        listening = f" that listens on port {port}" if port else ""
        problem = f"has no service of {' or '.join(programs)}{listening}"
        return Instance(component, "", problem=problem, unit=unit, is_there=False)
    if len(found) > 1:
        names = ", ".join(daemon.unit for daemon in found)
        return Instance(
            component, "", problem=f"runs in {len(found)} services ({names}), so which is meant is not certain"
        )
    daemon = found[0]
    instance = Instance(component, "", unit=daemon.unit, can_reload=daemon.can_reload)
    if daemon.active != "active" or not daemon.processes:
        return dataclasses.replace(instance, problem=f"does not run, {daemon.unit} is {daemon.active}")
    main, *others = daemon.processes
    stopped = next((process for process in daemon.processes if process.is_stopped), main)
    return dataclasses.replace(instance, process=main, others=tuple(others), problem=_stopped(stopped))


def _stopped(process: Process) -> str:
    return f"has a process that is stopped by a signal (PID {process.pid})" if process.is_stopped else ""


def _command(text: str) -> tuple[str, ...]:
    container = plain_yaml.load(text)["spec"]["containers"][0]
    return tuple(str(item) for item in (*(container.get("command") or ()), *(container.get("args") or ())))


def _is_of(command: t.Sequence[str], arguments: t.Sequence[str]) -> bool:
    """The name of the program has been compared; the container may have it in another directory."""
    return len(command) == len(arguments) and all(
        wanted == given or _VARIABLE in wanted for wanted, given in zip(command[1:], arguments[1:])
    )


__all__ = ("PROGRAMS", "Instance", "find", "running_process")
