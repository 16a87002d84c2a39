# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A restore of etcd: what is refused, what it does, and that it reaches the same end wherever it is killed."""

from __future__ import annotations

import functools
import hashlib
import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup.restore import BUMP, KEPT, PODS, Places, Restore
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    InvalidInput,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.component_services import ComponentService
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.processes import Process
from tests.unit.plugins.certificates import Killed, MemoryFiles
from tests.unit.plugins.memory_api import MemoryClock

MANIFESTS, PKI, BACKUPS = "/etc/kubernetes/manifests", "/etc/kubernetes/pki", "/var/backups/kubeadm-ha"
NAME, DATA = "20261121T080000Z", "/var/lib/etcd"
CA = b"-----BEGIN CERTIFICATE-----\nb3Vycw==\n-----END CERTIFICATE-----\n"
OTHER_CA = b"-----BEGIN CERTIFICATE-----\ndGhlaXJz\n-----END CERTIFICATE-----\n"
DATABASE = b"the database"
SNAPSHOT = DATABASE + hashlib.sha256(DATABASE).digest()
ETCD = f"""
spec:
  containers:
  - command:
    - etcd
    - --name=cp1
    - --data-dir={DATA}
    - --initial-advertise-peer-urls=https://192.0.2.11:2380
    - --initial-cluster=cp1=https://192.0.2.11:2380
    image: registry.k8s.io/etcd:3.6.5-0
    volumeMounts:
    - mountPath: {DATA}
      name: etcd-data
  volumes:
  - hostPath:
      path: {DATA}
    name: etcd-data
"""
LOG = "2026-11-22T09:30:00.000000000Z stderr F "


class Host(MemoryFiles):
    """The files of a control plane with the backup; its kubelet starts and ends what the manifests say, each time that time passes."""

    def __init__(self, **contents: bytes) -> None:
        snapshot = {"stored": "etcd/snapshot.db", "bytes": len(SNAPSHOT), "revision": 42}
        manifest = {"kind": "kubeadm.ha backup", "created": "2026-11-21T08:00:00.000000Z"}
        digest = hashlib.sha256(SNAPSHOT).hexdigest()
        backup = f"{BACKUPS}/{NAME}"
        super().__init__(
            {
                f"{backup}/manifest.json": json.dumps(
                    {**manifest, "snapshot": {**snapshot, "sha256": digest}}
                ).encode(),
                f"{backup}/etcd/snapshot.db": SNAPSHOT,
                f"{backup}/files{PKI}/ca.crt": CA,
                f"{backup}/files{PKI}/sa.pub": b"key",
                f"{PKI}/ca.crt": CA,
                f"{PKI}/sa.pub": b"key",
                f"{DATA}/member/snap/db": b"old",
                **{f"{MANIFESTS}/{name}.yaml": name.encode() for name in PODS},
                f"{MANIFESTS}/etcd.yaml": ETCD.encode(),
                f"{MANIFESTS}/kube-vip.yaml": b"not kubeadm's",
            }
        )
        self.contents.update(contents)
        self.clock = MemoryClock()
        self.clock.after_sleep = self.kubelet
        self.running: set[str] = set()
        self.says = f"{LOG}info restored snapshot"
        self.free = 1 << 40
        self.kubelet()

    def kubelet(self) -> None:
        """What the kubelet does in half a second."""
        self.running = {name for name in PODS if f"{MANIFESTS}/{name}.yaml" in self.contents}
        for path in [path for path in self.contents if path.startswith(f"{MANIFESTS}/kubeadm-ha-restore-")]:
            pod = json.loads(self.contents[path])
            command = pod["spec"]["containers"][0]["command"]
            (aside,) = [item.partition("=")[2] for item in command if item.startswith("--data-dir=")]
            if "restored snapshot" in self.says:
                self.contents.update({f"{aside}/member/snap/db": b"new", f"{aside}/member/wal/0.wal": b"new"})
            log = f"/var/log/pods/kube-system_{pod['metadata']['name']}-cp1_1/restore/0.log"
            self.contents[log] = self.says.encode()

    def rename(self, path: str, target: str) -> None:
        """A tree at once, as the kernel does it."""
        self._changes(functools.partial(self._rename, path, target))

    def _rename(self, path: str, target: str) -> None:
        for name in [name for name in self.contents if name == path or name.startswith(f"{path}/")]:
            self.contents[target + name[len(path) :]] = self.contents.pop(name)

    # EtcdData.
    move = rename

    def pieces(self, path: str) -> t.Iterator[bytes]:
        """The content of a file."""
        content = self.read(path)
        if content is None:
            raise UnsupportedState(f"{path} cannot be read: No such file or directory.")
        yield content

    def own_like(self, path: str, like: str) -> None:
        """Everything is root's."""

    def free_bytes(self, _directory: str) -> int:
        """As much as a test says."""
        return self.free

    # Processes.
    def find(self, program: str) -> t.Sequence[Process]:
        """The components that run."""
        return [Process(1, 1, (program, f"--data-dir={DATA}"))] if program in self.running else []

    def at(self, pid: int) -> Process | None:
        """Not used by these tests."""
        raise AssertionError(pid)

    def get(self, pid: int, started: int) -> Process | None:
        """Not used by these tests."""
        raise AssertionError(pid, started)

    kill = freeze = resume = at  # type: ignore[assignment]


