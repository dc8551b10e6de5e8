"""Which observables the fused kernels measure on their way, and where these stand in a row."""

from __future__ import annotations

from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.model import measure
from ntp_dynamics.studies.next_token.model.full_matrix import FullMatrix
from ntp_dynamics.studies.next_token.model.measure import MEASURES
from ntp_dynamics.studies.next_token.model.token_space import TokenMatrix
from ntp_dynamics.studies.next_token.model.trained import Rule

_ANY_STAGE = {
    name: MEASURES.index(name)
    for name in ("path_length", "norm_ratio", "log_grad_norm", "zero_sum_residual", "log_loss")
} | {"accuracy": measure.ACCURACY}
FEED_FORWARD_MEASURES = {
    **_ANY_STAGE,
    "norm_ov": measure.NORM,
    "direction_gap_ov": measure.DIRECTION_GAP,
    "margin_min": measure.MARGIN_MIN,
    "margin_max": measure.MARGIN_MAX,
}
SENTENCE_MEASURES = {
    "path_length": measure.PATH_LENGTH,
    "log_loss": measure.LOG_LOSS,
    "accuracy": measure.ACCURACY,
    "log_excess_loss": measure.LOG_EXCESS_LOSS,
    "log_leak": measure.LOG_LEAK,
    "attention_mass_min": measure.ATTENTION_MASS_MIN,
    "attention_mass_mean": measure.ATTENTION_MASS_MEAN,
    "accuracy_unweighted": measure.ACCURACY_UNWEIGHTED,
    "log_attention_growth": measure.LOG_ATTENTION_GROWTH,
}
"""Of the attention stage, where entries are not weights or W_0 decays."""
ATTENTION_MEASURES = {
    **_ANY_STAGE,
    **SENTENCE_MEASURES,
    "norm_kq": measure.NORM,
    "direction_gap_kq": measure.DIRECTION_GAP,
    "gradient_alignment_kq": measure.GRADIENT_ALIGNMENT,
    "score_margin": measure.SCORE_MARGIN,
    "order_extension_margin": measure.ORDER_EXTENSION_MARGIN,
}
"""Where each observable stands in a row of a kernel."""


def measurable(matrix: TokenMatrix | FullMatrix, rule: Rule) -> bool:
    """Whether a kernel can measure on its way: entries are weights, and W_0 does not decay."""
    own = isinstance(matrix, TokenMatrix)
    return own and (rule.decay == 0.0 or not (matrix.start.any() or matrix.outside_norm.any()))


LINEAR_MEASURES = {
    "log_excess_loss": measure.LOG_EXCESS_LOSS,
    "log_leak_loss": measure.LOG_LEAK_LOSS,
    "log_fluctuation": measure.LOG_FLUCTUATION,
    "finite_distance": measure.FINITE_DISTANCE,
    "log_least_excess": measure.LOG_LEAST_EXCESS,
}
"""Of soft labels and of the log head only."""
_OF_WEIGHTS = {
    *("norm_ratio", "log_grad_norm", "zero_sum_residual", "norm_ov", "direction_gap_ov"),
    *("norm_kq", "direction_gap_kq", "gradient_alignment_kq"),
    *("score_margin", "order_extension_margin"),
}


def linear_measures(stage: Stage, weights: bool) -> dict[str, int]:
    """Of a stage that is softmax-linear; ``weights``: also what asks for entries that are weights.

    The growth of attention, of the paper's head, is none of them.
    """
    usual = FEED_FORWARD_MEASURES if stage is Stage.feed_forward else ATTENTION_MEASURES
    kept = {name: at for name, at in usual.items() if weights or name not in _OF_WEIGHTS}
    kept.pop("log_attention_growth", None)
    return kept | LINEAR_MEASURES
