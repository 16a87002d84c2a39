# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API says of an identity: it is who it is to be, may do what it must, and is no administrator."""

from __future__ import annotations

import json
import typing as t

from ..base.errors import NotProved
from .profile import CONTROLLERS, EVERYTHING, PROFILES, Access

if t.TYPE_CHECKING:
    from ..._ports.https import Answer, Https
    from .profile import Profile

_AUTHENTICATION = "/apis/authentication.k8s.io"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_ADMINISTRATORS = "system:masters"
_OK, _CREATED, _NOT_FOUND = 200, 201, 404


class ApiProof:
    """Asks the API server with the component's new credentials."""

    def __init__(self, https: Https, profile: Profile, server: str, *, ca: bytes, pair: tuple[str, str]) -> None:
        """``ca`` is the API server's, ``pair`` has the paths of certificate and key."""
        self._https, self._profile, self._server, self._ca, self._pair = https, profile, server, ca, pair

    def prove(self) -> None:
        """Raises ``NotProved``, which says what is wrong; nothing was changed then."""
        answer = self._ask("/readyz")
        if answer.status != _OK:
            raise NotProved(
                f"{self._server}/readyz answers {answer.status or 'nothing'} to {self._profile.user} "
                f"({' '.join(answer.body.split())[:300]}), so nothing was changed: give the API server's URL in {self._profile.role}_server, "
                "and see that it runs and trusts the CA."
            )
        self._prove_identity()
        for access in self._profile.needs:
            if not self._is_allowed(access):
                raise NotProved(
                    f"{self._profile.user} may not {access}, so nothing was changed: restore the clusterrolebinding {self._profile.user}, "
                    "which the API server makes when it starts (kubectl get clusterrolebinding)."
                )
        if self._is_allowed(EVERYTHING):
            raise NotProved(
                f"{self._profile.user} may do everything, so nothing was changed: take it out of the clusterrolebindings of cluster-admin, its "
                "own roles suffice."
            )
        if self._profile.is_manager:
            self._prove_controllers()

    def _prove_identity(self) -> None:
        """Where the API server can say it: since 1.27."""
        for version in ("v1", "v1beta1"):
            path = f"{_AUTHENTICATION}/{version}/selfsubjectreviews"
            answer = self._ask(path, {"apiVersion": f"authentication.k8s.io/{version}", "kind": "SelfSubjectReview"})
            if answer.status != _NOT_FOUND:
                user = _document(answer).get("status", {}).get("userInfo", {})
                groups = user.get("groups") or []
                if user.get("username") != self._profile.user or _ADMINISTRATORS in groups:
                    raise NotProved(
                        f"{self._server} takes the new certificate for {user.get('username')!r} with the groups {', '.join(groups)}, and not for "
                        f"{self._profile.user}, so nothing was changed: does the server belong to this cluster?"
                    )
                return

    def _prove_controllers(self) -> None:
        roles = {f"system:controller:{name}" for name in CONTROLLERS}
        missing = [f"clusterrole {name}" for name in sorted(roles - self._names("clusterroles"))]
        bound = {*roles, *(profile.user for profile in PROFILES.values())}
        missing += [f"clusterrolebinding {name}" for name in sorted(bound - self._names("clusterrolebindings"))]
        if missing:
            raise NotProved(
                f"The cluster lacks {', '.join(missing)}, without which controllers have no rights of their own, so nothing was changed: start "
                "an API server anew, which makes them."
            )

    def _names(self, resource: str) -> set[str]:
        answer = self._ask(f"{_RBAC}/{resource}")
        return {str(item["metadata"]["name"]) for item in _document(answer).get("items") or ()}

    def _is_allowed(self, access: Access) -> bool:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": access.as_review()},
        }
        answer = self._ask(_REVIEW, body)
        if answer.status not in (_OK, _CREATED):
            raise NotProved(
                f"{self._server} does not say what {self._profile.user} may do ({answer.status}: {' '.join(answer.body.split())[:300]}), so "
                "nothing was changed: restore the clusterrole system:basic-user."
            )
        return _document(answer).get("status", {}).get("allowed") is True

    def _ask(self, path: str, body: t.Mapping[str, t.Any] | None = None) -> Answer:
        return self._https.ask(f"{self._server}{path}", ca=self._ca, pair=self._pair, body=body)


def _document(answer: Answer) -> t.Mapping[str, t.Any]:
    try:
        document = json.loads(answer.body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


__all__ = ("ApiProof",)
