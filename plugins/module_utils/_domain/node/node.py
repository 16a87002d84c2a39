# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role node_prepare would change on a host, so that kubeadm init or join can run there.

The plan and the role ask the same function, so each task of the role that changes something belongs to an entry. A host that is a
node already has what it has in its own way: only files that bear the role's mark are kept up to date there.
"""

from __future__ import annotations

import typing as t

from ..base.change import Change
from ..base.problem import Note, Problem
from ..base.version import KubernetesVersion
from ..host import firewall
from . import containerd, identity, kubernetes_programs, node_files, origins
from .decision import KernelNeeds, NodeDecision, SwapNeeds, TimeNeeds
from .desired import CONTROL_PLANE, FIREWALL
from .part import Part, file, file_change

if t.TYPE_CHECKING:
    from .desired import DesiredNode
    from .report import Identity, NodeReport

MODULES = ("br_netfilter", "overlay")
_SYSCTLS = ("net.bridge.bridge-nf-call-ip6tables", "net.bridge.bridge-nf-call-iptables", "net.ipv4.ip_forward")
_IPV6 = "net.ipv6.conf.all.forwarding"
#: Settings that a report has.
SYSCTLS = (*_SYSCTLS, _IPV6)
SERVICES = ("containerd", "kubelet")
#: Of a control plane; memory in MiB.
_LEAST_CPUS, _LEAST_MEMORY = 2, 1700
#: From here on the kubelet fails on control groups of version 1 by default, and kubeadm's check does whatever the kubelet's configuration says
#: (``FailCgroupV1`` in pkg/kubelet/apis/config/v1beta1/defaults.go; ``CgroupsValidator`` of k8s.io/system-validators;
#: https://git.k8s.io/enhancements/keps/sig-node/5573-remove-cgroup-v1).
_WITHOUT_OLD_CGROUPS = (1, 35)
_CGROUPS_CHECK = "SystemVerification"
_CRICTL = f"""\
# {node_files.MARKER}
runtime-endpoint: {node_files.CONTAINERD_SOCKET}
image-endpoint: {node_files.CONTAINERD_SOCKET}
"""


def decide(
    name: str,
    report: NodeReport,
    desired: DesiredNode,
    faults: t.Sequence[Problem] = (),
    others: t.Mapping[str, Identity] | None = None,
) -> NodeDecision:
    """The decision for one host.

    Args:
        name: the host's name in the inventory.
        report: what was found on it.
        desired: what the inputs want.
        faults: what is wrong with the inputs.
        others: identities of the other hosts, by their names in the inventory.
    """
    version = _version(report, desired)
    swap = _swap(name, report, desired)
    kernel = _kernel(name, report, desired)
    tools = _tools(report, desired)
    runtime = containerd.decide(name, report, desired, version)
    programs = kubernetes_programs.decide(name, report, desired, version)
    crictl = _crictl(report, desired)
    services = _services(report, desired)
    time = _time(name, report, desired)
    ports = _firewall(name, report, desired)
    parts: tuple[Part[t.Any], ...] = (swap, kernel, tools, runtime, programs, crictl, services, time, ports)
    problems = [*faults, *_identities(name, report, desired, others or {}), *_hardware(name, report, desired)]
    manager = report.package_manager if programs.needs.packages else ""
    problems += _cgroups(name, report, desired, version)
    problems += origins.problems(name, report.origins, desired, version, manager=manager)
    return NodeDecision(
        version=str(version)[1:] if version is not None else "",
        package_manager=report.package_manager,
        packages=tuple(
            each for each in (*tools.needs, runtime.needs.package, *programs.needs.packages, time.needs.package) if each
        ),
        swap=swap.needs,
        kernel=kernel.needs,
        containerd=runtime.needs,
        kubernetes=programs.needs,
        crictl=crictl.needs,
        services=services.needs,
        time=time.needs,
        firewall=ports.needs,
        changes=tuple(change for part in parts for change in part.changes),
        problems=(*problems, *(problem for part in parts for problem in part.problems)),
        notes=tuple(note for part in parts for note in part.notes),
    )


def _version(report: NodeReport, desired: DesiredNode) -> KubernetesVersion | None:
    """That of a node's kubelet, else the desired one, else that which kubeadm and kubelet have already."""
    found = {each: report.programs[each].version for each in ("kubeadm", "kubelet") if each in report.programs}
    if report.is_node and found.get("kubelet"):
        return KubernetesVersion.parse(found["kubelet"])
    if desired.version is not None:
        return desired.version
    is_one = len(found) == 2 and len(set(found.values())) == 1 and all(found.values())
    return KubernetesVersion.parse(found["kubelet"]) if is_one else None


