"""Laws that were written draw the curves that the study's constants draw, to the bit."""

import json
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from ntp_dynamics.draw.curves import curves
from ntp_dynamics.record.laws import laws_file
from ntp_dynamics.record.trees import read_tree, write_tree
from ntp_dynamics.record.written import read_down, write_down
from ntp_dynamics.verdict.claim import Claim, Precondition
from ntp_dynamics.verdict.law import Law
from tests.verdict.curves import STEPS

RUNS = 4
SOME = Precondition("some", lambda c: c["some"], "it is another")
CONSTANTS = {
    "some": np.array([True, True, False, True]),
    "rate": np.array([0.1, 1 / 3, np.nan, 0.7]),
}
LOG_Y = -np.log(STEPS) - np.array([[0.0], [0.3], [0.1], [1 / 7]])

CLAIMS = {
    "a power with a constant a run": {
        "law": Law.power(1, log_power=1),
        "constant": lambda c: np.log(c["rate"]),
    },
    "parameters a run, through the last point": {
        "law": lambda c: Law.power(2 * c["rate"], np.where(c["rate"] > 0.5, 2.0, 0.0)),
        "t_min": lambda c: np.ceil(10 / c["rate"]),
        "tight": True,
    },
    "the smallest constant": {"law": lambda c: Law.exponential(c["rate"]), "side": "lower"},
    "some exponential": {"law": Law.exponential()},
    "two sides": {"law": lambda c: Law.linear_growth(c["rate"], 2 * c["rate"])},
    "one side": {"law": Law.linear_growth(None, np.inf)},
    "the other side": {"law": Law.linear_growth(0, 3)},
    "a final slope": {"law": lambda c: Law.linear_growth(0.0, c["rate"], asymptotic=True)},
    "zero": {"law": Law.equals(-np.inf, absolute=1e-14)},
    "a number": {"law": Law.equals(-1 / 3, 1e-12)},
    "a function": {"law": lambda c: Law.equals(lambda t: -t * c["rate"][:, None])},
    "one curve for all": {"law": Law.envelope(lambda t: -np.sqrt(t)), "constant": 0.0},
    "a number a run": {
        "law": lambda c: Law.envelope(np.log(c["rate"])[:, None]),
        "constant": 0.5,
        "version": "a/b",
    },
    "values": {
        "law": lambda c: Law.value(
            lambda t: np.sin(t) - c["rate"][:, None], absolute=lambda t: 0.1 * t
        )
    },
    "a mean": {"law": Law.mean_equals(lambda t: -np.log(t)), "about": "ensemble"},
    "a mean of values": {
        "law": Law.mean_value(np.sin, absolute=0.1, within=0.5),
        "about": "ensemble",
    },
    "a frequency": {"law": Law.frequency(lambda t: 1 / (1 + t), 0.9), "about": "ensemble"},
    "a power of the mean": {"law": Law.scaling(-np.inf, -1.0), "about": "ensemble"},
    "a decay of counts": {
        "law": Law.decay(0.1, 0.2, log_shape=lambda t: -np.log(t)),
        "about": "ensemble",
    },
    "later": {"law": Law.power(1), "constant": 0.1, "offset": 7.0},
    "no change": {"law": Law.monotone(-1), "clock": "round"},
}


def claim(name, **more):
    words = dict.fromkeys(("statement", "source", "observable"), "Somebody 2024, Theorem 1")
    given = {"version": "text", "stage": "attention", "preconditions": (SOME,)}
    return Claim(id=name, **words, **(given | more))


def drawn(written):
    assert written is not None
    with np.errstate(all="ignore"):
        found = list(curves(written, STEPS, LOG_Y))
    return [(curve.label, curve.kind, curve.logs, curve.log_y.tobytes()) for curve in found]


@pytest.fixture(scope="module")
def written():
    return {
        name: write_down(claim(name, **given), CONSTANTS, STEPS, RUNS)
        for name, given in CLAIMS.items()
    }


