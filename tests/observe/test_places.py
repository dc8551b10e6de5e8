"""A claim along an axis of its observable is judged at the last time, where it speaks."""

import numpy as np
import pytest
import xarray

from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.observe.readings import Readings
from ntp_dynamics.verdict.claim import Claim
from ntp_dynamics.verdict.law import Law

VALUES = np.array([[[0.0, 0.0, 0.0], [1.0, 7.0, 3.0]]])


def tree(coordinate) -> xarray.DataTree:
    data = {"y": (("run", "checkpoint", "w"), VALUES, {"scale": "linear y"})}
    coords = {"checkpoint": [0, 1]} | ({} if coordinate is None else {"w": coordinate})
    root = xarray.Dataset({"place": ("run", [0.0])})
    return xarray.DataTree.from_dict({"/": root, "/phase": xarray.Dataset(data, coords)})


def claim(judged: list[bool] | None) -> Claim:
    values = np.array([1.0, 2.0, 3.0])
    kept = slice(None) if judged is None else np.array(judged)
    places = None if judged is None else lambda _: np.array(judged)
    law = Law.value(values[kept], absolute=0.1)
    shape = {"clock": "w", "timeless": True, "places": places}
    return Claim("y", "y is w", "here", "one", "phase", "y", law, **shape)


@pytest.mark.parametrize(
    ("coordinate", "expected"),
    [
        ([0.5, 1.5, 2.5], [0.5, 2.5]),
        ([-1.0, 1.0, 2.0], [1, 3]),
        ([3.0, 2.0, 1.0], [1, 3]),
        (["x", "y", "z"], [1, 3]),
        (None, [1, 3]),
    ],
)
def test_places_are_those_of_the_axis_where_the_claim_speaks(coordinate, expected):
    t, values = Readings(tree(coordinate)).placed(claim([True, False, True]), None)
    assert t.tolist() == expected
    assert values.tolist() == [[1.0, 3.0]]


def test_what_stands_elsewhere_neither_breaks_nor_shows_in_the_law_as_judged():
    (spoken,) = judge_claims(tree(None), None, [claim([True, False, True])])
    assert spoken.verdict.bound == "holds"
    assert spoken.written is not None
    assert spoken.written.t is not None
    assert spoken.written.t.tolist() == [1, 3]
    (everywhere,) = judge_claims(tree(None), None, [claim(None)])
    assert everywhere.verdict.bound == "violated"
    assert "at w 2" in everywhere.verdict.sentence
