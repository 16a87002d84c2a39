# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reads YAML on this host: the library where it is, else what every host has."""

from __future__ import annotations

import typing as t

from . import pyyaml
from .plain import PlainYaml

if t.TYPE_CHECKING:
    from ..._ports.yaml import YamlReader


def yaml_reader() -> YamlReader:
    """PyYAML, or what reads the layout of kubeadm's own files."""
    return pyyaml.PyYaml() if pyyaml.IMPORT_ERROR is None else PlainYaml()


__all__ = ("yaml_reader",)
