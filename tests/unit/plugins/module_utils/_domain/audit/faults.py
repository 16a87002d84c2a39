# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a cluster, each alone: how it is put into healthy reports, and the ids under which it must be found.

Reports are those of three control planes cp1 to cp3, workers w1 and w2 and load balancers lb1 and lb2, whoever made them: the helpers
change what is there and take addresses from it.
"""

from __future__ import annotations

import base64
import contextlib
import copy
import re
import typing as t

import yaml

from tests.unit.plugins.module_utils._domain.audit.certificates import day, issued, reissued
from tests.unit.plugins.module_utils._domain.audit.values import deployment, service
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments, kubeconfig

Change = t.Callable[[Arguments], object]
CONFIG, INFO, PROXY = "kube-system/kubeadm-config", "kube-public/cluster-info", "kube-system/kube-proxy"
CA = "/etc/kubernetes/pki/ca.crt"
SERVED = "/etc/kubernetes/pki/apiserver.crt"
KUBELET = "/etc/kubernetes/kubelet.conf"
POLICY = "/etc/kubernetes/policy.yaml"
DAY = 86400.0
#: An address that no host of any reports has.
VIP = "192.0.2.250"
REFUSED = {"outcome": "refused", "error": "", "status": None}


def address(arguments: Arguments, name: str) -> str:
    """The address that the API server of a host advertises."""
    flags = dict(map(tuple, arguments["hosts"][name]["manifests"]["kube-apiserver"]["flags"]))
    return str(flags["advertise-address"])


def server(arguments: Arguments, name: str) -> str:
    """URL of the API server of a host."""
    return f"https://{address(arguments, name)}:6443"


def host(name: str, **fields: t.Any) -> Change:
    """Fields of a host's report."""
    return lambda arguments: arguments["hosts"][name].update(fields)


def facts(name: str, **fields: t.Any) -> Change:
    """Fields of what only an audit asks a host for."""
    return lambda arguments: arguments["hosts"][name]["audit"].update(fields)


def cluster(**fields: t.Any) -> Change:
    """Fields of the cluster's report."""
    return lambda arguments: arguments["cluster"].update(fields)


def asked(**fields: t.Any) -> Change:
    """Fields of what only an audit asks the API for."""
    return lambda arguments: arguments["cluster"]["audit"].update(fields)


def state(name: str, unit: str, **fields: str) -> Change:
    """Another state of a service of systemd."""
    return lambda arguments: arguments["hosts"][name]["services"].update({unit: service(**fields)})


def flags(name: str, component: str, **values: str | None) -> Change:
    """Flags in the manifest of a component, ``None`` takes one away. A manifest is reported twice: its flags, and its whole pod."""
    given = {flag.replace("_", "-"): value for flag, value in values.items()}

    def changed(pairs: t.Sequence[t.Sequence[str]]) -> list[t.Sequence[str]]:
        kept = [pair for pair in pairs if pair[0] not in given]
        return kept + [[flag, value] for flag, value in given.items() if value is not None]

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        manifest = report["manifests"].setdefault(component, {"flags": []})
        manifest["flags"] = changed(manifest["flags"])
        pod = report["static_pods"].get(component)
        if pod is not None:
            pod["arguments"] = changed(pod["arguments"])

    return change


def all_planes(component: str, **values: str | None) -> Change:
    """The same on every control plane, as kubeadm does it by its configuration."""

    def change(arguments: Arguments) -> None:
        for name in ("cp1", "cp2", "cp3"):
            flags(name, component, **values)(arguments)
        for flag, value in values.items():
            if value is not None:
                with configuration(arguments) as document:
                    _extra_args(document, component).append({"name": flag.replace("_", "-"), "value": value})

    return change


def _extra_args(document: dict[str, t.Any], component: str) -> list[dict[str, str]]:
    keys = {
        "kube-apiserver": ("apiServer",),
        "kube-controller-manager": ("controllerManager",),
        "kube-scheduler": ("scheduler",),
        "etcd": ("etcd", "local"),
    }
    part = document
    for key in keys[component]:
        part = part.setdefault(key, {})
    found: list[dict[str, str]] = part.setdefault("extraArgs", [])
    return found


@contextlib.contextmanager
def configuration(arguments: Arguments) -> t.Iterator[dict[str, t.Any]]:
    """The ClusterConfiguration, to be changed."""
    data = arguments["cluster"]["configmaps"][CONFIG]["data"]
    document = yaml.safe_load(data["ClusterConfiguration"])
    yield document
    data["ClusterConfiguration"] = yaml.safe_dump(document, sort_keys=False)


def both(*changes: Change) -> Change:
    """Several changes that make one fault."""

    def change(arguments: Arguments) -> None:
        for each in changes:
            each(arguments)

    return change


def member(index: int, **fields: t.Any) -> Change:
    """Fields of a member of etcd."""
    return lambda arguments: arguments["etcd"]["members"][index].update(fields)


