# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a converged host that carries the virtual IP, with the field's own tools on it."""

import time

VIP = "192.0.2.10"


def holds(host) -> bool:
    """Whether the host has the address."""
    return f" {VIP}/32 " in host.check_output("ip -4 address show dev vip0")


def wait(condition, what: str, limit: float = 20) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"not within {limit} s: {what}"
        time.sleep(0.2)


def test_services(host) -> None:
    assert host.package("keepalived").is_installed
    for name in ("keepalived", "kubeadm-ha-vip-health"):
        assert host.service(name).is_running
        assert host.service(name).is_enabled


def test_the_configuration_is_accepted(host) -> None:
    result = host.run("keepalived -t -f /etc/keepalived/keepalived.conf")
    assert result.rc == 0, result.stderr


def test_the_configuration_that_was_loaded_is_known(host) -> None:
    host.check_output("cmp /etc/keepalived/keepalived.conf /run/keepalived-kubernetes/loaded.conf")


def test_the_user_of_scripts_may_not_log_in(host) -> None:
    assert host.user("keepalived_script").shell == "/usr/sbin/nologin"


def test_the_watcher_has_no_capability(host) -> None:
    pid = host.check_output("systemctl show --property=MainPID --value kubeadm-ha-vip-health")
    assert "CapEff:\t0000000000000000" in host.check_output("cat /proc/%s/status", pid)


def test_the_address_is_held(host) -> None:
    wait(lambda: holds(host), "the host has the address")


def test_a_killed_keepalived_starts_again(host) -> None:
    wait(lambda: holds(host), "the host has the address")
    before = host.check_output("systemctl show --property=MainPID --value keepalived")
    host.check_output("systemctl kill --signal=SIGKILL keepalived")
    wait(
        lambda: (
            host.check_output("systemctl show --property=MainPID --value keepalived") not in ("0", before)
            and host.service("keepalived").is_running
        ),
        "keepalived runs again",
    )
    wait(lambda: holds(host), "the host has the address again")


def test_a_host_whose_balancer_is_dead_gives_the_address_up(host) -> None:
    wait(lambda: holds(host), "the host has the address")
    host.check_output("systemctl kill --signal=SIGKILL balancer")
    try:
        wait(lambda: not holds(host), "the host has no address")
        assert host.file("/run/keepalived-health/state").content_string == "1\n"
    finally:
        host.check_output("systemctl start balancer")
    wait(lambda: holds(host), "the host has the address again")


def test_a_host_whose_balancer_is_frozen_gives_the_address_up(host) -> None:
    wait(lambda: holds(host), "the host has the address")
    host.check_output("systemctl kill --signal=SIGSTOP balancer")
    try:
        wait(lambda: not holds(host), "the host has no address")
    finally:
        host.check_output("systemctl kill --signal=SIGCONT balancer")
    wait(lambda: holds(host), "the host has the address again")


def test_a_killed_watcher_costs_nothing(host) -> None:
    wait(lambda: holds(host), "the host has the address")
    host.check_output("systemctl kill --signal=SIGKILL kubeadm-ha-vip-health")
    for _ in range(15):
        assert holds(host)
        time.sleep(0.2)
    wait(lambda: host.service("kubeadm-ha-vip-health").is_running, "the watcher runs again")
