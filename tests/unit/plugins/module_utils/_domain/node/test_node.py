# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What makes a host ready for kubeadm: by distributions, by what is there already, and by inputs."""

from __future__ import annotations

import dataclasses
import json
import tomllib
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base import configuration_owner
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, MalformedReport
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.firewall import Firewall
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.report import OperatingSystem, Service
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import desired, node_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.decision import KernelNeeds, NodeDecision
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import (
    Containerd,
    FoundFile,
    Module,
    NodeReport,
    Program,
    Swap,
    Sysctl,
    Time,
)
from tests.unit.plugins.module_utils._domain.node.values import (
    BARE,
    IDENTITY,
    INPUTS,
    afterwards,
    decided,
    messages,
    objects,
)

ROCKY = dataclasses.replace(BARE, os=OperatingSystem("rocky", "rhel centos fedora", "9.5"), package_manager="dnf")
FEDORA = dataclasses.replace(BARE, os=OperatingSystem("fedora", "", "42"), package_manager="dnf")
LEAP = dataclasses.replace(BARE, os=OperatingSystem("opensuse-leap", "suse opensuse", "15.6"), package_manager="zypper")
CA = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nAAAA\n-----END PGP PUBLIC KEY BLOCK-----"
FOREIGN = Containerd(
    True, configuration_owner.OTHER, "ff", True, {"cri": "enabled", "cgroup": "false", "bin_dir": "/usr/lib/cni"}
)
#: A node of somebody else's making: nothing is as the role would have it.
NODE = dataclasses.replace(
    BARE,
    is_node=True,
    runs_kubelet=True,
    swap=Swap(("/swap",), True, ("dev-zram0.swap",)),
    containerd=FOREIGN,
    programs={name: Program(f"/opt/bin/{name}", "v1.31.2") for name in ("kubeadm", "kubectl", "kubelet")},
    firewall=Firewall("ufw", rules=("Default: deny (incoming)",)),
)


def test_a_bare_host_gets_everything() -> None:
    decision = decided(BARE)
    assert decision.problems == ()
    assert decision.packages == (
        *("conntrack", "ethtool", "iproute2", "iptables", "socat"),
        *("containerd", "kubeadm=1.34.4-*", "kubectl=1.34.4-*", "kubelet=1.34.4-*", "chrony"),
    )
    assert decision.kernel.modules == ("br_netfilter", "overlay")
    assert set(decision.kernel.sysctls) == {
        "net.bridge.bridge-nf-call-ip6tables",
        "net.bridge.bridge-nf-call-iptables",
        "net.ipv4.ip_forward",
    }
    assert decision.kubernetes.hold == ("kubeadm", "kubectl", "kubelet")
    assert decision.kubernetes.key_url == "https://pkgs.k8s.io/core:/stable:/v1.34/deb/Release.key"
    assert decision.services == ("containerd", "kubelet")
    assert (decision.containerd.restart, decision.time.service) == (True, "chrony")


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"kubelet_configuration": {"cgroupDriver": "cgroupfs"}, "pod_subnet": "10.0.0.0/8,fd00::/48"},
        {"registry_mirrors": {"registry.k8s.io": {"url": "https://mirror", "ca": CA}}},
        {"package_repository": {"url": "http://mirror/deb", "key": KEY}},
        {"binaries": "https://dl.k8s.io/release/v1.34.4/bin/linux/amd64"},
        {"binaries": "/srv/kubernetes"},
    ],
)
@pytest.mark.parametrize("bare", [BARE, ROCKY, FEDORA, LEAP], ids=["debian", "rocky", "fedora", "leap"])
def test_nothing_is_left_when_it_is_done(bare: NodeReport, inputs: dict[str, t.Any]) -> None:
    before = dataclasses.replace(bare, swap=Swap(("/dev/sda2",), True, ()))
    assert objects(decided(before, **inputs))[:2] == ["swap", "swap in /etc/fstab"]
    again = decided(afterwards(before, **inputs), **inputs)
    assert (again.changes, again.problems, again.packages) == ((), (), ())
    assert (again.containerd.restart, again.kubernetes.files, again.services) == (False, (), ())


