# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inputs of apiserver_nginx mean, over tables; and that how they are written does not matter."""

from __future__ import annotations

import random
import typing as t

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.selinux import Needs
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.provider import (
    ClientCertificate,
    Reading,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import nginx
from tests.unit.plugins.module_utils._domain.load_balancer.providers.test_haproxy import (
    BACKENDS,
    CA,
    Backend,
    written_otherwise,
)

INPUTS: dict[str, t.Any] = {
    "endpoint": "192.0.2.10:6443",
    "bind_address": "",
    "bind_port": "6443",
    "backends": [{"name": "cp1", "address": "192.0.2.11"}],
    "ca_certificate": CA,
    "check": "https",
    "connect_timeout": "300ms",
    "check_timeout": "1s",
    "check_interval": "500ms",
    "max_fails": 0,
    "fail_timeout": "1s",
    "probe_certificate": False,
    "probe_signer": "",
    "probe_common_name": "probe",
    "probe_valid_days": 365,
    "probe_renew_days": 30,
    "manage_firewall": True,
    "maxconn": 4000,
    "hard_stop_after": "24h",
}
MODULE = "/usr/lib/nginx/modules/ngx_stream_module.so"


def read(*, has_ipv6: bool = True, stream_module: str = MODULE, **inputs: t.Any) -> Reading:
    return nginx.parse("lb1", {**INPUTS, **inputs}, has_ipv6=has_ipv6, stream_module=stream_module)


def values(**inputs: t.Any) -> t.Mapping[str, t.Any]:
    return read(**inputs).provider.values


def test_the_values_of_the_defaults() -> None:
    assert values() == {
        "marker": "Configuration of the Ansible role kubeadm.ha.apiserver_nginx",
        "program": "/usr/sbin/nginx",
        "configuration": "/etc/nginx/kubernetes-apiserver/nginx.conf",
        "runtime_directory": "/run/nginx-kubernetes-apiserver",
        "runtime_name": "nginx-kubernetes-apiserver",
        "status_socket": "/run/nginx-kubernetes-apiserver/status.sock",
        "load_modules": [MODULE],
        "worker_connections": 8064,
        "hard_stop_after": "24h",
        "connect_timeout": "300ms",
        "max_fails": 0,
        "fail_timeout": "1s",
        "bind": "[::]:6443 ipv6only=off",
        "servers": [{"name": "cp1", "target": "192.0.2.11:6443"}],
        "watcher": "/usr/local/sbin/kubernetes-apiserver-watch",
        "python": "/usr/bin/python3",
        "ca": "/etc/nginx/kubernetes-apiserver/kubernetes-ca.crt",
        "check": "https",
        "check_timeout": "1",
        "check_interval": "0.5",
        "client_certificates": [],
    }


@pytest.mark.parametrize(
    ("inputs", "changed"),
    [
        ({"bind_address": "192.0.2.10", "bind_port": 8443}, {"bind": "192.0.2.10:8443"}),
        ({"bind_address": "2001:db8::10"}, {"bind": "[2001:db8::10]:6443"}),
        (
            {
                "backends": [
                    {"name": "a", "address": "2001:db8::1"},
                    {"name": "b", "address": "b.example", "port": "7443"},
                ]
            },
            {"servers": [{"name": "a", "target": "[2001:db8::1]:6443"}, {"name": "b", "target": "b.example:7443"}]},
        ),
        ({"check": "tcp"}, {"check": "tcp"}),
        (
            {"probe_certificate": "yes"},
            {"client_certificates": ["/etc/nginx/kubernetes-apiserver/kubernetes-probe.crt"]},
        ),
        ({"probe_certificate": True, "check": "tcp"}, {"check": "tcp"}),
        ({"check_timeout": "2500ms", "check_interval": "1m"}, {"check_timeout": "2.5", "check_interval": "60"}),
        ({"maxconn": "100"}, {"worker_connections": 264}),
        ({"max_fails": "2", "fail_timeout": "5s"}, {"max_fails": 2, "fail_timeout": "5s"}),
        ({"stream_module": ""}, {"load_modules": []}),
    ],
)
def test_what_an_input_changes(inputs: dict[str, t.Any], changed: dict[str, t.Any]) -> None:
    assert values(**inputs) == {**values(), **changed}


def test_what_the_rest_of_the_collection_asks() -> None:
    backends = [{"name": "a", "address": "a", "port": 16443}, {"name": "b", "address": "b"}]
    provider = read(bind_address="::", bind_port=8443, backends=backends, manage_firewall="no").provider
    assert (provider.name, provider.role) == ("nginx", "apiserver_nginx")
    assert ([*provider.listen], [*provider.open], [*provider.connect]) == ([8443], [8443], [16443, 6443])
    assert provider.local_endpoint == "[::1]:8443"
    assert (provider.manage_firewall, provider.replace_configuration) == (False, True)
    assert provider.loads == (CA,)
    assert provider.certificate is None
    assert read(probe_certificate=True).provider.certificate == ClientCertificate("probe", 30, CA)
    assert read(probe_certificate=True, check="tcp").provider.certificate is None


PORTS = [("http_port_t", 80, 80), ("kubernetes_port_t", 6443, 6443), ("unreserved_port_t", 1024, 32767)]


@pytest.mark.parametrize(
    ("port", "booleans", "needs"),
    [
        (6443, {}, Needs()),
        (6443, {"httpd_can_network_connect": True}, Needs()),
        (80, {"httpd_can_network_connect": False}, Needs(booleans=("httpd_can_network_connect",))),
        (
            8443,
            {"httpd_can_network_connect": False},
            Needs(labels={8443: ("unreserved_port_t", "http_port_t")}, booleans=("httpd_can_network_connect",)),
        ),
    ],
)
def test_selinux(port: int, booleans: dict[str, bool], needs: Needs) -> None:
    assert read(bind_port=port).provider.selinux(PORTS, booleans, ()) == needs


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"bind_port": ""}, "apiserver_nginx_bind_port of lb1 is '', not a port."),
        ({"endpoint": "a_b:6443"}, "apiserver_nginx_endpoint of lb1: 'a_b:6443' has a name that kubeadm refuses"),
        ({"backends": []}, "it lists: nothing."),
        ({"backends": [{"name": "a;"}]}, "it lists: a;."),
        ({"backends": [{"name": "a"}]}, "apiserver_nginx_backends has for a the address '' and the port '6443'"),
        (
            {"backends": [{"name": "a", "address": "b; daemon on"}]},
            "apiserver_nginx_backends of lb1 has the address 'b; daemon on'",
        ),
        ({"bind_address": "[::1]"}, "apiserver_nginx_bind_address of lb1 has the address '[::1]'"),
        ({"ca_certificate": "x"}, "apiserver_nginx_ca_certificate has to be the PEM text"),
        ({"check": "http"}, "apiserver_nginx_check of lb1 is 'http', none of https, tcp."),
        ({"probe_certificate": True}, "needs apiserver_nginx_probe_signer"),
        ({"probe_renew_days": 365}, "(365) has to be less than apiserver_nginx_probe_valid_days (365)"),
        ({"has_ipv6": False}, "The kernel of lb1 has no IPv6: set apiserver_nginx_bind_address to 0.0.0.0"),
        ({"connect_timeout": "300"}, "apiserver_nginx_connect_timeout of lb1 is '300', not a time of nginx"),
        ({"check_timeout": "0s"}, "apiserver_nginx_check_timeout"),
        ({"check_interval": "1.5s"}, "apiserver_nginx_check_interval"),
        ({"fail_timeout": "1us"}, "apiserver_nginx_fail_timeout"),
        ({"hard_stop_after": "1s; x"}, "apiserver_nginx_hard_stop_after"),
        ({"max_fails": "many"}, "apiserver_nginx_max_fails of lb1 is 'many', not a number."),
        ({"maxconn": "many"}, "apiserver_nginx_maxconn of lb1 is 'many', not a number."),
        ({"maxconn": 0}, "apiserver_nginx_maxconn of lb1 is 0: give a number from 1 to 30000."),
        ({"maxconn": 30001}, "give a number from 1 to 30000."),
    ],
)
def test_wrong_inputs_are_reasons_to_stop(inputs: dict[str, t.Any], expected: str) -> None:
    (problem,) = read(**inputs).problems
    assert expected in problem.message
    assert problem.subject.startswith("apiserver_nginx_")


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"bind_address": "0.0.0.0", "has_ipv6": False},
        {"probe_certificate": True, "probe_signer": "cp1"},
        {"endpoint": "localhost:6443"},
    ],
)
def test_good_inputs_are_none(inputs: dict[str, t.Any]) -> None:
    found = read(**inputs)
    assert (found.problems, found.unmet, found.is_complete) == ((), (), True)


