# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults seeded one by one into the reports of a real cluster are found under their ids; without them nothing is that needs to be mended.

The reports are what an audit of a lab was given. ``python3 -m tests.tools.audit_recording`` records them again.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.survival import Verdict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.finding import Severity
from ansible_collections.kubeadm.ha.plugins.modules import audit_report
from tests.scenarios.secret_scan import secrets_on_controller
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.audit.faults import FAULTS, Change, both, moved_clock
from tests.unit.plugins.module_utils._domain.audit.recorded import audit_of_recorded, recorded, text

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import Audit

HOSTS = ("cp1", "cp2", "cp3", "w1", "lb1", "lb2")
#: Findings of severity info of the lab itself.
OF_THE_LAB = frozenset({"access.secrets-unencrypted", "load-balancer.certificate-not-verified", "node.no-time-service"})
#: Faults that the lab has itself. They are seeded into reports that tests make only (``test_faults.py``).
ELSEWHERE: t.Mapping[str, str] = {
    "no time service": "nodes of a lab take the clock of their machine",
    "Secrets in plain text": "the lab does not encrypt them",
}
#: What real reports say besides.
BESIDES: t.Mapping[str, set[str]] = {
    # kubeadm-config does not name that flag, either.
    "another flag on one control plane": {"kubeadm.configuration-differs"},
}
SEEDED = [name for name in FAULTS if name not in ELSEWHERE]


def balancer(old: str, new: str) -> Change:
    """Another text in the configuration of lb2."""

    def change(arguments: dict[str, t.Any]) -> None:
        (found,) = (item for item in arguments["configurations"]["lb2"] if item["source"].endswith("/haproxy.cfg"))
        configuration = base64.b64decode(found["content"]).decode()
        assert old in configuration, configuration
        found["content"] = base64.b64encode(configuration.replace(old, new).encode()).decode()

    return change


#: What is seeded into the configuration of a load balancer, and every id that is new then.
OF_BALANCERS: dict[str, tuple[Change, set[str]]] = {
    # What is never taken for lost keeps its connections, too.
    "no check": (balancer(" check check-ssl", ""), {"load-balancer.no-check", "load-balancer.open-connections-hang"}),
    "a check that any open port passes": (
        both(
            balancer("    option httpchk GET /readyz\n    http-check expect status 200\n", ""),
            balancer("check-ssl verify none", ""),
        ),
        {"load-balancer.frozen-unseen", "load-balancer.unready-unseen", "load-balancer.open-connections-hang"},
    ),
    "a check of being alive": (balancer("/readyz", "/healthz"), {"load-balancer.unready-unseen"}),
    "a slow check": (balancer("inter 1s fall 2", "inter 3s fall 3"), {"load-balancer.slow-detection"}),
    "a long wait for a connection": (
        balancer("timeout connect 500ms", "timeout connect 5s"),
        {"load-balancer.long-connect"},
    ),
    "connections that are not passed on": (balancer("    option redispatch 1\n", ""), {"load-balancer.not-passed-on"}),
    "sessions that outlive their server": (
        balancer("on-marked-down shutdown-sessions", ""),
        {"load-balancer.open-connections-hang"},
    ),
    "processes that a reload leaves": (
        balancer("    hard-stop-after 10m\n", ""),
        {"load-balancer.reload-keeps-processes"},
    ),
    "watches that are cut": (balancer("timeout client 4h", "timeout client 30s"), {"load-balancer.short-idle-timeout"}),
}


def ids(found: Audit) -> set[str]:
    """Ids of the findings."""
    return {item.kind.id for item in found.findings}


def seeded(change: Change) -> Audit:
    """The audit of the recording with a fault."""
    arguments = recorded()
    change(arguments)
    return audit_of_recorded(arguments)


def test_nothing_is_found_that_needs_to_be_mended() -> None:
    found = audit_of_recorded(recorded())
    assert [(item.kind.id, item.summary) for item in found.findings if item.kind.severity is not Severity.INFO] == []
    assert ids(found) == OF_THE_LAB
    assert {part.name: part.verdict for part in found.parts} == dict.fromkeys(HOSTS, Verdict.SURVIVES)


@pytest.mark.parametrize("name", SEEDED)
def test_a_fault_is_found_under_its_id_and_nothing_else_is(name: str) -> None:
    change, expected = FAULTS[name]
    found = seeded(change)
    shown = [(item.kind.id, item.object, item.summary) for item in found.findings]
    assert ids(found) - OF_THE_LAB == expected | BESIDES.get(name, set()), shown
    parts = {part.name for part in found.parts}
    for item in found.findings:
        assert all(item.evidence), item.summary
        assert set(item.lost_with) <= parts, item.summary


