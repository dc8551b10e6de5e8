"""Trajectories as files: what xarray's own writer leaves, in half the time."""

import netCDF4
import numpy as np
import pytest
import xarray

from ntp_dynamics.record.definition import definition
from ntp_dynamics.record.netcdf import fill
from ntp_dynamics.record.trees import read_tree
from ntp_dynamics.system.errors import UserError

RNG = np.random.default_rng(0)


def tree(steps=5):
    root = xarray.Dataset(
        {"token_id": (("run", "token"), np.array([[0, 1], [2, -1]], np.int32), {"units": "1"})},
        {"run": [0, 1], "stream": ("run", [7, 7]), "seed": 3},
        {"format": 1, "seed": "340282366920938463463374607431768211456"},
    )
    loss = RNG.random((2, steps)).astype(np.float32)
    stage = xarray.Dataset(
        {
            "loss": (("run", "step"), loss, {"units": "nat", "long_name": "léarning"}),
            "norm": ("run", np.array([np.nan, np.inf])),
            "exact": ("run", np.array([0, 1], np.int8)),
        },
        {"step": np.arange(steps), "late": ("step", np.arange(steps) / 3)},
    )
    other = xarray.Dataset({"x": (("token", "step"), RNG.random((2, 3)))})
    return xarray.DataTree.from_dict({"/": root, "/attention": stage, "/a/b": other})


def write(path, whole):
    with netCDF4.Dataset(path, "w") as file:
        fill(file, definition(whole))


def encodings(path):
    with xarray.open_datatree(path, engine="netcdf4") as found:
        for group in found.load().subtree:
            for name, variable in group.to_dataset(inherit=False).variables.items():
                kept = {k: v for k, v in variable.encoding.items() if k != "source"}
                yield group.path, name, repr(kept)


@pytest.mark.parametrize("steps", [5, 0])
def test_a_tree_reads_back_as_from_the_file_that_xarray_writes(tmp_path, steps):
    """Values, dimensions, coordinates, attributes, and how each variable is stored."""
    here, there, whole = tmp_path / "here.nc", tmp_path / "there.nc", tree(steps)
    write(here, whole)
    checked = {
        group.path: {v: {"fletcher32": True} for v in group.to_dataset(inherit=False).variables}
        for group in whole.subtree
    }
    whole.to_netcdf(there, engine="netcdf4", encoding=checked)
    with xarray.open_datatree(here, engine="netcdf4") as found:
        assert found.load().identical(whole)
    assert list(encodings(here)) == list(encodings(there))


def test_a_dimension_is_stated_once_on_the_way_down(tmp_path):
    write(tmp_path / "x.nc", tree())
    with netCDF4.Dataset(tmp_path / "x.nc") as file:
        assert list(file.dimensions) == ["run", "token"]
        assert list(file["attention"].dimensions) == ["step"]
        assert list(file["a/b"].dimensions) == ["step"]


def test_a_tree_reads_back_as_xarray_reads_it(tmp_path):
    """Also one that xarray wrote."""
    whole = tree()
    write(tmp_path / "here.nc", whole)
    whole.to_netcdf(tmp_path / "there.nc", engine="netcdf4")
    for name in ("here.nc", "there.nc"):
        found = read_tree(tmp_path / name)
        assert found.identical(whole)
        with xarray.open_datatree(tmp_path / name, engine="netcdf4") as as_xarray:
            assert found.identical(as_xarray.load())
            for here, there in zip(found.subtree, as_xarray.subtree, strict=True):
                assert here.to_dataset().dtypes == there.to_dataset().dtypes


def test_text_where_numbers_belong_is_refused(tmp_path):
    """Variables of text are what ends the process in the library."""
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createGroup("attention").createVariable("loss", str, ())
    with pytest.raises(UserError, match="it cannot be read") as refused:
        read_tree(tmp_path / "x.nc")
    assert "loss does not hold numbers" in str(refused.value.__cause__)
