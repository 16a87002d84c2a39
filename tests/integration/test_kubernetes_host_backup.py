# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kubernetes_host_backup with a real etcd and a real API server; etcdutl, sha256sum and kubectl are the second opinion."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
import typing as t
from pathlib import Path

import pytest

from tests.integration import etcd_cluster, processes
from tests.integration.control_plane import run
from tests.integration.modules import COLLECTIONS, Modules

if t.TYPE_CHECKING:
    from tests.integration.control_plane import ControlPlane

REPOSITORY = COLLECTIONS.parent
_LIBRARIES = ("yaml", "cryptography", "kubernetes")
_BIG_FILE_BYTES = 1 << 30


@pytest.fixture
def bare_modules(binaries: Path, tmp_path: Path) -> Modules:
    """Runs modules on a host that has none of the libraries: a backup comes before they are installed."""
    return Modules(processes.environment(binaries), tmp_path, _LIBRARIES)


@pytest.fixture
def host(tmp_path: Path) -> Path:
    """A tree such as /etc/kubernetes, readable for all, with links inside, to the outside and to nowhere."""
    tree = tmp_path / "host" / "etc" / "kubernetes"
    (tree / "pki" / "empty").mkdir(parents=True)
    (tree / "admin.conf").write_text("users: [secret]\n", encoding="utf-8")
    (tree / "pki" / "ca.key").write_bytes(os.urandom(3 << 20))
    (tree / "pki" / "current.pem").symlink_to("ca.key")
    outside = tmp_path / "host" / "outside.pem"
    outside.write_text("outside\n", encoding="utf-8")
    (tree / "pki" / "elsewhere.pem").symlink_to(outside)
    (tree / "pki" / "dangling.pem").symlink_to("gone")
    os.mkfifo(tree / "pipe")
    (tree / "admin.conf").chmod(0o644)
    return tree


