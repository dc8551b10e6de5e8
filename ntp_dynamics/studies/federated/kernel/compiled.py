"""Machine code of the kernels, kept between processes.

Numba keeps it beside the file, else in the user's cache folder, or in NUMBA_CACHE_DIR; where none
of them can be written each process compiles anew.  Its cache watches the file of a function, but
not those of what is inlined: a name with their digest does.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

INLINE: dict[str, Any] = {"forceinline": True, "error_model": "numpy", "no_cpython_wrapper": True}
"""How functions are compiled that become part of a kernel."""
_TEXTS = b"".join(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py")))
DIGEST = hashlib.sha256(_TEXTS).hexdigest()[:8]


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code that runs without Python's lock."""
    function.__qualname__ += f"_{DIGEST}"
    settings: dict[str, Any] = {"error_model": "numpy", "nogil": True}
    try:
        return njit(cache=True, **settings)(function)
    except RuntimeError:  # no place for a cache
        return njit(**settings)(function)
