# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Collects certificates that only an audit judges: of load balancers' probes, of external etcd, of kubelets, and whatever components name.

Of each file only the first certificate leaves the host.
"""

from __future__ import annotations

import glob
import os
import re
import typing as t

from ..._domain.kubeconfig import redaction
from ..._domain.load_balancer import gdnsd_files, haproxy_files, nginx_files
from ..host.processes import HostProcesses
from .reading import read

if t.TYPE_CHECKING:
    from ..._domain.component.static_pod import StaticPod

#: Where roles of this collection put them; a configuration of a load balancer is not asked.
_KEPT = (
    "/etc/etcd/pki/*.crt",
    *(name for files in (haproxy_files, nginx_files, gdnsd_files) for name in (files.CA, files.PROBE_CERTIFICATE)),
)
_KUBELET, _KUBELET_DIRECTORY = "kubelet", "/var/lib/kubelet/pki"
#: The directory of the certificates that a kubelet gets or makes itself, and its other one.
_CERT_DIR, _TLS_FLAG, _TLS_FIELD = "--cert-dir", "--tls-cert-file", "tlsCertFile"
_CLIENT, _ISSUED, _SELF_SIGNED = "kubelet-client-current.pem", "kubelet-server-current.pem", "kubelet.crt"
_PROCESSES = ("etcd", _KUBELET)
#: A field of a document in YAML or JSON with a path.
_IN_DOCUMENT = re.compile(r"(?<![\w.-])([A-Za-z][\w.-]*)[\"']?:[ \t]*[\"']?(/(?!/)[^\s\"',#}]+)")
_FIRST = re.compile(r".*?-----END CERTIFICATE-----\n", re.DOTALL)
#: What is larger is the trust store of a system, whose first certificate is no component's.
_LARGEST = 1 << 16


def collect(
    *, pods: t.Iterable[StaticPod | None], kubeconfigs: t.Iterable[str], reported: t.Container[str], proc: str = "/proc"
) -> dict[str, str]:
    """The first certificate, in PEM, of each file that has one.

    Args:
        pods: static pods of components.
        kubeconfigs: texts of kubeconfigs.
        reported: paths of certificates that are known.
        proc: where the kernel's view of the processes is.
    """
    commands = {name: list(_arguments(name, proc)) for name in _PROCESSES}
    named = [path for arguments in commands.values() for _flag, value in arguments for path in _paths(value)]
    documents = [
        text for path in named if path.endswith((".yaml", ".yml", ".conf", "config")) for text in [_text(path)]
    ]
    fields = [field for text in (*kubeconfigs, *documents) for field in _IN_DOCUMENT.findall(text)]
    paths = {
        *(path for pattern in _KEPT for path in glob.glob(pattern)),
        *named,
        *(path for _field, path in fields),
        *(path for pod in pods if pod is not None for path in _of_pod(pod)),
        *_of_kubelet(commands[_KUBELET], fields),
    }
    found = (
        (path, _first(path)) for path in sorted({os.path.normpath(path) for path in paths}) if path not in reported
    )
    return {path: pem for path, pem in found if pem}


def _arguments(program: str, proc: str) -> t.Iterator[tuple[str, str]]:
    """Flags and values of the processes of a program, and the variables that etcd reads."""
    for process in HostProcesses(proc).find(program):
        flag = ""
        for item in process.arguments[1:]:
            name, equals, value = item.partition("=")
            if item.startswith("-") and equals:
                yield name, value
            elif not item.startswith("-"):
                yield flag, item
            flag = item
        for variable in _text(os.path.join(proc, str(process.pid), "environ")).split("\0"):
            name, _equals, value = variable.partition("=")
            if name.startswith("ETCD_") and name.endswith("_FILE"):
                yield name, value


def _paths(value: str) -> list[str]:
    """The files that a value of a flag names."""
    return [part for part in re.split(r"[,:]", value) if part.startswith("/") and not part.startswith("//")]


def _of_pod(pod: StaticPod) -> t.Iterator[str]:
    """What the flags of a static pod name, as it is called on the host."""
    places_on_host = (pod.on_host(path) for _flag, value in pod.arguments for path in _paths(value))
    yield from (found[0] for found in places_on_host if found is not None)


def _of_kubelet(arguments: t.Iterable[tuple[str, str]], fields: t.Iterable[tuple[str, str]]) -> t.Iterator[str]:
    """What the kubelet gets or makes itself. One that was issued is presented, else one that it has signed itself, else what it is given."""
    flags = dict(arguments)
    directory = flags.get(_CERT_DIR, _KUBELET_DIRECTORY)
    issued = os.path.join(directory, _ISSUED)
    yield os.path.join(directory, _CLIENT)
    if os.path.exists(issued):
        yield issued
    elif _TLS_FLAG not in flags and _TLS_FIELD not in dict(fields):
        yield os.path.join(directory, _SELF_SIGNED)


def _first(path: str) -> str:
    try:
        is_small = os.path.isfile(path) and os.path.getsize(path) <= _LARGEST
    except OSError:
        return ""
    match = _FIRST.match(redaction.public_certificates(_text(path))) if is_small else None
    return match.group() if match is not None else ""


def _text(path: str) -> str:
    return (read(path) or b"").decode("utf-8", "replace")


__all__ = ("collect",)
