"""A watched loop trains as it would unwatched, and leaves a record whatever ends it."""

from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import optimizer

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.record.store import verify
from ntp_dynamics.system.throttle import Throttle
from tests.studies.watch.loops import Attends, batches, classifier, descend


def test_watched_weights_are_those_of_the_unwatched_loop_to_the_bit(tmp_path: Path) -> None:
    plain, watched = classifier(), classifier()
    losses = descend(plain, 25)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    with ntp.watch(watched, every=3, directory=tmp_path / "r") as record:
        assert descend(watched, 25, record) == losses
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(plain.parameters(), watched.parameters(), strict=True):
        assert torch.equal(a, b)


def test_what_is_recorded_at_a_step_is_about_the_weights_before_its_update(tmp_path: Path) -> None:
    model = classifier()
    states, norms = [], []
    with ntp.watch(model, every=4, directory=tmp_path / "r") as record:
        descent = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in batches(9):
            states.append({k: v.clone() for k, v in model.state_dict().items()})
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            grads = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
            norms.append(torch.cat(grads).norm().item())
            descent.step()
            descent.zero_grad()
            record.step(loss)
    found = ntp.load_run(record.path).stage("training")
    assert found["step"].values.tolist() == [0, 4, 8]
    for i, t in enumerate((0, 4, 8)):
        model.load_state_dict(states[t])
        x, y = batches(9)[t]
        loss = F.cross_entropy(model(x), y).item()
        norm = torch.cat([p.detach().flatten() for p in model.parameters()]).norm().item()
        assert found["loss"].values[0, i] == pytest.approx(loss, rel=1e-6)
        assert math.exp(found["log_cross_entropy"].values[0, i]) == pytest.approx(loss, rel=1e-5)
        assert found["norm"].values[0, i] == pytest.approx(norm, rel=1e-6)
        assert found["gradient_norm"].values[0, i] == pytest.approx(norms[t], rel=1e-6)


def test_between_recorded_steps_nothing_of_torch_is_replaced(tmp_path: Path) -> None:
    own, seen = F.cross_entropy, []
    hooks = optimizer._global_optimizer_post_hooks
    modules = nn.modules.module._global_forward_pre_hooks
    with ntp.watch(classifier(), every=3, directory=tmp_path / "r") as record:
        for _ in range(7):
            seen.append((F.cross_entropy is own, len(hooks), len(modules)))
            record.step(1.0)
    idle, busy = (True, 0, 0), (False, 1, 0)
    first = (False, 1, 1)  # which has no attention, so that later ones ask where nothing is
    assert seen == [first, idle, idle, busy, idle, idle, busy]
    assert F.cross_entropy is own


def test_a_record_opens_like_any_other(tmp_path: Path, capsys: Any) -> None:
    for i, lr in enumerate((0.1, 0.2)):
        model = Attends()
        with ntp.watch(model, 5, directory=tmp_path / str(i), settings={"lr": lr}) as record:
            descend(model, 22, record, (6, 5, 8))
        verify(record.path)
    loaded = ntp.load_run(record.path)
    assert (loaded.state, loaded.phases, loaded.config.model) == ("done", ["training"], "Attends")
    stage = loaded.stage("training")
    assert stage.attrs["names_of_layer"] == "attend"
    assert stage["checkpoint"].values.tolist() == [0, 5, 10, 15, 20]
    np.testing.assert_allclose(stage["attention_0"].values.sum(-1), 1.0, rtol=1e-6)
    table = ntp.load_sweep(tmp_path)
    assert list(table["lr"]) == [0.1, 0.2]
    assert table["training.loss"].notna().all()
    capsys.readouterr()
    cli.show([str(record.path)])
    assert "sealed" in capsys.readouterr().out


