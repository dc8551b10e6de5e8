"""An observable of the user's that breaks costs itself: before training a line, later a note."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.observe.observable import Observable, observable
from ntp_dynamics.record.store import verify
from ntp_dynamics.run.preparation import PreparedJob, prepare
from ntp_dynamics.run.rehearsal import rehearse
from ntp_dynamics.system.errors import UserError, UserErrors

TINY = [
    *("experiment=smoke", "tracking=none", "figures=none", "dataset.queries=3"),
    *("train.feed_forward.steps=10", "train.attention.steps=60"),
]


def refuse(kind: type[BaseException], *arguments: Any) -> Any:
    raise kind(*arguments)


BREAKS: dict[str, tuple[Callable[[Any], Any], str]] = {
    "it raises": (lambda x: refuse(ValueError, "bad\nluck"), "it raises ValueError: bad"),
    "it raises without a text": (lambda x: refuse(KeyError), "it raises KeyError"),
    "it raises what is no Exception": (lambda x: refuse(BaseException, 1), "it raises BaseExc"),
    "it exits": (lambda x: sys.exit(3), "it raises SystemExit: 3"),
    "it divides by zero": (lambda x: 1 / 0, "it raises ZeroDivisionError: division by zero"),
    "one number for all runs": (lambda x: x.sum(), "it returns the shape (), not (run 2)"),
    "one value too many": (lambda x: torch.ones(3), "it returns the shape (3,), not (run 2)"),
    "an axis too many": (lambda x: x[:, None], "it returns the shape (2, 1), not (run 2)"),
    "complex numbers": (lambda x: x + 1j, "it returns complex128, not real numbers"),
    "nothing": (lambda x: None, "it returns NoneType, not real numbers"),
    "a word": (lambda x: "many", "it returns str, not real numbers"),
    "a ragged list": (lambda x: [[1], [1, 2]], "it raises ValueError"),
    "a set": (lambda x: {1, 2}, "it returns set, not real numbers"),
}


def breaks_from(step: int, give: Callable[[Any], Any], name: str = "mine") -> Observable:
    """An observable that is right before a step and broken from then on."""

    @observable(long_name="breaks", name=name)
    def measured(state: Any, reference: Any) -> Any:
        return state.path_length if state.step < step else give(state.path_length)

    return measured


@pytest.mark.parametrize("engine", ["auto", "torch", "autograd"])
def test_what_is_broken_at_step_0_costs_no_training_and_each_is_a_line(engine: str) -> None:
    mine = [breaks_from(0, give, f"mine{i}") for i, (give, _) in enumerate(BREAKS.values())]
    job = prepare(read_config(compose_job([*TINY, f"engine={engine}"])), mine)
    with pytest.raises(UserErrors) as caught:
        rehearse(job)
    assert len(str(caught.value).splitlines()) == len(BREAKS)
    for i, (error, (_, what)) in enumerate(zip(caught.value.errors, BREAKS.values(), strict=True)):
        assert error.where == f"mine{i} (test_broken_observables.py)"
        assert what in error.what
        assert error.remedy


def test_what_is_not_due_at_step_0_is_not_rehearsed() -> None:
    """Nothing is raised, though it would raise at any step; due at step 0 it is."""

    def job(first: int) -> PreparedJob:
        mine = observable(long_name="late", name="late", schedule=lambda step: step >= first)
        return prepare(read_config(compose_job(TINY)), [mine(lambda s, r: refuse(ValueError))])

    rehearse(job(first=1))
    with pytest.raises(UserError, match="it raises ValueError"):
        rehearse(job(first=0))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int64, torch.bool])
def test_real_numbers_of_any_kind_pass_the_rehearsal(dtype: torch.dtype) -> None:
    given: list[Any] = []

    def give(values: Any) -> Any:
        given.append(values)
        return values

    mine = breaks_from(0, lambda x: give(torch.ones_like(x).to(dtype)))
    rehearse(prepare(read_config(compose_job(TINY)), [mine]))
    assert {value.dtype for value in given} == {dtype}  # it was asked, and nothing was raised
    rehearse(prepare(read_config(compose_job(TINY)), [breaks_from(0, lambda x: give([1.0, 2.0]))]))
    assert given[-1] == [1.0, 2.0]


LATE = [*BREAKS.items(), ("Ctrl-C of its own", (lambda x: refuse(KeyboardInterrupt), "Keyboard"))]


def growing() -> Observable:
    """Its axis has another length from step 40 on."""

    @observable("attention", long_name="grows", dims=("new",))
    def grows(state: Any, reference: Any) -> Any:
        return torch.ones(2, 3 if state.step < 40 else 4)

    return grows


@pytest.fixture(scope="module", params=["auto", "torch"])
def jobs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[ntp.Record, ntp.Record]:
    """A job by itself, and with every kind of observable that breaks half way; with the kernel, a
    shadow by automatic differentiation beside."""
    folder = tmp_path_factory.mktemp("jobs")
    overrides = [*TINY, f"engine={request.param}"]
    overrides += ["shadow=true"] if request.param == "auto" else []
    mine = [breaks_from(33, give, f"mine{i}") for i, (_, (give, _)) in enumerate(LATE)]
    mine += [breaks_from(33, lambda x: x * np.nan, "undefined"), growing()]
    alone = ntp.train(overrides, folder / "alone")
    return alone, ntp.train(overrides, folder / "together", observables=mine)


def test_what_breaks_later_leaves_the_rest_of_the_record_as_it_is(
    jobs: tuple[ntp.Record, ntp.Record],
) -> None:
    alone, together = jobs
    assert together.status["state"] == "done"
    assert verify(together.path)
    assert together.verdicts == alone.verdicts
    for path, group in alone.trajectory.to_dict().items():
        assert together.trajectory[path].to_dataset()[list(group)].identical(group)


def test_what_breaks_later_is_kept_up_to_then_and_said_in_the_notes(
    jobs: tuple[ntp.Record, ntp.Record],
) -> None:
    alone, together = jobs
    notes = together.status["notes"]
    stage = together.stage("attention")
    log = (together.path / "log.txt").read_text()
    for i, (_, (_, what)) in enumerate(LATE):
        (note,) = [
            note for note in notes if note.startswith(f"mine{i} (test_broken_observables.py)")
        ]
        assert what in note
        assert note.endswith("; not measured from step 33 of attention on") or "step 34" in note
        assert note in log
        values = stage[f"mine{i}"]
        before = values["step"] < 33
        np.testing.assert_array_equal(values[:, before], stage["path_length"][:, before])
        assert np.isnan(values[:, ~before]).all()
        assert np.isfinite(together.stage("feed_forward")[f"mine{i}"]).all()
    assert log.count("Traceback (most recent call last)") >= 7
    assert len([note for note in notes if "grows" in note and "(2, 4), not (run 2, new 3)" in note])
    (nan,) = [note for note in notes if note.startswith("undefined")]
    steps = stage["step"].values
    late = steps[steps >= 33]
    assert nan.endswith(
        f"nan at {len(late)} of {len(steps)} steps, first at {late[0]} of attention"
    )
    assert together.status["final"]["attention.undefined"] is None
    assert len(notes) == len(alone.status["notes"]) + len(LATE) + 2


BAD = """
from ntp_dynamics import observable

