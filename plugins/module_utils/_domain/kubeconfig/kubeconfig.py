# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server and the CA of a cluster entry in a kubeconfig.

Format: https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/
"""

from __future__ import annotations

import base64
import binascii
import copy
import dataclasses
import hashlib
import typing as t

from ..base.address import Endpoint, same_server
from ..base.change import Change, Decision
from ..base.errors import InvalidInput, UnsupportedState
from .document import Entry, Kubeconfig

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..._ports.x509 import X509
    from ..._ports.yaml import YamlReader, YamlText

_SERVER = "server"
_CA_DATA = "certificate-authority-data"


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a cluster entry must say.

    Attributes:
        server: URL of the API server.
        cluster: name of the entry; ``None`` is the cluster of the current context, or the only one.
        certificate_authority_data: the CA's certificates, PEM in base64; ``None`` leaves those that are there.
    """

    server: str
    cluster: str | None = None
    certificate_authority_data: str | None = None


def decide_server(
    kubeconfig: Kubeconfig,
    *,
    path: str,
    server: str,
    cluster: str | None = None,
    certificate_authority_data: str | None = None,
) -> Change | None:
    """The change that a kubeconfig needs, ``None`` when its cluster entry says already what is wanted.

    Args:
        kubeconfig: what the file holds.
        path: the file, for the name of the change and for messages.
        server: URL that the entry must have; another spelling of the same endpoint is no difference.
        cluster: see :class:`Wanted`.
        certificate_authority_data: see :class:`Wanted`.

    Returns:
        ``before`` and ``after`` are the server's URL; when the CA differs they map the differing fields to their
        values, a CA to the hash of its PEM text.

    Raises:
        UnsupportedState: when there is no such entry.
    """
    wanted = Wanted(server, cluster, certificate_authority_data)
    entry = _entry(kubeconfig, wanted.cluster, path)
    differing = _differing(entry, wanted)
    if not differing:
        return None
    name = f"kubeconfig {path}"
    reason = "its clients connect to the server that it names"
    if set(differing) == {_SERVER}:
        return Change(name, entry.text(_SERVER), server, reason)
    return Change(
        name,
        {field: _shown(field, entry.text(field)) for field in differing},
        {field: _shown(field, value) for field, value in differing.items()},
        reason,
    )


def ensure(
    files: Files, yaml: YamlReader, yaml_text: YamlText, x509: X509 | None, *, path: str, wanted: Wanted
) -> Decision:
    """The cluster entry of a kubeconfig file says what is wanted.

    Args:
        files: where the file is.
        yaml: reads it.
        yaml_text: edits its text.
        x509: checks a wanted CA; may be ``None`` when none is wanted.
        path: the file.
        wanted: what the entry must say.

    Raises:
        InvalidInput: when ``wanted`` cannot be used.
        UnsupportedState: when there is no such file or entry.
    """
    if wanted.certificate_authority_data is not None and x509 is not None:
        _check_ca(x509, wanted.certificate_authority_data)
    text = _read(files, path)
    kubeconfig = _kubeconfig(_parse(yaml, text, path), path)
    change = decide_server(
        kubeconfig,
        path=path,
        server=wanted.server,
        cluster=wanted.cluster,
        certificate_authority_data=wanted.certificate_authority_data,
    )
    entry = _entry(kubeconfig, wanted.cluster, path)
    before = entry.text(_SERVER)
    values = {
        "path": path,
        "cluster": entry.name,
        "server": before if change is None else _differing(entry, wanted).get(_SERVER, before),
        "previous_server": before,
    }
    if change is None:
        return Decision(values=values)
    edited = _edited(yaml, yaml_text, text, entry=entry, wanted=wanted, path=path)

    def act() -> t.Mapping[str, t.Any]:
        if _read(files, path) != text:
            raise UnsupportedState(f"{path} was changed by somebody else while it was to be edited: run again.")
        files.write(path, edited.encode("utf-8"))
        return {}

    return Decision(changes=(change,), values=values, act=act)


def parse_server(text: str) -> str:
    """The URL of an option ``server``: ``https://host:port``, or ``host:port`` of which the URL is made.

    Raises:
        InvalidInput: when it is neither.
    """
    try:
        return Endpoint.parse(text, default_port=None).url
    except InvalidInput as error:
        # A URL may have a path (https://example.org/k8s/clusters/c1); it is taken as it is.
        if text.startswith("https://") and not any(character.isspace() for character in text):
            return text
        raise InvalidInput(f"The option server: {error.message}") from error


