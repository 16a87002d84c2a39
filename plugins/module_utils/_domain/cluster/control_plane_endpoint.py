# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects of a kubeadm cluster that name the control plane endpoint.

kubeadm-config informs kubeadm, cluster-info joining nodes (whatever address they were given to join through), and
the ConfigMap kube-proxy informs every kube-proxy, which reads it only when it starts.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import typing as t

from ..base.address import Endpoint, same_server
from ..base.api_time import time_of
from ..base.change import Change, Decision
from ..base.errors import ApiConflict, InvalidInput, KubeadmHaError, NotProved, UnsupportedState
from ..component import kube_proxy_rollout
from ..component.kube_proxy_rollout import KUBE_PROXY_LABELS, KUBE_PROXY_PODS, KubeProxyPod, pods_of_kube_proxy
from ..kubeadm import cluster_configuration, cluster_info_signature, kubeadm_config
from ..kubeadm.cluster_info_signature import CLUSTER_INFO
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.server_in_text import with_server

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.clock import Clock
    from ..._ports.commands import Commands
    from ..._ports.yaml import Yaml

KUBE_PROXY = "ConfigMap kube-system/kube-proxy"

_POLL_SECONDS = 0.25


def decide_kubeadm_config(document: t.Mapping[str, t.Any], endpoint: Endpoint) -> Change | None:
    """The change of kubeadm-config's ``controlPlaneEndpoint``.

    Args:
        document: the parsed ClusterConfiguration.
        endpoint: what it must name.
    """
    return cluster_configuration.decide(document, cluster_configuration.Wanted(control_plane_endpoint=endpoint))


def decide_cluster_info(kubeconfig: Kubeconfig | None, endpoint: Endpoint) -> Change | None:
    """The change of cluster-info's ``server``.

    Args:
        kubeconfig: the one under the ConfigMap's key ``kubeconfig``; ``None`` when there is no ConfigMap.
        endpoint: what it must name.

    Raises:
        UnsupportedState: when it names no cluster that kubeadm would take.
    """
    if kubeconfig is None:
        return None
    return _decide_server(kubeconfig, endpoint, CLUSTER_INFO, "joining nodes take the server from here")


def decide_kube_proxy(kubeconfig: Kubeconfig | None, endpoint: Endpoint) -> Change | None:
    """The change of kube-proxy's ``server``.

    Args:
        kubeconfig: the one under the ConfigMap's key ``kubeconfig.conf``; ``None`` when there is none.
        endpoint: what it must name.

    Raises:
        UnsupportedState: when it names no cluster that kube-proxy would take.
    """
    if kubeconfig is None:
        return None
    return _decide_server(kubeconfig, endpoint, KUBE_PROXY, "kube-proxy on every node takes the server from here")


def decide_kube_proxy_restart(
    configmap: t.Mapping[str, t.Any],
    pods: t.Iterable[KubeProxyPod],
    *,
    ready_nodes: t.Container[str],
    will_change: bool = False,
) -> Change | None:
    """The restart of kube-proxy's pods that still run with an older ConfigMap, on nodes that are Ready.

    The last write of the key ``kubeconfig.conf`` stands in ``metadata.managedFields`` under the writer's name; a pod
    created before it has read another content. Both times come from API servers, so the clocks of nodes do not matter.

    Args:
        configmap: the ConfigMap kube-system/kube-proxy.
        pods: kube-proxy's pods, see :attr:`KubeProxyPod.is_of_daemonset`.
        ready_nodes: names of the nodes that are Ready.
        will_change: the ConfigMap is about to be changed: all pods will be outdated then.
    """
    written = _written_at(configmap, "kubeconfig.conf")
    return kube_proxy_rollout.decide(pods, ready_nodes=ready_nodes, written=written, will_change=will_change)


@dataclasses.dataclass(frozen=True)
class _Found:
    """The objects as they are and what they need."""

    kubeadm_config: kubeadm_config.StoredConfiguration
    cluster_info: t.Mapping[str, t.Any] | None
    kube_proxy: t.Mapping[str, t.Any] | None
    daemonset: t.Mapping[str, t.Any] | None
    changes: tuple[Change, ...]
    down: tuple[str, ...] = ()

    def changes_of(self, name: str) -> bool:
        """Whether an object changes."""
        return any(change.object == name for change in self.changes)


