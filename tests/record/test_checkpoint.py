"""Checkpoints: what is read back is what was written, or nothing is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics.record.checkpoint import KEPT, Checkpoint, Checkpoints
from ntp_dynamics.system.errors import UserError


def made(number: int) -> Checkpoint:
    rng = np.random.default_rng(number)
    arrays = {
        "weights": rng.normal(size=(2, 3, 4)),
        "turned": rng.normal(size=(5, 2)).T,
        "a count": np.array(number, dtype=np.int64),
        "nothing": np.zeros((2, 0)),
        "bits": rng.integers(0, 2**63, size=7, dtype=np.uint64),
        "nan": np.array([np.nan, -0.0, np.inf]),
    }
    return Checkpoint({"number": number, "words": ["é", "\n"]}, arrays)


def same(one: Checkpoint | None, other: Checkpoint) -> bool:
    return (
        one is not None
        and one.said == other.said
        and [*one.arrays] == [*other.arrays]
        and all(
            a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
            for a, b in zip(one.arrays.values(), other.arrays.values(), strict=True)
        )
    )


def test_the_newest_is_read_back_to_the_bit_and_two_are_kept(tmp_path: Path) -> None:
    files = Checkpoints(tmp_path)
    assert files.newest() == (None, [])
    for number in range(5):
        files.write(made(number))
        assert same(files.newest()[0], made(number))
    assert len([*files.folder.iterdir()]) == KEPT
    files.remove()
    assert [*tmp_path.iterdir()] == []


def test_a_flipped_bit_anywhere_or_a_lost_end_gives_the_one_before_and_says_so(
    tmp_path: Path,
) -> None:
    files = Checkpoints(tmp_path)
    files.write(made(1))
    files.write(made(2))
    newest = files.folder / "000002.ckpt"
    whole = newest.read_bytes()
    rng = np.random.default_rng(0)
    flipped = [
        whole[:place] + bytes([whole[place] ^ (1 << bit)]) + whole[place + 1 :]
        for place, bit in zip(
            rng.integers(len(whole), size=200), rng.integers(8, size=200), strict=True
        )
    ]
    cut = [whole[: int(n)] for n in rng.integers(len(whole), size=50)]
    for body in [*flipped, *cut, b"", whole + b"x", b"\n" * 100]:
        newest.write_bytes(body)
        found, (passed,) = files.newest()
        assert same(found, made(1))
        assert "000002.ckpt: it is not the checkpoint that was written" in str(passed)


def test_nothing_whole_is_nothing_and_nothing_else_is_read(tmp_path: Path) -> None:
    files = Checkpoints(tmp_path)
    files.write(made(1))
    (files.folder / "000001.ckpt").write_bytes(b"")
    (files.folder / "000009.ckpt").symlink_to("/dev/zero")
    (files.folder / "note.txt").write_text("mine")
    found, passed = files.newest()
    assert (found, len(passed)) == (None, 1)


def test_objects_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="allow_pickle"):
        Checkpoints(tmp_path).write(Checkpoint({}, {"x": np.array([{}], dtype=object)}))
    assert [*(tmp_path / "checkpoints").iterdir()] == []


def test_a_place_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "checkpoints").write_text("a file")
    with pytest.raises(UserError, match=r"cannot be written"):
        Checkpoints(tmp_path).write(made(1))
