# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What changes on a master, and what is a reason to change nothing."""

from __future__ import annotations

import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.profile import MANAGER
from tests.unit.plugins.certificates import make_ca, make_certificate
from tests.unit.plugins.module_utils._domain.component_service.values import (
    ADMIN,
    CFG,
    CONF,
    CONF_TEXT,
    DROP_IN,
    SANS,
    SERVER,
    SSL,
    UNIT,
    Master,
    authority,
)

SCHEDULER = "kube-scheduler"
CERTIFICATE, KEY = f"{SSL}/{SCHEDULER}.pem", f"{SSL}/{SCHEDULER}-key.pem"
KUBECONFIG = f"{CFG}/{SCHEDULER}.kubeconfig"


def configured() -> Master:
    """A master that has been changed."""
    master = Master()
    master.issue()
    master.change()
    return master


def test_a_first_run_names_everything_and_where_it_will_be() -> None:
    plan = Master().decide()
    assert plan.problems == ()
    objects = [change.object for change in plan.changes]
    assert objects[:2] == [f"certificate {CERTIFICATE}", f"kubeconfig {KUBECONFIG}"]
    assert objects[-2:] == [f"drop-in {DROP_IN}", f"service {SCHEDULER}.service"]
    assert all(CONF in text for text in objects[2:-2])
    assert plan.issues
    assert plan.restarts
    assert plan.sans == ("DNS:localhost", "DNS:m1", "IP:127.0.0.1", "IP:192.0.2.11")
    assert plan.metrics == "https://127.0.0.1:10259"


def test_no_change_has_a_secret() -> None:
    plan = configured().decide(renew_deadline="9s", certificate_renew_days=364, certificate_valid_days=400)
    text = repr(plan.changes)
    assert "PRIVATE" not in text
    assert "client-key-data" not in text


def test_the_layout_of_the_file_is_kept() -> None:
    text = configured().files.contents[CONF].decode()
    assert text.startswith('KUBE_SCHEDULER_OPTS="--v=2 \\\n--leader-elect=true \\\n--kubeconfig=' + KUBECONFIG)
    assert text.count(" \\\n") == text.count("--") - 1
    for flag in (
        f"--authentication-kubeconfig={KUBECONFIG}",
        f"--authorization-kubeconfig={KUBECONFIG}",
        f"--client-ca-file={SSL}/ca.pem",
        f"--tls-cert-file={CERTIFICATE}",
        f"--tls-private-key-file={KEY}",
        "--leader-elect-retry-period=2s",
    ):
        assert flag in text


def test_a_second_run_changes_nothing() -> None:
    plan = configured().decide()
    assert (plan.changes, plan.problems, plan.issues) == ((), (), False)


def _has_another_ca(master: Master) -> None:
    issued = make_ca()
    master.files.contents.update({f"{SSL}/ca.pem": issued.certificate, f"{SSL}/ca-key.pem": issued.key})


AGAIN: dict[str, tuple[t.Callable[[Master], t.Any], dict[str, t.Any], list[str]]] = {
    "soon over": (
        lambda master: setattr(master.clock, "seconds", master.clock.seconds + 276 * 86400),
        {},
        ["certificate", "kubeconfig", "service"],
    ),
    "another name": (
        lambda _master: None,
        {"extra_sans": ["k8s.example.org"]},
        ["certificate", "kubeconfig", "service"],
    ),
    "a key that others can read": (
        lambda master: master.files.modes.update({KEY: 0o640}),
        {},
        ["certificate", "kubeconfig", "service"],
    ),
    "a key that is gone": (lambda master: master.files.remove(KEY), {}, ["certificate", "kubeconfig", "service"]),
    "another key": (
        lambda master: master.files.contents.update({KEY: make_certificate(authority()).key}),
        {},
        ["certificate", "kubeconfig", "service"],
    ),
    "a new CA": (
        _has_another_ca,
        {},
        ["certificate", "kubeconfig", "service"],
    ),
    "another server": (lambda _master: None, {"server": "https://192.0.2.1:6443"}, ["kubeconfig", "service"]),
    "a kubeconfig that is gone": (
        lambda master: master.files.remove(KUBECONFIG),
        {"server": SERVER},
        ["kubeconfig", "service"],
    ),
    "a kubeconfig of another user": (
        lambda master: master.host.owners.update({KUBECONFIG: (7, 7, 0o600)}),
        {},
        ["owner and mode", "service"],
    ),
    "a shorter lease": (
        lambda _master: None,
        {"lease_duration": "12s"},
        ["flag --leader-elect-lease-duration", "service"],
    ),
    "the same lease": (lambda _master: None, {"lease_duration": "15000ms"}, []),
    "another address": (
        lambda _master: None,
        {"bind_address": "192.0.2.11"},
        ["flag --bind-address", "service"],
    ),
    "another flag": (lambda _master: None, {"arguments": {"profiling": False}}, ["flag --profiling", "service"]),
    "no hardening": (lambda _master: None, {"harden": False}, ["drop-in", "service"]),
    "more to write": (lambda _master: None, {"writable_paths": ["/srv/x"]}, ["drop-in", "service"]),
    "started too early": (lambda master: setattr(master.host, "is_loaded", False), {}, ["service"]),
    "stopped": (lambda master: setattr(master.host, "active", "inactive"), {}, ["service"]),
    "not at boot": (lambda master: master.changes.update(is_enabled=False), {}, ["boot"]),
}


