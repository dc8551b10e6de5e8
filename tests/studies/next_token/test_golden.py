"""Trajectories against exact references and closed forms."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from ntp_dynamics.run.stepping import NO_STEPS, every_state
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.model import token_space
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.reference import Reference, SolvedReference
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
)
from ntp_dynamics.studies.next_token.optim.rules import normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.theory import proposition2
from ntp_dynamics.studies.next_token.theory.max_margin import ClosedFormTarget, attention_target

LOG_10 = math.log(10)
MARGIN, STEP_SIZE = 9.23, 0.1
RULE = normalised_gradient_descent()


@pytest.fixture(autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def set_up(corpora: Sequence[Corpus]) -> tuple[Batch, Reference]:
    found = [recognise(corpus) for corpus in corpora]
    batch = pack(corpora, [recognition.collocation for recognition in found])
    v = batch.vocab_size
    w_ov = [ClosedFormTarget(recognition.collocation, v) for recognition in found]
    return batch, SolvedReference(batch, found, w_ov, [attention_target(r) for r in found])


def attention(batch: Batch) -> AttentionObjective:
    zero = token_space.zeros(batch.runs, batch.vocab_size, batch.n_queries)
    return AttentionObjective(batch, zero, exact_margin(MARGIN, batch))


def attention_states(batch: Batch, step_size: float, steps: int) -> Iterable[State]:
    return every_state(Descent(attention(batch), RULE, [step_size]), steps)


def measured(name: str, state: State, reference: Reference) -> np.ndarray:
    observable = next(
        o for o in BUILT_IN if o.name == name and state.stage in (o.phases or tuple(Stage))
    )
    return observable(state, reference).numpy()


@pytest.mark.parametrize(
    ("engine", "vocab_size", "last"),
    [
        *(("torch", v, 10_000 if v == 10 else 1000) for v in (4, 10, 20, 30)),
        *(("kernel", v, 10_000) for v in (4, 10, 20, 30)),
    ],
)
def test_golden_trajectories_are_met_at_every_listed_step(
    engine: str, vocab_size: int, last: int, golden: dict[str, dict[str, Any]], corpus_of: Any
) -> None:
    """Direction gap to 1e-4 relative, log excess loss to 1e-6, norm to 1e-9, of all 12 corpora.

    The torch path, which is slow, goes to the last listed step with one of the sizes.
    """
    cases = {name: g for name, g in golden.items() if g["vocab_size"] == vocab_size}
    batch, reference = set_up([corpus_of(case) for case in cases.values()])
    listed = next(iter(cases.values()))["trajectory"]["t"]
    assert all(g["trajectory"]["t"] == listed for g in cases.values())
    assert listed[-1] == 10_000
    objective = attention(batch)
    descents = {
        "torch": lambda: Descent(objective, RULE, [STEP_SIZE]),
        "kernel": lambda: AttentionKernel(objective, STEP_SIZE, True),
    }
    dynamics = descents[engine]()
    for i, step in enumerate(step for step in listed if step <= last):
        dynamics.advance(step, NO_STEPS)
        for name, key, tolerance in (
            ("direction_gap_kq", "one_minus_cos", 1e-4),
            ("log_excess_loss", "log_excess_loss", 1e-6),
            ("norm_kq", "norm", 1e-9),
        ):
            found = measured(name, dynamics.state(), reference)
            expected = [g["trajectory"][key][i] for g in cases.values()]
            np.testing.assert_allclose(found, expected, rtol=tolerance, err_msg=f"{name} {step}")


def test_the_golden_corpora_are_twelve(golden: dict[str, dict[str, Any]]) -> None:
    assert len(golden) == 12
    assert {g["vocab_size"] for g in golden.values()} == {4, 10, 20, 30}
    for g in golden.values():
        t = g["trajectory"]
        assert (t["margin"], t["step_size"]) == (MARGIN, STEP_SIZE)


def test_excess_loss_falls_on_a_straight_line_for_400_decades(
    golden: dict[str, dict[str, Any]], corpus_of: Any
) -> None:
    """star_complete: slope -eta / ||W*_kq|| to 1e-3 over a path of 100 .. 3000, down to 1e-400."""
    batch, reference = set_up([corpus_of(golden["star_complete"])])
    t, log_excess, step_size = [], [], 1.0
    for state in attention_states(batch, step_size, 3000):
        if state.step >= 100 and state.step % 100 == 0:
            t.append(state.step)
            log_excess.append(measured("log_excess_loss", state, reference)[0])
    slope = np.polyfit(t, log_excess, 1)[0]
    assert slope == pytest.approx(-step_size / reference.kq_norm.item(), rel=1e-3)
    assert log_excess[-1] < -400 * LOG_10


def test_the_first_stage_from_zero_is_the_closed_form(corpus_of: Any, golden: Any) -> None:
    """Direction exact, norm eta0 t, margins equal, L0 = |V| log(1 + (|V|-1) e^-Delta), to 1e-12."""
    batch, reference = set_up([corpus_of(golden["paper_like"])])
    v, eta0 = batch.vocab_size, 0.2 / math.sqrt(20)
    zero = token_space.zeros(1, v, v)
    for state in every_state(Descent(FeedForwardObjective(batch, zero), RULE, [eta0]), 2000):
        t = state.step
        if t == 0:
            continue
        margin = t * eta0 / math.sqrt(v - 1)
        target = exact_margin(margin, batch)
        assert (state.logits - target).abs().max() <= 1e-12 * margin
        assert measured("norm_ov", state, reference)[0] == pytest.approx(t * eta0, rel=1e-12)
        assert measured("direction_gap_ov", state, reference)[0] <= 1e-25
        log_loss = math.log(v) + math.log(math.log1p((v - 1) * math.exp(-margin)))
        assert measured("log_loss", state, reference)[0] == pytest.approx(log_loss, abs=1e-12)


def test_an_identity_still_holds_after_very_many_steps(corpus_of: Any, golden: Any) -> None:
    """||W_ov|| = eta0 t to 1e-14 at t = 1e4: rounding does not add up."""
    batch, _ = set_up([corpus_of(golden["paper_example"])])
    v, eta0, steps = batch.vocab_size, 0.0447, 10_000
    zero = token_space.zeros(1, v, v)
    *_, final = every_state(Descent(FeedForwardObjective(batch, zero), RULE, [eta0]), steps)
    layer = final.layer
    assert layer.matrix.norm(layer.coefficients)[0] == pytest.approx(steps * eta0, rel=1e-14)
    assert final.path_length[0] == pytest.approx(steps * eta0, rel=1e-14)


def test_descent_refutes_proposition_2_on_its_counterexample() -> None:
    """Five tokens: the run goes to the true column, not to the paper's formula."""
    a, b, c, d, q = range(5)
    n = [1, 2, 3, 4, 0]
    samples = [((x,), n[x]) for x in range(5)] + [((a, c, d, q), n[a]), ((b, q), n[b])]
    corpus = Corpus.from_samples(samples)
    batch, reference = set_up([corpus])
    (order,) = (recognise(corpus).orders or {}).values()
    assert not proposition2.holds(order)
    column = proposition2.column(order)
    formula = torch.zeros(1, 5, 1, dtype=torch.float64)
    for token, value in column.items():
        formula[0, token, 0] = float(value)
    *_, final = attention_states(batch, 1.0, 1000)
    assert final.stage is Stage.attention
    assert measured("direction_gap_kq", final, reference)[0] <= 1e-6
    unit = final.layer.value / final.layer.value.norm()
    to_formula = 0.5 * (unit - formula / formula.norm()).square().sum()
    assert to_formula == pytest.approx(1.4e-2, rel=0.05)