def _edited(yaml: YamlReader, yaml_text: YamlText, text: str, *, entry: Entry, wanted: Wanted, path: str) -> str:
    """The text with the wanted values; proved to differ in nothing else."""
    document = _parse(yaml, text, path)
    expected = copy.deepcopy(document)
    edited = text
    for field, value in _differing(entry, wanted).items():
        expected["clusters"][entry.index]["cluster"][field] = value
        edited = yaml_text.with_scalar(edited, ("clusters", entry.index, "cluster", field), value)
    if _parse(yaml, edited, path) != expected:
        raise UnsupportedState(
            f"{path} is written in a way that cannot be edited without changing more than the cluster entry (an alias, "
            "an anchor or a tag): write that entry out in full."
        )
    return edited


def _differing(entry: Entry, wanted: Wanted) -> dict[str, str]:
    differing = {}
    if not same_server(str(entry.text(_SERVER)), wanted.server) and entry.text(_SERVER) != wanted.server:
        differing[_SERVER] = wanted.server
    data = wanted.certificate_authority_data
    if data is not None and _decoded(entry.text(_CA_DATA) or "") != _decoded(data):
        differing[_CA_DATA] = data
    return differing


def _kubeconfig(document: t.Any, path: str) -> Kubeconfig:
    if not isinstance(document, dict) or not isinstance(document.get("clusters"), list):
        raise UnsupportedState(f"{path} is no kubeconfig: it has no list clusters; name another file or restore it.")
    kubeconfig = Kubeconfig.parse(document)
    if kubeconfig.fault is not None:
        raise UnsupportedState(f"{path} is no kubeconfig: it {kubeconfig.fault}; repair or restore it.")
    return kubeconfig


def _entry(kubeconfig: Kubeconfig, cluster: str | None, path: str) -> Entry:
    """The cluster entry with a map ``cluster``; without a name it is the one that clients take."""
    clusters = kubeconfig.clusters
    name = kubeconfig.cluster_name if cluster is None else cluster
    found = [entry for entry in clusters if entry.name == name]
    if cluster is None and kubeconfig.current_cluster is not None:
        found = [kubeconfig.current_cluster]
    elif cluster is None and not name:
        raise UnsupportedState(
            f"{path} has {len(clusters)} clusters and no current context that names one: set the option cluster."
        )
    if len(found) != 1:
        known = ", ".join(entry.name for entry in clusters) or "none"
        raise UnsupportedState(
            f"{path} has {len(found)} clusters of the name {name!r} (its clusters: {known}): "
            "set the option cluster to one of them, or repair the file."
        )
    if found[0].fields is None:
        raise UnsupportedState(f"{path} has a cluster entry without the map cluster: repair it.")
    return found[0]


def _read(files: Files, path: str) -> str:
    content = files.read(path)
    if content is None:
        raise UnsupportedState(f"There is no kubeconfig {path}: set the option path to a file of this host.")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnsupportedState(f"{path} is no kubeconfig: it is not UTF-8 text.") from error


def _parse(yaml: YamlReader, text: str, path: str) -> t.Any:
    try:
        return yaml.load(text)
    except InvalidInput:
        # The parser's message quotes the line, which may hold a credential.
        raise UnsupportedState(f"{path} is no kubeconfig: it cannot be read as YAML; repair or restore it.") from None


def _check_ca(x509: X509, data: str) -> None:
    pem = _decoded(data)
    if pem is None:
        raise InvalidInput("The option certificate_authority_data is no base64: give the PEM file's text in base64.")
    try:
        certificates = x509.certificates(pem)
    except InvalidInput as error:
        raise InvalidInput(f"The option certificate_authority_data: {error.message}") from error
    if not all(certificate.is_ca for certificate in certificates):
        raise InvalidInput("The option certificate_authority_data holds a certificate that is no CA: give the CA's.")


def _decoded(data: str) -> bytes | None:
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None


def _shown(field: str, value: t.Any) -> str | None:
    if value is None or field != _CA_DATA:
        return None if value is None else str(value)
    return f"sha256:{hashlib.sha256(_decoded(str(value)) or b'').hexdigest()}"


__all__ = ("Wanted", "decide_server", "ensure", "parse_server")
