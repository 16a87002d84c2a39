# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks repositories and registries over HTTP, by the standard library, with the proxies of this process's environment."""

from __future__ import annotations

import concurrent.futures
import http.client
import ssl
import typing as t
import urllib.error
import urllib.request

from ..._domain.node.origins import Answer, Wanted, kubeadm_versions

_SECONDS = 5.0
_LARGEST_INDEX = 8 << 20


def ask(wanted: t.Sequence[Wanted]) -> dict[str, Answer]:
    """What each answered, by its URL; all are asked at the same time."""
    if not wanted:
        return {}
    with concurrent.futures.ThreadPoolExecutor(len(wanted)) as pool:
        return dict(zip((item.url for item in wanted), pool.map(_ask, wanted)))


def _ask(wanted: Wanted) -> Answer:
    """An index may be there in compressed form alone: then what apt reads first is asked for."""
    answer = _answer(wanted)
    directory, _slash, name = wanted.url.rpartition("/")
    for other in ("InRelease", "Release") if name == "Packages" else ():
        if answer.status not in (0, http.client.OK):
            found = _answer(Wanted(f"{directory}/{other}", wanted.ca))
            answer = found if found.status == http.client.OK else answer
    return answer


def _answer(wanted: Wanted) -> Answer:
    try:
        context = ssl.create_default_context(cadata=wanted.ca or None)
        # Authorities without the extensions that Python 3.13 asks for are good ones for containerd and apt.
        context.verify_flags &= ~getattr(ssl, "VERIFY_X509_STRICT", 0)
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context))
        with opener.open(wanted.url, timeout=_SECONDS) as answer:
            body = answer.read(_LARGEST_INDEX) if wanted.url.endswith("/Packages") else b""
            return Answer(answer.status, versions=kubeadm_versions(body.decode("utf-8", "replace")))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code)
    except urllib.error.URLError as error:
        return Answer(0, str(error.reason))
    except (OSError, ValueError, http.client.HTTPException) as error:
        return Answer(0, str(error) or type(error).__name__)


__all__ = ("ask",)
