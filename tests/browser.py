"""Headless Chromium, for what has to be seen to be tested."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

Visit = Callable[..., Any]


class NoChromiumError(Exception):
    """There is none that could be used, and why."""


def start(profile: Path) -> Any:
    """A driver of a new Chromium that says nothing to the network. `profile` is an empty folder for its own files.

    Raises NoChromiumError.
    """
    from selenium import webdriver
    from selenium.common.exceptions import WebDriverException

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    driver = shutil.which("chromedriver")
    if chromium is None or driver is None:
        raise NoChromiumError("needs Chromium and chromedriver: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for argument in (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-first-run",
        "--window-size=1400,900",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(argument)
    try:
        return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    except WebDriverException as error:  # another release's driver, or a Chromium that may not see the folder
        raise NoChromiumError(f"Chromium does not start: {error.msg}") from None


def show(
    browser: Any, page: Path | str, scheme: str = "light", width: int = 1400, height: int = 900, scale: float = 1
) -> Any:
    """Opens a file or an address in a window of a size in CSS pixels, `light` or `dark`."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    size = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page if isinstance(page, str) else page.as_uri())
    return browser


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Headless Chromium. Without one its tests are skipped, which is reported; if they were asked for, they fail."""
    try:
        found = start(tmp_path_factory.mktemp("chromium"))
    except NoChromiumError as error:
        if "browser" in request.config.getoption("markexpr"):
            pytest.fail(str(error))
        pytest.skip(str(error))
    yield found
    found.quit()


@pytest.fixture
def visit(browser: Any) -> Iterator[Visit]:
    """Opens a file or an address, and finds no complaint in the console when the test is over."""
    browser.get("about:blank")
    browser.get_log("browser")
    yield lambda page, **how: show(browser, page, **how)
    assert browser.get_log("browser") == []
