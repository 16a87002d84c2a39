# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual router of keepalived: which address it moves between its hosts, and within which time.

keepalived.conf(5). What a configuration includes from other files is not read.
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.address import canonical_ip
from ..base.errors import InvalidInput

_CONFIGURATION = "/etc/keepalived/keepalived.conf"
#: keepalived's defaults.
_ADVERT_INTERVAL = 1.0
_SCRIPT_INTERVAL = 1.0
#: A backup waits for three advertisements and its skew, which is less than one more.
_ADVERTISEMENTS = 4.0
#: For the address itself and gratuitous ARP, and for whoever measures.
_ROUNDING = 1.0
#: How long whoever writes a tracked file may take to notice, and keepalived a process. That of apiserver_keepalived takes 1.2 s and two questions.
_FILE_SECONDS = 2.0
_PROCESS_SECONDS = 1.0
_COMMENT = re.compile(r"[#!].*")
_NUMBER = re.compile(r"\d+(\.\d+)?")


@dataclasses.dataclass(frozen=True)
class VirtualRouter:
    """What keepalived is configured to do with an address.

    Attributes:
        address: the virtual IP.
        interface: that gets it.
        advert_interval: seconds between two advertisements.
        detection: seconds within which it is noticed that what is tracked on the host has failed; ``None`` where nothing is.
        has_own_mac: whether the address has a hardware address of its own, by which its holders are alike.
    """

    address: str
    interface: str
    advert_interval: float
    detection: float | None
    has_own_mac: bool

    @property
    def bound(self) -> float:
        """Seconds within which another host has the address when its holder is silent."""
        return round(_ADVERTISEMENTS * self.advert_interval + _ROUNDING, 3)


def configuration_of(arguments: t.Sequence[str]) -> str:
    """The configuration file of keepalived, by its command line."""
    rest = list(arguments)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in ("-f", "--use-file"):
            return value if equals else next(iter(rest), _CONFIGURATION)
    return _CONFIGURATION


class _Block:
    """Lines of a configuration, and blocks in them."""

    def __init__(self, words: t.Sequence[str]) -> None:
        self.words = tuple(words)
        self.items: list[_Block] = []

    def all(self, *names: str) -> list[_Block]:
        """Those that begin with one of these words."""
        return [item for item in self.items if item.words and item.words[0] in names]

    def text(self, name: str, default: str = "") -> str:
        """The last value of a keyword."""
        found = [item.words[1] for item in self.all(name) if len(item.words) > 1]
        return found[-1] if found else default

    def number(self, name: str, default: float) -> float:
        """The same as a number.

        Raises:
            InvalidInput: when it is none.
        """
        text = self.text(name)
        if text and not _NUMBER.fullmatch(text):
            raise InvalidInput(f"{name} {text} of keepalived is no number: write seconds.")
        return float(text) if text else default


def find(text: str, addresses: t.Collection[str]) -> VirtualRouter | None:
    """The virtual router that has one of the addresses; ``None`` where none has.

    Args:
        text: keepalived's configuration.
        addresses: of the control plane endpoint.

    Raises:
        InvalidInput: when a number in it is none.
    """
    root = _parse(text)
    wanted = {canonical_ip(address) for address in addresses}
    for router in root.all("vrrp_instance"):
        for block in router.all("virtual_ipaddress", "virtual_ipaddress_excluded"):
            held = [canonical_ip(item.words[0].partition("/")[0]) for item in block.items if item.words]
            address = next((each for each in held if each is not None and each in wanted), None)
            if address is not None:
                return VirtualRouter(
                    address=address,
                    interface=router.text("interface"),
                    advert_interval=router.number("advert_int", _ADVERT_INTERVAL),
                    detection=_detection(root, router),
                    has_own_mac=bool(router.all("use_vmac")),
                )
    return None


def _detection(root: _Block, router: _Block) -> float | None:
    scripts = {block.words[1]: block for block in root.all("vrrp_script") if len(block.words) > 1}
    found = [
        _of_script(scripts[item.words[0]])
        for block in router.all("track_script")
        for item in block.items
        if item.words and item.words[0] in scripts
    ]
    found += [_FILE_SECONDS for block in router.all("track_file") for item in block.items if item.words]
    found += [_PROCESS_SECONDS for block in router.all("track_process") for item in block.items if item.words]
    return max(found, default=None)


def _of_script(script: _Block) -> float:
    """A script fails as often as it must, and the last time it may take until it is given up."""
    interval = script.number("interval", _SCRIPT_INTERVAL)
    return interval * script.number("fall", 1.0) + script.number("timeout", interval)


def _parse(text: str) -> _Block:
    root = _Block(())
    opened = [root]
    lines = "\n".join(_COMMENT.sub("", line) for line in text.splitlines())
    for line in lines.replace("{", "{\n").replace("}", "\n}\n").splitlines():
        words = line.split()
        if words == ["}"]:
            opened = opened[:-1] or [root]
        elif words and words[-1].endswith("{"):
            block = _Block([word.rstrip("{") for word in words if word.rstrip("{")])
            opened[-1].items.append(block)
            opened.append(block)
        elif words:
            opened[-1].items.append(_Block(words))
    return root


__all__ = ("VirtualRouter", "configuration_of", "find")
