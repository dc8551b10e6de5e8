"""Panels are plain data of the run that is asked for, painted and drawn alike."""

import json

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.studies.score_matching.views import VIEWS, panels
from ntp_dynamics.studies.score_matching.views.figures import sheets
from tests.studies.score_matching import made

SMOKE = [*made.STUDY.smoke, "study=score_matching", "tracking=none", "figures=none"]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return ntp.train([*SMOKE, "phases=[descent,averaged,map,collapse,saddle,batches]",
                      "batches.batches=2", "expectation.batch=100"],
                     tmp_path_factory.mktemp("view") / "job")  # fmt: skip


def test_every_panel_has_something_to_show(record):
    names = [panel.name for panel in panels(record.trajectory, 0)]
    assert names == [
        *("loss", "exponent", "compensated", "fan_descent", "fan_averaged", "shares", "map"),
        *("collapse", "thresholds", "growth", "score", "landscape", "blindness"),
    ]
    for panel in panels(record.trajectory, 0):
        assert panel.lines
        for line in panel.lines:
            assert line.x.shape == line.y.shape


def test_a_view_is_plain_json_and_its_script_is_there(record):
    (view,) = VIEWS
    told = view.show(record, 0)
    assert json.loads(json.dumps(told, allow_nan=False)) == told
    assert f"ntp.views.{view.name} =" in view.script.read_text(encoding="utf-8")


def test_it_shows_the_run_that_is_asked_for(record):
    for run in (0, 1):
        (fan,) = (p for p in panels(record.trajectory, run) if p.name == "fan_descent")
        expected = record.stage("descent")["distance"].values[run]
        np.testing.assert_array_equal(np.stack([line.y for line in fan.lines], axis=1), expected)


def test_what_it_says_to_draw_is_recorded_under_these_names():
    known = {(str(phase), o.name) for o in made.STUDY.observables for phase in o.phases}
    assert {tuple(each.split("/")) for each in VIEWS[0].arrays} <= known


def test_the_sheet_has_every_panel(record):
    (sheet,) = sheets(record.trajectory, "a job")
    assert len(sheet.drawings()) == 13


def test_a_job_that_only_flows_has_its_own_fan():
    _, tree = made.measured("phases=[flow]", "flow.path_length=1e4", "runs=1", "init.kind=far")
    names = [panel.name for panel in panels(tree, 0)]
    assert names == ["loss", "exponent", "compensated", "fan_flow"]


@pytest.mark.parametrize("what", ["hooks=none", "hooks=light", "model.students=1"])
def test_what_was_not_recorded_is_not_shown(what):
    short = ("train.steps=20", "averaged.steps=20", "flow.path_length=10", "map.path_length=1")
    _, tree = made.measured(*made.STUDY.smoke, *short, "runs=1", what)
    assert len(list(panels(tree, 0))) < 12
