"""The study in docs/studies finds what its theorems say, and would find otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.verdict.law import Law

WRONG = {"gd.loss": Law.power(1.5), "gd.direction": Law.power(0.5), "ngd.margin": Law.power(1.5)}
"""Rates that are too fast by half a power of t."""


@pytest.fixture(scope="module", params=["gd", "ngd"])
def record(request: Any, tmp_path_factory: Any, studies_of_the_docs: Any) -> Iterator[ntp.Record]:
    """The default job of a rule."""
    overrides = ["study=logistic_regression", f"rule={request.param}"]
    with studies_of_the_docs():
        there = tmp_path_factory.mktemp(request.param) / "a"
        yield ntp.train([*overrides, "tracking=none", "figures=none"], there)


def covered(record: ntp.Record) -> list[dict[str, Any]]:
    return [v for v in record.verdicts if v["id"].startswith(f"{record.config.rule}.")]


def test_every_claim_about_the_rule_is_tight_in_all_runs(record: ntp.Record) -> None:
    for verdict in record.verdicts:
        mine = verdict in covered(record)
        assert verdict["label"] == ("tight" if mine else "does not apply"), verdict["sentence"]
        assert verdict["outcomes"] == (["kept"] if mine else ["left out"]) * 8
    assert len(covered(record)) == {"gd": 2, "ngd": 1}[record.config.rule]


def test_a_rate_that_is_half_a_power_too_fast_is_contradicted(record: ntp.Record) -> None:
    ids = [verdict["id"] for verdict in covered(record)]
    wrong = [replace(c, law=WRONG[c.id]) for c in record.study.claims if c.id in ids]
    judged = judge_claims(record.trajectory, record.constants, wrong)
    assert [j.verdict.label for j in judged] == ["contradicted"] * len(ids)


def test_what_its_own_observables_leave_open_at_the_start_is_no_note(record: ntp.Record) -> None:
    gap = record.stage("descent")["direction_gap"]
    assert np.isnan(gap[:, 0]).all(), "w = 0 has no direction"
    assert np.isfinite(gap[:, 1:]).all()
    assert record.status["notes"] == []


def test_the_direction_of_largest_margin_is_known_by_its_certificate(record: ntp.Record) -> None:
    """w* is a positive combination of the points that are nearest to it, up to 1 / margin."""
    from logistic_regression.problem import draw

    problem = draw(record.config)
    d = record.config.dimension
    for points, target in zip(problem.points, problem.target, strict=True):
        margins = points @ target
        np.testing.assert_allclose(margins[:d], margins.min(), rtol=1e-12)
        assert (margins[d:] > 1.9 * margins.min()).all()
        weights = np.linalg.solve(points[:d].T, target)
        assert (weights > 0).all()
        assert np.linalg.norm(points, axis=1).max() == pytest.approx(1.0)


def test_steps_beyond_the_theorem_on_normalised_descent_are_not_covered(
    record: ntp.Record,
) -> None:
    (claim,) = (c for c in record.study.claims if c.id == "ngd.margin")
    from logistic_regression.problem import Rule

    far = replace(record.config, rule=Rule.ngd, step_size=2.0)
    (judged,) = judge_claims(record.trajectory, far, [claim])
    assert judged.verdict.gate == "inapplicable"
    assert judged.verdict.excluded == (("the step size is above 1", 8),)
