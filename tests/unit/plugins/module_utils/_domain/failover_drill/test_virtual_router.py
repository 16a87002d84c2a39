# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What keepalived is configured to do with an address, over a table of configurations."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.virtual_router import (
    VirtualRouter,
    configuration_of,
    find,
)
from tests.tools.environment import ROOT

VIP = "192.0.2.100"
PLAIN = "vrrp_instance a {\n interface eth0\n virtual_ipaddress {\n 192.0.2.100\n }\n}\n"
CASES: list[tuple[str, str, VirtualRouter | None]] = [
    ("the least", PLAIN, VirtualRouter(VIP, "eth0", 1.0, None, has_own_mac=False)),
    ("on one line", "vrrp_instance a { interface eth0\n virtual_ipaddress { 192.0.2.100/24 dev eth0 label eth0:1 } }", VirtualRouter(VIP, "eth0", 1.0, None, has_own_mac=False)),
    ("of another address", PLAIN.replace(VIP, "192.0.2.10"), None),
    ("in a comment", "# " + PLAIN.replace("\n", "\n# "), None),
    ("the second router", PLAIN.replace(VIP, "192.0.2.10").replace("eth0", "eth1") + PLAIN, VirtualRouter(VIP, "eth0", 1.0, None, has_own_mac=False)),
    ("a process", PLAIN.replace("interface", "track_process {\n haproxy\n }\n use_vmac\n interface"), VirtualRouter(VIP, "eth0", 1.0, 1.0, has_own_mac=True)),
    ("a script", "vrrp_script s {\n script x\n interval 2\n fall 3\n timeout 1\n}\n" + PLAIN.replace("interface", "track_script {\n s weight 2\n }\n interface"),
     VirtualRouter(VIP, "eth0", 1.0, 7.0, has_own_mac=False)),
    ("a script that there is not", PLAIN.replace("interface", "track_script {\n s\n }\n interface"), VirtualRouter(VIP, "eth0", 1.0, None, has_own_mac=False)),
    ("nothing", "", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wanted"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_configuration(text: str, wanted: VirtualRouter | None) -> None:
    assert find(text, [VIP, "2001:db8::1"]) == wanted


def test_an_address_of_ipv6_is_found_however_it_is_written() -> None:
    found = find(PLAIN.replace(VIP, "2001:db8:0::10/64"), ["2001:db8::10"])
    assert found is not None
    assert found.address == "2001:db8::10"


def test_a_dead_holder_is_noticed_after_four_advertisements() -> None:
    found = find(PLAIN.replace("interface", "advert_int 0.3\n interface"), [VIP])
    assert found is not None
    assert found.bound == 2.2


def test_a_number_that_is_none_is_named() -> None:
    with pytest.raises(InvalidInput, match="advert_int soon of keepalived is no number"):
        find(PLAIN.replace("interface", "advert_int soon\n interface"), [VIP])


def test_the_roles_own_template_tracks_a_file() -> None:
    template = (ROOT / "roles" / "apiserver_keepalived" / "templates" / "keepalived.conf.j2").read_text(
        encoding="utf-8"
    )
    lines = [line for line in template.splitlines() if not line.startswith(("{%", "{#"))]
    text = "\n".join(lines).replace("{{ virtual_address }}", f"{VIP}/32").replace("{{ advert_interval }}", "0.3")
    found = find(text.replace("{{ interface }}", "eth0").replace("{{", "<").replace("}}", ">"), [VIP])
    assert found == VirtualRouter(VIP, "eth0", 0.3, 2.0, has_own_mac=False)


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        ((), "/etc/keepalived/keepalived.conf"),
        (("/usr/sbin/keepalived", "--dont-fork"), "/etc/keepalived/keepalived.conf"),
        (("keepalived", "-n", "-f", "/etc/k.conf"), "/etc/k.conf"),
        (("keepalived", "--use-file=/etc/k.conf"), "/etc/k.conf"),
    ],
)
def test_the_path_of_the_configuration(arguments: tuple[str, ...], path: str) -> None:
    assert configuration_of(arguments) == path
