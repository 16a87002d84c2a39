# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inputs of apiserver_keepalived mean, over tables."""

from __future__ import annotations

import typing as t

import jinja2.meta
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer import keepalived_files
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import keepalived
from tests.tools.environment import ROOT
from tests.unit.plugins.role_template import ENVIRONMENT, RoleTemplate

CA = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"
PEERS = [
    {"name": "lb1", "address": "192.0.2.41"},
    {"name": "lb2", "address": "192.0.2.42"},
    {"name": "lb3", "address": "192.0.2.43"},
]
PEERS_6 = [{"name": "lb1", "address": "2001:db8::41"}, {"name": "lb2", "address": "2001:DB8:0::42"}]
INPUTS: dict[str, t.Any] = {
    "vip": "192.0.2.10/24",
    "peers": PEERS,
    "track": "haproxy",
    "router_id": "17",
    "advert_interval": "0.3",
    "priority": "",
    "interface": "",
    "api_port": "6443",
    "ca_certificate": "",
    "replace_configuration": False,
    "manage_firewall": True,
}
ROLE = ROOT / "roles" / "apiserver_keepalived"


def read(host: str = "lb1", **inputs: t.Any) -> keepalived.Reading:
    return keepalived.parse(host, {**INPUTS, **inputs})


def rendered(name: str, reading: keepalived.Reading, **more: t.Any) -> str:
    values = reading.provider.values("eth0", "/usr/bin/python3")
    return RoleTemplate.of("apiserver_keepalived", name).render({**values, **more})


def instance(reading: keepalived.Reading) -> str:
    return rendered("keepalived.conf.j2", reading).partition("vrrp_instance ")[2]


def test_the_instance_of_a_host() -> None:
    assert instance(read("lb2")) == (
        "kubernetes-apiserver {\n    interface eth0\n    # Whoever has the address keeps it while it is healthy.\n"
        "    state BACKUP\n    nopreempt\n    virtual_router_id 17\n    priority 150\n    advert_int 0.3\n"
        "    unicast_src_ip 192.0.2.42\n    unicast_peer {\n        192.0.2.41\n        192.0.2.43\n    }\n"
        "    virtual_ipaddress {\n        192.0.2.10/32 dev eth0\n    }\n    track_file {\n        health weight 0\n    }\n}\n"
    )


def test_the_instance_with_ipv6() -> None:
    text = instance(read("lb1", vip="2001:db8:0:0::10/64", peers=PEERS_6))
    assert "unicast_src_ip 2001:db8::41\n    unicast_peer {\n        2001:db8::42\n    }\n" in text
    assert "        2001:db8::10/128 dev eth0\n" in text


def test_a_single_host_has_no_peers_and_needs_no_protocol() -> None:
    alone = read(peers=PEERS[:1])
    assert "unicast" not in instance(alone)
    assert alone.provider.protocols == ()


@pytest.mark.parametrize(("host", "others"), [("lb1", ("42", "43")), ("lb2", ("41", "43")), ("lb3", ("41", "42"))])
def test_vrrp_comes_from_the_other_hosts(host: str, others: tuple[str, ...]) -> None:
    (vrrp,) = read(host).provider.protocols
    assert (vrrp.protocol, vrrp.sources) == ("vrrp", tuple(f"192.0.2.{number}" for number in others))


def test_nothing_is_a_matter_of_weights() -> None:
    text = rendered("keepalived.conf.j2", read())
    assert "weight 0" in text
    assert "preempt_delay" not in text
    assert keepalived_files.MARKER in text


@pytest.mark.parametrize(
    ("inputs", "expected", "foreign"),
    [
        (
            {},
            [
                "--socket=/var/lib/haproxy/kubernetes-apiserver-status.sock",
                "PrivateNetwork=yes",
                "AddressFamilies=AF_UNIX\n",
            ],
            ["User=", "--ca="],
        ),
        (
            {"track": "nginx"},
            ["--socket=/run/nginx-kubernetes-apiserver/status.sock", "AddressFamilies=AF_UNIX\n"],
            ["User=", "--ca="],
        ),
        (
            {"track": "api_server", "ca_certificate": CA},
            [
                "--server=192.0.2.41:6443 --ca=/etc/keepalived/kubernetes-ca.crt",
                "User=keepalived_script",
                "AF_INET AF_INET6",
            ],
            ["PrivateNetwork=", "--socket="],
        ),
        (
            {"track": "api_server", "ca_certificate": CA, "vip": "2001:db8::10", "peers": PEERS_6},
            ["--server=[2001:db8::41]:6443"],
            [],
        ),
    ],
)
def test_the_unit_of_the_watcher(inputs: dict[str, t.Any], expected: list[str], foreign: list[str]) -> None:
    text = rendered("kubeadm-ha-vip-health.service.j2", read(**inputs), digest="abc")
    assert [part for part in [*expected, "--configuration=abc"] if part not in text] == []
    assert [part for part in foreign if part in text] == []


def test_the_templates_name_values_of_the_provider_only() -> None:
    given_values = {*read().provider.values("eth0", "python"), "digest", "ansible_managed"}
    named = set()
    for path in (ROLE / "templates").iterdir():
        parsed = ENVIRONMENT.parse(path.read_text(encoding="utf-8"))
        named |= jinja2.meta.find_undeclared_variables(parsed)
        assert not list(parsed.find_all((jinja2.nodes.If, jinja2.nodes.CondExpr)))
    assert named == given_values


