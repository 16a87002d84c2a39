# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs of keys of uploaded certificates."""

from __future__ import annotations

import typing as t


class CertificateKeys(t.Protocol):
    """Makes the keys under which kubeadm encrypts certificates in the Secret kube-system/kubeadm-certs."""

    def new(self) -> str:
        """A fresh random key of 32 bytes as 64 hexadecimal digits."""


__all__ = ("CertificateKeys",)
