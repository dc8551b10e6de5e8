"""Damaged records through the three doors: no wrong number, no hang, no memory, none hides another.

`run(...)` makes records of real jobs, sealed and unsealed, damages copies of them in eight ways and
asks `benchmarks.torture.doors` what is shown; then foreign directories (`foreign`) and baits that
would execute code (`baits`).  `python -m benchmarks.torture.damage` prints the table.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

import numpy as np

import ntp_dynamics as ntp
from benchmarks.torture import baits, foreign
from benchmarks.torture.ways import COUNTS, damage, renew
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.job import Surroundings, run_job
from ntp_dynamics.system.stops import Interrupt

WATCHDOG_SECONDS = 2.0
"""For a door to answer.  One that does not is asked once more, as other work on the machine may
have held it up; the second time counts."""


PATIENCE_SECONDS = 30.0
"""After which the process is killed."""


MEMORY = 500 * 10**6


DOORS = ("load_run", "load_sweep", "dashboard")


JOB = [
    "experiment=smoke", "tracking=none", "figures=none", "train.feed_forward.steps=30",
    "train.attention.steps=60",
]  # fmt: skip


@dataclass
class Found:
    """What was tried, and what the doors answered."""

    tried: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """By kind, door and outcome."""
    slowest: float = 0.0
    grown: int = 0
    bad: list[str] = field(default_factory=list)
    """Every case that is not as promised: kind, door, what came of it."""

    def count(self, outcome: str) -> int:
        return sum(n for (_, _, each), n in self.outcomes.items() if each == outcome)


def run(share: float = 1.0, every: int = 1) -> Found:
    """Try a share of the damages, and of foreign directories and baits one in so many."""
    found = Found()
    with tempfile.TemporaryDirectory() as place:
        sound = make_records(Path(place) / "sound")
        sweep = Path(place) / "sweep"
        shutil.copytree(sound["sealed"], sweep / "0")
        process = Process(sweep, sound)
        try:
            _damages(found, share, sweep, sound, process)
            canary = Path(place) / "canary"
            for kind, cases in (("foreign", foreign.every()), ("bait", baits.every(canary))):
                for name, make in islice(cases, None, None, every):
                    renew(sound["sealed"], sweep / "1")
                    make(sweep / "1")
                    _note(found, kind, name, process.ask("sealed"), strict=False)
                    if canary.exists():
                        found.bad.append(f"{kind} {name}: it fired")
                        found.outcomes[kind, "any", "fired"] += 1
                        canary.unlink()
        finally:
            process.end()
    return found


def _damages(
    found: Found, share: float, sweep: Path, sound: Mapping[str, Path], process: Process
) -> None:
    for kind, count in COUNTS.items():
        for i in range(max(2, round(share * count))):
            of = ("sealed", "unsealed")[i % 2]
            renew(sound[of], sweep / "1")
            damage(sweep / "1", kind, np.random.default_rng([i, len(kind)]), sound)
            _note(found, kind, f"{kind} {i} {of}", process.ask(of), strict=True)


def make_records(place: Path) -> dict[str, Path]:
    """A sealed and an unsealed record, and others of the same configuration but the seed."""
    made = {}
    for seed, suffix in ((0, ""), (1, " other")):
        sealed, unsealed = place / f"sealed{seed}", place / f"unsealed{seed}"
        overrides = [*JOB, f"seed={seed}"]
        ntp.train(overrides, sealed)
        around = Surroundings(overrides=overrides, interrupting=_after_some_steps)
        with suppress(KeyboardInterrupt):
            run_job(read_config(compose_job([*overrides, "engine=torch"])), unsealed, around)
        made |= {f"sealed{suffix}": sealed, f"unsealed{suffix}": unsealed}
    return made


class _Soon(Interrupt):
    """Ctrl-C after a number of looks."""

    def __init__(self) -> None:
        self.looks = 0

    @property
    def requested(self) -> bool:  # type: ignore[override]
        self.looks += 1
        return self.looks > 70


@contextmanager
def _after_some_steps() -> Iterator[Interrupt]:
    yield _Soon()


class Process:
    """The process that tries the doors; killed and started anew where it does not answer."""

    def __init__(self, sweep: Path, sound: Mapping[str, Path]):
        self.sweep, self.sound = sweep, sound
        self._start()

    def ask(self, of: str) -> list[Any]:
        """What the doors say of the job that lies there.  Slow ones are asked once more."""
        found = self._send(of, len(DOORS))
        if len(found) == len(DOORS) and all(x["seconds"] < WATCHDOG_SECONDS for x in found):
            return found
        if len(found) < len(DOORS):
            self._start()
        found = self._send(of, len(DOORS))
        if len(found) < len(DOORS):
            self._start()
        return found

    def end(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _start(self) -> None:
        """With what sound records look like, in the place of the one that is to be tried."""
        command = [sys.executable, "-P", "-m", "benchmarks.torture.doors", str(self.sweep)]
        root = str(Path(__file__).parents[2])
        paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
        cache = str(self.sweep.parent / "cache")
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True, bufsize=1,
            env={**os.environ, "XDG_CACHE_HOME": cache, "PYTHONPATH": os.pathsep.join(paths)},
        )  # fmt: skip
        self._lines: Queue[str] = Queue()
        Thread(target=self._listen, args=(self._process, self._lines), daemon=True).start()
        kept = self.sweep.parent / "kept"
        if (self.sweep / "1").exists():
            (self.sweep / "1").rename(kept)
        for of in ("sealed", "unsealed"):
            renew(self.sound[of], self.sweep / "1")
            assert self._send(of, 1, learn=True), "a sound record cannot be opened"
        shutil.rmtree(self.sweep / "1")
        if kept.exists():
            kept.rename(self.sweep / "1")

    def _send(self, of: str, answers: int, learn: bool = False) -> list[Any]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"of": of, "learn": learn}) + "\n")
        found = []
        with suppress(Empty):
            while len(found) < answers:
                line = self._lines.get(timeout=120 if learn else PATIENCE_SECONDS)
                if not line:
                    break
                found.append(json.loads(line))
        if len(found) < answers:
            self.end()
        return found

    @staticmethod
    def _listen(process: subprocess.Popen[str], lines: Queue[str]) -> None:
        assert process.stdout is not None
        with suppress(ValueError):
            for line in process.stdout:
                lines.put(line)
        lines.put("")


def _note(found: Found, kind: str, name: str, told: list[Any], strict: bool) -> None:
    """Count the answers of one case.  ``strict``: what is opened has to be what was recorded; of
    foreign directories nobody knows."""
    found.tried[kind] += 1
    answers = {each["door"]: each for each in told}
    for door in DOORS:
        each = answers.get(door, {"outcome": "hung", "why": "", "seconds": PATIENCE_SECONDS})
        outcome = each["outcome"]
        if outcome == "wrong" and not strict:
            outcome = "opened"
        if each["seconds"] >= WATCHDOG_SECONDS:
            outcome = "hung"
        found.slowest = max(found.slowest, each["seconds"])
        found.grown = max(found.grown, each.get("grown", 0))
        if each.get("grown", 0) > MEMORY:
            found.outcomes[kind, door, "over 500 MB"] += 1
            found.bad.append(f"{name}, {door}: {each['grown']:,} bytes")
        found.outcomes[kind, door, outcome] += 1
        if outcome not in ("refused", "equal", "opened"):
            found.bad.append(f"{name}, {door}: {outcome} {each['why']}")


def table(found: Found) -> str:
    """What was tried and found, in Markdown."""
    columns = ("refused", "equal", "opened", "wrong", "hidden", "hung", "raised", "over 500 MB")
    lines = [
        "| what was done | tried | door | " + " | ".join(columns) + " |",
        "|---|---|---|" + "---|" * len(columns),
    ]
    for kind, tried in found.tried.items():
        for door in DOORS:
            counts = " | ".join(str(found.outcomes[kind, door, column]) for column in columns)
            first = (kind, str(tried)) if door == DOORS[0] else ("", "")
            lines.append(f"| {first[0]} | {first[1]} | {door} | {counts} |")
    fired = found.count("fired")
    lines += ["", f"Baits that fired: {fired}.  The slowest answer took {found.slowest:.2f} s; the"]
    lines += [f"memory of both processes grew by {found.grown / 1e6:.0f} MB at most."]
    return "\n".join(lines)


if __name__ == "__main__":
    result = run(float(sys.argv[1])) if len(sys.argv) > 1 else run()
    print(table(result))
    print(*result.bad, sep="\n")
    sys.exit(1 if result.bad else 0)
