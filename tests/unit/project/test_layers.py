# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Dependencies point down only, and decisions do no I/O."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.tools import import_graph, layers
from tests.tools.environment import ROOT

if t.TYPE_CHECKING:
    from pathlib import Path

CORE = "ansible_collections.kubeadm.ha.plugins.module_utils"
PRIVATE = "Private to kubeadm.ha"


def test_the_collection_keeps_its_layers() -> None:
    domain = ROOT / "plugins" / "module_utils" / "_domain"
    assert [path.name for path in domain.glob("*.py")] == ["__init__.py"], "every decision has its room"
    assert {path.name for path in domain.iterdir() if path.is_dir() and path.name != "__pycache__"} == set(layers.ROOMS)
    assert layers.check_tree(ROOT / "plugins") == []


def test_every_package_says_once_that_it_is_private() -> None:
    files = [path for path in (ROOT / "plugins").rglob("*.py") if PRIVATE in path.read_text()]
    assert sorted(files) == sorted((ROOT / "plugins" / "module_utils").rglob("__init__.py"))


def test_rooms_stand_on_those_above_them_in_the_list() -> None:
    below: set[str] = set()
    for room, used in layers.ROOMS.items():
        assert used <= below, room
        below.add(room)


def test_a_room_may_use_what_it_uses_and_nothing_more() -> None:
    assert import_graph.rooms(import_graph.files(ROOT / "plugins")) == layers.ROOMS


def test_no_file_imports_itself_by_others() -> None:
    assert import_graph.circle(import_graph.files(ROOT / "plugins")) == []


def test_a_circle_is_found_and_floors_are_counted(tmp_path: Path) -> None:
    domain = tmp_path / "module_utils" / "_domain"
    for room in ("base", "host", "plan"):
        (domain / room).mkdir(parents=True)
    (domain / "base" / "errors.py").write_text("import typing")
    (domain / "host" / "host.py").write_text("from ..base import errors")
    (domain / "plan" / "build.py").write_text("from ..host.host import Host")
    rooms = import_graph.rooms(import_graph.files(tmp_path))
    assert rooms == {"base": set(), "host": {"base"}, "plan": {"host"}}
    assert import_graph.floors(rooms) == [["base"], ["host"], ["plan"]]
    (domain / "base" / "answer.py").write_text("if t.TYPE_CHECKING:\n    from ..plan.build import Plan")
    (domain / "host" / "host.py").write_text("def f():\n    from ..base import answer")
    import_graph.imported_files.cache_clear()
    found = import_graph.circle(import_graph.files(tmp_path))
    assert found[0] == found[-1]
    assert {path.rpartition("/")[2] for path in found} == {"answer.py", "build.py", "host.py"}


