# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The container images of a cluster, made of the built binaries: those that kubeadm names, and the smoke image."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.lab import shell
from tests.lab.archive import Entry, Image
from tests.lab.errors import LabError

SMOKE = "localhost/smoke:1"

# Base name of the image -> programs in it, with the path where the original has them.
_PROGRAMS = {
    "kube-apiserver": ("usr/local/bin/kube-apiserver",),
    "kube-controller-manager": ("usr/local/bin/kube-controller-manager",),
    "kube-scheduler": ("usr/local/bin/kube-scheduler",),
    "kube-proxy": ("usr/local/bin/kube-proxy",),
    "etcd": ("usr/local/bin/etcd", "usr/local/bin/etcdctl", "usr/local/bin/etcdutl"),
    "coredns": ("coredns",),
    "pause": ("pause",),
    "smoke": ("smoke",),
}
_CONFIG = {
    "coredns": {"Entrypoint": ["/coredns"], "WorkingDir": "/"},
    "pause": {"Entrypoint": ["/pause"], "User": "65535:65535"},
    "smoke": {"Entrypoint": ["/smoke"], "User": "65535:65535"},
}

# kube-proxy runs these of Debian (package iptables with its nftables back end, conntrack, nftables).
_PROXY_TOOLS = ("usr/sbin/nft", "usr/sbin/xtables-nft-multi", "usr/sbin/conntrack")
_PROXY_LINKS = {
    **{
        f"usr/sbin/{name}{suffix}": "xtables-nft-multi"
        for name in ("iptables", "ip6tables")
        for suffix in ("", "-save", "-restore")
    },
    "lib": "usr/lib",
    "lib64": "usr/lib64",
    "sbin": "usr/sbin",
}
_LIBRARY_LINKS = tuple(Entry(path=name, link=f"usr/{name}") for name in ("lib", "lib64"))
_MANIFEST_IMAGE = re.compile(r"^\s*(?:- )?image: (\S+)$", re.MULTILINE)
_XTABLES = "usr/lib/{architecture}/xtables"


def names(kubeadm: Path, version: str) -> list[str]:
    """Names with tags of the images that this kubeadm wants for a version."""
    listed = shell.run([kubeadm, "config", "images", "list", f"--kubernetes-version={version}"])
    return listed.split()


def pause(wanted: list[str]) -> str:
    """The name of the pause image among others."""
    return next(name for name in wanted if base_name(name) == "pause")


def base_name(image: str) -> str:
    """``coredns`` of ``registry.k8s.io/coredns/coredns:v1.12.1``."""
    return image.rsplit("/", 1)[-1].split(":", 1)[0]


def describe(image: str, *, binaries: Path, root: Path) -> Image:
    """What belongs into an image; ``root`` is a root file system with kube-proxy's tools.

    :raises LabError: for an image that the lab does not know.
    """
    base = base_name(image)
    if base not in _PROGRAMS:
        raise LabError(f"kubeadm wants the image {image}, which the lab cannot make: give another version")
    entries = [Entry(path=path, source=binaries / Path(path).name) for path in _PROGRAMS[base]]
    if base == "kube-proxy":
        entries += _proxy_entries(root)
    return Image(name=image, entries=entries, config=_CONFIG.get(base, {}))


def flannel(binaries: Path, root: Path, manifest: str) -> list[Image]:
    """flannel's two images under the names of upstream's manifest, whose init containers run ``cp`` in them.

    :raises LabError: when the manifest names other images.
    """
    named = sorted(set(_MANIFEST_IMAGE.findall(manifest)))
    by_name = {base_name(image): image for image in named}
    if sorted(by_name) != ["flannel", "flannel-cni-plugin"]:
        raise LabError(f"flannel's manifest names the images {', '.join(named)}, which the lab cannot make")
    daemon = [Entry(path="opt/bin/flanneld", source=binaries / "flanneld"), *_proxy_entries(root)]
    plugin = [Entry(path="flannel", source=binaries / "flannel"), *_LIBRARY_LINKS]
    copy = [Entry(path="bin", link="usr/bin"), *_program_entries(root, Path("usr/bin/cp"))]
    return [
        Image(
            name=by_name["flannel"],
            entries=_unique([*daemon, *copy]),
            config={"Entrypoint": ["/opt/bin/flanneld"]},
        ),
        Image(name=by_name["flannel-cni-plugin"], entries=_unique([*plugin, *copy])),
    ]


def _program_entries(root: Path, program: Path) -> Iterator[Entry]:
    yield Entry(path=str(program), source=root / program)
    for library in sorted(set(_libraries(root, program))):
        yield Entry(path=library, source=_resolve(root, library))


def _unique(entries: Iterable[Entry]) -> list[Entry]:
    """The first entry of each path."""
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry.path, entry)
    return list(found.values())


def _proxy_entries(root: Path) -> Iterator[Entry]:
    extensions = sorted(root.glob(_XTABLES.format(architecture="*") + "/*"))
    plain = [path.relative_to(root) for path in extensions if not path.is_symlink()]
    libraries: set[str] = set()
    for program in [*(Path(tool) for tool in _PROXY_TOOLS), *plain]:
        libraries.update(_libraries(root, program))
        yield Entry(path=str(program), source=root / program)
    for path in extensions:
        if path.is_symlink():
            yield Entry(path=str(path.relative_to(root)), link=str(path.readlink()))
    for library in sorted(libraries):
        yield Entry(path=library, source=_resolve(root, library))
    for path_of_link, target in _PROXY_LINKS.items():
        yield Entry(path=path_of_link, link=target)
    yield Entry(path="tmp", mode=0o1777)
    yield Entry(path="run")


def _libraries(root: Path, program: Path) -> Iterator[str]:
    """Shared libraries of a program, as paths below ``root`` with /lib resolved to /usr/lib."""
    for line in shell.run(["chroot", root, "ldd", f"/{program}"]).splitlines():
        path = next((word for word in line.split() if word.startswith("/")), None)
        if path is not None:
            relative = path.lstrip("/")
            yield relative if relative.startswith("usr/") else f"usr/{relative}"


def _resolve(root: Path, path: str) -> Path:
    """The file behind symbolic links, absolute ones meant inside ``root``."""
    found = root / path
    while found.is_symlink():
        target = str(found.readlink())
        found = root / target.lstrip("/") if target.startswith("/") else found.parent / target
    return found
