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

import pytest
from ansible.module_utils.testing import patch_module_args

_MODULES = "ansible_collections.kubeadm.ha.plugins.modules"


class RunModule(t.Protocol):
    """Runs a module by its name and options."""

    def __call__(self, name: str, /, *, check: bool = False, diff: bool = False, **options: t.Any) -> dict[str, t.Any]:
        """The module's result, whether it failed or not."""


@pytest.fixture
def run_module() -> RunModule:
    """Runs a module as Ansible would on the host, without Ansible."""

    def run(name: str, /, *, check: bool = False, diff: bool = False, **options: t.Any) -> dict[str, t.Any]:
        module = importlib.import_module(f"{_MODULES}.{name}")
        output = io.StringIO()
        settings = {"_ansible_check_mode": check, "_ansible_diff": diff}
        with (
            patch_module_args({**options, **settings}),
            contextlib.redirect_stdout(output),
            pytest.raises(SystemExit) as ended,
        ):
            module.main()
        result = t.cast("dict[str, t.Any]", json.loads(output.getvalue().strip().splitlines()[-1]))
        assert ended.value.code == (1 if result.get("failed") else 0)
        return result

    return run
