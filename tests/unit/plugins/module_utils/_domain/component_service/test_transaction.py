# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything is proved before it is written, and what does not come up is put back."""

from __future__ import annotations

import json
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.profile import MANAGER
from tests.unit.plugins.certificates import Killed, make_ca, make_certificate
from tests.unit.plugins.module_utils._domain.component_service.values import (
    ADMIN,
    CFG,
    CONF,
    CONF_TEXT,
    DROP_IN,
    SANS,
    SSL,
    STAGED,
    Master,
    Servers,
)

SCHEDULER = "kube-scheduler"
KUBECONFIG = f"{CFG}/{SCHEDULER}.kubeconfig"
KEPT = f"/var/lib/kubeadm-ha/component-service/{SCHEDULER}.service"


@pytest.fixture(name="master")
def _master() -> Master:
    master = Master()
    master.issue()
    return master


def test_it_runs_with_an_identity_of_its_own(master: Master) -> None:
    admin = master.files.contents[ADMIN]
    master.change()
    assert master.host.events == ["reload", "restart"]
    assert master.files.contents[ADMIN] == admin
    assert b"system:kube-scheduler" in master.files.contents[KUBECONFIG]
    modes = {path: master.files.modes[path] for path in (KUBECONFIG, f"{SSL}/{SCHEDULER}-key.pem", DROP_IN)}
    assert modes == {KUBECONFIG: 0o600, f"{SSL}/{SCHEDULER}-key.pem": 0o600, DROP_IN: 0o644}
    assert master.change() == []


def test_credentials_belong_to_the_user_of_the_service(master: Master) -> None:
    master.changes.update(user="kube", uid=998, gid=997)
    master.change()
    for path in (KUBECONFIG, f"{SSL}/{SCHEDULER}-key.pem"):
        assert master.host.owners[path] == (998, 997, 0o600)
    assert master.change() == []


def test_files_as_they_were_are_kept_from_the_first_change(master: Master) -> None:
    master.change()
    master.issue()
    master.change(extra_sans=["localhost"], lease_duration="20s")
    kept = json.loads(master.files.contents[f"{KEPT}/files.json"])
    assert kept[KUBECONFIG] is None
    copy = f"{KEPT}/{kept[CONF]['copy']}"
    assert master.files.contents[copy] == CONF_TEXT.encode()
    assert master.files.modes[copy] == 0o600


def _has_another_issuer(master: Master) -> None:
    issued = make_certificate(make_ca(), *SANS, name="system:kube-scheduler")
    master.files.contents.update({f"{STAGED}/own.crt": issued.certificate, f"{STAGED}/own.key": issued.key})


UNPROVED: dict[str, tuple[t.Callable[[Master], t.Any], str]] = {
    "no API server": (lambda master: master.servers.answers.update({"/readyz": 0}), "/readyz answers nothing"),
    "not known": (lambda master: master.servers.answers.update({"/readyz": 401}), "/readyz answers 401"),
    "somebody else": (
        lambda master: setattr(master.servers, "user", "system:kube-proxy"),
        "takes the new certificate for",
    ),
    "an administrator's group": (lambda master: master.servers.groups.append("system:masters"), "system:masters"),
    "an administrator": (lambda master: setattr(master.servers, "is_administrator", True), "may do everything"),
    "no binding": (lambda master: master.servers.denied.add("pods"), "may not list pods"),
    "no lease": (lambda master: master.servers.denied.add("leases"), "may not create leases"),
    "no delegated authentication": (
        lambda master: master.servers.denied.add("tokenreviews"),
        "may not create tokenreviews",
    ),
    "no review": (
        lambda master: master.servers.answers.update({"/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": 403}),
        "does not say what",
    ),
    "another key": (
        lambda master: master.files.contents.update({f"{STAGED}/own.key": make_certificate(make_ca()).key}),
        "its key is another one",
    ),
    "another CA": (
        _has_another_issuer,
        "the cluster's CA has not signed it",
    ),
    "nothing issued": (lambda master: master.files.remove(f"{STAGED}/own.key"), "is gone"),
}


