"""The periods of a torus, by name."""

from __future__ import annotations

from enum import StrEnum


class Lattice(StrEnum):
    """Of the periods of a torus."""

    square = "square"
    hexagonal = "hexagonal"
