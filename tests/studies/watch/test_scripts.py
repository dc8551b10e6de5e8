"""The scripts of docs/watch: what they record, and that the sentinel fires where forty digits part
from the floats."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

import ntp_dynamics as ntp
from ntp_dynamics import studies
from ntp_dynamics.dashboard.export import export
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.studies.watch.rounding import FIRES
from tests.studies.watch.exact import gradients
from tests.studies.watch.loops import SCRIPTS, script


def in_floats(separable: Any, kind: str, rule: str, steps: int) -> list[np.ndarray]:
    """The gradients of the script's own loop, unwatched."""
    x = torch.tensor(separable.POINTS, dtype=getattr(torch, kind))
    y = torch.tensor(separable.CLASSES)
    w = torch.zeros(2, 3, dtype=x.dtype, requires_grad=True)
    found = []
    for t in range(steps):
        (g,) = torch.autograd.grad(F.cross_entropy(x @ w, y), w)
        found.append(g.double().numpy())
        with torch.no_grad():
            w -= separable.rate(rule, t) * g / (g.norm() if rule == "ngd" else 1.0)
    return found


@pytest.mark.parametrize(
    ("kind", "rule", "steps"),
    [("float32", "gd", 1000), ("float32", "ngd", 60), ("float64", "ngd", 140)],
)
def test_the_sentinel_fires_within_a_factor_two_of_the_step_at_which_forty_digits_depart(
    kind: str, rule: str, steps: int, tmp_path: Path
) -> None:
    separable = script("separable")
    floats = in_floats(separable, kind, rule, steps)
    exact = gradients(separable, rule, steps)
    off = [np.linalg.norm(a - b) / np.linalg.norm(b) for a, b in zip(floats, exact, strict=True)]
    departs = next(t for t, error in enumerate(off) if error > FIRES)
    record = separable.main(kind, rule, tmp_path / "r", every=5, steps=steps)
    assert record.rounding_from is not None
    assert departs / 2 <= record.rounding_from <= 2 * departs


def test_thirty_lines_of_the_docs_are_a_watched_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (SCRIPTS.parent / "watch.md").read_text(encoding="utf-8")
    code = (
        page.split("```python\n")[1]
        .split("```")[0]
        .replace("steps = 16, 32, 200", "steps = 16, 32, 41")
    )
    monkeypatch.chdir(tmp_path)
    said = {"__name__": "reader"}
    exec(code, said)
    stage = ntp.load_run(said["record"].path).stage("training")
    assert stage["step"].values.tolist() == [0, 20, 40]
    assert stage.attrs["names_of_layer"] == "layer.self_attn"
    assert stage["loss"].values[0, -1] < stage["loss"].values[0, 0]
    every = {o.name for o in studies.find("watch").observables}
    assert every == set(stage.data_vars) - {"attention_0"}
    assert [name for name in every if f"`{name}`" not in page] == []


@pytest.mark.parametrize("flash", [True, False])
def test_a_character_transformer_is_recorded_with_its_attention(
    flash: bool, tmp_path: Path
) -> None:
    record = script("characters").main(6, tmp_path / "r", every=3, flash=flash)
    stage = ntp.load_run(record.path).stage("training")
    assert stage.attrs["names_of_layer"] == "h.0.attn, h.1.attn"
    maps = stage["attention_1"].values[0, -1]
    np.testing.assert_allclose(maps.sum(axis=1), 1.0, rtol=1e-5)
    assert (np.triu(maps, 1) == 0).all()
    uniform = np.mean(np.log(np.arange(1, 33)))
    assert stage["attention_entropy"].values[0, 0] == pytest.approx(uniform, abs=0.1)
    assert stage["gradient_norm"].values.max() <= 1.0 + 1e-5  # as clipped


def test_their_records_are_pages_of_the_dashboard_without_a_problem(tmp_path: Path) -> None:
    script("digits").main(30, tmp_path / "digits", every=10)
    script("characters").main(4, tmp_path / "characters", every=2)
    script("separable").main("float64", "ngd", tmp_path / "separable", every=4, steps=160)
    index = scan(tmp_path)
    assert {job.state for job in index.jobs.values()} == {"done"}
    for job in index.jobs.values():
        view = job_view(job, read(job), run=0)
        json.dumps(view, allow_nan=False)
        assert (view["problem"], view["note"], view["cards"]) == ("", "", [])
        assert {panel["stage"] for panel in view["panels"]} == {"training"}
    page = tmp_path / "all.html"
    assert "3 jobs" in export(tmp_path, page)
    assert "rounding of the gradient" in page.read_text(encoding="utf-8")
