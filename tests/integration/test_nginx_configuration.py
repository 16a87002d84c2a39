# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration and the units of the role apiserver_nginx for these variables, as files: what hosts are given does not change unseen."""

from __future__ import annotations

import difflib
import json
import os
import subprocess
import sys
import typing as t
from pathlib import Path

import pytest

from tests.integration.haproxy_configurations import BACKENDS, CA
from tests.integration.modules import COLLECTIONS
from tests.roles.balancer import NOTHING

COMMON: dict[str, t.Any] = {
    "kubeadm_ha_endpoint": "api.example.net:6443",
    "apiserver_nginx_backends": BACKENDS,
    "apiserver_nginx_ca_certificate": CA,
    "apiserver_nginx_seen": {
        **NOTHING,
        "configuration": {"path": "/etc/nginx/kubernetes-apiserver/nginx.conf", "owner": "absent", "sha1": ""},
        "certificate": {
            "path": "/etc/nginx/kubernetes-apiserver/kubernetes-probe.crt",
            "pem": "",
            "has_key": False,
        },
        "stream_module": "/usr/lib/nginx/modules/ngx_stream_module.so",
        "python": "/usr/bin/python3",
    },
}
DEFAULTS = """\
#
# Ansible managed
#
# Configuration of the Ansible role kubeadm.ha.apiserver_nginx
# nginx does not load this file: kubernetes-apiserver-watch makes /run/nginx-kubernetes-apiserver/nginx.conf of it.
load_module /usr/lib/nginx/modules/ngx_stream_module.so;
daemon off;
pid /run/nginx-kubernetes-apiserver/nginx.pid;
error_log stderr warn;
worker_processes auto;
# After a reload the old workers serve their open connections for at most this long.
worker_shutdown_timeout 24h;

events {
  worker_connections 8064;
}

stream {
  upstream kubernetes-apiserver {
    zone kubernetes-apiserver 256k;
    least_conn;
    server 192.0.2.11:6443 max_fails=0 fail_timeout=1s;
    server 192.0.2.12:6443 max_fails=0 fail_timeout=1s;
    server cp3.example.net:7443 max_fails=0 fail_timeout=1s;
  }
  server {
    listen [::]:6443 ipv6only=off so_keepalive=30s:5s:3;
    proxy_pass kubernetes-apiserver;
    # Who does not take a connection is passed over for the next one.
    proxy_connect_timeout 300ms;
    proxy_next_upstream on;
    # Watches, exec and port-forward may be silent for hours: dead peers are found by TCP keepalive instead.
    proxy_timeout 24h;
    proxy_socket_keepalive on;
  }
}

# curl --unix-socket /run/nginx-kubernetes-apiserver/status.sock http://localhost/
http {
  access_log off;
  client_body_temp_path /run/nginx-kubernetes-apiserver/tmp;
  proxy_temp_path /run/nginx-kubernetes-apiserver/tmp;
  fastcgi_temp_path /run/nginx-kubernetes-apiserver/tmp;
  uwsgi_temp_path /run/nginx-kubernetes-apiserver/tmp;
  scgi_temp_path /run/nginx-kubernetes-apiserver/tmp;
  server {
    listen unix:/run/nginx-kubernetes-apiserver/status.sock;
    default_type application/json;
    return 200 '{"configuration":"DIGEST","ready":{"cp1":true,"cp2":true,"cp3.example.net":true}}';
  }
}
"""
EXEC = """\
ExecStart=/usr/bin/python3 -I /usr/local/sbin/kubernetes-apiserver-watch --nginx=/usr/sbin/nginx \
--directory=/run/nginx-kubernetes-apiserver --configuration=/etc/nginx/kubernetes-apiserver/nginx.conf \
--ca=/etc/nginx/kubernetes-apiserver/kubernetes-ca.crt --check=https --timeout=1 --interval=0.5 \
--server=cp1=192.0.2.11:6443 --server=cp2=192.0.2.12:6443 --server=cp3.example.net=cp3.example.net:7443"""
KEY = "/etc/nginx/kubernetes-apiserver/kubernetes-probe.crt"


class Case(t.NamedTuple):
    """Variables of a host beside :data:`COMMON`, what differs in its file, and in the command of the watcher."""

    variables: dict[str, t.Any]
    changed: tuple[tuple[str, str], ...] = ()
    command: tuple[tuple[str, str], ...] = ()


