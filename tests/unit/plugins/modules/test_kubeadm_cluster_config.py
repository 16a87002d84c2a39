# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Arguments in, result out: kubeadm_cluster_config, its info module and control_plane_endpoint."""

from __future__ import annotations

import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import ApiError
from ansible_collections.kubeadm.ha.plugins.modules import (
    control_plane_endpoint,
    kubeadm_cluster_config,
    kubeadm_cluster_config_info,
)
from tests.unit.plugins.memory_api import MemoryApi

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule

MODULES = (kubeadm_cluster_config_info, kubeadm_cluster_config, control_plane_endpoint)
DOCUMENT = {"apiVersion": "kubeadm.k8s.io/v1beta1", "kind": "ClusterConfiguration", "kubernetesVersion": "v1.20.2"}


class Runner:
    """Runs ``main()`` against an API in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, run_module: RunModule) -> None:
        """A cluster with a ClusterConfiguration alone."""
        self.api = MemoryApi(
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
                "data": {"ClusterConfiguration": yaml.safe_dump(DOCUMENT)},
            }
        )
        self.kubeconfigs: list[str] = []
        self.error: Exception | None = None
        self._run_module = run_module

        def open_api(_commands: object, *, kubeconfig: str, server: str | None) -> MemoryApi:
            self.kubeconfigs.append(kubeconfig)
            if self.error is not None:
                raise self.error
            return self.api

        for module in MODULES:
            monkeypatch.setattr(module, "open_api", open_api)

    def __call__(self, module: t.Any, **arguments: t.Any) -> dict[str, t.Any]:
        """The result of a module."""
        return self._run_module(module.__name__.rpartition(".")[2], **arguments)

    @property
    def stored(self) -> dict[str, t.Any]:
        """The stored document."""
        text = self.api.objects["configmap", "kube-system", "kubeadm-config"]["data"]["ClusterConfiguration"]
        return t.cast("dict[str, t.Any]", yaml.safe_load(text))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, run_module: RunModule) -> Runner:
    """Runs modules."""
    return Runner(monkeypatch, run_module)


def test_info(run: Runner) -> None:
    result = run(kubeadm_cluster_config_info)
    assert run.kubeconfigs == ["/etc/kubernetes/admin.conf"]
    assert (result["changed"], result["changes"]) == (False, [])
    assert result["cluster_configuration"] == DOCUMENT
    assert result["api_version"] == "kubeadm.k8s.io/v1beta1"


@pytest.mark.parametrize("check", [True, False])
def test_config(run: Runner, check: bool) -> None:
    arguments = {
        "control_plane_endpoint": "k8s.example.org:6443",
        "cert_sans": ["192.0.2.10"],
        "extra_args": {"scheduler": {"v": 2}},
        "patch": {"clusterName": "one"},
        "kubeconfig": "/root/other.conf",
        "check": check,
        "diff": True,
    }
    result = run(kubeadm_cluster_config, **arguments)
    assert run.kubeconfigs == ["/root/other.conf"]
    assert result["changed"] is True
    wanted = {
        **DOCUMENT,
        "controlPlaneEndpoint": "k8s.example.org:6443",
        "apiServer": {"certSANs": ["192.0.2.10"]},
        "scheduler": {"extraArgs": {"v": "2"}},
        "clusterName": "one",
    }
    assert result["cluster_configuration"] == wanted
    assert run.stored == (DOCUMENT if check else wanted)
    assert "controlPlaneEndpoint: k8s.example.org:6443" in result["diff"][0]["after"]
    again = run(kubeadm_cluster_config, **arguments)
    assert again["changed"] is check
    assert again.keys() == result.keys()


def test_config_without_options_changes_nothing(run: Runner) -> None:
    assert run(kubeadm_cluster_config)["changed"] is False
    assert run(kubeadm_cluster_config, extra_args={})["changed"] is False
    assert run.api.writes == []


def test_endpoint(run: Runner) -> None:
    result = run(control_plane_endpoint, endpoint="k8s.example.org:6443")
    assert result["changed"] is True
    assert result["control_plane_endpoint"] == "k8s.example.org:6443"
    assert result["cluster_info_server"] is None
    assert any("cannot join with a bootstrap token" in str(warning) for warning in result["warnings"])
    assert run.stored["controlPlaneEndpoint"] == "k8s.example.org:6443"
    assert run(control_plane_endpoint, endpoint="k8s.example.org:6443")["changed"] is False


@pytest.mark.parametrize(
    ("module", "arguments", "message"),
    [
        (control_plane_endpoint, {}, "missing required arguments: endpoint"),
        (control_plane_endpoint, {"endpoint": "k8s.example.org"}, "The option endpoint cannot be used"),
        (kubeadm_cluster_config, {"cert_sans": ["a b"]}, "The option cert_sans cannot be used"),
        (kubeadm_cluster_config, {"extra_args": {"kubelet": {}}}, "kubelet"),
        (kubeadm_cluster_config, {"patch": {"proxy": {}}}, "proxy, which kubeadm.k8s.io/v1beta1 does not have"),
    ],
)
def test_bad_arguments(run: Runner, module: t.Any, arguments: dict[str, t.Any], message: str) -> None:
    result = run(module, **arguments)
    assert result["failed"] is True
    assert message in result["msg"]
    assert run.api.writes == []


@pytest.mark.parametrize("module", MODULES)
def test_an_error_of_the_api_is_a_message(run: Runner, module: t.Any) -> None:
    run.error = ApiError("The API server is down.", reason="Down")
    result = run(module, **({"endpoint": "k8s.example.org:6443"} if module is control_plane_endpoint else {}))
    assert result["msg"] == "The API server is down."
    assert result["reason"] == "Down"


@pytest.mark.parametrize("module", MODULES)
def test_a_missing_library_is_a_message(run: Runner, monkeypatch: pytest.MonkeyPatch, module: t.Any) -> None:
    monkeypatch.setattr(module, "YAML_IMPORT_ERROR", "Traceback ...")
    result = run(module, **({"endpoint": "k8s.example.org:6443"} if module is control_plane_endpoint else {}))
    assert "PyYAML" in result["msg"]
    assert "kubeadm.ha.python_requirements" in result["msg"]
