"""The figures of a job: one sheet, a panel or two a phase."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from ntp_dynamics.draw.sheets import Sheet
from ntp_dynamics.studies.attractor import panels
from ntp_dynamics.studies.attractor.painting import Painting
from ntp_dynamics.studies.attractor.plane import panels as plane

if TYPE_CHECKING:
    import xarray


def sheets(tree: xarray.DataTree, title: str) -> Iterator[Sheet]:
    """One sheet with the panels of every phase that was recorded."""
    found = [
        Painting(name, partial(paint, data=tree[stage].dataset, theory=_theory(tree)))
        for stage, name, paint in (*panels.PANELS, *plane.PANELS)
        if stage in tree
    ]
    if found:
        yield Sheet("network", lambda: found, size=(4.3, 3.4), title=title)


def _theory(tree: xarray.DataTree) -> Any:
    return tree["theory"].dataset if "theory" in tree else None
