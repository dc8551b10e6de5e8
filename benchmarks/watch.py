"""What `ntp.watch` costs a loop: the scripts of docs/watch with it and without, in turns.

    python -m benchmarks.watch [rounds]

The lines are those of the scripts: without it `ntp.watch` gives something that does nothing.  Only
the loop is timed, by the clock and in seconds of the processor (which a busy machine disturbs
less); opening and sealing a record, which every loop does once, are told apart.
"""

from __future__ import annotations

import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import ntp_dynamics as ntp

SCRIPTS = Path(__file__).parent.parent / "docs/watch"
EVERY = 100


@dataclass
class Timed:
    """A watch, or nothing, and when each iteration ended."""

    inner: Any = None
    ends: list[float] = field(default_factory=list)
    around: float = 0.0
    """Seconds before and after the loop."""
    processor: float = 0.0
    """Seconds of it that the loop took."""

    def __enter__(self) -> Timed:
        start = time.perf_counter()
        if self.inner is not None:
            self.inner.__enter__()
        self.ends.append(time.perf_counter())
        self.around = self.ends[0] - start
        self._began = time.process_time()
        return self

    def step(self, *args: Any, **kwargs: Any) -> None:
        if self.inner is not None:
            self.inner.step(*args, **kwargs)
        self.ends.append(time.perf_counter())

    def __exit__(self, *error: Any) -> None:
        self.processor = time.process_time() - self._began
        if self.inner is not None:
            start = time.perf_counter()
            self.inner.__exit__(*error)
            self.around += time.perf_counter() - start

    @property
    def seconds(self) -> float:
        return self.ends[-1] - self.ends[0]

    def iterations(self, recorded: bool) -> list[float]:
        """Seconds of each, those that are recorded or the others."""
        taken = [b - a for a, b in zip(self.ends, self.ends[1:], strict=False)]
        return [s for i, s in enumerate(taken) if (i % EVERY == 0) is recorded]


def script(name: str) -> Any:
    """A script of the docs as a module."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def timed(run: Callable[[Path], Any], watching: bool) -> Timed:
    """One loop, watched or not."""
    watch, made = ntp.watch, []

    def make(*args: Any, **kwargs: Any) -> Timed:
        made.append(Timed(watch(*args, **kwargs) if watching else None))
        return made[0]

    with TemporaryDirectory() as place, patch.object(ntp, "watch", make, create=True):
        run(Path(place) / "record")
    return made[0]


LOOPS = {
    "digits": lambda m, d: m.main(3000, d, EVERY),
    "characters": lambda m, d: m.main(300, d, EVERY),
    "characters, softmax by hand": lambda m, d: m.main(300, d, EVERY, flash=False),
    "separable": lambda m, d: m.main("float32", "gd", d, EVERY, 6000),
}


def main(rounds: int = 7) -> None:
    for name, run in LOOPS.items():
        module = script(name.partition(",")[0])
        found: dict[bool, list[Timed]] = {True: [], False: []}
        for i in range(rounds + 1):  # the first for nothing
            for watching in (True, False) if i % 2 else (False, True):
                found[watching].append(timed(lambda d, m=module, r=run: r(m, d), watching))
        pairs = [*zip(found[True][1:], found[False][1:], strict=True)]
        wall = statistics.median(a.seconds / b.seconds - 1 for a, b in pairs)
        processor = statistics.median(a.processor / b.processor - 1 for a, b in pairs)
        usual, recorded = (
            statistics.median(s for t in each for s in t.iterations(recorded))
            for each, recorded in ((found[False][1:], False), (found[True][1:], True))
        )
        once = statistics.median(a.around for a, _ in pairs)
        print(
            f"{name}: at every={EVERY} {wall:+.1%} by the clock, {processor:+.1%} of the "
            f"processor; an iteration takes {usual * 1e6:,.0f} us, a recorded one "
            f"{recorded * 1e6:,.0f} us; opening and sealing {once:.2f} s",
            flush=True,
        )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
