"""Every run of a policy on its way, by pulls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int, Int8, UInt

from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.studies.knowledge_gradient.config import Policy, Question, Variance
from ntp_dynamics.studies.knowledge_gradient.kernel import march
from ntp_dynamics.studies.knowledge_gradient.kernel.draws import key_of
from ntp_dynamics.studies.knowledge_gradient.kernel.feasible import march_feasible
from ntp_dynamics.studies.knowledge_gradient.reference import Reference
from ntp_dynamics.studies.knowledge_gradient.theory.errors import log_error
from ntp_dynamics.study import Logged, Saved, nothing_logged

AT_ONCE = 2_000_000
"""Pulls of all runs together in a call of the kernel: a Ctrl-C waits no longer."""
UNKNOWN = -1
NUMBERS = {
    Policy.equal: march.EQUAL,
    Policy.kg: march.KG,
    Policy.ikg: march.IKG,
    Policy.ikg_plain: march.IKG_PLAIN,
    Policy.ikg_variance_only: march.IKG_VARIANCE_ONLY,
    Policy.ocba: march.OCBA,
    Policy.ttei: march.TTEI,
    Policy.ttts: march.TTTS,
    Policy.tt_ids: march.TT_IDS,
    Policy.track: march.TRACK,
    Policy.oracle: march.ORACLE,
}
"""Policies as the kernel knows them."""
Move = Callable[..., None]
"""Pulls of some steps, with the arguments of `march.march`."""


def octaves(horizon: int) -> Int[np.ndarray, " 4"]:
    """An eighth, a quarter and a half of the horizon, and all of it."""
    return horizon // np.array([8, 4, 2, 1])


@dataclass(frozen=True)
class Entry:
    """What a phase is about: a policy, how far it goes, and on what."""

    policy: Policy
    horizon: int
    fluid: bool
    numbers: Int[np.ndarray, " R"]
    """Of the runs: their random streams."""
    reference: Reference
    move: Move | None = None
    """Of a policy of the user's own; None is the kernel."""

    @property
    def octaves(self) -> Int[np.ndarray, " 4"]:
        """Where the last three octaves begin, and the last ends."""
        return octaves(self.horizon)

    @cached_property
    def marks(self) -> Int[np.ndarray, " T"]:
        """Where it is kept whether the answer is right."""
        return recorded_steps(self.horizon)


@dataclass(frozen=True)
class State:
    """Where all runs of a policy stand."""

    policy: Policy
    at: int
    """Pulls so far."""
    horizon: int
    estimate: Float[np.ndarray, "R k M"]
    pulls: Float[np.ndarray, "R k"]
    spread: Float[np.ndarray, "R k M"]
    """Sums of squared deviations from the estimates."""
    pulls_at: Float[np.ndarray, "R 4 k"]
    """At the ends of octaves; 0 before."""
    error_at: Float[np.ndarray, "R 4"]
    """`log_error` there; nan before."""
    right: Int8[np.ndarray, "R T"]
    """Whether the answer was right at the recorded steps; -1 where that is not known yet."""
    log_error: Float[np.ndarray, " R"]
    """Of the posterior."""
    rival: Int8[np.ndarray, "R T"] | None
    """`right` of the knowledge gradient on the same rewards, if it ran before."""
    alike: bool
    """Whether all runs are the same."""


