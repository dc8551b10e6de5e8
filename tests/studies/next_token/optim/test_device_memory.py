"""What a step holds at a time is what is said before it is taken."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu import attention
from benchmarks.performance.corpora import Shape as Problem
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.data import embedding
from ntp_dynamics.studies.next_token.data.draw import ENTRYWISE
from ntp_dynamics.studies.next_token.model.init import attention_matrix, feed_forward_matrix
from ntp_dynamics.studies.next_token.optim.graphed import GraphedDescent
from ntp_dynamics.studies.next_token.optim.memory import leaves
from ntp_dynamics.studies.next_token.optim.objectives import FeedForwardObjective, JointObjective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.studies.next_token.size import Shape, on_device

RUNS, CPU = 2, torch.device("cpu")
JOINT = ["train.stages=[joint]"]
MARGIN = ["train.margin=9.23"]
JOBS = {
    "attention": (Problem(60, 6, 200), MARGIN),
    "attention, many tokens": (Problem(100, 3, 20), MARGIN),
    "feed_forward": (Problem(60, 6, 20), ["train.stages=[feed_forward]"]),
    "joint": (Problem(40, 6, 200), JOINT),
    "joint, adam": (Problem(60, 6, 20), [*JOINT, "optimizer=adam", "embedding=standard"]),
    "joint, rotated adam": (Problem(60, 6, 20), [*JOINT, "optimizer=adam"]),
}


def bytes_of_a_step(descent: GraphedDescent) -> int:
    """The most that it holds beside what it had."""
    descent.take()
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as watched:
        descent.take()
    held = most = 0
    assert watched.profiler is not None
    for event in watched.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most


@pytest.mark.parametrize("name", JOBS)
def test_a_step_takes_no_more_than_was_said_nor_much_less(name: str) -> None:
    problem, overrides = JOBS[name]
    config = read_config(compose_job([*overrides, "figures=none", "tracking=none"]))
    given = attention(problem, RUNS)
    batch, entrywise = given.batch, isinstance(config.optimizer, ENTRYWISE)
    kind = embedding.standard if "embedding=standard" in overrides else embedding.orthonormal
    vectors = [kind(problem.v, problem.v, np.random.default_rng(run)) for run in range(RUNS)]
    feed_forward = feed_forward_matrix(None, vectors, batch, entrywise)
    (stage,) = config.stages
    if stage is Stage.joint:
        scores = attention_matrix(None, vectors, batch, entrywise)
        given = JointObjective(batch, scores, feed_forward)
    elif stage is Stage.feed_forward:
        given = FeedForwardObjective(batch, feed_forward)
    sizes = [0.1] * len(given.matrices)
    descent = GraphedDescent(given, make_rule(config.optimizer), sizes, 0.0, CPU)

    shape = Shape(RUNS, problem.n, problem.l, batch.n_queries, problem.v, problem.v, problem.v)
    ((said, _),) = on_device(config, shape).values()
    taken = bytes_of_a_step(descent) + sum(x.nbytes for x in leaves(descent.place))
    assert said / 4 < taken < said
