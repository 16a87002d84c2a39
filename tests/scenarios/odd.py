# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a hardened, unusually named cluster has that a conversion may not lose, seen with the field's own tools."""

from __future__ import annotations

import base64
import ipaddress
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.scenarios.cluster import ADMIN, Lab, etcdctl
from tests.scenarios.convert import Conversion
from tests.scenarios.shape import HARDENED, Shape

#: Secrets that are there before the conversion.
SECRETS = {f"kept-{number}": f"value-{number}" for number in range(3)}
#: Files that flags of the control plane's static pods and kubeadm itself read, but `kubeadm join` does not bring.
FILES = (
    "/etc/kubernetes/encryption/config.yaml",
    "/etc/kubernetes/audit/policy.yaml",
    "/etc/kubernetes/authentication.yaml",
    "/etc/kubernetes/scheduler/config.yaml",
    "/etc/kubernetes/patches/kube-apiserver0+json.yaml",
)
AUDIT_LOG = "/var/log/kubernetes/audit/audit.log"
#: The only flag of the API server that has to differ from one control plane to the next.
OWN_FLAGS = {"--advertise-address"}
COMPONENTS = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
_SANS = re.compile(r"(DNS|IP Address):([^,\s]+)")


def probe_certificate(lab: Lab, target: Path) -> Path:
    """A client certificate with its key, issued by kubeadm, for a prober that anonymous requests are refused to."""
    command = ("kubeadm", "kubeconfig", "user", "--client-name=lab-prober", "--config=/root/kubeadm-init.yaml")
    user = yaml.safe_load(lab.run("cp1", *command))["users"][0]["user"]
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.writelines(base64.b64decode(user[f"client-{part}-data"]) for part in ("certificate", "key"))
    return target


def create_secrets(lab: Lab) -> None:
    """Secrets as an application has them."""
    for name, value in SECRETS.items():
        lab.kubectl("create", "secret", "generic", name, f"--from-literal=key={value}")


def secrets_through(conversion: Conversion, control_plane: str, *, node: str = "cp1") -> dict[str, str]:
    """The Secrets' values as this control plane's API server gives them to a kubectl on a node."""
    found = {}
    for name in SECRETS:
        encoded = conversion.lab.kubectl(
            *("get", "secret", name, "--output=jsonpath={.data.key}"),
            node=node,
            server=f"https://{conversion.api_server(control_plane)}",
        )
        found[name] = base64.b64decode(encoded).decode()
    return found


def stored(lab: Lab, secret: str, *, node: str, shape: Shape = HARDENED) -> str:
    """The beginning of what etcd has of a Secret."""
    key = f"/registry/secrets/default/{secret}"
    answer = etcdctl(lab, "get", key, "--write-out=json", node=node, node_name=shape.node_name(node))
    return base64.b64decode(json.loads(answer)["kvs"][0]["value"])[:24].decode("ascii", "replace")


def cluster_configuration(lab: Lab) -> dict[str, Any]:
    """The ClusterConfiguration of kubeadm-config."""
    configmap = lab.objects("configmap", "kubeadm-config", "--namespace=kube-system")
    parsed: dict[str, Any] = yaml.safe_load(configmap["data"]["ClusterConfiguration"])
    return parsed


def differing(before: Mapping[str, Any], after: Mapping[str, Any], where: str = "") -> set[str]:
    """Paths of the fields that two documents have differently."""
    found: set[str] = set()
    for key in before.keys() | after.keys():
        old, new, path = before.get(key), after.get(key), f"{where}{key}"
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            found |= differing(old, new, f"{path}.")
        elif old != new:
            found.add(path)
    return found


def flags(lab: Lab, control_plane: str, component: str) -> dict[str, str]:
    """Flags of a component's running process."""
    words = lab.shell(control_plane, f"tr '\\0' '\\n' </proc/$(pidof {component})/cmdline").splitlines()[1:]
    pairs = (word.partition("=") for word in words)
    return {name: value for name, _, value in pairs if name not in OWN_FLAGS}


def probes_and_volumes(lab: Lab, control_plane: str) -> dict[str, Any]:
    """Path of the API server's readiness probe and the paths of its host that it has, from its manifest."""
    manifest = yaml.safe_load(lab.run(control_plane, "cat", "/etc/kubernetes/manifests/kube-apiserver.yaml"))
    container = manifest["spec"]["containers"][0]
    volumes = {volume["name"]: volume["hostPath"] for volume in manifest["spec"]["volumes"]}
    return {"readiness": container["readinessProbe"]["httpGet"]["path"], "volumes": volumes}


def file_facts(lab: Lab, control_plane: str) -> dict[str, str]:
    """Mode, owner and digest of each file that has to be on every control plane."""
    script = 'for file; do echo "$file $(stat -c "%a %u:%g" "$file") $(sha256sum <"$file")"; done'
    lines = lab.run(control_plane, "sh", "-c", script, "sh", *FILES, check=False).splitlines()
    return dict(line.split(" ", 1) for line in lines)


