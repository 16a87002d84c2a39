# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every part of the collection must have beside it."""

from __future__ import annotations

import importlib
import re
import typing as t

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.doc_fragments.attributes import ModuleDocFragment
from tests.tools.environment import ROOT

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py") if path.stem != "__init__")
ROLES = sorted(path.name for path in (ROOT / "roles").iterdir() if path.is_dir())
SCENARIOS = sorted(path.parent.name for path in ROOT.glob("molecule/*/molecule.yml"))
PLAYBOOKS = sorted(path.stem for path in (ROOT / "playbooks").glob("*.yml"))
#: Documentation fragments of options. ansible-test holds them to each module's argument specification.
FRAGMENTS_OF_OPTIONS = re.compile(r"kubeadm\.ha\.(joining|kubeconfig|control_plane\.[a-z_]+)")

ATTRIBUTES = (
    ModuleDocFragment.INFO_MODULE,
    ModuleDocFragment.CHANGING_MODULE,
    ModuleDocFragment.CONTROLLER_MODULE,
)


def _yaml(*parts: str) -> t.Any:
    return yaml.safe_load(ROOT.joinpath(*parts).read_text())


def test_the_action_group_is_the_modules() -> None:
    assert _yaml("meta", "runtime.yml")["action_groups"] == {"ha": MODULES}


