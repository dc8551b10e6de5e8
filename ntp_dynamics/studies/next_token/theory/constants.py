"""What the constants and hypotheses of the theorems are made of, one value a run.

The letters of Huang, Liang, Yang 2024: eta0 and eta are the step sizes of the two stages, T the
length of the first, N the number of distinct sentences of length two or more (the attention
gradient of the others is zero), L_max the longest sentence.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.config import Config, Minibatch
from ntp_dynamics.studies.next_token.data.corpus import Corpus
from ntp_dynamics.studies.next_token.data.draw import ENTRYWISE
from ntp_dynamics.studies.next_token.data.embedding import TokenVectors
from ntp_dynamics.studies.next_token.data.orders import one_optimal
from ntp_dynamics.studies.next_token.data.realizable import Recognition
from ntp_dynamics.studies.next_token.groups import (
    NormalisedGradientDescent,
    Optimizer,
    StandardEmbedding,
    ZeroInit,
)
from ntp_dynamics.studies.next_token.theory.levels import Levels, levels_of
from ntp_dynamics.studies.next_token.theory.linear_constants import (
    LinearConstants,
    linear_constants,
)
from ntp_dynamics.studies.next_token.theory.linear_target import LinearTarget
from ntp_dynamics.studies.next_token.theory.max_margin import AttentionTarget
from ntp_dynamics.studies.next_token.theory.pure_attention import is_best
from ntp_dynamics.studies.next_token.theory.targets import Targets

if TYPE_CHECKING:
    import xarray

    from ntp_dynamics.studies.next_token.problem import Known


@dataclass(frozen=True)
class Constants:
    """Constants and hypotheses of the runs of one job."""

    vocab_size: int
    eta0: float
    eta: float
    steps0: int
    """T, or 0 where an exact margin replaced the first stage."""
    known: Float[np.ndarray, " S"]
    """Tokens with a known continuation: the terms of L0."""
    ov_norm: Float[np.ndarray, " S"]
    kq_norm: Float[np.ndarray, " S"]
    kq_gap: Float[np.ndarray, " S"]
    """Duality gap of W*_kq relative to 1/2 ||W*_kq||^2; 0 where exact, nan without a target."""
    n: Float[np.ndarray, " S"]
    max_length: Float[np.ndarray, " S"]
    forced_zero: Float[np.ndarray, " S"]
    """Tight relations whose multiplier is zero in every dual optimum; -1: not decided."""
    eta_c: Float[np.ndarray, " S"]
    """Step size at which the sharp laws end (`step_size`); nan where it is not known."""
    eta_c_at_most: Float[np.ndarray, " S"]
    """An upper bound of it, itself where it is known; inf without one."""
    offset: Float[np.ndarray, " S"]
    """R^2 (`attention_offset`); nan where it is not determined."""
    slowest: Float[np.ndarray, " S"]
    """Rates, in units of ||W*_kq||, of the way to it."""
    fastest: Float[np.ndarray, " S"]
    pull: Float[np.ndarray, " S"]
    """The least margin that heavier sentences alone give a lighter one (`traps`); inf where nothing
    pulls, nan where it is not known."""
    complete: Bool[np.ndarray, " S"]
    """Every token is a sentence of its own, which states its continuation."""
    prefix_closed: Bool[np.ndarray, " S"]
    """Every prefix of a sample is a sample: the set-up of the paper.  Reported; no claim asks."""
    realizable: Bool[np.ndarray, " S"]
    injective: Bool[np.ndarray, " S"]
    two_labels: Bool[np.ndarray, " S"]
    """What comes next is one of two labels, and no token."""
    one_right_voter: Bool[np.ndarray, " S"]
    """Every sentence has one optimal type of token, as it has where n is injective."""
    unconfused: Bool[np.ndarray, " S"]
    assumption3: Bool[np.ndarray, " S"]
    orthonormal: Bool[np.ndarray, " S"]
    extendable: Bool[np.ndarray, " S"]
    """Some query with relations leaves a token non-comparable."""
    pure: Bool[np.ndarray, " S"]
    """Attention on the optimal tokens alone is the best at the frozen logits."""
    longest_chain: Float[np.ndarray, " S"]
    """This and the next three: see `levels`; nan unless an entrywise rule trains scores."""
    comparable: Float[np.ndarray, " S"]
    most_wrong: Float[np.ndarray, " S"]
    weight_ratio: Float[np.ndarray, " S"]
    zero_init: bool
    standard: bool
    """Whether token v is the v-th basis vector."""
    normalised: bool
    optimizer: Optimizer
    batch: Minibatch
    departures: list[str]
    """What the paper's rule does not have, in words."""
    trained: frozenset[Stage]
    observed: Mapping[str, np.ndarray]
    """Recorded observables (S, T) that a law refers to."""
    linear: Mapping[Stage, LinearConstants]
    """Of the stages whose loss is softmax-linear."""

    @property
    def equal_margins(self) -> Bool[np.ndarray, " S"]:
        """Whether every token starts the attention stage with the same margin."""
        learned = self.orthonormal & self.zero_init & self.hard
        return learned | (self.steps0 == 0)

    @property
    def hard(self) -> bool:
        """Whether the feed-forward stage learns the one continuation of each token."""
        return Stage.feed_forward not in self.linear

    @property
    def frozen(self) -> bool:
        """Whether attention is scored by the feed-forward layer."""
        return Stage.attention not in self.linear