def ensure(
    api: Api,
    yaml: Yaml,
    clock: Clock,
    commands: Commands,
    *,
    endpoint: Endpoint,
    timeout: float,
    unmanaged: t.Container[str] = (),
    with_configuration: bool = True,
    of_kube_proxy: Endpoint | None = None,
) -> Decision:
    """Every cluster-wide object names the endpoint, and kube-proxy has read it on every node that is Ready.

    Args:
        api: where the objects are.
        yaml: reads and writes the embedded documents.
        clock: bounds the waiting.
        commands: runs ``kubeadm config validate`` where the host has a kubeadm.
        endpoint: what they must name.
        timeout: seconds to wait for the new signature of cluster-info, and again for each further new pod of kube-proxy.
        unmanaged: names of nodes whose kube-proxy is not waited for.
        with_configuration: whether the ClusterConfiguration is one of the objects.
        of_kube_proxy: what kube-proxy's must name, where that is another one.

    Raises:
        UnsupportedState: when the cluster was not made by kubeadm, or an object cannot be changed safely.
        NotProved: when a signature or the rollout did not come in time. The next run restarts pods that are still outdated.
        ApiError: when the API cannot be read or written.
    """
    of_kube_proxy = of_kube_proxy or endpoint

    def collect() -> _Found:
        return _collect(api, yaml, endpoint, of_kube_proxy, unmanaged, with_configuration=with_configuration)

    found = collect()
    if found.changes_of(cluster_configuration.OBJECT):
        document = found.kubeadm_config.configuration
        wanted = cluster_configuration.Wanted(control_plane_endpoint=endpoint)
        after = document.patched(wanted)
        kubeadm_config.validate(commands, yaml, before=document.document, after=after, options="the option endpoint")
    if found.changes_of(KUBE_PROXY_PODS):
        kube_proxy_rollout.refuse_manual_rollout(found.daemonset)
    warnings = []
    if found.cluster_info is None:
        warnings.append(f"There is no {CLUSTER_INFO}: nodes cannot join with a bootstrap token.")
    if found.down and found.changes_of(KUBE_PROXY_PODS):
        warnings.append(
            f"kube-proxy is not waited for on {', '.join(found.down)} (not Ready, or unmanaged): it reads the new "
            "configuration when it starts anew there."
        )

    def act() -> t.Mapping[str, t.Any]:
        _act(
            api,
            yaml,
            clock,
            found,
            endpoint=endpoint,
            of_kube_proxy=of_kube_proxy,
            timeout=timeout,
            unmanaged=unmanaged,
        )
        return _servers(collect(), yaml)

    values = _servers(found, yaml) if not found.changes else _expected_servers(found, yaml, endpoint, of_kube_proxy)
    return Decision(changes=found.changes, values=values, act=act, warnings=tuple(warnings))


def _collect(
    api: Api,
    yaml: Yaml,
    endpoint: Endpoint,
    of_kube_proxy: Endpoint,
    unmanaged: t.Container[str],
    *,
    with_configuration: bool,
) -> _Found:
    stored = kubeadm_config.collect(api, yaml)
    cluster_info = api.get("configmap", "cluster-info", namespace="kube-public")
    kube_proxy = api.get("configmap", "kube-proxy", namespace="kube-system")
    daemonset = None
    down: tuple[str, ...] = ()
    changes = [decide_kubeadm_config(stored.configuration.document, endpoint) if with_configuration else None]
    if cluster_info is not None:
        change = decide_cluster_info(_embedded(cluster_info, "kubeconfig", yaml, CLUSTER_INFO), endpoint)
        unsigned = cluster_info_signature.outdated(cluster_info, api.list("secret", namespace="kube-system"))
        changes.append(change or cluster_info_signature.decide(len(unsigned), CLUSTER_INFO))
    if kube_proxy is not None and "kubeconfig.conf" in (kube_proxy.get("data") or {}):
        change = decide_kube_proxy(_embedded(kube_proxy, "kubeconfig.conf", yaml, KUBE_PROXY), of_kube_proxy)
        changes.append(change)
        daemonset = api.get("daemonset", "kube-proxy", namespace="kube-system")
        if daemonset is not None:
            pods = pods_of_kube_proxy(api.list("pod", namespace="kube-system", labels=KUBE_PROXY_LABELS))
            ready = kube_proxy_rollout.ready_nodes(api.list("node"), without=unmanaged)
            read = map(KubeProxyPod.from_api, pods)
            changes.append(
                decide_kube_proxy_restart(kube_proxy, read, ready_nodes=ready, will_change=change is not None)
            )
            down = tuple(sorted(kube_proxy_rollout.nodes_of(pods) - ready))
    else:
        # Its work is done by something else, for example by a CNI plugin.
        kube_proxy = None
    return _Found(
        stored, cluster_info, kube_proxy, daemonset, tuple(change for change in changes if change is not None), down
    )


def _act(
    api: Api,
    yaml: Yaml,
    clock: Clock,
    found: _Found,
    *,
    endpoint: Endpoint,
    of_kube_proxy: Endpoint,
    timeout: float,
    unmanaged: t.Container[str],
) -> None:
    begun: list[str] = []
    try:
        if found.changes_of(cluster_configuration.OBJECT):
            wanted = cluster_configuration.Wanted(control_plane_endpoint=endpoint)
            kubeadm_config.write(api, yaml, wanted, found.kubeadm_config)
            begun.append(cluster_configuration.OBJECT)
        if found.cluster_info is not None and found.changes_of(CLUSTER_INFO):
            _write_server(api, yaml, found.cluster_info, "kubeconfig", endpoint, CLUSTER_INFO)
            begun.append(CLUSTER_INFO)
            _await_signatures(api, clock, timeout)
        if found.kube_proxy is not None and found.changes_of(KUBE_PROXY):
            _write_server(api, yaml, found.kube_proxy, "kubeconfig.conf", of_kube_proxy, KUBE_PROXY)
            begun.append(KUBE_PROXY)
        if found.changes_of(KUBE_PROXY_PODS):
            begun.append(KUBE_PROXY_PODS)
            kube_proxy_rollout.restart(api, clock, timeout=timeout, unmanaged=unmanaged)
    except KubeadmHaError as error:
        # The failed result reports what is different by now.
        error.details["changes"] = [change.as_dict() for change in found.changes if change.object in begun]
        raise


