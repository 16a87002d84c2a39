# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands, inventories and plays of the documentation are ones that there are: a reader can paste them."""

from __future__ import annotations

import functools
import json
import os
import re
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest
import yaml

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.plan.inputs import INPUTS, PREFIX
from tests.tools import ansible_options, documented
from tests.tools.documented import Block, Command
from tests.tools.environment import ROOT

GROUPS = ("kube_control_plane", "kube_node", "kube_load_balancer", "etcd", "all")
#: What is done to groups and plays in the words of Ansible.
PLAY_KEYS = ("hosts", "ansible.builtin.import_playbook")
#: Where playbooks of the repository that are no part of the collection are.
FOLDERS = ("examples/binary", "examples/infrastructure")
#: What prepares a command of a block, and has nothing that could be misspelt.
SETTERS = (".", "cp", "echo", "export")


@functools.lru_cache(maxsize=1)
def texts() -> dict[str, str]:
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in documented.documents()}


@functools.lru_cache(maxsize=1)
def blocks() -> list[Block]:
    return [block for path, text in texts().items() for block in documented.blocks(path, text)]


def commands() -> list[Command]:
    of_blocks = [
        command
        for block in blocks()
        if block.language in documented.SHELLS and not block.is_example
        for line in block.commands
        for command in documented.simple(line, block.place)
    ]
    return of_blocks + [command for path, text in texts().items() for command in documented.inline(path, text)]


@functools.lru_cache(maxsize=1)
def options_of_roles() -> dict[str, set[str]]:
    found = {}
    for path in sorted(ROOT.glob("roles/*/meta/argument_specs.yml")):
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))["argument_specs"].values()
        found[path.parents[1].name] = {name for entry in entries for name in entry.get("options") or {}}
    return found


# --- commands --------------------------------------------------------------------------------------------------------


def faults_of_command(command: Command) -> t.Iterator[str]:
    """What a reader would stumble over."""
    check = PROGRAMS.get(command.program)
    if check is not None:
        yield from check(command.words[1:])
    elif command.program not in SETTERS:
        yield (
            f"{command.program} is not held by this test: begin its block with a comment such as '# on the host, as root', "
            "which marks it as an example"
        )


@functools.lru_cache(maxsize=1)
def answers() -> dict[tuple[str, ...], dict[str, t.Any]]:
    """What Ansible's parsers say of each command of Ansible, those of the tests below included."""
    planted = [command for line in WRONG.values() for command in documented.simple(line, "x")]
    asked = dict.fromkeys(
        given(command.words) for command in [*commands(), *planted] if command.program in ansible_options.PROGRAMS
    )
    return dict(zip(asked, ansible_options.ask(list(asked)), strict=True))


def given(words: tuple[str, ...]) -> tuple[str, ...]:
    """A command as it is parsed; what stands in angle brackets is for the reader to fill in."""
    return tuple(word for word in words if word not in ("<", ">"))[: -1 if "<" in words else None]


def of_playbook(words: t.Sequence[str]) -> t.Iterator[str]:
    if list(words) == ["-i"]:
        return  # a part of a command, in a sentence
    options = answers()["ansible-playbook", *words]
    if options["complaint"]:
        yield options["complaint"]
        return
    known = set(INPUTS) | {name for names in options_of_roles().values() for name in names}
    for name in options["args"]:
        path = playbook(name)
        if path is None:
            yield f"there is no playbook {name}"
        else:
            known |= set(re.findall(r"[a-z_]+", path.read_text(encoding="utf-8")))
    for value in options["extra_vars"]:
        names = json.loads(value) if value.startswith("{") else [value.partition("=")[0]]
        yield from (f"nothing reads the variable {name}" for name in names if name not in known)
        if not value.startswith("{") and value.partition("=")[0] in INPUTS:
            INPUTS[value.partition("=")[0]].read(value.partition("=")[2])


def playbook(name: str) -> Path | None:
    """The file of a playbook of the collection, or of an example."""
    if name.startswith("kubeadm.ha."):
        path = ROOT / "playbooks" / f"{name.removeprefix('kubeadm.ha.')}.yml"
        return path if path.is_file() else None
    return next((ROOT / folder / name for folder in FOLDERS if (ROOT / folder / name).is_file()), None)


def of_galaxy(words: t.Sequence[str]) -> t.Iterator[str]:
    yield from filter(None, [answers()["ansible-galaxy", *words]["complaint"]])


def of_adhoc(words: t.Sequence[str]) -> t.Iterator[str]:
    yield from filter(None, [answers()["ansible", *words]["complaint"]])


