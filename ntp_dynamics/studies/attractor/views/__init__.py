"""What pages show of this study alone: the bump on its way, theory beside what was found.

What a view needs is imported when it is made.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ntp_dynamics.view import View


def _network(record: Any, run: int) -> Any:
    from ntp_dynamics.studies.attractor.views.network import network

    return network(record, run)


DRAWN = (
    "path/potential",
    "cue/potential",
    "sweep/speed",
    "sweep/tuning",
    "critical/u_peak",
    "spectrum/eigenvalues",
    "disorder/drift",
    "disorder/predicted",
    "pinning/pinning_rate",
    "torus_critical/u_peak",
    "torus_spectrum/eigenvalues",
)
JUDGED = (
    "rest/generator",
    "critical/survives",
    "sweep/gain",
    "disorder/field_error",
    "torus_critical/survives",
)
"""Of these the curve of a claim says all there is."""
SCRIPT = Path(__file__).parent / "network.js"
VIEWS = (View("network", _network, SCRIPT, arrays=DRAWN + JUDGED),)