def names_server(text: str, url: str) -> str:
    """A kubeconfig that names another server."""
    assert "server:" in text, text
    return re.sub(r"(?<=server: ).*", url, text)


def views(arguments: Arguments, name: str) -> list[dict[str, t.Any]]:
    """What a host has seen of the endpoint: where its kubelet connects to, and where everybody shall."""
    report = arguments["hosts"][name]
    return [found for found in (report.get("kubelet_server"), report.get("endpoint_view")) if found is not None]


def kubeconfig_names(name: str, path: str, owner: str) -> Change:
    """A kubeconfig of a host that names the API server of another, or of itself; the kubelet is connected there."""

    def change(arguments: Arguments) -> None:
        report, url = arguments["hosts"][name], server(arguments, owner)
        for item in report["kubeconfigs"]:
            if item["path"] == path:
                item["text"] = names_server(item["text"], url)
                break
        else:
            report["kubeconfigs"].append({"path": path, "text": kubeconfig(url), "mode": "0600", "plain": True})
        if path == KUBELET and report["kubelet_server"] is not None:
            answers(name, proved=True, owner=owner, named=url)(arguments)

    return change


def certificate(name: str, path: str, change_pem: t.Callable[[str, float], str]) -> Change:
    """Another certificate in a file, made of the present one and of the host's clock."""

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        (item,) = (item for item in report["certificates"] if item["path"] == path)
        item["pem"] = change_pem(item["pem"], report["clock"])

    return change


def further_certificate(name: str, path: str, *, days: float, subject: str = "kube-apiserver-probe") -> Change:
    """One that only an audit collects."""

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        report["audit"].setdefault("certificates", {})[path] = issued(
            _any_certificate(arguments), subject, end=report["clock"] + days * DAY
        )

    return change


def _any_certificate(arguments: Arguments) -> str:
    return str(arguments["hosts"]["cp1"]["certificates"][0]["pem"])


def host_of_etcd(arguments: Arguments) -> None:
    """A host that is nothing but one of etcd's."""
    arguments["hosts"]["e1"] = {
        **copy.deepcopy(arguments["hosts"]["lb2"]),
        "hostname": "e1",
        "machine_id": "e1" * 16,
        "addresses": ["203.0.113.51"],
        "services": {},
    }


def kubeconfig_of_administrator(name: str, *, days: float) -> Change:
    """A kubeconfig on a host that is no node, with a client certificate inside."""

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        pem = issued(_any_certificate(arguments), "kubernetes-admin", end=report["clock"] + days * DAY)
        text = kubeconfig(f"https://{arguments['endpoint']}")
        text += f"users:\n- name: u\n  user:\n    client-certificate-data: {_encoded(pem)}\n"
        report["kubeconfigs"] = [{"path": "/root/.kube/config", "text": text, "mode": "0600", "plain": True}]

    return change


def ends_in(days: float) -> t.Callable[[str, float], str]:
    """The end of a validity, by the clock of its host."""
    return lambda pem, clock: reissued(pem, end=clock + days * DAY)


def configured(old: str, new: str, *, name: str = CONFIG, key: str = "ClusterConfiguration") -> Change:
    """Another text in a ConfigMap."""

    def change(arguments: Arguments) -> None:
        data = arguments["cluster"]["configmaps"][name]["data"]
        assert old in data[key], data[key]
        data[key] = data[key].replace(old, new)

    return change


def kubelet_configuration(make: t.Callable[[Arguments], dict[str, t.Any]]) -> Change:
    """What the kubelets' ConfigMap says."""

    def change(arguments: Arguments) -> None:
        maps = arguments["cluster"]["configmaps"]
        data = maps.setdefault("kube-system/kubelet-config", {"metadata": {}, "data": {"kubelet": "{}"}})["data"]
        data["kubelet"] = yaml.safe_dump({**yaml.safe_load(data["kubelet"]), **make(arguments)})

    return change


def node(name: str, **fields: t.Any) -> Change:
    """Fields of a Node."""

    def change(arguments: Arguments) -> None:
        (found,) = (item for item in arguments["cluster"]["nodes"] if item["name"] == name)
        found.update(fields)

    return change


def endpoint(*, owners: t.Sequence[str] = (), keepers: t.Sequence[str] = ("lb1", "lb2")) -> Change:
    """The endpoint is one address: who has it, and who may have it."""

    def change(arguments: Arguments) -> None:
        host, _colon, port = arguments["endpoint"].rpartition(":")
        taken = VIP if any(views(arguments, name) for name in arguments["hosts"]) else host
        for name, report in arguments["hosts"].items():
            report["addresses"] = [item for item in report["addresses"] if item != taken]
            report["addresses"] += [taken] if name in owners else []
            if name in keepers:
                report["services"]["keepalived"] = service()
            else:
                report["services"].pop("keepalived", None)
            for view in views(arguments, name):
                view["attempts"] = [{**view["attempts"][0], "address": taken}]
                view["addresses"] = [taken]
            others = [item for item in report["api_clients"] if item["process"] != "kubelet"]
            if len(others) < len(report["api_clients"]):
                report["api_clients"] = [*others, {"process": "kubelet", "remote": f"{taken}:{port}"}]

    return change


