# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random certificate keys."""

from __future__ import annotations

import secrets

#: ``CertificateKeySize`` of kubeadm (cmd/kubeadm/app/constants/constants.go), in bytes.
_KEY_BYTES = 32


class RandomCertificateKeys:
    """``CertificateKeys`` by the operating system's random numbers."""

    def new(self) -> str:
        """A fresh random key of 32 bytes as 64 hexadecimal digits."""
        return secrets.token_hex(_KEY_BYTES)


__all__ = ("RandomCertificateKeys",)
