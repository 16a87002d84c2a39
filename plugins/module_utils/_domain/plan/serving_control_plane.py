# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host can be asked for the cluster and, when none can, why.

A conversion needs one control plane that serves the API and the administrator's kubeconfig beside it. What is missing is
reported as it was found, host by host: a stopped kubelet, a crashed API server and a moved admin.conf have different
remedies.
"""

from __future__ import annotations

import typing as t

from ..base.enumeration import listed
from ..base.problem import Problem
from .cluster_traces import traces

if t.TYPE_CHECKING:
    from ..host.host import Host
    from .desired import Desired

Hosts = t.Mapping[str, "Host"]

ADMIN_KUBECONFIG = "/etc/kubernetes/admin.conf"
_SUPER_ADMIN_KUBECONFIG = "/etc/kubernetes/super-admin.conf"
_API_SERVER = "kube-apiserver"
_RUNTIMES = ("containerd", "crio", "docker")
#: Characters of a log line that are shown.
_LONGEST = 200


def find_serving_control_plane(hosts: Hosts, control_planes: t.Iterable[str]) -> Host | None:
    """A host that serves the API and has the administrator's kubeconfig to ask it; those of the group come first."""
    found = (hosts[name] for name in (*control_planes, *hosts) if name in hosts)
    return next((host for host in found if host.is_serving and ADMIN_KUBECONFIG in host.kubeconfigs), None)


def problems(desired: Desired, hosts: Hosts) -> t.Iterator[Problem]:
    """Why no host can be asked: nothing when there is one; and what no host may be inspected without."""
    yield from without_root(desired, hosts)
    if find_serving_control_plane(hosts, desired.control_planes) is not None:
        return
    reported = [Problem(host.name, text) for host in hosts.values() for text in [_why_not(host)] if text is not None]
    blind = [name for name in desired.control_planes if name in hosts and not is_root(hosts[name])]
    if reported:
        yield from reported
    elif not blind and all(name in hosts for name in desired.control_planes):
        names = [name for name in desired.control_planes if name in hosts]
        yield Problem(
            "kube_control_plane",
            f"No host of the control plane group serves the Kubernetes API: {', '.join(names) or 'its hosts'} "
            f"{'has' if len(names) == 1 else 'have'} no /etc/kubernetes/manifests/kube-apiserver.yaml. Put the control plane that runs into the group"
            f"{_not_bare(hosts)}.",
        )


def _not_bare(hosts: Hosts) -> str:
    """Why no cluster is created instead, as the end of a sentence."""
    found = ((host.name, trace) for host in hosts.values() for trace in traces(host))
    name, trace = next(found, ("", ""))
    if not name:
        return ""
    return f"; a new cluster is created only where no host has anything of one, and {name} has {trace}"


def is_root(host: Host) -> bool:
    """Whether the host was inspected by root, who alone can read the files of a control plane."""
    return host.report.user_id == 0


def without_root(desired: Desired, hosts: Hosts) -> t.Iterator[Problem]:
    """The hosts that were inspected without root's rights."""
    names = [name for name in dict.fromkeys((*desired.nodes, *desired.load_balancers)) if name in hosts]
    blind = [name for name in names if not is_root(hosts[name])]
    if blind:
        yield Problem(
            "ansible_become",
            f"{listed(blind)} could only be inspected without root's rights, so that most of it could not be seen: "
            "take ansible_become: false out of the inventory, or let Ansible become root there (ansible_become: true, "
            "and ansible_become_password where sudo asks for one).",
        )


def _why_not(host: Host) -> str | None:
    """Why a control plane cannot be asked; ``None`` for a host that is none."""
    if not is_root(host):
        return None
    if host.is_serving:
        return _without_admin_kubeconfig(host)
    if host.is_control_plane:
        return _not_running(host)
    if any(path.endswith("/apiserver.crt") for path in host.certificates):
        return (
            f"{host.name} has certificates of a control plane, but no /etc/kubernetes/manifests/kube-apiserver.yaml, so "
            "its kubelet runs no API server: put the manifest back (kubeadm keeps older ones in /etc/kubernetes/tmp)."
        )
    return _service_without_api(host)


def _service_without_api(host: Host) -> str | None:
    """Why the service of an API server does not serve; ``None`` without one."""
    service = host.report.services.get(_API_SERVER)
    if service is None:
        return None
    if service.active != "active":
        return f"Nobody serves the Kubernetes API: {_API_SERVER}.service of {host.name} is {service.active}; {_start(_API_SERVER)}"
    return (
        f"{_API_SERVER}.service of {host.name} is active, but serves no API that is known as one: neither does a process called {_API_SERVER} "
        f"listen there, nor is there a static pod (/etc/kubernetes/manifests/{_API_SERVER}.yaml). See journalctl -u {_API_SERVER} if it only begins; "
        "call its program by that name if it has another one."
    )


def _without_admin_kubeconfig(host: Host) -> str:
    server = host.api_server
    where = f" --apiserver-advertise-address={server.host} --apiserver-bind-port={server.port}" if server else ""
    other = f", {_SUPER_ADMIN_KUBECONFIG} is there," if _SUPER_ADMIN_KUBECONFIG in host.kubeconfigs else ""
    return (
        f"{host.name} serves the Kubernetes API{other} but has no {ADMIN_KUBECONFIG}, with which this run asks it: put "
        f"the file back, or make a new one on {host.name} with: kubeadm init phase kubeconfig admin{where}"
    )


def _not_running(host: Host) -> str:
    services = host.report.services
    kubelet = services.get("kubelet")
    runtime = [name for name in _RUNTIMES if name in services]
    stopped = [name for name in runtime if services[name].active != "active"]
    begin = f"Nobody serves the Kubernetes API: the API server of {host.name} does not run"
    if runtime and len(stopped) == len(runtime):
        return f"{begin}, because its container runtime {stopped[0]} is {services[stopped[0]].active}; {_start(stopped[0])}"
    if kubelet is None:
        return f"{begin}, and the host has no service kubelet that would start it: install the package kubelet there."
    if kubelet.active != "active":
        return f"{begin}, because its kubelet is {kubelet.active}; {_start('kubelet')}"
    return f"{begin}, although its kubelet does: {_last_words(host)}"


def _start(service: str) -> str:
    return f"start it (systemctl start {service}), and see journalctl -u {service} if it does not stay."


def _last_words(host: Host) -> str:
    found = host.report.stopped_pods.get("kube-apiserver")
    etcd = host.report.stopped_pods.get("etcd")
    if found is None or not found.text:
        return "it has no log in /var/log/pods; see journalctl -u kubelet."
    text = found.text
    shown = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
    also = ""
    if etcd is not None and etcd.text:
        said = etcd.text
        also = f" Its etcd does not run either, and wrote last: {said if len(said) <= _LONGEST else said[: _LONGEST - 3] + '...'}"
    return (
        f"its start number {found.starts} wrote last, at {found.time}: {shown}{also} (/var/log/pods has the rest, "
        "and journalctl -u kubelet why it is not started)."
    )


__all__ = ("ADMIN_KUBECONFIG", "find_serving_control_plane", "is_root", "problems", "without_root")
