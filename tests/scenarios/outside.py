# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where hosts of a lab send anything outside the lab, by their own packet filter, which sees what pods on them send, too."""

from __future__ import annotations

import re

from tests.scenarios.cluster import Lab

#: Addresses of IPv4 and IPv6 have a set each. The lab, the cluster, the host itself and groups are not outside.
_WATCH = """\
table inet watch {{
  set seen {{ type ipv4_addr . inet_service; flags dynamic; size 1024; }}
  set seen6 {{ type ipv6_addr . inet_service; flags dynamic; size 1024; }}
  chain outside {{
    ip daddr {{ {lab}, 10.96.0.0/12, 10.244.0.0/16, 127.0.0.0/8, 224.0.0.0/4 }} return
    ip6 daddr {{ ::1, fe80::/10, ff00::/8 }} return
    meta nfproto ipv4 meta l4proto {{ tcp, udp }} add @seen {{ ip daddr . th dport }}
    meta nfproto ipv6 meta l4proto {{ tcp, udp }} add @seen6 {{ ip6 daddr . th dport }}
  }}
  chain output {{ type filter hook output priority 0; jump outside; }}
  chain forward {{ type filter hook forward priority 0; jump outside; }}
}}
"""
_SETS = ("seen", "seen6")
#: An element of such a set, as nft lists it: ADDRESS . PORT.
_ELEMENT = re.compile(r"([0-9a-f]*[.:][0-9a-f.:]*) \. (\w+)")
#: Addresses of the hosts that a host's own apt takes packages of the distribution from.
_DEBIAN = (
    "sed -nE 's,^deb (\\[[^]]*\\] )?https?://([^/:]+).*,\\2,p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sort -u | "
    "xargs -r -n 1 getent ahosts | cut -d' ' -f1"
)


def watch(lab: Lab, host: str, address: str) -> None:
    """Remember from now on where a host, or a pod on it, sends anything outside.

    :param address: of the host; its network is the lab's.
    """
    network = f"{address.rpartition('.')[0]}.0/24"
    lab.write(host, "/run/watch.nft", _WATCH.format(lab=network))
    lab.run(host, "nft", "-f", "/run/watch.nft")


def seen(lab: Lab, host: str) -> list[str]:
    """Addresses and ports outside that a host sent something to, without its name servers and Debian's packages."""
    listed = "".join(lab.run(host, "nft", "--numeric", "list", "set", "inet", "watch", name) for name in _SETS)
    debian = lab.shell(host, _DEBIAN).split()
    servers = re.findall(r"^nameserver (\S+)", lab.run(host, "cat", "/etc/resolv.conf"), re.MULTILINE)
    known = {*((address, "80") for address in debian), *((address, "53") for address in servers)}
    return sorted(shown(address, port) for address, port in elements(listed) - known)


def elements(listed: str) -> set[tuple[str, str]]:
    """Addresses and ports of sets, as nft lists them."""
    return {(address, port) for address, port in _ELEMENT.findall(listed)}


def shown(address: str, port: str) -> str:
    """An address with its port."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


__all__ = ("elements", "seen", "shown", "watch")
