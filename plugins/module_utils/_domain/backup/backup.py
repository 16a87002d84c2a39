# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A private backup of what Kubernetes keeps on a host, and of the cluster."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import json
import posixpath
import re
import typing as t

from ..base.backup_reason import reason
from ..base.change import Change, Decision
from ..base.errors import InvalidInput, UnsupportedState
from ..etcd.etcd import EtcdError, answering
from .layout import KIND, MANIFEST, PARTIAL, SNAPSHOT

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.backup_store import BackupStore
    from ..._ports.clock import Clock
    from ..._ports.etcd import Etcd
    from ..base.stored_file import Source, StoredFile

#: What kubeadm and the kubelet keep on a host and a conversion may change.
DEFAULT_PATHS = (
    "/etc/kubernetes",
    "/var/lib/kubelet/config.yaml",
    "/var/lib/kubelet/kubeadm-flags.env",
    "/var/lib/kubelet/pki",
)
#: ConfigMaps of a kubeadm cluster, by namespace and name.
CLUSTER_OBJECTS = (
    ("kube-system", "kubeadm-config"),
    ("kube-system", "kubelet-config"),
    ("kube-system", "kube-proxy"),
    ("kube-system", "coredns"),
    ("kube-public", "cluster-info"),
)
#: The one of them that no kubeadm makes.
_OF_ANY_CLUSTER = ("kube-system", "coredns")

_WITHOUT_ADMINISTRATOR = (
    "The backup lacks the cluster's ConfigMaps: none of this host's kubeconfigs is an administrator's. Give the path of one in the "
    "option kubeconfig."
)

#: etcd appends the SHA-256 of the database to a snapshot (server/etcdserver/api/v3rpc/maintenance.go).
_DIGEST_BYTES = hashlib.sha256().digest_size
#: What must be left on the file system besides the backup, in bytes.
RESERVE = 256 * 1024 * 1024

_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_TIME_FORMAT = "%Y%m%dT%H%M%SZ"


@dataclasses.dataclass(frozen=True)
class Request:
    """What is to be backed up, and where.

    Attributes:
        directory: where the backups of this host are.
        name: of the backup; ``None`` is the time.
        paths: files and directories of the host.
        has_cluster: also the cluster's ConfigMaps and etcd.
        has_member: also what this host's member of etcd has, with or without a quorum: of a cluster whose API nobody serves.
        etcd_endpoints: client URLs of etcd, of which the first that answers gives the snapshot; empty on a host whose etcd
            is not known.
        keep: how many backups stay, this one included.
        host_name: named in the manifest.
        etcd_problem: why no etcd is known although the host names one, a sentence with the remedy.
        is_kubeadm: whether the cluster is kubeadm's, which makes all of :data:`CLUSTER_OBJECTS`.
    """

    directory: str
    name: str | None
    paths: tuple[str, ...]
    has_cluster: bool
    etcd_endpoints: tuple[str, ...]
    keep: int
    host_name: str
    has_member: bool = False
    etcd_problem: str = ""
    is_kubeadm: bool = True


@dataclasses.dataclass(frozen=True)
class _Plan:
    """A backup decided."""

    name: str
    sources: tuple[Source, ...]
    missing: tuple[str, ...]
    etcd_endpoints: tuple[str, ...]
    pruned: tuple[str, ...]


def decide(directory: str, *, path: str, has_snapshot: bool) -> Change:
    """The making of a backup as a change.

    Args:
        directory: where the backups of the host are.
        path: the backup itself, or what stands for it in a plan.
        has_snapshot: whether it has one of etcd.
    """
    return Change(object=f"backup {directory}", before=None, after=path, reason=reason(has_snapshot=has_snapshot))


