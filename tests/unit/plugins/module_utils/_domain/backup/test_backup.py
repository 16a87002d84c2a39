# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a backup, what is refused, and that nothing but a whole one is left."""

from __future__ import annotations

import contextlib
import hashlib
import json
import posixpath
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup import backup
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.backup.backup import Request
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput, UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.stored_file import Source, StoredFile
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.etcd.etcd import EtcdError
from tests.unit.plugins.memory_api import MemoryApi, MemoryClock

DIRECTORY = "/var/backups/kubeadm-ha"
STAMP = "20260921T141320Z"  # the memory clock's time
DATABASE = b"database" * 100
SNAPSHOT = DATABASE + hashlib.sha256(DATABASE).digest()
SOURCES = {
    "/etc/kubernetes": Source("/etc/kubernetes", "directory", 0o755),
    "/etc/kubernetes/admin.conf": Source("/etc/kubernetes/admin.conf", "file", 0o600, size=10),
    "/etc/kubernetes/link": Source("/etc/kubernetes/link", "link", 0o777, target="admin.conf"),
    "/etc/kubernetes/socket": Source("/etc/kubernetes/socket", "other"),
    "/etc/kubernetes/manifests/etcd.yaml": Source("/etc/kubernetes/manifests/etcd.yaml", "file", 0o600, size=5),
}


class Store:
    """``BackupStore`` in memory."""

    def __init__(self, sources: t.Mapping[str, Source] | None = None, **backups: str) -> None:
        self.sources = SOURCES if sources is None else sources
        self.backups = dict(backups)
        self.files: dict[str, bytes] = {}
        self.places: set[str] = {posixpath.join(DIRECTORY, name) for name in backups}
        self.free = 1 << 40
        self.is_locked = False
        #: Paths that vanish before they are copied.
        self.vanishing: set[str] = set()

    def check(self, directory: str) -> None:
        """Good."""

    def free_bytes(self, directory: str) -> int:
        """Bytes."""
        return self.free

    def scan(self, paths: t.Sequence[str], *, besides: str) -> t.Sequence[Source]:
        """What is there."""
        return [item for path, item in self.sources.items() if any(path.startswith(wanted) for wanted in paths)]

    def complete(self, directory: str) -> t.Mapping[str, str]:
        """Backups by name."""
        return dict(self.backups)

    def unfinished(self, directory: str) -> t.Sequence[str]:
        """Names that end so."""
        return sorted(posixpath.basename(place) for place in self.places if place.endswith(backup.PARTIAL))

    def exists(self, place: str) -> bool:
        """Whether it is there."""
        return place in self.places

    @contextlib.contextmanager
    def locked(self, directory: str) -> t.Iterator[None]:
        """One at a time."""
        assert not self.is_locked
        self.is_locked = True
        yield
        self.is_locked = False

    def begin(self, place: str) -> None:
        """A new place."""
        assert self.is_locked
        self.places.add(place)

    def copy(self, source: Source, target: str) -> StoredFile | None:
        """A copy."""
        if source.path in self.vanishing:
            return None
        return self.write(target, [b"x" * source.size]) if source.type == "file" else StoredFile()

    def write(self, target: str, pieces: t.Iterable[bytes]) -> StoredFile:
        """A file."""
        content = b"".join(pieces)
        self.files[target] = content
        return StoredFile(len(content), hashlib.sha256(content).hexdigest())

    def finish(self, place: str, final: str) -> None:
        """A move."""
        self.places.remove(place)
        self.places.add(final)
        self.files = {path.replace(place + "/", final + "/"): content for path, content in self.files.items()}

    def remove(self, place: str) -> None:
        """A removal."""
        self.places.discard(place)
        self.backups.pop(posixpath.basename(place), None)
        self.files = {path: content for path, content in self.files.items() if not path.startswith(place + "/")}