def of_doc(words: t.Sequence[str]) -> t.Iterator[str]:
    options = answers()[given(("ansible-doc", *words))]
    if options["complaint"]:
        yield options["complaint"]
    folder, suffix = ("roles", "") if "role" in words else ("plugins/modules", ".py")
    for name in [] if "<" in words else options["args"]:
        if not (ROOT / folder / f"{name.removeprefix('kubeadm.ha.')}{suffix}").exists():
            yield f"there is no {name}"


@functools.lru_cache(maxsize=1)
def targets() -> set[str]:
    (listed,) = re.findall(r"^TARGETS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    return {"help", *listed.split()}


def of_make(arguments: t.Sequence[str]) -> t.Iterator[str]:
    names = [word for word in arguments[2 if arguments[0] == "-C" else 0 :] if "=" not in word]
    yield from (f"the Makefile has no target {name}" for name in names if name not in targets())


def of_python(arguments: t.Sequence[str]) -> t.Iterator[str]:
    if arguments[0] == "-m":
        name = arguments[1]
        path = ROOT / Path(*name.split("."))
        if name != "pip" and not path.with_suffix(".py").is_file() and not (path / "__main__.py").is_file():
            yield f"there is no module {name}"
        return
    if not (ROOT / arguments[0]).exists():
        yield f"there is no {arguments[0]}"
    text = (ROOT / arguments[0] / "__main__.py").read_text(encoding="utf-8")
    if f'"{arguments[1]}"' not in text:
        yield f"{arguments[0]} has no command {arguments[1]}"


def of_pytest(arguments: t.Sequence[str]) -> t.Iterator[str]:
    for word in arguments:
        if word.startswith("tests/") and not (ROOT / word).exists():
            yield f"there is no {word}"


def of_molecule(arguments: t.Sequence[str]) -> t.Iterator[str]:
    name = arguments[arguments.index("--scenario-name") + 1]
    if not (ROOT / "molecule" / name / "molecule.yml").is_file():
        yield f"there is no scenario {name}"


def of_builder(arguments: t.Sequence[str]) -> t.Iterator[str]:
    if not (ROOT / "execution-environment.yml").is_file() or arguments[0] != "build":
        yield "there is nothing to build"


PROGRAMS: dict[str, t.Callable[[t.Sequence[str]], t.Iterator[str]]] = {
    "ansible": of_adhoc,
    "ansible-builder": of_builder,
    "ansible-doc": of_doc,
    "ansible-galaxy": of_galaxy,
    "ansible-playbook": of_playbook,
    "make": of_make,
    "molecule": of_molecule,
    "pytest": of_pytest,
    "python3": of_python,
}


def test_every_command_is_one_that_there_is() -> None:
    found = commands()
    assert {command.program for command in found} >= {"ansible-playbook", "make", "python3", "ansible-galaxy"}
    assert [f"{command.place}: {fault}" for command in found for fault in faults_of_command(command)] == []


def test_every_block_says_what_it_is_in() -> None:
    known = {*documented.SHELLS, *documented.PLAIN, "yaml"}
    assert [
        f"{block.place}: {block.language or 'no language'}" for block in blocks() if block.language not in known
    ] == []


def test_the_syntax_of_every_command_of_a_shell() -> None:
    for block in blocks():
        if block.language in documented.SHELLS:
            script = "\n".join(block.commands)
            checked = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
            assert (checked.returncode, checked.stderr) == (0, ""), block.place


def test_every_playbook_of_a_documented_command_is_run_by_a_test() -> None:
    """On a real cluster or real processes: what is a unit test only reads it (ADR 121)."""
    sources = "".join(
        path.read_text(encoding="utf-8")
        for tier in ("integration", "roles", "scenarios")
        for path in ROOT.glob(f"tests/{tier}/**/*.py")
    )
    named = {
        word.removeprefix("kubeadm.ha.")
        for command in commands()
        if command.program == "ansible-playbook"
        for word in command.words
        if word.startswith("kubeadm.ha.")
    }
    assert {"site", "audit", "rollback", "restore", "failover_drill"} <= named
    run = {name for name in named if re.search(rf"\bkubeadm\.ha\.{name}\b|playbook=\"{name}\"", sources)}
    assert sorted(named - run) == []


# --- YAML ------------------------------------------------------------------------------------------------------------


def yaml_blocks() -> list[Block]:
    return [block for block in blocks() if block.language == "yaml"]


def kind_of(content: t.Any) -> str:
    """``plays``, ``tasks``, ``inventory`` or ``variables``."""
    if isinstance(content, list):
        return "plays" if any(key in item for item in content for key in PLAY_KEYS) else "tasks"
    return "inventory" if any(name in GROUPS for name in content) else "variables"


def plays_of(content: t.Any) -> list[dict[str, t.Any]]:
    return content if kind_of(content) == "plays" else [{"hosts": "all", "gather_facts": False, "tasks": content}]


def variables_of(content: t.Any) -> t.Iterator[tuple[str, t.Any, str]]:
    """Name, value and role, empty for an input, of each variable that a block gives."""
    if isinstance(content, list):
        for item in content:
            yield from variables_of(item)
    elif isinstance(content, dict):
        used = content.get("role") or (content.get("ansible.builtin.include_role") or {}).get("name") or ""
        role = str(used).removeprefix("kubeadm.ha.")
        values = dict(content.get("vars") or {})
        values.update({name: value for name, value in content.items() if role and name.startswith(f"{role}_")})
        yield from ((name, value, role) for name, value in values.items())
        for name, value in content.items():
            if name != "vars":
                yield from variables_of(value)


def faults_of_variables(content: t.Any) -> t.Iterator[str]:
    kind = kind_of(content)
    if kind == "variables":
        named: t.Iterable[tuple[str, t.Any, str]] = [
            (name, value, next((role for role in options_of_roles() if name in options_of_roles()[role]), ""))
            for name, value in content.items()
        ]
    else:
        named = variables_of(content)
    for name, value, role in named:
        if name.startswith(PREFIX):
            if name not in INPUTS:
                yield f"there is no input {name}"
            else:
                INPUTS[name].read(value)
        elif name not in options_of_roles().get(role, ()):
            yield f"{role or 'no role'} has no option {name}"


def test_every_variable_of_a_block_is_read_by_somebody() -> None:
    assert {kind_of(yaml.safe_load(block.text)) for block in yaml_blocks()} == {
        "plays",
        "tasks",
        "inventory",
        "variables",
    }
    faults = [
        f"{block.place}: {fault}"
        for block in yaml_blocks()
        for fault in faults_of_variables(yaml.safe_load(block.text))
    ]
    assert faults == []


def test_every_inventory_has_the_groups_of_the_collection() -> None:
    for block in yaml_blocks():
        content = yaml.safe_load(block.text)
        if kind_of(content) == "inventory":
            assert set(content) <= set(GROUPS), block.place
            assert all(set(group) <= {"hosts", "children", "vars"} for group in content.values()), block.place


def test_ansible_takes_every_play_and_playbook(tmp_path: Path) -> None:
    """One run of ``ansible-playbook --syntax-check`` for all of them, with the inventory of the README."""
    (inventory,) = [
        block.text
        for block in yaml_blocks()
        if block.path == "README.md" and kind_of(yaml.safe_load(block.text)) == "inventory"
    ]
    (tmp_path / "hosts.yml").write_text(inventory, encoding="utf-8")
    files = []
    for block in yaml_blocks():
        content = yaml.safe_load(block.text)
        if kind_of(content) in ("plays", "tasks"):
            files.append(tmp_path / f"{len(files)}.yml")
            files[-1].write_text(yaml.safe_dump(plays_of(content)), encoding="utf-8")
    assert len(files) > 20
    named = {word for command in commands() if command.program == "ansible-playbook" for word in command.words}
    playbooks = sorted(word for word in named if word.startswith("kubeadm.ha."))
    assert "kubeadm.ha.site" in playbooks
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "--syntax-check",
            "-i",
            "hosts.yml",
            *map(str, files),
            *playbooks,
        ],
        cwd=tmp_path,
        env={**os.environ, "ANSIBLE_NOCOLOR": "true", "ANSIBLE_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr


# --- names in sentences ----------------------------------------------------------------------------------------------


def of_a_run() -> set[str]:
    """What a run itself gives to hosts: the plan, and the groups of its plays."""
    pages = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("playbooks/**/*.yml"))
    return {"kubeadm_ha_plan", *re.findall(r"groups\.(kubeadm_ha_[a-z_]+)", pages)}


