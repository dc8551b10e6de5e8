"""Names are drawn as they are written, in fonts that have their characters."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from unicodedata import east_asian_width

import matplotlib
import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib.font_manager import fontManager
from matplotlib.text import Text

from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.draw.evolution import Evolution, Share
from ntp_dynamics.draw.lettering import BOX, USUAL, family_with, one_line
from ntp_dynamics.draw.linear import LinearPanel
from ntp_dynamics.draw.overview import VerdictMap
from ntp_dynamics.draw.panel import Curve, Panel, Shadow
from ntp_dynamics.draw.sheets import Drawing, grid

T = np.array([1.0, 10.0, 100.0])
SYLLABLE = "\U00010600"
"""Of Linear A, which no font has that comes with matplotlib."""
FORMULA = r"$x$\_^{%&<#"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a b", "a b"),
        ("a\nb\t\x00\x1b[31m", r"a\nb\t\x00\x1b[31m"),
        ("\ud800", r"\ud800"),
        ("\u202eabc\u2028", r"\u202eabc\u2028"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("abcdefghijklmnop", "abcdefg…nop"),
        ("漢漢漢漢漢漢", "漢漢漢…漢"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_spelled_and_what_is_long_loses_its_middle(text, shown) -> None:
    most = 11 if shown.find("…") > 0 else 60
    assert one_line(text, most) == shown
    columns = sum(2 if east_asian_width(c) in "WF" else 1 for c in one_line(1000 * text, most))
    assert columns <= most


def drawings(name: str) -> list[Drawing]:
    """Every kind of drawing, with a name wherever a name can stand."""
    share = np.array([0.3, 0.5, 0.9])
    log_y = np.zeros((2, 3))
    other = Shadow(f"shadow {name}", log_y + 1, np.ones((2, 3), dtype=bool))
    curve = Curve(f"curve {name}", np.ones(3), "proved")
    return [
        Panel(f"panel {name}", T, log_y, [curve], shadow=other, caption=f"caption {name}"),
        LinearPanel(f"linear {name}", T, log_y),
        Evolution(f"title {name}", T, [Share(f"main {name}", share, True)], f"quantity {name}"),
        VerdictMap([f"claim {name}"], [f"job {name}"], [["holds"]], f"axis {name}"),
    ]


PLACES = ["panel", "linear", "title", "main", "quantity", "curve", "shadow", "caption"]
PLACES += ["claim", "job", "axis", "whole"]


def texts(name: str, kind: str) -> list[Text]:
    """All that is said by a figure with this name everywhere; it is drawn, too."""
    with own_style():
        figure = grid(drawings(name), 2, (5.0, 4.0), f"whole {name}")
        figure.savefig(BytesIO(), format=kind, dpi=50)
        return [text for text in figure.findobj(Text) if isinstance(text, Text)]


@pytest.fixture
def no_fonts() -> Iterator[None]:
    """A machine that has no other fonts than those of matplotlib."""
    with own_style():
        before = list(fontManager.ttflist)
    ours = str(Path(matplotlib.get_data_path()))
    fontManager.ttflist[:] = [font for font in before if str(font.fname).startswith(ours)]
    family_with.cache_clear()
    yield
    fontManager.ttflist[:] = before
    family_with.cache_clear()


@pytest.mark.usefixtures("no_fonts")
def test_no_name_is_a_formula_and_what_no_font_has_is_a_box_wherever_it_stands() -> None:
    said = [text for text in texts(FORMULA + SYLLABLE, "png") if FORMULA in text.get_text()]
    assert not any(text.get_parse_math() or text.get_usetex() for text in said)
    parts = " | ".join(text.get_text() for text in said)
    assert [place for place in PLACES if f"{place} {FORMULA}{BOX}" not in parts] == []


@pytest.mark.usefixtures("no_fonts")
def test_a_character_comes_from_a_font_of_this_machine_that_has_it(tmp_path: Path) -> None:
    fontManager.addfont(a_font(tmp_path / "minoan.ttf"))
    said = [text for text in texts(SYLLABLE, "pdf") if SYLLABLE in text.get_text()]
    assert len(said) >= len(PLACES)
    for text in said:
        assert text.get_fontfamily() == [USUAL, "A Minoan Sans"]


def a_font(path: Path) -> Path:
    """A font that has the one syllable and nothing else."""
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    pen.lineTo((500, 0))
    pen.lineTo((500, 700))
    pen.closePath()
    font = FontBuilder(1000, isTTF=True)
    font.setupGlyphOrder([".notdef", "A301"])
    font.setupCharacterMap({ord(SYLLABLE): "A301"})
    font.setupGlyf({".notdef": TTGlyphPen(None).glyph(), "A301": pen.glyph()})
    font.setupHorizontalMetrics({".notdef": (500, 0), "A301": (500, 0)})
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": "A Minoan Sans", "styleName": "Regular"})
    font.setupOS2(sTypoAscender=800)
    font.setupPost()
    font.save(path)
    return path


def test_our_own_titles_are_formulas() -> None:
    with own_style():
        one = Panel("$L_0$", T, np.zeros((1, 3)), formula=True)
        two = LinearPanel("$L_0$", T, np.zeros((1, 3)), formula=True)
        figure = grid([one, two], 2, (4.0, 3.0))
        said = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    titles = [text for text in said if "$L_0$" in text.get_text()]
    assert [text.get_text() for text in titles] == ["(a) $L_0$", "(b) $L_0$"]
    assert all(text.get_parse_math() for text in titles)
