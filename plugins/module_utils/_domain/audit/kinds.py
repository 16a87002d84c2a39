# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every kind of finding of the audit: the one place that knows its id, severity, title and why it matters.

``docs/docsite/rst/guide_audit.rst`` has a row for each, which a test holds.
"""

from __future__ import annotations

import typing as t

from ..base.finding import Kind, Severity
from ..load_balancer_lint import findings as linter

#: Where the documentation of a kind is; the anchor follows.
GUIDE = "https://github.com/kubeadm-ha/kubeadm.ha/blob/main/docs/docsite/rst/guide_audit.rst"
#: The beginning of the label of each kind in the guide.
LABEL = "ansible_collections.kubeadm.ha.docsite.guide_audit."

#: Subjects in the order of the guide, with their headings.
SUBJECTS: t.Mapping[str, str] = {
    "control-plane": "Control planes",
    "etcd": "etcd",
    "endpoint": "The endpoint and what stands before the API servers",
    "load-balancer": "Load balancers, by their configuration",
    "virtual-ip": "Virtual IP addresses, by their configuration",
    "client": "Clients of one API server",
    "certificate": "Certificates and keys",
    "kubeadm": "kubeadm's configuration",
    "workload": "Workloads of the cluster itself",
    "node": "Nodes and hosts",
    "access": "Access",
    "backup": "Backups",
    "unseen": "What the audit did not see",
}

#: Every kind by its id, in the order of the guide.
KINDS: dict[str, Kind] = {}


def _kind(name: str, severity: Severity, title: str, why: str) -> Kind:
    found = Kind(name, severity, title, why)
    KINDS[name] = found
    return found


def _critical(name: str, title: str, why: str) -> Kind:
    return _kind(name, Severity.CRITICAL, title, why)


def _warning(name: str, title: str, why: str) -> Kind:
    return _kind(name, Severity.WARNING, title, why)


def _info(name: str, title: str, why: str) -> Kind:
    return _kind(name, Severity.INFO, title, why)


def subject_of(kind: Kind) -> str:
    """The key of its subject in :data:`SUBJECTS`."""
    return kind.id.partition(".")[0]


def link(kind: Kind) -> str:
    """The page that explains a kind, at its place."""
    label = f"{LABEL}{kind.id}"
    return f"{GUIDE}#{label.replace('_', '-').replace('.', '-')}"


# --- control planes -----------------------------------------------------------------------------------------------------

CONTROL_PLANE_SINGLE = _critical(
    "control-plane.single",
    "Only one API server serves",
    "When its host is lost, nobody can change or read the cluster: no pod is replaced, no node is found to be down.",
)
CONTROL_PLANE_NOT_SERVING = _critical(
    "control-plane.not-serving",
    "A control plane has an API server that does not serve",
    "It stands in for nobody: the cluster bears one loss less than it seems to.",
)
CONTROL_PLANE_NODE_NOT_READY = _critical(
    "control-plane.node-not-ready",
    "The node of a control plane is not Ready",
    "Its kubelet does not report, so what runs there is not watched and not restarted from outside.",
)
CONTROL_PLANE_COMPONENT_NOT_READY = _critical(
    "control-plane.component-not-ready",
    "A component of a control plane does not run as it should",
    "It stands in for nobody when the same component of another control plane is lost.",
)
CONTROL_PLANE_NOT_IN_SERVICE = _warning(
    "control-plane.not-in-service",
    "The Service kubernetes does not lead to an API server",
    "Pods reach the API by that Service. Without this API server it leads to fewer, perhaps to one that is lost next.",
)
CONTROL_PLANE_SERVICE_LEADS_NOWHERE = _critical(
    "control-plane.service-leads-nowhere",
    "The Service kubernetes leads to an address that is no API server",
    "A part of all connections of pods to the API goes there and fails.",
)
CONTROL_PLANE_ADVERTISES_ANOTHER = _critical(
    "control-plane.advertises-another-address",
    "An API server advertises an address that is not its host's",
    "The Service kubernetes leads to another host instead of this one, or to nobody.",
)
CONTROL_PLANE_FLAGS_DIFFER = _warning(
    "control-plane.flags-differ",
    "Control planes run with different flags",
    "What the cluster does then depends on which API server answers or which controller leads: it changes with a failover.",
)
CONTROL_PLANE_FILES_DIFFER = _warning(
    "control-plane.files-differ",
    "Files of control planes differ",
    "API servers that do not agree on a policy, a key or a webhook give different answers to the same request.",
)
CONTROL_PLANE_FILE_MISSING = _critical(
    "control-plane.file-missing",
    "A file that a control plane names is missing",
    "The component fails at its next start, for example when the host is restarted.",
)
CONTROL_PLANE_MANIFEST_UNREADABLE = _warning(
    "control-plane.manifest-unreadable",
    "The manifest of a component cannot be read",
    "kubelet may run what stood there before; after a restart of the host nothing runs.",
)
CONTROL_PLANE_VERSIONS_DIFFER = _warning(
    "control-plane.versions-differ",
    "The API servers are of different versions",
    "Upgrades pass through this state. A cluster that stays in it answers differently after a failover.",
)
CONTROL_PLANE_VERSION_SKEW = _critical(
    "control-plane.version-skew",
    "The API servers are more than one minor version apart",
    "Kubernetes does not support this: objects that one writes may not be read by the other.",
)
CONTROL_PLANE_ELECTION_OFF = _critical(
    "control-plane.leader-election-off",
    "A controller runs without leader election",
    "Several of them act at the same time and work against each other, or one that must not be replaced is the only one.",
)
CONTROL_PLANE_NO_LEADER = _critical(
    "control-plane.no-leader",
    "Nobody leads",
    "Without a leader no pod is placed (kube-scheduler), or none is replaced and no node is found to be down (kube-controller-manager).",
)
CONTROL_PLANE_UNMARKED = _info(
    "control-plane.unmarked",
    "The Node of a control plane is not marked as one",
    "Tools that choose control planes by their label pass it over, and workloads may be placed there.",
)

# --- etcd ---------------------------------------------------------------------------------------------------------------

ETCD_NO_QUORUM = _critical(
    "etcd.no-quorum",
    "etcd has lost its quorum",
    "Nothing can be written, so the API answers reads at best. Nothing else matters until it is back.",
)
ETCD_NO_TOLERANCE = _critical(
    "etcd.no-tolerance",
    "etcd bears the loss of no member",
    "When one healthy voter is lost, etcd stops, and the API with it. Two members are worse than one: either stops both.",
)
ETCD_NO_LEADER = _critical(
    "etcd.no-leader",
    "The members of etcd agree on no leader",
    "They are cut off from each other or in an endless election; writes fail or wait.",
)
ETCD_MEMBER_UNHEALTHY = _warning(
    "etcd.member-unhealthy",
    "A member of etcd is not healthy",
    "It is counted in what is needed and not in what is there: etcd bears one loss less.",
)
ETCD_MEMBER_NOT_STARTED = _warning(
    "etcd.member-not-started",
    "A member of etcd has never started",
    "A join that did not end leaves such a voter. It is counted in what is needed, and never votes.",
)
ETCD_LEARNER = _warning(
    "etcd.learner",
    "A member of etcd is a learner",
    "It has no vote: it does not stand in for one that is lost. A join that did not end leaves it so.",
)
ETCD_ALARM = _critical(
    "etcd.alarm",
    "etcd has raised an alarm",
    "With NOSPACE nothing can be written any more; CORRUPT says that members hold different data.",
)
ETCD_NEAR_QUOTA = _warning(
    "etcd.near-quota",
    "The database of etcd comes near its quota",
    "At the quota etcd refuses every write until the database is compacted, defragmented and the alarm is disarmed.",
)
ETCD_EVEN = _info(
    "etcd.even-members",
    "etcd has an even number of voters",
    "It bears no more losses than with one voter less, and has one more that can be lost.",
)
ETCD_VERSIONS_DIFFER = _warning(
    "etcd.versions-differ",
    "The members of etcd are of different versions",
    "The etcd cluster works as its oldest member does. A member that is two minors older cannot come back after a restart.",
)
ETCD_PEER_URL = _warning(
    "etcd.peer-url",
    "etcd knows a member by an address that does not lead to it",
    "The others go on with connections that they have; no new member can join, and one that restarts may not come back.",
)
ETCD_STALE_MEMBER = _warning(
    "etcd.stale-member",
    "A member of etcd belongs to no control plane",
    "It is left from a host that was taken away: counted in what is needed, and never healthy again.",
)
ETCD_SHARED_HOST = _critical(
    "etcd.members-share-a-host",
    "One host carries so many members of etcd that its loss stops it",
    "Members protect from the loss of a host only when each has a host of its own.",
)
ETCD_SHARED_DISK = _info(
    "etcd.shared-disk",
    "etcd shares its file system with the whole host",
    "Logs and images that fill it stop etcd, and their writes make its fsync slow, which costs elections.",
)
ETCD_WITHOUT_TLS = _critical(
    "etcd.without-tls",
    "etcd is reached without TLS and a client certificate",
    "Whoever reaches it reads every Secret and owns the cluster.",
)
ETCD_ONE_SERVER = _warning(
    "etcd.api-server-knows-one",
    "An API server knows only one member of external etcd",
    "It stops with that member, although etcd goes on.",
)

# --- endpoint -----------------------------------------------------------------------------------------------------------

ENDPOINT_MISSING = _critical(
    "endpoint.missing",
    "The cluster has no endpoint of its own",
    "Everybody connects to one API server by its own address. Further control planes would stand in for nobody.",
)
ENDPOINT_IS_A_HOST = _critical(
    "endpoint.is-a-host",
    "The endpoint is one API server itself",
    "It goes away with that host, whatever other control planes there are.",
)
ENDPOINT_SINGLE_BALANCER = _critical(
    "endpoint.single-balancer",
    "One host alone stands before the API servers",
    "When it is lost, nobody reaches an API server by the endpoint, although all of them run.",
)
ENDPOINT_NO_TAKER = _critical(
    "endpoint.no-taker",
    "The endpoint's address is on one host that nobody can take it over from",
    "When that host is lost, the address goes away with it.",
)
ENDPOINT_TWO_HOLDERS = _critical(
    "endpoint.two-holders",
    "Several hosts have the endpoint's address at the same time",
    "Who reaches which of them depends on the switch: sessions break, and a failover is not noticed.",
)
ENDPOINT_NO_HOLDER = _critical(
    "endpoint.no-holder",
    "No host has the endpoint's address",
    "Nobody reaches an API server by the endpoint.",
)
ENDPOINT_BALANCER_STOPPED = _warning(
    "endpoint.balancer-stopped",
    "A load balancer host has no load balancer that runs",
    "It stands in for nobody when the other one is lost.",
)
ENDPOINT_NOT_ANSWERING = _critical(
    "endpoint.not-answering",
    "A host does not reach an API server where its kubelet connects to",
    "Its kubelet goes on only as long as its present connection lives; its node is lost with the next restart.",
)

# --- load balancers and virtual IPs ---------------------------------------------------------------------------------------

# The linter's own: it finds them in files that are given to it, too.
KINDS.update({kind.id: kind for kind in linter.KINDS})

# --- clients ------------------------------------------------------------------------------------------------------------

CLIENT_KUBELET = _critical(
    "client.kubelet",
    "A kubelet is bound to the API server of one other host",
    "When that host is lost, this node is not Ready any more and its pods are given up after five minutes.",
)
CLIENT_KUBE_PROXY = _critical(
    "client.kube-proxy",
    "kube-proxy is bound to one API server",
    "When that host is lost, Services of the affected nodes go on leading to pods that are gone.",
)
CLIENT_JOIN = _warning(
    "client.cluster-info",
    "Joining nodes are led to one API server",
    "Without that host nobody can join, and who joins is bound to it.",
)
CLIENT_CONTROLLER = _warning(
    "client.controller",
    "A controller is bound to the API server of another host",
    "It stops with that host, although the API server beside it runs.",
)
CLIENT_ADMINISTRATOR = _warning(
    "client.administrator",
    "An administrator's kubeconfig names one API server",
    "When that host is lost, kubectl fails for this person or script just when it is needed.",
)
CLIENT_FILE = _warning(
    "client.file",
    "A file names one API server",
    "What reads it, a CNI plugin or a user's script, stops with that host.",
)
CLIENT_WORKLOAD = _warning(
    "client.workload",
    "A workload names one API server",
    "It stops with that host, although the Service kubernetes would lead it to another.",
)
CLIENT_SOCKET = _warning(
    "client.socket",
    "A process is connected to the API server of one other host",
    "The file that led it there may not be known: a running process keeps what it has read at its start.",
)
CLIENT_KUBELET_SOCKET = _warning(
    "client.kubelet-socket",
    "A kubelet is connected elsewhere than its kubeconfig says",
    "It has not been restarted since, so the file says nothing of what the node depends on.",
)
CLIENT_COMPONENT = _warning(
    "client.component",
    "The whole cluster depends on a service at one host's address",
    "What every node or API server asks there, an identity provider, a registry or DNS, is lost with that host.",
)

# --- certificates -------------------------------------------------------------------------------------------------------

CERTIFICATE_EXPIRED = _critical(
    "certificate.expired",
    "A certificate has expired",
    "What presents it is refused. A component that still runs on an old session stops at its next restart.",
)
CERTIFICATE_SPARE_EXPIRED = _warning(
    "certificate.spare-expired",
    "The certificate in a kubeconfig of an administrator has expired",
    "The cluster does not need it. Whoever uses the file is refused, perhaps in an emergency for which it is kept.",
)
CERTIFICATE_EXPIRES = _warning(
    "certificate.expires-soon",
    "A certificate expires within 30 days",
    "kubeadm renews certificates at upgrades only; those of a control plane expire together and take it down together.",
)
CERTIFICATE_CA_EXPIRES = _warning(
    "certificate.ca-expires-soon",
    "A certificate authority expires within 180 days",
    "Everything that it signed ends with it. To replace it takes several rounds over all nodes.",
)
CERTIFICATE_KUBELET_SELF_SIGNED = _info(
    "certificate.kubelet-self-signed-expired",
    "The certificate that a kubelet has signed itself has expired",
    "API servers verify it only with a certificate authority of kubelets; what reads metrics of kubelets may verify it, too.",
)
CERTIFICATE_NOT_YET_VALID = _critical(
    "certificate.not-yet-valid",
    "A certificate is not valid yet",
    "Clients refuse it until then: mostly a clock was wrong when it was made, or is wrong now.",
)
CERTIFICATE_SAN_ENDPOINT = _critical(
    "certificate.endpoint-missing",
    "The certificate of an API server is not valid for the endpoint",
    "Clients that the endpoint leads there refuse the connection; which of them depends on the load balancer.",
)
CERTIFICATE_SAN_OWN = _warning(
    "certificate.address-missing",
    "The certificate of an API server is not valid for its own address",
    "Its load balancer, other control planes and probes that verify it find it down.",
)
CERTIFICATE_MISPLACED = _warning(
    "certificate.misplaced-san",
    "An IP address stands as a DNS name in a certificate",
    "No TLS client accepts it for that address.",
)
CERTIFICATE_CA_DIFFERS = _critical(
    "certificate.ca-differs",
    "Control planes have different certificate authorities",
    "What one signs the other refuses: nodes and components are cut off when a failover leads them to the other.",
)
CERTIFICATE_SERVICE_ACCOUNT = _critical(
    "certificate.service-account-keys-differ",
    "Control planes have different keys of service accounts",
    "Tokens of pods are refused by one of the API servers, so that a part of their requests fails.",
)
CERTIFICATE_KUBELET_CA = _critical(
    "certificate.kubelet-trusts-another-ca",
    "A kubelet trusts another certificate authority than the API servers have",
    "It refuses every API server at its next connection.",
)
CERTIFICATE_INTERRUPTED = _warning(
    "certificate.replacement-interrupted",
    "The replacement of a certificate was interrupted",
    "Key and certificate may not belong together: the component may not start again.",
)
CERTIFICATE_EXTERNAL_CA = _info(
    "certificate.external-ca",
    "The key of the certificate authority is not on a control plane",
    "kubeadm cannot renew certificates there; somebody else has to, in time.",
)

# --- kubeadm ------------------------------------------------------------------------------------------------------------

KUBEADM_ENDPOINT = _warning(
    "kubeadm.endpoint-differs",
    "kubeadm-config and cluster-info name different endpoints",
    "Joining nodes get the one of cluster-info, whatever kubeadm-config says.",
)
KUBEADM_VERSION = _warning(
    "kubeadm.version-differs",
    "kubeadm-config names another version than the API server has",
    "Joining control planes would be of that version: an upgrade has not ended.",
)
KUBEADM_FLAGS = _warning(
    "kubeadm.configuration-differs",
    "A manifest differs from kubeadm-config",
    "The next control plane, and the next upgrade of this one, are made from kubeadm-config: the difference gets lost.",
)
KUBEADM_ETCD = _warning(
    "kubeadm.etcd-differs",
    "kubeadm-config names another etcd than an API server uses",
    "Joining control planes would get what kubeadm-config says.",
)
KUBEADM_UNREADABLE = _warning(
    "kubeadm.configuration-unreadable",
    "A ConfigMap of kubeadm cannot be used",
    "kubeadm can neither join, upgrade nor renew anything with it.",
)
KUBEADM_SIGNATURE = _info(
    "kubeadm.outdated-signature",
    "A signature of cluster-info is outdated",
    "Who joins with that token refuses cluster-info; the controller that signs it does not run, or is late.",
)

# --- workloads ----------------------------------------------------------------------------------------------------------

WORKLOAD_DNS_DOWN = _critical(
    "workload.dns-down",
    "No pod of the cluster's DNS is ready",
    "Pods resolve no name.",
)
WORKLOAD_DNS_ONE_NODE = _warning(
    "workload.dns-on-one-node",
    "All ready pods of the cluster's DNS are on one node",
    "When it is lost, no pod resolves a name until the node is found to be down, which takes minutes.",
)
WORKLOAD_ONE_NODE = _warning(
    "workload.on-one-node",
    "All ready pods of a Deployment in kube-system are on one node",
    "What it does stops with that node until the pods are given up, after five minutes.",
)
WORKLOAD_ONE_REPLICA = _info(
    "workload.one-replica",
    "A Deployment in kube-system has one replica",
    "What it does stops with its node until the pod is given up, after five minutes.",
)
WORKLOAD_DOWN = _warning(
    "workload.down",
    "No pod of a Deployment in kube-system is ready",
    "What it does is not done.",
)

# --- nodes --------------------------------------------------------------------------------------------------------------

NODE_NOT_READY = _warning(
    "node.not-ready",
    "A node is not Ready",
    "What ran there has to find room elsewhere; the next loss has less to go to.",
)
NODE_UNKNOWN = _info(
    "node.not-in-inventory",
    "A node is no host of the inventory",
    "What it connects to was not seen.",
)
NODE_KUBELET_NEWER = _warning(
    "node.kubelet-newer",
    "A kubelet is newer than an API server",
    "Kubernetes does not support this; it may fail at its next start.",
)
NODE_KUBELET_OLD = _warning(
    "node.kubelet-too-old",
    "A kubelet is too old for an API server",
    "Kubernetes does not support this; the node may be lost with the next upgrade.",
)
NODE_CLOCK = _warning(
    "node.clock",
    "The clock of a host is wrong",
    "Certificates and tokens are refused, leases of leaders end too early, and logs of an outage do not fit together.",
)
NODE_TIME_SERVICE = _info(
    "node.no-time-service",
    "Nothing keeps the clock of a host",
    "It drifts away from the others' over weeks.",
)
NODE_SWAP = _warning(
    "node.swap",
    "Swap is on, and the kubelet does not start with it",
    "The node does not come back after a restart.",
)
NODE_SERVICE_DISABLED = _warning(
    "node.service-disabled",
    "A service runs that is not enabled",
    "It does not come back after a restart of the host.",
)
NODE_SERVICE_STOPPED = _critical(
    "node.service-stopped",
    "The kubelet or the container runtime of a node does not run",
    "Nothing on that node is started again.",
)
NODE_DISK = _warning(
    "node.disk-full",
    "A host has less than 1 GiB free in /var",
    "The kubelet evicts pods, and etcd stops when it cannot write.",
)
NODE_DUPLICATE = _warning(
    "node.duplicate-machine-id",
    "Two machines have one machine-id",
    "Pod networks, DHCP and log shipping take them for one host.",
)
NODE_FORWARDING = _warning(
    "node.no-forwarding",
    "A node does not forward packets",
    "Pods of this node reach no other node.",
)
NODE_FIREWALL = _critical(
    "node.blocked",
    "A control plane does not reach another one",
    "etcd and API servers work by connections that were there before; after a restart they do not find each other.",
)

# --- access -------------------------------------------------------------------------------------------------------------

ACCESS_TOKEN = _warning(
    "access.token-without-end",
    "A bootstrap token never expires",
    "Whoever has it can make a node of the cluster, now and in years.",
)
ACCESS_TOKEN_LEFT = _info(
    "access.token-left",
    "A bootstrap token is left from a join",
    "Nobody joins with it any more.",
)
ACCESS_UPLOADED = _info(
    "access.uploaded-certificates",
    "The keys of the control plane lie in a Secret",
    "They are encrypted by a key that was shown on somebody's screen. kubeadm lets them expire after two hours.",
)
ACCESS_ANONYMOUS_RIGHTS = _critical(
    "access.anonymous-rights",
    "Anonymous requests have rights",
    "Whoever reaches the API server has them, without a password or certificate.",
)
ACCESS_ANONYMOUS_KUBELET = _critical(
    "access.anonymous-kubelet",
    "Kubelets answer anonymous requests",
    "Whoever reaches a node may read its pods and, without authorization, run commands in them.",
)
ACCESS_ALWAYS_ALLOW = _critical(
    "access.always-allow",
    "An API server lets everybody do everything",
    "Every authenticated client, a pod's token too, is an administrator.",
)
ACCESS_INSECURE_PORT = _critical(
    "access.insecure-port",
    "An API server has a port without TLS",
    "Whoever reaches it is an administrator.",
)
ACCESS_KUBECONFIG_MODE = _warning(
    "access.kubeconfig-readable",
    "Other users of a host can read a kubeconfig",
    "Whoever has an account there has its rights on the cluster.",
)
ACCESS_UNENCRYPTED = _info(
    "access.secrets-unencrypted",
    "Secrets are not encrypted in etcd",
    "They can be read in each backup and on each disk of etcd.",
)

# --- backups ------------------------------------------------------------------------------------------------------------

BACKUP_NONE = _info(
    "backup.none",
    "There is no backup of kubeadm.ha",
    "When etcd's data is lost on most members, the cluster is lost, unless another tool backs it up.",
)
BACKUP_OLD = _warning(
    "backup.old",
    "The newest backup is older than a week",
    "What has changed since is lost with etcd's data, and certificates in it may have been replaced.",
)
BACKUP_INCOMPLETE = _warning(
    "backup.incomplete",
    "A backup is not complete",
    "It brings nothing back. The run that made it ended early.",
)
BACKUP_WITHOUT_SNAPSHOT = _warning(
    "backup.without-snapshot",
    "No backup has a snapshot of etcd",
    "Files come back from it, the cluster does not.",
)
BACKUP_TARGET = _warning(
    "backup.directory",
    "The directory for backups cannot be used",
    "No backup can be made there.",
)

# --- unseen -------------------------------------------------------------------------------------------------------------

UNSEEN_HOST = _warning(
    "unseen.host",
    "A host could not be inspected",
    "Nothing is known of it: what is said of the others may be too good.",
)
UNSEEN_PRIVILEGE = _warning(
    "unseen.unprivileged",
    "A host was inspected without the rights of root",
    "Manifests, kubeconfigs, sockets of processes and etcd were not seen there.",
)
UNSEEN_CLUSTER = _warning(
    "unseen.cluster",
    "The API could not be asked",
    "Nothing is known of nodes, workloads, tokens and the configuration.",
)
UNSEEN_ETCD = _warning(
    "unseen.etcd",
    "etcd could not be asked",
    "Nothing is known of its members, their health and its size.",
)
UNSEEN_CONSUMERS = _info(
    "unseen.workloads",
    "Not every object was searched for addresses of API servers",
    "Further workloads, ConfigMaps and Secrets may name one.",
)
UNSEEN_BALANCER = _info(
    "unseen.balancer",
    "What stands before the API servers is no host of the inventory",
    "Whether it survives the loss of one of its own parts is not known.",
)
UNSEEN_CONFIGURATION = _info(
    "unseen.balancer-configuration",
    "The configuration of a load balancer could not be judged",
    "How long clients suffer from a failed API server there is not known.",
)


__all__ = ("GUIDE", "KINDS", "LABEL", "SUBJECTS", "link", "subject_of")
