"""Records are written by one job a directory, all of a file or nothing of it."""

import errno
import json
import os
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest
import yaml

from ntp_dynamics.record import atomic, store
from ntp_dynamics.record.store import RecordWriter, read_json, redact_yaml
from ntp_dynamics.system.errors import UserError
from tests.record.small_record import DONE, LOSS, STATUS, contents, is_one_line, tree


def test_the_status_is_there_from_the_start(tmp_path):
    RecordWriter(tmp_path / "deep" / "job", STATUS)
    assert read_json(tmp_path / "deep/job/status.json").items() >= STATUS.items()
    assert set(contents(tmp_path)) == {"deep/job/status.json"}


def test_a_directory_that_holds_a_record_is_refused_and_left_alone(tmp_path, sealed):
    before = contents(sealed)
    with pytest.raises(UserError, match="it already holds a record") as caught:
        RecordWriter(sealed, STATUS)
    assert is_one_line(caught.value)
    assert caught.value.where == str(sealed)
    assert contents(sealed) == before


def test_a_directory_that_holds_other_files_is_welcome(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    RecordWriter(tmp_path, STATUS)
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_of_many_jobs_that_start_at_once_one_gets_the_directory(tmp_path):
    jobs, rounds = 8, 20
    barrier = Barrier(jobs)

    def start(name):
        barrier.wait()
        try:
            RecordWriter(tmp_path / str(name), STATUS)
        except UserError as error:
            return error.what
        return "started"

    with ThreadPoolExecutor(jobs) as pool:
        for name in range(rounds):
            told = list(pool.map(start, [name] * jobs))
            assert told.count("started") == 1
            assert sum("is at work in it" in what for what in told) == jobs - 1


def test_overwrite_removes_what_a_job_leaves_and_nothing_else(sealed):
    (sealed / ".trajectory.nc.4711.tmp").write_bytes(b"half of it")  # its process was killed
    mine = {"notes.txt": b"mine", "tables/config.yaml": b"mine too", ".hidden": b"and this"}
    for name, content in mine.items():
        (sealed / name).parent.mkdir(exist_ok=True)
        (sealed / name).write_bytes(content)
    RecordWriter(sealed, STATUS | {"state": "planned"}, overwrite=True)
    found = contents(sealed)
    assert json.loads(found.pop("status.json"))["state"] == "planned"
    assert found == mine
    assert not (sealed / "corpora").exists()
    assert not (sealed / "figures").exists()


def test_overwrite_removes_nothing_where_no_job_has_been(tmp_path):
    """The files of another project may have the same names."""
    mine = {"config.yaml": b"mine", "figures/plot.png": b"mine", "corpora/a.jsonl": b"mine"}
    for name, content in mine.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    RecordWriter(tmp_path, STATUS, overwrite=True)
    found = contents(tmp_path)
    assert found.pop("status.json")
    assert found == mine


def test_what_is_left_of_an_overwrite_that_broke_is_overwritten_by_the_next(sealed, monkeypatch):
    def broken(*arguments, **more):
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(store.shutil, "rmtree", broken)
        with pytest.raises(UserError, match="input/output error"):
            RecordWriter(sealed, STATUS, overwrite=True)
    assert not (sealed / "MANIFEST.json").exists()
    RecordWriter(sealed, STATUS, overwrite=True)
    assert set(contents(sealed)) == {"status.json"}


@pytest.mark.parametrize("then", ["gone", "moved", "made again", "with a record"])
def test_a_directory_that_was_taken_away_does_not_come_back(tmp_path, then):
    writer = RecordWriter(tmp_path / "job", STATUS)
    if then == "moved":
        (tmp_path / "job").rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(tmp_path / "job")
    if then in ("made again", "with a record"):
        (tmp_path / "job").mkdir()
    if then == "with a record":
        RecordWriter(tmp_path / "job", STATUS).seal(DONE)
    before = contents(tmp_path)
    for write in (
        lambda: writer.data("corpora/000.jsonl", "mine\n"),
        lambda: writer.tree("trajectory.nc", tree()),
        lambda: writer.json("status.json", DONE),
        lambda: writer.seal(DONE),
    ):
        with pytest.raises(UserError, match="it was removed, or taken by another job") as caught:
            write()
        assert is_one_line(caught.value)
        assert contents(tmp_path) == before
    assert (tmp_path / "job").exists() == (then in ("made again", "with a record"))


def test_a_job_at_work_is_not_overwritten_and_one_that_ended_is(tmp_path):
    with RecordWriter(tmp_path, STATUS) as writer:
        writer.data("log.txt", "mine\n")
        before = contents(tmp_path)
        for overwrite in (False, True):
            with pytest.raises(
                UserError, match=f"process {os.getpid()} on .* is at work"
            ) as caught:
                RecordWriter(tmp_path, STATUS, overwrite)
            assert is_one_line(caught.value)
        assert contents(tmp_path) == before
    with pytest.raises(UserError, match="it already holds a record"):
        RecordWriter(tmp_path, STATUS)
    RecordWriter(tmp_path, STATUS, overwrite=True).seal(DONE)
    assert set(contents(tmp_path)) == {"status.json", "MANIFEST.json"}
    assert not (tmp_path / "CLAIM").exists()


def test_settings_that_hydra_wrote_are_rewritten_only_where_they_hold_a_secret(tmp_path):
    path = tmp_path / "multirun.yaml"
    path.write_text("seed:   1\ntrain: {steps: 3}\n")
    redact_yaml(path)
    assert path.read_text() == "seed:   1\ntrain: {steps: 3}\n"
    path.write_text("env:\n  MY_TOKEN: canary\nover: [a.pass_key=canary, seed=1]\nn: 3\n")
    redact_yaml(path)
    assert yaml.safe_load(path.read_text()) == {
        "env": {"MY_TOKEN": "<redacted>"},
        "over": ["a.pass_key=<redacted>", "seed=1"],
        "n": 3,
    }


def test_equal_values_give_equal_json_whatever_their_order(tmp_path):
    for name, value in [("a", {"x": 1, "y": [2, "é"]}), ("b", {"y": [2, "é"], "x": 1})]:
        RecordWriter(tmp_path / name, STATUS).json("verdicts.json", value)
    assert contents(tmp_path / "a") == contents(tmp_path / "b")
    assert "é" in (tmp_path / "a/verdicts.json").read_text(encoding="utf-8")


def test_numbers_that_json_does_not_know_are_refused(tmp_path):
    writer = RecordWriter(tmp_path, STATUS)
    with pytest.raises(ValueError, match="JSON"):
        writer.json("verdicts.json", {"x": float("nan")})
    assert set(contents(tmp_path)) == {"status.json"}


ANOTHER_PROCESS = """
import sys, time
tests, directory, second = sys.argv[1:]
sys.path.insert(0, tests)
from ntp_dynamics.record.store import RecordWriter
from tests.record.small_record import DONE, STATUS, tree
while int(time.time()) == int(second):  # file formats that store the time store seconds
    time.sleep(0.01)
writer = RecordWriter(directory, STATUS)
writer.tree("trajectory.nc", tree())
writer.seal(DONE)
"""


def test_equal_trees_give_equal_bytes_in_another_process_at_another_time(tmp_path):
    writer = RecordWriter(tmp_path / "here", STATUS)
    writer.tree("trajectory.nc", tree())
    writer.seal(DONE)
    second = str(int((tmp_path / "here/trajectory.nc").stat().st_mtime))
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, root, str(tmp_path / "there"), second],
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"},
    )
    assert contents(tmp_path / "here") == contents(tmp_path / "there")