class HostAtWork(Host):
    """One on which a program runs that is none of its static pods."""

    def __init__(self, program: str, arguments: tuple[str, ...]) -> None:
        self.at_work = {program: Process(7, 1, arguments)}
        super().__init__()

    def find(self, program: str) -> t.Sequence[Process]:
        """The program, or the components."""
        return [self.at_work[program]] if program in self.at_work else super().find(program)


class Server:
    """``Etcd`` of the host: it works when it runs, with the data that it finds."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def members(self, endpoint: str) -> dict[str, t.Any]:
        """MemberListResponse."""
        self._works(endpoint)
        return {"members": [{"ID": "1", "name": "cp1"}]}

    def read(self, endpoint: str) -> dict[str, t.Any]:
        """RangeResponse."""
        self._works(endpoint)
        return {"header": {"revision": str(BUMP + 42)}}

    def _works(self, endpoint: str) -> None:
        if "etcd" not in self.host.running or self.host.contents.get(f"{DATA}/member/snap/db") != b"new":
            raise EtcdError(f"{endpoint} did not answer")

    status = alarms = snapshot = remove = add = promote = count = read  # type: ignore[assignment]


class Services:
    """``ComponentUnits`` of a host, by their components."""

    def __init__(self, *components: str, active: str = "active") -> None:
        self.components, self.active = components, active

    def find(self, component: str) -> t.Sequence[ComponentService]:
        """Those that there are."""
        return [ComponentService(f"{component}.service", self.active, 7)] if component in self.components else []


def restore_of(host: Host, name: str = NAME) -> Restore:
    """The restore on a host."""
    return Restore(host, host, host, host.clock, Services(), places=Places(MANIFESTS, PKI, BACKUPS), name=name)


def everything(host: Host) -> str:
    """All phases, one after the other; the time that names them."""
    restore = restore_of(host)
    prepared = restore.prepare(timeout=10)
    if prepared.changes:
        prepared.act()
    stamp = str(prepared.values["stamp"])
    for phase in (
        lambda: restore.stop(stamp, timeout=10),
        lambda: restore.restore(stamp, lambda: (t.cast("t.Any", Server(host)), "https://127.0.0.1:2379"), timeout=10),
        lambda: restore.finish(stamp),
    ):
        decision = phase()
        if decision.changes:
            decision.act()
    return stamp


def assert_restored(host: Host) -> None:
    """The end of every restore."""
    assert host.contents[f"{DATA}/member/snap/db"] == b"new"
    assert {name for name in host.names(MANIFESTS) if not name.startswith(".")} == {
        *(f"{name}.yaml" for name in PODS),
        "kube-vip.yaml",
    }
    assert host.contents[f"{MANIFESTS}/etcd.yaml"] == ETCD.encode()
    assert host.names(DATA) == ["member"]
    # The old data are never lost.
    assert b"old" in [content for path, content in host.contents.items() if path.startswith(f"{KEPT}/")]


def test_a_restore() -> None:
    host = Host()
    found = restore_of(host).inspect()
    assert (found.has_snapshot, found.problems, found.revision, found.stamp) == (True, (), 42, "")
    stamp = everything(host)
    assert_restored(host)
    assert host.contents[f"{KEPT}/{stamp}/member/snap/db"] == b"old"
    # The next restore of the same backup is another one.
    assert restore_of(host).inspect().stamp == ""
    assert restore_of(host).prepare(timeout=10).changes


def test_nothing_is_stopped_before_the_new_data_are_there() -> None:
    host = Host()
    restore_of(host).prepare(timeout=10).act()
    assert set(PODS) == host.running
    assert host.contents[f"{DATA}/member/snap/db"] == b"old"


def test_each_phase_is_gone_through_once() -> None:
    host = Host()
    stamp = str(restore_of(host).prepare(timeout=10).values["stamp"])
    everything(host)
    restore = restore_of(host)
    open_etcd: t.Any = None
    assert restore.stop(stamp, timeout=10).changes == ()
    assert restore.restore(stamp, open_etcd, timeout=10).changes == ()
    assert restore.finish(stamp).changes == ()
    assert_restored(host)


@pytest.mark.parametrize("does_last", [True, False])
def test_a_restore_that_is_killed_anywhere_reaches_the_same_end(does_last: bool) -> None:
    killed = 0
    for calls in range(1, 200):
        host = Host()
        host.calls_left, host.does_last = calls, does_last
        try:
            everything(host)
        except Killed:
            killed += 1
        else:
            break
        assert b"old" in host.contents.values(), calls
        host.calls_left = None
        host.clock.sleep(60)
        everything(host)
        assert_restored(host)
    assert killed > 15


def without_manifests() -> Host:
    """A host whose control plane is no static pod."""
    host = Host()
    for pod in PODS:
        del host.contents[f"{MANIFESTS}/{pod}.yaml"]
    return host


@pytest.mark.parametrize("components", [("etcd", "kube-apiserver"), ("kube-apiserver",)])
@pytest.mark.parametrize("active", ["active", "failed"])
@pytest.mark.parametrize("name", [NAME, "another"])
def test_a_control_plane_of_services_is_left_alone(components: tuple[str, ...], active: str, name: str) -> None:
    host = without_manifests()
    before = dict(host.contents)
    restore = Restore(
        host,
        host,
        host,
        host.clock,
        Services(*components, active=active),
        places=Places(MANIFESTS, PKI, BACKUPS),
        name=name,
    )
    found = restore.inspect()
    units = " and ".join(f"{each}.service" for each in components)
    assert found.refusal.startswith(
        f"{units} of this host {'are services' if len(components) > 1 else 'is a service'} of systemd"
    )
    assert f"{BACKUPS}/{name}/etcd/snapshot.db by hand, with etcdutl snapshot restore" in found.refusal
    assert found.problems == ()
    with pytest.raises(UnsupportedState, match="was not restored. etcd.service and|was not restored. kube-apiserver"):
        restore.prepare(timeout=10)
    assert host.contents == before


def test_a_service_beside_a_static_pod_of_etcd_is_none_of_its_business() -> None:
    host = Host()
    places = Places(MANIFESTS, PKI, BACKUPS)
    restore = Restore(host, host, host, host.clock, Services("etcd"), places=places, name=NAME)
    assert (restore.inspect().refusal, restore.inspect().problems) == ("", ())
    # Nor is one of a package that nobody has started.
    host = without_manifests()
    restore = Restore(host, host, host, host.clock, Services("etcd", active="inactive"), places=places, name=NAME)
    assert restore.inspect().refusal == ""
    assert "etcd does not run on this host as a static pod" in restore.inspect().problems[0]


REFUSED: dict[str, tuple[dict[str, bytes | None], str]] = {
    "cut off": ({f"{BACKUPS}/{NAME}/etcd/snapshot.db": SNAPSHOT[:-1]}, "is cut off or broken"),
    "another file": (
        {f"{BACKUPS}/{NAME}/etcd/snapshot.db": b"x" + hashlib.sha256(b"x").digest()},
        "is not the file that was backed up",
    ),
    "gone": ({f"{BACKUPS}/{NAME}/etcd/snapshot.db": None}, "the snapshot cannot be read"),
    "another cluster": ({f"{BACKUPS}/{NAME}/files{PKI}/ca.crt": OTHER_CA}, "ca.crt is not the CA of this host"),
    "another cluster of the same CA": ({f"{PKI}/sa.pub": b"other"}, "is not the key of this host's service accounts"),
    "nothing known of the cluster": ({f"{PKI}/ca.crt": None}, "cannot be determined"),
    "no etcd": ({f"{MANIFESTS}/etcd.yaml": None}, "there is no manifest /etc/kubernetes/manifests/etcd.yaml"),
    "no backup": ({f"{BACKUPS}/{NAME}/manifest.json": None}, "has no snapshot of etcd"),
    "somebody else's directory": ({f"{BACKUPS}/{NAME}/manifest.json": b'{"kind": "x"}'}, "has no snapshot of etcd"),
}


@pytest.mark.parametrize(("changes", "message"), REFUSED.values(), ids=REFUSED)
def test_what_must_not_be_restored(changes: dict[str, bytes | None], message: str) -> None:
    host = Host()
    for path, content in changes.items():
        host.contents.pop(path)
        if content is not None:
            host.contents[path] = content
    before = dict(host.contents)
    with pytest.raises(UnsupportedState, match=message):
        restore_of(host).prepare(timeout=10)
    assert host.contents == before


def test_without_room_it_is_refused() -> None:
    host = Host()
    host.free = 1 << 20
    with pytest.raises(UnsupportedState, match="/var/lib/etcd has 1 MiB free, and 256 MiB are needed"):
        restore_of(host).prepare(timeout=10)


def test_what_etcdutl_refuses_has_changed_nothing() -> None:
    host = Host()
    host.says = f"{LOG}Error: unknown flag: --bump-revision"
    with pytest.raises(UnsupportedState, match="nothing was stopped: etcdutl of .* says: Error: unknown flag"):
        restore_of(host).prepare(timeout=10).act()
    assert not [name for name in host.names(MANIFESTS) if name.startswith("kubeadm-ha")]
    assert host.contents[f"{DATA}/member/snap/db"] == b"old"


@pytest.mark.parametrize(
    ("image", "program"), [("registry.k8s.io/etcd:3.5.21-0", "etcdctl"), ("registry.k8s.io/etcd:3.7.0-0", "etcdutl")]
)
def test_the_program_is_the_one_that_the_image_has(image: str, program: str) -> None:
    manifest = ETCD.replace("registry.k8s.io/etcd:3.6.5-0", image)
    host = Host(**{f"{MANIFESTS}/etcd.yaml": manifest.encode()})
    commands: list[list[str]] = []

    def kubelet() -> None:
        pods = [path for path in host.contents if path.startswith(f"{MANIFESTS}/kubeadm-ha-restore-")]
        commands.extend(json.loads(host.contents[path])["spec"]["containers"][0]["command"] for path in pods)
        host.kubelet()

    host.clock.after_sleep = kubelet
    restore_of(host).prepare(timeout=10).act()
    assert commands
    assert {tuple(command[:3]) for command in commands} == {(program, "snapshot", "restore")}
    assert {f"--bump-revision={BUMP}", "--mark-compacted"} <= set(commands[0])


def test_an_image_that_cannot_restore_is_named_before_anything_is_made() -> None:
    host = Host(**{f"{MANIFESTS}/etcd.yaml": ETCD.replace("3.6.5-0", "3.6.4-0").encode()})
    with pytest.raises(
        UnsupportedState, match=r"etcd:3\.6\.4-0 has no etcdutl.*: write registry\.k8s\.io/etcd:3\.6\.5-0, or"
    ):
        restore_of(host).prepare(timeout=10)
    assert not [name for name in host.names(MANIFESTS) if name.startswith("kubeadm-ha")]


@pytest.mark.parametrize(
    ("program", "arguments", "is_waited_for"),
    [
        ("etcdctl", ("etcdctl", "watch", "foo"), False),
        ("etcdctl", ("etcdctl", "snapshot", "restore", "snapshot.db"), True),
        ("etcdutl", ("etcdutl", "snapshot", "restore", "snapshot.db"), True),
    ],
)
def test_what_a_killed_run_has_left_at_work_is_waited_for(
    program: str, arguments: tuple[str, ...], is_waited_for: bool
) -> None:
    host = HostAtWork(program, arguments)
    decision = restore_of(host).prepare(timeout=10)
    if is_waited_for:
        with pytest.raises(NotProved, match="Within 10 s the restoring program of a killed run did not end"):
            decision.act()
    else:
        decision.act()
        assert host.contents[f"{DATA}/member/snap/db"] == b"old"


def test_a_kubelet_that_does_not_run_is_named() -> None:
    host = Host()
    host.clock.after_sleep = lambda: None
    with pytest.raises(
        NotProved, match="Within 10 s the kubelet did not run etcdutl of registry.k8s.io/etcd:3.6.5-0: see that"
    ):
        restore_of(host).prepare(timeout=10).act()
    with pytest.raises(NotProved, match="kube-apiserver and etcd still run"):
        restore_of(host).stop("20261122T093000Z", timeout=10).act()
    assert host.contents[f"{DATA}/member/snap/db"] == b"old"


@pytest.mark.parametrize("name", ["", "../etc", ".", "a/b"])
def test_a_name_is_no_path(name: str) -> None:
    with pytest.raises(InvalidInput, match="give the name of a backup"):
        restore_of(Host(), name)


def test_a_control_plane_without_the_backup_is_stopped_all_the_same() -> None:
    host = Host()
    for path in [path for path in host.contents if path.startswith(BACKUPS)]:
        host.contents.pop(path)
    assert not restore_of(host).inspect().has_snapshot
    decision = restore_of(host).stop("20261122T093000Z", timeout=10)
    assert [change.object for change in decision.changes] == [
        *(f"static pod {name}" for name in PODS),
        "etcd data /var/lib/etcd/member",
    ]
    decision.act()
    assert host.names(MANIFESTS) == ["kube-vip.yaml"]
    assert host.contents[f"{KEPT}/20261122T093000Z/member/snap/db"] == b"old"
    # Its name is still known, for it is reset next.
    member = restore_of(host).inspect().member
    assert member is not None
    assert member.name == "cp1"
    assert restore_of(host).stop("20261122T093000Z", timeout=10).changes == ()