def test_the_trajectory_is_plain_netcdf_with_a_step_axis(tmp_path: Path) -> None:
    model = classifier()
    with ntp.watch(model, 2, directory=tmp_path / "r") as record:
        descend(model, 9, record)
    code = (
        "import xarray, sys; d = xarray.open_dataset(sys.argv[1], group='training');"
        "print(d['loss'].dims, d['step'].values.tolist())"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(record.path / "trajectory.nc")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "('run', 'step') [0, 2, 4, 6, 8]"


def test_claims_are_judged_and_their_laws_may_be_made_of_settings(tmp_path: Path) -> None:
    bound = ntp.Claim(
        id="below", statement="the loss stays below a bound", source="here", version="1",
        stage="training", observable="loss",
        law=lambda c: ntp.Law.envelope(lambda t: np.log(c.bound)[:, None] + 0 * t), constant=0.0,
    )  # fmt: skip
    labels = []
    for i, value in enumerate((10.0, 1e-3)):
        model = classifier()
        given = {"directory": tmp_path / str(i), "settings": {"bound": value, "tag": "a"}}
        with ntp.watch(model, 1, claims=[bound], **given) as record:
            descend(model, 60, record)
        (verdict,) = ntp.load_run(record.path).verdicts
        labels.append(verdict["label"])
    assert labels == ["holds", "contradicted"]


def test_a_claim_about_nothing_that_is_recorded_is_refused_before_the_loop(tmp_path: Path) -> None:
    claim = ntp.Claim("x", "x", "x", "1", "training", "lss", ntp.Law.power(1))
    with pytest.raises(ntp.UserError, match="did you mean 'loss'"):
        ntp.watch(classifier(), directory=tmp_path / "r", claims=[claim]).__enter__()
    assert not (tmp_path / "r").exists()


def cut_short(directory: Path, losses: list[float], end: Callable[[], None]) -> None:
    """A loop that something ends."""
    with ntp.watch(classifier(), 1, directory=directory) as record:
        for loss in losses:
            record.step(loss)
        end()


def broken() -> None:
    raise ZeroDivisionError("division by zero")


def test_an_exception_in_the_loop_keeps_what_was_recorded_and_is_raised(
    tmp_path: Path, capsys: Any
) -> None:
    with pytest.raises(ZeroDivisionError):
        cut_short(tmp_path, [3.0, 2.0, 1.0], broken)
    found = ntp.load_run(tmp_path)
    assert (found.sealed, found.state) == (False, "failed")
    assert found.status["reason"] == "ZeroDivisionError: division by zero"
    assert found.stage("training")["loss"].values[0].tolist() == [3.0, 2.0, 1.0]
    assert "Traceback" in (tmp_path / "log.txt").read_text()
    assert F.cross_entropy.__module__ == "torch.nn.functional"
    assert capsys.readouterr().err.splitlines() == [f"failed; the record so far is in {tmp_path}"]
    cli.show([str(tmp_path)])
    assert "resume" not in capsys.readouterr().out  # nobody but the user could


KILLED = """
import sys, time, torch, ntp_dynamics as ntp
from ntp_dynamics.system import throttle
throttle.FIRST_GUESS = 0.0
from tests.studies.watch.loops import classifier, descend
model = classifier()
with ntp.watch(model, 1, directory=sys.argv[1]) as record:
    record._job._throttle = throttle.Throttle(0.0, 1.0)
    while True:
        descend(model, 3, record)
        print("ready", flush=True)
        time.sleep(0.05)
"""


def test_a_loop_that_is_killed_leaves_what_it_had_published(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.readline()
    process.kill()
    process.communicate(timeout=30)
    found = ntp.load_run(tmp_path)
    assert (found.state, found.sealed, found.vouched) == ("dead", False, True)
    assert found.stage("training").sizes["step"] >= 3


@pytest.mark.parametrize(
    ("number", "reason"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGTERM, "SIGTERM")]
)
def test_a_loop_that_is_stopped_is_interrupted_and_keeps_what_it_had(
    tmp_path: Path, number: int, reason: str
) -> None:
    def stop() -> None:
        os.kill(os.getpid(), number)
        time.sleep(5)

    with pytest.raises(KeyboardInterrupt):
        cut_short(tmp_path / "r", [1.0, 2.0], stop)
    found = ntp.load_run(tmp_path / "r")
    assert (found.state, found.status["reason"]) == ("interrupted", reason)
    assert found.stage("training")["loss"].values[0].tolist() == [1.0, 2.0]


def test_signals_that_the_script_handles_itself_stay_its_own(tmp_path: Path) -> None:
    mine: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: mine.append(number))
    try:
        with ntp.watch(classifier(), directory=tmp_path / "r") as record:
            os.kill(os.getpid(), signal.SIGUSR1)
            record.step(1.0)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert mine == [signal.SIGUSR1]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_record_is_never_overwritten_and_unnamed_ones_lie_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ntp.watch(classifier(), directory=tmp_path / "r") as record:
        record.step(1.0)
    with pytest.raises(ntp.UserError, match="already holds a record; choose another directory"):
        ntp.watch(classifier(), directory=tmp_path / "r")
    with pytest.raises(ntp.UserError, match="make a new one"):
        record.__enter__()
    monkeypatch.chdir(tmp_path)
    places = []
    for _ in range(2):
        with ntp.watch(classifier(), name="mine") as record:
            record.step(1.0)
        places.append(record.path)
    assert places[0] != places[1]
    assert {place.parent for place in places} == {Path("outputs/mine")}


