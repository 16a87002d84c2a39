# Copyright (c) 2026, kubeadm.ha contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of the audit in a real Chromium: it renders, nothing is fetched, and nothing of a cluster becomes markup."""

from __future__ import annotations

import collections
import http.server
import threading
import typing as t
from html.parser import HTMLParser

import pytest

from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit import render_html, render_json, render_run_html
from ansible_collections.kubeadm.ha.plugins.module_utils._domain.audit.run_record import RunRecord, StepTime
from tests.tools.chromium import Chromium
from tests.unit.plugins.module_utils._domain.audit.faults import FAULTS
from tests.unit.plugins.module_utils._domain.audit.test_rendering import CREATED, hostile, many
from tests.unit.plugins.module_utils._domain.audit.values import audit_of, healthy

if t.TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The border on top of the page for an outage, light and dark; see the style of the page.
LOST_LIGHT, LOST_DARK = (0xB3, 0x26, 0x1E), (0xFF, 0x8A, 0x80)


class Server:
    """Serves one page on loopback, and knows who asked for what."""

    def __init__(self) -> None:
        self.page = ""
        self.asked: list[str] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                content = outer.page.encode("utf-8", "replace")
                self.send_response(200 if self.path == "/" else 404)
                self.send_header("Content-Type", "text/html; charset=utf-8")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_arguments: object) -> None:
                """Nothing."""

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def url(self) -> str:
        """Of the page."""
        return f"http://127.0.0.1:{self.http.server_address[1]}/"

    def serve(self, page: str) -> str:
        """Serve this page now; its URL."""
        self.page = page
        self.asked.clear()
        return self.url


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A running server."""
    made = Server()
    thread = threading.Thread(target=made.http.serve_forever, daemon=True)
    thread.start()
    yield made
    made.http.shutdown()
    made.http.server_close()
    thread.join()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Chromium:
    """The browser."""
    return Chromium.installed(tmp_path_factory.mktemp("chromium"))


class Elements(HTMLParser):
    """Counts elements of a document."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.count: collections.Counter[str] = collections.Counter()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Count one."""
        self.count[tag] += 1


def page(created: str = CREATED) -> str:
    """The page of a cluster with many faults."""
    return render_html.page(many(), created=created)


def test_nothing_is_fetched(chromium: Chromium, server: Server) -> None:
    url = server.serve(page())
    assert chromium.requested(url) == [url]
    assert server.asked == ["/"]


def test_from_a_file_nothing_is_fetched_either(chromium: Chromium, tmp_path: Path) -> None:
    target = tmp_path / "report.html"
    target.write_text(page(), encoding="utf-8")
    assert [url for url in chromium.requested(target.as_uri()) if not url.startswith("file:")] == []


def test_the_log_of_the_network_would_show_it_and_the_policy_would_stop_it(chromium: Chromium, server: Server) -> None:
    """The same page with an image: its policy keeps it from being fetched, without the policy it is."""
    with_image = page().replace("</main>", '<img src="/beacon"><script src="/run"></script></main>')
    url = server.serve(with_image)
    assert chromium.requested(url) == [url]
    url = server.serve(with_image.replace("Content-Security-Policy", "x-nothing"))
    assert set(chromium.requested(url)) >= {url, f"{url}beacon", f"{url}run"}
    assert {"/beacon", "/run"} <= set(server.asked)


@pytest.mark.parametrize(
    "attack", ["<script>document.title='owned'</script>", '"><img src=x onerror="document.title=\'owned\'">']
)
def test_what_a_cluster_names_stays_text(chromium: Chromium, server: Server, attack: str) -> None:
    found, plan = hostile(attack)
    dom = chromium.dom(server.serve(render_html.page(found, created=CREATED, plan=plan)))
    calm, calm_plan = hostile("harmless")
    expected = chromium.dom(server.serve(render_html.page(calm, created=CREATED, plan=calm_plan)))
    assert Elements(dom).count == Elements(expected).count
    assert "owned</title>" not in dom


def run_page(attack: str) -> str:
    """The report of a run on a cluster whose every text that an outsider may choose is an attack."""
    found, plan = hostile(attack)
    audited = render_json.document(found, created=0.0, plan=plan)
    made = RunRecord(
        began=1.0,
        entries=plan.entries,
        before=audited,
        after={**audited, "findings": audited["findings"][:1]},
        ended=3.0,
        steps=(StepTime(attack, attack, 1.0, 2.0),),
    )
    return render_run_html.page(made, playbook="kubeadm.ha.site")


