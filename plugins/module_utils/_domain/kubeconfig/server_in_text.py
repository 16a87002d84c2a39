# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Another server in the text of a kubeconfig that is no file of its own, as in a ConfigMap."""

from __future__ import annotations

import copy
import re
import typing as t

from ..base.errors import UnsupportedState
from .document import Kubeconfig

if t.TYPE_CHECKING:
    from ..._ports.yaml import Yaml

_SERVER_LINE = re.compile(
    r"^(?P<start>[ \t]*(?:-[ \t]+)?server:[ \t]+)(?P<url>[^\s#]+)(?P<end>[ \t]*\r?)$", re.MULTILINE
)


def with_server(text: str, server: str, yaml: Yaml) -> str:
    """The kubeconfig with another server for the cluster that its client connects to.

    Where editing the one line gives exactly the wanted document the rest of the text is kept byte by byte; else the
    document is written anew.
    """
    wanted = copy.deepcopy(yaml.load(text))
    cluster = Kubeconfig.parse(wanted).current_cluster
    if cluster is None or cluster.fields is None:
        raise UnsupportedState("The kubeconfig names no cluster whose server could be set.")
    old = str(cluster.text("server"))
    wanted["clusters"][cluster.index]["cluster"]["server"] = server
    edited = _SERVER_LINE.sub(
        lambda line: line["start"] + server + line["end"] if line["url"].strip("'\"") == old else line[0], text
    )
    return edited if yaml.load(edited) == wanted else yaml.dump(wanted)


__all__ = ("with_server",)
