"""The page in a real browser, from a disk: light, dark, narrow, on paper, and under a pointer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ntp_dynamics.judging.pages.html import page
from tests.judging.pages.made import hostile, some_fail

pytest.importorskip("playwright", reason="playwright is not installed")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of two claims."""
    path = tmp_path_factory.mktemp("page") / "a.html"
    path.write_text(page(some_fail(), hostile()), encoding="utf-8")
    return path


@pytest.fixture
def opened(watched: Any, file: Path) -> Any:
    """The page; whatever it does in the console, or asks of a network, is a fault."""
    watched.visit(file.as_uri())
    return watched.page


def contrast(page: Any, selector: str) -> float:
    """Of the text of an element and what is behind it, as WCAG counts it."""
    inks = page.evaluate(
        """(selector) => {
          const element = document.querySelector(selector);
          const style = getComputedStyle(element);
          let behind = element, back;
          do { back = getComputedStyle(behind).backgroundColor; behind = behind.parentElement; }
          while (/, 0\\)$/.test(back) && behind);
          const ink = element instanceof SVGElement ? style.fill : style.color;
          return [ink, back].map((c) => c.match(/[\\d.]+/g).slice(0, 3).map(Number));
        }""",
        selector,
    )

    def light(rgb: list[float]) -> float:
        parts = [c / 255 for c in rgb]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted(map(light, inks))
    return (high + 0.05) / (low + 0.05)


def test_light_and_dark_narrow_and_wide_are_readable_and_fit(opened: Any) -> None:
    texts = [".sentence", "dt", "figcaption", "td.name", ".fails td", "footer", "pre code"]
    for scheme in ("light", "dark"):
        opened.emulate_media(color_scheme=scheme)
        for width, shown, hidden in ((1280, ".wide", ".narrow"), (390, ".narrow", ".wide")):
            opened.set_viewport_size({"width": width, "height": 800})
            assert opened.evaluate("document.documentElement.scrollWidth") == width
            assert opened.locator(f"{shown} svg").first.is_visible()
            assert not opened.locator(f"{hidden} svg").first.is_visible()
            for selector in (*texts, f"{shown} svg text"):
                assert contrast(opened, selector) > 4.5, (scheme, width, selector)


def test_no_part_of_the_figure_stays_white_in_the_dark(opened: Any) -> None:
    white = "getComputedStyle(x).fill === 'rgb(255, 255, 255)'"
    count = f"[...document.querySelectorAll('svg *')].filter(x => {white}).length"
    assert opened.evaluate(count) > 0
    opened.emulate_media(color_scheme="dark")
    assert opened.evaluate(count) == 0


def test_the_pointer_reads_values_and_leaves_nothing_behind(opened: Any) -> None:
    drawing = opened.locator(".wide svg").first
    box = drawing.bounding_box()
    reading = opened.locator(".reading").first
    opened.mouse.move(box["x"] + 0.97 * box["width"], box["y"] + 0.3 * box["height"])
    said = reading.inner_text()
    assert said.startswith("step ")
    assert "over 20 runs" in said
    assert "seed_11: " in said
    assert opened.locator(".cursor").count() == 1
    opened.mouse.move(2, 2)
    assert reading.inner_text().strip() == ""
    assert opened.locator(".cursor").count() == 0


def test_curves_and_json_are_saved_from_the_page(opened: Any) -> None:
    with opened.expect_download() as saved:
        opened.get_by_text("the judgement as JSON").first.click()
    record = json.loads(Path(saved.value.path()).read_text(encoding="utf-8"))
    assert record["format"] == "ntp-judgement"
    assert record["answer"] == "contradicted"
    with opened.expect_download() as saved:
        opened.get_by_text("the curves as CSV").first.click()
    assert saved.value.suggested_filename == "curve-1.csv"
    assert Path(saved.value.path()).read_text().startswith("step,seed_0,")


def test_on_paper_every_run_is_listed(opened: Any) -> None:
    opened.emulate_media(media="print", color_scheme="dark")
    last = opened.locator("article").first.locator("tbody tr").last
    table = opened.locator("article").first.locator(".scroll")
    box, row = table.bounding_box(), last.bounding_box()
    assert row["y"] + row["height"] <= box["y"] + box["height"] + 1
    assert contrast(opened, ".sentence") > 7
