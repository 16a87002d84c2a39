# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of etcd as a service, over a table of units."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import UnsupportedState
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import invocation
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.etcd_settings import arguments, settings
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit

UNITS: list[tuple[str, str, dict[str, str]]] = [
    ("ExecStart=/usr/bin/etcd --name e1 --cert-file=/etc/etcd/e1.crt", "", {"name": "e1", "cert-file": "/etc/etcd/e1.crt"}),
    ("Environment=ETCD_NAME=e1 HOME=/root\nExecStart=/usr/bin/etcd", "", {"name": "e1"}),
    ("EnvironmentFile=/etc/etcd.env\nExecStart=/usr/bin/etcd", "ETCD_ADVERTISE_CLIENT_URLS=https://e1:2379\n", {"advertise-client-urls": "https://e1:2379"}),
    ("Environment=ETCD_NAME=e1\nExecStart=/usr/bin/etcd --name=e2", "", {"name": "e2"}),
]  # fmt: skip


def read(service: str, environment: str) -> invocation.Invocation:
    """How etcd is started."""
    unit = Unit("etcd.service", Text("/etc/systemd/system/etcd.service", f"[Service]\n{service}\n"), (), {})
    path = "/etc/etcd.env"
    return invocation.of_component(invocation.Sources(unit, {path: Text(path, environment)}), "etcd")


@pytest.mark.parametrize(("service", "environment", "wanted"), UNITS)
def test_a_flag_counts_before_its_variable(service: str, environment: str, wanted: dict[str, str]) -> None:
    assert settings("etcd.service", read(service, environment)) == wanted


def test_a_file_of_settings_is_refused() -> None:
    with pytest.raises(UnsupportedState, match=r"etcd\.service has the settings of etcd in /etc/etcd\.yml"):
        settings("etcd.service", read("ExecStart=/usr/bin/etcd --config-file /etc/etcd.yml", ""))


@pytest.mark.parametrize(("service", "environment", "wanted"), UNITS)
def test_the_same_as_arguments(service: str, environment: str, wanted: dict[str, str]) -> None:
    assert arguments(read(service, environment)) == {name: (value,) for name, value in wanted.items()}


@pytest.mark.parametrize("start", ["--config-file /etc/etcd.yml", ""], ids=["flag", "variable"])
def test_beside_a_file_of_settings_nothing_else_counts(start: str) -> None:
    found = read(
        f"Environment=ETCD_CONFIG_FILE=/etc/etcd.yml ETCD_NAME=e1\nExecStart=/usr/bin/etcd --cert-file=/a {start}", ""
    )
    assert arguments(found) == {"config-file": ("/etc/etcd.yml",)}
