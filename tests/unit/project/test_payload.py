# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A module carries what it needs: what it imports for its types only is packed and sent, too."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.environment import ROOT
from tests.tools.payload import modules, payload_of

PLUGINS = ROOT / "plugins"
#: Bytes. The largest of today has a tenth less.
MOST = 340_000
#: Bytes that may travel for the sake of hosts that need them.
MOST_FOR_SOME = 92_000
#: Bytes that may travel for the sake of annotations.
MOST_FOR_TYPES = 80_000


@pytest.mark.parametrize("module", modules(PLUGINS))
def test_a_module_carries_little_beyond_what_it_imports(module: str) -> None:
    payload = payload_of(PLUGINS, module)
    assert payload.imported > 10_000, "the imports were not followed"
    assert payload.carried - payload.late <= MOST, "split what it imports by what it needs of it"
    assert payload.late <= MOST_FOR_SOME, "let another module do what only some hosts need"
    assert payload.carried - payload.imported <= MOST_FOR_TYPES, "split the types from what uses them"


def test_imports_are_followed(tmp_path: Path) -> None:
    files = {
        "modules/one.py": "from ansible_collections.kubeadm.ha.plugins.module_utils._domain import a\n",
        "module_utils/_domain/a.py": "import os\nif t.TYPE_CHECKING:\n    from .b import B\ndef f():\n    from . import c\n",
        "module_utils/_domain/b.py": "from .._ports.d import D\n",
        "module_utils/_domain/c.py": "from ansible.module_utils.basic import AnsibleModule\n",
        "module_utils/_ports/d.py": "",
        "module_utils/_ports/unused.py": "from .d import D\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "#" * (1000 - len(text)))
    assert payload_of(tmp_path, "one") == (5000, 3000, 1000)