def test_a_second_loop_in_a_folder_where_one_runs_is_refused(tmp_path: Path) -> None:
    first, second = (ntp.watch(classifier(), directory=tmp_path / "r") for _ in range(2))
    with first as record:
        with pytest.raises(ntp.UserError, match="at work"):
            second.__enter__()
        record.step(1.0)
    verify(tmp_path / "r")


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "10", None])
def test_a_number_of_steps_that_is_none_is_a_line(every: Any) -> None:
    with pytest.raises(ntp.UserError, match=r"every: .* give one that is 1 or more"):
        ntp.watch(classifier(), every=every)


def test_a_function_may_say_which_steps_are_recorded(tmp_path: Path) -> None:
    due = {1, 2, 4, 8}
    with ntp.watch(classifier(), lambda t: t in due, directory=tmp_path / "r") as record:
        for t in range(10):
            record.step(float(t))
    stage = ntp.load_run(record.path).stage("training")
    assert stage["step"].values.tolist() == [1, 2, 4, 8] == stage["loss"].values[0].tolist()


@pytest.mark.parametrize(
    ("loss", "said"), [(torch.ones(3), r"shape \(3,\)"), ("low", "str is no number")]
)
def test_a_loss_that_is_no_number_is_a_line(tmp_path: Path, loss: Any, said: str) -> None:
    with (
        pytest.raises(ntp.UserError, match=said),
        ntp.watch(classifier(), directory=tmp_path / "r") as record,
    ):
        record.step(loss)


def test_losses_may_be_floats_tensors_of_one_or_none_and_nan_is_told(
    tmp_path: Path, capsys: Any
) -> None:
    losses = [1.0, torch.tensor([2.0], requires_grad=True), np.float32(3), None, math.nan, math.inf]
    with ntp.watch(classifier(), 1, directory=tmp_path / "r") as record:
        for loss in losses:
            record.step(loss)
    found = ntp.load_run(record.path)
    values = found.stage("training")["loss"].values[0]
    np.testing.assert_array_equal(values, [1, 2, 3, math.nan, math.nan, math.inf])
    assert found.status["notes"] == ["the loss is nan at step 4"]
    assert "the loss is nan at step 4" in capsys.readouterr().err


def test_a_model_without_classifier_attention_or_optimiser_is_recorded_as_far_as_it_goes(
    tmp_path: Path,
) -> None:
    w = torch.ones(3, requires_grad=True)
    with ntp.watch([w], 1, directory=tmp_path / "r") as record:
        for _ in range(3):
            loss = (w**2).sum()
            w.grad = None
            loss.backward()
            with torch.no_grad():
                w -= 0.1 * w.grad
            record.step(loss)
    stage = ntp.load_run(record.path).stage("training")
    scalars = {str(name) for name in stage.data_vars if stage[name].ndim == 2}
    assert scalars == {"loss", "norm", "gradient_norm", "stalled"}
    assert stage["gradient_norm"].values[0, 0] == pytest.approx(2 * 3**0.5)


