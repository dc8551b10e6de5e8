"""Fused courses: what they depend on, and that training may take them or not."""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics.run.stepping import NO_STEPS, every_state
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.groups import (
    GradientDescent,
    NormalisedGradientDescent,
    RealizableDataset,
)
from ntp_dynamics.studies.next_token.model.batch import Batch, pack
from ntp_dynamics.studies.next_token.model.init import exact_margin
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix, zeros
from ntp_dynamics.studies.next_token.optim.closed_form import ClosedForm
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.kernel_dynamics import AttentionKernel, ColumnsKernel
from ntp_dynamics.studies.next_token.optim.kernel_rule import kernel_rule
from ntp_dynamics.studies.next_token.optim.objectives import (
    AttentionObjective,
    FeedForwardObjective,
)
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.system.errors import UserErrors

NGD = NormalisedGradientDescent()
TINY = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "dataset.queries=3",
    "train.feed_forward.steps=40",
    "train.attention.steps=80",
]


@pytest.fixture(scope="module")
def corpora() -> list[Corpus]:
    sizes = (2, 9, 5)
    knobs = [RealizableDataset(vocab_size=12, queries=queries) for queries in sizes]
    return [generate(k, np.random.default_rng(i)) for i, k in enumerate(knobs)]


def batch_of(corpora: list[Corpus]) -> Batch:
    return pack(corpora, [recognise(corpus).collocation for corpus in corpora])


def after(batch: Batch, calls: list[int], threads: int = 1) -> tuple[torch.Tensor, torch.Tensor]:
    zero = zeros(batch.runs, batch.vocab_size, batch.n_queries)
    objective = AttentionObjective(batch, zero, exact_margin(9.23, batch))
    dynamics = AttentionKernel(objective, kernel_rule(NGD, 0.1), threads)
    for to in accumulate(calls):
        dynamics.advance(to, NO_STEPS)
    at = dynamics.position()
    return at.coefficients[0], at.path_length


def test_a_trajectory_does_not_depend_on_threads_or_on_how_it_is_cut(corpora: list[Corpus]) -> None:
    batch = batch_of(corpora)
    expected = after(batch, [300])
    for calls, threads in (([300], 2), ([1] * 300, 1), ([7, 0, 200, 93], 3)):
        for x, y in zip(expected, after(batch, calls, threads), strict=True):
            assert torch.equal(x, y)


def test_a_run_is_bit_for_bit_the_same_at_every_place_of_a_pack(corpora: list[Corpus]) -> None:
    alone = [after(batch_of([corpus]), [300])[0][0] for corpus in corpora]
    for order in ([0, 1, 2], [2, 0, 1]):
        together, _ = after(batch_of([corpora[i] for i in order]), [300])
        for place, i in enumerate(order):
            queries = alone[i].shape[1]
            assert torch.equal(together[place, :, :queries], alone[i])
            assert not together[place, :, queries:].any()


def test_runs_on_one_corpus_share_a_layout_and_no_other_runs_do(corpora: list[Corpus]) -> None:
    batch = batch_of([corpora[0], corpora[0], corpora[1], corpora[0]])
    zero = zeros(4, 12, batch.n_queries)
    laid = AttentionKernel(
        AttentionObjective(batch, zero, exact_margin(9.23, batch)), kernel_rule(NGD, 0.1)
    ).laid
    assert laid[0] is laid[1]
    assert len({id(x) for x in laid}) == 3


@pytest.mark.parametrize("optimizer", [NormalisedGradientDescent(), GradientDescent()])
def test_the_feed_forward_recursion_is_the_torch_path(optimizer, corpora: list[Corpus]) -> None:
    """Also where n is unknown for some tokens or equal for two."""
    n = [list(recognise(corpus).collocation) for corpus in corpora]
    n[0][3] = -1
    n[1][:2] = n[1][2:4]
    batch = pack(corpora, n)
    objective = FeedForwardObjective(batch, zeros(3, 12, 12))
    dynamics = ClosedForm(objective, 0.7, isinstance(optimizer, NormalisedGradientDescent))
    for state in every_state(Descent(objective, make_rule(optimizer), [0.7]), 200):
        dynamics.advance(state.step, NO_STEPS)
        _, (moved,), length, *_ = dynamics.position()
        torch.testing.assert_close(moved, state.layer.coefficients, rtol=1e-13, atol=1e-14)
        torch.testing.assert_close(length, state.path_length, rtol=1e-13, atol=0)


