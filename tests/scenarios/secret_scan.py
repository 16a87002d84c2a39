# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The secrets of a lab, and every place where a run could have left them: on the nodes, on the controller and in the cluster.

:class:`Scan` searches for secrets that are known: in what Ansible prints and its callbacks write, its cache of facts, its temporary files, the
journals and logs of the nodes, the arguments of every process there and here, and every file that was made or changed, but for those that are
meant to hold secrets; these must be root's alone. :func:`secrets_on` and :func:`secrets_on_controller` search for what has the form of a
secret, where nothing of a run stays, which takes seconds.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.lab import machine
from tests.scenarios.cluster import ADMIN, LAB, PROJECT, CommandError, Lab
from tests.scenarios.secret_values import FORM, certificate_keys, searched_for

_SOURCE = Path(__file__).parent / "recorder" / "argv_recorder.c"
_LIBRARY, _LOG, _BEGIN = "/usr/local/lib/argv_recorder.so", "/run/argv-recorder.log", "/run/secret-scan-begin"
#: Where kubeadm, the kubelet and backups keep secrets.
_MEANT = (
    "/etc/kubernetes/pki/*",
    "/etc/kubernetes/*.conf",
    "/var/lib/kubelet/pki/*",
    "/var/backups/kubeadm-ha/*",
    "/root/.kube/*",
)
#: What other programs write all the time, and what holds nothing that a run could have written.
_OTHERS = (
    "/var/lib/containerd/*",
    "/var/lib/etcd/*",
    "/var/lib/kubelet/pods/*",
    "/var/lib/apt/*",
    "/var/lib/dpkg/*",
    "/var/cache/*",
    "/var/log/journal/*",
    "/run/log/journal/*",
    "/run/containerd/*",
    "/usr/bin/*",
    "/usr/lib/*",
    "/usr/sbin/*",
    "/usr/share/*",
    "/proc/*",
    "/sys/*",
    _LIBRARY,
)
_ROOTS = ("/", "/run", "/tmp", "/dev/shm", "/var")
_TOKEN, _UPLOADED = "bootstrap.kubernetes.io/token", "kubeadm-certs"
#: Where nothing secret of a run may be once it has ended. Programs' own files there have no such form.
_PASSING = "/tmp /var/tmp /run /dev/shm /root/.ansible /home/*/.ansible /var/lib/kubeadm-ha /etc/kubernetes/tmp"
_SEARCH = (
    # What was there before is kept for the way back, in directories for root (docs/adr/0087, guide_security).
    f"find {_PASSING} -xdev -type f -size -2000k ! -path '/var/lib/kubeadm-ha/*/*' 2>/dev/null | xargs --no-run-if-empty grep -lEI '{FORM}' 2>/dev/null; "
    f"journalctl --boot --output=cat --no-pager | grep -E '{FORM}' | cut -c1-120 | sed 's/^/journal: /'; "
    "ps -eo args | grep -v grep | "
    f"grep -E '{FORM}' | cut -c1-120 | sed 's/^/process: /'; true"
)


@dataclasses.dataclass(frozen=True)
class Place:
    """Where a secret was found.

    :param path: below the directory of what was collected: the host's name, then the file there.
    :param secret: its name.
    """

    path: str
    secret: str


@dataclasses.dataclass
class JoinSecrets:
    """What a cluster had of the secrets that kubeadm makes for joins.

    :param tokens: secrets of bootstrap tokens, by a name for each.
    :param sealed: values of the Secret with the uploaded certificates.
    """

    tokens: dict[str, str] = dataclasses.field(default_factory=dict)
    sealed: list[bytes] = dataclasses.field(default_factory=list)

    def add(self, item: Mapping[str, Any]) -> None:
        """Remember a Secret, if it is one of them."""
        data = {name: base64.b64decode(value) for name, value in (item.get("data") or {}).items()}
        if item.get("type") == _TOKEN:
            self.tokens[f"token {data['token-id'].decode()}"] = data["token-secret"].decode()
        elif item["metadata"]["name"] == _UPLOADED:
            self.sealed += data.values()


