"""What pages show of this study alone: runs beside theory, against rounds, queries or floats sent.

What a view needs is imported when it is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntp_dynamics.view import View


def _federation(record: Any, run: int) -> Any:
    from ntp_dynamics.studies.federated.views.federation import federation

    return federation(record, run)


DRAWN = (
    "scaled_distance",
    "collapse",
    "ratio_by_directions",
    "ms_radius",
    "ms_limit",
    "ms_limit_own",
    "delay_limit",
    "floor_of_smoothing",
    "noise_floor",
    "best_excess",
    "best_step_size",
)
SCRIPT = Path(__file__).parent / "federation.js"
VIEWS = (View("federation", _federation, SCRIPT, arrays=DRAWN),)
