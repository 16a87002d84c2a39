# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an operator may write into an inventory: one table of every variable, right and wrong."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.endpoint_input import parse_endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.problem import Problem
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan import inputs, selection, unknown_variables
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.input_values import parse_bool
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.inputs import INPUTS, Unreadable
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.selection import Selection
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.plan.test_planning import before, plan_of, record

MAPPINGS = [
    "kubeadm_ha_init_configuration",
    "kubeadm_ha_cluster_configuration",
    "kubeadm_ha_kubelet_configuration",
    "kubeadm_ha_kube_proxy_configuration",
    "kubeadm_ha_package_repository",
    "kubeadm_ha_registry_mirrors",
    "kubeadm_ha_containerd_settings",
]
BOOLEANS = sorted(name for name, known in INPUTS.items() if known.read is parse_bool)

RIGHT: dict[str, list[t.Any]] = {
    "kubeadm_ha_previous_endpoint": ["", "192.0.2.11:6443", "cp1.example.org:6443"],
    "kubeadm_ha_remove_node": ["", "w2", "w_2.example.org"],
    "kubeadm_ha_endpoint": [
        *("192.0.2.10:6443", "k8s.example.org:6443", "K8s.Example.org:8443", "k8s:443", "[2001:db8::10]:6443"),
        *("[2001:DB8::10]:06443", "1e100.example:1", "xn--kbernetes-65a.example:65535"),
    ],
    "kubeadm_ha_load_balancer": ["haproxy", "external", "none"],
    "kubeadm_ha_extra_sans": [[], "", "a.example", "a.example, 192.0.2.5", ["*.example.org", "2001:db8::5", "K8S"]],
    "kubeadm_ha_admin_users": [[], ["root"], "root,ann", ["svc$", r"DOMAIN\ann", "ann@example.org", "0day"]],
    "kubeadm_ha_unmanaged_nodes": [[], ["w9"], "w9,w8", ["w9.example.org"]],
    "kubeadm_ha_lost_nodes": [[], ["cp1"], "cp1,w8", ["cp1.example.org"]],
    "kubeadm_ha_unmanaged_files": [[], ["/etc/kubernetes/audit.yaml"], "/a,/b"],
    "kubeadm_ha_patches_dir": ["", None, "/etc/kubernetes/patches", "/etc/kubernetes/patches/"],
    "kubeadm_ha_certificates": ["upload", "copy"],
    "kubeadm_ha_restore_backup": ["20261121T080000Z", "before-the-upgrade", ""],
    "kubeadm_ha_restore_running_cluster": [True, "no"],
    "kubeadm_ha_backup_dir": ["/var/backups/kubeadm-ha", "/srv/backup/"],
    "kubeadm_ha_token_ttl": ["15m", "10m30s", "", "1s"],
    "kubeadm_ha_worker_batch": [1, "3", "25%", "100%", "1%", [1, "5", "50%"], 1000],
    "kubeadm_ha_node_name": ["", None, "cp2", "cp-2.example.org", "Emil.Example.ORG"],
    "kubeadm_ha_api_port": ["", None, 6443, "8443", 1, 65535],
    "kubeadm_ha_advertise_address": ["", "192.0.2.12", "2001:db8::12"],
    "kubeadm_ha_kubelet_extra_args": [
        {},
        {"node-ip": "192.0.2.12,2001:db8::12", "max-pods": 200, "fail-swap-on": False},
    ],
    "kubeadm_ha_node_labels": [{}, {"site": "eu-1", "example.org/rack": "7", "node.kubernetes.io/pool": "cp"}],
    "kubeadm_ha_node_taints": [[], [{"key": "dedicated", "value": "control", "effect": "NoSchedule"}]],
    "kubeadm_ha_cri_socket": ["", None, "unix:///run/crio/crio.sock", "/var/run/crio/crio.sock"],
    "kubeadm_ha_ignore_preflight_errors": [[], "", "NumCPU,Mem", ["DirAvailable--var-lib-etcd", "all"]],
    "kubeadm_ha_audit_file": ["plan.json", "/tmp/plan.json"],
    "kubeadm_ha_confirm": [True, "no"],
    "kubeadm_ha_lint_files": [[], ["haproxy.cfg", "/tmp/keepalived.conf"]],
    "kubeadm_ha_lint_port": [6443, "8443"],
    "kubeadm_ha_lint_report": ["lint.json", "/tmp/lint.json"],
    "kubeadm_ha_audit_directory": ["audit", "/tmp/audit", ""],
    "kubeadm_ha_report_directory": ["reports", "/tmp/reports", ""],
    "kubeadm_ha_audit_fail_on": ["never", "info", "warning", "critical"],
    "kubeadm_ha_control_plane_group": ["masters"],
    "kubeadm_ha_node_group": ["workers_eu-1"],
    "kubeadm_ha_load_balancer_group": ["lb"],
    "kubeadm_ha_etcd_group": ["etcd", "stores"],
    "kubeadm_ha_etcd_binaries": ["", "/srv/etcd", "https://example.org/etcd/v3.6.5"],
    "kubeadm_ha_etcd_address": ["", None, "192.0.2.31", "2001:db8::31"],
    **{name: [True, False, "yes", "no", "true", "False", 1, 0, "on", "off"] for name in BOOLEANS},
    "kubeadm_ha_vip": ["192.0.2.10/24", "2001:db8::10/64", ""],
    "kubeadm_ha_kubernetes_version": ["1.34.4", "v1.33.13", ""],
    "kubeadm_ha_pod_subnet": ["10.244.0.0/16", "10.244.0.0/16,fd00:10:244::/56", ["10.244.0.0/16"]],
    "kubeadm_ha_service_subnet": ["10.96.0.0/12", "fd00:10:96::/112"],
    "kubeadm_ha_dns_domain": ["cluster.local", "k8s.example.org"],
    "kubeadm_ha_image_repository": ["registry.k8s.io", "registry.example.org:5000/mirror/k8s"],
    "kubeadm_ha_cni": ["flannel", "none", "/srv/calico.yaml", "https://example.org/cni.yml", "files/cilium.yaml"],
    "kubeadm_ha_vrid": [51, "255", ""],
    "kubeadm_ha_binaries": ["", "/srv/binaries", "https://example.org/v1.34.4/"],
    "kubeadm_ha_init_configuration": [{}, {"nodeRegistration": {"ignorePreflightErrors": ["NumCPU"]}}],
    "kubeadm_ha_cluster_configuration": [{"featureGates": {"PublicKeysECDSA": True}}],
    "kubeadm_ha_kubelet_configuration": [{"cgroupDriver": "systemd"}],
    "kubeadm_ha_kube_proxy_configuration": [{"mode": "nftables"}],
    "kubeadm_ha_package_repository": [{"url": "https://example.org/deb/", "key": "/srv/key.asc"}],
    "kubeadm_ha_registry_mirrors": [{"registry.k8s.io": {"url": "https://mirror.example.org"}}],
    "kubeadm_ha_containerd_settings": [{"io.containerd.grpc.v1.cri": {"max_concurrent_downloads": 5}}],
}

