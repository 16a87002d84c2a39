# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs from Go modules: Kubernetes, etcd, CoreDNS as their authors published them, pause and smoke of the lab.

Nothing is patched. Checksums of all modules are verified: against ``go.sum`` files, and those against the checksum
database. The same module versions and the same Go give the same bytes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab import shell
from tests.lab.errors import LabError
from tests.lab.paths import LAB

SOURCES = LAB / "go"

KUBERNETES = (
    "kubeadm",
    "kubelet",
    "kubectl",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kube-proxy",
)
COMPONENTS = ("etcd", "etcdctl", "etcdutl", "coredns", "pause", "smoke")

# Package of each component; the directory below go/ has the module.
_COMPONENT_PACKAGES = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "etcdctl": ("etcd", "go.etcd.io/etcd/etcdctl/v3"),
    "etcdutl": ("etcd", "go.etcd.io/etcd/etcdutl/v3"),
    "coredns": ("coredns", "."),
    "pause": ("pause", "."),
    "smoke": ("smoke", "."),
}

# Variables that would turn the verification of checksums off.
_UNVERIFIED = ("GONOSUMDB", "GONOSUMCHECK", "GOPRIVATE", "GOINSECURE", "GOSUMDB", "GOFLAGS")

_STAGING = re.compile(r"^(\s*k8s\.io/[a-z0-9-]+) => \./staging/src/(k8s\.io/[a-z0-9-]+)$", re.MULTILINE)
_SAMPLES = re.compile(r"^.*k8s\.io/sample-[a-z-]+ .*\n", re.MULTILINE)
_MODULE_LINE = re.compile(r"^module .*$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Go:
    """The Go tool with caches of its own below ``work``."""

    work: Path

    def run(self, *arguments: str, directory: Path) -> str:
        """Standard output of ``go ARGUMENTS`` run in a directory."""
        self.work.mkdir(parents=True, exist_ok=True)
        environment = {
            "CGO_ENABLED": "0",
            "GOCACHE": str(self.work / "gocache"),
            "GOFLAGS": "-mod=mod -modcacherw",
            "GOMODCACHE": str(self.work / "gomod"),
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
        }
        unset = [argument for name in _UNVERIFIED for argument in ("-u", name)]
        assigned = [f"{name}={value}" for name, value in environment.items()]
        return shell.run(["env", *unset, *assigned, "go", *arguments], directory=directory)

    def describe(self, module: str) -> dict[str, Any]:
        """What is known of MODULE@VERSION, downloaded and verified: ``Dir``, ``Time``, ``Origin``."""
        self.work.mkdir(parents=True, exist_ok=True)
        listed: dict[str, Any] = json.loads(self.run("list", "-m", "-json", module, directory=self.work))
        downloaded: dict[str, Any] = json.loads(self.run("mod", "download", "-json", module, directory=self.work))
        return {**listed, **downloaded}

    def clear(self) -> None:
        """Throw the caches away: several gigabytes that only another build from scratch would use."""
        shutil.rmtree(self.work, ignore_errors=True)


def go_version() -> str:
    """Version of the Go tool, for example ``go1.24.4``.

    :raises LabError: when there is no Go.
    """
    if shutil.which("go") is None:
        raise LabError("go is not on PATH: install Go 1.24 or newer, or name ready binaries with --binaries")
    return shell.run(["go", "env", "GOVERSION"], environment={"GOTOOLCHAIN": "local"}).strip()


def build_kubernetes(go: Go, version: str, target: Path, commands: Sequence[str] = KUBERNETES) -> None:
    """Build Kubernetes' commands of a version into a directory."""
    module = go.describe(f"k8s.io/kubernetes@{version}")
    wrapper = go.work / "kubernetes"
    shutil.rmtree(wrapper, ignore_errors=True)
    wrapper.mkdir(parents=True)
    source = Path(module["Dir"])
    (wrapper / "go.mod").write_text(wrap(source.joinpath("go.mod").read_text(encoding="utf-8"), version))
    (wrapper / "go.sum").write_bytes(source.joinpath("go.sum").read_bytes())
    packages = [f"k8s.io/kubernetes/cmd/{command}" for command in commands]
    flags = kubernetes_flags(version, date=module["Time"], commit=module.get("Origin", {}).get("Hash", "unknown"))
    go.run("build", "-trimpath", "-ldflags", flags, "-o", f"{target}{os.sep}", *packages, directory=wrapper)


def wrap(go_mod: str, version: str) -> str:
    """The ``go.mod`` of a module that requires k8s.io/kubernetes with exactly the dependencies of that version.

    It is Kubernetes' own file with the staging directories replaced by the modules published from them
    (k8s.io/api v0.34.4 for v1.34.4). The sample-* modules are examples that nothing imports.
    """
    staging = version.replace("v1.", "v0.", 1)
    text = _MODULE_LINE.sub("module lab/kubernetes", go_mod, count=1)
    text = _SAMPLES.sub("", text)
    text = _STAGING.sub(rf"\1 => \2 {staging}", text)
    return f"{text}\nrequire k8s.io/kubernetes {version}\n"


def kubernetes_flags(version: str, *, date: str, commit: str) -> str:
    """Linker flags that give the commands their version, with the date of the release instead of today."""
    major, minor, _ = version.removeprefix("v").split(".", 2)
    values = {
        "gitVersion": version,
        "gitMajor": major,
        "gitMinor": minor,
        "gitCommit": commit,
        "gitTreeState": "archive",
        "buildDate": date,
    }
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    assigned = [f"-X {package}.{name}={value}" for package in packages for name, value in values.items()]
    return " ".join(["-s -w", *assigned])


def build_components(go: Go, target: Path, names: Sequence[str] = COMPONENTS) -> None:
    """Build etcd's programs, CoreDNS, pause and smoke into a directory."""
    modules = go.work / "components"
    shutil.rmtree(modules, ignore_errors=True)
    shutil.copytree(SOURCES, modules)
    for name in names:
        directory, package = _COMPONENT_PACKAGES[name]
        shell.say(f"building {name}")
        output = str(target / name)
        go.run("build", "-trimpath", "-ldflags", "-s -w", "-o", output, package, directory=modules / directory)
