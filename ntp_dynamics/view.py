"""What of a page only a study can make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class View:
    """A part of a page that only the study can make."""

    name: str
    """Of the script's entry in `ntp.views`, and of its page: small letters and underscores."""
    show: Callable[[Any, int], Any]
    """Of a record and a run: plain JSON, None where there is nothing to show.  With the entries
    `stage` and `checkpoints` (readings of that phase's clock) it is moved by the slider."""
    script: Path
    """The script that draws it."""
    page: bool = False
    """Whether it is a page of its own, linked from that of the job."""
    needs: tuple[Path, ...] = ()
    """Scripts and style sheets that stand before it."""
    arrays: tuple[str, ...] = ()
    """Observables that it draws, by name or ``phase/name``; the lab draws the other arrays."""
