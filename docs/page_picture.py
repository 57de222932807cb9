"""Takes the README's pictures of the page: a real run on a real server, in Chromium, light and dark.

Run it from a checkout: `python -m docs.page_picture`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.browser import show, start

HERE = Path(__file__).parent
WIDTH = 1160


@contextmanager
def server() -> Iterator[str]:
    """`thinkcap serve` with the built-in model. Yields its address."""
    command = [sys.executable, "-m", "thinkcap", "serve", "--model", "abacus", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = process.stderr.readline()
        found = re.search(r"http://\S+:\d+", said)
        if found is None:
            raise SystemExit(said)
        try:
            yield found[0]
        finally:
            process.terminate()


def take(browser: Any, address: str, scheme: str) -> None:
    """One picture: every budget of the first example, with the cut at 64 tokens chosen."""
    from selenium.webdriver.support.wait import WebDriverWait

    def one(selector: str) -> Any:
        return browser.find_element("css selector", selector)

    show(browser, address, scheme, WIDTH, 900, scale=1.5)
    wait = WebDriverWait(browser, 30)
    wait.until(lambda _: one("#model").text)
    one("#sweep").click()
    wait.until(lambda _: one("#copies").is_displayed())
    one("#forks li:nth-child(5) button").click()
    browser.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": 1, "y": 1})
    browser.execute_script(
        "document.activeElement.blur(); document.body.style.paddingBottom = '1.5rem'; scrollTo(0, 0)"
    )
    height = browser.execute_script("return document.body.scrollHeight")
    clip = {"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1}
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    (HERE / f"page-{scheme}.png").write_bytes(b64decode(shot["data"]))


def main() -> None:
    with TemporaryDirectory() as profile, server() as address:
        browser = start(Path(profile))
        try:
            for scheme in ("light", "dark"):
                take(browser, address, scheme)
        finally:
            browser.quit()


if __name__ == "__main__":
    main()
