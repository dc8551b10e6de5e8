"""Disk space, said before it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntp_dynamics.system.disk import make_room, size_in_words
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
