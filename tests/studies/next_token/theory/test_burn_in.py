"""A loss follows a quarter of its margin's pace from `quarter_pace` on, and not before."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from ntp_dynamics.studies.next_token.theory.burn_in import QUARTER, quarter_pace


def test_the_number_solves_its_equation():
    assert QUARTER / ((1 + QUARTER) * math.log1p(QUARTER)) == pytest.approx(1 / 4, rel=1e-14)


@pytest.mark.parametrize("v", [100, 500, 2000, 30_000])
def test_the_log_of_the_loss_falls_by_a_quarter_of_the_margin_from_there_on(v: int):
    eta0, norm = 0.2, math.sqrt(v - 1)
    constants = SimpleNamespace(vocab_size=v, eta0=eta0, ov_norm=np.array([norm]))
    first = int(quarter_pace(constants)[0])
    t = np.arange(3 * first + 3)
    log_loss = np.log(np.log1p((v - 1) * np.exp(-eta0 * t / norm)))
    pace = -np.diff(log_loss) / (eta0 / norm)
    assert (pace[: first - 1] < 0.25).all()
    assert (pace[first:] > 0.25).all()


def test_it_falls_so_from_the_start_where_tokens_are_few():
    constants = SimpleNamespace(vocab_size=20, eta0=0.2, ov_norm=np.array([math.sqrt(19), 1.0]))
    np.testing.assert_array_equal(quarter_pace(constants), [2.0, 2.0])
