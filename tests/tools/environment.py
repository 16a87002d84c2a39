# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything the checks need: locked tools, community collections, the checkout as an installed collection.

Standard library only: it runs with the machine's Python before anything is installed. Each part leaves a stamp with
the digest of what it was made from, so that a second call costs milliseconds.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import typing as t
import zipfile
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache"
REQUIREMENTS = ROOT / "requirements"
BOOTSTRAP = CACHE / "bootstrap"
VENV = CACHE / "venv"
IMPORTER_VENV = CACHE / "importer"
NEWEST_VENV = CACHE / "newest"
REAL_TREE = CACHE / "build" / "ansible_collections" / "kubeadm" / "ha"

NAMESPACE, NAME = "kubeadm", "ha"
COMMUNITY_COLLECTIONS = (
    "ansible.posix",
    "community.crypto",
    "community.general",
    "containers.podman",
    "kubernetes.core",
)
MINIMUM_PYTHON = (3, 11)
#: Pythons that the newest ansible-core runs on, the newest first.
NEWER_PYTHONS = ("3.13", "3.12")


class SetupError(Exception):
    """A part of the set-up cannot be made; the message has the remedy."""


def user_cache() -> Path:
    """The directory of what every checkout of one user shares (``KUBEADM_HA_CACHE``)."""
    named = os.environ.get("KUBEADM_HA_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kubeadm-ha"


def collections_version() -> str:
    """The version of the ``ansible`` distribution that the community collections are taken from."""
    for line in (REQUIREMENTS / "collections.txt").read_text().splitlines():
        if line.startswith("ansible=="):
            return line.split()[0].removeprefix("ansible==")
    raise SetupError("requirements/collections.txt names no version of ansible: run make lock")


def collections_directory() -> Path:
    """The search path entry of the community collections."""
    return user_cache() / "collections" / collections_version()


def environment() -> dict[str, str]:
    """The environment of every tool: the virtual environment first on PATH, the collections found, nothing inherited
    that would change what Python imports."""
    result = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    result["VIRTUAL_ENV"] = str(VENV)
    result["PATH"] = f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    result["ANSIBLE_COLLECTIONS_PATH"] = f"{CACHE}{os.pathsep}{collections_directory()}"
    result["KUBEADM_HA_CACHE"] = str(user_cache())
    result.setdefault("ANSIBLE_NOCOWS", "1")
    return result


def prepare() -> None:
    """Make the development environment, the community collections and the link that makes the checkout a collection.

    Raises:
        SetupError: something is missing that cannot be installed from here.
        subprocess.CalledProcessError: an installer failed; its own messages came before.
    """
    if sys.version_info < MINIMUM_PYTHON:
        wanted = ".".join(map(str, MINIMUM_PYTHON))
        raise SetupError(
            f"Python {wanted} or newer is needed to work on the collection: make PYTHON=python{wanted} ..."
        )
    with lock("setup"):
        _link_checkout()
        _virtual_environment(VENV, "development")
        _community_collections()


def prepare_importer() -> None:
    """Make the environment of galaxy-importer, which cannot share one with the other tools."""
    with lock("setup"):
        _virtual_environment(IMPORTER_VENV, "importer")


def prepare_newest() -> Path:
    """Make the environment of the newest ansible-core; returns its directory of programs.

    Raises:
        SetupError: no Python that is new enough is installed.
    """
    with lock("setup"):
        _bootstrap()
        _virtual_environment(NEWEST_VENV, "newest", _newer_python())
    return NEWEST_VENV / "bin"


def _newer_python() -> str:
    """The program of a Python that is new enough, on PATH or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in NEWER_PYTHONS:
        on_path = shutil.which(f"python{version}")
        for program in ([on_path] if on_path else []) + sorted(map(str, pyenv.glob(f"{version}*/bin/python3"))):
            # pyenv puts a program of each version on PATH that does not run unless the version is chosen.
            if subprocess.run([program, "--version"], capture_output=True, check=False).returncode == 0:
                return program
    raise SetupError(
        f"The newest ansible-core needs Python {' or '.join(NEWER_PYTHONS)}, and none is installed: install one of them."
    )


def lock_requirements() -> None:
    """Resolve ``requirements/*.in`` again into files with hashes that name no host."""
    with lock("setup"):
        _bootstrap()
        for source in sorted(REQUIREMENTS.glob("*.in")):
            dependencies = ["--no-deps"] if source.stem == "collections" else []
            python = NEWER_PYTHONS[-1] if source.stem == NEWEST_VENV.name else ".".join(map(str, MINIMUM_PYTHON))
            _uv(
                "pip", "compile", "--upgrade", "--universal", "--python-version", python,
                "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--quiet",
                *dependencies, "--output-file", str(source.with_suffix(".txt").relative_to(ROOT)),
                str(source.relative_to(ROOT)),
            )  # fmt: skip


@contextmanager
def lock(name: str) -> t.Iterator[None]:
    """One at a time in a checkout: whoever comes second waits and says so."""
    CACHE.mkdir(exist_ok=True)
    with (CACHE / f"{name}.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"{name}: waiting for another run in this checkout", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def source_files() -> list[Path]:
    """The checkout's own files, relative to its root: tracked, or new and not ignored."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    ).stdout.decode()
    names = sorted({name for name in listing.split("\0") if name})
    return [Path(name) for name in names if (ROOT / name).is_file()]


def copy_real_tree() -> Path:
    """A copy of the checkout's own files where ansible-test and ``ansible-galaxy collection build`` accept them."""
    files = source_files()
    if not (REAL_TREE / ".git").is_dir():
        # Else ansible-test asks the checkout's repository, which ignores everything here.
        subprocess.run(["git", "init", "--quiet", str(REAL_TREE)], check=True)
    _remove_strangers(REAL_TREE, set(files))
    for name in files:
        target = REAL_TREE / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if not _same(ROOT / name, target):
            shutil.copy2(ROOT / name, target)
    return REAL_TREE


def install_programs(programs: t.Mapping[str, str]) -> None:
    """Install Debian packages for programs that are not on PATH.

    Args:
        programs: program to the package that holds it.

    Raises:
        SetupError: a program is missing and there is no apt, or no right to use it.
    """
    missing = {program: package for program, package in programs.items() if shutil.which(program) is None}
    if not missing:
        return
    packages = sorted(set(missing.values()))
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if shutil.which("apt-get") is None or (prefix and shutil.which("sudo") is None):
        raise SetupError(f"{', '.join(sorted(missing))} not found: install the packages {', '.join(packages)}")
    print(f"setup: installing {', '.join(packages)}", flush=True)
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120", "-qq"]
    first = subprocess.run([*apt, "install", "-y", *packages], check=False, stdin=subprocess.DEVNULL)
    if first.returncode != 0:
        subprocess.run([*apt, "update"], check=True, stdin=subprocess.DEVNULL)
        subprocess.run([*apt, "install", "-y", *packages], check=True, stdin=subprocess.DEVNULL)


def _link_checkout() -> None:
    link = CACHE / "ansible_collections" / NAMESPACE / NAME
    target = Path("..", "..", "..")
    if link.is_symlink() and link.readlink() == target:
        return
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(target)


def _virtual_environment(directory: Path, lock: str, python: str = sys.executable) -> None:
    requirements = REQUIREMENTS / f"{lock}.txt"
    stamp = _digest(requirements.read_bytes(), sys.version.encode(), python.encode(), str(directory).encode())
    if _stamped(directory, stamp):
        return
    print(f"setup: installing requirements/{lock}.txt into {directory.relative_to(ROOT)}", flush=True)
    _bootstrap()
    (directory / ".stamp").unlink(missing_ok=True)
    _uv("venv", "--quiet", "--clear", "--python", python, str(directory))
    _uv("pip", "sync", "--quiet", "--require-hashes", "--python", str(directory / "bin" / "python"), str(requirements))
    (directory / ".stamp").write_text(stamp)


def _bootstrap() -> None:
    requirements = REQUIREMENTS / "bootstrap.txt"
    stamp = _digest(requirements.read_bytes(), sys.version.encode(), str(BOOTSTRAP).encode())
    if _stamped(BOOTSTRAP, stamp):
        return
    shutil.rmtree(BOOTSTRAP, ignore_errors=True)
    _with_ensurepip()
    subprocess.run([sys.executable, "-m", "venv", str(BOOTSTRAP)], check=True)
    pip = [str(BOOTSTRAP / "bin" / "python"), "-m", "pip", "install", "--quiet", "--require-hashes"]
    subprocess.run([*pip, "--requirement", str(requirements)], check=True, stdin=subprocess.DEVNULL)
    (BOOTSTRAP / ".stamp").write_text(stamp)


def _with_ensurepip() -> None:
    """Debian splits what ``python -m venv`` needs into a package of its own."""
    if importlib.util.find_spec("ensurepip") is None:
        install_programs({"ensurepip": f"python{sys.version_info.major}.{sys.version_info.minor}-venv"})


def _uv(*arguments: str) -> None:
    subprocess.run([str(BOOTSTRAP / "bin" / "uv"), *arguments], cwd=ROOT, check=True, stdin=subprocess.DEVNULL)


def _community_collections() -> None:
    destination = collections_directory()
    if all((destination / _collection_path(name)).is_dir() for name in COMMUNITY_COLLECTIONS):
        return
    print(f"setup: taking the community collections of ansible {collections_version()}", flush=True)
    _bootstrap()
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination.parent, prefix=".new-") as name:
        work = Path(name)
        pip = [
            str(BOOTSTRAP / "bin" / "python"),
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--only-binary=:all:",
        ]
        lock = str(REQUIREMENTS / "collections.txt")
        subprocess.run(
            [*pip, "--require-hashes", "--requirement", lock, "--dest", str(work / "wheel")],
            check=True,
            stdin=subprocess.DEVNULL,
        )
        (wheel,) = (work / "wheel").glob("*.whl")
        wanted = tuple(f"{_collection_path(name)}/" for name in COMMUNITY_COLLECTIONS)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(work / "tree", [member for member in archive.namelist() if member.startswith(wanted)])
        shutil.rmtree(destination, ignore_errors=True)
        (work / "tree").rename(destination)


def _collection_path(name: str) -> str:
    return "ansible_collections/" + name.replace(".", "/")


def _remove_strangers(tree: Path, wanted: set[Path]) -> None:
    for old in sorted(tree.rglob("*"), reverse=True):
        relative = old.relative_to(tree)
        if relative.parts[0] == ".git" or relative.parts[:2] == ("tests", "output"):
            continue
        if old.is_dir() and not old.is_symlink():
            if not any(old.iterdir()):
                old.rmdir()
        elif relative not in wanted:
            old.unlink()


def _same(source: Path, target: Path) -> bool:
    if not target.is_file():
        return False
    old, new = target.stat(), source.stat()
    return (old.st_size, old.st_mtime_ns, old.st_mode) == (new.st_size, new.st_mtime_ns, new.st_mode)


def _stamped(directory: Path, stamp: str) -> bool:
    path = directory / ".stamp"
    return path.is_file() and path.read_text() == stamp


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()
