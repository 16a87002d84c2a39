# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site: one page per module, role and playbook, and the guides of ``docs/docsite/rst``.

Called as ``python -m tests.tools.docs_site``; the pages are written to ``build/docs``. Needs no network. Sphinx warns of references that lead
nowhere; what the pages then have as links and anchors, those of raw addresses and of the theme among them, is read from the pages themselves.
"""

from __future__ import annotations

import dataclasses
import html.parser
import re
import shutil
import subprocess
import sys
import typing as t
import urllib.parse

from .environment import CACHE, ROOT

if t.TYPE_CHECKING:
    from pathlib import Path

SITE = CACHE / "docs"
COLLECTION = "kubeadm.ha"
#: Labels of Ansible's own manual and of other collections, which this site does not hold.
FOREIGN = re.compile(
    r"undefined label: '?(ansible_configuration_settings|common_return_values|[a-z]+_plugins|ansible_collections\.(?!kubeadm\.ha\.))"
)


def main() -> int:
    """Build the site; the return code of the process is 1 when Sphinx warns of something that is ours."""
    shutil.rmtree(SITE, ignore_errors=True)
    SITE.mkdir(parents=True)
    _run("antsibull-docs", "sphinx-init", "--use-current", "--squash-hierarchy", "--no-indexes", "--no-add-antsibull-docs-version",
         "--lenient", "--project", COLLECTION, "--dest-dir", str(SITE), COLLECTION)  # fmt: skip
    rst = SITE / "rst"
    _run("antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--no-indexes", "--dest-dir", str(rst),
         "--no-add-antsibull-docs-version", COLLECTION)  # fmt: skip
    with (SITE / "conf.py").open("a") as settings:
        settings.write("\nintersphinx_mapping = {}\n")
    output = ROOT / "build" / "docs"
    shutil.rmtree(output, ignore_errors=True)
    output.parent.mkdir(exist_ok=True)
    command = ["sphinx-build", "--jobs", "auto", "--quiet", "-b", "html", "-c", str(SITE), str(rst), str(output)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if line and not FOREIGN.search(line)]
    if done.returncode or ours:
        print("\n".join(ours), file=sys.stderr)
        return 1
    broken = broken_links(output)
    if broken:
        print("\n".join(broken), file=sys.stderr)
        return 1
    print(f"{(output / 'index.html').relative_to(ROOT)}")
    return 0


class _Page(html.parser.HTMLParser):
    """Anchors and links of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember what a tag offers or leads to."""
        values = dict(attrs)
        self.anchors |= {value for value in (values.get("id"), values.get("name") if tag == "a" else None) if value}
        self.links += [value for value in (values.get("href"), values.get("src")) if value]


@dataclasses.dataclass(frozen=True)
class _Link:
    """Where a link within the site leads to."""

    file: Path
    anchor: str

    @classmethod
    def parse(cls, page: Path, text: str) -> _Link | None:
        """A link of a page; ``None`` for one that leaves the site."""
        parts = urllib.parse.urlsplit(text)
        if parts.scheme or parts.netloc:
            return None
        path = urllib.parse.unquote(parts.path)
        return cls((page.parent / path).resolve() if path else page, urllib.parse.unquote(parts.fragment))


def broken_links(site: Path) -> list[str]:
    """Links of a built site that lead to no file or to no anchor of it, each with its page."""
    pages = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.resolve().rglob("*.html"))}
    broken = []
    for path, page in pages.items():
        for text in page.links:
            link = _Link.parse(path, text)
            if link is None:
                continue
            if not link.file.exists():
                broken.append(f"{path.name}: there is no file for {text}")
            elif link.anchor and link.file in pages and link.anchor not in pages[link.file].anchors:
                broken.append(f"{path.name}: there is no anchor for {text}")
    return broken


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
