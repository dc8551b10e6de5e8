"""Short forms of what `make torture` does at length."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.torture import machine
from benchmarks.torture.replay import Call, Disk
from benchmarks.torture.shim import Kind, compiler

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the experiments say, at a few points each, in a process in front of whose system calls
    the shim stands."""
    if compiler() is None or sys.platform != "linux":
        pytest.skip("a C compiler and Linux are needed")
    place = tmp_path_factory.mktemp("torture")
    command = [sys.executable, "-m", "benchmarks.torture", "--dry", "--smoke", "--json"]
    names = ["crash_points", "lost_writes", "full_disk"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, "--place", str(place), *names],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode in (0, 1), done.stderr
    assert not [*place.iterdir()]
    return json.loads(done.stdout)


@pytest.mark.parametrize("name", ["crash_points", "lost_writes", "full_disk"])
def test_what_is_killed_cut_off_or_starved_goes_on_to_equal_bytes(
    name: str, said: dict[str, Any]
) -> None:
    assert said[name]["faults"] == []
    assert sum(said[name]["tried"].values()) > 0


def test_a_job_that_is_killed_resumed_and_damaged_in_any_order_records_the_same() -> None:
    counts = machine.sequences(5, same=True)
    assert counts.faults == []
    assert counts.tried["sequences"] >= 5


def test_a_machine_whose_checkpoints_lie_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that goes on a step beside where it stood."""
    real = machine.Snapshot.of

    def wrong(checkpoint: Any) -> machine.Snapshot:
        found = real(checkpoint)
        last = [*found.reached][-1]
        saved = {name: array * 1.5 for name, array in found.saved[last].items()}
        return machine.Snapshot(found.reached, {**found.saved, last: saved}, found.recorded)

    monkeypatch.setattr(machine.Snapshot, "of", wrong)
    assert machine.sequences(20, same=True).faults


def test_a_disk_keeps_what_was_flushed_and_may_lose_the_rest() -> None:
    disk = Disk()
    for kind, data in (
        (Kind.MKDIR, b""),
        (Kind.OPEN, b""),
        (Kind.WRITE, b"old"),
        (Kind.FSYNC, b""),
    ):
        path = "/d" if kind == Kind.MKDIR else "/d/f"
        disk.follow(Call(kind, path, "", 0, 0 if kind == Kind.MKDIR else 7, data))
    disk.follow(Call(Kind.WRITE, "/d/f", "", 3, 7, b" new"))
    disk.follow(Call(Kind.RENAME, "/d/f", "/d/g", 0, 7, b""))
    everything = [True] * len(disk.changes)
    assert disk.tree(everything, "whole")["/d/g"] == b"old new"
    assert disk.tree(everything, "lost")["/d/g"] == b"old"
    assert disk.tree(everything, "zeros")["/d/g"] == b"old\0\0\0\0"
    assert disk.tree([True, True, False], "lost") == {"/d": None, "/d/f": b"old"}
    assert disk.tree([True, False, False], "lost") == {"/d": None}
    disk.follow(Call(Kind.FSYNC, "/d", "", 0, 99, b""))
    assert disk.tree([False, False, False], "lost") == {}  # its own name is in another folder
    assert [change.sure for change in disk.changes] == [False, True, True]
