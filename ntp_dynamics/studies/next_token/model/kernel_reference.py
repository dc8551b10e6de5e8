"""What a run is measured against, laid out as its kernel lays out its weights and sentences."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.aligned import aligned
from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.columns import Columns
from ntp_dynamics.studies.next_token.model.iterate import Iterate
from ntp_dynamics.studies.next_token.model.measure import KernelReference
from ntp_dynamics.studies.next_token.model.per_sentence import PerSentence
from ntp_dynamics.studies.next_token.model.rank_groups import (
    BETWEEN,
    NON_OPTIMAL,
    OPTIMAL,
    rank_groups,
)
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.score_gaps import by_eights, joined
from ntp_dynamics.studies.next_token.model.simd import LANES
from ntp_dynamics.studies.next_token.model.token_space import is_nothing
from ntp_dynamics.studies.next_token.model.weight_columns import weight_columns


def per_sentence_of(against: KernelReference) -> PerSentence:
    """Room for what the sentences say; one that is never noted says nothing."""
    said, odds = np.zeros((7, len(against.pi))), np.zeros((5, len(against.pi) * against.attentive))
    room = aligned(PerSentence(*said, *odds))
    room.right[:] = 1.0
    room.growth[:] = math.inf
    return room


def no_reference() -> KernelReference:
    """Of a run that is not measured."""
    nothing = np.zeros(0)
    return KernelReference(
        attentive=False,
        pi=nothing,
        mass=1.0,
        classes=0.0,
        shared=False,
        margin=math.nan,
        largest_logit=0.0,
        target=nothing,
        still=0.0,
        outside=0.0,
        columns=weight_columns(np.zeros(1, dtype=np.int64)),
        relations=by_eights(joined()),
        beside=by_eights(joined()),
        ranks=by_eights(joined()),
        still_margin=math.inf,
        score=nothing,
    )


def loss_reference(log_pi: Float[np.ndarray, " sentences"]) -> KernelReference:
    """Of the loss alone, whose infimum is 0."""
    return no_reference()._replace(pi=_whole_lanes(np.exp(log_pi)))


def sentence_reference(
    log_pi: Float[np.ndarray, " sentences"], margin: float, batch: Batch, largest_logit: float
) -> KernelReference:
    """Of what sentences say in the attention stage; ``margin`` as in `attention_reference`."""
    return loss_reference(log_pi)._replace(
        attentive=True,
        margin=margin,
        classes=float(batch.classes),
        shared=batch.labels > 0,
        largest_logit=largest_logit,
    )


def attention_reference(
    occurring: Int[np.ndarray, " pairs"],
    log_pi: Float[np.ndarray, " sentences"],
    iterate: Iterate,
    batch: Batch,
    run: int,
    start: Float[Tensor, "V Q"],
    logits: Float[Tensor, "J V"],
    margin: float,
    outside: float,
    reference: Reference,
) -> KernelReference:
    """Of one run in the attention stage; ``occurring``: where the scores that occur stand in the
    flattened ones, by query; ``margin`` is Delta where all are equal and the excess is known, else
    nan."""
    size = len(iterate.start)
    query = occurring % batch.n_queries
    with np.errstate(invalid="ignore"):  # without relations it has no direction
        target = reference.target_at(run, occurring) / float(reference.kq_norm[run])
    look = _none_still if is_nothing(start) else _still
    still, bounds = look(start, occurring, batch, run, reference)
    groups = rank_groups(
        query,
        _roles(reference, run, occurring),
        _places(reference.above[run], occurring, batch),
        _places(reference.below[run], occurring, batch),
        bounds,
    )
    against = KernelReference(
        attentive=True,
        pi=_whole_lanes(np.exp(log_pi)),
        mass=1.0,
        classes=float(batch.classes),
        shared=batch.labels > 0,
        margin=margin,
        largest_logit=max(float(logits.max()), -float(logits.min())),
        target=_filled(target, size),
        outside=outside,
        still=still,
        columns=weight_columns(np.searchsorted(query, np.arange(batch.n_queries + 1))),
        relations=groups.relations,
        beside=groups.beside,
        ranks=groups.ranks,
        still_margin=groups.still,
        score=np.zeros(size if iterate.start.any() else 0),
    )
    return aligned(against)


def _roles(reference: Reference, run: int, places: Int[np.ndarray, " P"]) -> Int[np.ndarray, " P"]:
    optimal, between, non_optimal = reference.roles_at(run, places)
    return np.select([optimal, between, non_optimal], [OPTIMAL, BETWEEN, NON_OPTIMAL])


def _places(
    tokens: Int[Tensor, " P"], occurring: Int[np.ndarray, " pairs"], batch: Batch
) -> Int[np.ndarray, " relations"]:
    """Where the scores of relations stand among those that occur, which come by query."""
    places = tokens[tokens >= 0].numpy(force=True)
    q, v = batch.n_queries, batch.vocab_size
    return np.searchsorted(occurring % q * v + occurring // q, places % q * v + places // q)


def _still(
    start: Float[Tensor, "V Q"],
    occurring: Int[np.ndarray, " pairs"],
    batch: Batch,
    run: int,
    reference: Reference,
) -> tuple[float, Float[np.ndarray, "Q 4"]]:
    """Of the scores that no sentence moves the sum of squares, and `_bounds`."""
    scores = start.numpy(force=True).ravel()
    others = np.ones(scores.size, dtype=bool)
    others[occurring] = False
    target = reference.target_at(run, np.arange(scores.size))
    assert not target[others].any() or math.isnan(target[0]), "no relation, no pull"
    roles = np.where(others, _roles(reference, run, np.arange(scores.size)), 0)
    bounds = _bounds(scores, roles, batch.n_queries)
    return float((scores[others] ** 2).sum()), bounds


def _none_still(
    start: Float[Tensor, "V Q"],
    occurring: Int[np.ndarray, " pairs"],
    batch: Batch,
    run: int,
    reference: Reference,
) -> tuple[float, Float[np.ndarray, "Q 4"]]:
    """The same of scores that are all 0: tokens that no sentence of a query shows are
    non-comparable under it."""
    shown = np.bincount(occurring % batch.n_queries, minlength=batch.n_queries)
    between = reference.ordered(run) & (shown < batch.vocab_size)
    nobody = np.array([math.inf, -math.inf, math.inf, -math.inf])
    bounds = np.where(between[:, None], np.array([math.inf, 0.0, 0.0, -math.inf]), nobody)
    return 0.0, bounds


def columns_reference(
    columns: Columns, iterate: Iterate, run: int, outside: float, reference: Reference
) -> KernelReference:
    """Of one run in the feed-forward stage."""
    target = (reference.ov[run] / reference.ov_norm[run]).numpy(force=True).T.copy()
    (v, c), known = target.shape, len(columns.label)
    target[:, columns.last] *= math.sqrt(columns.many)
    fill_up = [(0, 0), (0, columns.classes - c)]
    against = KernelReference(
        attentive=False,
        pi=_whole_lanes(np.ones(known)),
        mass=float(known),
        classes=float(c),
        shared=False,
        margin=math.nan,
        largest_logit=math.nan,
        target=np.pad(target, fill_up).ravel(),
        still=0.0,
        outside=outside,
        columns=weight_columns(np.arange(v + 1) * columns.classes),
        relations=by_eights(joined()),
        beside=by_eights(joined()),
        ranks=by_eights(joined()),
        still_margin=math.inf,
        score=np.zeros(len(iterate.start)),
    )
    return aligned(against)


def _bounds(
    scores: Float[np.ndarray, " VQ"], roles: Int[np.ndarray, " VQ"], q: int
) -> Float[np.ndarray, "Q 4"]:
    """Of each query: the least optimal score, the largest and the least non-comparable, the largest
    non-optimal."""

    def of(role: int, otherwise: float) -> np.ndarray:
        return np.where(roles == role, scores, otherwise).reshape(-1, q)

    return np.stack(
        [
            of(OPTIMAL, math.inf).min(0),
            of(BETWEEN, -math.inf).max(0),
            of(BETWEEN, math.inf).min(0),
            of(NON_OPTIMAL, -math.inf).max(0),
        ],
        axis=1,
    )


def _filled(x: np.ndarray, size: int) -> np.ndarray:
    return np.pad(x, (0, size - len(x)))


def _whole_lanes(x: np.ndarray) -> np.ndarray:
    return _filled(x, -(-len(x) // LANES) * LANES)
