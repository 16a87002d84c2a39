# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The predictions of kubeadm.ha.load_balancer_lint against outages that really happen, to the configurations that it has read.

Real haproxy, nginx and keepalived in network namespaces, eight measurements at a time. A prediction holds within 1 s or a quarter of it. The
figures are printed (pytest -rP).
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import typing as t
from pathlib import Path

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer.providers import haproxy, nginx
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.lint import ConfigurationFile, lint
from tests.roles import move_in_namespaces as moves
from tests.roles import outage_in_namespace as outage
from tests.roles.balancer import Authority
from tests.roles.debian_programs import Programs, programs
from tests.roles.lint_configurations import CONFIGURATIONS, HOLDERS, LISTEN, VIP, VIRTUAL_IPS
from tests.roles.outage_in_namespace import BALANCER, DEAD, FROZEN, GONE, PORT, SERVERS, UNREADY
from tests.tools.environment import ROOT
from tests.unit.plugins.module_utils._domain.load_balancer.providers import test_haproxy as of_haproxy
from tests.unit.plugins.module_utils._domain.load_balancer.providers import test_nginx as of_nginx
from tests.unit.plugins.role_template import RoleTemplate

if t.TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.full

AT_A_TIME = 8
#: A prediction holds within so many seconds, or so much of itself.
SECONDS, PART = 1.0, 0.25
#: Seconds for which nothing may get better where that is the prediction, and beyond the prediction where it is a number.
NEVER, BEYOND = 8.0, 8.0
#: The end of an open connection is waited for where it is predicted within so many seconds.
SOON = 25.0
OURS_HAPROXY, OURS_NGINX = "our-haproxy", "our-nginx"
#: Events of each configuration. What is left out would take a minute and follows the sum of one that is not.
EVENTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys((*CONFIGURATIONS, OURS_HAPROXY, OURS_NGINX), (DEAD, FROZEN, UNREADY, GONE)),
    "kubespray": (DEAD, FROZEN, UNREADY),
    "recipe-nginx": (DEAD, FROZEN, UNREADY),
}
MOVES: dict[str, tuple[str, ...]] = {
    "kubeadm-guide": (moves.LOST, moves.STOPPED, moves.FAILED),
    "kubeadm-guide-far-apart": (moves.FAILED,),
    "kubeadm-guide-nopreempt": (moves.FAILED,),
    "ours": (moves.LOST, moves.STOPPED, moves.FAILED),
}


@dataclasses.dataclass(frozen=True)
class Case:
    """One measurement of a load balancer.

    Attributes:
        name: of the configuration.
        event: what happens.
        program: ``haproxy`` or ``nginx``.
        text: of the configuration.
        unit: of the watcher, empty without one.
    """

    name: str
    event: str
    program: str
    text: str
    unit: str = ""

    def predicted(self) -> tuple[Mapping[str, t.Any], bool, bool]:
        """What is predicted of the event, whether something checks, and whether connections are counted."""
        files = [ConfigurationFile("lb1", self.program, self.program, self.text)]
        files += [ConfigurationFile("lb1", "unit", "watcher", self.unit)] if self.unit else []
        found = lint(files, nginx_text.parse)
        (outages,) = (each["outages"] for each in found.as_dict()["load_balancers"])
        checks = found.balancers[0].balancer.servers[0].check is not None
        return (
            next(each for each in outages if each["event"].endswith(self.event)),
            checks,
            bool(re.search(r"least_?conn", self.text)),
        )


@dataclasses.dataclass(frozen=True)
class Move:
    """One measurement of a virtual IP: which, and what happens."""

    name: str
    event: str

    def predicted(self) -> tuple[float | None, float]:
        """Seconds that are predicted, and those between two runs of the check."""
        files = [
            ConfigurationFile(each.host, "keepalived.conf", "keepalived", each.text)
            for each in VIRTUAL_IPS[self.name].routers
        ]
        (address,) = lint(files, nginx_text.parse).addresses
        (move,) = (
            each
            for each in address.moves
            if each.event == self.event or (self.event == moves.FAILED and each.event.endswith(" fails"))
        )
        script = address.routers[0].tracks[0].script
        return move.seconds, script.interval.value if script.kind == "script" else 0.0