def backups(directory: Path) -> list[str]:
    """Names in the directory of backups."""
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_files_links_modes_and_hashes(bare_modules: Modules, host: Path, tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    options: dict[str, t.Any] = {
        "directory": str(directory),
        "paths": [str(host), str(tmp_path / "none")],
        "name": "first",
    }
    predicted = bare_modules.run("kubernetes_host_backup", check=True, diff=True, **options)
    assert not predicted.get("failed"), predicted
    assert not directory.exists()
    made = bare_modules.run("kubernetes_host_backup", diff=True, **options)
    assert not made.get("failed"), made
    assert made["changes"] == predicted["changes"]
    assert made["changed"]
    assert predicted["changed"]
    place = directory / "first"
    assert (made["path"], made["files"], made["snapshot"]) == (str(place), predicted["files"], None)
    assert sorted(made["missing"]) == sorted([str(host / "pipe"), str(tmp_path / "none")])
    assert made["bytes"] == predicted["bytes"]

    copy = place / f"files{host}"
    assert (copy / "pki" / "ca.key").read_bytes() == (host / "pki" / "ca.key").read_bytes()
    assert (copy / "pki" / "current.pem").readlink() == Path("ca.key")
    assert (copy / "pki" / "dangling.pem").readlink() == Path("gone")
    assert (copy / "pki" / "empty").is_dir()
    # A link to a file outside is kept, and the file is there, too.
    assert (place / f"files{host.parents[1] / 'outside.pem'}").read_text(encoding="utf-8") == "outside\n"
    for path in (directory, *directory.rglob("*")):
        if not path.is_symlink():
            mode = stat.S_IMODE(path.stat().st_mode)
            assert mode == (0o700 if path.is_dir() else 0o600), path
            assert path.stat().st_uid == os.geteuid()

    manifest = json.loads((place / "manifest.json").read_text(encoding="utf-8"))
    by_path = {entry["path"]: entry for entry in manifest["entries"]}
    assert by_path[str(host / "admin.conf")]["mode"] == "0644"
    sums = "".join(f"{entry['sha256']}  {entry['stored']}\n" for entry in manifest["entries"] if entry["sha256"])
    assert len(sums.splitlines()) == 3
    subprocess.run(
        ["sha256sum", "--check", "--strict"], input=sums, text=True, cwd=place, check=True, capture_output=True
    )

    again = bare_modules.run("kubernetes_host_backup", **options)
    assert again["failed"]
    assert "choose another name" in again["msg"]


def test_the_cluster_and_a_snapshot_that_etcdutl_accepts(
    cluster: ControlPlane, bare_modules: Modules, host: Path, tmp_path: Path
) -> None:
    options: dict[str, t.Any] = {
        "directory": str(tmp_path / "backups"),
        "paths": [str(host)],
        "cluster": True,
        "kubeconfig": str(cluster.kubeconfig),
        "server": f"127.0.0.1:{cluster.api_port}",
        "pki_dir": str(cluster.pki),
        "etcd_endpoint": f"https://127.0.0.1:{cluster.etcd_port}",
    }
    check = bare_modules.run("kubernetes_host_backup", check=True, **options)
    assert check["snapshot"] is None
    made = bare_modules.run("kubernetes_host_backup", **options)
    assert not made.get("failed"), made
    place = Path(made["path"])
    for namespace, name in (("kube-system", "kubeadm-config"), ("kube-public", "cluster-info")):
        stored = json.loads((place / "cluster" / namespace / "configmap" / f"{name}.json").read_text(encoding="utf-8"))
        assert stored["data"] == cluster.get("configmap", name, namespace)["data"]
    # This cluster has neither a kubelet nor CoreDNS.
    assert {"ConfigMap kube-system/kubelet-config", "ConfigMap kube-system/coredns"} <= set(made["missing"])

    snapshot = place / made["snapshot"]["stored"]
    assert snapshot.stat().st_size == made["snapshot"]["bytes"]
    assert run(["sha256sum", str(snapshot)]).split()[0] == made["snapshot"]["sha256"]
    etcdutl = str(cluster.binaries / "etcdutl")
    status = json.loads(run([etcdutl, "snapshot", "status", str(snapshot), "--write-out=json"]))
    assert status["totalKey"] > 0
    assert status["revision"] >= made["snapshot"]["revision"] > 0
    # Restoring checks the hash that etcd appended; a changed byte must be seen, else this proved nothing.
    run([etcdutl, "snapshot", "restore", str(snapshot), f"--data-dir={tmp_path / 'restored'}"])
    broken = tmp_path / "broken.db"
    content = bytearray(snapshot.read_bytes())
    content[len(content) // 2] ^= 1
    broken.write_bytes(content)
    refused = subprocess.run(
        [etcdutl, "snapshot", "restore", str(broken), f"--data-dir={tmp_path / 'other'}"],
        capture_output=True,
        check=False,
    )
    assert refused.returncode != 0


def test_etcd_that_is_not_to_be_found_is_a_warning(
    cluster: ControlPlane, bare_modules: Modules, host: Path, tmp_path: Path
) -> None:
    made = bare_modules.run(
        "kubernetes_host_backup",
        directory=str(tmp_path / "backups"),
        paths=[str(host)],
        cluster=True,
        kubeconfig=str(cluster.kubeconfig),
        pki_dir=str(cluster.pki),
    )
    assert made["snapshot"] is None
    assert "No snapshot of etcd is made" in json.dumps(made["warnings"])


def test_old_backups_go_and_other_directories_stay(bare_modules: Modules, host: Path, tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    directory.mkdir(mode=0o755)
    (directory / "mine").mkdir()
    (directory / "mine" / "manifest.json").write_text('{"kind": "something else"}', encoding="utf-8")
    (directory / "0.partial").mkdir()
    (directory / "0.partial" / "thesis.odt").touch()
    options: dict[str, t.Any] = {"directory": str(directory), "paths": [str(host)], "keep": 2}
    for name in ("c", "a", "b"):
        made = bare_modules.run("kubernetes_host_backup", **options, name=name)
        assert not made.get("failed"), made
    assert made["pruned"] == ["c"]  # the oldest, whatever its name
    assert [change["object"] for change in made["changes"]] == [f"backup {directory}", f"backup {directory}/c"]
    assert backups(directory) == ["0.partial", "a", "b", "mine"]
    # An existing directory keeps its mode.
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755
    # Two runs in the same second have names of their own.
    names = {bare_modules.run("kubernetes_host_backup", **{**options, "keep": 9})["name"] for _number in range(2)}
    assert len(names) == 2


def test_a_killed_run_leaves_nothing_that_counts(bare_modules: Modules, host: Path, tmp_path: Path) -> None:
    directory = tmp_path / "backups"
    with (host / "zz-big").open("wb") as file:
        file.truncate(_BIG_FILE_BYTES)
    arguments: dict[str, t.Any] = {"directory": str(directory), "paths": [str(host)], "name": "killed"}
    process = subprocess.Popen(
        [sys.executable, str(REPOSITORY / "plugins" / "modules" / "kubernetes_host_backup.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**bare_modules.environment, "PYTHONPATH": str(COLLECTIONS)},
    )
    assert process.stdin is not None
    process.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode())
    process.stdin.close()
    big = directory / "killed.partial" / f"files{host / 'zz-big'}"
    deadline = time.monotonic() + 30
    while not big.exists() and time.monotonic() < deadline:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL, "it was over before it could be killed"
    assert backups(directory) == ["killed.partial"]

    (host / "zz-big").unlink()
    done = bare_modules.run("kubernetes_host_backup", **arguments)
    assert not done.get("failed"), done
    assert backups(directory) == ["killed"]


def test_unsafe_or_impossible_options_are_refused(bare_modules: Modules, host: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    (tmp_path / "file").touch()
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"directory": str(shared)}, "Others than root may write"),
        ({"directory": str(tmp_path / "file")}, "is no directory"),
        ({"directory": str(host / "backups")}, "option paths"),
        ({"name": "../up"}, "option name"),
        ({"name": "x.partial"}, "option name"),
        ({"keep": 0}, "option keep"),
        ({"paths": [str(tmp_path / "none")]}, "Nothing of"),
        ({"cluster": True, "etcd_endpoint": "https://127.0.0.1:1", "pki_dir": str(tmp_path)}, "no certificate"),
    ]
    for options, reported in cases:
        arguments = {"directory": str(tmp_path / "backups"), "paths": [str(host)], **options}
        refused = bare_modules.run("kubernetes_host_backup", **arguments)
        assert refused.get("failed"), options
        assert reported in refused["msg"]
    assert backups(tmp_path / "backups") == []
    assert backups(shared) == []


def test_a_large_database_takes_no_more_memory(binaries: Path, bare_modules: Modules, tmp_path: Path) -> None:
    (tmp_path / "etcd").mkdir()
    (tmp_path / "file").touch()
    with etcd_cluster.cluster_of_one(binaries, tmp_path / "etcd") as cluster:
        arguments = {
            "directory": str(tmp_path / "backups"),
            "paths": [str(tmp_path / "file")],
            "cluster": True,
            "kubeconfig": str(tmp_path / "none"),
            "pki_dir": str(cluster.pki),
            "etcd_endpoint": cluster.endpoint(),
        }
        small = peak_memory(bare_modules, arguments)
        value = "x" * (1 << 20)
        for number in range(64):
            run([*cluster.etcdctl_command(), "put", f"key{number}"], stdin=value)
        size = cluster.etcdctl_json("endpoint", "status")[0]["Status"]["dbSize"]
        assert size > 64 << 20
        large = peak_memory(bare_modules, arguments)
    assert large - small < 16 << 20, f"{small} and {large} bytes"


def peak_memory(modules: Modules, arguments: t.Mapping[str, t.Any]) -> int:
    """Peak resident bytes of a module's process. It fails in the end, after the snapshot: there is no API."""
    measure = (
        "import resource, subprocess, sys;"
        "ended = subprocess.run(sys.argv[1:], stdin=sys.stdin, capture_output=True, text=True);"
        "print(ended.stdout.strip().splitlines()[-1]);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)"
    )
    module = str(REPOSITORY / "plugins" / "modules" / "kubernetes_host_backup.py")
    ended = subprocess.run(
        [sys.executable, "-c", measure, sys.executable, module],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        env={**modules.environment, "PYTHONPATH": str(COLLECTIONS)},
        check=True,
    )
    result, peak = ended.stdout.strip().splitlines()
    assert "kubectl could not read configmap" in json.loads(result)["msg"]
    return int(peak)
