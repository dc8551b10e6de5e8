"""Jobs whose embeddings are not orthonormal: measured against, and going to, their targets."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.data.embedding import gaussian
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import GaussianInit, RealizableDataset
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    feed_forward_matrix,
    initial_weight,
)
from ntp_dynamics.studies.next_token.model.reference import SolvedReference
from ntp_dynamics.studies.next_token.model.token_space import LogScaled
from ntp_dynamics.studies.next_token.observables import attention, weights
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
)
from ntp_dynamics.studies.next_token.optim.rules import normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import Layer
from ntp_dynamics.studies.next_token.quantities import direction_gap
from ntp_dynamics.studies.next_token.theory.gram_dual import attention_dual, feed_forward_dual
from ntp_dynamics.studies.next_token.theory.pure_attention import is_best

TWENTY = [
    "dataset.vocab_size=20",
    "dataset.queries=12",
    "embedding=gaussian",
    "figures=none",
    "tracking=none",
]


def job(tmp_path, dim, *overrides, step_size=0.1):
    sizes = [f"train.{stage}.step_size={step_size}" for stage in ("feed_forward", "attention")]
    return ntp.train([*TWENTY, *sizes, f"embedding.dim={dim}", *overrides], tmp_path / "job")


def labels(record):
    return {verdict["id"]: verdict["label"] for verdict in record.verdicts}


@pytest.mark.parametrize("dim", [12, 7])
@pytest.mark.parametrize("norm", [None, 0.8])
def test_direction_gaps_are_those_of_the_matrices_themselves(dim, norm):
    """1 - cos and cos(-grad, W*) of W (d x d, V x d), with a gaussian start and without."""
    size, rng = 10, np.random.default_rng(3)
    corpus = generate(RealizableDataset(vocab_size=size, queries=4), rng)
    found, embedding = recognise(corpus), gaussian(size, dim, rng)
    e, gram, batch = embedding.matrix, embedding.gram, pack([corpus], [found.collocation])
    targets = feed_forward_dual(found.collocation, gram), attention_dual(found.orders or {}, gram)
    reference = SolvedReference(batch, [found], [targets[0]], [targets[1]])
    queries = list(corpus.queries)

    def start(*shape):
        return np.zeros(shape) if norm is None else initial_weight(GaussianInit(norm), shape, rng)

    def check(measured, w, best):
        cosine = (w * best).sum() / np.linalg.norm(w) / np.linalg.norm(best)
        assert measured.item() == pytest.approx(cosine, abs=1e-12)

    rule = normalised_gradient_descent()
    w = start(size, dim)
    first = FeedForwardObjective(batch, feed_forward_matrix([w], [embedding], batch, whole=False))
    *_, state = every_state(Descent(first, rule, [0.5]), 9)
    gap = weights.direction_gap_ov(state, reference)
    check(1 - gap, w + state.layer.coefficients[0].numpy() @ e.T, targets[0].coefficients @ e.T)

    w = start(dim, dim)
    matrix = attention_matrix([w], [embedding], batch, whole=False)
    *_, state = every_state(
        Descent(AttentionObjective(batch, matrix, state.logits), rule, [0.5]), 9
    )
    best = e @ targets[1].coefficients(queries, size) @ e[:, queries].T
    moved = w + e @ state.layer.coefficients[0].numpy() @ e[:, queries].T
    check(1 - weights.direction_gap_kq(state, reference), moved, best)
    step = -e @ state.layer.slope.value[0].numpy() @ e[:, queries].T
    check(attention.gradient_alignment_kq(state, reference), step, best)


def test_the_gap_at_the_target_itself_is_zero_to_rounding():
    size, rng = 10, np.random.default_rng(3)
    corpus = generate(RealizableDataset(vocab_size=size, queries=4), rng)
    found, embedding = recognise(corpus), gaussian(size, size, rng)
    batch = pack([corpus], [found.collocation])
    target = attention_dual(found.orders or {}, embedding.gram)
    zero = attention_matrix([np.zeros((size, size))], [embedding], batch, whole=False)
    best = torch.from_numpy(target.coefficients(corpus.queries, size))[None]
    norm = torch.tensor([target.norm], dtype=torch.float64)
    nothing = LogScaled(best, norm)
    layer = Layer(zero, 7 * best, zero.value(7 * best), nothing, nothing)
    assert direction_gap(layer, best, norm).item() <= 1e-25


@pytest.mark.parametrize("dim", [40, 20])
def test_with_many_dimensions_both_layers_go_to_their_targets(tmp_path, dim):
    steps = ["train.feed_forward.steps=1200", "train.attention.steps=600"]
    record = job(tmp_path, dim, "runs=4", *steps, step_size=0.5)
    tree = record.trajectory
    for stage, name in (("feed_forward", "direction_gap_ov"), ("attention", "direction_gap_kq")):
        gap = tree[stage][name].values
        assert (gap[:, -1] < 1e-3).all()
        assert (gap[:, -1] < gap[:, 1] / 50).all()
    assert (tree["attention"]["gradient_alignment_kq"].values[:, -1] > 0.999).all()
    targets = tree["targets"]
    assert (2 * targets["gap_kq"] / targets["norm_kq"] ** 2 <= 1e-10).all()
    assert (targets["exact_kq"] == 0).all()
    assert (targets["forced_zero"] == 0).all()
    found = labels(record)
    assert found["kq.direction"] == found["ov.direction"] == "does not apply"
    assert found["kq.loss.sharp"] == "does not apply"  # margins are not equal
    assert found["kq.norm.sharp"] != "does not apply"
    assert found["kq.direction.sharp"] not in {"does not apply", "contradicted"}


def test_with_ten_dimensions_attention_goes_to_its_target_where_it_is_the_best(tmp_path):
    """Elsewhere a mixture of tokens beats the optimal one, and W_kq stops growing."""
    steps = ["train.feed_forward.steps=400", "train.attention.steps=2000"]
    record = job(tmp_path, 10, "runs=8", *steps, step_size=0.25)
    attention = record.trajectory["attention"]
    logits = attention["logits"].values
    best = np.array(is_best(record.corpora, [recognise(c) for c in record.corpora], logits))
    assert 0 < best.sum() < 8
    gap = attention["direction_gap_kq"].values[:, -1]
    norm_ratio = (attention["norm_kq"] / attention["path_length"]).values[:, -1]
    assert (gap[best] < 1e-3).all()
    assert (norm_ratio[best] > 0.99).all()
    assert (gap[~best] > 1e-2).all()
    assert (norm_ratio[~best] < 0.3).all()


def test_the_sharp_laws_hold_at_an_exact_margin(tmp_path):
    steps = ["runs=3", "train.margin=6", "train.attention.steps=3000"]
    record = job(tmp_path, 40, *steps, step_size=4)
    found = labels(record)
    for claim in ("kq.direction.sharp", "kq.norm.sharp", "kq.loss.sharp"):
        assert found[claim] == "tight", claim


def test_three_dimensions_are_infeasible_and_say_so(tmp_path):
    steps = ["train.feed_forward.steps=20", "train.attention.steps=20"]
    record = job(tmp_path, 3, "runs=2", *steps)
    assert np.isnan(record.trajectory["targets"]["norm_kq"]).all()
    assert np.isnan(record.trajectory["attention"]["direction_gap_kq"]).all()
    said = (record.path / "log.txt").read_text()
    assert "problem (3) is infeasible for these embeddings: a combination of" in said
    assert set(labels(record).values()) == {"does not apply"}