def test_logits_and_targets_may_be_handed_over(tmp_path: Path) -> None:
    z = torch.tensor([[30.0, 0.0], [0.0, 31.0]])
    with ntp.watch([torch.ones(1, requires_grad=True)], 1, directory=tmp_path / "r") as record:
        record.step(0.0, logits=z, targets=torch.tensor([0, 1]))
        with pytest.raises(ntp.UserError, match="hand over both"):
            record.step(0.0, logits=z)
    assert record.rounding_from == 0
    stage = ntp.load_run(record.path).stage("training")
    assert stage["margin_min"].values[0, 0] == 30.0


def test_rounding_is_told_once_and_recorded(tmp_path: Path, capsys: Any) -> None:
    y = torch.tensor([0, 1])
    with ntp.watch([torch.ones(1, requires_grad=True)], 2, directory=tmp_path / "r") as record:
        for t in range(12):
            record.step(0.0, logits=torch.eye(2) * 3.0 * t, targets=y)
    told = [line for line in capsys.readouterr().err.splitlines() if "gradient" in line]
    assert len(told) == 1
    assert told[0].startswith("from step 6 on the float32 gradient of the loss is rounding")
    found = ntp.load_run(record.path)
    assert record.rounding_from == 6
    assert found.stage("training").attrs["rounding_from"] == "6"
    assert told[0] in found.status["notes"]
    cli.show([str(record.path)])
    assert f"note     {told[0]}"[:60] in capsys.readouterr().out


def test_no_step_at_all_is_said(tmp_path: Path) -> None:
    with ntp.watch(classifier(), directory=tmp_path / "r"):
        pass
    found = ntp.load_run(tmp_path / "r")
    assert found.status["notes"] == ["nothing is recorded: call step(loss) once an iteration"]
    assert (found.state, found.phases) == ("done", [])


def test_bfloat16_is_watched_and_does_not_fire_at_the_start(tmp_path: Path) -> None:
    model = classifier()
    with ntp.watch(model, 1, directory=tmp_path / "auto") as record:
        descent = torch.optim.SGD(model.parameters(), lr=0.1)
        for x, y in batches(3):
            with torch.autocast("cpu", torch.bfloat16):
                loss = F.cross_entropy(model(x), y)
            loss.backward()
            descent.step()
            record.step(loss)
    assert record.rounding_from is None
    whole = classifier().bfloat16()
    with ntp.watch(whole, 1, directory=tmp_path / "whole") as record:
        for x, y in batches(3):
            F.cross_entropy(whole(x.bfloat16()), y).backward()
            record.step(0.0)
    error = ntp.load_run(record.path).stage("training")["gradient_error"].values
    assert ((error > 1e-4) & (error < 1e-2)).all()


def test_a_wrapped_model_is_watched(tmp_path: Path) -> None:
    model = nn.DataParallel(Attends())
    with ntp.watch(model, 1, directory=tmp_path / "r") as record:
        descend(model, 2, record, (6, 5, 8))
    stage = ntp.load_run(record.path).stage("training")
    assert stage.attrs["names_of_layer"] == "attend"


def test_sequences_of_other_lengths_fit_in_the_maps_of_the_first_step(tmp_path: Path) -> None:
    model = Attends()
    with ntp.watch(model, 1, directory=tmp_path / "r") as record:
        for n in (5, 3, 7):
            descend(model, 1, record, (4, n, 8))
        record.step(1.0)
    stage = ntp.load_run(record.path).stage("training")
    maps = stage["attention_0"].values[0]
    assert maps.shape == (3, 5, 5)
    assert np.isnan(maps).sum(axis=(1, 2)).tolist() == [0, 16, 0]
    assert np.isnan(stage["layer_entropy"].values[0, :, 0]).tolist() == [False] * 3 + [True]


