# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server and the CA of a kubeconfig's cluster entry, in every style that a kubeconfig may be written in."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import typing as t

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.x509 import CryptographyX509
from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.yaml_text import PyYamlText
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import (
    InvalidInput,
    KubeadmHaError,
    UnsupportedState,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.document import Kubeconfig
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeconfig.kubeconfig import (
    Wanted,
    decide_server,
    ensure,
    parse_server,
)
from tests.unit.plugins.certificates import MemoryFiles, make_ca, make_certificate

if t.TYPE_CHECKING:
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.change import Decision

PATH = "/etc/kubernetes/admin.conf"
OLD = "https://192.0.2.11:6443"
NEW = "https://k8s.example.org:6443"
TOKEN = "c2VjcmV0LXRva2Vu"

BLOCK = f"""\
# made by hand
apiVersion: v1
kind: Config
clusters:
- cluster:
    certificate-authority-data: Zm9v  # the CA
    server: {OLD}   # the first node
  name: kubernetes
- name: other
  cluster: {{server: "https://198.51.100.7:6443", tls-server-name: 'x'}}
contexts:
- context: {{cluster: kubernetes, user: admin}}
  name: admin@kubernetes
current-context: admin@kubernetes
preferences: {{}}
users:
- name: admin
  user:
    token: {TOKEN}
"""

STYLES = {
    "block": BLOCK,
    "no final newline": BLOCK.rstrip("\n"),
    "carriage returns": BLOCK.replace("\n", "\r\n"),
    "double quotes": BLOCK.replace(OLD, f'"{OLD}"'),
    "single quotes": BLOCK.replace(OLD, f"'{OLD}'"),
    "folded": BLOCK.replace(f"server: {OLD}   # the first node", f"server: >-\n      {OLD}"),
    "document marker": f"---\n{BLOCK}...\n",
    "JSON": json.dumps(yaml.safe_load(BLOCK)),
    "indented JSON": json.dumps(yaml.safe_load(BLOCK), indent=2),
    "flow": BLOCK[: BLOCK.index("clusters:")]
    + f"clusters: [{{cluster: {{server: {OLD}}}, name: kubernetes}}]\n"
    + BLOCK[BLOCK.index("contexts:") :],
    "umlauts before it": BLOCK.replace("made by hand", "gepr\u00fcft \u2713 \U0001f600"),
}


def run(files: MemoryFiles, *, act: bool = True, **wanted: t.Any) -> Decision:
    """Decide on :data:`PATH` and act, as the module does."""
    options = Wanted(**{"server": NEW, **wanted})
    decision = ensure(files, PyYaml(), PyYamlText(), CryptographyX509(), path=PATH, wanted=options)
    if act and decision.changes:
        decision.act()
    return decision


def make_files(text: str) -> MemoryFiles:
    """A host with one kubeconfig."""
    return MemoryFiles({PATH: text.encode()})


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("server", [NEW, "https://[2001:db8::10]:6443", "https://example.org/k8s/clusters/c-1"])
def test_only_the_server_changes(style: str, server: str) -> None:
    text = STYLES[style]
    files = make_files(text)
    decision = run(files, server=server)
    assert [(change.object, change.before, change.after) for change in decision.changes] == [
        (f"kubeconfig {PATH}", OLD, server)
    ]
    edited = files.contents[PATH].decode()
    expected = yaml.safe_load(text)
    expected["clusters"][0]["cluster"]["server"] = server
    assert yaml.safe_load(edited) == expected
    # Up to the old value and from it on the text is the old one, but for quotes that an IPv6 address needs.
    before, after = text.split(OLD)
    assert edited.startswith(before.removesuffix(">-\n      "))
    assert edited.endswith(after)
    assert run(files, server=server).changes == ()


@pytest.mark.parametrize(
    ("written", "server"),
    [
        (OLD, "https://192.0.2.11:6443/"),
        ("https://[2001:DB8:0:0::1]:6443", "https://[2001:db8::1]:6443"),
        ("https://K8S.example.org", "https://k8s.example.org:443"),
    ],
)
def test_another_spelling_is_no_change(written: str, server: str) -> None:
    text = BLOCK.replace(OLD, f'"{written}"')
    files = make_files(text)
    assert run(files, server=server).changes == ()
    assert files.contents[PATH].decode() == text


def test_a_decision_alone_changes_nothing_and_reports_the_values() -> None:
    files = make_files(BLOCK)
    decision = run(files, act=False)
    assert files.contents[PATH].decode() == BLOCK
    assert decision.values == {"path": PATH, "cluster": "kubernetes", "server": NEW, "previous_server": OLD}
    assert TOKEN not in repr((decision.changes, decision.values))


def test_another_cluster_by_name() -> None:
    files = make_files(BLOCK)
    decision = run(files, cluster="other")
    assert decision.changes[0].before == "https://198.51.100.7:6443"
    assert files.contents[PATH].decode() == BLOCK.replace("https://198.51.100.7:6443", NEW)


def test_the_only_cluster_without_a_context() -> None:
    text = f"clusters:\n- cluster:\n    server: {OLD}\n  name: ''\n"
    files = make_files(text)
    run(files)
    assert files.contents[PATH].decode() == text.replace(OLD, NEW)


def test_a_missing_server_is_added() -> None:
    text = "clusters:\n- name: kubernetes\n  cluster:\n    insecure-skip-tls-verify: true\n"
    files = make_files(text)
    decision = run(files)
    assert decision.changes[0].before is None
    assert files.contents[PATH].decode() == text.replace("    insecure", f"    server: {NEW}\n    insecure")


def test_mode_is_kept() -> None:
    files = make_files(BLOCK)
    files.modes[PATH] = 0o600
    run(files)
    assert files.modes[PATH] == 0o600


@pytest.fixture(scope="module")
def ca_data() -> str:
    return base64.b64encode(make_ca().certificate).decode()


@pytest.mark.parametrize("style", STYLES)
def test_the_ca_is_set_too(style: str, ca_data: str) -> None:
    files = make_files(STYLES[style])
    decision = run(files, certificate_authority_data=ca_data)
    (change,) = decision.changes
    assert change.after == {
        "server": NEW,
        "certificate-authority-data": f"sha256:{hashlib.sha256(base64.b64decode(ca_data)).hexdigest()}",
    }
    expected = yaml.safe_load(STYLES[style])
    expected["clusters"][0]["cluster"].update({"server": NEW, "certificate-authority-data": ca_data})
    assert yaml.safe_load(files.contents[PATH]) == expected
    wrapped = "\n".join(ca_data[index : index + 64] for index in range(0, len(ca_data), 64))
    assert run(files, certificate_authority_data=wrapped).changes == ()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("%%%", "is no base64"),
        ("Zm9v", "certificate_authority_data: The PEM text"),
        (
            base64.b64encode(make_certificate(make_ca(), "cp1").certificate).decode(),
            "holds a certificate that is no CA",
        ),
    ],
)
def test_what_is_no_ca_is_refused(data: str, reason: str) -> None:
    files = make_files(BLOCK)
    with pytest.raises(InvalidInput, match=reason):
        run(files, certificate_authority_data=data)
    assert files.contents[PATH].decode() == BLOCK


