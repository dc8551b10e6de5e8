"""The curves of a claim, to be drawn beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.lab.claim import Claim, at
from ntp_dynamics.lab.law import Equals, LinearGrowth
from ntp_dynamics.lab.panel import Curve


def curves(
    claim: Claim, t: Float[np.ndarray, " T"], log_y: Float[np.ndarray, "S T"], constants: Any
) -> Iterator[Curve]:
    """Explicit bounds as they stand; laws without a constant through each run's last point, from
    the step on at which they start.  Medians over the runs that meet the hypotheses."""
    runs = met(claim, constants, len(log_y))
    if not runs.any():
        return
    law = at(claim.law, constants).for_runs(t, runs)
    constant = at(claim.constant, constants)
    log_f = np.broadcast_to(law.log_f(t), (int(runs.sum()), t.size))
    where = claim.source.rpartition(", ")[2]

    def curve(label: str, log_curve: Float[np.ndarray, "S T"]) -> Curve:
        return Curve(label, np.median(log_curve, axis=0), claim.kind)

    if isinstance(law, LinearGrowth):
        limits = [limit for sign in (-1, 1) if (limit := law.limit(sign)) is not None]
        for limit in limits[:1] if law.asymptotic else limits:
            if np.isfinite(limit).all():
                label = law.describe() if law.asymptotic else f"{where} ({claim.version})"
                yield curve(label, log_f + np.log(limit)[:, None])
    elif isinstance(law, Equals):
        if np.isfinite(log_f).all():
            yield curve("closed form", log_f)
    elif constant is not None:
        log_c = np.broadcast_to(constant, len(log_y))[runs]
        yield curve(f"{where} ({claim.version})", log_f + log_c[:, None])
    elif np.isfinite(log_f[:, -1]).all():
        through_last = log_f + (log_y[runs] - log_f)[:, -1:]
        start = np.median(np.broadcast_to(at(claim.t_min, constants), len(log_y))[runs])
        label = law.describe() if claim.kind == "derived" else f"{where}: {law.describe()}"
        yield curve(label, np.where(t >= start, through_last, np.nan))


def met(claim: Claim, constants: Any, runs: int) -> Bool[np.ndarray, " S"]:
    """Which runs meet every hypothesis of a claim."""
    checks = [np.broadcast_to(p.check(constants), runs) for p in claim.preconditions]
    return np.all(checks, axis=0) if checks else np.ones(runs, dtype=bool)
