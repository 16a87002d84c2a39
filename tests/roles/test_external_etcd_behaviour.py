# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of members that the role external_etcd has made: they grow, their certificates are renewed, their data is lost.

Four bare hosts of the lab. What came of it say etcdctl, openssl and systemctl.
"""

from __future__ import annotations

import base64
import itertools
import json
import re
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.roles.commands import lab, run

pytestmark = pytest.mark.full

if TYPE_CHECKING:
    from collections.abc import Iterator

LAB = "etcd-behaviour"
THREE = ("etcd1", "etcd2", "etcd3")
FOUR = (*THREE, "etcd4")
PKI = "/etc/etcd/pki"
#: Writes through each member in turn, with certificates that stay as they are.
PROBER = """
access="--cacert=/root/pki/ca.crt --cert=/root/pki/server.crt --key=/root/pki/server.key --command-timeout=2s"
while true; do
  for member in {members}; do
    etcdctl --endpoints=https://$member:2379 $access put /probe $member >/dev/null 2>&1 && echo $member ok || echo $member failed
    sleep 0.1
  done
done >/tmp/probes
"""
CLIENT = "/etc/kubernetes/pki/apiserver-etcd-client"


class Hosts:
    """Four hosts, some of which are members."""

    def __init__(self, inventory: str, binaries: str) -> None:
        self.inventory = inventory
        self.binaries = binaries

    def on(self, name: str, command: str, *, check: bool = True) -> str:
        """Run a shell command on a host."""
        return lab("exec", "--name", LAB, name, "--", "sh", "-c", command, check=check)

    def play(self, *members: str, check: bool = True, **more: Any) -> str:
        """Run the role on these hosts."""
        variables = {
            "members": ",".join(members),
            "external_etcd_members": list(members),
            "external_etcd_kubernetes_version": "1.34.4",
            "external_etcd_binaries": self.binaries,
            **more,
        }
        command = [sys.executable, "-m", "ansible", "playbook", "-i", self.inventory, "tests/roles/external_etcd.yml"]
        done = run(*command, "--extra-vars", json.dumps(variables), check=False)
        assert (done.returncode == 0) is check, done.stdout
        return done.stdout

    def etcdctl(self, name: str, arguments: str, *, check: bool = True, pair: str = f"{PKI}/server") -> str:
        """Ask the member of a host."""
        access = f"--endpoints=https://127.0.0.1:2379 --cacert={PKI}/ca.crt --cert={pair}.crt --key={pair}.key"
        return self.on(name, f"etcdctl {access} {arguments}", check=check)

    def addresses(self) -> list[str]:
        """Of all four."""
        shown = run("ansible-inventory", "-i", self.inventory, "--list").stdout
        variables = json.loads(shown[shown.index("{") :])["_meta"]["hostvars"]
        return [str(variables[name]["ansible_host"]) for name in FOUR]

    def members(self, name: str = "etcd1") -> dict[str, bool]:
        """Whether each member votes."""
        listed = json.loads(self.etcdctl(name, "member list --write-out=json"))["members"]
        return {member["name"]: not member.get("isLearner", False) for member in listed}

    def served(self, name: str) -> str:
        """Serial number of the certificate that a member serves."""
        command = "openssl s_client -connect 127.0.0.1:2379 </dev/null 2>/dev/null | openssl x509 -noout -serial"
        return self.on(name, command).strip()

    def times(self, name: str) -> tuple[int, int]:
        """When the unit was last stopped and when it was started again, by the kernel's clock, which all hosts of the lab share."""
        properties = ("InactiveEnterTimestampMonotonic", "ActiveEnterTimestampMonotonic")
        shown = self.on(name, f"systemctl show etcd --property={','.join(properties)}")
        values = dict(line.split("=", 1) for line in shown.split())
        return int(values[properties[0]]), int(values[properties[1]])


def changed(output: str) -> int:
    """How many tasks of a run have changed something."""
    return sum(map(int, re.findall(r"changed=(\d+)", output)))


@pytest.fixture(scope="module")
def hosts() -> Iterator[Hosts]:
    """Four hosts, of which three are members."""
    lab("up", "etcd", "--name", LAB)
    try:
        inventory = lab("inventory", "--name", LAB).strip().splitlines()[-1]
        binaries = lab("build", "--print-bin").strip().splitlines()[-1]
        made = Hosts(inventory, binaries)
        made.play(*THREE)
        yield made
    finally:
        lab("down", "--name", LAB)