def test_the_role_gives_every_input_by_its_name() -> None:
    tasks = yaml.safe_load((ROLE / "tasks" / "inspection.yml").read_text(encoding="utf-8"))
    inputs = tasks[1]["kubeadm.ha.virtual_ip_decision"]["inputs"]
    assert inputs == {name: f"{{{{ apiserver_keepalived_{name} }}}}" for name in keepalived.VARIABLES}


@pytest.mark.parametrize(
    ("variable", "constant"),
    [
        ("program", keepalived_files.PROGRAM),
        ("configuration_path", keepalived_files.CONFIGURATION),
        ("drop_in_path", keepalived_files.DROP_IN),
        ("health_path", keepalived_files.HEALTH),
        ("marker", keepalived_files.MARKER),
    ],
)
def test_role_and_inspection_agree(variable: str, constant: str) -> None:
    variables = yaml.safe_load((ROLE / "vars" / "main.yml").read_text(encoding="utf-8"))
    assert variables[f"__apiserver_keepalived_{variable}"] == constant


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"vip": ""}, "apiserver_keepalived_vip of lb1 is '', not an address"),
        ({"vip": "api.example.net"}, "set kubeadm_ha_vip to a free address"),
        ({"vip": "127.0.0.1"}, "not an address that a host can have"),
        ({"vip": "224.0.0.18"}, "not an address that a host can have"),
        ({"vip": "fe80::1"}, "not an address that a host can have"),
        ({"vip": "192.0.2.42"}, "gives lb2 the virtual IP 192.0.2.42 as its own address"),
        ({"vip": "2001:db8::10"}, "which needs IPv6 addresses"),
        ({"peers": []}, "does not have lb1"),
        ({"peers": "lb1"}, "does not have lb1"),
        ({"peers": PEERS[1:]}, "does not have lb1"),
        ({"peers": [{"name": "lb1", "address": "lb1.example"}]}, "without a name or an IP address"),
        ({"peers": [*PEERS, PEERS[0]]}, "has a name or an address twice"),
        ({"track": "caddy"}, "none of haproxy, nginx, api_server"),
        ({"router_id": "0"}, "set kubeadm_ha_vrid to a number from 1 to 255"),
        ({"router_id": "256"}, "set kubeadm_ha_vrid to a number from 1 to 255"),
        ({"advert_interval": "0.05"}, "give seconds from 0.1 to 1"),
        ({"advert_interval": "soon"}, "give seconds from 0.1 to 1"),
        ({"priority": "255"}, "give a number from 1 to 254"),
        ({"api_port": ""}, "apiserver_keepalived_api_port of lb1 is '', not a port"),
        ({"track": "api_server", "ca_certificate": "ca.crt"}, "has to be the PEM text of the cluster's CA certificate"),
        ({"track": "api_server", "ca_certificate": f"{CA}PRIVATE KEY"}, "without any key"),
        ({"manage_firewall": "perhaps"}, "neither true nor false"),
    ],
)
def test_wrong_inputs_are_reasons_to_stop(inputs: dict[str, t.Any], expected: str) -> None:
    found = read(**inputs)
    (problem,) = found.problems
    assert expected in problem.message
    assert problem.subject.startswith("apiserver_keepalived_")
    assert not found.is_complete


@pytest.mark.parametrize("empty", ["", " \n", None])
def test_before_the_cluster_has_a_ca_it_is_unmet(empty: str | None) -> None:
    found = read(track="api_server", ca_certificate=empty)
    (unmet,) = found.unmet
    assert (unmet.subject, found.problems, found.is_complete) == ("apiserver_keepalived_ca_certificate", (), True)
    assert "apiserver_keepalived_ca_certificate of lb1 is empty: set it to the PEM text" in unmet.message
    assert read(track="api_server", ca_certificate=CA).unmet == read(ca_certificate=empty).unmet == ()


@pytest.mark.parametrize(
    "inputs", [{}, {"vip": "192.0.2.10"}, {"router_id": 9}, {"priority": 7}, {"advert_interval": 1}]
)
def test_good_inputs_are_none(inputs: dict[str, t.Any]) -> None:
    assert read(**inputs).problems == ()
    assert read(**inputs).is_complete


def test_the_names_of_the_inputs_are_held() -> None:
    with pytest.raises(InvalidInput, match="lack track"):
        keepalived.parse("lb1", {name: value for name, value in INPUTS.items() if name != "track"})


@given(count=st.integers(1, 20))
def test_priorities_are_different_and_in_the_order_of_the_peers(count: int) -> None:
    peers = [{"name": f"h{index}", "address": f"192.0.2.{20 + index}"} for index in range(count)]
    found = [read(f"h{index}", peers=peers).provider.priority for index in range(count)]
    assert found == sorted(set(found), reverse=True)
    assert all(1 <= priority <= 254 for priority in found)


@given(address=st.ip_addresses().filter(lambda each: keepalived.parse_vip(str(each)) is not None))
def test_the_router_id_is_the_same_however_the_address_is_written(address: t.Any) -> None:
    written = [str(address), address.exploded, f"{address}/{address.max_prefixlen - 8}"]
    found = {read(vip=text, router_id="").provider.router_id for text in written}
    assert len(found) == 1
    assert 1 <= found.pop() <= 255
