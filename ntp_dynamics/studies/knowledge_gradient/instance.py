"""The arms of a job: means, variances, thresholds; and what is wrong with them, a line each.

k arms, M measures an arm (1 unless thresholds are asked for).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ntp_dynamics.studies.knowledge_gradient.config import (
    Arms,
    FileInstance,
    KnowledgeGradientConfig,
    Measures,
    Question,
    Slippage,
)
from ntp_dynamics.system.errors import UserError, raise_all

STORED = "instance.json"
"""What the arms are called in the record."""
SHAPE = "give mean and variance, a number an arm, or with threshold a list an arm"


@dataclass(frozen=True)
class Bandit:
    """The arms, and what is asked of them."""

    problem: Question
    mean: Float[np.ndarray, "k M"]
    variance: Float[np.ndarray, "k M"]
    """Of one reward."""
    threshold: Float[np.ndarray, " M"]
    """Upper limits of an arm that is feasible; empty unless asked for."""
    epsilon: float

    @property
    def arms(self) -> int:
        """k."""
        return len(self.mean)

    @cached_property
    def mu(self) -> Float[np.ndarray, " k"]:
        """Means of the first measure."""
        return np.ascontiguousarray(self.mean[:, 0])

    @cached_property
    def v(self) -> Float[np.ndarray, " k"]:
        """Variances of the first measure."""
        return np.ascontiguousarray(self.variance[:, 0])

    @property
    def best(self) -> int:
        """The arm of the largest mean."""
        return int(self.mu.argmax())

    @property
    def tilt(self) -> float:
        """What is added to gaps: epsilon where arms near the best are asked for."""
        return self.epsilon if self.problem is Question.eps_good else 0.0

    @cached_property
    def squared_gaps(self) -> Float[np.ndarray, " k"]:
        """D_i = (mu_i - mu_best + eps)^2."""
        return (self.mu - self.mu[self.best] + self.tilt) ** 2

    def answer(self, estimate: Float[np.ndarray, "R k M"]) -> Bool[np.ndarray, "R k"]:
        """Which arms are chosen on estimates: one, or a set."""
        if self.problem is Question.feasible:
            return np.all(estimate <= self.threshold, axis=-1)
        first = estimate[..., 0]
        if self.problem is Question.eps_good:
            return first >= first.max(axis=-1, keepdims=True) - self.epsilon
        return np.arange(self.arms) == first.argmax(axis=-1)[..., None]

    def right(self, estimate: Float[np.ndarray, "R k M"]) -> Bool[np.ndarray, " R"]:
        """Whether the answer is the true one."""
        return (self.answer(estimate) == self.answer(self.mean[None])).all(axis=-1)

    def to_json(self) -> str:
        """As a file of one's own would say it."""
        flat = self.problem is not Question.feasible
        said: dict[str, Any] = {
            "mean": (self.mu if flat else self.mean).tolist(),
            "variance": (self.v if flat else self.variance).tolist(),
        }
        if not flat:
            said["threshold"] = self.threshold.tolist()
        if self.problem is Question.eps_good:
            said["epsilon"] = self.epsilon
        return json.dumps(said, indent=1) + "\n"


def described(config: KnowledgeGradientConfig) -> dict[str, Any]:
    """The instance of a configuration as a file would say it.  Raises UserError."""
    chosen = config.instance
    if isinstance(chosen, FileInstance):
        return read(chosen.path)
    if isinstance(chosen, Slippage):
        k = chosen.arms
        means, variances = [0.0] * (k - 1) + [chosen.gap], [chosen.variance] * k
        return {"mean": means, "variance": variances, "epsilon": chosen.epsilon}
    assert isinstance(chosen, Arms | Measures)
    return vars(chosen)