def test_three_hosts_begin_and_a_second_run_changes_nothing(hosts: Hosts) -> None:
    assert hosts.members() == dict.fromkeys(THREE, True)
    hosts.etcdctl("etcd2", "put /test/one 1")
    assert changed(hosts.play(*THREE)) == 0


def test_an_api_server_gets_a_client_certificate_and_keeps_it(hosts: Hosts) -> None:
    first = hosts.play(*THREE, client="etcd1", external_etcd_signer="etcd1")
    assert changed(first) > 0
    assert hosts.etcdctl("etcd1", "get /test/one --print-value-only", pair=CLIENT).strip() == "1"
    assert (
        hosts.on("etcd1", f"openssl x509 -in {CLIENT}.crt -noout -subject")
        .strip()
        .endswith("kube-apiserver-etcd-client")
    )
    assert changed(hosts.play(*THREE, client="etcd1", external_etcd_signer="etcd1")) == 0


def test_a_fourth_host_is_a_learner_and_then_votes(hosts: Hosts) -> None:
    hosts.play(*FOUR)
    assert hosts.members() == dict.fromkeys(FOUR, True)
    journal = hosts.on("etcd1", "journalctl --unit=etcd --output=cat")
    assert '"added member"' in journal
    assert re.search(r'"promoted? member|"promote member"', journal), journal[-3000:]
    assert hosts.etcdctl("etcd4", "get /test/one --print-value-only").strip() == "1"
    assert changed(hosts.play(*FOUR)) == 0


def test_certificates_are_renewed_and_one_member_after_the_other_loads_them(hosts: Hosts) -> None:
    before = {name: hosts.served(name) for name in FOUR}
    script = base64.b64encode(PROBER.format(members=" ".join(hosts.addresses())).encode()).decode()
    hosts.on("etcd1", f"cp -r {PKI} /root/pki; echo {script} | base64 -d >/root/prober.sh")
    hosts.on("etcd1", "systemd-run --unit=prober sh /root/prober.sh")
    hosts.play(*FOUR, external_etcd_certificate_valid_days=500, external_etcd_certificate_renew_days=400)
    hosts.on("etcd1", "systemctl stop prober", check=False)
    assert all(hosts.served(name) != before[name] for name in FOUR)
    spans = sorted(hosts.times(name) for name in FOUR)
    assert all(stopped < started for stopped, started in spans)
    assert all(earlier[1] < later[0] for earlier, later in itertools.pairwise(spans)), spans
    probes = hosts.on("etcd1", "cat /tmp/probes").split("\n")
    assert len(probes) > 20
    # A member that is being started anew answers nobody; three of four go on, but for an election.
    rounds = [probes[start : start + 4] for start in range(0, len(probes) - 4, 4)]
    silent = [each for each in rounds if not any(line.endswith(" ok") for line in each)]
    assert len(silent) <= 4, silent
    assert (
        changed(hosts.play(*FOUR, external_etcd_certificate_valid_days=500, external_etcd_certificate_renew_days=400))
        == 0
    )


def test_a_member_whose_data_is_lost_does_not_begin_anew(hosts: Hosts) -> None:
    hosts.on("etcd4", "systemctl stop etcd && mv /var/lib/etcd/default /var/lib/etcd-lost")
    assert hosts.on("etcd4", "systemctl start etcd", check=False)
    assert hosts.on("etcd4", "systemctl is-active etcd", check=False).strip() in ("inactive", "failed")
    refused = hosts.play(*FOUR, check=False)
    assert "The data of the etcd member etcd4 is lost" in refused
    assert changed(refused) == 0

    # As the message says.
    listed = hosts.etcdctl("etcd1", "member list")
    (member,) = (line.split(",")[0] for line in listed.splitlines() if "etcd4" in line)
    hosts.etcdctl("etcd1", f"member remove {member}")
    hosts.on("etcd4", "rm /var/lib/kubeadm-ha/external-etcd.json")
    hosts.play(*FOUR)
    assert hosts.members() == dict.fromkeys(FOUR, True)
    assert hosts.etcdctl("etcd4", "get /test/one --print-value-only").strip() == "1"


def test_without_a_version_of_kubernetes_nothing_is_changed(hosts: Hosts) -> None:
    refused = hosts.play(*FOUR, check=False, external_etcd_kubernetes_version="")
    assert "kubeadm_ha_kubernetes_version is not set" in refused
    assert changed(refused) == 0
