# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``docs/report.png``, the picture of the README: the page that the last ``make demo`` has written of its conversion, in a real Chromium.

``python3 -m tests.tools.picture`` makes it. The addresses on it are those of the lab, which are nobody's.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from .chromium import Chromium
from .environment import ROOT

PICTURE = ROOT / "docs" / "report.png"
#: Where the demo leaves its page.
PAGE = ROOT / "build" / "demo" / "report.html"
WIDTH, HEIGHT = 1100, 850


def keep_page(reports: Path) -> Path:
    """Put the newest page of a directory of reports to where the picture is taken from; its new path.

    Raises:
        ValueError: the directory has none.
    """
    pages = sorted(reports.glob("run-*.html"))
    if not pages:
        raise ValueError(f"{reports} has no page of a run")
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(pages[-1], PAGE)
    return PAGE


def main() -> int:
    """Make the picture."""
    if not PAGE.is_file():
        print(f"there is no {PAGE}: make demo writes it", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as made:
        browser = Chromium.installed(Path(made))
        browser.screenshot(PAGE.as_uri(), width=WIDTH, height=HEIGHT)
        PICTURE.write_bytes(Path(made, "screen.png").read_bytes())
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
