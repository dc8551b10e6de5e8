"""How the functions of the kernels are compiled."""

from __future__ import annotations

from typing import Any

from ntp_dynamics.system.compiled import compiled as with_settings
from ntp_dynamics.system.parts import PART

INLINE: dict[str, Any] = {**PART, "error_model": "numpy"}
"""Those that become part of a kernel."""

compiled = with_settings(error_model="numpy", nogil=True)
"""A kernel, without Python's lock."""
