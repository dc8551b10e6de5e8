"""eta_c, the step size at which the sharp laws end: by hand, by matrices, and by trajectories."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import nnls

import ntp_dynamics as ntp
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget, attention_target
from ntp_dynamics.studies.next_token.theory.step_size import threshold

ALONE = [([x], (x + 1) % 5) for x in range(5)]
E, A, B, C, X = range(5)
PATH = Corpus.from_samples(
    [*ALONE, ([E, A, C], (E + 1) % 5), ([A, B, C], A + 1), ([B, C], B + 1)], vocab_size=5
)
"""Under query c: e > a > b > c, all other relations slack."""


def target(corpus: Corpus) -> AttentionTarget:
    return attention_target(recognise(corpus))


def covariance(aim: AttentionTarget) -> np.ndarray:
    """Cov_{q*} z with multipliers found in floats."""
    proofs = {q: c.certificate for q, c in aim.columns.items() if c.certificate}
    rows = [(a, b, q) for q, proof in proofs.items() for a, b in proof.tight]
    size = 1 + max(max(row) for row in rows)
    z = np.zeros((len(rows), size * size))
    for i, (a, b, q) in enumerate(rows):
        z[i, q * size + a], z[i, q * size + b] = 1, -1
    w = np.zeros(size * size)
    for q, column in aim.columns.items():
        for v, value in column.values.items():
            w[q * size + v] = float(value)
    multipliers, residual = nnls(z.T, w)
    assert residual < 1e-9
    q_star = multipliers / multipliers.sum()
    mean = q_star @ z
    return (z.T * q_star) @ z - np.outer(mean, mean)


def test_a_path_by_hand() -> None:
    """w = 3/2, 1/2, -1/2, -3/2; weights .3, .4, .3; eigenvalues 0, .2, .6, 1.2, and .2 is W*'s."""
    found = threshold(target(PATH))
    assert target(PATH).norm == pytest.approx(math.sqrt(5), rel=1e-15)
    assert found.value == found.at_most == pytest.approx(2 / (math.sqrt(5) * 1.2), rel=1e-12)


def test_one_relation_bears_any_step() -> None:
    corpus = Corpus.from_samples([([0], 1), ([1], 0), ([0, 1], 1)])
    assert threshold(target(corpus)).value == math.inf


def test_without_relations_nothing_is_known() -> None:
    found = threshold(target(Corpus.from_samples([([0], 1), ([1], 0)])))
    assert math.isnan(found.value)
    assert found.at_most == math.inf


@pytest.mark.parametrize("seed", range(12))
def test_without_confused_tokens_it_is_twice_the_norm_whatever_the_multipliers(seed: int) -> None:
    """2 / (||W*|| lambda_max(Cov)) of the whole matrix, and 2 ||W*||."""
    knobs = RealizableDataset(vocab_size=9, queries=4, optimal=2, non_optimal=3)
    aim = target(generate(knobs, np.random.default_rng(seed)))
    found = threshold(aim)
    brute = 2 / (aim.norm * np.linalg.eigvalsh(covariance(aim))[-1])
    assert found.value == pytest.approx(brute, rel=1e-9)
    assert found.value == pytest.approx(2 * aim.norm, rel=1e-12)


def test_with_confused_tokens_it_is_known_for_trees_and_else_bounded() -> None:
    known = []
    for seed in range(24):
        wide = seed % 2
        knobs = RealizableDataset(
            vocab_size=12, queries=2 + seed % 3, levels=3, optimal=1 + wide,
            non_optimal=3 + 3 * wide, sentences_per_query=3 + 3 * wide,
        )  # fmt: skip
        aim = target(generate(knobs, np.random.default_rng(seed)))
        found = threshold(aim)
        top = np.linalg.eigvalsh(covariance(aim))[-1]
        brute = 2 / (aim.norm * top) if top > 1e-9 else math.inf
        assert found.at_most >= brute * (1 - 1e-9)
        known.append(not math.isnan(found.value))
        if known[-1]:
            assert found.value == pytest.approx(brute, rel=1e-9)
    assert 0 < sum(known) < len(known), "both kinds occur"


def test_norm_and_loss_leave_their_laws_there_and_the_direction_does_not(tmp_path) -> None:
    """On the path: ||W|| / (eta t) is 1 below .745 and falls short above."""
    PATH.write(tmp_path / "path.jsonl")
    labels, slopes = [], []
    for step_size in (0.70, 0.79):
        record = ntp.train(
            ["dataset=file", f"dataset.path={tmp_path}/path.jsonl", "runs=1", "train.margin=6",
             "train.attention.steps=20000", f"train.attention.step_size={step_size}",
             "tracking=none", "figures=none"],
            tmp_path / str(step_size),
        )  # fmt: skip
        norm = record.stage("attention")["norm_kq"].sel(step=[10_000, 20_000]).values[0]
        slopes.append((norm[1] - norm[0]) / (10_000 * step_size))
        labels.append(record.status["labels"])
        assert record.constants.eta_c == pytest.approx(0.745356, rel=1e-6)
        assert record.stage("attention")["direction_gap_kq"].values[0, -1] < 1e-7
    assert slopes[0] == pytest.approx(1, abs=1e-6)
    assert slopes[1] < 0.99
    for claim in ("kq.norm.sharp", "kq.loss.sharp"):
        assert labels[0][claim] == "tight"
        assert labels[1][claim] == "does not apply"
    assert labels[1]["kq.direction.sharp"] != "does not apply"
