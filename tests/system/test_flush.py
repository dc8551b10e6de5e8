"""Files onto the disk: a whole file system at one go where it can, else one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntp_dynamics.system import flush as flushing
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.flush import flush


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_text(path.name)
    return paths


@pytest.mark.parametrize("whole", [True, False])
def test_every_file_is_flushed(
    whole: bool, files: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    fsync = flushing.os.fsync
    monkeypatch.setattr(flushing.os, "fsync", lambda file: (synced.append(file), fsync(file)))
    monkeypatch.setattr(flushing, "_can_be_whole", lambda device: whole)
    devices: set[int] = set()
    flush(files, devices)
    assert len(synced) == (0 if whole else 3)
    assert devices == ({files[0].stat().st_dev} if whole else set())


def test_what_is_not_there_is_told_in_a_line(files: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it cannot be written: no such file") as refused:
        flush([*files, tmp_path / "gone"], set())
    assert refused.value.where == str(tmp_path / "gone")


def test_a_file_system_that_is_not_known_is_flushed_file_by_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert not flushing._can_be_whole.__wrapped__(1 << 40)
