# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role external_etcd would change on a host.

The plan and the role ask the same function, so each task of the role that changes something belongs to an entry.
"""

from __future__ import annotations

import dataclasses
import hashlib
import typing as t

from ..base.change import Change
from ..base.errors import InvalidInput
from ..base.problem import Problem
from ..host import firewall
from . import certificates, membership, places, versions
from .decision import EtcdDecision, WantedFile
from .report import MEMBER

if t.TYPE_CHECKING:
    from ..._ports.x509 import X509
    from .desired import DesiredEtcd
    from .membership import Membership
    from .report import EtcdHost

_ACTIVE = ("active", "reloading")
#: Days of the CA's validity below which nothing is issued any more: certificates would end after it.
_LEAST_OF_CA = 30


_UNIT = f"""\
# {places.MARKER}
[Unit]
Description=etcd of a Kubernetes cluster
Documentation=https://etcd.io/docs/
Wants=network-online.target
After=network-online.target
# A member whose data is lost must not begin anew by itself.
AssertPathExists=|{places.DATA}/member
AssertPathExists=|{places.FIRST_START}

[Service]
Type=notify
User={places.USER}
EnvironmentFile={places.ENVIRONMENT}
EnvironmentFile=-{places.FIRST_START}
ExecStart={{program}}
ExecStartPost=+/usr/bin/rm --force {places.FIRST_START}
Restart=on-failure
RestartSec=5s
LimitNOFILE=65536

[Install]
WantedBy=multi-user.target
"""


@dataclasses.dataclass(frozen=True)
class Circumstances:
    """What a decision is made by, beside a host's own report and inputs.

    Attributes:
        hosts: what was found on every host of the etcd cluster, by inventory name and in the inventory's order.
        x509: reads certificates.
        now: seconds since the epoch.
    """

    hosts: t.Mapping[str, EtcdHost]
    x509: X509
    now: float


@dataclasses.dataclass(frozen=True)
class _Programs:
    path: str
    packages: tuple[str, ...] = ()
    downloads: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    problems: tuple[Problem, ...] = ()


def decide(name: str, desired: DesiredEtcd, faults: t.Sequence[Problem], given: Circumstances) -> EtcdDecision:
    """The decision for one host.

    Args:
        name: the host's name in the inventory.
        desired: what its inputs want.
        faults: what is wrong with the inputs.
        given: what else it is made by.
    """
    hosts, host = given.hosts, given.hosts[name]
    members = membership.find(hosts)
    signer = _signer(hosts)
    ca = hosts[signer].ca
    programs = _programs(name, host, desired)
    issued = certificates.issues(name, host, ca, given.x509, now=given.now, renew_days=desired.renew_days)
    files = [file for file in _files(name, host, programs.path) if _sha256(file.content) != host.files.get(file.path)]
    opening = firewall.needs(host.firewall, _ports(desired, hosts) if desired.manage_firewall else ())
    own = [*_of_host(host, desired), *programs.changes, *_authority(name, host, signer, ca), *issued]
    own += [_of_file(host, file) for file in files]
    loads = bool(programs.copies or issued or files) or not host.is_loaded
    restarts = host.service.active in _ACTIVE and loads
    is_started = name in members.members and host.service.active not in _ACTIVE
    changes = (
        *own,
        *(opening.change(port, f"{port.comment} come through it") for port in opening.ports),
        *_of_service(name, host, members, restarts=restarts, is_started=is_started),
    )
    problems = (
        *faults,
        *programs.problems,
        *(problem for problem in members.problems if problem.subject in (name, "")),
        *_problems(name, desired, given, signer, needs_signer=bool(issued)),
    )
    return EtcdDecision(
        address=host.address,
        client_url=membership.client_url(host),
        peer_url=membership.peer_url(host),
        signer=signer,
        is_signer=name == signer,
        founders=members.beginning,
        additions=members.additions,
        members=tuple(membership.client_url(hosts[each]) for each in members.members),
        first_start=first_start(members.founders, "new") if name in members.beginning else "",
        is_started=is_started,
        restarts=restarts,
        program=programs.path,
        oldest=versions.shown(versions.oldest(desired.version)) if desired.version is not None else "",
        packages=programs.packages,
        downloads=programs.downloads,
        copies=programs.copies,
        source=desired.binaries,
        makes_user=not host.has_user and bool(desired.binaries),
        makes_ca=name == signer and not ca,
        issues=tuple(change.object.rpartition("/")[2] for change in issued),
        sans=certificates.sans(name, host),
        valid_days=desired.valid_days,
        files=tuple(files),
        firewall=opening,
        access={
            "endpoints": [membership.client_url(each) for each in hosts.values()],
            "ca_file": places.CLIENT_CA,
            "cert_file": f"{places.CLIENT}.crt",
            "key_file": f"{places.CLIENT}.key",
        },
        objects=next((each.objects for each in hosts.values() if each.objects is not None), None),
        changes=changes,
        problems=problems,
    )


def first_start(members: t.Mapping[str, str], state: str) -> str:
    """How a member begins.

    Args:
        members: peer URLs of all members, this one too, by their names.
        state: ``new`` or ``existing``.
    """
    cluster = ",".join(f"{name}={url}" for name, url in members.items())
    return f"# {places.MARKER}\nETCD_INITIAL_CLUSTER={cluster}\nETCD_INITIAL_CLUSTER_STATE={state}\n"


def _signer(hosts: t.Mapping[str, EtcdHost]) -> str:
    """The host with the CA's key, else the first one."""
    return next((name for name, host in hosts.items() if host.has_ca_key and host.ca), next(iter(hosts)))


