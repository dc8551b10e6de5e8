"""How the functions of the kernels are compiled."""

from __future__ import annotations

from typing import Any

from ntp_dynamics.system.compiled import compiled as with_settings

INLINE: dict[str, Any] = {"forceinline": True, "error_model": "numpy", "no_cpython_wrapper": True}
"""Those that become part of a kernel."""

compiled = with_settings(error_model="numpy", nogil=True)
"""A kernel, without Python's lock."""