@observable("attention", long_name="{0}")
def {0}(state, reference):
    {1}
"""


def test_on_the_command_line_it_is_one_line_a_mistake_and_the_status_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bodies = {"a": "raise SystemExit(0)", "b": "return state.logits.sum()"}
    (tmp_path / "bad.py").write_text("".join(BAD.format(*item) for item in bodies.items()))
    monkeypatch.chdir(tmp_path)
    arguments = [*TINY, "hooks.modules=[bad.py]", "hydra.run.dir=here"]
    monkeypatch.setattr("sys.argv", ["ntp-train", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.train()
    assert stopped.value.code == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first == "error: a (bad.py): it raises SystemExit: 0; mend it, or leave it out"
    assert second.startswith("error: b (bad.py): it returns the shape (), not (run 2); ")
    status = ntp.load_sweep(tmp_path / "here").iloc[0]
    assert status["status"] == "failed"
    assert status["reason"].startswith("a (bad.py): it raises SystemExit: 0")
    assert {p.name for p in (tmp_path / "here").iterdir()} == {
        *("status.json", "config.yaml", "corpora", "log.txt")
    }


def test_a_directory_that_is_removed_under_a_job_ends_it_in_a_line(tmp_path: Path) -> None:
    @observable("attention", long_name="removes", schedule=lambda step: step == 20)
    def removes(state: Any, reference: Any) -> Any:
        shutil.rmtree(tmp_path / "a")
        return state.path_length

    with pytest.raises(ntp.UserError, match="it was removed, or taken by another job") as caught:
        ntp.train(TINY, tmp_path / "a", observables=[removes])
    assert caught.value.where == str(tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["corpora/000.jsonl", "config.yaml", "log.txt"])
def test_a_file_that_another_process_replaced_is_not_sealed(name: str, tmp_path: Path) -> None:
    @observable("attention", long_name="replaces", schedule=lambda step: step == 20)
    def replaces(state: Any, reference: Any) -> Any:
        (tmp_path / "a" / name).write_text("{}")
        return state.path_length

    with pytest.raises(ntp.UserError, match="it is no longer what this job wrote"):
        ntp.train(TINY, tmp_path / "a", observables=[replaces])
    # of a job whose configuration is not the one that its status vouches for nothing is believed
    state = "unreadable" if name == "config.yaml" else "failed"
    assert ntp.load_sweep(tmp_path)["status"].tolist() == [state]
    assert not (tmp_path / "a/MANIFEST.json").exists()
    assert not (tmp_path / "a/CLAIM").exists()


def test_a_job_is_not_overwritten_while_it_runs(tmp_path: Path) -> None:
    told = []

    @observable("attention", long_name="overwrites", schedule=lambda step: step == 20)
    def overwrites(state: Any, reference: Any) -> Any:
        with pytest.raises(ntp.UserError) as caught:
            ntp.train([*TINY, "seed=5", "overwrite=true"], tmp_path / "a")
        told.append(str(caught.value))
        return state.path_length

    record = ntp.train(TINY, tmp_path / "a", observables=[overwrites])
    (line,) = told
    assert "is at work in it; choose another directory" in line
    assert record.config.seed == 0
    assert verify(record.path)


IN_THE_WAY = ["config.yaml", "trajectory.nc", "verdicts.json", "log.txt", "MANIFEST.json", "CLAIM"]


@pytest.mark.parametrize("name", [*IN_THE_WAY, "corpora/000.jsonl", "corpora"])
def test_what_stands_in_the_way_of_a_file_ends_the_job_in_a_line(name: str, tmp_path: Path) -> None:
    """A directory in the place of a file; a file in the place of the folder of corpora."""
    if name == "corpora":
        (tmp_path / "corpora").write_text("mine")
    else:
        (tmp_path / name).mkdir(parents=True)
    with pytest.raises(ntp.UserError, match="it cannot be written") as caught:
        ntp.train(TINY, tmp_path)
    assert str(caught.value).splitlines() == [str(caught.value)]
    assert not (tmp_path / "MANIFEST.json").is_file()
    if name != "CLAIM":
        (status,) = ntp.load_sweep(tmp_path).to_dict("records")
        assert status["status"] == "failed"
        assert "it cannot be written" in status["reason"]
        assert not (tmp_path / "CLAIM").exists()
