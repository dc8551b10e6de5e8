"""Conflicts between fields of a configuration: what each may say, but not together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ntp_dynamics.config import (
    Config,
    Density,
    EngineName,
    FileDataset,
    GaussianInit,
    GradientDescent,
    NormalisedGradientDescent,
    OrthonormalEmbedding,
    Polyak,
    RealizableDataset,
    Stage,
    Vary,
    Weights,
    When,
    ZeroInit,
)
from ntp_dynamics.lab.environment import jit_disabled
from ntp_dynamics.lab.errors import UserError, UserErrors, raise_all


class Rule(NamedTuple):
    """A conflict between fields: where it shows, when it holds, what to say, what to do."""

    where: str
    broken: Callable[[Any], bool]
    what: str
    remedy: str


def _narrow(c: Config) -> bool:
    v, d = c.vocab_size, c.embedding.dim
    return v is not None and d is not None and d < v


UNFUSED: list[tuple[Callable[[Config], bool], str]] = [
    (
        lambda c: not isinstance(c.embedding, OrthonormalEmbedding),
        "the kernel needs orthonormal token vectors",
    ),
    (
        lambda c: not isinstance(c.optimizer, NormalisedGradientDescent | GradientDescent),
        "the kernel knows optimizer=ngd and optimizer=gd",
    ),
    (lambda c: jit_disabled(), "NUMBA_DISABLE_JIT switches the kernel off"),
]
"""What the fused kernel cannot express, and how to say so."""


def unfused(config: Config) -> str | None:
    """Why the fused kernel cannot train a job; None where it can."""
    return next((why for holds, why in UNFUSED if holds(config)), None)


DATASET_RULES = [
    Rule(
        "dataset.queries",
        lambda d: d.queries > d.vocab_size,
        "there are more queries than tokens",
        "lower it or raise dataset.vocab_size",
    ),
    Rule(
        "dataset.non_optimal",
        lambda d: d.optimal + d.non_optimal > d.vocab_size,
        "optimal and non-optimal tokens together exceed the vocabulary",
        "lower it or raise dataset.vocab_size",
    ),
    Rule(
        "dataset.levels",
        lambda d: d.levels - 1 > d.non_optimal,
        "some level would be empty",
        "lower it or raise dataset.non_optimal to at least levels - 1",
    ),
    Rule(
        "dataset.max_length",
        lambda d: d.density is Density.complete and d.max_length < d.non_optimal + 1,
        "complete density does not fit in a sentence",
        "raise it to dataset.non_optimal + 1 or use dataset.density=random",
    ),
    Rule(
        "dataset.weights",
        lambda d: d.weights is Weights.counts,
        "only trajectories can be counted",
        "use uniform, dirichlet or powers, or dataset=prefix_closed",
    ),
]

RULES = [
    Rule(
        "vary",
        lambda c: (
            isinstance(c.init, ZeroInit)
            and (c.runs > 1 if isinstance(c.dataset, FileDataset) else c.vary is Vary.init)
        ),
        "every run would be the same: one corpus, and zero init has nothing to vary",
        "use init=gaussian, runs=1, or a generated dataset with vary=corpus",
    ),
    Rule(
        "dataset.path",
        lambda c: isinstance(c.dataset, FileDataset) and not c.dataset.path,
        "it is missing",
        "name a corpus file: dataset.path=FILE",
    ),
    Rule(
        "hooks.scalars",
        lambda c: c.hooks.scalars is When.never,
        "nothing could be judged",
        "use ends for the least, or recorded",
    ),
    Rule(
        "embedding.dim",
        lambda c: isinstance(c.embedding, OrthonormalEmbedding) and _narrow(c),
        "orthonormal vectors need at least as many dimensions as tokens",
        "raise it to dataset.vocab_size or use embedding=gaussian",
    ),
    Rule(
        "train.margin",
        lambda c: c.train.margin is not None and _narrow(c),
        "no W_ov gives every token the same margin in fewer dimensions than tokens",
        "raise embedding.dim to dataset.vocab_size or use train.margin=null",
    ),
    Rule(
        "train.margin",
        lambda c: c.train.margin is not None and c.train.stages and Stage.attention not in c.stages,
        "it replaces the feed-forward stage before the attention stage, which is not trained",
        "use train.margin=null, or list attention",
    ),
    Rule(
        "optimizer",
        lambda c: (
            isinstance(c.optimizer, Polyak)
            and Stage.attention in c.stages
            and c.train.margin is None
            and isinstance(c.init, GaussianInit)
        ),
        "Polyak's step needs the infimum of the attention loss, unknown where margins differ",
        "use init=zero, set train.margin, or train another stage",
    ),
    Rule(
        "train.stages",
        lambda c: not c.train.stages,
        "nothing is left to train",
        "list feed_forward, attention, or both",
    ),
    Rule(
        "train.stages",
        lambda c: Stage.joint in c.stages and len(set(c.stages)) > 1,
        "the joint stage trains both layers from their start, not from where a stage left them",
        "list joint alone",
    ),
    Rule(
        "train.stages",
        lambda c: len(set(c.train.stages)) < len(c.train.stages),
        "a stage is listed twice",
        "list each stage once",
    ),
    Rule(
        "train.stages",
        lambda c: (
            c.stages[:1] == [Stage.attention]
            and c.train.margin is None
            and isinstance(c.init, ZeroInit)
        ),
        "attention has no gradient while W_ov is zero",
        "train feed_forward first, set train.margin, or use init=gaussian",
    ),
]


RULES += [
    Rule(
        "engine",
        lambda c, holds=holds: c.engine is EngineName.numba and holds(c),
        why,
        "use engine=auto",
    )
    for holds, why in UNFUSED
]


def check_conflicts(config: Config) -> None:
    """Raise UserErrors naming every conflict between fields."""
    broken = [rule for rule in RULES if rule.broken(config)]
    if isinstance(config.dataset, RealizableDataset):
        broken += [rule for rule in DATASET_RULES if rule.broken(config.dataset)]
    if broken:
        raise UserErrors([UserError(rule.where, rule.what, rule.remedy) for rule in broken])


HYDRA_RULES = [
    Rule(
        "hydra.job.chdir",
        lambda h: h.job.chdir,
        "a job stays where it was started, so that relative paths mean what they say",
        "leave it out",
    ),
    Rule(
        "hydra.mode",
        lambda h: h.mode is not None and h.mode.name != "RUN",
        "a sweep is asked for on the command line",
        "use -m",
    ),
    Rule(
        "hydra.sweeper.max_batch_size",
        lambda h: h.sweeper.get("max_batch_size") is not None and h.sweeper.max_batch_size < 1,
        "no job would ever start",
        "give at least 1, or leave it out",
    ),
    Rule(
        "hydra.launcher.threads",
        lambda h: h.launcher.get("threads") is not None and h.launcher.threads < 1,
        "no job would ever train",
        "give at least 1, or null for one a core",
    ),
]
"""What Hydra offers and a job cannot take."""


def check_hydra(hydra: Any) -> None:
    """Raise UserError or UserErrors for what Hydra's own node may not say here."""
    raise_all([UserError(r.where, r.what, r.remedy) for r in HYDRA_RULES if r.broken(hydra)])
