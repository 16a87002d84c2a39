# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks of a node on which the role python_requirements has run."""

import pytest


@pytest.mark.parametrize("package", ["python3-yaml", "python3-cryptography"])
def test_packages_of_the_distribution(host, package) -> None:
    assert host.package(package).is_installed


def test_the_libraries_work(host) -> None:
    program = (
        "import yaml; from cryptography import x509; print(yaml.safe_load('a: 1')['a'], x509.oid.NameOID.COMMON_NAME)"
    )
    result = host.run("/usr/bin/python3 -c %s", program)
    assert result.rc == 0, result.stderr
    assert result.stdout.startswith("1 ")
