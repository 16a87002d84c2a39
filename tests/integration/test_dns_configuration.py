# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration, the zone and the units of the role apiserver_dns for these variables, as files: what hosts are given does not change unseen."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.haproxy_configurations import CA
from tests.integration.modules import COLLECTIONS
from tests.roles.balancer import NOTHING

COMMON: dict[str, t.Any] = {
    "kubeadm_ha_endpoint": "one.kube.test:6443",
    "apiserver_dns_servers": [
        {"name": "defaults", "address": "192.0.2.41"},
        *({"name": name, "address": f"192.0.2.{number}"} for number, name in enumerate(("listen", "certificate"), 42)),
    ],
    "apiserver_dns_backends": [{"name": "cp1", "address": "192.0.2.11"}, {"name": "cp2", "address": "2001:db8::12"}],
    "apiserver_dns_ca_certificate": CA,
    "apiserver_dns_seen": {
        **NOTHING,
        "configuration": {"path": "/etc/gdnsd/config", "owner": "absent", "sha1": ""},
        "certificate": {"path": "/etc/gdnsd/kubernetes-probe.crt", "pem": "", "has_key": False},
    },
}
CONFIGURATION = """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_dns
# DIGEST
options => {
    # These addresses only: without them gdnsd listens on every one.
    listen => [ "192.0.2.41" ]
    # gdnsd would make 5 s of every shorter time.
    min_ttl => 1
    zones_default_ttl => 60
}
"""
ZONE = """\
;
; Ansible managed
;
; Configuration of the Ansible role kubeadm.ha.apiserver_dns
@ 2 SOA ns1 hostmaster ( 1 7200 1800 259200 2 )
@ NS ns1
ns1 A 192.0.2.41
@ NS ns2
ns2 A 192.0.2.42
@ NS ns3
ns3 A 192.0.2.43
$TTL 2
; The API servers that are ready, by kubeadm-ha-dns-answers.
$INCLUDE /var/lib/kubeadm-ha-dns-answers/addresses
"""
EXEC = """\
ExecStart=/usr/bin/python3 -I /usr/local/sbin/kubeadm-ha-dns-answers --answers=/var/lib/kubeadm-ha-dns-answers/addresses \
--ca=/etc/gdnsd/kubernetes-ca.crt --server=192.0.2.11:6443 --server=[2001:db8::12]:6443 --configuration=DIGEST -- \
/usr/bin/gdnsdctl -l -i -t 9 reload-zones"""


class Case(t.NamedTuple):
    """Variables of a host beside :data:`COMMON`, and what differs in its files."""

    variables: dict[str, t.Any]
    changed: tuple[tuple[str, str], ...] = ()


CASES = {
    "defaults": Case({}),
    "listen": Case(
        {"apiserver_dns_listen": ["192.0.2.52", "2001:db8::52"], "apiserver_dns_ttl": 5},
        (
            ('"192.0.2.41"', '"192.0.2.52", "2001:db8::52"'),
            ("@ 2 SOA", "@ 5 SOA"),
            ("259200 2 )", "259200 5 )"),
            ("$TTL 2", "$TTL 5"),
        ),
    ),
    "certificate": Case(
        {"apiserver_dns_probe_certificate": True, "apiserver_dns_probe_signer": "cp1"},
        (
            ('"192.0.2.41"', '"192.0.2.43"'),
            ("--configuration", "--certificate=/etc/gdnsd/kubernetes-probe.crt --configuration"),
        ),
    ),
}
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: kubeadm.ha.apiserver_dns
        tasks_from: inspect
    - ansible.builtin.copy:
        content: "{{ apiserver_dns_inspection | to_json }}"
        dest: "{{ destination }}/{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module")
def inspections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, t.Any]]:
    """The inspection of a host for each case, made by one run of the role's entry point."""
    directory = tmp_path_factory.mktemp("dns")
    hosts = {name: {**COMMON, **case.variables} for name, case in CASES.items()}
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "destination": str(directory),
    }
    (directory / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    (directory / "play.yml").write_text(PLAYBOOK)
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", "hosts.yml", "play.yml"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"}
    ended = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {name: json.loads((directory / f"{name}.json").read_text()) for name in CASES}


def changed(name: str, *texts: str) -> str:
    """Texts as they are for a case, which changes each of its parts in one of them."""
    together = "".join(texts)
    for old, new in CASES[name].changed:
        assert old in together
        together = together.replace(old, new)
    return together


@pytest.mark.parametrize("name", CASES)
def test_the_files_are_the_same(inspections: dict[str, dict[str, t.Any]], name: str) -> None:
    inspection = inspections[name]
    assert (inspection["decision"]["problems"], inspection["decision"]["unmet"]) == ([], [])
    units = inspection["units"]
    unit = next(line for line in units["kubeadm-ha-dns-answers.service"].splitlines() if line.startswith("ExecStart="))
    found = (inspection["content"] + units["zone"] + unit).replace(inspection["digest"], "DIGEST")
    wanted = changed(name, CONFIGURATION, ZONE, EXEC)
    assert "".join(difflib.unified_diff(wanted.splitlines(keepends=True), found.splitlines(keepends=True))) == ""


@pytest.mark.parametrize("name", CASES)
def test_gdnsd_starts_again_and_shows_what_it_loaded(inspections: dict[str, dict[str, t.Any]], name: str) -> None:
    lines = inspections[name]["units"]["kubeadm-ha.conf"].splitlines()
    for line in ("Restart=always", "After=kubeadm-ha-dns-answers.service", "RuntimeDirectory=gdnsd-kubernetes"):
        assert line in lines


def test_each_has_a_digest_of_its_own(inspections: dict[str, dict[str, t.Any]]) -> None:
    assert len({inspection["digest"] for inspection in inspections.values()}) == len(CASES)


def test_a_certificate_that_is_to_be_issued_is_in_the_plan(inspections: dict[str, dict[str, t.Any]]) -> None:
    assert [name for name in CASES if inspections[name]["decision"]["renew_certificate"]] == ["certificate"]
