# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The frame of every action plugin: an error becomes a failed result in one sentence."""

from __future__ import annotations

import json
import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_text

from ._domain.base.errors import InvalidInput, KubeadmHaError

#: What a report with a part that is missing or of another kind makes of a reader that takes it for granted.
_BROKEN_REPORT = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def decision_result(what: str, decide: t.Callable[[], t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The values of a decision made on the controller as a result, or why there is none.

    Args:
        what: what was to be parsed, for the message of an error that nothing foresaw.
        decide: computes the values.
    """
    try:
        return {"changed": False, **decide()}
    except KubeadmHaError as error:
        return {"changed": False, "failed": True, "msg": error.message, **error.details}
    except _BROKEN_REPORT as error:
        kind = type(error).__name__
        return {
            "changed": False,
            "failed": True,
            "msg": f"{what} could not be understood ({kind}: {to_text(error)}): the report was made by another version of "
            "kubeadm.ha, or holds something that this version does not expect; please report it.",
        }


def validated(arguments: t.Mapping[str, t.Any], options: t.Mapping[str, t.Mapping[str, t.Any]]) -> dict[str, t.Any]:
    """The values of some options of a task, as a module with these options would have them: from JSON, checked, with defaults.

    Args:
        arguments: of the task. Others than these options are passed over.
        options: as an argument specification has them.

    Raises:
        InvalidInput: when one is of another type, in the words of a module.
    """
    given = {name: value for name, value in arguments.items() if name in options}
    result = ArgumentSpecValidator(options).validate(json.loads(json.dumps(given, default=_text)))
    if result.error_messages:
        raise InvalidInput("; ".join(result.error_messages))
    return {name: result.validated_parameters[name] for name in options}


def _text(value: t.Any) -> str:
    """What YAML has and JSON has not, such as a date."""
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


__all__ = ("decision_result", "validated")
