"""What a job leaves behind."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

import ntp_dynamics as ntp
from ntp_dynamics.config.stored import from_yaml
from ntp_dynamics.record.store import verify
from ntp_dynamics.run import conclusion, publishing
from ntp_dynamics.run import job as run
from ntp_dynamics.run.preparation import prepare
from ntp_dynamics.run.progress import JobProgress, SweepProgress
from ntp_dynamics.studies.next_token.groups import FileDataset
from ntp_dynamics.system.errors import UserError, UserErrors
from ntp_dynamics.system.throttle import Throttle

SMALL = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "dataset.queries=4",
    "train.feed_forward.steps=20",
    "train.attention.steps=60",
]
RECORD_BYTES = (
    "trajectory.nc",
    "verdicts.json",
    "laws.nc",
    "certificates/continuation.json",
    "corpora/000.jsonl",
    "corpora/001.jsonl",
)


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> ntp.Record:
    return ntp.train(SMALL, tmp_path_factory.mktemp("job") / "a")


def status_of(directory: Path) -> dict[str, Any]:
    return json.loads((directory / "status.json").read_text())


def test_a_job_leaves_exactly_the_promised_files(record: ntp.Record) -> None:
    found = {str(p.relative_to(record.path)) for p in record.path.rglob("*") if p.is_file()}
    rest = {"config.yaml", "status.json", "log.txt", "MANIFEST.json"}
    assert found == {*RECORD_BYTES, *rest}
    manifest = json.loads((record.path / "MANIFEST.json").read_text())["files"]
    assert set(manifest) == found - {"MANIFEST.json"}


def test_loading_returns_what_training_returned(record: ntp.Record) -> None:
    loaded = ntp.load_run(record.path)
    assert loaded.config == record.config
    assert loaded.corpora == record.corpora
    assert loaded.verdicts == record.verdicts
    assert loaded.trajectory.identical(record.trajectory)


def test_a_record_takes_what_was_announced_and_at_least_half_of_it(record: ntp.Record) -> None:
    found = sum(path.stat().st_size for path in record.path.rglob("*") if path.is_file())
    assert found < prepare(record.config).disk < 2 * found


def test_the_trajectory_describes_itself(record: ntp.Record) -> None:
    tree = record.trajectory
    attention = tree["attention"]
    assert attention["direction_gap_kq"].dims == ("run", "step")
    assert attention["attention"].dims == ("run", "checkpoint", "sentence", "token")
    assert attention["scores"].dims == ("run", "checkpoint", "key", "query")
    assert tree["feed_forward"]["logits"].dims == ("run", "checkpoint", "next", "key")
    for stage in ("feed_forward", "attention"):
        for name, variable in tree[stage].data_vars.items():
            assert {"units", "long_name", "source"} <= set(variable.attrs), name
            assert variable.dtype == np.float64, name
    for r, corpus in enumerate(record.corpora):
        assert tree["n_sentences"][r] == corpus.size
        for i, sentence in enumerate(corpus.sentences):
            ids = [x for x in tree["token_id"][r, i].values if x >= 0]
            assert ids == list(dict.fromkeys(sentence))
        assert (tree["token_id"][r, corpus.size :] == -1).all()
        mass = attention["attention"][r, :, : corpus.size].sum("token")
        np.testing.assert_allclose(mass, 1.0, rtol=1e-12)
        assert np.isnan(attention["attention"][r, :, corpus.size :]).all()


def test_the_whole_attention_and_its_target_can_be_rebuilt_from_the_record(
    record: ntp.Record,
) -> None:
    """Final direction gap from scores and target as stored."""
    tree = record.trajectory
    for r in range(2):
        s = np.nan_to_num(tree["attention"]["scores"][r, -1].values)
        w = np.nan_to_num(tree["targets"]["w_kq"][r].values)
        gap = 0.5 * ((s / np.linalg.norm(s) - w / np.linalg.norm(w)) ** 2).sum()
        assert tree["attention"]["direction_gap_kq"][r, -1] == pytest.approx(gap, rel=1e-12)


def test_equal_jobs_give_equal_record_bytes(record: ntp.Record, tmp_path: Path) -> None:
    again = ntp.train([*SMALL, "runtime.threads=2"], tmp_path / "b")
    for name in RECORD_BYTES:
        assert (record.path / name).read_bytes() == (again.path / name).read_bytes(), name


def test_another_seed_gives_another_record(record: ntp.Record, tmp_path: Path) -> None:
    other = ntp.train([*SMALL, "seed=1"], tmp_path / "c")
    assert other.corpora != record.corpora


def test_adding_runs_changes_no_run_that_was_there_before(
    record: ntp.Record, tmp_path: Path
) -> None:
    more = ntp.train([*SMALL, "runs=3"], tmp_path / "d")
    assert more.corpora[:2] == record.corpora
    for name in ("direction_gap_kq", "log_loss"):
        np.testing.assert_allclose(
            more.trajectory["attention"][name][:2],
            record.trajectory["attention"][name],
            rtol=1e-9,
            err_msg=name,
        )


def test_the_stored_configuration_is_the_one_that_ran(record: ntp.Record) -> None:
    text = (record.path / "config.yaml").read_text()
    assert from_yaml(text) == record.config
    assert "dataset: realizable" in text


def test_the_status_holds_a_label_a_claim_and_final_observables(record: ntp.Record) -> None:
    status = status_of(record.path)
    assert status["state"] == "done"
    assert set(status["labels"]) == {v["id"] for v in record.verdicts}
    final = float(record.trajectory["attention"]["norm_kq"].isel(step=-1).median())
    assert status["final"]["attention.norm_kq"] == final


def test_a_directory_with_a_record_is_never_overwritten_unasked(record: ntp.Record) -> None:
    before = (record.path / "MANIFEST.json").read_bytes()
    with pytest.raises(UserError, match="already holds a record"):
        ntp.train(SMALL, record.path)
    assert (record.path / "MANIFEST.json").read_bytes() == before


def test_overwrite_replaces_the_record_and_nothing_else(tmp_path: Path) -> None:
    first = ntp.train([*SMALL, "runs=3"], tmp_path / "e")
    (first.path / "notes.txt").write_text("mine")
    second = ntp.train([*SMALL, "overwrite=true"], first.path)
    assert len(second.corpora) == 2
    assert not (first.path / "corpora/002.jsonl").exists()
    assert (first.path / "notes.txt").read_text() == "mine"
    verify(first.path)


def test_a_job_that_breaks_says_so_in_its_status(tmp_path: Path, monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("no judge today\nsecond line")

    monkeypatch.setattr(conclusion, "judge_claims", broken)
    with pytest.raises(RuntimeError, match="no judge"):
        ntp.train(SMALL, tmp_path / "f")
    status = status_of(tmp_path / "f")
    assert (status["state"], status["reason"]) == ("failed", "RuntimeError: no judge today")
    assert "Traceback" in (tmp_path / "f/log.txt").read_text()
    assert not (tmp_path / "f/MANIFEST.json").exists()
    assert ntp.load_run(tmp_path / "f").trajectory["attention"].sizes["step"] > 1


@pytest.mark.parametrize(
    ("overrides", "where"),
    [
        (["runs=0"], "runs"),
        (["train.attention.step_size=nan"], "train.attention.step_size"),
        (["vary=init"], "vary"),
        (["embedding.dim=3"], "embedding.dim"),
        (["+dataset.quereis=3"], "dataset.quereis"),
        (["train.stages=[attention]"], "train.stages"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(
    overrides: list[str], where: str, tmp_path: Path
) -> None:
    with pytest.raises(UserErrors) as caught:
        ntp.train([*SMALL, *overrides], tmp_path / "g")
    assert [error.where for error in caught.value.errors] == [where]
    assert not (tmp_path / "g").exists()


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UserErrors) as caught:
        ntp.train(["runs=0", "train.attention.steps=-1", "dataset.p_star=2"], tmp_path / "h")
    assert {error.where for error in caught.value.errors} == {
        "runs",
        "train.attention.steps",
        "dataset.p_star",
    }


def test_margin_replaces_the_first_stage(tmp_path: Path) -> None:
    record = ntp.train([*SMALL, "train.margin=9.23"], tmp_path / "i")
    assert "feed_forward" not in record.trajectory
    labels = {v["id"]: v["label"] for v in record.verdicts}
    assert labels["ov.direction"] == "does not apply"
    assert np.isfinite(record.trajectory["attention"]["log_excess_loss"]).all()


def test_a_corpus_file_with_a_cycle_trains_and_its_claims_do_not_apply(tmp_path: Path) -> None:
    samples = [((x,), (x + 1) % 4) for x in range(4)] + [((0, 1, 2), 1), ((1, 0, 2), 2)]
    ntp.Corpus.from_samples(samples).write(tmp_path / "cycle.jsonl")
    record = ntp.train(
        [*SMALL[:3], *SMALL[4:], "runs=1", "dataset=file", f"dataset.path={tmp_path}/cycle.jsonl"],
        tmp_path / "j",
    )
    verdicts = {v["id"]: v for v in record.verdicts}
    assert verdicts["kq.direction"]["label"] == "does not apply"
    assert "not realizable" in verdicts["kq.direction"]["sentence"]
    assert np.isnan(record.trajectory["attention"]["direction_gap_kq"]).all()
    assert np.isfinite(record.trajectory["attention"]["log_loss"]).all()
    assert "infeasible: under query 2" in (tmp_path / "j/log.txt").read_text()


def test_ctrl_c_keeps_the_record_so_far(tmp_path: Path) -> None:
    """The first signal ends training after the step at hand; status, trajectory, no manifest."""

    @ntp.observable("attention", long_name="Ctrl-C at step 50", schedule=lambda step: step == 50)
    def ctrl_c(state, reference):
        os.kill(os.getpid(), signal.SIGINT)
        return state.path_length

    long = [*SMALL[:5], "train.attention.steps=100000"]
    with pytest.raises(KeyboardInterrupt):
        ntp.train(long, tmp_path / "k", observables=[ctrl_c])
    assert status_of(tmp_path / "k")["state"] == "interrupted"
    assert not (tmp_path / "k/MANIFEST.json").exists()
    steps = ntp.load_run(tmp_path / "k").trajectory["attention"]["step"].values
    assert 40 < steps[-1] <= 51
    gap = ntp.load_run(tmp_path / "k").trajectory["attention"]["direction_gap_kq"].values
    assert np.isfinite(gap[:, 1:]).all()


def test_ctrl_c_on_the_command_exits_with_130(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "ntp_dynamics", *SMALL[:5]]
    long = [*command, "train.attention.steps=100000000", f"hydra.run.dir={tmp_path}/l"]
    with subprocess.Popen(long, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while not (tmp_path / "l/corpora/001.jsonl").exists():
            assert process.poll() is None
        threading.Event().wait(1.0)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"Traceback" not in stderr
    assert status_of(tmp_path / "l")["state"] == "interrupted"


def test_progress_is_shown_with_a_rate(tmp_path: Path) -> None:
    composed = ntp.train(SMALL, tmp_path / "m").config
    console = Console(force_terminal=True, width=100, record=True, file=io.StringIO())
    run.run_job(composed, tmp_path / "n", run.Surroundings(progress=JobProgress(console)))
    text = console.export_text()
    assert "attention" in text
    assert "60/60" in text
    assert "/s" in text


def test_a_sweep_shows_one_line_over_all_its_jobs(tmp_path: Path) -> None:
    config = ntp.train(SMALL, tmp_path / "o").config
    console = Console(force_terminal=True, width=100, record=True, file=io.StringIO())
    sweep = SweepProgress(console, jobs=2)
    for number in range(2):
        around = run.Surroundings(progress=sweep.begin(number, 80))
        run.run_job(config, tmp_path / f"p{number}", around)
        sweep.count(number + 1)
    sweep.finish()
    text = console.export_text()
    assert "1 of 2 jobs done" in text
    last = text[text.rindex("2 of 2 jobs done") :]
    assert "100 %" in last
    assert "attention" not in text


@pytest.mark.parametrize("stages", ["feed_forward", "attention"])
def test_a_stage_can_be_trained_alone(stages: str, tmp_path: Path) -> None:
    """Claims about the other stage do not apply; nothing warns."""
    record = ntp.train([*SMALL, f"train.stages=[{stages}]", "init=gaussian"], tmp_path / "q")
    for verdict in record.verdicts:
        if verdict["stage"] != stages:
            assert verdict["label"] == "does not apply"
    assert (tmp_path / "q/MANIFEST.json").exists()


def test_the_frozen_logits_of_the_attention_stage_are_stored(record: ntp.Record) -> None:
    frozen = record.stage("attention")["logits"].values
    last = record.stage("feed_forward")["logits"].values[:, -1]
    np.testing.assert_array_equal(frozen, last)


def test_every_checkpoint_is_a_recorded_step(record: ntp.Record) -> None:
    """An attention map stands beside its loss."""
    for stage in ("feed_forward", "attention"):
        data = record.stage(stage)
        assert set(data["checkpoint"].values) <= set(data["step"].values)


def test_accuracy_is_a_share(record: ntp.Record) -> None:
    """Ties are not right, and all right is exactly 1."""
    first = record.stage("attention")["accuracy"].values[:, 0]
    for r, corpus in enumerate(record.corpora):
        ones = sum(len(set(sentence)) == 1 for sentence in corpus.sentences)
        assert first[r] == pytest.approx(ones / corpus.size, rel=1e-12)
    for stage in ("feed_forward", "attention"):
        assert (record.stage(stage)["accuracy"].values <= 1).all()
    assert (record.stage("feed_forward")["accuracy"].values[:, 1:] == 1).all()


def test_a_job_that_fails_before_it_trains_says_so_in_its_status(tmp_path: Path) -> None:
    """The corpus file vanished after the configuration was checked."""
    config = ntp.train(SMALL, tmp_path / "r").config
    config.dataset = FileDataset(path="gone.jsonl")
    config.runs = 1
    with pytest.raises(UserError, match=r"gone\.jsonl"):
        run.run_job(config, tmp_path / "s")
    status = status_of(tmp_path / "s")
    assert status["state"] == "failed"
    assert status["reason"].startswith("gone.jsonl: no such file")
    assert "failed: gone.jsonl" in (tmp_path / "s/log.txt").read_text()


def test_jobs_of_one_second_get_directories_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {ntp.train([*SMALL, "hooks=none"]).path for _ in range(3)}
    assert len(paths) == 3


def test_a_record_introduces_itself_in_one_line(record: ntp.Record) -> None:
    assert repr(record).startswith("Record('")
    assert len(repr(record)) < 200


@pytest.mark.parametrize("name", ["config.yaml", "corpora/001.jsonl", "trajectory.nc"])
@pytest.mark.parametrize("content", [b"", b"[1, 2]", b"a: [", b"\x00\xff"])
def test_a_damaged_record_without_manifest_is_one_line(
    name: str, content: bytes, record: ntp.Record, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(record.path, copy)
    (copy / "MANIFEST.json").unlink()
    (copy / name).write_bytes(content)
    with pytest.raises(UserError):
        ntp.load_run(copy)


def test_one_unreadable_status_hides_no_other_job(record: ntp.Record, tmp_path: Path) -> None:
    shutil.copytree(record.path, tmp_path / "s/0")
    (tmp_path / "s/1").mkdir()
    (tmp_path / "s/1/status.json").write_text("[]")
    (tmp_path / "s/2").mkdir()
    (tmp_path / "s/2/status.json").write_text("{")
    assert list(ntp.load_sweep(tmp_path / "s")["status"]) == ["done", "unreadable", "unreadable"]


def test_a_running_job_publishes_its_record_so_far(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read from within: at every step after the first publication a reader finds the job running,
    with the steps so far and no verdict yet."""
    monkeypatch.setattr(publishing, "Throttle", lambda: Throttle(seconds=0, share=1e9))
    seen: list[tuple[str, int, list[Any]]] = []

    @ntp.observable("attention", long_name="what others see")
    def watcher(state: Any, reference: Any) -> Any:
        if (tmp_path / "a/trajectory.nc").exists():
            found = ntp.load_run(tmp_path / "a")
            stage = found.trajectory.children.get("attention")
            last = -1 if stage is None else int(stage.dataset["step"][-1])
            seen.append((found.status["state"], state.step - last, found.verdicts))
        return state.path_length

    short = [*SMALL, "train.feed_forward.steps=2", "train.attention.steps=10"]
    record = ntp.train(short, tmp_path / "a", observables=[watcher])
    assert record.status["state"] == "done"
    assert len(seen) > 8
    assert all(state == "running" and not verdicts for state, _, verdicts in seen)
    assert min(behind for _, behind, _ in seen) == 0
    assert "final" in record.status