#: Variable, value, what is said of it.
WRONG: list[tuple[str, t.Any, str]] = [
    ("kubeadm_ha_previous_endpoint", "192.0.2.11", "has no port: write host:port, for example 192.0.2.11:6443."),
    ("kubeadm_ha_remove_node", ["w2"], "['w2'] is no name of a host"),
    ("kubeadm_ha_remove_node", "w1 w2", "'w1 w2' is no name of a host"),
    ("kubeadm_ha_endpoint", 6443, "6443 is not an endpoint: write host:port as text"),
    ("kubeadm_ha_endpoint", ["a:1"], "['a:1'] is not an endpoint"),
    ("kubeadm_ha_endpoint", {"host": "a"}, "is not an endpoint"),
    ("kubeadm_ha_endpoint", "192.0.2.10", "has no port: write host:port, for example 192.0.2.10:6443."),
    ("kubeadm_ha_endpoint", "192.0.2.10:", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "192.0.2.10:0", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "192.0.2.10:65536", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "192.0.2.10:-1", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "192.0.2.10:64x3", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "k8s.example.org:٦٤٤٣", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "https://k8s.example.org:6443", "is more than host and port: write k8s.example.org:6443."),
    ("kubeadm_ha_endpoint", "https://192.0.2.10:6443/", "is more than host and port: write 192.0.2.10:6443."),
    ("kubeadm_ha_endpoint", "tcp://192.0.2.10:6443", "is more than host and port: write 192.0.2.10:6443."),
    ("kubeadm_ha_endpoint", "k8s.example.org:6443/", "is more than host and port: write k8s.example.org:6443."),
    ("kubeadm_ha_endpoint", " k8s.example.org:6443", "is more than host and port: write k8s.example.org:6443."),
    ("kubeadm_ha_endpoint", "k8s.example.org:6443\n", "is more than host and port: write k8s.example.org:6443."),
    ("kubeadm_ha_endpoint", "k8s.example.org.:6443", "is more than host and port: write k8s.example.org:6443."),
    ("kubeadm_ha_endpoint", "k8s.example.org:6443/path", "a port is a number from 1 to 65535"),
    ("kubeadm_ha_endpoint", "user@k8s.example.org:6443", "is not an endpoint"),
    ("kubeadm_ha_endpoint", "k8s_api.example.org:6443", "has a name that kubeadm refuses"),
    ("kubeadm_ha_endpoint", "-k8s.example.org:6443", "is not an endpoint"),
    ("kubeadm_ha_endpoint", "*.example.org:6443", "is not an endpoint"),
    ("kubeadm_ha_endpoint", "kübe.example:6443", "is not an endpoint"),
    ("kubeadm_ha_endpoint", "fd00::1:6443", "has an IPv6 address without brackets: write [fd00::1]:6443."),
    ("kubeadm_ha_endpoint", "2001:db8:0:0:0:0:0:1:6443", "without brackets: write [2001:db8:0:0:0:0:0:1]:6443."),
    ("kubeadm_ha_endpoint", "fd00::1", "has no port: write host:port, for example [fd00::1]:6443."),
    ("kubeadm_ha_endpoint", "192.0.2.041:6443", "is not an endpoint"),
    ("kubeadm_ha_endpoint", "0.0.0.0:6443", "is each host itself"),
    ("kubeadm_ha_endpoint", "127.0.0.1:6443", "is each host itself"),
    ("kubeadm_ha_endpoint", "[::1]:6443", "is each host itself"),
    ("kubeadm_ha_endpoint", "localhost:6443", "is each host itself"),
    ("kubeadm_ha_endpoint", "224.0.0.18:6443", "multicast, broadcast or link-local"),
    ("kubeadm_ha_endpoint", "[fe80::1]:6443", "multicast, broadcast or link-local"),
    ("kubeadm_ha_endpoint", Unreadable("'lb' is undefined"), "its template cannot be resolved: 'lb' is undefined"),
    ("kubeadm_ha_load_balancer", "HAProxy", "'HAProxy' is none of haproxy, nginx, dns, external, none"),
    ("kubeadm_ha_load_balancer", None, "None is none of haproxy, nginx, dns, external, none"),
    ("kubeadm_ha_load_balancer", ["haproxy"], "is none of haproxy, nginx, dns, external, none"),
    ("kubeadm_ha_extra_sans", {"a": 1}, "is not a list: write [one, two]."),
    ("kubeadm_ha_extra_sans", 5, "5 is not a list"),
    ("kubeadm_ha_extra_sans", [""], "'' is neither an IP address nor a DNS name"),
    ("kubeadm_ha_extra_sans", [None], "None is neither an IP address nor a DNS name"),
    ("kubeadm_ha_extra_sans", ["a.example:6443"], "is neither an IP address nor a DNS name"),
    ("kubeadm_ha_extra_sans", ["https://a.example"], "is neither an IP address nor a DNS name"),
    ("kubeadm_ha_extra_sans", ["*"], "is neither an IP address nor a DNS name"),
    ("kubeadm_ha_extra_sans", ["a_b.example"], "has a name that kubeadm refuses"),
    ("kubeadm_ha_extra_sans", ["a.example."], "has a blank or a final dot, which no certificate has: write a.example."),
    ("kubeadm_ha_extra_sans", [" a.example"], "has a blank or a final dot, which no certificate has: write a.example."),
    ("kubeadm_ha_admin_users", [""], "'' is not the name of a user"),
    ("kubeadm_ha_admin_users", "root,", "'' is not the name of a user"),
    ("kubeadm_ha_admin_users", ["ann lee"], "'ann lee' is not the name of a user"),
    ("kubeadm_ha_admin_users", [1000], "1000 is not the name of a user"),
    ("kubeadm_ha_admin_users", None, "None is not a list"),
    ("kubeadm_ha_unmanaged_nodes", ["w_9"], "'w_9' cannot be the name of a Node"),
    ("kubeadm_ha_unmanaged_nodes", ["W9"], "'W9' cannot be the name of a Node"),
    ("kubeadm_ha_unmanaged_nodes", {"w9": {}}, "is not a list"),
    ("kubeadm_ha_lost_nodes", ["cp_1"], "'cp_1' cannot be the name of a Node"),
    ("kubeadm_ha_lost_nodes", True, "True is not a list"),
    ("kubeadm_ha_unmanaged_files", ["audit.yaml"], "'audit.yaml' is not an absolute path"),
    ("kubeadm_ha_patches_dir", "patches", "'patches' is not an absolute path"),
    ("kubeadm_ha_patches_dir", "/etc/kubernetes/../patches", "is not an absolute path"),
    ("kubeadm_ha_certificates", "Copy", "'Copy' is none of upload, copy"),
    ("kubeadm_ha_certificates", True, "True is none of upload, copy"),
    ("kubeadm_ha_restore_backup", "/var/backups/kubeadm-ha/x", "is no name of a backup"),
    ("kubeadm_ha_restore_backup", "..", "is no name of a backup"),
    ("kubeadm_ha_restore_backup", ["x"], "is no name of a backup"),
    ("kubeadm_ha_restore_running_cluster", "maybe", "is neither true nor false"),
    ("kubeadm_ha_backup_dir", "backups", "'backups' is not an absolute path"),
    ("kubeadm_ha_backup_dir", "~/backups", "is not an absolute path"),
    ("kubeadm_ha_backup_dir", "", "'' is not an absolute path"),
    ("kubeadm_ha_backup_dir", "/", "is the root directory"),
    ("kubeadm_ha_backup_dir", "//", "is the root directory"),
    ("kubeadm_ha_backup_dir", "/etc/kubernetes/backups", "is in /etc/kubernetes, where no backup can be kept"),
    ("kubeadm_ha_backup_dir", "/var/lib/etcd", "is in /var/lib/etcd, where no backup can be kept"),
    ("kubeadm_ha_backup_dir", ["/srv"], "is not an absolute path"),
    ("kubeadm_ha_token_ttl", 15, "The option ttl is '15'"),
    ("kubeadm_ha_token_ttl", "1000h", "a token must live between 1s and 15m"),
    ("kubeadm_ha_token_ttl", "-5m", "write a duration such as 15m"),
    *(
        (
            "kubeadm_ha_worker_batch",
            value,
            "is no number of hosts: write a number from 1, or a percentage from 1% to 100%.",
        )
        for value in ("abc", 1.5, "1.5", "", 0, -1, "0%", "101%", "2.5%", True, None, [], [1, "x"], {"a": 1}, "٣")
    ),
    ("kubeadm_ha_node_name", "cp_2", "'cp_2' cannot be the name of a Node"),
    ("kubeadm_ha_node_name", "CP 2", "'CP 2' cannot be the name of a Node"),
    ("kubeadm_ha_node_name", "cp2.", "'cp2.' cannot be the name of a Node"),
    *(
        ("kubeadm_ha_api_port", value, "is not a port: write a number from 1 to 65535.")
        for value in (0, 65536, -1, "http", "6443/tcp", 64.43, True, [6443])
    ),
    ("kubeadm_ha_api_port", 2379, "2379 is the port of etcd on a control plane"),
    ("kubeadm_ha_api_port", "2380", "2380 is the port of etcd on a control plane"),
    ("kubeadm_ha_api_port", 10250, "10250 is the port of kubelet on a control plane"),
    ("kubeadm_ha_api_port", 10257, "10257 is the port of kube-controller-manager on a control plane"),
    ("kubeadm_ha_api_port", 10259, "10259 is the port of kube-scheduler on a control plane"),
    ("kubeadm_ha_kubelet_extra_args", "--node-ip=1.2.3.4", "is not a mapping: write {node-ip: 192.0.2.12}"),
    ("kubeadm_ha_kubelet_extra_args", {"--node-ip": "x"}, "'--node-ip' is not the name of a flag"),
    ("kubeadm_ha_kubelet_extra_args", {"node-ip": ["x"]}, "the value of node-ip is ['x']: write a text"),
    ("kubeadm_ha_node_labels", ["site"], "is not a mapping: write {site: eu-1}"),
    ("kubeadm_ha_node_labels", {"a b": "c"}, "'a b' is not the key of a label"),
    ("kubeadm_ha_node_labels", {"site": "e u"}, "'e u' is not the value of a label"),
    (
        "kubeadm_ha_node_labels",
        {"node-role.kubernetes.io/infra": ""},
        "a kubelet may not set the label node-role.kubernetes.io/infra",
    ),
    ("kubeadm_ha_node_taints", {"key": "a"}, "is not a list of taints"),
    ("kubeadm_ha_node_taints", ["a=b:NoSchedule"], "is not a mapping"),
    ("kubeadm_ha_node_taints", [{"key": "a", "effects": "NoSchedule"}], "is not a taint: write"),
    ("kubeadm_ha_node_taints", [{"key": "a", "effect": "Never"}], "its effect is one of NoSchedule"),
    ("kubeadm_ha_advertise_address", "cp2.example.org", "'cp2.example.org' is not an IP address"),
    ("kubeadm_ha_advertise_address", "192.0.2.12/24", "'192.0.2.12/24' is not an IP address"),
    ("kubeadm_ha_cri_socket", "containerd", "'containerd' is not the socket of a container runtime"),
    ("kubeadm_ha_cri_socket", "tcp://127.0.0.1:1", "is not the socket of a container runtime"),
    ("kubeadm_ha_cri_socket", "unix:///run/a b", "is not the socket of a container runtime"),
    ("kubeadm_ha_ignore_preflight_errors", ["Num CPU"], "'Num CPU' is not the name of a check of kubeadm"),
    ("kubeadm_ha_ignore_preflight_errors", [1], "1 is not the name of a check of kubeadm"),
    ("kubeadm_ha_advertise_address", "192.0.2.12:6443", "'192.0.2.12:6443' is not an IP address"),
    ("kubeadm_ha_audit_file", True, "True is not the name of a file"),
    ("kubeadm_ha_confirm", "perhaps", "neither true nor false"),
    ("kubeadm_ha_lint_files", [True], "True is not the name of a file"),
    ("kubeadm_ha_lint_port", 0, "0 is not a port"),
    ("kubeadm_ha_lint_report", True, "True is not the name of a file"),
    ("kubeadm_ha_audit_directory", True, "True is not the name of a file"),
    ("kubeadm_ha_report_directory", True, "True is not the name of a file"),
    ("kubeadm_ha_audit_fail_on", "error", "is none of never, info, warning, critical"),
    ("kubeadm_ha_control_plane_group", ["masters"], "is not the name of a group"),
    ("kubeadm_ha_load_balancer_group", 1, "1 is not the name of a group"),
    ("kubeadm_ha_node_group", "", "'' is not the name of a group"),
    ("kubeadm_ha_etcd_group", 1, "1 is not the name of a group"),
    ("kubeadm_ha_etcd_binaries", True, "True is not the name of a file"),
    ("kubeadm_ha_etcd_address", "etcd1", "'etcd1' is not an IP address"),
    *(
        (name, value, "is neither true nor false: write one of the two.")
        for name in BOOLEANS
        for value in ("maybe", "", 2, None, [True])
    ),
    ("kubeadm_ha_vip", "192.0.2.10", "is no virtual IP address: write it with its prefix, as 192.0.2.10/24."),
    ("kubeadm_ha_vip", "192.0.2.0/24", "is the address of the network itself"),
    ("kubeadm_ha_vip", "192.0.2.255/24", "or its broadcast address"),
    ("kubeadm_ha_vip", 5, "is no virtual IP address"),
    *(
        ("kubeadm_ha_kubernetes_version", value, "is no version of Kubernetes with all three numbers")
        for value in ("1.34", 1.34, "latest", "1.34.4-1.1", [])
    ),
    *(("kubeadm_ha_vrid", value, "is no virtual router id") for value in (0, 256, "x", True, 5.1)),
    ("kubeadm_ha_binaries", True, "True is not the name of a file"),
    ("kubeadm_ha_pod_subnet", "10.244.0.0", "is no subnet: write it as 10.244.0.0/16"),
    ("kubeadm_ha_pod_subnet", "10.244.0.1/16", "is no subnet (10.244.0.1/16 has host bits set)"),
    ("kubeadm_ha_pod_subnet", "10.244.0.0/16,10.245.0.0/16", "has two subnets of one address family"),
    ("kubeadm_ha_service_subnet", 10, "is no subnet"),
    ("kubeadm_ha_service_subnet", [], "is no subnet"),
    ("kubeadm_ha_dns_domain", "Cluster.local", "is no DNS domain"),
    ("kubeadm_ha_image_repository", "https://registry.k8s.io", "write it without https://"),
    ("kubeadm_ha_cni", "calico", "'calico' is no pod network: write flannel, none, or the path or URL of a manifest."),
    *(
        (name, value, "is no mapping: write KEY: VALUE lines below the variable.")
        for name in MAPPINGS
        for value in ([], "x: y", {1: 2})
    ),
]