def sans(lab: Lab, address: str, *, node: str = "w1") -> set[str]:
    """SANs of the certificate that is served there; addresses in their canonical spelling."""
    text = lab.shell(node, f"openssl s_client -connect {address} </dev/null 2>/dev/null | openssl x509 -noout -text")
    return {
        str(ipaddress.ip_address(value)) if kind == "IP Address" else value.lower()
        for kind, value in _SANS.findall(text)
    }


def tls_versions(lab: Lab, address: str, *, node: str = "w1") -> dict[str, bool]:
    """Whether a handshake succeeds there, by version of TLS."""
    script = "openssl s_client -{version} -connect {address} </dev/null >/dev/null 2>&1 && echo yes || echo no"
    return {
        version: lab.shell(node, script.format(version=version, address=address)).strip() == "yes"
        for version in ("tls1_2", "tls1_3")
    }


def anonymous_answers(lab: Lab, address: str, *, node: str = "w1") -> dict[str, str]:
    """What a client without a credential is given, by path: a status of HTTP."""
    paths = ("/livez", "/readyz", "/api", "/api/v1/namespaces/kube-public/configmaps/cluster-info")
    curl = ("curl", "-s", "--cacert", "/etc/kubernetes/pki/ca.crt", "-o", "/dev/null", "-w", "%{http_code}")
    return {path: lab.run(node, *curl, f"https://{address}{path}", check=False) for path in paths}


def audited(conversion: Conversion, control_plane: str) -> bool:
    """Whether this control plane's audit log reports a request that is made to its API server now."""
    name = f"asked-{control_plane}"
    conversion.lab.kubectl(
        *("get", "secret", name, "--ignore-not-found"), server=f"https://{conversion.api_server(control_plane)}"
    )
    lines = conversion.lab.shell(control_plane, f"grep -F '{name}' {AUDIT_LOG}; true").splitlines()
    return any(json.loads(line)["objectRef"]["name"] == name for line in lines)


def name_answers(conversion: Conversion, node: str) -> str:
    """What the smoke Service answers on a node under its DNS name, within three tries, by the cluster's own resolver."""
    resolver = conversion.lab.objects("service", "kube-dns", "--namespace=kube-system")["spec"]["clusterIP"]
    url = "http://smoke.default.svc.odd.internal/"
    script = (
        f"echo 'nameserver {resolver}' >/run/resolver && mount --bind /run/resolver /etc/resolv.conf && "
        f"curl -sf -m 5 --retry 2 --retry-all-errors --retry-delay 1 {url}"
    )
    return conversion.lab.run(node, "unshare", "--mount", "sh", "-c", script, check=False)


def collect(conversion: Conversion) -> dict[str, Any]:
    """Everything of the converted cluster that a test asks for; by control plane where each has its own."""
    lab, shape = conversion.lab, conversion.shape
    control_planes = shape.control_planes
    addresses = {name: conversion.api_server(name) for name in control_planes} | {"endpoint": conversion.endpoint}
    # Written by the last control plane, so that its own encryption is seen.
    lab.kubectl(
        *("create", "secret", "generic", "written-last", "--from-literal=key=value"),
        server=f"https://{addresses['cp3']}",
    )
    service = f"http://{conversion.service}/"
    return {
        "nodes": lab.objects("nodes")["items"],
        "pods": lab.objects("pods", "--namespace=kube-system", "--selector=tier=control-plane")["items"],
        "configuration": cluster_configuration(lab),
        "secrets": {name: secrets_through(conversion, name) for name in control_planes},
        "stored": {
            f"{secret} on {node}": stored(lab, secret, node=node)
            for secret in (*SECRETS, "written-last")
            for node in control_planes
        },
        "flags": {part: {name: flags(lab, name, part) for name in control_planes} for part in COMPONENTS},
        "manifests": {name: probes_and_volumes(lab, name) for name in control_planes},
        "files": {name: file_facts(lab, name) for name in control_planes},
        "audited": {name: audited(conversion, name) for name in control_planes},
        "sans": {name: sans(lab, address) for name, address in addresses.items()},
        "tls": {name: tls_versions(lab, address) for name, address in addresses.items()},
        "anonymous": {name: anonymous_answers(lab, address) for name, address in addresses.items()},
        "service": {name: lab.run(name, "curl", "-sf", "-m", "5", service, check=False) for name in shape.nodes},
        "service name": {name: name_answers(conversion, name) for name in shape.nodes},
        "lease": lab.objects("lease", "kube-scheduler", "--namespace=kube-system")["spec"],
        "readyz": lab.kubectl("get", "--raw=/readyz", server=f"https://{conversion.endpoint}"),
        "server in admin.conf": lab.shell("cp2", f"grep server: {ADMIN}").split()[-1],
    }