@pytest.fixture(scope="module")
def laws(written, tmp_path_factory) -> xr.DataTree:
    """As it is read from a file."""
    path = tmp_path_factory.mktemp("laws") / "laws.nc"
    tree = written_and_read(written.values(), path)
    again = path.with_name("again.nc")
    written_and_read(written.values(), again)
    assert path.read_bytes() == again.read_bytes()
    return tree


def written_and_read(laws, path: Path) -> xr.DataTree:
    made = laws_file(laws)
    assert made is not None
    write_tree(path, made)
    return read_tree(path)


def record_of(one):
    said = {name: getattr(one, name) for name in ("id", "version", "source", "stage")}
    said |= {"observable": one.observable, "kind": one.kind, "terms": one.to_json()}
    return json.loads(json.dumps(said, allow_nan=False))


@pytest.mark.parametrize("name", CLAIMS)
def test_a_law_that_was_written_draws_the_same_bits(written, laws, name):
    one = written[name]
    other = read_down(record_of(one), RUNS, laws)
    assert drawn(other) == drawn(one)
    assert other.law.describe() == one.law.describe()
    np.testing.assert_array_equal(other.covered, CONSTANTS["some"])
    changes = ("a power of the mean", "a decay of counts")  # which have no size
    if name not in ("zero", "some exponential", "one side", "no change", *changes):
        assert drawn(one)


def test_only_curves_without_a_closed_form_are_in_the_file(written, laws):
    names = {str(name) for name in laws.children["attention"].data_vars}
    expected = (
        *("a function (text)", "one curve for all (text)", "a number a run (a|b)"),
        *("values (text)", "values (text) absolute", "a mean (text)", "a mean of values (text)"),
        *("a frequency (text) low", "a decay of counts (text) log_shape"),
    )
    assert names == set(expected)
    assert laws.children["attention"].dataset["one curve for all (text)"].dims == ("step",)
    assert np.isnan(laws.children["attention"].dataset["a function (text)"].values[2]).all()
    closed = [one for name, one in written.items() if not one.curves]
    assert len(closed) == len(CLAIMS) - 8
    assert laws_file(closed) is None


def test_grids_of_one_clock_have_a_dimension_each(tmp_path):
    law = Law.envelope(lambda t: -t)
    some = [write_down(claim(str(n), law=law), CONSTANTS, np.arange(1.0, n), RUNS) for n in (5, 9)]
    modes = write_down(claim("m", law=law, clock="mode"), CONSTANTS, np.array([0.5, 1.5]), RUNS)
    tree = written_and_read([*some, modes], tmp_path / "laws.nc")
    assert dict(tree.children["attention"].sizes) == {"step": 4, "step_2": 8, "mode": 2}
    again = read_down(record_of(some[0]), RUNS, tree)
    assert again is not None
    assert not list(curves(again, STEPS, LOG_Y))  # on another grid


def test_a_claim_that_covers_no_run_has_no_law():
    nothing = {**CONSTANTS, "some": False}
    one = write_down(claim("a", law=lambda c: 1 / 0, ceiling=2.0), nothing, STEPS, RUNS)
    other = read_down(record_of(one), RUNS)
    assert other is not None
    assert (other.law, other.ceiling, drawn(other)) == (None, 2.0, [])
    assert read_down({"id": "a verdict of an earlier version"}, RUNS) is None


POWER = {"form": "power", "log_power": 1.0}


@pytest.mark.parametrize(
    "change", [{"log_constant": [1.0] * 9}, {"law": POWER}, {"law": {**POWER, "p": None}}]
)
def test_numbers_that_fit_no_runs_are_refused(written, change):
    record = record_of(written["a power with a constant a run"])
    record["terms"] |= change
    with pytest.raises((ValueError, KeyError)):
        read_down(record, RUNS)