class Database:
    """``Etcd`` with a snapshot in pieces."""

    def __init__(self, content: bytes = SNAPSHOT, *, down: t.Collection[str] = (), has_quorum: bool = True) -> None:
        self.content = content
        self.has_quorum = has_quorum
        self.down = down
        self.asked: list[str] = []

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """StatusResponse."""
        if endpoint in self.down:
            raise EtcdError(f"etcd at {endpoint} did not answer")
        if endpoint not in self.asked:
            self.asked.append(endpoint)
        return {"dbSize": str(len(DATABASE)), "header": {"revision": "1200"}}

    def read(self, endpoint: str) -> dict[str, t.Any]:
        """RangeResponse."""
        if not self.has_quorum:
            raise EtcdError("etcdserver: no leader")
        return {"header": {"revision": "1234"}}

    def snapshot(self, endpoint: str) -> t.Iterator[bytes]:
        """Pieces of 100 bytes."""
        for start in range(0, len(self.content), 100):
            yield self.content[start : start + 100]

    def members(self, endpoint: str) -> dict[str, t.Any]:
        """Not used by these tests."""
        raise AssertionError(endpoint)

    alarms = members


def make(
    store: Store, *, etcd: Database | None = None, api: MemoryApi | None = None, has_api: bool = True, **more: t.Any
) -> t.Any:
    """The use case; by default with an API without objects."""
    values: dict[str, t.Any] = {
        "directory": DIRECTORY,
        "name": None,
        "paths": ("/etc/kubernetes",),
        "has_cluster": False,
        "etcd_endpoints": ("https://127.0.0.1:2379",),
        "keep": 3,
        "host_name": "cp1",
        **more,
    }
    database = etcd or Database()
    asked = api or (MemoryApi() if has_api else None)
    return backup.ensure(store, MemoryClock(), request=Request(**values), api=asked, etcd=lambda: database)


def test_a_host_without_its_cluster() -> None:
    store = Store()
    decision = make(store, paths=("/etc/kubernetes", "/var/lib/kubelet/pki"))
    assert decision.changes == (backup.decide(DIRECTORY, path=f"{DIRECTORY}/{STAMP}", has_snapshot=False),)
    assert (decision.values["files"], decision.values["bytes"]) == (3, 15)
    assert store.places == set()
    done = decision.act()
    assert store.places == {f"{DIRECTORY}/{STAMP}"}
    assert done == {
        "files": 3,
        "bytes": 15,
        "snapshot": None,
        "missing": ["/var/lib/kubelet/pki", "/etc/kubernetes/socket"],
    }
    manifest = json.loads(store.files[f"{DIRECTORY}/{STAMP}/manifest.json"])
    assert (manifest["kind"], manifest["host"], manifest["snapshot"]) == (backup.KIND, "cp1", None)
    by_path = {entry["path"]: entry for entry in manifest["entries"]}
    assert by_path["/etc/kubernetes"]["mode"] == "0755"
    assert by_path["/etc/kubernetes/link"]["target"] == "admin.conf"
    for entry in manifest["entries"]:
        if entry["type"] == "file":
            stored = store.files[f"{DIRECTORY}/{STAMP}/{entry['stored']}"]
            assert entry["sha256"] == hashlib.sha256(stored).hexdigest()


def test_a_control_plane_with_its_cluster() -> None:
    store = Store()
    document = {"kind": "ConfigMap", "metadata": {"namespace": "kube-system", "name": "kubeadm-config"}, "data": {}}
    database = Database()
    decision = make(store, etcd=database, api=MemoryApi(document), has_cluster=True)
    assert database.asked == ["https://127.0.0.1:2379"]
    assert decision.changes[0].reason.endswith(" can be put back, and etcd from a snapshot")
    done = decision.act()
    assert done["snapshot"] == {
        "stored": "etcd/snapshot.db",
        "endpoint": "https://127.0.0.1:2379",
        "bytes": len(SNAPSHOT),
        "sha256": hashlib.sha256(SNAPSHOT).hexdigest(),
        "revision": 1234,
    }
    assert store.files[f"{DIRECTORY}/{STAMP}/etcd/snapshot.db"] == SNAPSHOT
    stored = store.files[f"{DIRECTORY}/{STAMP}/cluster/kube-system/configmap/kubeadm-config.json"]
    assert json.loads(stored)["metadata"]["name"] == "kubeadm-config"
    assert "ConfigMap kube-public/cluster-info" in done["missing"]


