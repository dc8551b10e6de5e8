"""The claims on votes: whom they are made of, and runs of which they are true."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import draw_corpora, draw_embeddings, streams
from ntp_dynamics.studies.next_token.data.orders import one_optimal
from ntp_dynamics.studies.next_token.data.realizable import recognise
from ntp_dynamics.studies.next_token.theory import asymptotics, exact_direction, huang2024, votes
from ntp_dynamics.studies.next_token.theory.claims import CLAIMS, claims_of
from ntp_dynamics.studies.next_token.theory.constants import Constants
from ntp_dynamics.studies.next_token.theory.gram_dual import feed_forward_dual
from ntp_dynamics.studies.next_token.theory.hypotheses import INJECTIVE, ONE_RIGHT_VOTER, VOTES
from ntp_dynamics.studies.next_token.theory.max_margin import ClosedFormTarget
from ntp_dynamics.studies.next_token.theory.targets import solve_targets
from ntp_dynamics.system.errors import UserError, UserErrors

QUIET = ["tracking=none", "figures=none", "hooks=light"]
ALONE = [([0], 0), ([1], 0), ([2], 1), ([3], 1)]
ONE_RIGHT = [*ALONE, ([0, 2, 3], 0), ([1, 2, 3], 0, 3.0)]
TWO_RIGHT = [*ALONE, ([0, 1, 2, 3], 0), ([0, 2, 3], 0)]
IDS = ["votes.direction", "votes.sparsity", "votes.direction.exact", "votes.loss.sharp"]


def corpus_of(samples: list) -> Corpus:
    return Corpus.from_samples(samples, vocab="abcd", labels="+-")


@pytest.fixture
def job(tmp_path: Path) -> Callable[..., ntp.Record]:
    """Trains on a file of these samples, margin 3."""

    def train(samples: list, *overrides: str) -> ntp.Record:
        path = tmp_path / "votes.jsonl"
        corpus_of(samples).write(path)
        given = ["dataset=votes_file", f"dataset.path={path}", "runs=1", "train.margin=3"]
        return ntp.train([*given, *QUIET, *overrides], tmp_path / "record")

    return train


def labels(record: ntp.Record) -> dict[str, str]:
    return {v["id"]: v["label"] for v in record.verdicts if v["id"] in IDS}


def test_claims_on_votes_are_made_of_jobs_on_votes_only() -> None:
    def asked(*overrides: str) -> set[str]:
        config = read_config(compose_job([*overrides, *QUIET]))
        return {claim.id for claim in claims_of(config)}

    assert set(IDS) <= asked("dataset=votes", "train.margin=3")
    assert set(IDS) <= asked("dataset=votes_file", "dataset.path=x", "runs=1")
    assert not set(IDS) & asked("dataset=realizable")
    assert not set(IDS) & asked("dataset=file", "dataset.path=x", "runs=1")
    assert set(IDS) <= {claim.id for claim in CLAIMS}


def test_what_is_carried_over_differs_in_one_hypothesis() -> None:
    """Two labels and one right voter in place of an injective n; law, start and source the same."""
    known = {c.id: c for c in (*asymptotics.CLAIMS, *exact_direction.CLAIMS, *huang2024.CLAIMS)}
    of_votes = {c.id: c for c in votes.CLAIMS}
    assert list(of_votes) == IDS
    for name in ("direction.exact", "loss.sharp"):
        ours, theirs = of_votes[f"votes.{name}"], known[f"kq.{name}"]
        assert INJECTIVE in theirs.preconditions
        assert set(ours.preconditions) == {*theirs.preconditions, *VOTES} - {INJECTIVE}
        assert (ours.law, ours.t_min, ours.source) == (theirs.law, theirs.t_min, "derived here")
        assert (ours.kind, ours.tight) == ("derived", True)
    for name in ("votes.direction", "votes.sparsity"):
        assert "Vasudeva" in of_votes[name].source
        assert "not read in full" in of_votes[name].version
        assert of_votes[name].constant is None


def test_targets_of_votes_are_certified_and_leave_the_set_up_of_the_paper() -> None:
    """By hand: a and b above c and d under d; W*_ov has a vote a token."""
    corpus = corpus_of(ONE_RIGHT)
    config = read_config(compose_job(["dataset=votes", "runs=1", *QUIET]))
    (embedding,) = draw_embeddings(config, streams(config), corpus)
    found = recognise(corpus)
    (targets,) = solve_targets([corpus], [found], [embedding])
    assert targets.attention is not None
    assert targets.feed_forward is not None
    assert targets.attention.exact
    column = targets.attention.matrix([3], 4)[:, 0]
    vote = np.array([0.5, 0.5, -0.5, -0.5])
    assert column.tolist() == vote.tolist()
    assert targets.feed_forward.matrix.tolist() == [vote.tolist(), (-vote).tolist()]
    assert targets.feed_forward.norm == pytest.approx(2**0.5)
    assert found.realizable
    assert not found.injective
    assert np.isfinite(targets.offset.squared)


def test_w_ov_of_two_rows_has_a_target_for_any_vectors() -> None:
    """The closed form where they are orthonormal; else every vote leads by 1 or more."""
    n = [0, 0, 1, 1]
    same = feed_forward_dual(n, np.eye(4), label_size=2)
    np.testing.assert_allclose(same.matrix, ClosedFormTarget(n, 2).matrix, atol=1e-9)
    vectors = np.random.default_rng(0).standard_normal((4, 4))
    found = feed_forward_dual(n, vectors.T @ vectors, label_size=2)
    assert found.matrix.shape == (2, 4)
    lead = (found.matrix[0] - found.matrix[1]) * [1, 1, -1, -1]
    assert lead.min() == pytest.approx(1, abs=1e-9)
    w = found.coefficients @ vectors.T
    assert found.norm == pytest.approx(np.linalg.norm(w))
    np.testing.assert_allclose(w @ vectors, found.matrix)


def test_two_right_voters_win_or_lose_as_they_please_and_nothing_is_claimed(job) -> None:
    """a and b vote right in one sentence, and a alone in another: a takes all, and 1 - cos stays
    although the loss goes to its infimum."""
    corpus = corpus_of(TWO_RIGHT)
    assert recognise(corpus).realizable
    assert not one_optimal(corpus, recognise(corpus).collocation)
    record = job(TWO_RIGHT, "train.attention.steps=4000", "train.attention.step_size=0.1")
    assert labels(record) == dict.fromkeys(IDS, "does not apply")
    (told,) = (v for v in record.verdicts if v["id"] == "votes.loss.sharp")
    assert ONE_RIGHT_VOTER.failure in told["sentence"]
    attention = record.trajectory["attention"].dataset
    assert attention["direction_gap_kq"].values[0, -1] > 1e-2
    assert attention["log_excess_loss"].values[0, -1] < -100


def test_one_right_voter_keeps_every_law_from_a_file(job) -> None:
    record = job(ONE_RIGHT, "train.attention.steps=60000", "train.attention.step_size=0.1")
    told = labels(record)
    assert told["votes.loss.sharp"] == "tight"
    assert told["votes.direction.exact"] == "tight"
    assert told["votes.direction"] == "faster"
    assert told["votes.sparsity"] == "holds"
    constants = record.constants
    assert isinstance(constants, Constants)
    assert constants.two_labels.all()
    assert constants.one_right_voter.all()
    assert record.corpora == [corpus_of(ONE_RIGHT)]


def test_the_constant_of_random_votes_is_known_before_training(tmp_path: Path) -> None:
    """R^2 within .3 % at eta t = 500 in every run that determines it, the exponent there -2."""
    given = ["dataset=votes", "runs=6", "dataset.sentences_per_query=12", "train.margin=3"]
    given += ["train.attention.step_size=0.1", "train.attention.steps=5000", *QUIET]
    record = ntp.train(given, tmp_path / "record")
    attention = record.trajectory["attention"].dataset
    squared = record.trajectory["targets"].dataset["offset_kq"].values
    gap, t = attention["direction_gap_kq"].values, attention["step"].values
    ratio = 2 * gap[:, -1] * (0.1 * t[-1]) ** 2 / squared
    assert np.isfinite(squared).sum() >= 3
    assert np.abs(ratio[np.isfinite(squared)] - 1).max() < 3e-3
    assert labels(record)["votes.direction.exact"] == "tight"
    assert record.corpora == draw_corpora(record.config, streams(record.config))


TRAINED = ["dataset=votes", "runs=2", "tracking=none", "figures=none"]


def test_stage_1_gives_every_token_one_margin_in_closed_form(tmp_path: Path) -> None:
    """eta0 T / ||W*_ov||, ||W*_ov|| = sqrt(V / 2) for two labels."""
    record = ntp.train([*TRAINED, "train.attention.steps=300"], tmp_path / "record")
    told = {v["id"]: v["label"] for v in record.verdicts}
    stage = record.trajectory["feed_forward"].dataset
    margin = 900 * record.config.train.feed_forward.step_size / np.sqrt(20 / 2)
    np.testing.assert_allclose(stage["margin_min"].values[:, -1], margin)
    assert stage["logits"].shape[2:] == (2, 20)
    assert {told[f"ov.exact.{x}"] for x in ("direction", "norm", "loss")} == {"holds"}
    assert np.isfinite(record.trajectory["attention"].dataset["log_excess_loss"].values).all()


def test_both_layers_are_trained_at_once_too(tmp_path: Path) -> None:
    given = [*TRAINED, "train.stages=[joint]", "train.joint.steps=900"]
    stage = ntp.train(given, tmp_path / "record").trajectory["joint"].dataset
    assert stage["logits"].shape[2:] == (2, 20)
    assert (stage["log_loss"].values[:, -1] < stage["log_loss"].values[:, 0] - 1).all()


@pytest.mark.parametrize(
    ("overrides", "says"),
    [
        (["dataset=votes", "train.labels=soft"], "train.labels: soft labels are distributions"),
        (
            ["dataset=votes", "dataset.vocab_size=5", "dataset.queries=5"],
            "dataset.non_optimal: an order has more tokens",
        ),
        (["dataset=votes", "dataset.weights=counts"], "dataset.weights: only trajectories"),
        (["dataset=votes", "dataset.levels=5"], "dataset.levels: some level would be empty"),
        (["dataset=votes", "dataset.queries=30"], "dataset.queries: there are more queries"),
    ],
)
def test_a_mistake_in_a_job_is_one_line(tmp_path: Path, overrides: list[str], says: str) -> None:
    with pytest.raises(UserErrors) as refused:
        ntp.train([*overrides, *QUIET], tmp_path / "record")
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "labelled", "says"),
    [
        ("file", True, "its labels are no tokens; use dataset=votes_file"),
        ("votes_file", False, "its first line names no labels; write"),
    ],
)
def test_a_file_has_the_labels_of_its_kind(tmp_path, kind: str, labelled: bool, says: str) -> None:
    path = tmp_path / "corpus.jsonl"
    Corpus.from_samples(ONE_RIGHT, vocab="abcd", labels="+-" if labelled else ()).write(path)
    given = [f"dataset={kind}", f"dataset.path={path}", "runs=1", "train.margin=3", *QUIET]
    with pytest.raises(UserError) as refused:
        ntp.train(given, tmp_path / "record")
    assert str(refused.value).startswith(f"{path}: {says}")
