# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host needs to join a cluster, made on a control plane and revoked again."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import typing as t

from ..base.address import Endpoint
from ..base.change import KNOWN_AFTER_APPLY, Change, Decision
from ..base.errors import CommandFailed, InvalidInput, KubeadmHaError, UnsupportedState
from ..base.last_words import last_words, without_secrets
from ..component import local_control_plane
from ..kubeconfig.document import Kubeconfig
from ..kubeconfig.server_in_text import with_server
from . import bootstrap_token, cluster_configuration, kubeadm_config, learner_mode
from .bootstrap_token import BOOTSTRAP_TOKEN, CERTIFICATES_SECRET, TOKEN_DESCRIPTION, UPLOADED_CERTIFICATES
from .cluster_info_signature import CLUSTER_INFO
from .join_configuration import JoinRequest, join_configuration
from .join_token import Token
from .token_life import MAXIMUM_TTL, check_ttl

if t.TYPE_CHECKING:
    from ..._ports.api import Api
    from ..._ports.certificate_keys import CertificateKeys
    from ..._ports.commands import Commands
    from ..._ports.files import Files
    from ..._ports.x509 import X509
    from ..._ports.yaml import Yaml
    from .kubeadm_config import StoredConfiguration

_NAMESPACE = "kube-system"


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked for.

    Attributes:
        control_plane: the joining host becomes a control plane, so certificates are uploaded,
        uploads: unless it gets them otherwise, and only a key is made to encrypt them with.
        ttl: life of the token as a Go duration.
        kubeconfig: path of a cluster administrator's kubeconfig, for kubeadm.
        server: the API server that kubeadm asks instead of the kubeconfig's; ``None`` is the kubeconfig's.
        manifests_dir: where the static pods of this host are.
        host_name: this host's name.
        overrides: what the caller says of this control plane instead of its files.
        endpoint: what joining hosts connect to for discovery; ``None`` is the server of cluster-info.
    """

    control_plane: bool
    ttl: str
    kubeconfig: str
    manifests_dir: str
    host_name: str
    overrides: local_control_plane.Overrides
    endpoint: Endpoint | None = None
    server: Endpoint | None = None
    uploads: bool = True


def ensure(
    api: Api, commands: Commands, files: Files, yaml: Yaml, x509: X509, keys: CertificateKeys, *, request: Request
) -> Decision:
    """A new bootstrap token and, for a control plane, a new key with the certificates uploaded under it.

    Args:
        api: the cluster.
        commands: runs this host's kubeadm.
        files: of this host, for what kubeadm must know of its control plane.
        yaml: reads the embedded documents.
        x509: reads the CA.
        keys: makes the certificate key.
        request: what is asked for.

    Raises:
        InvalidInput: when the request cannot be met by any cluster.
        UnsupportedState: when this cluster or host cannot meet it.
        CommandFailed: when kubeadm fails; what was made is revoked before.
    """
    check_ttl(request.ttl)
    server, ca_cert_hashes = _cluster_info(api, yaml, x509)
    endpoint = request.endpoint or server
    stored = kubeadm_config.collect(api, yaml)
    initial = (
        _init_configuration(files, yaml, x509, request, stored) if request.control_plane and request.uploads else None
    )
    sets_gate = request.control_plane and learner_mode.needs_gate(stored.configuration.document)
    known = {
        "endpoint": str(endpoint),
        "ca_cert_hashes": list(ca_cert_hashes),
        "api_version": stored.configuration.api_version,
        "certificates_dir": stored.configuration.certificates_dir,
    }

    def act() -> t.Mapping[str, t.Any]:
        with _kubeconfig(commands, files, yaml, request) as kubeconfig:
            token = _make_token(commands, request, kubeconfig)
            try:
                key = keys.new() if request.control_plane else None
                if initial is not None:
                    _upload(commands, kubeconfig, stored, {**initial, "certificateKey": key})
                if sets_gate:
                    learner_mode.enable(api, yaml)
            except KubeadmHaError:
                with contextlib.suppress(KubeadmHaError):
                    absent(api, yaml, token_id=token.id if initial is None and not sets_gate else None).act()
                raise
        return _secrets(known, token, key, request)

    changes = (*_made(request), *([learner_mode.enabling()] if sets_gate else ()))
    return Decision(changes=changes, values={**known, **_NO_SECRETS}, act=act)


def absent(api: Api, yaml: Yaml, *, token_id: str | None = None) -> Decision:
    """No token made here, no uploaded certificates and no gate that was set for joins are left.

    Args:
        api: the cluster.
        yaml: reads and writes the ClusterConfiguration.
        token_id: revoke this token only, and leave the rest.
    """
    is_marked = False
    if token_id is None:
        secrets = api.list("secret", namespace=_NAMESPACE)
        tokens = (secret for secret in secrets if secret.get("type") == bootstrap_token.SECRET_TYPE)
        found = bootstrap_token.left_over(map(bootstrap_token.BootstrapToken.from_secret, tokens))
        certificates = any(secret["metadata"]["name"] == CERTIFICATES_SECRET for secret in secrets)
        is_marked = learner_mode.is_marked(api.get("configmap", kubeadm_config.NAME, namespace=_NAMESPACE))
    else:
        found = [f"{bootstrap_token.SECRET_PREFIX}{Token.check_id(token_id)}"]
        found = [name for name in found if api.get("secret", name, namespace=_NAMESPACE) is not None]
        certificates = False
    changes = bootstrap_token.decide_revocation(len(found), has_certificates=certificates)
    if is_marked:
        changes = (*changes, learner_mode.disabling())

    def act() -> t.Mapping[str, t.Any]:
        if is_marked:
            learner_mode.disable(api, yaml)
        names = [*found, *([CERTIFICATES_SECRET] if certificates else [])]
        for name in names:
            api.delete("secret", name, namespace=_NAMESPACE)
        return {}

    nothing = {"endpoint": None, "ca_cert_hashes": [], "api_version": None, "certificates_dir": None, **_NO_SECRETS}
    return Decision(changes=changes, values=nothing, act=act)


#: What is known only after the act.
_NO_SECRETS: t.Mapping[str, t.Any] = {
    "token": None,
    "token_id": None,
    "certificate_key": None,
    "join_configuration": None,
    "worker_command": None,
    "control_plane_command": None,
}


def _made(request: Request) -> t.Iterator[Change]:
    reason = f"a {'control plane' if request.control_plane else 'worker'} joins with it"
    yield Change(BOOTSTRAP_TOKEN, None, KNOWN_AFTER_APPLY, reason)
    if request.control_plane and request.uploads:
        yield Change(UPLOADED_CERTIFICATES, None, KNOWN_AFTER_APPLY, reason)


def _cluster_info(api: Api, yaml: Yaml, x509: X509) -> tuple[Endpoint, tuple[str, ...]]:
    """What discovery will give a joining node: the server, and the hashes of its CA's public keys."""
    name = CLUSTER_INFO
    remedy = "'kubeadm init phase bootstrap-token' writes it"
    configmap = api.get("configmap", "cluster-info", namespace="kube-public")
    if configmap is None:
        raise UnsupportedState(f"There is no {name}, so no node can join with a bootstrap token: {remedy}.")
    try:
        kubeconfig = Kubeconfig.parse(yaml.load((configmap.get("data") or {})["kubeconfig"]))
        server = Endpoint.parse(str(kubeconfig.server))
        certificates = x509.certificates(kubeconfig.ca_pem() or b"")
    except (InvalidInput, KeyError) as error:
        raise UnsupportedState(f"{name} holds no kubeconfig with a server and a CA: {remedy}.") from error
    return server, tuple(certificate.public_key_sha256 for certificate in certificates)


