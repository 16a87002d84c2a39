# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_answers_info against real CoreDNS processes with the smoke application's own Corefile.

Processes that listen on one port share its connections, as the pods of a Service do.
"""

from __future__ import annotations

import contextlib
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.cluster import smoke
from tests.integration import processes

if t.TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.integration.modules import Modules

NODES = {f"smoke-6d5f8c9b7-{name}": node for name, node in (("4k8ws", "cp1"), ("x2x4q", "w1"), ("zz9p7", "w2"))}
PODS = [{"name": name, "node": node} for name, node in NODES.items()]


@contextlib.contextmanager
def coredns(binaries: Path, directory: Path, names: Sequence[str]) -> t.Iterator[int]:
    """The port behind which CoreDNS runs once for each name of a pod."""
    port, dns_port = processes.free_ports(2)
    text: str = smoke.documents(namespace="any", image="any", replicas=2)[1]["data"]["Corefile"]
    corefile = directory / "Corefile"
    corefile.write_text(text.replace(":9153", f"127.0.0.1:{port}").replace(":1053", f":{dns_port}"), encoding="utf-8")
    command = [str(binaries / "coredns"), "-conf", str(corefile)]
    with contextlib.ExitStack() as stack:
        for name in names:
            log = stack.enter_context((directory / f"{name}.log").open("wb"))
            process = processes.start(["env", f"POD_NAME={name}", *command], log)
            stack.callback(process.wait)
            stack.callback(process.terminate)
        yield port


@pytest.mark.parametrize("by_ansible", [False, True])
def test_every_pod_answers(binaries: Path, tmp_path: Path, modules: Modules, *, by_ansible: bool) -> None:
    run = modules.run_by_ansible if by_ansible else modules.run
    with coredns(binaries, tmp_path, list(NODES)) as port:
        target = {"address": "127.0.0.1", "port": port}
        found = run("service_answers_info", targets=[target], pods=PODS)
    assert not found.get("failed"), found["msg"]
    assert found["changed"] is False
    assert found["answers"][0]["pods"] == sorted(NODES)


def test_a_pod_that_never_answers_is_named(binaries: Path, tmp_path: Path, modules: Modules) -> None:
    with coredns(binaries, tmp_path, list(NODES)[:2]) as port:
        target = {"address": "127.0.0.1", "port": port}
        found = modules.run("service_answers_info", targets=[target], pods=PODS, timeout=3)
    assert found["failed"] is True
    assert f"through 127.0.0.1:{port} never smoke-6d5f8c9b7-zz9p7 on w2" in found["msg"]