def constants_of(known: Known, tree: xarray.DataTree) -> Constants:
    """The constants of a job from its data and what it recorded."""
    return make_constants(
        known.config,
        known.corpora,
        known.recognitions,
        known.embeddings,
        known.targets,
        {**recorded_for_laws(tree), **recorded_norms(tree, known.config)},
        known.linear,
    )


def recorded_for_laws(tree: xarray.DataTree) -> Mapping[str, np.ndarray]:
    """What laws and hypotheses of the attention stage refer to: (S, T), logits (S, J, V)."""
    if Stage.attention not in tree:
        return {}
    data = tree.children[Stage.attention].variables
    later = data["step"].values >= 1
    mass = data["attention_mass_min"].values[:, later]
    found = {"attention_mass_min": mass}
    return {**found, "logits": data["logits"].values} if "logits" in data else found


def recorded_norms(tree: xarray.DataTree, config: Config) -> Mapping[str, np.ndarray]:
    """Norms (S, T) of the stages whose loss is softmax-linear."""
    names = {Stage.feed_forward: "norm_ov", Stage.attention: "norm_kq"}
    found = {}
    for stage in config.linear_stages:
        if stage in tree:
            data = tree.children[stage].variables
            found[names[stage]] = data[names[stage]].values[:, data["step"].values >= 1]
    return found


def make_constants(
    config: Config,
    corpora: Sequence[Corpus],
    recognitions: Sequence[Recognition],
    embeddings: Sequence[TokenVectors],
    targets: Sequence[Targets],
    observed: Mapping[str, np.ndarray],
    linear: Mapping[Stage, Sequence[LinearTarget]] = MappingProxyType({}),
) -> Constants:
    """Collect the constants of a job from its actual data."""
    v = corpora[0].vocab_size
    stages = frozenset(config.stages)
    ov = [t.feed_forward.norm if t.feed_forward else math.nan for t in targets]
    kq = [t.attention.norm if t.attention else math.nan for t in targets]
    return Constants(
        vocab_size=corpora[0].classes,
        eta0=config.train.feed_forward.step_size,
        eta=config.train.attention.step_size,
        steps0=config.train.feed_forward.steps if config.train.margin is None else 0,
        known=np.array([sum(y >= 0 for y in r.collocation) for r in recognitions], float),
        ov_norm=np.array(ov),
        kq_norm=np.array(kq),
        kq_gap=np.array([_relative_gap(t) for t in targets]),
        n=np.array([(c.rows.lengths > 1).sum() for c in corpora], float),
        max_length=np.array([c.max_length for c in corpora], float),
        forced_zero=np.array([_forced_zero(t) for t in targets], float),
        eta_c=np.array([t.threshold.value for t in targets]),
        eta_c_at_most=np.array([t.threshold.at_most for t in targets]),
        offset=np.array([t.offset.squared for t in targets]),
        slowest=np.array([t.offset.slowest for t in targets]),
        fastest=np.array([t.offset.fastest for t in targets]),
        pull=np.array([t.pull for t in targets]),
        complete=np.array([_complete(c) for c in corpora]),
        prefix_closed=np.array([r.prefix_closed for r in recognitions]),
        realizable=np.array([r.realizable for r in recognitions]),
        injective=np.array([r.injective for r in recognitions]),
        two_labels=np.array([bool(c.labels) for c in corpora]),
        one_right_voter=_one_right_voter(corpora, recognitions),
        unconfused=np.array([not r.confused for r in recognitions]),
        assumption3=np.array([not r.assumption3_violations for r in recognitions]),
        orthonormal=np.array([e.orthonormal for e in embeddings]),
        extendable=np.array([_extendable(r, v) for r in recognitions]),
        pure=_pure(corpora, recognitions, observed),
        **_levels(config, corpora, recognitions),
        zero_init=isinstance(config.init, ZeroInit),
        standard=isinstance(config.embedding, StandardEmbedding),
        normalised=isinstance(config.optimizer, NormalisedGradientDescent),
        optimizer=config.optimizer,
        batch=config.batch,
        departures=config.additions,
        trained=stages,
        observed=observed,
        linear={
            stage: linear_constants(found, getattr(config.train, stage).step_size)
            for stage, found in linear.items()
        },
    )


