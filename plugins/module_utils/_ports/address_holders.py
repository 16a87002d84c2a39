# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the domain needs to see on which hosts an address is."""

from __future__ import annotations

import typing as t


class AddressHolders(t.Protocol):
    """Who has an address in the network of this host."""

    def ask(self) -> frozenset[str]:
        """The hardware addresses of those that have it now, this host among them."""


__all__ = ("AddressHolders",)