@pytest.mark.parametrize(
    ("report", "runtime", "kubeadm", "source"),
    [
        (BARE, "containerd", "kubeadm=1.34.4-*", node_files.APT_SOURCE),
        (ROCKY, "containerd.io", "kubeadm-1.34.4", node_files.DNF_SOURCE),
        (FEDORA, "containerd", "kubeadm-1.34.4", node_files.DNF_SOURCE),
        (LEAP, "containerd", "kubeadm=1.34.4", node_files.ZYPPER_SOURCE),
    ],
)
def test_distributions(report: NodeReport, runtime: str, kubeadm: str, source: str) -> None:
    decision = decided(report)
    assert decision.containerd.package == runtime
    assert kubeadm in decision.packages
    (written,) = decision.kubernetes.files
    assert written.path == source
    if report.package_manager != "apt":
        assert "gpgcheck=1\n" in written.content
        assert "baseurl=https://pkgs.k8s.io/core:/stable:/v1.34/rpm/\n" in written.content
        assert ("exclude=" in written.content) is (report.package_manager == "dnf")


def test_a_working_node_keeps_everything() -> None:
    decision = decided(NODE, registry_mirrors={"registry.k8s.io": {"url": "https://mirror"}})
    assert (decision.changes, decision.problems, decision.notes) == ((), (), ())
    assert decision.packages == ()
    assert decision.version == "1.31.2"


def test_of_a_node_the_roles_own_files_are_kept_up_to_date() -> None:
    ready = afterwards(BARE)
    effective = {**ready.containerd.effective, "config_path": node_files.CONTAINERD_HOSTS}
    found = dataclasses.replace(ready.containerd, effective=effective, is_loaded=False)
    report = dataclasses.replace(ready, is_node=True, runs_kubelet=True, containerd=found)
    # Pods run: a containerd that was started before its file was touched stays, and so does the pause image of its version.
    assert decided(report, kubernetes_version="1.35.0").changes == ()
    decision = decided(report, registry_mirrors={"quay.io": {"url": "https://mirror"}})
    assert objects(decision) == ["file /etc/containerd/certs.d/quay.io/hosts.toml"]
    assert decision.containerd.restart is False
    decision = decided(report, containerd_settings={"io.containerd.grpc.v1.cri": {"enable_selinux": True}})
    assert objects(decision) == [f"file {node_files.CONTAINERD}", "service containerd"]
    assert decision.containerd.restart is True


def test_somebody_elses_containerd_is_replaced_where_no_kubelet_runs() -> None:
    (written,) = decided(dataclasses.replace(BARE, containerd=FOREIGN)).containerd.files
    assert (written.path, written.backup) == (node_files.CONTAINERD, True)


def test_somebody_elses_containerd_under_a_kubelet_is_a_problem() -> None:
    report = dataclasses.replace(BARE, containerd=FOREIGN, runs_kubelet=True)
    decision = decided(report)
    assert decision.containerd.files == ()
    assert decision.containerd.restart is False
    assert "its SystemdCgroup is false and not true" in messages(decision)
    assert "its bin_dir of cni is /usr/lib/cni and not /opt/cni/bin" in messages(decision)
    fits = dataclasses.replace(FOREIGN, effective={"cri": "enabled", "cgroup": "true", "bin_dir": "/opt/cni/bin"})
    assert decided(dataclasses.replace(report, containerd=fits)).problems == ()
    off = dataclasses.replace(FOREIGN, effective={"cri": "disabled"})
    assert "disables the plugin cri" in messages(decided(dataclasses.replace(report, containerd=off)))