@pytest.mark.parametrize("optimizer", [NormalisedGradientDescent(), GradientDescent()])
def test_the_feed_forward_kernel_is_the_torch_path_from_any_start(
    optimizer, corpora: list[Corpus]
) -> None:
    n = [list(recognise(corpus).collocation) for corpus in corpora]
    n[0][3] = -1
    batch = pack(corpora, n)
    start = 3 * torch.randn(3, 12, 12, generator=torch.Generator().manual_seed(0)).double()
    nothing = torch.zeros(3, dtype=torch.float64)
    matrix = TokenMatrix(start, nothing, nothing)
    objective = FeedForwardObjective(batch, matrix)
    dynamics = ColumnsKernel(objective, kernel_rule(optimizer, 0.3))
    for state in every_state(Descent(objective, make_rule(optimizer), [0.3]), 200):
        dynamics.advance(state.step, NO_STEPS)
        _, (moved,), length, *_ = dynamics.position()
        torch.testing.assert_close(moved, state.layer.coefficients, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(length, state.path_length, rtol=1e-12, atol=0)


def test_nothing_known_means_nothing_to_learn() -> None:
    corpus = Corpus.from_samples([((0, 1), 2)], vocab_size=3)
    objective = FeedForwardObjective(pack([corpus], [[-1, -1, -1]]), zeros(1, 3, 3))
    dynamics = ClosedForm(objective, 0.1, True)
    dynamics.advance(5, NO_STEPS)
    _, (moved,), length, *_ = dynamics.position()
    assert not moved.any()
    assert length.item() == 0.0


def test_what_is_measured_does_not_move_the_trajectory(tmp_path: Path) -> None:
    """Hooks at every step, at a few and at both ends: equal values where they meet."""
    records = {
        hooks: ntp.train([*TINY, f"hooks={hooks}", "seed=3"], tmp_path / hooks)
        for hooks in ("full", "standard", "none")
    }
    for stage in ("feed_forward", "attention"):
        full = records["full"].trajectory[stage]
        assert full.sizes["step"] > records["standard"].trajectory[stage].sizes["step"]
        for hooks in ("standard", "none"):
            few = records[hooks].trajectory[stage]
            for name in ("log_loss", "log_grad_norm", "path_length"):
                np.testing.assert_array_equal(full[name].sel(step=few["step"]), few[name])


@pytest.mark.parametrize("init", ["zero", "gaussian"])
def test_engines_agree_along_a_whole_job(init: str, tmp_path: Path) -> None:
    fused, torch_ = (
        ntp.train([*TINY, f"init={init}", f"engine={engine}"], tmp_path / engine)
        for engine in ("numba", "torch")
    )
    for stage in ("feed_forward", "attention"):
        for name, values in fused.trajectory[stage].data_vars.items():
            expected = torch_.trajectory[stage][name]
            np.testing.assert_allclose(values, expected, rtol=1e-9, atol=1e-13, err_msg=str(name))


@pytest.mark.parametrize(
    ("overrides", "why"),
    [
        (["optimizer=adam"], "optimizer=ngd and optimizer=gd"),
        (["embedding=gaussian"], "orthonormal token vectors"),
    ],
)
def test_what_the_kernel_cannot_express_goes_to_torch_and_the_log_says_why(
    overrides: list[str], why: str, tmp_path: Path
) -> None:
    short = ["train.feed_forward.steps=2", "train.attention.steps=2"]
    record = ntp.train([*TINY, *short, *overrides], tmp_path / "a")
    (line,) = (x for x in (record.path / "log.txt").read_text().splitlines() if "engine:" in x)
    assert "engine: torch, float64, log domain; the kernel" in line
    assert why in line
    with pytest.raises(UserErrors, match=r"engine: the kernel .*; use engine=auto"):
        ntp.train([*TINY, *overrides, "engine=numba"], tmp_path / "b")


def test_the_log_names_the_kernel_where_it_trains(tmp_path: Path) -> None:
    record = ntp.train([*TINY, "init=gaussian", "train.margin=9.23"], tmp_path / "a")
    assert "engine: numba, float64, log domain" in (record.path / "log.txt").read_text()
