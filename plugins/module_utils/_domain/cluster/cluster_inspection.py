# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the audit reads from the Kubernetes API."""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ..base.errors import ApiError, CommandFailed
from ..component import control_plane_health, kube_proxy_rollout
from ..kubeadm import bootstrap_token, cluster_info_signature, join_rights
from . import consumer_inspection, deployment_spread
from .consumer_inspection import Consumers
from .node import Node
from .report import ClusterReport

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..base.address import Endpoint
    from .cluster_audit import ClusterAudit
    from .life_signs import LifeSigns

#: The ConfigMaps of a kubeadm cluster that decide how nodes find and join it; up to 1.23 the kubelet's has the minor
#: version in its name.
_CONFIG_MAP = re.compile(r"^(?:kubeadm-config|kube-proxy|kubelet-config(?:-1\.\d+)?)$")


def inspect_cluster(
    api: Api,
    clock: Clock,
    *,
    endpoint: str | None = None,
    api_servers: t.Iterable[str] = (),
    search_secrets: bool = True,
    joining: bool = False,
    audit: t.Callable[[Api, Clock], ClusterAudit] | None = None,
    life_signs: t.Callable[[Api, Clock], tuple[LifeSigns, ...]] | None = None,
) -> ClusterReport:
    """Everything the plan needs, without secrets.

    Args:
        api: the cluster.
        clock: bounds the search for consumers.
        endpoint: the wanted control plane endpoint; ``None`` searches for no consumers of old ones.
        api_servers: address and port of each API server.
        search_secrets: also search Secrets when the cluster is at the endpoint already.
        joining: a host is to join, so what a bootstrap token may do is asked, too.
        audit: asks what only an audit needs; consumers of the API servers' own addresses are then searched for without an endpoint, too.
        life_signs: asks what shows that machines run which are said to be gone; who names their API servers is searched for, too.

    Raises:
        InvalidInput: when an endpoint cannot be read.
    """
    secrets = api.list("secret", namespace="kube-system")
    config_maps = dict(_config_maps(api))
    signs = life_signs(api, clock) if life_signs is not None else ()
    known = (*api_servers, *(item.api_server for item in signs if item.api_server))
    old = consumer_inspection.old_endpoints(config_maps, known, endpoint) if endpoint or audit else frozenset()
    tokens = (secret for secret in secrets if secret.get("type") == bootstrap_token.SECRET_TYPE)
    report = ClusterReport(
        config_maps=config_maps,
        nodes=tuple(map(Node.from_api, api.list("node"))),
        kube_proxy_pods=tuple(map(kube_proxy_rollout.KubeProxyPod.from_api, _kube_proxy_pods(api))),
        has_kube_proxy=api.get("daemonset", "kube-proxy", namespace="kube-system") is not None,
        bootstrap_tokens=tuple(map(bootstrap_token.BootstrapToken.from_secret, tokens)),
        has_uploaded_certificates=any(
            secret["metadata"]["name"] == bootstrap_token.CERTIFICATES_SECRET for secret in secrets
        ),
        outdated_signatures=len(cluster_info_signature.outdated(config_maps.get("kube-public/cluster-info"), secrets)),
        health=control_plane_health.collect(api),
        cluster_dns=deployment_spread.collect(api, *deployment_spread.CLUSTER_DNS),
        consumers=_consumers(
            api,
            clock,
            old,
            with_secrets=search_secrets or not (endpoint and consumer_inspection.is_pointed_to(config_maps, endpoint)),
        ),
        version=json.loads(api.raw("/version"))["gitVersion"],
        join_rights=None,
        audit=audit(api, clock) if audit is not None else None,
        life_signs=signs,
    )
    if not joining:
        return report
    name = report.kubelet_config_map.partition("/")[2]
    return dataclasses.replace(report, join_rights=join_rights.inspect(api, kubelet_config=name))


def _consumers(api: Api, clock: Clock, old: frozenset[Endpoint], *, with_secrets: bool) -> Consumers:
    """The search for consumers serves notes only, so it may fail without the rest."""
    try:
        return consumer_inspection.collect_consumers(api, clock, old, with_secrets=with_secrets)
    except (ApiError, CommandFailed) as error:
        return Consumers((), is_complete=False, objects=0, failure=error.message)


def _config_maps(api: Api) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    for document in api.list("configmap", namespace="kube-system"):
        name = document["metadata"]["name"]
        if _CONFIG_MAP.match(name):
            yield f"kube-system/{name}", document
    cluster_info = api.get("configmap", "cluster-info", namespace="kube-public")
    if cluster_info is not None:
        yield "kube-public/cluster-info", cluster_info


def _kube_proxy_pods(api: Api) -> t.Sequence[dict[str, t.Any]]:
    return api.list("pod", namespace="kube-system", labels="k8s-app=kube-proxy")


__all__ = ("inspect_cluster",)
