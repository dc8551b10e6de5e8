"""Arrays that begin where a line of the cache does.

A vector of eight doubles is as long as such a line.  One that lies across two costs two readings:
a step of a small corpus takes 1.3 times as long, and numpy's own arrays begin anywhere.
"""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np

LINE = 64
"""Bytes."""
Arrays = TypeVar("Arrays", bound=tuple)


def aligned(arrays: Arrays) -> Arrays:
    """A named tuple with all its arrays, and those of named tuples in it, aligned."""
    kind: Any = type(arrays)
    return kind(*[_aligned(one) for one in arrays])


def _aligned(x: object) -> object:
    if isinstance(x, tuple):
        return aligned(x)
    if not isinstance(x, np.ndarray) or x.ctypes.data % LINE == 0:
        return x
    room = np.empty(x.nbytes + LINE, dtype=np.uint8)
    begin = -room.ctypes.data % LINE
    copy = room[begin : begin + x.nbytes].view(x.dtype).reshape(x.shape)
    copy[...] = x
    return copy