@contextlib.contextmanager
def watching(lab: Lab, seen: JoinSecrets) -> Iterator[None]:
    """Collects what a cluster has while the block lasts, however short its life was; it is known when the block has ended."""
    pid = "/run/secret-watch.pid"
    command = f"kubectl --kubeconfig={ADMIN} get secrets --namespace=kube-system --watch --output=json"
    watch = lab.start_process("cp1", "sh", "-c", f"echo $$ >{pid}; exec {command}")
    try:
        yield
    finally:
        lab.shell("cp1", f"kill $(cat {pid}); rm {pid}")
        text, decoder, position = watch.communicate(timeout=60)[0], json.JSONDecoder(), 0
        while (position := text.find("{", position)) >= 0:
            item, position = decoder.raw_decode(text, position)
            seen.add(item)


class Scan:
    """The scan of one lab.

    :param hosts: of the lab, all of which are searched.
    :param work: a directory of its own.
    """

    def __init__(self, lab: Lab, hosts: Sequence[str], work: Path) -> None:
        self._lab = lab
        self._hosts = hosts
        self._work = work
        self._controller = work / "controller"
        self._seen = JoinSecrets()

    def begin(self) -> None:
        """From now on the arguments of every process are written down."""
        shutil.rmtree(self._work, ignore_errors=True)
        (self._controller / "tmp").mkdir(parents=True)
        if shutil.which("gcc") is None:
            machine.install(["gcc", "libc6-dev"])
        library = self._work / "argv_recorder.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(library), str(_SOURCE)], check=True)
        (self._controller / "argv.log").touch()
        for host in self._hosts:
            self.pipe(host, f"cat >{_LIBRARY}", library.read_bytes())
            self._lab.shell(
                host,
                f"touch {_BEGIN} && install -m 0666 /dev/null {_LOG} && echo {_LIBRARY} >/etc/ld.so.preload",
            )

    @property
    def environment(self) -> dict[str, str]:
        """Of ansible-playbook: whatever it writes, it writes where it is searched."""
        return {
            "ANSIBLE_HOME": str(self._controller / "home"),
            "TMPDIR": str(self._controller / "tmp"),
            "ANSIBLE_CACHE_PLUGIN": "jsonfile",
            "ANSIBLE_CACHE_PLUGIN_CONNECTION": str(self._controller / "facts"),
            "ANSIBLE_CALLBACKS_ENABLED": "kubeadm_ha_recorder,ansible.builtin.junit",
            "JUNIT_OUTPUT_DIR": str(self._controller / "junit"),
            "LD_PRELOAD": str(self._work / "argv_recorder.so"),
            "ARGV_RECORDER_LOG": str(self._controller / "argv.log"),
        }

    @property
    def records(self) -> Path:
        """Where runs write what they print and what their recorder writes."""
        return self._controller / "runs"

    def watching(self) -> contextlib.AbstractContextManager[None]:
        """Collects the bootstrap tokens and uploaded certificates of a run."""
        return watching(self._lab, self._seen)

    def secrets(self) -> dict[str, str]:
        """Every secret by its name: the tokens that were seen, and all private keys of the hosts."""
        found = dict(self._seen.tokens)
        for host in self._hosts:
            script = (
                "for file in $(find /etc/kubernetes/pki /var/lib/kubelet/pki -name '*.key' -o -name '*.pem' 2>/dev/null); do "
                'grep -q PRIVATE $file && echo "== $file" && cat $file; done; '
                'for file in /etc/kubernetes/*.conf; do test -e $file && echo "== $file" && '
                "awk '$1 == \"client-key-data:\" {print $2}' $file | base64 -d; done; true"
            )
            for part in self._lab.shell(host, script).split("== ")[1:]:
                path, _newline, content = part.partition("\n")
                if "PRIVATE KEY" in content:
                    found[f"{path} of {host}"] = content
        return found

    @property
    def uploaded(self) -> Sequence[bytes]:
        """Values of the Secret with the uploaded certificates that were seen."""
        return self._seen.sealed

    def collect(self, hosts: Sequence[str] = ()) -> Path:
        """Bring everything that is searched into one directory: a directory of each host's, and the controller's.

        :param hosts: some of them; empty for all.
        """
        target = self._work / "collected"
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self._controller, target / "controller", ignore=shutil.ignore_patterns("cp"))
        left_out = " ".join(f"! -path '{pattern}'" for pattern in (*_MEANT, *_OTHERS))
        script = (
            "journalctl --no-pager --output=export >/run/secret-scan-journal 2>/dev/null; "
            f"find {' '.join(_ROOTS)} -xdev -type f -cnewer {_BEGIN} {left_out} 2>/dev/null | sort -u >/run/secret-scan-files; "
            "tar --create --ignore-failed-read --absolute-names --files-from=/run/secret-scan-files 2>/dev/null; "
            "rm /run/secret-scan-journal /run/secret-scan-files"
        )
        for host in hosts or self._hosts:
            archive = self._work / f"{host}.tar"
            with archive.open("wb") as stream:
                subprocess.run(self._exec(host, "sh", "-c", script), stdout=stream, check=True, cwd=PROJECT)
            with tarfile.open(archive) as opened:
                for member in opened.getmembers():
                    member.name, member.mode = member.name.lstrip("/"), 0o600
                    if member.isfile():
                        opened.extract(member, target / host, filter="data")
            archive.unlink()
        return target

    def find(
        self, secrets: Mapping[str, str], *, sealed: Sequence[bytes] = (), hosts: Sequence[str] = ()
    ) -> list[Place]:
        """Where secrets stand in what can be collected now.

        :param secrets: by name.
        :param sealed: what was encrypted with a certificate key, which is a secret, too.
        :param hosts: some of them; empty for all.
        """
        collected = self.collect(hosts)
        texts = searched_for(secrets)
        patterns = "\n".join(texts)
        command = ["grep", "--recursive", "--text", "--only-matching", "--fixed-strings", "--null", "--file=-", "."]
        ended = subprocess.run(command, cwd=collected, input=patterns.encode(), capture_output=True, check=False)
        places = set()
        for line in ended.stdout.splitlines():
            path, _null, text = line.partition(b"\0")
            places.add(Place(path.decode().removeprefix("./"), texts[text.decode()]))
        if sealed:
            for file in collected.rglob("*"):
                if file.is_file() and certificate_keys(file.read_bytes(), sealed):
                    places.add(Place(str(file.relative_to(collected)), "certificate key"))
        return sorted(places, key=dataclasses.astuple)

    def files_of_others(self) -> list[str]:
        """Files that are meant to hold secrets and that others than root may read: keys, kubeconfigs, backups."""
        script = (
            "find /etc/kubernetes /var/lib/kubelet/pki /var/backups/kubeadm-ha /root/.kube/config -xdev -type f "
            "\\( -name '*.key' -o -name '*.conf' -o -name '*.pem' -o -name '*.db' -o -path '/root/.kube/config' \\) "
            "\\( -perm /077 -o ! -user root \\) 2>/dev/null; true"
        )
        return [f"{host} {path}" for host in self._hosts for path in self._lab.shell(host, script).split()]

    def pipe(self, host: str, script: str, content: bytes) -> None:
        """Run a shell script on a host with a standard input."""
        subprocess.run(self._exec(host, "sh", "-c", script), input=content, check=True, cwd=PROJECT)

    def _exec(self, host: str, *command: str) -> list[str]:
        return [sys.executable, os.fspath(LAB), "exec", "--name", self._lab.name, host, "--", *command]