def _write_server(
    api: Api, yaml: Yaml, configmap: t.Mapping[str, t.Any], key: str, endpoint: Endpoint, name: str
) -> None:
    """Write the server into the kubeconfig of a ConfigMap, decided again after each conflict."""
    metadata = configmap["metadata"]
    for _attempt in range(kubeadm_config.MAXIMUM_ATTEMPTS):
        if _decide_server(_embedded(configmap, key, yaml, name), endpoint, name, "") is None:
            return
        data = {**configmap["data"], key: with_server(configmap["data"][key], endpoint.url, yaml)}
        try:
            api.replace({**configmap, "data": data})
        except ApiConflict:
            again = api.get("configmap", metadata["name"], namespace=metadata["namespace"])
            if again is None:
                raise
            configmap = again
        else:
            return
    raise ApiConflict(
        f"{name} was changed by others {kubeadm_config.MAXIMUM_ATTEMPTS} times while it was to be written: find out who "
        "writes it (metadata.managedFields) and run again."
    )


def _await_signatures(api: Api, clock: Clock, timeout: float) -> None:
    """Wait until no signature of another content is left; without bootstrap tokens there is none."""
    secrets = api.list("secret", namespace="kube-system")

    def is_signed() -> bool:
        return not cluster_info_signature.outdated(
            api.get("configmap", "cluster-info", namespace="kube-public"), secrets
        )

    if not _wait(clock, timeout, is_signed):
        raise NotProved(
            f"{CLUSTER_INFO} names the new endpoint, but its signature was not renewed within {timeout:g} s: is "
            "kube-controller-manager running and leading (lease kube-system/kube-controller-manager), with the "
            "controller bootstrapsigner? Run again when it is."
        )


def _wait(clock: Clock, timeout: float, condition: t.Callable[[], bool]) -> bool:
    deadline = clock.monotonic() + timeout
    while not condition():
        if clock.monotonic() >= deadline:
            return False
        clock.sleep(_POLL_SECONDS)
    return True


def _decide_server(kubeconfig: Kubeconfig, endpoint: Endpoint, name: str, reason: str) -> Change | None:
    cluster = kubeconfig.current_cluster
    if cluster is None or cluster.fields is None:
        raise UnsupportedState(
            f"{name} holds a kubeconfig that names no cluster: restore it, for example with "
            "'kubeadm init phase bootstrap-token' or 'kubeadm init phase addon kube-proxy'."
        )
    current = kubeconfig.server
    if current is not None and same_server(current, endpoint.url):
        return None
    return Change(object=name, before=current, after=endpoint.url, reason=reason)


def _embedded(configmap: t.Mapping[str, t.Any], key: str, yaml: Yaml, name: str) -> Kubeconfig:
    try:
        document = yaml.load(str((configmap.get("data") or {}).get(key, "")))
    except InvalidInput as error:
        raise UnsupportedState(f"{name} holds under {key} no YAML: {error.message}") from error
    return Kubeconfig.parse(document)


def _written_at(configmap: t.Mapping[str, t.Any], key: str) -> dt.datetime | None:
    """The last write by whoever gave a key of a ConfigMap its value."""
    times = [
        time_of(entry["time"])
        for entry in configmap["metadata"].get("managedFields") or ()
        if "time" in entry and f"f:{key}" in ((entry.get("fieldsV1") or {}).get("f:data") or {})
    ]
    return max(times, default=None)


def _servers(found: _Found, yaml: Yaml) -> dict[str, t.Any]:
    cluster_info, kube_proxy = found.cluster_info, found.kube_proxy
    return {
        "cluster_info_server": None
        if cluster_info is None
        else _embedded(cluster_info, "kubeconfig", yaml, CLUSTER_INFO).server,
        "control_plane_endpoint": found.kubeadm_config.configuration.control_plane_endpoint,
        "kube_proxy_server": None
        if kube_proxy is None
        else _embedded(kube_proxy, "kubeconfig.conf", yaml, KUBE_PROXY).server,
    }


def _expected_servers(found: _Found, yaml: Yaml, endpoint: Endpoint, of_kube_proxy: Endpoint) -> dict[str, t.Any]:
    expected = _servers(found, yaml)
    for key, name, value in (
        ("cluster_info_server", CLUSTER_INFO, endpoint.url),
        ("control_plane_endpoint", cluster_configuration.OBJECT, str(endpoint)),
        ("kube_proxy_server", KUBE_PROXY, of_kube_proxy.url),
    ):
        if found.changes_of(name):
            expected[key] = value
    return expected


__all__ = (
    "KUBE_PROXY",
    "decide_cluster_info",
    "decide_kube_proxy",
    "decide_kube_proxy_restart",
    "decide_kubeadm_config",
    "ensure",
)
