"""A policy of the user's own runs on the same rewards as the study's."""

from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp

KG = '''\
"""The knowledge gradient, as a notebook writes it."""

import numpy as np
from scipy.stats import norm


def choose(state, rng):
    others = np.array([np.delete(state.mean, i).max() for i in range(len(state.mean))])
    step = np.sqrt(state.variance / (state.pulls * (state.pulls + 1)))
    z = -np.abs(state.mean - others) / step
    return int(np.argmax(np.log(step) + np.log(z * norm.cdf(z) + norm.pdf(z))))
'''
COIN = "def choose(state, rng):\n    return rng.integers(len(state.mean))\n"
SMALL = ["study=knowledge_gradient", "instance=three", "tracking=none", "figures=none"]
SMALL += ["dynamics=simulated", "runs=2", "budget=45", "policy_file=mine.py"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_knowledge_gradient_in_python_pulls_as_the_compiled_one_does(place: Path):
    Path("mine.py").write_text(KG)
    record = ntp.train([*SMALL, "policies=[kg,custom]"], place / "job")
    mine, theirs = (record.stage(name) for name in ("custom", "kg"))
    np.testing.assert_array_equal(mine["share"], theirs["share"])
    np.testing.assert_array_equal(mine["log_posterior_error"], theirs["log_posterior_error"])


def test_its_coins_are_keyed_by_run_and_pull(place: Path):
    Path("mine.py").write_text(COIN)
    one, two = (
        ntp.train([*SMALL, "policies=[custom]", f"runs={n}"], place / str(n)).stage("custom")
        for n in (1, 2)
    )
    np.testing.assert_array_equal(one["share"][0], two["share"][0])
    assert not np.array_equal(two["share"][0], two["share"][1])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("choice = 1\n", "policy_file: mine.py has no choose"),
        ("raise ValueError('no')\n", "policy_file: mine.py fails: ValueError: no"),
        ("def choose(state, rng):\n    return 3\n", "policy_file: choose returned 3"),
        ("def choose(state, rng):\n    return 1 / 0\n", "choose fails: ZeroDivisionError"),
    ],
)
def test_what_is_wrong_with_it_is_a_line(text, line, place: Path):
    Path("mine.py").write_text(text)
    with pytest.raises(ntp.UserError) as caught:
        ntp.train([*SMALL, "policies=[custom]"], place / "job")
    assert line in str(caught.value)


def test_it_is_offered_measures_and_estimated_variances(place: Path):
    Path("mine.py").write_text(
        "def choose(state, rng):\n"
        "    assert state.mean.shape == state.variance.shape == (5, 2)\n"
        "    assert state.threshold.shape == (2,) and (state.variance > 0).all()\n"
        "    return state.pulls.argmin()\n"
    )
    given = ["problem=feasible", "instance=five_by_two", "variance=plugin", "policies=[custom]"]
    record = ntp.train([*SMALL, *given], place / "job")
    assert record.stage("feasible_custom")["share"][0, -1].values.tolist() == [0.2] * 5
