# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ClusterConfigurations as this collection reads and patches them, before kubeadm of many versions.

The lab's own kubeadm is asked in every run; the others are built for ``make full`` (tests/lab/kubeadm_versions.py).
"""

from __future__ import annotations

import dataclasses
import re
import subprocess
import tempfile
import typing as t
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._adapters.text.pyyaml import PyYaml
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_api
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration import (
    ClusterConfiguration,
    Wanted,
    decide,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.cluster_configuration_fields import FIELDS
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.extra_args import COMPONENTS, parse_extra_args
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_api import VERSIONS
from tests.integration.certificates_support import sans
from tests.lab import kubeadm_versions

Document = dict[str, t.Any]

#: The lab's kubeadm; it reads the same versions as those of 1.31 and 1.36.
LAB = "lab"
READABLE = {LAB: ("v1beta3", "v1beta4"), **kubeadm_versions.VERSIONS}
#: kubeadm from which on the field is there.
SINCE = {"etcd.external.httpEndpoints": 35}
WANTED = Wanted(
    control_plane_endpoint=Endpoint("k8s.example.org", 8443),
    cert_sans=("k8s.example.org", "192.0.2.10", "2001:db8::10", "*.api.example.org"),
    etcd_server_cert_sans=("etcd.example.org",),
    etcd_peer_cert_sans=("192.0.2.12",),
    extra_args=parse_extra_args(
        {
            "api_server": {"audit-log-maxage": 30, "profiling": False, "old": None},
            "controller_manager": {"node-cidr-mask-size": "24"},
            "scheduler": {"v": "4"},
            "etcd": {"quota-backend-bytes": "4294967296"},
        }
    ),
)


def _parameters(versions: t.Mapping[str, t.Sequence[str]]) -> list[t.Any]:
    return [
        pytest.param(kubeadm, version, marks=[] if kubeadm == LAB else pytest.mark.full, id=f"{kubeadm}-{version}")
        for kubeadm, read in versions.items()
        for version in read
    ]


each = pytest.mark.parametrize(("kubeadm", "version"), _parameters(READABLE), indirect=["kubeadm"])
each_refused = pytest.mark.parametrize(
    ("kubeadm", "version"),
    _parameters({name: [item for item in VERSIONS if item not in read] for name, read in READABLE.items()}),
    indirect=["kubeadm"],
)


@dataclasses.dataclass(frozen=True)
class Kubeadm:
    """A kubeadm and its version, for example ``v1.34.4``."""

    program: Path
    version: str

    @property
    def minor(self) -> int:
        """34 of ``v1.34.4``."""
        return int(self.version.split(".")[1])

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        return subprocess.run([str(self.program), *arguments], capture_output=True, text=True, check=False, timeout=60)

    def documents(self, directory: Path, *documents: Document) -> Path:
        """A file for it, with what it would else read on this host."""
        init = {
            "apiVersion": documents[0]["apiVersion"],
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": "192.0.2.11", "bindPort": 6443},
            "nodeRegistration": {"name": "cp1", "criSocket": "unix:///run/containerd/containerd.sock"},
        }
        path = directory / "kubeadm.yaml"
        path.write_text("---\n".join(PyYaml().dump(item) for item in (init, *documents)), encoding="utf-8")
        return path

    def migrated(self, path: Path) -> tuple[Document, Document, str]:
        """InitConfiguration and ClusterConfiguration as it reads and writes them, and its warnings."""
        ended = self.run("config", "migrate", f"--old-config={path}")
        assert ended.returncode == 0, ended.stderr
        found = {item["kind"]: item for item in PyYaml().load_all(ended.stdout)}
        return found["InitConfiguration"], found["ClusterConfiguration"], ended.stderr


@pytest.fixture(scope="session")
def programs(binaries: Path) -> t.Iterator[t.Callable[[str], Path]]:
    """Finds or builds the kubeadm of a version."""
    yield lambda name: binaries / "kubeadm" if name == LAB else kubeadm_versions.kubeadm(name)
    kubeadm_versions.clear()


@pytest.fixture
def kubeadm(request: pytest.FixtureRequest, programs: t.Callable[[str], Path]) -> Kubeadm:
    """The kubeadm that the test names."""
    program = programs(request.param)
    reported = subprocess.run(
        [str(program), "version", "-o", "short"], capture_output=True, text=True, check=True
    ).stdout
    assert request.param in (LAB, reported.strip())
    return Kubeadm(program, reported.strip())


def flags(version: str, **values: str) -> t.Any:
    """``extraArgs`` as the version writes them."""
    if version == "v1beta4":
        return [{"name": name, "value": value} for name, value in values.items()]
    return dict(values)


def stored(version: str, kubernetes: str, **fields: t.Any) -> Document:
    """A document with every field that the version has for stacked etcd."""
    is_old, has_lists = version in ("v1beta1", "v1beta2"), version == "v1beta4"
    environment = {"extraEnvs": [{"name": "GODEBUG", "value": "x=1"}]} if has_lists else {}

    def component() -> Document:
        volume = {"name": "a", "hostPath": "/a", "mountPath": "/b", "readOnly": True, "pathType": "DirectoryOrCreate"}
        return {"extraArgs": flags(version, v="2", old="1"), "extraVolumes": [volume], **environment}

    image = {"imageRepository": "registry.example.org", "imageTag": "v9"}
    document: Document = {
        "apiVersion": f"kubeadm.k8s.io/{version}",
        "kind": "ClusterConfiguration",
        "kubernetesVersion": kubernetes,
        "clusterName": "odd",
        "certificatesDir": "/etc/kubernetes/pki",
        "imageRepository": "registry.example.org/k8s",
        "controlPlaneEndpoint": "old.example.org:6443",
        "featureGates": {},
        "networking": {"serviceSubnet": "172.30.0.0/16", "podSubnet": "10.244.0.0/16", "dnsDomain": "corp.test"},
        "apiServer": {**component(), "certSANs": ["old.example.org", "198.51.100.1"]},
        "controllerManager": component(),
        "scheduler": component(),
        "dns": {**image, **({"type": "CoreDNS"} if is_old else {"disabled": False} if has_lists else {})},
        "etcd": {
            "local": {
                **image,
                **environment,
                "dataDir": "/var/lib/other-etcd",
                "extraArgs": flags(version, **{"snapshot-count": "5000"}),
                "serverCertSANs": ["198.51.100.2"],
                "peerCertSANs": ["198.51.100.3"],
            }
        },
    }
    if is_old:
        document["useHyperKubeImage"] = False
    if has_lists:
        document |= {
            "proxy": {"disabled": False},
            "encryptionAlgorithm": "RSA-2048",
            "certificateValidityPeriod": "8760h0m0s",
            "caCertificateValidityPeriod": "87600h0m0s",
        }
    else:
        document["apiServer"]["timeoutForControlPlane"] = "4m30s"
    return {**document, **fields}


EXTERNAL_ETCD: Document = {
    "external": {
        "endpoints": ["https://192.0.2.31:2379"],
        "caFile": "/etc/etcd/ca.crt",
        "certFile": "/etc/etcd/client.crt",
        "keyFile": "/etc/etcd/client.key",
    }
}


def _leaves(fields: t.Any, path: str = "") -> dict[str, t.Any]:
    """The fields of a version, or of a document, by their dotted path; what has names of the user's own is a leaf."""
    if path.endswith((".extraArgs", ".extraEnvs", "featureGates")) or not isinstance(fields, (dict, list)):
        return {path: fields}
    inner = fields[0] if isinstance(fields, list) else fields
    if not isinstance(inner, dict):
        return {path: fields}
    found: dict[str, t.Any] = {}
    for name, value in inner.items():
        found |= _leaves(value, f"{path}.{name}".lstrip("."))
    return found


