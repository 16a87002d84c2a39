# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a joining control plane would lack of the serving one: files, flags, volumes and patches."""

from __future__ import annotations

import dataclasses
import typing as t

from ...base.errors import UnsupportedState
from ...base.file_fact import CARRIED, FILE, FileFact
from ...base.problem import Problem
from ...host.address_owners import owners_of
from ...host.carried_files import Comparison
from ...host.carried_files import compare as compare_files
from ...kubeadm import manifest_flags
from ...kubeadm.cluster_configuration import ClusterConfiguration
from ...kubeadm.extra_args import ArgValues
from ...kubeadm.extra_volumes import Wanted as WantedVolumes
from ...kubeadm.extra_volumes import as_option
from .host_bound_addresses import Scope, bound_addresses, manifest_remedy

if t.TYPE_CHECKING:
    from ...cluster.cluster import Cluster
    from ...host.host import Host
    from ..desired import Desired

_CONFIGURATION = "ConfigMap kube-system/kubeadm-config"


@dataclasses.dataclass(frozen=True)
class Adoption:
    """What of the serving control plane's manifests is taken into the ClusterConfiguration.

    Attributes:
        extra_args: flags by component (keys of ``extra_args.COMPONENTS``) and name.
        extra_volumes: volumes by component and name.
    """

    extra_args: t.Mapping[str, t.Mapping[str, ArgValues]] = dataclasses.field(default_factory=dict)
    extra_volumes: WantedVolumes = dataclasses.field(default_factory=dict)

    def as_options(self) -> dict[str, dict[str, object]]:
        """As the options of ``kubeadm.ha.kubeadm_cluster_config`` take it."""
        return {
            "extra_args": {
                component: {name: None if values is None else _option(values) for name, values in flags.items()}
                for component, flags in self.extra_args.items()
            },
            "extra_volumes": {name: as_option(wanted) for name, wanted in self.extra_volumes.items()},
        }


def files_of(host: Host) -> tuple[FileFact, ...]:
    """The files that a control plane's static pods need, as its report lists them."""
    return tuple({fact.path: fact for fact in host.report.control_plane_files.files}.values())


def compare(serving_control_plane: Host, found: t.Mapping[str, FileFact]) -> Comparison:
    """What a joining host needs of the serving control plane's files, and what speaks against it.

    Args:
        serving_control_plane: the serving control plane.
        found: what is on the joining host, by path.
    """
    return compare_files(files_of(serving_control_plane), found)


def adoption(desired: Desired, hosts: t.Mapping[str, Host], serving_control_plane: Host, cluster: Cluster) -> Adoption:
    """What is taken into the ClusterConfiguration; nothing without the switch, and nothing that only one host can have."""
    if not desired.adopt_manifest_flags:
        return Adoption()
    keys = manifest_flags.OPTION_KEYS
    shared, _bound = _split(
        differences(serving_control_plane, cluster), Scope(owners_of(hosts), desired.control_planes)
    )
    found = [item for item in shared if item.can_be_adopted]
    return Adoption(
        {keys[item.component]: item.extra_args for item in found if item.extra_args},
        {keys[item.component]: item.extra_volumes for item in found if item.extra_volumes},
    )


def problems(
    desired: Desired,
    hosts: t.Mapping[str, Host],
    cluster: Cluster,
    serving_control_plane: Host,
    *,
    joining: t.Mapping[str, t.Mapping[str, FileFact]],
    joined: t.Iterable[Host],
) -> list[Problem]:
    """Reasons to stop.

    Args:
        desired: what the inventory describes.
        hosts: every host that was inspected, by inventory name.
        cluster: what the API reported.
        serving_control_plane: the serving control plane.
        joining: by inventory name of a joining control plane what it has of the serving one's files.
        joined: control planes that are members.
    """
    found: list[Problem] = []
    if joining:
        found += _manifests(desired, serving_control_plane, cluster, Scope(owners_of(hosts), desired.control_planes))
        found += _patches(desired, serving_control_plane, cluster)
        found += [
            Problem(serving_control_plane.name, text)
            for text in serving_control_plane.report.control_plane_files.refusals
        ]
        for name, facts in joining.items():
            found += [Problem(name, f"{name}: {text}") for text in compare(serving_control_plane, facts).refusals]
    for host in joined:
        found += _unlike(serving_control_plane, host)
    return found


