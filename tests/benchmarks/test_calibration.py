"""The calibration in small: what the full one shows in many cells must hold in a few."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration import checks, practice
from benchmarks.calibration.__main__ import FULL
from benchmarks.calibration.defects import Defect, defects
from benchmarks.calibration.design import CENTRE, cells
from benchmarks.calibration.ensembles import sample
from benchmarks.calibration.equalities import COURSES, NOISES, Course, equality
from benchmarks.calibration.families import FAMILIES, POWER_CLAIM, Cell, Family, draw
from benchmarks.calibration.mixtures import KINDS, LAWS, Noise, Place, composition, judged, mix
from benchmarks.calibration.mixtures import draw as draw_mixture
from benchmarks.calibration.report import COMMAND
from benchmarks.calibration.samples import SYSTEMS, System, held
from benchmarks.calibration.statistics import LIMIT, at_most, interval
from benchmarks.calibration.sweep import count
from benchmarks.calibration.systems import Finding, findings
from benchmarks.calibration.transients import late
from ntp_dynamics.verdict.judge import judge
from ntp_dynamics.verdict.law import Law, Power
from ntp_dynamics.verdict.replicates import judge_rates

ROOT = Path(__file__).parents[2]
REPLICATES = 40
TRUE = [family for family in FAMILIES if family.holds]
FALSE = [family for family in FAMILIES if not family.holds]
PLACES = [CENTRE, Cell(4_000, 5, 0.0, 0.0), Cell(100_000, 5, 0.2, 0.9), Cell(300_000, 20, 0.05, 0)]
LOG_SQUARED = next(family for family in FAMILIES if family.name == "log^2 t / t")


def name(family: Family) -> str:
    return f"{family.claim.form}: {family.name}"


@pytest.mark.parametrize("family", TRUE, ids=name)
def test_a_true_family_is_not_contradicted_beyond_one_per_cent(family: Family) -> None:
    for i, cell in enumerate(PLACES):
        if cell.horizon >= family.settled_from:
            found = count(family, cell, REPLICATES, (1, i))
            assert interval(found.contradicted, REPLICATES)[0] <= LIMIT


@pytest.mark.parametrize("family", FALSE, ids=name)
def test_a_false_family_is_not_consistent_where_it_shows(family: Family) -> None:
    for i, cell in enumerate([*PLACES, Cell(30_000, 1, 0.2, 0.9)]):
        found = count(family, cell, REPLICATES, (2, i))
        assert found.consistent <= 2 or cell.horizon < family.visible_from


def test_log_squared_is_told_from_log_with_the_power_that_is_asked() -> None:
    assert count(LOG_SQUARED, CENTRE, 200, (3,)).contradicted >= 0.9 * 200


def test_common_practice_rejects_the_truth_and_confirms_what_is_false() -> None:
    named = {family.name: family for family in FAMILIES if family.claim is POWER_CLAIM}
    true, false = (count(named[n], CENTRE, REPLICATES, (4,)) for n in ("log t / t", "t^-0.75"))
    assert true.by_slope == 0
    assert false.by_best_fit == REPLICATES


def test_the_slope_of_common_practice_is_a_least_squares_slope() -> None:
    t = np.array([1.0, 2, 4, 8, 16])
    assert practice.full_slope(t, 3 - 0.7 * np.log(t)[None, None]) == pytest.approx([-0.7])


@pytest.mark.parametrize("runs", [1, 4, 5, 20])
@pytest.mark.parametrize("family", FAMILIES, ids=name)
def test_many_replicates_get_the_verdicts_they_get_alone(family: Family, runs: int) -> None:
    t, log_y = draw(family, Cell(5_000, runs, 0.1, 0.9), 12, np.random.default_rng(5))
    together = judge_rates(t, log_y, family.claim, family.log_floor)
    alone = [judge(t, y, family.claim, log_floor=family.log_floor) for y in log_y]
    assert together.status.tolist() == [verdict.rate for verdict in alone]
    expected = [verdict.p_contradicted for verdict in alone]
    np.testing.assert_allclose(together.p_contradicted, expected, rtol=1e-6, atol=1e-12)


def test_replicates_in_which_runs_fall_below_the_floor_are_judged_one_by_one() -> None:
    t = np.unique(np.round(np.geomspace(1, 10_000, 150)))
    log_y = np.stack([-np.log(t) + np.zeros((6, 1)), -t + np.zeros((6, 1))])
    found = judge_rates(t, log_y, POWER_CLAIM, log_floor=-70.0)
    assert found.drift is None
    assert found.status.tolist() == ["consistent", "consistent"]


def test_many_replicates_are_for_laws_with_one_drift() -> None:
    with pytest.raises(ValueError, match="not for"):
        judge_rates(np.ones(1), np.zeros((1, 1, 1)), Law.monotone(1))


def test_bounds_are_exact_and_verdicts_do_not_depend_on_units_grid_or_base() -> None:
    """But for T = 1,000, where any power of log t fades by just the share that is asked."""
    bounds = checks.bounds(5)
    assert (bounds["falsely_violated"], bounds["missed"]) == (0, 0)
    found = checks.invariances((2_000, 10_000, 300_000))
    assert {kind: counts["changed"] for kind, counts in found.items()} == dict.fromkeys(found, 0)


def test_twelve_defects_of_twelve_are_seen() -> None:
    found: list[Defect] = defects()
    assert len(found) == 12
    assert [defect.name for defect in found if not defect.seen] == []


def test_systems_whose_rate_is_a_theorem_are_judged_as_proved() -> None:
    found: list[Finding] = findings()
    assert len({finding.system for finding in found}) == 8
    assert [(f.system, f.claim, f.verdict.label) for f in found if not f.right] == []


def test_an_interval_is_the_exact_binomial_one() -> None:
    assert interval(0, 1_000) == pytest.approx((0, 1 - 0.025 ** (1 / 1_000)))
    assert interval(40, 40)[1] == 1


def test_a_share_is_printed_with_its_one_sided_limit() -> None:
    assert at_most(0, 300) == "0 of 300 (at most 0.99 %)"


def test_the_design_has_thirty_horizons_at_which_a_false_law_shows() -> None:
    assert len({cell.horizon for cell in cells()}) >= 30
    assert count(LOG_SQUARED, cells()[0], 10, (6,)).by_slope == 0


@pytest.mark.parametrize("horizon", [400, 4_000])
@pytest.mark.parametrize("law", LAWS)
def test_experiments_put_together_get_the_verdicts_they_get_alone(law: str, horizon: int) -> None:
    place = Place(law, horizon, Noise(0.1, 0.9, common=horizon > 400), 8)
    t, log_y = draw_mixture(place, 6, np.random.default_rng(8))
    drift = judge_rates(t, log_y, LAWS[law]).drift
    assert drift is not None
    for kind, members in composition(8).items():
        together, alone = (
            judged(drift, members, horizon),
            judge_rates(t, log_y[:, members], LAWS[law]),
        )
        assert together.runs.tolist() == alone.runs.tolist(), kind
        assert together.status.tolist() == alone.status.tolist(), kind


@pytest.mark.parametrize("common", [False, True])
@pytest.mark.parametrize("runs", [8, 100])
@pytest.mark.parametrize(("law", "horizon"), [("1 / t^2", 400), ("log t / t", 10_000)])
def test_a_growing_or_constant_run_is_named_among_many_and_no_good_one(
    law: str, horizon: int, runs: int, common: bool
) -> None:
    place = Place(law, horizon, Noise(0.05, 0.9, common), runs)
    found = {m.kind: m for m in mix(place, 10, np.random.default_rng(9))}
    assert tuple(found) == KINDS
    assert [m.good_named for m in found.values()] == [0] * len(KINDS)
    assert [found[k].bad_named for k in ("growing", "constant")] == [10, 10]
    assert found["half constant"].bad_named == 10 * (runs // 2)


@pytest.mark.parametrize("law", [name for name, law in LAWS.items() if isinstance(law, Power)])
def test_a_run_that_stalls_is_undecided_and_never_said_to_keep_a_power(law: str) -> None:
    place = Place(law, 10_000, Noise(0.05, 0.9), 20)
    stalling = next(m for m in mix(place, 20, np.random.default_rng(10)) if m.kind == "stalling")
    assert (stalling.bad_named, stalling.bad_kept, stalling.consistent) == (0, 0, 0)


def test_a_run_that_starts_late_is_undecided_however_late_where_there_is_no_noise() -> None:
    t = np.unique(np.round(np.geomspace(1, 10_000, 150)))
    named = {
        share: judge(t, late("1 / t^2", "shift", t, share * t[-1]), Law.power(2)).outcomes
        for share in (0.1, 0.5, 2.0)
    }
    assert named == dict.fromkeys((0.1, 0.5, 2.0), ("undecided",))


def test_an_expectation_is_consistent_and_contradicted_where_half_its_sample_is_constant() -> None:
    found = sample("1 / t^2", 20, Noise(0.05, 0.9), 10, [11])
    assert (found.violated, found.none, found.half) == (0, (0, 0, 10), (10, 0, 0))


@pytest.mark.parametrize("system", SYSTEMS, ids=lambda s: f"{s.form}, {s.data}")
def test_a_law_of_a_sample_is_not_contradicted_by_its_own_data_and_is_by_a_wrong_law(
    system: System,
) -> None:
    few, many = held(system, 32, 60, [12]), held(system, 1000, 20, [13])
    assert few.true[0] <= 1
    assert (many.true[0], many.false) == (0, (20, 0, 0))
    assert many.true[-1] >= 14 or system.form in ("power of x", "P >= .9")


@pytest.mark.parametrize("course", [c for c in COURSES if c.holds], ids=lambda c: c.name)
def test_a_true_equality_in_the_limit_is_not_contradicted(course: Course) -> None:
    """Whatever its transient; without noise it holds where that is over at the start."""
    for i, (noise, horizon) in enumerate(product(NOISES, (300, 3_000))):
        found = equality(course, 0.01, horizon, 3, noise, 20, [14, i])
        assert found.contradicted <= 1  # 1 of 20 is not beyond 1 % by its exact limits
        if not noise.sd:
            assert found.contradicted == 0
            assert found.kept == (0 if "not over" in course.name else 20)


@pytest.mark.parametrize("course", [c for c in COURSES if not c.holds], ids=lambda c: c.name)
def test_another_constant_power_or_log_is_contradicted(course: Course) -> None:
    """Without noise, and under white noise of the tolerance's size that does not hide 2 %."""
    for noise in NOISES[:2]:
        found = equality(course, 0.01, 100_000, 3, noise, 10, [15])
        hidden = noise.sd > 0 and "2 %" in course.name
        assert found.kept == 0
        assert hidden or found.contradicted == 10