def ensure(
    store: BackupStore,
    clock: Clock,
    *,
    request: Request,
    api: Api | None = None,
    etcd: t.Callable[[], Etcd] | None = None,
) -> Decision:
    """A new backup; older ones beyond ``keep`` go.

    Args:
        store: where backups are.
        clock: names the backup.
        request: what is to be backed up.
        api: the cluster's API, for ``has_cluster``; ``None`` where the host has no kubeconfig of an administrator.
        etcd: makes the client of etcd, for ``has_cluster``; called only when a snapshot is made.

    Raises:
        InvalidInput: when the request cannot be used.
        UnsupportedState: when there is nothing to back up, no room, or an unsafe directory.
        EtcdError: when no whole snapshot could be had.
        ApiError: when the API could not be read.
    """
    _check(request)
    store.check(request.directory)
    now = clock.now()
    plan, warnings = _plan(store, request, now)
    # The clients of cluster and etcd are made before anything is written.
    opened = etcd() if etcd is not None and plan.etcd_endpoints else None
    endpoint, silent = _answering(opened, plan.etcd_endpoints, must=request.has_cluster)
    warnings += silent
    if request.has_cluster and api is None:
        warnings += (_WITHOUT_ADMINISTRATOR,)
    database = _database_size(opened, endpoint)
    expected = sum(source.size for source in plan.sources) + database
    _need_room(store.free_bytes(request.directory), expected, request.directory)
    path = posixpath.join(request.directory, plan.name)
    changes = [decide(request.directory, path=path, has_snapshot=endpoint is not None)]
    changes += [
        Change(f"backup {posixpath.join(request.directory, name)}", "kept", None, f"only {request.keep} are kept")
        for name in plan.pruned
    ]
    values = {
        "path": path,
        "name": plan.name,
        "files": sum(source.type in ("file", "link") for source in plan.sources),
        "bytes": expected,
        "snapshot": None,
        "missing": list(plan.missing),
        "pruned": list(plan.pruned),
    }

    def act() -> t.Mapping[str, t.Any]:
        with store.locked(request.directory):
            return _make(store, request, plan, now=now, api=api, etcd=opened, endpoint=endpoint)

    return Decision(changes=tuple(changes), values=values, act=act, warnings=warnings)


def _answering(etcd: Etcd | None, endpoints: t.Sequence[str], *, must: bool) -> tuple[str | None, tuple[str, ...]]:
    """The server that gives the snapshot; where none has to, a warning instead of an error."""
    if etcd is None:
        return None, ()
    try:
        return answering(etcd, endpoints), ()
    except EtcdError as error:
        if must:
            raise
        return None, (f"No snapshot of this host's member of etcd is made: {error.message}",)


def to_prune(backups: t.Mapping[str, str], *, keep: int) -> tuple[str, ...]:
    """The oldest of the complete backups that go, so that with a new one at most ``keep`` are left.

    Args:
        backups: names with times that sort as text.
        keep: at least 1.
    """
    by_age = sorted(backups, key=lambda name: (backups[name], name))
    return tuple(by_age[: max(len(by_age) - (keep - 1), 0)])


def checked_snapshot(pieces: t.Iterable[bytes]) -> t.Iterator[bytes]:
    """Pass a snapshot on and check it at its end, in bounded memory.

    Raises:
        EtcdError: when the hash at the end is not that of what came before.
    """
    digest = hashlib.sha256()
    tail = b""
    for piece in pieces:
        tail += piece
        digest.update(tail[:-_DIGEST_BYTES])
        tail = tail[-_DIGEST_BYTES:]
        yield piece
    if len(tail) < _DIGEST_BYTES or digest.digest() != tail:
        raise EtcdError(
            "The snapshot that etcd sent is cut off or broken: its SHA-256 is not the one at its end. Nothing of it is kept; "
            "check etcd's log and the network, and run again."
        )


def _check(request: Request) -> None:
    if not posixpath.isabs(request.directory) or posixpath.normpath(request.directory) == "/":
        raise InvalidInput(f"The option directory is {request.directory!r}: give the absolute path of a directory.")
    if request.keep < 1:
        raise InvalidInput(f"The option keep is {request.keep}: at least the backup that is made must stay.")
    name = request.name
    if name is not None and (not _NAME.match(name) or name.endswith(PARTIAL)):
        raise InvalidInput(
            f"The option name is {name!r}: write letters, digits, points, dashes and underscores, not ending in {PARTIAL}."
        )
    relative = [path for path in request.paths if not posixpath.isabs(path)]
    if relative:
        raise InvalidInput(f"The option paths has {relative[0]!r}: give absolute paths.")
    inside = [path for path in request.paths if _is_below(request.directory, path)]
    if inside:
        raise InvalidInput(f"The option paths has {inside[0]}, which holds the backups themselves: leave it out.")


