"""Records: one job a directory, all of a file or nothing of it, and no damage goes unnoticed."""

import errno
import gc
import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier

import netCDF4
import numpy as np
import pytest
import xarray
import yaml

from ntp_dynamics.record import store
from ntp_dynamics.record.store import (
    RecordWriter,
    read_json,
    redact_yaml,
    state_of,
    verify,
)
from ntp_dynamics.record.trees import check_tree, read_group, read_tree
from ntp_dynamics.system.errors import UserError

STATUS = {"state": "running", "overrides": [], "reason": None}
DONE = STATUS | {"state": "done"}
FILES = {
    "config.yaml": "runs: 2\n",
    "corpora/000.jsonl": '{"vocab": ["é"]}\n',
    "verdicts.json": '{"claims": []}\n',
    "log.txt": "done\n",
    "figures/panels.png": "not really a picture",
}
KINDS = [*FILES, "trajectory.nc", "status.json"]


STEP = np.arange(40)
LOSS = np.outer([1.0, np.nan, -3.0], np.exp(-STEP / 7))


def tree(loss=LOSS):
    stage = xarray.Dataset({"loss": (("run", "step"), loss, {"units": "nat"})}, {"step": STEP})
    padded = np.array([[0, 1], [2, -1]], dtype=np.int32)
    root = xarray.Dataset({"token_id": (("corpus", "token"), padded)}, attrs={"format": 1})
    return xarray.DataTree.from_dict({"/": root, "/attention": stage})


@pytest.fixture
def sealed(tmp_path):
    """A sealed record with a file of every kind."""
    writer = RecordWriter(tmp_path / "job", STATUS)
    for name, text in FILES.items():
        writer.data(name, text)
    writer.tree("trajectory.nc", tree())
    writer.seal(DONE)
    return writer.directory


def contents(directory):
    """Every file below a directory but claims, temporary and hidden ones included, with its
    bytes."""
    files = (path for path in directory.rglob("*") if path.is_file() and path.name != "CLAIM")
    return {str(path.relative_to(directory)): path.read_bytes() for path in files}


def is_one_line(error):
    return str(error).splitlines() == [str(error)] and error.remedy


def test_the_status_is_there_from_the_start(tmp_path):
    RecordWriter(tmp_path / "deep" / "job", STATUS)
    assert read_json(tmp_path / "deep/job/status.json") == STATUS
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