def ours() -> Iterator[Case]:
    """What the roles write."""
    backends = [{"name": name, "address": address, "port": PORT} for name, address in SERVERS.items()]
    own = {"bind_address": BALANCER, "bind_port": LISTEN, "backends": backends}
    values = haproxy.parse("lb1", {**of_haproxy.INPUTS, **own}, has_ipv6=False).provider.values
    text = RoleTemplate.of("apiserver_haproxy", "haproxy.cfg.j2").render({**values, "digest": "x"})
    yield from (Case(OURS_HAPROXY, event, "haproxy", text) for event in EVENTS[OURS_HAPROXY])
    values = nginx.parse(
        "lb1", {**of_nginx.INPUTS, **own}, has_ipv6=False, stream_module="", python=sys.executable
    ).provider.values
    text, unit = (
        RoleTemplate.of("apiserver_nginx", name).render({**values, "digest": "x"})
        for name in ("nginx.conf.j2", "kubernetes-apiserver-watch.service.j2")
    )
    yield from (Case(OURS_NGINX, event, "nginx", text, unit) for event in EVENTS[OURS_NGINX])


CASES: list[Case | Move] = [
    *(Case(name, event, each.program, each.text) for name, each in CONFIGURATIONS.items() for event in EVENTS[name]),
    *ours(),
    *(Move(name, event) for name, events in MOVES.items() for event in events),
]


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    """A directory with a short name, for sockets."""
    with tempfile.TemporaryDirectory(prefix="lint-") as made:
        Path(made).chmod(0o755)
        yield Path(made)


@pytest.fixture(scope="module")
def measured(directory: Path, request: pytest.FixtureRequest) -> Mapping[Case | Move, Mapping[str, t.Any]]:
    """What every case that is run has shown, the longest first."""
    authority = Authority.create(directory / "pki")
    for name in SERVERS:
        authority.issue(name, "DNS:kubernetes")
    found = programs()

    def limit(case: Case | Move) -> float:
        seconds = case.predicted()[0]["clean_seconds"] if isinstance(case, Case) else case.predicted()[0]
        return seconds if seconds is not None else 40.0

    def one(case: Case | Move) -> Mapping[str, t.Any]:
        place = directory / str(CASES.index(case))
        shutil.copytree(authority.directory, place)
        return of_balancer(case, place, found) if isinstance(case, Case) else of_move(case, place, found)

    items = [
        item
        for item in request.session.items
        if isinstance(item, pytest.Function) and item.function is test_a_prediction_holds
    ]
    wanted: list[Case | Move] = [t.cast("Case | Move", item.callspec.params["case"]) for item in items]
    ordered = sorted(wanted, key=limit, reverse=True)
    with concurrent.futures.ThreadPoolExecutor(AT_A_TIME) as pool:
        return dict(zip(ordered, pool.map(one, ordered), strict=True))


