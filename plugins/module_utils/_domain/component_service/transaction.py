# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The change of a running component: everything is proved first, and what does not come up is put back."""

from __future__ import annotations

import dataclasses
import posixpath
import typing as t

from ..base.change import Decision
from ..base.errors import InvalidInput, KubeadmHaError, NotProved, UnsupportedState
from ..base.kept_files import ROOT, Record
from ..base.last_words import last_words
from . import certificate, texts
from .api_proof import ApiProof
from .decision import File
from .found import Owner

if t.TYPE_CHECKING:
    from ..._ports.https import Https
    from .decision import Plan, Ports
    from .desired import DesiredService
    from .layout import Layout
    from .profile import Profile

RECORDS = f"{ROOT}/component-service"
#: Names of pairs in the directory of what was issued.
OWN, METRICS = "own", "metrics"
_POLL_SECONDS = 0.5
#: A component that ends by itself does so soon.
_STABLE_SECONDS = 3.0
_OK = 200
_REFUSED = (401, 403)
_NOBODY = Owner(0, 0, 0)


@dataclasses.dataclass(frozen=True)
class _Before:
    """A file as it was."""

    path: str
    content: bytes | None
    owner: Owner


class Transaction:
    """One change of one component."""

    def __init__(
        self, profile: Profile, desired: DesiredService, plan: Plan, ports: Ports, https: Https, *, staged: str
    ) -> None:
        """``staged``: directory of what was issued, see :data:`OWN` and :data:`METRICS`; empty where nothing was."""
        if plan.layout is None:
            raise UnsupportedState("There is nothing to change: this is a mistake of kubeadm.ha, please report it.")
        self._profile, self._desired, self._plan, self._ports, self._https = profile, desired, plan, ports, https
        self._staged = staged
        self._where: Layout = plan.layout
        self._is_active = False

    def decision(self) -> Decision:
        """For the module."""
        return Decision(changes=self._plan.changes, values=self.values(), act=self.act)

    def values(self) -> dict[str, t.Any]:
        """What the module returns."""
        where = self._where
        return {
            "unit": self._desired.unit,
            "certificate": where.certificate,
            "kubeconfig": where.kubeconfig,
            "server": where.server,
            "metrics": f"{self._plan.metrics}/metrics",
        }

    def act(self) -> t.Mapping[str, t.Any]:
        """Prove, write, start, prove; put back what does not come up."""
        pair = self._pair()
        files = self._files(*pair)
        self._prove(*pair)
        unit = self._desired.unit
        self._is_active = self._ports.host.state(unit).active == "active"
        before = [self._read(file.path) for file in files]
        # For whoever wants to go back.
        record = Record(self._ports.files, self._ports.host, f"{RECORDS}/{unit}")
        record.keep([file.path for file in files], units=[unit])
        began = self._ports.clock.now()
        try:
            for file in files:
                self._write(file)
            self._ports.host.reload()
            if self._plan.enables:
                self._ports.host.enable(unit, enabled=True)
            if self._plan.restarts:
                self._ports.host.restart(unit)
                self._gate()
        except (KubeadmHaError, OSError) as error:
            # Before it says anything else with its former files.
            words = last_words(self._ports.host.journal(unit, since=began - 1))
            self._put_back(before)
            runs = self._runs_again()
            reason = error.message if isinstance(error, KubeadmHaError) else f"A file cannot be changed: {error}."
            raise NotProved(
                f"{reason} The former files are back, and {runs}.{f' What the service said before: {words}' if words else ''}"
            ) from error
        record.note()
        return {}

    def _pair(self) -> tuple[str, str]:
        """Paths of the certificate and key that will be used."""
        if not self._plan.issues:
            return self._where.certificate, self._where.private_key
        if not self._staged:
            raise InvalidInput(
                f"A certificate of {self._profile.user} is to be issued: give the directory that has it in the option staged, or use the role."
            )
        return f"{self._staged}/{OWN}.crt", f"{self._staged}/{OWN}.key"

    def _files(self, certificate_path: str, key_path: str) -> list[File]:
        """Everything to write, credentials before what names them."""
        read = self._ports.files.read
        pem, key = read(certificate_path), read(key_path)
        if pem is None or key is None:
            raise UnsupportedState(f"{certificate_path} or {key_path} is gone: run again.")
        secret = self._plan.owner
        content = texts.kubeconfig(self._profile, self._where.server, ca=self._plan.server_ca, certificate=pem, key=key)
        public = Owner(secret.uid, secret.gid, 0o644)
        issued = [File(self._where.private_key, key, secret), File(self._where.certificate, pem, public)]
        return [
            *(issued if self._plan.issues else issued[:1]),
            File(self._where.kubeconfig, content, secret),
            *self._plan.files,
        ]

    def _prove(self, certificate_path: str, key_path: str) -> None:
        """The pair belongs together and to the CA, and the API knows whom it names."""
        x509, read = self._ports.x509, self._ports.files.read
        pem, key = read(certificate_path) or b"", read(key_path) or b""
        if x509 is not None:
            fault = certificate.fault(
                self._profile,
                pem=pem,
                key=key,
                key_owner=None,
                ca=self._plan.ca,
                sans=(),
                renew_days=0,
                x509=x509,
                now=self._ports.clock.now(),
            )
            if fault is not None:
                raise NotProved(
                    f"The certificate of {self._profile.user} will not do, so nothing was changed: {fault.reason}."
                )
        pair = (certificate_path, key_path)
        ApiProof(self._https, self._profile, self._where.server, ca=self._plan.server_ca, pair=pair).prove()

    def _read(self, path: str) -> _Before:
        owner = self._ports.host.owner(path)
        return _Before(path, self._ports.files.read(path), _NOBODY if owner is None else Owner(*owner))

    def _write(self, file: File) -> None:
        files, host = self._ports.files, self._ports.host
        if file.content is None:
            files.remove(file.path)
            return
        if files.read(file.path) != file.content:
            host.make_directory(posixpath.dirname(file.path))
            files.write(file.path, file.content, mode=file.owner.mode)
        if host.owner(file.path) != (file.owner.uid, file.owner.gid, file.owner.mode):
            host.give(file.path, file.owner.uid, file.owner.gid, file.owner.mode)

    def _put_back(self, before: t.Sequence[_Before]) -> None:
        host, unit = self._ports.host, self._desired.unit
        if not self._is_active:
            host.stop(unit)
        if self._plan.enables:
            host.enable(unit, enabled=False)
        for item in reversed(before):
            self._write(File(item.path, item.content, item.owner))
        host.reload()
        if self._is_active:
            host.restart(unit)

    def _runs_again(self) -> str:
        """What became of the service with its former files."""
        unit, clock = self._desired.unit, self._ports.clock
        if not self._is_active:
            return f"{unit} is stopped, as it was"
        clock.sleep(_STABLE_SECONDS)
        state = self._ports.host.state(unit).active
        return f"{unit} runs with them" if state == "active" else f"{unit} does not run with them either ({state})"

    def _gate(self) -> None:
        """The service runs, answers, and gives metrics to nobody without a certificate."""
        clock, deadline = self._ports.clock, self._ports.clock.monotonic() + self._desired.wait_timeout
        unit, url = self._desired.unit, self._plan.metrics
        complaint = "it did not start"
        stable_since: tuple[int, float] | None = None
        restarts = self._ports.host.state(unit).restarts
        while clock.monotonic() < deadline:
            state = self._ports.host.state(unit)
            if state.active == "failed" or state.restarts > restarts + 1:
                raise NotProved(f"{unit} ends as soon as it is started ({state.active}).")
            complaint = f"it is {state.active}" if state.active != "active" else self._complaint(url)
            if stable_since is None or stable_since[0] != state.pid or state.active != "active":
                stable_since = state.pid, clock.monotonic()
            if not complaint and clock.monotonic() - stable_since[1] >= _STABLE_SECONDS:
                return
            clock.sleep(_POLL_SECONDS)
        raise NotProved(
            f"{unit} was not ready within {self._desired.wait_timeout} s: {complaint or 'it does not stay'}."
        )

    def _complaint(self, url: str) -> str:
        """What is missing yet; empty for nothing."""
        health = self._https.ask(f"{url}/healthz", ca=self._plan.ca)
        if health.status != _OK:
            return f"{url}/healthz answers {health.status or 'nothing'} ({' '.join(health.body.split())[:200]})"
        anonymous = self._https.ask(f"{url}/metrics", ca=self._plan.ca)
        if anonymous.status not in _REFUSED:
            return f"{url}/metrics answers {anonymous.status or 'nothing'} without a client certificate, and not 401 or 403"
        pair = (f"{self._staged}/{METRICS}.crt", f"{self._staged}/{METRICS}.key")
        if not self._staged or not self._ports.files.exists(pair[0]):
            return ""
        metrics = self._https.ask(f"{url}/metrics", ca=self._plan.ca, pair=pair)
        if metrics.status != _OK:
            return f"{url}/metrics answers {metrics.status or 'nothing'} to the group system:monitoring ({' '.join(metrics.body.split())[:200]})"
        return ""


__all__ = ("METRICS", "OWN", "RECORDS", "Transaction")
