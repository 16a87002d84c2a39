# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm's own checks of a host before it joins.

``kubeadm join phase preflight`` gets the very configuration of the join, but for two things: it finds the cluster by a
kubeconfig that names a server inside this process, which holds the ConfigMaps that were read from the cluster, and it
pulls no image. So it needs no token and no key, reaches nothing and changes nothing.

It stops at the first group of checks of which one fails (those of every node, then those of control planes), so it is run
again with the names that failed left out, until no further one does.
"""

from __future__ import annotations

import dataclasses
import json
import re
import typing as t

from ..base.address import Endpoint
from ..base.errors import InvalidInput
from ..base.last_words import last_words
from ..base.report_fields import at
from .join_configuration import (
    discovery_kubeconfig,
    join_configuration,
    leaves_every_check_out,
    with_other_static_pods,
)
from .join_token import Token
from .kubeadm_api import JOIN_VERSIONS

if t.TYPE_CHECKING:
    from ..._ports.api_stand_in import ApiStandIn
    from ..._ports.commands import CommandResult, Commands
    from ..._ports.files import Files
    from .join_configuration import JoinRequest

#: kubeadm has two groups of checks, and the images.
_MAXIMUM_RUNS = 4
#: kubeadm wants a token and, of a control plane without the shared certificates, a key; it uses neither here.
_NO_TOKEN = Token("000000", "0" * 16)
_NO_KEY = "0" * 64
#: Since 1.37 kubeadm reads the authority of its kubeconfig (getCACertFromKubeconfig in discovery.go), also where it reaches the server
#: without TLS. Nobody has the key of this one.
_NO_CA = """\
-----BEGIN CERTIFICATE-----
MIIBJTCBzKADAgECAgEBMAoGCCqGSM49BAMCMBExDzANBgNVBAMMBm5vYm9keTAg
Fw0yNjAxMDEwMDAwMDBaGA8yMTI2MDEwMTAwMDAwMFowETEPMA0GA1UEAwwGbm9i
b2R5MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE6Qpk8mNHcFAVBdss7sTxpl8O
i0xJ+65Qgw71D/RooahKEOZWLTsqD3/07Ymy7reI60jG7dcaVnlCl/mnuRDl76MT
MBEwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiEAjAvvU59nZztH
/nfLaw9iH2i0YHyeHwBWKVQVRRbNM9UCIHNxpwSH83F7NqH92nNUJm4oxFzRdPYt
kzZWcL5Jbiln
-----END CERTIFICATE-----
"""
_OLDEST_WITH_PULL_POLICY = "v1beta3"
#: Where in cluster-info a joining host would find the server; 403 lets kubeadm keep the one that it has.
_CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps/cluster-info"
_CHECK = re.compile(r"^\t\[(ERROR|WARNING) ([^\]\n]+)\]: (.*)")
#: Lines that end the text of a check: kubeadm's own, and those of its log.
_OTHER = re.compile(r"^(?:\[[a-z-]+\]|[IWEF]\d{4} |error: |error execution phase|To see the stack trace)")
_FATAL = re.compile(r"Some fatal errors occurred:\n(.*?)(?:\[preflight\] If you know|\Z)", re.DOTALL)
#: The error that ends kubeadm, after whatever it has logged.
_LAST_ERROR = re.compile(r"^error: ((?:(?!^error: ).)*?)(?:^To see the stack trace.*)?\Z", re.DOTALL | re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Check:
    """A check of kubeadm, by which name it can be left out, and what it says."""

    name: str
    text: str

    def as_dict(self) -> dict[str, t.Any]:
        """JSON-compatible."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class KubeadmObjections:
    """Why kubeadm would not join a host: its checks that fail, and why it ended where that was no check with a name."""

    checks: tuple[Check, ...] = dataclasses.field(default=(), metadata=at("failed_checks"))
    failure: str = ""


#: Of a host that was not asked, or that kubeadm would join.
NO_OBJECTIONS = KubeadmObjections()


@dataclasses.dataclass(frozen=True)
class Report:
    """What one run of kubeadm reported: failed checks, warnings, and why it ended where that was no check with a name."""

    errors: tuple[Check, ...] = ()
    warnings: tuple[Check, ...] = ()
    failure: str = ""


