"""kq.direction.exact: R^2 of targets, its start, and runs of which it is true."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import draw_corpora, draw_embeddings, streams
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.theory.attention_offset import attention_offset
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.exact_direction import (
    CLAIMS,
    exact_direction,
    near_the_limit,
)
from ntp_dynamics.studies.next_token.theory.max_margin import attention_target
from ntp_dynamics.studies.next_token.theory.step_size import threshold
from ntp_dynamics.studies.next_token.theory.targets import solve_targets

Make = Callable[..., Constants]
FIVE = [((x,), (x + 1) % 5) for x in range(5)]
LETTERS = [*FIVE, ((0, 2, 3, 4), 1, 1.0), ((1, 2, 4), 2, 3.0)]
"""a b c d q: (a c d q) -> b once, (b c q) -> c three times."""
(CLAIM,) = CLAIMS


def told(corpus: Corpus) -> tuple[float, float, float]:
    found = recognise(corpus)
    columns = attention_target(found).columns
    its = attention_offset(corpus, found, columns)
    return its.squared, its.slowest, its.fastest


def test_the_offset_of_a_recorded_corpus_is_the_recorded_one() -> None:
    assert told(Corpus.from_samples(LETTERS, 5))[0] == pytest.approx(1.2812080371, rel=1e-10)


def test_the_offset_of_two_stars_by_hand() -> None:
    """Under 1: 0 > 4, 1 with coefficients 1 and 1; under 4: 2 > 3 with 1/2 and 2 > 4 with 1/2 + 1.

    All multipliers are 1/3, so that x - y is log 3 coef, and x + y + y' = 0: up to a common shift
    the first star has 0, 0, 0, the second (log 1/2 + log 3/2) / 3 = a at 2, a - log 1/2 at 3,
    a - log 3/2 at 4."""
    corpus = Corpus.from_samples([*FIVE, ((0, 4, 1), 1), ((2, 2, 3, 4), 3), ((2, 4), 3)], 5)
    half, more = math.log(1 / 2), math.log(3 / 2)
    a = (half + more) / 3
    offset = np.array([0, 0, 0, a, a - half, a - more])
    target = np.array([2, -1, -1, 2, -1, -1]) / 3
    across = offset - (offset @ target) / (target @ target) * target
    assert told(corpus)[0] == pytest.approx(across @ across, rel=1e-13)


def test_weights_of_single_tokens_and_of_all_samples_do_not_matter() -> None:
    heavy = [(s, y, 40.0) for s, y in FIVE]
    scaled = [(s, y, 7 * w) for s, y, w in LETTERS[5:]]
    here = told(Corpus.from_samples(LETTERS, 5))
    assert told(Corpus.from_samples([*heavy, *scaled], 5)) == pytest.approx(here, rel=1e-12)


@pytest.mark.parametrize("shape", ["realizable", "prefix_closed", "complete", "long"])
def test_the_rates_of_the_offset_know_the_threshold(shape: str) -> None:
    """eta_c = 2 ||W*|| / fastest wherever eta_c is known; the leak counts as slow."""
    config = read_config(compose_job((f"dataset={shape}", "runs=6")))
    seen = 0
    for corpus in draw_corpora(config, streams(config)):
        target = attention_target(recognise(corpus))
        _, slowest, fastest = told(corpus)
        known = threshold(target).value
        if math.isnan(fastest):
            continue
        assert 0 < slowest <= 1
        if not math.isnan(known):
            assert 2 * target.norm / fastest == pytest.approx(known, rel=1e-9)
            seen += 1
    assert seen


@pytest.mark.parametrize(
    ("samples", "why"),
    [
        (FIVE, "the corpus states no relation to learn"),
        ([*FIVE[:4], ((4,), 1), ((0, 2), 1)], "two tokens share a continuation"),
        (
            [*FIVE, ((0, 2, 4), 1), ((1, 4), 2)],
            "a tight relation has multiplier 0 in every choice of multipliers",
        ),
    ],
)
def test_a_target_without_an_offset_says_why(samples: list[Any], why: str) -> None:
    corpus = Corpus.from_samples(samples, 5)
    config = read_config(compose_job(("runs=1",)))
    embeddings = draw_embeddings(config, streams(config), corpus)
    (target,) = solve_targets([corpus], [recognise(corpus)], embeddings)
    assert target.offset.missing == why
    assert math.isnan(target.offset.squared)


def test_vectors_that_are_not_orthonormal_have_no_offset() -> None:
    config = read_config(compose_job(("runs=1", "embedding=gaussian")))
    corpus = Corpus.from_samples(LETTERS, 5)
    embeddings = draw_embeddings(config, streams(config), corpus)
    (target,) = solve_targets([corpus], [recognise(corpus)], embeddings)
    assert target.offset.missing == "no exact target"


def test_the_law_and_where_it_starts(constants_of: Make) -> None:
    """R^2 / (2 (eta t)^2), from a path of 100 ||W*|| on: later where rates are slow, where eta is
    near eta_c, and where R is large."""
    c = constants_of([LETTERS], 5, "train.attention.step_size=0.05")
    t = np.array([10.0, 1e4])
    law = exact_direction(c)
    expected = np.log(1.2812080371 / 2) - 2 * np.log(0.05 * t)
    np.testing.assert_allclose(law.log_f(t)[0], expected, rtol=1e-9)
    norm = float(c.kq_norm[0])

    def start(**changed: float) -> float:
        given = {name: np.array([value]) for name, value in changed.items() if name != "eta"}
        eta = changed.get("eta", 0.05)
        return float(near_the_limit(replace(c, eta=eta, **given))[0]) * eta / norm

    assert start() == pytest.approx(100, rel=1e-3)
    assert start(slowest=0.04) == pytest.approx(250, rel=1e-3)
    assert start(offset=(2 * norm) ** 2) == pytest.approx(160, rel=1e-2)
    assert start(offset=(4 * norm) ** 2) == pytest.approx(400, rel=1e-2)
    aside = 0.2 * float(c.offset[0]) / norm**2
    half = norm / 0.05  # eta is half of eta_c
    assert start(fastest=half) == pytest.approx(200 * (aside + 0.8), rel=1e-3)
    near = 1.9998 * half  # of what swings .9998 are left by a step
    assert start(fastest=near) == pytest.approx(0.05 / norm * 10 / -math.log(0.9998), rel=1e-3)


def test_a_recorded_run_comes_to_the_constant_as_it_was_recorded(tmp_path: Path) -> None:
    """Margin 8, eta = .05: over R^2 / (2 (eta t)^2) 1.00102, 1.00082, 1.00065, 1.00052 at four
    steps, to the digits that were written down."""
    Corpus.from_samples(LETTERS, 5).write(tmp_path / "letters.jsonl")
    record = ntp.train(
        ["dataset=file", f"dataset.path={tmp_path}/letters.jsonl", "runs=1", "train.margin=8",
         "train.attention.steps=8577", "train.attention.step_size=0.05", "hooks=light",
         "tracking=none", "figures=none"],
        tmp_path / "job",
    )  # fmt: skip
    data = record.stage("attention")
    steps = data["step"].values
    path = 0.05 * steps
    ratio = 2 * data["direction_gap_kq"].values[0] * path**2 / 1.2812080371
    for t, expected in ((4299, 1.00102), (5412, 1.00082), (6813, 1.00065), (8577, 1.00052)):
        assert np.interp(t, steps, ratio) == pytest.approx(expected, abs=6e-6)
    (verdict,) = (v for v in record.verdicts if v["id"] == CLAIM.id)
    assert verdict["label"] == "tight"
    assert verdict["run_constants"] == pytest.approx([1.2812080371], rel=1e-9)
    assert verdict["run_measured"][0] / 1.2812080371 == pytest.approx(1.00052, abs=6e-6)
    assert "measured, 1.28121 predicted" in verdict["sentence"]
    assert record.trajectory["targets"]["offset_kq"].values == pytest.approx([1.2812080371])


def test_runs_without_a_determined_offset_say_so(tmp_path: Path) -> None:
    record = ntp.train(
        ["runs=8", "train.attention.steps=2000", "hooks=light", "tracking=none", "figures=none"],
        tmp_path / "job",
    )
    (verdict,) = (v for v in record.verdicts if v["id"] == CLAIM.id)
    left = "R^2 is not determined: "
    assert {why.removeprefix(left): n for why, n in verdict["excluded"]} == {
        "a tight relation has multiplier 0 in every choice of multipliers": 3,
        "relations that hold by exactly 1 do not join what relations join": 2,
    }
    assert verdict["outcomes"].count("kept") == 3
    assert verdict["label"] == "tight"
    measured = np.array([x for x in verdict["run_measured"] if x is not None])
    stated = np.array([x for x in verdict["run_constants"] if x is not None])
    assert measured / stated == pytest.approx(np.ones(3), abs=1e-3)