@pytest.mark.parametrize("name", OF_BALANCERS)
def test_a_fault_of_a_load_balancer_is_found_under_its_id_and_nothing_else_is(name: str) -> None:
    change, expected = OF_BALANCERS[name]
    found = seeded(change)
    shown = [(item.kind.id, item.object, item.summary) for item in found.findings]
    assert ids(found) - OF_THE_LAB == expected, shown
    assert {item.object.rpartition(" on ")[2] for item in found.findings if item.kind.id in expected} == {"lb2"}


def test_members_without_a_leader_are_shown_with_their_terms() -> None:
    """Which leader each names is not reported; who goes on electing has another term."""

    def change(arguments: dict[str, t.Any]) -> None:
        arguments["etcd"]["leader"] = None
        for item in arguments["etcd"]["members"]:
            item["raft_term"] = {"cp2": 7}.get(item["name"], 6)

    (item,) = (item for item in seeded(change).findings if item.kind.id == "etcd.no-leader")
    assert sorted(item.evidence) == ["cp1: raft term 6", "cp2: raft term 7", "cp3: raft term 6"]


def test_most_faults_are_seeded_into_real_reports() -> None:
    assert set(ELSEWHERE) <= set(FAULTS)
    assert set(BESIDES) <= set(SEEDED)
    assert len(SEEDED) >= 100
    assert not set().union(*(FAULTS[name][1] for name in SEEDED)) & OF_THE_LAB
    assert set().union(*(FAULTS[name][1] for name in ELSEWHERE)) <= OF_THE_LAB


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (0, set()),
        (8, {"backup.old"}),
        (340, {"backup.old", "certificate.expires-soon"}),
        (400, {"backup.old", "certificate.expired", "certificate.spare-expired"}),
    ],
)
def test_time_is_that_of_the_reports(days: int, expected: set[str]) -> None:
    """Whenever this is run, certificates and backups are as old as the hosts' own clocks say."""
    found = seeded(both(*(moved_clock(name, days=days) for name in HOSTS)))
    assert ids(found) - OF_THE_LAB == expected


def test_the_action_takes_the_recording_as_it_is() -> None:
    options = yaml.safe_load(audit_report.DOCUMENTATION)["options"]
    described = {
        name: {key: option[key] for key in ("type", "elements", "required") if key in option}
        for name, option in options.items()
    }
    validated = ArgumentSpecValidator(described).validate(recorded())
    assert validated.error_messages == []
    given = recorded()
    assert {name: validated.validated_parameters[name] for name in given} == given


def texts_in(document: t.Any) -> t.Iterator[str]:
    """Every text of a document, with what is encoded in it."""
    if isinstance(document, dict):
        for key, value in document.items():
            yield str(key)
            yield from texts_in(value)
    elif isinstance(document, list):
        for item in document:
            yield from texts_in(item)
    elif isinstance(document, str):
        yield document
        for found in re.findall(r"[A-Za-z0-9+/]{40,}={0,2}", document):
            try:
                yield base64.b64decode(found, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                continue


def secrets_in(document: t.Any, directory: Path) -> list[str]:
    """What of a document has the form of a secret, by the project's own search."""
    for number, found in enumerate(texts_in(document)):
        (directory / str(number)).write_text(found, encoding="utf-8")
    return [(directory / name).read_text(encoding="utf-8") for name in secrets_on_controller([directory])]


def test_nothing_secret_is_recorded(tmp_path: Path) -> None:
    document = json.loads(text())
    assert secrets_in(document, tmp_path) == []
    for report in document["hosts"].values():
        for item in report["kubeconfigs"]:
            users = [user["user"] for user in yaml.safe_load(item["text"])["users"]]
            for user in users:
                assert set(user) <= {"client-certificate-data", "client-certificate", "client-key"}, item["path"]
                assert user.get("client-key", "/").startswith("/"), item["path"]
    configurations = [
        base64.b64decode(item["content"]).decode() for items in document["configurations"].values() for item in items
    ]
    assert configurations
    assert [word for word in ("auth", "password", "secret") for each in configurations if word in each] == []
    assert str(ROOT) not in text()


@pytest.mark.parametrize(
    "secret",
    [
        "kubeadm join --token abcdef.0123456789abcdef",
        "-----BEGIN RSA PRIVATE KEY-----",
        base64.b64encode(b"users:\n- user:\n    token: abcdef.0123456789abcdef\n").decode(),
        base64.b64encode(b"-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI\n").decode(),
    ],
)
def test_a_secret_would_be_found(secret: str, tmp_path: Path) -> None:
    document = json.loads(text())
    document["hosts"]["cp1"]["kubeconfigs"][0]["text"] += f"\nextra: {secret}\n"
    assert len(secrets_in(document, tmp_path)) >= 1