def _manifests(desired: Desired, serving_control_plane: Host, cluster: Cluster, scope: Scope) -> t.Iterator[Problem]:
    for component, document in serving_control_plane.report.static_pods.items():
        if document is None:
            yield Problem(
                serving_control_plane.name,
                f"The manifest of {component} on {serving_control_plane.name} is laid out in a way that cannot be read: "
                "write it as kubeadm does, in block style.",
            )
    shared, bound = _split(differences(serving_control_plane, cluster), scope)
    for item in bound:
        yield Problem(
            serving_control_plane.name,
            f"{_unlike_manifest(item, serving_control_plane)}: {item}. Remedy: "
            f"{manifest_remedy(item.component, serving_control_plane)}.",
        )
    for item in shared:
        if desired.adopt_manifest_flags and item.can_be_adopted:
            continue
        remedy = (
            "put them there (kubectl -n kube-system edit configmap kubeadm-config), or set "
            "kubeadm_ha_adopt_manifest_flags: true to let the run do it"
            if item.can_be_adopted
            else "the ClusterConfiguration cannot say all of this: correct the manifest, or put it into kubeadm's patches "
            "and name their directory in kubeadm_ha_patches_dir"
        )
        yield Problem(
            serving_control_plane.name, f"{_unlike_manifest(item, serving_control_plane)}: {item}. Remedy: {remedy}."
        )


def _unlike_manifest(item: manifest_flags.Differences, serving_control_plane: Host) -> str:
    return (
        f"The manifest of {item.component} on {serving_control_plane.name} differs from {_CONFIGURATION}, so a joining "
        "control plane would be unlike it"
    )


def _split(
    different: t.Iterable[manifest_flags.Differences], scope: Scope
) -> tuple[list[manifest_flags.Differences], list[manifest_flags.Differences]]:
    """What every control plane can have, and what only the one can that has it now."""
    shared: list[manifest_flags.Differences] = []
    bound: list[manifest_flags.Differences] = []
    for item in different:
        is_bound = {
            flag: bool(bound_addresses(scope, item.component, flag.name, flag.manifest or ())) for flag in item.flags
        }
        for found, wanted in ((shared, False), (bound, True)):
            flags = tuple(flag for flag, value in is_bound.items() if value is wanted)
            part = manifest_flags.Differences(item.component, flags, () if wanted else item.volumes)
            if part:
                found.append(part)
    return shared, bound


def _patches(desired: Desired, serving_control_plane: Host, cluster: Cluster) -> t.Iterator[Problem]:
    if not desired.patches_dir:
        return
    if serving_control_plane.report.kubeadm_patches is None:
        yield Problem(
            "kubeadm_ha_patches_dir",
            f"kubeadm_ha_patches_dir is {desired.patches_dir}, but {serving_control_plane.name} has no such directory: "
            "put kubeadm's patches there, or leave the variable out.",
        )
    configuration = _configuration(cluster)
    if configuration is not None and configuration.version in ("v1beta1", "v1beta2"):
        yield Problem(
            "kubeadm_ha_patches_dir",
            f"kubeadm_ha_patches_dir cannot be used, because {configuration.api_version} knows no patches: upgrade the "
            "cluster first.",
        )


def _unlike(serving_control_plane: Host, host: Host) -> t.Iterator[Problem]:
    """Files of a member that differ from the serving control plane's. Its manifests say which it needs."""
    if host.name == serving_control_plane.name:
        return
    theirs = {fact.path: fact for fact in files_of(host)}
    missing = host.report.control_plane_files.missing
    for fact in files_of(serving_control_plane):
        other = theirs.get(fact.path)
        if fact.use == CARRIED and fact.path in missing:
            yield Problem(
                host.name,
                f"{fact.path} is missing on {host.name}, whose static pods name it as those of "
                f"{serving_control_plane.name} do: copy it from there, or name it in kubeadm_ha_unmanaged_files.",
            )
        elif fact.use == CARRIED and fact.kind == FILE and other is not None and other.sha256 != fact.sha256:
            yield Problem(
                host.name,
                f"{fact.path} on {host.name} differs from the one on {serving_control_plane.name}: make both equal, "
                "because API servers must agree, or name it in kubeadm_ha_unmanaged_files if they may differ.",
            )


def differences(serving_control_plane: Host, cluster: Cluster) -> tuple[manifest_flags.Differences, ...]:
    """In what the manifests of a control plane differ from what kubeadm would render by the ClusterConfiguration."""
    configuration = _configuration(cluster)
    if configuration is None:
        return ()
    pods = {name: found.pod for name, found in serving_control_plane.report.static_pods.items() if found is not None}
    return manifest_flags.differences(pods, configuration, serving_control_plane.report.kubeadm_patches or {})


def _configuration(cluster: Cluster) -> ClusterConfiguration | None:
    """``None`` for one that cannot be read, which the preflight reports."""
    try:
        return ClusterConfiguration.parse(cluster.configuration)
    except UnsupportedState:
        return None


def _option(values: t.Sequence[str]) -> str | list[str]:
    return values[0] if len(values) == 1 else list(values)


__all__ = ("Adoption", "adoption", "compare", "differences", "files_of", "problems")
