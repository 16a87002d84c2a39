# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The replacement of a certificate, killed at every change of a file, and all that it refuses."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import typing as t

import pytest
from cryptography import x509

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint, parse_sans
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    CommandFailed,
    KubeadmHaError,
    NotProved,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.local_control_plane import LocalControlPlane
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate_issue import KINDS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.pki.certificate_replacement import (
    Ports,
    Sources,
    Wanted,
    ensure,
    ensure_previous,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import (
    NOW,
    Issued,
    Killed,
    MemoryFiles,
    MemoryServer,
    make_ca,
    make_certificate,
)

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

PKI = "/etc/kubernetes/pki"
STATE = "/var/lib/kubeadm-ha"
WORK = f"{STATE}/certificates/apiserver"
CERTIFICATE, KEY = f"{PKI}/apiserver.crt", f"{PKI}/apiserver.key"
OLD_SANS = ("cp1", "kubernetes", "10.96.0.1", "192.0.2.11")
NEW_SANS = ("k8s.example.org", "192.0.2.10")
X509 = CryptographyX509()
#: kubeadm's own SANs, as far as the tests check them.
KUBEADM_SANS = ("kubernetes", "10.96.0.1")


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return NOW.timestamp() + self.seconds

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class Kubeadm:
    """``Commands`` with a kubeadm that issues what its configuration file says, as the real one does."""

    def __init__(self, files: MemoryFiles, ca: Issued) -> None:
        self.files = files
        self.ca = ca
        self.runs: list[tuple[str, ...]] = []
        self.documents: list[t.Any] = []
        self.is_failing = False
        #: What the issued pair becomes before it is written.
        self.spoil: t.Callable[[Issued], Issued] = lambda issued: issued

    def find(self, program: str) -> str | None:
        return f"/usr/bin/{program}"

    def run(
        self,
        arguments: t.Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        environment: t.Mapping[str, str] | None = None,
    ) -> CommandResult:
        self.runs.append(tuple(arguments))
        if self.is_failing:
            raise CommandFailed("kubeadm init phase certs failed with return code 1: no")
        content = self.files.read(arguments[-1].partition("=")[2])
        assert content is not None
        self.documents = list(PyYaml().load_all(content.decode()))
        node, cluster = self.documents
        directory = cluster["certificatesDir"]
        assert self.files.read(f"{directory}/ca.key") == self.ca.key
        sans = [node["nodeRegistration"]["name"], node["localAPIEndpoint"]["advertiseAddress"], *KUBEADM_SANS]
        issued = self.spoil(make_certificate(self.ca, *dict.fromkeys([*sans, *cluster["apiServer"]["certSANs"]])))
        # The real one is another process: its writes are no calls of ours.
        self.files.contents[f"{directory}/apiserver.crt"] = issued.certificate
        self.files.contents[f"{directory}/apiserver.key"] = issued.key
        return CommandResult(0, "", "")


@dataclasses.dataclass
class Host:
    """A control plane node in memory."""

    files: MemoryFiles
    kubeadm: Kubeadm
    server: MemoryServer
    clock: Clock
    old: Issued
    configuration: dict[str, t.Any]
    control_plane: LocalControlPlane

    def decide(self, *sans: str, is_previous: bool = False, **changes: t.Any) -> Decision:
        wanted = Wanted(
            kind=KINDS[changes.pop("name", "apiserver")],
            sans=parse_sans(sans),
            pki_dir=PKI,
            state_dir=STATE,
            served_endpoint=Endpoint("127.0.0.1", 6443),
            serve_timeout=65.0,
        )
        ports = Ports(self.files, self.kubeadm, X509, self.server, self.clock, PyYaml())
        sources = Sources(configuration=lambda: self.configuration, control_plane=lambda: self.control_plane)
        act = ensure_previous if is_previous else ensure
        return act(ports, dataclasses.replace(wanted, **changes), sources)

    def run(self, *sans: str) -> t.Mapping[str, t.Any]:
        """As the module does: decide, and act when there is a change. The result's values."""
        decision = self.decide(*sans)
        return {**decision.values, **(decision.act() if decision.changes else {}), "changes": decision.changes}

    def go_back(self) -> t.Mapping[str, t.Any]:
        """The same for the way back."""
        decision = self.decide(is_previous=True)
        return {**decision.values, **(decision.act() if decision.changes else {}), "changes": decision.changes}

    @property
    def is_pair(self) -> bool:
        return X509.key_matches(self.files.contents[CERTIFICATE], self.files.contents[KEY])

    @property
    def sans(self) -> set[str]:
        return {san.value for san in X509.certificates(self.files.contents[CERTIFICATE])[0].sans}

    @property
    def remains(self) -> list[str]:
        """What is left of the work directory."""
        return [name for name in [*self.files.contents, *self.files.directories] if name.startswith(WORK)]


@functools.cache
def ca() -> Issued:
    return make_ca()


@functools.cache
def old_pair(*sans: str | x509.GeneralName) -> Issued:
    return make_certificate(ca(), *sans)


def make_host(old: Issued | None = None) -> Host:
    old = old or old_pair(*OLD_SANS)
    files = MemoryFiles(
        {CERTIFICATE: old.certificate, KEY: old.key, f"{PKI}/ca.crt": ca().certificate, f"{PKI}/ca.key": ca().key}
    )
    files.modes[KEY] = 0o640
    configuration = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "certificatesDir": PKI,
        "apiServer": {"certSANs": ["configured.example.org"], "extraArgs": [{"name": "v", "value": "2"}]},
    }
    return Host(
        files=files,
        kubeadm=Kubeadm(files, ca()),
        server=MemoryServer(files, f"{PKI}/apiserver"),
        clock=Clock(),
        old=old,
        configuration=configuration,
        control_plane=LocalControlPlane("cp1", "192.0.2.11", 6443, "unix:///run/containerd/containerd.sock"),
    )


