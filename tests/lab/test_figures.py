"""Figures say what they should: what is drawn, marked, labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntp_dynamics.lab.evolution import Evolution, Share
from ntp_dynamics.lab.figures import decade_label, decade_ticks, save_grid
from ntp_dynamics.lab.overview import MARKS, VerdictMap
from ntp_dynamics.lab.panel import Curve, Panel, Shadow

MEASURED = "measured, median of 2 runs"
T = np.array([1.0, 10.0, 100.0, 1000.0])


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def legend(ax: Axes) -> list[str]:
    found = ax.get_legend()
    assert found is not None
    return [text.get_text() for text in found.get_texts()]


def panel(**options) -> Panel:
    log_y = np.stack([-2 * np.log(T), 1 - 2 * np.log(T)])
    return Panel("gap", T, log_y, **options)


def test_a_panel_draws_every_run_and_their_median_in_decades(ax: Axes) -> None:
    panel().draw(ax)
    one, two, median = (line.get_ydata() for line in ax.lines)
    np.testing.assert_allclose(one, [0, -2, -4, -6], atol=1e-12)
    np.testing.assert_allclose(median, (one + two) / 2)
    assert ax.get_xscale() == "log"


def test_proved_and_derived_curves_differ_in_style_and_each_label_stands_once(ax: Axes) -> None:
    curves = [Curve("bound", np.zeros(4), "proved"), Curve("law", np.ones(4), "derived")]
    panel(curves=[*curves, Curve("bound", np.ones(4), "proved")]).draw(ax)
    assert legend(ax) == [MEASURED, "bound", "law"]
    assert ax.lines[3].get_linestyle() != ax.lines[4].get_linestyle()


def test_zones_are_drawn_only_where_the_axes_reach_them(ax: Axes) -> None:
    panel(log_floor=-40.0, log_ceiling=5.0).draw(ax)
    assert legend(ax) == [MEASURED]
    other = Figure().subplots()
    high = Curve("bound", np.full(4, 20.0), "proved")
    panel(log_floor=-5.0, log_ceiling=np.log(2), curves=[high], window=(100, 1000)).draw(other)
    zones = ["rounding", "impossible: above 2", "rate measured here"]
    assert legend(other) == [MEASURED, "bound", *zones]


def test_a_run_is_grey_from_where_it_does_not_count_and_the_median_leaves_it_out(ax: Axes) -> None:
    counts = np.array([[True] * 4, [True, True, False, False]])
    panel(trusted=counts).draw(ax)
    one, two, median, *grey = (line.get_ydata() for line in ax.lines)
    assert legend(ax) == [MEASURED, "invalid: rounding"]
    assert np.isnan(two[2:]).all()
    np.testing.assert_allclose(median[:2], (one + two)[:2] / 2)
    assert np.isnan(median[2:]).all()  # no majority of runs is left
    assert np.isnan(grey[0]).all()
    np.testing.assert_array_equal(np.isnan(grey[1]), [True, False, False, False])  # joined


def test_a_shadow_is_named_and_lies_below_what_was_measured(ax: Axes) -> None:
    other = Shadow("autograd", np.zeros((2, 4)), np.ones((2, 4), dtype=bool))
    panel(shadow=other).draw(ax)
    assert legend(ax) == [MEASURED, "autograd"]
    assert max(line.get_zorder() for line in ax.lines[3:6]) < ax.lines[0].get_zorder()


def test_values_that_are_no_numbers_leave_a_gap(ax: Axes) -> None:
    log_y = np.array([[0.0, -np.inf, np.nan, -3.0]])
    Panel("gap", T, log_y).draw(ax)
    assert np.isnan(ax.lines[0].get_ydata()[[1, 2]]).all()


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (-8.2, 0.3, ["$10^{-8}$", "$10^{-6}$", "$10^{-4}$", "0.01", "1"]),
        (-1210.0, 0.0, ["$10^{-1000}$", "$10^{-500}$", "1"]),
        (-0.01, 0.01, 6),
        (-0.6, 0.1, ["0.5", "1"]),
    ],
)
def test_ticks_are_powers_of_ten_and_finer_on_a_short_axis(low, high, ticks) -> None:
    found = [decade_label(tick) for tick in decade_ticks(low, high)]
    if isinstance(ticks, list):
        assert found == ticks
    else:
        assert 3 <= len(found) <= ticks + 1


def test_shares_are_named_at_their_ends_and_names_do_not_overlap(ax: Axes) -> None:
    shares = [
        Share("a", np.array([0.25, 0.5, 1.0, 1.0]), main=True),
        Share("b", np.array([0.25, 0.2, 0.0, 0.0])),
        Share("c", np.array([0.25, 0.2, 0.0, 0.0])),
        Share("d (query)", np.array([0.25, 0.1, 0.0, 0.0])),
    ]
    Evolution("a sentence", np.array([0.0, 1.0, 10.0, 100.0]), shares).draw(ax)
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c", "d (query)"]
    heights = sorted(text.xy[1] for text in ax.texts)  # type: ignore[attr-defined]
    assert min(np.diff(heights)) >= 0.0749
    assert ax.texts[0].get_fontweight() == "bold"


def test_a_verdict_map_has_a_letter_in_every_cell_that_has_a_verdict(ax: Axes) -> None:
    labels = [["holds", None], ["contradicted", "does not apply"]]
    VerdictMap(["one", "two"], ["seed=0", "seed=1"], labels).draw(ax)
    assert sorted(text.get_text() for text in ax.texts) == ["-", "X", "h"]
    assert len(legend(ax)) == 3
    assert len({letter for _, letter in MARKS.values()}) == len(MARKS)


def test_equal_figures_give_equal_pdf_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        paths = save_grid([panel(), panel()], tmp_path / name)
        assert [path.suffix for path in paths] == [".png", ".pdf"]
    assert (tmp_path / "a.pdf").read_bytes() == (tmp_path / "b.pdf").read_bytes()
