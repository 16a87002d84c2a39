# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where Ansible sees a variable: each line of the table in examples/infrastructure/README.md.

The archive is installed into a copy of the sample, and Ansible runs for real. What was seen is in the refusal: the inputs
are checked on the controller, before any host is connected to, and these endpoints have no port.
"""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.scenarios.infrastructure import Repository

if t.TYPE_CHECKING:
    from tests.scenarios.playbook import Run

HOSTS = """\
kube_control_plane: {hosts: {cp1: {}, cp2: {}, cp3: {}}}
kube_load_balancer: {hosts: {lb1: {}}}
"""
#: A play that uses a role by name. Its refusal is caught, so that one run shows what both ways see.
BY_ROLE = """\
- hosts: kube_control_plane:kube_load_balancer
  gather_facts: false
  tasks:
    - block: [{include_role: {name: kubeadm.ha.preflight}}]
      rescue: [{meta: noop}]
"""
BY_IMPORT = "- import_playbook: kubeadm.ha.site\n"
EARLIER = """\
- import_playbook: other.yml
- hosts: kube_control_plane:kube_load_balancer
  gather_facts: false
  vars: {earlier_vars: 1}
  vars_files: [earlier.vars]
  tasks: [{set_fact: {earlier_fact: 1}}]
"""
ON_IMPORT = "  vars: {on_import: 1, refers: '{{ beside_group }}'}\n"
#: Where each variable is. The one of the import refers to one beside the playbook.
MARKS = {
    "inventories/x/group_vars/all.yml": "inventory_group: 1",
    "inventories/x/host_vars/cp1.yml": "inventory_host: 1",
    "playbooks/group_vars/all.yml": "beside_group: 1",
    "playbooks/host_vars/cp1.yml": "beside_host: 1",
    "playbooks/earlier.vars": "earlier_vars_file: 1",
    "collections/ansible_collections/kubeadm/ha/playbooks/group_vars/all.yml": "beside_site: 1",
}
NAMES = (
    *("inventory_group", "inventory_host", "beside_group", "beside_host", "beside_site", "on_import", "refers"),
    *("earlier_vars", "earlier_vars_file", "earlier_fact", "extra"),
)
#: An endpoint that consists of the names of the variables that are seen where it is read.
ENDPOINT = 'kubeadm_ha_endpoint: "' + "".join(f"{{{{ '{name},' if {name} is defined }}}}" for name in NAMES) + '"\n'


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A copy of the sample with the archive installed."""
    return Repository(tmp_path_factory.mktemp("infrastructure") / "repository")


@pytest.fixture
def repository(installed: Repository) -> t.Iterator[Repository]:
    """The same with an inventory of its own; files that a test adds go away."""
    before = set(installed.directory.rglob("*"))
    write(installed, {"inventories/x/hosts.yml": HOSTS, "playbooks/other.yml": "- {hosts: lb1, gather_facts: false}\n"})
    yield installed
    for path in set(installed.directory.rglob("*")) - before:
        if path.is_file():
            path.unlink()


def write(repository: Repository, files: t.Mapping[str, str]) -> None:
    """Write files of the repository."""
    for name, text in files.items():
        path = repository.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def seen(run: Run) -> list[list[str]]:
    """What each refusal of a run names in the endpoint, first the role's, then the imported playbook's."""
    assert run.status != 0, run.output
    found = [
        re.search(r"kubeadm_ha_endpoint: '([a-z_,]+)' (?:has no port|is not an endpoint)", text)
        for text in run.failures
    ]
    assert None not in found, run.failures
    return [match.group(1).rstrip(",").split(",") for match in found if match]


def test_where_a_variable_is_seen(repository: Repository) -> None:
    write(repository, {**MARKS, "playbooks/own.yml": f"{EARLIER}{BY_ROLE}{BY_IMPORT}{ON_IMPORT}"})
    write(repository, {"inventories/x/group_vars/all.yml": f"inventory_group: 1\n{ENDPOINT}"})
    by_role, by_import = seen(repository.run("own", "own", "--extra-vars", "extra=1", inventories=["x"]))
    always = ["inventory_group", "inventory_host", "earlier_fact", "extra"]
    assert sorted(by_role) == sorted([*always, "beside_group", "beside_host"])
    assert sorted(by_import) == sorted([*always, "beside_site", "on_import"])


def test_an_inventory_in_the_directory_of_the_playbook(repository: Repository) -> None:
    """The layout of small repositories: hosts, group_vars and playbooks side by side."""
    write(repository, {"inventories/x/own.yml": f"{BY_ROLE}{BY_IMPORT}"})
    write(repository, {"inventories/x/group_vars/all.yml": "kubeadm_ha_endpoint: both\n"})
    assert seen(repository.run("both", "../inventories/x/own", inventories=["x/hosts.yml"])) == [["both"], ["both"]]


@pytest.mark.parametrize(
    ("arguments", "wins"), [((), "import"), (("--extra-vars", "kubeadm_ha_endpoint=extra"), "extra")]
)
def test_what_wins(repository: Repository, arguments: tuple[str, ...], wins: str) -> None:
    write(repository, {"inventories/x/group_vars/all.yml": "kubeadm_ha_endpoint: inventory\n"})
    write(repository, {"playbooks/own.yml": f"{BY_IMPORT}  vars: {{kubeadm_ha_endpoint: import}}\n"})
    assert seen(repository.run("wins", "own", *arguments, inventories=["x"])) == [[wins]]


def test_vars_files_on_an_import_are_refused(repository: Repository) -> None:
    write(repository, {"playbooks/own.yml": f"{BY_IMPORT}  vars_files: [own.vars]\n"})
    run = repository.run("vars-files", "own", inventories=["x"])
    assert run.status != 0
    assert "'vars_files' is not a valid attribute for a PlaybookInclude" in run.output


@pytest.mark.parametrize(
    ("files", "on_import", "arguments", "works"),
    [
        ({"inventories/x/group_vars/all.yml": "kubeadm_ha_control_plane_group: masters\n"}, "", (), False),
        ({}, "  vars: {kubeadm_ha_control_plane_group: masters}\n", (), True),
        ({}, "", ("--extra-vars", "kubeadm_ha_control_plane_group=masters"), True),
    ],
    ids=["group_vars", "vars on the import", "extra vars"],
)
def test_the_name_of_a_group(
    repository: Repository, files: t.Mapping[str, str], on_import: str, arguments: tuple[str, ...], works: bool
) -> None:
    only_masters = "masters: {hosts: {cp1: {}}}\nkube_load_balancer: {hosts: {}}\n"
    write(repository, {"inventories/x/hosts.yml": only_masters, **files})
    write(repository, {"playbooks/own.yml": f"{BY_IMPORT}{on_import}"})
    run = repository.run("group", "own", "--list-hosts", *arguments, inventories=["x"])
    first = run.output.split("play #1", 1)[1].split("play #2", 1)[0]
    assert ("cp1" in first) is works, run.output