@pytest.mark.parametrize(
    ("version", "image"),
    [
        ("1.38.0", "registry.k8s.io/pause:3.10.2"),
        ("1.37.1", "registry.k8s.io/pause:3.10.2"),
        ("1.36.3", "registry.k8s.io/pause:3.10.2"),
        ("1.35.4", "registry.k8s.io/pause:3.10.1"),
        ("1.34.4", "registry.k8s.io/pause:3.10.1"),
        ("v1.33.6", "registry.k8s.io/pause:3.10"),
        ("1.31.14", "registry.k8s.io/pause:3.10"),
        ("1.29.14", "registry.k8s.io/pause:3.9"),
        ("1.26.15", "registry.k8s.io/pause:3.9"),
        ("1.24.17", "registry.k8s.io/pause:3.7"),
    ],
)
def test_the_pause_image_belongs_to_the_version(version: str, image: str) -> None:
    (written,) = decided(BARE, kubernetes_version=version).containerd.files
    assert tomllib.loads(written.content)["plugins"]["io.containerd.grpc.v1.cri"]["sandbox_image"] == image


def test_the_configuration_of_containerd() -> None:
    (written,) = decided(
        BARE,
        image_repository="mirror:5000/k8s/",
        kubelet_configuration={"cgroupDriver": "cgroupfs"},
        containerd_settings={
            "io.containerd.grpc.v1.cri": {"disable_apparmor": True, "cni": {"conf_dir": "/x"}},
            "io.containerd.internal.v1.opt": {"path": '/a "b"'},
        },
    ).containerd.files
    assert node_files.MARKER in written.content.splitlines()[0]
    assert tomllib.loads(written.content) == {
        "version": 2,
        "plugins": {
            "io.containerd.grpc.v1.cri": {
                "sandbox_image": "mirror:5000/k8s/pause:3.10.1",
                "disable_apparmor": True,
                "containerd": {
                    "runtimes": {"runc": {"runtime_type": "io.containerd.runc.v2", "options": {"SystemdCgroup": False}}}
                },
                "cni": {"bin_dir": "/opt/cni/bin", "conf_dir": "/x"},
                "registry": {"config_path": "/etc/containerd/certs.d"},
            },
            "io.containerd.internal.v1.opt": {"path": '/a "b"'},
        },
    }


def test_mirrors_are_first_and_only() -> None:
    mirrors = {
        "registry.k8s.io": {"url": "https://mirror/", "ca": CA},
        "docker.io": {"url": "http://harbor/v2/proxy"},
    }
    files = {each.path: each.content for each in decided(BARE, registry_mirrors=mirrors).containerd.registries}
    directory = "/etc/containerd/certs.d"
    assert files[f"{directory}/registry.k8s.io/ca.crt"] == CA
    assert tomllib.loads(files[f"{directory}/registry.k8s.io/hosts.toml"]) == {
        "server": "https://mirror",
        "host": {"https://mirror": {"capabilities": ["pull", "resolve"], "ca": f"{directory}/registry.k8s.io/ca.crt"}},
    }
    harbor = tomllib.loads(files[f"{directory}/docker.io/hosts.toml"])
    assert harbor["host"]["http://harbor/v2/proxy"]["override_path"] is True


@pytest.mark.parametrize(
    ("swap", "bears", "changed", "remedy"),
    [
        (Swap(("/swap",), False, ()), False, ["swap"], ""),
        (Swap((), True, ()), False, ["swap in /etc/fstab"], ""),
        (Swap(("/dev/zram0",), False, ("zram-generator",)), False, ["swap"], "/etc/systemd/zram-generator.conf"),
        (Swap((), False, ("dev-sda2.swap",)), False, [], "systemctl mask --now dev-sda2.swap"),
        (Swap((), False, ("zramswap.service",)), False, [], "systemctl disable --now zramswap.service"),
        (Swap(("/swap",), True, ("zram-generator",)), True, [], ""),
    ],
)
def test_swap(swap: Swap, bears: bool, changed: list[str], remedy: str) -> None:
    configuration = {"failSwapOn": False} if bears else {}
    decision = decided(dataclasses.replace(BARE, swap=swap), kubelet_configuration=configuration)
    assert [each for each in objects(decision) if "swap" in each] == changed
    assert bool(decision.problems) is bool(remedy)
    assert remedy in messages(decision)


