# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm, kubelet and kubectl of exactly one version, from packages or from programs."""

from __future__ import annotations

import typing as t

from ..base.change import Change
from ..base.problem import Problem
from . import node_files
from .decision import File, KubernetesNeeds
from .origins import PLUGINS, repository_url
from .part import Part, file, file_change

if t.TYPE_CHECKING:
    from ..base.version import KubernetesVersion
    from .desired import DesiredNode, Repository
    from .report import NodeReport

PROGRAMS = ("kubeadm", "kubectl", "kubelet")
_SEPARATORS = {"apt": "=", "dnf": "-", "zypper": "="}
_EXCLUDED = "kubelet kubeadm kubectl cri-tools kubernetes-cni"
_CRICTL = "crictl"
#: From here on kubeadm does without (``crictl`` in cmd/kubeadm/app/preflight/checks_linux.go and in util/runtime/runtime.go up to 1.30).
_WITHOUT_CRICTL = (1, 31)
#: Where programs go that come from no package.
DIRECTORY = "/usr/local/bin"
_UNIT = f"""\
# {node_files.MARKER}
[Unit]
Description=kubelet: The Kubernetes Node Agent
Documentation=https://kubernetes.io/docs/
Wants=network-online.target
After=network-online.target

[Service]
ExecStart={DIRECTORY}/kubelet
Restart=always
StartLimitInterval=0
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
_DROP_IN = f"""\
# {node_files.MARKER}
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart={DIRECTORY}/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""


def decide(
    name: str, report: NodeReport, desired: DesiredNode, version: KubernetesVersion | None
) -> Part[KubernetesNeeds]:
    """What is missing. Versions of a node are not this role's."""
    if report.is_node:
        return Part(KubernetesNeeds())
    if version is None:
        return Part(KubernetesNeeds(), problems=(_no_version(name, report),))
    missing = [each for each in PROGRAMS if not _is_there(report, each, version)]
    if desired.binaries:
        without = tuple(_without_crictl(name, report, version))
        return Part(KubernetesNeeds(), problems=without) if without else _of_binaries(report, desired, version, missing)
    problems = tuple(_problems(name, report, version, missing))
    if problems:
        return Part(KubernetesNeeds(), problems=problems)
    return _of_packages(report, desired.repository, version, missing)


def missing_at_source(needs: KubernetesNeeds, is_there: t.Callable[[str], bool]) -> t.Iterator[Problem]:
    """One problem where the controller does not have all that hosts are to get from its directory.

    Args:
        needs: what a host needs.
        is_there: whether the controller has a file.
    """
    if needs.is_remote:
        return
    wanted = (*needs.binaries, *((PLUGINS,) if needs.cni and needs.source else ()))
    missing = [each for each in wanted if not is_there(f"{needs.source}/{each}")]
    if missing:
        yield Problem(
            "kubeadm_ha_binaries",
            f"kubeadm_ha_binaries is {needs.source}, where the controller has no {' and no '.join(missing)}: name a directory that has "
            f"{', '.join(PROGRAMS)} and {PLUGINS}, or a URL.",
        )


def _of_binaries(
    report: NodeReport, desired: DesiredNode, version: KubernetesVersion, missing: t.Sequence[str]
) -> Part[KubernetesNeeds]:
    units: tuple[File, ...] = ()
    if "kubelet" in missing or node_files.KUBELET_UNIT in report.files:
        units = (
            *file(report, node_files.KUBELET_UNIT, _UNIT),
            *file(report, node_files.KUBELET_DROP_IN, _DROP_IN),
        )
    needs_cni = not report.has_cni
    changes = [
        _program(report, each, version, f"{each} of {version} is taken from {desired.binaries}") for each in missing
    ]
    changes += [file_change(report, unit, "systemd runs the kubelet by it") for unit in units]
    if needs_cni:
        changes.append(
            Change(f"programs in {node_files.CNI_PROGRAMS}", None, "installed", "pods are connected by CNI plugins")
        )
    is_remote = "://" in desired.binaries
    return Part(
        KubernetesNeeds(
            binaries=tuple(missing), source=desired.binaries, is_remote=is_remote, cni=needs_cni, files=units
        ),
        tuple(changes),
    )


def _without_crictl(name: str, report: NodeReport, version: KubernetesVersion) -> t.Iterator[Problem]:
    """The packages of kubeadm depend on one that has crictl; programs in their place do not bring it."""
    if version.release < _WITHOUT_CRICTL and _CRICTL not in report.programs:
        yield Problem(
            name,
            f"{name} has no crictl, by which kubeadm {version} asks the container runtime, and kubeadm_ha_binaries does not bring it: put "
            f"it into {DIRECTORY} of the host (a release of kubernetes-sigs/cri-tools), or take packages.",
        )