def without_control_planes(*names: str) -> Change:
    """Only one API server serves; etcd is elsewhere healthy."""

    def change(arguments: Arguments) -> None:
        report = arguments["cluster"]
        addresses = [address(arguments, name) for name in names]
        for name in names:
            del arguments["hosts"][name]
            arguments["control_planes"].remove(name)
            arguments.get("reachability", {}).pop(name, None)
        for key, attempts in arguments.get("reachability", {}).items():
            arguments["reachability"][key] = [item for item in attempts if item["address"] not in addresses]
        report["nodes"] = [item for item in report["nodes"] if item["name"] not in names]
        report["api_server_addresses"] = [item for item in report["api_server_addresses"] if item not in addresses]
        for placement in (report["cluster_dns"], *report["audit"]["deployments"]):
            # One pod of each on the control plane that is left.
            for number, pod in enumerate(placement["pods"]):
                pod["node"] = ("w1", "cp1")[number % 2]

    return change


def answers(name: str, *, proved: bool, owner: str = "", named: str = "") -> Change:
    """What a host sees where its kubelet connects to, and to whom the kubelet is connected.

    Args:
        name: the host.
        proved: whether an API server answers there.
        owner: the host with the API server to which the kubelet is connected, else the first address of what it names.
        named: the server of its kubelet.conf, else the endpoint.
    """

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        where = named.rpartition("/")[2] or arguments["endpoint"]
        seen = report["kubelet_server"]
        host = where.rpartition(":")[0]
        found = [host] if named or seen is None else seen["addresses"]
        outcome = {"outcome": "answered", "error": "", "status": 200} if proved else REFUSED
        remote = f"{address(arguments, owner)}:6443" if owner else f"{found[0]}:6443"
        others = [item for item in report["api_clients"] if item["process"] != "kubelet"]
        report.update(
            kubelet_server={
                "server": f"https://{where}",
                "endpoint": where,
                "addresses": found,
                "resolution_error": "",
                "attempts": [{"address": item, **outcome} for item in found],
            },
            api_clients=[*others, {"process": "kubelet", "remote": remote}],
        )

    return change


def consumers(*names: str, complete: bool = True) -> Change:
    """Workloads that name the API server of a host."""

    def change(arguments: Arguments) -> None:
        arguments["cluster"]["consumers"] = {
            "found": [
                {
                    "kind": "DaemonSet",
                    "namespace": "default",
                    "name": "agent",
                    "where": ["container agent: APISERVER"],
                    "endpoints": [f"{address(arguments, name)}:6443"],
                }
                for name in names
            ],
            "complete": complete,
            "objects": 12,
        }

    return change


def connected(name: str, process: str, owner: str) -> Change:
    """A process that is connected to the API server of a host."""

    def change(arguments: Arguments) -> None:
        found = {"process": process, "unit": "", "remote": f"{address(arguments, owner)}:6443"}
        arguments["hosts"][name]["audit"]["connections"].append(found)

    return change


def referenced(name: str, owner: str) -> Change:
    """A file of a CNI plugin that names the API server of a host."""

    def change(arguments: Arguments) -> None:
        item = {
            "path": "/etc/cni/net.d/calico-kubeconfig",
            "user": None,
            "endpoints": [f"{address(arguments, owner)}:6443"],
        }
        arguments["hosts"][name]["references"] = [item]

    return change


def backups(**fields: t.Any) -> Change:
    """Fields of every backup; ``age`` in days."""

    def change(arguments: Arguments) -> None:
        every = [(item, report) for report in arguments["hosts"].values() for item in report["audit"]["backups"]]
        assert every
        for item, report in every:
            given = dict(fields)
            if "age" in given:
                given["created"] = report["clock"] - given.pop("age") * DAY
            item.update(given)

    return change


def no_backups(arguments: Arguments) -> None:
    """There is none anywhere."""
    for report in arguments["hosts"].values():
        report["audit"]["backups"] = []


def external_etcd(*servers: str) -> Change:
    """API servers reach etcd elsewhere; kubeadm-config names it otherwise."""

    def change(arguments: Arguments) -> None:
        for name in ("cp1", "cp2", "cp3"):
            del arguments["hosts"][name]["manifests"]["etcd"]
            arguments["hosts"][name]["static_pods"].pop("etcd", None)
        arguments["cluster"]["static_pods"] = [
            item for item in arguments["cluster"]["static_pods"] if item["component"] != "etcd"
        ]
        files = {"etcd_cafile": "/ca", "etcd_certfile": "/crt", "etcd_keyfile": "/key"}
        for name in ("cp1", "cp2", "cp3"):
            flags(name, "kube-apiserver", etcd_servers=",".join(servers), **files)(arguments)
        with configuration(arguments) as document:
            external = {
                "endpoints": ["https://198.51.100.1:2379"],
                "caFile": "/ca",
                "certFile": "/crt",
                "keyFile": "/key",
            }
            document["etcd"] = {"external": external}
        members = arguments["etcd"]["members"]
        for number, found in enumerate(members, start=1):
            url = f"https://198.51.100.{number}"
            found.update(name=f"etcd{number}", peer_urls=[f"{url}:2380"], client_urls=[f"{url}:2379"])

    return change


