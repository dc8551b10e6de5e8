"""Panels say what they should: what is drawn, marked, labelled, and nothing that is not there."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ntp_dynamics.draw import runs
from ntp_dynamics.draw.linear import LinearPanel
from ntp_dynamics.draw.panel import LEAST_SPAN, Curve, Panel, Shadow

MEASURED = "measured, median of 2 runs"
T = np.array([1.0, 10.0, 100.0, 1000.0])


@pytest.fixture
def ax() -> Axes:
    return Figure().subplots()


def legend(ax: Axes) -> list[str]:
    found = ax.get_legend()
    return [] if found is None else [text.get_text() for text in found.get_texts()]


def panel(**options) -> Panel:
    log_y = np.stack([-2 * np.log(T), 1 - 2 * np.log(T)])
    return Panel("gap", T, log_y, **options)


def each(collection) -> list[np.ndarray]:
    """The values of every line of a collection."""
    return [path.vertices[:, 1] for path in collection.get_paths()]


def test_a_panel_draws_every_run_and_their_median_in_decades(ax: Axes) -> None:
    panel().draw(ax)
    one, two = each(ax.collections[0])
    (median,) = (line.get_ydata() for line in ax.lines)
    np.testing.assert_allclose(one, [0, -2, -4, -6], atol=1e-12)
    np.testing.assert_allclose(median, (one + two) / 2)
    assert ax.get_xscale() == "log"
    low, high = ax.get_ylim()
    assert low < -6
    assert high > 1 / np.log(10)  # the runs are inside, not only their median


def test_proved_and_derived_curves_differ_in_style_and_each_label_stands_once(ax: Axes) -> None:
    curves = [Curve("bound", np.zeros(4), "proved"), Curve("law", np.ones(4), "derived")]
    panel(curves=[*curves, Curve("bound", np.ones(4), "proved")]).draw(ax)
    assert legend(ax) == [MEASURED, "bound", "law"]
    assert ax.lines[1].get_linestyle() != ax.lines[2].get_linestyle()


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
    (one, two), grey = (each(lines) for lines in ax.collections)
    (median,) = (line.get_ydata() for line in ax.lines)
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
    measured, shadow = ax.lines
    assert shadow.get_zorder() < measured.get_zorder()
    assert ax.collections[1].get_zorder() < ax.collections[0].get_zorder()


def test_values_that_are_no_numbers_leave_a_gap_and_a_lone_one_is_a_point(ax: Axes) -> None:
    log_y = np.array([[0.0, -np.inf, -1.0, -3.0]])
    Panel("gap", T, log_y).draw(ax)
    (line,) = ax.lines
    np.testing.assert_array_equal(np.isnan(line.get_ydata()), [False, True, False, False])
    assert (line.get_marker(), line.get_markevery()) == ("o", [0])


@pytest.mark.parametrize("nothing", [np.nan, -np.inf, np.inf])
def test_where_there_is_no_value_nothing_is_named(nothing: float, ax: Axes) -> None:
    empty = np.full((2, 4), nothing)
    Panel("gap", T, empty, [Curve("bound", empty[0], "proved")], log_floor=-5.0).draw(ax)
    assert legend(ax) == []
    assert [text.get_text() for text in ax.texts] == ["no value here"]
    other = Figure().subplots()
    LinearPanel("gap", T, empty).draw(other)
    assert legend(other) == []


def test_a_curve_that_begins_after_the_horizon_is_not_in_the_legend(ax: Axes) -> None:
    panel(curves=[Curve("law", np.full(4, np.nan), "derived")]).draw(ax)
    assert legend(ax) == [MEASURED]


def test_a_constant_curve_has_an_axis_whose_ticks_differ(ax: Axes) -> None:
    Panel("loss", T, np.full((3, 4), np.log(20)) + 1e-12 * np.arange(4)).draw(ax)
    low, high = ax.get_ylim()
    assert high - low >= LEAST_SPAN * 0.999
    ticks = [label.get_text() for label in ax.get_yticklabels()]
    assert len(ticks) == len({*ticks}) > 1


def test_many_runs_are_a_band_from_the_least_to_the_largest(ax: Axes) -> None:
    count = runs.MOST_LINES + 1
    log_y = np.linspace(0, 1, count)[:, None] - np.log(T)
    log_y[7, 2] = np.nan
    trusted = np.ones(log_y.shape, dtype=bool)
    trusted[3, 2:] = False
    Panel("gap", T, log_y, trusted=trusted).draw(ax)
    assert legend(ax) == [f"measured, median of {count} runs", "all 401 runs", "invalid: rounding"]
    high = ax.collections[0].get_paths()[0].vertices[:, 1].max()
    assert high == pytest.approx(1 / np.log(10))


def test_one_recorded_step_is_a_point_on_readable_axes(ax: Axes) -> None:
    Panel("gap", np.array([1.0]), np.array([[-3.0], [-2.0]])).draw(ax)
    assert ax.lines[0].get_marker() == "o"
    linear = Figure().subplots()
    LinearPanel("gap", np.array([0.0]), np.array([[1.0]])).draw(linear)
    assert linear.get_xlim() == (0, 1)
