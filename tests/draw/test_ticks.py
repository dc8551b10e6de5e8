"""Ticks read as people write numbers."""

from __future__ import annotations

import re

import pytest
from matplotlib.figure import Figure

from ntp_dynamics.draw.ticks import TIMES, decade_label, decade_ticks, read_plainly


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (-8.2, 0.3, ["10⁻⁸", "10⁻⁶", "10⁻⁴", "0.01", "1"]),
        (-1210.0, 0.0, ["10⁻¹⁰⁰⁰", "10⁻⁵⁰⁰", "1"]),
        (-0.6, 0.1, ["0.5", "1"]),
        (-2.9, -1.8, ["0.002", "0.005", "0.01"]),
        (-7.2, -6.1, ["10⁻⁷", "2x10⁻⁷", "5x10⁻⁷"]),
        (2.5, 3.8, ["500", "1,000", "2,000", "5,000"]),
        (-400.3, -400.1, ["6x10⁻⁴⁰¹", "7x10⁻⁴⁰¹"]),
    ],
)
def test_ticks_are_powers_of_ten_and_finer_on_a_short_axis(low, high, ticks) -> None:
    said = [decade_label(tick).replace(TIMES, "x") for tick in decade_ticks(low, high)]
    assert said == ticks


@pytest.mark.parametrize("middle", [-401.3, -7.77, -2.301, -1e-3, 0.0, 3.9, 308.2])
@pytest.mark.parametrize("span", [0.02, 0.3, 1.4, 2.0, 30.0, 4000.0])
def test_an_axis_has_a_few_ticks_inside_it_that_differ_and_no_broken_power(middle, span) -> None:
    low, high = middle - span / 2, middle + span / 2
    found = decade_ticks(low, high)
    labels = [decade_label(tick) for tick in found]
    assert all(low <= tick <= high for tick in found)
    assert 1 <= len(found) <= 8
    assert len({*labels}) == len(labels)
    for label in labels:
        assert re.fullmatch(rf"[0-9,.]+|([0-9.]+{TIMES})?10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+", label), label


@pytest.mark.parametrize(
    ("scale", "limits", "labels"),
    [
        ("log", (0.8, 250), ["1", "10", "100"]),
        ("log", (1.5, 6), ["2", "5"]),
        ("symlog", (0, 2000), ["0", "1", "10", "100", "1,000"]),
        ("linear", (0, 5000), ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]),
        ("linear", (0, 8e6), ["0", "2,000,000", "4,000,000", "6,000,000", "8,000,000"]),
        (
            "linear",
            (-1.2e6, 0),
            [
                "\N{MINUS SIGN}1,200,000",
                "\N{MINUS SIGN}1,000,000",
                "\N{MINUS SIGN}800,000",
                "\N{MINUS SIGN}600,000",
                "\N{MINUS SIGN}400,000",
                "\N{MINUS SIGN}200,000",
                "0",
            ],
        ),
    ],
)
def test_no_axis_of_a_figure_reads_powers_of_ten(scale, limits, labels) -> None:
    figure = Figure()
    ax = figure.subplots()
    ax.set_xscale(scale)
    ax.set_xlim(*limits)
    read_plainly(figure)
    assert [label.get_text() for label in ax.get_xticklabels()] == labels
    assert {label.get_text() for label in ax.get_xticklabels(minor=True)} <= {""}
