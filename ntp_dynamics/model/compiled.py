"""Machine code of the fused kernels, kept between processes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from ntp_dynamics.model.simd import INLINE

INLINED = ("simd", "simd_math", "tally", "measure", "walk", "dense")
DIGEST = hashlib.sha256(
    b"".join(Path(__file__).with_name(f"{name}.py").read_bytes() for name in INLINED)
).hexdigest()[:8]
"""Of the files whose functions are inlined into kernels."""


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code that runs without Python's lock.

    Numba keeps it beside this file, else in the user's cache folder, or in NUMBA_CACHE_DIR; where
    none of them can be written each process compiles anew.  Its cache watches the file of the
    function but not those of what is inlined: a name with their digest does.
    """
    function.__qualname__ += f"_{DIGEST}"
    settings: dict[str, Any] = {**INLINE, "forceinline": False, "nogil": True}
    try:
        return njit(cache=True, **settings)(function)
    except RuntimeError:  # no place for a cache
        return njit(**settings)(function)
