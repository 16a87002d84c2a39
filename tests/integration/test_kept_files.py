# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""kept_files on files of a host: kept, changed, noted, put back. stat and sha256sum by Python are the second opinion."""

from __future__ import annotations

import stat
import typing as t

import pytest

if t.TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.modules import Modules, Result
    from tests.integration.private_host import PrivateHost

NAME = "kept_files"
RECORD = "binary-control-plane"
SECRET = "c2VjcmV0LW9mLXRoZS10ZXN0"


@pytest.fixture(name="conf")
def _conf(host: PrivateHost) -> Path:
    """A file that is there before."""
    directory = host.etc / "k8s"
    directory.mkdir(mode=0o755)
    (directory / "api.conf").write_text(SECRET, encoding="utf-8")
    (directory / "api.conf").chmod(0o640)
    return directory / "api.conf"


def run(modules: Modules, state: str, *, check: bool = False, **options: t.Any) -> Result:
    """Run the module; none of the content is in its result."""
    result = modules.run(NAME, check=check, diff=True, state=state, records=[RECORD], **options)
    assert SECRET not in str(result)
    return result


def keep(modules: Modules, *, check: bool = False) -> Result:
    """What a role keeps."""
    return run(
        modules,
        "kept",
        check=check,
        paths=["/etc/k8s/api.conf", "/etc/k8s/ssl/new.pem"],
        directories=["/etc/k8s", "/etc/k8s/ssl"],
    )


def change(conf: Path) -> None:
    """What a role changes."""
    conf.write_text("other", encoding="utf-8")
    (conf.parent / "ssl").mkdir()
    (conf.parent / "ssl" / "new.pem").write_text("new", encoding="utf-8")


def test_what_is_changed_is_put_back(host: PrivateHost, modules_on_host: Modules, conf: Path) -> None:
    record = host.lib / "kubeadm-ha" / RECORD
    assert keep(modules_on_host, check=True)["changed"]
    assert not record.exists()
    assert keep(modules_on_host)["changed"]
    assert not keep(modules_on_host, check=True)["changed"]
    assert not keep(modules_on_host)["changed"]
    assert stat.S_IMODE(record.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in record.iterdir()} == {0o600}
    change(conf)
    assert run(modules_on_host, "noted", check=True)["changed"]
    assert run(modules_on_host, "noted")["changed"]
    assert not run(modules_on_host, "noted")["changed"]
    would = run(modules_on_host, "restored", check=True)
    assert conf.read_text(encoding="utf-8") == "other"
    done = run(modules_on_host, "restored")
    assert done["changes"] == would["changes"]
    assert {item["object"] for item in done["changes"]} == {
        "file /etc/k8s/api.conf", "file /etc/k8s/ssl/new.pem", "directory /etc/k8s/ssl", f"record /var/lib/kubeadm-ha/{RECORD}",
    }  # fmt: skip
    assert (conf.read_text(encoding="utf-8"), stat.S_IMODE(conf.stat().st_mode)) == (SECRET, 0o640)
    assert sorted(path.name for path in conf.parent.iterdir()) == ["api.conf"]
    assert not record.exists()
    assert not run(modules_on_host, "restored", check=True)["changed"]
    assert not run(modules_on_host, "restored")["changed"]


def test_what_somebody_else_has_changed_is_named(modules_on_host: Modules, conf: Path) -> None:
    keep(modules_on_host)
    change(conf)
    run(modules_on_host, "noted")
    conf.write_text("somebody else's", encoding="utf-8")
    refused = run(modules_on_host, "restored")
    assert refused["msg"].startswith("Nothing was changed: /etc/k8s/api.conf changed since the role did")
    assert (conf.parent / "ssl" / "new.pem").exists()
    assert run(modules_on_host, "restored", overwrite=True)["changed"]
    assert conf.read_text(encoding="utf-8") == SECRET


def test_a_service_wrote_files_that_go_with_it(modules_on_host: Modules, conf: Path) -> None:
    keep(modules_on_host)
    change(conf)
    (conf.parent / "ssl" / "kubelet-client-1.pem").write_text("own", encoding="utf-8")
    run(modules_on_host, "noted")
    own = ["/etc/k8s/ssl/kubelet-client-*.pem"]
    would = run(modules_on_host, "restored", check=True, written=own, writer="kubelet.service")
    # No record knows that service, so it goes on.
    assert would["ended"] == []
    assert [item["object"] for item in would["changes"] if "kubelet-client" in item["object"]] == []
    assert run(modules_on_host, "restored", written=own)["changed"]
    assert not (conf.parent / "ssl").exists()


@pytest.mark.parametrize("name", ["../etc", "", "a/b/c", "-x"])
def test_a_record_has_a_plain_name(modules_on_host: Modules, name: str) -> None:
    assert "give names such as" in modules_on_host.run(NAME, state="restored", records=[name])["msg"]
