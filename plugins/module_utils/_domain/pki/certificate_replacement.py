# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Replaces a serving certificate that kubeadm made by one with more SANs.

The order of a replacement: issue aside, prove, keep the old pair, journal, key, certificate, see it served, clean up.
Up to the journal nothing but the private work directory has changed. From the journal on, the next run finds in it what
was to be done, and in the work directory both pairs to do or to undo it with. While key and certificate do not belong
together kube-apiserver keeps serving the pair that it has loaded
(k8s.io/apiserver, pkg/server/dynamiccertificates/dynamic_serving_content.go).
"""

from __future__ import annotations

import dataclasses
import enum
import typing as t

from ..base.address import Endpoint
from ..base.change import Change, Decision
from ..base.errors import InvalidInput, KubeadmHaError, NotProved, UnsupportedState
from .certificate import decide_sans, kept_sans, object_name, shown
from .certificate_issue import Issue, fault_of
from .certificate_journal import Journal, Pair
from .previous_certificate import PreviousPair, return_change

if t.TYPE_CHECKING:
    from ..._ports.clock import Clock
    from ..._ports.commands import Commands
    from ..._ports.files import Files
    from ..._ports.tls import Tls
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from ..base.address import San
    from ..base.certificate import Certificate
    from ..component.local_control_plane import LocalControlPlane
    from .certificate_issue import Kind

#: kubeadm writes private keys so, and certificates for everybody to read.
_KEY_MODE = 0o600
_CERTIFICATE_MODE = 0o644

#: Seconds between two inspections of the served certificate, and the most that one may take.
_POLL_INTERVAL = 0.2
_INSPECTION_TIMEOUT = 5.0


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What is wanted, and where.

    Attributes:
        kind: the certificate.
        sans: SANs that it must cover besides those that it has.
        pki_dir: the cluster's certificates directory.
        state_dir: directory for the journal and the private copies.
        served_endpoint: where the certificate is served; ``None`` is the advertised address.
        serve_timeout: seconds that the server may take to serve the new certificate. kube-apiserver checks once a minute
            when its file watch has broken (k8s.io/apiserver, dynamic_serving_content.go, ``FileRefreshDuration``).
    """

    kind: Kind
    sans: frozenset[San]
    pki_dir: str
    state_dir: str
    served_endpoint: Endpoint | None
    serve_timeout: float


@dataclasses.dataclass(frozen=True)
class Ports:
    """The world as a replacement sees it."""

    files: Files
    commands: Commands
    x509: X509
    tls: Tls
    clock: Clock
    yaml: Yaml


@dataclasses.dataclass(frozen=True)
class Sources:
    """What only a change needs, read when it is needed.

    Attributes:
        configuration: reads the cluster's ClusterConfiguration.
        control_plane: finds the local control plane.
    """

    configuration: t.Callable[[], t.Mapping[str, t.Any]]
    control_plane: t.Callable[[], LocalControlPlane]


class Recovery(enum.Enum):
    """What an interrupted replacement needs. The value is the reason that a change gives."""

    NONE = "nothing was interrupted"
    CLEAN = "an interrupted run left private copies behind"
    PROVE = "its replacement was interrupted before it was seen served"
    COMPLETE = "its replacement was interrupted and is completed"
    UNDO = "its replacement was interrupted and is undone"


def ensure(ports: Ports, wanted: Wanted, sources: Sources) -> Decision:
    """The certificate covers the wanted SANs and is served; an interrupted replacement is completed or undone first.

    Raises:
        UnsupportedState: when the host, its PKI or its cluster cannot have the certificate replaced here.
        CommandFailed: when kubeadm fails; nothing has changed then.
        NotProved: when the new certificate was not served in time; the old pair is back then.
    """
    return _Replacement(ports, wanted, sources).decide()


def ensure_previous(ports: Ports, wanted: Wanted, sources: Sources) -> Decision:
    """The pair that was there before this collection replaced it is back and served, if it still can be.

    An interrupted replacement is completed or undone first. A pair that somebody else has put there since stays, and one that is not
    valid any more, or not of the cluster's CA, never comes back.

    Raises:
        UnsupportedState: when the host or its PKI cannot have the certificate replaced here.
        NotProved: when the previous certificate was not served in time; the pair that was there is back then.
    """
    return _Replacement(ports, wanted, sources).decide_previous()


class _Begun(t.NamedTuple):
    """Where a run begins.

    Attributes:
        in_place: the pair that is there.
        journal: of a replacement that was interrupted; ``None`` without.
        recovery: what becomes of that.
        settled: the pair that is there then.
        certificate: of that pair.
    """

    in_place: Pair
    journal: Journal | None
    recovery: Recovery
    settled: Pair
    certificate: Certificate


