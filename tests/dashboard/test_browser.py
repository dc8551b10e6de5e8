"""The pages in a real browser: what they show, what a hand on mouse or keyboard does to them."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ntp_dynamics import cli
from ntp_dynamics.dashboard.index import scan

pytest.importorskip("playwright", reason="playwright is not installed")


@pytest.fixture(scope="module")
def served(records: Path, dashboard: Callable[[Path], str]) -> str:
    return dashboard(records)


@pytest.fixture(scope="module")
def ids(records: Path) -> dict[str, str]:
    return {job.place: job.id for job in scan(records).jobs.values()}


NUMBERS = (
    "[...document.querySelectorAll('[data-panel=attention-map] svg text')]"
    ".map(t => t.textContent).join('|')"
)


def masses(page: Any) -> list[str]:
    """The numbers in the cells of the attention map."""
    return page.locator("[data-panel=attention-map] svg text").all_text_contents()


def until(page: Any, expression: str) -> None:
    """Wait for an expression to be true.  The page's own policy forbids it to evaluate strings."""
    for _ in range(300):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"never true: {expression}")


def job_page(served: str, watched: Any, job: str) -> Any:
    """The page of a job, drawn."""
    page = watched.page
    page.goto(f"{served}/job/{job}")
    page.wait_for_selector("[data-panel='attention/norm_kq'] .main-svg")
    page.wait_for_selector("[data-panel=attention-map] svg")
    return page


def test_from_the_folders_to_a_sweep_to_a_job_by_its_phase_diagram(
    served: str, watched: Any, ids: dict[str, str]
) -> None:
    page = watched.page
    page.goto(served)
    page.get_by_role("link", name="sweep", exact=True).click()
    page.wait_for_url(re.compile("/sweep/"))
    until(page, "document.querySelectorAll('table.jobs tbody tr').length === 4")
    page.select_option("select[aria-label=across]", "seed")
    page.wait_for_url(re.compile("x=seed"))
    cell = page.locator(f"svg.phase a[data-job='{ids['sweep/3']}'][aria-label^='seed=']")
    assert "optimizer=gd" in cell.get_attribute("aria-label")
    cell.focus()
    page.evaluate("ntp.ask({ colour: 'kq.norm' })")
    page.locator("svg.phase[aria-label$='kq.norm']").wait_for()
    assert page.evaluate("document.activeElement.dataset.job") == ids["sweep/3"]  # drawn anew
    page.keyboard.press("Enter")
    page.wait_for_selector(".headline")
    assert page.url.endswith(f"/job/{ids['sweep/3']}")
    assert page.locator("h1").inner_text().startswith("sweep/3")
    page.go_back()
    page.wait_for_selector("svg.phase")


def test_a_filter_narrows_everything_and_is_in_the_address(
    records: Path, served: str, watched: Any
) -> None:
    page = watched.page
    folder = next(f for f in scan(records).folders.values() if f.name == "sweep")
    page.goto(f"{served}/sweep/{folder.id}")
    page.fill("#filter", "optimizer=gd")
    until(page, "document.querySelectorAll('table.jobs tbody tr').length === 2")
    until(page, "document.querySelector('#matched').innerText === '2 of 4 jobs'")
    until(page, "document.querySelectorAll('svg.phase a.cell').length === 2")
    page.locator("button.term", has_text=re.compile("^1$")).click()
    until(page, "document.querySelectorAll('table.jobs tbody tr').length === 1")
    page.reload()
    until(page, "document.querySelectorAll('table.jobs tbody tr').length === 1")
    assert page.locator("#filter").input_value() == "optimizer=gd seed=1"
    page.fill("#filter", "")
    until(page, "document.querySelectorAll('table.jobs tbody tr').length === 4")
    page.locator("[data-sort='attention.direction_gap_kq']").click()
    page.wait_for_selector("th[aria-sort=ascending]")
    page.locator("[data-fold=lines] summary").click()
    page.wait_for_selector("[data-panel=parallel] path")
    page.locator("[data-fold=groups] summary").click()
    page.get_by_label("a line for each").select_option("optimizer")
    page.wait_for_selector(".comparison [data-panel=log_excess_loss] .main-svg")
    assert (
        page.locator(".comparison .lines li")
        .all_inner_texts()[0]
        .strip()
        .startswith("optimizer=ngd")
    )