def _init_configuration(
    files: Files, yaml: Yaml, x509: X509, request: Request, stored: StoredConfiguration
) -> dict[str, t.Any]:
    configuration = stored.configuration
    if configuration.version == "v1beta1":
        raise UnsupportedState(
            f"{cluster_configuration.OBJECT} is of the version v1beta1, which knows no certificate key: convert it with "
            "'kubeadm config migrate' of a kubeadm that this cluster's version supports."
        )
    if files.read(f"{configuration.certificates_dir}/ca.key") is None:
        raise UnsupportedState(
            f"{configuration.certificates_dir}/ca.key is not on this host (external CA), so kubeadm cannot upload the "
            "certificates: run on a control plane that has it, or put the joining host's certificates there by hand."
        )
    local = local_control_plane.collect(
        files, yaml, x509, overrides=request.overrides, manifests_dir=request.manifests_dir, host_name=request.host_name
    )
    return local.init_configuration(configuration.api_version)


@contextlib.contextmanager
def _kubeconfig(commands: Commands, files: Files, yaml: Yaml, request: Request) -> t.Iterator[str]:
    """The kubeconfig for kubeadm, which knows no other way to name a server; with another server it is in memory only.

    Raises:
        UnsupportedState: when the kubeconfig is not there, or is none.
    """
    if request.server is None:
        yield request.kubeconfig
        return
    content = files.read(request.kubeconfig)
    if content is None:
        raise UnsupportedState(f"There is no kubeconfig {request.kubeconfig}: set the option kubeconfig.")
    try:
        text = with_server(content.decode("utf-8"), request.server.url, yaml)
    except (InvalidInput, UnicodeDecodeError, UnsupportedState):
        # The parser's message quotes the line, which may hold a credential.
        raise UnsupportedState(
            f"{request.kubeconfig} is no kubeconfig with a cluster: repair it, or set the option kubeconfig."
        ) from None
    with commands.in_memory_file(text) as path:
        yield path


