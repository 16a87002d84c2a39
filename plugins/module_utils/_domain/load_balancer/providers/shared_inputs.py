# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Inputs that every load balancer's role has, read alike."""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ...base.endpoint_input import parse_endpoint
from ...base.errors import InvalidInput
from ...base.problem import Problem
from ...base.role_inputs import RoleInputs, is_port
from ..provider import ClientCertificate

HTTPS, TCP = "https", "tcp"

#: Port of an API server for which none is given.
_DEFAULT_PORT = 6443
#: Where the host itself reaches what listens on every address.
_LOCAL = {"": "127.0.0.1", "*": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (nothing is bound)
#: The inputs of :func:`probe`.
PROBE_VARIABLES = ("probe_certificate", "probe_signer", "probe_common_name", "probe_valid_days", "probe_renew_days")
#: What a load balancer takes for the name of a server.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")


@dataclasses.dataclass(frozen=True)
class Server:
    """An API server."""

    name: str
    address: str
    port: int

    @property
    def target(self) -> str:
        """``address:port``."""
        return with_port(self.address, self.port)


@dataclasses.dataclass(frozen=True)
class Probe:
    """The client certificate that checks present, by the inputs of a role.

    Attributes:
        is_presented: whether they present one.
        common_name: its common name.
        renew_days: days left below which it is renewed.
    """

    is_presented: bool
    common_name: str
    renew_days: int

    def certificate(self, ca: str) -> ClientCertificate | None:
        """The certificate, signed by a CA, if one is presented."""
        return ClientCertificate(self.common_name, self.renew_days, ca) if self.is_presented else None


def with_port(address: str, port: int) -> str:
    """``address:port``, or ``[address]:port``."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def local(address: str, port: int) -> str:
    """``address:port`` where its own host reaches what listens on an address, or on all of them."""
    return with_port(_LOCAL.get(address, address), port)


def bind_port(inputs: RoleInputs) -> int:
    """The port to listen on. The endpoint, of which it is a part by default, is checked, too."""
    port, endpoint = inputs.text("bind_port"), inputs.text("endpoint")
    if not is_port(port):
        inputs.object_to(
            "bind_port",
            f"{inputs.variable('bind_port')} of {inputs.host} is {port!r}, not a port. It comes from kubeadm_ha_endpoint "
            f"({endpoint!r}), which has to read host:port.",
            unreadable=True,
        )
        return 0
    try:
        parse_endpoint(endpoint, may_be_local=True)
    except InvalidInput as error:
        inputs.object_to("endpoint", f"{inputs.variable('endpoint')} of {inputs.host}: {error.message}")
    return int(port)


def check_bind_address(inputs: RoleInputs, *, has_ipv6: bool) -> None:
    """Who listens on every address needs IPv6."""
    if not inputs.text("bind_address") and not has_ipv6:
        inputs.object_to(
            "bind_address",
            f"The kernel of {inputs.host} has no IPv6: set {inputs.variable('bind_address')} to 0.0.0.0 for this host.",
        )


def backends(inputs: RoleInputs) -> tuple[Server, ...]:
    """The API servers."""
    variable = inputs.variable("backends")
    given = inputs.raw("backends")
    items = [item for item in given if isinstance(item, t.Mapping)] if isinstance(given, (list, tuple)) else []
    names = [str(item.get("name", "")) for item in items]
    if not names or len(set(names)) != len(names) or not all(_NAME.fullmatch(name) for name in names):
        inputs.object_to(
            "backends",
            f"{variable} has to list every control plane once, each with a name of letters, digits, '.', "
            f"'_' and '-'; it lists: {', '.join(names) or 'nothing'}.",
            unreadable=True,
        )
        return ()
    servers = []
    for name, item in zip(names, items):
        address, port = str(item.get("address") or ""), str(item.get("port", _DEFAULT_PORT))
        if not address or not is_port(port):
            inputs.object_to(
                "backends",
                f"{variable} has for {name} the address {address!r} and the port {port!r}: give an IP address "
                "or a name that the host can resolve, and a number from 1 to 65535.",
                unreadable=True,
            )
        else:
            servers.append(Server(name, address, int(port)))
    return tuple(servers)


def ca_certificate(inputs: RoleInputs) -> str:
    """PEM of the cluster's CA, empty before there is one."""
    text = inputs.text("ca_certificate").strip()
    if text and ("-----BEGIN CERTIFICATE-----" not in text or "PRIVATE KEY" in text):
        inputs.object_to("ca_certificate", _wanted_ca(inputs))
    return f"{text}\n" if text else ""


def unmet(inputs: RoleInputs) -> t.Iterator[Problem]:
    """A new cluster has no CA yet when its plan is made."""
    if not inputs.text("ca_certificate").strip():
        yield Problem(inputs.variable("ca_certificate"), _wanted_ca(inputs))


def probe(inputs: RoleInputs, *, may_present: bool = True) -> Probe:
    """The client certificate that checks present.

    Args:
        inputs: of the role.
        may_present: whether the checks could present one: those that only connect do not.
    """
    found = Probe(
        is_presented=inputs.boolean("probe_certificate") and may_present,
        common_name=inputs.text("probe_common_name"),
        renew_days=inputs.number("probe_renew_days"),
    )
    valid_days = inputs.number("probe_valid_days")
    if found.is_presented and not inputs.text("probe_signer"):
        inputs.object_to(
            "probe_signer",
            f"{inputs.variable('probe_certificate')} needs {inputs.variable('probe_signer')}: the inventory name of a control "
            "plane that has the cluster's CA key.",
        )
    is_readable = not inputs.unreadable & {"probe_renew_days", "probe_valid_days"}
    if is_readable and found.renew_days >= valid_days:
        inputs.object_to(
            "probe_renew_days",
            f"{inputs.variable('probe_renew_days')} ({found.renew_days}) has to be less than "
            f"{inputs.variable('probe_valid_days')} ({valid_days}): each run would renew the certificate.",
        )
    return found


def _wanted_ca(inputs: RoleInputs) -> str:
    return (
        f"{inputs.variable('ca_certificate')} has to be the PEM text of the cluster's CA certificate (the content of "
        "/etc/kubernetes/pki/ca.crt on a control plane), without any key."
    )


__all__ = (
    "HTTPS",
    "PROBE_VARIABLES",
    "TCP",
    "Probe",
    "Server",
    "backends",
    "bind_port",
    "ca_certificate",
    "check_bind_address",
    "local",
    "probe",
    "unmet",
    "with_port",
)
