# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ConfigMap kube-system/kubeadm-config: read, decided, validated and written."""

from __future__ import annotations

import dataclasses
import typing as t

from ..base.change import Decision
from ..base.errors import ApiConflict, InvalidInput, UnsupportedState
from . import cluster_configuration
from .cluster_configuration import ClusterConfiguration, Wanted
from .extra_args import COMPONENTS

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.commands import Commands
    from ..._ports.yaml import Yaml

NAMESPACE = "kube-system"
NAME = "kubeadm-config"
_KEY = "ClusterConfiguration"

_OPTIONS = (
    "the options cert_sans, control_plane_endpoint, etcd_peer_cert_sans, etcd_server_cert_sans, extra_args, extra_volumes "
    "and patch"
)

#: How often a write that another writer overtook is decided and tried again.
MAXIMUM_ATTEMPTS = 10

#: What kubeadm says when it is too old for ``config validate`` (before 1.26) or no longer reads the document's version.
_CANNOT_VALIDATE = (
    "unknown flag: --config",
    "unknown command",
    "invalid subcommand",
    "old API spec",
    "no kind ",
)


@dataclasses.dataclass(frozen=True)
class StoredConfiguration:
    """The ConfigMap as it is in the API.

    Attributes:
        configmap: the ConfigMap.
        configuration: its ClusterConfiguration.
    """

    configmap: t.Mapping[str, t.Any]
    configuration: ClusterConfiguration

    @property
    def resource_version(self) -> str:
        """The ConfigMap's ``metadata.resourceVersion``."""
        return str(self.configmap["metadata"]["resourceVersion"])

    def with_document(self, document: t.Mapping[str, t.Any], yaml: Yaml) -> dict[str, t.Any]:
        """The ConfigMap with another ClusterConfiguration."""
        return {**self.configmap, "data": {**(self.configmap.get("data") or {}), _KEY: yaml.dump(document)}}


Edit = t.Callable[[StoredConfiguration], t.Optional[t.Dict[str, t.Any]]]


def collect(api: Api, yaml: Yaml) -> StoredConfiguration:
    """The stored ClusterConfiguration.

    Raises:
        UnsupportedState: when the cluster was not made by kubeadm, or what is stored cannot be read.
        ApiError: when the API cannot be read.
    """
    configmap = api.get("configmap", NAME, namespace=NAMESPACE)
    if configmap is None:
        raise UnsupportedState(
            f"This cluster has no {cluster_configuration.OBJECT}: it was not made by kubeadm, or the ConfigMap was "
            "deleted; 'kubeadm init phase upload-config kubeadm --config FILE' writes it."
        )
    return stored(configmap, yaml)


def stored(configmap: t.Mapping[str, t.Any], yaml: Yaml) -> StoredConfiguration:
    """The ClusterConfiguration of a ConfigMap that was read already; errors as :func:`collect`."""
    try:
        document = yaml.load(str((configmap.get("data") or {}).get(_KEY, "")))
    except InvalidInput as error:
        raise UnsupportedState(
            f"{cluster_configuration.OBJECT} holds a {_KEY} that is no YAML: {error.message}"
        ) from error
    return StoredConfiguration(configmap, ClusterConfiguration.parse(document))


def inspect(api: Api, yaml: Yaml) -> Decision:
    """The stored ClusterConfiguration as result values; never a change."""
    return Decision(values=_values(collect(api, yaml)))


def ensure(api: Api, yaml: Yaml, commands: Commands, wanted: Wanted) -> Decision:
    """The ClusterConfiguration says what is wanted.

    Args:
        api: where the ConfigMap is.
        yaml: reads and writes the document.
        commands: runs ``kubeadm config validate`` where the host has a kubeadm.
        wanted: what it must say.

    Raises:
        InvalidInput: when the result would not be a valid ClusterConfiguration.
        UnsupportedState: see :func:`collect`.
        ApiError: when the API cannot be read or written.
    """
    current = collect(api, yaml)
    change = cluster_configuration.decide(current.configuration.document, wanted)
    if change is None:
        return Decision(values={**_values(current), "validated": False})
    document = current.configuration.patched(wanted)
    validated = validate(commands, yaml, before=current.configuration.document, after=document, options=_OPTIONS)
    return Decision(
        changes=(change,),
        values={
            **_values(StoredConfiguration(current.configmap, ClusterConfiguration(document))),
            "validated": validated,
        },
        act=lambda: _values(write(api, yaml, wanted, current)),
    )


