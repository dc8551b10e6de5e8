"""Is a job that is cut anywhere, saved and loaded elsewhere, the same to the byte?

    python -m benchmarks.cuts [CUTS] [EXPERIMENT ...]

Every experiment at smoke size, cut CUTS times (60) at random, in turn in each phase on each engine;
exit 1 where a byte differs.  The suite holds a cheap selection of it (test_cut.py).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.observe.hooks import recorded_steps
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.study import Dynamics
from ntp_dynamics.system.errors import UserError, UserErrors

CONF = Path(__file__).parent.parent / "conf" / "experiment"
SMALL = [
    *("tracking=none", "figures=none"),
    *("train.feed_forward.steps=60", "train.attention.steps=60", "train.joint.steps=60"),
]
ENGINES = (["shadow=true"], ["engine=torch"], ["engine=autograd"])


class Way(NamedTuple):
    """A phase that can be started as often as one likes."""

    horizon: int
    start: Callable[[], Any]


class Cut(NamedTuple):
    """Where calls end before the horizon, and at which of these steps it is saved and loaded into a
    fresh dynamics."""

    calls: tuple[int, ...]
    saves: tuple[int, ...]

    @classmethod
    def none(cls, horizon: int) -> Cut:
        """All in one call."""
        return cls((), ())

    @classmethod
    def draw(cls, horizon: int, rng: np.random.Generator) -> Cut:
        """Up to five calls, or as many as a short phase has steps, and up to two saves among them,
        at step 0 and at the last too."""
        count = min(int(rng.integers(1, 6)), horizon + 1)
        calls = rng.choice(horizon + 1, count, replace=False)
        saves = rng.choice(calls, min(len(calls), int(rng.integers(1, 3))), replace=False)
        return cls(tuple(sorted(calls.tolist())), tuple(sorted(saves.tolist())))


def ways(job: PreparedJob) -> Iterator[Way]:
    """The phases of a job, each from the last states of those before it."""
    states: dict[str, Any] = {}
    for phase in job.phases:
        start = partial(phase.start, dict(states))
        horizon = phase.outline.horizon
        yield Way(horizon, start)
        dynamics = start()
        dynamics.advance(horizon, np.zeros(0, dtype=np.int64))
        states[phase.outline.name] = dynamics.state()


def measured(way: Way, cut: Cut, due: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """All that a phase tells: what it logs, the state at its end, what it would save there."""
    due = recorded_steps(way.horizon) if due is None else due
    dynamics: Dynamics = way.start()
    logged = []
    for begin, end in pairwise((-1, *cut.calls, way.horizon)):
        if end > begin:
            logged.append(dynamics.advance(end, due[(due > begin) & (due <= end)]))
        if end in cut.saves:
            saved = dynamics.save()
            dynamics = way.start()
            dynamics.load(saved)
    names = dynamics.measures
    values = {name: np.concatenate([x.values[name] for x in logged], axis=1) for name in names}
    tensors = dict(_tensors("state", dynamics.state()))
    return {**values, **dynamics.save(), **tensors}


def equal(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> list[str]:
    """The names of what differs in a byte."""
    assert a.keys() == b.keys()
    return [name for name in a if a[name].tobytes() != b[name].tobytes()]


def _tensors(name: str, x: Any) -> Iterator[tuple[str, np.ndarray]]:
    """The numbers of a state that training moves, by where they stand in it."""
    if isinstance(x, torch.Tensor):
        yield name, x.numpy(force=True).copy()
    elif isinstance(x, np.ndarray):
        yield name, x.copy()
    elif isinstance(x, tuple):
        for i, one in enumerate(x):
            yield from _tensors(f"{name}.{i}", one)
    elif is_dataclass(x) and not name.endswith((".batch", ".matrix")):  # these stay
        for key, one in vars(x).items():
            yield from _tensors(f"{name}.{key}", one)


def main(cuts: int, experiments: list[str]) -> int:
    """Lines of what differs, and how much was compared."""
    torch.set_num_threads(1)
    wrong = 0
    for name in experiments or sorted(path.stem for path in CONF.glob("*.yaml")):
        every = [(told, way) for told in jobs(name) for way in ways(made(told))]
        wholes = [measured(way, Cut.none(way.horizon)) for _, way in every]
        rng = np.random.default_rng(0)
        rounds = -(-cuts // len(every))
        for (told, way), whole in zip(every * rounds, wholes * rounds, strict=True):
            cut = Cut.draw(way.horizon, rng)
            if differs := equal(whole, measured(way, cut)):
                wrong += 1
                print(f"{' '.join(told)}: {cut}: {differs}")
        print(f"{name}: {len(every)} phases, {len(every) * rounds} cuts", flush=True)
    print(f"{wrong} differ")
    return int(wrong > 0)


def jobs(experiment: str) -> Iterator[list[str]]:
    """Overrides of an experiment at smoke size, an engine each."""
    for engine in ENGINES:
        yield [f"experiment={experiment}", *SMALL, *engine]


def made(overrides: list[str]) -> PreparedJob:
    """The job; of one run where two would be the same."""
    try:
        return prepare(read_config(compose_job([*overrides, "runs=2"])))
    except (UserError, UserErrors):
        return prepare(read_config(compose_job([*overrides, "runs=1"])))


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 60
    sys.exit(main(count, sys.argv[2:]))
