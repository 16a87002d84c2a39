# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields that a ClusterConfiguration has in each version.

https://kubernetes.io/docs/reference/config-api/kubeadm-config.v1beta4/#kubeadm-k8s-io-v1beta4-ClusterConfiguration and its older
versions.
"""

from __future__ import annotations

import typing as t

from ..base.errors import InvalidInput
from .kubeadm_api import VERSIONS


def refuse_unknown(patch: t.Any, fields: t.Any, path: tuple[str, ...], api_version: str) -> None:
    """Raise ``InvalidInput`` for a field that the version does not have. ``null`` (removal) is always allowed."""
    where = ".".join(path)
    if fields is ANY or patch is None:
        return
    if isinstance(fields, list):
        if not isinstance(patch, (list, tuple)):
            raise InvalidInput(
                f"The option patch has no list at {where}, but {api_version} wants one"
                + (" of name and value: use the option extra_args." if path[-1] == "extraArgs" else ".")
            )
        for item in patch:
            refuse_unknown(item, fields[0], path, api_version)
        return
    if not isinstance(patch, dict):
        raise InvalidInput(
            f"The option patch has no map at {where}, but {api_version} wants one"
            + (": use the option extra_args." if path and path[-1] == "extraArgs" else ".")
        )
    if fields is ANY_MAP:
        return
    for name, value in patch.items():
        here = (*path, str(name))
        if name not in fields:
            if value is None:
                continue
            raise InvalidInput(
                f"The option patch names {'.'.join(here)}, which {api_version} does not have"
                + _FIELD_HINTS.get(here, ": leave it out.")
            )
        refuse_unknown(value, fields[name], here, api_version)


class _Marker:
    """A leaf of :data:`FIELDS`."""


#: Any value.
ANY = _Marker()
#: A map with names of the user's own.
ANY_MAP = _Marker()

_FIELD_HINTS: t.Mapping[tuple[str, ...], str] = {
    ("apiServer", "timeoutForControlPlane"): (
        ": that version keeps it as timeouts.controlPlaneComponentHealthCheck in the InitConfiguration and "
        "JoinConfiguration of each host."
    ),
}


def _fields_of(version: str) -> dict[str, t.Any]:
    """The fields of a version's ClusterConfiguration (kubernetes/kubernetes, cmd/kubeadm/app/apis/kubeadm/<version>)."""
    number = VERSIONS.index(version)
    has_lists = number >= VERSIONS.index("v1beta4")
    arguments: t.Any = [{"name": ANY, "value": ANY}] if has_lists else ANY_MAP
    environment = {"extraEnvs": [ANY_MAP]} if has_lists else {}
    volumes = [{"name": ANY, "hostPath": ANY, "mountPath": ANY, "readOnly": ANY, "pathType": ANY}]
    component = {"extraArgs": arguments, "extraVolumes": volumes, **environment}
    image = {"imageRepository": ANY, "imageTag": ANY}
    fields: dict[str, t.Any] = {
        "etcd": {
            "local": {
                **image,
                "dataDir": ANY,
                "extraArgs": arguments,
                "serverCertSANs": [ANY],
                "peerCertSANs": [ANY],
                **environment,
            },
            "external": {"endpoints": [ANY], "caFile": ANY, "certFile": ANY, "keyFile": ANY},
        },
        "networking": {"serviceSubnet": ANY, "podSubnet": ANY, "dnsDomain": ANY},
        "kubernetesVersion": ANY,
        "controlPlaneEndpoint": ANY,
        "apiServer": {**component, "certSANs": [ANY]},
        "controllerManager": component,
        "scheduler": component,
        "dns": dict(image),
        "certificatesDir": ANY,
        "imageRepository": ANY,
        "featureGates": ANY_MAP,
        "clusterName": ANY,
    }
    if number <= VERSIONS.index("v1beta2"):
        fields["useHyperKubeImage"] = ANY
        fields["dns"]["type"] = ANY
    if has_lists:
        fields["proxy"] = {"disabled": ANY}
        fields["dns"]["disabled"] = ANY
        fields["encryptionAlgorithm"] = ANY
        fields["certificateValidityPeriod"] = ANY
        fields["caCertificateValidityPeriod"] = ANY
        # From 1.35 on.
        fields["etcd"]["external"]["httpEndpoints"] = [ANY]
    else:
        fields["apiServer"]["timeoutForControlPlane"] = ANY
    return fields


FIELDS: t.Mapping[str, t.Mapping[str, t.Any]] = {version: _fields_of(version) for version in VERSIONS}


__all__ = (
    "ANY",
    "FIELDS",
    "refuse_unknown",
)