def _plan(store: BackupStore, request: Request, now: float) -> tuple[_Plan, tuple[str, ...]]:
    sources = tuple(store.scan(request.paths, besides=request.directory))
    present = {source.path for source in sources}
    missing = tuple(path for path in request.paths if posixpath.normpath(path) not in present)
    missing += tuple(f"what {source.path} leads to ({source.lacks})" for source in sources if source.lacks)
    if not sources:
        raise UnsupportedState(
            f"Nothing of {', '.join(request.paths)} is on this host: it has not joined a cluster, or set the option paths."
        )
    endpoints, warnings = _etcd_endpoints(request)
    warnings += tuple(
        f"The backup lacks what the link {source.path} leads to: {source.lacks}. Back it up by other means, or name it in "
        "the option paths."
        for source in sources
        if source.lacks
    )
    plan = _Plan(
        name=_name(store, request, now),
        sources=sources,
        missing=missing,
        etcd_endpoints=endpoints,
        pruned=to_prune(store.complete(request.directory), keep=request.keep),
    )
    return plan, warnings


def _etcd_endpoints(request: Request) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if request.etcd_problem:
        return (), (f"No snapshot of etcd is made: {request.etcd_problem}",)
    if not request.has_cluster or request.etcd_endpoints:
        return (request.etcd_endpoints if request.has_cluster or request.has_member else ()), ()
    warning = (
        "No snapshot of etcd is made: this host has no static pod of etcd, and no API server, neither a static pod nor a service, whose "
        "flags say where etcd is. "
        "Back it up there, or set the option etcd_endpoint."
    )
    return (), (warning,)


def _name(store: BackupStore, request: Request, now: float) -> str:
    """The wanted name, or the time with a number where that is taken."""
    if request.name is not None:
        if store.exists(posixpath.join(request.directory, request.name)):
            raise InvalidInput(
                f"The option name is {request.name}, but {request.directory} has it already: choose another name."
            )
        return request.name
    stamp = dt.datetime.fromtimestamp(now, tz=dt.timezone.utc).strftime(_TIME_FORMAT)
    if request.has_member:
        # Every control plane may have one, and a restore begins with the one that is named.
        stamp = f"{stamp}-{request.host_name}"
    name, number = stamp, 1
    while store.exists(posixpath.join(request.directory, name)):
        number += 1
        name = f"{stamp}-{number}"
    return name


def _database_size(etcd: Etcd | None, endpoint: str | None) -> int:
    return int(etcd.status(endpoint).get("dbSize", 0)) if etcd is not None and endpoint is not None else 0


def _need_room(free: int, expected: int, directory: str) -> None:
    if free < expected + RESERVE:
        raise UnsupportedState(
            f"The file system of {directory} has {_mib(free)} MiB free, but the backup needs {_mib(expected)} MiB and "
            f"{_mib(RESERVE)} MiB must be left: make room, or set the option directory to another file system.",
            free_bytes=free,
            needed_bytes=expected + RESERVE,
        )


def _make(
    store: BackupStore,
    request: Request,
    plan: _Plan,
    *,
    now: float,
    api: Api | None,
    etcd: Etcd | None,
    endpoint: str | None,
) -> dict[str, t.Any]:
    for name in store.unfinished(request.directory):
        store.remove(posixpath.join(request.directory, name))
    final = posixpath.join(request.directory, plan.name)
    place = final + PARTIAL
    try:
        store.begin(place)
        manifest, missing = _fill(store, request, plan, place, now=now, api=api, etcd=etcd, endpoint=endpoint)
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        store.write(posixpath.join(place, MANIFEST), [text.encode("utf-8")])
        store.finish(place, final)
    except BaseException:
        # What made it fail is to be reported, not what made the tidying fail.
        with contextlib.suppress(UnsupportedState):
            store.remove(place)
        raise
    for name in plan.pruned:
        store.remove(posixpath.join(request.directory, name))
    stored = [*manifest["entries"], *manifest["cluster"]]
    return {
        "files": sum(item["type"] in ("file", "link") for item in manifest["entries"]) + len(manifest["cluster"]),
        "bytes": sum(item["size"] for item in stored) + (manifest["snapshot"] or {}).get("bytes", 0),
        "snapshot": manifest["snapshot"],
        "missing": missing,
    }