def test_before_there_is_a_ca_the_configuration_is_known() -> None:
    found = read(ca_certificate="")
    assert (found.problems, found.is_complete) == ((), True)
    assert [problem.subject for problem in found.unmet] == ["apiserver_nginx_ca_certificate"]


def test_the_names_of_the_inputs_are_held() -> None:
    less = {name: value for name, value in INPUTS.items() if name != "check"}
    with pytest.raises(InvalidInput, match="inputs of apiserver_nginx lack check and must not have chek."):
        nginx.parse("lb1", {**less, "chek": "tcp"}, has_ipv6=True)


NUMBERS = st.fixed_dictionaries({"maxconn": st.integers(1, 30000), "bind_port": st.integers(1, 65535)})


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
            "bind_address": st.none() | st.text(),
            "backends": st.none() | st.text() | st.lists(st.text() | st.dictionaries(st.sampled_from(["name", "address", "port"]), st.text() | st.integers())),
            "check_interval": st.text() | st.integers(),
            "maxconn": st.text() | st.integers() | st.booleans(),
            "hard_stop_after": st.text(),
        },
    )
)  # fmt: skip
def test_whatever_is_written_is_a_value_or_a_problem(inputs: dict[str, t.Any]) -> None:
    found = read(**inputs)
    assert found.is_complete or found.problems
    assert all(0 < port <= 65535 for port in (*found.provider.open, *found.provider.connect))
    if found.is_complete:
        written = str(found.provider.values)
        assert not {";", "{{", "\\n"} & set(written)
