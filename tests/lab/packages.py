# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' own Debian packages and their signed repository, as pkgs.k8s.io has them: flat, ``deb URL /``."""

from __future__ import annotations

import email.utils
import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import machine, shell

#: Revision of the packages, as upstream's first build of a release.
REVISION = "1.1"
#: What hosts trust the repository by, under upstream's name.
KEY = "Release.key"

_GPG_PACKAGES = {"gpg": "gpg", "gpg-agent": "gpg-agent"}
_KUBELET_SERVICE = "usr/lib/systemd/system/kubelet.service"
_KUBELET_DROP_IN = "usr/lib/systemd/system/kubelet.service.d/10-kubeadm.conf"
#: Files of the packages that a tree of the lab has.
UNITS = (_KUBELET_SERVICE, _KUBELET_DROP_IN)
_KUBELET_DEFAULTS = "etc/default/kubelet"
# As debhelper writes them: enabled and started when installed, but not in a chroot.
_KUBELET_SCRIPTS = {
    "postinst": """#!/bin/sh
set -e
if [ "$1" = configure ]; then
    systemctl enable kubelet.service >/dev/null 2>&1 || true
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
        systemctl start kubelet.service || true
    fi
fi
""",
    "prerm": """#!/bin/sh
set -e
if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
    systemctl stop kubelet.service || true
fi
""",
}


@dataclass(frozen=True, kw_only=True)
class Content:
    """A file of a package: a copy of ``source``, or a text."""

    source: Path | None = None
    text: str = ""
    mode: int = 0o644


@dataclass(frozen=True, kw_only=True)
class Package:
    """A Debian package; ``scripts`` are its maintainer scripts by their names."""

    name: str
    version: str
    description: str
    files: Mapping[str, Content]
    relations: Mapping[str, str] = field(default_factory=dict)
    """Fields such as ``Depends``."""
    conffiles: Sequence[str] = ()
    scripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_name(self) -> str:
        """Name of its archive."""
        return f"{self.name}_{self.version}_amd64.deb"

    def control(self) -> str:
        """Its control file."""
        fields = {
            "Package": self.name,
            "Version": self.version,
            "Architecture": "amd64",
            "Maintainer": "kubeadm.ha lab <lab@kubeadm-ha.invalid>",
            **self.relations,
            "Section": "admin",
            "Priority": "optional",
            "Description": self.description,
        }
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


def cri_tools(version: str, crictl: Path) -> Package:
    """The package of crictl."""
    return Package(
        name="cri-tools",
        version=f"{version.removeprefix('v')}-{REVISION}",
        description="Command-line utility for interacting with a container runtime",
        files={"usr/bin/crictl": _program(crictl)},
    )


def kubernetes_cni(version: str, plugins: Path) -> Package:
    """The package of the CNI plugins in a directory."""
    return Package(
        name="kubernetes-cni",
        version=f"{version.removeprefix('v')}-{REVISION}",
        description="Binaries required to provision kubernetes container networking",
        files={f"opt/cni/bin/{plugin.name}": _program(plugin) for plugin in sorted(plugins.iterdir())},
    )


def kubernetes(version: str, *, binaries: Path, units: Path) -> list[Package]:
    """The packages of a release: kubeadm, kubelet, kubectl.

    :param units: a tree with the kubelet's unit and kubeadm's drop-in of it.
    """
    release = f"{version.removeprefix('v')}-{REVISION}"
    keep = Content()
    return [
        Package(
            name="kubectl",
            version=release,
            description="Command-line utility for interacting with a Kubernetes cluster",
            files={"usr/bin/kubectl": _program(binaries / "kubectl")},
        ),
        Package(
            name="kubelet",
            version=release,
            description="Node agent for Kubernetes clusters",
            relations={"Depends": "kubernetes-cni (>= 1.2.0), mount, util-linux", "Recommends": "iptables (>= 1.8.4)"},
            files={
                "usr/bin/kubelet": _program(binaries / "kubelet"),
                _KUBELET_SERVICE: Content(source=units / _KUBELET_SERVICE),
                _KUBELET_DEFAULTS: Content(text="KUBELET_EXTRA_ARGS=\n"),
                # So that dpkg keeps the directories.
                "etc/kubernetes/manifests/.kubelet-keep": keep,
                "var/lib/kubelet/.kubelet-keep": keep,
            },
            conffiles=[f"/{_KUBELET_DEFAULTS}"],
            scripts=_KUBELET_SCRIPTS,
        ),
        Package(
            name="kubeadm",
            version=release,
            description="Command-line utility for administering a Kubernetes cluster",
            relations={"Depends": "cri-tools (>= 1.30.0)"},
            files={
                "usr/bin/kubeadm": _program(binaries / "kubeadm"),
                _KUBELET_DROP_IN: Content(source=units / _KUBELET_DROP_IN),
            },
        ),
    ]