def fact(path: str, digest: str) -> dict[str, t.Any]:
    """A file that control planes carry."""
    return {
        "path": path, "kind": "file", "use": "carried", "owner": "root", "group": "root", "uid": 0, "gid": 0, "mode": "0644",
        "size": 10, "sha256": digest,
    }  # fmt: skip


def policy(name: str, digest: str) -> Change:
    """A policy that the API server of a control plane reads; without a digest it is missing."""

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name].setdefault(
            "control_plane_files", {"files": [], "refusals": [], "missing": []}
        )
        if digest:
            report["files"] = [*report["files"], fact(POLICY, digest)]
        else:
            report["missing"] = [*report["missing"], POLICY]

    return change


def attempt(name: str, owner: str, outcome: str) -> Change:
    """What became of a connection between control planes."""

    def change(arguments: Arguments) -> None:
        found = {"address": address(arguments, owner), "port": 2380, "outcome": outcome, "error": "ETIMEDOUT"}
        attempts = arguments.setdefault("reachability", {}).setdefault(name, [])
        kept = [item for item in attempts if (item["address"], item["port"]) != (found["address"], found["port"])]
        arguments["reachability"][name] = [*kept, found]

    return change


def expired_administrator(name: str, path: str) -> Change:
    """The client certificate in a kubeconfig has expired."""

    def change(arguments: Arguments) -> None:
        end = arguments["hosts"][name]["clock"] - 40 * DAY

        def change_text(text: str) -> str:
            found = re.search(r"client-certificate-data: (\S+)", text)
            if found is None:
                pem = f"CN=kubernetes-super-admin|k||{day(end)}"
                return f"{text}users:\n- name: u\n  user:\n    client-certificate-data: {_encoded(pem)}\n"
            pem = base64.b64decode(found.group(1)).decode()
            return text.replace(found.group(1), _encoded(reissued(pem, end=end)))

        _in_kubeconfig(name, path, change_text)(arguments)

    return change


def other_authority(name: str) -> Change:
    """The kubelet trusts a CA that no control plane has."""

    def change(text: str) -> str:
        found = re.search(r"certificate-authority-data: (\S+)", text)
        if found is None:
            return re.sub(
                r"( *)server: .*", rf"\g<0>\n\1certificate-authority-data: {_encoded('CN=other|sha256:foreign|')}", text
            )
        return text.replace(
            found.group(1), _encoded(reissued(base64.b64decode(found.group(1)).decode(), has_other_key=True))
        )

    return _in_kubeconfig(name, KUBELET, change)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _in_kubeconfig(name: str, path: str, change_text: t.Callable[[str], str]) -> Change:
    def change(arguments: Arguments) -> None:
        (item,) = (item for item in arguments["hosts"][name]["kubeconfigs"] if item["path"] == path)
        item["text"] = change_text(item["text"])

    return change


def no_endpoint(arguments: Arguments) -> None:
    """One control plane that kubeadm made without an endpoint, as most begin."""
    without_control_planes("cp2", "cp3")(arguments)
    arguments["etcd"]["members"] = [item for item in arguments["etcd"]["members"] if item["name"] == "cp1"]
    arguments.update(endpoint="", load_balancers=[], configurations={})
    own = server(arguments, "cp1")
    with configuration(arguments) as document:
        document.pop("controlPlaneEndpoint")
    for name in ("lb1", "lb2"):
        arguments["hosts"].pop(name, None)
    for name, report in arguments["hosts"].items():
        for item in list(report["kubeconfigs"]):
            kubeconfig_names(name, item["path"], "cp1")(arguments)
        report["endpoint_view"] = None
    for name, key in ((INFO, "kubeconfig"), (PROXY, "kubeconfig.conf")):
        data = arguments["cluster"]["configmaps"][name]["data"]
        data[key] = names_server(data[key], own)


def config_map_names(name: str, key: str, owner: str) -> Change:
    """A kubeconfig in a ConfigMap names the API server of a host."""

    def change(arguments: Arguments) -> None:
        data = arguments["cluster"]["configmaps"][name]["data"]
        data[key] = names_server(data[key], server(arguments, owner))

    return change


def unreadable_manifest(name: str, component: str) -> Change:
    """A manifest that is no YAML: nothing is known of what it says."""

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        report["manifests"][component].update(flags=[], unreadable="line 3: a tab")
        if component in report["static_pods"]:
            report["static_pods"][component] = None

    return change


