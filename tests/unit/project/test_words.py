# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names, messages and documentation have the words of Kubernetes, kubeadm and etcd, and one word for each thing."""

from __future__ import annotations

import re
import typing as t
from pathlib import Path

import pytest

from tests.tools.environment import ROOT, source_files

#: Words that stand nowhere, and what to say instead. A name is split into its words: ``etcdRing``, ``etcd_ring``.
WORDS = {
    **dict.fromkeys(("ring", "rings"), "etcd cluster"),
    **dict.fromkeys(("wish", "wishes", "wished"), "desired state"),
    **dict.fromkeys(("tell", "tells", "telling", "told"), "report, say, determine or give"),
    **dict.fromkeys(("look", "looks", "looking", "looked"), "inspect, collect, check, read or search"),
    **dict.fromkeys(("survey", "surveys", "surveyed"), "collect, report"),
    **dict.fromkeys(("conclude", "concludes", "concluded"), "run_decision, decision_result"),
    **dict.fromkeys(("dial", "dials", "dialled", "dialling"), "connect, connection"),
    **dict.fromkeys(("newcomer", "newcomers"), "joining host"),
    "twins": "duplicates",
    "papers": "documentation and metadata",
    **dict.fromkeys(("bystander", "bystanders"), "workload clients"),
}
#: The same for expressions.
PHRASES = {
    r"\b[Dd]raw(?:s|n)?(?: it| the plan)? up\b|\bdraw_up\b": "build the plan, build_plan",
    r"\bways? to etcd\b|\bway_to_etcd\b|_join_way\b": "connection to etcd, etcd_client, join parameters",
    r"\bdef (?:_?observe|understand|way|hold)\b": "collect, parse, etcd_client, in_memory_file",
    r"\b(?:class|import) Given\b": "Overrides",
    r"\bread_(?:endpoint|san|bool|list|port|directory|batch|options|facts|kubelet_flags|labels|taints)\b": "parse_*",
}
#: The noun. Records of the steps have it as a field, which is public; elsewhere serving is what something does.
SERVING = re.compile(r"\bserving(?=: Host| = |\.\w|,? \*|, cluster)")
PLAN = "plugins/module_utils/_domain/plan/"

#: Whatever is quoted from others, and what was published under its name.
ALLOWED = re.compile(
    r"docs/adr/\S+"
    r"|\bdial (?:tcp|https)\b"  # Go's errors
    r'|"Looking in "'  # pip
    r"|\.tell\(\)"  # of a file
    r"|\blooked_at\b"  # returned by kubernetes_host_info
    r"|\b(?:control_plane|worker)_join_look\b"  # registered by the roles
    r"|\bdialled(?=\": | \}\})"  # a value of haproxy's template: the digest of a configuration is taken over it
    r'|"ring"(?=, "traces")'  # a section of haproxy's configuration
    r"|\bsurvey(?:\.json(?:\.license)?|_spec|_enabled)\b"  # of AWX
    r"|\btests[./]scenarios[./](?:import )?bystanders\b|\bby bystanders\b"
)  # fmt: skip
#: A result is kept by the names of its scenario's tests.
KEPT_TESTS = re.compile(r"\bdef test_\w+")
WITH_KEPT_TESTS = ("tests/scenarios/", "tests/roles/", "molecule/")
#: Records and subjects of commits stay as they were written; foreign text is not ours; Go's sources name what is built of them.
NOT_OURS = (
    ".git-blame-ignore-revs", "CHANGELOG", "LICENSE", "changelogs/", "docs/adr/", "docs/results/", "requirements/",
    "tests/lab/go/",
)  # fmt: skip

_TOKEN = re.compile(r"[A-Za-z]+")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def faults(path: str, text: str) -> t.Iterator[str]:
    """What stands in a file, or in its own name, and should not."""
    for number, line in enumerate((path, *text.splitlines())):
        ours = ALLOWED.sub(" ", line)
        if path.startswith(WITH_KEPT_TESTS):
            ours = KEPT_TESTS.sub(" ", ours)
        for token in _TOKEN.findall(ours):
            for word in _WORD.findall(token):
                if word.lower() in WORDS:
                    yield f"{path}:{number}: {word}: say {WORDS[word.lower()]}"
        for phrase, instead in PHRASES.items():
            if re.search(phrase, ours):
                yield f"{path}:{number}: {phrase}: say {instead}"
        if path.startswith(PLAN) and SERVING.search(ours):
            yield f"{path}:{number}: serving: say serving_control_plane"


