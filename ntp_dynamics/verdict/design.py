"""Where windows lie on a grid, and least-squares slopes in them.

Windows are counted back from the last step T that shows something: pairs of consecutive windows,
the later [T/ratio, T] and the earlier [T/ratio^2, T/ratio], ending at T, T/2 and T/4.  A decade
(ratio 10) suits powers of t, an octave (ratio 2) exponentials.  Everything here follows from the
steps that are shown, so jobs of a sweep share it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from jaxtyping import Bool, Float, Int

from ntp_dynamics.verdict.grid import LARGEST, grid_of

PAIRS = np.array([1.0, 2.0, 4.0])
WHOLE = 2 * len(PAIRS)  # windows that are no half of another
LAST = [0, WHOLE, WHOLE + 1]  # the last window and its halves
EDGE = 1e-9  # relative: a step on the edge of two windows belongs to both
MOST_CORRELATED = 0.95  # thirty residuals cannot tell more from a slope
BLOCK = 1 << 18  # numbers that errors of slopes are made of at a time


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares on x in the windows N: those of all pairs, then their halves.

    S is 1 where all runs show the same steps.
    """

    x: Float[np.ndarray, " T"]
    inside: Bool[np.ndarray, "N S T"]

    @cached_property
    def weights(self) -> Float[np.ndarray, "N S T"]:
        """The slope of y on x in a window is the sum of these times y; nan if it is empty."""
        with np.errstate(invalid="ignore", divide="ignore"):
            centre = (self.inside @ self.x) / self.inside.sum(axis=-1)
            away = np.where(self.inside, self.x - centre[..., None], 0.0)
            return away / (away * away).sum(axis=-1, keepdims=True)

    @cached_property
    def last(self) -> Float[np.ndarray, "3 S T"]:
        """Those of the last window and its halves."""
        return self.weights[LAST]

    @cached_property
    def sizes(self) -> Float[np.ndarray, "W S T"]:
        """The absolute weights of whole windows: how rounding of y becomes that of a slope."""
        return np.abs(self.weights[:WHOLE])

    @cached_property
    def residuals(self) -> Residuals:
        """What tells how far slopes in whole windows may be off."""
        return Residuals.of(self.weights[:WHOLE], self.inside[:WHOLE])

    def errors(self, y: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "W S"]:
        """Standard errors of the slopes in whole windows (`Residuals.errors`)."""
        made = self.residuals
        many = max(1, BLOCK // made.places.size)
        if len(y) <= many:
            return made.errors(y)
        parts = [slice(i, i + many) for i in range(0, len(y), many)]
        return np.concatenate([made.of_runs(runs).errors(y[runs]) for runs in parts], axis=1)


@dataclass(frozen=True, eq=False)
class Residuals:
    """What a parabola leaves of y in whole windows W, each of up to L places (``mask``: its own).

    ``base``: 1, x and the parabola, orthogonal to one another and of length 1; ``n``: how many
    places; ``square``: 1 / sum (x - mean)^2.  S as in `Fit`.
    """

    places: Int[np.ndarray, "W L"]
    mask: Bool[np.ndarray, "W S L"]
    base: Float[np.ndarray, "W S 3 L"]
    n: Float[np.ndarray, "W S"]
    square: Float[np.ndarray, "W S"]

    @classmethod
    def of(
        cls, weights: Float[np.ndarray, "W S T"], inside: Bool[np.ndarray, "W S T"]
    ) -> Residuals:
        """Of the windows W of all runs S, each from its first place to its last."""
        any_run = np.any(inside, axis=1)
        first = np.argmax(any_run, axis=1)
        until = np.where(any_run.any(axis=1), any_run.shape[1] - any_run[:, ::-1].argmax(axis=1), 0)
        along = first[:, None] + np.arange(max(int((until - first).max()), 1))
        places = np.minimum(along, inside.shape[-1] - 1)
        at = places[:, None]
        mask = np.take_along_axis(inside, at, axis=2) & (along < until[:, None])[:, None]
        w = np.where(mask, np.take_along_axis(weights, at, axis=2), 0.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            n = mask.sum(axis=-1, keepdims=True).astype(float)
            square = (w * w).sum(axis=-1, keepdims=True)
            away = w / square
            bend = away * away - 1 / (square * n) - away * square * (away**3).sum(-1, keepdims=True)
            bend = np.where(mask, bend, 0.0)
            bend /= np.sqrt((bend * bend).sum(axis=-1, keepdims=True))
            base = np.stack([mask / np.sqrt(n), w / np.sqrt(square), bend], axis=2)
        return cls(places, mask, base, n[..., 0], square[..., 0])

    def of_runs(self, runs: slice) -> Residuals:
        """Those of some runs."""
        if self.mask.shape[1] == 1:
            return self
        parts = (self.mask, self.base, self.n, self.square)
        return Residuals(self.places, *(x[:, runs] for x in parts))

    def errors(self, y: Float[np.ndarray, "S T"]) -> Float[np.ndarray, "W S"]:
        """Standard errors of slopes under noise that follows an autoregression.

        What a parabola leaves of y is taken for noise: e of n points, sigma^2 = sum e^2 / (n - 3),
        and rho their correlation from point to point; var = sigma^2 / sum (x - mean)^2 * (1 + rho)
        / (1 - rho).  The parabola takes some of rho away: (3 + 5 rho) / n is given back, as (1 + 3
        rho) / n is for a mean (Kendall 1954).  Smooth curvature is no noise; the halves of a window
        show it.
        """
        if self.mask.shape[1] == 1:  # (W, 1, L, S): all runs are columns of one matrix
            e = y.T[self.places][:, None]
        else:  # (W, S, L, 1)
            e = np.moveaxis(y[:, self.places], 0, 1)[..., None]
        n, square = self.n, self.square
        with np.errstate(invalid="ignore", divide="ignore"):
            e = e * self.mask[..., None]
            e -= np.swapaxes(self.base, 2, 3) @ (self.base @ e)
            size = np.einsum("wsli,wsli->wsi", e, e).reshape(len(n), -1)
            rho = np.einsum("wsli,wsli->wsi", e[:, :, 1:], e[:, :, :-1]).reshape(len(n), -1) / size
            rho = np.clip(rho + (3 + 5 * rho) / n, 0.0, MOST_CORRELATED)
            error = np.sqrt(size / (n - 3) * square * (1 + rho) / (1 - rho))
        return np.where(size > 0, np.where(n > 3, error, np.inf), 0.0)


@dataclass(frozen=True, eq=False)
class Design:
    """The windows of runs that show some ``steps`` up to their ``end``; S as in `Fit`."""

    t: Float[np.ndarray, " T"]
    inside: Bool[np.ndarray, "N S T"]

    @cached_property
    def on_log(self) -> Fit:
        """For slopes on log t."""
        return Fit(grid_of(self.t).log, self.inside)

    @cached_property
    def on_t(self) -> Fit:
        """For slopes on t."""
        return Fit(self.t, self.inside)

    @cached_property
    def points(self) -> Int[np.ndarray, "P W S"]:
        """Steps in each window of each pair."""
        return self.inside[:WHOLE].sum(axis=-1).reshape(len(PAIRS), 2, -1)


def design(
    t: Float[np.ndarray, " T"],
    steps: Bool[np.ndarray, "S T"],
    end: Float[np.ndarray, " S"],
    ratio: int,
) -> Design:
    """The design of runs; one row where all show the same."""
    if not (len(steps) == 1 or ((end == end[0]).all() and (steps == steps[0]).all())):
        return Design(t, _inside(t, steps, end, ratio))
    if t.size > LARGEST:
        return Design(t, _inside(t, steps[:1], end[:1], ratio))
    return _shared(t.tobytes(), steps[0].tobytes(), float(end[0]), ratio)


@lru_cache(maxsize=64)
def _shared(t: bytes, steps: bytes, end: float, ratio: int) -> Design:
    places, shown = np.frombuffer(t), np.frombuffer(steps, dtype=bool)[None]
    return Design(places, _inside(places, shown, np.array([end]), ratio))


def _inside(
    t: Float[np.ndarray, " T"],
    steps: Bool[np.ndarray, "S T"],
    end: Float[np.ndarray, " S"],
    ratio: int,
) -> Bool[np.ndarray, "N S T"]:
    """The steps of the windows of all pairs, then those of their earlier and later halves."""
    edges = end / PAIRS[:, None]
    high = np.stack([edges, edges / ratio], axis=1).reshape(WHOLE, -1)
    low, middle = high / ratio, high / np.sqrt(ratio)
    halves_low = np.stack([low, middle], axis=1).reshape(2 * WHOLE, -1)
    halves_high = np.stack([middle, high], axis=1).reshape(2 * WHOLE, -1)
    low = np.concatenate([low, halves_low])[..., None] * (1 - EDGE)
    high = np.concatenate([high, halves_high])[..., None] * (1 + EDGE)
    return steps & (t >= low) & (t <= high)