@pytest.mark.parametrize("name", UNPROVED)
def test_what_is_not_proved_changes_nothing(name: str, master: Master) -> None:
    change, words = UNPROVED[name]
    before = master.state
    change(master)
    assert words in master.fails()
    assert master.state == before
    assert master.host.events == []


def test_older_api_servers_cannot_say_who_somebody_is(master: Master) -> None:
    paths = [f"/apis/authentication.k8s.io/{version}/selfsubjectreviews" for version in ("v1", "v1beta1")]
    master.servers.answers.update(dict.fromkeys(paths, 404))
    master.change()


def test_controllers_need_roles_of_their_own() -> None:
    master = Master(component=MANAGER)
    master.servers = Servers("system:kube-controller-manager")
    master.servers.names -= {"system:controller:job-controller"}
    master.changes.update(program=f"/opt/kubernetes/bin/{MANAGER}", sources=None, flags={}, is_active=False)
    master.host.active = "inactive"
    master.issue()
    message = master.fails()
    assert (
        "clusterrole system:controller:job-controller, clusterrolebinding system:controller:job-controller" in message
    )
    assert master.host.events == []


FAILING: dict[str, tuple[t.Callable[[Master], t.Any], str]] = {
    "it ends": (
        lambda master: setattr(master.host, "refuses", lambda files: DROP_IN in files.contents),
        "ends as soon as it is started (failed)",
    ),
    "it is ill": (lambda master: master.servers.answers.update({"/healthz": 500}), "/healthz answers 500"),
    "it does not listen": (lambda master: master.servers.answers.update({"/healthz": 0}), "/healthz answers nothing"),
    "metrics for everybody": (
        lambda master: master.servers.answers.update({"/metrics anonymous": 200}),
        "answers 200 without a client certificate",
    ),
    "metrics for nobody": (
        lambda master: master.servers.answers.update({"/metrics": 403}),
        "to the group system:monitoring",
    ),
}


@pytest.mark.parametrize("name", FAILING)
def test_what_does_not_come_up_is_put_back(name: str, master: Master) -> None:
    change, words = FAILING[name]
    before = master.state
    change(master)
    message = master.fails()
    assert words in message
    assert (
        "The former files are back, and kube-scheduler.service runs with them. What the service said before: flag is unknown"
        in message
    )
    assert master.state == before
    assert master.host.events == ["reload", "restart", "reload", "restart"]
    assert master.host.active == "active"


def test_it_is_said_when_the_former_files_do_not_serve_either(master: Master) -> None:
    master.host.refuses = lambda _files: True
    assert "kube-scheduler.service does not run with them either (failed)" in master.fails()


def test_a_new_service_that_does_not_come_up_is_gone_again() -> None:
    master = Master(changes={"sources": None, "flags": {}, "is_active": False, "is_enabled": False})
    master.host.active = "inactive"
    master.servers.answers["/healthz"] = 0
    master.issue()
    before = master.state
    assert "is stopped, as it was" in master.fails()
    assert master.state == before
    assert master.host.events == ["reload", "enable", "restart", "stop", "disable", "reload"]


def test_metrics_are_not_proved_without_a_certificate_for_them(master: Master) -> None:
    master.files.remove(f"{STAGED}/metrics.crt")
    master.servers.answers["/metrics"] = 403
    master.change()


def test_killed_anywhere_the_next_run_ends_alike(master: Master) -> None:
    expected = Master()
    expected.files.contents.update(master.files.contents)
    expected.change()
    count = 0
    while True:
        killed = Master()
        killed.files.contents.update(master.files.contents)
        killed.files.calls_left = count
        count += 1
        try:
            killed.change()
        except Killed:
            killed.files.calls_left = None
        else:
            break
        # SIGKILL puts nothing back; whatever is there, the next run goes on from it.
        killed.host.is_loaded = False
        killed.change()
        assert set(killed.state) == set(expected.state)
        assert killed.state[CONF] == expected.state[CONF]
        assert killed.state[KUBECONFIG] == expected.state[KUBECONFIG]
        assert killed.host.events[-1] == "restart"
    assert count > 5
