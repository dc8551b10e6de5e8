"""What a lab may do with a dynamics: cut it anywhere, save and load it, pack runs as it likes."""

from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.attractor.config import (
    AttractorConfig,
    Critical,
    Cue,
    Diffusion,
    Disorder,
    Network,
    Path,
    PathKind,
    PhaseName,
    Pinning,
    Rest,
    Spectrum,
    Sweep,
)
from ntp_dynamics.studies.attractor.outline import outlines
from ntp_dynamics.studies.attractor.phases import phases
from ntp_dynamics.studies.attractor.problem import prepared
from ntp_dynamics.study import Dynamics, Logged

CONFIG = AttractorConfig(
    runs=5,
    seed=3,
    phases=list(PhaseName),
    network=Network(neurons=30),
    rest=Rest(duration=6.0),
    critical=Critical(ratios=[0.9, 1.2, 1.5], duration=6.0),
    spectrum=Spectrum(neurons=24, iterations=30),
    sweep=Sweep(neurons=24, speeds=[0.5, 1.2], duration=3.0),
    path=Path(kind=PathKind.walk, duration=6.0),
    cue=Cue(on=2.0, duration=6.0),
    diffusion=Diffusion(neurons=24, walkers=9, window=2.0, duration=15.0),
    disorder=Disorder(neurons=18, starts=4, duration=4.0),
    pinning=Pinning(neurons=[8, 11], iterations=30),
)
EVERY = pytest.mark.parametrize("name", PhaseName)
ALIKE = {PhaseName.critical, PhaseName.spectrum, PhaseName.pinning}
"""Phases in which nothing is drawn: their runs are one."""
DRAWN = pytest.mark.parametrize("name", [name for name in PhaseName if name not in ALIKE])


def started(name: PhaseName, numbers=None) -> tuple[Dynamics, int]:
    problem = prepared(replace(CONFIG, phases=[name]), numbers)
    (phase,) = phases(problem)
    return phase.start({}), phase.outline.horizon


