"""What is measured of the transformer, with units and source."""

from __future__ import annotations

from dataclasses import replace

from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.studies.next_token.config import Config
from ntp_dynamics.studies.next_token.groups import NormalisedGradientDescent
from ntp_dynamics.studies.next_token.observables import attention, feed_forward, linear, weights

BUILT_IN: tuple[Observable, ...] = (
    weights.path_length,
    weights.norm_ratio,
    weights.log_grad_norm,
    weights.zero_sum_residual,
    feed_forward.log_collocation_loss,
    feed_forward.collocation_accuracy,
    weights.norm_ov,
    weights.norm_kq,
    weights.direction_gap_ov,
    weights.direction_gap_kq,
    feed_forward.margin_min,
    feed_forward.margin_max,
    attention.log_cross_entropy,
    attention.joint_log_cross_entropy,
    attention.log_excess_loss,
    attention.gradient_alignment_kq,
    attention.score_margin,
    attention.order_extension_margin,
    attention.log_leak,
    attention.attention_mass_min,
    attention.log_attention_growth,
    attention.attention_mass_mean,
    attention.accuracy,
    attention.accuracy_unweighted,
    attention.attention,
    attention.scores,
    feed_forward.logits,
)
"""Those of the paper's stages, in the order in which a record has them."""
EVERY = (*BUILT_IN, *linear.LINEAR)
"""Those of every stage."""


def observables_of(config: Config) -> list[Observable]:
    """Those that the stages of a configuration have."""
    stages = tuple(config.linear_stages)
    if not stages:
        return [*BUILT_IN]
    others = tuple(x for x in config.stages if x not in stages)
    normalised = isinstance(config.optimizer, NormalisedGradientDescent)
    found = []
    for o in BUILT_IN:
        kept = _among(o, others) if o in linear.REPLACED else o
        found += [kept] * (kept is not None)
    for o in linear.LINEAR:
        kept = _among(o, stages) if normalised or o is not linear.log_least_excess else None
        found += [kept] * (kept is not None)
    return found


def _among(o: Observable, stages: tuple[str, ...]) -> Observable | None:
    """An observable in some stages only; None where it has none of them."""
    phases = tuple(x for x in o.phases if x in stages)
    return replace(o, phases=phases) if phases else None
