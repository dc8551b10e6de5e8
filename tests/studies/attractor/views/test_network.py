"""Panels of pages are plain JSON, of the run that is asked for."""

import json

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.dashboard.views import views
from ntp_dynamics.studies import find

SMOKE = ["experiment=attractor/smoke", "tracking=none", "figures=none", "phases=[sweep,path,cue]"]
(VIEW,) = find("attractor").views


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return ntp.train(SMOKE, tmp_path_factory.mktemp("view") / "job")


def test_a_view_is_plain_json_and_its_script_is_there(record):
    told = VIEW.show(record, 0)
    assert json.dumps(told, allow_nan=False)
    assert "ntp.views.network =" in VIEW.script.read_text(encoding="utf-8")
    names = [panel["name"] for panel in told["panels"]]
    assert names == ["way", "error", "way", "speed", "tuning"]


def test_it_shows_the_run_that_is_asked_for(record):
    (error,) = VIEW.show(record, 1)["panels"][1]["lines"]
    expected = record.stage("path")["integration_error"].values[1]
    np.testing.assert_allclose(error["y"], expected, rtol=1e-4, atol=1e-12)


def test_a_page_repeats_no_array_that_the_view_or_the_curve_of_a_claim_draws(record):
    left = [told["data"] for told in views(record, 0) if told["name"] == "arrays"]
    names = {(data["stage"], each["name"]) for data in left for each in data["arrays"]}
    assert names == {("sweep", name) for name in ("position", "u_peak", "width")}


def test_what_it_says_to_draw_is_recorded_under_these_names():
    known = {(phase, o.name) for o in find("attractor").observables for phase in o.phases}
    assert {tuple(each.split("/")) for each in VIEW.arrays} <= known
