# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where proxies are found: files of sessions, the kubelet's unit and its files, systemd's manager, manifests."""

from __future__ import annotations

import dataclasses
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.proxy_inspection import ProxyInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.memory_api import MemoryCommands

if t.TYPE_CHECKING:
    from pathlib import Path

PROXY = "http://192.0.2.250:3128"
SECRET = "hunter2"
MANIFEST = f"""\
apiVersion: v1
kind: Pod
spec:
  containers:
  - command:
    - kube-apiserver
    env:
    - name: HTTPS_PROXY
      value: http://ann:{SECRET}@192.0.2.250:3128
    - name: NO_PROXY
      value: localhost,192.0.2.11
    - name: TOKEN
      value: {SECRET}
    - name: POD
      valueFrom:
        fieldRef:
          fieldPath: metadata.name
    image: registry.k8s.io/kube-apiserver:v1.34.4
"""


def inspect(root: Path, shown: str = "") -> list[dict[str, t.Any]]:
    """What is found below a directory, with this answer of ``systemctl show``."""
    commands = MemoryCommands(systemctl=lambda _arguments, _stdin: CommandResult(0, shown, ""))
    found = ProxyInspection(commands, kubernetes_dir=str(root / "etc/kubernetes"), root=str(root)).collect()
    return [dataclasses.asdict(source) for source in found]


def write(root: Path, name: str, text: str) -> str:
    """A file below the directory; its path."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_nothing(tmp_path: Path) -> None:
    assert inspect(tmp_path) == []
    assert inspect(tmp_path, "Environment=KUBELET=x\nFragmentPath=/lib/systemd/system/kubelet.service\n") == []


def test_sessions(tmp_path: Path) -> None:
    environment = write(tmp_path, "etc/environment", f"https_proxy={PROXY}\nno_proxy=localhost\n")
    (found,) = inspect(tmp_path)
    assert (found["kind"], found["path"], found["variable"]) == ("login", environment, "no_proxy")
    assert found["exceptions"] == "localhost"
    profile = write(tmp_path, "etc/profile.d/proxy.sh", 'export no_proxy="localhost,192.0.2.10"\n')
    (found,) = inspect(tmp_path)
    assert (found["path"], found["exceptions"]) == (profile, "localhost,192.0.2.10")


@pytest.mark.parametrize("in_drop_in", [True, False])
def test_the_unit_of_the_kubelet(tmp_path: Path, *, in_drop_in: bool) -> None:
    drop_in = write(tmp_path, "proxy.conf", '[Service]\nEnvironment="NO_PROXY=localhost"\n')
    flags = write(tmp_path, "flags.env", "KUBELET_KUBEADM_ARGS=--v=2\n")
    file = write(tmp_path, "default", f"HTTPS_PROXY={PROXY}\nNO_PROXY=192.0.2.10\n")
    shown = (
        f'Environment=HTTPS_PROXY={PROXY} "NO_PROXY=localhost" "KUBELET_EXTRA={SECRET} --x"\n'
        f"EnvironmentFiles={flags} (ignore_errors=yes)\n"
        + ("" if in_drop_in else f"EnvironmentFiles={file} (ignore_errors=yes)\n")
        + f"FragmentPath=/lib/systemd/system/kubelet.service\nDropInPaths={drop_in}\n"
    )
    (found,) = inspect(tmp_path, shown)
    assert (found["kind"], found["name"], found["proxy"]) == ("unit", "kubelet", PROXY)
    wanted = (drop_in, "localhost") if in_drop_in else (file, "192.0.2.10")
    assert (found["path"], found["exceptions"]) == wanted
    assert SECRET not in json.dumps(found)


def test_the_environment_that_every_unit_gets(tmp_path: Path) -> None:
    write(
        tmp_path,
        "etc/systemd/system.conf.d/proxy.conf",
        f'[Manager]\nDefaultEnvironment="HTTPS_PROXY={PROXY}" "A=b c"\n',
    )
    (found,) = inspect(tmp_path, "Environment=\n")
    assert (found["name"], found["exceptions"]) == ("kubelet", "")
    assert found["path"] == "/etc/systemd/system/kubelet.service.d/proxy.conf"


def test_manifests_without_their_passwords(tmp_path: Path) -> None:
    path = write(tmp_path, "etc/kubernetes/manifests/kube-apiserver.yaml", MANIFEST)
    write(tmp_path, "etc/kubernetes/manifests/broken.yaml", "spec: [")
    found = inspect(tmp_path)
    assert [(item["kind"], item["name"], item["path"], item["exceptions"]) for item in found] == [
        ("manifest", "kube-apiserver", path, "localhost,192.0.2.11")
    ]
    assert SECRET not in json.dumps(found)
