"""A tree of labelled numbers as a netCDF4 file and back; xarray reads and writes the same.

The file is defined first and filled then: xarray's own writer alternates between the two, a
variable at a time, and takes twice as long.  Its own reader leaves files open until the garbage
collector comes by, in whatever thread that is, and HDF5 does not bear that; here whoever opened a
file closes it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import xarray
    from netCDF4 import Dataset, Variable


def write_tree(file: Dataset, tree: xarray.DataTree) -> None:
    """Fill a new file with a tree of integers and floats, with a checksum on every variable.

    Equal trees give equal bytes.
    """
    defined = list(_define(file, tree))
    file.set_auto_maskandscale(False)
    for variable, values in defined:
        variable[...] = values


def read_tree(file: Dataset) -> xarray.DataTree:
    """All groups of a file, in memory.  Raises ValueError where it does not hold numbers only."""
    import xarray

    file.set_auto_maskandscale(False)
    return xarray.DataTree.from_dict(dict(_groups(file)))


def check(group: Dataset) -> None:
    """Read all numbers of a group and those below it, one variable after another.  Raises what
    the library raises for a checksum that does not fit, and ValueError as `read_tree`."""
    for variable in group.variables.values():
        variable.set_auto_maskandscale(False)
        _numbers(variable)
    for child in group.groups.values():
        check(child)


def _groups(group: Dataset) -> Iterator[tuple[str, xarray.Dataset]]:
    """A group and those below it, by path."""
    import xarray

    labels, variables = {*group.dimensions}, {}
    for name, variable in group.variables.items():
        attributes = _attributes(variable)
        attributes.pop("_FillValue", None)
        labels.update(str(attributes.pop("coordinates", "")).split())
        variables[name] = variable.dimensions, _numbers(variable), attributes
    data = xarray.Dataset(
        {name: variable for name, variable in variables.items() if name not in labels},
        {name: variable for name, variable in variables.items() if name in labels},
        _attributes(group),
    )
    yield group.path, data
    for child in group.groups.values():
        yield from _groups(child)


def _attributes(holder: Dataset | Variable) -> dict[str, Any]:
    return {name: holder.getncattr(name) for name in holder.ncattrs()}


def _numbers(variable: Variable) -> np.ndarray:
    """The values, floats with nan where nothing was recorded.  Raises ValueError."""
    if getattr(variable.dtype, "kind", None) not in ("f", "i", "u"):
        raise ValueError(f"{variable.name} does not hold numbers")
    return np.asarray(variable[...])


def _define(group: Dataset, node: xarray.DataTree) -> Iterator[tuple[Variable, np.ndarray]]:
    """Dimensions, variables and attributes of a group and those below it; each variable with the
    values it is for."""
    data = node.to_dataset(inherit=False)
    beside = sorted(str(name) for name in data.coords if name not in data.dims)
    group.setncatts(data.attrs)
    for name, size in data.sizes.items():
        if _size_above(group, str(name)) != size:
            group.createDimension(str(name), size)
    for name, variable in data.variables.items():
        missing = np.nan if variable.dtype.kind == "f" else None
        axes = [str(dim) for dim in variable.dims]
        made = group.createVariable(
            str(name), variable.dtype, axes, fletcher32=True, fill_value=missing
        )
        made.setncatts(variable.attrs)
        mine = [c for c in beside if {*data[c].dims} <= {*variable.dims}]
        if mine and name in data.data_vars:
            made.setncattr("coordinates", " ".join(mine))
        yield made, variable.values
    for name, child in node.children.items():
        yield from _define(group.createGroup(name), child)


def _size_above(group: Dataset | None, name: str) -> int | None:
    """Length of a dimension as a group inherits it; None where it does not."""
    while group is not None:
        if name in group.dimensions:
            return len(group.dimensions[name])
        group = group.parent
    return None