def parse(result: CommandResult) -> Report:
    """What the end of a run reports. The formats of kubeadm 1.24 and later are the same but for the line of the header."""
    found: dict[str, list[Check]] = {"ERROR": [], "WARNING": []}
    last: list[Check] = []
    for line in result.stderr.splitlines():
        match = _CHECK.match(line)
        if match is not None:
            last = found[match.group(1)]
            last.append(Check(match.group(2), match.group(3).strip()))
        elif _OTHER.match(line):
            last = []
        elif last and line.strip():
            last[-1] = dataclasses.replace(last[-1], text=f"{last[-1].text} {line.strip()}".strip())
    failure = ""
    if result.returncode != 0 and not found["ERROR"]:
        fatal = _FATAL.search(result.stderr) or _LAST_ERROR.search(result.stderr)
        reason = " ".join(fatal.group(1).split()) if fatal is not None else ""
        failure = reason or last_words(result.stderr) or last_words(result.stdout) or f"return code {result.returncode}"
    return Report(tuple(found["ERROR"]), tuple(found["WARNING"]), failure)


def inspect(
    commands: Commands,
    files: Files,
    api: ApiStandIn,
    *,
    request: JoinRequest,
    config_maps: t.Iterable[t.Mapping[str, t.Any]],
) -> dict[str, t.Any]:
    """The checks of this host that fail, JSON-compatible.

    Args:
        commands: runs kubeadm.
        files: of this host.
        api: holds the ConfigMaps for kubeadm.
        request: what the host is to be.
        config_maps: those of the cluster that kubeadm reads, as the API returns them.

    Raises:
        InvalidInput: when the request or a ConfigMap cannot be used.
        CommandFailed: when there is no kubeadm, or it does not end in time.
    """
    request.check_node()
    documents = dict(_served(config_maps))
    if leaves_every_check_out(request.ignore_preflight_errors):
        return _values((), (), "")
    request = with_other_static_pods(_without_secrets(request), files)
    errors: dict[str, list[Check]] = {}
    report = Report()
    with api.serving(documents, forbidden=(_CLUSTER_INFO,)) as url:
        for _attempt in range(_MAXIMUM_RUNS):
            report = parse(_run(commands, request, url, ignored=tuple(errors)))
            for check in report.errors:
                errors.setdefault(check.name, []).append(check)
            if not report.errors:
                break
    warnings = [check for check in report.warnings if check.name not in errors]
    return _values((check for found in errors.values() for check in found), warnings, report.failure)


def configuration(request: JoinRequest, *, discovery_file: str) -> dict[str, t.Any]:
    """The configuration of the join that kubeadm is asked about; no image is pulled."""
    if JOIN_VERSIONS.index(request.version) < JOIN_VERSIONS.index(_OLDEST_WITH_PULL_POLICY):
        # Every kubeadm that still reads older ones reads this one, too.
        request = dataclasses.replace(
            request, api_version=f"{request.api_version.rpartition('/')[0]}/{_OLDEST_WITH_PULL_POLICY}"
        )
    document = join_configuration(request, discovery_file=discovery_file)
    document["nodeRegistration"] = {**document.get("nodeRegistration", {}), "imagePullPolicy": "Never"}
    return document


def _run(commands: Commands, request: JoinRequest, url: str, *, ignored: tuple[str, ...]) -> CommandResult:
    request = dataclasses.replace(request, ignore_preflight_errors=(*request.ignore_preflight_errors, *ignored))
    with commands.in_memory_file(discovery_kubeconfig(request, server=url)) as path:
        document = configuration(request, discovery_file=path)
        command = ["kubeadm", "join", "phase", "preflight", "--config=/dev/stdin"]
        return commands.run(command, stdin=json.dumps(document), check=False)


def _without_secrets(request: JoinRequest) -> JoinRequest:
    key = _NO_KEY if request.control_plane else None
    return dataclasses.replace(
        request, endpoint=Endpoint("127.0.0.1"), token=_NO_TOKEN, certificate_key=key, ca_certificate=_NO_CA
    )


def _served(config_maps: t.Iterable[t.Mapping[str, t.Any]]) -> t.Iterator[tuple[str, t.Mapping[str, t.Any]]]:
    for item in config_maps:
        metadata = item.get("metadata") or {}
        name, namespace = metadata.get("name"), metadata.get("namespace")
        if not name or not namespace or not isinstance(item.get("data"), dict):
            raise InvalidInput(
                "The option config_maps holds something that is no ConfigMap: each has metadata.name, "
                "metadata.namespace and data."
            )
        yield (
            f"/api/v1/namespaces/{namespace}/configmaps/{name}",
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": item["data"]},
        )


def _values(errors: t.Iterable[Check], warnings: t.Iterable[Check], failure: str) -> dict[str, t.Any]:
    return {
        "failed_checks": [check.as_dict() for check in errors],
        "warned_checks": [check.as_dict() for check in warnings],
        "failure": failure,
    }


__all__ = ("NO_OBJECTIONS", "Check", "KubeadmObjections", "Report", "configuration", "inspect", "parse")