def test_a_kernel_that_is_ready_is_left_alone() -> None:
    report = dataclasses.replace(
        BARE,
        modules={"overlay": Module(True, True, False), "br_netfilter": Module(True, False, True)},
        sysctls={name: Sysctl("1", "1", "/etc/sysctl.d/10-mine.conf") for name in BARE.sysctls},
    )
    assert decided(report).kernel == KernelNeeds()


def test_a_file_that_is_read_later_is_a_problem() -> None:
    sysctls = {**BARE.sysctls, "net.ipv4.ip_forward": Sysctl("1", "0", "/etc/sysctl.d/99-hard.conf")}
    decision = decided(dataclasses.replace(BARE, sysctls=sysctls))
    assert "/etc/sysctl.d/99-hard.conf on h1 sets net.ipv4.ip_forward = 0" in messages(decision)
    earlier = {**BARE.sysctls, "net.ipv4.ip_forward": Sysctl("0", "0", "/etc/sysctl.d/10-hard.conf")}
    assert decided(dataclasses.replace(BARE, sysctls=earlier)).problems == ()


def test_ipv6_pods_need_its_forwarding() -> None:
    assert decided(BARE, pod_subnet="10.0.0.0/8, fd00::/48").kernel.sysctls["net.ipv6.conf.all.forwarding"] == "1"


def test_a_container_has_kernel_swap_and_clock_of_its_machine() -> None:
    modules = {**BARE.modules, "overlay": Module(True, False, False)}
    report = dataclasses.replace(BARE, is_container=True, modules=modules, swap=Swap(("/dev/sda2",), False, ()))
    decision = decided(report)
    assert "run modprobe br_netfilter on the machine" in messages(decision)
    assert decision.swap.off is False
    assert decision.time.service == ""
    assert len(decision.notes) == 2
    loaded = dataclasses.replace(report, modules={name: Module(True, False, False) for name in modules})
    assert decided(loaded).problems == ()


@pytest.mark.parametrize(
    ("time", "manage", "service", "notes"),
    [
        (Time(True, (), False), True, "", 0),
        (Time(False, ("chrony",), False), True, "", 0),
        (Time(False, (), True), True, "systemd-timesyncd", 0),
        (Time(False, (), False), True, "chrony", 0),
        (Time(False, (), False), False, "", 1),
    ],
)
def test_the_clock(time: Time, manage: bool, service: str, notes: int) -> None:
    decision = decided(dataclasses.replace(BARE, time=time), manage_time=manage)
    assert (decision.time.service, len(decision.notes)) == (service, notes)


def test_without_a_version_the_offers_are_named() -> None:
    report = dataclasses.replace(BARE, offered=("1.34.4", "1.34.3"))
    assert "the repositories of h1 offer 1.34.4, 1.34.3" in messages(decided(report, kubernetes_version=""))
    assert "no repository of h1 offers kubeadm" in messages(decided(BARE, kubernetes_version=""))
    programs = {name: Program(f"/usr/bin/{name}", "v1.33.2") for name in ("kubeadm", "kubelet", "kubectl")}
    has_it = decided(dataclasses.replace(BARE, programs={**BARE.programs, **programs}), kubernetes_version="")
    assert (has_it.version, has_it.problems) == ("1.33.2", ())


def test_another_version_of_a_package_is_replaced() -> None:
    ready = afterwards(BARE)
    decision = decided(ready, kubernetes_version="1.34.3")
    assert decision.packages == ("kubeadm=1.34.3-*", "kubectl=1.34.3-*", "kubelet=1.34.3-*")
    assert "program kubeadm" in objects(decision)


