# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found in configurations of load balancers and virtual IPs, and what scripts of keepalived ask for."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import check_script, findings
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.lint import (
    ConfigurationFile,
    Lint,
    guess_kind,
    lint,
)
from tests.roles.lint_configurations import CONFIGURATIONS, LISTEN, VIRTUAL_IPS

if TYPE_CHECKING:
    from collections.abc import Sequence
from pathlib import Path

GUIDE_SCRIPT = """\
#!/bin/sh
APISERVER_DEST_PORT=8443
fail() { echo "*** $*" >&2; exit 1; }
curl --silent --max-time 2 --insecure https://localhost:${APISERVER_DEST_PORT}/healthz -o /dev/null || fail "no answer"
"""


def run(*files: ConfigurationFile, port: int | None = None) -> Lint:
    """Lint files."""
    return lint(files, nginx_text.parse, port=port)


def ids(found: Lint) -> list[str]:
    """The ids of what was found, the worst first."""
    return [each.kind.id for each in found.findings]


def configuration(name: str) -> ConfigurationFile:
    """One of the tests' configurations."""
    return ConfigurationFile("", name, "", CONFIGURATIONS[name].text)


def virtual_ip(name: str) -> Sequence[ConfigurationFile]:
    """The files of one of the tests' virtual IPs."""
    return [
        ConfigurationFile(each.host, "/etc/keepalived/keepalived.conf", "", each.text)
        for each in VIRTUAL_IPS[name].routers
    ]


