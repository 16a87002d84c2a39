# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""With which kubeconfig a control plane's host asks the API.

What the user names counts, then kubeadm's admin.conf. Where the components are services of systemd, it is an administrator's kubeconfig beside
the components' own, else these themselves. No credential leaves the host.
"""

from __future__ import annotations

import glob
import os
import posixpath
import pwd
import re
import typing as t

from ..._domain.base.errors import InvalidInput, KubeadmHaError
from ..text.yaml_reader import yaml_reader
from .api import open_api
from .https_api import HttpsApi, Identity, identity
from .kubernetes_client import IMPORT_ERROR
from .shared_api import SharedApi

if t.TYPE_CHECKING:
    import ssl

    from ..._ports.api import Api
    from ..._ports.commands import Commands
    from ..._ports.component_services import ComponentServices
    from ..._ports.files import Files

KUBEADM = "/etc/kubernetes/admin.conf"
_HOME = ".kube/config"
#: What is larger is no kubeconfig.
_LARGEST = 1 << 20
_IS_KUBECONFIG = re.compile(rb"^ *(?:\"kind\": *\"Config\"|kind: *[\"']?Config[\"']?\s*$)", re.MULTILINE)
_REVIEW: t.Mapping[str, t.Any] = {
    "apiVersion": "authorization.k8s.io/v1",
    "kind": "SelfSubjectAccessReview",
    "metadata": {},
    "spec": {"resourceAttributes": {"verb": "*", "group": "*", "resource": "*"}},
}


class HostClient:
    """How this host asks the API.

    Attributes:
        api: asks.
        is_administrator: whether it may do everything.
        kubeconfig: path of the administrator's kubeconfig; empty without one.
        context: for TLS with the cluster as that client; ``None`` where the host's files of kubeadm serve for that.
    """

    def __init__(self, api: Api, kubeconfig: str, *, is_administrator: bool, context: ssl.SSLContext | None) -> None:
        self.api = api
        self.kubeconfig = kubeconfig
        self.is_administrator = is_administrator
        self.context = context


class HostClients:
    """Finds the client of a host."""

    def __init__(
        self, files: Files, commands: Commands, services: ComponentServices, *, home: str | None = None
    ) -> None:
        """``home``: of the administrator; by default that of who runs this."""
        self._files = files
        self._commands = commands
        self._services = services
        self._home = home or pwd.getpwuid(os.getuid()).pw_dir

    def open(
        self,
        components: t.Sequence[str],
        *,
        kubeconfig: str | None,
        server: str | None,
        request_timeout: float = 30.0,
    ) -> HostClient:
        """The client.

        Args:
            components: whose kubeconfigs are to be found.
            kubeconfig: the one to use; ``None`` finds one.
            server: API server to ask instead of the kubeconfig's.
            request_timeout: seconds that one request may take.

        Raises:
            InvalidInput: when the host has no kubeconfig that can be used.
        """
        path = kubeconfig or (KUBEADM if self._files.exists(KUBEADM) else None)
        if path is not None:
            return self._named(path, server, request_timeout)
        own = self._own(components)
        if not own:
            raise InvalidInput(
                f"This host has no {KUBEADM}, and no service of {' or '.join(components)} that names a kubeconfig: give the path of one in the "
                "option kubeconfig."
            )
        for candidate in self._others(own):
            found = self._administrator(candidate, server, request_timeout)
            if found is not None:
                return found
        identities = [self._identity(each) for each in own]
        apis = [HttpsApi(each, server=server, request_timeout=request_timeout) for each in identities]
        return HostClient(SharedApi(apis), "", is_administrator=False, context=identities[0].context)

    def _named(self, path: str, server: str | None, request_timeout: float) -> HostClient:
        """As the user or kubeadm says; what it may do shows."""
        if not self._files.exists(path):
            raise InvalidInput(f"This host has no {path}: correct the option kubeconfig.")
        try:
            context = None if path == KUBEADM else self._identity(path).context
        except KubeadmHaError:
            # kubectl knows more ways to authenticate.
            context = None
        return HostClient(self._api(path, server, request_timeout), path, is_administrator=True, context=context)

    def _api(self, path: str, server: str | None, request_timeout: float) -> Api:
        if IMPORT_ERROR is None or self._commands.find("kubectl") is not None:
            return open_api(self._commands, kubeconfig=path, server=server, request_timeout=request_timeout)
        return HttpsApi(self._identity(path), server=server, request_timeout=request_timeout)

    def _administrator(self, path: str, server: str | None, request_timeout: float) -> HostClient | None:
        """The client of a kubeconfig that may do everything; ``None`` for another one."""
        try:
            found = self._identity(path)
            api = HttpsApi(found, server=server, request_timeout=request_timeout)
            status = api.create(_REVIEW).get("status") or {}
        except KubeadmHaError:
            return None
        if status.get("allowed") is not True:
            return None
        return HostClient(api, path, is_administrator=True, context=found.context)

    def _identity(self, path: str) -> Identity:
        return identity(self._files, self._commands, yaml_reader(), path)

    def _own(self, components: t.Sequence[str]) -> list[str]:
        named = (
            service.flags.get("kubeconfig", "")
            for component in components
            for service in self._services.find(component)
        )
        return [path for path in dict.fromkeys(named) if path and self._files.exists(path)]

    def _others(self, own: t.Sequence[str]) -> t.Iterator[str]:
        """Kubeconfigs that may be an administrator's, where guides put them: the components' own may be such, too."""
        yield from own
        for directory in dict.fromkeys(posixpath.dirname(path) for path in own):
            for path in sorted(glob.glob(f"{glob.escape(directory)}/*")):
                if path not in own and self._is_kubeconfig(path):
                    yield path
        path = posixpath.join(self._home, _HOME)
        if self._files.exists(path):
            yield path

    def _is_kubeconfig(self, path: str) -> bool:
        is_small = os.path.isfile(path) and os.path.getsize(path) <= _LARGEST
        return is_small and _IS_KUBECONFIG.search(self._files.read(path) or b"") is not None


__all__ = ("KUBEADM", "HostClient", "HostClients")