def test_a_program_that_hides_the_packages_is_a_problem() -> None:
    programs = {**BARE.programs, "kubeadm": Program("/usr/local/bin/kubeadm", "v1.30.0")}
    report = dataclasses.replace(BARE, programs=programs)
    assert "/usr/local/bin/kubeadm on h1 is v1.30.0" in messages(decided(report))
    assert decided(report, binaries="/srv/kubernetes").kubernetes.binaries == ("kubeadm", "kubectl", "kubelet")


def test_a_host_without_a_package_manager_needs_programs() -> None:
    report = dataclasses.replace(BARE, package_manager="", os=OperatingSystem("flatcar", "coreos", "1"))
    assert "set kubeadm_ha_binaries" in messages(decided(report))
    assert "which package has containerd there is not known" in messages(decided(report))


def test_another_runtime_is_a_problem_unless_it_is_the_operators() -> None:
    report = dataclasses.replace(BARE, other_runtimes=("unix:///var/run/crio/crio.sock",))
    assert "kubeadm_ha_manage_containerd" in messages(decided(report))
    decision = decided(report, manage_containerd=False)
    assert (decision.problems, decision.containerd.files, decision.crictl) == ((), (), ())
    assert decision.services == ("kubelet",)


def test_files_of_others_are_kept() -> None:
    report = dataclasses.replace(BARE, files={node_files.CRICTL: FoundFile("aa", False)})
    assert decided(report).crictl == ()
    report = dataclasses.replace(BARE, files={node_files.SYSCTLS: FoundFile("aa", False)})
    (settings,) = (each for each in decided(report).kernel.files if each.path == node_files.SYSCTLS)
    assert settings.backup is True


def test_a_stopped_containerd_is_started_and_a_stale_one_restarted() -> None:
    ready = afterwards(BARE)
    stopped = {**ready.services, "containerd": Service("inactive", "enabled")}
    assert decided(dataclasses.replace(ready, services=stopped)).services == ("containerd",)
    stale = dataclasses.replace(ready, containerd=dataclasses.replace(ready.containerd, is_loaded=False))
    assert objects(decided(stale)) == ["service containerd"]


@pytest.mark.parametrize(
    ("node_type", "ports"),
    [
        ("worker", ["8472/udp", "10250/tcp", "30000-32767/tcp"]),
        ("control_plane", ["2379-2380/tcp", "8443/tcp", "8472/udp", "10250/tcp", "10257/tcp", "10259/tcp"]),
    ],
)
def test_ports(node_type: str, ports: list[str]) -> None:
    report = dataclasses.replace(BARE, firewall=Firewall("ufw", rules=("Default: deny (incoming)",)))
    decision = decided(report, node_type=node_type, api_server_port="8443")
    assert sorted(f"{port.text('-')}/{port.protocol}" for port in decision.firewall.ports) == sorted(ports)
    etcd = [port.sources for port in decision.firewall.ports if port.port == 2379]
    assert etcd == ([("192.0.2.11", "192.0.2.12")] if node_type == "control_plane" else [])
    external = decided(report, node_type=node_type, stacked_etcd=False).firewall.ports
    assert not any(port.port == 2379 for port in external)
    assert decision.firewall.networks == ("10.244.0.0/16",)
    assert "ufw network 10.244.0.0/16" in objects(decision)
    assert decided(report, manage_firewall=False).firewall.ports == ()
    assert decided(report, manage_firewall=False).firewall.networks == ()
    assert all(not port.sources for port in decided(report, node_type=node_type, control_planes=[]).firewall.ports)
    assert "node_prepare_control_planes of h1 has 'cp1', which is no IP address." in messages(
        decided(report, control_planes=["cp1"])
    )
    assert "does not have the zone nope" in messages(
        decided(dataclasses.replace(BARE, firewall=Firewall("firewalld", "nope", ("", ""))))
    )


OTHER = dataclasses.replace(
    IDENTITY,
    hostname="h0",
    machine_id="bb",
    mac_addresses=("52:54:00:00:00:02",),
    boot_id="boot2",
    network_namespace="net:[2]",
)