def test_maps_are_kept_at_checkpoints_and_the_last_recorded_step(tmp_path: Path) -> None:
    model = Attends()
    with ntp.watch(model, 1, directory=tmp_path / "r") as record:
        descend(model, 15, record, (4, 3, 8))
    stage = ntp.load_run(record.path).stage("training")
    assert stage["checkpoint"].values.tolist() == [0, 1, 2, 3, 4, 5, 7, 10, 14]
    assert not np.isnan(stage["attention_0"].values).any()


def test_what_is_said_of_every_step_is_noted_once(tmp_path: Path) -> None:
    model = classifier()
    with ntp.watch(model, 1, directory=tmp_path / "r") as record:
        for x, y in batches(3):
            F.cross_entropy(model(x), y, label_smoothing=0.1).backward()
            record.step(1.0)
    (note,) = ntp.load_run(record.path).status["notes"]
    assert "smoothed" in note


def test_a_step_that_cannot_be_recorded_is_told_and_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ntp.watch(classifier(), 1, directory=tmp_path / "r") as record:
        with monkeypatch.context() as patch:
            patch.setattr("ntp_dynamics.studies.watch.weights._norm", None)
            record.step(1.0)
        record.step(2.0)
    found = ntp.load_run(record.path)
    assert found.stage("training")["step"].values.tolist() == [1]
    assert found.status["notes"][0].startswith("step 0 is not recorded: TypeError")


def test_inside_a_compiled_model_nothing_is_seen_and_that_is_said(tmp_path: Path) -> None:
    model = Attends()
    model.compile(backend="eager")
    with ntp.watch(model, 1, directory=tmp_path / "r") as record:
        record.step(1.0)
    (note,) = ntp.load_run(record.path).status["notes"]
    assert "compiled" in note


def test_what_cannot_be_published_is_told_and_the_loop_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ntp.watch(classifier(), 1, directory=tmp_path / "r") as record:
        job: Any = record._job
        job._throttle = Throttle(0.0, math.inf)
        with monkeypatch.context() as patch:
            full = ntp.UserError("trajectory.nc", "the disk is full", "make room")
            patch.setattr(job.account.writer, "tree", lambda *_: (_ for _ in ()).throw(full))
            time.sleep(0.001)
            record.step(1.0)
        record.step(2.0)
    found = ntp.load_run(record.path)
    assert found.status["notes"] == ["not published: the disk is full"]
    assert found.stage("training")["loss"].values[0].tolist() == [1.0, 2.0]


@pytest.mark.parametrize("settings", [{"1x": 1}, {"lr": [1]}, {3: 1}])
def test_settings_that_make_no_column_are_a_line(settings: Any) -> None:
    with pytest.raises(ntp.UserError, match="settings: "):
        ntp.watch(classifier(), settings=settings)


def test_the_lab_cannot_run_such_a_loop_and_says_so(tmp_path: Path, capsys: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["ntp-train", "study=watch"])
        with pytest.raises(SystemExit) as stopped:
            cli.train()
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("error: study: ")
    with pytest.raises(ZeroDivisionError):
        cut_short(tmp_path, [1.0], broken)
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        cli.resume([str(tmp_path)])
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "run your script" in line
    assert ntp.load_run(tmp_path).stage("training")["loss"].values.tolist() == [[1.0]]


def test_a_record_is_mirrored_to_wandb_where_that_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    monkeypatch.setenv("WANDB_MODE", "offline")
    model = classifier()
    with ntp.watch(model, 1, directory=tmp_path / "r", tracking="wandb", figures=True) as record:
        descend(model, 40, record)
    assert list((tmp_path / "wandb").glob("offline-run-*/run-*.wandb"))
    assert (record.path / "figures/panels.png").exists()
    assert json.loads((record.path / "status.json").read_text())["notes"] == []
    verify(record.path)