@pytest.mark.parametrize("name", AGAIN)
def test_what_changes_later(name: str) -> None:
    change, inputs, expected = AGAIN[name]
    master = configured()
    change(master)
    plan = master.decide(**inputs)
    assert plan.problems == ()
    assert [change.object for change in plan.changes] == [
        next(item.object for item in plan.changes if item.object.startswith(start)) for start in expected
    ]
    assert plan.restarts is ("service" in expected)


REASONS: dict[str, tuple[t.Callable[[Master], t.Any], dict[str, t.Any], str]] = {
    "no key of the CA": (
        lambda master: master.files.remove(f"{SSL}/ca-key.pem"),
        {},
        f"{SSL}/ca-key.pem does not exist. Give its path in kube_scheduler_ca_key, or the host that has it in kube_scheduler_signer",
    ),
    "another CA's key": (
        lambda master: master.files.contents.update({f"{SSL}/ca-key.pem": make_ca().key}),
        {},
        "is not the key of",
    ),
    "a CA that the API server does not take": (
        lambda master: (
            master.files.contents.update({"/ca2.pem": make_ca().certificate})
            or master.changes.update(api_server={"client-ca-file": "/ca2.pem"})
        ),
        {},
        "is not among /ca2.pem",
    ),
    "no CA": (lambda master: master.files.remove(f"{SSL}/ca.pem"), {}, "The cluster's CA is needed"),
    "nobody names the CA": (
        lambda master: master.changes.update(api_server={}, manager={}),
        {},
        "No component on m1 names it",
    ),
    "somebody else's certificate": (
        lambda master: master.files.contents.update(
            {CERTIFICATE: make_certificate(authority(), name="etcd").certificate}
        ),
        {},
        f"{CERTIFICATE} is the certificate of CN=etcd",
    ),
    "somebody else's kubeconfig": (lambda _master: None, {"kubeconfig": ADMIN}, "is the kubeconfig of cluster-admin"),
    "a file of settings": (
        lambda master: master.files.contents.update({CONF: CONF_TEXT.replace("--v=2", "--config=/c.yaml").encode()}),
        {},
        "has --config=/c.yaml, which overrules its flags",
    ),
    "a program without a version": (lambda master: master.changes.update(version=""), {}, "does not say its version"),
    "an insecure port that is no more": (lambda _master: None, {"insecure_port": 10251}, "serves nothing without TLS"),
    "no program": (lambda master: master.changes.update(program="", sources=None), {}, "neither a service"),
    "no such user": (
        lambda master: master.changes.update(user="kube", uid=None),
        {},
        "runs as kube, whom the host does not know",
    ),
    "no server": (
        lambda master: (
            master.files.remove(ADMIN)
            or master.changes.update(api_server={"client-ca-file": f"{SSL}/ca.pem", "bind-address": "a b"})
        ),
        {},
        "give its URL in kube_scheduler_server",
    ),
    "a broken kubeconfig": (lambda master: master.files.contents.update({ADMIN: b"[]"}), {}, f"{ADMIN} cannot be"),
    "a wrong input": (lambda _master: None, {"retry_period": "9s"}, "would not work"),
}


