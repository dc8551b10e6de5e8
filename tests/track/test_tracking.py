"""The tracker on its own, on real wandb runs read back with wandb's own reader."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ntp_dynamics.config.tracking import Mode, NoTracking, WandbTracking, flatten
from ntp_dynamics.draw.heatmap import CELL, NOTHING, ROWS, heatmap
from ntp_dynamics.track.tracker import Subject, Tracker, tracking_directory
from ntp_dynamics.track.tracking import open_tracker

SUBJECT = Subject(experiment="trial", name="job", group="sweep", config={"a.b": 1, "c": [1, 2]})


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, a_place: Any) -> Iterator[Path]:
    with a_place(tmp_path):
        yield tmp_path


ALONE = replace(SUBJECT, group=None)


def offline(said: list[str], images: Sequence[str] = (), subject: Subject = SUBJECT) -> Tracker:
    return open_tracker(WandbTracking(), subject, said.append, images)


def the_run(directory: Path) -> Path:
    """The only run below a directory."""
    (run,) = directory.glob("outputs/wandb/offline-run-*")
    return run


def test_a_row_has_a_step_of_every_stage_with_its_own_axis_and_statistics_over_runs(
    elsewhere: Path, read_wandb: Any
) -> None:
    said: list[str] = []
    with offline(said) as tracker:
        tracker.watch(
            "first", 0, {"x": np.array([1.0, np.nan, 2.0, 6.0]), "gone": np.full(4, np.nan)}
        )
        tracker.watch("first", 7, {"x": np.array([3.0]), "floor": np.array([-np.inf, 0.0, 1.0])})
        tracker.watch("second", 0, {"matrix": np.zeros((4, 2, 2)), "y": np.array([1.0, 2.0])})
        tracker.summary({"first.x": 3.0, "verdict": "tight"})
    assert said == []
    found = read_wandb(the_run(elsewhere))
    rows = [
        {key: value for key, value in row["item"].items() if not key.startswith("_")}
        for row in found["history"]
    ]
    assert rows == [
        {
            "first/step": 0,
            "first/x.median": 2,
            "first/x.mean": 3,
            "first/x.min": 1,
            "first/x.max": 6,
            "second/step": 0,
            "second/y.median": 1.5,
            "second/y.mean": 1.5,
            "second/y.min": 1,
            "second/y.max": 2,
        },
        {
            "first/step": 7,
            **{f"first/x.{key}": 3 for key in ("median", "mean", "min", "max")},
            "first/floor.median": 0,
            "first/floor.max": 1,
        },
    ]
    axes = {m["glob_name"]: m["step_metric"] for m in found["metric"] if "glob_name" in m}
    assert axes == {"first/*": "first/step", "second/*": "second/step"}
    (run,) = found["run"]
    assert (run["run_group"], run["display_name"], run["job_type"]) == ("sweep", "job", "trial")
    assert run["project"] == "ntp-dynamics"
    assert {**run["config"]["update"], "_wandb": None} == {**SUBJECT.config, "_wandb": None}
    summary = {k: v for s in found["summary"] for k, v in s["update"].items()}
    assert summary.items() >= {"first.x": 3, "verdict": "tight"}.items()
    assert [e["exit_code"] for e in found["exit"]] == [0]


def test_images_of_run_0_and_the_verdicts_are_kept(elsewhere: Path, read_wandb: Any) -> None:
    with offline([], images=["map"]) as tracker:
        tracker.watch("second", 10, {"map": np.full((3, 100, 4), 0.25), "other": np.ones((3, 2))})
        tracker.verdicts([{"id": "a", "label": "tight"}, {"id": "b", "label": "holds"}])
    image, table = (row["item"] for row in read_wandb(the_run(elsewhere))["history"])
    assert image["second/step"] == 10
    assert image["second/map.height"] == ROWS * CELL[0]
    assert image["second/map.width"] == 4 * CELL[1]
    files = next(elsewhere.glob("outputs/wandb/offline-run-*/files"))
    assert (files / image["second/map.path"]).stat().st_size > 100
    stored = json.loads((files / table["verdicts.path"]).read_text())
    assert stored == {"columns": ["id", "label"], "data": [["a", "tight"], ["b", "holds"]]}


def test_an_image_of_any_range_tells_its_shades_and_one_axis_is_one_row(
    elsewhere: Path, read_wandb: Any
) -> None:
    row = np.array([[-2.0, np.nan, np.inf, 6.0]])
    with offline([], images=["row", "nothing", "cube"]) as tracker:
        cube, nothing = np.ones((1, 2, 2, 2)), np.full((1, 2, 2), np.nan)
        tracker.watch("first", 3, {"row": row, "cube": cube, "nothing": nothing})
    (item,) = (row["item"] for row in read_wandb(the_run(elsewhere))["history"])
    assert (item["first/row.height"], item["first/row.width"]) == (CELL[0], 4 * CELL[1])
    assert item["first/row.caption"] == "run 0, step 3, pale -2, dark 6"
    assert not [key for key in item if key.startswith(("first/cube", "first/nothing"))]


def test_long_dense_records_are_thinned_a_quantity_at_a_time(
    elsewhere: Path, read_wandb: Any
) -> None:
    with offline([], subject=ALONE) as tracker:
        for step in range(2002):
            measured = {"x": np.ones(2)} | ({"rare": np.ones(2)} if step % 500 == 1 else {})
            tracker.watch("first", step, measured)
    rows = [row["item"] for row in read_wandb(the_run(elsewhere))["history"]]
    steps = [row["first/step"] for row in rows if "first/x.min" in row]
    assert steps[:51] == list(range(51))
    assert 200 < len(steps) < 300
    assert steps[-1] == 2001
    assert [row["first/step"] for row in rows if "first/rare.min" in row] == [
        1,
        501,
        1001,
        1501,
        2001,
    ]


def test_of_a_job_in_a_sweep_a_few_steps_and_the_last_images_are_mirrored(
    elsewhere: Path, read_wandb: Any
) -> None:
    with offline([], images=["map"]) as tracker:
        for step in range(1001):
            image = {"map": np.full((1, 2, 2), step / 1000)} if step % 100 == 0 else {}
            tracker.watch("first", step, {"x": np.ones(2), **image})
    rows = [row["item"] for row in read_wandb(the_run(elsewhere))["history"]]
    steps = [row["first/step"] for row in rows]
    assert steps == [0, 1, 2, 4, 7, 11, 17, 26, 40, 61, 92, 139, 209, 314, 472, 709, 1000]
    assert [row["first/step"] for row in rows if "first/map.path" in row] == [1000]


def test_a_long_job_can_be_looked_at_while_it_runs(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ntp_dynamics.track.wandb_tracker import WandbTracker

    monkeypatch.setattr("ntp_dynamics.track.wandb_tracker.PATIENCE", 0.0)
    with offline([]) as tracker:
        assert isinstance(tracker, WandbTracker)
        for step in range(3):
            tracker.watch("first", step, {"x": np.ones(2)})
            assert tracker._run.step == step + 1


def test_what_escapes_marks_the_run_failed(elsewhere: Path, read_wandb: Any) -> None:
    with pytest.raises(ZeroDivisionError), offline([]):
        _ = 1 / 0
    assert [e["exit_code"] for e in read_wandb(the_run(elsewhere))["exit"]] == [1]


def test_wandb_dir_says_where_the_runs_lie(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_DIR", str(elsewhere / "runs"))
    with offline([]):
        assert tracking_directory() == elsewhere / "runs/wandb"
    assert len(list((elsewhere / "runs/wandb").glob("offline-run-*"))) == 1
    assert not (elsewhere / "outputs").exists()


def test_a_wandb_that_breaks_is_said_once_and_a_next_job_tracks_again(elsewhere: Path) -> None:
    import wandb

    said: list[str] = []
    with offline(said) as tracker:
        wandb.teardown()  # the service goes away in the middle of a job
        for step in range(3):
            tracker.watch("first", step, {"x": np.ones(2)})
        tracker.verdicts([{"id": "a"}])
    assert len(said) == 1
    assert said[0].startswith("wandb: no longer tracked: ")
    with offline(said) as tracker:
        tracker.watch("first", 0, {"x": np.ones(2)})
    assert len(said) == 1
    assert len(list(elsewhere.glob("outputs/wandb/offline-run-*"))) == 2


def test_a_place_that_cannot_be_written_is_said_and_nothing_is_tracked(elsewhere: Path) -> None:
    (elsewhere / "outputs").write_text("in the way")
    said: list[str] = []
    with offline(said) as tracker:
        tracker.watch("first", 0, {"x": np.ones(2)})
    assert type(tracker) is Tracker
    assert len(said) == 1
    assert said[0].startswith("wandb: not tracked: ")


def test_without_a_key_online_is_offline_at_once_and_no_server_is_asked(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch, read_wandb: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{server.getsockname()[1]}")
        said: list[str] = []
        with open_tracker(WandbTracking(mode=Mode.online), SUBJECT, said.append) as tracker:
            tracker.watch("first", 0, {"x": np.ones(2)})
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()
    assert len(said) == 1
    assert "offline" in said[0]
    assert "no API key" in said[0]
    assert len(read_wandb(the_run(elsewhere))["history"]) == 1


def test_a_run_of_the_callers_own_goes_on_beside_it(elsewhere: Path, read_wandb: Any) -> None:
    import wandb

    settings = wandb.Settings(mode="offline", silent=True, console="off")
    with wandb.init(project="mine", dir=elsewhere / "mine", settings=settings) as mine:
        with offline([]) as tracker:
            tracker.watch("first", 0, {"x": np.ones(2)})
        assert wandb.run is mine
        mine.log({"z": 1})
    assert len(read_wandb(the_run(elsewhere))["history"]) == 1


@pytest.mark.parametrize("settings", [NoTracking(), WandbTracking(mode=Mode.disabled)])
def test_no_tracking_leaves_nothing(settings: Any, elsewhere: Path) -> None:
    with open_tracker(settings, SUBJECT, print) as tracker:
        tracker.watch("first", 0, {"x": np.ones(2)})
        tracker.verdicts([{"id": "a"}])
        tracker.summary({"x": 1})
    assert list(elsewhere.iterdir()) == []


def test_a_heatmap_goes_from_pale_to_dark_and_shows_nan_as_nothing() -> None:
    values = np.array([[0.0, 0.5, 1.0], [1.0, np.nan, np.nan], [np.nan] * 3])
    image = heatmap(values)
    assert image.shape == (2 * CELL[0], 3 * CELL[1], 3)
    shades = image[0, :: CELL[1]].astype(int).sum(-1)
    assert (np.diff(shades) < 0).all()
    assert tuple(image[CELL[0], CELL[1]]) == NOTHING
    assert (image[: CELL[0], : CELL[1]] == image[0, 0]).all()


def test_settings_become_one_level_of_dotted_keys() -> None:
    assert flatten({"a": {"b": {"c": 1}, "d": [2]}, "e": {}}) == {"a.b.c": 1, "a.d": [2]}
