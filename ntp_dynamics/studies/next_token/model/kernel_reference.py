"""What a run is measured against, laid out as its kernel lays out its weights and sentences."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.columns import Columns
from ntp_dynamics.studies.next_token.model.iterate import Iterate
from ntp_dynamics.studies.next_token.model.layout import Laid
from ntp_dynamics.studies.next_token.model.measure import (
    BETWEEN,
    NON_OPTIMAL,
    OPTIMAL,
    KernelReference,
)
from ntp_dynamics.studies.next_token.model.per_sentence import PerSentence
from ntp_dynamics.studies.next_token.model.reference import Reference
from ntp_dynamics.studies.next_token.model.simd import LANES

NO_RELATIONS = np.zeros(0, dtype=np.int64)


def per_sentence_of(against: KernelReference) -> PerSentence:
    """Room for what the sentences say; one that is never noted says nothing."""
    said, odds = np.zeros((7, len(against.pi))), np.zeros((5, len(against.pi) * against.attentive))
    room = PerSentence(*said, *odds)
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
        margin=math.nan,
        largest_logit=0.0,
        real=nothing,
        target=nothing,
        still=0.0,
        outside=0.0,
        column=NO_RELATIONS,
        above=NO_RELATIONS,
        below=NO_RELATIONS,
        role=NO_RELATIONS,
        bounds=np.zeros((0, 4)),
        score=nothing,
    )


def loss_reference(log_pi: Float[np.ndarray, " sentences"]) -> KernelReference:
    """Of the loss alone, whose infimum is 0."""
    return no_reference()._replace(pi=_whole_lanes(np.exp(log_pi)))


def sentence_reference(
    log_pi: Float[np.ndarray, " sentences"], margin: float, classes: int, largest_logit: float
) -> KernelReference:
    """Of what sentences say in the attention stage; ``margin`` as in `attention_reference`."""
    return loss_reference(log_pi)._replace(
        attentive=True, margin=margin, classes=float(classes), largest_logit=largest_logit
    )


def attention_reference(
    laid: Laid,
    iterate: Iterate,
    batch: Batch,
    run: int,
    start: Float[Tensor, "V Q"],
    logits: Float[Tensor, "V V"],
    margin: float,
    outside: float,
    reference: Reference,
) -> KernelReference:
    """Of one run in the attention stage; ``margin`` is Delta where all are equal, else nan."""
    q, occurring, size = batch.n_queries, laid.pairs, len(iterate.start)
    scores = start.numpy(force=True).ravel()
    target = (reference.kq[run] / reference.kq_norm[run]).numpy(force=True).ravel()
    moved = np.zeros(scores.size, dtype=bool)
    moved[occurring] = True
    assert not target[~moved].any() or math.isnan(target[0]), "no relation, no pull"

    place = np.full(scores.size, -1)
    place[occurring] = np.arange(len(occurring))
    relations = reference.above[run] >= 0
    above, below = (
        _whole(place[x[run][relations].numpy(force=True)])
        for x in (reference.above, reference.below)
    )
    roles = np.zeros(scores.size, dtype=np.int64)
    for role, tokens in (
        (OPTIMAL, reference.optimal),
        (BETWEEN, reference.non_comparable),
        (NON_OPTIMAL, reference.non_optimal),
    ):
        roles[tokens[run].numpy(force=True).ravel()] = role
    log_pi = laid.layout.log_pi
    return KernelReference(
        attentive=True,
        pi=_whole_lanes(np.exp(log_pi)),
        mass=1.0,
        classes=float(batch.classes),
        margin=margin,
        largest_logit=float(logits.abs().max()),
        real=np.ones(size),
        target=_filled(target[occurring], size),
        still=float((scores[~moved] ** 2).sum()),
        outside=outside,
        column=np.searchsorted(occurring % q, np.arange(q + 1)),
        above=above,
        below=below,
        role=_filled(roles[occurring], size),
        bounds=_bounds(scores, np.where(moved, 0, roles), q),
        score=np.zeros(size + LANES),
    )


def columns_reference(
    columns: Columns, iterate: Iterate, run: int, outside: float, reference: Reference
) -> KernelReference:
    """Of one run in the feed-forward stage."""
    target = (reference.ov[run] / reference.ov_norm[run]).numpy(force=True).T.copy()
    v, known = len(target), len(columns.label)
    target[:, columns.last] *= math.sqrt(columns.many)
    fill_up = [(0, 0), (0, columns.classes - v)]
    return KernelReference(
        attentive=False,
        pi=_whole_lanes(np.ones(known)),
        mass=float(known),
        classes=float(v),
        margin=math.nan,
        largest_logit=math.nan,
        real=np.pad(np.ones((v, v)), fill_up).ravel(),
        target=np.pad(target, fill_up).ravel(),
        still=0.0,
        outside=outside,
        column=np.arange(v + 1) * columns.classes,
        above=NO_RELATIONS,
        below=NO_RELATIONS,
        role=NO_RELATIONS,
        bounds=np.zeros((0, 4)),
        score=np.zeros(len(iterate.start) + LANES),
    )


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


def _whole(x: Int[np.ndarray, " a"]) -> Int[np.ndarray, " b"]:
    """Filled up to whole vectors with the first."""
    return np.concatenate([x, x[:1].repeat(-len(x) % LANES)])
