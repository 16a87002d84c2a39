# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inputs of apiserver_dns mean, over tables."""

from __future__ import annotations

import ipaddress
import re
import typing as t

import jinja2.meta
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import gdnsd_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import gdnsd
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.report import DnsListener
from tests.tools.environment import ROOT
from tests.unit.plugins.role_template import ENVIRONMENT, RoleTemplate

CA = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"
INPUTS: dict[str, t.Any] = {
    "endpoint": "one.kube.test:6443",
    "servers": [{"name": "dns1", "address": "192.0.2.41"}, {"name": "dns2", "address": "2001:DB8:0::42"}],
    "backends": [{"name": "cp1", "address": "192.0.2.11"}, {"name": "cp2", "address": "2001:db8::12", "port": 6443}],
    "listen": [],
    "ttl": 2,
    "ca_certificate": CA,
    "probe_certificate": False,
    "probe_signer": "",
    "probe_common_name": "kubeadm-ha:apiserver-probe",
    "probe_valid_days": 365,
    "probe_renew_days": 30,
    "manage_firewall": True,
    "replace_configuration": False,
}
ROLE = ROOT / "roles" / "apiserver_dns"
TEMPLATES = ["gdnsd.config.j2", "zone.j2", "kubeadm-ha.conf.j2", "kubeadm-ha-dns-answers.service.j2"]


def read(host: str = "dns1", listeners: t.Sequence[DnsListener] = (), **inputs: t.Any) -> gdnsd.Reading:
    return gdnsd.parse(host, {**INPUTS, **inputs}, listeners=listeners)


def rendered(name: str, reading: gdnsd.Reading) -> list[str]:
    """The lines of a template that are no comments."""
    text = RoleTemplate.of("apiserver_dns", name).render({**reading.provider.values, "digest": "d1gest"})
    return [line for line in text.splitlines() if line and line.strip()[0] not in "#;"]


def test_the_configuration_of_a_host() -> None:
    assert rendered("gdnsd.config.j2", read()) == [
        "options => {",
        '    listen => [ "192.0.2.41" ]',
        "    min_ttl => 1",
        "    zones_default_ttl => 60",
        "}",
    ]
    assert '    listen => [ "2001:db8::42" ]' in rendered("gdnsd.config.j2", read("dns2"))
    both = rendered("gdnsd.config.j2", read(listen=["192.0.2.51", "2001:db8::51"]))
    assert '    listen => [ "192.0.2.51", "2001:db8::51" ]' in both


def test_the_zone_has_every_server_and_includes_the_answers() -> None:
    assert (
        rendered("zone.j2", read())
        == rendered("zone.j2", read("dns2"))
        == [
            "@ 2 SOA ns1 hostmaster ( 1 7200 1800 259200 2 )",
            "@ NS ns1",
            "ns1 A 192.0.2.41",
            "@ NS ns2",
            "ns2 AAAA 2001:db8::42",
            "$TTL 2",
            "$INCLUDE /var/lib/kubeadm-ha-dns-answers/addresses",
        ]
    )


def test_what_keeps_the_answers_is_given_every_api_server() -> None:
    (line,) = [item for item in rendered(TEMPLATES[-1], read()) if item.startswith("ExecStart=")]
    assert "--server=192.0.2.11:6443 --server=[2001:db8::12]:6443 --configuration=d1gest -- " in line
    (line,) = [
        item
        for item in rendered(TEMPLATES[-1], read(probe_certificate=True, probe_signer="cp1"))
        if "ExecStart" in item
    ]
    assert "--certificate=/etc/gdnsd/kubernetes-probe.crt" in line


def test_the_digest_is_where_the_inspection_finds_it() -> None:
    digest = "0123456789abcdef" * 4
    text = RoleTemplate.of("apiserver_dns", TEMPLATES[0]).render({**read().provider.values, "digest": digest})
    assert re.findall(r"^# ([0-9a-f]{64})$", text, re.MULTILINE) == [digest]
    assert gdnsd_files.MARKER in text
    assert gdnsd_files.MARKER in RoleTemplate.of("apiserver_dns", "zone.j2").render(
        {**read().provider.values, "digest": ""}
    )


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"endpoint": "192.0.2.10:6443"}, "DNS answers names only"),
        ({"endpoint": "one.kube.test:port"}, "apiserver_dns_endpoint of dns1"),
        ({"servers": []}, "it lists: nothing"),
        ({"servers": [{"name": "dns2", "address": "192.0.2.42"}]}, "dns1 too"),
        ({"servers": [{"name": "dns1", "address": "192.0.2.41"}] * 2}, "once"),
        ({"servers": [{"name": "dns1", "address": "dns1.example.org"}]}, "dns1 ?"),
        ({"listen": ["0.0.0.0"]}, "apiserver_dns_listen of dns1 is 0.0.0.0"),
        ({"listen": ["127.0.0.1"]}, "apiserver_dns_listen of dns1 is 127.0.0.1"),
        ({"ttl": 0}, "apiserver_dns_ttl of dns1 is 0"),
        ({"ttl": 61}, "apiserver_dns_ttl of dns1 is 61"),
        ({"ttl": "soon"}, "not a number"),
        ({"backends": []}, "apiserver_dns_backends"),
        ({"backends": [{"name": "cp1", "address": "cp1.example.org"}]}, "give its IP address"),
        ({"backends": [{"name": "cp1", "address": "192.0.2.11", "port": 8443}]}, "DNS leads to addresses and no ports"),
        ({"ca_certificate": "-----BEGIN PRIVATE KEY-----"}, "apiserver_dns_ca_certificate"),
        ({"probe_certificate": True}, "apiserver_dns_probe_signer"),
        ({"manage_firewall": "perhaps"}, "neither true nor false"),
    ],
)
def test_inputs_with_which_nothing_is_begun(inputs: dict[str, t.Any], message: str) -> None:
    problems = read(**inputs).problems
    assert [problem.message for problem in problems if message in problem.message], problems


