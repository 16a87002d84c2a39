# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts of certificates from files, kubeconfigs and TLS servers."""

from __future__ import annotations

import base64
import binascii
import dataclasses
import posixpath
import typing as t

from ..base.change import Decision
from ..base.errors import InvalidInput, KubeadmHaError, UnsupportedState
from .certificate import missing_sans, shown

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.files import Files
    from ..._ports.tls import Tls
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from ..base.address import Endpoint, San
    from ..base.certificate import Certificate

#: CAs of kubeadm's certificates by their path below the certificates directory; all others are of ``ca.crt``
#: (https://kubernetes.io/docs/setup/best-practices/certificates/).
_CAS = {
    "etcd/ca": "etcd/ca",
    "etcd/server": "etcd/ca",
    "etcd/peer": "etcd/ca",
    "etcd/healthcheck-client": "etcd/ca",
    "apiserver-etcd-client": "etcd/ca",
    "front-proxy-ca": "front-proxy-ca",
    "front-proxy-client": "front-proxy-ca",
}


@dataclasses.dataclass(frozen=True)
class Wanted:
    """Which certificates are read, and what is reported of them.

    Attributes:
        paths: PEM files that must be there.
        pki_dir: kubeadm's certificates directory; all ``.crt`` files in it and in its ``etcd``.
        kubeconfig: a kubeconfig; CAs of its clusters and certificates of its users.
        endpoint: a TLS server.
        server_name: SNI for the endpoint.
        timeout: seconds for the endpoint.
        ca_path: PEM file of the CA that certificates of ``paths``, ``kubeconfig`` and ``endpoint`` are checked against.
        expected_sans: SANs that serving certificates are to cover.
    """

    paths: tuple[str, ...] = ()
    pki_dir: str | None = None
    kubeconfig: str | None = None
    endpoint: Endpoint | None = None
    server_name: str | None = None
    timeout: float = 5.0
    ca_path: str | None = None
    expected_sans: frozenset[San] = frozenset()


@dataclasses.dataclass(frozen=True)
class Ports:
    """The world as an inspection sees it."""

    files: Files
    x509: X509
    tls: Tls
    clock: Clock
    yaml: Yaml


@dataclasses.dataclass(frozen=True)
class Source:
    """A PEM text and what it is judged with.

    Attributes:
        name: path, ``PATH user NAME``, ``PATH cluster NAME`` or the endpoint.
        pem: the certificates; ``None`` when they cannot be read, for the reason ``error``.
        key: the private key's PEM text, ``None`` when there is none.
        ca: the CA's PEM text, ``None`` when it is not known.
        error: why there is nothing to read.
    """

    name: str
    pem: bytes | None
    key: bytes | None = dataclasses.field(default=None, repr=False)
    ca: bytes | None = None
    error: str | None = None


def inspect(ports: Ports, wanted: Wanted) -> Decision:
    """Facts of every certificate; never a change.

    Raises:
        UnsupportedState: when something that was named is not there or does not answer.
        InvalidInput: when a file of ``paths`` or the endpoint's certificate is broken.
    """
    return Decision(values={"certificates": _Inspection(ports, wanted).entries()})


