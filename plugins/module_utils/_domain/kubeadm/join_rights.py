# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API lets a joining node do.

kubeadm gives these rights when it makes a cluster (``cmd/kubeadm/app/phases/bootstraptoken``), and hardened clusters take
some away. The API server itself is asked, so it does not matter by which binding, or by which authorizer, it decides.
"""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.errors import ApiError
from ..base.problem import Problem

if t.TYPE_CHECKING:
    from ..._ports.api import Api

#: The group of the tokens that kubeadm makes.
TOKEN_GROUP = "system:bootstrappers:kubeadm:default-node-token"  # noqa: S105 (a name)
_CERTIFICATES = "certificates.k8s.io"
_REQUESTS = "certificatesigningrequests"
#: The name of :data:`DISCOVERY` in a report.
DISCOVERY = "discovery"


@dataclasses.dataclass(frozen=True)
class Right:
    """Something that a joining node must be allowed to do.

    Attributes:
        name: in a report.
        attributes: ``resourceAttributes`` of the SubjectAccessReview.
        described: what it is, as the beginning of a sentence goes on with it.
        remedy: a command that gives this right and no other.
    """

    name: str
    attributes: t.Mapping[str, str]
    described: str = ""
    remedy: str = ""


def _binding(name: str, role: str) -> str:
    return f"kubectl create clusterrolebinding {name} --clusterrole={role} --group={TOKEN_GROUP}"


def _reading(name: str, config_map: str) -> str:
    return (
        f"kubectl -n kube-system create role {name} --verb=get --resource=configmaps --resource-name={config_map}, and "
        f"kubectl -n kube-system create rolebinding {name} --role={name} --group=system:nodes --group={TOKEN_GROUP}"
    )


#: What somebody without any credentials must be allowed to; else discovery goes by a file and the token.
_ANONYMOUS = Right(
    DISCOVERY, {"verb": "get", "resource": "configmaps", "namespace": "kube-public", "name": "cluster-info"}
)


def rights(kubelet_config: str) -> tuple[Right, ...]:
    """What a bootstrap token must be allowed to do.

    Args:
        kubelet_config: name of the ConfigMap with the kubelets' configuration, which before 1.24 had the version in it.
    """
    requests = {"verb": "create", "group": _CERTIFICATES, "resource": _REQUESTS}
    reading = {"verb": "get", "resource": "configmaps", "namespace": "kube-system"}
    get_nodes = "kubeadm:get-nodes"
    return (
        Right(
            "request",
            requests,
            "request the certificate of its kubelet",
            _binding("kubeadm:kubelet-bootstrap", "system:node-bootstrapper"),
        ),
        Right(
            "approval",
            {**requests, "subresource": "nodeclient"},
            "have that request approved by itself, and nobody would approve it in time",
            _binding("kubeadm:node-autoapprove-bootstrap", f"system:{_CERTIFICATES}:{_REQUESTS}:nodeclient"),
        ),
        Right(
            "nodes",
            {"verb": "get", "resource": "nodes"},
            "see whether a node of its name exists",
            f"kubectl create clusterrole {get_nodes} --verb=get --resource=nodes, and {_binding(get_nodes, get_nodes)}",
        ),
        Right(
            "kubeadm_config",
            {**reading, "name": "kubeadm-config"},
            "read the ConfigMap kube-system/kubeadm-config",
            _reading("kubeadm:nodes-kubeadm-config", "kubeadm-config"),
        ),
        Right(
            "kubelet_config",
            {**reading, "name": kubelet_config},
            f"read the ConfigMap kube-system/{kubelet_config}",
            _reading("kubeadm:kubelet-config", kubelet_config),
        ),
    )


def inspect(api: Api, *, kubelet_config: str) -> dict[str, bool]:
    """Whether each right is given, by its name. One that could not be asked is left out."""
    anonymous = {"user": "system:anonymous", "groups": ["system:unauthenticated"]}
    token = {
        "user": "system:bootstrap:abcdef",
        "groups": ["system:bootstrappers", TOKEN_GROUP, "system:authenticated"],
    }
    asked = [(anonymous, _ANONYMOUS), *((token, right) for right in rights(kubelet_config))]
    found = {}
    for subject, right in asked:
        allowed = _is_allowed(api, subject, right)
        if allowed is not None:
            found[right.name] = allowed
    return found


def problems(found: t.Mapping[str, bool], *, kubelet_config: str) -> t.Iterator[Problem]:
    """One problem for each right that a bootstrap token lacks.

    Args:
        found: what :func:`inspect` returned.
        kubelet_config: see :func:`rights`.
    """
    for right in rights(kubelet_config):
        if found.get(right.name, True) is False:
            yield Problem(
                "cluster",
                f"A joining node may not {right.described}: give bootstrap tokens that right ({right.remedy}); it can be taken "
                "away again after the run.",
            )


def _is_allowed(api: Api, subject: t.Mapping[str, t.Any], right: Right) -> bool | None:
    """The API server's answer, ``None`` when it gives none. A review is never stored."""
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "metadata": {},
        "spec": {**subject, "resourceAttributes": dict(right.attributes)},
    }
    try:
        return bool(api.create(review)["status"]["allowed"])
    except ApiError:
        return None


__all__ = ("DISCOVERY", "TOKEN_GROUP", "Right", "inspect", "problems", "rights")
