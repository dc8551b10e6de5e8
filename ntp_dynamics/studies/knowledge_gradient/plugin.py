"""A policy of the user's own: `choose(state, rng) -> arm` of a Python file, on the same rewards."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ntp_dynamics.studies.knowledge_gradient.instance import Bandit
from ntp_dynamics.studies.knowledge_gradient.kernel.draws import COIN, REWARD, normal
from ntp_dynamics.studies.knowledge_gradient.kernel.feasible import MEASURE
from ntp_dynamics.studies.knowledge_gradient.kernel.march import pulled
from ntp_dynamics.system.errors import UserError

WHERE = "policy_file"
CHOOSE = "define choose(state, rng), which returns the number of an arm"


@dataclass(frozen=True)
class Beliefs:
    """What a policy sees of one run.  Arrays are (k,), or (k, M) where there are M measures."""

    mean: Float[np.ndarray, "k ..."]
    """Estimates."""
    variance: Float[np.ndarray, "k ..."]
    """Of one reward: known, or estimated (variance=plugin)."""
    pulls: Int[np.ndarray, " k"]
    n: int
    """Pulls so far."""
    epsilon: float
    threshold: Float[np.ndarray, " M"]


Choose = Callable[[Beliefs, np.random.Generator], int]


def load(path: str) -> Choose:
    """`choose` of a file.  Runs the file.  Raises UserError."""
    try:
        spec = importlib.util.spec_from_file_location("ntp_user_policy", Path(path))
        assert spec is not None, "it is no Python file"
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.choose
    except KeyboardInterrupt:
        raise
    except AttributeError:
        raise UserError(WHERE, f"{path} has no choose", CHOOSE) from None
    except BaseException as error:  # SystemExit too: a file must not end the command
        why = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        raise UserError(WHERE, f"{path} fails: {why}", "run it by itself to see") from error


def mover(choose: Choose) -> Callable[..., None]:
    """The loop over pulls, with the arguments of the kernel's."""

    def move(bandit: Bandit, ends: Any, m: np.ndarray, t: np.ndarray, sq: np.ndarray) -> None:
        """Pull on, in place, as `march` does."""
        key, runs, first, last, n0, fluid, plugin = ends
        k, measures = bandit.mean.shape
        scale = np.sqrt(bandit.variance)
        for r, run in enumerate(runs):
            for n in range(first, last):
                arm = n % k
                if n >= n0 * k:
                    v = sq[r] / (t[r] - 1)[:, None] if plugin else bandit.variance
                    arm = _chosen(choose, bandit, (m[r], v, t[r]), n, key, int(run))
                before = t[r, arm]
                for j in range(measures):
                    x = bandit.mean[arm, j]
                    if not fluid:
                        where = arm + MEASURE * j
                        x += scale[arm, j] * normal(key, REWARD, run, where, int(before))
                    t[r, arm], m[r, arm, j], sq[r, arm, j] = pulled(
                        before, m[r, arm, j], sq[r, arm, j], x
                    )

    return move


def _chosen(
    choose: Choose, bandit: Bandit, row: tuple[np.ndarray, ...], n: int, key: np.ndarray, run: int
) -> int:
    """The arm of one pull.  Raises UserError."""
    m, v, t = row
    flat = not bandit.threshold.size
    mean, variance = (m[:, 0], v[:, 0]) if flat else (m, v)
    seen = Beliefs(
        mean.copy(), variance.copy(), t.astype(np.int64), n, bandit.epsilon, bandit.threshold
    )
    stream = np.random.Philox(key=key[0] << 32 | key[1], counter=[0, n, run, int(COIN)])
    try:
        arm = choose(seen, np.random.Generator(stream))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        what = f"choose fails: {type(error).__name__}: {error}"
        raise UserError(WHERE, what, f"it was pull {n} of run {run}") from error
    if not isinstance(arm, (int, np.integer)) or not 0 <= arm < bandit.arms:
        raise UserError(WHERE, f"choose returned {arm!r}", f"return 0 to {bandit.arms - 1}")
    return int(arm)
