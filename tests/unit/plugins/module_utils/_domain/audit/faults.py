# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults of a cluster, each alone: how it is put into healthy reports, and the ids under which it must be found.

Reports are those of three control planes cp1 to cp3, workers w1 and w2 and load balancers lb1 and lb2, whoever made them: the helpers
change what is there and take addresses from it.
"""

from __future__ import annotations

import base64
import typing as t

from tests.unit.plugins.module_utils._domain.audit.values import deployment, service
from tests.unit.plugins.module_utils._domain.plan.test_planning import Arguments, kubeconfig

Change = t.Callable[[Arguments], object]
CONFIG, INFO, PROXY = "kube-system/kubeadm-config", "kube-public/cluster-info", "kube-system/kube-proxy"
CA = "/etc/kubernetes/pki/ca.crt"
SERVED = "/etc/kubernetes/pki/apiserver.crt"
DAY = 86400.0


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


def flags(name: str, component: str, **values: str | None) -> Change:
    """Flags of a component, ``None`` takes one away."""

    def change(arguments: Arguments) -> None:
        manifest = arguments["hosts"][name]["manifests"].setdefault(component, {"flags": []})
        given = {flag.replace("_", "-"): value for flag, value in values.items()}
        kept = [pair for pair in manifest["flags"] if pair[0] not in given]
        manifest["flags"] = kept + [[flag, value] for flag, value in given.items() if value is not None]

    return change


def all_planes(component: str, **values: str | None) -> Change:
    """The same on every control plane."""
    return both(*(flags(name, component, **values) for name in ("cp1", "cp2", "cp3")))


def both(*changes: Change) -> Change:
    """Several changes that make one fault."""

    def change(arguments: Arguments) -> None:
        for each in changes:
            each(arguments)

    return change


def member(index: int, **fields: t.Any) -> Change:
    """Fields of a member of etcd."""
    return lambda arguments: arguments["etcd"]["members"][index].update(fields)


def kubeconfig_names(name: str, path: str, owner: str) -> Change:
    """A kubeconfig of a host that names the API server of another, or of itself."""

    def change(arguments: Arguments) -> None:
        files = arguments["hosts"][name]["kubeconfigs"]
        kept = [item for item in files if item["path"] != path]
        text = kubeconfig(server(arguments, owner))
        arguments["hosts"][name]["kubeconfigs"] = [*kept, {"path": path, "text": text, "mode": "0600", "plain": True}]

    return change


def certificate(name: str, path: str, change_line: t.Callable[[str], str]) -> Change:
    """Another certificate in a file."""

    def change(arguments: Arguments) -> None:
        for item in arguments["hosts"][name]["certificates"]:
            if item["path"] == path:
                item["pem"] = change_line(item["pem"])

    return change


def until(day: str) -> t.Callable[[str], str]:
    """Its validity ends on a day."""
    return lambda line: (
        f"{line.rstrip('|')}|{day}" if line.count("|") == 1 else f"{'|'.join(line.split('|')[:3])}|{day}"
    )


def configured(old: str, new: str, *, name: str = CONFIG, key: str = "ClusterConfiguration") -> Change:
    """Another text in a ConfigMap."""

    def change(arguments: Arguments) -> None:
        data = arguments["cluster"]["configmaps"][name]["data"]
        assert old in data[key], data[key]
        data[key] = data[key].replace(old, new)

    return change


def kubelet_configuration(text: str) -> Change:
    """What the kubelets' ConfigMap says."""

    def change(arguments: Arguments) -> None:
        arguments["cluster"]["configmaps"]["kube-system/kubelet-config"] = {"metadata": {}, "data": {"kubelet": text}}

    return change


def node(name: str, **fields: t.Any) -> Change:
    """Fields of a Node."""

    def change(arguments: Arguments) -> None:
        (found,) = (item for item in arguments["cluster"]["nodes"] if item["name"] == name)
        found.update(fields)

    return change


def endpoint(*, owners: t.Sequence[str] = (), keepers: t.Sequence[str] | None = None) -> Change:
    """Who has the endpoint's address, and who may have it."""

    def change(arguments: Arguments) -> None:
        taken = arguments["endpoint"].rpartition(":")[0]
        for name, report in arguments["hosts"].items():
            report["addresses"] = [item for item in report["addresses"] if item != taken]
            report["addresses"] += [taken] if name in owners else []
            if keepers is not None and "keepalived" in report["services"] and name not in keepers:
                del report["services"]["keepalived"]

    return change


