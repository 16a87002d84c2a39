# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster that the client of a kubeconfig connects to, and its server."""

from __future__ import annotations

import copy
import re
import typing as t

from ..base.errors import UnsupportedState

if t.TYPE_CHECKING:
    from ..._ports.yaml import Yaml

_SERVER_LINE = re.compile(
    r"^(?P<start>[ \t]*(?:-[ \t]+)?server:[ \t]+)(?P<url>[^\s#]+)(?P<end>[ \t]*\r?)$", re.MULTILINE
)


def client_cluster(document: t.Any) -> dict[str, t.Any] | None:
    """The cluster that a client takes: the unnamed one (cluster-info), the current context's, or the only one.

    The rule is kubeadm's (cmd/kubeadm/app/util/kubeconfig, GetClusterFromKubeConfig).
    """
    if not isinstance(document, dict):
        return None
    named = {
        str(entry.get("name", "")): entry["cluster"]
        for entry in document.get("clusters") or ()
        if isinstance(entry, dict) and isinstance(entry.get("cluster"), dict)
    }
    contexts = {
        str(entry.get("name", "")): (entry.get("context") or {}).get("cluster")
        for entry in document.get("contexts") or ()
        if isinstance(entry, dict)
    }
    for name in ("", contexts.get(str(document.get("current-context", "")))):
        if name in named:
            return t.cast("dict[str, t.Any]", named[name])
    return t.cast("dict[str, t.Any]", next(iter(named.values()))) if len(named) == 1 else None


def server_of(document: t.Mapping[str, t.Any]) -> str | None:
    """The ``server`` that a kubeconfig's client connects to, ``None`` when no cluster can be determined."""
    cluster = client_cluster(document)
    return None if cluster is None or cluster.get("server") is None else str(cluster["server"])


def with_server(text: str, server: str, yaml: Yaml) -> str:
    """The kubeconfig with another server for the cluster that its client connects to.

    Where editing the one line gives exactly the wanted document the rest of the text is kept byte by byte; else the
    document is written anew.
    """
    wanted = copy.deepcopy(yaml.load(text))
    cluster = client_cluster(wanted)
    if cluster is None:
        raise UnsupportedState("The kubeconfig names no cluster whose server could be set.")
    old = str(cluster.get("server"))
    cluster["server"] = server
    edited = _SERVER_LINE.sub(
        lambda line: line["start"] + server + line["end"] if line["url"].strip("'\"") == old else line[0], text
    )
    return edited if yaml.load(edited) == wanted else yaml.dump(wanted)


__all__ = ("client_cluster", "server_of", "with_server")