def in_namespace(program: str, job: Mapping[str, t.Any], found: Programs) -> Mapping[str, t.Any]:
    """Run one of the measuring programs."""
    command = ["unshare", "--net", sys.executable, str(ROOT / "tests/roles" / program)]
    done = subprocess.run(
        command,
        input=json.dumps(job),
        env={**found.environment, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        timeout=300,
        check=False,
    )
    logs = "".join(path.read_text(errors="replace")[-1500:] for path in Path(job["directory"]).glob("**/*.log"))
    assert done.returncode == 0, f"{job} ends with {done.returncode}:\n{done.stderr}\n{logs}"
    result: dict[str, t.Any] = json.loads(done.stdout)
    return result


def of_balancer(case: Case, place: Path, found: Programs) -> Mapping[str, t.Any]:
    """Measure a load balancer."""
    predicted, checks, counts = case.predicted()
    clean, opened = predicted["clean_seconds"], predicted["open_seconds"]
    limit = NEVER if clean is None else clean + BEYOND
    # An algorithm that counts connections sends none to the victim any more once that hangs on to as many as the others have.
    every = max(0.1 if limit < 2 * BEYOND else 0.2, limit / 80 if counts else 0.0)
    job = outage.Job(
        programs=commands(case, place, found),
        port=LISTEN,
        event=case.event,
        directory=str(place),
        limit=limit,
        open_limit=opened + SECONDS * 3 if opened is not None and opened < SOON else 0.0,
        settle=4.0,
        checks=checks,
        every=every,
        held=int(limit / every) + 10 if counts else 0,
    )
    return in_namespace("outage_in_namespace.py", job, found)


def commands(case: Case, place: Path, found: Programs) -> list[list[str]]:
    """How the load balancer is started, whose files are written. Of the text only paths are changed, and what a service manager does."""
    if case.program == "haproxy":
        text = (
            re.sub(r"(?m)^  (chroot|user|group) .*\n", "", case.text)
            .replace("/var/lib/haproxy", str(place))
            .replace("/etc/haproxy", str(place))
        )
        (place / "haproxy.cfg").write_text(text)
        shutil.copy(ROOT / "roles/apiserver_haproxy/files/kubernetes-apiserver.lua", place)
        shutil.copy(place / "ca.crt", place / "kubernetes-ca.crt")
        return [[found.path("haproxy"), "-W", "-f", str(place / "haproxy.cfg")]]
    run = place / "run"
    run.mkdir()
    head = f"load_module {found.stream_module};\n" if found.stream_module else ""
    if not case.unit:
        head += f"daemon off;\npid {run}/nginx.pid;\nerror_log {run}/nginx.log;\n"
    (place / "nginx.conf").write_text(head + case.text.replace("/run/nginx-kubernetes-apiserver", str(run)))
    shutil.copy(place / "nginx.conf", run)
    started = [[found.path("nginx"), "-c", str(run / "nginx.conf"), "-e", f"{run}/early.log", "-p", str(run)]]
    if case.unit:
        line = re.search(r"(?m)^ExecStart=((?:.*\\\n)*.*)", case.unit)
        assert line is not None
        places = {
            "/etc/nginx/kubernetes-apiserver/nginx.conf": str(place / "nginx.conf"),
            "/run/nginx-kubernetes-apiserver": str(run),
            "/usr/sbin/nginx": found.path("nginx"),
        }
        words = shlex.split(line.group(1).replace("\\\n", " "))
        words = [f"--ca={place / 'ca.crt'}" if word.startswith("--ca=") else word for word in words]
        words = [
            str(ROOT / "roles/apiserver_nginx/files/kubernetes-apiserver-watch")
            if word.endswith("/kubernetes-apiserver-watch")
            else word
            for word in words
        ]
        for old, new in places.items():
            words = [word.replace(old, new) for word in words]
        started.append(words)
    return started


def of_move(case: Move, place: Path, found: Programs) -> Mapping[str, t.Any]:
    """Measure a virtual IP."""
    seconds, interval = case.predicted()
    for each in VIRTUAL_IPS[case.name].routers:
        (place / f"{each.host}.conf").write_text(each.text)
    job = moves.Job(
        keepalived=found.path("keepalived"),
        directory=str(place),
        hosts=HOLDERS,
        vip=VIP,
        event=case.event,
        script_interval=interval,
        # The guide's script needs 30 s to fail.
        limit=seconds + BEYOND if seconds is not None else 40.0,
    )
    return in_namespace("move_in_namespaces.py", job, found)


def agree(predicted: float | None, seconds: float | None) -> bool:
    """Whether a prediction holds."""
    if predicted is None or seconds is None:
        return predicted is seconds
    return abs(seconds - predicted) <= max(SECONDS, PART * predicted)


@pytest.mark.parametrize(
    "case",
    CASES,
    ids=lambda case: f"{'ip-' if isinstance(case, Move) else ''}{case.name}-{case.event.replace(' ', '-')}",
)
def test_a_prediction_holds(case: Case | Move, measured: Mapping[Case | Move, Mapping[str, t.Any]]) -> None:
    result = measured[case]
    if isinstance(case, Move):
        seconds, _interval = case.predicted()
        print(f"virtual IP {case.name}, {case.event}: predicted {seconds}, measured {result}")
        assert agree(seconds, result["seconds"])
        return
    predicted, _checks, _counts = case.predicted()
    clean, opened = predicted["clean_seconds"], predicted["open_seconds"]
    print(f"{case.name}, {case.event}: predicted {clean}, open connections {opened}, measured {result}")
    assert agree(clean, result["seconds"])
    if clean is None:
        assert result["failed"] > 0
    if opened is not None and opened < SOON:
        assert agree(opened, result["open_seconds"])