def test_another_tree_gives_other_bytes(tmp_path):
    """Otherwise the test above shows nothing."""
    for name, values in [("a", tree()), ("b", tree(np.nextafter(LOSS, 9)))]:
        RecordWriter(tmp_path / name, STATUS).tree("trajectory.nc", values)
    assert contents(tmp_path / "a") != contents(tmp_path / "b")


@pytest.mark.parametrize("function", ["fsync", "replace", "open"])
@pytest.mark.parametrize("name", ["log.txt", "trajectory.nc", "MANIFEST.json"])
def test_a_write_that_breaks_leaves_the_old_file_and_no_temporary_one(
    sealed, monkeypatch, function, name
):
    writer = RecordWriter(sealed.parent / "other", STATUS)
    writer.data("log.txt", "old\n")
    writer.tree("trajectory.nc", tree())
    before = contents(writer.directory)

    def full(*arguments, **more):
        raise OSError(errno.ENOSPC, "No space left on device")

    write = {
        "log.txt": lambda: writer.data("log.txt", "new\n"),
        "trajectory.nc": lambda: writer.tree("trajectory.nc", tree(2 * LOSS)),
        "MANIFEST.json": lambda: writer.seal(DONE),
    }[name]
    monkeypatch.setattr(os, function, full)
    with pytest.raises(UserError, match="the disk is full: ") as caught:
        write()
    monkeypatch.undo()
    assert caught.value.where == str(writer.directory / name)
    assert is_one_line(caught.value)
    assert contents(writer.directory) == before