@pytest.mark.parametrize(
    ("path", "source", "fault"),
    [
        ("module_utils/_domain/x.py", "import os", "not a pure module"),
        ("module_utils/_domain/x.py", "import os.path as p", "not a pure module"),
        ("module_utils/_domain/x.py", "from subprocess import run", "not a pure module"),
        ("module_utils/_domain/x.py", "import socket", "not a pure module"),
        ("module_utils/_domain/x.py", "import ssl", "not a pure module"),
        ("module_utils/_domain/x.py", "from pathlib import Path", "not a pure module"),
        ("module_utils/_domain/x.py", "import shutil", "not a pure module"),
        ("module_utils/_domain/x.py", "import urllib.request", "not a pure module"),
        ("module_utils/_domain/x.py", "import yaml", "not a pure module"),
        ("module_utils/_domain/x.py", "import kubernetes", "not a pure module"),
        ("module_utils/_domain/x.py", "from ansible.module_utils.basic import AnsibleModule", "not a pure module"),
        ("module_utils/_domain/x.py", "def f():\n    import time", "not a pure module"),
        ("module_utils/_domain/x.py", "def f(p):\n    return open(p)", "must not call open"),
        ("module_utils/_domain/x.py", "x = input()", "must not call input"),
        ("module_utils/_domain/x.py", "print(1)", "must not call print"),
        ("module_utils/_domain/x.py", "import datetime as dt\nx = dt.datetime.now()", "must not call datetime.now"),
        ("module_utils/_domain/x.py", "from .._adapters.clock import Clock", "_adapters is not below it"),
        ("module_utils/_domain/x.py", "from .._adapters import clock", "_adapters is not below it"),
        ("module_utils/_domain/x.py", "from .. import _module", "_module is not below it"),
        ("module_utils/_domain/x.py", f"import {CORE}._adapters.clock", "_adapters is not below it"),
        ("module_utils/_domain/x.py", "if t.TYPE_CHECKING:\n    from .._module import y", "_module is not below it"),
        ("module_utils/_domain/deep/x.py", "from ..._adapters import clock", "_adapters is not below it"),
        ("module_utils/_domain/etcd/x.py", "from ..host.host import Host", "host is not among those that etcd may use"),
        ("module_utils/_domain/host/x.py", "from ..plan import desired", "plan is not among those that host may use"),
        ("module_utils/_domain/attic/x.py", "from ..base import change", "attic is not in ROOMS"),
        (
            "module_utils/_domain/base/x.py",
            "if t.TYPE_CHECKING:\n    from ..pki.certificate import C",
            "pki is not among",
        ),
        ("module_utils/_ports/x.py", "from .._adapters.clock import Clock", "_adapters is not below it"),
        ("module_utils/_ports/x.py", "import subprocess", "not a pure module"),
        ("module_utils/_ports/x.py", "from .._domain.host.host import Host", "values of base only"),
        ("module_utils/_adapters/x.py", "from .._module import run_decision", "_module is not below it"),
        ("module_utils/_adapters/x.py", "from ansible.module_utils.basic import AnsibleModule", "nothing of Ansible"),
        ("module_utils/_module.py", "from ..modules import kubeadm_join", "modules is not below it"),
        ("module_utils/_module.py", "from ansible.plugins import loader", "only ansible.module_utils"),
        ("module_utils/_module.py", "from . import _options", "_options is not below it"),
        ("module_utils/_options.py", "from ._module import run_decision", "_module is not below it"),
        ("module_utils/_options.py", "from ansible.plugins import loader", "only ansible.module_utils"),
        ("module_utils/helper.py", "import typing", "belongs to no layer"),
        ("modules/x.py", "from ansible_collections.kubeadm.ha.plugins.modules import y", "modules is not below it"),
        ("modules/x.py", "from ansible_collections.kubeadm.ha.plugins.action.y import z", "action is not below it"),
        ("modules/x.py", "from ansible.utils.display import Display", "only ansible.module_utils"),
        ("action/x.py", "from ansible_collections.kubeadm.ha.plugins.modules.y import z", "modules is not below it"),
        ("lookup/x.py", "import typing", "belongs to no layer"),
    ],
)
def test_a_broken_layer_is_found(path: str, source: str, fault: str) -> None:
    (found,) = layers.violations(path, source)
    assert fault in found
    assert path in found


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("module_utils/_domain/x.py", "from __future__ import annotations\nimport dataclasses, json, re, typing as t"),
        (
            "module_utils/_domain/x.py",
            "from .errors import KubeadmHaError\nfrom .._ports.files import Files\nfrom . import y",
        ),
        (
            "module_utils/_domain/plan/checks/x.py",
            "from ..desired import Desired\nfrom ...host.host import Host\nfrom . import skew",
        ),
        ("module_utils/_domain/x.py", "def f(clock, files):\n    return clock.now(), files.open('x')"),
        ("module_utils/_ports/x.py", "import typing as t\nfrom .._domain.base.address import Endpoint"),
        (
            "module_utils/_adapters/x.py",
            "import os, subprocess, yaml\nfrom .._domain.errors import E\nfrom .._ports.files import F",
        ),
        ("module_utils/_adapters/x.py", "from . import commands\nfrom .commands import Commands\nopen('x')"),
        (
            "module_utils/_module.py",
            "from ansible.module_utils.basic import AnsibleModule\nfrom ._domain import errors",
        ),
        ("module_utils/_options.py", "import typing as t\nfrom ._domain.base import errors"),
        ("modules/x.py", f"from {CORE}._module import run_decision\nfrom {CORE}._adapters.clock import Clock"),
        ("modules/x.py", f"from {CORE} import _options"),
        ("modules/x.py", "import traceback\nfrom ansible.module_utils.basic import AnsibleModule"),
        ("action/x.py", f"from ansible.plugins.action import ActionBase\nfrom {CORE}._domain.host import Host"),
        ("module_utils/__init__.py", ""),
    ],
)
def test_what_is_allowed_passes(path: str, source: str) -> None:
    assert layers.violations(path, source) == []


def test_no_unit_test_makes_its_process_a_controller() -> None:
    """A module's warnings are then printed and not returned, in every test that comes after it."""
    loads = re.compile(
        r"^\s*(?:from|import) (?:ansible\.(?:plugins|utils|template)|\S*\.plugins\.action)\b", re.MULTILINE
    )
    found = [path for path in (ROOT / "tests" / "unit").rglob("*.py") if loads.search(path.read_text(encoding="utf-8"))]
    assert found == []