def test_unknown_etcd_is_a_warning_and_the_first_server_that_answers_is_asked() -> None:
    decision = make(Store(), has_cluster=True, etcd_endpoints=())
    assert "No snapshot of etcd is made" in decision.warnings[0]
    assert decision.act()["snapshot"] is None
    database = Database(down={"https://192.0.2.31:2379"})
    endpoints = ("https://192.0.2.31:2379", "https://192.0.2.32:2379")
    decision = make(Store(), etcd=database, has_cluster=True, etcd_endpoints=endpoints)
    assert decision.warnings == ()
    assert decision.act()["snapshot"]["endpoint"] == "https://192.0.2.32:2379"
    with pytest.raises(EtcdError, match="192.0.2.31.*; .*192.0.2.32"):
        make(Store(), etcd=Database(down=set(endpoints)), has_cluster=True, etcd_endpoints=endpoints)
    # A worker's backup asks nobody.
    database = Database()
    make(Store(), etcd=database).act()
    assert database.asked == []


def test_what_keeps_etcd_from_being_asked_is_the_warning() -> None:
    for wanted in ("has_cluster", "has_member"):
        given_problem: dict[str, t.Any] = {"etcd_problem": "The unit says nothing: mend it.", wanted: True}
        decision = make(Store(), etcd_endpoints=(), **given_problem)
        assert decision.warnings == ("No snapshot of etcd is made: The unit says nothing: mend it.",)
        assert decision.changes[0].reason.endswith(" can be put back")
        assert decision.act()["snapshot"] is None


def test_a_cluster_without_kubeadm_lacks_nothing_of_kubeadms() -> None:
    document = {"kind": "ConfigMap", "metadata": {"namespace": "kube-public", "name": "cluster-info"}, "data": {}}
    store = Store()
    done = make(store, api=MemoryApi(document), has_cluster=True, is_kubeadm=False).act()
    assert [text for text in done["missing"] if "ConfigMap" in text] == ["ConfigMap kube-system/coredns"]
    assert f"{DIRECTORY}/{STAMP}/cluster/kube-public/configmap/cluster-info.json" in store.files


def test_without_an_administrator_there_is_a_snapshot_all_the_same() -> None:
    decision = make(Store(), has_api=False, has_cluster=True, is_kubeadm=False)
    (warning,) = decision.warnings
    assert "The backup lacks the cluster's ConfigMaps" in warning
    done = decision.act()
    assert done["snapshot"]["revision"] == 1234
    assert {f"ConfigMap {namespace}/{name}" for namespace, name in backup.CLUSTER_OBJECTS} <= set(done["missing"])
    # A host's own files need nobody.
    assert make(Store(), has_api=False).warnings == ()


def test_a_member_without_a_quorum_gives_what_it_has() -> None:
    store, database = Store(), Database(has_quorum=False)
    done = make(store, etcd=database, has_member=True).act()
    assert done["snapshot"]["revision"] == 1200
    # Nobody is asked for the cluster's objects, and each control plane's backup has a name of its own.
    assert store.places == {f"{DIRECTORY}/{STAMP}-cp1"}
    assert not any("/cluster/" in path for path in store.files)
    with pytest.raises(EtcdError, match="no leader"):
        make(Store(), etcd=database, has_cluster=True).act()


def test_a_member_that_does_not_answer_is_a_warning_where_nobody_serves() -> None:
    decision = make(Store(), etcd=Database(down={"https://127.0.0.1:2379"}), has_member=True)
    assert "No snapshot of this host's member of etcd is made" in decision.warnings[0]
    assert decision.act()["snapshot"] is None


@pytest.mark.parametrize(
    "content",
    [b"", SNAPSHOT[:-1], SNAPSHOT[:-32], SNAPSHOT[1:], SNAPSHOT + b"x", b"X" + SNAPSHOT[1:], SNAPSHOT[-32:]],
)
def test_a_broken_snapshot_leaves_nothing(content: bytes) -> None:
    store = Store(old="2026-01-01")
    decision = make(store, etcd=Database(content), has_cluster=True, keep=1)
    with pytest.raises(EtcdError, match="cut off or broken"):
        decision.act()
    # The old backup stays although only one is kept: there is no new one.
    assert store.places == {f"{DIRECTORY}/old"}
    assert store.files == {}


