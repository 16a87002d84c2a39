# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What roles call packages, units and paths in each family of distributions is what docs/platforms.md says."""

from __future__ import annotations

import re
import typing as t

import pytest
import yaml
from jinja2 import Environment

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.version import KubernetesVersion
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.external_etcd import places
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.node import node, node_files, origins
from tests.tools.environment import ROOT

ROLES = ROOT / "roles"
PAGE = (ROOT / "docs" / "platforms.md").read_text(encoding="utf-8")
#: How the page names the files of variables, and keys of mappings in them.
FAMILIES = {"debian": "Debian, Ubuntu", "redhat": "RHEL", "rhel": "RHEL", "fedora": "Fedora", "suse": "SUSE"}
BALANCERS = ("apiserver_haproxy", "apiserver_keepalived", "apiserver_nginx", "apiserver_dns")
#: The role runs a unit of its own beside that of the package.
OWN_UNIT = "the role's own"


class Software(t.NamedTuple):
    """What a row of the page, or a role, says of one family."""

    packages: frozenset[str]
    units: frozenset[str]
    path: str


def rows(heading: str) -> list[dict[str, str]]:
    """The table whose first column has this heading."""
    lines = PAGE.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    table = [line for line in "\n".join(lines[start:]).partition("\n\n")[0].splitlines() if "---" not in line]
    head, *body = ([cell.strip() for cell in line.strip("|").split("|")] for line in table)
    return [dict(zip(head, cells, strict=True)) for cells in body]


def code(cell: str) -> frozenset[str]:
    """What stands as code in a cell."""
    return frozenset(re.findall(r"`([^`]+)`", cell))


def variables(role: str, name: str = "main") -> dict[str, t.Any]:
    found: dict[str, t.Any] = yaml.safe_load((ROLES / role / "vars" / f"{name}.yml").read_text(encoding="utf-8"))
    return found


def of_balancer(role: str) -> t.Iterator[tuple[str, Software]]:
    """A file of variables for each family, and what all have alike."""
    common = variables(role)
    path = common[f"__{role}_configuration_path"]
    while "{{" in path:
        path = Environment(autoescape=False).from_string(path).render(common)
    unit = frozenset({common[f"__{role}_unit"]}) if f"__{role}_unit" in common else frozenset()
    for file in sorted((ROLES / role / "vars").glob("*.yml")):
        if file.stem != "main":
            packages = variables(role, file.stem)[f"__{role}_packages"]
            yield FAMILIES[file.stem], Software(frozenset(packages), unit, path)


def of_etcd() -> t.Iterator[tuple[str, Software]]:
    common = variables("external_etcd")
    unit = frozenset({common["__external_etcd_unit"]})
    for name, platform in common["__external_etcd_platforms"].items():
        yield FAMILIES[name], Software(frozenset(platform["packages"]), unit, places.UNIT)


def of_nodes() -> t.Iterator[tuple[str, Software]]:
    for name, platform in variables("node_prepare")["__node_prepare_platforms"].items():
        packages = {platform["containerd"], platform["chrony"], *platform["tools"].values()}
        units = {f"{service}.service" for service in (*node.SERVICES, platform["chrony_service"])}
        # The kubelet's comes with Kubernetes' own packages.
        yield (
            FAMILIES[name],
            Software(frozenset(packages), frozenset(units - {"kubelet.service"}), node_files.CONTAINERD),
        )


def of_python() -> t.Iterator[tuple[str, Software]]:
    for name, packages in variables("python_requirements")["__python_requirements_by_os_family"].items():
        yield FAMILIES[name.lower()], Software(frozenset(packages), frozenset(), "")


def known() -> dict[tuple[str, str], Software]:
    """By role and family."""
    found = {role: of_balancer(role) for role in BALANCERS}
    found |= {"external_etcd": of_etcd(), "node_prepare": of_nodes(), "python_requirements": of_python()}
    return {(role, family): software for role, each in found.items() for family, software in each}


def test_the_page_says_what_the_roles_have() -> None:
    documented = {
        (row["role"], row["family"]): Software(
            code(row["packages"]), code(row["unit"]), next(iter(code(row["path"])), "")
        )
        for row in rows("role")
    }
    assert len(documented) == len(rows("role"))
    assert documented == known()


def test_a_role_that_names_no_unit_of_a_package_has_one_of_its_own() -> None:
    of_packages = {row["role"] for row in rows("role") if row["unit"] != OWN_UNIT} - {"python_requirements"}
    assert {role for (role, _family), software in known().items() if software.units} == of_packages


@pytest.mark.parametrize("role", [*BALANCERS, "external_etcd"])
def test_tasks_name_no_package_and_no_unit_of_it(role: str) -> None:
    """They are variables, so that the page is about what is installed and started."""
    names = {name for (of, _family), each in known().items() if of == role for name in each.packages | each.units}
    names |= {name.removesuffix(".service") for name in names}
    found = []
    for path in sorted([*(ROLES / role / "tasks").glob("*.yml"), *(ROLES / role / "handlers").glob("*.yml")]):
        for task in tasks_of(yaml.safe_load(path.read_text(encoding="utf-8"))):
            for module in ("apt", "package", "dnf", "zypper", "systemd_service"):
                given = (task.get(f"ansible.builtin.{module}") or {}).get("name")
                found += [f"{path.name}: {given}" for each in names if given in (each, [each])]
            argv = str((task.get("ansible.builtin.command") or {}).get("argv", ""))
            found += [f"{path.name}: {each}" for each in names if "'install'" in argv and f"'{each}'" in argv]
    assert found == []


def tasks_of(tasks: t.Iterable[dict[str, t.Any]]) -> t.Iterator[dict[str, t.Any]]:
    """Those in blocks, too."""
    for task in tasks:
        yield task
        for key in ("block", "rescue", "always"):
            yield from tasks_of(task.get(key) or [])


@pytest.mark.parametrize("row", rows("package manager"), ids=lambda row: row["package manager"])
def test_the_repository_of_kubernetes(row: dict[str, str]) -> None:
    manager = row["package manager"]
    files = {"apt": node_files.APT_SOURCE, "dnf": node_files.DNF_SOURCE, "zypper": node_files.ZYPPER_SOURCE}
    key = node_files.APT_KEY if manager == "apt" else node_files.RPM_KEY
    url = origins.repository_url(manager, KubernetesVersion(1, 34), "")
    assert [code(row[name]) for name in ("repository of 1.34", "its file", "its key")] == [
        {url},
        {files[manager]},
        {key},
    ]


def test_only_what_was_run_is_called_run() -> None:
    """The lab's nodes and guests are Debian."""
    assert {row["run"] for row in rows("role") if row["family"] != "Debian, Ubuntu"} == {"no"}
    assert {row["run"] for row in rows("role") if row["family"] == "Debian, Ubuntu"} == {"Debian 13"}
