"""Tokens that no sample uses enter as a number: a job of 50,257 declared tokens is a job of those
that occur, and says what the job with all of them says."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path

import numpy as np
import pytest
import xarray

import ntp_dynamics as ntp
from ntp_dynamics.studies.next_token.data import draw
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.folded import fold
from ntp_dynamics.studies.next_token.optim.rules import COVARIANT, RULES
from ntp_dynamics.studies.next_token.theory.assumptions import check
from ntp_dynamics.system.errors import UserError

V = 13
SAMPLES = [
    ([3], 7),
    ([7], 9),
    ([9], 3),
    ([11], 11),
    ([3, 9, 7], 7),
    ([9, 7, 11], 3, 2.5),
    ([7, 11, 3, 3], 9),
]
QUIET = ["figures=none", "tracking=none", "runs=1", "dataset=file"]
TWO_STAGES = ["train.feed_forward.steps=20", "train.attention.steps=40", "hooks=full"]
JOINT = ["train.stages=[joint]", "train.joint.steps=40", "hooks=full"]
JOBS = {
    "two stages": TWO_STAGES,
    "gd": [*TWO_STAGES, "optimizer=gd", "train.feed_forward.step_size=2"],
    "an exact margin": [*TWO_STAGES, "train.margin=4"],
    "the standard basis": [*TWO_STAGES, "embedding=standard"],
    "joint": JOINT,
    "joint, one norm for both": [*JOINT, "optimizer.norm=global"],
    "joint, gd": [*JOINT, "optimizer=gd"],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "corpus.jsonl"
    Corpus.from_samples(SAMPLES, vocab_size=V).write(path)
    return path


CASES = [(job, engine) for job in JOBS for engine in ("numba", "torch")]
CASES += [("polyak", "torch"), ("two stages", "autograd"), ("joint", "autograd")]
MORE = {
    "polyak": [*TWO_STAGES, "optimizer=polyak"],
    "momentum": [*TWO_STAGES, "optimizer.momentum=0.9"],
    "gd, momentum, decay": [
        *(*TWO_STAGES, "optimizer=gd", "optimizer.momentum=0.5", "optimizer.weight_decay=0.01"),
    ],
    "joint, polyak, decay": [*JOINT, "optimizer=polyak", "optimizer.weight_decay=0.1"],
    "joint, momentum": [*JOINT, "optimizer.momentum=0.9"],
}
CASES += [(job, "numba") for job in MORE]
JOBS |= MORE


@pytest.mark.parametrize(("job", "engine"), CASES)
def test_folded_and_unfolded_jobs_measure_the_same(
    job: str, engine: str, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = [*QUIET, *JOBS[job], f"dataset.path={file}", f"engine={engine}"]
    folded = ntp.train(given, tmp_path / "folded")
    monkeypatch.setattr(draw, "unused_are_alike", lambda config: False)
    whole = ntp.train(given, tmp_path / "whole")
    assert (folded.corpora[0].vocab_size, whole.corpora[0].vocab_size) == (5, V)
    used = [3, 7, 9, 11, 0]  # one of the unused stands for all
    targets = folded.trajectory["targets"], whole.trajectory["targets"]
    assert set(targets[0].data_vars) == set(targets[1].data_vars)
    for name in targets[0].data_vars:
        same(targets[0][name], part_of(targets[1][name], used), name)
    for stage in folded.config.stages:
        one, all_ = folded.trajectory[stage], whole.trajectory[stage]
        assert set(one.data_vars) == set(all_.data_vars)
        for name in one.data_vars:
            same(one[name], part_of(all_[name], used), name)
    told = [[(v["id"], v["version"], v["label"]) for v in r.verdicts] for r in (folded, whole)]
    assert told[0] == told[1]


def part_of(values: xarray.DataArray, tokens: list[int]) -> xarray.DataArray:
    """What some tokens have of it."""
    axes = [axis for axis in ("next", "key") if axis in values.dims]
    return values.isel(dict.fromkeys(axes, tokens))


def same(one: xarray.DataArray, other: xarray.DataArray, name: Hashable) -> None:
    """Equal to rounding; residuals and gaps at their floor are noise."""
    floor = 1e-12 if name in ("zero_sum_residual", "direction_gap_ov") else 1e-14
    np.testing.assert_allclose(one.values, other.values, rtol=1e-9, atol=floor, err_msg=name)


def test_two_tokens_of_50257_train_like_two(tmp_path: Path) -> None:
    """With an array of V x V anywhere this needs 20 GB."""
    file = tmp_path / "corpus.jsonl"
    file.write_text(
        '{"tokens": [0], "next": 50256}\n{"tokens": [50256], "next": 0}\n'
        '{"tokens": [0, 50256], "next": 50256}\n'
    )
    for embedding in ("orthonormal", "standard"):
        record = ntp.train(
            [*QUIET, *TWO_STAGES, f"dataset.path={file}", f"embedding={embedding}"],
            tmp_path / embedding,
        )
        (corpus,) = record.corpora
        assert corpus.vocab == ("0", "50256", "50,255 unused tokens")
        assert (corpus.vocab_size, corpus.classes, corpus.unused) == (3, 50257, 50255)
        assert record.constants.vocab_size == 50257
        first = record.stage("feed_forward")
        np.testing.assert_allclose(record.constants.ov_norm**2, 2 * 50256 / 50257, rtol=1e-12)
        np.testing.assert_allclose(first["log_loss"][0, 0], math.log(2 * math.log(50257)))
        assert (record.path / "trajectory.nc").stat().st_size < 500_000
        assert "|V| = 50,257" in (record.path / "log.txt").read_text()
        again = ntp.load_run(record.path)
        assert again.corpora == record.corpora
        assert again.constants.vocab_size == 50257


def test_folding_keeps_the_samples_and_the_number_of_tokens(tmp_path: Path) -> None:
    corpus = Corpus.from_samples(SAMPLES, vocab_size=V)
    folded = fold(corpus)
    assert [folded.sample(i)["next"] for i in range(folded.size)] == [
        str(corpus.next_tokens[i]) for i in range(corpus.size)
    ]
    assert (folded.unused, folded.classes, folded.vocab_size) == (9, V, 5)
    assert folded.multiplicity.tolist() == [1, 1, 1, 1, 9]
    assert fold(folded) is folded
    folded.write(tmp_path / "folded.jsonl")
    assert Corpus.read(tmp_path / "folded.jsonl") == folded
    assert check(folded).to_json()["vocab_size"] == V


@pytest.mark.parametrize("size", [4, 5])
def test_one_unused_token_stands_for_itself(size: int) -> None:
    corpus = Corpus.from_samples([([0], 1), ([2], 3)], vocab_size=size)
    assert fold(corpus) is corpus


def test_a_token_named_like_the_unused_is_another() -> None:
    vocab = ["2 unused tokens", "a", "b", "c"]
    folded = fold(Corpus.from_samples([([0], 1), ([1], 0)], vocab=vocab))
    assert folded.vocab == ("2 unused tokens", "a", "2 unused tokens'")


@pytest.mark.parametrize(
    "choice", ["init=gaussian", "embedding=gaussian", "optimizer=adam", "optimizer=sign"]
)
def test_what_tells_unused_tokens_apart_keeps_them(choice: str, file: Path, tmp_path: Path) -> None:
    given = [*QUIET, "train.feed_forward.steps=2", "train.attention.steps=2", choice]
    record = ntp.train([*given, f"dataset.path={file}"], tmp_path / "record")
    assert record.corpora == [Corpus.read(file)]
    fold(Corpus.read(file)).write(file)
    with pytest.raises(UserError, match="its last token stands for 9, which this job tells apart"):
        ntp.train([*given, f"dataset.path={file}"], tmp_path / "other")


def test_rules_that_act_on_entries_are_those_that_are_not_covariant() -> None:
    assert {rule for rule in RULES if issubclass(rule, draw.ENTRYWISE)} == set(RULES) - COVARIANT
