"""Figures: a grid of drawings, saved as PNG for the screen and PDF for a paper.

Readable in a talk and in a two-column paper; line styles tell the same things apart in grey as
colours do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Protocol

from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.draw.lettering import letter, one_line
from ntp_dynamics.draw.ticks import read_plainly
from ntp_dynamics.record.atomic import write_atomically

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


DPI = 160


class Drawing(Protocol):
    """Something that draws itself on axes."""

    def draw(self, ax: Axes) -> None: ...


@dataclass(frozen=True)
class Sheet:
    """One figure to be drawn: its name, what is on it, the size of a cell in inches, a title."""

    name: str
    drawings: Callable[[], Sequence[Drawing]]
    size: tuple[float, float] = (4.0, 3.1)
    title: str = ""


def draw_sheets(sheets: Iterable[Sheet], folder: Path) -> list[str]:
    """Draw each as ``folder``/name.png and .pdf; a sheet with nothing on it leaves no file.

    Returns a line for every reason why some could not be drawn: no figure costs anything else.
    """
    failed: dict[str, list[str]] = {}
    for sheet in sheets:
        try:
            save_grid(sheet.drawings(), folder / sheet.name, size=sheet.size, title=sheet.title)
        except Exception as error:
            first = (str(error).splitlines() or [""])[0]
            reason = one_line(f"{type(error).__name__}: {first}", 160)
            failed.setdefault(reason, []).append(sheet.name)
    return [f"figures not drawn ({reason}): {', '.join(names)}" for reason, names in failed.items()]


def save_grid(
    drawings: Sequence[Drawing],
    stem: Path,
    columns: int = 3,
    size: tuple[float, float] = (4.0, 3.1),
    title: str = "",
) -> list[Path]:
    """Draw on a grid of cells of ``size`` inches; writes ``stem``.png and .pdf, returns both.

    Nothing is written where there is nothing to draw.
    """
    if not drawings:
        return []
    paths = [stem.with_name(stem.name + suffix) for suffix in (".png", ".pdf")]
    stem.parent.mkdir(exist_ok=True)
    with own_style():
        figure = grid(drawings, columns, size, title)
        _place(figure)
        for path in paths:
            write_atomically(path, lambda p, kind=path.suffix[1:]: _write(figure, p, kind))
    return paths


def _place(figure: Figure) -> None:
    """Let everything find its place once; matplotlib would draw twice for each file to see."""
    engine = figure.get_layout_engine()
    if engine is not None:
        engine.execute(figure)
        figure.set_layout_engine(None)


def _write(figure: Figure, path: Path, kind: str) -> None:
    """matplotlib is given an open file: its own it leaves open where Ctrl-C comes."""
    metadata = {"CreationDate": None} if kind == "pdf" else {}  # equal jobs give equal files
    with path.open("wb") as file:
        figure.savefig(file, format=kind, dpi=DPI, metadata=metadata)


def grid(
    drawings: Sequence[Drawing], columns: int, size: tuple[float, float], title: str = ""
) -> Figure:
    """The figure of a grid, to be made and used inside of `own_style`."""
    from matplotlib.figure import Figure

    columns = min(columns, len(drawings))
    rows = -(-len(drawings) // columns)
    inches = size[0] * columns, size[1] * rows
    figure = Figure(figsize=inches, dpi=DPI, layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).flat)
    for i, (drawing, ax) in enumerate(zip(drawings, axes, strict=False)):
        drawing.draw(ax)
        if len(drawings) > 1:
            ax.set_title(f"({ascii_lowercase[i % 26]}) {ax.get_title(loc='left')}", loc="left")
    if title:
        figure.suptitle(one_line(title, 100), fontsize=10)
    for ax in axes[len(drawings) :]:
        ax.set_axis_off()
    read_plainly(figure)
    letter(figure)
    return figure