def test_a_sealed_record_is_verified_and_its_manifest_names_every_other_file(sealed):
    verify(sealed)
    files = read_json(sealed / "MANIFEST.json")["files"]
    assert set(files) == set(KINDS)
    assert set(contents(sealed)) == {*KINDS, "MANIFEST.json"}
    for name, entry in files.items():
        content = (sealed / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def damage(path, how):
    content = bytearray(path.read_bytes())
    if how == "missing":
        path.unlink()
        return
    if how == "truncated":
        content = content[:-1]
    elif how == "emptied":
        content.clear()
    elif how == "grown":
        content += b"\n"
    elif how == "zeroed":
        content[len(content) // 2 :] = bytes(len(content) - len(content) // 2)
    elif how == "a flipped bit":
        content[len(content) // 3] ^= 1
    path.write_bytes(content)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize(
    "how", ["a flipped bit", "truncated", "emptied", "grown", "zeroed", "missing"]
)
def test_damage_to_a_file_is_noticed_and_the_file_named(sealed, name, how):
    damage(sealed / name, how)
    with pytest.raises(UserError) as caught:
        verify(sealed)
    assert caught.value.where == str(sealed / name)
    assert ("missing" in caught.value.what) == (how == "missing")
    assert is_one_line(caught.value)


def test_every_flipped_bit_of_a_manifest_is_noticed(tmp_path):
    writer = RecordWriter(tmp_path, STATUS)
    writer.data("log.txt", "done\n")
    writer.seal(DONE)
    path = tmp_path / "MANIFEST.json"
    sound = path.read_bytes()
    for i in range(8 * len(sound)):
        flipped = bytearray(sound)
        flipped[i // 8] ^= 1 << i % 8
        path.write_bytes(flipped)
        with pytest.raises(UserError):
            verify(tmp_path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"files": []}', '{"files": 1}'])
def test_a_manifest_that_lists_no_files_is_damaged(sealed, content):
    (sealed / "MANIFEST.json").write_text(content)
    with pytest.raises(UserError, match="damaged") as caught:
        verify(sealed)
    assert caught.value.where == str(sealed / "MANIFEST.json")


def test_a_job_that_was_cut_off_while_it_was_sealed_is_not_done(sealed, monkeypatch):
    """The last status is what makes it done, and comes after the manifest."""
    writer = RecordWriter(sealed.parent / "other", STATUS)
    writer.data("log.txt", "done\n")
    replace = os.replace

    def killed(source, target):
        if target.name == "status.json":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(store.os, "replace", killed)
    with pytest.raises(KeyboardInterrupt):
        writer.seal(DONE)
    assert state_of(writer.directory) == "running"
    assert (writer.directory / "MANIFEST.json").exists()
    assert verify(writer.directory) is False
    assert verify(sealed) is True
    damage(writer.directory / "log.txt", "truncated")
    with pytest.raises(UserError, match=r"log\.txt: it is not the file"):
        verify(writer.directory)


@pytest.mark.parametrize("how", ["a flipped bit", "truncated", "grown", "missing", "of another"])
def test_only_what_was_written_is_sealed(tmp_path, how):
    """The manifest lists the bytes as they were written, not those that lie there at the end."""
    writer = RecordWriter(tmp_path / "job", STATUS)
    writer.data("corpora/000.jsonl", "mine\n")
    writer.tree("trajectory.nc", tree())
    if how == "of another":
        other = RecordWriter(tmp_path / "other", STATUS)
        other.tree("trajectory.nc", tree(2 * LOSS))
        shutil.copy(other.directory / "trajectory.nc", writer.directory)
    else:
        damage(writer.directory / "trajectory.nc", how)
    with pytest.raises(UserError, match=r"nc: it is no longer what this job wrote") as caught:
        writer.seal(DONE)
    assert is_one_line(caught.value)
    assert state_of(writer.directory) == "running"
    assert not (writer.directory / "MANIFEST.json").exists()


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


def test_two_files_in_each_others_place_are_noticed(sealed):
    (sealed / "log.txt").rename(sealed / "spare")
    (sealed / "verdicts.json").rename(sealed / "log.txt")
    (sealed / "spare").rename(sealed / "verdicts.json")
    with pytest.raises(UserError, match="not the file that was recorded"):
        verify(sealed)


def test_a_tree_is_read_back_as_it_was_written(sealed):
    found = read_tree(sealed / "trajectory.nc")
    assert found.identical(tree())
    assert found["token_id"].dtype == np.int32
    with netCDF4.Dataset(sealed / "trajectory.nc") as file:
        for group in (file, *file.groups.values()):
            assert all(variable.filters()["fletcher32"] for variable in group.variables.values())


def test_a_group_is_read_by_itself_with_nan_where_a_value_is_missing(sealed):
    path = sealed / "trajectory.nc"
    found = read_group(path, ("joint", "attention"))
    assert found.name == "attention"
    assert {"loss", "step"} <= set(found.variables)
    assert all(variable.values.ndim <= 2 for variable in found.variables.values())
    loss = found.variables["loss"]
    assert loss.dims == ("run", "step")
    assert dict(loss.attrs).items() >= dict(tree()["attention"]["loss"].attrs).items()
    np.testing.assert_array_equal(loss.values, LOSS)
    np.testing.assert_array_equal(found.variables["step"].values, STEP)
    assert read_group(path, ("joint",)) is None
    assert read_group(sealed / "none.nc", ("attention",)) is None
    path.write_bytes(b"no netCDF")
    assert read_group(path, ("attention",)) is None


THREADS = """
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from ntp_dynamics.record.store import RecordWriter
from ntp_dynamics.record.trees import read_group, read_tree

path = Path(sys.argv[1])
whole = read_tree(path)
writer = RecordWriter(path.parent / "other", {"state": "running"})

def one(i):
    if i % 10 == 0:
        writer.tree("trajectory.nc", whole)
    elif i % 3:
        assert read_group(path, ("attention",)).variables["loss"].values.shape == (3, 40)
    else:
        assert read_tree(path).identical(whole)

with ThreadPoolExecutor(8) as pool:
    list(pool.map(one, range(300)))
print("alive")
"""


def test_threads_may_read_and_write_trajectories_together(sealed):
    """HDF5 is not thread-safe: without a lock the process dies, so it is one of its own."""
    command = [sys.executable, "-c", THREADS, str(sealed / "trajectory.nc")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout.strip() == "alive", done.stderr


def test_a_flipped_bit_in_the_numbers_is_noticed_without_a_manifest(sealed):
    """The checksums of the file itself guard the record of an interrupted job."""
    path = sealed / "trajectory.nc"
    sound = path.read_bytes()
    at = sound.index(LOSS[0].tobytes())
    for offset in range(0, 320, 16):
        flipped = bytearray(sound)
        flipped[at + offset] ^= 1
        path.write_bytes(flipped)
        for read in (read_tree, check_tree):
            with pytest.raises(UserError, match="it cannot be read"):
                read(path)


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
import runpy, sys, time
test, directory, second = sys.argv[1:]
module = runpy.run_path(test)
while int(time.time()) == int(second):  # file formats that store the time store seconds
    time.sleep(0.01)
writer = module["RecordWriter"](directory, module["STATUS"])
writer.tree("trajectory.nc", module["tree"]())
writer.seal(module["DONE"])
"""


def test_equal_trees_give_equal_bytes_in_another_process_at_another_time(tmp_path):
    writer = RecordWriter(tmp_path / "here", STATUS)
    writer.tree("trajectory.nc", tree())
    writer.seal(DONE)
    second = str(int((tmp_path / "here/trajectory.nc").stat().st_mtime))
    subprocess.run(
        [sys.executable, "-c", ANOTHER_PROCESS, __file__, str(tmp_path / "there"), second],
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
    monkeypatch.setattr(store.os, function, full)
    with pytest.raises(UserError, match="it cannot be written: no space left") as caught:
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


def test_a_write_that_breaks_half_way_leaves_the_old_file_and_no_temporary_one(tmp_path):
    path = tmp_path / "status.json"
    path.write_text("old")

    def half(temporary):
        temporary.write_text("ne")
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        store.write_atomically(path, half)
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


def test_what_cannot_be_read_is_a_mistake_of_the_user(tmp_path):
    with pytest.raises(UserError, match="it does not exist"):
        read_json(tmp_path / "status.json")
    with pytest.raises(UserError, match="it does not exist"):
        read_tree(tmp_path / "trajectory.nc")
    for content in (b"", b"\xff", b"{"):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(UserError, match="damaged"):
            read_json(tmp_path / "bad")
        with pytest.raises(UserError, match="damaged"):
            read_tree(tmp_path / "bad")


OPEN_FILES = Path("/proc/self/fd")


def times_open(path):
    return sum(os.path.realpath(entry) == str(path) for entry in OPEN_FILES.iterdir())


@pytest.mark.skipif(not OPEN_FILES.exists(), reason="this system does not list open files")
def test_no_read_leaves_a_file_for_the_garbage_collector_to_close(sealed):
    """It comes in any thread, without the lock that HDF5 needs.  What the library itself forgets
    to close, in a file too damaged to open, it never closes."""
    path = sealed / "trajectory.nc"
    sound = path.read_bytes()
    gc.disable()
    gc.freeze()  # what is older takes time
    try:
        for at in (None, *range(0, len(sound), 97)):
            damaged = bytearray(sound)
            if at is not None:
                damaged[at] ^= 255
            path = path.with_name(f"{at}.nc")
            path.write_bytes(damaged)
            with suppress(UserError):
                read_tree(path)
            read_group(path, ("attention",))
            left = times_open(path)
            gc.collect()
            assert times_open(path) == left
            assert left == 0 or at is not None
    finally:
        gc.unfreeze()
        gc.enable()
