"""Phases on other clocks than steps, quantities over axes of their own, arrays of anybody's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.dashboard import compare
from ntp_dynamics.dashboard.arrays import AXIS, TIMES, arrays
from ntp_dynamics.dashboard.export import document
from ntp_dynamics.dashboard.reading import Reading
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.record.definition import definition
from ntp_dynamics.record.trees import write_tree
from tests.dashboard import made


@pytest.fixture(scope="module")
def view(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("made")
    return job_view(made.job(path), Reading(made.record(path), made.laws()), run=1)


def panel(view: dict[str, Any], key: str) -> dict[str, Any]:
    return next(p for p in view["panels"] if p["key"] == key)


def test_the_slider_goes_along_the_clock_of_each_phase(view: dict[str, Any]) -> None:
    motion, modes = view["timeline"]
    assert (motion["label"], motion["clock"]) == ("free motion", "time")
    np.testing.assert_allclose(motion["steps"], made.TIME)
    assert (modes["label"], modes["clock"], modes["steps"]) == ("modes", "round", [0, 9])
    assert view["facts"] == ["2 runs", "12 neurons", "seed 0"]


def test_a_scalar_and_its_law_are_drawn_over_its_clock(view: dict[str, Any]) -> None:
    shown = panel(view, "motion/amplitude")
    assert (shown["clock"], shown["at"], shown["open"]) == ("time", None, True)
    np.testing.assert_allclose(shown["t"], made.TIME)
    (law,) = shown["curves"]
    drawn = np.array([i for i, y in enumerate(law["y"]) if y is not None])
    assert drawn.tolist() == list(range(1, len(made.TIME))), "from the first place after 0 on"
    values = np.array([law["y"][i] for i in drawn])
    slope = np.polyfit(made.TIME[drawn], values, 1)[0]
    assert slope == pytest.approx(made.RATE / np.log(10), rel=1e-4)


def test_a_quantity_over_its_own_axis_is_shown_at_the_last_place_with_its_law(
    view: dict[str, Any],
) -> None:
    shown = panel(view, "modes/eigenvalue")
    assert (shown["clock"], shown["when"], shown["at"]) == ("mode", "round", 9)
    assert shown["open"]
    assert shown["t"] == [1, 2, 3, 4, 5, 6]
    expected = np.log10(3 / np.arange(1, 7) ** 2)
    np.testing.assert_allclose(shown["median"], expected, atol=1e-5)
    (law,) = shown["curves"]
    np.testing.assert_allclose(law["y"], expected, atol=1e-5)
    other = panel(view, "modes/tuning")
    assert (other["clock"], other["t"], other["open"]) == ("case", [1, 2, 3, 4, 5, 6], False)


def test_arrays_are_those_of_the_run_with_the_axes_that_were_recorded(view: dict[str, Any]) -> None:
    (one,) = view["views"]
    data = one["data"]
    assert (one["name"], data["stage"], data["clock"]) == ("arrays", "motion", "time")
    np.testing.assert_allclose(data["checkpoints"], made.CHECKPOINTS)
    planes, potential = data["arrays"]
    recorded = made.tree()["motion"].dataset
    assert (planes["axes"], planes["columns"]) == (["neuron", "side"], [0, 1])
    assert (potential["axes"], potential["columns"]) == (["neuron"], None)
    assert potential["rows"] == [30 * i for i in range(12)]
    for name, array in (("planes", planes), ("potential", potential)):
        flat = recorded[name].values[1].reshape(len(made.CHECKPOINTS), -1)
        np.testing.assert_allclose(np.array(array["values"]), flat, rtol=1e-3, atol=1e-6)
        assert array["low"] == pytest.approx(flat.min())


def test_a_large_array_is_cut_to_what_a_page_can_show() -> None:
    import xarray

    dims = ("run", "checkpoint", "a", "b")
    values = np.full((1, 500, 50, 3), np.nan)
    data = xarray.Dataset({"big": (dims, values)}, coords={"checkpoint": np.arange(500)})
    tree = xarray.DataTree.from_dict({"p": data})
    (shown,) = arrays(tree, "p", 0, ())
    (array,) = shown["arrays"]
    assert len(shown["checkpoints"]) == len(array["values"]) == TIMES
    assert (shown["checkpoints"][0], shown["checkpoints"][-1]) == (0, 499)
    assert array["left_out"] == [50 - AXIS, 0]
    assert array["low"] is None
    assert arrays(tree, "p", 0, ("big",)) == []


@pytest.mark.parametrize(
    ("said", "rows"),
    [("first, b.1.\x1b", ["first", "b.1.\ufffd"]), ("one", [0, 1]), ("", [0]), (None, [0])],
)
def test_entries_of_an_axis_have_the_names_that_its_group_gives_them(said: Any, rows: Any) -> None:
    import xarray

    values = np.zeros((1, 3, len(rows)))
    data = xarray.Dataset({"x": (("run", "step", "part"), values)}, coords={"step": np.arange(3)})
    data.attrs |= {} if said is None else {"names_of_part": said}
    (shown,) = arrays(xarray.DataTree.from_dict({"p": data}), "p", 0, ())
    assert shown["arrays"][0]["rows"] == rows


def test_jobs_are_compared_on_the_clock_of_their_phase_or_one_that_the_study_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "known_study", lambda name: made.STUDY)
    write_tree(tmp_path / "trajectory.nc", definition(made.tree()))
    (tmp_path / "status.json").write_text('{"state": "interrupted"}')
    job = made.job(tmp_path)
    told = compare.compare([job], "", "")
    assert told["clocks"] == {"own": "time", "position": "position"}
    assert told["phases"] == ["motion", "modes"]
    amplitude = next(p for p in told["panels"] if p["name"] == "amplitude")["curves"][0]
    np.testing.assert_allclose(amplitude["x"], made.TIME, rtol=1e-5)
    moved = compare.compare([job], "position", "", ["amplitude"])
    assert moved["axis"] == "position"
    position = np.median(made.tree()["motion"]["position"].values, axis=0)
    np.testing.assert_allclose(moved["panels"][0]["curves"][0]["x"], position, rtol=1e-4)
    assert compare.compare([job], "", "", phase="modes")["unread"] == 1, "it has no scalar"


def test_the_page_names_clocks_and_axes_and_moves_the_arrays(
    view: dict[str, Any], tmp_path: Path, watched: Any
) -> None:
    page = {"title": "made", "folders": [], "views": {view["id"]: view}, "left_out": 0}
    (tmp_path / "page.html").write_text(document(json.loads(json.dumps(page)), []))
    browser = watched.page
    browser.goto((tmp_path / "page.html").as_uri())
    browser.wait_for_selector("[data-panel='motion/amplitude'] .main-svg")
    browser.wait_for_selector("[data-panel='modes/eigenvalue'] .main-svg")
    title = "document.querySelector('[data-panel=\"%s\"] .plot').layout.xaxis.title.text"
    assert browser.evaluate(title % "motion/amplitude") == "time"
    assert browser.evaluate(title % "modes/eigenvalue") == "mode"
    fills = "[...document.querySelectorAll('[data-panel=array-planes] svg rect')]"
    fills += ".map(r => r.getAttribute('fill')).join()"
    browser.wait_for_selector("[data-panel=array-planes] svg")
    late = browser.evaluate(fills)
    browser.locator("h1").click()
    browser.keyboard.press("Home")
    assert browser.locator(".where").inner_text() == "free motion · time 0 · position -5"
    assert browser.evaluate(fills) != late
    assert browser.locator("[data-panel=array-planes] .reading").inner_text() == "at time 0"
