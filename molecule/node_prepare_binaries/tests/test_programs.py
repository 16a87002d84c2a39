# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a host on which the role node_prepare has installed programs of a URL in place of packages."""

import hashlib
import os
import pathlib

import pytest

PROGRAMS = pathlib.Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"]) / "programs"


@pytest.mark.parametrize("name", ["kubeadm", "kubectl", "kubelet"])
def test_the_program_is_that_of_the_url(host, name) -> None:
    program = host.file(f"/usr/local/bin/{name}")
    assert (program.user, program.group, program.mode) == ("root", "root", 0o755)
    assert program.sha256sum == hashlib.sha256((PROGRAMS / name).read_bytes()).hexdigest()
    assert not host.package(name).is_installed


def test_kubelets_unit_runs_the_program(host) -> None:
    shown = host.check_output("systemctl show --property=ExecStart,DropInPaths kubelet")
    assert "path=/usr/local/bin/kubelet ;" in shown
    assert "kubelet.service.d" in shown
    assert host.service("kubelet").is_enabled


def test_plugins_are_the_genuine_ones_and_their_archive_is_gone(host) -> None:
    for name in ("loopback", "portmap"):
        assert host.file(f"/opt/cni/bin/{name}").user == "root"
        assert host.check_output(f"/opt/cni/bin/{name}") == "genuine"
    assert host.file("/opt/cni").listdir() == ["bin"]


def test_containerd_runs_with_the_plugins(host) -> None:
    assert host.service("containerd").is_running
    assert "/opt/cni/bin" in host.check_output("containerd config dump")
