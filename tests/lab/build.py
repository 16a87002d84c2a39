# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From sources to what a lab runs on: binaries, podman images, a filled image store; each kept under its own key."""

from __future__ import annotations

import concurrent.futures
import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.lab import addons, archive, debian, golang, images, old_releases, packages, paths, products, registry, shell
from tests.lab.errors import InputError, LabError
from tests.lab.podman import Podman
from tests.lab.topology import check_version

_NODE = paths.LAB / "node"
_REPOSITORY = "localhost/kubeadm-ha-lab"


@dataclass(frozen=True, kw_only=True)
class Desired:
    """What to build: a version of Kubernetes, or a directory of ready binaries in its place."""

    version: str
    binaries: Path | None = None
    keep_go: bool = False


@dataclass(frozen=True, kw_only=True)
class NodeProducts:
    """What a node with Kubernetes is made of."""

    version: str
    binaries: Path
    image: str
    store: Path
    """A filled /var/lib/containerd, to be copied by hard links."""


@dataclass(frozen=True, kw_only=True)
class Mirror:
    """What the mirror of a lab is made of."""

    version: str
    image: str
    content: Path
    """``files``, which it serves by HTTP, with the apt repository in ``deb``; ``registry``, the registry's storage."""


class Builder:
    """Builds what is missing, one build at a time on the machine."""

    def __init__(self, cache: paths.Cache, podman: Podman) -> None:
        self._cache = cache
        self._podman = podman

    def host_image(self) -> str:
        """The podman image of a plain host."""
        mirrors = debian.machine_mirrors()
        root_key = products.key(debian.SUITE, *debian.PACKAGES, mirrors.sources())
        recipe = products.recipe(_NODE / "host.Containerfile", _NODE / "host")
        image = f"{_REPOSITORY}/host:{products.key(root_key, recipe)}"
        if not self._podman.has_image(image):
            self._build_image(image, "host", self._base_image(root_key, mirrors))
        return image

    def bare_image(self) -> str:
        """The podman image of a plain host that can become a node."""
        recipe = products.recipe(_NODE / "bare.Containerfile", _NODE / "machine")
        return self._derived_image("bare", self.host_image(), recipe)

    def services_image(self, desired: Desired) -> str:
        """The podman image of a host with a container runtime and nothing of Kubernetes."""
        return self._image_with_pause("services", self._runtime_image(), self.binaries(desired), self._version(desired))

    def mirror(self, desired: Desired) -> Mirror:
        """A mirror with everything that bare hosts become nodes from."""
        binaries, runtime = self.binaries(desired), self._runtime_image()
        recipe = products.recipe(_NODE / "mirror.Containerfile", _NODE / "mirror")
        version = self._version(desired)
        return Mirror(
            version=version,
            image=self._derived_image("mirror", self.host_image(), recipe),
            content=self._mirror_content(binaries, runtime, version, keep_go=desired.keep_go),
        )

    def flannel(self, *, keep_go: bool = False) -> Path:
        """A directory with flanneld, its CNI plugin and upstream's manifest."""
        sources = [addons.SOURCES / name for name in ("flannel", "flannel-cni-plugin")]
        return self._addon(f"flannel-{addons.FLANNEL}", sources, addons.build_flannel, keep_go=keep_go)

    def node_tools(self, *, keep_go: bool = False) -> Path:
        """A directory with the CNI plugins in ``cni`` and crictl."""
        sources = [addons.SOURCES / "cni-plugins"]
        return self._addon("node-tools", sources, addons.build_node_tools, keep_go=keep_go)

    def binaries(self, desired: Desired) -> Path:
        """A directory with Kubernetes' commands, etcd's programs, coredns, pause and smoke.

        :raises InputError: when the named directory of binaries lacks one of Kubernetes' commands.
        """
        if desired.binaries is not None:
            _check_binaries(desired.binaries)
        directory = self._cache.root / f"bin-{self._version(desired)}-{self._binaries_key(desired)}"
        if not directory.is_dir():
            with products.locked(self._cache.lock("go")):
                products.publish(directory, partial(self._make_binaries, desired))
                if not desired.keep_go:
                    self._go.clear()
        return directory

    def kubelet(self, version: str) -> Path:
        """The kubelet of a version other than the cluster's, alone: a product of its own.

        :raises LabError: when there is no Go to build it with.
        """
        key = products.key(products.recipe(paths.LAB / "golang.py"), golang.go_version())
        directory = self._cache.root / f"kubelet-{check_version(version)}-{key}"
        if not directory.is_dir():
            with products.locked(self._cache.lock("go")):
                products.publish(directory, partial(self._make_kubelet, version))
                self._go.clear()
        return directory / "kubelet"

    def node(self, desired: Desired) -> NodeProducts:
        """Everything for nodes with Kubernetes; the Go build and Debian's packages are fetched side by side."""
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as other:
            runtime_image = other.submit(self._runtime_image)
            binaries = self.binaries(desired)
            runtime = runtime_image.result()
        version = self._version(desired)
        return NodeProducts(
            version=version,
            binaries=binaries,
            image=self._node_image(binaries, runtime, version),
            store=self._store(binaries, runtime, version),
        )

    @property
    def _go(self) -> golang.Go:
        return golang.Go(work=self._cache.root / "go")

    def _version(self, desired: Desired) -> str:
        if desired.binaries is None:
            return desired.version
        return check_version(shell.run([desired.binaries / "kubeadm", "version", "--output=short"]).strip())

    def _binaries_key(self, desired: Desired) -> str:
        recipe = products.recipe(paths.LAB / "golang.py", golang.SOURCES)
        parts = [recipe, golang.go_version() if shutil.which("go") else "no go"]
        if desired.binaries is not None:
            parts.append(products.identity(desired.binaries, _given(desired.binaries)))
        return products.key(*parts)

    def _make_binaries(self, desired: Desired, target: Path) -> None:
        if desired.binaries is None:
            given = list(golang.KUBERNETES)
            _link(self._kubernetes(desired.version), given, target)
        else:
            given = _given(desired.binaries)
            for name in given:
                shutil.copy2(desired.binaries / name, target / name)
        missing = [name for name in golang.COMPONENTS if name not in given]
        if missing:
            golang.go_version()
            golang.build_components(self._go, target, missing)

    def _kubernetes(self, version: str) -> Path:
        """Kubernetes' commands, which take the most time: a product that a change of the components leaves alone."""
        is_old = old_releases.is_old(version)
        recipes = [paths.LAB / name for name in ("golang.py", *(("old_releases.py",) if is_old else ()))]
        directory = (
            self._cache.root / f"kubernetes-{version}-{products.key(products.recipe(*recipes), golang.go_version())}"
        )
        if not directory.is_dir():
            shell.say(f"building Kubernetes {version} from the Go modules")
            build = old_releases.build if is_old else golang.build_kubernetes
            products.publish(directory, partial(build, self._go, version))
        return directory

    def _make_kubelet(self, version: str, target: Path) -> None:
        shell.say(f"building the kubelet {version} from the Go modules")
        golang.build_kubernetes(self._go, version, target, ["kubelet"])

    def _base_image(self, key: str, mirrors: debian.Mirrors) -> str:
        image = f"{_REPOSITORY}/base:{key}"
        with products.locked(self._cache.lock("root")):
            if not self._podman.has_image(image):
                with tempfile.TemporaryDirectory(dir=self._cache.root, prefix=".root.") as name:
                    archive_of_root = Path(name) / "root.tar"
                    debian.build_root(archive_of_root, mirrors)
                    self._podman("import", "--quiet", archive_of_root, image)
        return image

    def _runtime_image(self) -> str:
        recipe = products.recipe(_NODE / "runtime.Containerfile", _NODE / "kubernetes")
        return self._derived_image("runtime", self.bare_image(), recipe)

    def _derived_image(self, kind: str, base: str, recipe: str, *more: str) -> str:
        image = f"{_REPOSITORY}/{kind}:{products.key(_tag(base), recipe)}"
        if not self._podman.has_image(image):
            self._build_image(image, kind, base, *more)
        return image

    def _node_image(self, binaries: Path, runtime: str, version: str) -> str:
        image = self._image_with_pause("node", runtime, binaries, version, f"--build-context=binaries={binaries}")
        return self._with_crictl(image) if old_releases.needs_crictl(version) else image

    def _with_crictl(self, base: str) -> str:
        tools = self.node_tools()
        recipe = products.key(products.recipe(_NODE / "node_crictl.Containerfile"), tools.name)
        return self._derived_image("node_crictl", base, recipe, f"--build-context=tools={tools}")

    def _image_with_pause(self, kind: str, runtime: str, binaries: Path, version: str, *more: str) -> str:
        key = products.key(products.recipe(_NODE / f"{kind}.Containerfile"), _tag(runtime), binaries.name)
        image = f"{_REPOSITORY}/{kind}:{key}"
        if not self._podman.has_image(image):
            pause = images.pause(images.names(binaries / "kubeadm", version))
            self._build_image(image, kind, runtime, *more, f"--build-arg=PAUSE={pause}")
        return image

    def _build_image(self, image: str, kind: str, base: str, *more: str) -> None:
        with products.locked(self._cache.lock("image")):
            if self._podman.has_image(image):
                return
            shell.say(f"building the podman image of {kind}")
            options = ("--quiet", "--layers=false", "--network=host", f"--build-arg=BASE={base}", *more)
            self._podman("build", *options, f"--file={_NODE / f'{kind}.Containerfile'}", f"--tag={image}", _NODE)

    def _store(self, binaries: Path, runtime: str, version: str) -> Path:
        recipe = products.recipe(paths.LAB / "images.py", paths.LAB / "archive.py", _NODE / "import-images")
        directory = self._cache.root / f"store-{version}-{products.key(recipe, _tag(runtime), binaries.name)}"
        if not directory.is_dir():
            with products.locked(self._cache.lock("store")):
                products.publish(directory, partial(self._make_store, binaries, runtime, version))
        return directory

    def _addon(
        self, name: str, sources: Sequence[Path], make: Callable[[golang.Go, Path], None], *, keep_go: bool
    ) -> Path:
        key = products.key(products.recipe(paths.LAB / "addons.py", *sources), golang.go_version())
        directory = self._cache.root / f"{name}-{key}"
        if not directory.is_dir():
            with products.locked(self._cache.lock("go")):
                products.publish(directory, partial(make, self._go))
                if not keep_go:
                    self._go.clear()
        return directory

    def _mirror_content(self, binaries: Path, runtime: str, version: str, *, keep_go: bool) -> Path:
        flannel, tools = self.flannel(keep_go=keep_go), self.node_tools(keep_go=keep_go)
        own = [paths.LAB / f"{name}.py" for name in ("images", "archive", "registry", "packages")]
        recipe = products.recipe(*own, *(_NODE / "kubernetes" / unit for unit in packages.UNITS))
        key = products.key(recipe, _tag(runtime), binaries.name, flannel.name, tools.name)
        directory = self._cache.root / f"mirror-{version}-{key}"
        if not directory.is_dir():
            with products.locked(self._cache.lock("mirror")):
                make = partial(self._make_mirror, binaries=binaries, runtime=runtime, version=version)
                products.publish(directory, partial(make, flannel=flannel, tools=tools))
        return directory

    def _make_mirror(
        self, target: Path, *, binaries: Path, runtime: str, version: str, flannel: Path, tools: Path
    ) -> None:
        shell.say("making the mirror's packages and images")
        repository = target / "files" / "deb"
        repository.mkdir(parents=True)
        made = [
            *packages.kubernetes(version, binaries=binaries, units=_NODE / "kubernetes"),
            packages.kubernetes_cni(addons.CNI_PLUGINS, tools / addons.PLUGINS),
            packages.cri_tools(addons.CRICTL, tools / addons.CRICTL_PROGRAM),
        ]
        packages.write_repository(repository, made, self._cache.repository_key)
        shutil.copyfile(flannel / addons.FLANNEL_MANIFEST, target / "files" / addons.FLANNEL_MANIFEST)
        manifest = (flannel / addons.FLANNEL_MANIFEST).read_text(encoding="utf-8")
        root = Path(self._podman("image", "mount", runtime).strip())
        try:
            described = self._described(binaries, root, version) + images.flannel(flannel, root, manifest)
            registry.write(target / "registry", described)
        finally:
            self._podman("image", "unmount", runtime)

    @staticmethod
    def _described(binaries: Path, root: Path, version: str) -> list[archive.Image]:
        wanted = [*images.names(binaries / "kubeadm", version), images.SMOKE]
        return [images.describe(image, binaries=binaries, root=root) for image in wanted]

    def _make_store(self, binaries: Path, runtime: str, version: str, target: Path) -> None:
        shell.say("making the container images")
        with tempfile.TemporaryDirectory(dir=self._cache.root, prefix=".archives.") as name:
            archives = Path(name)
            root = Path(self._podman("image", "mount", runtime).strip())
            try:
                archive.write_archive(archives / "images.tar", self._described(binaries, root, version))
            finally:
                self._podman("image", "unmount", runtime)
            self._podman(
                "run",
                "--rm",
                "--privileged",
                "--network=none",
                f"--volume={target}:/var/lib/containerd",
                f"--volume={archives}:/archives:ro",
                f"--volume={_NODE / 'import-images'}:/import-images:ro",
                runtime,
                "/import-images",
                "/archives/images.tar",
            )


def _check_binaries(directory: Path) -> None:
    missing = [name for name in golang.KUBERNETES if not os.access(directory / name, os.X_OK)]
    if missing:
        raise InputError(f"{directory} lacks the program {', '.join(missing)}: a directory of binaries needs them all")


def _link(source: Path, names: list[str], target: Path) -> None:
    for name in names:
        (target / name).hardlink_to(source / name)


def _given(directory: Path) -> list[str]:
    known = (*golang.KUBERNETES, *golang.COMPONENTS)
    return [name for name in known if (directory / name).is_file()]


def _tag(image: str) -> str:
    tag = image.rpartition(":")[2]
    if not tag:
        raise LabError(f"the image {image} has no tag")
    return tag
