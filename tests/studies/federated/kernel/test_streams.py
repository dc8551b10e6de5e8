"""Random numbers by key and place: uniform, normal, without replacement, and no two keys alike."""

import numpy as np
from scipy.stats import chi2, kstest

from ntp_dynamics.studies.federated.kernel import drawn
from ntp_dynamics.studies.federated.kernel.step import Clients, Rule
from ntp_dynamics.studies.federated.kernel.streams import EDGE, HEIGHT, run_keys

RULE = Rule(0, 0.0, 1.0, 3, 1, 2, 50, 1, 0, False, 4, False, 1.0, 0.5, np.ones(1), np.ones(1))
SAMPLES, DIM = 5, 40
CLIENTS = Clients(
    np.ones((1, 6, SAMPLES, DIM)),
    np.ones((1, 6, SAMPLES)),
    np.zeros((1, 0, DIM)),
    np.zeros((1, 0)),
    np.zeros((1, 0), np.int64),
    np.zeros((1, 0), np.int64),
)
KEY = run_keys(0, [0])[0]


def test_the_rows_of_the_ziggurat_have_equal_areas():
    areas = EDGE[1:-1] * np.diff(HEIGHT[1:])
    np.testing.assert_allclose(areas, areas[0], rtol=1e-7)
    np.testing.assert_allclose(EDGE[0] * HEIGHT[1], areas[0], rtol=1e-7)


def test_gaussian_directions_are_normal_beyond_the_last_edge_too():
    steps = [drawn.local_step(KEY, t, 0, 0, CLIENTS, RULE)[1] for t in range(400)]
    z = np.concatenate(steps).ravel()
    assert kstest(z, "norm").pvalue > 1e-3
    assert (np.abs(z) > EDGE[1]).sum() in range(170, 250)  # 206 expected of 8e5
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 5e-3


def test_batches_and_participants_are_drawn_without_replacement_and_evenly():
    counts, pairs = np.zeros(6), np.zeros(SAMPLES)
    lags = np.zeros(5)
    for t in range(4, 3004):
        chosen, late = drawn.participants(KEY, t, 6, RULE)
        assert len(set(chosen.tolist())) == 3
        counts[chosen] += 1
        lags[late] += 1
        batch = drawn.local_step(KEY, t, 1, 2, CLIENTS, RULE)[0]
        assert batch[0] != batch[1]
        pairs[batch] += 1
    for found in (counts, pairs, lags):
        expected = found.sum() / len(found)
        statistic = ((found - expected) ** 2 / expected).sum()
        assert statistic < chi2.ppf(0.9999, len(found) - 1)


def test_noise_has_the_power_that_theory_gives_it():
    powers = [(drawn.local_step(KEY, t, 0, 0, CLIENTS, RULE)[2] ** 2).sum() for t in range(4000)]
    # K0^2 Gamma(3)/b1 = .25
    assert abs(np.mean(powers) - 0.25) < 5 * np.std(powers) / np.sqrt(len(powers))


def test_every_part_of_a_key_counts():
    seen = set()
    for seed, run in ((0, 0), (0, 1), (1, 0)):
        key = run_keys(seed, [run])[0]
        for t, client, h in ((0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 0, 1)):
            seen.add(float(drawn.local_step(key, t, client, h, CLIENTS, RULE)[1][0, 0]))
    assert len(seen) == 12


def test_lags_reach_no_further_than_the_past():
    for t in range(4):
        late = [drawn.participants(run_keys(s, [0])[0], t, 6, RULE)[1] for s in range(30)]
        assert set(np.concatenate(late).tolist()) == set(range(t + 1))
