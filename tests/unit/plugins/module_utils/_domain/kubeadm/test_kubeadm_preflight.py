# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What kubeadm is asked before a join, and what its answers report."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import json
import string
import typing as t

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.address import Endpoint
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.base.errors import InvalidInput
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm import kubeadm_preflight
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_configuration import (
    MANIFESTS_CHECK,
    JoinRequest,
    join_configuration,
)
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.join_token import Token
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.kubeadm.kubeadm_preflight import Check, Report, parse
from ansible_collections.kubeadm.ha.plugins.module_utils._ports.commands import CommandResult
from tests.unit.plugins.certificates import MemoryFiles

URL = "http://127.0.0.1:41234"
CONFIG_MAP = {
    "metadata": {"name": "kubeadm-config", "namespace": "kube-system"},
    "data": {"ClusterConfiguration": "{}"},
}
PATH = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"
HEADER = "[preflight] Some fatal errors occurred:\n"
FOOTER = (
    "[preflight] If you know what you are doing, you can make a check non-fatal with `--ignore-preflight-errors=...`\n"
)
TRACE = "To see the stack trace of this error execute with --v=5 or higher\n"
#: Since 1.33 kubeadm prints the errors itself, before they were the text of the error.
NEW_END = f"{FOOTER}error: error execution phase preflight: preflight checks failed\n{TRACE}"
OLD_HEADER = "error execution phase preflight: [preflight] Some fatal errors occurred:\n"

ANSWERS: dict[str, tuple[int, str, Report]] = {
    "nothing": (0, "", Report()),
    "only a warning": (
        0,
        '\t[WARNING Hostname]: hostname "cp2" could not be reached\n',
        Report(warnings=(Check("Hostname", 'hostname "cp2" could not be reached'),)),
    ),
    "two errors and a warning": (
        1,
        (
            "W1128 09:55:40.045050   18473 checks.go:1046] [preflight] WARNING: Couldn't create the interface\n"
            f"\t[WARNING Swap]: swap is on\n{HEADER}"
            f"\t[ERROR NumCPU]: the number of available CPUs 1 is less than the required 2\n"
            f"\t[ERROR DirAvailable--var-lib-etcd]: /var/lib/etcd is not empty\n{NEW_END}"
        ),
        Report(
            (
                Check("NumCPU", "the number of available CPUs 1 is less than the required 2"),
                Check("DirAvailable--var-lib-etcd", "/var/lib/etcd is not empty"),
            ),
            (Check("Swap", "swap is on"),),
        ),
    ),
    "kubeadm before 1.33": (
        1,
        f"{OLD_HEADER}\t[ERROR Port-10250]: Port 10250 is in use\n{FOOTER}{TRACE}",
        Report((Check("Port-10250", "Port 10250 is in use"),)),
    ),
    "a text of several lines": (
        1,
        (
            f"{HEADER}\t[ERROR CRI]: container runtime is not running: output: time=now level=fatal\n"
            f", error: exit status 1\n\n\t[ERROR Mem]: the system RAM (900 MB) is less\n{NEW_END}"
        ),
        Report(
            (
                Check("CRI", "container runtime is not running: output: time=now level=fatal , error: exit status 1"),
                Check("Mem", "the system RAM (900 MB) is less"),
            )
        ),
    ),
    "a log line ends a text": (
        0,
        "\t[WARNING Hostname]: lookup\nW1128 09:55:40.268598   18473 file.go:102] [discovery] Could not access\n",
        Report(warnings=(Check("Hostname", "lookup"),)),
    ),
    "an end without a name": (
        1,
        f"{HEADER}failed to create new CRI runtime service: no such file{NEW_END}",
        Report(failure="failed to create new CRI runtime service: no such file"),
    ),
    "no preflight at all": (
        1,
        f"error: found multiple CRI endpoints on the host\n{TRACE}",
        Report(failure="found multiple CRI endpoints on the host"),
    ),
    "the error after what was logged": (
        1,
        'E1201 01:57:00.000001 178 remote.go:9] "RuntimeConfig failed" err="rpc error: code = Unimplemented"\n'
        "W1201 01:57:00.000002 178 file.go:102] [discovery] Could not access the cluster-info ConfigMap\n"
        "error: error execution phase preflight: could not get\nCA certificate from discovery kubeconfig\n" + TRACE,
        Report(failure="error execution phase preflight: could not get CA certificate from discovery kubeconfig"),
    ),
    "silence": (7, "", Report(failure="return code 7")),
}


