# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The manifest of a pod network that the operator names: read before a cluster is made that would have none."""

from __future__ import annotations

import typing as t

from ...base.errors import InvalidInput
from ...base.problem import Problem
from ..desired_cluster import FLANNEL, NO_NETWORK

if t.TYPE_CHECKING:
    from ...._ports.controller_files import ControllerFiles
    from ...._ports.yaml import Yaml

_VARIABLE = "kubeadm_ha_cni"


def problems(network: str, *, files: ControllerFiles, yaml: Yaml) -> t.Iterator[Problem]:
    """Why its objects cannot be applied.

    Args:
        network: ``flannel``, ``none``, or the path or URL of a manifest.
        files: reads the manifest.
        yaml: parses it.
    """
    if network in (FLANNEL, NO_NETWORK):
        return
    try:
        documents = [document for document in yaml.load_all(files.text(network)) if document]
    except InvalidInput as error:
        yield Problem(
            _VARIABLE,
            f"The controller cannot read {network}, which {_VARIABLE} names ({error.message}): name the path or URL of a manifest, "
            "flannel or none.",
        )
        return
    if not documents or not all(_is_object(document) for document in documents):
        yield Problem(
            _VARIABLE,
            f"{network}, which {_VARIABLE} names, is no manifest: each of its documents has to be an object with apiVersion, kind and "
            "metadata.name.",
        )


def _is_object(document: object) -> bool:
    if not isinstance(document, t.Mapping) or not isinstance(document.get("metadata"), t.Mapping):
        return False
    return all((document.get("apiVersion"), document.get("kind"), document["metadata"].get("name")))


__all__ = ("problems",)