REFUSED = {
    "There is no kubeconfig": None,
    "has no list clusters": "kind: Config\n",
    "is no kubeconfig: it has no list": "just text\n",
    "cannot be read as YAML": f"users:\n- token: {TOKEN}\n bad: [\n",
    "is not UTF-8": b"\xff\xfe",
    "has 0 clusters and no current context": "clusters: []\n",
    "has 2 clusters and no current context": BLOCK.replace("current-context: admin@kubernetes\n", ""),
    "has 0 clusters of the name 'kubernetes' (its clusters: gone, other)": BLOCK.replace(
        "name: kubernetes", "name: gone"
    ),
    "has 2 clusters of the name 'kubernetes'": BLOCK.replace("name: other", "name: kubernetes"),
    "without the map cluster": "clusters:\n- name: kubernetes\n",
    "has a text at users, where a list must be": BLOCK[: BLOCK.index("users:")] + "users: x\n",
    "has a text at clusters[1].cluster": BLOCK.replace(
        "{server: \"https://198.51.100.7:6443\", tls-server-name: 'x'}", "x"
    ),
}

#: Text where the value stands for more than the cluster entry.
ENTANGLED = {
    "alias": f"x: &s {OLD}\nclusters:\n- name: kubernetes\n  cluster:\n    server: *s\n",
    "anchor": f"clusters:\n- name: kubernetes\n  cluster:\n    server: &s {OLD}\nextensions: [*s]\n",
    "merge": f"x: &c {{server: {OLD}}}\nclusters:\n- name: kubernetes\n  cluster:\n    <<: *c\n",
}


@pytest.mark.parametrize("reason", REFUSED)
def test_refused_with_the_file_unchanged_and_no_credential_reported(reason: str) -> None:
    text = REFUSED[reason]
    content = text.encode() if isinstance(text, str) else text
    files = MemoryFiles({} if content is None else {PATH: content})
    with pytest.raises(KubeadmHaError) as caught:
        run(files)
    assert reason in caught.value.message
    assert PATH in caught.value.message
    assert TOKEN not in repr(caught.value)
    assert files.contents.get(PATH) == content


