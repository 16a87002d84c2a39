# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of a virtual machine whose SELinux is enforcing: Debian with its own kernel and the package selinux-policy-default.

A product of the lab's cache. A container cannot show this: SELinux is the kernel's, and the machine's may have none.
"""

from __future__ import annotations

import dataclasses
import pathlib
import shutil
import tempfile

from tests.lab import debian, inventory, machine, paths, products, shell

#: What the guest has before the role runs: neither haproxy nor semanage.
PACKAGES = (
    "auditd",
    "ca-certificates",
    "curl",
    "dbus",
    "initramfs-tools",
    "iproute2",
    "kmod",
    "linux-image-cloud-amd64",
    "openssh-server",
    "openssl",
    "policycoreutils",
    "procps",
    "python3",
    "python3-apt",
    "selinux-policy-default",
    "selinux-utils",
    "sudo",
    "systemd-sysv",
    "udev",
)
_HERE = pathlib.Path(__file__).resolve().parent
_FILES = _HERE / "files"
_HOST_FILES = paths.LAB / "node" / "host"
_PROGRAMS = {"qemu-system-x86_64": "qemu-system-x86", "mke2fs": "e2fsprogs"}
_SIZE = "3G"
_MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "e2scrub_all.timer", "fstrim.timer", "dpkg-db-backup.timer")
_LABELS = "/etc/selinux/default/contexts/files/file_contexts"


@dataclasses.dataclass(frozen=True)
class Image:
    """Files in the directory of the product."""

    directory: pathlib.Path

    @property
    def kernel(self) -> pathlib.Path:
        """The guest's kernel."""
        return self.directory / "vmlinuz"

    @property
    def initrd(self) -> pathlib.Path:
        """Its first root file system."""
        return self.directory / "initrd.img"

    @property
    def disk(self) -> pathlib.Path:
        """The root file system; never written to."""
        return self.directory / "root.ext4"

    @property
    def key(self) -> pathlib.Path:
        """Private SSH key of the ordinary user: it opens nothing but guests, which listen on loopback only."""
        return self.directory / "id_ed25519"

    @property
    def host_key(self) -> str:
        """The guests' SSH host key, as in known_hosts but for the name."""
        return " ".join((self.directory / "host_key.pub").read_text(encoding="ascii").split()[:2])


def image() -> Image:
    """The image, made if it is not there yet (about two minutes)."""
    cache = paths.cache()
    machine.prepare(cache)
    missing = [package for program, package in _PROGRAMS.items() if shutil.which(program) is None]
    if missing:
        machine.install(missing)
    mirrors = debian.machine_mirrors()
    key = products.key(products.recipe(_HERE / "image.py", _FILES, _HOST_FILES), mirrors.sources())
    directory = cache.root / f"selinux-guest-{key}"
    if not directory.is_dir():
        with products.locked(cache.lock("selinux-guest")):
            products.publish(directory, lambda target: _make(Image(target), mirrors))
    return Image(directory)


def _make(made: Image, mirrors: debian.Mirrors) -> None:
    shell.say("making the disk of a machine with SELinux")
    shell.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "guest", "-f", made.key])
    with tempfile.TemporaryDirectory(dir=made.directory, prefix=".root.") as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        _install(root, mirrors, made.key.with_suffix(".pub"))
        shell.run(["chroot", root, "setfiles", "-F", _LABELS, "/"])
        for source, target in (("vmlinuz", made.kernel), ("initrd.img", made.initrd)):
            shell.run(["cp", "--dereference", root / "boot" / source, target])
        shell.run(["cp", root / "etc/ssh/ssh_host_ed25519_key.pub", made.directory / "host_key.pub"])
        shell.run(["mke2fs", "-q", "-t", "ext4", "-d", root, made.disk, _SIZE])


def _install(root: pathlib.Path, mirrors: debian.Mirrors, public_key: pathlib.Path) -> None:
    """Debian's packages, the files of the lab's hosts and of ``files``, and the ordinary user."""
    packages = f"--include={','.join(PACKAGES)}"
    options = ("--quiet", "--variant=minbase", "--format=directory", "--skip=cleanup/apt/lists", packages)
    shell.run(["mmdebstrap", *options, debian.SUITE, root, "-"], stdin=mirrors.sources())
    for files in (_HOST_FILES, _FILES):
        shell.run(["cp", "--recursive", files / "etc", root])
    user = inventory.USER
    (root / "etc/sudoers.d" / user).chmod(0o440)
    shell.run(["chroot", root, "useradd", "--create-home", "--shell=/bin/bash", user])
    keys = root / "home" / user / ".ssh"
    keys.mkdir(mode=0o700)
    shell.run(["cp", public_key, keys / "authorized_keys"])
    shell.run(["chroot", root, "chown", "--recursive", f"{user}:", f"/home/{user}/.ssh"])
    shell.run(["chroot", root, "systemctl", "enable", "systemd-networkd"])
    shell.run(["chroot", root, "systemctl", "mask", *_MASKED])
    for name in ("vmlinuz", "initrd.img"):
        newest = max((root / "boot").glob(f"{name}-*"))
        (root / "boot" / name).symlink_to(newest.name)
