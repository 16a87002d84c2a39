# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The flags that a component is to have."""

from __future__ import annotations

import typing as t

from ..base.errors import InvalidInput
from ..base.go_duration import seconds
from ..base.problem import Problem
from ..base.version import KubernetesVersion

if t.TYPE_CHECKING:
    from ..component.component_arguments import Desired as Arguments
    from .desired import DesiredService
    from .found import Flags, FoundService
    from .layout import Layout
    from .profile import Profile

#: From this release on nothing is served without TLS; the next one does not start with the flags of it.
_WITHOUT_INSECURE_PORT = (1, 23)
#: What is not verified by anybody, or belongs to the insecure port.
_INSECURE = ("address", "master")
_OURS = "127.0.0.1"
#: Flags of kube-controller-manager that a host's API server answers, where there is no unit yet.
_FROM_API_SERVER = {
    "service-account-private-key-file": "service-account-signing-key-file",
    "service-cluster-ip-range": "service-cluster-ip-range",
}


def computed(profile: Profile, desired: DesiredService, found: FoundService, layout: Layout) -> Arguments:
    """The flags to set; those that are not named stay as they are.

    Args:
        profile: of the component.
        desired: the inputs.
        found: the host.
        layout: its paths.
    """
    one: dict[str, str | None] = {
        "kubeconfig": layout.kubeconfig,
        "authentication-kubeconfig": layout.kubeconfig,
        "authorization-kubeconfig": layout.kubeconfig,
        "client-ca-file": layout.ca_certificate,
        "tls-cert-file": layout.certificate,
        "tls-private-key-file": layout.private_key,
        "leader-elect": "true",
        **dict.fromkeys(_INSECURE),
    }
    if found.flags.get("config"):
        # The file decides.
        del one["kubeconfig"]
    if desired.bind_address or found.sources is None:
        one["bind-address"] = desired.bind_address or _OURS
    if int_of(found.flags.get("secure-port")) != desired.secure_port:
        has_default = desired.secure_port == profile.secure_port
        one["secure-port"] = None if has_default else str(desired.secure_port)
    for name, text in desired.election.items():
        flag = f"leader-elect-{name}"
        if not _is_same_duration(found.flags.get(flag, ""), text):
            one[flag] = text
    version = KubernetesVersion.parse(found.version)
    one["port"] = None if version.release >= (1, 24) else str(desired.insecure_port)
    if profile.is_manager:
        one["use-service-account-credentials"] = "true"
    flags = {name: () if value is None else (value,) for name, value in one.items()}
    return {
        **(_of_new_manager(found, layout) if found.sources is None and profile.is_manager else {}),
        **flags,
        **desired.arguments,
    }


def problems(profile: Profile, desired: DesiredService, found: FoundService) -> t.Iterator[Problem]:
    """Why the component cannot be started with them."""
    try:
        release = KubernetesVersion.parse(found.version).release
    except InvalidInput:
        yield Problem(
            found.host,
            f"{found.program or profile.component} on {found.host} does not say its version: name the program in "
            f"{profile.role}_program, or repair it.",
        )
        return
    if desired.insecure_port and release >= _WITHOUT_INSECURE_PORT:
        yield Problem(
            f"{profile.role}_insecure_port",
            f"{profile.role}_insecure_port of {found.host} is {desired.insecure_port}, but {profile.component} {found.version} serves "
            "nothing without TLS: take the variable out.",
        )


def int_of(text: str | None) -> int | None:
    """A number of a flag."""
    return int(text) if text and text.isdigit() else None


def _is_same_duration(one: str, other: str) -> bool:
    try:
        return bool(one) and seconds(one) == seconds(other)
    except InvalidInput:
        return False


def _of_new_manager(found: FoundService, layout: Layout) -> Arguments:
    flags: dict[str, str] = {"root-ca-file": layout.server_ca or layout.ca_certificate}
    flags.update({name: found.api_server.get(other, "") for name, other in _FROM_API_SERVER.items()})
    flags.update({"cluster-signing-cert-file": layout.signing_certificate, "cluster-signing-key-file": layout.ca_key})
    return {name: (value,) for name, value in flags.items() if value}


def last_of(flags: t.Mapping[str, t.Sequence[str]]) -> Flags:
    """The value that counts of each flag."""
    return {name: values[-1] for name, values in flags.items() if values}


__all__ = ("computed", "int_of", "last_of", "problems")
