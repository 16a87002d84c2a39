# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the integration tests: one control plane for all, its objects fresh for each test that asks for them."""

from __future__ import annotations

import typing as t

import pytest

from tests.integration import control_plane
from tests.integration.modules import Modules
from tests.integration.private_host import PrivateHost

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.control_plane import ControlPlane


@pytest.fixture(scope="session")
def binaries() -> Path:
    """Directory of kubeadm, kubectl, kube-apiserver, kube-controller-manager and etcd."""
    return control_plane.lab_binaries()


@pytest.fixture(scope="session")
def plane(binaries: Path, tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[ControlPlane]:
    """A running control plane. Tests leave it as they found it, but for the objects of kubeadm."""
    with control_plane.running(binaries, tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture(scope="session")
def kubeadm_objects(plane: ControlPlane) -> control_plane.KubeadmObjects:
    """What ``kubeadm init`` writes into the cluster."""
    return control_plane.KubeadmObjects(plane)


@pytest.fixture(autouse=True)
def _without_objects(request: pytest.FixtureRequest) -> None:
    """A test that has the control plane without asking for the cluster finds no object of kubeadm."""
    if "plane" in request.fixturenames and "cluster" not in request.fixturenames:
        request.getfixturevalue("kubeadm_objects").remove()


@pytest.fixture
def cluster(plane: ControlPlane, kubeadm_objects: control_plane.KubeadmObjects) -> ControlPlane:
    """The control plane with the objects that ``kubeadm init`` writes, fresh."""
    kubeadm_objects.provide()
    return plane


@pytest.fixture
def modules(plane: ControlPlane, tmp_path: Path) -> Modules:
    """Runs modules as on a control plane node: the binaries in PATH, no Python library ``kubernetes``."""
    return Modules(plane.environment, tmp_path, ("kubernetes",))


@pytest.fixture(params=["kubectl", "kubernetes client"])
def modules_with_each_adapter(request: pytest.FixtureRequest, plane: ControlPlane, tmp_path: Path) -> Modules:
    """Runs modules on a host without and with the Python library ``kubernetes``."""
    return Modules(plane.environment, tmp_path, ("kubernetes",) if request.param == "kubectl" else ())


@pytest.fixture
def host(plane: ControlPlane, tmp_path: Path) -> PrivateHost:
    """A host with /etc, /var/lib and /run of its own, on which nothing of Kubernetes is."""
    return PrivateHost(tmp_path / "host", plane)


@pytest.fixture
def modules_on_host(host: PrivateHost, plane: ControlPlane, tmp_path: Path) -> Modules:
    """Runs modules on that host."""
    return Modules(plane.environment, tmp_path, ("kubernetes",), host.prefix)
