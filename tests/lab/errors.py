# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong in the lab, as one line for the user."""

from __future__ import annotations


class LabError(Exception):
    """Something failed; the message is one line that names it and the remedy. The program ends with status 1."""

    status = 1


class InputError(LabError):
    """The user's topology, name or argument is wrong. The program ends with status 2."""

    status = 2
