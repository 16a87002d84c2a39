# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates made for tests, and the ports Files and Tls in memory."""

from __future__ import annotations

import datetime as dt
import functools
import ipaddress
import typing as t

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint

#: The time of the tests' clocks.
NOW = dt.datetime(2026, 11, 21, 8, 0, tzinfo=dt.UTC)
_DAY = dt.timedelta(days=1)


class Issued(t.NamedTuple):
    """A certificate and its key in PEM, and what signs others with it."""

    certificate: bytes
    key: bytes
    signer: t.Any
    name: x509.Name


def new_key(algorithm: str = "ecdsa") -> t.Any:
    """A private key: ``ecdsa``, ``rsa`` or ``ed25519``."""
    if algorithm == "rsa":
        return _rsa_key()
    return ed25519.Ed25519PrivateKey.generate() if algorithm == "ed25519" else ec.generate_private_key(ec.SECP256R1())


@functools.cache
def _rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make_ca(name: str = "kubernetes", *, algorithm: str = "ecdsa") -> Issued:
    """A CA as kubeadm makes it."""
    return _issue(name, new_key(algorithm), issuer=None, sans=(), is_ca=True, usage=None, lifetime=(-1, 3650))


def make_certificate(
    ca: Issued,
    *sans: str | x509.GeneralName,
    name: str | x509.Name = "kube-apiserver",
    algorithm: str = "ecdsa",
    lifetime: tuple[int, int] = (-1, 365),
    usage: x509.ObjectIdentifier | None = ExtendedKeyUsageOID.SERVER_AUTH,
) -> Issued:
    """A leaf certificate.

    Args:
        ca: its CA.
        sans: IP addresses and DNS names as text, anything else as cryptography's own objects.
        name: common name, or the whole subject.
        algorithm: see :func:`new_key`.
        lifetime: days from :data:`NOW` to its start and its end.
        usage: extended key usage; ``None`` for none.
    """
    names = tuple(_general_name(san) if isinstance(san, str) else san for san in sans)
    return _issue(name, new_key(algorithm), issuer=ca, sans=names, is_ca=False, usage=usage, lifetime=lifetime)


def _general_name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)


def _issue(
    name: str | x509.Name,
    key: t.Any,
    *,
    issuer: Issued | None,
    sans: tuple[x509.GeneralName, ...],
    is_ca: bool,
    usage: x509.ObjectIdentifier | None,
    lifetime: tuple[int, int],
) -> Issued:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) if isinstance(name, str) else name
    signer = key if issuer is None else issuer.signer
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + lifetime[0] * _DAY)
        .not_valid_after(NOW + lifetime[1] * _DAY)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
    if sans:
        builder = builder.add_extension(x509.SubjectAlternativeName(sans), critical=False)
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    pem = builder.sign(signer, algorithm).public_bytes(serialization.Encoding.PEM)
    return Issued(pem, _key_pem(key), key, subject)


def _key_pem(key: t.Any) -> bytes:
    kind = serialization.PrivateFormat
    form = kind.PKCS8 if isinstance(key, ed25519.Ed25519PrivateKey) else kind.TraditionalOpenSSL
    pem: bytes = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    return pem


class Killed(BaseException):
    """Stands for SIGKILL: nothing of the code under test may catch it."""


class MemoryFiles:
    """``Files`` in memory. Links are files ``-> target``; directories exist through what is in them, or by themselves.

    Attributes:
        contents: content by path.
        modes: permission bits by path.
        directories: private directories.
        calls_left: calls that change something until :class:`Killed`; ``None`` for ever. The call that kills has done
            its work when ``does_last`` is true, else not.
    """

    def __init__(self, contents: t.Mapping[str, bytes]) -> None:
        """Start with these files, all with mode 0644."""
        self.contents = dict(contents)
        self.modes = dict.fromkeys(contents, 0o644)
        self.directories: set[str] = set()
        self.calls_left: int | None = None
        self.does_last = True

    def read(self, path: str) -> bytes | None:
        """The content, links followed."""
        content = self.contents.get(path)
        return self.read(content[3:].decode()) if content is not None and content.startswith(b"-> ") else content

    def exists(self, path: str) -> bool:
        """Whether something is there."""
        names = (*self.contents, *self.directories)
        return any(name == path or name.startswith(f"{path}/") for name in names)

    def is_same(self, path: str, other: str) -> bool:
        """Whether two paths are one place, links followed."""
        return self._real(path) == self._real(other)

    def _real(self, path: str) -> str:
        for name, content in self.contents.items():
            if content.startswith(b"-> ") and (path == name or path.startswith(f"{name}/")):
                return self._real(content[3:].decode() + path[len(name) :])
        return path

    def names(self, path: str) -> t.Sequence[str]:
        """Names in a directory."""
        return sorted({name[len(path) + 1 :].split("/")[0] for name in self.contents if name.startswith(f"{path}/")})

    def mode(self, path: str) -> int:
        """Permission bits."""
        return self.modes[path]

    def write(self, path: str, content: bytes, *, mode: int | None = None) -> None:
        """Replace or create."""
        self._changes(lambda: self._write(path, content, mode))

    def _write(self, path: str, content: bytes, mode: int | None) -> None:
        self.contents[path] = content
        self.modes[path] = self.modes.get(path, 0o600) if mode is None else mode

    def make_private_directory(self, path: str) -> None:
        """Create a directory."""
        self._changes(lambda: self.directories.add(path))

    def rename(self, path: str, target: str) -> None:
        """Move a file."""
        self._changes(lambda: self.contents.update({target: self.contents.pop(path)}))

    def link(self, target: str, path: str) -> None:
        """A symbolic link."""
        self._changes(lambda: self.contents.update({path: b"-> " + target.encode()}))

    def remove(self, path: str) -> None:
        """Remove a file or a tree, file by file: a kill may come at each."""
        for name in [*self.contents, *self.directories]:
            if name == path or name.startswith(f"{path}/"):
                self._changes(functools.partial(self._remove, name))

    def _remove(self, name: str) -> None:
        self.contents.pop(name, None)
        self.directories.discard(name)

    def _changes(self, act: t.Callable[[], t.Any]) -> None:
        if self.calls_left is not None:
            self.calls_left -= 1
            if self.calls_left < 0:
                raise Killed
            if self.calls_left == 0 and not self.does_last:
                self.calls_left = -1
                raise Killed
        act()
        if self.calls_left == 0:
            raise Killed


class MemoryServer:
    """``Tls`` of a server that loads its pair from files, and keeps the one that it has while they do not match.

    So does kube-apiserver.
    """

    def __init__(self, files: MemoryFiles, stem: str) -> None:
        """Serve ``<stem>.crt`` and ``<stem>.key``."""
        self._files = files
        self._stem = stem
        self.is_up = True
        self.reloads = True
        self._served: bytes | None = None
        self.load()

    def load(self) -> None:
        """Take the pair from the files, if it is one."""
        certificate, key = self._files.read(f"{self._stem}.crt"), self._files.read(f"{self._stem}.key")
        try:
            if certificate and key and CryptographyX509().key_matches(certificate, key):
                self._served = certificate
        except InvalidInput:
            return

    def served_certificate(
        self, endpoint: Endpoint, *, server_name: str | None = None, timeout: float = 5.0
    ) -> bytes | None:
        """What is served."""
        if self.reloads:
            self.load()
        return self._served if self.is_up else None