def _identities(
    name: str, report: NodeReport, desired: DesiredNode, others: t.Mapping[str, Identity]
) -> t.Iterator[Problem]:
    # A node has its programs already.
    takes_programs = bool(desired.binaries) and not report.is_node
    yield from identity.problems(name, report.identity, others, takes_programs=takes_programs)


def _hardware(name: str, report: NodeReport, desired: DesiredNode) -> t.Iterator[Problem]:
    """What kubeadm would refuse when the host is changed already (cmd/kubeadm/app/constants, ``ControlPlaneNumCPU`` and ``ControlPlaneMem``)."""
    found = report.hardware
    if report.is_node or desired.node_type != CONTROL_PLANE or "all" in desired.ignored_checks:
        return
    remedy = "give it more, or add {} to kubeadm_ha_ignore_preflight_errors for a cluster that only serves tests."
    if found.cpus < _LEAST_CPUS and "numcpu" not in desired.ignored_checks:
        yield Problem(
            name,
            f"{name} has {found.cpus} CPU, and kubeadm takes no control plane with less than {_LEAST_CPUS}: "
            f"{remedy.format('NumCPU')}",
        )
    if found.memory < _LEAST_MEMORY << 20 and "mem" not in desired.ignored_checks:
        yield Problem(
            name,
            f"{name} has {found.memory >> 20} MiB of memory, and kubeadm takes no control plane with less than {_LEAST_MEMORY}: "
            f"{remedy.format('Mem')}",
        )


def _cgroups(
    name: str, report: NodeReport, desired: DesiredNode, version: KubernetesVersion | None
) -> t.Iterator[Problem]:
    """What the kubelet and kubeadm would refuse when the host is changed already."""
    if report.is_node or version is None or not report.hardware.has_old_cgroups:
        return
    needed = []
    is_new = version.release >= _WITHOUT_OLD_CGROUPS
    fails = is_new if desired.bears_old_cgroups is None else not desired.bears_old_cgroups
    if fails:
        needed.append("set failCgroupV1: false in kubeadm_ha_kubelet_configuration")
    if is_new and not desired.ignored_checks & {"all", _CGROUPS_CHECK.lower()}:
        needed.append(f"add {_CGROUPS_CHECK} to kubeadm_ha_ignore_preflight_errors")
    if needed:
        yield Problem(
            name,
            f"{name} has control groups of version 1, which Kubernetes {version} refuses: boot it with version 2 "
            f"(systemd.unified_cgroup_hierarchy=1 on the kernel's command line, or a newer distribution), or {' and '.join(needed)}.",
        )


def _swap(name: str, report: NodeReport, desired: DesiredNode) -> Part[SwapNeeds]:
    if desired.bears_swap or report.is_node:
        return Part(SwapNeeds())
    problems = tuple(
        Problem(
            name,
            f"{unit} on {name} makes swap again at every start, and the kubelet does not start with it: take it away ("
            f"{_unit_remedy(unit)}), or set failSwapOn: false in kubeadm_ha_kubelet_configuration if nodes shall have it.",
        )
        for unit in report.swap.units
    )
    changes = []
    reason = "the kubelet does not start with swap"
    off = bool(report.swap.active) and not report.is_container
    if off:
        changes.append(Change("swap", list(report.swap.active), None, reason))
    if report.swap.fstab:
        changes.append(Change("swap in /etc/fstab", "on at every start", "a comment", reason))
    notes: tuple[Note, ...] = ()
    if report.swap.active and report.is_container:
        notes = (
            Note(name, f"{name} is a container, and its machine swaps: the kubelet needs failSwapOn: false there."),
        )
    return Part(SwapNeeds(off=off, fstab=report.swap.fstab), tuple(changes), problems, notes)


