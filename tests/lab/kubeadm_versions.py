# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubeadm alone, of other versions than the lab's cluster: what each of them takes as a ClusterConfiguration.

``python3 -m tests.lab.kubeadm_versions [VERSION ...]`` builds what is missing and prints the paths. Each version is a
product of its own in the lab's cache, about 100 s on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.lab import golang, old_releases, paths, products, shell
from tests.lab.errors import LabError

#: Versions that today's Go builds, with the versions of the configuration that each reads: at least two kubeadm for
#: each version of the configuration, but for v1beta1, which only versions up to 1.21 read.
VERSIONS: Mapping[str, Sequence[str]] = {
    "v1.21.14": ("v1beta1", "v1beta2"),
    "v1.24.17": ("v1beta2", "v1beta3"),
    "v1.28.15": ("v1beta3",),
    "v1.31.0": ("v1beta3", "v1beta4"),
    "v1.36.3": ("v1beta3", "v1beta4"),
    "v1.37.1": ("v1beta4",),
}


def kubeadm(version: str, cache: paths.Cache | None = None) -> Path:
    """The kubeadm of a version, built if it is not there yet.

    :raises LabError: when it cannot be built.
    """
    if version not in VERSIONS:
        raise LabError(f"kubeadm {version}: choose one of {', '.join(VERSIONS)}")
    cache = cache or paths.cache()
    directory = cache.root / f"kubeadm-{version}-{_key(version)}"
    if not directory.is_dir():
        with products.locked(cache.lock("go-kubeadm")):
            products.publish(directory, partial(_build, _go(cache), version))
    return directory / "kubeadm"


def clear(cache: paths.Cache | None = None) -> None:
    """Throw Go's caches away, which the builds of several versions share."""
    _go(cache or paths.cache()).clear()


def _go(cache: paths.Cache) -> golang.Go:
    return golang.Go(work=cache.root / "go-kubeadm")


def _key(version: str) -> str:
    return products.key(products.recipe(paths.LAB / "golang.py"), golang.go_version(), *old_releases.others(version))


def _build(go: golang.Go, version: str, target: Path) -> None:
    shell.say(f"building kubeadm {version} from the Go modules")
    old_releases.build(go, version, target, ["kubeadm"])


def main(versions: Sequence[str]) -> int:
    """Build the versions, or all."""
    cache = paths.cache()
    try:
        for version in versions or VERSIONS:
            print(kubeadm(version, cache), flush=True)
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return error.status
    finally:
        clear(cache)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
