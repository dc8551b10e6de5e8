"""Copies of a federation on their way: the kernel behind the protocol of a dynamics."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float, Int, UInt64
from numba import cfunc, float64

from ntp_dynamics.studies.federated.kernel import losses, step
from ntp_dynamics.studies.federated.kernel.rounds import probes, rounds
from ntp_dynamics.study import Logged, Saved

Values = dict[str, np.ndarray]


@cfunc(float64(float64, float64, float64), cache=True)
def no_difference(m, dm, y):  # pyright: ignore[reportUnusedParameter]
    """In the place of a user's."""
    return 0.0


@cfunc(float64(float64, float64), cache=True)
def no_slope(m, y):  # pyright: ignore[reportUnusedParameter]
    """In the place of a user's."""
    return 0.0


BUILT_IN = (no_difference, no_slope)
KINDS = {
    "quadratic": losses.QUADRATIC,
    "logistic": losses.LOGISTIC,
    "sigmoid": losses.SIGMOID,
    "user": losses.USER,
}


@dataclass(frozen=True)
class Team:
    """Clients, the rule of their rounds, and the runs that share them."""

    clients: step.Clients
    rule: step.Rule
    eta: Float[np.ndarray, " T"]
    keys: UInt64[np.ndarray, " R"]
    draws: Int[np.ndarray, " R"]
    """Which draw of the clients' data each run has."""
    machine: tuple[object, object] = BUILT_IN
    """A user's loss."""

    @property
    def copies(self) -> int:
        """C."""
        return 1 + self.clients.other_y.shape[1]


@dataclass(frozen=True)
class State:
    """Where a federation stands; ``w`` is that of every copy, the first one with no sample
    replaced."""

    round: int
    w: Float[np.ndarray, "R C d"]
    radius: Float[np.ndarray, " R"]
    """The largest |v| of copy 0 on the way."""
    drift: Float[np.ndarray, " R"]
    """mean |v_i - mean v|^2 at the end of the last round."""


@dataclass
class Descent:
    """A team on its way, from w = 0."""

    team: Team
    past: Float[np.ndarray, "R L C d"] = field(init=False)
    """w_t at place t mod L, L = staleness + 1."""
    radius: Float[np.ndarray, " R"] = field(init=False)
    drift: Float[np.ndarray, " R"] = field(init=False)
    at: int = 0

    def __post_init__(self) -> None:
        t = self.team
        runs, d, length = len(t.keys), t.clients.x.shape[-1], t.rule.staleness + 1
        self.past = np.zeros((runs, max(length, 2), t.copies, d))
        self.radius, self.drift = np.zeros(runs), np.zeros(runs)

    def go(self, to: int) -> None:
        """On to a round."""
        t = self.team
        where = self.past, self.radius, self.drift, t.keys, t.draws
        rounds(*where, t.clients, t.rule, t.eta, self.at, to, *t.machine)
        self.at = to

    @property
    def state(self) -> State:
        w = self.past[:, self.at % self.past.shape[1]].copy()
        return State(self.at, w, self.radius.copy(), self.drift.copy())

    def save(self) -> Saved:
        return {"past": self.past.copy(), "radius": self.radius.copy(), "drift": self.drift.copy()}

    def load(self, saved: Saved, at: int) -> None:
        self.past, self.radius, self.drift = (
            np.array(saved[name], order="C") for name in ("past", "radius", "drift")
        )
        self.at = at


