# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A certificate key in the output of a run is found; digests behind their names are none."""

from __future__ import annotations

import pytest

from tests.scenarios.secret_values import hexadecimal_keys

DIGITS = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    "text", [DIGITS, f"--certificate-key {DIGITS}", f'"certificate_key": "{DIGITS}"', f'\\"{DIGITS}']
)
def test_a_key_is_found(text: str) -> None:
    assert hexadecimal_keys(text) == {DIGITS}


@pytest.mark.parametrize(
    "name",
    [
        "sha256:",
        "sha256: ",
        '"configuration": "',
        '"configuration":"',
        '\\"configuration\\":\\"',
        '"running": "',
        '"digest": "',
    ],
)
def test_a_digest_with_its_name_is_none(name: str) -> None:
    assert hexadecimal_keys(f"{{{name}{DIGITS}") == set()


@pytest.mark.parametrize("text", [DIGITS[1:], f"{DIGITS}0"])
def test_other_lengths_are_none(text: str) -> None:
    assert hexadecimal_keys(text) == set()
