# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run makes of hosts and cluster, in a form in which two ends can be compared.

As :mod:`kubeadm_state`: addresses become the names of their hosts, digests of texts with addresses one word, keys and credentials what
openssl says of them. What an end may have in another number after several runs (backups, journals) is compared by owner and mode.
"""

from __future__ import annotations

import base64
import io
import json
import re
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.scenarios.cluster import Lab
from tests.scenarios.kubeadm_state import State, content_of, flat, named, named_value

#: What a run changes on a host besides what kubeadm writes.
_PLACES = (
    "/etc/apt /etc/cni /etc/containerd /etc/crictl.yaml /etc/default /etc/etcd /etc/fstab /etc/haproxy /etc/hosts /etc/keepalived "
    "/etc/kubernetes /etc/modules-load.d /etc/nginx /etc/sysctl.d /etc/systemd /home /root /usr/local /opt"
)
#: Tools' own histories, and what names a machine or a moment.
_PASSED_OVER = r"\( -path '*/.ansible' -o -path '*/cache' -o -path /etc/kubernetes/tmp -o -path '*/.ssh' \) -prune"
_FIND = f"find {_PLACES} -xdev {_PASSED_OVER} -o"
_LIST = f"{_FIND} \\( -type f -o -type l \\) -printf '%m %u %g %p\\n' 2>/dev/null | sort"
#: Text that is no secret. Programs are known by their names, and by their versions in what runs them.
_FETCH = (
    f"{_FIND} -type f -size -200k ! -path '/usr/local/*' ! -path '/opt/*/bin/*' ! -name '*key*' ! -name 'encryption*' ! -name '*token*' -print0 "
    "2>/dev/null | xargs -0 --no-run-if-empty grep -LZ 'PRIVATE KEY' | tar --create --gzip --null --files-from=- --absolute-names | base64 -w0"
)
_SYSTEM = {
    "enabled": "systemctl list-unit-files --state=enabled --no-legend | awk '{print $1}' | sort",
    "failed": "systemctl list-units --failed --no-legend --plain | awk '{print $1}'",
    "packages": "dpkg-query --show --showformat='${Package} ${db:Status-Abbrev}\\n' | sort; apt-mark showhold",
    # Ports that are chosen at random are somebody's for a moment only.
    "listening": "ss -Hltnp | sed -nE 's/.* (\\S+):([0-9]+) +\\S+ +users:\\(\\(\"([^\"]+).*/\\1 \\2 \\3/p' | awk '$2 < 30000' | sort -u",
    "backups": "find /var/backups/kubeadm-ha -printf '%y %m %u\\n' 2>/dev/null | sort -u",
    "journals": "find /var/lib/kubeadm-ha -printf '%y %m %u %P\\n' 2>/dev/null | sed -E 's/\\b[0-9a-f]{16}\\b/DIGEST/' | sort",
    "locks": "ls /run | grep -x kubeadm-ha.lock; true",
    "transfers": "ls -A /run/kubeadm-ha 2>/dev/null; true",
}
#: Of what names addresses, and so of no two labs the same.
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def host_states(lab: Lab, hosts: Sequence[str], addresses: Mapping[str, str]) -> State:
    """The state of hosts by path, one flat dictionary.

    :param hosts: those to inspect.
    :param addresses: addresses by the name that shall stand for them.
    """
    found: State = {}
    for host in hosts:
        found.update(_host_state(lab, host))
    names = sorted(addresses.items(), key=lambda item: -len(item[1]))
    return {named(path, names): named_value(value, names) for path, value in found.items()}


def _host_state(lab: Lab, host: str) -> Iterator[tuple[str, Any]]:
    yield f"{host} all files", lab.shell(host, _LIST).splitlines()
    for subject, script in _SYSTEM.items():
        yield f"{host} {subject}", lab.shell(host, script, check=False).splitlines()
    packed = base64.b64decode(lab.shell(host, _FETCH))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive.getmembers():
            stream = archive.extractfile(member)
            if stream is not None:
                text = _DIGEST.sub("DIGEST", stream.read().decode(errors="replace"))
                yield from flat(f"{host} {member.name}", content_of(member.name, text))


def objects_state(lab: Lab, node: str, kubeconfig: str) -> State:
    """Objects of a cluster that others would notice: Nodes, access rights, ConfigMaps and Secrets by name, Leases of leaders.

    :param node: the control plane whose kubectl is asked, with this kubeconfig.
    """

    def items(kind: str) -> list[dict[str, Any]]:
        said = lab.run(node, "kubectl", f"--kubeconfig={kubeconfig}", "get", kind, "--all-namespaces", "--output=json")
        parsed: list[dict[str, Any]] = json.loads(said)["items"]
        return parsed

    found: State = {}
    kinds = ("configmaps", "secrets", "roles", "rolebindings", "clusterroles", "clusterrolebindings", "daemonsets")
    for kind in kinds:
        names = (f"{item['metadata'].get('namespace', '')}/{item['metadata']['name']}" for item in items(kind))
        found[kind] = sorted(names)
    for item in items("nodes"):
        name = item["metadata"]["name"]
        ready = [each["status"] for each in item["status"]["conditions"] if each["type"] == "Ready"]
        found[f"Node {name}"] = [ready, item["metadata"]["labels"], item["spec"].get("taints", [])]
    return found


__all__ = ("host_states", "objects_state")
