"""What a job will take is said before it is made, and blamed on the field that asks for it."""

from __future__ import annotations

from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.observe.hooks import Hook, hooks_of
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.folded import fold
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.studies.next_token.outline import outline
from ntp_dynamics.studies.next_token.size import Shape, in_memory, on_disk, shape_of
from ntp_dynamics.system.errors import UserError

QUIET = ["figures=none", "tracking=none"]
SHAPE = Shape(runs=1, sentences=40, tokens=4, queries=10, vocab_size=20, dim=20, labels=20)


def job(*overrides: str) -> Config:
    return read_config(compose_job([*QUIET, *overrides]))


def hooks(config: Config) -> dict[str, list[Hook]]:
    return hooks_of(config.hooks, outline(config), BUILT_IN)


def needs(config: Config, shape: Shape) -> dict[str, float]:
    return {field: size for field, (size, _) in in_memory(config, shape, hooks(config)).items()}


TOO_LARGE = {
    "ids up to a million, a start that tells them apart": (
        ["init=gaussian"],
        "dataset.path: the job needs about ",
    ),
    "ids up to a million, vectors that tell them apart": (
        ["embedding=gaussian"],
        "dataset.path: the job needs about ",
    ),
    "ids up to a million, a rule that tells them apart": (
        ["optimizer=adam"],
        "dataset.path: the job needs about ",
    ),
    "every step of a billion": (
        ["hooks.scalars=every", "train.attention.steps=1000000000"],
        "hooks.scalars: the job needs about ",
    ),
    "every attention map of a billion": (
        ["hooks.arrays=every", "train.attention.steps=1000000000"],
        "hooks.arrays: the job needs about ",
    ),
}


@pytest.mark.parametrize("engine", ["auto", "torch"])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_a_job_that_does_not_fit_is_one_line_and_leaves_nothing(
    name: str, engine: str, tmp_path: Path
) -> None:
    overrides, says = TOO_LARGE[name]
    file = tmp_path / "corpus.jsonl"
    file.write_text('{"tokens": [0], "next": 999999}\n{"tokens": [0, 999999], "next": 0}\n')
    given = [*QUIET, "runs=1", "dataset=file", f"dataset.path={file}", f"engine={engine}"]
    with pytest.raises(UserError) as refused:
        ntp.train([*given, *overrides], tmp_path / "record")
    assert str(refused.value).startswith(says)
    assert "are free; " in str(refused.value)
    assert list(tmp_path.iterdir()) == [file]


def test_unused_tokens_take_nothing(tmp_path: Path) -> None:
    two = fold(Corpus.from_samples([([0], 1), ([0, 1], 0)], vocab_size=50257))
    shape = shape_of([two], two.classes)
    assert shape == Shape(1, 2, 2, 1, 3, 50257, 3)
    assert sum(needs(job(), shape).values()) < 200_000
    assert on_disk(job(), shape, hooks(job())) < 200_000


LARGE = {
    "a million dimensions, whose matrices are kept whole": (
        ["optimizer=adam", "embedding.dim=1000000"],
        "^embedding.dim: the job needs about .*; lower it",
    ),
    "a gaussian start in a million dimensions": (
        ["init=gaussian", "embedding.dim=1000000"],
        "^embedding.dim: the job needs about ",
    ),
    "ten thousand tokens in a thousand runs": (
        [
            "dataset.vocab_size=10000",
            "dataset.queries=1",
            "runs=1000",
            "vary=init",
            "init=gaussian",
        ],
        "^dataset.vocab_size: the job needs about .*; use fewer tokens, sentences or runs$",
    ),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_generated_job_that_does_not_fit_is_refused_before_anything_large(
    name: str, tmp_path: Path
) -> None:
    overrides, says = LARGE[name]
    with pytest.raises(UserError, match=says):
        ntp.train([*QUIET, "dataset.queries=1", *overrides], tmp_path / "record")


def test_needs_grow_with_runs_tokens_and_sentences() -> None:
    def total(shape: Shape) -> float:
        return sum(needs(job("hooks=none"), shape).values())

    assert total(SHAPE._replace(runs=8)) == pytest.approx(8 * total(SHAPE))
    large = SHAPE._replace(vocab_size=4000, labels=4000)
    assert total(large._replace(vocab_size=8000, labels=8000)) == pytest.approx(
        4 * total(large), rel=0.02
    )
    many = SHAPE._replace(sentences=10**6)
    assert total(many._replace(sentences=2 * 10**6)) == pytest.approx(2 * total(many), rel=0.01)