@pytest.mark.parametrize("name", MODULES)
def test_a_module_has_its_documentation_and_the_attributes_of_all(name: str) -> None:
    module = importlib.import_module(f"ansible_collections.kubeadm.ha.plugins.modules.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    assert documentation["module"] == name
    assert documentation["version_added"]
    assert documentation["author"] == ["kubeadm.ha contributors (@kubeadm-ha)"]
    wanted = {"kubeadm.ha.attributes", "kubeadm.ha.attributes.actiongroup"}
    wanted |= {"kubeadm.ha.attributes.info_module"} if name.endswith("_info") else set()
    own = documentation.get("attributes")
    fragments = {
        fragment
        for fragment in documentation["extends_documentation_fragment"]
        if not FRAGMENTS_OF_OPTIONS.fullmatch(fragment)
    }
    kinds = {"kubeadm.ha.attributes.changing_module", "kubeadm.ha.attributes.controller_module"}
    assert fragments - kinds == wanted
    # One of the kinds, or attributes of its own where it is of none.
    assert len(fragments & kinds) + name.endswith("_info") + (own is not None) == 1
    assert own not in [yaml.safe_load(text)["attributes"] for text in ATTRIBUTES]


@pytest.mark.parametrize("name", [name for name in MODULES if name.endswith("_info")])
def test_an_info_module_supports_check_mode(name: str) -> None:
    source = (ROOT / "plugins" / "modules" / f"{name}.py").read_text()
    assert "supports_check_mode=True" in source


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_its_documentation_and_metadata(role: str) -> None:
    directory = ROOT / "roles" / role
    readme = directory / "README.md"
    assert readme.is_file(), "galaxy-importer refuses a collection with a role that has none"
    assert re.search(r"\bundo", readme.read_text(), re.IGNORECASE), (
        "README.md does not say how to undo what the role does"
    )
    specification = _yaml("roles", role, "meta", "argument_specs.yml")["argument_specs"]
    lacking = {
        name for name, entry_point in specification.items() if not {"version_added", "author"} <= set(entry_point)
    }
    assert lacking == set(), "the changelog lists a new role by the version that its entry point was added in"
    assert (directory / "tasks" / "main.yml").is_file()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_used_alone_somewhere(role: str) -> None:
    """By its full name, in a play of a Molecule scenario: not by the collection's own playbooks only."""
    assert [name for name in SCENARIOS if role in applied(name)] != []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_molecule_scenario_applies_the_role_of_its_name_or_several(scenario: str) -> None:
    """It is called ROLE, ROLE_SOMETHING for a second scenario of a role, or after what several roles work on."""
    roles = applied(scenario)
    assert roles <= set(ROLES)
    assert any(scenario == role or scenario.startswith(f"{role}_") for role in roles) or len(roles) > 1


def applied(scenario: str) -> set[str]:
    """Roles that the plays of a scenario apply to a node."""
    text = (ROOT / "molecule" / scenario / "converge.yml").read_text()
    return set(re.findall(r"^\s*(?:- role|name): kubeadm\.ha\.(\w+)$", text, re.MULTILINE))


@pytest.mark.parametrize("name", MODULES)
def test_a_module_runs_against_real_processes(name: str) -> None:
    texts = (path.read_text() for path in (ROOT / "tests" / "integration").glob("test_*.py"))
    assert any(
        re.search(rf'\brun(_by_ansible)?\(\s*"{name}"|^_?[A-Z]+ = "{name}"', text, re.MULTILINE) for text in texts
    )


@pytest.mark.parametrize("role", ROLES)
def test_a_role_prints_nothing_in_each_run(role: str) -> None:
    """A value that later tasks read is the result of a module, not of ``debug``, which prints it for each host."""
    files = (ROOT / "roles" / role / "tasks").rglob("*.yml")
    assert [
        path.name for path in files if re.search(r"^\s+(ansible\.builtin\.)?debug:", path.read_text(), re.MULTILINE)
    ] == []


@pytest.mark.parametrize("role", ROLES)
def test_variables_of_a_role_ask_no_plugin_of_the_collection(role: str) -> None:
    """Ansible evaluates a variable anew for each task and host that names it: what costs is a task with a result."""
    files = [path for folder in ("vars", "defaults") for path in (ROOT / "roles" / role / folder).glob("*.yml")]
    asking = r"\|\s*kubeadm\.ha\.\w+|(lookup|query|q)\(\s*['\"]kubeadm\.ha\."
    assert [path.name for path in files if re.search(asking, path.read_text())] == []


def test_playbooks_can_be_imported_by_name() -> None:
    assert [name for name in PLAYBOOKS if not name.isidentifier()] == []


def test_nothing_is_added_in_a_version_that_is_not_released_and_not_the_next() -> None:
    """A module or an entry point that names another one is in no changelog."""
    known = {_yaml("galaxy.yml")["version"], *_yaml("changelogs", "changelog.yaml")["releases"]}
    found = {role: _yaml("roles", role, "meta", "argument_specs.yml")["argument_specs"] for role in ROLES}
    versions = {f"{role} {name}": item["version_added"] for role, each in found.items() for name, item in each.items()}
    for name in MODULES:
        text = (ROOT / "plugins" / "modules" / f"{name}.py").read_text(encoding="utf-8")
        versions[name] = t.cast("re.Match[str]", re.search(r"^version_added: *(\S+)$", text, re.MULTILINE)).group(1)
    assert {name: version for name, version in versions.items() if version.strip("\"'") not in known} == {}


def test_the_sample_repository_asks_for_this_version() -> None:
    version = _yaml("galaxy.yml")["version"]
    text = (ROOT / "examples" / "infrastructure" / "requirements.yml").read_text(encoding="utf-8")
    assert set(re.findall(r"\b\d+\.\d+\.\d+\b", text)) == {version}


def test_versions_agree() -> None:
    galaxy = _yaml("galaxy.yml")
    assert (galaxy["namespace"], galaxy["name"]) == ("kubeadm", "ha")
    lock = (ROOT / "requirements" / "development.txt").read_text()
    locked = re.search(r"^ansible-core==(\d+)\.(\d+)", lock, re.MULTILINE)
    wanted = re.fullmatch(r">=(\d+)\.(\d+)\.\d+", _yaml("meta", "runtime.yml")["requires_ansible"])
    assert locked
    assert wanted
    assert tuple(map(int, locked.groups())) >= tuple(map(int, wanted.groups()))
    version = ".".join(wanted.groups())
    roles = {role: _yaml("roles", role, "meta", "main.yml")["galaxy_info"]["min_ansible_version"] for role in ROLES}
    assert roles == dict.fromkeys(ROLES, version)
    assert f"ansible-core {version} or newer" in (ROOT / "README.md").read_text()


def test_nothing_is_skipped_globally() -> None:
    settings = _yaml(".ansible-lint")
    assert settings["profile"] == "production"
    assert not {"skip_list", "warn_list"} & set(settings)
    assert list(ROOT.glob("tests/sanity/ignore*")) == []