def _unit_remedy(unit: str) -> str:
    if unit == "zram-generator":
        return "an empty file /etc/systemd/zram-generator.conf, and a restart of the host"
    return f"systemctl mask --now {unit}" if unit.endswith(".swap") else f"systemctl disable --now {unit}"


def _kernel(name: str, report: NodeReport, desired: DesiredNode) -> Part[KernelNeeds]:
    if report.is_node:
        return Part(KernelNeeds())
    absent = tuple(each for each in MODULES if not report.modules[each].is_there)
    is_written = all(report.modules[each].is_built_in or report.modules[each].at_boot for each in MODULES)
    files = () if is_written else file(report, node_files.MODULES, _text(MODULES))
    changes = [Change(f"kernel module {each}", None, "loaded", "containers and Services need it") for each in absent]
    changes += [file_change(report, each, "modules are loaded at every start") for each in files]
    problems = []
    if absent and report.is_container:
        problems.append(
            Problem(
                name,
                f"{name} is a container, and its machine's kernel has no {' and no '.join(absent)}: run modprobe "
                f"{' '.join(absent)} on the machine.",
            )
        )
    wanted = (*_SYSCTLS, *((_IPV6,) if desired.has_ipv6_pods else ()))
    now = tuple(each for each in wanted if report.sysctls[each].now != "1")
    later = tuple(each for each in wanted if report.sysctls[each].at_boot != "1")
    changes += [
        Change(f"sysctl {each}", report.sysctls[each].now or None, "1", "pods reach each other and Services")
        for each in now
    ]
    if later:
        settings = file(report, node_files.SYSCTLS, _text(tuple(f"{each} = 1" for each in wanted)))
        changes += [file_change(report, each, "settings hold after every start") for each in settings]
        files = (*files, *settings)
        problems += [_overridden(name, each, report) for each in later if _is_overridden(report, each)]
    return Part(
        KernelNeeds(modules=absent, sysctls=dict.fromkeys(now, "1"), files=files), tuple(changes), tuple(problems)
    )


def _is_overridden(report: NodeReport, setting: str) -> bool:
    """Whether a file that is read after the role's says otherwise: by their names, and ``/etc/sysctl.conf`` last."""
    path = report.sysctls[setting].path
    base = path.rpartition("/")[2]
    return path == "/etc/sysctl.conf" or base > node_files.SYSCTLS.rpartition("/")[2]


def _overridden(name: str, setting: str, report: NodeReport) -> Problem:
    found = report.sysctls[setting]
    return Problem(
        name,
        f"{found.path} on {name} sets {setting} = {found.at_boot}, and is read after {node_files.SYSCTLS}: remove that line, since "
        "a node needs 1.",
    )


def _text(lines: t.Sequence[str]) -> str:
    return "\n".join([f"# {node_files.MARKER}", *lines, ""])


def _tools(report: NodeReport, desired: DesiredNode) -> Part[tuple[str, ...]]:
    platform = desired.platform((report.os.id, *report.os.like.split()))
    if platform is None or report.is_node:
        return Part(())
    missing = {package: tool for tool, package in platform.tools.items() if tool not in report.programs}
    changes = [
        Change(f"package {package}", None, "installed", f"kubeadm or the kubelet calls {tool}")
        for package, tool in sorted(missing.items())
    ]
    return Part(tuple(sorted(missing)), tuple(changes))


def _crictl(report: NodeReport, desired: DesiredNode) -> Part[t.Any]:
    """Somebody's own file stays."""
    found = report.files.get(node_files.CRICTL)
    if report.is_node or "containerd" not in desired.manages or (found is not None and not found.is_ours):
        return Part(())
    files = file(report, node_files.CRICTL, _CRICTL)
    return Part(files, tuple(file_change(report, each, "crictl asks containerd") for each in files))