@dataclass
class Federation:
    """`study.Dynamics` of one team a case, all moved alike; observables are reduced from their
    states."""

    descents: Sequence[Descent]
    names: Sequence[str]
    reduce: Callable[[Sequence[State]], Values]
    """Observables (R, ...) of the states, by name."""
    at: int = 0

    @property
    def measures(self) -> Sequence[str]:
        """As `Dynamics.measures`."""
        return self.names

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        logged: list[Values] = []
        finite = np.ones((len(self.descents[0].team.keys), len(due)), dtype=bool)
        for i, stop in enumerate(due.tolist()):
            states = self._go(stop)
            with np.errstate(all="ignore"):
                logged.append(self.reduce(states))
            for s in states:
                finite[:, i] &= np.isfinite(s.w).all(axis=(1, 2))
        self._go(to)
        if not logged:
            return Logged(due, {name: finite.astype(float) for name in self.names}, finite)
        values = {name: np.stack([x[name] for x in logged], axis=1) for name in self.names}
        return Logged(due, values, finite, "w")

    def _go(self, to: int) -> list[State]:
        for d in self.descents:
            d.go(to)
        self.at = to
        return [d.state for d in self.descents]

    def state(self) -> Sequence[State]:
        """As `Dynamics.state`: one a case."""
        return [d.state for d in self.descents]

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        saved: Saved = {"at": np.array(self.at)}
        for i, d in enumerate(self.descents):
            saved |= {f"{name}_{i}": x for name, x in d.save().items()}
        return saved

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.at = int(saved["at"])
        for i, d in enumerate(self.descents):
            own = {name: saved[f"{name}_{i}"] for name in ("past", "radius", "drift")}
            d.load(own, self.at)


@dataclass
class Probing:
    """`study.Dynamics` of estimates at one point, by numbers of directions; the last rule is the
    job's own."""

    clients: step.Clients
    rules: Sequence[step.Rule]
    w: Float[np.ndarray, " d"]
    keys: UInt64[np.ndarray, " R"]
    machine: tuple[object, object] = BUILT_IN
    at: int = 0
    ratio: Float[np.ndarray, "R b2"] = field(init=False)
    """Sums of |ghat|^2/|g_B|^2 of every rule, and of the cosine of ghat and g_B."""
    cosine: Float[np.ndarray, "R b2"] = field(init=False)
    measures: Sequence[str] = ("estimator_ratio", "estimator_cosine")

    def __post_init__(self) -> None:
        self.ratio, self.cosine = (np.zeros((len(self.keys), len(self.rules))) for _ in range(2))

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        values = {name: np.empty((len(self.keys), len(due))) for name in self.measures}
        for i, stop in enumerate(due.tolist()):
            self._go(stop)
            for name, x in zip(self.measures, self.means, strict=True):
                values[name][:, i] = x[:, -1]
        self._go(to)
        return Logged(due, values, np.ones((len(self.keys), len(due)), dtype=bool))

    def _go(self, to: int) -> None:
        for i, rule in enumerate(self.rules):
            ratio, cosine = self.ratio[:, i].copy(), self.cosine[:, i].copy()
            exact = rule._replace(method=step.FEDAVG)
            where = self.w, self.keys, self.clients, rule, exact, self.at, to
            probes(ratio, cosine, *where, *self.machine)
            self.ratio[:, i], self.cosine[:, i] = ratio, cosine
        self.at = to

    @property
    def means(self) -> tuple[Float[np.ndarray, "R b2"], Float[np.ndarray, "R b2"]]:
        """Over the estimates so far; nan before the first."""
        with np.errstate(invalid="ignore"):
            return self.ratio / self.at if self.at else self.ratio * np.nan, (
                self.cosine / self.at if self.at else self.cosine * np.nan
            )

    def state(self) -> Mapping[str, np.ndarray]:
        """As `Dynamics.state`: means so far by number of directions."""
        return {"ratio_by_directions": self.means[0][:, :-1]}

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return {"ratio": self.ratio.copy(), "cosine": self.cosine.copy(), "at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.ratio, self.cosine = saved["ratio"].copy(), saved["cosine"].copy()
        self.at = int(saved["at"])


@dataclass
class Evaluated:
    """`study.Dynamics` of what is computed and not run: alike in all runs."""

    values: Mapping[str, np.ndarray]
    """By the names of observables."""
    runs: int
    at: int = 0
    measures: Sequence[str] = ()

    def advance(self, to: int, due: Int[np.ndarray, " n"]) -> Logged:
        """As `Dynamics.advance`."""
        self.at = to
        return Logged(due, {}, np.ones((self.runs, len(due)), dtype=bool))

    def state(self) -> Mapping[str, np.ndarray]:
        """As `Dynamics.state`."""
        return {name: np.repeat(x[None], self.runs, axis=0) for name, x in self.values.items()}

    def save(self) -> Saved:
        """As `Dynamics.save`."""
        return {"at": np.array(self.at)}

    def load(self, saved: Saved) -> None:
        """As `Dynamics.load`."""
        self.at = int(saved["at"])
