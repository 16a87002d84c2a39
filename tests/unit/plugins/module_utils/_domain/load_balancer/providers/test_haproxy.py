# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inputs of apiserver_haproxy mean, over tables; and that how they are written does not matter."""

from __future__ import annotations

import random
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.provider import (
    ClientCertificate,
    Reading,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy

CA = "-----BEGIN CERTIFICATE-----\nQ0E=\n-----END CERTIFICATE-----\n"
INPUTS: dict[str, t.Any] = {
    "endpoint": "192.0.2.10:6443",
    "bind_address": "",
    "bind_port": "6443",
    "backends": [{"name": "cp1", "address": "192.0.2.11"}],
    "ca_certificate": CA,
    "check": "https",
    "connect_timeout": "300ms",
    "check_timeout": "500ms",
    "check_interval": "500ms",
    "check_fast_interval": "200ms",
    "probe_certificate": False,
    "probe_signer": "",
    "probe_common_name": "probe",
    "probe_valid_days": 365,
    "probe_renew_days": 30,
    "manage_firewall": True,
    "metrics_bind": "",
    "maxconn": 4000,
    "hard_stop_after": "24h",
    "stats_socket": "/var/lib/haproxy/admin.sock",
    "replace_configuration": False,
}
DEFAULT_PORT = 6443
Backend = dict[str, t.Any]


def read(*, has_ipv6: bool = True, **inputs: t.Any) -> Reading:
    return haproxy.parse("lb1", {**INPUTS, **inputs}, has_ipv6=has_ipv6)


def values(**inputs: t.Any) -> t.Mapping[str, t.Any]:
    return read(**inputs).provider.values


def test_the_values_of_the_defaults() -> None:
    assert values() == {
        "marker": "Configuration of the Ansible role kubeadm.ha.apiserver_haproxy",
        "state_directory": "/var/lib/haproxy",
        "status_socket": "/var/lib/haproxy/kubernetes-apiserver-status.sock",
        "stats_socket": "/var/lib/haproxy/admin.sock",
        "lua": "/etc/haproxy/kubernetes-apiserver.lua",
        "ca": "/etc/haproxy/kubernetes-ca.crt",
        "maxconn": 4000,
        "hard_stop_after": "24h",
        "connect_timeout": "300ms",
        "check_timeout": "500ms",
        "check_interval": "500ms",
        "check_fast_interval": "200ms",
        "bind": ":::6443 v4v6",
        "servers": [{"name": "cp1", "dialled": "192.0.2.11:6443"}],
        "readiness_paths": ["/readyz"],
        "client_certificates": [],
        "metrics_binds": [],
    }


@pytest.mark.parametrize(
    ("inputs", "changed"),
    [
        ({"bind_address": "192.0.2.10", "bind_port": 8443}, {"bind": "192.0.2.10:8443"}),
        ({"bind_address": "2001:db8::10"}, {"bind": "[2001:db8::10]:6443"}),
        ({"bind_address": "*"}, {"bind": "*:6443"}),
        (
            {
                "backends": [
                    {"name": "a", "address": "2001:db8::1"},
                    {"name": "b", "address": "b.example", "port": "7443"},
                ]
            },
            {"servers": [{"name": "a", "dialled": "[2001:db8::1]:6443"}, {"name": "b", "dialled": "b.example:7443"}]},
        ),
        ({"check": "tcp"}, {"readiness_paths": []}),
        ({"probe_certificate": "yes"}, {"client_certificates": ["/etc/haproxy/kubernetes-probe.crt"]}),
        ({"probe_certificate": True, "check": "tcp"}, {"readiness_paths": []}),
        ({"metrics_bind": "[::1]:8405"}, {"metrics_binds": ["[::1]:8405"]}),
        ({"maxconn": "8000"}, {"maxconn": 8000}),
    ],
)
def test_what_an_input_changes(inputs: dict[str, t.Any], changed: dict[str, t.Any]) -> None:
    assert values(**inputs) == {**values(), **changed}


@pytest.mark.parametrize(
    ("bind_address", "local_endpoint"),
    [
        ("", "127.0.0.1:6443"),
        ("*", "127.0.0.1:6443"),
        ("0.0.0.0", "127.0.0.1:6443"),
        ("::", "[::1]:6443"),
        ("192.0.2.10", "192.0.2.10:6443"),
        ("2001:db8::10", "[2001:db8::10]:6443"),
    ],
)
def test_where_the_host_itself_reaches_it(bind_address: str, local_endpoint: str) -> None:
    assert read(bind_address=bind_address).provider.local_endpoint == local_endpoint


@pytest.mark.parametrize(
    ("metrics_bind", "listen"),
    [
        ("", [8443]),
        ("127.0.0.1:8405", [8443, 8405]),
        ("[::1]:8405", [8443, 8405]),
        (":8405", [8443, 8405]),
        ("127.0.0.1", [8443]),
        ("/run/metrics.sock", [8443]),
    ],
)
def test_ports(metrics_bind: str, listen: list[int]) -> None:
    backends = [{"name": "a", "address": "a", "port": 16443}, {"name": "b", "address": "b"}]
    provider = read(bind_port=8443, metrics_bind=metrics_bind, backends=backends).provider
    assert [*provider.listen] == listen
    assert [*provider.open] == [8443]
    assert [*provider.connect] == [16443, 6443]


def test_the_client_certificate_and_what_is_loaded() -> None:
    provider = read(probe_certificate=True, ca_certificate=f"\n{CA}\n\n").provider
    assert provider.certificate == ClientCertificate("probe", 30, CA)
    assert provider.loads == (CA,)
    assert read().provider.certificate is None
    assert read(probe_certificate=True, check="tcp").provider.certificate is None


@pytest.mark.parametrize("written", [True, "yes", "True", "1", 1, "on"])
def test_booleans_are_taken_as_ansible_takes_them(written: t.Any) -> None:
    provider = read(manage_firewall=written, replace_configuration=written).provider
    assert (provider.manage_firewall, provider.replace_configuration) == (True, True)
    assert not read(manage_firewall="no").provider.manage_firewall


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"bind_port": ""}, "apiserver_haproxy_bind_port of lb1 is '', not a port."),
        ({"bind_port": None}, "It comes from kubeadm_ha_endpoint ('192.0.2.10:6443'), which has to read host:port."),
        ({"bind_port": "70000"}, "apiserver_haproxy_bind_port of lb1 is '70000'"),
        ({"endpoint": "a_b:6443"}, "apiserver_haproxy_endpoint of lb1: 'a_b:6443' has a name that kubeadm refuses"),
        ({"backends": []}, "it lists: nothing."),
        ({"backends": "cp1"}, "it lists: nothing."),
        ({"backends": [{"name": "a b"}]}, "it lists: a b."),
        ({"backends": [{"name": "a"}, {"name": "a"}]}, "every control plane once"),
        ({"backends": [{"name": "a"}]}, "apiserver_haproxy_backends has for a the address '' and the port '6443'"),
        ({"backends": [{"name": "a", "address": "b", "port": 0}]}, "the port '0'"),
        ({"ca_certificate": "x"}, "apiserver_haproxy_ca_certificate has to be the PEM text"),
        ({"ca_certificate": "-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----"}, "without any key"),
        ({"check": "http"}, "apiserver_haproxy_check of lb1 is 'http', none of https, tcp."),
        ({"probe_certificate": True}, "needs apiserver_haproxy_probe_signer"),
        ({"probe_renew_days": 365}, "(365) has to be less than apiserver_haproxy_probe_valid_days (365)"),
        ({"probe_valid_days": 0, "probe_renew_days": 0}, "(0) has to be less"),
        ({"probe_valid_days": "x"}, "apiserver_haproxy_probe_valid_days of lb1 is 'x', not a number."),
        ({"has_ipv6": False}, "The kernel of lb1 has no IPv6"),
        ({"connect_timeout": "300"}, "apiserver_haproxy_connect_timeout of lb1 is '300', not a time of haproxy"),
        ({"check_timeout": "0s"}, "apiserver_haproxy_check_timeout"),
        ({"check_interval": "1.5s"}, "apiserver_haproxy_check_interval"),
        ({"check_fast_interval": ""}, "apiserver_haproxy_check_fast_interval"),
        (
            {"manage_firewall": "perhaps"},
            "apiserver_haproxy_manage_firewall of lb1 is 'perhaps', neither true nor false.",
        ),
        ({"maxconn": "many"}, "apiserver_haproxy_maxconn of lb1 is 'many', not a number."),
        ({"maxconn": -1}, "apiserver_haproxy_maxconn of lb1 is -1, not a number."),
    ],
)
def test_wrong_inputs_are_reasons_to_stop(inputs: dict[str, t.Any], expected: str) -> None:
    (problem,) = read(**inputs).problems
    assert expected in problem.message
    assert problem.subject.startswith("apiserver_haproxy_")


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"bind_address": "0.0.0.0", "has_ipv6": False},
        {"probe_certificate": True, "probe_signer": "cp1"},
        {"probe_certificate": True, "check": "tcp"},
        {"connect_timeout": "1s", "check_timeout": "2s", "check_interval": "2s", "check_fast_interval": "1s"},
        {"endpoint": "localhost:6443"},
    ],
)
def test_good_inputs_are_none(inputs: dict[str, t.Any]) -> None:
    assert read(**inputs).problems == ()
    assert read(**inputs).is_complete


