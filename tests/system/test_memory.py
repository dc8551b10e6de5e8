"""Memory, said before it is needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from ntp_dynamics.system import memory
from ntp_dynamics.system.errors import UserError


def test_what_does_not_fit_is_refused_by_the_first_field_that_takes_too_much() -> None:
    memory.make_room({"a": (1.0, "x"), "b": (2.0, "y")})
    needs = {"small": (1e3, "x"), "big": (4e18, "shrink"), "bigger": (9e18, "z")}
    with pytest.raises(UserError) as refused:
        memory.make_room(needs)
    said = str(refused.value)
    assert said.startswith("big: the job needs about 1.3e+07 TB of memory, 4e+06 TB of it for this")
    assert said.endswith(" are free; shrink")


@pytest.mark.parametrize(("limit", "left"), [("4096\n", 3096), ("1000\n", 0), ("max\n", None)])
def test_a_container_has_what_its_limit_leaves(
    limit: str, left: int | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "max").write_text(limit)
    (tmp_path / "now").write_text("1000\n")
    monkeypatch.setattr(memory, "GROUPS", ())
    free = memory.available()
    assert free > 10**7
    monkeypatch.setattr(memory, "GROUPS", ((str(tmp_path / "max"), str(tmp_path / "now")),))
    found = memory.available()
    assert found == left if left is not None else found > free / 2
