"""No damage to a record goes unnoticed, and what is sound is read back as it was written."""

import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from ntp_dynamics.record.store import RecordWriter, read_json, state_of, verify
from ntp_dynamics.record.trees import check_tree, read_group, read_tree
from ntp_dynamics.system.errors import UserError
from tests.record.small_record import (
    DONE,
    KINDS,
    LOSS,
    STATUS,
    STEP,
    contents,
    damage,
    is_one_line,
    tree,
)


def test_a_sealed_record_is_verified_and_its_manifest_names_every_other_file(sealed):
    verify(sealed)
    files = read_json(sealed / "MANIFEST.json")["files"]
    assert set(files) == set(KINDS)
    assert set(contents(sealed)) == {*KINDS, "MANIFEST.json"}
    for name, entry in files.items():
        content = (sealed / name).read_bytes()
        assert entry == {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


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
    for name in ("config.yaml", "trajectory.nc"):
        writer.data(name, "done\n")
    writer.seal(DONE)
    path = tmp_path / "MANIFEST.json"
    sound = path.read_bytes()
    for i in range(0, 8 * len(sound), 3):  # each bit of a byte in turn
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
    for name in ("log.txt", "config.yaml", "trajectory.nc"):
        writer.data(name, "done\n")
    replace = os.replace

    def killed(source, target):
        if target.name == "status.json":
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", killed)
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
    path.write_bytes(b"no netCDF")
    for bad in (path, sealed / "none.nc"):
        with pytest.raises(UserError):
            read_group(bad, ("attention",))


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
    for offset in range(0, 320, 64):
        flipped = bytearray(sound)
        flipped[at + offset] ^= 1
        path.write_bytes(flipped)
        for read in (read_tree, check_tree):
            with pytest.raises(UserError, match="it cannot be read"):
                read(path)


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


def test_no_read_opens_a_trajectory_in_the_library_of_this_process(sealed):
    """Nor does it leave one open, whatever is wrong with the file."""
    path = sealed / "trajectory.nc"
    sound = path.read_bytes()
    for at in (None, *range(0, len(sound), len(sound) // 12)):
        damaged = bytearray(sound)
        if at is not None:
            damaged[at] ^= 255
        path.write_bytes(damaged)
        with suppress(UserError):
            read_tree(path)
        with suppress(UserError):
            read_group(path, ("attention",))
        assert times_open(path) == 0


OPEN_FILES = Path("/proc/self/fd")


def times_open(path):
    """Where this system lists open files."""
    entries = OPEN_FILES.iterdir() if OPEN_FILES.exists() else ()
    return sum(os.path.realpath(entry) == str(path) for entry in entries)
