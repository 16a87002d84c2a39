# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inputs of the roles kube_controller_manager and kube_scheduler mean."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.address import San, canonical_ip
from ..base.errors import InvalidInput
from ..base.go_duration import seconds
from ..base.problem import Problem
from ..base.role_inputs import RoleInputs, is_port
from ..component import component_arguments
from ..component.component_arguments import Desired as Arguments

if t.TYPE_CHECKING:
    from .profile import Profile

VARIABLES = (
    "arguments",
    "bind_address",
    "ca_certificate",
    "ca_key",
    "certificate",
    "certificate_renew_days",
    "certificate_valid_days",
    "extra_sans",
    "harden",
    "insecure_port",
    "kubeconfig",
    "lease_duration",
    "private_key",
    "program",
    "renew_deadline",
    "retry_period",
    "secure_port",
    "server",
    "signs_here",
    "unit",
    "wait_timeout",
    "writable_paths",
)
#: A candidate waits for the retry period times this at most between two attempts (client-go, ``JitterFactor``).
_JITTER = 1.2
#: Flags that have variables of their own, or that the role computes.
OWN_FLAGS = frozenset({
    "authentication-kubeconfig", "authorization-kubeconfig", "bind-address", "client-ca-file", "kubeconfig", "leader-elect",
    "leader-elect-lease-duration", "leader-elect-renew-deadline", "leader-elect-retry-period", "secure-port", "tls-cert-file",
    "tls-private-key-file", "use-service-account-credentials",
})  # fmt: skip


@dataclasses.dataclass(frozen=True)
class DesiredService:
    """What a host's inputs want. The fields are the variables of the roles; empty texts and 0 mean what the host has.

    Attributes:
        extra_sans: what the certificate is valid for beside the host's own names and addresses.
        signs_here: whether the CA's key is to be on this host.
        arguments: other flags.
    """

    unit: str
    program: str
    server: str
    kubeconfig: str
    certificate: str
    private_key: str
    ca_certificate: str
    ca_key: str
    signs_here: bool
    valid_days: int
    renew_days: int
    extra_sans: tuple[San, ...]
    bind_address: str
    secure_port: int
    insecure_port: int
    election: t.Mapping[str, str]
    harden: bool
    writable_paths: tuple[str, ...]
    arguments: Arguments
    wait_timeout: int


def parse(profile: Profile, host: str, values: t.Mapping[str, t.Any]) -> tuple[DesiredService, tuple[Problem, ...]]:
    """The inputs, with every reason why the role cannot work with them.

    Args:
        profile: of the component.
        host: the host's name.
        values: of the role's variables, by :data:`VARIABLES`.

    Raises:
        InvalidInput: a variable is missing, or an unknown one is given.
    """
    inputs = RoleInputs(profile.role, host, values, VARIABLES)
    found = DesiredService(
        unit=_unit(inputs, profile),
        program=_path(inputs, "program"),
        server=_server(inputs),
        kubeconfig=_path(inputs, "kubeconfig"),
        certificate=_path(inputs, "certificate"),
        private_key=_path(inputs, "private_key"),
        ca_certificate=_path(inputs, "ca_certificate"),
        ca_key=_path(inputs, "ca_key"),
        signs_here=inputs.boolean("signs_here"),
        valid_days=inputs.number("certificate_valid_days"),
        renew_days=inputs.number("certificate_renew_days"),
        extra_sans=tuple(_sans(inputs)),
        bind_address=_address(inputs),
        secure_port=_port(inputs, "secure_port") or profile.secure_port,
        insecure_port=_port(inputs, "insecure_port"),
        election=_election(inputs),
        harden=inputs.boolean("harden"),
        writable_paths=tuple(_writable(inputs)),
        arguments=_arguments(inputs),
        wait_timeout=inputs.number("wait_timeout"),
    )
    if not inputs.unreadable and found.renew_days >= found.valid_days:
        inputs.object_to(
            "certificate_renew_days",
            f"{inputs.variable('certificate_renew_days')} of {host} is {found.renew_days}, but certificates are valid for "
            f"{found.valid_days} days, so that each run would renew them: give a smaller number.",
        )
    if bool(found.certificate) != bool(found.private_key):
        inputs.object_to(
            "certificate",
            f"{inputs.variable('certificate')} and {inputs.variable('private_key')} of {host} belong together: give both or neither.",
        )
    return found, tuple(inputs.problems)


def _unit(inputs: RoleInputs, profile: Profile) -> str:
    text = inputs.text("unit") or profile.component
    if "/" in text or " " in text:
        inputs.object_to(
            "unit", f"{inputs.variable('unit')} of {inputs.host} is {text!r}, which is no name of a service."
        )
    return text if text.endswith(".service") else f"{text}.service"


