# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest and the configuration of apiserver_haproxy change with what haproxy does, not with how the inputs are written."""

from __future__ import annotations

import random
import typing as t

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.tools.environment import ROOT

ROLE = ROOT / "roles" / "apiserver_haproxy"
DEFAULT_PORT = 6443
Backend = dict[str, t.Any]

BACKENDS = st.lists(
    st.fixed_dictionaries(
        {
            "name": st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True),
            "address": st.ip_addresses().map(str),
            "port": st.just(DEFAULT_PORT) | st.integers(1, 65535),
        }
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda backend: backend["name"],
)


@pytest.fixture(scope="module", autouse=True)
def _lookups() -> None:
    """Ansible finds its own lookups."""
    init_plugin_loader()


class Rendered(t.NamedTuple):
    """What the role makes of its inputs."""

    digest: str
    checksum: str
    connect: t.Sequence[int]


def render(backends: t.Sequence[Backend], **inputs: t.Any) -> Rendered:
    """Let Ansible evaluate the role's own variables and template."""
    loader = DataLoader()
    variables: dict[str, t.Any] = {}
    for folder in ("defaults", "vars"):
        variables |= loader.load_from_file(str(ROLE / folder / "main.yml"), trusted_as_template=True)
    variables |= {
        "role_path": str(ROLE),
        "kubeadm_ha_endpoint": "k8s.example.org:6443",
        "apiserver_haproxy_backends": list(backends),
        "apiserver_haproxy_ca_certificate": "ca",
        "ansible_managed": "managed",
        "ansible_search_path": [str(ROLE)],
        **inputs,
    }
    wanted = Templar(loader, variables=variables).template(variables["__apiserver_haproxy_wanted"])
    return Rendered(wanted["digest"], wanted["checksum"], list(wanted["connect"]))


def written_otherwise(backend: Backend, how: random.Random) -> Backend:
    """The same API server: keys in another order, the port as text, or left out when it is the default."""
    keys = list(backend)
    how.shuffle(keys)
    other = {key: backend[key] for key in keys}
    if other["port"] == DEFAULT_PORT and how.random() < 0.5:
        del other["port"]
    elif how.random() < 0.5:
        other["port"] = str(other["port"])
    return other


@settings(max_examples=25, deadline=None)
@given(backends=BACKENDS, how=st.randoms(use_true_random=False))
def test_how_backends_are_written_does_not_matter(backends: list[Backend], how: random.Random) -> None:
    other = [written_otherwise(backend, how) for backend in backends]
    assert render(backends) == render(other)


@settings(max_examples=25, deadline=None)
@given(backends=BACKENDS, data=st.data())
def test_each_backend_matters(backends: list[Backend], data: st.DataObject) -> None:
    which = data.draw(st.integers(0, len(backends) - 1))
    key = data.draw(st.sampled_from(["name", "address", "port"]))
    change = {"name": "other-name", "address": "other.example.org", "port": backends[which]["port"] % 65535 + 1}
    other = [{**backend, key: change[key]} if which == place else backend for place, backend in enumerate(backends)]
    before, after = render(backends), render(other)
    assert before.digest != after.digest
    assert before.checksum != after.checksum
    assert (before.connect == after.connect) is (key != "port")


def test_numbers_may_be_text() -> None:
    backends = [{"name": "cp1", "address": "192.0.2.11"}]
    assert render(backends, apiserver_haproxy_maxconn="4000") == render(backends)
    assert render(backends, apiserver_haproxy_maxconn=4001).digest != render(backends).digest
