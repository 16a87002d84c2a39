# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Every target does its own set-up. The logic is in tests/tools/run.py.
# ARGS goes to the program behind the target: make unit ARGS="-k certificate"

PYTHON ?= python3
TARGETS := lint unit integration roles clusters test quick demo full bench chaos coverage docs build release format lock setup clean

.DEFAULT_GOAL := help
.PHONY: help $(TARGETS)

help $(TARGETS):
	@$(PYTHON) -m tests.tools.run $@ $(ARGS)
