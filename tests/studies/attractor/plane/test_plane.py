"""Jobs on tori: every claim on both lattices, and what a lab may do with their dynamics."""

from dataclasses import replace

import numpy as np
import pytest

from ntp_dynamics.studies.attractor.config import (
    Critical,
    Diffusion,
    Network,
    Path,
    PhaseName,
    Spectrum,
)
from ntp_dynamics.studies.attractor.lattice import Lattice
from ntp_dynamics.studies.attractor.plane.claims import CLAIMS
from ntp_dynamics.studies.attractor.plane.phases import phases
from ntp_dynamics.studies.attractor.plane.problem import prepared
from ntp_dynamics.studies.attractor.rules import PLANE, mistakes
from ntp_dynamics.studies.attractor.torus import VECTORS
from tests.studies.attractor import judge

SMALL = judge.config(
    runs=32,
    phases=list(PLANE),
    network=Network(dimension=2, neurons=15, k=1e-4, w_over_wc=1.3),
    critical=Critical(ratios=[0.9, 1.1, 1.5], duration=26.0),
    spectrum=Spectrum(neurons=16, modes=10, iterations=120),
    path=Path(duration=6.0),
    diffusion=Diffusion(neurons=15, walkers=5, window=5.0, duration=45.0),
)
BRIEF = replace(
    SMALL,
    runs=6,
    critical=replace(SMALL.critical, duration=3.0),
    diffusion=replace(SMALL.diffusion, walkers=2, window=1.0, duration=9.0),
)
EVERY = pytest.mark.parametrize("name", PLANE)


@pytest.fixture(scope="module", params=Lattice)
def job(request):
    made = replace(SMALL, network=replace(SMALL.network, lattice=request.param))
    assert mistakes(made) == []
    return judge.measured(made)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: f"{claim.id} ({claim.version})")
def test_a_claim_is_kept_on_both_lattices_and_contradicted_where_its_observable_is_off(claim, job):
    constants, tree = job
    # So few walkers know their mean to a quarter: enough to contradict, not to call it tight.
    expected = {"tight", "inconclusive"} if claim.about == "ensemble" else {"tight"}
    assert expected >= set(judge.labels([claim], constants, tree).values())
    wrong = judge.changed(tree, claim, lambda values: values * 3 + 0.1)
    assert list(judge.labels([claim], constants, wrong).values()) == ["contradicted"]


def test_a_bump_follows_the_speed_input_along_its_direction(job):
    path = job[1]["torus_path"].dataset
    moved, v = path["position"].values[:, -1], path["speed_input"].values[:, -1]
    along = (moved * v).sum(axis=1) / np.linalg.norm(v, axis=1)
    across = moved[:, 0] * v[:, 1] - moved[:, 1] * v[:, 0]
    assert (along > 0.2).all()
    assert (np.abs(across) / np.linalg.norm(v, axis=1) < 0.02 * along).all()


def started(name: PhaseName, numbers=None):
    (phase,) = phases(prepared(replace(BRIEF, phases=[name]), numbers))
    return phase.start({}), phase.outline.horizon


@EVERY
def test_cutting_saving_and_loading_changes_no_bit(name):
    dynamics, horizon = started(name)
    due = np.unique(np.array([0, 1, horizon // 2, horizon]))
    expected = dynamics.advance(horizon, due)
    for cut in (1, horizon // 2 + 1):
        first, _ = started(name)
        early = first.advance(cut, due[due <= cut])
        saved = first.save()
        first.advance(horizon, np.array([], dtype=int))
        second, _ = started(name)
        second.load(saved)
        late = second.advance(horizon, due[due > cut])
        for key, values in expected.values.items():
            joined = np.concatenate([early.values[key], late.values[key]], axis=1)
            assert np.array_equal(joined, values, equal_nan=True), key
        final, again = dynamics.save(), second.save()
        assert all(np.array_equal(final[key], again[key], equal_nan=True) for key in final)


@EVERY
def test_a_run_is_the_same_alone_and_in_packs(name):
    dynamics, horizon = started(name)
    due = np.unique(np.array([0, 1, horizon // 2, horizon]))
    expected = dynamics.advance(horizon, due)
    assert set(expected.values) == set(dynamics.measures)
    for numbers in ([3], [4, 1]):
        part, _ = started(name, numbers)
        found = part.advance(horizon, due)
        assert found.finite.shape == (len(numbers), len(due))
        for key, values in expected.values.items():
            assert np.array_equal(found.values[key], values[numbers], equal_nan=True), key


def test_the_state_shows_what_stands_there():
    dynamics, horizon = started(PhaseName.diffusion)
    dynamics.advance(horizon, np.array([], dtype=int))
    state = dynamics.state()
    assert state.time == pytest.approx(9.0)
    assert state.u.shape == (6, 1, 2, 15, 15)
    assert state.position.shape == (6, 1, 2, 2)
    assert len(np.unique(state.position)) == 24


@pytest.mark.parametrize("lattice", Lattice)
def test_positions_are_unwrapped_over_both_lattice_vectors(lattice):
    config = replace(BRIEF, network=replace(BRIEF.network, lattice=lattice))
    (phase,) = phases(prepared(replace(config, phases=[PhaseName.diffusion])))
    dynamics = phase.start({})
    turns = np.array([2.0, -1.0]) @ VECTORS[lattice]
    dynamics.place = dynamics.place + turns
    dynamics.advance(5, np.array([], dtype=int))
    assert np.abs(dynamics.place - turns).max() < 5
