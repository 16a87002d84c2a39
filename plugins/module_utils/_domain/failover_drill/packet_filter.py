# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drops packets of this host by a table of nftables or chains of iptables that are its own, for IPv4 and IPv6, and takes them away again.

Rules of others stay as they are and where they are: nobody else's table, chain or policy is touched.
"""

from __future__ import annotations

import typing as t

from ..base.errors import NotProved
from .network_cut import SSH_PORT, Cut

if t.TYPE_CHECKING:
    from ..._ports.commands import Commands
    from ..._ports.files import Files

NFT, IPTABLES = "nft", "iptables"
#: Of nftables, for both families at once.
TABLE = "kubeadm-ha-failover-drill"
#: Of iptables, by the chain that leads there: the way in its direction, and which end of a packet is this host's and which another's.
CHAINS: t.Mapping[str, tuple[str, str, str, str]] = {
    "INPUT": ("KUBEADM-HA-DRILL-IN", "--in-interface", "--dport", "--sport"),
    "OUTPUT": ("KUBEADM-HA-DRILL-OUT", "--out-interface", "--sport", "--dport"),
}
#: Why nothing can be cut, and what to do.
NO_PROGRAM = "has neither nft nor iptables that can drop packets, for IPv6 too"
NO_PROGRAM_REMEDY = "install nftables, or leave the events with how: cut out"
#: Exists where the kernel has IPv6.
_IPV6 = "/proc/net/if_inet6"
#: Jumps to a chain that are taken away at most.
_JUMPS = 10
_NOTHING = Cut((1,), (1,))


class PacketFilter:
    """Of this host."""

    def __init__(self, commands: Commands, files: Files) -> None:
        """``commands``: run the programs; ``files``: say whether the kernel has IPv6."""
        self._commands = commands
        self._files = files

    def program(self) -> str:
        """Which program drops packets here; empty where none can. Nothing is changed."""
        if self._commands.find(NFT) is not None and self._succeeds([NFT, "--check", "--file", "-"], _script(_NOTHING)):
            return NFT
        families = ["iptables", *(["ip6tables"] if self._files.exists(_IPV6) else [])]
        if all(self._commands.find(family) is not None for family in families) and all(
            self._succeeds([family, "--wait", "--numeric", "--list", chain]) for family in families for chain in CHAINS
        ):
            return IPTABLES
        return ""

    def cut(self, cut: Cut, program: str) -> None:
        """Drop what it says, until :meth:`mend`.

        Raises:
            CommandFailed: when the rules were not taken; what is there of them is for :meth:`mend`.
        """
        if program == NFT:
            # All of it or nothing, and instead of what there was.
            self._commands.run([NFT, "--file", "-"], stdin=_script(cut))
            return
        self.mend(program)
        for family in self._families():
            for built_in, (chain, *_options) in CHAINS.items():
                self._commands.run([family, "--wait", "--new-chain", chain])
                for rule in _rules(cut, built_in):
                    self._commands.run([family, "--wait", "--append", chain, *rule])
        for family in self._families():
            for built_in, (chain, *_options) in CHAINS.items():
                self._commands.run([family, "--wait", "--insert", built_in, "--jump", chain])

    def mend(self, program: str) -> None:
        """Drop nothing any longer; may be said again and again.

        Raises:
            CommandFailed: when the program says no.
            NotProved: when something is left all the same.
        """
        if program == NFT:
            if f"table inet {TABLE}" in self._commands.run([NFT, "list", "tables"]).stdout.splitlines():
                self._commands.run([NFT, "delete", "table", "inet", TABLE])
            return
        for family in self._families():
            for built_in, (chain, *_options) in CHAINS.items():
                # An empty chain drops nothing, whoever leads there.
                self._succeeds([family, "--wait", "--flush", chain])
                jump = [family, "--wait", "--delete", built_in, "--jump", chain]
                for _number in range(_JUMPS):
                    if not self._succeeds(jump):
                        break
                self._succeeds([family, "--wait", "--delete-chain", chain])
                if self._succeeds([family, "--wait", "--numeric", "--list", chain]):
                    raise NotProved(
                        f"The chain {chain} of {family} is still there: see what leads to it ({family} -S), take it away, and run again."
                    )

    def _families(self) -> list[str]:
        """Those of which something may be there."""
        return [
            family
            for family in ("iptables", "ip6tables")
            if self._commands.find(family) is not None and (family == "iptables" or self._files.exists(_IPV6))
        ]

    def _succeeds(self, arguments: t.Sequence[str], stdin: str | None = None) -> bool:
        return self._commands.run(arguments, stdin=stdin, check=False).returncode == 0


def _script(cut: Cut) -> str:
    """For nft: the table anew, whether it is there or not."""
    inward = _dropped("dport", cut.served) + _dropped("sport", cut.asked)
    outward = _dropped("sport", cut.served) + _dropped("dport", cut.asked)
    return f"""table inet {TABLE}
delete table inet {TABLE}
table inet {TABLE} {{
  chain input {{
    type filter hook input priority 0; policy accept;
    iifname "lo" accept
    tcp dport {SSH_PORT} accept
{inward}  }}
  chain output {{
    type filter hook output priority 0; policy accept;
    oifname "lo" accept
    tcp sport {SSH_PORT} accept
{outward}  }}
}}
"""


def _dropped(end: str, ports: t.Sequence[int]) -> str:
    return f"    tcp {end} {{ {', '.join(map(str, ports))} }} drop\n" if ports else ""


def _rules(cut: Cut, built_in: str) -> list[list[str]]:
    """For iptables, of one chain."""
    _chain, interface, own, other = CHAINS[built_in]
    tcp = ["--protocol", "tcp"]
    return [
        [interface, "lo", "--jump", "RETURN"],
        [*tcp, own, str(SSH_PORT), "--jump", "RETURN"],
        *([*tcp, own, str(port), "--jump", "DROP"] for port in cut.served),
        *([*tcp, other, str(port), "--jump", "DROP"] for port in cut.asked),
    ]


__all__ = ("CHAINS", "IPTABLES", "NFT", "NO_PROGRAM", "NO_PROGRAM_REMEDY", "TABLE", "PacketFilter")