def _fields(version: str) -> set[str]:
    return set(_leaves(FIELDS[version]))


@each
def test_kubeadm_has_every_field_that_the_version_is_said_to_have(
    kubeadm: Kubeadm, version: str, tmp_path: Path
) -> None:
    local = stored(version, kubeadm.version)
    external = stored(version, kubeadm.version, etcd=EXTERNAL_ETCD)
    tried = (set(_leaves(local)) | set(_leaves(external))) - {"apiVersion", "kind"}
    missing = _fields(version) - tried
    if "etcd.external.httpEndpoints" in missing:
        missing.remove("etcd.external.httpEndpoints")
        if kubeadm.minor >= SINCE["etcd.external.httpEndpoints"]:
            external["etcd"]["external"]["httpEndpoints"] = ["http://192.0.2.31:2381"]
    assert missing == set()
    assert tried <= _fields(version)
    for document in (local, external):
        _init, _cluster, warnings = kubeadm.migrated(kubeadm.documents(tmp_path, document))
        assert "unknown field" not in warnings
        assert "strict decoding" not in warnings


@each
def test_kubeadm_lacks_every_field_that_only_other_versions_have(
    kubeadm: Kubeadm, version: str, tmp_path: Path
) -> None:
    foreign = {
        path: value
        for other in VERSIONS
        for path, value in _leaves(stored(other, kubeadm.version)).items()
        if path not in _fields(version) | {"apiVersion", "kind"}
    }
    assert foreign
    for path, value in foreign.items():
        *parents, last = path.split(".")
        document = stored(version, kubeadm.version)
        place = document
        for name in parents:
            place = place.setdefault(name, {})
            place = place[0] if isinstance(place, list) else place
        place[last] = value
        ended = kubeadm.run("config", "migrate", f"--old-config={kubeadm.documents(tmp_path, document)}")
        # Old versions name the field alone, newer ones its path; of a map that is unknown, the map.
        reported = re.findall(r'unknown field \\?"([^"\\]+)', ended.stderr)
        assert reported, (path, ended.stderr)
        assert set(reported) <= {last, *(".".join((*parents, last)[:depth]) for depth in range(1, len(parents) + 2))}


