"""Observables against plain arithmetic on small states."""

from __future__ import annotations

import math
from dataclasses import replace

import mpmath
import numpy as np
import pytest
import torch

from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.embedding import orthonormal
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import GaussianInit, RealizableDataset
from ntp_dynamics.studies.next_token.model import token_space
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.gradient import DenseCrossEntropy
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    exact_margin,
    initial_weight,
)
from ntp_dynamics.studies.next_token.model.reference import Reference, SolvedReference
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
)
from ntp_dynamics.studies.next_token.optim.rules import normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.theory.max_margin import ClosedFormTarget, attention_target

V, MARGIN = 10, 6.0
RULE = normalised_gradient_descent()
CORPUS = generate(
    RealizableDataset(vocab_size=V, queries=4, extra_optimal_copies=1), np.random.default_rng(4)
)
FOUND = recognise(CORPUS)


def state_after(steps: int, norm: float | None = 0.7) -> tuple[State, Reference]:
    """A gaussian start with a part outside the span of the tokens, some steps on."""
    rng = np.random.default_rng(0)
    embedding = orthonormal(V, V + 3, rng)
    batch = pack([CORPUS], [FOUND.collocation])
    start = np.zeros((V + 3, V + 3))
    if norm is not None:
        start = initial_weight(GaussianInit(norm=norm), (V + 3, V + 3), rng)
    matrix = attention_matrix([start], [embedding], batch, whole=False)
    logits = exact_margin(MARGIN, batch)
    *_, state = every_state(Descent(AttentionObjective(batch, matrix, logits), RULE, [0.5]), steps)
    reference = SolvedReference(batch, [FOUND], [None], [attention_target(FOUND)])
    return state, reference


def observable(name: str) -> Observable:
    return next(
        o for o in BUILT_IN if o.name == name and Stage.attention in (o.phases or tuple(Stage))
    )


def value(name: str, state: State, reference: Reference) -> float:
    return observable(name)(state, reference).item()


def attention_by_hand(state: State) -> list[dict[int, float]]:
    """Mass of each distinct token of each sentence, from the scores."""
    column = {q: i for i, q in enumerate(CORPUS.queries)}
    masses = []
    for sentence in CORPUS.sentences:
        weights = dict.fromkeys(sentence, 1.0)
        if len(sentence) > 1:
            score = state.layer.value[0, :, column[sentence[-1]]].tolist()
            weights = {k: sentence.count(k) * math.exp(score[k]) for k in sentence}
        total = sum(weights.values())
        masses.append({k: w / total for k, w in weights.items()})
    return masses


def optimal_mass_by_hand(state: State) -> np.ndarray:
    return np.array(
        [
            sum(m for k, m in mass.items() if FOUND.collocation[k] == y)
            for mass, y in zip(attention_by_hand(state), CORPUS.next_tokens, strict=True)
        ]
    )


@pytest.mark.parametrize("steps", [0, 1, 12])
def test_masses_loss_and_accuracy_agree_with_arithmetic_by_hand(steps: int) -> None:
    state, reference = state_after(steps)
    mass = optimal_mass_by_hand(state)
    assert value("attention_mass_min", state, reference) == pytest.approx(mass.min(), rel=1e-12)
    mean = (CORPUS.pi * mass).sum()
    assert value("attention_mass_mean", state, reference) == pytest.approx(mean, rel=1e-12)
    leak = math.log((1 - mass).max())
    assert value("log_leak", state, reference) == pytest.approx(leak, rel=1e-9)
    logits = state.logits[0].numpy()
    loss, right = 0.0, 0.0
    for phi, y, pi in zip(attention_by_hand(state), CORPUS.next_tokens, CORPUS.pi, strict=True):
        z = np.sum([m * logits[:, k] for k, m in phi.items()], axis=0)
        loss += pi * (np.log(np.exp(z).sum()) - z[y])
        right += pi * (z.argmax() == y)
    assert value("log_loss", state, reference) == pytest.approx(math.log(loss), rel=1e-12)
    assert value("accuracy", state, reference) == pytest.approx(right, rel=1e-12)