@pytest.fixture
def host() -> Host:
    return make_host()


def test_replaces_the_pair_and_leaves_nothing_behind(host: Host) -> None:
    values = host.run(*NEW_SANS)
    assert [change.object for change in values["changes"]] == ["certificate apiserver"]
    assert host.sans >= {*OLD_SANS, *NEW_SANS, "configured.example.org"}
    assert host.is_pair
    assert (host.files.modes[KEY], host.files.modes[CERTIFICATE]) == (0o640, 0o644)
    assert host.remains == []
    assert values["is_served"] is True
    assert values["certificate"]["serial_number"] == X509.certificates(host.files.contents[CERTIFICATE])[0].serial_hex
    assert host.run(*NEW_SANS)["changes"] == ()
    assert len(host.kubeadm.runs) == 1


def test_a_decision_alone_changes_nothing(host: Host) -> None:
    before = dict(host.files.contents)
    decision = host.decide(*NEW_SANS)
    assert len(decision.changes) == 1
    assert host.files.contents == before
    assert host.kubeadm.runs == []
    assert decision.values["certificate"] == X509.certificates(host.old.certificate)[0].as_dict()


def test_what_kubeadm_is_given(host: Host) -> None:
    original = PyYaml().dump(host.configuration)
    host.run(*NEW_SANS)
    node, cluster = host.kubeadm.documents
    assert host.kubeadm.runs == [("kubeadm", "init", "phase", "certs", "apiserver", f"--config={WORK}/kubeadm.yaml")]
    assert node == {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": "192.0.2.11", "bindPort": 6443},
        "nodeRegistration": {"name": "cp1", "criSocket": "unix:///run/containerd/containerd.sock"},
    }
    assert cluster["apiServer"]["certSANs"] == ["configured.example.org", *sorted({*OLD_SANS, *NEW_SANS})]
    assert cluster["certificatesDir"] == f"{WORK}/new"
    assert PyYaml().dump(host.configuration) == original


def test_nothing_to_do_reports_whether_it_is_served(host: Host) -> None:
    assert host.decide("cp1").values["is_served"] is True
    host.server.is_up = False
    assert host.decide("cp1").values["is_served"] is None
    host.server.is_up, host.server.reloads = True, False
    other = make_certificate(ca(), *OLD_SANS)
    host.files.contents.update({CERTIFICATE: other.certificate, KEY: other.key})
    decision = host.decide("cp1")
    assert (decision.changes, decision.values["is_served"]) == ((), False)
    assert "127.0.0.1:6443 serves another one" in decision.warnings[0]


