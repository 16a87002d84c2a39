# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bootstrap tokens as text."""

from __future__ import annotations

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_token import Token


@pytest.mark.parametrize("text", ["", "abcdef", "abcdef.0123456789abcdeF", "abcdef.0123456789abcdef\n", "a.b"])
def test_a_bad_token_is_not_repeated(text: str) -> None:
    with pytest.raises(InvalidInput, match="option token") as caught:
        Token.parse(text)
    assert not text or text not in caught.value.message
    with pytest.raises(InvalidInput, match="option token_id"):
        Token.check_id(text + ".")
