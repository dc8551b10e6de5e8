"""A log that cannot be written costs no job, and no record says that it is whole."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.log import JobLog


def test_the_entry_of_a_log_is_that_of_its_file(tmp_path: Path) -> None:
    with JobLog(tmp_path / "log.txt") as log:
        log("a line")
        log.data("and another")
        body = (tmp_path / "log.txt").read_bytes()
        assert log.entry == {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no disk that is always full")
def test_a_log_without_room_is_told_as_a_full_disk_when_it_is_asked_for(tmp_path: Path) -> None:
    os.symlink("/dev/full", tmp_path / "log.txt")
    with JobLog(tmp_path / "log.txt") as log:
        log("a line that does not fit")
        with pytest.raises(UserError, match=r"log\.txt: the disk is full"):
            _ = log.entry
