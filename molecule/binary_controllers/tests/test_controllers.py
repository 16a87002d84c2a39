# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a master's controllers after the roles, with kubectl, openssl, curl and systemctl."""

import json

import pytest

CERT = "/etc/kubernetes/cert"
ADMIN = "/etc/kubernetes/admin.kubeconfig"
PORTS = {"kube-controller-manager": 10257, "kube-scheduler": 10259}
NAMES = pytest.mark.parametrize("name", PORTS)


def flags(host, name: str) -> dict[str, str]:
    """What the kernel has of the process's command line."""
    pid = host.check_output(f"systemctl show --property=MainPID --value {name}")
    words = host.check_output(f"tr '\\0' '\\n' </proc/{pid}/cmdline").splitlines()[1:]
    return dict(word[2:].split("=", 1) for word in words)


def status(host, port: int, path: str, options: str = "") -> str:
    """Status of HTTP of the secure port, whose certificate is verified."""
    url = f"https://127.0.0.1:{port}{path}"
    return host.check_output(f"curl -s -o /dev/null -w '%{{http_code}}' --cacert {CERT}/ca.pem {options} {url}")


@NAMES
def test_it_runs(host, name: str) -> None:
    assert host.service(name).is_running
    assert host.service(name).is_enabled


@NAMES
def test_its_flags(host, name: str) -> None:
    found = flags(host, name)
    for flag in ("kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"):
        assert found[flag] == f"/etc/kubernetes/{name}.kubeconfig"
    assert found["tls-cert-file"] == f"{CERT}/{name}.pem"
    assert found["tls-private-key-file"] == f"{CERT}/{name}-key.pem"
    assert found["client-ca-file"] == f"{CERT}/ca.pem"
    assert found["leader-elect"] == "true"
    durations = [found[f"leader-elect-{end}"] for end in ("lease-duration", "renew-deadline", "retry-period")]
    assert durations == (["9s", "6s", "1s"] if name == "kube-controller-manager" else ["15s", "10s", "2s"])
    assert found["v"] == "2"


@NAMES
def test_its_certificate(host, name: str) -> None:
    path = f"{CERT}/{name}.pem"
    assert "OK" in host.check_output(f"openssl verify -CAfile {CERT}/ca.pem {path}")
    assert host.check_output(f"openssl x509 -in {path} -noout -subject").replace(" ", "") == f"subject=CN=system:{name}"
    shown = host.check_output(f"openssl x509 -in {path} -noout -ext subjectAltName,extendedKeyUsage")
    address = host.check_output("hostname -i").split()[0]
    for text in (
        f"IP Address:{address}",
        "IP Address:127.0.0.1",
        f"DNS:{host.check_output('hostname')}",
        "TLS Web Server",
    ):
        assert text in shown
    assert host.run(f"openssl x509 -in {path} -noout -checkend {360 * 86400}").rc == 0


@NAMES
def test_nobody_reads_its_secrets(host, name: str) -> None:
    for path in (f"{CERT}/{name}-key.pem", f"/etc/kubernetes/{name}.kubeconfig"):
        assert (host.file(path).mode, host.file(path).user) == (0o600, "root")
    assert host.file("/var/lib/kubeadm-ha/component-service").mode == 0o700
    assert not host.file(f"/run/kubeadm-ha-{name}").exists


@NAMES
def test_who_it_is_and_what_it_may(host, name: str) -> None:
    kubectl = f"kubectl --kubeconfig=/etc/kubernetes/{name}.kubeconfig"
    user = json.loads(host.check_output(f"{kubectl} auth whoami --output=json"))["status"]["userInfo"]
    assert user["username"] == f"system:{name}"
    assert user["groups"] == ["system:authenticated"]
    assert host.run(f"{kubectl} auth can-i '*' '*' --all-namespaces").rc != 0


@NAMES
def test_metrics_are_for_those_with_a_certificate(host, name: str) -> None:
    port = PORTS[name]
    assert status(host, port, "/healthz") == "200"
    assert status(host, port, "/metrics") in ("401", "403")
    directory = "/run/metrics"
    host.check_output(
        f"mkdir -m 0700 {directory} && cd {directory} && openssl req -new -newkey rsa:2048 -nodes -keyout k.pem -out r.pem "
        f"-subj /O=system:monitoring/CN=prometheus 2>/dev/null && openssl x509 -req -in r.pem -CA {CERT}/ca.pem -CAkey {CERT}/ca-key.pem "
        "-CAserial serial -CAcreateserial -days 1 -out c.pem 2>/dev/null"
    )
    try:
        assert status(host, port, "/metrics", f"--cert {directory}/c.pem --key {directory}/k.pem") == "200"
    finally:
        host.check_output(f"rm -r {directory}")


@NAMES
def test_it_holds_its_lease(host, name: str) -> None:
    spec = f"kubectl --kubeconfig={ADMIN} --namespace=kube-system get lease {name} --output=json"
    lease = json.loads(host.check_output(spec))["spec"]
    assert lease["holderIdentity"].startswith("m1_")
    assert lease["leaseDurationSeconds"] == (9 if name == "kube-controller-manager" else 15)


@NAMES
def test_the_service_is_hardened(host, name: str) -> None:
    shown = host.check_output(
        f"systemctl show {name} --property=NoNewPrivileges,ProtectSystem,PrivateTmp,CapabilityBoundingSet,UMask"
    )
    found = dict(line.split("=", 1) for line in shown.splitlines())
    assert (found["NoNewPrivileges"], found["ProtectSystem"], found["PrivateTmp"]) == ("yes", "strict", "yes")
    assert found["CapabilityBoundingSet"] == ""
    pid = host.check_output(f"systemctl show --property=MainPID --value {name}")
    assert "CapEff:\t0000000000000000" in host.check_output(f"cat /proc/{pid}/status")


def test_controllers_use_service_accounts_of_their_own(host) -> None:
    """A Deployment's ReplicaSet is made by the controller's own account, by what the API server's audit has."""
    kubectl = f"kubectl --kubeconfig={ADMIN}"
    host.check_output(f"{kubectl} scale deployment smoke --replicas=3")
    host.check_output(f"{kubectl} rollout status deployment smoke --timeout=60s")
    user = "system:serviceaccount:kube-system:replicaset-controller"
    assert host.check_output(f"tail -n 3000 /var/log/kubernetes/audit.log | grep -c '{user}'") != "0"
    host.check_output(f"{kubectl} scale deployment smoke --replicas=2")