def _programs(name: str, host: EtcdHost, desired: DesiredEtcd) -> _Programs:
    if desired.binaries:
        path = f"{places.OWN_PROGRAMS}/etcd"
        there = host.own.digests if host.own is not None else {}
        if desired.is_remote:
            missing = tuple(each for each in places.PROGRAMS if each not in there)
        else:
            missing = tuple(each for each, digest in desired.digests.items() if there.get(each) != digest)
        changes = tuple(
            Change(
                f"program {each}",
                "another one" if each in there else None,
                f"that of {desired.binaries}",
                "a member runs by it",
            )
            for each in missing
        )
        of_remote, of_controller = (missing, ()) if desired.is_remote else ((), missing)
        found = _Programs(path, downloads=of_remote, copies=of_controller, changes=changes)
        version = host.own.version if host.own is not None and not missing else ""
    else:
        path = host.packaged.path if host.packaged is not None else "/usr/bin/etcd"
        packages = tuple(desired.packages.get(host.package_manager) or ()) if host.packaged is None else ()
        changes = tuple(Change(f"package {each}", None, "installed", "a member runs by it") for each in packages)
        found = _Programs(path, packages=packages, changes=changes)
        version = host.packaged.version if host.packaged is not None else host.offered
    return dataclasses.replace(found, problems=tuple(_objections(name, host, desired, version)))


def _objections(name: str, host: EtcdHost, desired: DesiredEtcd, version: str) -> t.Iterator[Problem]:
    """Why kubeadm would not take the etcd."""
    if not desired.binaries and host.packaged is None and not desired.packages.get(host.package_manager):
        yield Problem(
            name,
            f"{name} has no etcd, and no package of one is known for it: set kubeadm_ha_etcd_binaries to a directory of the "
            "controller, or a URL, with etcd, etcdctl and etcdutl.",
        )
        return
    found = versions.parse(version) if version else None
    if desired.version is None:
        yield Problem(
            "kubeadm_ha_kubernetes_version",
            "kubeadm_ha_kubernetes_version is not set, so the oldest etcd that kubeadm takes is not known: set it to the version of "
            "Kubernetes, such as 1.34.4.",
        )
    elif found is not None and found < versions.oldest(desired.version):
        whose = "has" if host.packaged is not None or desired.binaries else "would get"
        yield Problem(
            name,
            f"{name} {whose} etcd {versions.shown(found)}, but the kubeadm of Kubernetes {desired.version} takes external etcd from "
            f"{versions.shown(versions.oldest(desired.version))} on: set kubeadm_ha_etcd_binaries to a directory of the controller, or a "
            "URL, with a newer etcd, etcdctl and etcdutl.",
        )


def _files(name: str, host: EtcdHost, program: str) -> tuple[WantedFile, ...]:
    if not host.address:
        return ()
    client, peer = membership.client_url(host), membership.peer_url(host)
    settings = {
        "NAME": name,
        "DATA_DIR": places.DATA,
        "LISTEN_CLIENT_URLS": f"{client},https://127.0.0.1:{places.CLIENT_PORT}",
        "ADVERTISE_CLIENT_URLS": client,
        "LISTEN_PEER_URLS": peer,
        "INITIAL_ADVERTISE_PEER_URLS": peer,
        "INITIAL_CLUSTER_TOKEN": "kubeadm-ha",
        "CLIENT_CERT_AUTH": "true",
        "TRUSTED_CA_FILE": places.CA,
        "CERT_FILE": f"{places.PKI}/server.crt",
        "KEY_FILE": f"{places.PKI}/server.key",
        "PEER_CLIENT_CERT_AUTH": "true",
        "PEER_TRUSTED_CA_FILE": places.CA,
        "PEER_CERT_FILE": f"{places.PKI}/peer.crt",
        "PEER_KEY_FILE": f"{places.PKI}/peer.key",
    }
    lines = "".join(f"ETCD_{key}={value}\n" for key, value in settings.items())
    return (
        WantedFile(places.ENVIRONMENT, f"# {places.MARKER}\n{lines}"),
        WantedFile(places.UNIT, _UNIT.format(program=program)),
    )


