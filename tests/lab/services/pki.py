# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificate authorities and what they issue, by openssl."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path
from typing import Protocol

from tests.lab import shell

_DAYS = "3650"


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A certificate and its private key, as PEM."""

    certificate: str
    key: str


class Authority(Protocol):
    """A certificate authority."""

    @property
    def pair(self) -> Pair:
        """Its own certificate and key."""

    def issue(
        self,
        name: str,
        *,
        organization: str | None = None,
        addresses: Iterable[IPv4Address] = (),
        names: Iterable[str] = (),
    ) -> Pair:
        """A pair for a client, and for a server where there are addresses or DNS names.

        :param name: the common name, which is the user's name to the API server.
        :param organization: the user's group.
        """


class Authorities(Protocol):
    """Where authorities come from."""

    def create(self, name: str) -> Authority:
        """A new one."""


class OpenSsl:
    """Authorities in a directory, which the caller removes."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def create(self, name: str) -> Authority:
        """A new one, in a directory of its own."""
        return _OpenSslAuthority(self._directory / name, name)


class _OpenSslAuthority:
    """An authority whose files are in a directory."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(mode=0o700)
        self._directory = directory
        extensions = {
            "basicConstraints": "critical,CA:TRUE",
            "keyUsage": "critical,digitalSignature,keyCertSign,cRLSign",
        }
        self.pair = self._make("ca", configuration(name, None, extensions))

    def issue(
        self,
        name: str,
        *,
        organization: str | None = None,
        addresses: Iterable[IPv4Address] = (),
        names: Iterable[str] = (),
    ) -> Pair:
        text = configuration(name, organization, extensions_of(addresses, names))
        return self._make("issued", text, "-CA", "ca.pem", "-CAkey", "ca-key.pem")

    def _make(self, file: str, text: str, *options: str) -> Pair:
        (self._directory / "openssl.cnf").write_text(text, encoding="utf-8")
        new = ("req", "-x509", "-new", "-newkey", "rsa:2048", "-nodes", "-sha256", "-days", _DAYS)
        files = ("-config", "openssl.cnf", "-keyout", f"{file}-key.pem", "-out", f"{file}.pem")
        shell.run(["openssl", *new, *files, *options], directory=self._directory)
        certificate, key = (
            (self._directory / f"{file}{suffix}.pem").read_text(encoding="ascii") for suffix in ("", "-key")
        )
        return Pair(certificate=certificate, key=key)


def extensions_of(addresses: Iterable[IPv4Address], names: Iterable[str]) -> dict[str, str]:
    """Extensions of a certificate that an authority issues."""
    alternative = [f"DNS:{name}" for name in names] + [f"IP:{address}" for address in addresses]
    extensions = {
        "basicConstraints": "critical,CA:FALSE",
        "keyUsage": "critical,digitalSignature,keyEncipherment",
        "extendedKeyUsage": "serverAuth,clientAuth" if alternative else "clientAuth",
        "authorityKeyIdentifier": "keyid",
    }
    return {**extensions, "subjectAltName": ",".join(alternative)} if alternative else extensions


def configuration(name: str, organization: str | None, extensions: Mapping[str, str]) -> str:
    """Configuration of ``openssl req`` for one certificate."""
    subject = {**({"O": organization} if organization else {}), "CN": name}
    sections: Mapping[str, Mapping[str, str]] = {
        "req": {"distinguished_name": "subject", "x509_extensions": "extensions", "prompt": "no"},
        "subject": subject,
        "extensions": {"subjectKeyIdentifier": "hash", **extensions},
    }
    lines: list[str] = []
    for section, settings in sections.items():
        lines += [f"[{section}]", *(f"{key} = {value}" for key, value in settings.items())]
    return "".join(f"{line}\n" for line in lines)