def test_inputs_that_are_right() -> None:
    reading = read()
    assert (reading.problems, reading.unmet, reading.is_complete) == ((), (), True)
    assert (list(reading.provider.open), list(reading.provider.transports)) == ([53], ["udp", "tcp"])


def test_before_there_is_a_ca_everything_else_is_known() -> None:
    reading = read(ca_certificate="")
    assert (reading.problems, reading.is_complete) == ((), True)
    assert [problem.subject for problem in reading.unmet] == ["apiserver_dns_ca_certificate"]


@pytest.mark.parametrize("change", [{"more": 1}, {"ttl": ...}])
def test_the_names_of_the_inputs_are_known(change: dict[str, t.Any]) -> None:
    given_inputs = {name: value for name, value in {**INPUTS, **change}.items() if value is not ...}
    with pytest.raises(InvalidInput):
        gdnsd.parse("dns1", given_inputs)


@pytest.mark.parametrize(
    ("address", "process", "is_taken"),
    [
        ("0.0.0.0", "dnsmasq", True),
        ("*", "unbound", True),
        ("192.0.2.41", "named", True),
        ("127.0.0.53", "systemd-resolve", False),
        ("192.0.2.1", "dnsmasq", False),
        ("0.0.0.0", "gdnsd", False),
        ("0.0.0.0", "", True),
    ],
)
def test_who_has_the_port_already(address: str, process: str, is_taken: bool) -> None:
    messages = [problem.message for problem in read(listeners=[DnsListener(address, process)]).problems]
    assert bool(messages) is is_taken
    assert all((process or "Another program") in message and "apiserver_dns_listen" in message for message in messages)


@given(st.lists(st.ip_addresses(), min_size=1, max_size=5, unique=True), st.integers(1, 60))
def test_every_api_server_is_watched_and_no_other(
    addresses: list[ipaddress.IPv4Address | ipaddress.IPv6Address], ttl: int
) -> None:
    backends = [{"name": f"cp{number}", "address": str(item)} for number, item in enumerate(addresses)]
    reading = read(backends=backends, ttl=ttl)
    arguments = str(reading.provider.values["arguments"]).split()
    watched = [ipaddress.ip_address(item.partition("=")[2].rpartition(":")[0].strip("[]")) for item in arguments]
    assert watched == addresses
    assert f"$TTL {ttl}" in rendered("zone.j2", reading)


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_holds_loops_only_and_names_values_of_the_provider(name: str) -> None:
    source = (ROLE / "templates" / name).read_text(encoding="utf-8")
    parsed = ENVIRONMENT.parse(source)
    assert jinja2.meta.find_undeclared_variables(parsed) <= {*read().provider.values, "digest", "ansible_managed"}
    assert not list(parsed.find_all((jinja2.nodes.If, jinja2.nodes.CondExpr, jinja2.nodes.Call)))
    assert {item.name for item in parsed.find_all(jinja2.nodes.Filter)} <= {"comment"}


def test_the_role_writes_where_the_inspection_reads() -> None:
    variables = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
    written = {name.removeprefix("__apiserver_dns_"): value for name, value in variables.items()}
    assert {
        name: written[name]
        for name in ("program", "configuration_path", "zones_path", "ca_path", "probe_path", "marker")
    } == {
        "program": gdnsd_files.PROGRAM,
        "configuration_path": gdnsd_files.CONFIGURATION,
        "zones_path": gdnsd_files.ZONES,
        "ca_path": gdnsd_files.CA,
        "probe_path": gdnsd_files.PROBE_CERTIFICATE,
        "marker": gdnsd_files.MARKER,
    }
    assert (written["drop_in_path"], written["watcher_path"], written["unit_path"]) == (
        gdnsd_files.DROP_IN,
        gdnsd_files.WATCHER,
        gdnsd_files.WATCHER_UNIT,
    )


def test_the_role_gives_every_input_by_its_name() -> None:
    (task,) = yaml.safe_load((ROLE / "tasks" / "decide.yml").read_text(encoding="utf-8"))
    inputs = task["kubeadm.ha.load_balancer_decision"]["inputs"]
    assert inputs == {name: f"{{{{ apiserver_dns_{name} }}}}" for name in gdnsd.VARIABLES}
