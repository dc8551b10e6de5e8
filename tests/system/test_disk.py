"""Disk space, said before it is needed."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ntp_dynamics.system.disk import make_room, not_written, refusal_of, size_in_words
from ntp_dynamics.system.errors import UserError


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_750_942, "1.75 MB"), (3e15, "3e+03 TB")],
)
def test_sizes_read_as_a_person_says_them(size: float, words: str) -> None:
    assert size_in_words(size) == words


def test_what_does_not_fit_is_refused_with_both_numbers(tmp_path: Path) -> None:
    make_room(tmp_path / "not/yet/there", 1)
    with pytest.raises(UserError, match=r"needs 1e\+06 TB, .* are free; use hooks=light"):
        make_room(tmp_path / "not/yet/there", 10**18)


def test_a_full_disk_is_told_with_what_was_to_be_written(tmp_path: Path) -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    told = str(not_written(tmp_path / "trajectory.nc", 10**18, full))
    assert "trajectory.nc: the disk is full: 1e+06 TB were to be written, " in told
    assert told.endswith("are free; make room and give the command again, or use another disk")


def test_a_quota_is_not_contradicted_by_what_is_free(tmp_path: Path) -> None:
    over = OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))
    assert "are free" not in str(not_written(tmp_path / "status.json", 1, over))


def test_the_system_is_asked_why_a_file_cannot_be_written(tmp_path: Path) -> None:
    assert refusal_of(tmp_path, 100) is None
    assert not [*tmp_path.iterdir()]
    found = refusal_of(tmp_path / "not there", 100)
    assert found is not None
    assert found.errno == errno.ENOENT