def messages(values: inputs.Values, first: str = "cp1") -> list[str]:
    """What is wrong with the values."""
    return [problem.message for problem in inputs.problems(values, first)]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in RIGHT.items() for value in values])
def test_right_values(name: str, value: t.Any) -> None:
    assert messages({"cp1": {name: value}, "w1": {name: value}}) == []


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_wrong_values(name: str, value: t.Any, expected: str) -> None:
    """Reported once, by the variable's name, with the host where each host has its own."""
    (message,) = messages({"cp1": {name: value}, "w1": {name: value}, "w2": {}})
    assert expected in message
    assert message.startswith(f"{name} of cp1, w1: " if INPUTS[name].scope == inputs.HOST else f"{name}: ")


def test_every_variable_is_in_the_table() -> None:
    assert set(RIGHT) == set(INPUTS)
    assert {name for name, _value, _expected in WRONG} == set(INPUTS)


def test_the_names_are_those_that_roles_and_playbooks_read() -> None:
    """A new variable needs its line in ``inputs.INPUTS``, or the first task of each run refuses it."""
    texts = [
        path.read_text(encoding="utf-8")
        for folder, pattern in (("roles", "*/*/*.yml"), ("playbooks", "*.yml"), ("examples", "**/*.yml"))
        for path in (ROOT / folder).glob(pattern)
    ]
    read = {name for text in texts for name in re.findall(r"(?<![A-Za-z0-9_.])kubeadm_ha_[a-z_]*[a-z]\b", text)}
    # The plan gives the one to the hosts, and the other is the group of those whose run writes a report.
    assert read - {"kubeadm_ha_plan", "kubeadm_ha_report"} == set(INPUTS)


