# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``kubeadm reset`` of a host that no cluster needs.

The plan decides by what the API and etcd report (:mod:`half_joined`). Here the host itself is asked once more, in the
moment before: what cannot be determined counts as needed.
"""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base.change import Change, Decision
from ..base.enumeration import beginning
from ..base.errors import CommandFailed, InvalidInput, UnsupportedState
from ..base.last_words import last_words
from ..pki.certificates_dir import is_cleanable
from .join_traces import MANIFESTS, is_of_kubeadm

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.files import Files

KUBELET_DIRECTORY = "/var/lib/kubelet"
#: What kubeadm and the kubelet make in that directory, all of which a reset deletes. Of the kubelet: ``kubeletconfig/defaults.go``, and the
#: state files of its managers, of which 1.34 has added ``dra_health_state`` and 1.37 the directory ``pods-api`` (pkg/kubelet).
_OF_KUBELET = frozenset(
    {
        *("config.yaml", "instance-config.yaml", "kubeadm-flags.env", "pki", "bootstrap-kubeconfig"),
        *("pods", "plugins", "plugins_registry", "pod-resources", "device-plugins", "checkpoints", "image_manager"),
        *("cpu_manager_state", "memory_manager_state", "dra_manager_state", "pod_status_manager_state"),
        *(
            "actuated_pods_state",
            "allocated_pods_state",
            "dra_health_state",
            "graceful_node_shutdown_state",
            "pods-api",
        ),
    }
)
#: Those that only a join, or an init, makes.
_OF_JOIN = ("config.yaml", "instance-config.yaml", "kubeadm-flags.env")


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be reset.

    Attributes:
        node_name: name of the host's Node, for messages.
        certificates_dir: the cluster's ``certificatesDir``, which is emptied.
        ca_cert_hashes: hashes of the public keys of the cluster's CAs; the host must know one of them and no other.
        cri_socket: the container runtime; empty is the only one that kubeadm finds.
        replaceable: files that are not kubeadm's and may go, because the next join brings them again.
        is_member: whether the host is a whole node that leaves the cluster, so that it may serve and be Ready until now.
        assumes_stopped: whether its control plane counts as stopped, because an earlier task would have stopped it.
    """

    node_name: str
    certificates_dir: str
    ca_cert_hashes: frozenset[str]
    cri_socket: str = ""
    replaceable: frozenset[str] = frozenset()
    is_member: bool = False
    assumes_stopped: bool = False

    @property
    def may_serve(self) -> bool:
        """Whether it is no objection that the host serves until now."""
        return self.is_member or self.assumes_stopped


@dataclasses.dataclass(frozen=True)
class Facts:
    """What the host is now.

    Attributes:
        files: paths of all files below /etc/kubernetes, or below the directory of the certificates.
        kubelet_names: names in :data:`KUBELET_DIRECTORY`.
        ca_hashes: for each file that identifies the cluster of this host, the hashes of the CAs in it.
        kubeadm_processes: process ids of every kubeadm that changes something.
        api_server: where an API server of this host answers, or may; empty when none does.
        has_vote: whether an etcd of this host answers as a member with a vote.
        is_ready_node: whether the cluster has this host as a Ready node; ``None`` when it could not be asked.
    """

    files: tuple[str, ...] = ()
    kubelet_names: tuple[str, ...] = ()
    ca_hashes: tuple[frozenset[str], ...] = ()
    kubeadm_processes: tuple[int, ...] = ()
    api_server: str = ""
    has_vote: bool = False
    is_ready_node: bool | None = None


def reset_change(node_name: str, *, is_member: bool = False) -> Change:
    """The reset of a host as a change.

    Args:
        node_name: name of its Node.
        is_member: whether it is a whole node that leaves the cluster.
    """
    if is_member:
        return Change(f"host {node_name}", "node", "reset", "it leaves the cluster")
    return Change(
        object=f"half-joined host {node_name}",
        before="half joined",
        after="reset",
        reason="its join did not end, and nobody needs what it left",
    )


def traces(facts: Facts) -> tuple[str, ...]:
    """What on the host shows that kubeadm has begun to join it."""
    own = (path for path in facts.files if is_of_kubeadm(path))
    return (*own, *(f"{KUBELET_DIRECTORY}/{name}" for name in facts.kubelet_names if name in _OF_JOIN))


