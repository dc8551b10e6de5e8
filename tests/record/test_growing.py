"""What is collected without a promise is recorded as if it had been promised."""

from __future__ import annotations

import numpy as np

from ntp_dynamics.record.growing import Growing
from ntp_dynamics.record.trajectory import Channel

LOSS, GAP = Channel("loss", ("step",), {}), Channel("gap", ("step",), {})
MAP = Channel("map", ("checkpoint", "row"), {})


def test_each_clock_has_the_steps_at_which_one_of_its_channels_has_a_value() -> None:
    grown = Growing()
    assert not grown
    grown.put(0, [(LOSS, np.array([1.0])), (MAP, np.array([[1.0, 2.0]]))])
    grown.put(3, [(LOSS, np.array([2.0]))])
    grown.put(7, [(GAP, np.array([3.0]))])
    grown.put(7, [(MAP, np.array([[3.0, 4.0]]))])
    data = grown.recorder().dataset()
    assert grown.reached == 7
    assert data["step"].values.tolist() == [0, 3, 7]
    assert data["checkpoint"].values.tolist() == [0, 7]
    nan = np.nan
    np.testing.assert_array_equal(data["loss"].values, [[1.0, 2.0, nan]])
    np.testing.assert_array_equal(data["gap"].values, [[nan, nan, 3.0]])
    np.testing.assert_array_equal(data["map"].values, [[[1.0, 2.0], [3.0, 4.0]]])