def write(api: Api, yaml: Yaml, wanted: Wanted, current: StoredConfiguration) -> StoredConfiguration:
    """Write what is wanted, as :func:`rewrite` does; what is stored afterwards."""

    def edit(found: StoredConfiguration) -> dict[str, t.Any] | None:
        if cluster_configuration.decide(found.configuration.document, wanted) is None:
            return None
        return found.with_document(found.configuration.patched(wanted), yaml)

    return rewrite(api, yaml, edit, current)


def rewrite(api: Api, yaml: Yaml, edit: Edit, current: StoredConfiguration) -> StoredConfiguration:
    """Write what an edit makes of the ConfigMap; after a conflict read, edit and write again.

    Args:
        api: where it is.
        yaml: reads and writes the document.
        edit: the ConfigMap as it shall be, of what is stored; ``None`` when that is right.
        current: what is stored.

    Returns:
        what is stored afterwards.

    Raises:
        ApiConflict: when other writers were faster :data:`MAXIMUM_ATTEMPTS` times.
    """
    for _attempt in range(MAXIMUM_ATTEMPTS):
        wanted = edit(current)
        if wanted is None:
            return current
        try:
            return stored(api.replace(wanted), yaml)
        except ApiConflict:
            current = collect(api, yaml)
    raise ApiConflict(
        f"{cluster_configuration.OBJECT} was changed by others {MAXIMUM_ATTEMPTS} times while it was to be written: "
        "find out who writes it (metadata.managedFields) and run again."
    )


def validate(
    commands: Commands, yaml: Yaml, *, before: t.Mapping[str, t.Any], after: t.Mapping[str, t.Any], options: str
) -> bool:
    """Let the host's kubeadm validate a document.

    Args:
        commands: runs kubeadm.
        yaml: writes the documents.
        before: the document as it is stored. Where kubeadm refuses this one already, its verdict says nothing.
        after: the document to be stored.
        options: for the message, the options that made it.

    Returns:
        whether kubeadm could judge; ``False`` without kubeadm, before 1.26, and for versions that it cannot read.

    Raises:
        InvalidInput: when kubeadm refuses the new document but not the stored one.
    """
    if commands.find("kubeadm") is None:
        return False
    refusal = _refusal(commands, yaml.dump(dict(after)))
    if refusal is None:
        return True
    if any(text in refusal for text in _CANNOT_VALIDATE) or _refusal(commands, yaml.dump(dict(before))) is not None:
        return False
    reason = " ".join(refusal.strip().splitlines()[-5:])
    raise InvalidInput(f"kubeadm refuses the {_KEY} that {options} would make: {reason}")


def _refusal(commands: Commands, text: str) -> str | None:
    result = commands.run(["kubeadm", "config", "validate", "--config", "/dev/stdin"], stdin=text, check=False)
    return None if result.returncode == 0 else result.stderr or result.stdout


def _values(current: StoredConfiguration) -> dict[str, t.Any]:
    configuration = current.configuration
    return {
        "api_version": configuration.api_version,
        "cert_sans": list(configuration.cert_sans),
        "cluster_configuration": dict(configuration.document),
        "control_plane_endpoint": configuration.control_plane_endpoint,
        "etcd": configuration.etcd_kind,
        "extra_args": {
            component: [{"name": name, "value": value} for name, value in configuration.extra_args(component)]
            for component in COMPONENTS
        },
        "kubernetes_version": configuration.kubernetes_version,
        "resource_version": current.resource_version,
    }


__all__ = (
    "MAXIMUM_ATTEMPTS",
    "StoredConfiguration",
    "collect",
    "ensure",
    "inspect",
    "rewrite",
    "stored",
    "validate",
    "write",
)