@pytest.mark.parametrize(("code", "stderr", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_what_kubeadm_reports(code: int, stderr: str, expected: Report) -> None:
    assert parse(CommandResult(code, "", stderr)) == expected


NAMES = st.text(string.ascii_letters + string.digits + "-_.", min_size=1, max_size=20)
TEXTS = st.text(string.ascii_letters + string.digits + " :/()[]", max_size=40).map(lambda text: " ".join(text.split()))
CHECKS = st.lists(st.builds(Check, NAMES, TEXTS), max_size=5)


@given(CHECKS, CHECKS.filter(bool))
def test_every_check_is_read_back(warnings: list[Check], errors: list[Check]) -> None:
    text = "".join(f"\t[WARNING {check.name}]: {check.text}\n" for check in warnings) + HEADER
    text += "".join(f"\t[ERROR {check.name}]: {check.text}\n" for check in errors) + NEW_END
    assert parse(CommandResult(1, "", text)) == Report(tuple(errors), tuple(warnings))


class StandIn:
    """``ApiStandIn`` that only notes what it would serve."""

    def __init__(self) -> None:
        """Nothing was served yet."""
        self.documents: t.Mapping[str, t.Any] = {}
        self.forbidden: tuple[str, ...] = ()
        self.is_open = False

    @contextlib.contextmanager
    def serving(
        self, documents: t.Mapping[str, t.Mapping[str, t.Any]], *, forbidden: t.Collection[str] = ()
    ) -> t.Iterator[str]:
        """Pretend to."""
        self.documents, self.forbidden, self.is_open = documents, tuple(forbidden), True
        yield URL
        self.is_open = False


class Kubeadm:
    """A kubeadm whose groups of checks fail until they are ignored."""

    def __init__(self, *groups: t.Sequence[str], failure: str = "", always: str = "") -> None:
        """Groups by the names of their failing checks; ``always`` fails although it is ignored."""
        self.groups, self.failure, self.always = groups, failure, always
        self.held: list[dict[str, t.Any]] = []
        self.asked: list[dict[str, t.Any]] = []
        self.commands: list[list[str]] = []

    @contextlib.contextmanager
    def in_memory_file(self, text: str) -> t.Iterator[str]:
        """Note the kubeconfig."""
        self.held.append(json.loads(text))
        yield "/proc/1/fd/3"

    def find(self, program: str) -> str | None:
        """It is there."""
        return program

    def run(self, arguments: t.Sequence[str], **options: t.Any) -> CommandResult:
        """Check group by group."""
        self.commands.append(list(arguments))
        document = json.loads(options["stdin"])
        self.asked.append(document)
        ignored = document["nodeRegistration"].get("ignorePreflightErrors", [])
        warned = ""
        for group in self.groups:
            failing = [name for name in group if name not in ignored or name == self.always]
            warned += "".join(f"\t[WARNING {name}]: {name} is bad\n" for name in group if name not in failing)
            if failing:
                text = "".join(f"\t[ERROR {name}]: {name} is bad\n" for name in failing)
                return CommandResult(1, "", f"{warned}{HEADER}{text}{NEW_END}")
        return CommandResult(
            1 if self.failure else 0, "", f"{warned}{HEADER}{self.failure}{NEW_END}" if self.failure else warned
        )


REQUEST = JoinRequest(
    endpoint=Endpoint("127.0.0.1"),
    ca_cert_hashes=(),
    api_version="kubeadm.k8s.io/v1beta4",
    control_plane=True,
    timeout=60,
)


def inspect(kubeadm: Kubeadm, *paths: str, **changes: t.Any) -> dict[str, t.Any]:
    """Inspect a host that has these files."""
    api = StandIn()
    found = kubeadm_preflight.inspect(
        kubeadm,
        MemoryFiles(dict.fromkeys(paths, b"")),
        api,
        request=dataclasses.replace(REQUEST, **changes),
        config_maps=[CONFIG_MAP],
    )
    assert not api.is_open
    if kubeadm.asked:
        assert api.documents[PATH]["data"] == CONFIG_MAP["data"]
        assert api.forbidden == ("/api/v1/namespaces/kube-public/configmaps/cluster-info",)
    return found


def names(found: list[dict[str, str]]) -> list[str]:
    """Names of checks."""
    return [check["name"] for check in found]


def test_a_host_without_objections_is_asked_once() -> None:
    kubeadm = Kubeadm()
    assert inspect(kubeadm) == {"failed_checks": [], "warned_checks": [], "failure": ""}
    assert kubeadm.commands == [["kubeadm", "join", "phase", "preflight", "--config=/dev/stdin"]]


def test_every_group_is_asked() -> None:
    kubeadm = Kubeadm(["Swap", "Port-10250"], ["NumCPU"])
    found = inspect(kubeadm)
    assert names(found["failed_checks"]) == ["Swap", "Port-10250", "NumCPU"]
    assert found["failed_checks"][0] == {"name": "Swap", "text": "Swap is bad"}
    assert found["warned_checks"] == [], "what failed is no warning besides"
    assert len(kubeadm.commands) == 3


def test_a_check_that_fails_although_it_is_ignored_ends_the_asking() -> None:
    kubeadm = Kubeadm(["Swap"], always="Swap")
    assert names(inspect(kubeadm)["failed_checks"])[0] == "Swap"
    assert len(kubeadm.commands) <= 4


def test_an_end_without_a_name_is_reported() -> None:
    found = inspect(Kubeadm(["NumCPU"], failure="no runtime\n"))
    assert (names(found["failed_checks"]), found["failure"]) == (["NumCPU"], "no runtime")


def test_ignored_checks_are_warnings() -> None:
    found = inspect(Kubeadm(["NumCPU", "Mem"]), ignore_preflight_errors=("Mem",))
    assert (names(found["failed_checks"]), names(found["warned_checks"])) == (["NumCPU"], ["Mem"])


@pytest.mark.parametrize("word", ["all", "ALL"])
def test_with_all_of_them_ignored_kubeadm_is_not_asked(word: str) -> None:
    kubeadm = Kubeadm(["NumCPU"])
    assert inspect(kubeadm, ignore_preflight_errors=("Mem", word))["failed_checks"] == []
    assert kubeadm.commands == []


def test_other_static_pods_are_borne_as_the_join_bears_them() -> None:
    for paths, borne in ((("/etc/kubernetes/manifests/agent.yaml",), True), ((), False)):
        kubeadm = Kubeadm([MANIFESTS_CHECK])
        assert (inspect(kubeadm, *paths)["failed_checks"] == []) is borne


FULL: dict[str, t.Any] = {
    "node_name": "cp2",
    "advertise_address": "192.0.2.12",
    "bind_port": 8443,
    "cri_socket": "unix:///run/crio/crio.sock",
    "patches_directory": "/etc/kubernetes/patches",
    "taints": ({"key": "a", "effect": "NoSchedule"},),
    "kubelet_extra_args": {"node-ip": "192.0.2.12"},
    "ignore_preflight_errors": ("Mem",),
    "certificates_dir": "/etc/kubernetes/ssl",
}


@pytest.mark.parametrize("is_control_plane", [True, False])
@pytest.mark.parametrize("version", ["v1beta3", "v1beta4"])
def test_the_configuration_is_that_of_the_join(version: str, *, is_control_plane: bool) -> None:
    """But for the connection to the cluster, the images and what is secret."""
    kubeadm = Kubeadm()
    changes = {**FULL, "api_version": f"kubeadm.k8s.io/{version}", "control_plane": is_control_plane}
    inspect(kubeadm, **changes)
    (asked,) = kubeadm.asked
    real = dataclasses.replace(
        REQUEST,
        **changes,
        endpoint=Endpoint("k8s.example.org"),
        token=Token("abcdef", "0123456789abcdef"),
        certificate_key="5" * 64 if is_control_plane else None,
    )
    joined = join_configuration(real, discovery_file="/proc/1/fd/3")
    assert asked["discovery"].pop("tlsBootstrapToken") == "000000.0000000000000000"
    assert joined["discovery"].pop("tlsBootstrapToken") == "abcdef.0123456789abcdef"
    if is_control_plane:
        assert asked["controlPlane"].pop("certificateKey") == "0" * 64
        assert joined["controlPlane"].pop("certificateKey") == "5" * 64
    assert asked["nodeRegistration"].pop("imagePullPolicy") == "Never"
    assert asked == joined
    (kubeconfig,) = kubeadm.held
    assert kubeconfig["clusters"][0]["cluster"]["server"] == URL
    # kubeadm 1.37 wants to read an authority, whichever.
    authority = base64.b64decode(kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"])
    assert x509.load_pem_x509_certificate(authority).extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_an_older_configuration_is_asked_in_the_first_that_pulls_no_image() -> None:
    kubeadm = Kubeadm()
    inspect(kubeadm, api_version="kubeadm.k8s.io/v1beta2")
    assert kubeadm.asked[0]["apiVersion"] == "kubeadm.k8s.io/v1beta3"
    assert kubeadm.asked[0]["nodeRegistration"]["imagePullPolicy"] == "Never"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"api_version": "kubeadm.k8s.io/v1beta9"}, "option api_version"),
        ({"advertise_address": "cp2"}, "option advertise_address"),
        ({"api_version": "kubeadm.k8s.io/v1beta2", "patches_directory": "/p"}, "option patches_directory"),
    ],
)
def test_what_the_join_would_refuse_is_refused(changes: dict[str, t.Any], expected: str) -> None:
    with pytest.raises(InvalidInput, match=expected):
        inspect(Kubeadm(), **changes)


@pytest.mark.parametrize("wrong", [{}, {"metadata": {"name": "a"}, "data": {}}, {"metadata": CONFIG_MAP["metadata"]}])
def test_what_is_no_config_map_is_refused(wrong: dict[str, t.Any]) -> None:
    with pytest.raises(InvalidInput, match="option config_maps"):
        kubeadm_preflight.inspect(Kubeadm(), MemoryFiles({}), StandIn(), request=REQUEST, config_maps=[wrong])
