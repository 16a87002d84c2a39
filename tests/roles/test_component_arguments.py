# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What systemd itself starts a component with is what component_arguments reads, and what it writes arrives.

One plain host of the lab. Its "components" are a program that keeps its command line, as the kernel has it.
"""

from __future__ import annotations

import base64
import json
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import invocation
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.invocation import Sources
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit
from tests.roles.commands import lab, run

pytestmark = pytest.mark.full

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LAB = "component-arguments"
NODE = "node1"
DIRECTORY = "/etc/systemd/system"
PROGRAM = "/opt/kubernetes/bin/kube-apiserver"
#: Keeps its command line under the name of its unit.
COMPONENT = """\
#!/usr/bin/python3
import json
unit = open("/proc/self/cgroup").read().strip().rpartition("/")[2]
words = open("/proc/self/cmdline", "rb").read().split(b"\\0")[2:-1]
json.dump([word.decode("utf-8", "surrogateescape") for word in words], open(f"/run/arguments/{unit}", "w"))
"""
#: Writes the files of standard input's JSON, starts services, prints with which arguments. Arguments: JSON in base64.
STARTER = """
import base64, glob, json, os, shutil, subprocess, sys
given = json.loads(base64.b64decode(sys.argv[1]))
for path, text in given["files"].items():
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(text.encode("utf-8", "surrogateescape"))
    if path == given["program"]:
        os.chmod(path, 0o755)
shutil.rmtree("/run/arguments", ignore_errors=True)
os.mkdir("/run/arguments")
subprocess.run(["systemctl", "daemon-reload"], check=True)
for start in range(0, len(given["units"]), 20):
    subprocess.run(["systemctl", "start", *given["units"][start:start + 20]], check=False, stderr=subprocess.DEVNULL)
