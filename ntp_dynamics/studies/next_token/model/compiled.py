"""Machine code of the fused kernels, kept between processes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba import njit

import ntp_dynamics.system.compiled  # noqa: F401 - says that kernels are being compiled
from ntp_dynamics.studies.next_token.model.simd import INLINE_MAKING
from ntp_dynamics.system import counter
from ntp_dynamics.system.parts import WHOLE


def digest_of(directory: Path) -> str:
    """A digest of the files whose functions are inlined into kernels, and of how."""
    texts = [path.read_bytes() for path in sorted(directory.glob("*.py"))]
    inlined = [text for text in texts if b"INLINE" in text]
    return hashlib.sha256(b"".join([*inlined, counter.DIGEST.encode()])).hexdigest()[:8]


DIGEST = digest_of(Path(__file__).parent)


def compiled(function: Callable[..., Any]) -> Any:
    """Machine code that runs without Python's lock.

    Numba keeps it beside this file, else in the user's cache folder, or in NUMBA_CACHE_DIR; where
    none of them can be written each process compiles anew.  Its cache watches the file of the
    function but not those of what is inlined: a name with their digest does.
    """
    function.__qualname__ += f"_{DIGEST}"
    settings: dict[str, Any] = {**INLINE_MAKING, **WHOLE, "nogil": True}
    try:
        return njit(cache=True, **settings)(function)
    except RuntimeError:  # no place for a cache
        return njit(**settings)(function)
