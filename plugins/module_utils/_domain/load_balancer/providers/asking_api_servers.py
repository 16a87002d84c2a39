# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What providers have alike that ask API servers whether they are ready."""

from __future__ import annotations

import typing as t

if t.TYPE_CHECKING:
    from ..provider import ClientCertificate
    from .shared_inputs import Probe, Server


class AskingApiServers:
    """A part of such a provider, whose fields these are."""

    backends: tuple[Server, ...]
    ca_certificate: str
    probe: Probe

    @property
    def loads(self) -> tuple[str, ...]:
        """The CA's certificate."""
        return (self.ca_certificate,)

    @property
    def connect(self) -> tuple[int, ...]:
        """The ports of the API servers, in their order."""
        return tuple(server.port for server in self.backends)

    @property
    def certificate(self) -> ClientCertificate | None:
        """The client certificate that its checks present, if they do."""
        return self.probe.certificate(self.ca_certificate)


__all__ = ("AskingApiServers",)
