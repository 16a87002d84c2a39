# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which paths does an API server answer to anonymous requests?

``--anonymous-auth`` (default true) decides for all paths. Since Kubernetes 1.31 the ``anonymous`` part of the file of
``--authentication-config`` can decide in its place, path by path; the two exclude each other (KEP-4633,
https://kubernetes.io/docs/reference/access-authn-authz/authentication/#anonymous-authenticator-configuration).
"""

from __future__ import annotations

import json
import re
import typing as t

from ..base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.yaml import Yaml

READYZ = "/readyz"
#: Where ``kubeadm join`` discovers the cluster.
CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
#: What Go's strconv.ParseBool takes for false.
_FALSE = ("0", "f", "F", "false", "FALSE", "False")
#: The key ``anonymous`` of the document itself, with everything indented below it.
_STANZA = re.compile(r"^[\"']?anonymous[\"']?\s*:.*(?:\n(?:[ \t]+.*|[ \t]*#.*|[ \t]*))*", re.MULTILINE)


def stanza(text: str) -> str | None:
    """The ``anonymous`` part of an AuthenticationConfiguration, all that may leave the host.

    Works on text, because a host that is only inspected has no YAML parser.

    Returns:
        The part as YAML, empty when the file has none; ``None`` when that cannot be determined.
    """
    if text.lstrip().startswith("{"):
        try:
            document = json.loads(text)
        except ValueError:
            return None
        return json.dumps({"anonymous": document["anonymous"]}) if "anonymous" in document else ""
    if not re.search(r"^kind\s*:", text, re.MULTILINE):
        return None
    match = _STANZA.search(text)
    return match.group(0).rstrip() + "\n" if match else ""


def is_open(path: str, flags: t.Mapping[str, str], anonymous: str | None, yaml: Yaml) -> bool:
    """Whether the API server with these flags lets an anonymous request to ``path`` in.

    Args:
        path: without the server.
        flags: the flags of its manifest.
        anonymous: what :func:`stanza` found in the file of ``--authentication-config``; ``None`` when it could not be
            read, which counts as refused: a client certificate does no harm where it is not needed.
        yaml: the parser.
    """
    if flags.get("anonymous-auth") in _FALSE:
        return False
    if "authentication-config" not in flags:
        return True
    if anonymous is None:
        return False
    try:
        wanted = (yaml.load(anonymous) or {}).get("anonymous") if anonymous else None
        if wanted is None:
            return True
        paths = [item["path"] for item in wanted.get("conditions") or ()]
        return bool(wanted.get("enabled")) and (not paths or path in paths)
    except (InvalidInput, AttributeError, KeyError, TypeError):
        return False


__all__ = ("CLUSTER_INFO", "READYZ", "is_open", "stanza")