@pytest.mark.parametrize("name", REASONS)
def test_reasons_to_change_nothing(name: str) -> None:
    change, inputs, words = REASONS[name]
    master = Master()
    change(master)
    (problem,) = master.decide(**inputs).problems
    assert words in problem.message


def test_the_key_of_the_ca_may_be_elsewhere() -> None:
    master = Master()
    master.files.remove(f"{SSL}/ca-key.pem")
    plan = master.decide(signs_here=False)
    assert plan.problems == ()
    assert not plan.has_ca_key


def test_without_the_library_what_is_there_is_issued_anew() -> None:
    master = configured()
    master.has_library = False
    plan = master.decide()
    assert plan.issues
    assert "cryptography is missing" in plan.changes[0].reason or "lacks the Python library" in plan.changes[0].reason


def test_older_releases_have_a_port_without_tls() -> None:
    master = Master(changes={"version": "v1.22.17"})
    objects = {change.object.split(" of ")[0]: change.after for change in master.decide().changes}
    assert objects["flag --port"] == ["0"]
    objects = {change.object.split(" of ")[0]: change.after for change in master.decide(insecure_port=10251).changes}
    assert objects["flag --port"] == ["10251"]


def test_what_overrules_the_kubeconfig_goes() -> None:
    master = Master()
    text = CONF_TEXT.replace(
        "--v=2", "--master=https://192.0.2.9:6443 --port=0 --address=127.0.0.1 --secure-port=10259"
    )
    master.files.contents[CONF] = text.encode()
    objects = {change.object.split(" of ")[0]: change.after for change in master.decide().changes}
    assert [objects[f"flag --{name}"] for name in ("master", "port", "address")] == [[], [], []]
    assert "flag --secure-port" not in objects


def test_a_host_without_a_service_gets_one() -> None:
    api_server = {
        "client-ca-file": f"{SSL}/ca.pem",
        "service-account-signing-key-file": f"{SSL}/sa.key",
        "service-cluster-ip-range": "10.0.0.0/24",
    }
    changes = {
        "sources": None, "flags": {}, "is_active": False, "is_enabled": False, "api_server": api_server, "manager": {},
        "program": f"/usr/local/bin/{MANAGER}",
    }  # fmt: skip
    plan = Master(component=MANAGER, changes=changes).decide()
    assert plan.problems == ()
    (unit, _drop_in) = plan.files
    assert unit.path == f"/etc/systemd/system/{MANAGER}.service"
    assert unit.content is not None
    lines = unit.content.decode().splitlines()
    for flag in (
        "bind-address=127.0.0.1",
        "use-service-account-credentials=true",
        f"service-account-private-key-file={SSL}/sa.key",
        "service-cluster-ip-range=10.0.0.0/24",
        f"cluster-signing-key-file={SSL}/ca-key.pem",
        f"root-ca-file={SSL}/ca.pem",
        "kubeconfig=/etc/kubernetes/kube-controller-manager.kubeconfig",
    ):
        assert any(line.strip(" \\") == f"--{flag}" for line in lines), flag
    assert plan.enables


def test_flags_of_a_package_are_not_changed() -> None:
    master = Master()
    master.files.contents[UNIT] = f"[Service]\nExecStart=/opt/kubernetes/bin/{SCHEDULER} --v=2\n".encode()
    (problem,) = master.decide().problems
    assert "belongs to a package" in problem.message


