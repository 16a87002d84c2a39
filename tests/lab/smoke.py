# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The smoke application: something that runs in the cluster and answers behind a Service."""

from __future__ import annotations

from tests.lab.images import SMOKE
from tests.lab.kubeadm import yaml_documents


def manifests(workers: int) -> str:
    """The smoke application: a Deployment spread over the workers, and its Service with a ClusterIP."""
    labels = {"app": "smoke"}
    names = {"POD_NAME": "metadata.name", "NODE_NAME": "spec.nodeName"}
    container = {
        "name": "smoke",
        "image": SMOKE,
        "imagePullPolicy": "IfNotPresent",
        "env": [{"name": name, "valueFrom": {"fieldRef": {"fieldPath": path}}} for name, path in names.items()],
        "ports": [{"containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 2},
    }
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "DoNotSchedule",
        # Control planes are no place for a pod, so a single worker may have them all.
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": labels},
    }
    pod: dict[str, object] = {"containers": [container], "topologySpreadConstraints": [spread]}
    if not workers:
        pod["tolerations"] = [{"key": "node-role.kubernetes.io/control-plane", "operator": "Exists"}]
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "smoke"},
        "spec": {
            "replicas": max(2, workers),
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "smoke"},
        "spec": {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    return yaml_documents([deployment, service])
