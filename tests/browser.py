"""A real browser for the tests of pages, one a session."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium, headless.  Skips where it, or playwright, is not installed."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    with playwright.sync_playwright() as p:
        running = p.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield running
        running.close()


@dataclass
class Watched:
    """A page, and everything it did that it should not have done."""

    page: Any
    faults: list[str]

    def visit(self, url: str) -> None:
        self.page.goto(url)


@pytest.fixture
def watched(browser: Any) -> Iterator[Watched]:
    """A page of a fresh profile; the test fails on an error in its console, a dialog, or a request
    off the loopback."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page, faults = context.new_page(), []
    page.set_default_timeout(15_000)
    page.on("console", lambda m: faults.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
    local = ("http://127.0.0.1:", "data:", "blob:", "file://")
    page.on("request", lambda r: None if r.url.startswith(local) else faults.append(r.url))
    yield Watched(page, faults)
    context.close()
    assert faults == []
