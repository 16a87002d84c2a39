# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the files of a component are on a host: where the host's own layout would have them."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base.address import Endpoint
from ..base.errors import InvalidInput

if t.TYPE_CHECKING:
    from ..._ports.files import Files
    from ..kubeconfig.document import Kubeconfig
    from .desired import DesiredService
    from .found import Flags, FoundService
    from .profile import Profile

_KUBERNETES = "/etc/kubernetes"
_HOMES = ("/root/", "/home/")
#: What ``--bind-address`` says of a server that listens everywhere.
ALL_ADDRESSES = ("", "0.0.0.0", "::")  # noqa: S104 (read, not bound)
_DEFAULT_PORT = "6443"
DROP_IN = "60-kubeadm-ha.conf"
UNITS = "/etc/systemd/system"


@dataclasses.dataclass(frozen=True)
class Layout:
    """Paths on the host; what is not known is empty.

    Attributes:
        ca_certificate: the CA of the API's clients.
        signing_certificate: the certificate of the key that signs.
        ca_key: that key.
        server_ca: the CA of the API server; empty for that of the present kubeconfig.
        certificate: the component's own.
        private_key: its key.
        kubeconfig: its kubeconfig.
        present_kubeconfig: the one that it has now.
        drop_in: the hardening.
        server: URL of the API server.
    """

    ca_certificate: str
    signing_certificate: str
    ca_key: str
    server_ca: str
    certificate: str
    private_key: str
    kubeconfig: str
    present_kubeconfig: str
    drop_in: str
    server: str


def resolve(
    profile: Profile, desired: DesiredService, found: FoundService, files: Files, present: Kubeconfig | None
) -> Layout:
    """Inputs first, then what the host's components have, then Kubernetes' own names.

    Args:
        profile: of the component.
        desired: the inputs.
        found: the host.
        files: of the host.
        present: the kubeconfig that the component has now, if it has one.
    """
    manager = found.manager
    authority = (
        desired.ca_certificate
        or found.flags.get("client-ca-file", "")
        or found.api_server.get("client-ca-file", "")
        or manager.get("client-ca-file", "")
        or manager.get("cluster-signing-cert-file", "")
    )
    signing = desired.ca_certificate or manager.get("cluster-signing-cert-file", "") or authority
    directory = posixpath.dirname(authority) or _KUBERNETES
    suffix, key_suffix = (".crt", ".key") if authority.endswith(".crt") else (".pem", "-key.pem")
    base = f"{directory}/{profile.component}"
    present_path = found.flags.get("kubeconfig", "")
    return Layout(
        ca_certificate=authority,
        signing_certificate=signing,
        ca_key=desired.ca_key or manager.get("cluster-signing-key-file", "") or _beside(signing, files),
        server_ca="" if present is not None and present.ca_pem(files) else manager.get("root-ca-file", "") or authority,
        certificate=desired.certificate or f"{base}{suffix}",
        private_key=desired.private_key or f"{base}{key_suffix}",
        kubeconfig=desired.kubeconfig or f"{_kubeconfigs(present_path)}/{profile.component}.kubeconfig",
        present_kubeconfig=present_path,
        drop_in=f"{UNITS}/{desired.unit}.d/{DROP_IN}",
        server=desired.server or _server(found, present),
    )


def local_url(address: str, port: str | int) -> str:
    """Where a server of this host is reached that listens on an address; on loopback where it listens on all.

    Raises:
        InvalidInput: when that is no address.
    """
    host = "127.0.0.1" if address in ALL_ADDRESSES else address
    return Endpoint.parse(f"[{host}]:{port}" if ":" in host else f"{host}:{port}").url


def _kubeconfigs(present: str) -> str:
    directory = posixpath.dirname(present)
    return _KUBERNETES if not directory or f"{directory}/".startswith(_HOMES) else directory


def _beside(certificate: str, files: Files) -> str:
    """The key that stands beside a certificate, by the names that people give."""
    stem, dot, suffix = certificate.rpartition(".")
    names = [f"{stem}.key", f"{stem}-key.{suffix}"] if dot else []
    return next((path for path in names if files.exists(path)), names[0] if names else "")


def _server(found: FoundService, present: Kubeconfig | None) -> str:
    master = found.flags.get("master", "")
    if present is not None and (present.server or "").startswith("https://"):
        return str(present.server).rstrip("/")
    if master.startswith("https://"):
        return master.rstrip("/")
    return _of_api_server(found.api_server)


def _of_api_server(flags: Flags) -> str:
    if not flags:
        return ""
    try:
        return local_url(flags.get("bind-address", ""), flags.get("secure-port", _DEFAULT_PORT))
    except InvalidInput:
        return ""


__all__ = ("ALL_ADDRESSES", "DROP_IN", "UNITS", "Layout", "local_url", "resolve")
