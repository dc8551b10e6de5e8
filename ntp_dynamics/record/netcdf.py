"""A tree of labelled numbers as a netCDF4 file and back; xarray reads and writes the same.

The file is defined first and filled then: xarray's own writer alternates between the two, a
variable at a time, and takes twice as long.  What is read is described first and sent then, a piece
at a time, so that whoever asked knows how much there will be (`record.apart`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ntp_dynamics.record.definition import DefinedGroup, Definition, attributes_of

if TYPE_CHECKING:
    import xarray
    from netCDF4 import Dataset, Variable

PIECE = 8 << 20
"""Bytes that are read at once, as far as the shape allows."""
MOST = 20_000
"""Variables and groups of a file; a record has some hundred."""
DEEPEST = 8


class Described(NamedTuple):
    """A variable that is to be read: the path of its group, its place there, what it holds."""

    group: str
    name: str
    dims: tuple[str, ...]
    dtype: str
    shape: tuple[int, ...]
    attrs: Mapping[str, Any]

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize


class Layout(NamedTuple):
    """Groups by path with their attributes and dimensions, and the variables that are read."""

    groups: Mapping[str, tuple[Mapping[str, Any], list[str]]]
    variables: list[Described]

    @property
    def size(self) -> int:
        """Bytes of all values."""
        return sum(variable.size for variable in self.variables)


def fill(file: Dataset, made: Definition) -> None:
    """Define a new file and fill it, with a checksum on every variable.

    Equal definitions and values give equal bytes.
    """
    variables = [variable for group in made.groups for variable in _define(file, group)]
    file.set_auto_maskandscale(False)
    for variable, values in zip(variables, made.values, strict=True):
        variable[...] = values


def check(group: Dataset) -> None:
    """Read all numbers of a group and those below it, one variable after another.  Raises what
    the library raises for a checksum that does not fit, and ValueError for what is no number."""
    for variable in group.variables.values():
        variable.set_auto_maskandscale(False)
        _check_numbers(variable)
        _ = variable[...]
    for child in group.groups.values():
        check(child)


def layout(file: Dataset, only: Iterable[str] = (), most: int | None = None) -> Layout:
    """What a file holds, read of its definitions alone.  With ``only`` the variables of the first
    of these groups that there is, of at most so many dimensions.

    Raises ValueError where it holds something else than numbers, or more than a record.
    """
    every = dict(_walk(file, 0))
    found = next((f"/{name}" for name in only if f"/{name}" in every), "")
    chosen = [found] if only else [*every]
    variables = [
        _described(path, variable)
        for path in chosen if path in every
        for variable in every[path].variables.values()
        if most is None or variable.ndim <= most
    ]  # fmt: skip
    if len(every) + len(variables) > MOST:
        raise ValueError("it holds more variables than a record")
    groups = {path: (_attributes(group), [*group.dimensions]) for path, group in every.items()}
    return Layout(groups, variables)


def pieces(variable: Variable) -> Iterator[np.ndarray]:
    """The values of a variable in order, a piece at a time.  Raises as the library does."""
    variable.set_auto_maskandscale(False)
    yield from _pieces(variable, (), variable.shape)


def tree_of(read: Layout, values: Iterable[np.ndarray]) -> xarray.DataTree:
    """The tree of a file from what was read of it."""
    import xarray

    held: dict[str, dict[str, Any]] = {path: {} for path in read.groups}
    labels = {path: {*dims} for path, (_, dims) in read.groups.items()}
    for told, array in zip(read.variables, values, strict=True):
        attributes = dict(told.attrs)
        attributes.pop("_FillValue", None)
        labels[told.group].update(str(attributes.pop("coordinates", "")).split())
        held[told.group][told.name] = told.dims, array, attributes
    return xarray.DataTree.from_dict(
        {
            path: xarray.Dataset(
                {name: each for name, each in held[path].items() if name not in labels[path]},
                {name: each for name, each in held[path].items() if name in labels[path]},
                attributes,
            )
            for path, (attributes, _) in read.groups.items()
        }
    )


def _walk(group: Dataset, depth: int) -> Iterator[tuple[str, Dataset]]:
    """A group and those below it, by path."""
    if depth > DEEPEST:
        raise ValueError("it has more levels than a record")
    yield group.path, group
    for child in group.groups.values():
        yield from _walk(child, depth + 1)


def _described(path: str, variable: Variable) -> Described:
    _check_numbers(variable)
    dtype, shape = np.dtype(variable.dtype).str, tuple(map(int, variable.shape))
    return Described(path, variable.name, variable.dimensions, dtype, shape, _attributes(variable))


def _pieces(variable: Variable, index: tuple[int, ...], shape: tuple[int, ...]) -> Iterator[Any]:
    """Of what lies at the first axes ``index``, of this shape."""
    row = math.prod(shape[1:]) * variable.dtype.itemsize
    if not shape or not math.prod(shape):
        yield np.asarray(variable[(*index, ...)])
    elif row > PIECE:
        for i in range(shape[0]):
            yield from _pieces(variable, (*index, i), shape[1:])
    else:
        step = max(1, PIECE // row)
        for i in range(0, shape[0], step):
            yield np.asarray(variable[(*index, slice(i, i + step))])


def _attributes(holder: Dataset | Variable) -> dict[str, Any]:
    return {name: holder.getncattr(name) for name in holder.ncattrs()}


def _check_numbers(variable: Variable) -> None:
    """Raises ValueError."""
    if getattr(variable.dtype, "kind", None) not in ("f", "i", "u"):
        raise ValueError(f"{variable.name} does not hold numbers")


def _define(file: Dataset, told: DefinedGroup) -> Iterator[Variable]:
    """Dimensions, variables and attributes of a group, and the group itself."""
    group = file if told.path == "/" else file.createGroup(told.path)
    group.setncatts(attributes_of(told.attributes))
    for name, size in told.sizes:
        group.createDimension(name, size)
    for variable in told.variables:
        missing = np.nan if np.dtype(variable.dtype).kind == "f" else None
        made = group.createVariable(
            variable.name, variable.dtype, variable.dims, fletcher32=True, fill_value=missing
        )
        made.setncatts(attributes_of(variable.attributes))
        yield made
