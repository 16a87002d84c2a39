# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Port types and booleans for haproxy, over the policies of both families."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.host.selinux import (
    parse_booleans,
    parse_modules,
    parse_ports,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers.haproxy_selinux import (
    MODULE,
    needs,
)

#: Lines of ``semanage port -l`` on the RHEL family.
RHEL_PORTS = """\
SELinux Port Type              Proto    Port Number

commplex_link_port_t           tcp      4331, 5001
commplex_main_port_t           tcp      5000
ephemeral_port_t               tcp      32768-60999
ephemeral_port_t               udp      32768-60999
http_cache_port_t              tcp      8080, 8118, 8123, 10001-10010
http_cache_port_t              udp      3130
http_port_t                    tcp      80, 81, 443, 488, 8008, 8009, 8443, 9000
postgresql_port_t              tcp      5432, 9898
unreserved_port_t              sctp     1024-65535
unreserved_port_t              tcp      61000-65535, 1024-32767
unreserved_port_t              udp      61000-65535, 1024-32767
"""
#: The same of Debian's reference policy.
DEBIAN_PORTS = """\
http_cache_port_t              tcp      8080, 8118, 10001-10010
http_port_t                    tcp      80, 443, 488, 8008, 8009, 8443
kubernetes_port_t              tcp      6443
postgresql_port_t              tcp      5432
unreserved_port_t              tcp      1024-65535
"""
RHEL_BOOLEANS = "guest_exec_content --> on\nhaproxy_connect_any --> off\nhttpd_anon_write --> off\n"
DEBIAN_BOOLEANS = (
    "haproxy_bind_all_tcp_ports --> off\nhaproxy_bind_kubernetes_port --> off\n"
    "haproxy_connect_all_tcp_ports --> off\nhaproxy_connect_kubernetes_port --> off\n"
)
BIND, CONNECT = "haproxy_bind_kubernetes_port", "haproxy_connect_kubernetes_port"
Labels = dict[int, tuple[str, str]]


def on(booleans: str, *names: str) -> str:
    for name in names:
        assert f"{name} --> off" in booleans
        booleans = booleans.replace(f"{name} --> off", f"{name} --> on")
    return booleans


@pytest.mark.parametrize(
    ("ports", "booleans", "listen", "connect", "labels", "wanted"),
    [
        # RHEL: one boolean for both; a label where only listening is at stake.
        (RHEL_PORTS, RHEL_BOOLEANS, [6443], [6443], {}, ("haproxy_connect_any",)),
        (RHEL_PORTS, RHEL_BOOLEANS, [8443], [6443], {}, ("haproxy_connect_any",)),
        (RHEL_PORTS, on(RHEL_BOOLEANS, "haproxy_connect_any"), [6443, 5432], [6443], {}, ()),
        (RHEL_PORTS, RHEL_BOOLEANS, [8443], [443, 5001], {}, ()),
        (RHEL_PORTS, RHEL_BOOLEANS, [6443], [8443], {6443: ("unreserved_port_t", "http_port_t")}, ()),
        (RHEL_PORTS, RHEL_BOOLEANS, [5432], [8443], {}, ("haproxy_connect_any",)),
        ("http_port_t tcp 6443\n" + RHEL_PORTS, RHEL_BOOLEANS, [6443], [6443], {}, ()),
        # Debian: a boolean for each direction.
        (DEBIAN_PORTS, DEBIAN_BOOLEANS, [6443], [6443], {}, (BIND, CONNECT)),
        (DEBIAN_PORTS, on(DEBIAN_BOOLEANS, BIND), [6443], [6443], {}, (CONNECT,)),
        (DEBIAN_PORTS, on(DEBIAN_BOOLEANS, BIND, CONNECT), [6443], [6443], {}, ()),
        (DEBIAN_PORTS, DEBIAN_BOOLEANS, [8443], [6443], {}, (CONNECT,)),
        (
            DEBIAN_PORTS,
            DEBIAN_BOOLEANS,
            [7443],
            [6443],
            {7443: ("unreserved_port_t", "kubernetes_port_t")},
            (BIND, CONNECT),
        ),
        (DEBIAN_PORTS, DEBIAN_BOOLEANS, [5432], [6443], {}, ("haproxy_bind_all_tcp_ports", CONNECT)),
        (DEBIAN_PORTS, on(DEBIAN_BOOLEANS, "haproxy_bind_all_tcp_ports"), [7443], [443], {}, ()),
        # A policy without a domain for haproxy.
        (DEBIAN_PORTS, "httpd_anon_write --> off\n", [6443], [6443], {}, ()),
    ],
)
def test_needs(
    ports: str, booleans: str, listen: list[int], connect: list[int], labels: Labels, wanted: tuple[str, ...]
) -> None:
    found = needs(parse_ports(ports), parse_booleans(booleans), [MODULE], listen=listen, connect=connect)
    assert found.modules == ()
    assert (dict(found.labels), found.booleans) == (labels, wanted)


@pytest.mark.parametrize(("ports", "booleans"), [(RHEL_PORTS, RHEL_BOOLEANS), (DEBIAN_PORTS, DEBIAN_BOOLEANS)])
@pytest.mark.parametrize(("listen", "connect"), [([6443], [6443]), ([7443], [8443]), ([5432, 8405], [16443])])
def test_nothing_is_needed_afterwards(ports: str, booleans: str, listen: list[int], connect: list[int]) -> None:
    need = needs(parse_ports(ports), parse_booleans(booleans), [], listen=listen, connect=connect)
    assert need.labels or need.booleans
    local = "".join(f"{kind} tcp {port}\n" for port, (_old, kind) in need.labels.items())
    again = needs(
        parse_ports(local + ports),
        parse_booleans(on(booleans, *need.booleans)),
        need.modules,
        listen=listen,
        connect=connect,
    )
    assert (dict(again.labels), again.booleans, again.modules) == ({}, (), ())


@pytest.mark.parametrize(
    ("booleans", "modules", "wanted"),
    [
        (DEBIAN_BOOLEANS, "haproxy\nkubernetes\n", (MODULE,)),
        (DEBIAN_BOOLEANS, "haproxy\nkubeadm_ha_haproxy\nkubernetes\n", ()),
        (DEBIAN_BOOLEANS, "haproxy\t1.0\nkubeadm_ha_haproxy\t1.0\n", ()),
        (DEBIAN_BOOLEANS, "", (MODULE,)),
        (RHEL_BOOLEANS, "haproxy\n", ()),
        ("httpd_anon_write --> off\n", "apache\n", ()),
    ],
)
def test_the_reference_policy_needs_a_module(booleans: str, modules: str, wanted: tuple[str, ...]) -> None:
    found = needs([], parse_booleans(booleans), parse_modules(modules), listen=[], connect=[])
    assert found.modules == wanted