CASES = {
    "defaults": Case({}),
    "address": Case(
        {"apiserver_nginx_bind_address": "192.0.2.10", "apiserver_nginx_bind_port": 8443},
        (("listen [::]:6443 ipv6only=off so", "listen 192.0.2.10:8443 so"),),
    ),
    "times": Case(
        {
            "apiserver_nginx_connect_timeout": "1s",
            "apiserver_nginx_check_timeout": "2s",
            "apiserver_nginx_check_interval": "1m",
            "apiserver_nginx_hard_stop_after": "1h",
            "apiserver_nginx_max_fails": 1,
            "apiserver_nginx_fail_timeout": "5s",
            "apiserver_nginx_maxconn": 100,
        },
        (
            ("proxy_connect_timeout 300ms", "proxy_connect_timeout 1s"),
            ("worker_shutdown_timeout 24h", "worker_shutdown_timeout 1h"),
            ("max_fails=0 fail_timeout=1s", "max_fails=1 fail_timeout=5s"),
            ("worker_connections 8064", "worker_connections 264"),
        ),
        (("--timeout=1 --interval=0.5", "--timeout=2 --interval=60"),),
    ),
    "certificate": Case(
        {"apiserver_nginx_probe_certificate": True, "apiserver_nginx_probe_signer": "cp1"},
        command=((":7443", f":7443 --certificate={KEY}"),),
    ),
    "tcp": Case({"apiserver_nginx_check": "tcp"}, command=(("--check=https", "--check=tcp"),)),
}
PLAYBOOK = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.include_role:
        name: kubeadm.ha.apiserver_nginx
        tasks_from: inspect
    - ansible.builtin.copy:
        content: "{{ apiserver_nginx_inspection | to_json }}"
        dest: "{{ destination }}/{{ inventory_hostname }}.json"
        mode: "0600"
"""


@pytest.fixture(scope="module")
def inspections(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, t.Any]]:
    """The inspection of a host for each case, made by one run of the role's entry point."""
    directory = tmp_path_factory.mktemp("nginx")
    hosts = {name: {**COMMON, **case.variables} for name, case in CASES.items()}
    common = {
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "destination": str(directory),
    }
    (directory / "hosts.yml").write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    (directory / "play.yml").write_text(PLAYBOOK)
    command = [str(Path(sys.executable).with_name("ansible-playbook")), "--inventory", "hosts.yml", "play.yml"]
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(COLLECTIONS), "ANSIBLE_NOCOLOR": "true"}
    ended = subprocess.run(
        command, cwd=directory, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return {name: json.loads((directory / f"{name}.json").read_text()) for name in CASES}


def replaced(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize("name", CASES)
def test_the_file_is_the_same(inspections: dict[str, dict[str, t.Any]], name: str) -> None:
    inspection = inspections[name]
    assert inspection["decision"]["problems"] == []
    wanted = replaced(DEFAULTS, CASES[name].changed).splitlines(keepends=True)
    found = inspection["content"].replace(inspection["digest"], "DIGEST").splitlines(keepends=True)
    assert "".join(difflib.unified_diff(wanted, found)) == ""


@pytest.mark.parametrize("name", CASES)
def test_the_units_run_what_was_written(inspections: dict[str, dict[str, t.Any]], name: str) -> None:
    units = inspections[name]["units"]
    watcher = " ".join(units["kubernetes-apiserver-watch.service"].replace("\\\n", "").split(" "))
    lines = [" ".join(line.split()) for line in watcher.splitlines()]
    assert replaced(EXEC, CASES[name].command) in lines
    assert (f"StandardInput=file:{KEY}.key" in lines) == (name == "certificate")
    balancer = units["nginx-kubernetes-apiserver.service"].splitlines()
    assert "ExecStart=/usr/sbin/nginx -c /run/nginx-kubernetes-apiserver/nginx.conf" in balancer
    # One user, and one directory that stays while either of the two runs.
    for line in ("User=nginx-kubernetes-apiserver", "DynamicUser=yes", "RuntimeDirectoryPreserve=yes"):
        assert line in lines
        assert line in balancer


def test_each_has_a_digest_of_its_own(inspections: dict[str, dict[str, t.Any]]) -> None:
    assert len({inspection["digest"] for inspection in inspections.values()}) == len(CASES)
