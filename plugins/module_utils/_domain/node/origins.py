# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a node's packages and images come from, as the host itself reaches it before anything is changed.

A value that cannot be read is asked for nothing here: the decision names it (:mod:`desired`).
"""

from __future__ import annotations

import dataclasses
import re
import typing as t

from ..base.problem import Problem
from ..base.report_fields import absent
from ..base.version import KubernetesVersion

if t.TYPE_CHECKING:
    from .desired import DesiredNode

_KUBERNETES = "https://pkgs.k8s.io/core:/stable"
_VERSION = re.compile(r"v?\d+\.\d+\.\d+\Z")
_WEB = re.compile(r"https?://[^\s]+\Z")
#: What a registry answers that is there: it lets everybody in, or asks who it is (OCI distribution specification, "Determining Support").
_REGISTRY_ANSWERS = (200, 401)
#: The archive of the CNI plugins beside programs of Kubernetes.
PLUGINS = "cni-plugins.tgz"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What the host was answered.

    Attributes:
        status: of HTTP; 0 without an answer.
        error: why there was none, in the words of the system or the TLS library.
        versions: of kubeadm that an index of packages has, the newest first.
    """

    status: int
    error: str = dataclasses.field(default="", metadata=absent(""))
    versions: tuple[str, ...] = dataclasses.field(default=(), metadata=absent(()))


@dataclasses.dataclass(frozen=True)
class Wanted:
    """What a host is to ask.

    Attributes:
        url: of the question.
        ca: certificates (PEM) that alone are trusted for it; empty for the host's own.
    """

    url: str
    ca: str = ""


def repository_url(manager: str, version: KubernetesVersion, given: str) -> str:
    """Where packages come from, with a slash at its end: the given URL, else Kubernetes' own repository of the release."""
    default = f"{_KUBERNETES}:/v{version.major}.{version.minor}/{'deb' if manager == 'apt' else 'rpm'}"
    return f"{(given or default).rstrip('/')}/"


def index_url(manager: str, repository: str) -> str:
    """What of a repository says which packages it has."""
    return f"{repository}{'Packages' if manager == 'apt' else 'repodata/repomd.xml'}"


def of_packages(manager: str, version: str, repository: object) -> Wanted | None:
    """The index of the repository; ``None`` where it cannot be known."""
    given = repository if isinstance(repository, dict) else {}
    url = str(given.get("url") or "").strip()
    if not manager or (url and not _WEB.match(url)) or (not url and not _VERSION.match(version.strip())):
        return None
    # A given URL is one for every version.
    release = KubernetesVersion(0, 0) if url else KubernetesVersion.parse(version)
    return Wanted(index_url(manager, repository_url(manager, release, url)))


def of_mirrors(mirrors: object) -> tuple[Wanted, ...]:
    """Each mirror of a registry, by its base."""
    given = mirrors if isinstance(mirrors, dict) else {}
    found = []
    for mirror in given.values():
        entry = mirror if isinstance(mirror, dict) else {"url": mirror}
        url = str(entry.get("url") or "").strip().rstrip("/")
        if _WEB.match(url):
            found.append(Wanted(_base(url), str(entry.get("ca") or "").strip()))
    return tuple(dict.fromkeys(found))


def of_programs(binaries: object, *, has_cni: bool) -> tuple[Wanted, ...]:
    """The digests of kubeadm and, where the host lacks them, of the CNI plugins; none where they come from the controller, or from packages."""
    url = str(binaries or "").strip().rstrip("/")
    names = ("kubeadm",) if has_cni else ("kubeadm", PLUGINS)
    return tuple(Wanted(f"{url}/{name}.sha256") for name in names) if _WEB.match(url) else ()


def kubeadm_versions(index: str) -> tuple[str, ...]:
    """Versions of kubeadm in an index of packages of Debian, the newest first."""
    found = []
    for stanza in re.split(r"\n\s*\n", index):
        fields = dict(re.findall(r"^(Package|Version): *(\S+)", stanza, re.MULTILINE))
        if fields.get("Package") == "kubeadm":
            found.append(fields.get("Version", "").partition("-")[0])
    return tuple(sorted(dict.fromkeys(found), key=_key, reverse=True))


def problems(
    name: str,
    answers: t.Mapping[str, Answer],
    desired: DesiredNode,
    version: KubernetesVersion | None,
    *,
    manager: str,
) -> t.Iterator[Problem]:
    """What the host cannot get there.

    Args:
        name: the host's inventory name.
        answers: by the URL that was asked.
        desired: what the inputs want.
        version: of Kubernetes.
        manager: of packages, where programs of Kubernetes are to be installed from some; else empty.
    """
    for mirror in desired.mirrors:
        answer = answers.get(_base(mirror.url))
        if answer is not None and answer.status not in _REGISTRY_ANSWERS:
            yield Problem(
                "kubeadm_ha_registry_mirrors",
                f"{name} does not reach {mirror.url}, the mirror of {mirror.registry} in kubeadm_ha_registry_mirrors "
                f"({_reason(answer)}): {_remedy(answer, has_ca=bool(mirror.ca))}.",
            )
    # The host has asked for that of the plugins only where it lacks them.
    digests = [each.url for each in of_programs(desired.binaries, has_cni=False) if each.url in answers]
    missing = next((url for url in digests if answers[url].status != 200), None)
    if missing is not None:
        yield Problem(
            "kubeadm_ha_binaries",
            f"{name} does not reach {missing} ({_reason(answers[missing])}): correct kubeadm_ha_binaries; each program there, and {PLUGINS}, "
            "has its digest beside it.",
        )
    if version is None or not manager:
        return
    repository = repository_url(manager, version, desired.repository.url)
    index, shown = answers.get(index_url(manager, repository)), repository.rstrip("/")
    if index is not None and index.status != 200:
        yield Problem(
            "kubeadm_ha_package_repository",
            f"{name} does not reach the packages at {shown} ({_reason(index)}): correct "
            "kubeadm_ha_package_repository, or give kubeadm_ha_binaries.",
        )
    elif index is not None and index.versions and str(version)[1:] not in index.versions:
        yield Problem(
            "kubeadm_ha_kubernetes_version",
            f"kubeadm_ha_kubernetes_version is {str(version)[1:]}, which {shown} does not have: it has "
            f"{', '.join(index.versions[:8])}.",
        )


def _base(url: str) -> str:
    """Where a registry of this URL says what it is; one with a path has it below."""
    return url if "/v2" in url.partition("://")[2] else f"{url}/v2/"


def _reason(answer: Answer) -> str:
    return answer.error or f"HTTP status {answer.status}"


def _remedy(answer: Answer, *, has_ca: bool) -> str:
    if "CERTIFICATE_VERIFY_FAILED" not in answer.error:
        return "correct its url, or start it"
    return (
        "its ca is not the one that issued its certificate"
        if has_ca
        else "give its ca, the certificates of its CA in PEM"
    )


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


__all__ = ("Answer", "Wanted", "kubeadm_versions", "of_mirrors", "of_packages", "problems")