def test_one_slider_drives_every_panel_by_mouse_and_keyboard(
    served: str, watched: Any, ids: dict[str, str]
) -> None:
    page = job_page(served, watched, ids["sweep/0"])
    gap = page.locator("[data-panel='attention/direction_gap_kq']")
    end, late = gap.locator(".reading").inner_text(), masses(page)
    slider = page.locator("input.steps")
    box = slider.bounding_box()
    page.mouse.click(box["x"] + 0.62 * box["width"], box["y"] + box["height"] / 2)
    step = int(re.search(r"attention · step ([\d,]+)", page.locator(".where").inner_text())[1])
    assert 0 < step < 120
    assert gap.locator(".reading").inner_text() != end
    assert masses(page) != late
    middle = gap.locator(".cursor").bounding_box()["x"]
    slider.focus()
    page.keyboard.press("ArrowRight")
    assert gap.locator(".cursor").bounding_box()["x"] > middle
    page.keyboard.press("End")
    assert gap.locator(".reading").inner_text() == end
    page.locator("h1").click()
    page.keyboard.press("Home")
    assert "feed-forward · step 0" in page.locator(".where").inner_text()
    assert gap.locator(".reading").inner_text() == "not yet reached"
    page.keyboard.press("Space")
    until(page, "Number(document.querySelector('input.steps').value) > 3")
    page.keyboard.press("Space")
    place = page.locator(".where").inner_text()
    page.reload()
    page.wait_for_selector(".headline")
    assert page.locator(".where").inner_text() == place


def test_scales_claims_runs_and_themes_change_what_is_seen(
    served: str, watched: Any, ids: dict[str, str]
) -> None:
    page = job_page(served, watched, ids["sweep/0"])
    kind = "document.querySelector('[data-panel=\"attention/norm_kq\"] .plot').layout.xaxis.type"
    assert page.evaluate(kind) == "log"
    page.select_option("select[aria-label='scale of the curves']", "linear")
    until(page, f"{kind} === 'linear'")
    assert "scale=linear" in page.url
    page.locator("[data-claim='kq.norm (text)']").click()
    told = page.locator(".evidence")
    assert "Theorem 1" in told.locator(".source").inner_text()
    told.locator(".main-svg").first.wait_for()
    assert "claim=kq.norm" in page.url
    before = masses(page)
    page.select_option("select[aria-label=run]", "1")
    page.wait_for_url(re.compile("run=1"))
    until(page, f"ntp.shown.view.run === 1 && {NUMBERS} !== {json.dumps('|'.join(before))}")
    theme = page.evaluate("document.documentElement.dataset.theme")
    page.locator("#theme").click()
    until(page, f"document.documentElement.dataset.theme !== '{theme}'")
    page.locator("summary", has_text="more curves").click()
    page.locator(".pickers label", has_text=re.compile(r"accuracy attention")).last.click()
    page.wait_for_selector("[data-panel='attention/accuracy'] .main-svg")
    with page.expect_download() as saved:
        page.get_by_role("button", name="save attention map as SVG").click()
    assert Path(saved.value.path()).read_text().startswith("<svg")
    with page.expect_download() as saved:
        page.get_by_role("button", name="save norm ‖W_kq‖ as PNG").last.click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")


def test_what_is_observed_beyond_hypotheses_is_an_outline_with_its_words_and_plot(
    served: str, watched: Any, ids: dict[str, str]
) -> None:
    page = watched.page
    page.goto(served)
    page.get_by_role("link", name="sweep", exact=True).click()
    until(page, "document.querySelectorAll('table.jobs tbody tr').length === 4")
    cell = page.locator("td.claim .badge[title^='not covered: not kept; observed: bound broken']")
    assert cell.first.inner_text() == "n"
    assert "dashed" in cell.first.get_attribute("style")
    page.goto(f"{served}/job/{ids['sweep/3']}?claim=kq.norm (text)")
    page.locator(".evidence .main-svg").first.wait_for()
    assert "not covered; observed: bound broken" in page.locator(".evidence").inner_text()
    assert page.locator(".evidence h2 .badge").inner_text() == "does not apply"


