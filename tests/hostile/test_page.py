"""Pages made of hostile result files, opened in a browser under a policy that reports."""

from __future__ import annotations

import json
import random
import re
import threading
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.browser import Visit
from tests.hostile.generators import results as hostile_results
from tests.hostile.generators.texts import PAGE, any_text
from tests.show.sweeps import record
from thinkcap.cli import run
from thinkcap.runs.intervals import Share
from thinkcap.show.curve.curve import Curve, Point
from thinkcap.show.curve.page.html import page

pytestmark = pytest.mark.browser
POLICY = (
    "default-src 'none'; script-src '{script}'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "report-uri /report"
)
"""It lets the page's own script run, and reports every other and whatever asks for something."""


@dataclass
class Site:
    """A site that serves one page, and keeps what browsers report of it and ask for beside it."""

    url: str = ""
    page: bytes = b""
    script: str = "none"
    reports: list[dict[str, Any]] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


@pytest.fixture
def site() -> Iterator[Site]:
    found = Site()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/favicon.ico":  # the browser's own idea
                self.send_error(404)
                return
            found.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY.replace("{script}", found.script))
            self.end_headers()
            self.wfile.write(found.page)

        def do_POST(self) -> None:
            found.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    found.url = f"http://127.0.0.1:{server.server_port}/"
    yield found
    server.shutdown()
    server.server_close()


def draw(site: Site, found: list[dict[str, Any]], folder: Path) -> None:
    """Makes the site's page of results, by `report`, and lets its script run."""
    file = hostile_results.write(found, folder / "results.jsonl")
    assert run(["report", str(file), "--plot", str(folder / "curve.html")]) == 0
    site.page = (folder / "curve.html").read_bytes()
    script = site.page.rpartition(b"<script>")[2].partition(b"</script>")[0]
    site.script = f"sha256-{b64encode(sha256(script).digest()).decode()}"


def test_the_site_reports_what_a_page_must_not_do(site: Site, browser: Any) -> None:
    site.page = b"<!doctype html><title>p</title><img src=x onerror=\"document.title='taken'\"><p>text"
    browser.get(site.url)
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert {report["csp-report"]["effective-directive"] for report in site.reports} >= {"img-src"}


@pytest.mark.parametrize("seed", range(4))
def test_hostile_results_do_nothing_in_a_browser(visit: Visit, site: Site, tmp_path: Path, seed: int) -> None:
    draw(site, hostile_results.results(random.Random(seed), any_text), tmp_path)
    browser = visit(site.url)
    for selector in ("#problems button", ".mark", "#legend button", "#filters button", "#result .chips button"):
        browser.execute_script(
            f"for (const each of document.querySelectorAll('{selector}')) each.dispatchEvent(new MouseEvent('click'))"
        )
    browser.execute_async_script("setTimeout(arguments[0], 200)")
    assert site.reports == []
    assert site.asked == ["/"]
    assert browser.title == "How much thinking is enough?"
    assert browser.find_elements("css selector", "img, iframe, base, body style") == []
    assert len(browser.find_elements("css selector", "script")) == 2


def test_every_kind_of_markup_is_shown_as_text(visit: Visit, site: Site, tmp_path: Path) -> None:
    text = "".join(kind for name, kind in PAGE.items() if name != "surrogate")
    texts = dict.fromkeys(("thinking", "solution", "answer", "model"), text)
    draw(site, [record(text, budget, True, **texts) for budget in (0, 64)], tmp_path)
    browser = visit(site.url)
    assert "<img src=x" in browser.find_element("css selector", "#result").text
    assert "</script><script>" in browser.find_element("css selector", "#legend").text
    assert site.reports == []


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), 1e308])
@pytest.mark.parametrize("field", ["correct", "injected_tokens", "sample"])
def test_numbers_that_make_no_sense_are_refused_or_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], field: str, odd: float
) -> None:
    found = [record(f"p{number}", budget) for budget in (0, 64, None) for number in range(3)]
    found[0][field] = odd
    file = hostile_results.write(found, tmp_path / "results.jsonl")
    if run(["report", str(file), "--plot", str(tmp_path / "curve.html")]):
        assert field in capsys.readouterr().err
    else:
        assert_is_json((tmp_path / "curve.html").read_text("utf-8"))


def test_a_page_never_holds_a_number_that_json_does_not_have() -> None:
    nowhere = Share(float("nan"), float("nan"), float("inf"))
    text = page([Curve("any", (Point("64", 64, 1.0, nowhere), Point("128", 128, 2.0, nowhere)))])
    assert_is_json(text)


def assert_is_json(text: str) -> None:
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert data
    json.loads(data[1], parse_constant=pytest.fail)
