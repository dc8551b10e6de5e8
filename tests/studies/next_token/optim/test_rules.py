"""One contract for every update rule, and what each one promises."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from ntp_dynamics.run.stepping import NO_STEPS, every_state
from ntp_dynamics.studies.next_token.choices import NormOver
from ntp_dynamics.studies.next_token.data.embedding import TokenVectors, orthonormal, standard
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GROUPS,
    Adam,
    AdamW,
    GaussianInit,
    GradientDescent,
    NormalisedGradientDescent,
    Optimizer,
    Polyak,
    RealizableDataset,
    SignDescent,
    SplitNormalisedGradientDescent,
    WithMomentum,
)
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.init import (
    attention_matrix,
    exact_margin,
    initial_weight,
)
from ntp_dynamics.studies.next_token.model.softmax_linear import Parts
from ntp_dynamics.studies.next_token.model.token_space import LogScaled, TokenMatrix, frobenius
from ntp_dynamics.studies.next_token.model.transformer import Transformer
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import (
    COVARIANT,
    RULES,
    Slope,
    gradient_descent,
    known,
    make_rule,
    normalised_gradient_descent,
    polyak,
)
from ntp_dynamics.studies.next_token.quantities import norm_of

ETA, STEP = 0.3, 0.05
OPTIMIZERS = [schema() for schema in GROUPS["optimizer"].values()]
OF_ANY_LOSS = [o for o in OPTIMIZERS if not isinstance(o, SplitNormalisedGradientDescent)]
OPTIONS = [
    NormalisedGradientDescent(momentum=0.9),
    NormalisedGradientDescent(momentum=0.5, weight_decay=2.0),
    GradientDescent(momentum=0.9),
    GradientDescent(momentum=0.9, weight_decay=2.0),
    SignDescent(momentum=0.9),
    SignDescent(weight_decay=20.0),
    Polyak(weight_decay=2.0),
    Adam(epsilon=0.0),
    Adam(beta1=0.0, beta2=0.9, epsilon=0.1),
    AdamW(beta2=0.99, epsilon=0.0, weight_decay=2.0),
]


def told(optimizer: Optimizer) -> str:
    """What is not the default of its rule."""
    given = [
        f"{name}={x}"
        for name, x in vars(optimizer).items()
        if vars(type(optimizer)()).get(name) != x
    ]
    return " ".join([type(optimizer).__name__, *given])


def gap(log_gap: float = 0.0) -> torch.Tensor:
    """The log of the loss above its infimum, of two runs."""
    return torch.full((2,), log_gap, dtype=torch.float64)


def matrix(many: torch.Tensor | None = None) -> TokenMatrix:
    nothing = torch.zeros(2, dtype=torch.float64)
    start = torch.zeros(2, 3, 4, dtype=torch.float64)
    return TokenMatrix(start, nothing, many)


def slope(log_scale: float = 0.0, where: TokenMatrix | None = None) -> Slope:
    value = torch.randn(2, 3, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    scale = torch.full((2,), log_scale, dtype=torch.float64)
    half = LogScaled(value / 2, scale)
    told = where or matrix(), LogScaled(value, scale), ETA
    return Slope(*told, Parts(half, half), torch.ones_like(scale))


def test_every_optimizer_of_the_configuration_has_a_rule() -> None:
    assert set(RULES) == set(GROUPS["optimizer"].values())
    assert set(RULES) > COVARIANT


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, *OPTIONS], ids=told)
def test_a_rule_descends_and_leaves_its_arguments_alone(optimizer: Optimizer) -> None:
    rule, where = make_rule(optimizer), slope()
    before = where.gradient.value.clone()
    memory = rule.init([where.matrix.zero])
    (change,), later = rule.update([where], gap, memory)
    assert ((change * before).sum((1, 2)) < 0).all()
    assert torch.equal(where.gradient.value, before)
    (again,), _ = rule.update([where], gap, memory)
    assert torch.equal(change, again), "an update does not change the memory it was given"
    assert later is None or later is not memory


@pytest.mark.parametrize("optimizer", [*OPTIMIZERS, *OPTIONS], ids=told)
def test_a_gradient_of_exactly_zero_moves_nothing(optimizer: Optimizer) -> None:
    nothing = LogScaled(torch.zeros(2, 3, 4).double(), torch.full((2,), -torch.inf).double())
    rule, where = make_rule(optimizer), slope()
    where = where._replace(gradient=nothing, parts=Parts(nothing, nothing))
    (change,), _ = rule.update([where], gap, rule.init([where.matrix.zero]))
    assert not change.any()


PLAIN: dict[type[Optimizer], Callable[..., torch.Tensor]] = {
    NormalisedGradientDescent: lambda g, gap: g / g.norm(),
    GradientDescent: lambda g, gap: g,
    SignDescent: lambda g, gap: g.sign(),
    Polyak: lambda g, gap: gap * g / g.square().sum(),
}


def steps_of_torch(optimizer: Optimizer, weight: torch.nn.Parameter) -> Callable[[float], None]:
    """A step by torch.optim or a plain formula, given the loss above its infimum."""
    if isinstance(optimizer, Adam):
        kind = torch.optim.AdamW if optimizer.weight_decay else torch.optim.Adam
        theirs = kind(
            [weight],
            STEP,
            (optimizer.beta1, optimizer.beta2),
            optimizer.epsilon or 1e-300,  # an entry without gradient is 0 / 0 otherwise
            optimizer.weight_decay,
        )
        return lambda gap: theirs.step()  # type: ignore[return-value]
    beta = optimizer.momentum if isinstance(optimizer, WithMomentum) else 0.0
    if isinstance(optimizer, GradientDescent):
        theirs = torch.optim.SGD([weight], STEP, beta)
    else:
        theirs = torch.optim.SGD([weight], STEP)
    buffer = torch.zeros_like(weight)

    def step(gap: float) -> None:
        assert weight.grad is not None
        if not isinstance(optimizer, GradientDescent):
            buffer.mul_(beta).add_(weight.grad)
            weight.grad.copy_(PLAIN[type(optimizer)](buffer, gap))
        weight.data.mul_(1 - STEP * optimizer.weight_decay)
        theirs.step()

    return step


@pytest.mark.parametrize("optimizer", [*OF_ANY_LOSS, *OPTIONS], ids=told)
@pytest.mark.parametrize("embedding", ["standard", "rotated"])
def test_every_rule_agrees_with_torch_on_the_d_by_d_matrix(
    optimizer: Optimizer, embedding: str
) -> None:
    """Twenty steps of the attention stage, gaussian init, against autograd and torch.optim."""
    rng = np.random.default_rng(0)
    corpus = generate(RealizableDataset(vocab_size=8, queries=3), rng)
    recognition = recognise(corpus)
    batch = pack([corpus], [recognition.collocation])
    e: TokenVectors = standard(8, 8, rng) if embedding == "standard" else orthonormal(8, 8, rng)
    start = initial_weight(GaussianInit(norm=0.5), (8, 8), rng)
    matrix = attention_matrix([start], [e], batch, type(optimizer) not in COVARIANT)
    logits = exact_margin(3.0, batch)
    objective = AttentionObjective(batch, matrix, logits)
    descent = Descent(objective, make_rule(optimizer), [STEP], optimizer.weight_decay)
    oracle = Transformer(torch.from_numpy(e.matrix))
    oracle.feed_forward.weight.data = logits[0] @ torch.from_numpy(e.matrix).T
    oracle.attention.weight.data = torch.from_numpy(start.copy())
    weight = oracle.attention.weight
    step_of_torch = steps_of_torch(optimizer, weight)
    floor = math.log1p(7 * math.exp(-3.0))
    column = torch.from_numpy(e.matrix[:, list(corpus.queries)])
    for state in every_state(descent, 20):
        scores = torch.from_numpy(e.matrix).T @ weight.detach() @ column
        torch.testing.assert_close(state.layer.value[0], scores, rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(norm_of(state.layer)[0], weight.detach().norm())
        weight.grad = None
        loss = oracle.loss(corpus)
        loss.backward()
        if isinstance(optimizer, SignDescent):
            assert weight.grad is not None  # entries that are zero but for rounding have no sign
            lifted = torch.from_numpy(e.matrix) @ state.layer.slope.value[0] @ column.T
            torch.testing.assert_close(lifted.sign(), weight.grad.sign())
        step_of_torch(loss.item() - floor)


def test_normalised_descent_does_not_see_the_scale_of_the_gradient() -> None:
    rule = normalised_gradient_descent()
    (large,), _ = rule.update([slope(0.0)], gap, None)
    (tiny,), _ = rule.update([slope(-1e5)], gap, None)
    assert torch.equal(large, tiny)
    torch.testing.assert_close(frobenius(tiny), torch.full((2,), ETA).double())


def test_normalised_descent_walks_eta_in_the_metric_of_the_full_matrix() -> None:
    """Where a row stands for several classes it is the norm over all of these that is eta."""
    many = torch.tensor([[1.0], [5.0], [2.0]]).double()
    where = slope(where=matrix(many))
    (change,), _ = normalised_gradient_descent().update([where], gap, None)
    each = (change / many).repeat_interleave(many[:, 0].long(), 1)
    torch.testing.assert_close(frobenius(each), torch.full((2,), ETA).double())
    torch.testing.assert_close(where.matrix.norm(change), torch.full((2,), ETA).double())


def test_a_global_norm_shares_one_step_between_the_layers() -> None:
    """The layer with the larger gradient moves more, and both together move eta."""
    pair = [slope(0.0), slope(-1.0)]
    changes, _ = normalised_gradient_descent(NormOver("global")).update(pair, gap, None)
    total = torch.stack([frobenius(c).square() for c in changes]).sum(0).sqrt()
    torch.testing.assert_close(total, torch.full((2,), ETA).double())
    torch.testing.assert_close(
        frobenius(changes[0]) / frobenius(changes[1]), torch.full((2,), math.e).double()
    )
    both, _ = normalised_gradient_descent().update(pair, gap, None)
    for change in both:
        torch.testing.assert_close(frobenius(change), torch.full((2,), ETA).double())


def test_polyak_survives_losses_that_are_no_floats() -> None:
    """(L - inf L) / ||grad|| is a float where neither is."""
    (near,), _ = polyak().update([slope(0.0)], gap, None)
    (far,), _ = polyak().update([slope(-1e4)], lambda: gap(-1e4), None)
    torch.testing.assert_close(near, far, rtol=1e-10, atol=0)


def test_polyak_does_not_stand_still_in_silence_where_inf_l_is_unknown() -> None:
    (change,), _ = polyak().update([slope()], lambda: gap(math.nan), None)
    assert change.isnan().all()
    with pytest.raises(ValueError, match="needs inf L"):
        known(gap(math.nan))


def test_plain_descent_scales_with_the_gradient_and_may_underflow_to_rest() -> None:
    rule = gradient_descent()
    (one,), _ = rule.update([slope(0.0)], gap, None)
    torch.testing.assert_close(one, -ETA * slope().gradient.value)
    (nothing,), _ = rule.update([slope(-1e5)], gap, None)
    assert not nothing.any()


def test_a_whole_matrix_sees_the_same_scores_and_norms_as_token_space() -> None:
    rng = np.random.default_rng(1)
    corpus = generate(RealizableDataset(vocab_size=6, queries=3), rng)
    batch = pack([corpus], [recognise(corpus).collocation])
    e, start = orthonormal(6, 7, rng), initial_weight(GaussianInit(norm=1.0), (7, 7), rng)
    tokens = attention_matrix([start], [e], batch, entrywise=False)
    full = attention_matrix([start], [e], batch, entrywise=True)
    assert isinstance(full, FullMatrix)
    d = LogScaled(torch.randn(1, 6, 3).double(), torch.zeros(1).double())
    lifted = full.lift(d).value
    torch.testing.assert_close(full.value(lifted), tokens.value(d.value))
    torch.testing.assert_close(full.norm(lifted), tokens.norm(d.value))
    torch.testing.assert_close(full.gradient_norm(lifted), tokens.gradient_norm(d.value))


def test_decay_shrinks_the_part_of_the_start_that_no_token_sees() -> None:
    """With a step of eta lambda = 1 nothing of W_0 is left, and W is the step alone."""
    rng = np.random.default_rng(2)
    corpus = generate(RealizableDataset(vocab_size=6, queries=3), rng)
    batch = pack([corpus], [recognise(corpus).collocation])
    e, start = orthonormal(6, 7, rng), initial_weight(GaussianInit(norm=1.0), (7, 7), rng)
    for entrywise in (False, True):
        matrix = attention_matrix([start], [e], batch, entrywise)
        objective = AttentionObjective(batch, matrix, exact_margin(3.0, batch))
        descent = Descent(objective, normalised_gradient_descent(), [0.25], weight_decay=2.0)
        descent.advance(3, NO_STEPS)
        layer = descent.state().layer
        assert layer.kept is not None
        assert layer.kept.item() == 0.125
        outside = norm_of(layer)[0] ** 2 - frobenius(layer.value)[0] ** 2
        unseen = 1 - frobenius(matrix.start)[0] ** 2
        torch.testing.assert_close(outside, unseen / 64)
        alone = Descent(objective, normalised_gradient_descent(), [0.25], weight_decay=4.0)
        alone.advance(1, NO_STEPS)
        torch.testing.assert_close(norm_of(alone.state().layer), torch.tensor([0.25]).double())


def test_the_path_length_counts_steps_and_not_what_decay_takes() -> None:
    rng = np.random.default_rng(3)
    corpus = generate(RealizableDataset(vocab_size=6, queries=3), rng)
    batch = pack([corpus], [recognise(corpus).collocation])
    matrix = attention_matrix(None, [standard(6, 6, rng)], batch, entrywise=False)
    objective = AttentionObjective(batch, matrix, exact_margin(3.0, batch))
    descent = Descent(objective, normalised_gradient_descent(), [0.25], weight_decay=1.0)
    descent.advance(40, NO_STEPS)
    state = descent.state()
    torch.testing.assert_close(state.path_length, torch.tensor([10.0]).double())
    assert norm_of(state.layer).item() < 1.0, "lambda W is at most a unit step"


@pytest.mark.parametrize(
    "kind", [Adam(epsilon=0.0), NormalisedGradientDescent(momentum=0.9)], ids=told
)
def test_a_rule_with_a_memory_does_not_see_the_scale_of_gradients(kind: Optimizer) -> None:
    """Scales that fall, pause and rise by hundreds of decades move what small ones would."""
    rule = make_rule(kind)
    for depth in (0.0, -1e5, 1e5):
        memory, changes = rule.init([matrix().zero]), []
        for step in range(6):
            (change,), memory = rule.update([slope(depth - step)], gap, memory)
            changes.append(change)
        if depth == 0.0:
            expected = changes
        torch.testing.assert_close(changes, expected, rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    "optimizer",
    [Adam(beta2=0.99, epsilon=0.0), AdamW(beta1=0.25, beta2=0.5, epsilon=0.0)],
    ids=told,
)
def test_adam_goes_on_however_many_decades_gradients_lose(optimizer: Adam) -> None:
    """Those of e^(-x t), x < -log(beta2) / 2, move it by the m / sqrt(v) of geometric series."""
    rule = make_rule(optimizer)
    b1, b2, x = optimizer.beta1, optimizer.beta2, -math.log(optimizer.beta2) / 4
    memory, change = rule.init([matrix().zero]), torch.zeros(2, 3, 4)
    for step in range(6000):
        (change,), memory = rule.update([slope(-x * step)], gap, memory)
    ratio = (1 - b1) / (1 - b1 * math.exp(x)) * math.sqrt((1 - b2 * math.exp(2 * x)) / (1 - b2))
    expected = -ETA * ratio * slope().gradient.value.sign()
    torch.testing.assert_close(change, expected, rtol=1e-9, atol=0)