def test_every_name_of_an_input_is_one() -> None:
    known = {*INPUTS, *of_a_run(), *(path.stem for path in ROOT.glob("roles/*/files/kubeadm_ha_*"))}
    found = {
        f"{path}: {name}"
        for path, text in texts().items()
        for name in re.findall(r"(?<![A-Za-z0-9_.-])kubeadm_ha_[a-z_]*[a-z]\b(?![.(])", text.replace("\\_", "_"))
        if name not in known
    }
    assert sorted(found) == []


def test_every_full_name_is_one_of_the_collection() -> None:
    known = {
        path.stem if path.suffix else path.name
        for pattern in ("playbooks/*.yml", "plugins/modules/*.py", "plugins/doc_fragments/*.py", "roles/*")
        for path in ROOT.glob(pattern)
    }
    found = {
        f"{path}: {name}"
        for path, text in texts().items()
        for name in re.findall(
            r"\bkubeadm\.ha\.([a-z_]*[a-z])\b(?!_)",
            text.replace("ansible_collections.kubeadm.ha.", "").replace("\\_", "_"),
        )
        if name not in known
    }
    assert sorted(found) == []


# --- the checks themselves -------------------------------------------------------------------------------------------

WRONG = {
    "a playbook": "ansible-playbook -i hosts.yml kubeadm.ha.sites",
    "an option": "ansible-playbook --inventroy hosts.yml kubeadm.ha.site",
    "an input": "ansible-playbook kubeadm.ha.site -e kubeadm_ha_endpiont=a:1",
    "an input in JSON": "ansible-playbook kubeadm.ha.site -e '{\"kubeadm_ha_endpiont\": 1}'",
    "a file": "ansible-playbook -i hosts.yml going_back.yml",
    "a target": "make tests",
    "a module": "python3 -m tests.tools.machines",
    "a command of the lab": "python3 tests/lab upp",
    "a test": "pytest tests/units",
    "a scenario": "molecule test --scenario-name apiserver",
    "a role": "ansible-doc -t role kubeadm.ha.preflights",
    "a subcommand": "ansible-galaxy collection instal x",
    "an unmarked command of a host": "kubectl get nodes",
    "the second of two": "make setup && make everything",
}


