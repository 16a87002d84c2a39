# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kubernetes' commands of releases that are older than the Go that builds them.

Nothing of theirs is patched. Since Go 1.23 its linker refuses programs that reach into Go's own packages, as these do, unless a flag
allows it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.lab import golang

#: The first minor release that today's Go builds as it is.
_FIRST_NEW = 31
#: The first whose kubeadm asks the container runtime by itself (cmd/kubeadm/app/util/runtime/runtime.go).
_FIRST_WITHOUT_CRICTL = 31
#: Modules of old releases in other versions than they name. Before Go 1.17 a module graph was read whole, so even what
#: nothing imports must be there; and the reflection of those days reaches into maps as Go has not made them since 1.18.
_OTHER_MODULES: Mapping[str, Mapping[str, str]] = {
    "v1.21.14": {
        "github.com/modern-go/reflect2": "v1.0.2",
        "k8s.io/sample-apiserver": "v0.21.14",
        "k8s.io/sample-cli-plugin": "v0.21.14",
        "k8s.io/sample-controller": "v0.21.14",
    },
}


def is_old(version: str) -> bool:
    """Whether a release has to be built in this way."""
    return int(version.split(".")[1]) < _FIRST_NEW


def needs_crictl(version: str) -> bool:
    """Whether kubeadm asks the container runtime by crictl."""
    return int(version.split(".")[1]) < _FIRST_WITHOUT_CRICTL


def others(version: str) -> Sequence[str]:
    """MODULE@VERSION of what is taken in another version than the release names."""
    return [f"{name}@{number}" for name, number in _OTHER_MODULES.get(version, {}).items()]


def build(go: golang.Go, version: str, target: Path, commands: Sequence[str] = golang.KUBERNETES) -> None:
    """Build commands of a version into a directory."""
    module = go.describe(f"k8s.io/kubernetes@{version}")
    source = Path(module["Dir"])
    wrapper = go.work / "kubernetes"
    shutil.rmtree(wrapper, ignore_errors=True)
    wrapper.mkdir(parents=True)
    text = golang.wrap(source.joinpath("go.mod").read_text(encoding="utf-8"), version)
    (wrapper / "go.mod").write_text(_with_modules(text, _OTHER_MODULES.get(version, {})))
    (wrapper / "go.sum").write_bytes(source.joinpath("go.sum").read_bytes())
    flags = golang.kubernetes_flags(
        version, date=module["Time"], commit=module.get("Origin", {}).get("Hash", "unknown")
    )
    packages = [f"k8s.io/kubernetes/cmd/{command}" for command in commands]
    arguments = ("-trimpath", "-ldflags", f"{flags} -checklinkname=0", "-o", f"{target}{os.sep}")
    go.run("build", *arguments, *packages, directory=wrapper)


def _with_modules(go_mod: str, modules: Mapping[str, str]) -> str:
    """The ``go.mod`` with these modules in these versions, whatever it said of them."""
    for name, number in modules.items():
        go_mod = re.sub(rf"^\s*{re.escape(name)} => .*\n", "", go_mod, flags=re.MULTILINE)
        go_mod += f"\nreplace {name} => {name} {number}\n"
    return go_mod