def objection(facts: Facts, request: Request) -> str | None:
    """Why the host must not be reset, as the end of a sentence; ``None`` when nothing speaks against it."""
    if facts.kubeadm_processes:
        return f"kubeadm is running on it (process {facts.kubeadm_processes[0]}): wait for its end"
    if facts.api_server and not request.may_serve:
        return f"its API server answers at {facts.api_server}"
    if facts.has_vote and not request.may_serve:
        return "its etcd answers as a member with a vote"
    if facts.is_ready_node and not request.may_serve:
        return f"it is the node {request.node_name}, which is Ready"
    if not facts.ca_hashes:
        return "nothing on it shows to which cluster its files belong"
    if not all(hashes & request.ca_cert_hashes for hashes in facts.ca_hashes):
        return "it has files of another cluster"
    others = _of_others(facts, request)
    if others:
        shown = beginning(others, 3)
        return f"{shown} {'is' if len(others) == 1 else 'are'} not kubeadm's and would be deleted: move such files away first"
    return None


def ensure(
    commands: Commands, files: Files, collect: t.Callable[[], Facts], request: Request, *, data: str
) -> Decision:
    """Nothing of a join is on the host.

    Args:
        commands: runs kubeadm.
        files: of this host.
        collect: reports what the host is now.
        request: what is to be reset.
        data: directory of the host's own etcd; empty without. kubeadm deletes it in the phase that takes the member out, which
            is left out: who belongs to etcd is decided by the quorum's arithmetic, elsewhere.

    Raises:
        InvalidInput: when the directory of the certificates holds more than those.
        UnsupportedState: when the host is needed, or has what is somebody else's.
        CommandFailed: when kubeadm fails, or leaves something.
    """
    if not is_cleanable(request.certificates_dir):
        raise InvalidInput(
            f"The option certificates_dir is {request.certificates_dir!r}: give a directory of its own below /etc/kubernetes, "
            "because all that is in it is deleted."
        )
    facts = collect()
    if not traces(facts):
        return Decision(values={"traces": []})
    _check(facts, request)

    def act() -> t.Mapping[str, t.Any]:
        facts = collect()
        _check(facts, request)
        if facts.has_vote:
            raise UnsupportedState(
                f"The host of the node {request.node_name} was not reset: its etcd answers as a member with a vote. Take the member out first "
                "(kubeadm.ha.etcd_member); it takes its etcd some seconds to hear of it."
            )
        _reset(commands, request)
        if data:
            files.remove(posixpath.join(data, "member"))
        left = traces(collect())
        if left:
            raise CommandFailed(
                f"kubeadm reset ended well, but left {', '.join(left[:4])}: remove what holds it (mount, file attribute), then "
                "run again."
            )
        return {}

    return Decision(
        changes=(reset_change(request.node_name, is_member=request.is_member),),
        values={"traces": list(traces(facts))},
        act=act,
    )


def _check(facts: Facts, request: Request) -> None:
    reason = objection(facts, request)
    if reason is not None:
        raise UnsupportedState(f"The host of the node {request.node_name} was not reset: {reason}.")


def _of_others(facts: Facts, request: Request) -> list[str]:
    """Files that are not kubeadm's and would be deleted; what begins with a dot in the kubelet's directories are its keepers."""
    emptied = (f"{MANIFESTS}/", f"{request.certificates_dir}/")
    found = [
        path
        for path in facts.files
        if path.startswith(emptied)
        and not is_of_kubeadm(path)
        and path not in request.replaceable
        and not path.startswith(f"{MANIFESTS}/.")
    ]
    names = (name for name in facts.kubelet_names if name not in _OF_KUBELET and not name.startswith("."))
    return [*found, *(f"{KUBELET_DIRECTORY}/{name}" for name in names)]


def _reset(commands: Commands, request: Request) -> None:
    socket = [f"--cri-socket={request.cri_socket}"] if request.cri_socket else []
    result = commands.run(
        [
            *("kubeadm", "reset", "--force", "--skip-phases=remove-etcd-member"),
            *(f"--cert-dir={request.certificates_dir}", *socket),
        ],
        check=False,
    )
    if result.returncode != 0:
        reason = last_words(result.stderr) or last_words(result.stdout)
        raise CommandFailed(
            f"kubeadm reset failed with return code {result.returncode}: {reason}. Mend that, then run again: the plan resumes it.",
            rc=result.returncode,
        )


__all__ = ("KUBELET_DIRECTORY", "Facts", "Request", "ensure", "objection", "reset_change", "traces")
