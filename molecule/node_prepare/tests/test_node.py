# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a host on which the role node_prepare has run."""

import tomllib

import pytest

CRI = "io.containerd.grpc.v1.cri"


@pytest.mark.parametrize("name", ["kubeadm", "kubelet", "kubectl"])
def test_exactly_one_version_is_installed_and_held(host, name) -> None:
    # The repository has a newer one, too.
    assert host.package(name).version == "1.34.4-1.1"
    assert name in host.check_output("apt-mark showhold").split()


def test_containerd_runs_with_the_configuration(host) -> None:
    assert host.service("containerd").is_running
    assert host.service("containerd").is_enabled
    assert host.service("kubelet").is_enabled
    plugin = tomllib.loads(host.check_output("containerd config dump"))["plugins"][CRI]
    assert plugin["sandbox_image"] == "registry.k8s.io/pause:3.10.1"
    assert plugin["cni"]["bin_dir"] == "/opt/cni/bin"
    assert plugin["registry"]["config_path"] == "/etc/containerd/certs.d"
    assert plugin["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is False
    assert plugin["disable_apparmor"] is True
    listed = [line.split() for line in host.check_output("ctr plugins list").splitlines()]
    assert [line[-1] for line in listed if line[:2] == ["io.containerd.grpc.v1", "cri"]] == ["ok"]


def test_the_mirror_is_first_and_only(host) -> None:
    text = host.file("/etc/containerd/certs.d/registry.k8s.io/hosts.toml").content_string
    mirror = "http://127.0.0.1:5000"
    assert tomllib.loads(text) == {"server": mirror, "host": {mirror: {"capabilities": ["pull", "resolve"]}}}


def test_the_kernel_forwards_now_and_later(host) -> None:
    assert host.sysctl("net.ipv4.ip_forward") == 1
    assert "net.ipv4.ip_forward = 1" in host.file("/etc/sysctl.d/90-kubernetes.conf").content_string
    assert "br_netfilter" in host.file("/etc/modules-load.d/kubernetes.conf").content_string


def test_swap_is_a_comment(host) -> None:
    lines = host.file("/etc/fstab").content_string.splitlines()
    assert "# /swap none swap sw 0 0" in lines
    assert "/swap none swap sw 0 0" not in lines
