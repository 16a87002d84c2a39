# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs from the world. Private to kubeadm.ha: no stable interface."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from ._domain.address import Endpoint
    from ._domain.backup import Source, StoredFile
    from ._domain.carried_files import FileFact
    from ._domain.certificate import Certificate
    from ._domain.endpoint_view import View
    from ._domain.reachability import Answer


@dataclasses.dataclass(frozen=True)
class CommandResult:
    """The end of a command: return code, standard output and standard error."""

    returncode: int
    stdout: str
    stderr: str


class Background(t.Protocol):
    """A program that goes on beside this process."""

    def line(self) -> str:
        """The next line of its standard output; empty when it has ended."""

    def end(self) -> None:
        """End it and wait for its end."""


class Commands(t.Protocol):
    """Runs programs of the host, never through a shell, with the C locale."""

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        """Run to the end. With ``check`` a non-zero return code raises ``CommandFailed``; secrets go to ``stdin``."""

    def start(self, arguments: t.Sequence[str], *, log: str) -> Background:
        """Start a program that ends with this process, however that ends. Its standard error goes to the file ``log``."""

    def hold(self, text: str) -> t.ContextManager[str]:
        """A path at which programs of the host can read the text while the context lasts. It is never on a disk."""

    def find(self, program: str) -> str | None:
        """The program's path, ``None`` when the host does not have it."""


class Files(t.Protocol):
    """Files of the host. Paths are absolute."""

    def read(self, path: str) -> bytes | None:
        """The content, ``None`` when there is no such file."""

    def exists(self, path: str) -> bool:
        """Whether something is there."""

    def names(self, path: str) -> t.Sequence[str]:
        """Sorted names in a directory; empty when there is no such directory."""

    def mode(self, path: str) -> int:
        """Permission bits."""

    def write(self, path: str, content: bytes, *, mode: int | None = None) -> None:
        """Replace or create atomically and durably. Owner and, without ``mode``, permission bits of an existing file
        are kept; a new file gets ``mode`` or 0600."""

    def make_private_directory(self, path: str) -> None:
        """Create a directory with mode 0700 (parents included); it may be there already."""

    def rename(self, path: str, target: str) -> None:
        """Move within one file system, atomically replacing ``target``, and make it durable."""

    def link(self, target: str, path: str) -> None:
        """A symbolic link at ``path`` that points to ``target``."""

    def remove(self, path: str) -> None:
        """Remove a file or a directory tree; it may be gone already."""

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths are one place, links followed."""


class LockFile(t.Protocol):
    """The lock of the host. Every method may raise ``UnsupportedState``."""

    def alone(self) -> t.ContextManager[None]:
        """Nobody else reads and writes the lock while the context lasts."""

    def read(self) -> tuple[bytes | None, float]:
        """The content, ``None`` without a lock, and the time of its owner's last sign of life, in seconds since the epoch."""

    def write(self, content: bytes) -> None:
        """Write the lock anew."""

    def remove(self) -> None:
        """Remove the lock."""

    def is_at_work(self) -> bool:
        """Whether a module is changing this host now."""


