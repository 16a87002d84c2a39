# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of a host that is not joined."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import CommandFailed, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import join
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.memory_api import MemoryCommands
from tests.unit.plugins.module_utils._domain.kubeadm.test_join import Node, ensure
from tests.unit.plugins.module_utils._domain.kubeadm.test_join_configuration import KEY, TOKEN, request
from tests.unit.plugins.module_utils._domain.kubeadm.test_joined_host import HASH, MANIFESTS, OTHER_HASH, WORKER, host


@pytest.mark.parametrize(
    ("ca_hash", "reported"),
    [
        (HASH, "Put back what is missing, from a backup or another control plane."),
        (OTHER_HASH, "Take it out of the inventory"),
    ],
)
def test_a_host_that_starts_a_control_plane_is_not_simply_to_be_reset(ca_hash: str, reported: str) -> None:
    """A control plane whose admin.conf was put away seems half joined: its remedy must not delete the cluster."""
    present = (WORKER | MANIFESTS) - {"/etc/kubernetes/admin.conf"}
    with pytest.raises(UnsupportedState) as caught:
        join.decide(host(present, "cp1", ca_hash), request(control_plane=True), host_name="cp1")
    assert reported in caught.value.message
    assert "It deletes the CA's key and etcd's data" in caught.value.message


def test_a_refusal_names_what_is_there_and_what_lacks() -> None:
    with pytest.raises(UnsupportedState) as caught:
        join.decide(host(WORKER - {"/var/lib/kubelet/config.yaml"}, "w1", HASH), request(), host_name="w1")
    assert "it has /etc/kubernetes/kubelet.conf" in caught.value.message
    assert "but not /var/lib/kubelet/config.yaml" in caught.value.message
    with pytest.raises(UnsupportedState, match="its kubelet connects to https://192.0.2.99:6443"):
        join.decide(host(WORKER, "w1", OTHER_HASH, server="https://192.0.2.99:6443"), request(), host_name="w1")


def test_a_failed_join_reports_kubeadms_reason_and_no_secret() -> None:
    stderr = (
        "[WARNING SystemVerification]: cgroups v1\n"
        f"error: token {TOKEN.text} with {KEY} is not {TOKEN.secret}\n"
        "To see the stack trace of this error execute with --v=5 or higher\n"
    )
    commands = MemoryCommands(kubeadm=lambda _arguments, _stdin: CommandResult(1, "", stderr))
    decision = ensure(MemoryFiles({}), commands, Node(None), control_plane=True, certificate_key=KEY)
    with pytest.raises(CommandFailed) as caught:
        decision.act()
    assert "error: token *** with *** is not ***." in caught.value.message
    assert "cgroups" not in caught.value.message
    assert "stack trace" not in caught.value.message
    for secret in (TOKEN.secret, KEY):
        assert secret not in str(caught.value.details)


def test_a_join_that_failed_by_etcd_reports_what_the_new_etcd_said() -> None:
    def line(level: str, message: str, second: int) -> str:
        text = f'{{"level":"{level}","ts":"2026-11-28T10:00:{second:02}.1Z","msg":"{message}","error":"no answer"}}'
        return f"2026-11-28T10:00:{second:02}.123456789Z stderr F {text}\n"

    log = "/var/log/pods/kube-system_etcd-cp2_0123/etcd"
    contents = {
        f"{log}/8.log": line("fatal", "an older start", 1).encode(),
        f"{log}/9.log": "".join(
            [
                line("info", "starting", 2),
                *(line("error", "cannot fetch cluster info from peer urls", i) for i in range(9)),
            ]
        ).encode(),
        f"{log}/10.log": b"",
        "/var/log/pods/default_etcd-of-somebody_1/etcd/0.log": line("error", "another", 1).encode(),
    }
    stderr = "error: error execution phase etcd-join: the etcd member 1 is not started\n"
    commands = MemoryCommands(kubeadm=lambda _arguments, _stdin: CommandResult(1, "", stderr))
    decision = ensure(MemoryFiles(contents), commands, Node(None), control_plane=True, certificate_key=KEY)
    with pytest.raises(CommandFailed) as caught:
        decision.act()
    assert (
        "etcd-join: the etcd member 1 is not started. The etcd of this host said last: cannot fetch cluster info from peer "
        "urls: no answer (9 times). Run the playbook again"
    ) in caught.value.message
    # A reset would take out a member that works: a promotion whose answer came late seems the same.
    assert "reset" not in caught.value.message