found = {os.path.basename(path): json.load(open(path)) for path in glob.glob("/run/arguments/*")}
print("found " + base64.b64encode(json.dumps(found).encode()).decode())
"""

COMMANDS = (
    "--a=b c 'd e' \"f g\" --h='i j'k",
    "\\\n  --a=1 \\\n  # --b=2 \\\n  ; --c=3\n  --d=4\\\n--e=5",
    r"\x20 \t \\ \s \' \q \x0 \303\251 \u00e9 \000 \400",
    "%n %N %p %i %j %t %S %C %L %E %u %U %h %% % %-",
    "$$A $ a$$b $A ${A} x${A}y '$A' '${A}' ${NONE} $NONE ${A:-b} ${A",
    "\\; ';' \";\" a;",
    "$B $C ${B} ${C}",
)
VARIABLES = (
    "Environment=A=1 'B=2 3' \"C='4 5' 6\\\\ 7\"",
    "Environment=A= B=\nEnvironment=C=%n D",
    r"Environment=A=\x20a B=\q C=1",
    "Environment=A=1\nEnvironment=\nEnvironment=B=2\nUnsetEnvironment=B",
    "",
)
FILES = (
    "# comment\nA=\"1 2 \\\n  3\"\nB='4\n5'\n; C=6\nC = 7 8  \n",
    'A=--a="b c" \\\n  --d\\ e\nB="\\"\\\\\\$\\`\\n"\nexport C=1\n',
    "A=1\nA='2''3'4\nB=\nC=\"\n",
    'A=1\r\nB="2\\\r\n3"\nC=x',
    "\ufeffA=1\nB=2\\",
)
PIECES = (
    *("--a=1", "--flag", "value", " ", "  ", "\t", " \\\n   ", "\\\n", " \\\n# c\n  ", " \\\n; c\\\n", "'", '"', '"x y"', "'a b'"),
    *("\\x20", "\\t", "\\\\", "\\q", "\\u00e9", "%n", "%%", "%p", "%", "$$", " $A ", "${A}", "$B", " $C", "#", "é", "\\'", '\\"', "=", "-"),
    *("\\303\\251", "\\101", "\\x00", "\\s", "{", "}", "$", ":"),
)  # fmt: skip


def _word(source: random.Random, pieces: Sequence[str]) -> str:
    return "".join(source.choice(pieces) for _number in range(source.randint(0, 9)))


def _services() -> Iterator[tuple[str, str]]:
    """Units without their names, and texts of their environment files: each combination of the tables, and random ones."""
    for command in COMMANDS:
        for variables in VARIABLES:
            yield f"{variables}\nExecStart=@{PROGRAM} name {command}", FILES[0]
    for content in FILES:
        yield f"ExecStart={PROGRAM} $A ${{A}} $B ${{B}} $C", content
        yield f"Environment=A=a B=b C=c\nExecStart=:{PROGRAM} $A ${{B}}", content
    source = random.Random(20_20)
    plain = [piece for piece in PIECES if "%" not in piece]
    for _number in range(120):
        variables = f"Environment=A={_word(source, PIECES)}\nEnvironment='B={_word(source, plain)}'"
        content = f'A={_word(source, plain)}\nB="{_word(source, plain)}"\n{source.choice(("", "C=1"))}'
        yield f"{variables}\nExecStart=-{PROGRAM} {_word(source, PIECES)}", content if source.random() < 0.5 else ""


def _sources() -> dict[str, Sources]:
    """All services by their names."""
    found = {}
    for number, (settings, content) in enumerate(_services()):
        name = f"kube-{number}.service"
        conf = f"/opt/kubernetes/cfg/{number}.conf"
        text = f"[Unit]\nDescription=a component\n\n[Service]\nType=oneshot\nEnvironmentFile=-{conf}\n{settings}\nTimeoutSec=60\n"
        found[name] = Sources(
            Unit(name, Text(f"{DIRECTORY}/{name}", text)), {conf: Text(conf, content)} if content else {}
        )
    return found


def _start(files: Mapping[str, str], units: Sequence[str]) -> dict[str, list[str]]:
    """The arguments with which systemd starts services; those that it does not start are left out."""
    given = json.dumps({"files": {PROGRAM: COMPONENT, **files}, "units": units, "program": PROGRAM})
    output = lab(
        *("exec", "--name", LAB, NODE, "--"), "python3", "-c", STARTER, base64.b64encode(given.encode()).decode()
    )
    line = next(line for line in output.splitlines() if line.startswith("found "))
    found: dict[str, list[str]] = json.loads(base64.b64decode(line[len("found ") :]))
    return found


@pytest.fixture(scope="module")
def inventory() -> Iterator[str]:
    """One plain host."""
    lab("up", "bare", "--name", LAB)
    try:
        yield lab("inventory", "--name", LAB).strip().splitlines()[-1]
    finally:
        lab("down", "--name", LAB)


@pytest.mark.usefixtures("inventory")
def test_what_systemd_reads_is_what_we_read() -> None:
    services = _sources()
    files = {
        text.path: text.text for each in services.values() for text in (*each.unit.texts, *each.environment.values())
    }
    started = _start(files, list(services))
    differing, refused = [], []
    for name, sources in services.items():
        try:
            ours = [word.text for word in invocation.parse(sources).words]
        except UnsupportedState as error:
            refused.append((name, error.message))
            continue
        if started.get(name) != ours:
            differing.append((name, sources.unit.fragment.text, sources.environment, ours, started.get(name)))
    assert differing == []
    # What we refuse systemd refuses, too, but for the comments that each version reads in another way.
    assert len(refused) < len(services) / 3
    assert [
        each for each in refused if each[0] in started and "a comment that ends with a backslash" not in each[1]
    ] == []
    print(f"{len(services)} services, {len(started)} started by systemd, {len(refused)} refused")


def _module(inventory: str, **options: Any) -> dict[str, Any]:
    arguments = json.dumps({"component": "kube-apiserver", **options})
    command = [
        sys.executable,
        "-m",
        "ansible",
        "adhoc",
        NODE,
        "-i",
        inventory,
        "-m",
        "kubeadm.ha.component_arguments",
        "-a",
        arguments,
    ]
    output = run(*command).stdout
    result: dict[str, Any] = json.loads(output[output.index("=> ") + 3 :])
    return result


LAYOUTS = {
    "a file of its own": (
        f"EnvironmentFile=-/opt/kubernetes/cfg/kube-apiserver.conf\nExecStart={PROGRAM} $OPTS\n",
        'OPTS="--v=2 \\\n--bind-address=192.0.2.11 \\\n--secure-port=6443"\n',
    ),
    "the unit": (
        f"ExecStart={PROGRAM} \\\n  --v=2 \\\n  # where\n  --bind-address=192.0.2.11 \\\n  --secure-port=6443\n",
        "",
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_is_set_arrives(inventory: str, layout: str) -> None:
    settings, content = LAYOUTS[layout]
    unit = "kube-apiserver.service"
    files = {
        f"{DIRECTORY}/{unit}": f"[Service]\nType=oneshot\n{settings}",
        "/opt/kubernetes/cfg/kube-apiserver.conf": content,
    }
    before = _start(files, [unit])[unit]
    assert before == ["--v=2", "--bind-address=192.0.2.11", "--secure-port=6443"]
    desired = {"bind-address": "192.0.2.12", "secure-port": None, "runtime-config": ["a b", "c'd\"$HOME%n\\"]}
    result = _module(inventory, set=desired)
    assert (result["changed"], len(result["changed_files"])) == (True, 1)
    after = _start({}, [unit])[unit]
    assert after == ["--v=2", "--bind-address=192.0.2.12", "--runtime-config=a b", "--runtime-config=c'd\"$HOME%n\\"]
    again = _module(inventory, set=desired)
    assert (again["changed"], again["arguments"]["runtime-config"]) == (False, desired["runtime-config"])


def test_a_drop_in_that_systemd_does_not_know_yet(inventory: str) -> None:
    drop_in = f"{DIRECTORY}/kube-apiserver.service.d/10-local.conf"
    # One that is active stays in systemd's memory as it was read.
    unit = f"[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart={PROGRAM} $A\n"
    assert _start({f"{DIRECTORY}/kube-apiserver.service": unit}, ["kube-apiserver.service"]) == {
        "kube-apiserver.service": []
    }
    text = "[Service]\\nEnvironment=A=--v=3\\n"
    lab(
        *("exec", "--name", LAB, NODE, "--"),
        "sh",
        "-c",
        f"mkdir -p {drop_in.rpartition('/')[0]} && printf '{text}' > {drop_in}",
    )
    arguments = json.dumps({"component": "kube-apiserver"})
    command = [
        sys.executable,
        "-m",
        "ansible",
        "adhoc",
        NODE,
        "-i",
        inventory,
        "-m",
        "kubeadm.ha.component_arguments",
        "-a",
        arguments,
    ]
    assert f"systemd has not loaded {drop_in}" in run(*command, check=False).stdout
    lab("exec", "--name", LAB, NODE, "--", "systemctl", "daemon-reload")
    assert _module(inventory, set={"v": 4})["changed_files"] == [drop_in]
