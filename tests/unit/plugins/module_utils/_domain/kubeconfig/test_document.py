# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One rule of the cluster and the user that a kubeconfig's client takes."""

from __future__ import annotations

import base64
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig import embedded_ca
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.document import Kubeconfig
from tests.unit.plugins.certificates import MemoryFiles


def data_of(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def cluster(name: str) -> dict[str, t.Any]:
    fields = {"server": f"https://{name or 'unnamed'}:6443", "certificate-authority-data": data_of(f"CA {name}")}
    return {"name": name, "cluster": fields}


def user(name: str) -> dict[str, t.Any]:
    return {"name": name, "user": {"client-certificate-data": data_of(f"CERTIFICATE {name}")}}


def context(name: str, of_cluster: str | None, of_user: str | None) -> dict[str, t.Any]:
    return {"name": name, "context": {"cluster": of_cluster, "user": of_user}}


A, B, UNNAMED = cluster("a"), cluster("b"), cluster("")
BOTH = {"clusters": [A, B], "users": [user("a"), user("b")]}
CURRENT = {"contexts": [context("c", "b", "b")], "current-context": "c"}

#: What the client takes by their names; ``None`` is nothing.
TAKEN: dict[str, tuple[dict[str, t.Any], str | None, str | None]] = {
    "the current context's": ({**BOTH, **CURRENT}, "b", "b"),
    "the only ones": ({"clusters": [A], "users": [user("a")]}, "a", "a"),
    "the only ones, and a context that is not there": (
        {"clusters": [A], "users": [user("a")], "contexts": [], "current-context": "gone"}, "a", "a",
    ),
    "the only ones, and a context that names none": (
        {"clusters": [A], "users": [user("a")], "contexts": [context("c", None, None)], "current-context": "c"}, "a", "a",
    ),
    "cluster-info": ({"clusters": [UNNAMED], "users": None, "contexts": None, "current-context": ""}, "", None),
    "a cluster without the key name": ({"clusters": [{"cluster": A["cluster"]}]}, "", None),
    "a context with the empty name": (
        {**BOTH, "contexts": [{"context": {"cluster": "b", "user": "a"}}]}, "b", "a",
    ),
    "names that YAML reads as numbers": (
        {"clusters": [{**A, "name": 1}, B], "contexts": [context("2", "1", None)], "current-context": 2}, "1", None,
    ),
    "nothing": ({}, None, None),
}  # fmt: skip

#: Where the rules that there were did not agree; the rule is kubectl's now.
DIFFERED: dict[str, tuple[dict[str, t.Any], str | None, str | None]] = {
    # The first CA and the first certificate were taken, but the current context's server.
    "the CA and the user of another context come first": (
        {**BOTH, "contexts": [context("one", "a", "a"), context("c", "b", "b")], "current-context": "c"}, "b", "b",
    ),
    "several without a context, of which the first was taken": (BOTH, None, None),
    # The endpoint's objects knew the unnamed cluster, hosts and the module kubeconfig_cluster did not.
    "the unnamed cluster among others": ({"clusters": [A, UNNAMED, B]}, "", None),
    # The endpoint's objects took the unnamed cluster all the same.
    "the unnamed cluster beside a current context": ({**BOTH, **CURRENT, "clusters": [UNNAMED, A, B]}, "b", "b"),
    # kubeconfig_cluster refused, the others took the only cluster.
    "a current context whose cluster and user are not there": (
        {"clusters": [A], "users": [user("a")], **CURRENT}, None, None,
    ),
    # kubeconfig_cluster refused, the others took the last, and the kubelet's client the first.
    "a name twice": (
        {"clusters": [A, B, cluster("b")], "users": [user("a"), user("b"), user("b")], **CURRENT}, None, None,
    ),
    # The endpoint's objects did not count it.
    "an entry without its map": ({"clusters": [{"name": "b"}, A]}, None, None),
}  # fmt: skip


@pytest.mark.parametrize("case", [*TAKEN, *DIFFERED])
def test_the_cluster_and_the_user_that_a_client_takes(case: str) -> None:
    document, of_cluster, of_user = {**TAKEN, **DIFFERED}[case]
    found = Kubeconfig.parse(document)
    assert found.fault is None
    assert (found.current_cluster.name if found.current_cluster else None) == of_cluster
    assert (found.current_user.name if found.current_user else None) == of_user
    assert (found.server is None, found.ca_pem() is None) == (of_cluster is None,) * 2
    assert found.client_certificate() == (None if of_user is None else f"CERTIFICATE {of_user}".encode())


def test_the_server_and_the_ca_are_of_one_cluster() -> None:
    found = Kubeconfig.parse({**BOTH, **CURRENT})
    assert (found.server, found.ca_pem()) == ("https://b:6443", b"CA b")
    assert embedded_ca.authorities(found.current_cluster) == embedded_ca.certificates("CA b")


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (None, "is nothing, not a map of keys"),
        ("text", "is a text, not a map of keys"),
        ({**BOTH, **CURRENT, "users": {}}, "has a map at users, where a list must be"),
        ({**BOTH, **CURRENT, "clusters": ["x", B]}, "has a text at clusters[0], where a map of keys must be"),
        (
            {**BOTH, **CURRENT, "contexts": [{"context": "c"}]},
            "has a text at contexts[0].context, where a map of keys must be",
        ),
    ],
)
def test_what_a_client_refuses_names_nothing(document: t.Any, fault: str) -> None:
    found = Kubeconfig.parse(document)
    assert found.fault == fault
    assert (found.server, found.ca_pem(), found.client_certificate()) == (None, None, None)


FILES = MemoryFiles({"/ca.crt": b"FILE"})


@pytest.mark.parametrize(
    ("fields", "embedded", "anywhere"),
    [
        ({"certificate-authority-data": data_of("CA")}, b"CA", b"CA"),
        ({"certificate-authority": "/ca.crt"}, None, b"FILE"),
        ({"certificate-authority": "/gone"}, None, None),
        ({"certificate-authority-data": data_of("CA"), "certificate-authority": "/ca.crt"}, b"CA", b"CA"),
        # kubectl reads the file then; a join and a reset did not.
        ({"certificate-authority-data": "", "certificate-authority": "/ca.crt"}, None, b"FILE"),
        ({"certificate-authority-data": None, "certificate-authority": "/ca.crt"}, None, b"FILE"),
        ({"certificate-authority-data": "x", "certificate-authority": "/ca.crt"}, None, None),
        ({"certificate-authority-data": "\N{LATIN SMALL LETTER E WITH ACUTE}"}, None, None),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_what_stands_in_the_file_or_in_another(
    fields: dict[str, t.Any] | None, embedded: bytes | None, anywhere: bytes | None
) -> None:
    found = Kubeconfig.parse({"clusters": [{"name": "a", "cluster": fields}]})
    assert (found.ca_pem(), found.ca_pem(FILES)) == (embedded, anywhere)
