"""What a reader is told of values that are none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray

from ntp_dynamics.observe.hooks import Hook
from ntp_dynamics.observe.observable import observable
from ntp_dynamics.run.drops import Drops
from ntp_dynamics.system.log import JobLog

STEPS = np.array([0, 1, 2, 5, 9])
nan = np.nan


def notes(tmp_path: Path, values: list[Any], own: bool, may_end: bool = False) -> list[str]:
    """Of a length, or of one a place, that was recorded so."""
    axes = ("run", "step", "place")[: np.ndim(values)]

    @observable("p", long_name="a length", may_end=may_end, dims=axes[2:])
    def length(state: object, reference: object) -> object: ...

    data = xarray.Dataset({"length": (axes, np.array(values))}, {"step": STEPS})
    hooks = {"p": [Hook(length, frozenset(STEPS.tolist()), "step", own)]}
    with JobLog(tmp_path / "log.txt") as log:
        return Drops(log, print).notes(hooks, xarray.DataTree.from_dict({"/p": data}))


def test_a_number_of_the_study_that_becomes_none_is_told(tmp_path: Path) -> None:
    values = [[nan, 1.0, 2.0, 3.0, 4.0], [nan, 1.0, 2.0, nan, nan]]
    assert notes(tmp_path, values, own=True) == ["length: nan at 2 of 5 steps, first at 5 of p"]
    assert notes(tmp_path, values, own=True, may_end=True) == []


@pytest.mark.parametrize("own", [True, False])
def test_one_that_begins_late_is_told_where_it_is_the_users(own: bool, tmp_path: Path) -> None:
    told = notes(tmp_path, [[nan, nan, 2.0, 3.0, 4.0]], own)
    assert bool(told) != own


def test_of_an_array_of_the_study_what_was_a_number_is_told_and_what_is_padded_is_not(
    tmp_path: Path,
) -> None:
    values = [[[1.0, nan], [2.0, nan], [2.0, nan], [nan, nan], [4.0, nan]]]
    assert notes(tmp_path, values, own=True) == ["length: nan at 1 of 5 steps, first at 5 of p"]
    assert notes(tmp_path, values, own=False) == []