def test_the_options_of_the_plan_are_read_by_the_same_rules() -> None:
    specification = yaml.safe_load((ROOT / "roles/preflight/defaults/main.yml").read_text(encoding="utf-8"))
    for name in inputs.OPTIONS.values():
        assert any(f"{name} |" in str(default) for default in specification.values()), name
    arguments = before() | {"allow_two_control_planes": "maybe", "worker_batch": "abc", "patches_dir": "patches"}
    expected = [problem.message for problem in plan_of(arguments).problems]
    assert expected == [
        "kubeadm_ha_allow_two_control_planes: 'maybe' is neither true nor false: write one of the two.",
        "kubeadm_ha_patches_dir: 'patches' is not an absolute path: write one that begins with / and has no '..'.",
        "kubeadm_ha_worker_batch: 'abc' is no number of hosts: write a number from 1, or a percentage from 1% to 100%.",
    ]
    plan = plan_of(before() | {"worker_batch": "3"})
    assert (record(plan, "w1", "point").batches, record(plan, "cp2", "join").batches) == ((3,), (3,))
    assert plan_of(before() | {"allow_two_control_planes": "no", "extra_sans": "a, b"}).problems == ()


# --- where a value stands --------------------------------------------------------------------------------------------


STANDS: dict[str, tuple[inputs.Values, list[str]]] = {
    "each host its own": ({"cp1": {"kubeadm_ha_api_port": 1}, "cp2": {"kubeadm_ha_api_port": 2}, "w1": {}}, []),
    "of the plan, where it is read": ({"cp1": {"kubeadm_ha_extra_sans": ["a"]}, "w1": {}}, []),
    "of the plan, elsewhere": (
        {"cp1": {}, "w1": {"kubeadm_ha_extra_sans": ["a"]}, "w2": {}},
        [
            (
                "kubeadm_ha_extra_sans is set for w1, but not for cp1, w2: it holds for the whole cluster, so set it once for all "
                "hosts, for example below all: vars:."
            )
        ],
    ),
    "of the plan, two values": (
        {"cp1": {"kubeadm_ha_worker_batch": 1}, "w1": {"kubeadm_ha_worker_batch": "50%"}},
        [
            (
                "kubeadm_ha_worker_batch is [1] for cp1 and ['50%'] for w1: it holds for the whole cluster, so set it once for all "
                "hosts, for example below all: vars:."
            )
        ],
    ),
    "the same in another spelling": (
        {"cp1": {"kubeadm_ha_skip_reachability": "yes"}, "w1": {"kubeadm_ha_skip_reachability": True}},
        [],
    ),
    "of every host, missing on one": (
        {"cp1": {"kubeadm_ha_endpoint": "a.example:1"}, "w1": {}},
        [
            (
                "kubeadm_ha_endpoint is set for cp1, but not for w1: it holds for the whole cluster, so set it once for all hosts, "
                "for example below all: vars:."
            )
        ],
    ),
    "nowhere": ({"cp1": {}, "w1": {}}, []),
    "one host of many is wrong": (
        {f"w{number}": {"kubeadm_ha_backup_dir": "x" if number > 1 else "/srv"} for number in range(1, 9)},
        [
            (
                "kubeadm_ha_backup_dir of w2, w3, w4, w5, w6 and 2 more: 'x' is not an absolute path: write one that begins with / "
                "and has no '..'."
            )
        ],
    ),
}