def without_control_planes(*names: str) -> Change:
    """Only one API server serves; etcd is elsewhere healthy."""

    def change(arguments: Arguments) -> None:
        for name in names:
            report = arguments["hosts"].pop(name)
            arguments["control_planes"].remove(name)
            own = report["addresses"][0]
            arguments["cluster"]["nodes"] = [item for item in arguments["cluster"]["nodes"] if item["name"] != name]
            kept = [item for item in arguments["cluster"]["api_server_addresses"] if item != own]
            arguments["cluster"]["api_server_addresses"] = kept
            for item in arguments["cluster"]["cluster_dns"]["pods"]:
                item["node"] = "w1" if item["node"] == name else item["node"]

    return change


def answers(name: str, *, proved: bool, owner: str = "") -> Change:
    """What a host sees where its kubelet connects to, and to whom the kubelet is connected."""

    def change(arguments: Arguments) -> None:
        where = arguments["endpoint"]
        ip = where.rpartition(":")[0]
        attempt = {
            "address": ip,
            "outcome": "answered" if proved else "refused",
            "error": "",
            "status": 200 if proved else None,
        }
        remote = f"{address(arguments, owner)}:6443" if owner else where
        arguments["hosts"][name].update(
            kubelet_server={
                "server": f"https://{where}",
                "endpoint": where,
                "addresses": [ip],
                "resolution_error": "",
                "attempts": [attempt],
            },
            api_clients=[{"process": "kubelet", "remote": remote}],
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
        arguments["hosts"][name]["audit"]["connections"] = [found]

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


def dependency(owner: str) -> Change:
    """Every pod asks one host for names."""

    def change(arguments: Arguments) -> None:
        kubelet_configuration(f"clusterDNS: [{address(arguments, owner)}]\n")(arguments)

    return change


def backup(name: str, **fields: t.Any) -> Change:
    """Fields of the only backup of a host; ``age`` in days."""

    def change(arguments: Arguments) -> None:
        (found,) = arguments["hosts"][name]["audit"]["backups"]
        if "age" in fields:
            found["created"] = arguments["hosts"][name]["clock"] - fields.pop("age") * DAY
        found.update(fields)

    return change


def external_etcd(*servers: str) -> Change:
    """API servers reach etcd elsewhere; kubeadm-config names it otherwise."""

    def change(arguments: Arguments) -> None:
        for name in ("cp1", "cp2", "cp3"):
            del arguments["hosts"][name]["manifests"]["etcd"]
        arguments["cluster"]["static_pods"] = [
            item for item in arguments["cluster"]["static_pods"] if item["component"] != "etcd"
        ]
        files = {"etcd_cafile": "/ca", "etcd_certfile": "/crt", "etcd_keyfile": "/key"}
        all_planes("kube-apiserver", etcd_servers=",".join(servers), **files)(arguments)
        data = arguments["cluster"]["configmaps"][CONFIG]["data"]
        data["ClusterConfiguration"] += "etcd:\n  external:\n    endpoints: [https://198.51.100.1:2379]\n"
        data["ClusterConfiguration"] += "    caFile: /ca\n    certFile: /crt\n    keyFile: /key\n"
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


def policy(digest: str, *, missing: t.Sequence[str] = ()) -> dict[str, t.Any]:
    """The files of a control plane."""
    return {"files": [fact("/etc/kubernetes/policy.yaml", digest)], "refusals": [], "missing": list(missing)}


def attempt(name: str, owner: str, outcome: str) -> Change:
    """What became of a connection between control planes."""

    def change(arguments: Arguments) -> None:
        found = {"address": address(arguments, owner), "port": 2380, "outcome": outcome, "error": "ETIMEDOUT"}
        arguments["reachability"] = {name: [found]}

    return change


def expired_administrator(name: str, path: str) -> Change:
    """The client certificate in a kubeconfig has expired."""
    pem = base64.b64encode(b"CN=kubernetes-super-admin|k||2026-01-20T00:00:00+00:00").decode()
    user = f"users:\n- name: u\n  user:\n    client-certificate-data: {pem}\n"
    return _in_kubeconfig(name, path, lambda text: text + user)


def other_authority(name: str) -> Change:
    """The kubelet trusts a CA that no control plane has."""
    data = base64.b64encode(b"CN=other|sha256:foreign|").decode()

    def change(text: str) -> str:
        lines = [line for line in text.splitlines(keepends=True) if "certificate-authority-data" not in line]
        at = next(number for number, line in enumerate(lines) if "server:" in line)
        indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
        return "".join([*lines[: at + 1], f"{indent}certificate-authority-data: {data}\n", *lines[at + 1 :]])

    return _in_kubeconfig(name, "/etc/kubernetes/kubelet.conf", change)


def _in_kubeconfig(name: str, path: str, change_text: t.Callable[[str], str]) -> Change:
    def change(arguments: Arguments) -> None:
        for item in arguments["hosts"][name]["kubeconfigs"]:
            if item["path"] == path:
                item["text"] = change_text(item["text"])

    return change


def no_endpoint(arguments: Arguments) -> None:
    """One control plane that kubeadm made without an endpoint, as most begin."""
    without_control_planes("cp2", "cp3")(arguments)
    arguments["etcd"]["members"] = arguments["etcd"]["members"][:1]
    arguments.update(endpoint="", load_balancers=[])
    own = server(arguments, "cp1")
    data = arguments["cluster"]["configmaps"]
    text = data[CONFIG]["data"]["ClusterConfiguration"]
    lines = [line for line in text.splitlines(keepends=True) if not line.startswith("controlPlaneEndpoint")]
    data[CONFIG]["data"]["ClusterConfiguration"] = "".join(lines)
    for name in ("lb1", "lb2"):
        arguments["hosts"].pop(name, None)
    for name, report in arguments["hosts"].items():
        for item in list(report["kubeconfigs"]):
            kubeconfig_names(name, item["path"], "cp1")(arguments)
    for name, key in ((INFO, "kubeconfig"), (PROXY, "kubeconfig.conf")):
        if name in data and key in data[name]["data"]:
            old = next(line for line in data[name]["data"][key].splitlines() if "server:" in line)
            data[name]["data"][key] = data[name]["data"][key].replace(old, f"    server: {own}")


TOKEN = {"name": "bootstrap-token-abcdef", "description": "", "expiration": ""}
LEFT = {"name": "bootstrap-token-abcdef", "description": "kubeadm.ha join", "expiration": "2026-03-02T00:00:00Z"}

#: What is done to the reports, and every id that is new then.
FAULTS: dict[str, tuple[Change, set[str]]] = {
    # Control planes
    "one API server, etcd whole": (without_control_planes("cp2", "cp3"), {"control-plane.single", "etcd.stale-member"}),
    "an API server that does not listen": (host("cp2", listening=[]), {"control-plane.not-serving"}),
    "a node of a control plane that is not Ready": (node("cp2", ready=False), {"control-plane.node-not-ready"}),
    "a scheduler that crashes": (
        lambda arguments: next(
            item.update(ready=False, reason="CrashLoopBackOff")
            for item in arguments["cluster"]["static_pods"]
            if (item["component"], item["node"]) == ("kube-scheduler", "cp3")
        ),
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
        both(host("cp1", control_plane_files=policy("a")), host("cp2", control_plane_files=policy("b"))),
        {"control-plane.files-differ"},
    ),
    "a file that is missing": (
        both(
            host("cp1", control_plane_files=policy("a")),
            host("cp2", control_plane_files={**policy("a", missing=["/etc/kubernetes/policy.yaml"]), "files": []}),
        ),
        {"control-plane.file-missing"},
    ),
    "a manifest that is no YAML": (
        lambda arguments: arguments["hosts"]["cp2"]["manifests"]["kube-scheduler"].update(unreadable="line 3: a tab"),
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
    "etcd without certificates": (all_planes("etcd", client_cert_auth=None), {"etcd.without-tls"}),
    "external etcd, one server": (
        external_etcd("https://198.51.100.1:2379"),
        {"etcd.api-server-knows-one"},
    ),
    "kubeadm-config names another etcd": (
        external_etcd("https://198.51.100.2:2379", "https://198.51.100.3:2379"),
        {"kubeadm.etcd-differs"},
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
        host("lb2", services={"haproxy": service("failed"), "keepalived": service()}),
        {"endpoint.balancer-stopped"},
    ),
    "a node that does not reach the endpoint": (answers("w2", proved=False), {"endpoint.not-answering"}),
    # Clients
    "a kubelet of a worker": (kubeconfig_names("w1", "/etc/kubernetes/kubelet.conf", "cp1"), {"client.kubelet"}),
    "kube-proxy": (
        lambda arguments: arguments["cluster"]["configmaps"][PROXY]["data"].update(
            {"kubeconfig.conf": kubeconfig(server(arguments, "cp2"))}
        ),
        {"client.kube-proxy"},
    ),
    "nodes that join": (
        lambda arguments: arguments["cluster"]["configmaps"][INFO]["data"].update(
            kubeconfig=kubeconfig(server(arguments, "cp2"))
        ),
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
    "DNS of one host": (dependency("cp1"), {"client.component"}),
    # Certificates
    "an expired certificate": (certificate("cp1", SERVED, until("2026-02-01T00:00:00+00:00")), {"certificate.expired"}),
    "a certificate that expires": (
        certificate("cp1", SERVED, until("2026-03-10T00:00:00+00:00")),
        {"certificate.expires-soon"},
    ),
    "a CA that expires": (
        both(*(certificate(name, CA, until("2026-03-11T00:00:00+00:00")) for name in ("cp1", "cp2", "cp3"))),
        {"certificate.ca-expires-soon"},
    ),
    "a clock before a certificate": (
        host("w2", clock=1767225600.0 - DAY, looked_at=1767225600.0 - DAY),
        {"certificate.not-yet-valid"},
    ),
    "a certificate without the endpoint": (
        lambda arguments: certificate(
            "cp2", SERVED, lambda line: line.replace(f" {arguments['endpoint'].rpartition(':')[0]}", "")
        )(arguments),
        {"certificate.endpoint-missing"},
    ),
    "a certificate without its own address": (
        lambda arguments: certificate("cp2", SERVED, lambda line: line.replace(f" {address(arguments, 'cp2')}", ""))(
            arguments
        ),
        {"certificate.address-missing"},
    ),
    "another CA": (
        certificate("cp3", CA, lambda line: line.replace("sha256:ca", "sha256:other")),
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
    "an address as a name": (
        certificate("cp1", SERVED, lambda line: f"{line} name:203.0.113.9"),
        {"certificate.misplaced-san"},
    ),
    "a kubelet of another cluster": (other_authority("w1"), {"certificate.kubelet-trusts-another-ca"}),
    # kubeadm
    "a manifest that somebody edited": (
        host("cp1", static_pods={"kube-scheduler": {"arguments": [["v", "9"]], "mounts": []}}),
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
    "a worker that is not Ready": (node("w2", ready=False), {"node.not-ready"}),
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
        lambda arguments: arguments["hosts"]["w1"]["services"].update(kubelet=service(enabled="disabled")),
        {"node.service-disabled"},
    ),
    "a kubelet that does not run": (
        lambda arguments: arguments["hosts"]["w1"]["services"].update(kubelet=service("inactive")),
        {"node.service-stopped"},
    ),
    "a full disk": (host("cp1", free_bytes=1000), {"node.disk-full"}),
    "a clone": (
        lambda arguments: arguments["hosts"]["w2"].update(machine_id=arguments["hosts"]["w1"]["machine_id"]),
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
        kubelet_configuration("authentication:\n  anonymous:\n    enabled: true\n"),
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
    "no backup": (facts("cp1", backups=[]), {"backup.none"}),
    "an old backup": (backup("cp1", age=30), {"backup.old"}),
    "a partial backup": (backup("cp1", is_complete=False), {"backup.incomplete", "backup.none"}),
    "a backup without etcd": (backup("cp1", has_snapshot=False), {"backup.without-snapshot"}),
    "a directory for everybody": (
        host("cp1", backup_target={"path": "/b", "existing": "/b", "is_directory": True, "is_private": False}),
        {"backup.directory"},
    ),
    # What was not seen
    "a host that is away": (
        lambda arguments: (
            arguments["hosts"].pop("w2"),
            arguments.update(failures={"hosts": {"w2": "unreachable"}}),
        ),
        {"unseen.host"},
    ),
    "a user without sudo": (host("w2", user_id=1000), {"unseen.unprivileged"}),
    "an API that does not answer": (
        lambda arguments: arguments.update(cluster=None, failures={"cluster": "refused"}),
        {"unseen.cluster"},
    ),
    "etcd that does not answer": (lambda arguments: arguments.update(etcd=None), {"unseen.etcd"}),
    "a search that was too slow": (consumers(complete=False), {"unseen.workloads"}),
}
