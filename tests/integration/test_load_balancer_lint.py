# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook lint_load_balancer on files of the controller and on a host that has them, and its module by itself."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration import processes
from tests.integration.modules import COLLECTIONS, Modules
from tests.roles.lint_configurations import CONFIGURATIONS, VIRTUAL_IPS

if t.TYPE_CHECKING:
    from tests.integration.private_host import PrivateHost

SECRET = "s3cret-of-vrrp"
SCRIPT = "#!/bin/sh\ncurl --silent --insecure https://localhost:8443/healthz\n"
HAPROXY = (
    CONFIGURATIONS["kubeadm-guide"].text + f"listen stats\n  bind :9000\n  mode http\n  stats auth admin:{SECRET}\n"
)
KEEPALIVED = (
    VIRTUAL_IPS["kubeadm-guide"]
    .routers[0]
    .text.replace("/run/check", "/etc/keepalived/check_apiserver.sh")
    .replace("auth_pass 42", f"auth_pass {SECRET}")
)
NGINX = CONFIGURATIONS["kubespray-nginx"].text
OF_SCRIPT = {"virtual-ip.check-ignores-errors", "virtual-ip.check-through-balancer"}


@pytest.fixture
def modules(binaries: Path, tmp_path: Path) -> Modules:
    """The controller."""
    return Modules(processes.environment(binaries), tmp_path)


def play(
    directory: Path, inventory: t.Mapping[str, t.Any] | None, *prefix: str, **variables: t.Any
) -> tuple[dict[str, t.Any], str]:
    """What the playbook wrote as JSON, and all that it printed with the most words."""
    report = directory / "report.json"
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [
        *prefix,
        program,
        "kubeadm.ha.lint_load_balancer",
        "-vvv",
        "-e",
        json.dumps({**variables, "kubeadm_ha_lint_report": str(report)}),
    ]
    if inventory is not None:
        hosts = directory / "hosts.yml"
        hosts.write_text(json.dumps(inventory), encoding="utf-8")
        command += [f"--inventory={hosts}"]
    paths = [str(COLLECTIONS), os.environ.get("ANSIBLE_COLLECTIONS_PATH", "")]
    ansible = {
        "ANSIBLE_COLLECTIONS_PATH": os.pathsep.join(filter(None, paths)),
        "ANSIBLE_NOCOLOR": "true",
        "ANSIBLE_HOME": str(directory / "ansible"),
    }
    ended = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **ansible}, cwd=directory, timeout=300, check=False
    )
    assert ended.returncode == 0, f"{ended.stdout}\n{ended.stderr}"
    return json.loads(report.read_text(encoding="utf-8")), ended.stdout + ended.stderr


def test_files_of_the_controller_need_no_inventory(tmp_path: Path) -> None:
    for name, text in {
        "haproxy.cfg": HAPROXY,
        "keepalived.conf": KEEPALIVED,
        "check_apiserver.sh": SCRIPT,
        "nginx.conf": NGINX,
    }.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    names = ["haproxy.cfg", "keepalived.conf", "check_apiserver.sh", "nginx.conf"]
    found, printed = play(tmp_path, None, kubeadm_ha_lint_files=names)
    assert [each["name"] for each in found["load_balancers"]] == ["backend apiservers", "upstream kube_apiserver"]
    assert OF_SCRIPT <= {each["id"] for each in found["findings"]}
    assert "  frozen      12 s        12 s                  35 s" in printed.splitlines()
    assert SECRET not in printed + json.dumps(found)


def test_a_host_that_has_the_files(host: PrivateHost, tmp_path: Path) -> None:
    texts = {
        "haproxy/haproxy.cfg": HAPROXY,
        "keepalived/keepalived.conf": KEEPALIVED,
        "keepalived/check_apiserver.sh": SCRIPT,
        "nginx/nginx.conf": "events {}\ninclude stream.d/*.conf;\n",
        "nginx/stream-available/api.conf": NGINX,
        "nginx/stream-available/old.conf": f"stream {{ {NGINX} }}",
    }
    for name, text in texts.items():
        path = host.etc / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    # As Debian enables something, and what somebody has forgotten.
    enabled = host.etc / "nginx" / "stream.d"
    enabled.mkdir()
    (enabled / "api.conf").symlink_to("../stream-available/api.conf")
    (enabled / "gone.conf").symlink_to("../stream-available/gone.conf")
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable, "ansible_become": False}
    inventory = {"kube_load_balancer": {"hosts": {"lb1": {}}}, "all": {"vars": local}}
    found, printed = play(tmp_path, inventory, *host.prefix)
    places = [each["where"] for each in found["load_balancers"]]
    assert places == ["lb1:/etc/haproxy/haproxy.cfg:17", "lb1:/etc/nginx/stream.d/api.conf:7"]
    assert [each["hosts"][0]["name"] for each in found["virtual_ips"]] == ["lb1"]
    assert OF_SCRIPT <= {each["id"] for each in found["findings"]}
    assert "is not a directory" not in printed
    # base64 is no way to hide one either.
    assert SECRET not in printed + json.dumps(found)
    assert base64.b64encode(KEEPALIVED.encode()).decode()[200:260] not in printed


def test_the_module_by_itself(modules: Modules) -> None:
    for check in (True, False):
        found = modules.run_by_ansible("load_balancer_lint", check=check, content=HAPROXY, kind="haproxy", port=8443)
        assert found["changed"] is False
        assert [each["out_seconds"] for each in found["lint"]["load_balancers"][0]["outages"]] == [6, 12, None, 12]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"files": ["/nowhere/haproxy.cfg"]}, "files: /nowhere/haproxy.cfg cannot be read on the controller"),
        ({"content": "hello"}, "content: neither haproxy's, nginx's nor keepalived's configuration"),
        ({"content": HAPROXY.replace("35s", "soon")}, "content:10: 'soon' is no duration of haproxy"),
        ({"content": "stream {", "kind": "nginx"}, "content: nginx would not load this"),
        (
            {"hosts": {"lb1": [{"content": "%%%", "source": "/etc/x"}]}},
            "hosts: what was read of /etc/x on lb1 is no result",
        ),
        ({"content": HAPROXY, "port": 443}, "No load balancer that listens on port 443"),
        ({}, "No load balancer and no virtual IP in no file"),
    ],
)
def test_what_cannot_be_linted_is_said_in_one_sentence(
    modules: Modules, arguments: dict[str, t.Any], message: str
) -> None:
    found = modules.run_by_ansible("load_balancer_lint", **arguments)
    assert found["failed"] is True
    assert message in found["msg"]
