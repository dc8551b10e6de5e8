"""The figure of a judgement: the curves with the law, and below them y divided by the law.

In the lower panel flat means as fast as the law, falling faster, and rising against it (for an
upper bound).  Everything is drawn in decades, because bounds leave the range of floats.
"""

from __future__ import annotations

import textwrap
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.draw.lettering import letter, one_line
from ntp_dynamics.draw.ticks import read_plainly
from ntp_dynamics.judging.pages.facts import Facts, facts, joined
from ntp_dynamics.judging.pages.panels import draw_curves, draw_quotient
from ntp_dynamics.judging.pages.scene import scene
from ntp_dynamics.record.atomic import write_atomically
from ntp_dynamics.system.errors import UserError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ntp_dynamics.judging.judged import Judged

KINDS = {".png": "png", ".pdf": "pdf", ".svg": "svg"}
SIZE = (6.6, 5.6)
DPI = 160
LETTERS_AN_INCH = 17
UNDATED = {
    "png": {"Software": "ntp-dynamics"},
    "pdf": {"CreationDate": None, "Creator": "ntp-dynamics", "Producer": "ntp-dynamics"},
    "svg": {"Date": None, "Creator": "ntp-dynamics"},
}
"""Equal judgements give equal files."""


def draw(judged: Judged, path: Path | str) -> None:
    """Write the figure as PNG, PDF or SVG, as the name ends.

    Raises UserError for another ending or a file that cannot be written.
    """
    path = Path(path)
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise UserError(path.name, "a figure is png, pdf or svg", "let its name end in .png")
    body = drawn(judged, kind)
    try:
        write_atomically(path, lambda p: p.write_bytes(body))
    except OSError as error:
        reason = (error.strerror or "it cannot be written").lower()
        raise UserError(path.name, reason, "choose another file") from error


def drawn(judged: Judged, kind: str) -> bytes:
    """The figure as a file of this kind."""
    with own_style():
        made = figure(judged, SIZE, titled=True)
        return saved(made, kind)


def saved(made: Figure, kind: str) -> bytes:
    """A figure as the bytes of a file; inside of `own_style`."""
    from matplotlib import rc_context

    body = BytesIO()
    with rc_context({"svg.hashsalt": "ntp"}):
        made.savefig(body, format=kind, dpi=DPI, metadata=UNDATED[kind])
    return body.getvalue()


def figure(judged: Judged, size: tuple[float, float], *, titled: bool) -> Figure:
    """The figure of so many inches, to be made and saved inside of `own_style`.

    ``titled``: with the statement, the verdict and what was declared; a page says them itself.
    """
    from matplotlib.figure import Figure

    told, shown = facts(judged), scene(judged)
    made = Figure(figsize=size, dpi=DPI, layout="constrained")
    below = shown.log_f is not None
    axes = made.subplots(
        2 if below else 1, 1, sharex=True, squeeze=False, height_ratios=[2, 1][: 1 + below]
    )
    upper, last = axes[0, 0], axes[-1, 0]
    draw_curves(upper, judged, shown)
    if below:
        draw_quotient(last, judged, shown)
    unit = judged.statement.unit
    last.set_xlabel(one_line(judged.curve.clock + (f" ({unit})" if unit else ""), 60))
    if titled:
        _titles(made, upper, told)
    read_plainly(made)
    letter(made)
    return made


def _titles(made: Figure, ax: Axes, told: Facts) -> None:
    wide = int(made.get_figwidth() * LETTERS_AN_INCH)
    label = told.label
    ax.set_title(one_line(told.law, wide - 22), loc="left", fontweight="bold", pad=8)
    box = {"facecolor": label.colour, "edgecolor": "none", "boxstyle": "round,pad=0.35"}
    ax.set_title(str(label), loc="right", color=label.ink, bbox=box, fontsize=9, pad=8)
    said = [told.sentence]
    if told.declared:
        said.append(f"Declared: {joined(told.declared)}.")
    lines = [line for part in said for line in textwrap.wrap(part, wide)]
    if len(lines) > 6:
        lines = [*lines[:6], "…"]
    made.supxlabel("\n".join(lines), x=0.012, ha="left", fontsize=7.5)
