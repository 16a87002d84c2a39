# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs beside Kubernetes' own, from Go modules: flannel, the CNI plugins, crictl. Nothing is patched."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

from tests.lab import golang, machine, shell
from tests.lab.paths import LAB

SOURCES = LAB / "addons"

FLANNEL = "v0.28.4"
CNI_PLUGINS = "v1.7.1"
#: The newest release that can be built with verified checksums.
CRICTL = "v1.30.0"

#: Files of the product of flannel.
FLANNELD, FLANNEL_PLUGIN, FLANNEL_MANIFEST = "flanneld", "flannel", "kube-flannel.yml"
#: Directory and file of the other product.
PLUGINS, CRICTL_PROGRAM = "cni", "crictl"

_FLANNEL_MODULE = "github.com/flannel-io/flannel"
_CRICTL_MODULE = "sigs.k8s.io/cri-tools"
_C_PACKAGES = {"gcc": "gcc", "libc6-dev": "/usr/include/stdio.h"}
_ENVIRONMENT = ("GOCACHE", "GOFLAGS", "GOMODCACHE", "GOTOOLCHAIN", "GOWORK", "GOSUMDB", "GONOSUMDB", "GOPRIVATE")
_STAGING = re.compile(
    r"^(\s*k8s\.io/[a-z0-9-]+ => )k8s\.io/kubernetes/staging/src/(k8s\.io/[a-z0-9-]+) .*$", re.MULTILINE
)
# Modules that are no longer published, which crictl does not import.
_UNPUBLISHED = re.compile(r"^.*k8s\.io/(?:sample-[a-z-]+|legacy-cloud-providers) => .*\n", re.MULTILINE)


def build_flannel(go: golang.Go, target: Path) -> None:
    """Build flanneld and its CNI plugin, and take upstream's manifest."""
    machine.ensure(_C_PACKAGES)
    shell.say(f"building flannel {FLANNEL}")
    directory = _copy(go, "flannel")
    version = f"-X {_FLANNEL_MODULE}/pkg/version.Version={FLANNEL}"
    flags = ("-trimpath", "-tags=netgo,osusergo", f"-ldflags=-s -w {version} -extldflags -static")
    # Its back end for UDP is C.
    effective = json.loads(go.run("env", "-json", *_ENVIRONMENT, directory=directory))
    command = ["go", "build", *flags, "-o", str(target / FLANNELD), _FLANNEL_MODULE]
    shell.run(command, directory=directory, environment={**effective, "CGO_ENABLED": "1"})
    module = go.describe(f"{_FLANNEL_MODULE}@{FLANNEL}")
    shutil.copyfile(Path(module["Dir"]) / "Documentation" / FLANNEL_MANIFEST, target / FLANNEL_MANIFEST)
    plugin = _copy(go, "flannel-cni-plugin")
    go.run("build", "-trimpath", "-ldflags=-s -w", "-o", str(target / FLANNEL_PLUGIN), "tool", directory=plugin)


def build_node_tools(go: golang.Go, target: Path) -> None:
    """Build what Kubernetes' packages bring besides: the CNI plugins and crictl."""
    shell.say(f"building the CNI plugins {CNI_PLUGINS} and crictl {CRICTL}")
    version = "github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion"
    plugins = target / PLUGINS
    plugins.mkdir()
    flags = f"-ldflags=-s -w -X {version}={CNI_PLUGINS}"
    go.run("build", "-trimpath", flags, "-o", f"{plugins}/", "tool", directory=_copy(go, "cni-plugins"))
    _build_crictl(go, target / CRICTL_PROGRAM)


def published(go_mod: str, version: str) -> str:
    """A ``go.mod`` with Kubernetes' staging directories replaced by the modules published from them."""
    text = _UNPUBLISHED.sub("", go_mod)
    return _STAGING.sub(rf"\1\2 {version.replace('v1.', 'v0.', 1)}", text)


def _build_crictl(go: golang.Go, program: Path) -> None:
    # Its module has another name than its path, so no module can require it: the verified sources are built in place.
    module = go.describe(f"{_CRICTL_MODULE}@{CRICTL}")
    directory = go.work / "crictl"
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(module["Dir"], directory, ignore=shutil.ignore_patterns("vendor"))
    go_mod = directory / "go.mod"
    go_mod.write_text(published(go_mod.read_text(encoding="utf-8"), CRICTL), encoding="utf-8")
    version = f"-X github.com/kubernetes-sigs/cri-tools/pkg/version.Version={CRICTL}"
    flags = ("-trimpath", f"-ldflags=-s -w {version}")
    go.run("build", *flags, "-o", str(program), "./cmd/crictl", directory=directory)


def _copy(go: golang.Go, name: str) -> Path:
    """A module of the addons where Go may write into it."""
    directory = go.work / "addons" / name
    shutil.rmtree(directory, ignore_errors=True)
    shutil.copytree(SOURCES / name, directory)
    return directory
