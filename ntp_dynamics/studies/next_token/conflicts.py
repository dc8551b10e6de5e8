"""Conflicts between fields of a configuration: what each may say, but not together."""

from __future__ import annotations

from collections.abc import Callable

from ntp_dynamics.config.choices import Device
from ntp_dynamics.config.conflicts import Conflict
from ntp_dynamics.studies.next_token.choices import (
    Density,
    EngineName,
    Head,
    Labels,
    Stage,
    Vary,
    Weights,
)
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.data.votes import most_of_a_vote
from ntp_dynamics.studies.next_token.groups import (
    Adam,
    FileDataset,
    OrderedDataset,
    OrthonormalEmbedding,
    Polyak,
    RealizableDataset,
    SignDescent,
    SplitNormalisedGradientDescent,
    VotesDataset,
    VotesFileDataset,
    ZeroInit,
)
from ntp_dynamics.system.environment import jit_disabled
from ntp_dynamics.system.errors import UserError


def _narrow(c: Config) -> bool:
    v, d = c.vocab_size, c.embedding.dim
    return v is not None and d is not None and d < v


def _equal_margins(c: Config) -> bool:
    """Whether the feed-forward stage leaves every token with one margin."""
    plain = isinstance(c.init, ZeroInit) and isinstance(c.embedding, OrthonormalEmbedding)
    return plain and c.train.labels is Labels.hard


UNFUSED: list[tuple[Callable[[Config], bool], str]] = [
    (lambda c: jit_disabled(), "NUMBA_DISABLE_JIT switches the kernel off"),
    (
        lambda c: bool(c.linear_stages) and isinstance(c.optimizer, Adam | SignDescent),
        "no kernel knows soft labels or the log head with a rule of single entries",
    ),
    (
        lambda c: Stage.attention in c.linear_stages and c.batch.size is not None,
        "no kernel draws minibatches for the log head",
    ),
]
"""What the fused kernel cannot express, and how to say so."""


def unfused(config: Config) -> str | None:
    """Why the fused kernel cannot train a job; None where it can."""
    return next((why for holds, why in UNFUSED if holds(config)), None)


DATASET_CONFLICTS = [
    Conflict(
        "dataset.queries",
        lambda d: d.queries > d.vocab_size,
        "there are more queries than tokens",
        "lower it or raise dataset.vocab_size",
    ),
    Conflict(
        "dataset.non_optimal",
        lambda d: d.optimal + d.non_optimal > d.vocab_size,
        "optimal and non-optimal tokens together exceed the vocabulary",
        "lower it or raise dataset.vocab_size",
    ),
    Conflict(
        "dataset.levels",
        lambda d: d.levels - 1 > d.non_optimal,
        "some level would be empty",
        "lower it or raise dataset.non_optimal to at least levels - 1",
    ),
    Conflict(
        "dataset.max_length",
        lambda d: (
            isinstance(d, RealizableDataset)
            and d.density is Density.complete
            and d.max_length < d.non_optimal + 1
        ),
        "complete density does not fit in a sentence",
        "raise it to dataset.non_optimal + 1 or use dataset.density=random",
    ),
    Conflict(
        "dataset.weights",
        lambda d: d.weights is Weights.counts,
        "only trajectories can be counted",
        "use uniform, dirichlet or powers, or dataset=prefix_closed",
    ),
    Conflict(
        "dataset.non_optimal",
        lambda d: isinstance(d, VotesDataset) and most_of_a_vote(d) > d.vocab_size // 2,
        "an order has more tokens of one vote than half of the vocabulary",
        "lower it or dataset.optimal, or raise dataset.vocab_size",
    ),
]