def _services(report: NodeReport, desired: DesiredNode) -> Part[tuple[str, ...]]:
    if report.is_node:
        return Part(())
    wanted = SERVICES if "containerd" in desired.manages else ("kubelet",)
    missing = tuple(
        each for each in wanted if each not in report.services or not _is_enabled(report.services[each].enabled)
    )
    stopped = tuple(
        each
        for each in wanted
        if each == "containerd" and each not in missing and report.services[each].active != "active"
    )
    changes = [Change(f"service {each}", None, "enabled", "it runs after every start") for each in missing]
    changes += [Change(f"service {each}", "stopped", "started", "it runs the containers") for each in stopped]
    return Part((*missing, *stopped), tuple(changes))


def _is_enabled(state: str) -> bool:
    return state in ("enabled", "enabled-runtime", "static", "alias", "linked", "indirect", "generated")


def _time(name: str, report: NodeReport, desired: DesiredNode) -> Part[TimeNeeds]:
    found = report.time
    if found.is_synchronised or found.services or report.is_node:
        return Part(TimeNeeds())
    if report.is_container:
        return Part(
            TimeNeeds(), notes=(Note(name, f"{name} is a container: its clock is its machine's to synchronise."),)
        )
    platform = desired.platform((report.os.id, *report.os.like.split()))
    if "time" not in desired.manages or (platform is None and not found.has_timesyncd):
        message = (
            f"Nothing synchronises the clock of {name}: install chrony there, or set kubeadm_ha_manage_time: true."
        )
        return Part(TimeNeeds(), notes=(Note(name, message),))
    reason = "nothing synchronises the clock, and certificates and leases depend on it"
    if found.has_timesyncd or platform is None:
        service = "systemd-timesyncd"
        return Part(TimeNeeds(service=service), (Change(f"service {service}", None, "enabled and started", reason),))
    changes = (
        Change(f"package {platform.chrony}", None, "installed", reason),
        Change(f"service {platform.chrony_service}", None, "enabled and started", reason),
    )
    return Part(TimeNeeds(platform.chrony, platform.chrony_service), changes)


def _firewall(name: str, report: NodeReport, desired: DesiredNode) -> Part[firewall.FirewallNeeds]:
    if FIREWALL not in desired.manages or report.is_node:
        return Part(firewall.FirewallNeeds())
    problems: tuple[Problem, ...] = ()
    if firewall.lacks_zone(report.firewall):
        message = (
            f"firewalld on {name} does not have the zone {report.firewall.zone} in its running and in its permanent "
            f"configuration: set node_prepare_firewalld_zone for {name} to one that it has, or make it and run firewall-cmd --reload."
        )
        problems = (Problem(name, message),)
    needs = firewall.needs(report.firewall, _ports(desired), networks=desired.pod_subnets)
    changes = [needs.change(port, f"{port.comment} is reached through it") for port in needs.ports]
    changes += [
        Change(
            f"{needs.name} network {network}", "not forwarded", "forwarded", "pods reach each other, and Services pods"
        )
        for network in needs.networks
    ]
    return Part(needs, tuple(changes), problems)


def _ports(desired: DesiredNode) -> t.Iterator[firewall.Port]:
    """https://kubernetes.io/docs/reference/networking/ports-and-protocols/."""
    yield firewall.Port(10250, comment="kubelet")
    if desired.node_type == CONTROL_PLANE:
        yield firewall.Port(desired.api_server_port, comment="Kubernetes API")
        if desired.has_etcd:
            yield firewall.Port(2379, comment="etcd", last=2380, sources=desired.control_planes)
        yield firewall.Port(10257, comment="kube-controller-manager")
        yield firewall.Port(10259, comment="kube-scheduler")
    else:
        yield firewall.Port(30000, comment="NodePort", last=32767)
    if desired.has_flannel:
        yield firewall.Port(8472, firewall.UDP, comment="flannel")


__all__ = ("MODULES", "SERVICES", "SYSCTLS", "decide")