HARDENED: dict[str, tuple[dict[str, t.Any], dict[str, tuple[int, int, int]], list[str], list[str]]] = {
    "nothing needed": (
        {},
        {},
        ["CapabilityBoundingSet=", "ProtectHome=yes", "PrivateTmp=yes"],
        ["ReadWritePaths", "=CAP_"],
    ),
    "logs": ({"arguments": {"log-dir": "/opt/kubernetes/logs"}}, {}, ["ReadWritePaths=-/opt/kubernetes/logs"], []),
    "a log": ({"arguments": {"log-file": "/var/log/k/x.log"}}, {}, ["ReadWritePaths=-/var/log/k"], []),
    "a path in a home": (
        {"arguments": {"requestheader-client-ca-file": "/root/ca.pem"}},
        {},
        ["ProtectHome=read-only"],
        [],
    ),
    "a path that is temporary": ({"arguments": {"cert-dir": "/tmp/x"}}, {}, ["PrivateTmp=no"], []),
    "a low port": ({"secure_port": 443}, {}, ["CapabilityBoundingSet=CAP_NET_BIND_SERVICE"], []),
    "somebody else's file": (
        {},
        {f"{SSL}/ca.pem": (998, 998, 0o600)},
        ["CapabilityBoundingSet=CAP_DAC_READ_SEARCH"],
        [],
    ),
}


@pytest.mark.parametrize("name", HARDENED)
def test_hardening_leaves_what_the_flags_need(name: str) -> None:
    inputs, owners, wanted, unwanted = HARDENED[name]
    master = Master()
    master.host.owners.update(owners)
    master.files.modes.update({path: mode for path, (_uid, _gid, mode) in owners.items()})
    content = next(file.content for file in master.decide(**inputs).files if file.path == DROP_IN)
    assert content is not None
    lines = content.decode().splitlines()
    assert set(wanted) <= set(lines)
    assert [line for line in lines if any(text in line for text in unwanted)] == []
    assert SANS


CONFIG = "/etc/kubernetes/scheduler.yaml"
CONFIG_TEXT = f"""\
# Somebody's profile.
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
clientConnection:
  kubeconfig: {ADMIN}  # as an administrator
  qps: 100
leaderElection:
  leaderElect: false
"""


def with_settings(text: str = CONFIG_TEXT) -> Master:
    """A scheduler with a configuration file, which comes before its flag."""
    master = Master()
    master.files.contents[CONF] = CONF_TEXT.replace(f"--kubeconfig={ADMIN}", f"--config={CONFIG}").encode()
    master.files.contents[CONFIG] = text.encode()
    master.issue()
    return master


def test_the_kubeconfig_of_a_file_of_settings_is_set_there() -> None:
    """Everything else of the file stays, and flags of the election come before it."""
    master = with_settings()
    plan = master.decide()
    assert plan.problems == ()
    (change,) = [change for change in plan.changes if change.object == f"clientConnection.kubeconfig in {CONFIG}"]
    own = f"{CFG}/{SCHEDULER}.kubeconfig"
    assert (change.before, change.after) == (ADMIN, own)
    master.change()
    assert master.files.contents[CONFIG].decode() == CONFIG_TEXT.replace(f"{ADMIN}  #", f'"{own}"  #')
    flags = master.files.contents[CONF].decode()
    assert f"--config={CONFIG}" in flags
    assert " --kubeconfig=" not in flags.replace("\n", " ")
    assert "--leader-elect=true" in flags
    assert f"--authentication-kubeconfig={own}" in flags
    assert master.change() == []


def test_a_file_of_settings_goes_back_with_the_rest() -> None:
    """When the component does not come up."""
    master = with_settings()
    before = dict(master.files.contents)
    master.host.refuses = lambda files: KUBECONFIG.encode() in files.contents[CONFIG]
    with pytest.raises(NotProved):
        master.change()
    assert master.files.contents[CONFIG] == before[CONFIG]
    assert master.files.contents[CONF] == before[CONF]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "apiVersion: v1\nkind: KubeSchedulerConfiguration\n",
            "gives clientConnection.kubeconfig a value that could be set",
        ),
        ('{"clientConnection": {"kubeconfig": "/a"}}\n', "write it in block style"),
        ("clientConnection: [\n", "write it in block style"),
    ],
)
def test_a_file_of_settings_that_cannot_be_set_is_a_reason_to_stop(text: str, said: str) -> None:
    (problem,) = with_settings(text).decide().problems
    assert f"has --config={CONFIG}, which overrules its flags" in problem.message
    assert said in problem.message


def test_before_1_23_the_file_came_before_the_flags() -> None:
    master = with_settings()
    master.changes.update(version="v1.22.0")
    (problem,) = master.decide().problems
    assert "move its settings to flags and take --config out" in problem.message
