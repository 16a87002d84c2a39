# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""containerd as a node of kubeadm needs it: its configuration, and from where images of registries come."""

from __future__ import annotations

import typing as t

from ..base.change import Change
from ..base.configuration_owner import ABSENT, OTHER, PACKAGE, ROLE
from ..base.problem import Problem
from . import node_files, toml_text
from .decision import ContainerdNeeds, File
from .part import Part, file, file_change, new_file, sha256

if t.TYPE_CHECKING:
    from ..base.version import KubernetesVersion
    from .desired import DesiredNode, Mirror
    from .report import NodeReport

_CRI = "io.containerd.grpc.v1.cri"
_HEADER = f"# {node_files.MARKER}\n"
#: The pause image of kubeadm's releases (``PauseVersion`` in ``cmd/kubeadm/app/constants/constants.go``), from each release on.
_PAUSE = (
    ((1, 36), "3.10.2"),
    ((1, 34), "3.10.1"),
    ((1, 31), "3.10"),
    ((1, 26), "3.9"),
    ((1, 25), "3.8"),
    ((1, 24), "3.7"),
    ((0, 0), "3.6"),
)


def pause_image(desired: DesiredNode, version: KubernetesVersion) -> str:
    """The image that holds a pod's namespaces."""
    number = next(number for release, number in _PAUSE if version.release >= release)
    return desired.pause_image or f"{desired.image_repository}/pause:{number}"


def configuration(desired: DesiredNode, version: KubernetesVersion) -> str:
    """The text of ``config.toml``. Version 2 of its format is read by containerd 1 and 2.

    Raises:
        InvalidInput: TOML cannot hold a value of the given settings.
    """
    plugin = {
        "sandbox_image": pause_image(desired, version),
        "containerd": {
            "runtimes": {
                "runc": {
                    "runtime_type": "io.containerd.runc.v2",
                    "options": {"SystemdCgroup": desired.systemd_cgroup},
                }
            }
        },
        "cni": {"bin_dir": node_files.CNI_PROGRAMS, "conf_dir": "/etc/cni/net.d"},
        "registry": {"config_path": node_files.CONTAINERD_HOSTS},
    }
    plugins = _merged({_CRI: plugin}, desired.containerd_settings)
    return _HEADER + toml_text.render({"version": 2, "plugins": plugins})


def registry_files(mirror: Mirror) -> tuple[tuple[str, str], ...]:
    """Paths and texts of the files of one registry."""
    directory = f"{node_files.CONTAINERD_HOSTS}/{mirror.registry}"
    host: dict[str, t.Any] = {"capabilities": ["pull", "resolve"]}
    if mirror.ca:
        host["ca"] = f"{directory}/ca.crt"
    if "/v2" in mirror.url.partition("://")[2]:
        # Its API is below this path, not below a further /v2.
        host["override_path"] = True
    text = _HEADER + toml_text.render({"server": mirror.url, "host": {mirror.url: host}})
    authority = ((f"{directory}/ca.crt", mirror.ca),) if mirror.ca else ()
    return (*authority, (f"{directory}/hosts.toml", text))


def decide(
    name: str, report: NodeReport, desired: DesiredNode, version: KubernetesVersion | None
) -> Part[ContainerdNeeds]:
    """What containerd lacks. Of a host that is a node already only the role's own files are kept up to date."""
    if "containerd" not in desired.manages or version is None:
        return Part(ContainerdNeeds())
    platform = desired.platform((report.os.id, *report.os.like.split()))
    problems = tuple(_problems(name, report, desired, is_known=platform is not None))
    found = report.containerd
    package = platform.containerd if platform is not None and not found.is_installed else ""
    files = _configuration_file(report, configuration(desired, version))
    registries = tuple(_registries(report, desired))
    if report.runs_kubelet and found.owner != ROLE:
        package, files = "", ()
    restart = bool(files) or bool(package) or (not found.is_loaded and not report.is_node)
    restart = restart and (found.owner == ROLE or not report.runs_kubelet)
    changes = [Change(f"package {package}", None, "installed", "it runs the containers")] if package else []
    changes += [file_change(report, each, _reason(found.owner)) for each in files]
    changes += [file_change(report, each, "images of this registry come from its mirror") for each in registries]
    if restart and not package:
        changes.append(Change("service containerd", "running", "restarted", "it runs with an older configuration"))
    return Part(ContainerdNeeds(package, files, registries, restart), tuple(changes), problems)


def _configuration_file(report: NodeReport, content: str) -> tuple[File, ...]:
    found = report.containerd
    if found.sha256 == sha256(content):
        return ()
    return (new_file(node_files.CONTAINERD, content, backup=found.owner in (PACKAGE, OTHER)),)


def _registries(report: NodeReport, desired: DesiredNode) -> t.Iterator[File]:
    reads_them = report.containerd.effective.get("config_path") == node_files.CONTAINERD_HOSTS
    for mirror in desired.mirrors:
        for path, text in registry_files(mirror):
            found = report.files.get(path)
            is_strange = found is not None and not found.is_ours and path.endswith("hosts.toml")
            if not report.runs_kubelet or (reads_them and not is_strange):
                yield from file(report, path, text)


def _problems(name: str, report: NodeReport, desired: DesiredNode, *, is_known: bool) -> t.Iterator[Problem]:
    if report.is_node:
        return
    if report.other_runtimes and not report.containerd.is_installed:
        yield Problem(
            name,
            f"{name} has another container runtime ({', '.join(report.other_runtimes)}): set kubeadm_ha_manage_containerd: "
            "false to keep it and to prepare it yourself, or remove it.",
        )
    if not is_known and not report.containerd.is_installed:
        yield Problem(
            name,
            f"{name} runs {report.os.id or 'a distribution without os-release'}, and which package has containerd there is not "
            "known: install containerd first.",
        )
    if report.runs_kubelet and report.containerd.owner == OTHER:
        differences = tuple(_differences(report.containerd.effective, desired))
        if differences:
            yield Problem(
                name,
                f"{node_files.CONTAINERD} on {name} was written by somebody else while its kubelet runs, so it is not replaced, and "
                f"{', '.join(differences)}: change that there and restart containerd, or stop the kubelet and run this again "
                "(then the file is replaced and a backup kept).",
            )


def _differences(effective: t.Mapping[str, str], desired: DesiredNode) -> t.Iterator[str]:
    if effective.get("cri") == "disabled":
        yield "it disables the plugin cri, which the kubelet needs"
        return
    wanted = {"cgroup": str(desired.systemd_cgroup).lower(), "bin_dir": node_files.CNI_PROGRAMS}
    if desired.mirrors:
        wanted["config_path"] = node_files.CONTAINERD_HOSTS
    words = {"cgroup": "SystemdCgroup", "bin_dir": "bin_dir of cni", "config_path": "config_path of registry"}
    for key, value in wanted.items():
        if effective.get(key, value) != value:
            yield f"its {words[key]} is {effective[key] or 'empty'} and not {value}"


def _reason(owner: str) -> str:
    return {
        ABSENT: "containerd and the kubelet must agree",
        PACKAGE: "the package's own does not fit the kubelet; a backup is kept",
        OTHER: "somebody else's does not fit the kubelet; a backup is kept",
    }.get(owner, "its inputs have changed")


def _merged(ours: t.Mapping[str, t.Any], given: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    merged = dict(ours)
    for key, value in given.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


__all__ = ("configuration", "decide", "pause_image", "registry_files")
