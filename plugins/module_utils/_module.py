# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns a decision or an error into a module's result."""

from __future__ import annotations

import typing as t

from ansible.module_utils.basic import missing_required_lib

from ._adapters.host.journal_file import JournalFile
from ._adapters.host.lock_file import HostLockFile
from ._domain.base.change import KNOWN_AFTER_APPLY
from ._domain.base.errors import KubeadmHaError, LibraryMissing

if t.TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

    from ._domain.base.change import Change, Decision


def run_decision(module: AnsibleModule, decide: t.Callable[[], Decision]) -> None:
    """Decide, act unless in check mode, and leave with the module's result.

    The result has ``changed``, ``changes`` (list of object, before, after, reason), the decision's values, and
    ``diff`` when the task asks for it. A :class:`KubeadmHaError` becomes ``failed`` with its message and details.
    """
    try:
        decision = decide()
        values = dict(decision.values)
        if decision.changes and not module.check_mode:
            with HostLockFile().at_work(), JournalFile(module._name).around(decision.changes):
                values.update(decision.act())
    except LibraryMissing as error:
        _leave_without(module, error.library, changes_something=not module._name.endswith("_info"))
        module.fail_json(msg=error.message)
    except KubeadmHaError as error:
        module.fail_json(msg=error.message, **error.details)
    for warning in decision.warnings:
        module.warn(warning)
    result: dict[str, t.Any] = {
        "changed": bool(decision.changes),
        "changes": [change.as_dict() for change in decision.changes],
        **values,
    }
    if module._diff:
        result["diff"] = [_diff(change) for change in decision.changes]
    module.exit_json(**result)


def require_library(
    module: AnsibleModule, name: str, import_error: str | None, *, changes_something: bool = True
) -> None:
    """Fail with the remedy when a Python library is missing on the host.

    In check mode the library may be missing because an earlier task only would have installed it: then the module
    cannot inspect, says ``known after apply`` and, unless it is an info module, reports a change.

    Args:
        module: the running module.
        name: distribution name, for example ``PyYAML``.
        import_error: the traceback of the failed import; ``None`` when the import worked.
        changes_something: ``False`` for info modules.
    """
    if import_error is None:
        return
    _leave_without(module, name, changes_something=changes_something)
    remedy = missing_required_lib(name, reason="for this module; the role kubeadm.ha.python_requirements installs it")
    module.fail_json(msg=remedy, exception=import_error)


def _leave_without(module: AnsibleModule, library: str, *, changes_something: bool) -> None:
    """In check mode an earlier task only would have installed the library: what comes of it is not known yet."""
    if module.check_mode:
        message = (
            f"{KNOWN_AFTER_APPLY}: {library} is missing on this host, the role kubeadm.ha.python_requirements "
            "installs it."
        )
        module.exit_json(changed=changes_something, changes=[], msg=message)


def _diff(change: Change) -> dict[str, str]:
    return {
        "before_header": change.object,
        "after_header": change.object,
        "before": _text(change.before),
        "after": _text(change.after),
    }


def _text(value: t.Any) -> str:
    if value is None:
        return ""
    lines = [_line(item) for item in value] if isinstance(value, (list, tuple)) else [_line(value)]
    return "".join(f"{line}\n" for line in lines)


def _line(value: t.Any) -> str:
    if isinstance(value, dict):
        return "\n".join(f"{key}: {item}" for key, item in sorted(value.items()))
    return str(value)


__all__ = ("require_library", "run_decision")
