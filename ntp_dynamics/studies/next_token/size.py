"""What a job will take, on the disk and of memory, before anything large is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ntp_dynamics.observe.hooks import LARGE, Hook, record_size
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import ENTRYWISE, unused_are_alike
from ntp_dynamics.studies.next_token.groups import (
    FileDataset,
    OrthonormalEmbedding,
    StandardEmbedding,
    ZeroInit,
)
from ntp_dynamics.studies.next_token.optim.choice import choose
from ntp_dynamics.studies.next_token.theory.min_norm import LARGEST_KERNEL

LOGITS, SCORES, SLOTS, CLASSES = 7, 6, 30, 6
"""Arrays of V x V, V x Q, N x K and N x V numbers that live at a time."""
SOFT_LABELS = 24
"""The same of V x V numbers, of soft labels and a step on them."""
SENTENCE, RELATION = 300, 400
"""Bytes of what a sentence has one of, and of Python's objects for a constraint of problem (2)."""
SYSTEMS = 10
"""Systems of equations that the solver for other vectors holds."""
ENTRYWISE_MATRICES = 10
"""Matrices that an entrywise rule and a step of it hold."""
ON_DEVICE = {"V x V": 14, "V x Q": 14, "N x K": 17, "N x V": 8, "d x (d + V)": 14}
"""Arrays of each kind of which a step on a GPU holds so many at most, with what it goes on from."""
MANY = 1_000_000
"""Distinct tokens of sentences from which on a job says how long a step takes."""
A_TOKEN, A_SENTENCE = 3.3e-9, 8.7e-9
"""Seconds of a step of the fused kernel; a pair that occurs counts with the tokens."""
RECORDED = 2
"""A trajectory is held once as it is recorded and once as it is written."""


class Shape(NamedTuple):
    """How long the axes of a job are."""

    runs: int
    sentences: int
    tokens: int
    """Distinct tokens of a sentence."""
    queries: int
    vocab_size: int
    dim: int
    labels: int
    """All that can come next, as logits have rows."""

    @property
    def axes(self) -> dict[str, int]:
        """Length of each axis of the record but its clocks."""
        return {
            "run": self.runs,
            "sentence": self.sentences,
            "token": self.tokens,
            "query": self.queries,
            "key": self.vocab_size,
            "next": self.labels,
        }


def shape_of(corpora: Sequence[Corpus], dim: int) -> Shape:
    """The axes of a job with these corpora, a run each, padded to the largest."""
    different = {id(corpus): corpus for corpus in corpora}.values()
    return Shape(
        runs=len(corpora),
        sentences=max(corpus.size for corpus in different),
        tokens=max(int(corpus.bags.tokens.lengths.max()) for corpus in different),
        queries=max(len(corpus.queries) or 1 for corpus in different),
        vocab_size=corpora[0].vocab_size,
        dim=dim,
        labels=len(corpora[0].label_names),
    )


def leaves_out_pairs(config: Config, shape: Shape) -> bool:
    """Whether a record is without tables that have an entry for every pair of tokens: where they
    are large, and what they say is known in another form."""
    closed = unused_are_alike(config) and Stage.joint not in config.stages
    closed = closed and not config.linear_stages
    return closed and 8 * shape.runs * shape.labels * shape.vocab_size > LARGE


def _plain(config: Config) -> bool:
    """Whether logits are a gain a column."""
    zero, orthonormal = ZeroInit, OrthonormalEmbedding
    plain = isinstance(config.init, zero) and isinstance(config.embedding, orthonormal)
    return plain and Stage.joint not in config.stages


def notes_of_size(
    config: Config,
    shape: Shape,
    asked: Mapping[str, Sequence[Hook]],
    kept: Mapping[str, Sequence[Hook]],
    corpora: Sequence[Corpus],
) -> list[str]:
    """What a large job does not record, and how long a step of it takes."""
    notes = []
    names = [{h.observable.name for due in x.values() for h in due} for x in (asked, kept)]
    if left_out := sorted(names[0] - names[1]):
        notes.append(
            f"too large for checkpoints: {', '.join(left_out)}; hooks.arrays=ends or recorded "
            "records them"
        )
    if leaves_out_pairs(config, shape):
        notes.append("W*_ov and the frozen logits, of a closed form, are not recorded; W*_kq is")
    tokens = sum(len(corpus.bags.tokens.flat) for corpus in corpora)
    if tokens >= MANY and choose(config).fused:
        sentences = sum(corpus.size for corpus in corpora)
        seconds = A_TOKEN * tokens + A_SENTENCE * sentences
        notes.append(
            f"{sentences:,} sentences of {tokens:,} distinct tokens: about {seconds:.2g} s a step "
            "and thread, by the law of docs/performance.md"
        )
    return notes