def _of_host(host: EtcdHost, desired: DesiredEtcd) -> t.Iterator[Change]:
    if not host.has_cryptography:
        yield Change("Python libraries", None, "PyYAML, cryptography", "certificates are made with them")
    if not host.has_user and desired.binaries:
        yield Change(f"user {places.USER}", None, "present", "etcd does not run as root")


def _authority(name: str, host: EtcdHost, signer: str, ca: str) -> t.Iterator[Change]:
    if name == signer and not ca:
        yield Change("certificate authority of etcd", None, "made", "it signs the certificates of members and clients")
    elif not host.ca:
        yield Change(f"file {places.CA}", None, f"that of {signer}", "members verify each other and clients with it")


def _of_file(host: EtcdHost, file: WantedFile) -> Change:
    before = "another content" if file.path in host.files else None
    return Change(f"file {file.path}", before, file.content.splitlines(), "the member runs by it")


def _ports(desired: DesiredEtcd, hosts: t.Mapping[str, EtcdHost]) -> t.Iterator[firewall.Port]:
    """Members reach each other by both; who else asks is let in to the clients' port alone, and everybody where that is not known."""
    members = tuple(dict.fromkeys(each.address for each in hosts.values() if each.address))
    clients = tuple(dict.fromkeys((*members, *desired.clients))) if desired.clients else ()
    yield firewall.Port(places.CLIENT_PORT, comment="etcd clients", sources=clients)
    yield firewall.Port(places.PEER_PORT, comment="etcd peers", sources=members)


def _of_service(
    name: str, host: EtcdHost, members: Membership, *, restarts: bool, is_started: bool
) -> t.Iterator[Change]:
    if name in members.beginning:
        others = ", ".join(members.founders)
        yield Change(f"etcd member {name}", None, "voter", f"{others} begin an etcd cluster together")
    elif name in members.additions:
        yield Change(f"etcd member {name}", None, "learner, then voter", "the etcd cluster is there already")
    elif name in members.members and host.record.state != MEMBER:
        yield Change(f"etcd member {name}", "begun", "voter", "an interrupted run has begun it")
    if restarts:
        yield Change(f"service {places.SERVICE}", "runs with others", "runs as wanted", "it loads what has changed")
    elif is_started:
        yield Change(f"service {places.SERVICE}", "stopped", "runs", "its member has data")
    elif host.service.enabled != "enabled":
        yield Change(f"service {places.SERVICE}", None, "enabled", "it runs after every start")


def _problems(
    name: str, desired: DesiredEtcd, given: Circumstances, signer: str, *, needs_signer: bool
) -> t.Iterator[Problem]:
    host, ca = given.hosts[name], given.hosts[signer].ca
    if desired.manage_firewall and firewall.lacks_zone(host.firewall):
        yield Problem(
            name,
            f"firewalld on {name} does not have the zone {host.firewall.zone} in its running and in its permanent configuration: set "
            f"external_etcd_firewalld_zone for {name} to one that it has, or make it and run firewall-cmd --reload.",
        )
    if host.ca and ca and host.ca.strip() != ca.strip():
        yield Problem(
            name,
            f"{places.CA} on {name} is another CA than that of {signer}: members of one etcd cluster have one; put that of {signer} "
            "there.",
        )
    has_key = any(each.has_ca_key for each in given.hosts.values())
    if needs_signer and not has_key and any(each.ca for each in given.hosts.values()):
        yield Problem(
            name,
            f"Certificates of {name} have to be issued, but no host has {places.CA_KEY}: bring the CA's key back to the host on which it "
            "was made.",
        )
    elif needs_signer and ca and name == signer:
        yield from _of_authority(ca, given, signer)


def _of_authority(ca: str, given: Circumstances, signer: str) -> t.Iterator[Problem]:
    try:
        left = given.x509.certificates(ca.encode())[0].days_left(given.now)
    except (InvalidInput, IndexError):
        yield Problem(signer, f"{places.CA} on {signer} is no certificate that can be read: bring it back.")
        return
    if left < _LEAST_OF_CA:
        yield Problem(
            signer,
            f"{places.CA} on {signer} ends in {left} days, so that nothing can be issued by it: replace the CA of the etcd cluster first.",
        )


def _sha256(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


__all__ = ("Circumstances", "decide", "first_start")
