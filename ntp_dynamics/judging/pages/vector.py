"""The figure as a drawing inside of a page: its colours follow the page, light or dark."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.judging.pages.picture import figure, saved
from ntp_dynamics.verdict.palette import BLACK, BLUE, ORANGE, PINK, RED, SKY

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from ntp_dynamics.judging.judged import Judged

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
COLOURS = {
    BLACK: "var(--ink)",
    "#ffffff": "var(--panel)",
    BLUE: "var(--blue)",
    RED: "var(--red)",
    ORANGE: "var(--orange)",
    PINK: "var(--pink)",
    SKY: "var(--sky)",
    "#e6e6e6": "var(--zone)",  # 0.9
    "#cccccc": "var(--line)",  # 0.8
    "#b0b0b0": "var(--line)",  # of the grid
    "#666666": "var(--soft)",  # 0.4
}
"""Of a figure, and of a page."""
LONG = re.compile(r"-?\d+\.\d{3,}")
"""Numbers of a path with more digits than a screen shows."""
DOTS = 72
"""Of an inch, as matplotlib writes SVG."""


def inline(judged: Judged, size: tuple[float, float], prefix: str) -> str:
    """The figure of so many inches as an <svg> element.

    ``prefix``: of its names, so that several stand on one page.  ``data-axes`` tells where its
    panels lie and what their clock is, so that a script can read values off it.
    """
    from matplotlib import rc_context

    with own_style(), rc_context({"svg.fonttype": "none"}):
        made = figure(judged, size, titled=False)
        made.patch.set_visible(False)
        root = ElementTree.fromstring(saved(made, "svg"))
        panels = [_panel(ax, size) for ax in made.axes]
    for parent in list(root.iter()):
        for child in [x for x in parent if x.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style")]:
            parent.remove(child)
    for element in root.iter():
        _fit(element, prefix)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.set("aria-hidden", "true")  # the page says in words what it shows
    root.set("data-axes", json.dumps(panels))
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", LINK)
    return ElementTree.tostring(root, encoding="unicode")


def _panel(ax: Axes, size: tuple[float, float]) -> dict[str, Any]:
    """Where a panel lies in the drawing, from its upper left corner, and its clock."""
    box = ax.get_position()
    wide, high = (DOTS * x for x in size)
    first, last = map(float, ax.get_xlim())
    return {
        "x": [round(box.x0 * wide, 2), round(box.x1 * wide, 2)],
        "y": [round((1 - box.y1) * high, 2), round((1 - box.y0) * high, 2)],
        "t": [first, last],
        "log": ax.get_xscale() == "log",
    }


def _fit(element: ElementTree.Element, prefix: str) -> None:
    """Names of elements and where they are meant, colours, and shorter paths."""
    for key, value in element.attrib.items():
        if key == "id":
            element.set(key, prefix + value)
        elif key == f"{{{LINK}}}href":
            element.set(key, value.replace("#", f"#{prefix}", 1))
        elif key == "d":
            element.set(key, LONG.sub(lambda number: f"{float(number[0]):.5g}", value))
        elif key in ("style", "clip-path"):
            element.set(key, _styled(value.replace("url(#", f"url(#{prefix}")))


def _styled(style: str) -> str:
    """A style with the colours of the page; its fonts are those of the page as well."""
    for ours, theirs in COLOURS.items():
        style = style.replace(ours.lower(), theirs)
    parts = [part.strip() for part in style.split(";")]
    return "; ".join(part for part in parts if part and not part.startswith("font-family"))