def test_not_served_in_time_the_old_pair_comes_back(host: Host) -> None:
    host.server.reloads = False
    with pytest.raises(NotProved, match=r"did not serve the new certificate apiserver within 65 s; the old key and"):
        host.run(*NEW_SANS)
    assert 65 <= host.clock.seconds < 66
    assert (host.files.contents[CERTIFICATE], host.files.contents[KEY]) == (host.old.certificate, host.old.key)
    assert host.remains == []
    host.server.reloads = True
    assert host.run(*NEW_SANS)["is_served"] is True


def _count_calls(act: t.Callable[[Host], object]) -> int:
    """How many calls that change a file a run makes."""
    host = make_host()
    host.files.calls_left = 10_000
    act(host)
    assert host.files.calls_left is not None
    return 10_000 - host.files.calls_left


def _replace(host: Host) -> None:
    host.run(*NEW_SANS)


def _fail_to_be_served(host: Host) -> None:
    host.server.reloads = False
    with pytest.raises(NotProved):
        host.run(*NEW_SANS)


@pytest.mark.parametrize("does_last", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("act", [_replace, _fail_to_be_served])
def test_killed_at_every_call(act: t.Callable[[Host], object], does_last: bool) -> None:
    calls = _count_calls(act)
    assert calls >= 15
    recoveries = set()
    for number in range(1, calls + 1):
        host = make_host()
        host.files.calls_left, host.files.does_last = number, does_last
        with pytest.raises(Killed):
            act(host)
        host.files.calls_left, host.server.reloads = None, True
        # Check mode after the kill reports a change and makes none, whatever was found.
        before = dict(host.files.contents)
        checked = host.decide(*NEW_SANS)
        assert host.files.contents == before
        values = host.run(*NEW_SANS)
        recoveries.add(values["recovery"])
        assert values["changes"] == checked.changes
        assert host.is_pair, number
        assert host.sans >= {*OLD_SANS, *NEW_SANS}, number
        assert values["is_served"] is True
        assert (host.files.modes[KEY], host.files.modes[CERTIFICATE]) == (0o640, 0o644)
        assert host.remains == [], number
        assert host.run(*NEW_SANS)["changes"] == ()
    expected = {"clean", "complete", "prove"} if act is _replace else {"clean", "complete", "prove", "undo"}
    assert expected <= recoveries


@pytest.mark.parametrize("does_last", [True, False], ids=["after", "before"])
def test_killed_twice(does_last: bool) -> None:
    calls = _count_calls(_replace)
    for first in range(1, calls + 1):
        for second in range(1, 8):
            host = make_host()
            host.files.calls_left, host.files.does_last = first, does_last
            with pytest.raises(Killed):
                host.run(*NEW_SANS)
            host.files.calls_left = second
            with contextlib.suppress(Killed):
                host.run(*NEW_SANS)
            host.files.calls_left = None
            host.run(*NEW_SANS)
            assert host.is_pair, (first, second)
            assert host.sans >= {*OLD_SANS, *NEW_SANS}, (first, second)
            assert host.remains == [], (first, second)


def _killed_after_the_key(host: Host) -> Host:
    """The host with a run that was killed between key and certificate."""
    for number in range(1, 40):
        trial = make_host(host.old)
        trial.files.calls_left = number
        with pytest.raises(Killed):
            trial.run(*NEW_SANS)
        if trial.files.contents[KEY] != host.old.key:
            trial.files.calls_left = None
            return trial
    raise AssertionError("no call writes the key")


def test_without_wanted_sans_an_interrupted_replacement_is_completed(host: Host) -> None:
    killed = _killed_after_the_key(host)
    decision = killed.decide()
    assert [change.reason for change in decision.changes] == ["its replacement was interrupted and is completed"]
    assert decision.changes[0].before == sorted(OLD_SANS)
    assert set(decision.changes[0].after) >= {*OLD_SANS, *NEW_SANS}
    assert killed.run()["recovery"] == "complete"
    assert killed.is_pair
    assert len(killed.kubeadm.runs) == 1


def test_the_new_copies_are_damaged_the_old_pair_comes_back(host: Host) -> None:
    killed = _killed_after_the_key(host)
    killed.files.contents[f"{WORK}/new/apiserver.crt"] = b"cut o"
    assert killed.run()["recovery"] == "undo"
    assert (killed.files.contents[CERTIFICATE], killed.files.contents[KEY]) == (host.old.certificate, host.old.key)
    assert killed.remains == []


def test_all_copies_are_damaged_it_is_reported_and_nothing_done(host: Host) -> None:
    killed = _killed_after_the_key(host)
    for name in ("new/apiserver.crt", "old/apiserver.key"):
        killed.files.contents[f"{WORK}/{name}"] = b"cut o"
    before = dict(killed.files.contents)
    with pytest.raises(UnsupportedState, match="restore key and certificate from a backup"):
        killed.run(*NEW_SANS)
    assert killed.files.contents == before


def test_somebody_elses_pair_stays(host: Host) -> None:
    killed = _killed_after_the_key(host)
    foreign = make_certificate(ca(), *OLD_SANS, *NEW_SANS)
    killed.files.contents.update({CERTIFICATE: foreign.certificate, KEY: foreign.key})
    assert killed.run(*NEW_SANS)["recovery"] == "clean"
    assert killed.files.contents[CERTIFICATE] == foreign.certificate
    assert killed.remains == []


def test_somebody_elses_half_is_reported(host: Host) -> None:
    killed = _killed_after_the_key(host)
    killed.files.contents[CERTIFICATE] = make_certificate(ca(), *OLD_SANS).certificate
    with pytest.raises(UnsupportedState, match="were changed by somebody else since"):
        killed.run(*NEW_SANS)


def test_a_journal_of_another_pki_or_no_journal_is_reported(host: Host) -> None:
    killed = _killed_after_the_key(host)
    with pytest.raises(UnsupportedState, match="pki_dir set to that directory"):
        killed.decide(*NEW_SANS, pki_dir="/elsewhere")
    killed.files.contents[f"{WORK}/journal.json"] = b"[]"
    with pytest.raises(UnsupportedState, match="The journal .* cannot be read"):
        killed.run(*NEW_SANS)


def test_a_failing_kubeadm_leaves_everything_as_it_was(host: Host) -> None:
    before = dict(host.files.contents)
    host.kubeadm.is_failing = True
    with pytest.raises(CommandFailed):
        host.run(*NEW_SANS)
    assert host.files.contents == before
    assert host.remains == []


OTHER_CA = make_ca()
SPOILED: dict[str, t.Callable[[Issued], Issued]] = {
    "is not signed by the CA": lambda _issued: make_certificate(OTHER_CA, *OLD_SANS, *NEW_SANS),
    "does not belong to its key": lambda issued: issued._replace(key=make_certificate(ca()).key),
    "lacks the SANs 192.0.2.11": lambda _issued: make_certificate(
        ca(), *NEW_SANS, *(san for san in OLD_SANS if san != "192.0.2.11")
    ),
    "lacks the SANs k8s.example.org": lambda _issued: make_certificate(ca(), *OLD_SANS, "192.0.2.10"),
    "is not valid now": lambda _issued: make_certificate(ca(), *OLD_SANS, *NEW_SANS, lifetime=(-3, -1)),
    "is not valid": lambda _issued: make_certificate(ca(), *OLD_SANS, *NEW_SANS, lifetime=(1, 3)),
    "is not for servers": lambda _issued: make_certificate(
        ca(), *OLD_SANS, *NEW_SANS, usage=x509.oid.ExtendedKeyUsageOID.CLIENT_AUTH
    ),
    "broken": lambda issued: issued._replace(certificate=issued.certificate.replace(b"M", b"A")),
}


@pytest.mark.parametrize("fault", SPOILED)
def test_what_cannot_be_proved_is_not_put_in_place(host: Host, fault: str) -> None:
    before = dict(host.files.contents)
    host.kubeadm.spoil = SPOILED[fault]
    with pytest.raises(KubeadmHaError, match=fault):
        host.run(*NEW_SANS)
    assert host.files.contents == before
    assert host.remains == []


def test_an_address_as_dns_name_becomes_an_address() -> None:
    host = make_host(old_pair(*OLD_SANS, x509.DNSName("192.0.2.10")))
    values = host.run("192.0.2.10")
    assert values["changes"][0].before[2:4] == ["DNS:192.0.2.10", "cp1"]
    assert values["certificate"]["sans"]["misplaced"] == []
    assert "192.0.2.10" in values["certificate"]["sans"]["ip"]


def _without(path: str) -> t.Callable[[Host], object]:
    return lambda host: host.files.contents.pop(path)


REFUSED: dict[str, t.Callable[[Host], object]] = {
    r"no /etc/kubernetes/pki/ca\.key \(external CA\)": _without(f"{PKI}/ca.key"),
    r"no /etc/kubernetes/pki/apiserver\.crt": _without(CERTIFICATE),
    r"no /etc/kubernetes/pki/apiserver\.key": _without(KEY),
    "does not belong to": lambda host: host.files.contents.update({KEY: make_certificate(ca()).key}),
    "cannot be used": lambda host: host.files.contents.update({CERTIFICATE: b"nothing"}),
    r"Nothing serves TLS at 127\.0\.0\.1:6443": lambda host: setattr(host.server, "is_up", False),
    r"serves /etc/ssl/api\.crt": lambda host: setattr(
        host,
        "control_plane",
        dataclasses.replace(host.control_plane, serving_certificate="/etc/ssl/api.crt"),
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refuses_before_anything_changed(host: Host, reason: str) -> None:
    REFUSED[reason](host)
    before = dict(host.files.contents)
    with pytest.raises(UnsupportedState, match=reason):
        host.decide(*NEW_SANS)
    assert host.files.contents == before
    assert host.kubeadm.runs == []


def test_refuses_to_lose_names_that_kubeadm_cannot_write() -> None:
    host = make_host(old_pair(*OLD_SANS, x509.UniformResourceIdentifier("spiffe://example.org/api")))
    with pytest.raises(UnsupportedState, match="URI:spiffe://example.org/api"):
        host.decide(*NEW_SANS)
    assert host.decide("cp1").changes == ()


@pytest.mark.parametrize("name", ["etcd-server", "etcd-peer"])
def test_external_etcd_has_no_certificates_of_kubeadm(host: Host, name: str) -> None:
    stem = f"{PKI}/{name.replace('-', '/')}"
    host.files.contents.update(
        {
            f"{stem}.crt": host.old.certificate,
            f"{stem}.key": host.old.key,
            f"{PKI}/etcd/ca.crt": ca().certificate,
            f"{PKI}/etcd/ca.key": ca().key,
        }
    )
    host.configuration["etcd"] = {"external": {"endpoints": ["https://192.0.2.31:2379"]}}
    with pytest.raises(UnsupportedState, match=f"kubeadm has no certificate {name}"):
        host.decide(*NEW_SANS, name=name)


@pytest.mark.parametrize(
    ("name", "endpoint"),
    [("apiserver", "192.0.2.11:6443"), ("etcd-server", "192.0.2.11:2379"), ("etcd-peer", "192.0.2.11:2380")],
)
def test_where_it_is_served_by_default(host: Host, name: str, endpoint: str) -> None:
    stem = f"{PKI}/{KINDS[name].stem}"
    host.files.contents.update({f"{stem}.crt": host.old.certificate, f"{stem}.key": host.old.key})
    host.files.contents.update({f"{PKI}/etcd/ca.key": ca().key})
    host.server.is_up = False
    with pytest.raises(UnsupportedState, match=f"Nothing serves TLS at {endpoint}"):
        host.decide(*NEW_SANS, name=name, served_endpoint=None)


def test_two_names_of_one_directory_are_one(host: Host) -> None:
    """Kubespray's layout: the API server serves from a directory to which kubeadm's default is a link, or the reverse."""
    host.files.contents["/etc/kubernetes/ssl"] = f"-> {PKI}".encode()
    served = "/etc/kubernetes/ssl/apiserver.crt"
    host.control_plane = dataclasses.replace(host.control_plane, serving_certificate=served)
    assert host.run(*NEW_SANS)["served_after"] is not None
    killed = _killed_after_the_key(make_host())
    killed.files.contents["/etc/kubernetes/ssl"] = f"-> {PKI}".encode()
    assert killed.decide(pki_dir="/etc/kubernetes/ssl").values["recovery"] == "complete"


KEPT = f"{STATE}/previous-certificates/apiserver"


def _is_as_before(host: Host) -> bool:
    return (host.files.contents[CERTIFICATE], host.files.contents[KEY]) == (host.old.certificate, host.old.key)


def _kept(host: Host) -> list[str]:
    return [name for name in host.files.contents if name.startswith(KEPT)]


def test_the_pair_of_before_comes_back(host: Host) -> None:
    host.run(*NEW_SANS)
    host.run("again.example.org")
    assert all(host.files.modes.get(name, 0o600) == 0o600 for name in _kept(host))
    values = host.go_back()
    (change,) = values["changes"]
    assert (change.object, set(change.before) - set(change.after)) == (
        "certificate apiserver",
        {*NEW_SANS, "again.example.org", "configured.example.org"},
    )
    assert _is_as_before(host)
    assert (host.files.modes[KEY], host.files.modes[CERTIFICATE]) == (0o640, 0o644)
    assert values["is_served"] is True
    assert host.remains == []
    assert _kept(host) == []
    assert host.go_back()["changes"] == ()
    host.run(*NEW_SANS)
    host.go_back()
    assert _is_as_before(host)


def test_without_a_replacement_nothing_comes_back(host: Host) -> None:
    assert host.go_back()["changes"] == ()
    assert _is_as_before(host)


def test_a_pair_that_somebody_else_has_put_there_stays(host: Host) -> None:
    host.run(*NEW_SANS)
    other = make_certificate(ca(), *OLD_SANS)
    host.files.contents.update({CERTIFICATE: other.certificate, KEY: other.key})
    assert host.go_back()["changes"] == ()
    assert host.files.contents[CERTIFICATE] == other.certificate
    # What replaces theirs goes back to theirs.
    host.run("more.example.org")
    host.go_back()
    assert host.files.contents[CERTIFICATE] == other.certificate


@pytest.mark.parametrize("what", ["expired", "another CA", "copy changed"])
def test_what_cannot_be_used_does_not_come_back(host: Host, what: str) -> None:
    host.run(*NEW_SANS)
    if what == "expired":
        end = X509.certificates(host.old.certificate)[0].not_after.timestamp()
        host.clock.seconds = end - NOW.timestamp() + 1
    elif what == "another CA":
        host.files.contents[f"{PKI}/ca.crt"] = make_ca().certificate
    else:
        (copy,) = (name for name in _kept(host) if name.endswith("/crt"))
        host.files.contents[copy] += b"x"
    in_place = host.files.contents[CERTIFICATE]
    assert host.go_back()["changes"] == ()
    assert host.files.contents[CERTIFICATE] == in_place


def test_a_replacement_that_was_not_served_has_nothing_to_go_back_to(host: Host) -> None:
    _fail_to_be_served(host)
    assert host.go_back()["changes"] == ()
    host.server.reloads = True
    host.run(*NEW_SANS)
    host.go_back()
    assert _is_as_before(host)


def test_a_way_back_that_is_not_served_leaves_the_pair_in_use(host: Host) -> None:
    host.run(*NEW_SANS)
    in_use = host.files.contents[CERTIFICATE]
    host.server.reloads = False
    with pytest.raises(NotProved):
        host.go_back()
    assert host.files.contents[CERTIFICATE] == in_use
    host.server.reloads = True
    host.go_back()
    assert _is_as_before(host)


@pytest.mark.parametrize("does_last", [True, False], ids=["after", "before"])
def test_a_way_back_is_killed_at_every_call(does_last: bool) -> None:
    counted = make_host()
    counted.run(*NEW_SANS)
    counted.files.calls_left = 10_000
    counted.go_back()
    assert counted.files.calls_left is not None
    calls = 10_000 - counted.files.calls_left
    assert calls >= 10
    for number in range(1, calls + 1):
        host = make_host()
        host.run(*NEW_SANS)
        host.files.calls_left, host.files.does_last = number, does_last
        with pytest.raises(Killed):
            host.go_back()
        host.files.calls_left = None
        host.go_back()
        assert _is_as_before(host), number
        assert host.remains == [], number
        assert host.go_back()["changes"] == ()


@pytest.mark.parametrize("does_last", [True, False], ids=["after", "before"])
def test_a_replacement_that_was_killed_goes_back(does_last: bool) -> None:
    for number in range(1, _count_calls(_replace) + 1):
        host = make_host()
        host.files.calls_left, host.files.does_last = number, does_last
        with pytest.raises(Killed):
            host.run(*NEW_SANS)
        host.files.calls_left = None
        host.go_back()
        assert _is_as_before(host), number
        assert host.remains == [], number
