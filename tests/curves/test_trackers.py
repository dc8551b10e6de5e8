"""Files that trackers write themselves: TensorBoard, trackio and Weights & Biases, offline."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics.curves.gather import Asked, read_curve
from ntp_dynamics.judging.door import judge_curve
from ntp_dynamics.system.errors import UserError

STEPS = np.unique(np.geomspace(1, 2000, 90).round().astype(int))
SEEDS = (1.0, 1.3)


def logged(seed: float) -> list[tuple[int, float]]:
    """Like seed / t, in numbers of single precision."""
    return [(int(t), float(np.float32(seed / t))) for t in STEPS]


def in_a_process(code: str, folder: Path, **more: str) -> None:
    """Run what a tracker writes by; its threads end with it."""
    head = f"steps = {STEPS.tolist()}\nseeds = {SEEDS}\nplace = {str(folder)!r}\n"
    surroundings = os.environ | more
    done = subprocess.run(
        [sys.executable, "-c", head + code], capture_output=True, text=True, env=surroundings
    )
    assert done.returncode == 0, done.stderr


TENSORBOARD = """
import warnings
warnings.simplefilter("ignore")
from torch.utils.tensorboard import SummaryWriter
for i, seed in enumerate(seeds):
    with SummaryWriter(f"{place}/seed{i}") as writer:
        for t in steps:
            writer.add_scalar("train/loss", seed / t, t)
            writer.add_scalar("lr", 0.1, t)
"""
WANDB = """
import wandb
for i, seed in enumerate(seeds):
    settings = wandb.Settings(x_disable_stats=True, x_disable_meta=True, console="off", silent=True)
    with wandb.init(project="p", dir=place, mode="offline", settings=settings) as run:
        for t in steps:
            run.log({"train/loss": seed / t, "lr": 0.1, "note": "a"}, step=t)
"""
TRACKIO = """
import trackio
for i, seed in enumerate(seeds):
    trackio.init(project="p", name=f"seed{i}")
    for t in steps:
        trackio.log({"train/loss": seed / t, "lr": 0.1}, step=t)
    trackio.finish()
"""


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("tensorboard", reason="tensorboard is not installed")
    folder = tmp_path_factory.mktemp("tensorboard")
    in_a_process(TENSORBOARD, folder)
    return folder


def checked(path: Path) -> None:
    """Two runs, with their steps and values, and an answer."""
    curve, choice = read_curve([path])
    assert choice.y == ("train/loss",)
    assert np.array_equal(curve.t, STEPS)
    order = np.argsort(curve.y[:, 0])
    wanted = [[y for _, y in logged(seed)] for seed in SEEDS]
    assert np.allclose(curve.y[order], wanted, rtol=1e-6)
    judged = judge_curve(path, law="1/t", settle=False)
    assert judged.answer == "kept"
    assert judge_curve(path, law="t^-2", settle=False).answer == "contradicted"


def test_event_files_of_tensorboard_are_runs(events: Path) -> None:
    checked(events)
    one, _ = read_curve([next((events / "seed1").glob("*tfevents*"))], Asked(columns=("lr",)))
    assert np.allclose(one.y, 0.1)


def test_an_event_file_that_is_cut_short_is_read_as_far_as_it_is_whole(
    events: Path, tmp_path: Path
) -> None:
    body = next((events / "seed0").glob("*tfevents*")).read_bytes()
    path = tmp_path / "events.out.tfevents.1"
    path.write_bytes(body[: len(body) // 2])
    curve, _ = read_curve([path])
    assert 10 < curve.t.size < STEPS.size
    assert any("cut short" in note for note in curve.notes)


def test_offline_runs_of_wandb_are_runs(tmp_path: Path) -> None:
    in_a_process(WANDB, tmp_path, WANDB_ERROR_REPORTING="false", WANDB_MODE="offline")
    checked(tmp_path)
    (first, _) = sorted(tmp_path.rglob("*.wandb"))
    assert read_curve([first])[0].y.shape == (1, STEPS.size)
    cut = tmp_path / "cut.wandb"
    cut.write_bytes(first.read_bytes()[:-2000])
    curve, _ = read_curve([cut])
    assert 10 < curve.t.size < STEPS.size
    assert any("cut short" in note for note in curve.notes)
    cut.write_bytes(first.read_bytes()[:200])
    with pytest.raises(UserError, match="history"):
        read_curve([cut])


def test_projects_of_trackio_are_runs(tmp_path: Path) -> None:
    pytest.importorskip("trackio", reason="trackio is not installed")
    in_a_process(TRACKIO, tmp_path, TRACKIO_DIR=str(tmp_path), HF_HUB_OFFLINE="1")
    checked(tmp_path)
