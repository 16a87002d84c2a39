# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disaster recovery of stacked etcd from a snapshot, on one host.

https://etcd.io/docs/v3.5/op-guide/recovery/: a new etcd cluster of one member, whose revisions are all later than any that a client has
seen, so that watches and caches begin anew. The phases are one after the other on all control planes:

- *prepare*, on the host that has the backup: everything that speaks against it is said, and a program of etcd's own image
  (:mod:`restore_program`) makes the new data beside the old, while everything still runs. Whatever fails until then has changed nothing.
- *stop*, on every control plane: the manifests of its static pods are moved away, then the data of etcd. Nothing is deleted.
- *restore*, on the first host: the new data take the place of the old, and the manifests come back.
- *finish*, on the first host: the next restore is another one.

Where each phase is, the files show: a run that was interrupted goes on there.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import posixpath
import typing as t

from ..base.change import Change, Decision
from ..base.enumeration import listed
from ..base.errors import InvalidInput, NotProved, UnsupportedState
from ..component import static_pod
from ..component.static_pod import ETCD
from ..etcd.etcd import EtcdError
from ..kubeconfig import embedded_ca
from . import restore_program
from .backup import RESERVE, checked_snapshot
from .layout import KIND, MANIFEST

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.component_services import ComponentUnits
    from ..._ports.etcd import Etcd
    from ..._ports.etcd_data import EtcdData
    from ..._ports.files import Files
    from ..._ports.processes import Processes

#: Where a host keeps what a restore has moved away, in a directory of its time.
KEPT = "/var/lib/kubeadm-ha/restore"
_STATE = "restore.json"
_STOPPED = "stopped"
PREPARED, RESTORED, FINISHED = "prepared", "restored", "finished"

_API_SERVER = "kube-apiserver"
#: Static pods that are stopped; those of others, such as a load balancer's, stay. The API server first, for nobody is to see a half of it.
PODS = (_API_SERVER, "kube-controller-manager", "kube-scheduler", ETCD)
#: By how much revisions grow; more than any cluster writes between a snapshot and its loss.
BUMP = 1_000_000_000
_LOGS = "/var/log/pods"
_POD = "kubeadm-ha-restore"
_POLL_SECONDS = 0.5
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"
_DONE = "restored snapshot"
#: Where the restore of such services by hand is described.
GUIDE = "section 'Services of systemd' of the README of kubeadm.ha.cluster_backup"


@dataclasses.dataclass(frozen=True)
class Places:
    """Where a host has what a restore needs.

    Attributes:
        manifests: the kubelet's directory of static pods.
        pki: kubeadm's ``certificatesDir``.
        backups: the host's backups.
    """

    manifests: str
    pki: str
    backups: str


@dataclasses.dataclass(frozen=True)
class Member:
    """The member of etcd on a host, by the manifest of its static pod.

    Attributes:
        name: of the member, by kubeadm's rule also that of the Node.
        peer_url: where the other members reach it.
        data: directory of its data.
        image: of its container.
    """

    name: str
    peer_url: str
    data: str
    image: str


@dataclasses.dataclass(frozen=True)
class Found:
    """What a host has.

    Attributes:
        has_snapshot: whether it has the backup, and in it a snapshot.
        problems: why that cannot be restored here.
        revision: of the snapshot, ``None`` where it is not known.
        created: when the backup was made.
        member: the host's member of etcd; ``None`` where no manifest says it.
        stamp: of the restore of this backup that has begun here and not ended; empty without.
        phase: how far it is.
        refusal: why nothing is restored on this host whatever the backup, a sentence with the remedy; empty where its etcd is, or was, a static pod.
    """

    has_snapshot: bool
    problems: tuple[str, ...] = ()
    revision: int | None = None
    created: str = ""
    member: Member | None = None
    stamp: str = ""
    phase: str = ""
    refusal: str = ""


