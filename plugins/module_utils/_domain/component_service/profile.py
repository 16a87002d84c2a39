# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Kubernetes makes of the two components: who they are, where they listen, what their identity may do."""

from __future__ import annotations

import dataclasses
import typing as t

MANAGER = "kube-controller-manager"
SCHEDULER = "kube-scheduler"

_COORDINATION = "coordination.k8s.io"
_NAMESPACE = "kube-system"


@dataclasses.dataclass(frozen=True)
class Access:
    """A request that somebody may make or not.

    Attributes:
        verb: of the API.
        resource: with its subresource behind a slash.
        group: of the API; empty is the core.
        namespace: empty is all of them.
        name: empty is any.
    """

    verb: str
    resource: str
    group: str = ""
    namespace: str = ""
    name: str = ""

    def as_review(self) -> dict[str, str]:
        """``resourceAttributes`` of a SelfSubjectAccessReview."""
        resource, _slash, subresource = self.resource.partition("/")
        fields = {"verb": self.verb, "group": self.group, "resource": resource, "subresource": subresource}
        fields.update(namespace=self.namespace, name=self.name)
        return {name: value for name, value in fields.items() if value}

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}{where}"


#: Nobody but an administrator may do this.
EVERYTHING = Access("*", "*", "*")

_DELEGATED = (
    Access("create", "tokenreviews", "authentication.k8s.io"),
    Access("create", "subjectaccessreviews", "authorization.k8s.io"),
    Access("get", "configmaps", namespace=_NAMESPACE, name="extension-apiserver-authentication"),
)


@dataclasses.dataclass(frozen=True)
class Profile:
    """One of the components.

    Attributes:
        component: its name, which is that of its program and its Lease, too.
        secure_port: where it listens by default.
        insecure_port: where it listened without TLS by default, before 1.23.
        access: what its identity must be allowed, beside what is the same for both.
    """

    component: str
    secure_port: int
    insecure_port: int
    access: tuple[Access, ...]

    @property
    def user(self) -> str:
        """Its identity. Kubernetes binds its roles to the user, so that the certificate needs no group."""
        return f"system:{self.component}"

    @property
    def role(self) -> str:
        """The Ansible role."""
        return self.component.replace("-", "_")

    @property
    def is_manager(self) -> bool:
        """Whether it runs controllers, each of which has a service account of its own."""
        return self.component == MANAGER

    @property
    def needs(self) -> tuple[Access, ...]:
        """What its identity must be allowed."""
        lease = Access("update", "leases", _COORDINATION, _NAMESPACE, self.component)
        return (Access("create", "leases", _COORDINATION, _NAMESPACE), lease, *_DELEGATED, *self.access)


PROFILES: t.Mapping[str, Profile] = {
    MANAGER: Profile(
        MANAGER,
        secure_port=10257,
        insecure_port=10252,
        access=(Access("create", "serviceaccounts/token", namespace=_NAMESPACE), Access("list", "*", "*")),
    ),
    SCHEDULER: Profile(
        SCHEDULER,
        secure_port=10259,
        insecure_port=10251,
        access=(Access("list", "nodes"), Access("list", "pods"), Access("create", "pods/binding")),
    ),
}

#: Controllers that every release has which this collection knows, by the ends of their clusterroles' names.
CONTROLLERS = (
    "attachdetach-controller",
    "certificate-controller",
    "clusterrole-aggregation-controller",
    "cronjob-controller",
    "daemon-set-controller",
    "deployment-controller",
    "disruption-controller",
    "endpoint-controller",
    "expand-controller",
    "generic-garbage-collector",
    "horizontal-pod-autoscaler",
    "job-controller",
    "namespace-controller",
    "node-controller",
    "persistent-volume-binder",
    "pod-garbage-collector",
    "pv-protection-controller",
    "pvc-protection-controller",
    "replicaset-controller",
    "replication-controller",
    "resourcequota-controller",
    "service-account-controller",
    "service-controller",
    "statefulset-controller",
    "ttl-controller",
)

__all__ = ("CONTROLLERS", "EVERYTHING", "MANAGER", "PROFILES", "SCHEDULER", "Access", "Profile")