def read(path: str | Path) -> dict[str, Any]:
    """The object of a JSON file.  Raises UserError."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "is no JSON file"
        raise UserError("instance.path", f"{path}: {why}", SHAPE) from None
    if not isinstance(found, dict) or not {"mean", "variance"} <= found.keys():
        raise UserError("instance.path", f"{path} has no mean and variance", SHAPE)
    return found


def bandit_of(config: KnowledgeGradientConfig, said: dict[str, Any] | None = None) -> Bandit:
    """The arms of a configuration, or of an instance as it was stored.  Raises UserErrors."""
    said = described(config) if said is None else said
    bandit = _arrays(config.problem, said)
    raise_all(list(_mistakes(bandit, said)))
    return bandit


def _arrays(problem: Question, said: dict[str, Any]) -> Bandit:
    feasible = problem is Question.feasible
    if feasible and not said.get("threshold"):
        remedy = "use instance=five_by_two, or a file with one"
        raise UserError("problem", "feasible needs instance.threshold", remedy)
    if len(said["mean"]) != len(said["variance"]):
        what = f"{len(said['mean'])} means, {len(said['variance'])} variances"
        raise UserError("instance", what, "give one of each an arm")
    measures = len(said["threshold"]) if feasible else 1
    columns = {}
    for name in ("mean", "variance"):
        try:
            columns[name] = np.array(said[name], dtype=np.float64).reshape(-1, measures)
        except (TypeError, ValueError):
            raise UserError(f"instance.{name}", "is no table of numbers", SHAPE) from None
        if len(columns[name]) != len(said[name]):
            what = f"{columns[name].size} numbers for {len(said[name])} arms"
            raise UserError(f"instance.{name}", what, f"problem={problem} needs {measures} an arm")
    threshold = np.array(said["threshold"] if feasible else [], dtype=np.float64)
    epsilon = said.get("epsilon")
    if problem is Question.eps_good and epsilon is None:
        raise UserError("problem", "eps_good needs instance.epsilon", "say how near is good")
    return Bandit(problem, columns["mean"], columns["variance"], threshold, float(epsilon or 0.0))


def _place(index: tuple[int, ...], bandit: Bandit) -> str:
    """[arm], or [arm][measure]."""
    shown = index if bandit.problem is Question.feasible else index[:1]
    return "".join(f"[{i}]" for i in shown)


def _mistakes(bandit: Bandit, said: dict[str, Any]) -> Iterator[UserError]:
    if bandit.arms < 2:
        yield UserError("kg", "fewer than 2 arms", "there is nothing to choose; add arms")
        return
    broken = False
    for name, values in (("mean", bandit.mean), ("variance", bandit.variance)):
        for index, x in np.ndenumerate(values):
            where = f"instance.{name}{_place(index, bandit)}"
            if not math.isfinite(x):
                broken = True
                yield UserError(where, f"{x:g}", "give a finite number")
            elif name == "variance" and x <= 0:
                broken = True
                yield UserError(where, f"{x:g} is not > 0", "give a variance")
    if not broken:
        yield from _of_feasible(bandit) if bandit.threshold.size else _of_best(bandit)


def _of_feasible(bandit: Bandit) -> Iterator[UserError]:
    if not np.isfinite(bandit.threshold).all():
        yield UserError("instance.threshold", "is not finite", "give a number a measure")
    for index, x in np.ndenumerate(bandit.mean):
        if x == bandit.threshold[index[1]]:
            what = f"mean{_place(index, bandit)} equals the threshold: rate is 0"
            yield UserError("instance.threshold", what, "move the threshold or the mean")


def _of_best(bandit: Bandit) -> Iterator[UserError]:
    tied = np.flatnonzero(bandit.mu == bandit.mu.max())
    if len(tied) > 1:
        what = f"best arm is tied (arms {tied[0]} and {tied[1]}): no finite rate"
        yield UserError("instance.mean", what, "change the means")
    if bandit.problem is not Question.eps_good:
        return
    if not (math.isfinite(bandit.epsilon) and bandit.epsilon > 0):
        yield UserError("instance.epsilon", f"{bandit.epsilon:g} is not > 0", "give a distance")
    gaps = bandit.mu.max() - bandit.mu
    for arm in np.flatnonzero(np.abs(gaps - bandit.epsilon) <= 1e-12 * (1 + np.abs(gaps))):
        what = f"a gap equals epsilon (arm {arm}): rate is 0"
        yield UserError("instance.epsilon", what, "change epsilon or the mean")
