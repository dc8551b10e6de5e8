"""What figures and pages show of this study: the same panels, painted and drawn.

What a view needs is imported when it is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ntp_dynamics.view import View

if TYPE_CHECKING:
    from ntp_dynamics.studies.score_matching.views.panel import Panel


def panels(tree: Any, run: int) -> Iterator[Panel]:
    """All that a record has something for, in the order in which they are shown."""
    from ntp_dynamics.studies.score_matching.views import losses, students

    for make in (
        losses.loss,
        losses.exponent,
        losses.compensated,
        students.fans,
        losses.shares,
        students.phase_map,
        students.collapse,
        students.thresholds,
        students.growth,
        students.score,
        students.landscape,
        losses.blindness,
    ):
        yield from make(tree, run)


def _students(record: Any, run: int) -> dict[str, Any] | None:
    """One run's panels as plain data; None where nothing can be shown."""
    found = [panel.to_json() for panel in panels(record.trajectory, run)]
    return {"panels": found} if found else None


DRAWN = (
    "descent/distance",
    "averaged/distance",
    "flow/distance",
    "averaged/level_share",
    "map/converged",
    "collapse/converged",
    "saddle/saddle_position",
    "saddle/saddle_loss",
    "batches/plain",
    "batches/importance",
)
JUDGED = ("saddle/saddle_gradient", "saddle/saddle_negative")
"""Of these the curve of a claim says all there is."""
VIEWS = (View("students", _students, Path(__file__).parent / "students.js", arrays=DRAWN + JUDGED),)
