# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results say which Ansible made them, and which Python."""

from __future__ import annotations

import platform

import pytest

from tests.lab import debian
from tests.scenarios import made_with
from tests.tools.kept_results import MadeWith

SAID = """\
ansible [core 2.21.5]
  config file = None
  ansible python module location = /x/lib/python3.13/site-packages/ansible
  executable location = /x/bin/ansible
  python version = 3.13.2 (main, Feb  5 2026, 08:05:21) [GCC 14.2.0] (/x/bin/python)
  jinja version = 3.1.6
"""


def test_both_versions_are_read() -> None:
    assert made_with.parse(SAID) == MadeWith(hosts=debian.RELEASE, ansible_core="2.21.5", python="3.13.2")


@pytest.mark.parametrize("said", ["", SAID.partition("\n")[0], SAID.partition("\n")[2]])
def test_a_version_that_is_not_said_is_missed(said: str) -> None:
    with pytest.raises(ValueError, match="ansible --version says neither"):
        made_with.parse(said)


def test_the_ansible_of_these_tests_is_asked() -> None:
    found = made_with.made_with()
    assert found.python == platform.python_version()
    assert found.ansible_core.startswith("2.")
