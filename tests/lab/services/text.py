# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Texts that such a cluster is made of: units, environment files, kubeconfigs, configurations."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from tests.lab import kubeadm
from tests.lab.services.pki import Pair

#: Names and values of flags; a flag that is given several times has several entries.
Flags = Iterable[tuple[str, str]]

_CONTINUED = " \\\n"
_PLAIN = re.compile(r"[A-Za-z/]([\w./:=+-]*[\w/=+])?")
_NOT_PLAIN = ("y", "n", "yes", "no", "on", "off", "true", "false", "null")


def environment_file(variable: str, flags: Flags) -> str:
    """One variable with all flags, a line for each."""
    text = _CONTINUED.join(f"--{name}={value}" for name, value in flags)
    return f'{variable}="{text}"\n'


def command(program: str, flags: Flags, *, separator: str = "=") -> str:
    """A program with its flags, a line for each."""
    return _CONTINUED.join([program, *(f"  --{name}{separator}{value}" for name, value in flags)])


def unit(description: str, exec_start: str, *, section: Mapping[str, str], **service: str) -> str:
    """A unit; ``section`` is the rest of its [Unit], the keywords are what its [Service] begins with."""
    lines = ["[Unit]", f"Description={description}", *(f"{key}={value}" for key, value in section.items()), ""]
    before = [f"{key}={value}" for key, value in service.items() if key in ("Type", "EnvironmentFile")]
    after = [f"{key}={value}" for key, value in service.items() if key not in ("Type", "EnvironmentFile")]
    lines += ["[Service]", *before, f"ExecStart={exec_start}", *after, "", "[Install]", "WantedBy=multi-user.target"]
    return "".join(f"{line}\n" for line in lines)


def encoded(pem: str) -> str:
    """What the keys that end with -data hold."""
    return base64.b64encode(pem.encode()).decode()


def embedded(pair: Pair) -> dict[str, str]:
    """Credentials of a kubeconfig that has them inside."""
    return {"client-certificate-data": encoded(pair.certificate), "client-key-data": encoded(pair.key)}


def kubeconfig(server: str, user: str, *, authority: Mapping[str, str], credentials: Mapping[str, str]) -> str:
    """A kubeconfig as ``kubectl config`` writes it."""
    return block_yaml(
        {
            "apiVersion": "v1",
            "clusters": [{"cluster": {**authority, "server": server}, "name": "kubernetes"}],
            "contexts": [{"context": {"cluster": "kubernetes", "user": user}, "name": "default"}],
            "current-context": "default",
            "kind": "Config",
            "users": [{"name": user, "user": dict(credentials)}],
        }
    )


def kubelet_configuration(kubernetes: str, *, authority: str, dns: str, **more: object) -> str:
    """What a kubelet reads at its start; ``authority`` is the path of the CA that its clients are verified with."""
    return block_yaml(
        {
            "apiVersion": "kubelet.config.k8s.io/v1beta1",
            "kind": "KubeletConfiguration",
            "address": "0.0.0.0",
            "port": 10250,
            "authentication": {
                "anonymous": {"enabled": False},
                "webhook": {"enabled": True},
                "x509": {"clientCAFile": authority},
            },
            "authorization": {"mode": "Webhook"},
            "clusterDNS": [dns],
            "clusterDomain": "cluster.local",
            "containerRuntimeEndpoint": "unix:///run/containerd/containerd.sock",
            **kubeadm.kubelet(kubernetes),
            **more,
        }
    )


def block_yaml(value: Mapping[str, Any], indent: str = "") -> str:
    """YAML as people write it."""
    return "".join(_entry(f"{indent}{key}:", item, indent) for key, item in value.items())


def _entry(key: str, value: object, indent: str) -> str:
    if isinstance(value, Mapping) and value:
        return f"{key}\n{block_yaml(value, indent + '  ')}"
    if isinstance(value, list) and value:
        return f"{key}\n" + "".join(_item(item, indent) for item in value)
    return f"{key} {_scalar(value)}\n"


def _item(value: object, indent: str) -> str:
    if isinstance(value, Mapping):
        return f"{indent}- " + block_yaml(value, indent + "  ")[len(indent) + 2 :]
    return f"{indent}- {_scalar(value)}\n"


def _scalar(value: object) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _NOT_PLAIN:
        return value
    return json.dumps(value)
