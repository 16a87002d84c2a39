# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads YAML and certificates on this host: the libraries where they are, else what every host has."""

from __future__ import annotations

import typing as t

from . import openssl, x509
from .yaml_reader import yaml_reader

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.x509 import CertificateIdentities


def identities(commands: Commands) -> CertificateIdentities:
    """The library cryptography, or the program openssl."""
    return x509.CryptographyX509() if x509.IMPORT_ERROR is None else openssl.OpensslIdentities(commands)


def identities_missing(commands: Commands) -> str | None:
    """Why no certificate can be read on this host: the traceback of the import; ``None`` when it can."""
    return x509.IMPORT_ERROR if commands.find(openssl.PROGRAM) is None else None


__all__ = ("identities", "identities_missing", "yaml_reader")
