# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation site: one page per module, role and playbook, and the guides of ``docs/docsite/rst``.

Called as ``python -m tests.tools.docs_site``; the pages are written to ``build/docs``. Needs no network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys

from .environment import CACHE, ROOT

SITE = CACHE / "docs"
COLLECTION = "kubeadm.ha"
#: Labels of Ansible's own manual, which this site does not hold.
FOREIGN = re.compile(
    r"undefined label: '?(ansible_configuration_settings|common_return_values|[a-z]+_plugins|ansible_collections\.ansible\.)"
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
    print(f"{(output / 'index.html').relative_to(ROOT)}")
    return 0


def _run(*command: str) -> None:
    subprocess.run(command, check=True, cwd=ROOT, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main())
