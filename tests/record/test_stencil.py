"""Of records of one shape the library writes two; the others are those bytes with other numbers."""

import numpy as np
import pytest
import xarray

from ntp_dynamics.record import trees
from ntp_dynamics.record.definition import definition
from ntp_dynamics.record.stencil import Stencils, fletcher32
from ntp_dynamics.record.trees import known_file, read_tree, write_tree


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch):
    monkeypatch.setattr(trees, "STENCILS", Stencils())


def tree(seed: int, steps: int = 7, attribute: float = 1):
    """Numbers that no other seed has, some that all have, and kinds of every size."""
    rng = np.random.default_rng(seed)
    stage = xarray.Dataset(
        {
            "loss": (("run", "step"), rng.random((3, steps)), {"units": "nat", "log": attribute}),
            "gap": (("run", "step"), np.where(rng.random((3, steps)) < 0.5, np.nan, 0.0)),
            "zero": ("run", np.zeros(3)),
            "odd": ("run", rng.integers(-9, 9, 3).astype(np.int8)),
        },
        {"step": np.arange(steps), "late": ("step", np.arange(steps) / 3)},
    )
    root = xarray.Dataset({"exact": ("one", rng.integers(0, 2, 1).astype(np.int8))})
    root.attrs = {"format": 3, "seed": str(seed + 10), "version": "1.0"}
    return xarray.DataTree.from_dict({"/": root, "/attention": stage, "/theory/a": stage})


def by_the_library(tmp_path, whole):
    trees._write(tmp_path / "x.nc", definition(whole))
    return (tmp_path / "x.nc").read_bytes()


def test_from_the_third_on_the_bytes_are_those_of_the_library(tmp_path):
    for seed in (1, 2):
        assert known_file(definition(tree(seed))) is None
        write_tree(tmp_path / "x.nc", definition(tree(seed)))
    for seed in range(3, 20):
        whole = tree(seed)
        known = known_file(definition(whole))
        assert known == by_the_library(tmp_path, whole)
    (tmp_path / "known.nc").write_bytes(known)
    assert read_tree(tmp_path / "known.nc").identical(whole)


def test_a_text_of_another_length_is_another_file(tmp_path):
    for seed in (1, 2):
        write_tree(tmp_path / "x.nc", definition(tree(seed)))
    assert known_file(definition(tree(89))) is not None
    assert known_file(definition(tree(90))) is None


@pytest.mark.parametrize("other", [tree(3, steps=8), tree(3, attribute=1.0), tree(3, attribute=2)])
def test_another_definition_is_another_file(tmp_path, other):
    """1 and 1.0 are equal, and are stored otherwise."""
    for seed in (1, 2):
        write_tree(tmp_path / "x.nc", definition(tree(seed)))
    assert known_file(definition(tree(3))) is not None
    assert known_file(definition(other)) is None


@pytest.mark.parametrize(
    "whole",
    [
        tree(0, steps=0),
        xarray.DataTree(xarray.Dataset({"alone": 3.0})),
        xarray.DataTree(xarray.Dataset({"x": ("n", np.arange(3.0), {"range": [0, 1]})})),
    ],
    ids=["nothing in it", "no axis", "a list beside it"],
)
def test_what_is_stored_otherwise_is_left_to_the_library(tmp_path, whole):
    for _ in range(4):
        assert known_file(definition(whole)) is None
        write_tree(tmp_path / "x.nc", definition(whole))
    assert (tmp_path / "x.nc").read_bytes() == by_the_library(tmp_path, whole)


def test_a_large_variable_lies_in_pieces_and_is_left_to_the_library(tmp_path):
    whole = xarray.DataTree(xarray.Dataset({"x": (("n", "m"), np.ones((3000, 1200)))}))
    for _ in range(3):
        assert known_file(definition(whole)) is None
        write_tree(tmp_path / "x.nc", definition(whole))


def test_the_checksum_of_zeros_alone_is_zero():
    assert fletcher32(bytes(8)) == 0
    assert fletcher32(b"\xff\xff" * 3) == 0xFFFFFFFF
    assert fletcher32(b"\x00\x01\x00\x02") == (1 + 3) << 16 | 3
    assert fletcher32(b"\x01") == 0x0100_0100
