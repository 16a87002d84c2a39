# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What texts of a host mean: settings of the kernel, modules, fstab, and containerd's own print of its configuration."""

from __future__ import annotations

import re
import typing as t

from .report import Sysctl

_SECTION = re.compile(r"^\s*\[(.+)\]\s*$")
_SCALAR = re.compile(r"^\s*([A-Za-z0-9_]+)\s*=\s*(.+?)\s*$")


def sysctls(files: t.Iterable[tuple[str, str]], now: t.Mapping[str, str]) -> dict[str, Sysctl]:
    """Each setting with its value now and after the next start.

    Args:
        files: paths and texts of the files of ``sysctl.d`` in the order in which they are read: the last one wins.
        now: the settings that are asked about, with their values.
    """
    found: dict[str, tuple[str, str]] = {}
    for path, text in files:
        for line in text.splitlines():
            key, separator, value = line.strip().lstrip("-").partition("=")
            if separator and not line.lstrip().startswith(("#", ";")):
                found[_sysctl_key(key.strip())] = (value.strip(), path)
    return {key: Sysctl(value, *found.get(key, ("", ""))) for key, value in now.items()}


def _sysctl_key(text: str) -> str:
    """``net/ipv4/ip_forward`` and ``net.ipv4.ip_forward`` are one: the first separator decides."""
    first = re.search(r"[./]", text)
    return text.replace("/", ".") if first is not None and first.group() == "/" else text


def modules_at_boot(texts: t.Iterable[str]) -> frozenset[str]:
    """The modules that files of ``modules-load.d`` name."""
    lines = (line.strip() for text in texts for line in text.splitlines())
    return frozenset(line.replace("-", "_") for line in lines if line and not line.startswith(("#", ";")))


def built_in(text: str) -> frozenset[str]:
    """The modules of the text of ``modules.builtin``: a path each."""
    names = (line.strip().rpartition("/")[2] for line in text.splitlines())
    return frozenset(name.partition(".ko")[0].replace("-", "_") for name in names if name)


def has_swap(fstab: str) -> bool:
    """Whether a line of the text of ``/etc/fstab`` is swap."""
    rows = (line.split() for line in fstab.splitlines() if not line.lstrip().startswith("#"))
    return any(len(row) > 2 and row[2] == "swap" for row in rows)


def swap_devices(swaps: str) -> tuple[str, ...]:
    """What the text of ``/proc/swaps`` names."""
    return tuple(line.split()[0] for line in swaps.splitlines()[1:] if line.strip())


def swap_units(shown: str) -> tuple[str, ...]:
    """Units of ``systemctl show --property=Id,FragmentPath,SourcePath,UnitFileState *.swap`` that swap again at the next start.

    One without a file mirrors what somebody switched on by hand; one of fstab goes with its line there.
    """
    blocks = (dict(line.partition("=")[::2] for line in block.splitlines()) for block in shown.split("\n\n"))
    return tuple(
        block["Id"]
        for block in blocks
        if block.get("Id")
        and block.get("FragmentPath")
        and block.get("SourcePath") != "/etc/fstab"
        and block.get("UnitFileState") not in ("masked", "masked-runtime", "disabled")
    )


def containerd_settings(dump: str) -> dict[str, str]:
    """What matters here of ``containerd config dump``, of versions 1 and 2; see :class:`report.Containerd`."""
    found: dict[str, str] = {}
    section = ""
    for line in dump.splitlines():
        heading = _SECTION.match(line)
        if heading is not None:
            section = heading.group(1).replace("'", "").replace('"', "")
            continue
        setting = _SCALAR.match(line)
        if setting is not None:
            key, value = setting.groups()
            name = _name_of(section, key)
            if name:
                found[name] = value.strip("\"'")
    if found:
        disabled = found.pop("disabled", "")
        found["cri"] = "disabled" if re.search(r"[\"'](io\.containerd\.[a-z.0-9]+\.)?cri[\"']", disabled) else "enabled"
    return found


def _name_of(section: str, key: str) -> str:
    if section == "":
        return "disabled" if key == "disabled_plugins" else ""
    if "io.containerd.grpc.v1.cri" not in section and "io.containerd.cri.v1" not in section:
        return ""
    for ending, wanted, name in (
        (".runtimes.runc.options", "SystemdCgroup", "cgroup"),
        (".cni", "bin_dir", "bin_dir"),
        (".registry", "config_path", "config_path"),
        (".pinned_images", "sandbox", "sandbox"),
        ("io.containerd.grpc.v1.cri", "sandbox_image", "sandbox"),
    ):
        if section.endswith(ending) and key == wanted:
            return name
    return ""


__all__ = (
    "built_in",
    "containerd_settings",
    "has_swap",
    "modules_at_boot",
    "swap_devices",
    "swap_units",
    "sysctls",
)