def test_a_rare_sentence_that_is_wrong_counts_as_one() -> None:
    """Its weight is lost in rounding: the weighted accuracy reads exactly 1."""
    rare = [1e-17 if len(s) > 1 else 1.0 for s in CORPUS.sentences]
    samples = zip(CORPUS.sentences, CORPUS.next_tokens, rare, strict=True)
    corpus = Corpus.from_samples(samples, vocab_size=V)
    state, reference = state_after(0, norm=None)
    batch = pack([corpus, CORPUS], [FOUND.collocation] * 2)
    logits = exact_margin(MARGIN, batch)
    scores = -50 * reference.kq.expand(2, -1, -1)  # attention on what is wrong
    _, forward = DenseCrossEntropy(logits, batch).gradient(scores)
    wrong = replace(state, batch=batch, logits=logits, forward=forward)
    longer = sum(len(s) > 1 for s in CORPUS.sentences)
    assert observable("accuracy")(wrong, reference)[0] == 1
    shares = observable("accuracy_unweighted")(wrong, reference)
    assert shares.tolist() == pytest.approx([1 - longer / CORPUS.size] * 2, rel=1e-14)


def test_margins_are_those_of_every_known_token_against_every_class() -> None:
    batch = pack([CORPUS], [[-1, *FOUND.collocation[1:]]])
    logits = torch.from_numpy(np.random.default_rng(0).standard_normal((1, V, V)))
    state = replace(state_after(0)[0], batch=batch, logits=logits)
    table = logits[0].tolist()
    margins = [
        table[y][x] - table[v][x]
        for x, y in enumerate(FOUND.collocation)
        for v in range(V)
        if x > 0 and v != y
    ]
    for name, expected in (("margin_min", min(margins)), ("margin_max", max(margins))):
        measure = next(o for o in BUILT_IN if o.name == name)
        assert measure(state, state_after(0)[1]).item() == pytest.approx(expected, rel=1e-14)


def test_direction_gap_counts_the_part_of_w0_outside_the_span() -> None:
    """1 - cos of the full d x d matrices, not of what the tokens see."""
    state, reference = state_after(5)
    full = math.hypot(state.layer.value.norm().item(), state.layer.matrix.outside_norm.item())
    assert state.layer.matrix.outside_norm.item() > 0.1
    cosine = (state.layer.value * reference.kq).sum().item() / full / reference.kq_norm.item()
    assert value("norm_kq", state, reference) == pytest.approx(full, rel=1e-14)
    assert value("direction_gap_kq", state, reference) == pytest.approx(1 - cosine, abs=1e-14)


def test_score_margins_are_the_smallest_over_relations_and_roles() -> None:
    state, reference = state_after(7)
    score = {q: state.layer.value[0, :, i].tolist() for i, q in enumerate(CORPUS.queries)}
    orders = FOUND.orders or {}
    least = min(score[q][a] - score[q][b] for q, o in orders.items() for a, b in o.relations)
    assert value("score_margin", state, reference) == pytest.approx(least, rel=1e-13)
    extension = min(
        min(
            min(score[q][a] for a in o.optimal) - max(score[q][m] for m in between),
            min(score[q][m] for m in between) - max(score[q][b] for b in o.non_optimal),
        )
        for q, o in orders.items()
        if (between := o.non_comparable(V))
    )
    assert value("order_extension_margin", state, reference) == pytest.approx(extension, rel=1e-13)


