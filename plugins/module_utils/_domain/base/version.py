# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes versions."""

from __future__ import annotations

import dataclasses
import re

from .errors import InvalidInput

_VERSION = re.compile(r"^v?(\d+)\.(\d+)(?:\.(\d+))?(?:[-+].*)?$")


@dataclasses.dataclass(frozen=True, order=True)
class KubernetesVersion:
    """``major.minor.patch`` of a Kubernetes release (https://kubernetes.io/releases/version-skew-policy/)."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> KubernetesVersion:
        """Read ``v1.34.4``, ``1.34.4``, ``v1.34`` or ``v1.34.4-rc.1+build``.

        Raises:
            InvalidInput: when it is no version.
        """
        match = _VERSION.match(text.strip())
        if match is None:
            raise InvalidInput(f"{text!r} is not a Kubernetes version such as v1.34.4.")
        major, minor, patch = match.groups(default="0")
        return cls(int(major), int(minor), int(patch))

    @property
    def is_local_mode_default(self) -> bool:
        """Whether kubeadm lets a control plane's kubelet.conf name its own API server (kubernetes/kubernetes#129956)."""
        return self.release >= (1, 33)

    @property
    def release(self) -> tuple[int, int]:
        """Major and minor alone."""
        return self.major, self.minor

    def __str__(self) -> str:
        return f"v{self.major}.{self.minor}.{self.patch}"


__all__ = ("KubernetesVersion",)
