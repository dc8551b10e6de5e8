"""The figure: what is drawn of each kind of law, and that equal judgements give equal files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics.curves.curve import Curve
from ntp_dynamics.draw.canvas import own_style
from ntp_dynamics.judging.pages.picture import SIZE, draw, drawn, figure
from ntp_dynamics.judging.pages.scene import MOST, SHAPE, STATED, scene
from ntp_dynamics.judging.pages.strokes import strokes
from ntp_dynamics.system.errors import UserError
from tests.judging.pages.made import STEPS, T, judged, kinds, powers, some_fail


@pytest.mark.parametrize("name", kinds())
def test_every_kind_of_judgement_is_drawn_without_a_warning(name: str) -> None:
    with own_style():
        axes = figure(kinds()[name], SIZE, titled=True).axes
    monotone = name in ("monotone", "rises")
    assert len(axes) == 1 if monotone else len(axes) == 2
    assert name == "zero" or all(np.isfinite(ax.get_ylim()).all() for ax in axes)


@pytest.mark.parametrize(
    ("kind", "head"), [("png", b"\x89PNG"), ("pdf", b"%PDF"), ("svg", b"<?xml")]
)
def test_equal_judgements_give_equal_files(tmp_path: Path, kind: str, head: bytes) -> None:
    draw(kinds()["kept"], tmp_path / f"a.{kind}")
    body = (tmp_path / f"a.{kind}").read_bytes()
    assert body.startswith(head)
    assert body == drawn(kinds()["kept"], kind)


def test_a_figure_of_another_kind_or_without_a_folder_is_a_mistake_in_one_line(
    tmp_path: Path,
) -> None:
    with pytest.raises(UserError, match=r"a.gif: a figure is png, pdf or svg"):
        draw(kinds()["kept"], tmp_path / "a.gif")
    with pytest.raises(UserError, match=r"a.png: no such file or directory; choose another"):
        draw(kinds()["kept"], tmp_path / "none" / "a.png")


def test_a_stated_bound_stands_where_it_was_stated() -> None:
    (line,) = scene(kinds()["broken"]).lines
    assert line.kind == STATED
    np.testing.assert_allclose(line.log_y, np.log(0.9) - 0.5 * np.log(T))


def test_both_sides_of_linear_growth_stand_where_they_were_stated() -> None:
    upper, lower = scene(kinds()["growth"]).lines
    np.testing.assert_allclose(np.exp([upper.log_y, lower.log_y]), [0.4 * T, 0.2 * T])


def test_a_law_without_a_constant_lies_on_the_curves_where_its_rate_was_measured() -> None:
    shown = scene(judged("O(t^-1)", 5 * powers(1, 1.0)))
    (line,) = shown.lines
    assert line.kind == SHAPE
    late = T > 1e4
    np.testing.assert_allclose(line.log_y[late], shown.log_y[0, late], atol=0.1)


def test_flat_below_means_as_fast_as_the_law_rising_slower() -> None:
    shown = scene(some_fail())
    assert shown.room is not None
    moved = shown.room[:, -1] - shown.room[:, 0]
    assert abs(moved[0]) < 0.2 < 3 < moved[3] < moved[11]


def test_some_exponential_is_divided_by_the_rate_that_was_measured() -> None:
    shown = scene(kinds()["some exponential"])
    assert shown.log_f is not None
    assert not shown.log_t
    np.testing.assert_allclose(shown.log_f[0], -0.05 * STEPS, rtol=1e-6)


def test_below_a_declared_floor_the_quotient_is_a_gap() -> None:
    y = np.maximum(np.exp(-0.1 * STEPS), 1e-7)[None]
    shown = scene(judged("O(exp(-c t))", y, STEPS, floor=1e-7))
    assert shown.room is not None
    assert (np.isfinite(shown.room[0]) == (y[0] > 1e-7 * (1 + 1e-6))).all()


def test_a_bound_that_was_logged_is_divided_by_run_by_run() -> None:
    y = powers(2, 1.0)
    one = judged("O(t^-1)", y)
    bounds = {"limit": np.stack([2 / T, 3 / T])}
    from ntp_dynamics.judging.judged import hold
    from ntp_dynamics.judging.statement import Statement

    one = hold(Statement("y <= column limit"), Curve(T, y, bounds=bounds), settles=False)
    room = scene(one).room
    np.testing.assert_allclose(room, np.log(y / bounds["limit"]))


def test_failing_runs_are_named_the_worst_first_and_the_others_counted() -> None:
    found = list(strokes(some_fail()))
    assert [x.label for x in found] == [
        "kept: 18 runs",
        "contradicted: seed_11",
        "contradicted: seed_3",
    ]
    assert found[1].line != found[2].line
    assert sorted(run for x in found for run in x.runs) == list(range(20))


def test_of_many_failing_runs_three_are_named() -> None:
    found = list(strokes(judged("y <= 0.5 t^-1", powers(9, 1.0))))
    assert [len(x.runs) for x in found] == [6, 1, 1, 1]
    assert found[0].label == "6 more that fail"


def test_of_very_many_runs_the_range_is_drawn_and_every_failing_one() -> None:
    one = some_fail(200)
    with own_style():
        ax = figure(one, SIZE, titled=False).axes[0]
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert words[:3] == [
        "kept: 198 runs, their range",
        "contradicted: seed_11",
        "contradicted: seed_3",
    ]
    assert len(drawn(one, "svg")) < 300_000


def test_a_long_curve_is_thinned_and_keeps_its_peaks() -> None:
    t = np.arange(1.0, 50_001.0)
    y = np.ones((3, t.size)) / t
    y[1, 30_000] = 7.0
    y[2, 20_000] = 1e-9
    shown = scene(judged("O(t^-1)", y, t))
    assert shown.t.size <= MOST
    assert {t[0], t[30_000], t[20_000], t[-1]} <= set(shown.t)
    assert np.nanmax(shown.log_y[1]) == pytest.approx(np.log(7.0))
    assert np.nanmin(shown.log_y[2]) == pytest.approx(np.log(1e-9))


def test_what_was_declared_stands_below_the_figure() -> None:
    one = kinds()["vacuous"]
    one = replace(one, statement=replace(one.statement, transient=False))
    with own_style():
        made = figure(one, SIZE, titled=True)
        written = " ".join(text.get_text() for text in made.texts).replace("\n", " ")
        written += made.get_supxlabel().replace("\n", " ")
        words = [t.get_text() for t in made.axes[0].get_legend().get_texts()]
    assert "largest possible value 1" in written
    assert "no transient" in written
    assert "the bound (above)" in words