class _Replacement:
    """One run of :func:`ensure`, or of :func:`ensure_previous`."""

    def __init__(self, ports: Ports, wanted: Wanted, sources: Sources) -> None:
        self._ports = ports
        self._wanted = wanted
        self._sources = sources
        self._previous = PreviousPair(ports.files, wanted.kind, wanted.state_dir)
        self._work = f"{wanted.state_dir}/certificates/{wanted.kind.name}"
        self._journal_path = f"{self._work}/journal.json"

    def _begin(self) -> _Begun:
        """What is there, and what becomes of a replacement that was interrupted."""
        in_place = self._read(self._wanted.pki_dir)
        journal = self._journal()
        recovery = self._recovery(journal, in_place)
        settled = self._settled(recovery, in_place)
        return _Begun(in_place, journal, recovery, settled, self._certificate_of(settled))

    def _recovery_change(self, begun: _Begun) -> Change:
        return Change(
            object=object_name(self._wanted.kind.name),
            before=self._sans_in_place(begun.in_place),
            after=shown(begun.certificate.sans),
            reason=begun.recovery.value,
        )

    def decide(self) -> Decision:
        begun = self._begin()
        _in_place, journal, recovery, settled, certificate = begun
        replacement = decide_sans(self._wanted.kind.name, certificate, self._wanted.sans)
        if replacement is None and recovery is Recovery.NONE:
            return self._nothing_to_do(certificate)
        if recovery in (Recovery.PROVE, Recovery.COMPLETE):
            self._endpoint()
        issue = None if replacement is None else self._prepare(certificate, is_recovering=recovery is not Recovery.NONE)

        def act() -> t.Mapping[str, t.Any]:
            served_after = self._recover(recovery, journal)
            current = certificate
            if issue is not None:
                current, served_after = self._replace(settled, lambda: self._made(issue, certificate))
            is_served = self._is_served(current) if served_after is None else True
            return {**self._values(current, recovery), "is_served": is_served, "served_after": served_after}

        return Decision(
            changes=(replacement or self._recovery_change(begun),),
            values=self._values(certificate, recovery),
            act=act,
            warnings=self._warnings(certificate),
        )

    def decide_previous(self) -> Decision:
        """The same for :func:`ensure_previous`."""
        begun = self._begin()
        _in_place, journal, recovery, settled, certificate = begun
        found = self._previous.inspect(
            self._ports.x509, settled, ca=self._ca(), pki_dir=self._wanted.pki_dir, now=self._ports.clock.now()
        )
        returns = found is not None and found.returns
        if not returns and recovery is Recovery.NONE:
            return self._nothing_to_do(certificate)
        if returns or recovery in (Recovery.PROVE, Recovery.COMPLETE):
            self._endpoint()

        def act() -> t.Mapping[str, t.Any]:
            served_after = self._recover(recovery, journal)
            current = certificate
            if returns:
                current, served_after = self._replace(settled, self._returned, keeps=False)
                self._previous.remove()
            return {
                **self._values(current, recovery),
                "is_served": served_after is not None,
                "served_after": served_after,
            }

        return Decision(
            changes=(return_change(found) if found is not None and returns else self._recovery_change(begun),),
            values=self._values(certificate, recovery),
            act=act,
            warnings=self._warnings(certificate),
        )

    def _returned(self) -> tuple[Pair, Certificate]:
        """The previous pair."""
        pair = self._previous.pair()
        self._put(f"{self._work}/new", pair)
        return pair, self._ports.x509.certificates(pair.certificate or b"")[0]

    def _made(self, issue: Issue, old: Certificate) -> tuple[Pair, Certificate]:
        """A pair that kubeadm issues, proved."""
        new = self._issued(issue)
        return new, self._proved(new, old)

    def _ca(self) -> bytes:
        return self._ports.files.read(f"{self._wanted.pki_dir}/{self._wanted.kind.ca}.crt") or b""

    def _nothing_to_do(self, certificate: Certificate) -> Decision:
        is_served = self._is_served(certificate)
        values = {**self._values(certificate, Recovery.NONE), "is_served": is_served}
        if is_served is not False:
            return Decision(values=values, warnings=self._warnings(certificate))
        text = (
            f"The file of the certificate {self._wanted.kind.name} is as wanted, but {self._endpoint()} serves another "
            "one; kube-apiserver may take a minute to load it."
        )
        return Decision(values=values, warnings=(*self._warnings(certificate), text))

    def _is_served(self, certificate: Certificate) -> bool | None:
        """Whether the certificate is the one that is served; ``None`` when nothing answers or it is not known where."""
        try:
            served = self._served_fingerprint(self._endpoint(), _INSPECTION_TIMEOUT)
        except UnsupportedState:
            return None
        return None if served is None else served == certificate.fingerprint_sha256

    # What is there.

    def _read(self, directory: str) -> Pair:
        stem = f"{directory}/{self._wanted.kind.stem}"
        return Pair(key=self._ports.files.read(f"{stem}.key"), certificate=self._ports.files.read(f"{stem}.crt"))

    def _journal(self) -> Journal | None:
        content = self._ports.files.read(self._journal_path)
        return None if content is None else Journal.parse(content, self._journal_path)

    def _recovery(self, journal: Journal | None, in_place: Pair) -> Recovery:
        """What the state of the files and the journal call for."""
        if journal is None:
            return Recovery.CLEAN if self._ports.files.exists(self._work) else Recovery.NONE
        if journal.state == "done":
            return Recovery.CLEAN
        if not self._ports.files.is_same(journal.pki_dir, self._wanted.pki_dir):
            raise UnsupportedState(
                f"A replacement in {journal.pki_dir} was interrupted (journal {self._journal_path}): run with "
                "the option pki_dir set to that directory first."
            )
        if not journal.knows(in_place):
            return self._recovery_of_foreign(in_place)
        if journal.state == "replacing" and in_place.hashes == journal.new:
            return Recovery.PROVE
        if journal.state == "replacing" and self._read(f"{self._work}/new").hashes == journal.new:
            return Recovery.COMPLETE
        if in_place.hashes == journal.old:
            return Recovery.CLEAN
        if self._read(f"{self._work}/old").hashes == journal.old:
            return Recovery.UNDO
        raise UnsupportedState(
            f"A replacement of {self._wanted.pki_dir}/{self._wanted.kind.stem}.crt was interrupted, and the copies in "
            f"{self._work} were changed since: restore key and certificate from a backup, then remove that directory."
        )

    def _recovery_of_foreign(self, in_place: Pair) -> Recovery:
        """Somebody else has put a pair in place since: it stays if it is one."""
        if in_place.key is not None and in_place.certificate is not None and self._is_pair(in_place):
            return Recovery.CLEAN
        raise UnsupportedState(
            f"A replacement of {self._wanted.pki_dir}/{self._wanted.kind.stem}.crt was interrupted, and key or "
            f"certificate were changed by somebody else since: put a pair that belongs together there (the one before "
            f"is in {self._work}/old), then run again."
        )

    def _settled(self, recovery: Recovery, in_place: Pair) -> Pair:
        """The pair that is in place once the interrupted replacement is completed or undone."""
        copies = {Recovery.COMPLETE: "new", Recovery.UNDO: "old"}
        return self._read(f"{self._work}/{copies[recovery]}") if recovery in copies else in_place

    def _certificate_of(self, pair: Pair) -> Certificate:
        """The certificate of a pair in place; ``UnsupportedState`` when it is no pair."""
        stem = f"{self._wanted.pki_dir}/{self._wanted.kind.stem}"
        for content, path in ((pair.certificate, f"{stem}.crt"), (pair.key, f"{stem}.key")):
            if content is None:
                raise UnsupportedState(
                    f"There is no {path}: run on a control plane node that kubeadm made, or set the option pki_dir."
                )
        try:
            certificate = self._ports.x509.certificates(pair.certificate or b"")[0]
            is_pair = self._is_pair(pair)
        except InvalidInput as error:
            raise UnsupportedState(f"{stem}.crt and {stem}.key cannot be used: {error.message}") from error
        if not is_pair:
            raise UnsupportedState(
                f"{stem}.key does not belong to {stem}.crt: restore the pair from a backup before the server restarts."
            )
        return certificate

    def _is_pair(self, pair: Pair) -> bool:
        return self._ports.x509.key_matches(pair.certificate or b"", pair.key or b"")

    def _sans_in_place(self, in_place: Pair) -> list[str]:
        try:
            return shown(self._ports.x509.certificates(in_place.certificate or b"")[0].sans)
        except InvalidInput:
            return []

    def _values(self, certificate: Certificate, recovery: Recovery) -> dict[str, t.Any]:
        return {
            "name": self._wanted.kind.name,
            "path": f"{self._wanted.pki_dir}/{self._wanted.kind.stem}.crt",
            "certificate": certificate.as_dict(),
            "recovery": recovery.name.lower(),
            "is_served": None,
            "served_after": None,
        }

    def _warnings(self, certificate: Certificate) -> tuple[str, ...]:
        if not certificate.misplaced_sans:
            return ()
        addresses = ", ".join(certificate.misplaced_sans)
        text = (
            f"The certificate {self._wanted.kind.name} has IP addresses as DNS names, which no client accepts for an "
            f"address: {addresses}."
        )
        return (text,)

    # Before a change.

    def _prepare(self, certificate: Certificate, *, is_recovering: bool) -> Issue:
        """Everything that a replacement needs; refuses what cannot work while nothing has changed."""
        kind, pki_dir = self._wanted.kind, self._wanted.pki_dir
        if not self._ports.files.exists(f"{pki_dir}/{kind.ca}.key"):
            raise UnsupportedState(
                f"There is no {pki_dir}/{kind.ca}.key (external CA): have the CA issue {kind.stem}.crt with the SANs "
                f"{', '.join(shown(kept_sans(certificate) | self._wanted.sans))}, or put its key there for the run."
            )
        if certificate.other_sans:
            raise UnsupportedState(
                f"{pki_dir}/{kind.stem}.crt has SANs that kubeadm cannot write and that would be lost "
                f"({', '.join(certificate.other_sans)}): issue the certificate with your own tools."
            )
        control_plane = self._sources.control_plane()
        self._need_served_file(control_plane)
        document = self._sources.configuration()
        if kind.sans_at[0] == "etcd" and (document.get("etcd") or {}).get("external") is not None:
            raise UnsupportedState(
                f"This cluster uses external etcd: kubeadm has no certificate {kind.name}; leave the option name at "
                "apiserver."
            )
        if not is_recovering:
            self._need_server()
        return Issue(document, control_plane, kept_sans(certificate) | self._wanted.sans)

    def _need_served_file(self, control_plane: LocalControlPlane) -> None:
        path = f"{self._wanted.pki_dir}/{self._wanted.kind.stem}.crt"
        served = control_plane.serving_certificate
        if self._wanted.kind.name != "apiserver" or served is None:
            return
        if not self._ports.files.is_same(served, path):
            raise UnsupportedState(
                f"The API server of this host serves {served} (--tls-cert-file), not {path}: set the option pki_dir to "
                "its directory, or change that certificate with the tools that made it."
            )

    def _need_server(self) -> None:
        endpoint = self._endpoint()
        if self._ports.tls.served_certificate(endpoint, timeout=_INSPECTION_TIMEOUT) is None:
            raise UnsupportedState(
                f"Nothing serves TLS at {endpoint}, so a new certificate could not be seen served: start the server, "
                "or set the option served_endpoint."
            )

    def _endpoint(self) -> Endpoint:
        """Where the certificate is served."""
        if self._wanted.served_endpoint is not None:
            return self._wanted.served_endpoint
        control_plane = self._sources.control_plane()
        return Endpoint(control_plane.advertise_address, self._wanted.kind.port or control_plane.bind_port)

    # The change.

    def _replace(
        self, old: Pair, make: t.Callable[[], tuple[Pair, Certificate]], *, keeps: bool = True
    ) -> tuple[Certificate, float]:
        """Make a proved pair, replace the old one, see it served. Returns the new certificate and the seconds until it was served."""
        self._ports.files.remove(self._work)
        try:
            new, replacement = make()
            self._keep(old)
            if keeps:
                self._previous.keep(old, new, pki_dir=self._wanted.pki_dir)
        except KubeadmHaError:
            self._ports.files.remove(self._work)
            raise
        journal = Journal("replacing", self._wanted.pki_dir, old.hashes, new.hashes)
        self._ports.files.write(self._journal_path, journal.dump())
        self._put(self._wanted.pki_dir, new)
        return replacement, self._see_served(replacement, journal)

    def _keep(self, old: Pair) -> None:
        """Copy the pair in place, which must still be the one that was decided on, to the work directory."""
        self._put(f"{self._work}/old", old)
        if self._read(self._wanted.pki_dir) != old:
            raise UnsupportedState(
                f"{self._wanted.pki_dir}/{self._wanted.kind.stem}.crt was changed by somebody else during the run: "
                "run again."
            )

    def _issued(self, issue: Issue) -> Pair:
        """A pair that kubeadm issues into the work directory with the CA of the cluster."""
        files, kind = self._ports.files, self._wanted.kind
        aside = f"{self._work}/new"
        files.make_private_directory(f"{aside}/{kind.stem}".rpartition("/")[0])
        for suffix in ("crt", "key"):
            files.link(f"{self._wanted.pki_dir}/{kind.ca}.{suffix}", f"{aside}/{kind.ca}.{suffix}")
        configuration = f"{self._work}/kubeadm.yaml"
        files.write(configuration, issue.configuration(kind, self._ports.yaml, certificates_dir=aside))
        self._ports.commands.run(["kubeadm", "init", "phase", "certs", kind.name, f"--config={configuration}"])
        return self._read(aside)

    def _proved(self, new: Pair, old: Certificate) -> Certificate:
        """The new certificate, if the pair can take the old one's place in everything."""
        fault = fault_of(
            self._ports.x509, new, ca=self._ca(), old=old, wanted=self._wanted.sans, now=self._ports.clock.now()
        )
        if fault is not None:
            raise UnsupportedState(
                f"The certificate {self._wanted.kind.name} that kubeadm issued {fault}; nothing was changed."
            )
        return self._ports.x509.certificates(new.certificate or b"")[0]

    def _put(self, directory: str, pair: Pair) -> None:
        """Write a pair, the key first. Files that are there keep owner and mode; the work directory is private."""
        stem = f"{directory}/{self._wanted.kind.stem}"
        files = self._ports.files
        if directory.startswith(self._work):
            files.make_private_directory(stem.rpartition("/")[0])
        for suffix, content, mode in (("key", pair.key, _KEY_MODE), ("crt", pair.certificate, _CERTIFICATE_MODE)):
            path = f"{stem}.{suffix}"
            files.write(path, content or b"", mode=None if files.exists(path) else mode)

    def _see_served(self, certificate: Certificate, journal: Journal) -> float:
        """Seconds until the certificate was served; otherwise the old pair comes back and ``NotProved`` is raised."""
        endpoint = self._endpoint()
        seconds = self._wait_served(certificate, endpoint)
        if seconds is None:
            undone = self._restore(journal)
            raise NotProved(
                f"{endpoint} did not serve the new certificate {self._wanted.kind.name} within "
                f"{self._wanted.serve_timeout:g} s; {undone}. Read the server's log, and check the option "
                "served_endpoint.",
                serial_number=certificate.serial_hex,
            )
        self._close(journal)
        return seconds

    def _wait_served(self, certificate: Certificate, endpoint: Endpoint) -> float | None:
        clock = self._ports.clock
        start = clock.monotonic()
        while True:
            left = start + self._wanted.serve_timeout - clock.monotonic()
            if (
                self._served_fingerprint(endpoint, min(_INSPECTION_TIMEOUT, max(left, 1.0)))
                == certificate.fingerprint_sha256
            ):
                return round(clock.monotonic() - start, 3)
            if left <= 0:
                return None
            clock.sleep(_POLL_INTERVAL)

    def _served_fingerprint(self, endpoint: Endpoint, timeout: float) -> str | None:
        pem = self._ports.tls.served_certificate(endpoint, timeout=timeout)
        return None if pem is None else self._ports.x509.certificates(pem)[0].fingerprint_sha256

    def _restore(self, journal: Journal) -> str:
        """Put the old pair back. Returns what became of it, for the message."""
        old = self._read(f"{self._work}/old")
        if old.hashes != journal.old:
            return f"the copies of the old pair in {self._work} were changed, so the new pair was left in place"
        restoring = dataclasses.replace(journal, state="restoring")
        self._ports.files.write(self._journal_path, restoring.dump())
        self._put(self._wanted.pki_dir, old)
        self._close(restoring)
        return "the old key and certificate are back in place"

    def _close(self, journal: Journal) -> None:
        """Close the journal, then remove it with the copies of the private keys."""
        self._ports.files.write(self._journal_path, dataclasses.replace(journal, state="done").dump())
        self._ports.files.remove(self._work)

    # After an interruption.

    def _recover(self, recovery: Recovery, journal: Journal | None) -> float | None:
        """Complete or undo. Returns the seconds until a completed replacement was served."""
        if recovery is Recovery.CLEAN:
            self._ports.files.remove(self._work)
        if recovery is Recovery.UNDO and journal is not None:
            self._restore(journal)
        if recovery is Recovery.COMPLETE:
            self._put(self._wanted.pki_dir, self._read(f"{self._work}/new"))
        if recovery in (Recovery.COMPLETE, Recovery.PROVE) and journal is not None:
            certificate = self._certificate_of(self._read(self._wanted.pki_dir))
            return self._see_served(certificate, journal)
        return None


__all__ = ("Ports", "Recovery", "Sources", "Wanted", "ensure", "ensure_previous")