NGINX = ["frozen-unseen", "unready-unseen"]
#: Without their prefix, in their order.
OF_BALANCERS = {
    "kubeadm-guide": [
        "unready-unseen", "slow-detection", "long-connect", "short-idle-timeout", "certificate-not-verified", "reload-keeps-processes",
    ],
    "kubeadm-guide-2020": ["unready-unseen", "slow-detection", "long-connect", "short-idle-timeout", "reload-keeps-processes"],
    "tcp-check": ["frozen-unseen", "unready-unseen", "slow-detection", "not-passed-on", "open-connections-hang", "reload-keeps-processes"],
    "no-check": ["no-check", "not-passed-on", "open-connections-hang", "short-idle-timeout", "reload-keeps-processes"],
    "enix": ["frozen-unseen", "unready-unseen", "slow-detection", "not-passed-on", "open-connections-hang", "reload-keeps-processes"],
    "kubespray": [
        "unready-unseen", "slow-detection", "long-connect", "open-connections-hang", "certificate-not-verified", "reload-keeps-processes",
    ],
    "readyz-and-shutdown": ["long-connect", "certificate-not-verified", "reload-keeps-processes"],
    "kubespray-nginx": [*NGINX, "long-connect", "open-connections-hang", "reload-cuts-watches", "state-not-shared"],
    "kubeasz-nginx": [*NGINX, "long-connect", "open-connections-hang", "reload-keeps-processes"],
    "recipe-nginx": [*NGINX, "slow-detection", "long-connect", "open-connections-hang", "reload-keeps-processes"],
    "recipe-nginx-15s": [*NGINX, "slow-detection", "long-connect", "short-idle-timeout", "reload-keeps-processes"],
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_what_is_found_in_known_configurations(name: str) -> None:
    assert ids(run(configuration(name))) == [f"load-balancer.{each}" for each in OF_BALANCERS[name]]


OF_VIRTUAL_IPS = {
    "kubeadm-guide": ["slow-move", "multicast", "moves-back"],
    "kubeadm-guide-far-apart": ["never-moves", "multicast", "moves-back"],
    "kubeadm-guide-nopreempt": ["never-moves", "multicast"],
    "ours": [],
}


@pytest.mark.parametrize("name", VIRTUAL_IPS)
def test_what_is_found_in_known_virtual_ips(name: str) -> None:
    assert ids(run(*virtual_ip(name))) == [f"virtual-ip.{each}" for each in OF_VIRTUAL_IPS[name]]


def test_a_check_of_the_guide_is_seen_through_its_script_and_the_load_balancer() -> None:
    host = virtual_ip("kubeadm-guide")[0]
    script = ConfigurationFile("lb1", "/run/check", "", GUIDE_SCRIPT)
    balancer = ConfigurationFile("lb1", "/etc/haproxy/haproxy.cfg", "", CONFIGURATIONS["kubeadm-guide"].text)
    found = run(host, script, balancer)
    about = {each.kind.id: each for each in found.findings if each.kind.id.startswith("virtual-ip.check")}
    assert list(about) == ["virtual-ip.check-ignores-errors", "virtual-ip.check-through-balancer"]
    assert about["virtual-ip.check-through-balancer"].evidence == (
        "lb1:/etc/keepalived/keepalived.conf:5",
        "lb1:/etc/haproxy/haproxy.cfg:14",
    )
    assert "virtual-ip.depends-on-peers" in ids(found)


@pytest.mark.parametrize(
    ("text", "targets", "ignores_errors", "process_only"),
    [
        (GUIDE_SCRIPT, (("localhost", 8443),), True, False),
        (GUIDE_SCRIPT.replace("--silent", "-sf"), (("localhost", 8443),), False, False),
        (GUIDE_SCRIPT.replace("--silent", "--fail"), (("localhost", 8443),), False, False),
        ("curl -k https://${VIP}:6443/readyz", (), True, False),
        ("curl -k https://lb.example.net/", (("lb.example.net", 443),), True, False),
        ("curl -sk https://127.0.0.1:${PORT}/ -o /dev/null", (("127.0.0.1", 0),), True, False),
        ('[ "$(curl -sk -w "%{http_code}" https://[::1]:6443/readyz)" = 200 ]', (("[::1]", 6443),), False, False),
        ("curl -sk https://127.0.0.1:6443/healthz | grep -q ok", (("127.0.0.1", 6443),), False, False),
        ("killall -0 haproxy", (), False, True),
        ("/usr/bin/pgrep haproxy", (), False, True),
        ("systemctl is-active haproxy", (), False, True),
        ("pidof haproxy && curl -f http://127.0.0.1:8404/", (("127.0.0.1", 8404),), False, False),
        ("# curl https://x\n</dev/tcp/127.0.0.1/6443", (), False, False),
        ("", (), False, False),
    ],
)
def test_what_a_script_asks_for(
    text: str, targets: tuple[tuple[str, int], ...], ignores_errors: bool, process_only: bool
) -> None:
    assert check_script.parse(text) == check_script.Asked(targets, ignores_errors, process_only)


@given(st.text())
def test_any_script_can_be_read(text: str) -> None:
    assert len(check_script.parse(text).targets) <= text.count("://")


def test_hosts_that_disagree() -> None:
    first, second = virtual_ip("ours")
    other = ConfigurationFile(second.host, second.path, "", second.text.replace("advert_int 0.3", "advert_int 1"))
    (finding,) = run(first, other).findings
    assert (finding.kind.id, finding.summary) == (
        "virtual-ip.hosts-disagree",
        "advert_int is not the same on lb1, lb2.",
    )


@pytest.mark.parametrize("command", ["killall -0 haproxy", "/usr/bin/pgrep haproxy"])
def test_a_command_without_a_file_is_judged_itself(command: str) -> None:
    first, second = virtual_ip("kubeadm-guide")
    files = [
        ConfigurationFile(each.host, each.path, "", each.text.replace("/run/check", command))
        for each in (first, second)
    ]
    assert ids(run(*files)).count("virtual-ip.process-only") == 2


def test_a_virtual_ip_without_a_check() -> None:
    text = "vrrp_instance a {\n virtual_router_id 5\n virtual_ipaddress {\n 192.0.2.100\n }\n}\n"
    found = run(ConfigurationFile("", "k.conf", "", text))
    assert ids(found) == ["virtual-ip.no-check", "virtual-ip.multicast", "virtual-ip.moves-back"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("mode tcp\n  option httpchk", "mode http\n  option httpchk"), "load-balancer.ends-tls"),
        (("  http-check connect ssl\n", ""), "load-balancer.plain-http-check"),
        (
            ("  server cp2 192.0.2.12:6443 check verify none\n  server cp3 192.0.2.13:6443 check verify none\n", ""),
            "load-balancer.one-server",
        ),
        (("global\n", "global\n  hard-stop-after 30s\n"), "load-balancer.reload-cuts-watches"),
        (("check verify none", "check verify none track x"), "load-balancer.not-understood"),
    ],
)
def test_single_faults(change: tuple[str, str], expected: str) -> None:
    text = CONFIGURATIONS["kubeadm-guide"].text
    assert change[0] in text
    changed = run(ConfigurationFile("", "f", "", text.replace(*change)))
    assert expected in set(ids(changed)) - set(ids(run(configuration("kubeadm-guide"))))