class Api(t.Protocol):
    """The Kubernetes API. Objects are the JSON documents of the API."""

    def get(self, kind: str, name: str, *, namespace: str | None = None) -> dict[str, t.Any] | None:
        """One object, ``None`` when it does not exist. ``kind`` as kubectl takes it, for example ``configmap``."""

    def list(
        self, kind: str, *, namespace: str | None = None, labels: str | None = None
    ) -> t.Sequence[dict[str, t.Any]]:
        """All objects of a kind in a namespace (``None``: all namespaces, or a cluster-wide kind)."""

    def pages(self, kind: str, *, size: int, fields: str | None = None) -> t.Iterator[t.Sequence[dict[str, t.Any]]]:
        """All objects of a kind over all namespaces in pages of at most ``size``, so that a big cluster needs little
        memory. ``fields`` is a field selector. The reader may stop after any page."""

    def replace(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Replace an object. Its ``metadata.resourceVersion`` is the precondition: ``ApiConflict`` if it has moved on."""

    def create(self, document: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
        """Create an object."""

    def delete(self, kind: str, name: str, *, namespace: str | None = None) -> bool:
        """Delete an object; ``False`` when there was none."""

    def patch(
        self, kind: str, name: str, patch: t.Mapping[str, t.Any], *, namespace: str | None = None
    ) -> dict[str, t.Any]:
        """A JSON merge patch (RFC 7386)."""

    def raw(self, path: str) -> str:
        """The body of a GET on a path such as ``/readyz``."""


class Tls(t.Protocol):
    """Reads what a TLS server serves."""

    def served_certificate(
        self, endpoint: Endpoint, *, server_name: str | None = None, timeout: float = 5.0
    ) -> bytes | None:
        """The served leaf certificate in PEM, unverified; ``None`` when nothing answers in time (seconds)."""


class EndpointProbe(t.Protocol):
    """Looks at the control plane endpoint from this host, by its resolver and without any proxy."""

    def look(self, endpoint: Endpoint) -> View:
        """What this host sees now, after at most the seconds that it was made for."""

    def begin(self, endpoint: Endpoint) -> t.Callable[[], View]:
        """Look beside what the caller does meanwhile; what is returned waits for the end."""


class Sockets(t.Protocol):
    """Tries TCP connections from this host."""

    def dial(self, endpoints: t.Sequence[Endpoint], *, seconds: float) -> t.Sequence[Answer]:
        """How each attempt ended, in the order of the endpoints, after at most that many seconds. No data is sent."""


class X509(t.Protocol):
    """Reads certificates and keys."""

    def certificates(self, pem: bytes) -> t.Sequence[Certificate]:
        """Every certificate of a PEM text in its order. Raises ``InvalidInput`` for broken ones."""

    def key_matches(self, certificate_pem: bytes, key_pem: bytes) -> bool:
        """Whether the private key belongs to the first certificate."""

    def is_signed_by(self, certificate_pem: bytes, ca_pem: bytes) -> bool:
        """Whether one of the CA certificates signed the first certificate."""


class Yaml(t.Protocol):
    """Reads and writes YAML documents."""

    def load(self, text: str) -> t.Any:
        """The one document of a text. Raises ``InvalidInput`` with the place when it is no YAML."""

    def load_all(self, text: str) -> t.Sequence[t.Any]:
        """All documents of a text."""

    def dump(self, document: t.Any) -> str:
        """The document in block style, keys in their order."""


class YamlText(t.Protocol):
    """Edits the text of a YAML document without rewriting it."""

    def with_scalar(self, text: str, path: t.Sequence[str | int], value: str) -> str:
        """The text with one string set, every other character as it was.

        Args:
            text: one YAML (or JSON) document.
            path: map keys and list indexes. The last key may be missing in its map; it is added.
            value: the string.

        Raises:
            InvalidInput: when there is no such place.
        """


class Clock(t.Protocol):
    """Time."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds of a clock that is never set."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class CertificateKeys(t.Protocol):
    """Makes the keys under which kubeadm encrypts certificates in the Secret kube-system/kubeadm-certs."""

    def new(self) -> str:
        """A fresh random key of 32 bytes as 64 hexadecimal digits."""


class ApiStandIn(t.Protocol):
    """Answers GETs on this host's loopback address in the place of an API server."""

    def serving(
        self, documents: t.Mapping[str, t.Mapping[str, t.Any]], *, forbidden: t.Collection[str] = ()
    ) -> t.ContextManager[str]:
        """The URL of a server that has these documents by path while the context lasts. It answers 403 for the forbidden
        paths and 404 for all others."""


class KubeletApi(t.Protocol):
    """The Kubernetes API as this host's kubelet sees it: its server, its credentials."""

    def get(self, path: str) -> dict[str, t.Any] | None:
        """The document of a GET on a path, ``None`` when there is no such object (HTTP 404). Raises ``ApiError``."""


class Etcd(t.Protocol):
    """etcd servers. Endpoints are URLs such as ``https://127.0.0.1:2379``; every method raises ``EtcdError``.

    Answers are the documents of etcd's JSON gateway, whose 64-bit numbers are texts
    (https://etcd.io/docs/v3.5/dev-guide/api_grpc_gateway/).
    """

    def members(self, endpoint: str) -> dict[str, t.Any]:
        """MemberListResponse."""

    def status(self, endpoint: str) -> dict[str, t.Any]:
        """StatusResponse of the very server."""

    def alarms(self, endpoint: str) -> dict[str, t.Any]:
        """AlarmResponse with every active alarm."""

    def read(self, endpoint: str) -> dict[str, t.Any]:
        """RangeResponse of a linearizable read, which needs a leader and a quorum."""

    def remove(self, endpoint: str, member_id: str) -> dict[str, t.Any]:
        """MemberRemoveResponse. The id is hexadecimal, as etcdctl prints it."""

    def snapshot(self, endpoint: str) -> t.Iterator[bytes]:
        """The server's database in pieces, its SHA-256 (32 bytes) at the end."""


class FileTree(t.Protocol):
    """Files of the host with owner, group and mode. Paths are absolute and normal."""

    def look(self, path: str, *, use: str, follow: bool) -> FileFact:
        """What is there, for which use. Small files of the use ``carried`` are hashed. Without ``follow`` a symbolic
        link, and anything behind one, is a ``link``."""

    def is_link(self, path: str) -> bool:
        """Whether the path itself is a symbolic link."""

    def is_file(self, path: str) -> bool:
        """Whether a file is there, links followed."""

    def is_directory(self, path: str) -> bool:
        """Whether a directory is there, links followed."""

    def real(self, path: str) -> str:
        """The path with all links followed."""

    def names(self, path: str) -> t.Sequence[str]:
        """Sorted names in a directory."""

    def read(self, path: str) -> bytes:
        """The content of a file."""

    def make(self, fact: FileFact, content: bytes | None) -> None:
        """Make what the fact says, atomically, with its owner, group and mode. ``content`` is ``None`` for directories."""

    def set_access(self, fact: FileFact) -> None:
        """Give an existing file or directory the owner, group and mode of the fact."""


class Sealing(t.Protocol):
    """Encrypts what travels under a key, and proves on the other side that nobody changed it."""

    def seal(self, content: bytes, key: str) -> str:
        """The encrypted content as text. ``key`` is 64 hexadecimal digits."""

    def open(self, text: str, key: str) -> bytes:
        """The content; ``InvalidInput`` when the text was not sealed under this key, or was changed."""


class BackupStore(t.Protocol):
    """Private directories of backups, one below the other's side, and the files that go into them.

    ``directory`` is where all backups of a host are, ``place`` one backup in it. Every method raises
    ``UnsupportedState`` when the host does not allow it.
    """

    def check(self, directory: str) -> None:
        """Refuse a directory that others than its owner may write to. It need not exist."""

    def free_bytes(self, directory: str) -> int:
        """Bytes that may be written there, also when the directory does not exist yet."""

    def scan(self, paths: t.Sequence[str], *, besides: str) -> t.Sequence[Source]:
        """Everything at and below the paths, parents first. Links stay links, and what they lead to is there, too. A
        link to a directory that is too large, or that holds the directory ``besides``, tells so. Paths that do not
        exist are left out."""

    def complete(self, directory: str) -> t.Mapping[str, str]:
        """Names of the complete backups with the time of each, as their manifests say."""

    def unfinished(self, directory: str) -> t.Sequence[str]:
        """Names of the backups that a killed run left."""

    def exists(self, place: str) -> bool:
        """Whether something is there."""

    def locked(self, directory: str) -> t.ContextManager[None]:
        """Make the directory and keep other runs out of it."""

    def begin(self, place: str) -> None:
        """Make an empty private directory."""

    def copy(self, source: Source, target: str) -> StoredFile | None:
        """Copy one file, or make the same link or a private directory; ``None`` when the source is gone."""

    def write(self, target: str, pieces: t.Iterable[bytes]) -> StoredFile:
        """Write a new private file piece by piece, durably."""

    def finish(self, place: str, final: str) -> None:
        """Give a complete backup its name, durably."""

    def remove(self, place: str) -> None:
        """Remove a backup."""


__all__ = (
    "X509",
    "Api",
    "BackupStore",
    "CertificateKeys",
    "Clock",
    "CommandResult",
    "Commands",
    "EndpointProbe",
    "Etcd",
    "FileTree",
    "Files",
    "KubeletApi",
    "LockFile",
    "Sealing",
    "Tls",
    "Yaml",
    "YamlText",
)