@pytest.mark.parametrize("room", [0, 100, 4_000, 8_000])
def test_a_disk_that_fills_while_the_trajectory_is_written_leaves_the_old_one(tmp_path, room):
    """The library that writes it has its own words for this, and no error number."""
    writer = RecordWriter(tmp_path, STATUS)
    writer.tree("trajectory.nc", tree())
    before = contents(tmp_path)
    assert room < len(before["trajectory.nc"])
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(UserError, match=r"trajectory\.nc: it cannot be written") as caught:
            writer.tree("trajectory.nc", tree(2 * LOSS))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert is_one_line(caught.value)
    assert contents(tmp_path) == before


def test_what_could_not_be_written_gives_its_room_back_at_once(tmp_path):
    """Although the library that writes it keeps the file open."""
    writer = RecordWriter(tmp_path, STATUS)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))
    try:
        with pytest.raises(UserError):
            writer.tree("trajectory.nc", tree())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    handles = [Path("/proc/self/fd", number) for number in os.listdir("/proc/self/fd")]
    mine = [h for h in handles if h.is_symlink() and os.readlink(h).startswith(str(tmp_path))]
    held = [handle.stat().st_size for handle in mine if os.readlink(handle).endswith("(deleted)")]
    assert not any(held)


def test_a_directory_whose_name_netcdf_cannot_take_is_refused_at_once(tmp_path):
    with pytest.raises(UserError, match="its name is not UTF-8, as netCDF wants it"):
        RecordWriter(tmp_path / os.fsdecode(b"caf\xe9"), STATUS)


def test_a_write_that_breaks_half_way_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "status.json"
    path.write_text("old")

    def half(temporary):
        temporary.write_text("ne")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        atomic.write_atomically(path, half)
    assert contents(tmp_path) == {"status.json": b"old"}


def test_a_directory_that_cannot_be_made_is_a_mistake_of_the_user(tmp_path):
    (tmp_path / "file").write_text("mine")
    for directory in (tmp_path / "file", tmp_path / "file" / "job", tmp_path / ("x" * 300)):
        with pytest.raises(UserError, match="it cannot be written") as caught:
            RecordWriter(directory, STATUS)
        assert caught.value.where == str(directory)
        assert is_one_line(caught.value)
    assert contents(tmp_path) == {"file": b"mine"}


def test_a_directory_without_the_permission_to_write_is_a_mistake_of_the_user(
    tmp_path, monkeypatch
):
    """Permissions do not bind the root user, who may run this: the refusal is played."""

    def refused(*arguments, **more):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(os, "open", refused)
    with pytest.raises(UserError, match="it cannot be written: permission denied") as caught:
        RecordWriter(tmp_path, STATUS)
    assert caught.value.where == str(tmp_path)


def test_a_file_cannot_take_the_place_of_a_directory(tmp_path):
    writer = RecordWriter(tmp_path, STATUS)
    (tmp_path / "log.txt").mkdir()
    with pytest.raises(UserError, match="it cannot be written") as caught:
        writer.data("log.txt", "done\n")
    assert caught.value.where == str(tmp_path / "log.txt")
    assert set(contents(tmp_path)) == {"status.json"}