def write_repository(target: Path, packages: Sequence[Package], secret_key: Path) -> None:
    """Write packages, their index and its signature; the secret key is made when it is not there yet."""
    index = []
    for package in packages:
        _build(package, target)
        index.append(index_entry(package, target / package.file_name))
    content = "\n".join(index)
    (target / "Packages").write_text(content, encoding="utf-8")
    (target / "Release").write_text(release(content, email.utils.formatdate(usegmt=True)), encoding="utf-8")
    _sign(target, secret_key)


def index_entry(package: Package, archive: Path) -> str:
    """What the repository's index has about a package."""
    with archive.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    size = archive.stat().st_size
    return f"{package.control()}Filename: ./{archive.name}\nSize: {size}\nSHA256: {sha256}\n"


def release(index: str, date: str) -> str:
    """The repository's Release file."""
    content = index.encode()
    sha256 = hashlib.sha256(content).hexdigest()
    return (
        "Origin: kubeadm.ha lab\nLabel: Kubernetes\nArchitectures: amd64\n"
        f"Date: {date}\nSHA256:\n {sha256} {len(content)} Packages\n"
    )


def _program(path: Path) -> Content:
    return Content(source=path, mode=0o755)


def _build(package: Package, target: Path) -> None:
    with tempfile.TemporaryDirectory(dir=target, prefix=".package.") as name:
        root = Path(name)
        root.chmod(0o755)
        control = root / "DEBIAN"
        control.mkdir()
        (control / "control").write_text(package.control(), encoding="utf-8")
        if package.conffiles:
            (control / "conffiles").write_text("".join(f"{path}\n" for path in package.conffiles), encoding="utf-8")
        for script, text in package.scripts.items():
            (control / script).write_text(text, encoding="utf-8")
            (control / script).chmod(0o755)
        for path, content in package.files.items():
            _add(root / path, content)
        # Uncompressed: 80 MB of a Go program take a second, not a minute.
        shell.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", root, target / package.file_name])


def _add(path: Path, content: Content) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if content.source is not None:
        shutil.copyfile(content.source, path)
    else:
        path.write_text(content.text, encoding="utf-8")
    path.chmod(content.mode)


def _sign(target: Path, secret_key: Path) -> None:
    machine.ensure(_GPG_PACKAGES)
    # Sockets of gpg's agent need a short path.
    with tempfile.TemporaryDirectory(prefix="kubeadm-ha-gpg-") as home:
        environment = {"GNUPGHOME": home}

        def gpg(*arguments: str | Path) -> str:
            options = ["--batch", "--quiet", "--yes", "--pinentry-mode", "loopback", "--passphrase", ""]
            return shell.run(["gpg", *options, *arguments], environment=environment)

        try:
            if secret_key.is_file():
                gpg("--import", secret_key)
            else:
                gpg("--quick-generate-key", "kubeadm.ha lab", "ed25519", "sign", "never")
                secret_key.touch(mode=0o600)
                secret_key.write_text(gpg("--armor", "--export-secret-keys"), encoding="ascii")
            (target / KEY).write_text(gpg("--armor", "--export"), encoding="ascii")
            gpg("--clearsign", "--output", target / "InRelease", target / "Release")
        finally:
            shell.run(["gpgconf", "--kill", "all"], environment=environment, check=False)
