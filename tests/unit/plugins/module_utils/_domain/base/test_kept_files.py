# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Before, as it was left, and now."""

from __future__ import annotations

import dataclasses
import itertools
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.kept_files import (
    ROOT,
    Record,
    keep,
    note,
    restore,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.service_host import ServiceState
from tests.unit.plugins.certificates import Killed, MemoryFiles

CONF, UNIT, NEW = "/opt/k/api.conf", "/etc/systemd/system/new.service", "/opt/k/bin/new"


@dataclasses.dataclass
class Services:
    """``ServiceHost`` of services that only do what they are asked to."""

    files: MemoryFiles
    directories: set[str] = dataclasses.field(default_factory=lambda: {"/opt", "/opt/k"})
    active: dict[str, str] = dataclasses.field(default_factory=dict)
    enabled: set[str] = dataclasses.field(default_factory=set)
    owners: dict[str, tuple[int, int, int]] = dataclasses.field(default_factory=dict)
    events: list[str] = dataclasses.field(default_factory=list)

    def state(self, unit: str) -> ServiceState:
        """As it is."""
        return ServiceState(self.active.get(unit, "inactive"), 1, 0)

    def is_enabled(self, unit: str) -> bool:
        """As it is."""
        return unit in self.enabled

    def reload(self) -> None:
        """Remember it."""
        self.events.append("reload")

    def enable(self, unit: str, *, enabled: bool) -> None:
        """Do it."""
        (self.enabled.add if enabled else self.enabled.discard)(unit)

    def restart(self, unit: str) -> None:
        """Do it."""
        self.active[unit] = "active"
        self.events.append(f"restart {unit}")

    def stop(self, unit: str) -> None:
        """Do it."""
        self.active[unit] = "inactive"
        self.events.append(f"stop {unit}")

    def journal(self, unit: str, *, since: float) -> str:
        """Not asked here."""
        raise AssertionError

    def has_loaded(self, unit: str, paths: t.Iterable[str]) -> bool:
        """Not asked here."""
        raise AssertionError

    def owner(self, path: str) -> tuple[int, int, int] | None:
        """Root's, where nothing else is said."""
        if path in self.directories:
            return 0, 0, 0o755
        return self.owners.get(path, (0, 0, self.files.modes.get(path, 0o644))) if self.files.exists(path) else None

    def give(self, path: str, uid: int, gid: int, mode: int) -> None:
        """Set them."""
        self.owners[path] = (uid, gid, mode)
        self.files.modes[path] = mode

    def make_directory(self, path: str) -> None:
        """Make it."""
        self.directories.add(path)


@dataclasses.dataclass
class Site:
    """A host and its records."""

    files: MemoryFiles
    host: Services

    def record(self, name: str = "role") -> Record:
        """Read anew, as by another task."""
        return Record(self.files, self.host, f"{ROOT}/{name}")

    def keep(
        self, *paths: str, name: str = "role", directories: t.Sequence[str] = (), units: t.Sequence[str] = ()
    ) -> bool:
        """Keep and say whether there was something new."""
        decision = keep(self.record(name), paths, directories, units)
        if decision.changes:
            decision.act()
        return bool(decision.changes)

    def note(self, name: str = "role") -> bool:
        """Note and say whether there was something new."""
        decision = note(self.record(name))
        if decision.changes:
            decision.act()
        return bool(decision.changes)

    def restore(self, *names: str, **options: t.Any) -> list[str]:
        """Put everything back; the objects that changed."""
        decision = restore(self.files, self.host, [self.record(name) for name in names or ("role",)], **options)
        if decision.changes:
            decision.act()
        return [change.object for change in decision.changes]

    @property
    def contents(self) -> dict[str, bytes]:
        """Every file but the records."""
        return {path: content for path, content in self.files.contents.items() if not path.startswith(ROOT)}


@pytest.fixture
def site() -> Site:
    """A host with one file and one service."""
    files = MemoryFiles({CONF: b"--v=2"})
    files.modes[CONF] = 0o640
    host = Services(files, active={"api.service": "active"}, enabled={"api.service"})
    return Site(files, host)


def change(site: Site) -> None:
    """What a role does."""
    site.keep(CONF, UNIT, NEW, directories=["/opt/k", "/opt/k/bin"], units=["api.service", "new.service"])
    site.files.contents[CONF] = b"--v=4"
    site.files.contents.update({UNIT: b"[Service]", NEW: b"ELF"})
    site.host.directories.add("/opt/k/bin")
    site.host.active["new.service"] = "active"
    site.host.enabled.add("new.service")
    site.note()


def test_everything_is_as_before(site: Site) -> None:
    before = site.contents
    change(site)
    assert set(site.restore()) == {
        "service new.service", f"file {CONF}", f"file {UNIT}", f"file {NEW}", "directory /opt/k/bin", f"record {ROOT}/role",
    }  # fmt: skip
    assert site.contents == before
    assert site.files.modes[CONF] == 0o640
    assert site.host.active == {"api.service": "active", "new.service": "inactive"}
    assert site.host.enabled == {"api.service"}
    assert site.host.events == ["stop new.service", "reload", "restart api.service"]
    assert not [path for path in site.files.contents if path.startswith(ROOT)]
    assert site.restore() == []


def test_a_service_that_must_end_was_not_there_before(site: Site) -> None:
    change(site)
    after = dict(site.contents)
    for unit in ("api.service", "unknown.service"):
        with pytest.raises(UnsupportedState, match=rf"^Nothing was changed: {unit} ran here before the role"):
            site.restore(stops=["new.service", unit])
    assert site.contents == after
    assert "service new.service" in site.restore(stops=["new.service"])


def test_what_is_kept_first_counts(site: Site) -> None:
    before = site.contents
    change(site)
    assert not site.note()
    assert site.keep(CONF)
    site.files.contents[CONF] = b"--v=6"
    site.note()
    site.restore()
    assert site.contents == before


def test_what_somebody_else_has_changed_stays_and_is_named(site: Site) -> None:
    change(site)
    site.files.contents[CONF] = b"--v=9"
    state = dict(site.files.contents)
    with pytest.raises(UnsupportedState, match=f"Nothing was changed: {CONF} changed since the role did"):
        site.restore()
    assert site.files.contents == state
    assert f"file {CONF}" in site.restore(overwrite=True)
    assert site.contents == {CONF: b"--v=2"}


def test_what_is_as_before_again_is_nobody_elses(site: Site) -> None:
    change(site)
    site.files.contents[CONF] = b"--v=2"
    assert f"file {CONF}" not in site.restore()


def test_an_interrupted_role_is_undone_too(site: Site) -> None:
    site.keep(CONF, NEW)
    site.files.contents.update({CONF: b"--v=4", NEW: b"half"})
    site.restore()
    assert site.contents == {CONF: b"--v=2"}


def test_a_later_role_is_undone_first(site: Site) -> None:
    change(site)
    site.keep(CONF, name="later/api.service", units=["api.service"])
    site.files.contents[CONF] = b"--v=5"
    site.note("later/api.service")
    with pytest.raises(UnsupportedState):
        site.restore()
    site.restore("later/api.service", "none", "role")
    assert site.contents == {CONF: b"--v=2"}


def test_what_a_service_has_written_goes_with_its_record_only(site: Site) -> None:
    own = "/opt/k/bin/kubelet.crt"
    change(site)
    site.files.contents[own] = b"own"
    assert site.restore("none", written=[own]) == []
    assert {f"file {own}", "directory /opt/k/bin"} <= set(site.restore(written=[own]))
    assert own not in site.files.contents


@pytest.mark.parametrize("writer", ["api.service", "other.service"])
def test_what_a_service_has_written_that_goes_on_stays(site: Site, writer: str) -> None:
    """It ran before, or the role did nothing to it."""
    own = "/opt/k/bin/kubelet.crt"
    change(site)
    site.files.contents[own] = b"own"
    assert f"file {own}" not in site.restore(written=[own], writer=writer)
    assert own in site.files.contents


def test_what_a_service_has_written_goes_with_it(site: Site) -> None:
    """The module says which services end."""
    own = "/opt/k/bin/kubelet.crt"
    change(site)
    site.files.contents[own] = b"own"
    records = [site.record("role")]
    assert restore(site.files, site.host, records).values["ended"] == ["new.service"]
    assert f"file {own}" in site.restore(written=[own], writer="new.service")


def test_a_directory_with_something_of_others_stays(site: Site) -> None:
    change(site)
    site.files.contents["/opt/k/bin/other"] = b""
    assert "directory /opt/k/bin" not in site.restore()
    assert "/opt/k/bin/other" in site.files.contents


def test_a_copy_that_is_gone_changes_nothing(site: Site) -> None:
    change(site)
    (copy,) = [path for path in site.files.contents if path.startswith(ROOT) and path.endswith("api.conf")]
    site.files.remove(copy)
    with pytest.raises(UnsupportedState, match="is gone, the copy of"):
        site.restore()


def test_killed_anywhere_the_next_run_ends_alike(site: Site) -> None:
    """After each number of changes of files."""
    before = site.contents
    for calls in itertools.count(1):
        change(site)
        site.files.calls_left = calls
        try:
            site.restore()
        except Killed:
            was_killed = True
        else:
            was_killed = False
        site.files.calls_left = None
        site.restore()
        assert site.contents == before, calls
        assert site.host.active == {"api.service": "active", "new.service": "inactive"}
        assert not [path for path in site.files.contents if path.startswith(ROOT)]
        site.host.directories.discard("/opt/k/bin")
        if not was_killed:
            break
    assert calls > 6