def on_disk(config: Config, shape: Shape, hooks: Mapping[str, Sequence[Hook]]) -> int:
    """Bytes of the trajectory: what the hooks record, targets, frozen logits, token tables."""
    runs, n, k, q, v, _, c = shape
    pairs = 16 * v if leaves_out_pairs(config, shape) else 8 * v * (2 * c + q)
    fixed = runs * (pairs + 4 * n * (k + 1))
    measured = sum(record_size(due, shape.axes) for due in hooks.values())
    return fixed + measured


def in_memory(
    config: Config, shape: Shape, hooks: Mapping[str, Sequence[Hook]]
) -> dict[str, tuple[float, str]]:
    """Bytes at the peak, beside Python and its libraries, and what to do about them, by the field
    that asks for them.

    A count of the arrays of each kind that live at a time, held against measured peaks.
    """
    runs, n, k, q, v, d, c = shape
    different = 1 if isinstance(config.dataset, FileDataset) or not config.varies_corpus else runs
    logits, scores, slots, classes = (8.0 * runs * x for x in (c * v, v * q, n * k, n * v))
    orthonormal = isinstance(config.embedding, OrthonormalEmbedding)
    zero, whole = isinstance(config.init, ZeroInit), isinstance(config.optimizer, ENTRYWISE)
    by_tensors = not choose(config).fused

    corpus = LOGITS * logits + SCORES * scores + SLOTS * slots + SENTENCE * n * different
    if not orthonormal:  # the constraints of both problems, and the systems of their solver
        corpus += RELATION * c * v + SYSTEMS * 8.0 * min(c * v, LARGEST_KERNEL) ** 2
    if Stage.feed_forward in config.linear_stages:
        corpus += SOFT_LABELS * logits
    if by_tensors and not _plain(config):
        corpus += CLASSES * classes
    matrices = 0.0
    if whole or not (orthonormal and zero):
        matrices += 8.0 * runs * d * (4 * v + 3 * d * (not zero))
    if whole:
        matrices += ENTRYWISE_MATRICES * 8.0 * runs * d * (d + v)
    recorded = on_disk(config, shape, hooks)
    every = [hook for due in hooks.values() for hook in due if not hook.observable.dims]
    often = 2 * record_size(every, shape.axes) > recorded

    remedy = "use fewer tokens, sentences or runs"
    if isinstance(config.dataset, FileDataset) and not unused_are_alike(config):
        remedy += "; unused tokens are free with init=zero, embedding=orthonormal, ngd or gd"
    return {
        "dataset.path" if isinstance(config.dataset, FileDataset) else "dataset.vocab_size": (
            corpus,
            remedy,
        ),
        "embedding.dim": (matrices, "lower it, or use init=zero with optimizer=ngd or gd"),
        "hooks.scalars" if often else "hooks.arrays": (
            float(RECORDED * recorded),
            "measure less often (hooks=light), or fewer runs",
        ),
    }


def on_device(config: Config, shape: Shape) -> dict[str, tuple[float, str]]:
    """Bytes at the peak on a GPU, and what to do about them, by the field that asks for them."""
    runs, n, k, q, v, d, c = shape
    orthonormal = isinstance(config.embedding, OrthonormalEmbedding)
    standard = isinstance(config.embedding, StandardEmbedding)
    apart = standard if isinstance(config.optimizer, ENTRYWISE) else orthonormal
    frozen = not {Stage.feed_forward, Stage.joint} & {*config.stages}
    sizes = {
        "V x V": c * v / ON_DEVICE["V x V"] if frozen else c * v,  # the logits themselves
        "V x Q": v * q,
        "N x K": n * k,
        "N x V": 0 if _plain(config) else n * v,
        "d x (d + V)": 0 if apart else d * (d + v),
    }
    needed = 8.0 * runs * sum(ON_DEVICE[kind] * size for kind, size in sizes.items())
    return {"runtime.device": (needed, "use the CPU, or fewer tokens, sentences or runs")}