@dataclass
class Race:
    """`study.Dynamics` of one policy."""

    entry: Entry
    rival: Int8[np.ndarray, "R T"] | None = None
    measures: Sequence[str] = ()
    at: int = 0
    estimate: Float[np.ndarray, "r k M"] = field(init=False)
    """r = R, or 1 of the fluid, whose runs are all the same; likewise the others."""
    pulls: Float[np.ndarray, "r k"] = field(init=False)
    spread: Float[np.ndarray, "r k M"] = field(init=False)
    pulls_at: Float[np.ndarray, "r 4 k"] = field(init=False)
    error_at: Float[np.ndarray, "r 4"] = field(init=False)
    right: Int8[np.ndarray, "r T"] = field(init=False)
    key: UInt[np.ndarray, " 2"] = field(init=False)

    def __post_init__(self) -> None:
        entry, bandit = self.entry, self.entry.reference.bandit
        rows, shape = (1 if entry.fluid else len(entry.numbers)), bandit.mean.shape
        start = bandit.mean if entry.fluid else np.zeros(shape)
        self.estimate = np.repeat(start[None], rows, axis=0)
        self.spread = np.zeros((rows, *shape))
        self.pulls, self.pulls_at = np.zeros((rows, shape[0])), np.zeros((rows, 4, shape[0]))
        self.error_at = np.full((rows, 4), np.nan)
        self.right = np.full((rows, len(entry.marks)), UNKNOWN, dtype=np.int8)
        self.key = key_of(entry.reference.config.seed)

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        entry = self.entry
        stride = max(1, AT_ONCE // len(self.pulls))
        while self.at < to:
            marked, ended = (x[x > self.at][0] for x in (entry.marks, entry.octaves))
            self._move(min(to, int(marked), int(ended), self.at + stride))
            if self.at == ended:
                here = entry.octaves == ended
                self.pulls_at[:, here] = self.pulls[:, None]
                self.error_at[:, here] = self._log_error()[:, None]
            if self.at == marked and self.pulls.min() > 0:
                column = np.searchsorted(entry.marks, self.at)
                self.right[:, column] = entry.reference.bandit.right(self.estimate)
        return nothing_logged(len(entry.numbers))

    def _move(self, to: int) -> None:
        entry, config = self.entry, self.entry.reference.config
        bandit = entry.reference.bandit
        runs = entry.numbers[: len(self.pulls)]
        plugin = config.variance is Variance.plugin and not entry.fluid
        ends = (self.key, runs, self.at, to, config.n0, entry.fluid, plugin)
        w = entry.reference.optimum.shares
        if entry.move is not None:
            entry.move(bandit, ends, self.estimate, self.pulls, self.spread)
        elif bandit.problem is Question.feasible:
            truth = (bandit.mean, bandit.variance, bandit.threshold, w)
            state = (self.estimate, self.pulls, self.spread)
            march_feasible(NUMBERS[entry.policy], *truth, *ends, *state)
        else:
            truth = (bandit.mu, bandit.v, bandit.tilt, w)
            state = (self.estimate[..., 0], self.pulls, self.spread[..., 0])
            march.march(NUMBERS[entry.policy], *truth, *ends, *state)
        self.at = to

    def _log_error(self) -> Float[np.ndarray, " r"]:
        return log_error(self.entry.reference.bandit, self.pulls, self.estimate)

    def _whole(self) -> dict[str, np.ndarray]:
        """Everything, all R runs of it."""
        times = len(self.entry.numbers) // len(self.pulls)
        names = ("estimate", "pulls", "spread", "pulls_at", "error_at", "right")
        return {name: np.repeat(getattr(self, name), times, axis=0) for name in names}

    def state(self) -> State:
        """As `Dynamics.state`."""
        entry = self.entry
        errors = self._log_error()
        return State(
            entry.policy,
            self.at,
            entry.horizon,
            **self._whole(),
            log_error=np.repeat(errors, len(entry.numbers) // len(errors)),
            rival=self.rival,
            alike=entry.fluid,
        )

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return {**self._whole(), "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        rows = len(self.pulls)
        for name in self._whole():
            setattr(self, name, saved[name][:rows].copy())
        self.at = int(saved["at"])


def started(entry: Entry, before: Mapping[str, Any], rival: str) -> Race:
    """A race from the first pull on, beside the phase ``rival`` if that ran before."""
    other = before.get(rival)
    return Race(entry, None if other is None or entry.fluid else other.right)