def test_all_problems_are_collected() -> None:
    found = read(bind_port="x", backends=[], check="x", probe_valid_days="x", manage_firewall="x", connect_timeout="x")
    assert [problem.subject.removeprefix("apiserver_haproxy_") for problem in found.problems] == [
        "check",
        "bind_port",
        "backends",
        "probe_valid_days",
        "manage_firewall",
        "connect_timeout",
    ]
    assert not found.is_complete
    assert [*found.provider.listen, *found.provider.open, *found.provider.connect] == []


def test_a_configuration_can_be_made_of_what_was_read() -> None:
    assert read(probe_renew_days=365).is_complete


def test_the_names_of_the_inputs_are_held() -> None:
    less = {name: value for name, value in INPUTS.items() if name != "check"}
    with pytest.raises(InvalidInput, match="inputs of apiserver_haproxy lack check and must not have chek."):
        haproxy.parse("lb1", {**less, "chek": "tcp"}, has_ipv6=True)


BACKENDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
            "address": st.ip_addresses().map(str),
            "port": st.just(DEFAULT_PORT) | st.integers(1, 65535),
        }
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda backend: backend["name"],
)
NUMBERS = st.fixed_dictionaries({"maxconn": st.integers(0, 10**6), "bind_port": st.integers(1, 65535)})


