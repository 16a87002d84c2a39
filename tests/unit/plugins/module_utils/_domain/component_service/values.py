# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A master of systemd services in memory: its files, its services, its API server."""

from __future__ import annotations

import dataclasses
import functools
import json
import typing as t

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.plain import PlainYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import KubeadmHaError
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.invocation import (
    Sources,
    parse,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service import decision, desired, texts
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.arguments import last_of
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.found import FoundService
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.profile import (
    CONTROLLERS,
    MANAGER,
    PROFILES,
    SCHEDULER,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.transaction import Transaction
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.https import Answer
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.service_host import ServiceState
from tests.unit.plugins.certificates import NOW, MemoryFiles, make_ca, make_certificate

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component_service.decision import Plan

INPUTS: dict[str, t.Any] = {
    "arguments": {},
    "bind_address": "",
    "ca_certificate": "",
    "ca_key": "",
    "certificate": "",
    "certificate_renew_days": 90,
    "certificate_valid_days": 365,
    "extra_sans": [],
    "harden": True,
    "insecure_port": 0,
    "kubeconfig": "",
    "lease_duration": "15s",
    "private_key": "",
    "program": "",
    "renew_deadline": "10s",
    "retry_period": "2s",
    "secure_port": 0,
    "server": "",
    "signs_here": True,
    "unit": "",
    "wait_timeout": 60,
    "writable_paths": [],
}
SSL, CFG = "/opt/kubernetes/ssl", "/opt/kubernetes/cfg"
ADMIN = f"{CFG}/admin.kubeconfig"
SERVER = "https://192.0.2.11:6443"
STAGED = "/run/staged"
DROP_IN = f"/etc/systemd/system/{SCHEDULER}.service.d/60-kubeadm-ha.conf"
CONF = f"{CFG}/{SCHEDULER}.conf"
UNIT = f"/usr/lib/systemd/system/{SCHEDULER}.service"
UNIT_TEXT = f"""\
[Service]
EnvironmentFile={CONF}
ExecStart=/opt/kubernetes/bin/{SCHEDULER} $KUBE_SCHEDULER_OPTS
"""
CONF_TEXT = f"""\
KUBE_SCHEDULER_OPTS="--v=2 \\
--leader-elect=true \\
--kubeconfig={ADMIN} \\
--bind-address=127.0.0.1"
"""
API_SERVER = {"client-ca-file": f"{SSL}/ca.pem", "bind-address": "192.0.2.11", "advertise-address": "192.0.2.11"}
CONTROLLER_MANAGER = {
    "cluster-signing-cert-file": f"{SSL}/ca.pem",
    "cluster-signing-key-file": f"{SSL}/ca-key.pem",
    "root-ca-file": f"{SSL}/ca.pem",
}
SANS = ("m1", "localhost", "127.0.0.1", "192.0.2.11")
PROFILE = PROFILES[SCHEDULER]


@functools.cache
def authority() -> t.Any:
    """The cluster's CA."""
    return make_ca()


class Host:
    """``ServiceHost`` that knows whether what it starts can run."""

    def __init__(self, files: MemoryFiles) -> None:
        self.files = files
        self.owners: dict[str, tuple[int, int, int]] = {}
        self.active = "active"
        self.pid, self.restarts = 100, 0
        self.events: list[str] = []
        self.is_loaded = True
        self.refuses: t.Callable[[MemoryFiles], bool] = lambda _files: False

    def state(self, unit: str) -> ServiceState:
        """What it does now."""
        return ServiceState(self.active, self.pid, self.restarts)

    def reload(self) -> None:
        """Remember it."""
        self.events.append("reload")

    def enable(self, unit: str, *, enabled: bool) -> None:
        """Remember it."""
        self.events.append("enable" if enabled else "disable")

    def is_enabled(self, unit: str) -> bool:
        """Always."""
        return True

    def restart(self, unit: str) -> None:
        """It runs, or fails."""
        self.events.append("restart")
        self.pid += 1
        self.active = "failed" if self.refuses(self.files) else "active"

    def stop(self, unit: str) -> None:
        """It ends."""
        self.events.append("stop")
        self.active = "inactive"

    def journal(self, unit: str, *, since: float) -> str:
        """Its last words."""
        return "E1129 10:00:00.000000   1 run.go:74] flag is unknown"

    def has_loaded(self, unit: str, paths: t.Iterable[str]) -> bool:
        """As the test says."""
        return self.is_loaded

    def owner(self, path: str) -> tuple[int, int, int] | None:
        """Root's, where nothing else is said."""
        if not self.files.exists(path):
            return None
        found = self.owners.get(path, (0, 0, 0))
        return found[0], found[1], self.files.modes.get(path, 0o755)

    def give(self, path: str, uid: int, gid: int, mode: int) -> None:
        """Set them."""
        self.owners[path] = (uid, gid, mode)
        self.files.modes[path] = mode

    def make_directory(self, path: str) -> None:
        """There are all."""


class Clock:
    """A clock that goes on by sleeping only."""

    def __init__(self) -> None:
        self.seconds = NOW.timestamp()

    def now(self) -> float:
        """The tests' time."""
        return self.seconds

    def monotonic(self) -> float:
        """The same."""
        return self.seconds

    def sleep(self, seconds: float) -> None:
        """Go on."""
        self.seconds += seconds


class Servers:
    """``Https`` of a cluster and of the component.

    Attributes:
        answers: statuses by path that differ from a healthy cluster's.
        denied: resources that the identity may not use; ``everything`` is allowed when it is in ``allowed``.
        names: of clusterroles and their bindings.
    """

    def __init__(self, user: str = f"system:{SCHEDULER}") -> None:
        self.user = user
        self.groups = ["system:authenticated"]
        self.answers: dict[str, int] = {}
        self.denied: set[str] = set()
        self.is_administrator = False
        self.names = {f"system:controller:{name}" for name in CONTROLLERS} | {
            f"system:{name}" for name in (MANAGER, SCHEDULER)
        }
        self.asked: list[str] = []

    def ask(
        self,
        url: str,
        *,
        ca: bytes,
        pair: tuple[str, str] | None = None,
        body: t.Mapping[str, t.Any] | None = None,
    ) -> Answer:
        """As a server would."""
        path = "/" + url.split("/", 3)[3]
        key = f"{path} anonymous" if pair is None and path == "/metrics" else path
        self.asked.append(key)
        if key in self.answers:
            return Answer(self.answers[key], "refused")
        if key == "/metrics anonymous":
            return Answer(403, "Forbidden")
        if "selfsubjectreviews" in path:
            return Answer(201, json.dumps({"status": {"userInfo": {"username": self.user, "groups": self.groups}}}))
        if body is not None:
            attributes = body["spec"]["resourceAttributes"]
            is_allowed = (
                self.is_administrator if attributes["verb"] == "*" else attributes["resource"] not in self.denied
            )
            return Answer(201, json.dumps({"status": {"allowed": is_allowed}}))
        if "rbac" in path:
            return Answer(200, json.dumps({"items": [{"metadata": {"name": name}} for name in sorted(self.names)]}))
        return Answer(200, "ok")


def sources() -> Sources:
    """The scheduler's unit, with flags in a file."""
    unit = Unit(f"{SCHEDULER}.service", Text(UNIT, UNIT_TEXT))
    return Sources(unit, {CONF: Text(CONF, CONF_TEXT)})


@dataclasses.dataclass
class Master:
    """A host with kube-scheduler, which has the administrator's kubeconfig."""

    inputs: dict[str, t.Any] = dataclasses.field(default_factory=lambda: dict(INPUTS))
    changes: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    component: str = SCHEDULER
    has_library: bool = True

    def __post_init__(self) -> None:
        ca = authority()
        kubeconfig = texts.kubeconfig(PROFILE, SERVER, ca=ca.certificate, certificate=b"c", key=b"k")
        contents = {
            f"{SSL}/ca.pem": ca.certificate,
            f"{SSL}/ca-key.pem": ca.key,
            ADMIN: kubeconfig.replace(PROFILE.user.encode(), b"cluster-admin"),
            UNIT: UNIT_TEXT.encode(),
            CONF: CONF_TEXT.encode(),
            f"/opt/kubernetes/bin/{SCHEDULER}": b"",
        }
        self.files = MemoryFiles(contents)
        self.host, self.servers, self.clock = Host(self.files), Servers(), Clock()

    @property
    def found(self) -> FoundService:
        """What the host has now."""
        text = {UNIT: self.files.contents.get(UNIT, b"").decode(), CONF: self.files.contents.get(CONF, b"").decode()}
        unit = Unit(f"{SCHEDULER}.service", Text(UNIT, text[UNIT]))
        read = Sources(unit, {CONF: Text(CONF, text[CONF])})
        found = FoundService(
            host="m1",
            addresses=("192.0.2.11",),
            sources=read,
            flags=last_of(parse(read).flags),
            program=f"/opt/kubernetes/bin/{SCHEDULER}",
            version="v1.34.4",
            is_active=self.host.active == "active",
            is_enabled=True,
            api_server=API_SERVER,
            manager=CONTROLLER_MANAGER,
        )
        return dataclasses.replace(found, **self.changes)

    @property
    def ports(self) -> decision.Ports:
        """What decisions read and change."""
        x509 = CryptographyX509() if self.has_library else None
        return decision.Ports(self.files, self.host, PlainYaml(), x509, self.clock)

    def decide(self, **inputs: t.Any) -> Plan:
        """What would change with other inputs."""
        profile = PROFILES[self.component]
        wanted, faults = desired.parse(profile, "m1", {**self.inputs, **inputs})
        return decision.decide(profile, wanted, faults, self.found, self.ports)

    def issue(self, **options: t.Any) -> None:
        """What the role issues."""
        pair = make_certificate(authority(), *SANS, name=f"system:{self.component}", **options)
        metrics = make_certificate(authority(), name="kubeadm-ha-metrics")
        for name, issued in (("own", pair), ("metrics", metrics)):
            self.files.contents[f"{STAGED}/{name}.crt"] = issued.certificate
            self.files.contents[f"{STAGED}/{name}.key"] = issued.key

    def change(self, **inputs: t.Any) -> t.Sequence[str]:
        """Decide and change; the objects that changed."""
        profile = PROFILES[self.component]
        wanted, _faults = desired.parse(profile, "m1", {**self.inputs, **inputs})
        plan = self.decide(**inputs)
        assert plan.problems == ()
        made = Transaction(profile, wanted, plan, self.ports, self.servers, staged=STAGED).decision()
        if made.changes:
            made.act()
        return [change.object for change in made.changes]

    def fails(self, **inputs: t.Any) -> str:
        """The message with which a change fails."""
        try:
            self.change(**inputs)
        except KubeadmHaError as error:
            return error.message
        raise AssertionError("it was changed")

    @property
    def state(self) -> dict[str, bytes]:
        """Files of the host, without what was issued and what is kept."""
        return {
            path: content for path, content in self.files.contents.items() if not path.startswith(("/run/", "/var/"))
        }


__all__ = (
    "ADMIN",
    "CFG",
    "CONF",
    "DROP_IN",
    "INPUTS",
    "PROFILE",
    "SERVER",
    "SSL",
    "STAGED",
    "Master",
    "authority",
    "sources",
)
