# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What nft and iptables are given, and that nothing of others is touched."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import CommandFailed, NotProved
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.network_cut import Cut
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.failover_drill.packet_filter import PacketFilter
from tests.unit.plugins.certificates import MemoryFiles
from tests.unit.plugins.module_utils._domain.failover_drill.values import MemoryNetfilter

CUT = Cut((2379, 2380), (2380,))
IPV6 = {"/proc/net/if_inet6": b""}


def packets(netfilter: MemoryNetfilter, *, has_ipv6: bool = True) -> PacketFilter:
    """Of a host."""
    return PacketFilter(netfilter, MemoryFiles(dict(IPV6) if has_ipv6 else {}))


PROGRAMS: list[tuple[tuple[str, ...], tuple[str, ...], bool, str]] = [
    (("nft", "iptables", "ip6tables"), (), True, "nft"),
    (("iptables", "ip6tables"), (), True, "iptables"),
    # The kernel has no nf_tables.
    (("nft", "iptables", "ip6tables"), ("nft",), True, "iptables"),
    (("iptables",), (), True, ""),
    (("iptables",), (), False, "iptables"),
    (("iptables", "ip6tables"), ("ip6tables",), False, "iptables"),
    (("iptables", "ip6tables"), ("ip6tables",), True, ""),
    (("ufw",), (), False, ""),
]


@pytest.mark.parametrize(("programs", "refused", "has_ipv6", "program"), PROGRAMS)
def test_the_program_that_the_host_has(
    programs: tuple[str, ...], refused: tuple[str, ...], program: str, *, has_ipv6: bool
) -> None:
    netfilter = MemoryNetfilter(*programs)
    netfilter.refused = refused
    assert packets(netfilter, has_ipv6=has_ipv6).program() == program
    assert netfilter.is_clean()


def test_a_table_of_nftables() -> None:
    netfilter = MemoryNetfilter()
    filter_ = packets(netfilter)
    filter_.cut(CUT, "nft")
    filter_.cut(CUT, "nft")
    (table,) = netfilter.tables.values()
    assert (
        table
        == """table inet kubeadm-ha-failover-drill
delete table inet kubeadm-ha-failover-drill
table inet kubeadm-ha-failover-drill {
  chain input {
    type filter hook input priority 0; policy accept;
    iifname "lo" accept
    tcp dport 22 accept
    tcp dport { 2379, 2380 } drop
    tcp sport { 2380 } drop
  }
  chain output {
    type filter hook output priority 0; policy accept;
    oifname "lo" accept
    tcp sport 22 accept
    tcp sport { 2379, 2380 } drop
    tcp dport { 2380 } drop
  }
}
"""
    )
    for _number in range(2):
        filter_.mend("nft")
        assert netfilter.is_clean()


def test_nothing_is_asked_of_nobody() -> None:
    netfilter = MemoryNetfilter()
    packets(netfilter).cut(Cut((6443,), ()), "nft")
    (table,) = netfilter.tables.values()
    assert "{  }" not in table
    assert table.count("drop") == 2


@pytest.mark.parametrize("has_ipv6", [True, False])
def test_chains_of_iptables(*, has_ipv6: bool) -> None:
    netfilter = MemoryNetfilter("iptables", "ip6tables")
    filter_ = packets(netfilter, has_ipv6=has_ipv6)
    # What another process has left of it before it was killed counts for nothing.
    for _number in range(2):
        filter_.cut(CUT, "iptables")
    for family, chains in netfilter.chains.items():
        if family == "ip6tables" and not has_ipv6:
            assert chains == netfilter.before[family]
            continue
        # First of all, beside what others have there.
        assert chains["INPUT"] == ["--jump KUBEADM-HA-DRILL-IN", "-p icmp -j ACCEPT"]
        assert chains["OUTPUT"] == ["--jump KUBEADM-HA-DRILL-OUT"]
        assert chains["KUBEADM-HA-DRILL-IN"] == [
            "--in-interface lo --jump RETURN",
            "--protocol tcp --dport 22 --jump RETURN",
            "--protocol tcp --dport 2379 --jump DROP",
            "--protocol tcp --dport 2380 --jump DROP",
            "--protocol tcp --sport 2380 --jump DROP",
        ]
        assert chains["KUBEADM-HA-DRILL-OUT"] == [
            "--out-interface lo --jump RETURN",
            "--protocol tcp --sport 22 --jump RETURN",
            "--protocol tcp --sport 2379 --jump DROP",
            "--protocol tcp --sport 2380 --jump DROP",
            "--protocol tcp --dport 2380 --jump DROP",
        ]
    for _number in range(2):
        filter_.mend("iptables")
        assert netfilter.is_clean()


def test_a_program_that_says_no_is_an_error() -> None:
    netfilter = MemoryNetfilter()
    filter_ = packets(netfilter)
    filter_.cut(CUT, "nft")
    netfilter.refused = ("nft",)
    with pytest.raises(CommandFailed):
        filter_.mend("nft")


def test_a_chain_to_which_somebody_else_leads_is_named() -> None:
    netfilter = MemoryNetfilter("iptables", "ip6tables")
    filter_ = packets(netfilter)
    filter_.cut(CUT, "iptables")
    netfilter.chains["iptables"]["FORWARD"] = ["--jump KUBEADM-HA-DRILL-IN"]
    with pytest.raises(NotProved, match="The chain KUBEADM-HA-DRILL-IN of iptables is still there"):
        filter_.mend("iptables")
    # It drops nothing all the same.
    assert netfilter.chains["iptables"]["KUBEADM-HA-DRILL-IN"] == []
