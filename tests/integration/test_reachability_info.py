# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""reachability_info against a real firewall, in a network namespace of the test's own: nobody else's rules are touched."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
import typing as t

import pytest

from tests.integration import processes
from tests.integration.modules import Modules

if t.TYPE_CHECKING:
    from pathlib import Path

#: What the firewall does with a port, what the module reports of it by IPv4, and by IPv6.
RULES: dict[int, tuple[str, tuple[str, str], tuple[str, str]]] = {
    1001: ("drop", ("silent", "ETIMEDOUT"), ("silent", "ETIMEDOUT")),
    # Without more, nftables and iptables reject with port unreachable: to a client as if the port were closed.
    1002: ("reject", ("rejected", "ECONNREFUSED"), ("rejected", "ECONNREFUSED")),
    # firewalld's zones.
    1003: ("reject with icmpx type admin-prohibited", ("rejected", "EHOSTUNREACH"), ("rejected", "EACCES")),
    1004: ("reject with icmpx type host-unreachable", ("rejected", "EHOSTUNREACH"), ("rejected", "EHOSTUNREACH")),
    # This one cannot be distinguished from a closed port.
    1005: ("reject with tcp reset", ("refused", "ECONNREFUSED"), ("refused", "ECONNREFUSED")),
    1006: ("accept", ("refused", "ECONNREFUSED"), ("refused", "ECONNREFUSED")),
}
_LISTENING = 1007
_LISTENER = f"""\
import socket
listeners = [socket.create_server((address, {_LISTENING}), family=family)
             for address, family in (("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6))]
print("listening", flush=True)
while True:
    listeners[0].accept()[0].close()
"""


@pytest.fixture(name="namespace", scope="module")
def _namespace(tmp_path_factory: pytest.TempPathFactory) -> t.Iterator[tuple[str, ...]]:
    """The command before a command that is to run in a namespace with a firewall and a listener."""
    rules = "".join(f"tcp dport {port} {verdict};\n" for port, (verdict, _four, _six) in RULES.items())
    ruleset = tmp_path_factory.mktemp("firewall") / "rules.nft"
    ruleset.write_text(
        f"table inet test {{ chain input {{ type filter hook input priority 0; policy accept;\n{rules}}}\n}}\n"
    )
    user = () if os.geteuid() == 0 else ("--map-root-user",)
    script = 'ip link set lo up && nft -f "$0" && exec python3 -c "$1"'
    process = subprocess.Popen(
        ["unshare", *user, "--net", "sh", "-c", script, str(ruleset), _LISTENER],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "listening\n"
        yield ("nsenter", f"--target={process.pid}", *(("--user", "--preserve-credentials") if user else ()), "--net")
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.wait()


@pytest.fixture(name="modules")
def _modules(binaries: Path, tmp_path: Path, namespace: tuple[str, ...]) -> Modules:
    """A host that has the standard library only."""
    return Modules(processes.environment(binaries), tmp_path, ("yaml", "cryptography", "kubernetes"), namespace)


def test_check_inspect_check_inspect(modules: Modules) -> None:
    targets = [{"address": address, "port": port} for address in ("127.0.0.1", "::1") for port in (*RULES, _LISTENING)]
    targets.append({"address": "192.0.2.1", "port": 6443})
    reported = [*(four for _rule, four, _six in RULES.values()), ("connected", "")]
    reported += [*(six for _rule, _four, six in RULES.values()), ("connected", ""), ("rejected", "ENETUNREACH")]
    wanted = [
        {**target, "outcome": word, "error": error} for target, (word, error) in zip(targets, reported, strict=True)
    ]
    for check in (True, False, True, False):
        found = modules.run("reachability_info", check=check, targets=targets)
        assert found["changed"] is False
        assert found["attempts"] == wanted


def test_all_attempts_share_one_timeout(modules: Modules) -> None:
    began = time.monotonic()
    modules.run("reachability_info", targets=[])
    overhead = time.monotonic() - began
    # 200 hosts that do not answer take no longer than one.
    targets = [{"address": f"127.0.1.{number}", "port": 1001} for number in range(1, 201)]
    began = time.monotonic()
    found = modules.run("reachability_info", targets=targets)
    took = time.monotonic() - began
    assert {item["outcome"] for item in found["attempts"]} == {"silent"}
    # One after the other they would take 280 s; a busy machine is given some.
    assert took > 0.5
    assert took - overhead < 10.0
