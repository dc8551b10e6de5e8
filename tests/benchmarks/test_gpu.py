"""What a GPU is asked, asked of the CPU."""

from __future__ import annotations

import json
from dataclasses import replace

import torch

from benchmarks.gpu import cases, measured, plan
from benchmarks.performance.gpu import gpu

CPU = torch.device("cpu")


def test_the_questions_have_answers_and_the_page_tells_them() -> None:
    found = measured(replace(plan(CPU, quick=True), round_seconds=1e-4))
    assert max([*found["apart"].values(), *found["rules"].values()]) == 0.0
    assert all(found["same bits"].values())
    assert found["left out"] == []
    told = gpu(json.loads(json.dumps(found)))
    assert told.count("\n| (6, 3, 8) | ") == 2
    assert "**Not measured**" not in told


def test_what_there_is_no_time_for_is_said() -> None:
    found = measured(replace(plan(CPU, quick=True), until=0.0))
    assert found["steps"] == found["apart"] == {}
    assert "steps at (6, 3, 8), R = 4" in gpu(found)


def test_nobody_has_measured_where_nobody_has() -> None:
    assert "**Not measured**" in gpu(None)


def test_cheap_cases_come_first() -> None:
    order = [(shape.v, runs) for shape, runs in cases(plan(CPU, quick=False))]
    assert order[0] == (20, 1)
    assert order[-1] == (10_000, 1)
