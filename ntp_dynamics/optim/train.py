"""The training loop: an iterator of states that knows nothing of what is measured.

Torch gives a state a step.  A fused course (`ntp_dynamics.optim.course`) gives them where it is
asked to stop, and says in between how far it has come.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from ntp_dynamics.config import Stage
from ntp_dynamics.model.batch import Batch
from ntp_dynamics.model.excess import log_excess
from ntp_dynamics.model.full_matrix import FullMatrix
from ntp_dynamics.model.growth import LeastGrowth
from ntp_dynamics.model.token_space import LogScaled, TokenMatrix
from ntp_dynamics.optim.engine import Engine
from ntp_dynamics.optim.rules import Rule, Slope

if TYPE_CHECKING:  # takes numba along
    from ntp_dynamics.optim.course import Course, Logged

CALL_SECONDS = 0.1
"""About how long a course runs before it says where it is: Ctrl-C and the bar wait for that."""


@dataclass(frozen=True)
class Layer:
    """One trained matrix of all runs at one step."""

    matrix: TokenMatrix | FullMatrix
    coefficients: Float[Tensor, "R A B"]
    """What training added to W_0, in token coordinates (or in full: see `matrix`)."""
    value: Float[Tensor, "R A B"]
    """Scores S (V x Q) of the attention layer, logits M (V x V) of the feed-forward layer."""
    gradient: LogScaled
    """In the coordinates of the coefficients."""
    slope: LogScaled
    """dLoss/dS or dLoss/dM, in token coordinates."""


@dataclass(frozen=True)
class State:
    """All runs of a job at one step of one stage, before the update of that step."""

    stage: Stage
    step: int
    batch: Batch
    attention: Layer | None
    """None where the attention layer is not trained."""
    feed_forward: Layer | None
    logits: Float[Tensor, "R V V"]
    """M = W_ov E, frozen in the attention stage."""
    forward: Any
    """`Forward`, or `FeedForwardPass` in the feed-forward stage."""
    path_length: Float[Tensor, " R"]
    least_growth: Float[Tensor, " R"] | None = None
    """Of the attention stage: see `LeastGrowth`."""

    @property
    def layer(self) -> Layer:
        """The layer that is trained; in the joint stage the attention layer."""
        layer = self.attention or self.feed_forward
        assert layer is not None
        return layer


class Passed(NamedTuple):
    """A step that a fused course has come to, and what it measured on the way there."""

    step: int
    logged: Logged


class Fused(NamedTuple):
    """A course and the steps after 0 where it stops for a state, increasing."""

    course: Course
    stops: Sequence[int]


class Part(NamedTuple):
    """A matrix to train, its step size and what it is called."""

    matrix: TokenMatrix | FullMatrix
    step_size: float
    name: str = "W"


class NonFinite(ArithmeticError):
    """A weight is no longer a number."""

    def __init__(self, step: int, name: str):
        super().__init__(f"non-finite at step {step:,} in {name}")


def train_feed_forward(
    batch: Batch, part: Part, rule: Rule, engine: Engine, steps: int, fused: Fused | None = None
) -> Iterator[State | Passed]:
    """Stage 1: W_ov on the collocation loss L0, attention absent."""

    def evaluate(walk: _Walk) -> State:
        (logits,) = walk.values
        slope, forward = engine.feed_forward(logits, batch)
        layer = walk.layer(0, part, slope)
        return State(
            Stage.feed_forward, walk.step, batch, None, layer, logits, forward, walk.path_length
        )

    def log_gap(state: State) -> Tensor:  # the infimum of L0 is 0
        return state.forward.log_loss.logsumexp(-1)

    if fused:
        return _follow(fused, [part], evaluate)
    return _descend([part], evaluate, log_gap, rule, steps)


def train_attention(
    batch: Batch,
    part: Part,
    logits: Float[Tensor, "R V V"],
    rule: Rule,
    engine: Engine,
    steps: int,
    fused: Fused | None = None,
) -> Iterator[State | Passed]:
    """Stage 2: W_kq on the cross-entropy of all samples, W_ov frozen."""
    loss = engine.attention(logits, batch)
    growth = LeastGrowth(batch)

    def evaluate(walk: _Walk) -> State:
        (scores,) = walk.values
        slope, forward = loss.gradient(scores)
        layer = walk.layer(0, part, slope)
        least = growth.at(walk.step, forward)
        return State(
            Stage.attention, walk.step, batch, layer, None, logits, forward, walk.path_length, least
        )

    def log_gap(state: State) -> Tensor:
        return log_excess(state.forward, logits, batch)

    if fused:
        return _follow(fused, [part], evaluate)
    return _descend([part], evaluate, log_gap, rule, steps)


def train_joint(
    batch: Batch,
    attention: Part,
    feed_forward: Part,
    rule: Rule,
    engine: Engine,
    steps: int,
    fused: Fused | None = None,
) -> Iterator[State | Passed]:
    """Both layers at once, on the cross-entropy of all samples."""

    def evaluate(walk: _Walk) -> State:
        scores, logits = walk.values
        by_score, by_logit, forward = engine.joint(scores, logits, batch)
        layers = walk.layer(0, attention, by_score), walk.layer(1, feed_forward, by_logit)
        return State(Stage.joint, walk.step, batch, *layers, logits, forward, walk.path_length)

    def log_gap(state: State) -> Tensor:  # the infimum of L is 0
        return (state.forward.log_loss + batch.log_pi).logsumexp(-1)

    parts = [attention, feed_forward]
    if fused:
        return _follow(fused, parts, evaluate)
    return _descend(parts, evaluate, log_gap, rule, steps)


class _Walk(NamedTuple):
    """Where the descent stands, a part each."""

    step: int
    coefficients: list[Tensor]
    values: list[Tensor]
    path_length: Float[Tensor, " R"]

    def layer(self, i: int, part: Part, slope: LogScaled) -> Layer:
        matrix = part.matrix
        gradient = matrix.lift(slope)
        return Layer(matrix, self.coefficients[i], self.values[i], gradient, slope)


def _descend(
    parts: list[Part],
    evaluate: Callable[[_Walk], State],
    log_gap: Callable[[State], Tensor],
    rule: Rule,
    steps: int,
) -> Iterator[State]:
    """The states at steps 0 .. steps.  Raises NonFinite before the first that is not finite."""
    coefficients = [part.matrix.zero for part in parts]
    lost = [torch.zeros_like(c) for c in coefficients]
    path_length = lost_length = coefficients[0].new_zeros(len(coefficients[0]))
    memory = rule.init(coefficients)
    for step in range(steps + 1):
        values = [p.matrix.value(c) for p, c in zip(parts, coefficients, strict=True)]
        _check_finite(step, parts, values)
        state = evaluate(_Walk(step, coefficients, values, path_length))
        yield state
        if step < steps:
            layers = [layer for layer in (state.attention, state.feed_forward) if layer]
            slopes = [
                Slope(layer.matrix, layer.gradient, part.step_size)
                for layer, part in zip(layers, parts, strict=True)
            ]
            changes, memory = rule.update(slopes, lambda state=state: log_gap(state), memory)
            lengths = [
                p.matrix.gradient_norm(change) for p, change in zip(parts, changes, strict=True)
            ]
            moved = [
                _add(c, change, gone)
                for c, change, gone in zip(coefficients, changes, lost, strict=True)
            ]
            coefficients, lost = [total for total, _ in moved], [gone for _, gone in moved]
            length = torch.linalg.vector_norm(torch.stack(lengths), dim=0)
            path_length, lost_length = _add(path_length, length, lost_length)


def _check_finite(step: int, parts: list[Part], values: list[Tensor]) -> None:
    for part, value in zip(parts, values, strict=True):
        if not value.sum().isfinite() and not value.isfinite().all():  # a sum may overflow
            raise NonFinite(step, part.name)


def _follow(
    fused: Fused, parts: list[Part], evaluate: Callable[[_Walk], State]
) -> Iterator[State | Passed]:
    """The states at step 0 and at the stops of a course.

    Calls grow or shrink with the time the last one took; where they are cut changes no number.
    Raises NonFinite at the first stop or measurement that is not finite.
    """
    yield from _passed(0, fused.course.advance(0), parts)
    step, size = 0, 1
    for stop in (0, *fused.stops):
        while step < stop:
            taken = min(size, stop - step)
            began = time.monotonic()
            logged = fused.course.advance(taken)
            seconds = max(time.monotonic() - began, 1e-6)
            size = max(1, min(2 * size, int(taken * CALL_SECONDS / seconds)))
            step += taken
            yield from _passed(step, logged, parts)
        coefficients, path_length = fused.course.position()
        values = [p.matrix.value(c) for p, c in zip(parts, coefficients, strict=True)]
        _check_finite(step, parts, values)
        yield evaluate(_Walk(step, coefficients, values, path_length))


def _passed(step: int, logged: Logged, parts: list[Part]) -> Iterator[Passed]:
    """Raises NonFinite where a measurement is not finite, after those that are."""
    if logged.finite.all():
        yield Passed(step, logged)
        return
    first = int(logged.finite.argmin())
    if first:
        yield Passed(int(logged.steps[first - 1]), logged.until(first))
    raise NonFinite(int(logged.steps[first]), parts[0].name)


def _add(total: Tensor, change: Tensor, lost: Tensor) -> tuple[Tensor, Tensor]:
    """total + change and the rounding lost so far (Kahan): the error of t steps does not grow with
    t, so that an identity still holds after 1e6 of them."""
    wanted = change - lost
    larger = total + wanted
    return larger, (larger - total).sub_(wanted)
