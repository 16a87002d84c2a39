# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module's ``main()`` in this process."""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import typing as t

from ansible.module_utils.testing import patch_module_args

_MODULES = "ansible_collections.kubeadm.ha.plugins.modules"


def run_module(name: str, /, *, check: bool = False, diff: bool = False, **arguments: t.Any) -> dict[str, t.Any]:
    """The module's result, whether it failed or not."""
    module = importlib.import_module(f"{_MODULES}.{name}")
    output = io.StringIO()
    settings = {"_ansible_check_mode": check, "_ansible_diff": diff}
    with patch_module_args({**arguments, **settings}), contextlib.redirect_stdout(output):
        try:
            module.main()
        except SystemExit:
            return t.cast("dict[str, t.Any]", json.loads(output.getvalue().strip().splitlines()[-1]))
    raise AssertionError(f"{name} ended without a result")