@pytest.mark.parametrize("steps", [0, 3, 40, 700])
def test_log_excess_loss_agrees_with_subtraction_in_900_digits(steps: int) -> None:
    """L - L_min from 1 down to 1e-140, where float64 subtraction returns noise."""
    state, reference = state_after(steps, norm=None)
    column = {q: i for i, q in enumerate(CORPUS.queries)}
    with mpmath.workdps(900):
        excess = mpmath.mpf(0)
        floor = mpmath.log(1 + (V - 1) * mpmath.exp(-mpmath.mpf(MARGIN)))
        for sentence, y, pi in zip(CORPUS.sentences, CORPUS.next_tokens, CORPUS.pi, strict=True):
            if len(sentence) < 2:
                continue
            score = state.layer.value[0, :, column[sentence[-1]]].tolist()
            weight = {k: sentence.count(k) * mpmath.exp(score[k]) for k in dict.fromkeys(sentence)}
            total = sum(weight.values())
            z = [mpmath.mpf(0)] * V
            for k, w in weight.items():
                z[FOUND.collocation[k]] += MARGIN * w / total
            excess += mpmath.mpf(pi) * (mpmath.log(sum(map(mpmath.exp, z))) - z[y] - floor)
        exact = float(mpmath.log(excess))
    assert value("log_excess_loss", state, reference) == pytest.approx(exact, rel=1e-10, abs=1e-10)


def test_excess_loss_is_nan_where_margins_differ() -> None:
    state, reference = state_after(2)
    assert math.isfinite(value("log_excess_loss", state, reference))
    uneven = state.logits.clone()
    uneven[0, 0, 0] += 0.5
    other = replace(state, logits=uneven)
    assert math.isnan(value("log_excess_loss", other, reference))


def test_alignment_is_the_cosine_of_minus_gradient_and_target() -> None:
    state, reference = state_after(3)
    d = state.layer.slope.value
    cosine = -(d * reference.kq).sum() / d.norm() / reference.kq.norm()
    assert value("gradient_alignment_kq", state, reference) == pytest.approx(cosine.item())
    assert value("zero_sum_residual", state, reference) < 1e-14


def test_zero_weights_have_no_direction() -> None:
    state, reference = state_after(0, norm=None)
    assert math.isnan(value("direction_gap_kq", state, reference))
    assert value("norm_kq", state, reference) == 0


def test_every_observable_says_what_it_is() -> None:
    assert len(BUILT_IN) > 20
    for o in BUILT_IN:
        assert o.long_name, o.name
        assert o.units, o.name
        assert o.source, o.name


def test_attention_of_absent_tokens_is_nan_and_the_rest_sums_to_one() -> None:
    state, reference = state_after(3)
    attention = observable("attention")(state, reference)
    assert torch.isnan(attention).any()
    torch.testing.assert_close(attention.nansum(-1), torch.ones_like(attention[..., 0]))


@pytest.mark.parametrize("o", BUILT_IN, ids=lambda o: o.name)
def test_every_observable_is_float64(o: Observable) -> None:
    """Booleans and counts turn into float32 unasked, and 1 into 1.0000001."""
    if Stage.feed_forward not in o.phases or Stage.attention in o.phases:
        state, reference = state_after(2)
    else:
        batch = pack([CORPUS], [FOUND.collocation])
        zero = token_space.zeros(1, V, V)
        target = ClosedFormTarget(FOUND.collocation, V)
        *_, state = every_state(Descent(FeedForwardObjective(batch, zero), RULE, [0.1]), 2)
        reference = SolvedReference(batch, [FOUND], [target], [None])
    assert o(state, reference).dtype == torch.float64


def test_excess_loss_is_finite_at_margins_where_exp_overflows() -> None:
    """Attention on the wrong tokens at margin 2,000: the excess is the loss itself."""
    state, reference = state_after(0, norm=None)
    logits, scores = exact_margin(2000.0, state.batch), -5 * reference.kq
    _, forward = DenseCrossEntropy(logits, state.batch).gradient(scores)
    wrong = replace(state, logits=logits, forward=forward)
    excess = value("log_excess_loss", wrong, reference)
    assert 5 < excess < 10
    assert excess == pytest.approx(value("log_loss", wrong, reference), rel=1e-12)
