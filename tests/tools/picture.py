# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/audit.png``, the picture of the README: the page of an audit of a cluster with several faults, in a real Chromium.

``python3 -m tests.tools.picture`` makes it. The cluster is that of the unit tests, so that nobody's addresses are in it.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from .chromium import Chromium
from .environment import ROOT

PICTURE = ROOT / "docs" / "audit.png"
WIDTH, HEIGHT = 1100, 850


def page() -> str:
    """The page."""
    # Only here: what makes it needs the development environment.
    from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import render_html
    from tests.unit.plugins.module_utils._domain.audit.test_rendering import CREATED, many

    return render_html.page(many(), created=CREATED)


def main() -> int:
    """Make the picture."""
    with tempfile.TemporaryDirectory() as made:
        document = Path(made, "audit.html")
        document.write_text(page(), encoding="utf-8")
        browser = Chromium.installed(Path(made))
        browser.screenshot(document.as_uri(), width=WIDTH, height=HEIGHT)
        PICTURE.write_bytes(Path(made, "screen.png").read_bytes())
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
