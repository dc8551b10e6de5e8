"""Runs that are made up from a law: on it, or against it.  Laws of any claim can be broken so."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ntp_dynamics.record.written import Written, write_down
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.curved import Envelope, Equals, Value
from ntp_dynamics.verdict.law import Exponential, LinearGrowth, Monotone, Power
from ntp_dynamics.verdict.sample import MeanEquals

ALONG = 10.0 ** np.arange(0, 5.01, 1 / 30)
"""Places of a law with a closed form, in units of where its claim starts."""


def ask(claim: Claim, constants: Any, t: Float[np.ndarray, " T"], runs: int) -> Written:
    """The law of a claim, on a grid long enough to judge it: curves where they were recorded,
    closed forms, and curves that begin after that, over five decades from their start on."""
    written = write_down(claim, constants, t.astype(float), runs)
    curved = isinstance(written.law, Envelope | Equals | MeanEquals | Value)
    start = 1.0 if written.t_min is None else max(1.0, float(np.max(written.t_min)))
    if written.law is None or claim.timeless or (curved and start < t[-1]):
        return written
    return write_down(claim, constants, np.unique(np.round(ALONG * start)), runs)


def values(written: Written, wrong: bool) -> Float[np.ndarray, "S T"]:
    """y (S, T) on the law of a claim, by its log where the law reads logs; ``wrong``: against it.

    Wrong is: a power of t too slow and over the constant, half or twice the rate of an exponential,
    another power of growth, the other way for what is monotone, off by more than the tolerance.
    Runs that the claim does not cover are nan.
    """
    law, t = written.law, written.t
    assert law is not None
    assert t is not None
    at = t + written.offset
    covered = int(written.covered.sum())
    upper = -1.0 if written.side == "lower" else 1.0
    off = float(wrong)
    with np.errstate(all="ignore"):
        curve = np.broadcast_to(np.nan_to_num(law.log_f(at), neginf=-np.inf), (covered, t.size))
        if isinstance(law, Power | Envelope):
            constant = 0.0 if written.log_constant is None else written.log_constant[:, None]
            y = curve + constant - upper * 1e-9 + off * upper * (1 + np.log(at))
        elif isinstance(law, Exponential):
            constant = 0.0 if written.log_constant is None else written.log_constant[:, None]
            rate = np.full(1, 0.01) if law.rate is None else law.rate
            slower = -rate[:, None] * at * (1 - off * upper * (1.0 if law.rate is None else 0.5))
            y = slower + constant - upper * 1e-9 + off * upper
        elif isinstance(law, LinearGrowth):
            y = np.log(_growth(law)[:, None] * at) + off * _against(law) * np.log(4 * at)
        elif isinstance(law, Monotone):
            y = law.sign * (1 - 2 * off) * np.log(1 + at)
        elif isinstance(law, MeanEquals):
            y = curve + off
        elif isinstance(law, Value):
            y = curve + off * (
                1 + 2 * (_of(law.absolute, at) + _of(law.tolerance, at) * abs(curve))
            )
        else:
            assert isinstance(law, Equals)
            more = 1 + np.log1p(2 * _of(law.tolerance, at))
            y = np.logaddexp(curve + off * more, np.log(off * (2 * _of(law.absolute, at) + 1e-300)))
    full = np.full((written.covered.size, t.size), np.nan)
    full[written.covered] = y
    return full


def _of(tolerance: object, at: np.ndarray) -> np.ndarray:
    return np.asarray(tolerance(at) if callable(tolerance) else tolerance, dtype=float)


def _growth(law: LinearGrowth) -> np.ndarray:
    """A slope that the law allows."""
    sides = [law.limit(sign) for sign in (-1, +1) if law.claims(sign)]
    known = [np.log(side) for side in sides if side is not None]
    return np.exp(sum(known, start=np.zeros(1)) / max(len(known), 1))


def _against(law: LinearGrowth) -> float:
    """Growing too fast where it is bounded above, else too slowly."""
    return 1.0 if law.claims(+1) else -1.0