def test_corpus_and_comparison_are_a_click_away(
    served: str, watched: Any, ids: dict[str, str]
) -> None:
    page = watched.page
    page.goto(f"{served}/view/corpus/{ids['cycle']}")
    page.wait_for_selector(".order.broken svg")
    assert "has a cycle" in page.locator("pre.report").inner_text()
    until(page, "document.querySelectorAll('tr.witness').length === 3")
    page.goto(f"{served}/compare?jobs={ids['sweep/0']},{ids['sweep/2']}")
    page.wait_for_selector("[data-panel=direction_gap_kq] .main-svg")
    page.get_by_label("clock").select_option("norm_kq")
    until(page, "document.querySelector('.plot').layout?.xaxis.title.text.includes('norm')")
    assert page.locator(".lines li").all_inner_texts() == ["optimizer=ngd", "optimizer=gd"]


def test_the_only_folder_and_the_only_job_are_the_first_page(
    records: Path, dashboard: Callable[[Path], str], watched: Any
) -> None:
    page = watched.page
    page.goto(dashboard(records / "sweep"))
    page.fill("#filter", "seed=1")
    page.locator("#matched", has_text="2 of 4").wait_for()
    assert page.locator("h1").inner_text() == "sweep"
    page.goto(dashboard(records / "cycle"))
    page.wait_for_selector(".headline")
    assert "not realizable" in page.locator(".headline").inner_text()


def test_a_narrow_screen_is_not_wider_than_itself(
    records: Path, served: str, watched: Any, ids: dict[str, str]
) -> None:
    page = watched.page
    page.set_viewport_size({"width": 390, "height": 844})
    folder = next(iter(scan(records).folders))
    for path in ("/", f"/sweep/{folder}", f"/job/{ids['sweep/0']}", f"/view/corpus/{ids['cycle']}"):
        page.goto(served + path)
        page.wait_for_selector("h1")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_an_open_page_follows_a_running_job_and_a_vanished_one(
    records: Path, tmp_path: Path, dashboard: Callable[[Path], str], watched: Any
) -> None:
    """The files are replaced as a running job replaces them; nothing is reloaded."""
    job = tmp_path / "live/job"
    shutil.copytree(records / "sweep/0", job)
    kept = {p: p.read_bytes() for p in job.iterdir() if p.is_file()}
    for name in ("MANIFEST.json", "verdicts.json", "trajectory.nc"):
        (job / name).unlink()
    running = {"state": "running", "overrides": ["seed=0"], "reason": None}
    (job / "status.json").write_text(json.dumps(running))
    page = watched.page
    page.goto(dashboard(tmp_path) + f"/job/{next(iter(scan(tmp_path).jobs))}")
    page.wait_for_selector(".problem")
    page.evaluate("window.sameDocument = true")
    for path, data in sorted(kept.items(), key=lambda item: item[0].name == "status.json"):
        new = path.with_suffix(".new")
        new.write_bytes(data)
        os.replace(new, path)
    page.wait_for_selector(".state.done")
    page.wait_for_selector("[data-claim='kq.norm (text)']")
    assert page.evaluate("window.sameDocument")
    shutil.rmtree(tmp_path / "live")
    page.wait_for_selector(".empty, .problem")
    assert page.evaluate("window.sameDocument")


def test_an_exported_page_lives_without_a_server(
    records: Path, tmp_path: Path, watched: Any
) -> None:
    cli.dashboard([str(records), "--export", str(tmp_path / "page.html")])
    page = watched.page
    page.context.set_offline(True)
    page.goto((tmp_path / "page.html").as_uri())
    page.locator("table.jobs a").first.click()
    page.wait_for_selector("[data-panel='attention/norm_kq'] .main-svg")
    page.wait_for_selector("[data-panel=attention-map] svg")
    where = page.locator(".where").inner_text()
    page.locator("input.steps").focus()
    page.keyboard.press("ArrowLeft")
    assert page.locator(".where").inner_text() != where
    text = (tmp_path / "page.html").read_text()
    assert '"log": []' in text
    assert not re.search(r"<script[^>]+src|<link[^>]+href=\"http", text)
