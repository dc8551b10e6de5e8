"""The random draws of a job: corpora, embeddings and generators of every run.

Streams are ``SeedSequence([seed, run, purpose])``: adding runs, or another purpose, changes no draw
that was there before.  What `vary` holds fixed uses the stream of run 0 in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.embedding import (
    TokenVectors,
    gaussian,
    orthonormal,
    standard,
)
from ntp_dynamics.studies.next_token.data.folded import fold
from ntp_dynamics.studies.next_token.data.generate import generate
from ntp_dynamics.studies.next_token.data.prefix_closed import generate_prefix_closed
from ntp_dynamics.studies.next_token.data.votes import generate_votes
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    FileDataset,
    OrthonormalEmbedding,
    PrefixClosedDataset,
    RealizableDataset,
    SignDescent,
    StandardEmbedding,
    VotesDataset,
    VotesFileDataset,
    ZeroInit,
)
from ntp_dynamics.system.errors import UserError


class Purpose(IntEnum):
    """What a random stream is for; the numbers are part of the record and never change."""

    corpus = 0
    embedding = 1
    init_feed_forward = 2
    init_attention = 3
    batch = 4


@dataclass(frozen=True)
class Streams:
    """Which run's stream each run uses, for its data and for its initial weights."""

    seed: int
    data: tuple[int, ...]
    init: tuple[int, ...]

    def rng(self, run: int, purpose: Purpose) -> np.random.Generator:
        is_data = purpose in (Purpose.corpus, Purpose.embedding)
        stream = (self.data if is_data else self.init)[run]
        return np.random.default_rng(np.random.SeedSequence([self.seed, stream, purpose]))


def batch_key(seed: int, run: int, stage: int) -> int:
    """The key of the minibatches of a run in a stage; whatever varies, those of runs differ."""
    sequence = np.random.SeedSequence([seed, run, Purpose.batch, stage])
    return int(sequence.generate_state(1, np.uint64)[0])


def check_minibatches(config: Config, corpora: Sequence[Corpus]) -> None:
    """Raise UserError where a corpus has fewer sentences than a minibatch."""
    fewest = min(corpus.size for corpus in corpora)
    if not config.batch.replacement and (config.batch.size or 0) > fewest:
        raise UserError(
            "batch.size",
            f"there are only {fewest} sentences in a corpus",
            f"lower it to {fewest}, or draw with batch.replacement=true",
        )


GENERATORS: dict[type, Callable[[Any, np.random.Generator], Corpus]] = {
    RealizableDataset: generate,
    PrefixClosedDataset: generate_prefix_closed,
    VotesDataset: generate_votes,
}


ENTRYWISE = (Adam, SignDescent)
"""Rules that act on the entries of a matrix: not covariant under rotations."""


def streams(config: Config) -> Streams:
    """The streams `config.vary` asks for."""
    numbers, fixed = tuple(range(config.runs)), (0,) * config.runs
    return Streams(
        seed=config.seed,
        data=numbers if config.varies_corpus else fixed,
        init=numbers if config.varies_init else fixed,
    )


def draw_corpora(config: Config, source: Streams) -> list[Corpus]:
    """The corpus of each run; runs with one stream share one object.

    Raises UserError for a corpus file that cannot be used.
    """
    dataset = config.dataset
    if isinstance(dataset, FileDataset):
        corpus = Corpus.read(dataset.path)
        _check_labels(dataset, corpus)
        if unused_are_alike(config):
            corpus = fold(corpus)
        elif corpus.unused:
            what = f"its last token stands for {corpus.unused:,}, which this job tells apart"
            remedy = "list them, or use init=zero, orthonormal embeddings and a covariant optimizer"
            raise UserError(dataset.path, what, remedy)
        return [corpus] * config.runs
    drawn = {
        stream: GENERATORS[type(dataset)](dataset, source.rng(run, Purpose.corpus))
        for stream, run in {s: run for run, s in enumerate(source.data)}.items()
    }
    return [drawn[stream] for stream in source.data]


def _check_labels(dataset: FileDataset, corpus: Corpus) -> None:
    """Raise UserError where a file has other labels than its kind: its claims are about those."""
    if isinstance(dataset, VotesFileDataset) == bool(corpus.labels):
        return
    if corpus.labels:
        what, remedy = "its labels are no tokens", "use dataset=votes_file"
    else:
        what = "its first line names no labels"
        remedy = 'write {"vocab": [...], "labels": ["+", "-"]}, or use dataset=file'
    raise UserError(dataset.path, what, remedy)


def draw_embeddings(config: Config, source: Streams, corpus: Corpus) -> list[TokenVectors]:
    """The embedding of each run.  Raises UserError where the vectors cannot be orthonormal."""
    check_dimensions(config, corpus.token_count)
    dim = config.embedding.dim or corpus.token_count
    draw = gaussian
    orthogonal = isinstance(config.embedding, OrthonormalEmbedding)
    basis = isinstance(config.embedding, StandardEmbedding)
    if orthogonal:
        draw = standard if basis else orthonormal

    def matrix(run: int) -> Float[np.ndarray, "D V"]:
        return draw(corpus.vocab_size, dim, source.rng(run, Purpose.embedding)).matrix

    runs = range(config.runs)
    return [TokenVectors(dim, orthogonal, partial(matrix, run), basis) for run in runs]


def check_dimensions(config: Config, vocab_size: int) -> None:
    """Raise UserError where so many tokens do not fit in the dimensions of their vectors."""
    dim = config.embedding.dim or vocab_size
    if isinstance(config.embedding, OrthonormalEmbedding) and dim < vocab_size:
        raise UserError(
            "embedding.dim",
            f"{vocab_size} orthonormal vectors do not fit in {dim} dimensions",
            f"raise it to {vocab_size} or use embedding=gaussian",
        )
    if config.train.margin is not None and dim < vocab_size:
        raise UserError(
            "train.margin",
            f"no W_ov gives {vocab_size} tokens the same margin in {dim} dimensions",
            f"raise embedding.dim to {vocab_size} or use train.margin=null",
        )


def unused_are_alike(config: Config) -> bool:
    """Whether nothing tells apart tokens that no sample uses: they start alike (at zero, with
    orthonormal vectors), and the rule of descent does not depend on the basis."""
    return (
        isinstance(config.init, ZeroInit)
        and isinstance(config.embedding, OrthonormalEmbedding)
        and not isinstance(config.optimizer, ENTRYWISE)
        and Stage.feed_forward not in config.linear_stages
    )
