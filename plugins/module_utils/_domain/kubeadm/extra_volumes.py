# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""``extraVolumes`` of a ClusterConfiguration: read and patched by name.

The list has the same form in v1beta1 to v1beta4 (HostPathMount).
"""

from __future__ import annotations

import typing as t

from ..base.errors import InvalidInput
from ..component.static_pod import Mount

#: Components with ``extraVolumes``: the name of the option's key and the field of the document.
COMPONENTS: t.Mapping[str, str] = {
    "api_server": "apiServer",
    "controller_manager": "controllerManager",
    "scheduler": "scheduler",
}
FIELD = "extraVolumes"

#: Wanted volumes by component and name; ``None`` takes one away.
Wanted = t.Mapping[str, t.Mapping[str, t.Optional[Mount]]]


def parse_mounts(document: t.Mapping[str, t.Any], component: str) -> dict[str, Mount]:
    """The volumes of a component by name.

    Args:
        document: a ClusterConfiguration.
        component: a key of :data:`COMPONENTS`.
    """
    return {str(item.get("name")): _mount(item) for item in _items(document, component)}


def parse(option: t.Mapping[str, t.Any]) -> dict[str, dict[str, Mount | None]]:
    """Volumes from a module's option, see ``kubeadm.ha.kubeadm_cluster_config``.

    Raises:
        InvalidInput: for a volume that cannot be.
    """
    parsed: dict[str, dict[str, Mount | None]] = {}
    for component, items in option.items():
        parsed[component] = {}
        for item in items or ():
            name = item["name"]
            if item.get("state") == "absent":
                parsed[component][name] = None
                continue
            for field in ("host_path", "mount_path"):
                if not str(item.get(field) or "").startswith("/"):
                    raise InvalidInput(f"The option extra_volumes.{component}.{name} has no absolute {field}.")
            parsed[component][name] = Mount(
                name=name,
                host_path=item["host_path"],
                mount_path=item["mount_path"],
                type=item.get("path_type") or "",
                read_only=bool(item.get("read_only")),
            )
    return parsed


def as_option(wanted: t.Mapping[str, Mount | None]) -> list[dict[str, t.Any]]:
    """The volumes of one component as the module's option takes them: the inverse of :func:`parse`."""
    return [
        {"name": name, "state": "absent"}
        if mount is None
        else {
            "name": name,
            "host_path": mount.host_path,
            "mount_path": mount.mount_path,
            "path_type": mount.type,
            "read_only": mount.read_only,
        }
        for name, mount in sorted(wanted.items())
    ]


def patch(document: dict[str, t.Any], wanted: Wanted) -> None:
    """Write the wanted volumes into a ClusterConfiguration. One that is the same stays as it is written."""
    for component, volumes in wanted.items():
        if not volumes:
            continue
        items = _items(document, component)
        kept = [item for item in items if str(item.get("name")) not in volumes or _is_right(item, volumes)]
        present = {str(item.get("name")) for item in kept}
        new = [_written(mount) for name, mount in sorted(volumes.items()) if mount is not None and name not in present]
        result = [*kept, *new]
        if result != items:
            _put(document, component, result)


def _is_right(item: t.Mapping[str, t.Any], volumes: t.Mapping[str, Mount | None]) -> bool:
    return _mount(item) == volumes[str(item.get("name"))]


def _items(document: t.Mapping[str, t.Any], component: str) -> list[dict[str, t.Any]]:
    section = document.get(COMPONENTS[component])
    items = section.get(FIELD) if isinstance(section, dict) else None
    return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def _put(document: dict[str, t.Any], component: str, items: list[dict[str, t.Any]]) -> None:
    name = COMPONENTS[component]
    if not isinstance(document.get(name), dict):
        document[name] = {}
    if items:
        document[name][FIELD] = items
    else:
        document[name].pop(FIELD, None)


def _mount(item: t.Mapping[str, t.Any]) -> Mount:
    return Mount(
        name=str(item.get("name")),
        host_path=str(item.get("hostPath") or ""),
        mount_path=str(item.get("mountPath") or ""),
        type=str(item.get("pathType") or ""),
        read_only=bool(item.get("readOnly")),
    )


def _written(mount: Mount) -> dict[str, t.Any]:
    item: dict[str, t.Any] = {"hostPath": mount.host_path, "mountPath": mount.mount_path, "name": mount.name}
    if mount.type:
        item["pathType"] = mount.type
    if mount.read_only:
        item["readOnly"] = True
    return item


__all__ = ("COMPONENTS", "Wanted", "as_option", "parse", "parse_mounts", "patch")