@pytest.mark.parametrize("name", WRONG)
def test_a_command_that_there_is_not_is_named(name: str) -> None:
    found = [fault for command in documented.simple(WRONG[name], "x") for fault in faults_of_command(command)]
    assert len(found) == 1


WRONG_YAML = {
    "an input": "all: {vars: {kubeadm_ha_endpiont: 1}}",
    "an option of a role": "- {hosts: all, roles: [{role: kubeadm.ha.apiserver_haproxy, apiserver_haproxy_endpiont: 1}]}",
    "a variable of a role": "- {hosts: all, roles: [{role: kubeadm.ha.cni, vars: {cni_x: 1}}]}",
    "an option in a task": "- {ansible.builtin.include_role: {name: kubeadm.ha.cni}, vars: {cni_x: 1}}",
    "a variable alone": "failover_drill_event: []",
}


@pytest.mark.parametrize("name", WRONG_YAML)
def test_a_variable_that_nothing_reads_is_named(name: str) -> None:
    assert len(list(faults_of_variables(yaml.safe_load(WRONG_YAML[name])))) == 1


def test_blocks_of_both_languages_of_documents() -> None:
    markdown = "a\n\n```sh\nmake a\n```\n\n- b\n\n  ```console\n  $ make \\\n      b\n  c\n  ```\n"
    assert [(block.line, block.language, block.commands) for block in documented.blocks("x.md", markdown)] == [
        (4, "sh", ["make a"]),
        (10, "console", ["make      b"]),
    ]
    rst = "a\n\n.. code-block:: console\n\n    # on a host\n    $ make a\n\n    b\n\nc ``make d``\n"
    (block,) = documented.blocks("x.rst", rst)
    assert (block.line, block.is_example, block.commands) == (5, True, ["make a"])
    assert documented.inline("x.rst", rst) == [Command("x.rst:10", ("make", "d"))]


# --- what a site without the internet needs --------------------------------------------------------------------------


def test_the_guide_without_the_internet_has_all_that_is_fetched() -> None:
    """Collections of galaxy.yml, the registries of images, and inputs that say where something comes from."""
    text = texts()["docs/docsite/rst/guide_air_gapped.rst"]
    collections = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"]
    network = yaml.safe_load((ROOT / "roles/cni/vars/main.yml").read_text(encoding="utf-8"))
    registries = {str(value).partition("/")[0] for name, value in network.items() if name.endswith("_image")}
    inputs = {name for name in INPUTS if name.endswith(("_binaries", "_repository", "_mirrors"))}
    assert len(inputs) == 5
    assert len(registries) == 1
    assert [name for name in (*collections, *registries, *inputs, "registry.k8s.io") if name not in text] == []