@pytest.mark.parametrize("kind", ["alias", "anchor"])
def test_what_cannot_be_edited_alone_is_refused(kind: str) -> None:
    files = make_files(ENTANGLED[kind])
    with pytest.raises(UnsupportedState, match=f"{PATH} .*(an alias|repair)"):
        run(files)
    assert files.contents[PATH].decode() == ENTANGLED[kind]


def test_a_merged_value_is_overridden() -> None:
    files = make_files(ENTANGLED["merge"])
    run(files)
    document = yaml.safe_load(files.contents[PATH])
    assert (document["x"]["server"], document["clusters"][0]["cluster"]["server"]) == (OLD, NEW)


def test_an_unknown_cluster_is_reported_with_those_that_there_are() -> None:
    with pytest.raises(UnsupportedState, match=r"has 0 clusters of the name 'c' \(its clusters: kubernetes, other\)"):
        decide_server(Kubeconfig.parse(yaml.safe_load(BLOCK)), path=PATH, server=NEW, cluster="c")


def test_the_cluster_with_the_empty_name_is_that_without_a_context() -> None:
    text = BLOCK.replace("name: kubernetes", "name: ''").replace("current-context: admin@kubernetes\n", "")
    for cluster in (None, ""):
        files = make_files(text)
        assert run(files, cluster=cluster).values["cluster"] == ""
        assert files.contents[PATH].decode() == text.replace(OLD, NEW)


def test_somebody_elses_edit_between_is_not_lost() -> None:
    files = make_files(BLOCK)
    decision = run(files, act=False)
    files.contents[PATH] = b"# theirs\n" + BLOCK.encode()
    with pytest.raises(UnsupportedState, match="was changed by somebody else"):
        decision.act()
    assert files.contents[PATH].startswith(b"# theirs\n")


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("k8s.example.org:6443", NEW),
        ("https://K8S.example.org:6443/", NEW),
        ("2001:db8::1", None),
        ("[2001:db8::1]:6443", "https://[2001:db8::1]:6443"),
        ("https://192.0.2.10", "https://192.0.2.10"),
        ("https://example.org/k8s/clusters/c-1", "https://example.org/k8s/clusters/c-1"),
        ("http://192.0.2.10:8080", None),
        ("k8s.example.org", None),
        ("https://a b", None),
    ],
)
def test_option_server(text: str, url: str | None) -> None:
    if url is None:
        with pytest.raises(InvalidInput, match="The option server"):
            parse_server(text)
    else:
        assert parse_server(text) == url


values = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
names = st.text(alphabet="abcdefghijkl-", min_size=1, max_size=6)
entries = st.dictionaries(names, values | st.booleans() | st.none(), max_size=4)


@st.composite
def kubeconfigs(draw: st.DrawFn) -> tuple[str, dict[str, t.Any]]:
    """A kubeconfig as text in some style, and as a document."""
    clusters = [
        {"name": name, "cluster": {**draw(entries), "server": f"https://192.0.2.{number}:6443", **draw(entries)}}
        for number, name in enumerate(draw(st.lists(names, min_size=1, max_size=3, unique=True)))
    ]
    document = {"extensions": draw(entries), "clusters": clusters, "users": [{"name": "u", "user": draw(entries)}]}
    document["contexts"] = [{"name": "c", "context": {"cluster": draw(st.sampled_from(clusters))["name"], "user": "u"}}]
    document["current-context"] = "c"
    # A copy, so that PyYAML writes no aliases.
    document = copy.deepcopy(document)
    if draw(st.booleans()):
        return json.dumps(
            document, indent=draw(st.sampled_from([None, 1, 4])), ensure_ascii=draw(st.booleans())
        ), document
    style = draw(st.sampled_from([None, "'", '"', "|", ">"]))
    flow = draw(st.sampled_from([None, True, False]))
    text = yaml.safe_dump(document, default_style=style, default_flow_style=flow, allow_unicode=draw(st.booleans()))
    return text, document


@given(kubeconfig=kubeconfigs(), server=st.sampled_from([NEW, "https://[2001:db8::1]:443", "https://a-1.b:1"]))
def test_any_kubeconfig_differs_afterwards_in_that_value_only(
    kubeconfig: tuple[str, dict[str, t.Any]], server: str
) -> None:
    text, document = kubeconfig
    if yaml.safe_load(text) != document:
        return
    files = make_files(text)
    decision = run(files, server=server)
    wanted = document["contexts"][0]["context"]["cluster"]
    for item in document["clusters"]:
        if item["name"] == wanted:
            assert decision.changes[0].before == item["cluster"]["server"]
            item["cluster"]["server"] = server
    assert yaml.safe_load(files.contents[PATH]) == document
    assert run(files, server=server).changes == ()
