"""How a fused kernel takes its steps: a gradient, what is measured of it, a rule."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from ntp_dynamics.studies.next_token.model.growth_kernel import grow, keep
from ntp_dynamics.studies.next_token.model.iterate import add, far, scaled_square, split, unit
from ntp_dynamics.studies.next_token.model.kernel_rules import move, pull
from ntp_dynamics.studies.next_token.model.measure import log_gap, measure_step
from ntp_dynamics.studies.next_token.model.sampling import draw
from ntp_dynamics.studies.next_token.model.simd import INLINE
from ntp_dynamics.studies.next_token.model.trained import POLYAK, Rule


class Steps(NamedTuple):
    """The steps to take: how many, by which rule, and how many there were before."""

    count: int
    rule: Rule
    taken: int = 0


class JointSteps(NamedTuple):
    """As `Steps`, for scores and logits together."""

    count: int
    scores: Rule
    logits: Rule
    together: bool
    """Whether a norm is that of both gradients as one."""
    taken: int = 0


@njit(**INLINE)
def descend(
    accumulate, layout, iterate, trained, room, steps, sampling, against, per_sentence, due, rows
):
    """Take steps, and measure on the way.

    ``accumulate(layout, sampling, drawn, iterate, scale, room, against, per_sentence, noting)``
    adds the gradient of all sentences, or of those that are drawn, in units of e^scale, to the
    slope, fills ``per_sentence`` where ``noting``, and returns the log of its largest term.
    ``rows`` are measured at the iterates after ``due`` of these steps, also after the last;
    ``due`` increases and ends with a number that is never reached.  One call to ``accumulate``
    serves all, or, where sentences are drawn, one for what is measured, whose scale is forgotten:
    what is measured changes no bit of what is trained.
    """
    rule = steps.rule
    if math.isnan(iterate.scale[0]) and len(iterate.exponent) > 0:
        split(iterate)
    taken, row, scaled, before = 0, 0, False, iterate.scale[0]
    while taken < steps.count or due[row] == taken:
        is_due = due[row] == taken
        noting = is_due or (trained is not None and rule.kind == POLYAK)
        drawn = False
        if sampling is not None:
            drawn = not is_due
            if drawn and not scaled:
                draw(sampling, steps.taken + taken)
        scale = unit(iterate)
        biggest = accumulate(
            layout, sampling, drawn, iterate, scale, room, against, per_sentence, noting
        )
        if not scaled and far(iterate, biggest):
            scaled = True
            continue
        scaled = False
        entry_square = scaled_square(iterate)
        grow(per_sentence)
        if is_due:
            measure_step(against, per_sentence, iterate, rows[row])
            row += 1
        if taken == steps.count or (sampling is not None and not drawn):
            iterate.slope[:] = 0.0
            if sampling is not None:
                iterate.scale[0] = before
            continue
        square, scale = pull(iterate, trained, rule, entry_square)
        log_ratio = 0.0
        if trained is not None and rule.kind == POLYAK:
            log_ratio = log_gap(against, per_sentence) - (math.log(square) + 2 * scale)
        move(iterate, trained, rule, rule.step_size, square, scale, log_ratio, entry_square)
        keep(per_sentence)
        taken, before = taken + 1, iterate.scale[0]


@njit(**INLINE)
def descend_both(
    accumulate,
    layout,
    scores,
    logits,
    trained_scores,
    trained_logits,
    room,
    steps,
    sampling,
    against,
    per_sentence,
    length,
):
    """Take steps of two iterates; ``length`` is that of both, and what rounding took from it.

    ``accumulate(layout, sampling, drawn, scores, logits, room, against, per_sentence, noting)``
    adds both gradients, each in units of its e^scale, to the slopes, and returns the logs of their
    largest terms.
    """
    if math.isnan(scores.scale[0]):
        split(scores)
    taken, scaled = 0, False
    noting, drawn = steps.scores.kind == POLYAK, sampling is not None
    while taken < steps.count:
        if sampling is not None and not scaled:
            draw(sampling, steps.taken + taken)
        by_score, by_logit = accumulate(
            layout, sampling, drawn, scores, logits, room, against, per_sentence, noting
        )
        if not scaled:
            far_scores, far_logits = far(scores, by_score), far(logits, by_logit)
            if far_scores or far_logits:
                scores.slope[:] = 0.0
                logits.slope[:] = 0.0
                scaled = True
                continue
        scaled = False
        entry_square, logit_entry_square = scaled_square(scores), scaled_square(logits)
        square, scale = pull(scores, trained_scores, steps.scores, entry_square)
        logit_square, logit_scale = pull(logits, trained_logits, steps.logits, logit_entry_square)
        step, logit_step, log_ratio = steps.scores.step_size, steps.logits.step_size, 0.0
        if steps.together:
            log_square = 2 * scale + math.log(square)
            log_logit_square = 2 * logit_scale + math.log(logit_square)
            log_both = np.logaddexp(log_square, log_logit_square)
            if noting:
                log_ratio = log_gap(against, per_sentence) - log_both
            else:
                step *= math.exp((log_square - log_both) / 2)
                logit_step *= math.exp((log_logit_square - log_both) / 2)
        moved = move(
            scores, trained_scores, steps.scores, step, square, scale, log_ratio, entry_square
        )
        logit_moved = move(
            logits,
            trained_logits,
            steps.logits,
            logit_step,
            logit_square,
            logit_scale,
            log_ratio,
            logit_entry_square,
        )
        add(length, math.hypot(moved, logit_moved))
        taken += 1
