"""What a figure says, in letters that can be drawn.

Names of tokens, files and observables are anybody's.  What cannot be seen is spelled as Python
spells it, a character that the usual font lacks comes from another one on this machine, and where
none has it stands an empty box.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

USUAL = "DejaVu Sans"
BOX = "\N{WHITE SQUARE}"
JOINERS = "\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
OURS = ("cm", "STIX", "Last Resort", "DejaVu")
"""Families that come with matplotlib: for formulas, or with a box for every character there is."""
BITMAPS = ("Apple Color Emoji",)
"""Families of pictures that claim to be outlines."""


def one_line(text: str, most: int = 60) -> str:
    """Text on one line of at most ``most`` columns, the middle left out if there is more."""
    letters = [_spelled(c) for c in text]
    if sum(map(_columns, letters)) <= most:
        return "".join(letters)
    head = list(_fitting(letters, 2 * most // 3))
    tail = list(_fitting(reversed(letters), most - 1 - 2 * most // 3))
    return "".join([*head, "…", *reversed(tail)])


def letter(figure: Figure) -> None:
    """Give every text of a figure fonts that have its characters."""
    from matplotlib.text import Text

    for ax in figure.axes:
        _letter_ticks(ax.xaxis)
        _letter_ticks(ax.yaxis)
    for text in figure.findobj(Text):
        if isinstance(text, Text) and not text.get_parse_math():
            text.set_text(_lettered(text))


def _letter_ticks(axis: Axis) -> None:
    """Names of ticks are kept by the axis, which writes them anew at every drawing."""
    from matplotlib.ticker import FixedLocator

    said = axis.get_ticklabels()  # also fills in what the ticks say
    if isinstance(axis.get_major_locator(), FixedLocator):
        written = [_lettered(text) for text in said]
        if written != [text.get_text() for text in said]:
            axis.set_ticklabels(written)


def _lettered(text: Text) -> str:
    """What can be written of a text, whose fonts are set."""
    written, families = [], dict.fromkeys([USUAL])
    for c in text.get_text():
        for x in c if c == "\n" else _spelled(c):
            family = USUAL if x == "\n" else family_with(x, text.get_fontweight())
            families.setdefault(family or USUAL)
            written.append(x if family else BOX)
    if len(families) > 1:
        text.set_fontfamily(list(families))
    return "".join(written)


@lru_cache(maxsize=10_000)
def family_with(character: str, weight: str | int = "normal") -> str | None:
    """The family of a font on this machine that has a character, preferably the usual one."""
    from matplotlib.font_manager import FontProperties, fontManager, get_font

    for name in (USUAL, *_families()):
        properties = FontProperties(family=[name], weight=weight)
        try:
            font = get_font(fontManager.findfont(properties, fallback_to_default=False))
        except (ValueError, OSError, RuntimeError):  # not found, not readable, not a font
            continue
        if font.scalable and font.get_char_index(ord(character)):
            return name
    return None


def _families() -> list[str]:
    """Families of this machine, those without serifs first."""
    from matplotlib.font_manager import fontManager

    names = {font.name for font in fontManager.ttflist}
    usable = [name for name in names if not name.startswith((*OURS, *BITMAPS))]
    return sorted(usable, key=lambda name: ("sans" not in name.lower(), name))


def _spelled(c: str) -> str:
    return c if c.isprintable() or c in JOINERS else c.encode("unicode_escape").decode()


def _columns(letters: str) -> int:
    return sum(2 if east_asian_width(c) in "WF" else 1 for c in letters)


def _fitting(letters: Iterable[str], room: int) -> Iterator[str]:
    for x in letters:
        room -= _columns(x)
        if room < 0:
            return
        yield x
