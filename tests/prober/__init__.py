# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open-loop prober of Kubernetes API endpoints, the analysis of its log and the results file of a scenario.

``python3 -m tests.prober`` probes; ``tests.prober.process.Prober`` starts and stops it from a test;
``tests.prober.analysis`` computes figures from its log; ``tests.prober.results`` writes
``build/results/<scenario>.json``. Standard library only.
"""
