# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How such a cluster gets up: its files are on the nodes before these boot; then services are started in the guides' order."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from ipaddress import IPv4Address
from pathlib import PurePosixPath
from typing import Any

from tests.lab import before, shell, smoke, topology
from tests.lab.errors import LabError
from tests.lab.kubeadm import yaml_documents
from tests.lab.services import application_directory, inline_flags, manifests
from tests.lab.services.site import CONTROL_PLANE, NODE, Layout, Site
from tests.lab.topology import Topology

_SECONDS = 120


def layout_of(wanted: Topology, addresses: Mapping[str, IPv4Address], kubernetes: str) -> Layout:
    """The layout that a topology with systemd services names."""
    described: dict[str, Any] = {"topology": wanted, "addresses": addresses, "kubernetes": kubernetes}
    if wanted.layout is topology.Layout.APPLICATION_DIRECTORY:
        site = Site(service_subnet=application_directory.SERVICE_SUBNET, **described)
        return application_directory.ApplicationDirectory(site=site)
    return inline_flags.InlineFlags(site=Site(service_subnet=inline_flags.SERVICE_SUBNET, **described))


def host_names(wanted: Topology) -> dict[str, str]:
    """Names that every host knows, and whose they are: the API server asks kubelets by theirs where nothing else is said."""
    if wanted.layout is not topology.Layout.APPLICATION_DIRECTORY:
        return {}
    return {node.registered: node.name for node in wanted.nodes}


def directories(programs: Iterable[str]) -> list[str]:
    """Directories of programs that no image has, without the leading slash, those above first."""
    parents = {parent for program in programs for parent in PurePosixPath(program).parents}
    return sorted(str(parent)[1:] for parent in parents if parent.is_relative_to("/opt") and parent.name != "opt")


def start(layout: Layout, image: str, execute: before.Execute) -> None:
    """Start everything; returns when all Nodes are Ready and the smoke application answers.

    :param image: of CoreDNS.
    """
    site = layout.site
    shell.say(f"etcd on {', '.join(site.members)}")
    before.each(list(site.members), partial(_enable, execute, ["etcd"]))
    shell.say(f"control plane on {site.master.name}")
    _enable(execute, CONTROL_PLANE, site.master.name)
    kubectl = partial(execute, site.master.name, "kubectl", f"--kubeconfig={layout.admin}")
    _wait("the API server is not ready", lambda: kubectl("get", "--raw=/readyz", check=False) == "ok")
    apply = partial(kubectl, "apply", "--filename=-")
    apply(stdin=yaml_documents([*layout.manifests(), *manifests.coredns(image, str(site.dns))]))
    nodes = [node for node in (site.master, *site.workers) if site.topology.runs_pods(node)]
    shell.say(f"kubelet and kube-proxy on {', '.join(node.name for node in nodes)}")
    before.each([node.name for node in nodes], partial(_enable, execute, NODE))
    named = {f"node/{node.registered}" for node in nodes}
    timeout = f"--timeout={_SECONDS}s"
    _wait("a Node is missing", lambda: named <= set(kubectl("get", "nodes", "--output=name").split()))
    kubectl("wait", "--for=condition=Ready", *sorted(named), timeout)
    # Applied now, its pods are spread over all workers.
    apply(stdin=smoke.manifests(len(site.workers)))
    for options in (("--namespace=kube-system", "deployment/coredns"), ("deployment/smoke",)):
        kubectl("rollout", "status", *options, timeout)
    address = kubectl("get", "service", "smoke", "--output=jsonpath={.spec.clusterIP}")
    for node in site.workers:
        _wait_for_smoke(node.name, address, execute)


def _wait_for_smoke(node: str, address: str, execute: before.Execute) -> None:
    curl = ("curl", "--silent", "--max-time", "2", f"http://{address}/")
    _wait(f"the smoke application does not answer on {node}", lambda: "smoke" in execute(node, *curl, check=False))


def _enable(execute: before.Execute, names: Iterable[str], node: str) -> None:
    execute(node, "systemctl", "daemon-reload")
    execute(node, "systemctl", "enable", "--now", *(f"{name}.service" for name in names))


def _wait(otherwise: str, condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"{otherwise} after {_SECONDS} s")
        time.sleep(0.3)