def test_a_constant_off_by_less_than_the_tolerance_holds() -> None:
    (course,) = [c for c in COURSES if c.name == "constant off by 2 %"]
    found = equality(course, 0.05, 10_000, 3, NOISES[0], 5, [16])
    assert (found.contradicted, found.kept) == (0, 5)


def test_the_page_states_its_command_and_replicates_and_agrees_with_the_numbers() -> None:
    page = (ROOT / "docs" / "calibration.md").read_text()
    results = json.loads((ROOT / "benchmarks" / "calibration" / "results.json").read_text())
    assert results["replicates"] == FULL
    assert f"{FULL:,} replicates a cell" in " ".join(page.split())
    assert f"`{COMMAND}`" in page
    assert [seen for _, seen in results["defects"] if not seen] == []
    assert len(results["sweep"]) == len(FAMILIES)
    true = {course.name for course in COURSES if course.holds}
    counted = [row for row in results["equalities"] if row[0] in true]
    against, of = sum(row[-2] for row in counted), sum(row[-3] for row in counted)
    assert at_most(against, of) in page
    assert against <= LIMIT * of
    assert set(results["mixtures"]) == set(LAWS)
    named = sum(row[9] for rows in results["mixtures"].values() for row in rows if row[5] == "none")
    assert f"{named:,} of " in page.split("a good run named")[1].split("\n")[0]