@pytest.mark.parametrize(
    ("same", "message"),
    [
        ({}, ""),
        ({"machine_id": "aa"}, "h1 and h0 have the same machine-id (aa)"),
        ({"hostname": "h1"}, "h1 and h0 have the same hostname (h1)"),
        ({"mac_addresses": ("52:54:00:00:00:01", "52:54:00:00:00:03")}, "same MAC address (52:54:00:00:00:01)"),
        ({"clock": 1100.0}, "The clocks of h1 and h0 differ by 100 s"),
        ({"clock": 1100.0, "seen_at": 1099.0}, ""),
        (
            {"machine_id": "aa", "boot_id": "boot1", "network_namespace": "net:[1]", "hostname": "h1"},
            "h1 and h0 are the same machine",
        ),
    ],
)
def test_hosts_differ(same: dict[str, t.Any], message: str) -> None:
    decision = decided(BARE, {"h0": dataclasses.replace(OTHER, **same)})
    assert len(decision.problems) == bool(message)
    assert message in messages(decision)
    # The other host of the pair is not named as well.
    assert decided(BARE, {"h2": dataclasses.replace(OTHER, **same)}).problems == ()


def test_machines_of_one_firmware_uuid() -> None:
    report = dataclasses.replace(BARE, identity=dataclasses.replace(IDENTITY, product_uuid="u"))
    decision = decided(report, {"h0": dataclasses.replace(OTHER, product_uuid="u")})
    assert "same product_uuid (u)" in messages(decision)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"kubernetes_version": "1.34"}, "set kubeadm_ha_kubernetes_version to a whole version such as 1.34.4"),
        ({"package_repository": {"url": "mirror", "key": KEY}}, "neither http:// nor https://"),
        ({"package_repository": {"url": "http://mirror"}}, "needs the key that signs it"),
        ({"package_repository": {"url": "http://mirror", "key": KEY, "suite": "x"}}, "has suite"),
        ({"package_repository": "x"}, "node_prepare_package_repository of h1 must be a mapping"),
        ({"registry_mirrors": {"../x": {"url": "http://mirror"}}}, "'../x'"),
        ({"registry_mirrors": {"quay.io": {"url": "mirror"}}}, "'quay.io'"),
        ({"registry_mirrors": {"quay.io": {"url": "http://mirror", "ca": "/ca.crt"}}}, "no PEM text"),
        ({"containerd_settings": {"a": 1}}, "none for a"),
        ({"containerd_settings": {"a": {"b": None}}}, "plugins.a.b is None"),
        ({"kubelet_configuration": {"cgroupDriver": "x"}}, "neither systemd nor cgroupfs"),
        ({"pod_subnet": "x"}, "no network"),
        ({"node_type": "x"}, "none of control_plane, worker"),
        ({"api_server_port": "0"}, "no port"),
        ({"manage_time": "maybe"}, "neither true nor false"),
    ],
)
def test_inputs_that_are_wrong(inputs: dict[str, t.Any], message: str) -> None:
    found = messages(decided(BARE, **inputs))
    assert message in found
    assert found.endswith(".")


def test_inputs_must_be_complete() -> None:
    with pytest.raises(InvalidInput, match="inputs of node_prepare"):
        desired.parse("h1", {name: value for name, value in INPUTS.items() if name != "cni"})


def test_what_was_written_is_read_again() -> None:
    for report in (BARE, NODE, afterwards(BARE)):
        document = json.loads(json.dumps(report.as_dict()))
        assert NodeReport.from_dict("h1", document) == report
    decision = decided(dataclasses.replace(BARE, swap=Swap(("/swap",), True, ("x.swap",))), package_repository={})
    again = NodeDecision.from_dict("h1", json.loads(json.dumps(decision.as_dict())))
    assert again.as_dict() == decision.as_dict()
    with pytest.raises(MalformedReport, match="h1"):
        NodeReport.from_dict("h1", {**BARE.as_dict(), "swap": []})
