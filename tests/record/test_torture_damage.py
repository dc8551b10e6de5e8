"""The short form of `benchmarks.torture.damage`: a few of every kind, in this process."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from benchmarks.torture import baits, foreign
from benchmarks.torture.damage import COUNTS, damage, renew
from benchmarks.torture.doors import Doors
from ntp_dynamics.system.errors import UserError

SLOW = ("gigabyte", "25,000", "packed", "400 folders", "lead anywhere")
"""Kinds that take seconds to make, or to refuse."""


@pytest.fixture(scope="module")
def doors(made: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Doors:
    sweep = tmp_path_factory.mktemp("tried") / "sweep"
    shutil.copytree(made["sealed"], sweep / "0")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(sweep.parent))
        doors = Doors(sweep)
        for of in ("sealed", "unsealed"):
            renew(made[of], sweep / "1")
            doors.learn(of)
    return doors


def came_of_it(door: Callable[[str], str], of: str) -> str:
    try:
        return door(of)
    except UserError as error:
        return "refused" if len(str(error).splitlines()) == 1 else str(error)


@pytest.mark.parametrize("kind", COUNTS)
def test_damage_is_refused_or_harmless_and_hides_no_other(
    doors: Doors, made: dict[str, Path], kind: str
) -> None:
    for i in range(6):
        of = ("sealed", "unsealed")[i % 2]
        renew(made[of], doors.sweep / "1")
        damage(doors.sweep / "1", kind, np.random.default_rng([i, 1 + len(kind)]), made)
        for door in (doors.load_run, doors.load_sweep, *[doors.dashboard][: i < 2]):
            assert came_of_it(door, of) in ("refused", "equal"), (i, door.__name__)


def test_foreign_directories_are_opened_or_refused_in_a_line(
    doors: Doors, made: dict[str, Path]
) -> None:
    """What they say of themselves may be wrong: nobody knows better."""
    for name, make in foreign.every():
        if not any(word in name for word in SLOW):
            renew(made["sealed"], doors.sweep / "1")
            make(doors.sweep / "1")
            for door in (doors.load_run, doors.load_sweep):
                assert came_of_it(door, "sealed") in ("refused", "equal", "wrong"), name


def test_baits_run_nothing(doors: Doors, made: dict[str, Path], tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    for name, make in islice(baits.every(canary), None, None, 3):
        renew(made["sealed"], doors.sweep / "1")
        make(doors.sweep / "1")
        for door in (doors.load_run, doors.load_sweep):
            came_of_it(door, "sealed")
        assert not canary.exists(), name