def whole(dynamics: Dynamics, horizon: int) -> tuple[Logged, np.ndarray]:
    due = np.unique(np.array([0, 1, 7, horizon // 2, horizon - 1, horizon]))
    return dynamics.advance(horizon, due), due


@EVERY
def test_cutting_saving_and_loading_changes_no_bit(name):
    dynamics, horizon = started(name)
    expected, due = whole(dynamics, horizon)
    for cut in (0, 1, 9, horizon // 2 + 1, horizon - 1):
        first, _ = started(name)
        early = first.advance(cut, due[due <= cut])
        saved = first.save()
        first.advance(horizon, np.array([], dtype=int))  # what was saved is not moved on
        second, _ = started(name)
        second.load(saved)
        late = second.advance(horizon, due[due > cut])
        for key, values in expected.values.items():
            joined = np.concatenate([early.values[key], late.values[key]], axis=1)
            assert np.array_equal(joined, values, equal_nan=True), key
        final, again = dynamics.save(), second.save()
        assert all(np.array_equal(final[key], again[key], equal_nan=True) for key in final)


@EVERY
def test_what_is_measured_does_not_depend_on_when_else_it_is(name):
    dynamics, horizon = started(name)
    expected, due = whole(dynamics, horizon)
    other, _ = started(name)
    found = other.advance(horizon, np.arange(horizon + 1))
    for key, values in expected.values.items():
        assert np.array_equal(found.values[key][:, due], values, equal_nan=True), key


@EVERY
def test_a_run_is_the_same_alone_and_in_packs(name):
    dynamics, horizon = started(name)
    expected, _ = whole(dynamics, horizon)
    saved = dynamics.save()
    for numbers in ([3], [4, 1], [0, 1, 2, 3, 4]):
        part, _ = started(name, numbers)
        found, _ = whole(part, horizon)
        for key, values in expected.values.items():
            assert np.array_equal(found.values[key], values[numbers], equal_nan=True), key
        for key, x in part.save().items():
            if x.ndim:
                assert np.array_equal(x, saved[key][numbers], equal_nan=True), key


@EVERY
def test_logged_values_lead_with_runs_and_records(name):
    dynamics, horizon = started(name)
    logged, due = whole(dynamics, horizon)
    assert set(logged.values) == set(dynamics.measures)
    assert logged.finite.shape == (5, len(due))
    assert logged.finite.all()
    assert all(x.shape[:2] == (5, len(due)) for x in logged.values.values())
    assert np.array_equal(logged.steps, due)


@DRAWN
def test_a_state_that_is_no_number_is_told(name):
    dynamics, _ = started(name)
    saved = dynamics.save()
    key = next(k for k in saved if k.startswith(("y", "u")))
    saved[key][2].flat[0] = np.nan
    dynamics.load(saved)
    with np.errstate(invalid="ignore"):
        logged = dynamics.advance(3, np.array([3]))
    assert list(logged.finite[:, 0]) == [True, True, False, True, True]


def test_outlines_say_what_the_phases_are():
    found = outlines(CONFIG)
    assert [outline.name for outline in found] == [str(name) for name in PhaseName]
    assert [phase.outline for phase in phases(prepared(CONFIG))] == found
    clocks = {outline.name: (outline.clock, outline.unit, outline.horizon) for outline in found}
    assert clocks["sweep"] == ("time", 0.05, 60)
    assert clocks["diffusion"] == ("time", 0.1, 150)
    assert clocks["pinning"] == ("iteration", 1.0, 30)


def test_runs_of_a_phase_differ_by_seed_and_run():
    dynamics, horizon = started(PhaseName.diffusion)
    rate = dynamics.advance(horizon, np.array([horizon])).values["diffusivity"][:, 0]
    assert len(set(rate)) == 5
    other = prepared(replace(CONFIG, seed=4, phases=[PhaseName.diffusion]))
    again = phases(other)[0].start({}).advance(horizon, np.array([horizon]))
    assert not set(rate) & set(again.values["diffusivity"][:, 0])


def test_the_state_shows_what_stands_there():
    dynamics, horizon = started(PhaseName.sweep)
    dynamics.advance(horizon, np.array([], dtype=int))
    state = dynamics.state()
    assert state.time == pytest.approx(3.0)
    assert state.u.shape == state.plus.shape == (5, 4, 24)
    np.testing.assert_allclose(state.v[0], [5.0, 12.0, 5.0, 12.0])
    ahead = state.position - prepared(CONFIG).places[:, None]
    assert (ahead > 4).all()


def test_diffusivity_is_of_displacements_between_marks_and_not_from_the_start():
    dynamics, horizon = started(PhaseName.diffusion)
    places = []
    for mark in range(20, horizon + 1, 20):  # a window of 2 tau is 20 steps
        dynamics.advance(mark, np.array([], dtype=int))
        places.append(dynamics.state().position)
    logged = dynamics.advance(horizon, np.array([horizon]))
    moved = np.diff(places, axis=0)
    expected = (moved**2).sum(axis=0).mean(axis=1) / (2.0 * len(moved))
    np.testing.assert_allclose(logged.values["diffusivity"][:, 0], expected, rtol=1e-12)


def test_where_nothing_is_drawn_runs_are_one_and_a_broken_state_is_that_of_all():
    for name in ALIKE:
        dynamics, _ = started(name)
        saved = dynamics.save()
        key = next(k for k in saved if k.startswith(("y", "u")))
        assert (saved[key] == saved[key][:1]).all()
        saved[key][0].flat[0] = np.nan
        dynamics.load(saved)
        with np.errstate(invalid="ignore"):
            assert not dynamics.advance(3, np.array([3])).finite.any()


def test_a_cue_resets_the_bump_and_lets_it_stay():
    config = replace(CONFIG, network=Network(), phases=[PhaseName.cue], cue=Cue())
    (phase,) = phases(prepared(config))
    steps = np.array([0, 100, 199, 200, 300])
    logged = phase.start({}).advance(300, steps)
    distance = logged.values["distance"]
    np.testing.assert_allclose(distance[:, 0], 90, atol=1e-6)
    assert (np.diff(distance[:, :3], axis=1) < 0).all()
    assert (distance[:, 2] < 5).all()
    np.testing.assert_allclose(distance[:, 4], distance[:, 3], atol=0.5)
    assert (logged.values["input"] == [1, 1, 1, 0, 0]).all()