def _fill(
    store: BackupStore,
    request: Request,
    plan: _Plan,
    place: str,
    *,
    now: float,
    api: Api | None,
    etcd: Etcd | None,
    endpoint: str | None,
) -> tuple[dict[str, t.Any], list[str]]:
    """Everything but the manifest; the manifest as a document, and what was not there."""
    missing = list(plan.missing)
    # The database first: what it holds is never younger than the objects beside it.
    snapshot = None
    if etcd is not None and endpoint is not None:
        # Without a quorum a member still says what it has, and nobody can say more.
        answer = etcd.read(endpoint) if request.has_cluster else etcd.status(endpoint)
        revision = (answer.get("header") or {}).get("revision")
        snapshot = _snapshot(store, place, etcd, endpoint, None if revision is None else int(revision))
    cluster = list(_objects(store, place, api, missing, request)) if request.has_cluster else []
    entries = []
    for source in plan.sources:
        stored = store.copy(source, posixpath.join(place, _stored_path(source))) if source.type != "other" else None
        if stored is None:
            missing.append(source.path)
        else:
            entries.append(_entry(source, stored))
    manifest = {
        "kind": KIND,
        "version": 1,
        "created": dt.datetime.fromtimestamp(now, tz=dt.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "host": request.host_name,
        "entries": entries,
        "cluster": cluster,
        "snapshot": snapshot,
        "missing": missing,
    }
    return manifest, missing


def _snapshot(store: BackupStore, place: str, etcd: Etcd, endpoint: str, revision: int | None) -> dict[str, t.Any]:
    """The database, of this revision or a later one."""
    stored = store.write(posixpath.join(place, SNAPSHOT), checked_snapshot(etcd.snapshot(endpoint)))
    return {
        "stored": SNAPSHOT,
        "endpoint": endpoint,
        "bytes": stored.size,
        "sha256": stored.sha256,
        "revision": revision,
    }


def _objects(
    store: BackupStore, place: str, api: Api | None, missing: list[str], request: Request
) -> t.Iterator[dict[str, t.Any]]:
    for namespace, name in CLUSTER_OBJECTS:
        document = api.get("configmap", name, namespace=namespace) if api is not None else None
        if document is None:
            # Whether there is one of kubeadm's nobody knows where nobody was asked.
            if request.is_kubeadm or api is None or (namespace, name) == _OF_ANY_CLUSTER:
                missing.append(f"ConfigMap {namespace}/{name}")
            continue
        stored_path = f"cluster/{namespace}/configmap/{name}.json"
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
        stored = store.write(posixpath.join(place, stored_path), [text.encode("utf-8")])
        yield {
            "object": f"ConfigMap {namespace}/{name}",
            "stored": stored_path,
            "size": stored.size,
            "sha256": stored.sha256,
        }


def _entry(source: Source, stored: StoredFile) -> dict[str, t.Any]:
    entry: dict[str, t.Any] = {
        "path": source.path,
        "stored": _stored_path(source),
        "type": source.type,
        "mode": f"{source.mode:04o}",
        "uid": source.uid,
        "gid": source.gid,
        "size": stored.size,
        "sha256": stored.sha256,
    }
    if source.target is not None:
        entry["target"] = source.target
    return entry


def _stored_path(source: Source) -> str:
    return f"files{source.path}"


def _is_below(path: str, parent: str) -> bool:
    parent = posixpath.normpath(parent)
    return posixpath.commonpath([posixpath.normpath(path), parent]) == parent


def _mib(count: int) -> int:
    return -(-count // (1024 * 1024))


__all__ = (
    "CLUSTER_OBJECTS",
    "DEFAULT_PATHS",
    "KIND",
    "MANIFEST",
    "PARTIAL",
    "RESERVE",
    "Request",
    "checked_snapshot",
    "decide",
    "ensure",
    "to_prune",
)
