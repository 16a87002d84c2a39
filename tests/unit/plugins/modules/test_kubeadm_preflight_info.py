# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``main()`` of kubeadm_preflight_info with a kubeadm of the test's own, and the options that it shares with kubeadm_join."""

from __future__ import annotations

import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.modules import kubeadm_preflight_info

if t.TYPE_CHECKING:
    from tests.unit.plugins.modules.conftest import RunModule

CONFIG_MAP = {"metadata": {"name": "kubeadm-config", "namespace": "kube-system"}, "data": {}}
OPTIONS: dict[str, t.Any] = {"config_maps": [CONFIG_MAP], "api_version": "kubeadm.k8s.io/v1beta4"}


@pytest.fixture
def kubeadm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> t.Callable[[str], None]:
    """Puts a script in the place of kubeadm."""

    def put(script: str) -> None:
        (tmp_path / "kubeadm").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (tmp_path / "kubeadm").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    return put


@pytest.mark.parametrize("check", [False, True])
def test_what_kubeadm_reported(kubeadm: t.Callable[[str], None], run_module: RunModule, *, check: bool) -> None:
    kubeadm(
        "cat > /dev/null\nprintf '\\t[WARNING Hostname]: who\\n' >&2\n"
        "printf '[preflight] Some fatal errors occurred:\\n\\t[ERROR NumCPU]: one\\n' >&2; exit 1"
    )
    found = run_module("kubeadm_preflight_info", check=check, **OPTIONS)
    assert found["changed"] is False
    assert found["failed_checks"][0] == {"name": "NumCPU", "text": "one"}
    assert found["warned_checks"] == [{"name": "Hostname", "text": "who"}]
    assert set(yaml.safe_load(kubeadm_preflight_info.RETURN)) == set(found) - {
        *("changed", "changes", "invocation"),
        # What Ansible itself warned of in this process.
        "warnings",
    }


def test_a_kubeadm_that_does_not_end(kubeadm: t.Callable[[str], None], run_module: RunModule) -> None:
    kubeadm("exec sleep 60")
    found = run_module("kubeadm_preflight_info", **OPTIONS, timeout=1)
    assert found["failed"] is True
    assert found["msg"] == "kubeadm join phase preflight did not end within 1 s."


def test_bad_options_are_named(kubeadm: t.Callable[[str], None], run_module: RunModule) -> None:
    kubeadm("exit 0")
    assert (
        "option kubelet_extra_args"
        in run_module("kubeadm_preflight_info", **OPTIONS, kubelet_extra_args={"-v": 2})["msg"]
    )
