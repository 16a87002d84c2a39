# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A virtual machine whose SELinux is enforcing, by QEMU's emulation of a processor: it needs no rights and no KVM.

Its SSH port is a port of the machine's loopback interface. What it writes is forgotten with it.
"""

from __future__ import annotations

import contextlib
import json
import os
import pathlib
import shlex
import subprocess
import time
from typing import TYPE_CHECKING

from tests.lab import inventory
from tests.roles.balancer import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.roles.selinux.image import Image

#: QEMU ends after this long, whatever happens to the tests.
SECONDS = 5400
_BOOT_SECONDS = 300
#: QEMU 7.2's processor says that it has cmpxchg16b, and Linux then hangs.
_KERNEL = "root=/dev/vda rw console=ttyS0 security=selinux selinux=1 clearcpuid=cx16 panic=-1 quiet"


class Guest:
    """A running guest."""

    def __init__(self, image: Image, directory: pathlib.Path) -> None:
        """``directory``: for the console's text, the inventory and the changed blocks of the disk."""
        self._image = image
        self._directory = directory
        self.ports = {22: free_port(), 6443: free_port()}
        """Ports of the guest, and the machine's ports that lead to them."""

    @property
    def console(self) -> pathlib.Path:
        """What the guest's kernel and systemd said."""
        return self._directory / "console"

    @property
    def inventory(self) -> pathlib.Path:
        """An Ansible inventory with the guest as the only host, on its own SSH port."""
        return self._directory / "hosts.json"

    @contextlib.contextmanager
    def running(self) -> Iterator[Guest]:
        """Boot it; at the end it is gone."""
        self._write_inventory()
        process = subprocess.Popen(
            ["timeout", "--signal=KILL", str(SECONDS), *self._qemu()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": str(self._directory)},
        )
        try:
            self._wait(process)
            yield self
        finally:
            process.terminate()
            process.wait(30)

    def run(self, command: str, *, check: bool = True, seconds: float = 120) -> str:
        """Standard output of a shell command that root runs; AssertionError with all it said when it fails."""
        done = self._ssh(f"sudo sh -c {shlex.quote(command)}", seconds)
        assert not check or done.returncode == 0, f"{command} exits {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def write(self, path: str, text: str) -> None:
        """A file for root only; its directory is made."""
        command = f"umask 077; mkdir -p {pathlib.PurePosixPath(path).parent}; cat > {path}"
        done = self._ssh(f"sudo sh -c {shlex.quote(command)}", 60, text)
        assert done.returncode == 0, done.stderr

    def _ssh(self, command: str, seconds: float, stdin: str = "") -> subprocess.CompletedProcess[str]:
        arguments = ["ssh", *shlex.split(self._ssh_options()), "-p", str(self.ports[22]), "-i", str(self._image.key)]
        return subprocess.run(
            [*arguments, f"{inventory.USER}@127.0.0.1", command],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def _qemu(self) -> Sequence[str]:
        forwards = "".join(f",hostfwd=tcp:127.0.0.1:{port}-:{inner}" for inner, port in self.ports.items())
        return (
            *("qemu-system-x86_64", "-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "2", "-m", "1536"),
            *("-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"),
            *("-serial", f"file:{self.console}"),
            *("-kernel", str(self._image.kernel), "-initrd", str(self._image.initrd), "-append", _KERNEL),
            *("-drive", f"file={self._image.disk},format=raw,if=virtio,snapshot=on"),
            *("-netdev", f"user,id=net0{forwards}", "-device", "virtio-net-pci,netdev=net0"),
            *("-device", "virtio-rng-pci"),
        )

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _BOOT_SECONDS
        while True:
            with contextlib.suppress(subprocess.TimeoutExpired):
                if self._ssh("true", 20).returncode == 0:
                    return
            ended = process.poll()
            said = self.console.read_text(errors="replace")[-3000:] if self.console.exists() else ""
            assert ended is None, f"QEMU ended with {ended}:\n{said}"
            assert time.monotonic() < deadline, f"no SSH within {_BOOT_SECONDS} s:\n{said}"
            time.sleep(1)

    def _ssh_options(self) -> str:
        return inventory.ssh_arguments(self._directory / "known_hosts").replace(
            "ControlMaster=auto", "ControlMaster=no"
        )

    def _write_inventory(self) -> None:
        host = f"[127.0.0.1]:{self.ports[22]} {self._image.host_key}\n"
        (self._directory / "known_hosts").write_text(host, encoding="ascii")
        variables = {
            "ansible_host": "127.0.0.1",
            "ansible_port": self.ports[22],
            "ansible_user": inventory.USER,
            "ansible_become": True,
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_pipelining": True,
            "ansible_ssh_private_key_file": str(self._image.key),
            "ansible_ssh_args": inventory.ssh_arguments(self._directory / "known_hosts"),
        }
        content = {"kube_load_balancer": {"hosts": {"lb1": variables}}}
        self.inventory.write_text(json.dumps(content), encoding="utf-8")
