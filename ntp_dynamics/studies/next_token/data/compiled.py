"""Machine code for loops over the tokens of large corpora, kept between processes.

Integers and plain floats only: it works wherever numba does, and as Python where
NUMBA_DISABLE_JIT switches numba off.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

from ntp_dynamics.system.parts import PART

SETTINGS: dict[str, Any] = {
    "nogil": True,
    "error_model": "numpy",
    "boundscheck": False,
    "no_cfunc_wrapper": True,
}
TEXTS = [path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))]
DIGEST = hashlib.sha256(b"".join(text for text in TEXTS if b"@inlined" in text)).hexdigest()[:8]
"""Of the files with parts of kernels: numba's cache watches that of the kernel alone."""


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code that runs without Python's lock; anew in each process where no cache folder can
    be written."""
    function.__qualname__ += f"_{DIGEST}"
    try:
        return njit(cache=True, **SETTINGS)(function)
    except RuntimeError:
        return njit(**SETTINGS)(function)


def inlined(function: Callable[..., Any]) -> Any:
    """A part of kernels."""
    return njit(**{**SETTINGS, **PART})(function)
