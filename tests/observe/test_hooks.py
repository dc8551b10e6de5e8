"""When things are measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.choices import When
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.job import Hooks
from ntp_dynamics.observe.hooks import Hook, checkpoints, make_hooks, recorded_steps
from ntp_dynamics.observe.observable import observable
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.studies.next_token.choices import Stage
from ntp_dynamics.studies.next_token.observables import BUILT_IN
from ntp_dynamics.study import Outline

SMOKE = ["experiment=smoke", "tracking=none", "figures=none"]


@pytest.mark.parametrize("last", [1, 7, 32, 33, 900, 10_000, 123_456])
def test_recorded_steps_hold_the_first_33_and_the_last_and_24_a_decade(last: int) -> None:
    steps = recorded_steps(last)
    assert (np.diff(steps) > 0).all()
    assert steps[0] == 0
    assert steps[-1] == last
    assert set(range(min(33, last + 1))) <= set(steps.tolist())
    for start in range(32, last // 10, 97):
        assert ((steps > start) & (steps <= 10 * start)).sum() >= 24


def test_a_longer_run_records_the_steps_of_a_shorter_one() -> None:
    short, long = recorded_steps(10_000), recorded_steps(300_000)
    assert set(short.tolist()) <= set(long.tolist())


@pytest.mark.parametrize("last", [1, 5, 900, 10**6])
def test_checkpoints_are_log_spaced_and_few(last: int) -> None:
    steps = checkpoints(last)
    assert (np.diff(steps) > 0).all()
    assert {0, 1, last} <= set(steps.tolist())
    assert len(steps) <= 4 + 6 * np.log10(max(last, 2)) + 2


def names(hooks: list[Hook], clock: str) -> set[str]:
    return {hook.observable.name for hook in hooks if hook.clock == clock}


@pytest.mark.parametrize("stage", list(Stage))
def test_the_standard_hooks_measure_every_built_in_observable(stage: Stage) -> None:
    hooks = make_hooks(Hooks(), Outline(stage, 100), BUILT_IN)
    mine = [o for o in BUILT_IN if stage in (o.phases or tuple(Stage))]
    assert names(hooks, "step") == {o.name for o in mine if not o.dims}
    assert names(hooks, "checkpoint") == {o.name for o in mine if o.dims}


def test_presets_say_when_scalars_and_arrays_are_measured() -> None:
    light = make_hooks(Hooks(arrays=When.never), Outline("attention", 1000), BUILT_IN)
    assert not any(hook.observable.dims for hook in light)
    ends = make_hooks(
        Hooks(scalars=When.ends, arrays=When.never), Outline("attention", 1000), BUILT_IN
    )
    assert {hook.steps for hook in ends} == {frozenset({0, 1000})}
    full = make_hooks(
        Hooks(scalars=When.every, arrays=When.recorded), Outline("attention", 1000), BUILT_IN
    )
    assert {len(hook.steps) for hook in full if not hook.observable.dims} == {1001}


def test_an_observable_with_a_schedule_of_its_own_has_its_own_clock() -> None:
    @observable("attention", long_name="twice the step", schedule=lambda step: step % 10 == 0)
    def doubled(state, reference):  # type: ignore[no-untyped-def]
        return state.path_length * 2

    (hook,) = [
        h
        for h in make_hooks(Hooks(), Outline("attention", 45), [*BUILT_IN, doubled])
        if h.clock != "step" and not h.observable.dims
    ]
    assert hook.clock == "step_doubled"
    assert sorted(hook.steps) == [0, 10, 20, 30, 40]
    assert not [
        h
        for h in make_hooks(Hooks(), Outline("feed_forward", 45), [doubled])
        if h.observable is doubled
    ]


def test_the_size_of_a_record_is_known_before_training(tmp_path: Path) -> None:
    overrides = [*SMOKE, "hooks=full", "train.attention.steps=40", "certify=never"]
    job = prepare(read_config(compose_job(overrides)))
    record = ntp.train(overrides, tmp_path / "a")
    stored = sum(group.to_dataset(inherit=False).nbytes for group in record.trajectory.subtree)
    assert 0.98 * stored < job.problem.disk <= stored, "all but coordinates and norms"


MODULE = """
from ntp_dynamics import observable

@observable("attention", long_name="entropy of the attention, mean over sentences", units="nat")
def attention_entropy(state, reference):
    log_phi = state.forward.log_phi
    phi = log_phi.exp()
    return -(phi * log_phi.masked_fill(phi == 0, 0.0)).sum(-1).mean(-1)
"""


def test_a_module_named_on_the_command_line_adds_an_observable(tmp_path: Path) -> None:
    (tmp_path / "lens.py").write_text(MODULE)
    record = ntp.train([*SMOKE, f"hooks.modules=[{tmp_path}/lens.py]"], tmp_path / "a")
    entropy = record.stage("attention")["attention_entropy"]
    assert entropy.dims == ("run", "step")
    assert entropy.attrs["units"] == "nat"
    assert (entropy[:, 0] > 0.1).all()
    assert (entropy[:, -1] < 1e-3).all()
    assert "attention.attention_entropy" in record.status["final"]


def test_observables_from_python_are_recorded_beside_the_built_in_ones(tmp_path: Path) -> None:
    @observable(long_name="norm of the coefficients")
    def coefficient_norm(state, reference):  # type: ignore[no-untyped-def]
        return state.layer.coefficients.flatten(1).norm(dim=1)

    record = ntp.train(SMOKE, tmp_path / "a", observables=[coefficient_norm])
    attention = record.stage("attention")
    np.testing.assert_allclose(attention["coefficient_norm"], attention["norm_kq"], rtol=1e-12)
    assert "coefficient_norm" in record.stage("feed_forward")


def test_a_measure_of_what_is_no_number_is_none_and_warns_of_nothing() -> None:
    @observable("p", long_name="a size")
    def size(state: np.ndarray, reference: object) -> np.ndarray:
        return (state * state - state).sum(axis=1)

    broken = np.array([[1e308, 0.0], [np.inf, 0.0], [2.0, 3.0]])
    measured = Hook(size, {0}, "step", own=True).measure(broken, None, {})
    assert np.array_equal(measured, [np.inf, np.nan, 8.0], equal_nan=True)