def _of_packages(
    report: NodeReport, repository: Repository, version: KubernetesVersion, missing: t.Sequence[str]
) -> Part[KubernetesNeeds]:
    manager = report.package_manager
    names = tuple(
        f"{each}{_SEPARATORS[manager]}{_plain(version)}{'-*' if manager == 'apt' else ''}" for each in missing
    )
    files: tuple[File, ...] = ()
    key_path, key_url = "", ""
    if missing:
        url, key = _repository(repository, manager, version)
        path = node_files.APT_KEY if manager == "apt" else node_files.RPM_KEY
        source = {"apt": node_files.APT_SOURCE, "dnf": node_files.DNF_SOURCE, "zypper": node_files.ZYPPER_SOURCE}[
            manager
        ]
        files = file(report, source, _source(manager, url))
        if "://" not in key.partition("\n")[0]:
            files = (*file(report, path, f"{key}\n"), *files)
            key_path = path
        elif path not in report.files or files:
            key_path, key_url = path, key
    reason = f"kubeadm_ha_kubernetes_version is {_plain(version)}"
    changes = [file_change(report, each, f"the packages of Kubernetes {version} are there") for each in files]
    if key_url:
        changes.append(Change(f"file {key_path}", None, f"that of {key_url}", "it verifies the packages"))
    changes += [_program(report, each, version, reason) for each in missing]
    hold = tuple(each for each in PROGRAMS if each not in report.held) if manager in ("apt", "zypper") else ()
    # Programs of another origin have no package that could be held.
    hold = tuple(each for each in hold if each in missing or report.programs[each].path.startswith("/usr/bin/"))
    changes += [
        Change(f"package {each}", "free", "held", "an upgrade of the system must not upgrade the cluster")
        for each in hold
    ]
    return Part(
        KubernetesNeeds(packages=names, key_path=key_path, key_url=key_url, files=files, hold=hold), tuple(changes)
    )


def _program(report: NodeReport, name: str, version: KubernetesVersion, reason: str) -> Change:
    found = report.programs.get(name)
    return Change(f"program {name}", found.version or "unknown" if found is not None else None, str(version), reason)


def _is_there(report: NodeReport, name: str, version: KubernetesVersion) -> bool:
    found = report.programs.get(name)
    return found is not None and found.version == str(version)


def _repository(given: Repository, manager: str, version: KubernetesVersion) -> tuple[str, str]:
    """URL and key: by default those of Kubernetes' own repository of the release."""
    url = repository_url(manager, version, given.url)
    if given.url:
        return url, given.key
    return url, f"{url}{'Release.key' if manager == 'apt' else 'repodata/repomd.xml.key'}"


def _source(manager: str, url: str) -> str:
    if manager == "apt":
        return f"# {node_files.MARKER}\ndeb [signed-by={node_files.APT_KEY}] {url} /\n"
    lines = ["name=Kubernetes", f"baseurl={url}", "enabled=1", "gpgcheck=1", f"gpgkey=file://{node_files.RPM_KEY}"]
    lines.append(f"exclude={_EXCLUDED}" if manager == "dnf" else "autorefresh=1")
    return "\n".join([f"# {node_files.MARKER}", "[kubernetes]", *lines, ""])


def _plain(version: KubernetesVersion) -> str:
    return str(version)[1:]


def _no_version(name: str, report: NodeReport) -> Problem:
    offers = (
        f"the repositories of {name} offer {', '.join(report.offered[:5])}"
        if report.offered
        else f"no repository of {name} offers kubeadm"
    )
    return Problem(
        "kubeadm_ha_kubernetes_version",
        f"kubeadm_ha_kubernetes_version is not set, and {name} has no kubeadm and kubelet of one version: set it to the version "
        f"that the cluster shall have, such as 1.34.4 ({offers}).",
    )


def _problems(
    name: str, report: NodeReport, version: KubernetesVersion, missing: t.Sequence[str]
) -> t.Iterator[Problem]:
    if missing and report.package_manager not in _SEPARATORS:
        yield Problem(
            name,
            f"{name} has neither apt, dnf nor zypper: set kubeadm_ha_binaries to a directory on the controller or a URL with "
            "kubeadm, kubelet and kubectl.",
        )
    for each in missing:
        found = report.programs.get(each)
        if found is not None and not found.path.startswith("/usr/bin/"):
            yield Problem(
                name,
                f"{found.path} on {name} is {found.version or 'of an unknown version'}, comes from no package and would hide the "
                f"package's {each} {version}: remove it, or set kubeadm_ha_binaries.",
            )


__all__ = ("DIRECTORY", "PROGRAMS", "decide", "missing_at_source")