def _path(inputs: RoleInputs, name: str) -> str:
    text = inputs.text(name)
    if text and not text.startswith("/"):
        inputs.object_to(
            name,
            f"{inputs.variable(name)} of {inputs.host} is {text!r}: give an absolute path of the host.",
            unreadable=True,
        )
        return ""
    return text


def _server(inputs: RoleInputs) -> str:
    text = inputs.text("server").rstrip("/")
    if text and not text.startswith("https://"):
        inputs.object_to(
            "server",
            f"{inputs.variable('server')} of {inputs.host} is {text!r}: give the URL of the API server with https://, such as "
            "https://192.0.2.10:6443.",
            unreadable=True,
        )
        return ""
    return text


def _sans(inputs: RoleInputs) -> t.Iterator[San]:
    for text in _texts(inputs, "extra_sans"):
        try:
            yield San.parse(text)
        except InvalidInput as error:
            inputs.object_to("extra_sans", f"{inputs.variable('extra_sans')} of {inputs.host}: {error.message}")


def _address(inputs: RoleInputs) -> str:
    text = inputs.text("bind_address")
    address = canonical_ip(text) if text else ""
    if address is None:
        inputs.object_to(
            "bind_address",
            f"{inputs.variable('bind_address')} of {inputs.host} is {text!r}, which is no IP address.",
            unreadable=True,
        )
    return address or ""


def _port(inputs: RoleInputs, name: str) -> int:
    text = inputs.text(name)
    if text not in ("", "0") and not is_port(text):
        inputs.object_to(
            name, f"{inputs.variable(name)} of {inputs.host} is {text!r}, which is no port.", unreadable=True
        )
        return 0
    return int(text or 0)


def _election(inputs: RoleInputs) -> dict[str, str]:
    """Durations by the ends of their flags' names: a leader must give up before another one may begin."""
    found: dict[str, str] = {}
    lengths: dict[str, float] = {}
    for name in ("lease_duration", "renew_deadline", "retry_period"):
        text = inputs.text(name)
        found[name.replace("_", "-")] = text
        try:
            lengths[name] = seconds(text)
        except InvalidInput:
            inputs.object_to(
                name,
                f"{inputs.variable(name)} of {inputs.host} is {text!r}: give a duration such as 15s or 1m30s.",
                unreadable=True,
            )
    if len(lengths) < 3:
        return found
    lease, renew, retry = (lengths[name] for name in ("lease_duration", "renew_deadline", "retry_period"))
    if not lease > renew > retry * _JITTER > 0:
        role = inputs.variable("")
        inputs.object_to(
            "lease_duration",
            f"Leader election on {inputs.host} would not work with {role}lease_duration {lease:g} s, {role}renew_deadline {renew:g} s and "
            f"{role}retry_period {retry:g} s: the first must be longer than the second, and the second longer than {_JITTER:g} times the "
            "third.",
        )
    return found


def _writable(inputs: RoleInputs) -> t.Iterator[str]:
    for text in _texts(inputs, "writable_paths"):
        if not text.startswith("/") or any(character in text for character in " \t\n\"'\\%"):
            inputs.object_to(
                "writable_paths",
                f"{inputs.variable('writable_paths')} of {inputs.host} has {text!r}: give absolute paths without blanks, quotes and "
                "percent signs.",
            )
        else:
            yield text


def _arguments(inputs: RoleInputs) -> Arguments:
    values = inputs.raw("arguments")
    name = inputs.variable("arguments")
    if not isinstance(values, t.Mapping):
        inputs.object_to("arguments", f"{name} of {inputs.host} is no map of flags and their values.", unreadable=True)
        return {}
    try:
        found = component_arguments.parse_desired(values)
    except InvalidInput as error:
        inputs.object_to("arguments", f"{name} of {inputs.host}: {error.message}", unreadable=True)
        return {}
    taken = sorted(OWN_FLAGS & set(found))
    if taken:
        inputs.object_to(
            "arguments",
            f"{name} of {inputs.host} has {', '.join(taken)}, which the role sets itself: take them out, and see its other variables.",
        )
    return {flag: value for flag, value in found.items() if flag not in OWN_FLAGS}


def _texts(inputs: RoleInputs, name: str) -> t.Sequence[str]:
    values = inputs.raw(name)
    if not isinstance(values, (list, tuple)):
        inputs.object_to(name, f"{inputs.variable(name)} of {inputs.host} is no list.", unreadable=True)
        return ()
    return [str(value) for value in values]


__all__ = ("OWN_FLAGS", "VARIABLES", "DesiredService", "parse")