def test_load_balancers_in_front_of_other_services_are_left_alone() -> None:
    web = "frontend web\n  bind :80\n  default_backend web\nbackend web\n  server a 192.0.2.1:80\n"
    both = ConfigurationFile("", "f", "", CONFIGURATIONS["tcp-check"].text + web)
    assert [each.balancer.name for each in run(both).balancers] == ["listen kube-master"]
    assert [each.balancer.name for each in run(both, port=80).balancers] == ["backend web"]
    assert [each.balancer.name for each in run(both, port=LISTEN).balancers] == ["listen kube-master"]
    assert [each.balancer.name for each in run(ConfigurationFile("", "f", "", web)).balancers] == ["backend web"]
    with pytest.raises(InvalidInput, match="No load balancer that listens on port 443 "):
        run(both, port=443)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_file_is_known_by_its_text(name: str) -> None:
    assert guess_kind(configuration(name)) == CONFIGURATIONS[name].program


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (VIRTUAL_IPS["ours"].routers[0].text, "keepalived"),
        (GUIDE_SCRIPT, "script"),
        ("[Service]\nExecStart=/x/kubernetes-apiserver-watch --server=a\n", "watcher"),
        ("vrrp_instance a {\n}", "keepalived"),
    ],
)
def test_other_files_are_known_by_their_text(text: str, kind: str) -> None:
    assert guess_kind(ConfigurationFile("", "f", "", text)) == kind


def test_what_is_nothing_is_refused() -> None:
    with pytest.raises(InvalidInput, match="lb1:/etc/x: neither haproxy's, nginx's nor keepalived's"):
        run(ConfigurationFile("", "lb1:/etc/x", "", "hello"))
    with pytest.raises(InvalidInput, match="No load balancer and no virtual IP in no file"):
        run()
    with pytest.raises(
        InvalidInput,
        match="No load balancer and no virtual IP in lb1:/etc/haproxy/haproxy.cfg, lb1:/etc/keepalived/keepalived.conf",
    ):
        run(
            ConfigurationFile("lb1", "/etc/haproxy/haproxy.cfg", "", "global\n  daemon\n"),
            ConfigurationFile("lb1", "/etc/keepalived/keepalived.conf", "", "global_defs {\n}\n"),
        )


def test_files_that_a_host_has_beside_are_named() -> None:
    found = run(
        ConfigurationFile("lb1", "/etc/haproxy/haproxy.cfg", "", CONFIGURATIONS["kubeadm-guide"].text),
        ConfigurationFile("lb1", "/etc/nginx/check.txt", "", "hello"),
        ConfigurationFile("lb1", "/etc/nginx/empty.conf", "", ""),
        # Nobody needs crossplane for it.
        ConfigurationFile("lb1", "/etc/nginx/nginx.conf", "", "http { server { listen 80; }\n"),
    )
    assert [each.evidence for each in found.findings if each.kind.id == "load-balancer.not-understood"] == [
        ("lb1:/etc/nginx/check.txt",)
    ]


def test_no_secret_is_in_any_output() -> None:
    text = (
        CONFIGURATIONS["kubeadm-guide"].text
        + "  stats auth admin:s3cret\nuserlist u\n  user a insecure-password s3cret\n"
    )
    router = VIRTUAL_IPS["kubeadm-guide"].routers[0].text.replace("auth_pass 42", "auth_pass s3cret")
    files = [
        ConfigurationFile("lb1", "/etc/haproxy/haproxy.cfg", "", text),
        ConfigurationFile("lb1", "/etc/keepalived/keepalived.conf", "", router),
    ]
    found = run(*files)
    assert "s3cret" not in json.dumps(found.as_dict()) + "\n".join(found.lines()) + repr(files) + repr(found)


def test_the_table_shows_each_event_and_its_cause() -> None:
    lines = run(configuration("kubeadm-guide")).lines()
    assert lines[0] == "haproxy backend apiservers (kubeadm-guide:17), 3 API servers"
    assert lines[2:7] == [
        "  API server  out of use  new connections fine  open connections end",
        "  dead        6 s         0 s                   0 s",
        "  frozen      12 s        12 s                  35 s",
        "  unready     never       never                 go on",
        "  host gone   12 s        12 s                  35 s",
    ]
    moves = run(*virtual_ip("ours")).lines()
    assert moves[0] == "virtual IP 192.0.2.100, router 77, held by lb1"
    assert moves[2].startswith(
        "  host lost           moves after 0.98 s: 0.98 s = 3 x advert_int 0.3 s (lb2:/etc/keepalived/keepalived.conf:17)"
    )


def test_every_kind_is_described_and_found_somewhere() -> None:
    assert len({kind.id for kind in findings.KINDS}) == len(findings.KINDS)
    defined = {value for value in vars(findings).values() if isinstance(value, type(findings.KINDS[0]))}
    assert set(findings.KINDS) == defined
    tested = Path(__file__).read_text(encoding="utf-8")
    for kind in findings.KINDS:
        assert re.fullmatch(r"(load-balancer|virtual-ip)\.[a-z]+(-[a-z]+)*", kind.id)
        assert kind.id.partition(".")[2] in tested
        assert kind.title[0].isupper()
        assert kind.why.endswith(".")