class Restore:
    """The restore of a backup on one host."""

    def __init__(
        self,
        files: Files,
        data: EtcdData,
        processes: Processes,
        clock: Clock,
        units: ComponentUnits,
        *,
        places: Places,
        name: str,
    ) -> None:
        """Use what the host has.

        Args:
            files: of the host.
            data: of its etcd.
            processes: of the host.
            clock: names a restore and bounds the waiting.
            units: services of the host.
            places: where everything is.
            name: of the backup.
        """
        if not name or "/" in name or name.startswith("."):
            raise InvalidInput(f"The option name is {name!r}: give the name of a backup, such as 20261121T080000Z.")
        self._files = files
        self._data = data
        self._processes = processes
        self._clock = clock
        self._units = units
        self._places = places
        self._name = name

    def inspect(self) -> Found:
        """What the host has of it; nothing is changed."""
        member = self._member()
        document = self._manifest()
        snapshot = document.get("snapshot") if document is not None else None
        stamp, phase = self._unfinished()
        refusal = self._refusal() if member is None else ""
        if not isinstance(document, dict) or not isinstance(snapshot, dict):
            return Found(has_snapshot=False, member=member, stamp=stamp, phase=phase, refusal=refusal)
        return Found(
            has_snapshot=True,
            # A restore that has begun has passed them, and the files may have been moved since.
            problems=() if stamp or refusal else tuple(self._problems(snapshot, member)),
            revision=snapshot.get("revision"),
            created=str(document.get("created", "")),
            member=member,
            stamp=stamp,
            phase=phase,
            refusal=refusal,
        )

    def prepare(self, *, timeout: float) -> Decision:
        """The new data are beside the old.

        Raises:
            UnsupportedState: with everything that speaks against it.
        """
        found = self.inspect()
        if found.refusal:
            raise UnsupportedState(f"The backup {self._name} was not restored. {found.refusal}")
        if not found.has_snapshot or found.problems or found.member is None:
            reasons = found.problems or (f"{self._backup} has no snapshot of etcd",)
            raise UnsupportedState(f"The backup {self._name} was not restored: {'; '.join(reasons)}.")
        if found.stamp:
            return Decision(values={"stamp": found.stamp})
        member = found.member
        stamp = dt.datetime.fromtimestamp(self._clock.now(), tz=dt.timezone.utc).strftime(_TIME_FORMAT)
        aside = self._aside(member, stamp)

        def act() -> t.Mapping[str, t.Any]:
            self._tidy(member, timeout)
            self._files.make_private_directory(f"{KEPT}/{stamp}")
            if not self._files.exists(member.data):
                self._files.make_private_directory(member.data)
            self._make_data(member, stamp, timeout)
            self._data.own_like(aside, member.data)
            self._note(stamp, PREPARED)
            return {}

        change = Change(
            f"etcd data {aside}",
            None,
            f"snapshot of {self._name}, revision {found.revision} and {BUMP} more",
            "it is made before anything is stopped",
        )
        return Decision((change,), {"stamp": stamp}, act)

    def stop(self, stamp: str, *, timeout: float) -> Decision:
        """No API server and no etcd runs here, and the data of etcd are kept aside.

        Raises:
            NotProved: when the kubelet does not end them in time.
        """
        kept = f"{KEPT}/{stamp}"
        if self._files.exists(f"{kept}/{_STOPPED}") or self._state(stamp).get("phase") in (RESTORED, FINISHED):
            return Decision()
        member = self._member()
        pods = [name for name in PODS if self._files.exists(self._pod(name))]
        old = f"{member.data}/member" if member is not None else ""
        has_data = bool(old) and self._files.exists(old)
        reason = f"etcd is restored from {self._name}"
        changes = [Change(f"static pod {name}", "there", f"{kept}/manifests", reason) for name in pods]
        if has_data:
            changes.append(Change(f"etcd data {old}", "there", f"{kept}/member", "nothing of it is deleted"))

        def act() -> t.Mapping[str, t.Any]:
            self._files.make_private_directory(f"{kept}/manifests")
            for name in pods:
                self._move_manifest(self._pod(name), f"{kept}/manifests/{name}.yaml")
            self._await(
                lambda: not self._running(member), timeout, "kube-apiserver and etcd still run: is the kubelet running?"
            )
            # Also where there were none before: an etcd that was started once more has made them.
            if old and self._files.exists(old):
                self._data.move(old, f"{kept}/member")
            self._files.write(f"{kept}/{_STOPPED}", b"")
            return {}

        return Decision(tuple(changes), {}, act)

    def restore(self, stamp: str, open_etcd: t.Callable[[], tuple[Etcd, str]], *, timeout: float) -> Decision:
        """etcd is a cluster of this one member with the data of the snapshot, and the API server is started.

        Raises:
            NotProved: when etcd does not work in time.
        """
        if self._state(stamp).get("phase") in (RESTORED, FINISHED):
            return Decision()
        kept = f"{KEPT}/{stamp}/manifests"
        member = self._member()
        if member is None:
            raise UnsupportedState("This host has no manifest of etcd, so its data cannot be restored.")
        now, aside = f"{member.data}/member", self._aside(member, stamp)
        changes = (
            Change(
                f"etcd data {now}", None, f"snapshot of {self._name}", "etcd begins anew with it, as its only member"
            ),
            *(Change(f"static pod {name}", f"{kept}", "there", "it begins anew, too") for name in reversed(PODS)),
        )

        def act() -> t.Mapping[str, t.Any]:
            if self._files.exists(f"{aside}/member"):
                self._files.rename(f"{aside}/member", now)
            self._files.remove(aside)
            self._put_back("etcd", kept)
            self._await(
                lambda: self._is_restored(*open_etcd()), timeout, f"etcd does not work: see {_LOGS} and run again"
            )
            for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler"):
                self._put_back(name, kept)
            self._note(stamp, RESTORED)
            return {}

        return Decision(changes, {}, act)

    def finish(self, stamp: str) -> Decision:
        """The restore has ended: the next of the same backup is another one."""
        if self._state(stamp).get("phase") == FINISHED:
            return Decision()

        def act() -> t.Mapping[str, t.Any]:
            self._note(stamp, FINISHED)
            return {}

        change = Change(f"restore {KEPT}/{stamp}", "begun", FINISHED, "every control plane has gone through it")
        return Decision((change,), {}, act)

    @property
    def _backup(self) -> str:
        return posixpath.join(self._places.backups, self._name)

    def _pod(self, name: str) -> str:
        return f"{self._places.manifests}/{name}.yaml"

    def _aside(self, member: Member, stamp: str) -> str:
        return f"{member.data}/restored-{stamp}"

    def _manifest(self) -> t.Mapping[str, t.Any] | None:
        content = self._files.read(f"{self._backup}/{MANIFEST}")
        try:
            document = json.loads(content or b"null")
        except ValueError:
            return None
        return document if isinstance(document, dict) and document.get("kind") == KIND else None

    def _member(self) -> Member | None:
        """By the manifest of etcd, or by the one that the last restore has moved away."""
        kept = [f"{KEPT}/{stamp}/manifests/etcd.yaml" for stamp in reversed(self._files.names(KEPT))]
        for path in (self._pod("etcd"), *kept):
            content = self._files.read(path)
            if content is not None:
                return _parse_member(content.decode("utf-8", "replace"), path)
        return None

    def _refusal(self) -> str:
        """Why a host without any manifest of etcd is left alone, where services of it run what a restore ends and begins."""
        etcd, servers = self._units.find(ETCD), self._units.find(_API_SERVER)
        if not servers:
            # Distributions have a package of etcd, which need not be the cluster's.
            etcd = [service for service in etcd if service.active == "active"]
        units = [service.unit for service in (*etcd, *servers)]
        if not units:
            return ""
        return (
            f"{listed(units)} of this host {'is a service' if len(units) == 1 else 'are services'} of systemd, and only etcd that is a static pod "
            "is restored by itself: nobody else knows in which order such services end and begin. "
            f"Restore {self._backup}/etcd/snapshot.db by hand, with etcdutl snapshot restore and --bump-revision={BUMP} --mark-compacted ({GUIDE})."
        )

    def _problems(self, snapshot: t.Mapping[str, t.Any], member: Member | None) -> t.Iterator[str]:
        if member is None:
            yield (
                f"there is no manifest {self._pod('etcd')}, so etcd does not run on this host as a static pod: put it back from "
                f"{self._backup}/files, or restore external etcd by its own means"
            )
        objection = restore_program.objection(member.image) if member is not None else ""
        if objection:
            yield objection
        yield from self._of_other_cluster()
        yield from self._broken(snapshot)
        size = int(snapshot.get("bytes") or 0)
        if member is not None:
            free = self._data.free_bytes(member.data)
            if free < 2 * size + RESERVE:
                yield f"{member.data} has {free >> 20} MiB free, and {(2 * size + RESERVE) >> 20} MiB are needed: make room"

    def _broken(self, snapshot: t.Mapping[str, t.Any]) -> t.Iterator[str]:
        path = posixpath.join(self._backup, str(snapshot.get("stored")))
        digest = hashlib.sha256()
        try:
            for piece in checked_snapshot(self._data.pieces(path)):
                digest.update(piece)
        except UnsupportedState as error:
            yield f"the snapshot cannot be read: {error.message.rstrip('.')}"
        except EtcdError:
            yield f"{path} is cut off or broken, its SHA-256 is not the one at its end: take another backup"
        else:
            if digest.hexdigest() != snapshot.get("sha256"):
                yield f"{path} is not the file that was backed up, its SHA-256 is not the one in {MANIFEST}: take another backup"

    def _of_other_cluster(self) -> t.Iterator[str]:
        """Its CA and the key of its service accounts identify a cluster: what the snapshot holds is signed by them."""
        kept = f"{self._backup}/files{self._places.pki}"
        texts = [self._files.read(f"{directory}/ca.crt") for directory in (kept, self._places.pki)]
        then, now = (embedded_ca.certificates((text or b"").decode("utf-8", "replace")) for text in texts)
        keys = [self._files.read(f"{directory}/sa.pub") for directory in (kept, self._places.pki)]
        if not then or not now or None in keys:
            yield (
                f"whether it is this cluster's cannot be determined, for ca.crt or sa.pub is missing in {kept} or in "
                f"{self._places.pki}: put them back from a backup of this cluster"
            )
        elif not then & now:
            yield f"it is another cluster's: {kept}/ca.crt is not the CA of this host"
        elif keys[0] != keys[1]:
            yield f"it is another cluster's: {kept}/sa.pub is not the key of this host's service accounts"

    def _unfinished(self) -> tuple[str, str]:
        for stamp in reversed(self._files.names(KEPT)):
            state = self._state(stamp)
            if state.get("backup") == self._name:
                phase = str(state.get("phase"))
                return ("", "") if phase == FINISHED else (stamp, phase)
        return "", ""

    def _state(self, stamp: str) -> t.Mapping[str, t.Any]:
        try:
            document = json.loads(self._files.read(f"{KEPT}/{stamp}/{_STATE}") or b"{}")
        except ValueError:
            document = {}
        return document if isinstance(document, dict) else {}

    def _note(self, stamp: str, phase: str) -> None:
        text = json.dumps({"backup": self._name, "phase": phase}) + "\n"
        self._files.write(f"{KEPT}/{stamp}/{_STATE}", text.encode())

    def _tidy(self, member: Member, timeout: float) -> None:
        """Remove what a killed run has left: its pod, and data that are not whole."""
        for name in self._files.names(self._places.manifests):
            if name.startswith(f"{_POD}-"):
                self._files.remove(f"{self._places.manifests}/{name}")
        self._await(lambda: not self._makes_data(), timeout, "the restoring program of a killed run did not end")
        for name in self._files.names(member.data):
            if name.startswith("restored-"):
                self._files.remove(f"{member.data}/{name}")

    def _makes_data(self) -> bool:
        """Whether a program makes data of a snapshot; etcdctl does other things, too."""
        found = (each for name in restore_program.PROGRAMS for each in self._processes.find(name))
        return any("restore" in each.arguments for each in found)

    def _make_data(self, member: Member, stamp: str, timeout: float) -> None:
        """Let the kubelet run the program of etcd's image: it knows the container runtime, and needs no API server for it."""
        program = restore_program.program(member.image)
        pod = f"{_POD}-{stamp.lower()}"
        path = f"{self._places.manifests}/{pod}.yaml"
        # JSON is YAML.
        text = json.dumps(_restoring_pod(pod, member, self._backup, self._aside(member, stamp), stamp), indent=2)
        try:
            self._files.write(path, text.encode(), mode=0o600)
            missing = f"the kubelet did not run {program} of {member.image}: see that it runs, and that the image has {program}"
            self._await(lambda: bool(self._outcome(pod)), timeout, missing)
            failure = self._outcome(pod)
        finally:
            self._files.remove(path)
        if failure != _DONE:
            raise UnsupportedState(
                f"The backup {self._name} was not restored, and nothing was stopped: {program} of {member.image} says: {failure}"
            )
        if not all(self._files.exists(f"{self._aside(member, stamp)}/member/{name}") for name in ("snap/db", "wal")):
            raise NotProved(
                f"{program} ended well, but {self._aside(member, stamp)} is not whole. Nothing was stopped."
            )

    def _outcome(self, pod: str) -> str:
        """What the program said at its end: :data:`_DONE`, or its error; empty while it works."""
        for name in self._files.names(_LOGS):
            if not name.startswith(f"kube-system_{pod}-"):
                continue
            for log in self._files.names(f"{_LOGS}/{name}/restore"):
                text = (self._files.read(f"{_LOGS}/{name}/restore/{log}") or b"").decode("utf-8", "replace")
                if _DONE in text:
                    return _DONE
                errors = [line for line in text.splitlines() if " F Error: " in line]
                if errors:
                    return errors[0].partition(" F ")[2]
        return ""

    def _running(self, member: Member | None) -> bool:
        if self._processes.find("kube-apiserver"):
            return True
        servers = self._processes.find("etcd")
        return member is not None and any(f"--data-dir={member.data}" in each.arguments for each in servers)

    def _is_restored(self, etcd: Etcd, endpoint: str) -> bool:
        try:
            members = etcd.members(endpoint).get("members") or ()
            revision = int((etcd.read(endpoint).get("header") or {}).get("revision", 0))
        except EtcdError:
            return False
        return len(members) == 1 and revision >= BUMP

    def _put_back(self, name: str, kept: str) -> None:
        self._move_manifest(f"{kept}/{name}.yaml", self._pod(name))

    def _move_manifest(self, path: str, target: str) -> None:
        """The two may be on different file systems, so it is written before it is removed."""
        content = self._files.read(path)
        if content is not None:
            self._files.write(target, content, mode=0o600)
            self._files.remove(path)

    def _await(self, condition: t.Callable[[], bool], timeout: float, message: str) -> None:
        deadline = self._clock.monotonic() + timeout
        while not condition():
            if self._clock.monotonic() >= deadline:
                raise NotProved(f"Within {timeout:g} s {message}.")
            self._clock.sleep(_POLL_SECONDS)


