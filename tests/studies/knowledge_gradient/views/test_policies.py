"""What pages and figures read from a record is what was recorded."""

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.studies.knowledge_gradient.config import Policy
from ntp_dynamics.studies.knowledge_gradient.panels import sheets
from ntp_dynamics.studies.knowledge_gradient.report import differences, interval, theory_of
from ntp_dynamics.studies.knowledge_gradient.views.policies import policies

SMALL = ["study=knowledge_gradient", "instance=three", "runs=40", "budget=60"]
SMALL += ["policies=[equal,kg,ikg]", "fluid_budget=200", "tracking=none", "figures=none"]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return ntp.train(SMALL, tmp_path_factory.mktemp("record") / "job")


def test_the_page_has_a_panel_a_question_and_a_line_a_policy(record):
    shown = policies(record, 1)
    assert shown is not None
    panels = {panel["name"]: panel for panel in shown["panels"]}
    names = ["selections", "gaps", "pairs", "loss", "shares_simulated", "shares_fluid"]
    assert list(panels) == names
    assert [line["label"] for line in panels["gaps"]["lines"]] == ["equal", "kg", "ikg"]
    assert [line["label"] for line in panels["pairs"]["lines"]] == ["ikg"]
    wrong = record.stage("kg")["false_selection"].values.mean(axis=0)
    drawn = panels["selections"]["lines"][1]
    assert 10 ** drawn["y"][-1] == pytest.approx(wrong[-1], rel=1e-3)
    share = record.stage("ikg")["share"].values[1, -1]
    np.testing.assert_allclose(panels["shares_simulated"]["bars"][2]["values"], share, rtol=1e-3)


def test_a_figure_has_every_panel_that_its_phases_allow(record):
    (sheet,) = sheets(record.trajectory, "three arms")
    assert len(sheet.drawings()) == 6
    bare = record.trajectory.copy()
    del bare["theory"]
    assert list(sheets(bare, "")) == []


def test_paired_differences_are_taken_run_by_run(record):
    n, difference, error = differences(record.trajectory, record.stage("ikg"))
    wrong = {name: record.stage(name)["false_selection"].values[:, -1] for name in ("kg", "ikg")}
    assert n[-1] == 60
    assert difference[-1] == pytest.approx((wrong["ikg"] - wrong["kg"]).mean())
    apart = (wrong["ikg"] - wrong["kg"]).std() / np.sqrt(40)
    assert error[-1] == pytest.approx(1.96 * apart, rel=1e-3)


def test_wilsons_interval_is_the_textbook_one():
    events = np.zeros((10, 1))
    events[:1] = 1
    p, low, high = interval(events)
    assert (p[0], low[0], high[0]) == (
        0.1,
        pytest.approx(0.01787, abs=1e-4),
        pytest.approx(0.4042, abs=1e-4),
    )


def test_theory_says_nothing_of_a_policy_that_did_not_run(record):
    assert theory_of(record.trajectory, Policy.ocba, "ratio") is None
    assert theory_of(record.trajectory, Policy.kg, "ratio") == pytest.approx(0.90115, abs=1e-4)
