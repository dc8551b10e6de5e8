"""The loss above its floor, without subtraction.

L_min is the loss of perfect attention at the margin Delta that the feed-forward layer has.  With
the leak phi_- of a sentence and D = Delta, per sentence,

    L - L_min = log1p(e^-D [(V-1) expm1(D phi_-) + e^{D phi_-} sum_k expm1(D phi_k)] / den),
    den = 1 + (V-1) e^-D,  k over the wrong tokens (n injective: each has a class of its own)

(derived for this project; equal margins and injective n only).  With two labels all wrong tokens
have one class, and expm1(D phi_-) stands for the sum: the logistic loss in D (phi_+ - phi_-).  All
in logs: good to e^-1e5.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.utils.weak import WeakTensorKeyDictionary

from ntp_dynamics.studies.next_token.model.batch import Batch
from ntp_dynamics.studies.next_token.model.gradient import Forward, log_softplus

WIDEST_MARGIN = 300.0
"""e^{2 margin} must be a float for kernels to measure the excess loss."""
_margins = WeakTensorKeyDictionary()
"""Equal margins by the logits they belong to: frozen for a whole stage, and asked for at each step
of it."""


def log_excess(
    forward: Forward, logits: Float[Tensor, "R J V"], batch: Batch
) -> Float[Tensor, " R"]:
    """log (L - L_min) of each run; nan where margins differ, or n is neither injective nor a vote
    for one of two labels."""
    if (known := _margins.get(logits)) is None:
        known = _margins[logits] = equal_margin(logits, batch)
    margin = known.where(batch.measured_excess, math.nan)[:, None]
    log_wrong = forward.log_phi.masked_fill(batch.optimal, -math.inf)
    log_leak = log_wrong.logsumexp(-1)
    spread = _log_expm1(log_leak + margin.log()) + math.log(batch.classes - 1)
    by_class = log_leak[..., None] if batch.labels else log_wrong
    own = _log_expm1(by_class + margin.log()[..., None]).logsumexp(-1) + margin * log_leak.exp()
    log_odds = torch.logaddexp(spread, own) - margin
    log_odds = log_odds - torch.log1p((batch.classes - 1) * (-margin).exp())
    return (log_softplus(log_odds) + batch.log_pi).logsumexp(-1)


def equal_margin(logits: Float[Tensor, "R J V"], batch: Batch) -> Float[Tensor, " R"]:
    """The margin Delta if every token has it against every class, else nan."""
    label = batch.collocation.clamp_min(0)[..., None]
    columns = logits.transpose(1, 2)  # (R, token, class)
    margin = torch.gather(columns, 2, label) - columns
    margin = margin.scatter(2, label, math.nan).flatten(1)
    margin = margin.masked_fill(~batch.known.repeat_interleave(batch.label_size, 1), math.nan)
    mean = margin.nanmean(-1)
    spread = (margin - mean[:, None]).abs().nan_to_num(0.0).amax(-1)
    return mean.where(spread <= 1e-9 * mean.abs(), math.nan)


def _log_expm1(log_x: Tensor) -> Tensor:
    """log(e^x - 1) from log x: log x itself once x is below rounding, x once e^-x is."""
    x = log_x.exp()
    middle = x.clamp(1e-18, 40.0).expm1().log()
    return torch.where(x < 1e-18, log_x, torch.where(x > 40.0, x, middle))
