"""A step that can be recorded by a GPU: the bits of the CPU, and not one look at a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import ntp_dynamics as ntp
from benchmarks.engines import RULES, STARTS, VECTORS, Combination, combinations, config_of
from benchmarks.engines import objective_of as objective_at
from ntp_dynamics.config.choices import Device
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.record.identity import identity
from ntp_dynamics.run.stepping import NO_STEPS
from ntp_dynamics.studies.next_token.optim.choice import choose, step_sizes
from ntp_dynamics.studies.next_token.optim.descent import Descent
from ntp_dynamics.studies.next_token.optim.graphed import GraphedDescent
from ntp_dynamics.studies.next_token.optim.objectives import Objective
from ntp_dynamics.studies.next_token.optim.rules import make_rule
from ntp_dynamics.study import Dynamics, NonFinite
from ntp_dynamics.system.errors import UserError

CPU, LAST = torch.device("cpu"), 12
STAGED = sorted({(c.rule, c.stage) for c in combinations()})
SOME = [
    Combination(rule, list(VECTORS)[i % len(VECTORS)], STARTS[(i + i // 5) % 2], stage)
    for i, (rule, stage) in enumerate(STAGED)
]
"""Each rule in each stage."""


LOOKS = {"local_scalar_dense", "nonzero", "masked_select", "unique2", "equal", "is_nonzero"}


class NoLooks(TorchDispatchMode):
    """Refuses what a GPU would have to wait for: values that come to the CPU, sizes that depend on
    values, and numbers that are carried over for an indexed assignment."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = func.overloadpacket.__name__.strip("_")
        assert name not in LOOKS, func
        if name in ("index", "index_put"):
            assert all(i is None or i.dtype is torch.int64 for i in args[1]), "a mask as index"
        if name == "index_put":
            assert args[2].dim() > 0, "an indexed assignment of a number"
        return func(*args, **(kwargs or {}))


def eager(objective: Objective, rule: str) -> Descent:
    return Descent(objective, *told(objective, rule))


def graphed(objective: Objective, rule: str, device: torch.device = CPU) -> GraphedDescent:
    return GraphedDescent(objective, *told(objective, rule), device)


def told(objective: Objective, rule: str) -> tuple[Any, Any, float]:
    config = config_of(rule)
    sizes = step_sizes(objective, config)
    return make_rule(config.optimizer), sizes, config.optimizer.weight_decay


def at(dynamics: Dynamics, *calls: int) -> dict[str, np.ndarray]:
    """What is saved after calls that end at these steps."""
    for step in calls:
        dynamics.advance(step, NO_STEPS)
    return dynamics.save()


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], name)


@pytest.mark.parametrize("combination", SOME, ids=" ".join)
def test_its_steps_are_those_of_descent_however_cut_and_go_on_from_one_another(
    combination: Combination,
) -> None:
    objective, rule = objective_at(combination, 6, runs=3), combination.rule
    whole = at(eager(objective, rule), LAST)
    half = at(graphed(objective, rule), 0, 1, 5)
    same(half, at(eager(objective, rule), 5))
    for other in (graphed(objective, rule), eager(objective, rule)):
        other.load(half)
        same(at(other, LAST), whole)
    mine, expected = graphed(objective, rule), eager(objective, rule)
    for dynamics in (mine, expected):
        dynamics.advance(3, NO_STEPS)
    for layer, other in zip(mine.state().layers, expected.state().layers, strict=True):
        assert torch.equal(layer.value, other.value)


@pytest.mark.parametrize("combination", SOME, ids=" ".join)
def test_a_step_looks_at_no_value(combination: Combination) -> None:
    descent = graphed(objective_at(combination, 6, runs=3), combination.rule)
    descent.take()  # lays out what stays as it is, and may look
    with NoLooks():
        descent.take(look=lambda gap: gap)


def test_a_look_would_be_noticed() -> None:
    x = torch.zeros(3)
    with NoLooks():
        for look in (lambda: x.sum().item(), lambda: x.isnan().any() and 0, lambda: x[x > 0]):
            with pytest.raises(AssertionError):
                look()
        with pytest.raises(AssertionError):
            x[torch.tensor([1])] = 2.0


def test_every_rule_and_stage_is_asked() -> None:
    assert {c.rule for c in SOME} == set(RULES)


@pytest.mark.parametrize("stage", ["attention", "joint"])
def test_the_first_step_that_is_no_number_is_named_as_by_descent(stage: str) -> None:
    objective = objective_at(Combination("ngd-momentum", "standard", "gaussian", stage), 6, runs=3)
    sizes = [1e308] * len(objective.matrices)
    rule = make_rule(config_of("ngd-momentum").optimizer)
    said = []
    for dynamics in (
        Descent(objective, rule, sizes),
        GraphedDescent(objective, rule, sizes, 0.0, CPU),
    ):
        with pytest.raises(NonFinite) as caught:
            dynamics.advance(60, NO_STEPS)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_the_engine_is_named_with_its_device_and_the_shadow_stays_on_the_cpu() -> None:
    config = read_config(compose_job(["runtime.device=cuda", "tracking=none"]))
    choice, shadow = choose(config), choose(config, shadow=True)
    assert not choice.fused
    assert choice.in_words == "torch, float64, log domain, cuda"
    assert shadow.device is Device.cpu


@pytest.mark.skipif(torch.cuda.is_available(), reason="torch sees a CUDA device")
def test_without_a_gpu_one_line_says_so_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"runtime\.device: torch .* sees no CUDA device here"):
        ntp.train(["runtime.device=cuda", "tracking=none"], tmp_path / "job")
    assert not (tmp_path / "job").exists()


def test_a_gpu_gives_a_job_an_identity_of_its_own_and_threads_do_not() -> None:
    plain, threads, cuda = (
        identity(read_config(compose_job(["tracking=none", *more])))
        for more in ([], ["runtime.threads=2"], ["runtime.device=cuda"])
    )
    assert plain == threads != cuda


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch sees no CUDA device")
@pytest.mark.parametrize("combination", SOME, ids=" ".join)
def test_on_a_gpu_steps_are_those_of_the_cpu_to_rounding_and_equal_bits_twice(
    combination: Combination,
) -> None:
    objective, rule = objective_at(combination, 6, runs=3), combination.rule
    cuda = torch.device("cuda")
    once, again = (
        at(graphed(objective, rule, cuda), LAST),
        at(graphed(objective, rule, cuda), 3, LAST),
    )
    same(once, again)
    expected = at(eager(objective, rule), LAST)
    for name in (*objective.names, "length"):
        np.testing.assert_allclose(once[name], expected[name], rtol=1e-12, atol=1e-12)
