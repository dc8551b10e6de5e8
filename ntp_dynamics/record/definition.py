"""What a netCDF4 file says before its numbers: groups, dimensions, variables, attributes.

Files of equal definitions differ in their numbers and in the checksums of these alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import xarray

Attributes = tuple[tuple[str, str, Any], ...]
"""Name, type and value: 1 and 1.0 are equal, and are stored otherwise."""


class DefinedVariable(NamedTuple):
    """A variable without its numbers."""

    name: str
    dtype: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    attributes: Attributes


class DefinedGroup(NamedTuple):
    """A group by its path, with the dimensions that none above it has."""

    path: str
    sizes: tuple[tuple[str, int], ...]
    attributes: Attributes
    variables: tuple[DefinedVariable, ...]


class Definition(NamedTuple):
    """Groups, each after the one it lies in, and the values of all their variables in order."""

    groups: tuple[DefinedGroup, ...]
    values: list[np.ndarray]

    @property
    def nbytes(self) -> int:
        """Of the values."""
        return sum(x.nbytes for x in self.values)

    @property
    def texts(self) -> list[str]:
        """What the root says in words, which may be of one file alone (its seed, say)."""
        return [x for _, kind, x in self.groups[0].attributes if _is_text(kind, x)]

    @property
    def shape(self) -> tuple[DefinedGroup, ...]:
        """The groups, with the length of each such text in its place."""
        root, *others = self.groups
        said = ((n, k, len(x) if _is_text(k, x) else x) for n, k, x in root.attributes)
        return (root._replace(attributes=tuple(said)), *others)

    def with_texts(self, texts: Sequence[str]) -> tuple[DefinedGroup, ...]:
        """The groups, with other texts in the root."""
        root, given = self.groups[0], iter(texts)
        said = ((n, k, next(given) if _is_text(k, x) else x) for n, k, x in root.attributes)
        return (root._replace(attributes=tuple(said)), *self.groups[1:])


def definition(tree: xarray.DataTree) -> Definition:
    """That of a tree of integers and floats."""
    values: list[np.ndarray] = []
    return Definition(tuple(_defined(tree, {}, values)), values)


def _is_text(kind: str, value: Any) -> bool:
    return kind == "str" and value.isascii() and value != ""


def attributes_of(defined: Attributes) -> dict[str, Any]:
    """As they were given."""
    return {name: value for name, _, value in defined}


def _defined(
    node: xarray.DataTree, above: Mapping[str, int], values: list[np.ndarray]
) -> Iterator[DefinedGroup]:
    """A group and those below it; ``above`` are the dimensions it inherits."""
    data = node.to_dataset(inherit=False)
    beside = sorted(str(name) for name in data.coords if name not in data.dims)
    own = {str(name): size for name, size in data.sizes.items() if above.get(str(name)) != size}
    variables = []
    for key, variable in data.variables.items():
        name, dims = str(key), tuple(map(str, variable.dims))
        said = dict(variable.attrs)
        mine = [c for c in beside if {*data[c].dims} <= {*variable.dims}]
        if mine and key in data.data_vars:
            said["coordinates"] = " ".join(mine)
        array = variable.values
        variables.append(DefinedVariable(name, array.dtype.str, dims, array.shape, _frozen(said)))
        values.append(array)
    yield DefinedGroup(node.path, tuple(own.items()), _frozen(data.attrs), tuple(variables))
    for child in node.children.values():
        yield from _defined(child, {**above, **own}, values)


def _frozen(attributes: Mapping[Any, Any]) -> Attributes:
    return tuple((str(name), type(x).__name__, x) for name, x in attributes.items())
