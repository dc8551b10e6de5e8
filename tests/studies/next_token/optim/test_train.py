"""The training loop where weights stop being numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.stepping import every_state
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.objectives import FeedForwardObjective, JointObjective
from ntp_dynamics.studies.next_token.optim.rules import Rule, normalised_gradient_descent
from ntp_dynamics.studies.next_token.optim.state import State
from ntp_dynamics.study import NonFinite

SMALL = ["experiment=smoke", "tracking=none", "figures=none", "dataset.vocab_size=12"]


def poisoned(step: int, layer: int, value: float) -> Rule:
    """Normalised descent whose change at one step holds one wrong number."""
    honest = normalised_gradient_descent()

    def update(slopes, log_gap, memory):
        changes, _ = honest.update(slopes, log_gap, None)
        if memory == step:
            changes[layer] = changes[layer].clone()
            changes[layer].view(-1)[-1] = value
        return changes, memory + 1

    return Rule(lambda coefficients: 0, update)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("step", [0, 3, 17])
@pytest.mark.parametrize("layer", ["W_kq", "W_ov"])
def test_training_ends_before_the_first_state_that_is_not_finite(
    layer: str, step: int, value: float
) -> None:
    job = prepare(read_config(compose_job([*SMALL, "train.stages=[joint]"])))
    objective = JointObjective(job.problem.batch, job.problem.attention, job.problem.feed_forward)
    rule = poisoned(step, ["W_kq", "W_ov"].index(layer), value)
    seen: list[State] = []
    with pytest.raises(NonFinite, match=f"non-finite at step {step + 1} in {layer}"):
        seen.extend(_each(every_state(Descent(objective, rule, [0.1, 0.1]), 30), seen))
    assert [state.step for state in seen] == list(range(step + 1))
    assert all(state.logits.isfinite().all() for state in seen)


def _each(states, seen):
    for state in states:
        seen.append(state)
    return []


def test_a_job_that_overflows_says_where_and_keeps_its_record(tmp_path: Path) -> None:
    overrides = [*SMALL, "optimizer=gd", "train.attention.step_size=1e100"]
    with pytest.raises(NonFinite):
        ntp.train(overrides, tmp_path / "job")
    record = ntp.load_run(tmp_path / "job")
    assert record.status["state"] == "failed"
    assert "non-finite at step 2 in W_kq" in record.status["reason"]
    assert record.stage("attention")["step"].values.tolist() == [0, 1]
    assert not np.isinf(record.stage("attention")["scores"]).any()
    assert record.verdicts == []


def test_a_stage_of_zero_gradient_goes_on() -> None:
    """Nothing is wrong with a weight that rests."""
    job = prepare(read_config(compose_job(SMALL)))

    def stand_still(slopes, log_gap, memory):
        return [torch.zeros_like(s.gradient.value) for s in slopes], memory

    rest = Rule(lambda coefficients: None, stand_still)
    objective = FeedForwardObjective(job.problem.batch, job.problem.feed_forward)
    states = list(every_state(Descent(objective, rest, [0.1]), 5))
    assert len(states) == 6
