# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the audit finds in configurations of load balancers and virtual IPs."""

from __future__ import annotations

import dataclasses
import typing as t

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text import nginx_text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import balancer_configuration, kinds
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.audit import Audit, audit
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.survival import Verdict
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import LibraryMissing
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.finding import Severity
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint import findings
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.load_balancer_lint.lint import ConfigurationFile
from tests.roles.test_lint_predictions import ours
from tests.unit.plugins.module_utils._domain.audit.values import collected, healthy
from tests.unit.plugins.module_utils._domain.plan.test_planning import ADDRESSES

PATH, KEEPALIVED = "/etc/haproxy/haproxy.cfg", "/etc/keepalived/keepalived.conf"
CHECKED = "check check-ssl verify required ca-file /etc/haproxy/ca.crt inter 500ms fall 2"
VIP = """\
vrrp_instance api {
    interface eth0
    virtual_router_id 51
    priority 100
    advert_int 0.3
    virtual_ipaddress {
        %s/24
    }
}
"""


def haproxy(options: str = "", *, port: int = 6443, addresses: t.Mapping[str, str] = ADDRESSES) -> str:
    """A configuration with the three API servers."""
    servers = "".join(
        f"    server {name} {addresses[name]}:{port} {options}\n" for name in ("cp1", "cp2", "cp3") if name in addresses
    )
    return (
        "defaults\n    mode tcp\n    timeout connect 1s\n    timeout client 24h\n    timeout server 24h\n"
        f"listen api\n    bind :6443\n{servers}"
    )


def audited(*files: ConfigurationFile, parse: t.Any = nginx_text.parse) -> Audit:
    """The audit of a healthy cluster with these configurations."""
    lint, failures = balancer_configuration.judge(files, parse)
    return audit(dataclasses.replace(collected(healthy()), lint=lint, lint_failures=failures))


def file(text: str, host: str = "lb1", path: str = PATH) -> ConfigurationFile:
    return ConfigurationFile(host, path, "", text)


def ids(found: Audit) -> set[str]:
    return {item.kind.id for item in found.findings}


def test_without_configurations_nothing_is_found() -> None:
    assert audited().findings == ()


def test_every_kind_of_the_linter_is_one_of_the_audit() -> None:
    assert {kind.id: kind for kind in findings.KINDS}.items() <= kinds.KINDS.items()


def test_api_servers_that_nobody_checks_are_an_outage_of_each() -> None:
    found = audited(file(haproxy()))
    (finding,) = [item for item in found.findings if item.kind is findings.NO_CHECK]
    assert finding.object.endswith(" on lb1")
    assert finding.lost_with == ("cp1", "cp2", "cp3")
    assert any(line.startswith(f"lb1:{PATH}") for line in finding.evidence), finding.evidence
    assert finding.remedy
    assert {part.verdict for part in found.parts if part.name in finding.lost_with} == {Verdict.LOST}


def test_what_passes_in_seconds_costs_no_verdict() -> None:
    found = audited(file(haproxy("check inter 5s fall 3")))
    assert "load-balancer.slow-detection" in ids(found)
    assert all(item.lost_with == () for item in found.findings if item.kind.severity.value != "critical")
    assert {part.verdict for part in found.parts} == {Verdict.SURVIVES}


