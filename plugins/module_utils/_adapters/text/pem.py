# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The certificates of a PEM text, whoever reads them then."""

from __future__ import annotations

import re

from ..._domain.base.errors import InvalidInput

_BEGIN = re.compile(rb"-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----")
_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def certificate_blocks(pem: bytes) -> list[bytes]:
    """Each certificate in its order, without the texts and keys around; ``InvalidInput`` for none and for one cut off."""
    blocks: list[bytes] = _CERTIFICATE.findall(pem)
    if not blocks or len(blocks) != len(_BEGIN.findall(pem)):
        raise InvalidInput("The PEM text is cut off or holds no certificate.")
    return blocks


__all__ = ("certificate_blocks",)
