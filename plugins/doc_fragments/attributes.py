# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Attributes that are described alike in every module of kubeadm.ha."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: When run twice in a row outside C(check_mode), with the same arguments, the second run changes nothing.
  platform:
    description: Target OS or families that can be operated against.
    support: full
    platforms: linux
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/kubeadm.ha.ha) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - kubeadm.ha.ha
"""

    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module does not change anything.
  diff_mode:
    support: N/A
    details:
      - This module does not change anything.
  idempotent:
    support: full
"""

    CONTROLLER_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: N/A
    details:
      - This module does not change anything.
  idempotent:
    support: full
  platform:
    platforms: posix
"""

    CHANGING_MODULE = r"""
options: {}
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""
