"""What HDF5 makes of a file happens to a process that nobody needs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import netCDF4
import numpy as np
import pytest

from ntp_dynamics.record import apart
from ntp_dynamics.record.trees import read_tree
from ntp_dynamics.system.errors import UserError


def process() -> int:
    assert apart._process is not None
    return apart._process.process.pid


def test_a_process_is_kept_from_one_file_to_the_next(sealed: Path) -> None:
    read_tree(sealed / "trajectory.nc")
    before = process()
    (sealed / "log.txt").write_bytes(b"no netCDF")
    with pytest.raises(UserError):
        read_tree(sealed / "log.txt")
    read_tree(sealed / "trajectory.nc")
    assert process() == before


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGSEGV])
def test_one_that_died_is_replaced(sealed: Path, end: int) -> None:
    whole = read_tree(sealed / "trajectory.nc")
    os.kill(process(), end)
    os.waitid(os.P_PID, process(), os.WEXITED | os.WNOWAIT)
    assert read_tree(sealed / "trajectory.nc").identical(whole)


@pytest.mark.parametrize(("place", "bit"), [(7143, 5), (7506, 5)])
def test_a_file_that_makes_the_library_hang_or_die_is_refused(
    made: dict[str, Path], tmp_path: Path, place: int, bit: int
) -> None:
    """With HDF5 2.2 the first of these bits is an endless loop, the second ends the process."""
    sound = made["unsealed"] / "trajectory.nc"
    wrong = bytearray(sound.read_bytes())
    wrong[place] ^= 1 << bit
    (tmp_path / "wrong.nc").write_bytes(wrong)
    with pytest.raises(UserError, match="it cannot be read"):
        read_tree(tmp_path / "wrong.nc")
    assert read_tree(sound).identical(read_tree(sound))


def test_what_a_file_says_of_its_size_is_not_believed(tmp_path: Path) -> None:
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        file.createDimension("run", 470_000_000)
        file.createVariable("loss", "f8", ("run",), chunksizes=(1_000_000,))
    assert (tmp_path / "x.nc").stat().st_size < 20_000
    with pytest.raises(UserError, match="it cannot be read") as refused:
        read_tree(tmp_path / "x.nc")
    assert "more than it does" in str(refused.value.__cause__)


def test_arrays_larger_than_a_piece_arrive_whole(tmp_path: Path) -> None:
    values = np.arange(2 * 3 * 700_000.0).reshape(2, 3, 700_000)
    with netCDF4.Dataset(tmp_path / "x.nc", "w") as file:
        for name, size in zip("abc", values.shape, strict=True):
            file.createDimension(name, size)
        file.createVariable("whole", "f8", ("a", "b", "c"))[:] = values
        file.createVariable("one", "i4", ())[...] = 7
        file.createDimension("none", 0)
        file.createVariable("empty", "f4", ("none",))
    found = read_tree(tmp_path / "x.nc")
    np.testing.assert_array_equal(found["whole"].values, values)
    assert found["one"].values == np.array(7, np.int32)
    assert found["one"].dtype == np.int32
    assert found["empty"].shape == (0,)


FORKED = """
import os, sys
from pathlib import Path
from ntp_dynamics.record import apart
from ntp_dynamics.record.trees import read_tree
path = Path(sys.argv[1])
read_tree(path)
mine = apart._process.process.pid
child = os.fork()
if child == 0:
    read_tree(path)
    os._exit(0 if apart._process.process.pid != mine else 1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
read_tree(path)
assert apart._process.process.pid == mine
print(mine)
"""


def test_a_forked_process_starts_its_own_and_the_end_of_one_is_the_end_of_both(
    sealed: Path,
) -> None:
    command = [sys.executable, "-c", FORKED, str(sealed / "trajectory.nc")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not Path(f"/proc/{int(done.stdout)}/status").exists()
