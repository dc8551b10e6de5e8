"""An experiment: what is done to the lab, how often, and what it said."""

from __future__ import annotations

import json
import os
import shutil
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.torture.child import Nursery

Item = TypeVar("Item")
FAULTS_KEPT = 20
"""Of the faults of an experiment, in words; all are counted."""


@dataclass
class Counts:
    """What was tried, by kind; what came out, by kind; each fault in words; numbers beside."""

    tried: Counter[str] = field(default_factory=Counter)
    came_out: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    measured: dict[str, float] = field(default_factory=dict)

    def add(self, other: Counts) -> None:
        """Those of another part of the same experiment; of numbers the largest counts."""
        self.tried += other.tried
        self.came_out += other.came_out
        self.faults += other.faults
        for name, value in other.measured.items():
            self.measured[name] = max(value, self.measured.get(name, value))

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "tried": dict(self.tried),
            "came_out": dict(self.came_out),
            "faults": self.faults[:FAULTS_KEPT],
            "fault_count": len(self.faults),
            "measured": self.measured,
        }

    @classmethod
    def read(cls, said: dict[str, Any]) -> Counts:
        return cls(
            Counter(said["tried"]), Counter(said["came_out"]), said["faults"], said["measured"]
        )


class Size(Enum):
    """Of an experiment: the long form, one of minutes, one for the suite."""

    full, quick, smoke = "full", "quick", "smoke"


@dataclass
class Workshop:
    """Where an experiment works: a folder of its own, two processes at a time, its size."""

    folder: Path
    form: Size = Size.full
    width: int = 2

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.nursery = Nursery(self.folder / "said")

    @property
    def quick(self) -> bool:
        """Whether this is no long form."""
        return self.form is not Size.full

    def size(self, full: int, quick: int) -> int:
        """How many, in the long form and in the short one."""
        return quick if self.quick else full

    def points(self, every: Sequence[Item], quick: int) -> Sequence[Item]:
        """All in the long form, so many in the short one, two in the suite, evenly spread."""
        most = {Size.full: len(every), Size.quick: quick, Size.smoke: 2}[self.form]
        if most >= len(every):
            return every
        return [every[(2 * i + 1) * len(every) // (2 * most)] for i in range(most)]

    def fresh(self, name: object) -> Path:
        """An empty folder."""
        place = self.folder / str(name)
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        return place

    def spread(self, try_one: Callable[[Workshop, Item], Counts], items: Iterable[Item]) -> Counts:
        """Try each item, so many at a time, each in a process and a folder of its own; what one
        raises is a fault."""
        total, waiting = Counts(), list(enumerate(items))
        under_way: dict[int, tuple[int, Path]] = {}
        while waiting or under_way:
            while waiting and len(under_way) < self.width:
                number, item = waiting.pop(0)
                place = self.folder / f"item{number}"
                if not (pid := os.fork()):
                    self._one(try_one, item, place)
                under_way[pid] = number, place
            pid, _ = os.wait()
            if pid in under_way:
                number, place = under_way.pop(pid)
                total.add(_told(place, number))
                shutil.rmtree(place, ignore_errors=True)
        return total

    def _one(self, try_one: Callable[[Workshop, Item], Counts], item: Item, place: Path) -> None:
        """In a process of its own, which ends here."""
        try:
            found = try_one(Workshop(place, self.form, self.width), item)
        except BaseException as error:
            found = Counts(faults=[_said_of(error)])
        try:
            place.mkdir(exist_ok=True)
            (place / "counts.json").write_text(json.dumps(found.plain()))
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)


def _said_of(error: BaseException) -> str:
    """What an experiment stumbled over, and where."""
    at = traceback.extract_tb(error.__traceback__)[-1]
    said = f"{type(error).__name__}: {error}"[:300]
    return f"{Path(at.filename).name}, line {at.lineno}: {said}"


def _told(place: Path, number: int) -> Counts:
    try:
        return Counts.read(json.loads((place / "counts.json").read_text()))
    except (OSError, ValueError) as error:
        return Counts(faults=[f"item {number} said nothing: {error}"])


@dataclass(frozen=True)
class Experiment:
    """One row of the page."""

    name: str
    """As on the command line."""
    row: str
    """Of the matrix: R1, R2 ..."""
    title: str
    passes: str
    """What must hold, in words; `faults` counts where it did not."""
    run: Callable[[Workshop], Counts]


def timed(experiment: Experiment, workshop: Workshop) -> dict[str, Any]:
    """Its counts as JSON, with the seconds it took."""
    began = time.monotonic()
    try:
        counts = experiment.run(workshop)
    except Exception as error:
        counts = Counts(faults=[_said_of(error)])
    return {**counts.plain(), "seconds": round(time.monotonic() - began), "quick": workshop.quick}


def one_line(lines: Sequence[str]) -> str | None:
    """What is wrong with how an error was told; None for lines of ``error: where: what; ...``."""
    if not lines:
        return "nothing was said"
    if any("Traceback" in line for line in lines):
        return f"a traceback: {lines[-1][:120]}"
    bad = [line for line in lines if not line.startswith(("error: ", "interrupted"))]
    return f"not an error in a line: {bad[0][:120]}" if bad else None
