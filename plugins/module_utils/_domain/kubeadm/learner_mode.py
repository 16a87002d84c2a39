# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the member of etcd of a joining control plane votes before it runs.

kubeadm adds the member first and then writes the manifest that starts it. With a vote from the begin, the second of two is needed for every
answer of the API before it has started. A learner gets its vote when it has caught up. kubeadm makes learners behind a feature gate
of the ClusterConfiguration, which it knows since 1.27 (kubernetes/kubernetes#113318) and which is on by default since 1.29 (#120228).

Where the gate is known and off, it is set while control planes join, and taken away with what else the joins took: a gate that stays is
one that a later kubeadm does not know any more. An annotation marks it as ours for the run after one that was killed.
"""

from __future__ import annotations

import typing as t

from ..base.change import Change
from ..base.errors import InvalidInput
from ..base.version import KubernetesVersion
from . import cluster_configuration, kubeadm_config

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.yaml import Yaml
    from .kubeadm_config import StoredConfiguration

GATE = "EtcdLearnerMode"
#: Object of the changes.
OBJECT = f"{GATE} of {cluster_configuration.OBJECT}"
#: The annotation of a ConfigMap whose gate was set for joins.
MARK = "kubeadm.ha/etcd-learner-mode"
_KNOWN, _DEFAULT = (1, 27), (1, 29)


def needs_gate(document: t.Mapping[str, t.Any]) -> bool:
    """Whether control planes that join by a ClusterConfiguration need the gate. One that says so or the opposite is left as it is."""
    version = _version(document)
    return version is not None and _KNOWN <= version.release < _DEFAULT and GATE not in _gates(document)


def votes_at_once(document: t.Mapping[str, t.Any]) -> bool:
    """Whether a member votes before it runs, whatever is done here: kubeadm knows no learners, or the operator wants none."""
    version = _version(document)
    return version is not None and (version.release < _KNOWN or _gates(document).get(GATE) is False)


def is_marked(configmap: t.Mapping[str, t.Any] | None) -> bool:
    """Whether the gate of a ConfigMap kubeadm-config was set for joins."""
    return MARK in (((configmap or {}).get("metadata") or {}).get("annotations") or {})


def enabling() -> Change:
    """The change that sets the gate."""
    return Change(
        OBJECT, None, True, "the member of etcd of a control plane that joins votes when it runs, and not before"
    )


def disabling() -> Change:
    """The change that takes it away."""
    return Change(OBJECT, True, None, "the control plane has joined or failed to")


def enable(api: Api, yaml: Yaml) -> None:
    """Set the gate and the mark.

    Raises:
        UnsupportedState: when there is no ClusterConfiguration any more.
        ApiError: when it cannot be written.
    """
    _write(api, yaml, is_on=True)


def disable(api: Api, yaml: Yaml) -> None:
    """Take gate and mark away; errors as :func:`enable`."""
    _write(api, yaml, is_on=False)


def _write(api: Api, yaml: Yaml, *, is_on: bool) -> None:
    def edit(current: StoredConfiguration) -> dict[str, t.Any] | None:
        if is_marked(current.configmap) is is_on:
            return None
        document = dict(current.configuration.document)
        gates = {name: value for name, value in _gates(document).items() if name != GATE}
        metadata = dict(current.configmap["metadata"])
        annotations = {name: value for name, value in (metadata.get("annotations") or {}).items() if name != MARK}
        if is_on:
            gates[GATE] = True
            annotations[MARK] = "set while control planes join"
        document["featureGates"] = gates
        metadata["annotations"] = annotations
        if not gates:
            del document["featureGates"]
        return {**current.with_document(document, yaml), "metadata": metadata}

    kubeadm_config.rewrite(api, yaml, edit, kubeadm_config.collect(api, yaml))


def _version(document: t.Mapping[str, t.Any]) -> KubernetesVersion | None:
    """The version by which control planes join; ``None`` where none is said, and where etcd is elsewhere."""
    if "external" in (document.get("etcd") or {}):
        return None
    try:
        return KubernetesVersion.parse(str(document.get("kubernetesVersion") or ""))
    except InvalidInput:
        return None


def _gates(document: t.Mapping[str, t.Any]) -> t.Mapping[str, t.Any]:
    return document.get("featureGates") or {}


__all__ = (
    "GATE",
    "MARK",
    "OBJECT",
    "disable",
    "disabling",
    "enable",
    "enabling",
    "is_marked",
    "needs_gate",
    "votes_at_once",
)