OTHERS = {
    "another port": haproxy(port=8080),
    "other addresses": haproxy(addresses={"cp1": "203.0.113.1", "cp2": "203.0.113.2"}),
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_leads_elsewhere_is_not_judged(name: str) -> None:
    assert audited(file(OTHERS[name])).findings == ()


def test_the_same_configuration_on_two_hosts_is_found_on_both() -> None:
    found = audited(file(haproxy()), file(haproxy(), "lb2"))
    objects = [item.object for item in found.findings if item.kind is findings.NO_CHECK]
    assert [name.rpartition(" ")[2] for name in objects] == ["lb1", "lb2"]


def test_a_virtual_ip_is_judged_where_it_is_the_endpoints() -> None:
    endpoint = collected(healthy()).endpoint
    assert endpoint is not None
    ours = [file(VIP % endpoint.host, host, KEEPALIVED) for host in ("lb1", "lb2")]
    found = audited(*ours)
    (finding,) = [item for item in found.findings if item.kind is findings.NO_TRACKING]
    assert finding.lost_with == ("lb1", "lb2")
    others = [file(VIP % "203.0.113.9", host, KEEPALIVED) for host in ("lb1", "lb2")]
    assert findings.NO_TRACKING.id not in ids(audited(*others))


@pytest.mark.parametrize("holders", [(), ("lb1",), ("lb2",), ("lb1", "lb2")])
def test_who_holds_another_address_takes_the_endpoints_over_from_nobody(holders: tuple[str, ...]) -> None:
    """keepalived of an endpoint that there was before, or of another service. lb1 has the endpoint's address."""
    endpoint = collected(healthy()).endpoint
    assert endpoint is not None
    addresses = {host: endpoint.host if host in holders else "203.0.113.9" for host in ("lb1", "lb2")}
    found = audited(*(file(VIP % address, host, KEEPALIVED) for host, address in addresses.items()))
    expected = set() if "lb2" in holders else {"endpoint.no-taker" if holders else "endpoint.single-balancer"}
    assert {item for item in ids(found) if item.startswith("endpoint.")} == expected


def test_an_address_that_is_held_besides_or_in_a_file_that_was_not_followed_is_taken_over() -> None:
    endpoint = collected(healthy()).endpoint
    assert endpoint is not None
    besides = f"    virtual_ipaddress_excluded {{\n        {endpoint.host}\n    }}\n}}\n"
    texts = ((VIP % "203.0.113.9").removesuffix("}\n") + besides, f"include more/*.conf\n{VIP % '203.0.113.9'}")
    for text in texts:
        found = audited(*(file(text, host, KEEPALIVED) for host in ("lb1", "lb2")))
        assert not [item for item in ids(found) if item.startswith("endpoint.")], text


@pytest.mark.parametrize(("kept", "is_found"), [(True, False), (False, True)])
def test_only_what_listens_at_the_endpoint_may_be_a_load_balancer_of_another_name(
    *, kept: bool, is_found: bool
) -> None:
    arguments = healthy()
    lb1 = arguments["hosts"]["lb1"]
    lb1["listening"] = [{"address": "0.0.0.0", "port": 6443 if kept else 8080, "process": ""}]
    lb1["audit"]["connections"] = [
        {"process": "python3", "unit": "balancer.service", "remote": f"{ADDRESSES['cp1']}:6443"}
    ]
    assert (kinds.CLIENT_SOCKET.id in ids(audit(collected(arguments)))) is is_found


@pytest.mark.parametrize(
    ("active", "listens", "is_found"),
    [("active", False, True), ("failed", False, True), ("inactive", True, True), ("inactive", False, False)],
)
def test_what_does_not_run_stands_before_nobody(active: str, *, listens: bool, is_found: bool) -> None:
    """A configuration that was left behind; one that a pod runs has a service of the distribution that does not."""
    arguments = healthy()
    arguments["hosts"]["lb1"]["services"]["haproxy"]["active"] = active
    arguments["hosts"]["lb1"]["listening"] = [{"address": "0.0.0.0", "port": 6443, "process": ""}] if listens else []
    lint, failures = balancer_configuration.judge([file(haproxy())], nginx_text.parse)
    found = audit(dataclasses.replace(collected(arguments), lint=lint, lint_failures=failures))
    assert (findings.NO_CHECK.id in ids(found)) is is_found


def test_a_link_beside_its_target_is_one_configuration() -> None:
    endpoint = collected(healthy()).endpoint
    assert endpoint is not None
    text = VIP % endpoint.host
    once = audited(file(text, "lb1", KEEPALIVED), file(text, "lb2", KEEPALIVED))
    linked = file(text, "lb1", "/etc/keepalived/production.conf")
    assert audited(file(text, "lb1", KEEPALIVED), linked, file(text, "lb2", KEEPALIVED)).findings == once.findings


def test_what_was_left_out_is_named_of_hosts_that_balance() -> None:
    left_out = haproxy(CHECKED).replace("listen api\n", "listen api\n    option external-check\n")
    assert "load-balancer.not-understood" in ids(audited(file(left_out)))
    assert audited(file("server { listen 80; }", "cp1", "/etc/nginx/a.conf")).findings == ()
    assert audited(file("what is this", "cp1", "/etc/nginx/b.conf")).findings == ()


def test_settings_of_services_are_no_configuration() -> None:
    drop_in = file("[Service]\nEnvironment=A=b\n", "lb1", "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf")
    assert ids(audited(file(haproxy()), drop_in)) == ids(audited(file(haproxy())))


#: nginx without a subscription cannot end the sessions of an API server that is frozen; see the guide on new clusters.
OURS = {"our-haproxy": set(), "our-nginx": {"load-balancer.open-connections-hang"}}


@pytest.mark.parametrize("name", OURS)
def test_what_the_roles_write_has_no_other_faults(name: str) -> None:
    case = next(each for each in ours() if each.name == name)
    unit = file(case.unit, "lb1", "/etc/systemd/system/kubernetes-apiserver-watch.service")
    files = [file(case.text, "lb1", "/etc/x/balancer.conf"), *([unit] if case.unit else [])]
    lint, failures = balancer_configuration.judge(files, nginx_text.parse)
    assert failures == {}
    assert lint.balancers
    assert {each.kind.id for each in lint.findings if each.kind.severity is not Severity.INFO} == OURS[name]


def test_what_cannot_be_judged_is_said_of_its_host_alone() -> None:
    unreadable = haproxy("check").replace("1s", '"${CONNECT}"')
    found = audited(file(haproxy()), file(unreadable, "lb2"))
    (finding,) = [item for item in found.findings if item.kind is kinds.UNSEEN_CONFIGURATION]
    assert (finding.object, finding.lost_with) == ("lb2", ())
    assert PATH in finding.evidence[0]
    assert findings.NO_CHECK.id in ids(found)


def test_nginx_without_its_parser_is_not_judged() -> None:
    def parse(path: str, text: str) -> t.NoReturn:
        raise LibraryMissing(f"{path}: crossplane is missing.", library="crossplane")

    text = f"stream {{ upstream a {{ server {ADDRESSES['cp1']}:6443; }} server {{ listen 6443; proxy_pass a; }} }}"
    found = audited(file(text, "lb1", "/etc/nginx/nginx.conf"), parse=parse)
    assert ids(found) == {"unseen.balancer-configuration"}
    assert "load-balancer.frozen-unseen" in ids(audited(file(text, "lb1", "/etc/nginx/nginx.conf")))


def test_secrets_of_a_configuration_are_in_no_finding() -> None:
    secret = "Xq3-not-for-anybody"
    text = haproxy() + f"    stats auth admin:{secret}\n"
    vip = (VIP % "192.0.2.10").replace(
        "priority", f"authentication {{ auth_type PASS\n auth_pass {secret} }}\n    priority"
    )
    found = audited(file(text), file(vip, "lb1", KEEPALIVED), file(f"userlist x\n user a password {secret}", "lb2"))
    assert found.findings
    assert secret not in repr(found)