@each_refused
def test_kubeadm_refuses_the_other_versions(kubeadm: Kubeadm, version: str, tmp_path: Path) -> None:
    path = kubeadm.documents(tmp_path, stored(version, kubeadm.version))
    ended = kubeadm.run("config", "migrate", f"--old-config={path}")
    assert ended.returncode != 0
    assert f"kubeadm.k8s.io/{version}" in ended.stderr


@each
def test_what_is_patched_is_read_by_kubeadm_with_the_same_values(
    kubeadm: Kubeadm, version: str, tmp_path: Path
) -> None:
    document = stored(version, kubeadm.version)
    patched = ClusterConfiguration.parse(document).patched(WANTED)
    path = kubeadm.documents(tmp_path, patched)
    init, cluster, warnings = kubeadm.migrated(path)
    assert "unknown field" not in warnings
    ours, theirs = ClusterConfiguration.parse(patched), ClusterConfiguration.parse(cluster)
    assert theirs.control_plane_endpoint == "k8s.example.org:8443"
    assert theirs.cert_sans == ours.cert_sans == ("old.example.org", "198.51.100.1", *WANTED.cert_sans)
    assert theirs.etcd_server_cert_sans == ("198.51.100.2", "etcd.example.org")
    assert theirs.etcd_peer_cert_sans == ("198.51.100.3", "192.0.2.12")
    for component in COMPONENTS:
        assert sorted(theirs.extra_args(component)) == sorted(ours.extra_args(component))
    assert dict(theirs.extra_args("api_server")) == {"v": "2", "audit-log-maxage": "30", "profiling": "false"}
    if version != "v1beta4":
        reported = theirs.control_plane_timeout or init["timeouts"]["controlPlaneComponentHealthCheck"]
        assert reported == ours.control_plane_timeout == "4m30s"
    for field in ("networking", "certificatesDir", "clusterName", "imageRepository"):
        assert cluster[field] == document[field]
    # Patch, read back, patch again: nothing.
    assert decide(cluster, WANTED) is None
    if kubeadm.minor >= 26:
        validated = kubeadm.run("config", "validate", f"--config={path}")
        assert validated.returncode == 0, validated.stderr