@given(st.binary(max_size=300), st.integers(1, 64), st.integers(0, 2**16))
def test_every_changed_byte_of_a_snapshot_is_seen(database: bytes, size: int, place: int) -> None:
    whole = database + hashlib.sha256(database).digest()

    def pieces(content: bytes) -> t.Iterator[bytes]:
        for start in range(0, len(content), size):
            yield content[start : start + size]

    assert b"".join(backup.checked_snapshot(pieces(whole))) == whole
    broken = bytearray(whole)
    broken[place % len(whole)] ^= 1
    with pytest.raises(EtcdError):
        list(backup.checked_snapshot(pieces(bytes(broken))))
    with pytest.raises(EtcdError):
        list(backup.checked_snapshot(pieces(whole[: place % len(whole)])))


@given(st.dictionaries(st.text("abc", min_size=1, max_size=3), st.sampled_from(["1", "2", "3"])), st.integers(1, 5))
def test_pruning_keeps_the_newest(backups: dict[str, str], keep: int) -> None:
    pruned = backup.to_prune(backups, keep=keep)
    left = set(backups) - set(pruned)
    assert len(left) == min(len(backups), keep - 1)
    assert all(backups[old] <= backups[new] for old in pruned for new in left)


def test_older_backups_and_leftovers_go_after_the_new_one_is_there() -> None:
    store = Store(first="2026-01-01", second="2026-01-02", third="2026-01-03")
    store.places.add(f"{DIRECTORY}/dead.partial")
    decision = make(store, keep=2)
    assert [change.object for change in decision.changes] == [
        f"backup {DIRECTORY}",
        f"backup {DIRECTORY}/first",
        f"backup {DIRECTORY}/second",
    ]
    decision.act()
    assert store.places == {f"{DIRECTORY}/third", f"{DIRECTORY}/{STAMP}"}


def test_names() -> None:
    store = Store(**{STAMP: "x", f"{STAMP}-2": "x"})
    assert make(store).values["name"] == f"{STAMP}-3"
    assert make(store, name="before-1.35").values["path"] == f"{DIRECTORY}/before-1.35"
    with pytest.raises(InvalidInput, match="choose another name"):
        make(store, name=STAMP)


def test_a_file_that_vanishes_is_missing() -> None:
    store = Store()
    store.vanishing = {"/etc/kubernetes/admin.conf"}
    done = make(store).act()
    assert "/etc/kubernetes/admin.conf" in done["missing"]
    assert done["files"] == 2


def test_what_a_link_leads_to_and_is_not_there_is_reported() -> None:
    link = Source("/etc/kubernetes/pki", "link", 0o777, target="/", lacks="it holds what is backed up, or the backups")
    decision = make(Store({**SOURCES, link.path: link}))
    expected = "what /etc/kubernetes/pki leads to (it holds what is backed up, or the backups)"
    assert expected in decision.values["missing"]
    assert expected in decision.act()["missing"]
    assert [text for text in decision.warnings if text.startswith("The backup lacks what the link /etc/kubernetes/pki")]


def test_room_is_needed_for_the_database_too() -> None:
    store = Store()
    store.free = 15 + backup.RESERVE
    assert make(store).changes
    with pytest.raises(UnsupportedState, match="MiB free, but the backup needs 1 MiB"):
        make(store, has_cluster=True)


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({"directory": "relative"}, "option directory"),
        ({"directory": "/"}, "option directory"),
        ({"name": ""}, "option name"),
        ({"name": "a/b"}, "option name"),
        ({"name": ".hidden"}, "option name"),
        ({"name": "x.partial"}, "option name"),
        ({"name": "x\n"}, "option name"),
        ({"keep": 0}, "option keep"),
        ({"paths": ("etc",)}, "option paths"),
        ({"paths": ("/var/backups",)}, "option paths"),
        ({"paths": ("/",)}, "option paths"),
    ],
)
def test_bad_inputs_are_named(wrong: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        make(Store(), **wrong)


def test_a_host_with_nothing_is_refused() -> None:
    with pytest.raises(UnsupportedState, match="has not joined a cluster"):
        make(Store({}))