def test_the_report_of_a_run_fetches_nothing_and_what_hosts_name_stays_text(chromium: Chromium, server: Server) -> None:
    url = server.serve(run_page("<script>document.title='owned'</script><img src=/beacon>"))
    assert chromium.requested(url) == [url]
    dom = chromium.dom(url)
    expected = chromium.dom(server.serve(run_page("harmless")))
    assert Elements(dom).count == Elements(expected).count
    assert "owned</title>" not in dom


@pytest.mark.parametrize("dark", [False, True])
def test_the_report_of_a_run_renders_light_and_dark(chromium: Chromium, server: Server, *, dark: bool) -> None:
    picture = chromium.screenshot(server.serve(run_page("harmless")), dark=dark)
    assert (picture.width, picture.height, picture.first) == (1280, 1400, LOST_DARK if dark else LOST_LIGHT)
    assert picture.different_lines > 200, "there is hardly anything on it"


@pytest.mark.parametrize(("dark", "border"), [(False, LOST_LIGHT), (True, LOST_DARK)])
def test_it_renders_light_and_dark(
    chromium: Chromium, server: Server, border: tuple[int, int, int], *, dark: bool
) -> None:
    picture = chromium.screenshot(server.serve(page()), dark=dark)
    assert (picture.width, picture.height, picture.first) == (1280, 1400, border)
    assert picture.different_lines > 200, "there is hardly anything on it"


def test_the_first_screen_says_which_losses_are_borne(chromium: Chromium, server: Server) -> None:
    """On paper as on the screen, in the order of reading: the sentence, each part, what to do first."""
    arguments = healthy()
    FAULTS["one load balancer"][0](arguments)
    found = audit_of(arguments)
    text = " ".join(chromium.printed(server.serve(render_html.page(found, created=CREATED))).split())
    places = [
        text.index(words)
        for words in (found.sentence, "If this is lost", "leads to lb1 alone", "What to do first", "Findings")
    ]
    assert places == sorted(places)
    assert all(part.name in text for part in found.parts)


def test_paper_shows_what_is_folded_on_the_screen(chromium: Chromium, server: Server) -> None:
    found = many()
    text = " ".join(chromium.printed(server.serve(page())).split())
    for item in found.findings:
        assert " ".join(item.summary.split()) in text.replace("- ", "-"), item.summary


#: What a keyboard can reach, in the order of the document; what is folded is not shown.
REACHABLE = "[...document.querySelectorAll('a[href], summary, [tabindex=\"0\"]')].filter(one => one.checkVisibility())"
#: What has the focus: its place among these, whether it is seen to have it, and whether it is where the page can be scrolled to.
FOCUSED = f"""(() => {{
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {{
        place: {REACHABLE}.indexOf(one), text: one.textContent, is_marked: style.outlineStyle === "solid" && style.outlineWidth === "3px",
        is_within: box.width > 0 && box.left >= 0 && box.right <= innerWidth && box.top + scrollY >= 0,
    }};
}})()"""


def test_the_first_key_leads_past_the_head_of_the_page(chromium: Chromium, server: Server) -> None:
    with chromium.at_keyboard(server.serve(page())) as keyboard:
        hidden = keyboard.evaluate("document.querySelector('.skip').getBoundingClientRect().right")
        assert hidden < 0
        keyboard.press("Tab")
        focused = keyboard.evaluate(FOCUSED)
        assert focused == {
            "place": 0,
            "text": "Skip to what is lost with each part",
            "is_marked": True,
            "is_within": True,
        }
        keyboard.press("Enter")
        assert keyboard.evaluate("location.hash") == "#main"
        keyboard.press("Tab")
        assert keyboard.evaluate("document.querySelector('main').contains(document.activeElement)") is True


def test_a_keyboard_reaches_everything_in_its_order_and_shows_where_it_is(chromium: Chromium, server: Server) -> None:
    with chromium.at_keyboard(server.serve(page())) as keyboard:
        count = keyboard.evaluate(f"{REACHABLE}.length")
        assert count > 20
        seen = []
        for _press in range(count):
            keyboard.press("Tab")
            seen.append(keyboard.evaluate(FOCUSED))
        assert [one["place"] for one in seen] == list(range(count))
        assert [one["text"] for one in seen if not one["is_marked"] or not one["is_within"]] == []
        # The page keeps nobody: after its last place the focus leaves it.
        keyboard.press("Tab")
        assert keyboard.evaluate(FOCUSED)["place"] in (-1, 0)


def test_a_keyboard_opens_what_is_folded(chromium: Chromium, server: Server) -> None:
    with chromium.at_keyboard(server.serve(page())) as keyboard:
        closed = "document.querySelectorAll('details:not([open])').length"
        before = keyboard.evaluate(closed)
        assert before > 0
        keyboard.evaluate("document.querySelector('details:not([open]) > summary').focus()")
        keyboard.press("Enter")
        assert keyboard.evaluate(closed) == before - 1
