"""The recorder: what was put comes back at its step, and the rest is nan."""

import numpy as np
import pytest

from ntp_dynamics.record.trajectory import Channel, Recorder

STEPS = np.array([0, 1, 2, 5, 10])
CHECKPOINTS = np.array([0, 10])
LOSS = Channel("loss", ("step",), {"units": "nat", "long_name": "loss"})
NORM = Channel("norm", ("step",), {})
SCORES = Channel("scores", ("checkpoint", "key", "query"), {})


@pytest.fixture
def recorder():
    return Recorder([LOSS, NORM, SCORES], {"step": STEPS, "checkpoint": CHECKPOINTS})


def test_values_stand_at_the_steps_they_were_put_at(recorder):
    for step in STEPS:
        recorder.put(int(step), {"loss": np.array([1.0, 2.0]) * step})
    found = recorder.dataset()["loss"]
    assert found.dims == ("run", "step")
    np.testing.assert_array_equal(found["step"], STEPS)
    np.testing.assert_array_equal(found.sel(step=5), [5.0, 10.0])
    np.testing.assert_array_equal(found, np.outer([1.0, 2.0], STEPS))
    assert found.attrs == LOSS.attrs


def test_what_was_not_recorded_is_nan(recorder):
    recorder.put(2, {"loss": np.array([3.0])})
    found = recorder.dataset()["loss"].values
    np.testing.assert_array_equal(found, [[np.nan, np.nan, 3.0, np.nan, np.nan]])


def test_a_quantity_that_was_never_put_is_absent(recorder):
    recorder.put(0, {"loss": np.zeros(2)})
    assert set(recorder.dataset().data_vars) == {"loss"}
    assert set(recorder.dataset().coords) == {"step", "checkpoint"}


def test_arrays_have_their_own_clock_and_axes(recorder):
    recorder.put(10, {"scores": np.arange(12.0).reshape(2, 2, 3)})
    found = recorder.dataset()["scores"]
    assert found.dims == ("run", "checkpoint", "key", "query")
    assert found.shape == (2, 2, 2, 3)
    assert np.isnan(found.sel(checkpoint=0)).all()
    np.testing.assert_array_equal(found.sel(checkpoint=10), np.arange(12.0).reshape(2, 2, 3))


@pytest.mark.parametrize(
    ("reached", "steps", "checkpoints"),
    [
        (0, [0], [0]),
        (4, [0, 1, 2], [0]),
        (5, [0, 1, 2, 5], [0]),
        (10, [0, 1, 2, 5, 10], [0, 10]),
        (None, [0, 1, 2, 5, 10], [0, 10]),
    ],
)
def test_both_clocks_end_at_the_step_that_was_reached(recorder, reached, steps, checkpoints):
    for t in steps:
        recorder.put(t, {"loss": np.full(2, float(t))})
    for t in checkpoints:
        recorder.put(t, {"scores": np.zeros((2, 1, 1))})
    found = recorder.dataset(reached)
    assert found["step"].values.tolist() == steps
    assert found["checkpoint"].values.tolist() == checkpoints
    np.testing.assert_array_equal(found["loss"], [steps, steps])
    assert not np.isnan(found["scores"]).any()


def test_a_step_that_was_not_promised_is_refused(recorder):
    with pytest.raises(KeyError):
        recorder.put(3, {"loss": np.zeros(2)})
    with pytest.raises(KeyError):
        recorder.put(5, {"scores": np.zeros((2, 1, 1))})


def test_integers_and_booleans_are_recorded_as_numbers_beside_nan(recorder):
    recorder.put(0, {"loss": np.array([True, False])})
    recorder.put(1, {"norm": np.array([7, 8])})
    found = recorder.dataset()
    np.testing.assert_array_equal(found["loss"].sel(step=0), [1.0, 0.0])
    np.testing.assert_array_equal(found["norm"].sel(step=[0, 1]), [[np.nan, 7], [np.nan, 8]])


def test_a_later_value_of_a_step_replaces_the_earlier(recorder):
    recorder.put(1, {"loss": np.array([1.0])})
    recorder.put(1, {"loss": np.array([2.0])})
    assert recorder.dataset()["loss"].sel(step=1).item() == 2.0


def test_the_record_keeps_no_view_of_what_was_put(recorder):
    """The training loop reuses its arrays."""
    value = np.array([1.0, 2.0])
    recorder.put(1, {"loss": value})
    value[:] = 9
    np.testing.assert_array_equal(recorder.dataset()["loss"].sel(step=1), [1.0, 2.0])