def _levels(
    config: Config, corpora: Sequence[Corpus], recognitions: Sequence[Recognition]
) -> dict[str, Float[np.ndarray, " S"]]:
    asked = isinstance(config.optimizer, ENTRYWISE)
    runs = zip(corpora, recognitions, strict=True)
    found = [levels_of(*run) if asked else Levels() for run in runs]
    return {name: np.array([getattr(x, name) for x in found], float) for name in Levels._fields}


def _pure(
    corpora: Sequence[Corpus],
    recognitions: Sequence[Recognition],
    observed: Mapping[str, np.ndarray],
) -> Bool[np.ndarray, " S"]:
    """Where every token has the same margin, moving attention to a wrong one never pays; a record
    leaves logits out only there."""
    pure = np.array([bool(observed) and found.realizable for found in recognitions])
    if (logits := observed.get("logits")) is None:
        return pure
    realizable = np.flatnonzero(pure).tolist()
    asked = [r for r in realizable if not _equal_margins(recognitions[r].collocation, logits[r])]
    if asked:
        told = [corpora[r] for r in asked], [recognitions[r] for r in asked], logits[asked]
        pure[asked] = is_best(*told)
    return pure


def _equal_margins(collocation: Sequence[int], logits: Float[np.ndarray, "J V"]) -> bool:
    """Whether every token with a known continuation has one positive margin against all others."""
    n = np.array(collocation)
    known = np.flatnonzero(n >= 0)
    margins = logits[n[known], known] - logits[:, known]
    margins[n[known], np.arange(len(known))] = margins[0, 0] if n[known[0]] else margins[1, 0]
    return bool(margins.min() > (1 - 1e-9) * margins.max() > 0)


def _one_right_voter(
    corpora: Sequence[Corpus], recognitions: Sequence[Recognition]
) -> Bool[np.ndarray, " S"]:
    runs = zip(corpora, recognitions, strict=True)
    return np.array([not c.labels or one_optimal(c, r.collocation) for c, r in runs])


def _complete(corpus: Corpus) -> bool:
    alone = corpus.rows.first[corpus.rows.lengths == 1]
    return len(np.unique(alone)) == corpus.vocab_size


def _forced_zero(targets: Targets) -> int:
    target = targets.attention
    if target is None or (isinstance(target, AttentionTarget) and not target.exact):
        return -1
    return target.forced_zero


def _relative_gap(targets: Targets) -> float:
    target = targets.attention
    if target is None:
        return math.nan
    return 2 * target.gap / target.norm**2 if target.gap else 0.0


def _extendable(recognition: Recognition, vocab_size: int) -> bool:
    """Whether some query with relations has a token without one."""
    relations = recognition.relations
    query = relations.query.astype(np.int64) * vocab_size
    related = np.union1d(query + relations.above, query + relations.below) // vocab_size
    return bool((np.unique(related, return_counts=True)[1] < vocab_size).any())