CONFLICTS = [
    Conflict(
        "vary",
        lambda c: (
            isinstance(c.init, ZeroInit)
            and (c.runs > 1 if isinstance(c.dataset, FileDataset) else c.vary is Vary.init)
            and c.batch.size is None
        ),
        "every run would be the same: one corpus, and zero init has nothing to vary",
        "use init=gaussian, runs=1, or a generated dataset with vary=corpus",
    ),
    Conflict(
        "batch.size",
        lambda c: c.batch.size is not None and isinstance(c.optimizer, Polyak),
        "Polyak's step needs the loss of all sentences",
        "use batch.size=null or another optimizer",
    ),
    Conflict(
        "runtime.device",
        lambda c: c.runtime.device is Device.cuda and c.batch.size is not None,
        "minibatches are drawn by the CPU, anew at each step",
        "use batch.size=null or runtime.device=cpu",
    ),
    Conflict(
        "runtime.device",
        lambda c: (
            c.runtime.device is Device.cuda and c.engine in (EngineName.numba, EngineName.autograd)
        ),
        "the kernels and automatic differentiation run on the CPU",
        "use engine=auto or runtime.device=cpu",
    ),
    Conflict(
        "dataset.path",
        lambda c: isinstance(c.dataset, FileDataset) and not c.dataset.path,
        "it is missing",
        "name a corpus file: dataset.path=FILE",
    ),
    Conflict(
        "embedding.dim",
        lambda c: isinstance(c.embedding, OrthonormalEmbedding) and _narrow(c),
        "orthonormal vectors need at least as many dimensions as tokens",
        "raise it to dataset.vocab_size or use embedding=gaussian",
    ),
    Conflict(
        "train.margin",
        lambda c: c.train.margin is not None and _narrow(c),
        "no W_ov gives every token the same margin in fewer dimensions than tokens",
        "raise embedding.dim to dataset.vocab_size or use train.margin=null",
    ),
    Conflict(
        "train.margin",
        lambda c: c.train.margin is not None and c.train.stages and Stage.attention not in c.stages,
        "it replaces the feed-forward stage before the attention stage, which is not trained",
        "use train.margin=null, or list attention",
    ),
    Conflict(
        "optimizer",
        lambda c: (
            isinstance(c.optimizer, Polyak)
            and Stage.attention in c.stages
            and c.train.margin is None
            and c.train.head is Head.frozen
            and not _equal_margins(c)
        ),
        "Polyak's step needs the infimum of the attention loss, unknown where margins differ",
        "use init=zero and embedding=orthonormal, set train.margin, or train another stage",
    ),
    Conflict(
        "optimizer",
        lambda c: (
            isinstance(c.optimizer, SplitNormalisedGradientDescent)
            and {*c.stages} != {*c.linear_stages}
        ),
        "its step needs the components of a softmax-linear loss",
        "use train.labels=soft and train.head=log in the stages that are trained",
    ),
    Conflict(
        "optimizer.weight_decay",
        lambda c: c.optimizer.weight_decay * max(c.step_sizes, default=0.0) > 1,
        "times a step size it exceeds 1: a step would turn the weights round",
        "lower it or the step size",
    ),
    Conflict(
        "train.labels",
        lambda c: c.train.labels is Labels.soft and Stage.feed_forward not in c.stages,
        "soft labels are learnt by the feed-forward stage, which is not trained",
        "use train.labels=hard, or list feed_forward with train.margin=null",
    ),
    Conflict(
        "train.labels",
        lambda c: (
            c.train.labels is Labels.soft and isinstance(c.dataset, VotesDataset | VotesFileDataset)
        ),
        "soft labels are distributions of the next token, and these labels are no tokens",
        "use train.labels=hard",
    ),
    Conflict(
        "train.head",
        lambda c: c.train.head is Head.log and Stage.attention not in c.stages,
        "the log head is that of the attention stage, which is not trained",
        "use train.head=frozen, or list attention",
    ),
    Conflict(
        "embedding",
        lambda c: bool(c.linear_stages) and not isinstance(c.embedding, OrthonormalEmbedding),
        "soft labels and the log head have targets for orthonormal token vectors only",
        "use embedding=orthonormal or embedding=standard",
    ),
    Conflict(
        "train.stages",
        lambda c: not c.train.stages,
        "nothing is left to train",
        "list feed_forward, attention, or both",
    ),
    Conflict(
        "train.stages",
        lambda c: Stage.joint in c.stages and len(set(c.stages)) > 1,
        "the joint stage trains both layers from their start, not from where a stage left them",
        "list joint alone",
    ),
    Conflict(
        "train.stages",
        lambda c: len(set(c.train.stages)) < len(c.train.stages),
        "a stage is listed twice",
        "list each stage once",
    ),
    Conflict(
        "train.stages",
        lambda c: (
            c.stages[:1] == [Stage.attention]
            and c.train.margin is None
            and c.train.head is Head.frozen
            and isinstance(c.init, ZeroInit)
        ),
        "attention has no gradient while W_ov is zero",
        "train feed_forward first, set train.margin, or use init=gaussian",
    ),
]


CONFLICTS += [
    Conflict(
        "engine",
        lambda c, holds=holds: c.engine is EngineName.numba and holds(c),
        why,
        "use engine=auto",
    )
    for holds, why in UNFUSED
]


def mistakes(config: Config) -> list[UserError]:
    """Every conflict between fields."""
    found = [conflict for conflict in CONFLICTS if conflict.holds(config)]
    if isinstance(config.dataset, OrderedDataset):
        found += [conflict for conflict in DATASET_CONFLICTS if conflict.holds(config.dataset)]
    return [conflict.error for conflict in found]