def secrets_on(lab: Lab, hosts: Sequence[str]) -> list[str]:
    """Where hosts have something secret that only a run was to have: files that pass, their journals, the arguments of processes."""
    return [f"{host}: {line}" for host in hosts for line in lab.shell(host, _SEARCH, check=False).splitlines()]


def secrets_on_controller(directories: Sequence[Path]) -> list[str]:
    """The same of directories of the controller: what runs printed, recorded, and kept for a moment."""
    found = []
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            with contextlib.suppress(OSError):
                if path.is_file() and re.search(FORM, path.read_text(encoding="utf-8", errors="replace")):
                    found.append(str(path.relative_to(directory)))
    return found


def secrets_in_cluster(lab: Lab, node: str = "cp1") -> list[str]:
    """Bootstrap tokens and uploaded certificates; a cluster whose joins have ended needs none."""
    try:
        items = lab.objects("secrets", "--namespace=kube-system", node=node)["items"]
    except CommandError:
        return ["the API does not answer"]
    return [
        item["metadata"]["name"] for item in items if item["metadata"]["name"] == _UPLOADED or item["type"] == _TOKEN
    ]


__all__ = ("JoinSecrets", "Place", "Scan", "secrets_in_cluster", "secrets_on", "secrets_on_controller", "watching")