def _parse_member(text: str, path: str) -> Member:
    try:
        pod = static_pod.parse(text)
        flags = {name: values[-1] for name, values in pod.flags.items()}
        data = pod.on_host(flags["data-dir"])
        if data is None or not pod.image:
            raise InvalidInput("It names no image, or mounts no directory for the data.")
        return Member(flags["name"], flags["initial-advertise-peer-urls"], data[0], pod.image)
    except (InvalidInput, KeyError) as error:
        reason = error.message if isinstance(error, InvalidInput) else f"The flag {error} is missing."
        raise UnsupportedState(f"{path} cannot be used: {reason} Write it as kubeadm does.") from error


def _restoring_pod(pod: str, member: Member, backup: str, aside: str, stamp: str) -> dict[str, t.Any]:
    """The static pod that runs the program once."""
    mounts = {"backup": backup, "data": member.data}
    command = [
        *(
            restore_program.program(member.image),
            "snapshot",
            "restore",
            f"{backup}/etcd/snapshot.db",
            f"--data-dir={aside}",
            f"--name={member.name}",
        ),
        f"--initial-cluster={member.name}={member.peer_url}",
        f"--initial-advertise-peer-urls={member.peer_url}",
        # Members of the old etcd cluster must never take it for theirs.
        f"--initial-cluster-token=restored-{stamp}",
        *(f"--bump-revision={BUMP}", "--mark-compacted"),
    ]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": pod, "namespace": "kube-system"},
        "spec": {
            "hostNetwork": True,
            "priorityClassName": "system-node-critical",
            "restartPolicy": "Never",
            "securityContext": {"runAsUser": 0, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "restore",
                    "image": member.image,
                    "imagePullPolicy": "IfNotPresent",
                    "command": command,
                    "volumeMounts": [
                        {"name": name, "mountPath": path, "readOnly": name == "backup"} for name, path in mounts.items()
                    ],
                }
            ],
            "volumes": [
                {"name": name, "hostPath": {"path": path, "type": "Directory"}} for name, path in mounts.items()
            ],
        },
    }


__all__ = ("BUMP", "KEPT", "PODS", "Found", "Member", "Places", "Restore")
