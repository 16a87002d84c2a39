# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inputs of the role apiserver_haproxy, held before anything is changed."""

from __future__ import annotations

import re
import typing as t

from ..base.endpoint_input import read_endpoint
from ..base.errors import InvalidInput
from ..base.problem import Problem

#: What haproxy takes for the name of a server.
_NAME = re.compile(r"[A-Za-z0-9_.-]+")
#: A time of haproxy with its unit (https://docs.haproxy.org/2.6/configuration.html#2.5).
_TIME = re.compile(r"[1-9][0-9]*(us|ms|s|m|h|d)")


def problems(name: str, inputs: t.Mapping[str, t.Any], *, has_ipv6: bool) -> t.Iterator[Problem]:
    """Every reason why the role cannot work with these inputs.

    Args:
        name: the host's inventory name.
        inputs: values of the role's variables by their names without the prefix ``apiserver_haproxy_``.
        has_ipv6: whether the host's kernel has IPv6.
    """
    port = str(inputs["bind_port"])
    if not port.isdigit() or not 1 <= int(port) <= 65535:
        yield Problem(
            "apiserver_haproxy_bind_port",
            f"apiserver_haproxy_bind_port of {name} is {port!r}, not a port. It comes from kubeadm_ha_endpoint "
            f"({inputs['endpoint']!r}), which has to read host:port.",
        )
    else:
        yield from _endpoint(name, inputs["endpoint"])
    names = [str(item.get("name", "")) for item in inputs["backends"]]
    if not names or len(set(names)) != len(names) or not all(_NAME.fullmatch(item) for item in names):
        yield Problem(
            "apiserver_haproxy_backends",
            "apiserver_haproxy_backends has to list every control plane once, each with a name of letters, digits, '.', "
            f"'_' and '-'; it lists: {', '.join(names) or 'nothing'}.",
        )
    ca = str(inputs["ca_certificate"])
    if "-----BEGIN CERTIFICATE-----" not in ca or "PRIVATE KEY" in ca:
        yield Problem(
            "apiserver_haproxy_ca_certificate",
            "apiserver_haproxy_ca_certificate has to be the PEM text of the cluster's CA certificate (the content of "
            "/etc/kubernetes/pki/ca.crt on a control plane), without any key.",
        )
    if inputs["presents"] and not inputs["probe_signer"]:
        yield Problem(
            "apiserver_haproxy_probe_signer",
            "apiserver_haproxy_probe_certificate needs apiserver_haproxy_probe_signer: the inventory name of a control "
            "plane that has the cluster's CA key.",
        )
    renew, valid = int(inputs["probe_renew_days"]), int(inputs["probe_valid_days"])
    if renew >= valid:
        yield Problem(
            "apiserver_haproxy_probe_renew_days",
            f"apiserver_haproxy_probe_renew_days ({renew}) has to be less than apiserver_haproxy_probe_valid_days "
            f"({valid}): each run would renew the certificate.",
        )
    if not inputs["bind_address"] and not has_ipv6:
        yield Problem(
            "apiserver_haproxy_bind_address",
            f"The kernel of {name} has no IPv6: set apiserver_haproxy_bind_address to 0.0.0.0 for this host.",
        )
    for variable in ("connect_timeout", "check_timeout", "check_interval", "check_fast_interval"):
        if not _TIME.fullmatch(str(inputs[variable])):
            yield Problem(
                f"apiserver_haproxy_{variable}",
                f"apiserver_haproxy_{variable} of {name} is {str(inputs[variable])!r}, not a time of haproxy: a number "
                "with its unit, for example 500ms or 2s.",
            )


def _endpoint(name: str, endpoint: t.Any) -> t.Iterator[Problem]:
    try:
        read_endpoint(endpoint, may_be_local=True)
    except InvalidInput as error:
        yield Problem("apiserver_haproxy_endpoint", f"apiserver_haproxy_endpoint of {name}: {error.message}")


__all__ = ("problems",)