class _Inspection:
    """One run of :func:`inspect`."""

    def __init__(self, ports: Ports, wanted: Wanted) -> None:
        self._ports = ports
        self._wanted = wanted
        self._ca = None if wanted.ca_path is None else self._file(wanted.ca_path, "ca_path")

    def entries(self) -> list[dict[str, t.Any]]:
        """The entries of all sources in the order of the options."""
        found = []
        for source in (*self._of_paths(), *self._of_endpoint()):
            found += self._entries_of(source)
        for source in (*self._of_pki_dir(), *self._of_kubeconfig()):
            found += self._entries_or_error(source)
        return found

    def _of_paths(self) -> t.Iterator[Source]:
        for path in self._wanted.paths:
            pem = self._file(path, "paths")
            key = pem if b"PRIVATE KEY-----" in pem else self._key_beside(path)
            yield Source(path, pem, key=key, ca=self._ca)

    def _of_endpoint(self) -> t.Iterator[Source]:
        endpoint = self._wanted.endpoint
        if endpoint is None:
            return
        pem = self._ports.tls.served_certificate(
            endpoint, server_name=self._wanted.server_name, timeout=self._wanted.timeout
        )
        if pem is None:
            raise UnsupportedState(
                f"{endpoint} served no certificate within {self._wanted.timeout:g} s: is the option endpoint right, "
                "and does the server run?"
            )
        yield Source(str(endpoint), pem, ca=self._ca)

    def _of_pki_dir(self) -> t.Iterator[Source]:
        pki_dir = self._wanted.pki_dir
        if pki_dir is None:
            return
        if not self._ports.files.exists(pki_dir):
            raise UnsupportedState(f"There is no directory {pki_dir}: set the option pki_dir to one of this host.")
        for stem in self._stems(pki_dir):
            yield self._of_pki_file(pki_dir, stem)

    def _stems(self, pki_dir: str) -> list[str]:
        files = self._ports.files
        names = [*files.names(pki_dir), *(f"etcd/{name}" for name in files.names(f"{pki_dir}/etcd"))]
        return [name[: -len(".crt")] for name in names if name.endswith(".crt")]

    def _of_pki_file(self, pki_dir: str, stem: str) -> Source:
        path = f"{pki_dir}/{stem}.crt"
        try:
            return Source(
                path,
                self._ports.files.read(path),
                key=self._key_beside(path),
                ca=self._ports.files.read(f"{pki_dir}/{_CAS.get(stem, 'ca')}.crt"),
                error="The file is gone or a broken link.",
            )
        except KubeadmHaError as error:
            return Source(path, None, error=error.message)

    def _of_kubeconfig(self) -> t.Iterator[Source]:
        path = self._wanted.kubeconfig
        if path is None:
            return
        try:
            document = self._ports.yaml.load(self._file(path, "kubeconfig").decode("utf-8"))
        except (InvalidInput, UnicodeDecodeError):
            # The parser's message quotes the line, which may hold a credential.
            raise InvalidInput(f"{path} (option kubeconfig) cannot be read as YAML: repair or restore it.") from None
        directory = posixpath.dirname(path)
        for kind, field in (("cluster", "certificate-authority"), ("user", "client-certificate")):
            for item in _items(document, kind):
                yield from self._of_entry(f"{path} {kind} {item.get('name')}", item[kind], field, directory)

    def _of_entry(self, name: str, entry: dict[str, t.Any], field: str, directory: str) -> t.Iterator[Source]:
        try:
            pem = self._embedded(entry, field, directory)
            key = self._embedded(entry, "client-key", directory) if field == "client-certificate" else None
        except KubeadmHaError as error:
            yield Source(name, None, error=error.message)
            return
        if pem is not None:
            yield Source(name, pem, key=key, ca=self._ca)

    def _embedded(self, entry: dict[str, t.Any], field: str, directory: str) -> bytes | None:
        """The PEM text of ``<field>-data``, else of the file that ``<field>`` names; ``None`` without either."""
        data, path = entry.get(f"{field}-data"), entry.get(field)
        if data:
            try:
                return base64.b64decode(str(data), validate=True)
            except (binascii.Error, ValueError) as error:
                raise InvalidInput(f"{field}-data is no base64.") from error
        if not path:
            return None
        return self._file(posixpath.join(directory, str(path)), "kubeconfig")

    def _file(self, path: str, option: str) -> bytes:
        content = self._ports.files.read(path)
        if content is None:
            raise UnsupportedState(f"There is no file {path} (option {option}): name a file of this host.")
        return content

    def _key_beside(self, path: str) -> bytes | None:
        stem, suffix = posixpath.splitext(path)
        return self._ports.files.read(f"{stem}.key") if suffix in (".crt", ".pem") else None

    def _entries_or_error(self, source: Source) -> list[dict[str, t.Any]]:
        try:
            return self._entries_of(source)
        except KubeadmHaError as error:
            return [_error_entry(source.name, error.message)]

    def _entries_of(self, source: Source) -> list[dict[str, t.Any]]:
        if source.pem is None:
            return [_error_entry(source.name, source.error or "There is no certificate.")]
        try:
            certificates = self._ports.x509.certificates(source.pem)
        except InvalidInput as error:
            raise InvalidInput(f"{source.name}: {error.message}") from error
        return [self._entry(source, index, certificate) for index, certificate in enumerate(certificates)]

    def _entry(self, source: Source, index: int, certificate: Certificate) -> dict[str, t.Any]:
        now = self._ports.clock.now()
        pem = source.pem or b""
        is_leaf = index == 0
        return {
            "source": source.name,
            "index": index,
            "error": None,
            **certificate.as_dict(),
            "is_expired": certificate.is_expired(now),
            "is_not_yet_valid": certificate.is_not_yet_valid(now),
            "days_left": certificate.days_left(now),
            # A key is of the first certificate of a chain, and the CA signs its last one.
            "key_matches": None if source.key is None or not is_leaf else self._ports.x509.key_matches(pem, source.key),
            "signed_by_ca": None if source.ca is None else self._ports.x509.is_signed_by(_part(pem, index), source.ca),
            "missing_sans": self._missing(certificate),
        }

    def _missing(self, certificate: Certificate) -> list[str] | None:
        if certificate.is_ca or not certificate.is_server:
            return None
        return shown(missing_sans(certificate, self._wanted.expected_sans))


def _items(document: t.Any, kind: str) -> t.Iterator[dict[str, t.Any]]:
    """The entries of a kubeconfig's list ``<kind>s`` that have a map ``<kind>``."""
    items = document.get(f"{kind}s") if isinstance(document, dict) else None
    return (item for item in items or () if isinstance(item, dict) and isinstance(item.get(kind), dict))


def _part(pem: bytes, index: int) -> bytes:
    """The PEM text from the certificate ``index`` on."""
    marker = b"-----BEGIN CERTIFICATE-----"
    return marker + pem.split(marker, index + 1)[index + 1]


#: Keys of an entry beside ``source`` and ``error``; all are null for a certificate that cannot be read.
_FIELDS = (
    "index",
    "subject",
    "issuer",
    "serial_number",
    "not_before",
    "not_after",
    "sans",
    "key_algorithm",
    "is_ca",
    "is_server",
    "public_key_sha256",
    "fingerprint_sha256",
    "is_expired",
    "is_not_yet_valid",
    "days_left",
    "key_matches",
    "signed_by_ca",
    "missing_sans",
)


def _error_entry(source: str, message: str) -> dict[str, t.Any]:
    return {"source": source, "error": message, **dict.fromkeys(_FIELDS)}


__all__ = ("Ports", "Source", "Wanted", "inspect")