def _make_token(commands: Commands, request: Request, kubeconfig: str) -> Token:
    """A new token. kubeadm makes it up and prints it, so it stands on no command line."""
    result = commands.run(
        [
            "kubeadm",
            "token",
            "create",
            f"--kubeconfig={kubeconfig}",
            f"--ttl={request.ttl}",
            f"--description={TOKEN_DESCRIPTION}",
        ],
        check=False,
    )
    if result.returncode != 0:
        raise CommandFailed(
            f"kubeadm token create failed with return code {result.returncode}: {last_words(result.stderr)}",
            rc=result.returncode,
        )
    lines = result.stdout.split()
    token = Token.find(lines[-1] if lines else "")
    if token is None:
        raise CommandFailed(
            "kubeadm token create printed no token: check the bootstrap tokens with 'kubeadm token list'."
        )
    return token


def _upload(commands: Commands, kubeconfig: str, stored: StoredConfiguration, initial: t.Mapping[str, t.Any]) -> None:
    """Upload the certificates. The key travels by standard input and is not printed."""
    # JSON is YAML, and a document may not be cut by the other's contents.
    documents = "\n---\n".join(json.dumps(document) for document in (initial, dict(stored.configuration.document)))
    result = commands.run(
        [
            "kubeadm",
            "init",
            "phase",
            "upload-certs",
            "--upload-certs",
            "--skip-certificate-key-print",
            f"--kubeconfig={kubeconfig}",
            "--config=/dev/stdin",
        ],
        stdin=documents,
        check=False,
    )
    if result.returncode != 0:
        reason = without_secrets(last_words(result.stderr), (str(initial["certificateKey"]),))
        raise CommandFailed(
            f"kubeadm init phase upload-certs failed with return code {result.returncode}: {reason}",
            rc=result.returncode,
        )


def _secrets(known: t.Mapping[str, t.Any], token: Token, key: str | None, asked: Request) -> dict[str, t.Any]:
    uploaded = key if asked.uploads else None
    request = JoinRequest(
        endpoint=Endpoint.parse(known["endpoint"]),
        ca_cert_hashes=tuple(known["ca_cert_hashes"]),
        api_version=known["api_version"],
        control_plane=asked.control_plane,
        token=token,
        certificate_key=uploaded,
        certificates_dir=known["certificates_dir"],
    )
    hashes = [f"--discovery-token-ca-cert-hash {item}" for item in known["ca_cert_hashes"]]
    given = "" if uploaded is None else f" --certificate-key {uploaded}"
    worker = " ".join(["kubeadm join", known["endpoint"], f"--token {token.text}", *hashes])
    return {
        "token": token.text,
        "token_id": token.id,
        "certificate_key": key,
        "join_configuration": join_configuration(request),
        "worker_command": worker,
        "control_plane_command": f"{worker} --control-plane{given}" if asked.control_plane else None,
    }


__all__ = (
    "MAXIMUM_TTL",
    "Request",
    "absent",
    "check_ttl",
    "ensure",
)