def written_otherwise(backend: Backend, how: random.Random) -> Backend:
    """The same API server: keys in another order, the port as text, or left out when it is the default."""
    keys = list(backend)
    how.shuffle(keys)
    other = {key: backend[key] for key in keys}
    if other["port"] == DEFAULT_PORT and how.random() < 0.5:
        del other["port"]
    elif how.random() < 0.5:
        other["port"] = str(other["port"])
    return other


@given(backends=BACKENDS, numbers=NUMBERS, how=st.randoms(use_true_random=False))
def test_how_inputs_are_written_does_not_matter(
    backends: list[Backend], numbers: dict[str, t.Any], how: random.Random
) -> None:
    others = [written_otherwise(backend, how) for backend in backends]
    as_text: dict[str, t.Any] = {name: str(number) for name, number in numbers.items()}
    one, other = read(backends=backends, **numbers), read(backends=others, **as_text, manage_firewall="yes")
    assert one == other
    assert one.provider.values == other.provider.values


@given(
    inputs=st.fixed_dictionaries(
        {},
        optional={
            "bind_port": st.none() | st.text() | st.integers(),
            "backends": st.none() | st.text() | st.lists(st.text() | st.dictionaries(st.sampled_from(["name", "address", "port"]), st.text() | st.integers())),
            "check": st.text(),
            "maxconn": st.text() | st.integers() | st.booleans(),
            "manage_firewall": st.text() | st.integers() | st.booleans(),
            "metrics_bind": st.text(),
            "endpoint": st.text(),
        },
    )
)  # fmt: skip
def test_whatever_is_written_is_a_value_or_a_problem(inputs: dict[str, t.Any]) -> None:
    found = read(**inputs)
    assert found.is_complete or found.problems
    assert all(0 < port <= 65535 for port in (*found.provider.open, *found.provider.connect))