@each
def test_kubeadm_issues_what_is_patched(kubeadm: Kubeadm, version: str, tmp_path: Path) -> None:
    document = stored(version, kubeadm.version, certificatesDir=str(tmp_path / "pki"))
    path = kubeadm.documents(tmp_path, ClusterConfiguration.parse(document).patched(WANTED))
    for name in ("ca", "apiserver", "etcd-ca", "etcd-server", "etcd-peer"):
        issued = kubeadm.run("init", "phase", "certs", name, f"--config={path}")
        assert issued.returncode == 0, issued.stderr
    names = {"DNS:cp1", "DNS:kubernetes", "DNS:kubernetes.default", "DNS:kubernetes.default.svc"}
    assert sans(tmp_path / "pki" / "apiserver.crt") == names | {
        "DNS:kubernetes.default.svc.corp.test",
        "DNS:k8s.example.org",
        "DNS:old.example.org",
        "DNS:*.api.example.org",
        "IP Address:172.30.0.1",
        "IP Address:192.0.2.10",
        "IP Address:192.0.2.11",
        "IP Address:198.51.100.1",
        "IP Address:2001:DB8:0:0:0:0:0:10",
    }
    local = {"DNS:cp1", "DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1", "IP Address:192.0.2.11"}
    etcd = tmp_path / "pki" / "etcd"
    assert sans(etcd / "server.crt") == local | {"IP Address:198.51.100.2", "DNS:etcd.example.org"}
    assert sans(etcd / "peer.crt") == local | {"IP Address:198.51.100.3", "IP Address:192.0.2.12"}


NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,10}[a-z0-9]", fullmatch=True)
SANS = st.lists(st.one_of(NAMES.map(lambda name: f"{name}.example.org"), st.ip_addresses().map(str)), max_size=4)
VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"), exclude_characters="\ufeff\u2028\u2029"))
FLAGS = st.dictionaries(NAMES, VALUES, max_size=4)


@each
def test_any_patch_is_read_back_and_calls_for_nothing_more(kubeadm: Kubeadm, version: str) -> None:
    @settings(max_examples=20, deadline=None, database=None, derandomize=True)
    @given(FLAGS, FLAGS, SANS, SANS, NAMES)
    def check(had: dict[str, str], gets: dict[str, str], old: list[str], new: list[str], name: str) -> None:
        document = stored(version, kubeadm.version)
        document["apiServer"] |= {"extraArgs": flags(version, **had), "certSANs": old}
        wanted = Wanted(
            control_plane_endpoint=Endpoint(f"{name}.example.org", 6443),
            cert_sans=tuple(new),
            extra_args=parse_extra_args({"api_server": gets}),
        )
        patched = ClusterConfiguration.parse(document).patched(wanted)
        with tempfile.TemporaryDirectory() as directory:
            _init, cluster, _warnings = kubeadm.migrated(kubeadm.documents(Path(directory), patched))
        read = ClusterConfiguration.parse(cluster)
        assert dict(read.extra_args("api_server")) == {**had, **gets}
        assert read.cert_sans == ClusterConfiguration.parse(patched).cert_sans
        assert decide(cluster, wanted) is None

    check()


def test_the_documented_versions_are_those_that_are_tried() -> None:
    """The comment above VERSIONS says from when to when kubeadm reads each; the first and last known ones hold it."""
    source = Path(kubeadm_api.__file__).read_text(encoding="utf-8")
    reported = re.findall(
        r"(v1beta\d): (?:kubeadm )?(?:1\.(\d+) to 1\.(\d+)|from 1\.(\d+))", source.replace("\n#:", "")
    )
    assert [name for name, *_rest in reported] == list(VERSIONS)
    for name, first, last, since in reported:
        for version, read in kubeadm_versions.VERSIONS.items():
            minor = int(version.split(".")[1])
            assert (name in read) is (int(first or since) <= minor <= int(last or 99)), (name, version)
