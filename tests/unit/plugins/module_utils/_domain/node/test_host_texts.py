# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts of a host."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import host_texts
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node.report import Sysctl

#: ``containerd config dump`` of 1.7 and 2.1, cut.
DUMP_1 = """\
disabled_plugins = []
version = 2

[plugins]

  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "registry.k8s.io/pause:3.10.1"

    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/opt/cni/bin"

    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      BinaryName = ""
      SystemdCgroup = true

    [plugins."io.containerd.grpc.v1.cri".registry]
      config_path = "/etc/containerd/certs.d"
"""
DUMP_2 = """\
version = 3
disabled_plugins = ['io.containerd.grpc.v1.cri']

[plugins]
  [plugins.'io.containerd.cri.v1.images']
    [plugins.'io.containerd.cri.v1.images'.pinned_images]
      sandbox = 'registry.k8s.io/pause:3.10'

    [plugins.'io.containerd.cri.v1.images'.registry]
      config_path = ''

  [plugins.'io.containerd.cri.v1.runtime']
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
            SystemdCgroup = false

    [plugins.'io.containerd.cri.v1.runtime'.cni]
      bin_dir = '/usr/lib/cni'
"""


def test_what_containerd_prints() -> None:
    assert host_texts.containerd_settings(DUMP_1) == {
        "cri": "enabled",
        "sandbox": "registry.k8s.io/pause:3.10.1",
        "bin_dir": "/opt/cni/bin",
        "cgroup": "true",
        "config_path": "/etc/containerd/certs.d",
    }
    assert host_texts.containerd_settings(DUMP_2) == {
        "cri": "disabled",
        "sandbox": "registry.k8s.io/pause:3.10",
        "bin_dir": "/usr/lib/cni",
        "cgroup": "false",
        "config_path": "",
    }
    assert host_texts.containerd_settings('disabled_plugins = ["cri"]\n') == {"cri": "disabled"}
    assert host_texts.containerd_settings("") == {}


def test_the_last_setting_wins() -> None:
    files = [
        ("/a", "# net.x = 9\n-net.ipv4.ip_forward=0\nnet/ipv4/conf/eth0.1/x = 2"),
        ("/b", "net/ipv4/ip_forward = 1 \n;x=1"),
    ]
    assert host_texts.sysctls(files, {"net.ipv4.ip_forward": "0", "net.y": ""}) == {
        "net.ipv4.ip_forward": Sysctl("0", "1", "/b"),
        "net.y": Sysctl("", "", ""),
    }


def test_modules() -> None:
    assert host_texts.modules_at_boot(["# overlay\nbr-netfilter\n", ";x\n\n"]) == {"br_netfilter"}
    assert host_texts.built_in("kernel/fs/overlayfs/overlay.ko\nkernel/x/a-b.ko.zst\n\n") == {"overlay", "a_b"}


@pytest.mark.parametrize(
    ("fstab", "expected"),
    [
        ("UUID=1 none swap sw 0 0\n", True),
        ("/swap swap swap\n", True),
        ("# UUID=1 none swap sw 0 0\n", False),
        ("/dev/swap / ext4 defaults 0 1\n", False),
        ("", False),
    ],
)
def test_swap_in_fstab(fstab: str, expected: bool) -> None:
    assert host_texts.has_swap(fstab) is expected


def test_swap_in_use() -> None:
    text = "Filename\tType\tSize\n/dev/sda2  partition 1 0 -2\n"
    assert host_texts.swap_devices(text) == ("/dev/sda2",)
    assert host_texts.swap_devices("Filename Type\n") == ()


def test_units_that_swap_again() -> None:
    blocks = [
        "Id=dev-sda2.swap\nFragmentPath=/run/systemd/generator/dev-sda2.swap\nSourcePath=/etc/fstab\nUnitFileState=generated",
        "Id=dev-sda3.swap\nFragmentPath=\nSourcePath=\nUnitFileState=",
        "Id=mine.swap\nFragmentPath=/etc/systemd/system/mine.swap\nSourcePath=\nUnitFileState=enabled",
        "Id=off.swap\nFragmentPath=/etc/systemd/system/off.swap\nSourcePath=\nUnitFileState=masked",
        "Id=gpt.swap\nFragmentPath=/run/systemd/generator.late/gpt.swap\nSourcePath=\nUnitFileState=generated",
    ]
    assert host_texts.swap_units("\n\n".join(blocks)) == ("mine.swap", "gpt.swap")
    assert host_texts.swap_units("") == ()
