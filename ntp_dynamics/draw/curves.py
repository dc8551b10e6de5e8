"""The curves of a claim, to be drawn beside what was measured: from what was written alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from ntp_dynamics.draw.panel import Curve
from ntp_dynamics.record.written import Written
from ntp_dynamics.verdict.curved import Equals
from ntp_dynamics.verdict.law import LinearGrowth
from ntp_dynamics.verdict.sample import Decay, Frequency, MeanEquals, MeanValue, Scaling


def curves(
    written: Written, t: Float[np.ndarray, " T"], log_y: Float[np.ndarray, "S T"]
) -> Iterator[Curve]:
    """Explicit bounds as they stand; laws without a constant through each run's last point if they
    are meant to be tight, else with the smallest constant that would do.  Medians over the runs
    that meet the hypotheses, from the step on at which a claim starts.  ``log_y`` is nan where it
    does not count.  A curve that was written on another grid is not drawn."""
    runs, law = written.covered, written.law
    elsewhere = written.curves and not np.array_equal(written.t, t)  # type: ignore[arg-type]
    if law is None or elsewhere:
        return
    count = int(runs.sum())
    log_f = np.broadcast_to(law.log_f(t + written.offset), (count, t.size))
    constant = written.log_constant
    where = written.source.rpartition(", ")[2]

    def curve(label: str, log_curve: Float[np.ndarray, "S T"]) -> Curve:
        kind = "appendix" if written.version == "appendix" else written.kind
        return Curve(label, np.median(log_curve, axis=0), kind, logs=law.reads_logs)

    if isinstance(law, LinearGrowth):
        sides = [law.limit(sign) for sign in (-1, 1) if law.claims(sign)]
        limits = [limit for limit in sides if limit is not None]
        for limit in limits[:1] if law.asymptotic else limits:
            if np.isfinite(limit).all():
                label = law.describe() if law.asymptotic else f"{where} ({written.version})"
                yield curve(label, log_f + np.log(limit)[:, None])
    elif isinstance(law, (Equals, MeanEquals, MeanValue)):
        if np.isfinite(log_f).all():
            yield curve("closed form", log_f)
    elif isinstance(law, Frequency):
        for side, says in zip(law.sides(t + written.offset), law.claimed, strict=True):
            if says:
                yield curve("probability", np.broadcast_to(side, log_f.shape))
    elif isinstance(law, (Scaling, Decay)):
        return  # how y changes, and not how large it is
    elif constant is not None:
        log_c = np.broadcast_to(constant, count)
        yield curve(f"{where} ({written.version})", log_f + log_c[:, None])
    elif np.isfinite(log_f[:, -1]).all():
        first = t[:1] if written.t_min is None else written.t_min
        start = np.broadcast_to(first, count)[:, None]
        room = np.where(t >= start, log_y[runs] - log_f, np.nan)
        if written.tight:  # through the last point
            label, shift = law.describe(), _last(room)
        else:  # with the smallest constant that keeps y on its side
            label = f"{where}: {law.describe()}"
            extreme = np.nanmax if written.side == "upper" else np.nanmin
            shift = extreme(room, axis=1, keepdims=True) if np.isfinite(room).any() else room[:, :1]
        yield curve(label, np.where(t >= start, log_f + shift, np.nan))


def _last(room: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "S 1"]:
    """The last value of each run that is a number; nan where there is none."""
    backwards = np.isfinite(room)[:, ::-1]
    last = room.shape[1] - 1 - backwards.argmax(1)
    return np.take_along_axis(room, last[:, None], axis=1)
