"""Observables measured on request, against what they mean."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics.observe.modules import load_additions
from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token import STUDY
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.embedding import standard
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import Recognition, recognise
from ntp_dynamics.studies.next_token.diagnostics import order_extension_accuracy, support
from ntp_dynamics.studies.next_token.groups import RealizableDataset
from ntp_dynamics.studies.next_token.model.batch import pack
from ntp_dynamics.studies.next_token.model.init import attention_matrix, exact_margin
from ntp_dynamics.studies.next_token.model.reference import Reference, SolvedReference
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import AttentionObjective
from ntp_dynamics.studies.next_token.optim.rules import normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.studies.next_token.theory.max_margin import attention_target

V, ETA = 12, 0.5
RNG = np.random.default_rng(0)
KNOBS = RealizableDataset(vocab_size=V, queries=5)


def descend(
    corpus: Corpus, steps: int, step_size: float = ETA
) -> tuple[list[State], Reference, Recognition]:
    """Normalised descent from zero at margin 6."""
    found = recognise(corpus)
    batch = pack([corpus], [found.collocation])
    embedding = standard(V, V, RNG)
    matrix = attention_matrix([np.zeros((V, V))], [embedding], batch, whole=False)
    logits = exact_margin(6.0, batch)
    rule = normalised_gradient_descent()
    states = list(
        every_state(Descent(AttentionObjective(batch, matrix, logits), rule, [step_size]), steps)
    )
    reference = SolvedReference(batch, [found], [None], [attention_target(found)])
    return states, reference, found


def test_the_module_can_be_asked_for_by_its_name() -> None:
    names = {
        o.name
        for o in load_additions(
            STUDY, [], ["ntp_dynamics.studies.next_token.diagnostics"]
        ).observables
    }
    assert names == {"support", "order_extension_accuracy"}


def test_eta_times_the_sum_of_support_is_the_score_of_the_optimal_tokens() -> None:
    """Without confused tokens only optimal positions push an optimal token: W is the sum."""
    states, reference, found = descend(generate(KNOBS, np.random.default_rng(3)), 40)
    total = ETA * torch.stack([support(s, reference) for s in states[:-1]]).nan_to_num().sum()
    scores = states[-1].layer.value[0]
    optimal = reference.optimal[0]
    assert total.item() == pytest.approx(scores[optimal].sum().item(), rel=1e-12)
    assert not found.confused


def test_scaled_support_adds_up_to_the_squared_norm_of_the_target() -> None:
    """The multipliers of problem (3) do: <W*, W*> = sum of lambda over tight relations."""
    step_size = 5.0
    states, reference, _ = descend(generate(KNOBS, np.random.default_rng(3)), 300, step_size)
    layer = states[-1].layer
    total = step_size * sum(support(s, reference).nansum().item() for s in states[:-1])
    norm = reference.kq_norm.item()
    scale = norm / layer.matrix.norm(layer.coefficients).item()
    assert total * scale == pytest.approx(norm**2, rel=2e-3)


def test_padding_has_no_support() -> None:
    corpora = [generate(KNOBS, np.random.default_rng(seed)) for seed in (0, 1)]
    found = [recognise(corpus) for corpus in corpora]
    batch = pack(corpora, [f.collocation for f in found])
    matrix = attention_matrix([np.zeros((V, V))] * 2, [standard(V, V, RNG)] * 2, batch, whole=False)
    objective = AttentionObjective(batch, matrix, exact_margin(6.0, batch))
    state = objective.state(objective.start)
    reference = SolvedReference(batch, found, [None] * 2, [attention_target(f) for f in found])
    assert torch.equal(support(state, reference).isnan(), batch.log_pi == -math.inf)


@pytest.mark.parametrize("steps", [0, 3, 60])
def test_extended_orders_are_those_that_the_model_itself_answers(steps: int) -> None:
    """Every prompt put to the model: x_0, the non-optimal tokens, the query last."""
    states, reference, found = descend(generate(KNOBS, np.random.default_rng(8)), steps)
    state = states[-1]
    scores, logits = state.layer.value[0].numpy(), state.logits[0].numpy()
    queries = state.batch.query_id[0].tolist()
    right = []
    for query, order in (found.orders or {}).items():
        if query in order.non_optimal:
            for stranger in order.non_comparable(V):
                tokens = [stranger, *order.non_optimal]
                weight = np.exp(scores[tokens, queries.index(query)])
                z = logits[:, tokens] @ (weight / weight.sum())
                label = found.collocation[stranger]
                right.append(z[label] > np.delete(z, label).max())
    assert len(right) > 10
    measured = order_extension_accuracy(state, reference).item()
    assert measured == pytest.approx(np.mean(right), abs=1e-12)


def test_a_corpus_without_such_prompts_has_no_accuracy(tmp_path) -> None:
    record = ntp.train(
        [
            "experiment=smoke", "tracking=none", "figures=none", "dataset.p_star=1", "runs=1",
            "train.attention.steps=3", "train.feed_forward.steps=3",
            "hooks.modules=[ntp_dynamics.studies.next_token.diagnostics]",
        ],
        tmp_path / "job",
    )  # fmt: skip
    assert record.stage("attention")["order_extension_accuracy"].isnull().all()
