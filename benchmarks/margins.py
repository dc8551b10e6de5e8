"""``python -m benchmarks.margins``: how often a theorem is contradicted before it sets in.

Gradient descent on separable logistic data has loss O(1/t) (Soudry et al., JMLR 19, 2018, Theorem
5), from a step on that the margin decides.  Here the data are Gaussian points, labelled by their
first coordinate, many draws of each shape; the claim is held against single runs and against five
together, at three horizons.  Each share that is contradicted is one of false contradictions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from ntp_dynamics.judging.door import judge_curve

SHAPES = ((20, 4), (10, 4), (20, 20), (50, 100))
"""Points and dimensions."""
HORIZONS = (1_000, 3_000, 10_000)
TOGETHER = (1, 5)


def losses(
    points: int, dimensions: int, draws: int, seed: int = 0
) -> tuple[Float[np.ndarray, " T"], Float[np.ndarray, "S T"]]:
    """130 recorded steps, and the loss of each draw there; steps of size 1."""
    x = np.random.default_rng(seed).normal(size=(draws, points, dimensions))
    x *= np.sign(x[:, :, :1]) / np.sqrt(dimensions)  # labels are all 1
    t = np.unique(np.geomspace(1, HORIZONS[-1], 130).round().astype(int))
    kept, w, found = set(t.tolist()), np.zeros((draws, dimensions)), []
    for step in range(1, HORIZONS[-1] + 1):
        e = np.exp(-np.einsum("snd,sd->sn", x, w))
        if step in kept:
            found.append(np.log1p(e).mean(axis=1))
        w += np.einsum("snd,sn->sd", x, e / (1 + e)) / points
    return t.astype(float), np.array(found).T


def shares(points: int, dimensions: int, draws: int) -> Iterator[tuple[int, int, dict[str, float]]]:
    """Horizon, runs of an experiment, and the share of each answer in per cent."""
    t, y = losses(points, dimensions, draws)
    for horizon in HORIZONS:
        until = t <= horizon
        for runs in TOGETHER:
            parts = [y[i : i + runs, until] for i in range(0, draws, runs)]
            answers = [judge_curve(t[until], part, "t^-1").answer for part in parts]
            words = ("kept", "undecided", "contradicted")
            yield horizon, runs, {w: 100 * answers.count(w) / len(answers) for w in words}


def main(draws: int) -> None:
    for points, dimensions in SHAPES:
        for horizon, runs, share in shares(points, dimensions, draws):
            said = ", ".join(f"{word} {value:.0f} %" for word, value in share.items())
            print(
                f"{points} points in {dimensions}, T = {horizon:,}, S = {runs}: {said}", flush=True
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
