# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a unit needs to start."""

from __future__ import annotations

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component import required_units
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_text import Text
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.component.systemd_unit import Unit


def test_what_a_unit_requires_is_of_its_section_and_of_its_drop_ins() -> None:
    text = "[Unit]\nRequires=etcd.service  a.service\nWants=b.service\nAfter=c.service\n[Service]\nRequires=d.service\nExecStart=/bin/x\n"
    drop_in = Text(
        "/etc/systemd/system/x.service.d/1.conf", "[Unit]\nRequires=\nBindsTo=e.service\nRequisite=a.service\n"
    )
    unit = Unit("x.service", Text("/etc/systemd/system/x.service", text), (drop_in,))
    assert required_units.find(unit) == ("etcd.service", "a.service", "e.service")
