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
    """Explicit bounds as they stand; laws without a constant through each run's last point if they
    are meant to be tight, else with the smallest constant that would do.  Medians over the runs
    that meet the hypotheses, from the step on at which a claim starts.  ``log_y`` is nan where it
    does not count."""
    runs = met(claim, constants, len(log_y))
    if not runs.any():
        return
    law = at(claim.law, constants).for_runs(t, runs)
    constant = at(claim.constant, constants)
    log_f = np.broadcast_to(law.log_f(t), (int(runs.sum()), t.size))
    where = claim.source.rpartition(", ")[2]

    def curve(label: str, log_curve: Float[np.ndarray, "S T"]) -> Curve:
        kind = "appendix" if claim.version == "appendix" else claim.kind
        return Curve(label, np.median(log_curve, axis=0), kind)

    if isinstance(law, LinearGrowth):
        sides = [law.limit(sign) for sign in (-1, 1) if law.claims(sign)]
        limits = [limit for limit in sides if limit is not None]
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
        start = np.broadcast_to(at(claim.t_min, constants), len(log_y))[runs][:, None]
        room = np.where(t >= start, log_y[runs] - log_f, np.nan)
        if claim.tight:  # through the last point
            label, shift = law.describe(), _last(room)
        else:  # with the smallest constant that keeps y on its side
            label = f"{where}: {law.describe()}"
            extreme = np.nanmax if claim.side == "upper" else np.nanmin
            shift = extreme(room, axis=1, keepdims=True) if np.isfinite(room).any() else room[:, :1]
        yield curve(label, np.where(t >= start, log_f + shift, np.nan))


def _last(room: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "S 1"]:
    """The last value of each run that is a number; nan where there is none."""
    backwards = np.isfinite(room)[:, ::-1]
    last = room.shape[1] - 1 - backwards.argmax(1)
    return np.take_along_axis(room, last[:, None], axis=1)


def met(claim: Claim, constants: Any, runs: int) -> Bool[np.ndarray, " S"]:
    """Which runs meet every hypothesis of a claim."""
    checks = [np.broadcast_to(p.check(constants), runs) for p in claim.preconditions]
    return np.all(checks, axis=0) if checks else np.ones(runs, dtype=bool)
