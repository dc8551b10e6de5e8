"""Random streams: what is drawn depends on (seed, run, purpose) and on nothing else."""

from itertools import product

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.choices import Vary
from ntp_dynamics.studies.next_token.config import Config, Train
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import (
    Purpose,
    draw_corpora,
    draw_embeddings,
    streams,
)
from ntp_dynamics.studies.next_token.data.embedding import gaussian, orthonormal
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.groups import (
    FileDataset,
    GaussianEmbedding,
    GaussianInit,
    NormalisedGradientDescent,
    OrthonormalEmbedding,
    RealizableDataset,
    ZeroInit,
)
from ntp_dynamics.system.errors import UserError

DATA = (Purpose.corpus, Purpose.embedding)
INIT = (Purpose.init_feed_forward, Purpose.init_attention)
SMALL = RealizableDataset(vocab_size=8, queries=4, sentences_per_query=3)


EIGHT = Corpus.from_samples([([0], 7)], vocab_size=8)


def job(**more):
    groups = {"dataset": SMALL, "embedding": OrthonormalEmbedding(), "init": ZeroInit()}
    return Config(optimizer=NormalisedGradientDescent(), **groups | more)


def stream(seed, run, purpose):
    return np.random.default_rng(np.random.SeedSequence([seed, run, purpose]))


def numbers(config, run, purpose):
    return streams(config).rng(run, purpose).random(4).tolist()


def embeddings(config):
    return [e.matrix.tolist() for e in draw_embeddings(config, streams(config), EIGHT)]


def test_the_numbers_of_the_purposes_never_change():
    assert {p.name: p.value for p in Purpose} == {
        "corpus": 0,
        "embedding": 1,
        "init_feed_forward": 2,
        "init_attention": 3,
        "batch": 4,
    }


@pytest.mark.parametrize("seed", [0, 5, 2**63 - 1])
def test_every_stream_is_the_seed_sequence_of_seed_run_and_purpose(seed):
    config = job(seed=seed, runs=3, vary=Vary.both)
    for run, purpose in product(range(3), Purpose):
        expected = stream(seed, run, int(purpose)).random(4).tolist()
        assert numbers(config, run, purpose) == expected


def test_corpora_and_embeddings_come_from_their_streams_and_no_other():
    config = job(seed=11, runs=3)
    assert draw_corpora(config, streams(config)) == [
        generate(SMALL, stream(11, run, 0)) for run in range(3)
    ]
    assert embeddings(config) == [
        orthonormal(8, 8, stream(11, run, 1)).matrix.tolist() for run in range(3)
    ]
    wide = job(seed=11, runs=3, embedding=GaussianEmbedding(dim=5))
    assert embeddings(wide) == [
        gaussian(8, 5, stream(11, run, 1)).matrix.tolist() for run in range(3)
    ]


def test_seeds_runs_and_purposes_share_no_stream():
    """Among others not seed + run: run 1 of seed 0 is not run 0 of seed 1."""
    drawn = [
        tuple(numbers(job(seed=seed, runs=6, vary=Vary.both), run, purpose))
        for seed, run, purpose in product(range(6), range(6), Purpose)
    ]
    assert len(set(drawn)) == 6 * 6 * len(Purpose)


@pytest.mark.parametrize("vary", list(Vary))
def test_a_run_does_not_change_when_runs_are_added(vary):
    few = job(seed=3, runs=2, vary=vary, init=GaussianInit())
    many = job(seed=3, runs=7, vary=vary, init=GaussianInit())
    assert draw_corpora(many, streams(many))[:2] == draw_corpora(few, streams(few))
    assert embeddings(many)[:2] == embeddings(few)
    for run, purpose in product(range(2), Purpose):
        assert numbers(many, run, purpose) == numbers(few, run, purpose)


@pytest.mark.parametrize(
    ("vary", "varied", "fixed"),
    [(Vary.corpus, DATA, INIT), (Vary.init, INIT, DATA), (Vary.both, (*DATA, *INIT), ())],
)
def test_vary_varies_what_it_names_and_holds_the_rest(vary, varied, fixed):
    config = job(runs=4, vary=vary, init=GaussianInit())
    for purpose in varied:
        assert len({tuple(numbers(config, run, purpose)) for run in range(4)}) == 4
    for purpose in fixed:
        first = stream(0, 0, purpose).random(4).tolist()
        assert all(numbers(config, run, purpose) == first for run in range(4))
    corpora = draw_corpora(config, streams(config))
    different = 4 if Purpose.corpus in varied else 1
    assert len({corpus.sentences for corpus in corpora}) == different
    assert len({id(corpus) for corpus in corpora}) == different
    assert len({str(matrix) for matrix in embeddings(config)}) == different


@pytest.mark.parametrize("vary", list(Vary))
def test_a_corpus_file_is_shared_by_all_runs_which_differ_by_their_weights(tmp_path, vary):
    corpus = generate(SMALL, np.random.default_rng(0))
    corpus.write(tmp_path / "corpus.jsonl")
    dataset = FileDataset(path=str(tmp_path / "corpus.jsonl"))
    config = job(dataset=dataset, runs=3, vary=vary, init=GaussianInit())
    drawn = draw_corpora(config, streams(config))
    assert drawn == [corpus] * 3
    assert len({id(c) for c in drawn}) == 1
    assert len({str(matrix) for matrix in embeddings(config)}) == 1
    assert len({tuple(numbers(config, run, Purpose.init_attention)) for run in range(3)}) == 3


def test_a_broken_corpus_file_is_a_mistake_of_the_user(tmp_path):
    config = job(dataset=FileDataset(path=str(tmp_path / "missing.jsonl")))
    with pytest.raises(UserError, match=r"missing\.jsonl: no such file"):
        draw_corpora(config, streams(config))


def test_the_dimension_is_the_vocabulary_size_unless_it_is_set():
    for dim, expected in [(None, 8), (8, 8), (13, 13)]:
        config = job(runs=1, embedding=OrthonormalEmbedding(dim=dim))
        (drawn,) = draw_embeddings(config, streams(config), EIGHT)
        assert drawn.matrix.shape == (expected, 8)
        assert drawn.orthonormal


def test_orthonormal_vectors_in_too_few_dimensions_are_a_mistake_of_the_user():
    config = job(embedding=OrthonormalEmbedding(dim=7))
    with pytest.raises(UserError, match=r"^embedding\.dim: 8 orthonormal .* 7 dimensions; raise"):
        draw_embeddings(config, streams(config), EIGHT)


def test_an_exact_margin_in_too_few_dimensions_is_a_mistake_of_the_user():
    config = job(embedding=GaussianEmbedding(dim=7), train=Train(margin=9.23))
    with pytest.raises(UserError, match=r"^train\.margin: "):
        draw_embeddings(config, streams(config), EIGHT)
    config = job(embedding=GaussianEmbedding(dim=8), train=Train(margin=9.23))
    assert len(draw_embeddings(config, streams(config), EIGHT)) == config.runs
