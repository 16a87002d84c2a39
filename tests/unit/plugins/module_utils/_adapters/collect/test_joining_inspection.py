# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a join, a backup and a load balancer need of a host, on this machine with real sockets and processes."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import host_inspection, joining_inspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect.joining_inspection import JoiningInspection
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.host.commands import HostCommands
from tests.tools.environment import CACHE


def inspect(*directories: str, cri_socket: str | None = None, search_path: str | None = None) -> JoiningInspection:
    """The inspection of this machine."""
    commands = HostCommands(timeout=10, search_path=search_path)
    return JoiningInspection(commands, cri_socket=cri_socket, directories=directories)


def test_a_socket_counts_when_something_listens(tmp_path: Path) -> None:
    path = tmp_path / "runtime.sock"
    url = f"unix://{path}"
    assert url not in inspect(cri_socket=url).cri_sockets()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        # The file is there, as after the end of a runtime.
        assert url not in inspect(cri_socket=url).cri_sockets()
        listener.listen()
        assert url in inspect(cri_socket=url).cri_sockets()
        assert str(path) in inspect(cri_socket=str(path)).cri_sockets()


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ({}, ""),
        ({"flags": 'KUBELET_KUBEADM_ARGS="--container-runtime-endpoint=unix:///a.sock --v=2"'}, "unix:///a.sock"),
        ({"config": "kind: KubeletConfiguration\ncontainerRuntimeEndpoint: unix:///b.sock\n"}, "unix:///b.sock"),
        ({"config": 'containerRuntimeEndpoint: ""\n'}, ""),
        ({"config": "containerRuntimeEndpoint:\ncpuManagerPolicy: none\n"}, ""),
        ({"instance": 'containerRuntimeEndpoint: "unix:///c.sock" # this host\n'}, "unix:///c.sock"),
        (
            {
                "instance": "containerRuntimeEndpoint: unix:///c.sock",
                "config": "containerRuntimeEndpoint: unix:///b.sock",
            },
            "unix:///c.sock",
        ),
        (
            {
                "extra": "KUBELET_EXTRA_ARGS=--container-runtime-endpoint=unix:///e.sock",
                "flags": "--container-runtime-endpoint=/a",
            },
            "unix:///e.sock",
        ),
    ],
)
def test_the_socket_that_the_kubelet_was_given(
    texts: dict[str, str], expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(joining_inspection, "_FLAG_FILES", (str(tmp_path / "extra"), str(tmp_path / "flags")))
    monkeypatch.setattr(joining_inspection, "_CONFIGURATIONS", (str(tmp_path / "instance"), str(tmp_path / "config")))
    assert joining_inspection.kubelet_cri_socket() == expected


def test_directories_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    writable, new, below_a_file = tmp_path, tmp_path / "new" / "newer", tmp_path / "file" / "below"
    directories = [str(writable), str(new), str(below_a_file), "/proc/sys"]
    assert inspect(*directories).read_only()[:1] == [str(below_a_file)]
    assert not new.exists()


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="needs a mount namespace")
def test_a_read_only_file_system_is_reported_to_root(tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.collect import joining_inspection\n"
        "print(joining_inspection._is_writable(sys.argv[1]))\n"
    )
    mount = f'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec {sys.executable} -c "$1" "$0"'
    command = ["unshare", "--mount", "sh", "-c", mount, str(tmp_path), script]
    ended = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "PYTHONPATH": str(CACHE)}
    )
    assert ended.stdout.strip() == "False"
    assert inspect(str(tmp_path)).read_only() == []


def test_a_kubeadm_that_changes_something_is_found(tmp_path: Path) -> None:
    """A real process that is called kubeadm, with these arguments."""
    script = tmp_path / "script.py"
    script.write_text(
        "import sys, time, ctypes\n"
        "ctypes.CDLL(None).prctl(15, b'kubeadm', 0, 0, 0)\n"
        "print('ready', flush=True)\n"
        "time.sleep(60)\n"
    )
    for words, expected in (
        (["join", "--config=/dev/stdin"], True),
        (["init", "phase", "upload-certs"], True),
        (["upgrade", "apply", "v1.34.4"], True),
        (["--v=5", "reset", "-f"], True),
        (["version", "-o", "short"], False),
        (["token", "list"], False),
        (["config", "images", "list"], False),
        (["upgrade", "plan"], False),
        (["join", "phase", "preflight"], False),
        (["init", "--dry-run"], False),
    ):
        process = subprocess.Popen([sys.executable, str(script), *words], stdout=subprocess.PIPE)
        try:
            assert process.stdout is not None
            process.stdout.readline()
            assert (process.pid in joining_inspection.changing_kubeadm()) is expected, words
            # Another kubeadm of this machine may be at work, too.
            assert not expected or host_inspection.at_work().startswith(("kubeadm (process ", "a module of"))
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()


@pytest.mark.parametrize(
    ("namespaces", "expected"),
    [
        ({}, True),
        ({"net": "net:[2]"}, True),
        ({"pid": "pid:[2]"}, True),
        ({"net": "net:[2]", "pid": ""}, True),
        ({"net": "net:[2]", "pid": "pid:[2]"}, False),
    ],
)
def test_a_kubeadm_of_a_container_that_is_a_host_of_its_own_is_not_here(
    namespaces: dict[str, str], *, expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def namespace(process: str, kind: str) -> str:
        return f"{kind}:[1]" if process == "self" else namespaces.get(kind, f"{kind}:[1]")

    monkeypatch.setattr(joining_inspection, "_namespace", namespace)
    script = tmp_path / "script.py"
    script.write_text(
        "import time, ctypes\nctypes.CDLL(None).prctl(15, b'kubeadm', 0, 0, 0)\nprint('ready', flush=True)\ntime.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(script), "join"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = joining_inspection.changing_kubeadm()
        process.kill()
    assert (process.pid in found) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HAProxy version 2.6.12-1+deb12u1 2023/12/16 - https://haproxy.org/", "2.6.12-1+deb12u1"),
        ("HA-Proxy version 1.8.27-493ce0b 2020/11/06", "1.8.27-493ce0b"),
        ("something else", ""),
    ],
)
def test_the_version_of_haproxy(text: str, expected: str, tmp_path: Path) -> None:
    program = tmp_path / "haproxy"
    program.write_text(f"#!/bin/sh\necho '{text}'\n")
    program.chmod(0o755)
    assert inspect(search_path=f"{tmp_path}:/usr/bin:/bin").haproxy_version() == expected
    assert inspect(search_path=str(tmp_path / "nowhere")).haproxy_version() == ""