def edited(component: str, name: str, **values: str) -> Change:
    """Somebody has edited the manifest of a component, and nothing else."""

    def change(arguments: Arguments) -> None:
        arguments["hosts"][name]["static_pods"].setdefault(component, {"arguments": [], "mounts": []})
        flags(name, component, **values)(arguments)

    return change


def static_pod(component: str, name: str, **fields: t.Any) -> Change:
    """Fields of a static pod as the API reports it."""

    def change(arguments: Arguments) -> None:
        pods = arguments["cluster"]["static_pods"]
        (found,) = (item for item in pods if (item["component"], item["node"]) == (component, name))
        found.update(fields)

    return change


def moved_clock(name: str, *, days: float) -> Change:
    """A host of another time: the controller sees the same one there."""

    def change(arguments: Arguments) -> None:
        report = arguments["hosts"][name]
        report.update(clock=report["clock"] + days * DAY, looked_at=report["looked_at"] + days * DAY)

    return change


TOKEN = {"name": "bootstrap-token-abcdef", "description": "", "expiration": ""}
LEFT = {"name": "bootstrap-token-abcdef", "description": "kubeadm.ha join", "expiration": "2026-03-02T00:00:00Z"}

#: What is done to the reports, and every id that is new then.
FAULTS: dict[str, tuple[Change, set[str]]] = {
    # Control planes
    "one API server, etcd whole": (without_control_planes("cp2", "cp3"), {"control-plane.single", "etcd.stale-member"}),
    "an API server that does not listen": (host("cp2", listening=[]), {"control-plane.not-serving"}),
    "a node of a control plane that is not Ready": (node("cp2", ready=False), {"control-plane.node-not-ready"}),
    "a scheduler that crashes": (
        static_pod("kube-scheduler", "cp3", ready=False, reason="CrashLoopBackOff"),
        {"control-plane.component-not-ready"},
    ),
    "an API server out of the Service": (
        lambda arguments: arguments["cluster"]["api_server_addresses"].pop(),
        {"control-plane.not-in-service"},
    ),
    "the Service leads to nobody": (
        lambda arguments: arguments["cluster"]["api_server_addresses"].append("203.0.113.77"),
        {"control-plane.service-leads-nowhere"},
    ),
    "another host's address is advertised": (
        flags("cp2", "kube-apiserver", advertise_address="203.0.113.5"),
        {"control-plane.advertises-another-address"},
    ),
    "another flag on one control plane": (
        flags("cp3", "kube-controller-manager", terminated_pod_gc_threshold="10"),
        {"control-plane.flags-differ"},
    ),
    "another policy on one control plane": (
        both(policy("cp1", "a"), policy("cp2", "b")),
        {"control-plane.files-differ"},
    ),
    "a file that is missing": (
        both(policy("cp1", "a"), policy("cp2", "")),
        {"control-plane.file-missing"},
    ),
    "a manifest that is no YAML": (
        unreadable_manifest("cp2", "kube-scheduler"),
        {"control-plane.manifest-unreadable"},
    ),
    "an upgrade that stopped": (
        lambda arguments: arguments["hosts"]["cp3"]["manifests"]["kube-apiserver"].update(image="x:v1.33.2"),
        {"control-plane.versions-differ", "node.kubelet-newer"},
    ),
    "API servers far apart": (
        lambda arguments: arguments["hosts"]["cp3"]["manifests"]["kube-apiserver"].update(image="x:v1.31.0"),
        {"control-plane.version-skew", "node.kubelet-newer"},
    ),
    "a controller without election": (
        all_planes("kube-controller-manager", leader_elect="false"),
        {"control-plane.leader-election-off"},
    ),
    "nobody leads": (
        lambda arguments: arguments["cluster"]["audit"]["leaders"][1].update(is_held=False),
        {"control-plane.no-leader"},
    ),
    "a control plane without its label": (node("cp2", labels={}, taints=[]), {"control-plane.unmarked"}),
    # etcd
    "two members lost": (
        both(member(1, healthy=False, problem="no answer"), member(2, healthy=False, problem="no answer")),
        {"etcd.no-quorum", "etcd.member-unhealthy"},
    ),
    "two members": (lambda arguments: arguments["etcd"]["members"].pop(), {"etcd.no-tolerance"}),
    "a member lost": (
        member(2, healthy=False, problem="connection refused"),
        {"etcd.no-tolerance", "etcd.member-unhealthy"},
    ),
    "a member that never started": (
        member(2, name="", client_urls=[], healthy=False),
        {"etcd.no-tolerance", "etcd.member-not-started"},
    ),
    "members without a leader": (lambda arguments: arguments["etcd"].update(leader=None), {"etcd.no-leader"}),
    "a learner": (member(2, is_learner=True), {"etcd.learner", "etcd.no-tolerance"}),
    "no space": (lambda arguments: arguments["etcd"].update(alarms=["alarm NOSPACE of cp1"]), {"etcd.alarm"}),
    "a big database": (member(0, db_size=1900 << 20), {"etcd.near-quota"}),
    "a database near a quota of its own": (
        both(all_planes("etcd", quota_backend_bytes="100000000"), member(1, db_size=90 << 20)),
        {"etcd.near-quota"},
    ),
    "four members": (
        lambda arguments: arguments["etcd"]["members"].append(
            {
                **arguments["etcd"]["members"][2],
                "id": "4",
                "name": "cp4",
                "peer_urls": ["https://203.0.113.4:2380"],
                "client_urls": [],
            }
        ),
        {"etcd.even-members", "etcd.stale-member"},
    ),
    "two versions of etcd": (member(2, version="3.5.9"), {"etcd.versions-differ"}),
    "a peer URL of loopback": (member(1, peer_urls=["https://127.0.0.1:2380"]), {"etcd.peer-url"}),
    "two members on one host": (
        lambda arguments: arguments["etcd"]["members"].extend(
            {**arguments["etcd"]["members"][0], "id": str(number), "name": f"more{number}"} for number in (8, 9)
        ),
        {"etcd.members-share-a-host"},
    ),
    "etcd on the root file system": (facts("cp1", etcd_mount="/"), {"etcd.shared-disk"}),
    "etcd without certificates": (all_planes("etcd", client_cert_auth="false"), {"etcd.without-tls"}),
    "external etcd, one server": (
        external_etcd("https://198.51.100.1:2379"),
        {"etcd.api-server-knows-one"},
    ),
    "kubeadm-config names another etcd": (
        external_etcd("https://198.51.100.2:2379", "https://198.51.100.3:2379"),
        {"kubeadm.etcd-differs"},
    ),
    "kubeadm-config names another etcd, and a manifest was edited": (
        both(
            external_etcd("https://198.51.100.2:2379", "https://198.51.100.3:2379"),
            edited("kube-apiserver", "cp1", v="9"),
        ),
        {"kubeadm.etcd-differs", "kubeadm.configuration-differs", "control-plane.flags-differ"},
    ),
    # The endpoint
    "no endpoint": (
        no_endpoint,
        {
            *("control-plane.single", "endpoint.missing", "etcd.no-tolerance", "client.kubelet", "client.kube-proxy"),
            *("client.cluster-info", "client.administrator"),
        },
    ),
    "an endpoint that is an API server": (
        both(
            no_endpoint,
            configured("kind: ClusterConfiguration", "kind: ClusterConfiguration\ncontrolPlaneEndpoint: cp1:6443"),
        ),
        {
            *("control-plane.single", "endpoint.is-a-host", "etcd.no-tolerance", "client.kubelet", "client.kube-proxy"),
            *("client.cluster-info", "client.administrator", "kubeadm.endpoint-differs"),
        },
    ),
    "one load balancer": (endpoint(owners=["lb1"], keepers=[]), {"endpoint.single-balancer"}),
    "an address that nobody takes over": (endpoint(owners=["lb1"], keepers=["lb1"]), {"endpoint.no-taker"}),
    "an address on two hosts": (endpoint(owners=["lb1", "lb2"]), {"endpoint.two-holders"}),
    "an address on no host": (
        both(endpoint(owners=[]), answers("w1", proved=False)),
        {"endpoint.no-holder", "endpoint.not-answering"},
    ),
    "an endpoint of somebody else": (
        both(endpoint(owners=[], keepers=[]), answers("w1", proved=True)),
        {"unseen.balancer"},
    ),
    "a load balancer that does not run": (
        both(state("lb2", "haproxy", active="failed"), host("lb2", listening=[])),
        {"endpoint.balancer-stopped"},
    ),
    "a node that does not reach the endpoint": (answers("w1", proved=False), {"endpoint.not-answering"}),
    # Clients
    "a kubelet of a worker": (kubeconfig_names("w1", KUBELET, "cp1"), {"client.kubelet"}),
    "kube-proxy": (
        both(config_map_names(PROXY, "kubeconfig.conf", "cp2"), connected("w1", "kube-proxy", "cp2")),
        {"client.kube-proxy"},
    ),
    "a kube-proxy that was not restarted": (connected("w1", "kube-proxy", "cp2"), {"client.socket"}),
    "nodes that join": (
        config_map_names(INFO, "kubeconfig", "cp2"),
        {"client.cluster-info", "kubeadm.endpoint-differs"},
    ),
    "a controller": (
        kubeconfig_names("cp2", "/etc/kubernetes/scheduler.conf", "cp1"),
        {"client.controller"},
    ),
    "an administrator": (kubeconfig_names("cp2", "/etc/kubernetes/admin.conf", "cp1"), {"client.administrator"}),
    "a CNI plugin": (referenced("w1", "cp3"), {"client.file"}),
    "a DaemonSet": (consumers("cp1"), {"client.workload"}),
    "a live socket": (connected("w1", "node_agent", "cp2"), {"client.socket"}),
    "a kubelet that was not restarted": (answers("w1", proved=True, owner="cp1"), {"client.kubelet-socket"}),
    "DNS of one host": (
        kubelet_configuration(lambda arguments: {"clusterDNS": [address(arguments, "cp1")]}),
        {"client.component"},
    ),
    # Certificates
    "an expired certificate": (certificate("cp1", SERVED, ends_in(-28)), {"certificate.expired"}),
    "a certificate that expires": (
        certificate("cp1", SERVED, ends_in(9)),
        {"certificate.expires-soon"},
    ),
    "a CA that expires": (
        both(*(certificate(name, CA, ends_in(10)) for name in ("cp1", "cp2", "cp3"))),
        {"certificate.ca-expires-soon"},
    ),
    "a clock before a certificate": (
        moved_clock("w1", days=-60),
        {"certificate.not-yet-valid"},
    ),
    "a certificate without the endpoint": (
        lambda arguments: certificate(
            "cp2", SERVED, lambda pem, _clock: reissued(pem, without=arguments["endpoint"].rpartition(":")[0])
        )(arguments),
        {"certificate.endpoint-missing"},
    ),
    "a certificate without its own address": (
        lambda arguments: certificate(
            "cp2", SERVED, lambda pem, _clock: reissued(pem, without=address(arguments, "cp2"))
        )(arguments),
        {"certificate.address-missing"},
    ),
    "another CA": (
        certificate("cp3", CA, lambda pem, _clock: reissued(pem, has_other_key=True)),
        {"certificate.ca-differs"},
    ),
    "another key of service accounts": (
        facts("cp3", public_keys={"/etc/kubernetes/pki/sa.pub": "07"}),
        {"certificate.service-account-keys-differ"},
    ),
    "an interrupted replacement": (
        host("cp1", interrupted_certificates=["apiserver"]),
        {"certificate.replacement-interrupted"},
    ),
    "an external CA": (host("cp1", has_ca_key=False), {"certificate.external-ca"}),
    "an administrator's certificate that has expired": (
        expired_administrator("cp1", "/etc/kubernetes/super-admin.conf"),
        {"certificate.spare-expired"},
    ),
    "an administrator's certificate on a host that is no node": (
        kubeconfig_of_administrator("lb1", days=-1),
        {"certificate.spare-expired"},
    ),
    "an administrator's certificate that expires on a host that is no node": (
        kubeconfig_of_administrator("lb1", days=5),
        {"certificate.expires-soon"},
    ),
    "an expired certificate of a load balancer's probe": (
        further_certificate("lb1", "/etc/haproxy/kubernetes-probe.crt", days=-3),
        {"certificate.expired"},
    ),
    "a certificate of external etcd that expires": (
        both(host_of_etcd, further_certificate("e1", "/etc/etcd/pki/server.crt", days=9, subject="e1")),
        {"certificate.expires-soon"},
    ),
    "an expired certificate that a kubelet was issued": (
        further_certificate("w1", "/var/lib/kubelet/pki/kubelet-server-current.pem", days=-1, subject="system:node:w1"),
        {"certificate.expired"},
    ),
    "an expired certificate that a kubelet has signed itself": (
        further_certificate("w1", "/var/lib/kubelet/pki/kubelet.crt", days=-400, subject="w1@1700000000"),
        {"certificate.kubelet-self-signed-expired"},
    ),
    "an expired certificate that a manifest names elsewhere": (
        further_certificate("cp2", "/etc/ssl/own/front.pem", days=-1, subject="front"),
        {"certificate.expired"},
    ),
    "an address as a name": (
        certificate("cp1", SERVED, lambda pem, _clock: reissued(pem, misplaced="203.0.113.9")),
        {"certificate.misplaced-san"},
    ),
    "a kubelet of another cluster": (other_authority("w1"), {"certificate.kubelet-trusts-another-ca"}),
    # kubeadm
    "a manifest that somebody edited": (
        both(*(edited("kube-scheduler", name, v="9") for name in ("cp1", "cp2", "cp3"))),
        {"kubeadm.configuration-differs"},
    ),
    "an upgrade of kubeadm-config only": (
        configured("kubernetesVersion: v1.34.4", "kubernetesVersion: v1.34.1"),
        {"kubeadm.version-differs"},
    ),
    "kubeadm-config that is no YAML": (
        configured("kind: ClusterConfiguration", "kind: [ClusterConfiguration"),
        {"kubeadm.configuration-unreadable"},
    ),
    "an outdated signature": (cluster(outdated_signatures=1), {"kubeadm.outdated-signature"}),
    # Workloads
    "DNS without a ready pod": (
        lambda arguments: [pod.update(ready=False) for pod in arguments["cluster"]["cluster_dns"]["pods"]],
        {"workload.dns-down"},
    ),
    "DNS on one node": (
        lambda arguments: [pod.update(node="cp2") for pod in arguments["cluster"]["cluster_dns"]["pods"]],
        {"workload.dns-on-one-node"},
    ),
    "a Deployment on one node": (
        asked(deployments=[deployment("metrics-server", "w1", "w1")]),
        {"workload.on-one-node"},
    ),
    "a Deployment of one": (asked(deployments=[deployment("snapshots", "w1", replicas=1)]), {"workload.one-replica"}),
    "a Deployment that is down": (asked(deployments=[deployment("snapshots")]), {"workload.down"}),
    # Nodes
    "a worker that is not Ready": (node("w1", ready=False), {"node.not-ready"}),
    "a node of nobody": (
        lambda arguments: arguments["cluster"]["nodes"].append({**arguments["cluster"]["nodes"][-1], "name": "w9"}),
        {"node.not-in-inventory"},
    ),
    "a newer kubelet": (node("w1", kubelet_version="v1.35.0"), {"node.kubelet-newer"}),
    "an old kubelet": (node("w1", kubelet_version="v1.29.0"), {"node.kubelet-too-old"}),
    "a wrong clock": (
        lambda arguments: arguments["hosts"]["cp2"].update(clock=arguments["hosts"]["cp2"]["clock"] + 90.0),
        {"node.clock"},
    ),
    "no time service": (facts("w1", time_services=[]), {"node.no-time-service"}),
    "swap": (host("w1", swap=True), {"node.swap"}),
    "a kubelet that is not enabled": (
        state("w1", "kubelet", enabled="disabled"),
        {"node.service-disabled"},
    ),
    "a kubelet that does not run": (
        state("w1", "kubelet", active="inactive"),
        {"node.service-stopped"},
    ),
    "a full disk": (host("cp1", free_bytes=1000), {"node.disk-full"}),
    "a clone": (
        lambda arguments: arguments["hosts"]["w1"].update(machine_id=arguments["hosts"]["cp3"]["machine_id"]),
        {"node.duplicate-machine-id"},
    ),
    "no forwarding": (host("w1", forwarding={"net.ipv4.ip_forward": "0"}), {"node.no-forwarding"}),
    "a firewall": (attempt("cp1", "cp2", "silent"), {"node.blocked"}),
    # Access
    "a token without end": (cluster(bootstrap_tokens=[TOKEN]), {"access.token-without-end"}),
    "a token that is left": (cluster(bootstrap_tokens=[LEFT]), {"access.token-left"}),
    "uploaded certificates": (cluster(has_uploaded_certificates=True), {"access.uploaded-certificates"}),
    "anonymous administrators": (
        asked(anonymous=["ClusterRoleBinding open: cluster-admin"]),
        {"access.anonymous-rights"},
    ),
    "anonymous kubelets": (
        kubelet_configuration(lambda _arguments: {"authentication": {"anonymous": {"enabled": True}}}),
        {"access.anonymous-kubelet"},
    ),
    "everything is allowed": (
        all_planes("kube-apiserver", authorization_mode="Node,AlwaysAllow"),
        {"access.always-allow"},
    ),
    "an insecure port": (all_planes("kube-apiserver", insecure_port="8080"), {"access.insecure-port"}),
    "a kubeconfig for everybody": (
        lambda arguments: [
            item.update(mode="0644")
            for item in arguments["hosts"]["cp1"]["kubeconfigs"]
            if item["path"].endswith("/admin.conf")
        ],
        {"access.kubeconfig-readable"},
    ),
    "Secrets in plain text": (
        all_planes("kube-apiserver", encryption_provider_config=None),
        {"access.secrets-unencrypted"},
    ),
    # Backups
    "no backup": (no_backups, {"backup.none"}),
    "an old backup": (backups(age=30), {"backup.old"}),
    "a partial backup": (backups(is_complete=False), {"backup.incomplete", "backup.none"}),
    "a backup without etcd": (backups(has_snapshot=False), {"backup.without-snapshot"}),
    "a directory for everybody": (
        host("cp1", backup_target={"path": "/b", "existing": "/b", "is_directory": True, "is_private": False}),
        {"backup.directory"},
    ),
    # What was not seen
    "a host that is away": (
        lambda arguments: (
            arguments["hosts"].pop("w1"),
            arguments.update(failures={"hosts": {"w1": "unreachable"}}),
        ),
        {"unseen.host"},
    ),
    "a user without sudo": (host("w1", user_id=1000), {"unseen.unprivileged"}),
    "an API that does not answer": (
        lambda arguments: arguments.update(cluster=None, failures={"cluster": "refused"}),
        {"unseen.cluster"},
    ),
    "etcd that does not answer": (lambda arguments: arguments.update(etcd=None), {"unseen.etcd"}),
    "a search that was too slow": (consumers(complete=False), {"unseen.workloads"}),
}