def files() -> list[Path]:
    """Every text of the checkout that is ours, but for this one, which has the words."""
    return [
        path for path in source_files() if not path.as_posix().startswith(NOT_OURS) and path.name != "test_words.py"
    ]


def test_every_text_has_the_words_of_the_field() -> None:
    found = [fault for path in files() for fault in faults(path.as_posix(), (ROOT / path).read_text(errors="replace"))]
    assert found == []


PLANTED = {
    "a message": ("plugins/x.py", 'raise InvalidInput("The etcd ring is not healthy.")', "etcd cluster"),
    "a name": ("plugins/x.py", "etcd_ring = 1", "etcd cluster"),
    "a class": ("plugins/x.py", "class EtcdRing:", "etcd cluster"),
    "a constant": ("plugins/x.py", "WRONG_WISHES = 1", "desired state"),
    "documentation": ("README.md", "The plan tells\nwhy.", "report"),
    "a task": ("roles/x/tasks/main.yml", "- name: Hosts | Look at each", "inspect"),
    "a variable": ("roles/x/vars/main.yml", "__x_looks_again: true", "inspect"),
    "a file": ("roles/x/tasks/look.yml", "---", "inspect"),
    "a comment": ("tests/x.py", "# as it was told", "report"),
    "a docstring": ("plugins/x.py", '"""Draw up the plan."""', "build the plan"),
    "a function": ("plugins/x.py", "def draw_up(a):", "build_plan"),
    "an expression": ("roles/x/README.md", "for the way to etcd", "connection to etcd"),
    "a registered result": ("roles/x/tasks/main.yml", "  register: control_plane_join_way", "join parameters"),
    "a decision": ("plugins/x.py", "from .._module import conclude", "run_decision"),
    "a connection": ("plugins/x.py", "class Dial:", "connection"),
    "a template": ("roles/x/templates/x.j2", "# {{ a }} is what clients dial", "connection"),
    "hosts": ("tests/unit/x.py", "def _newcomers(hosts): ...", "joining host"),
    "overrides": ("plugins/x.py", "from .local import Given", "Overrides"),
    "a verb": ("plugins/x.py", "def understand(report):", "parse"),
    "a reader": ("plugins/x.py", "value = read_labels(text)", "parse_"),
    "the noun": (f"{PLAN}x.py", "def problems(serving: Host) -> None:", "serving_control_plane"),
    "a test of the units": ("tests/unit/x.py", "def test_it_is_told() -> None:", "report"),
    "a helper of a scenario": ("tests/scenarios/x.py", "def told() -> None:", "report"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_word_of_our_own_is_found(name: str) -> None:
    path, text, instead = PLANTED[name]
    (fault,) = faults(path, text)
    assert instead in fault


RIGHT = {
    "words inside of others": ("plugins/x.py", "string = during = spring = 'monitoring'  # outlook, foretell"),
    "an object's method": ("tests/lab/archive.py", "size = layer.tell()"),
    "Go's error": ("tests/x.py", '"dial tcp: i/o timeout"'),
    "a record's address": ("tests/x.py", "(docs/adr/0052-what-looking-costs.md)"),
    "a return value": ("plugins/x.py", 'host["looked_at"]'),
    "a field of a record": (f"{PLAN}steps/x.py", "    serving: str\n            serving=situation.server,"),
    "a participle": (f"{PLAN}x.py", "if host.is_serving: the serving control plane"),
    "a test that results go by": ("tests/scenarios/test_x.py", "def test_the_new_worker_dials_the_endpoint() -> None:"),
    "haproxy's word": ("roles/x/templates/x.j2", "observe layer4"),
    "an ordinary way": ("README.md", "in a way that cannot be read"),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_right_is_left_alone(name: str) -> None:
    assert list(faults(*RIGHT[name])) == []
