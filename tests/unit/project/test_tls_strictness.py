# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Programs that run on hosts verify as Kubernetes does: Python 3.13 asks certificates for more than kubeadm's users have in them."""

from __future__ import annotations

import pytest

from tests.tools.environment import ROOT

_PLACES = ("plugins/**/*.py", "roles/*/files/*")
_TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8", errors="replace")
    for place in _PLACES
    for path in sorted(ROOT.glob(place))
    if path.is_file()
}
USERS = [name for name, text in _TEXTS.items() if "create_default_context" in text]


def test_there_are_some() -> None:
    assert len(USERS) >= 4


@pytest.mark.parametrize("name", USERS)
def test_the_default_context_is_not_strict(name: str) -> None:
    text = _TEXTS[name]
    assert text.count("create_default_context(") == text.count("VERIFY_X509_STRICT")


def test_one_place_says_what_is_trusted() -> None:
    modules = {name: text for name, text in _TEXTS.items() if name.startswith("plugins/module_utils/")}
    users = [name for name, text in modules.items() if "load_verify_locations" in text or "PARTIAL_CHAIN" in text]
    assert users == ["plugins/module_utils/_adapters/host/tls_context.py"]