@pytest.mark.parametrize("name", STANDS)
def test_where_a_value_stands(name: str) -> None:
    values, expected = STANDS[name]
    assert messages(values) == expected


def test_all_complaints_are_collected() -> None:
    of_cp1 = {"kubeadm_ha_endpoint": "x", "kubeadm_ha_token_ttl": "1h", "kubeadm_ha_worker_batch": 0}
    assert len(messages({"cp1": of_cp1, "w1": {"kubeadm_ha_api_port": "x"}})) == 4


def test_an_endpoint_has_one_spelling() -> None:
    assert str(parse_endpoint("[2001:DB8::10]:06443")) == "[2001:db8::10]:6443"
    assert str(parse_endpoint("K8s.Example.org:8443")) == "k8s.example.org:8443"


# --- names -----------------------------------------------------------------------------------------------------------

ROLES = {
    "cluster_dns": frozenset({"cluster_dns_timeout", "cluster_dns_kubeconfig"}),
    "preflight": frozenset({"preflight_plan", "preflight_host", "preflight_endpoint"}),
}
NAMES = {
    "kubeadm_ha_endpont": "write kubeadm_ha_endpoint, or take it out",
    "kubeadm_ha_workers_batch": "write kubeadm_ha_worker_batch, or take it out",
    "kubeadm_ha_backup_directory": "write kubeadm_ha_backup_dir, or take it out",
    "kubeadm_ha_foo": "take it out; `ansible-doc -t role kubeadm.ha.preflight` has them all",
    "kubeadm_ha_tls": "take it out; `ansible-doc",
    "kubeadm_ha_Endpoint": "write kubeadm_ha_endpoint, or take it out",
    "kubadm_ha_endpoint": "write kubeadm_ha_endpoint, or take it out",
    "kubeadmha_endpoint": "write kubeadm_ha_endpoint, or take it out",
    "cluster_dns_tiemout": "write cluster_dns_timeout, or take it out",
    "preflight_endpont": "write preflight_endpoint, or take it out",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_name_is_reported_with_the_nearest_one(name: str) -> None:
    (problem,) = unknown_variables.problems({name: ["w1"], "inventory_hostname": ["w1"]}, ROLES)
    assert (
        problem.message
        == f"{name} (set for w1) is no variable of this collection and would have no effect: "
        + (problem.message.partition("effect: ")[2])
    )
    assert NAMES[name] in problem.message


@pytest.mark.parametrize(
    "name",
    [
        *("kubeadm_endpoint", "kubeadm_node_name", "kube_version", "kubeadm", "preflight_plan", "preflight_host"),
        *("__preflight_hosts", "__kubeadm_ha_x", "cluster_dns_timeout", "clusterdns", "ansible_host", *INPUTS),
    ],
)
def test_names_of_others_and_our_own_are_none(name: str) -> None:
    assert list(unknown_variables.problems({name: []}, ROLES)) == []
    assert unknown_variables.without_effect({name: []}, ROLES) == []


def test_what_another_role_of_that_name_may_have_is_only_reported() -> None:
    names = {"cluster_dns_servers": ["w1"], "cluster_dns_tiemout": ["w1"]}
    assert unknown_variables.without_effect(names, ROLES) == ["cluster_dns_servers"]
    assert len(list(unknown_variables.problems(names, ROLES))) == 1


# --- a part of a run -------------------------------------------------------------------------------------------------

HOSTS = ("cp1", "w1", "lb1")
SELECTIONS: dict[str, tuple[Selection, str]] = {
    "everything": (Selection(hosts=HOSTS), ""),
    "more hosts than are concerned": (Selection(hosts=(*HOSTS, "x"), limit="all"), ""),
    "a limit to all that are concerned": (Selection(hosts=HOSTS, limit="kubernetes"), ""),
    "a tag of nothing": (Selection(("foo",), hosts=HOSTS), "--tags foo would leave tasks out"),
    "the tag of the import": (Selection(("ha",), tags=frozenset({"ha"}), hosts=HOSTS), ""),
    "another tag than the import's": (Selection(("x", "y"), tags=frozenset({"ha"}), hosts=HOSTS), "--tags x,y would"),
    "always": (Selection(("always",), hosts=HOSTS), "--tags always would leave tasks out"),
    "untagged": (Selection(("untagged",), hosts=HOSTS), ""),
    "tagged": (Selection(("tagged",), hosts=HOSTS), "--tags tagged would leave tasks out"),
    "tagged, and the import is": (Selection(("tagged",), tags=frozenset({"ha"}), hosts=HOSTS), ""),
    "all": (Selection(("all",), hosts=HOSTS), ""),
    "skipping nothing": (Selection(skip_tags=("foo",), hosts=HOSTS), ""),
    "skipping the import": (Selection(skip_tags=("ha",), tags=frozenset({"ha"}), hosts=HOSTS), "--skip-tags ha would"),
    "skipping what is untagged": (Selection(skip_tags=("untagged",), hosts=HOSTS), "--skip-tags untagged would"),
    "skipping what is tagged": (Selection(skip_tags=("tagged",), hosts=HOSTS), ""),
    "skipping all": (Selection(skip_tags=("all",), hosts=HOSTS), "--skip-tags all would"),
    "skipping the check": (
        Selection(skip_tags=("always",), hosts=HOSTS),
        "--skip-tags always would leave out the check",
    ),
    "a later start": (Selection(start_at_task="Take the lock", hosts=HOSTS), "--start-at-task would leave out"),
    "a host": (Selection(hosts=("cp1",), limit="cp1"), "--limit cp1 leaves out w1, lb1: the plan needs every host of"),
    "a play of few": (Selection(hosts=("cp1", "w1")), "The play does not have lb1: its hosts must be those of"),
}


@pytest.mark.parametrize("name", SELECTIONS)
def test_a_part_of_a_run_is_refused(name: str) -> None:
    chosen, expected = SELECTIONS[name]
    found = [problem.message for problem in selection.problems(chosen, HOSTS, ("kube_control_plane", "kube_node"))]
    assert [expected in message for message in found] == ([True] if expected else []), found


def test_a_playbook_without_a_plan_needs_its_hosts() -> None:
    chosen = Selection(hosts=("cp1",), limit="cp1")
    (problem,) = selection.problems(chosen, ("cp1", "w1"), ("kube_node",), is_planned=False)
    assert (
        problem.message
        == "--limit cp1 leaves out w1: this playbook needs every host of kube_node; run without --limit."
    )


def test_a_variable_is_reported_once() -> None:
    """By the plan where it holds for the cluster, by its hosts where it is theirs."""
    of_plan = [Problem("kubeadm_ha_endpoint", "plan"), Problem("kubeadm_ha_backup_dir", "plan")]
    of_hosts = [Problem("tags", "x"), Problem("kubeadm_ha_endpoint", "w1"), Problem("kubeadm_ha_backup_dir", "w1")]
    found = [(item.subject, item.message) for item in inputs.merged(of_plan, of_hosts)]
    assert found == [("kubeadm_ha_endpoint", "plan"), ("tags", "x"), ("kubeadm_ha_backup_dir", "w1")]
    assert [item.message for item in inputs.merged(of_plan, ())] == ["plan", "plan"]
