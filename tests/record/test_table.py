"""The table of a large sweep is read again without parsing; flipped bits are told all the same."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pandas
import pytest
import xarray

import ntp_dynamics as ntp
from ntp_dynamics.record import table
from ntp_dynamics.record.identity import digest
from ntp_dynamics.record.plan import Plan, Planned
from ntp_dynamics.record.store import RecordWriter

JOBS = 40
STATUS = {
    "state": "done",
    "reason": None,
    "seconds": 1.25,
    "final": {"attention.gap": -3.5, "attention.none": None},
    "labels": {"loss": "holds", "odd": "contradicted"},
    "p_contradicted": {"loss": 1.0, "odd": 0.01},
    "runs": {"loss": {"kept": 2, "judged": 2, "failing": []}},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small records of a sweep, with its plan."""
    sweep = tmp_path_factory.mktemp("made") / "sweep"
    sweep.mkdir()
    gap = xarray.Dataset({"gap": (("run", "step"), np.zeros((2, 5)))})
    jobs = [Planned([f"seed={i}"], digest(i), f"{i}-{digest(i)}", {"seed": i}) for i in range(JOBS)]
    Plan(jobs, {}).write(sweep)
    for i, job in enumerate(jobs):
        mine = {"margin=null"} if i % 2 else {f"margin={i}"}
        said = {**STATUS, "overrides": [*job.overrides, *mine], "identity": job.identity}
        with RecordWriter(sweep / job.directory, {**said, "state": "running"}) as writer:
            writer.tree("trajectory.nc", xarray.DataTree.from_dict({"/attention": gap}))
            writer.data("config.yaml", "runs: 2\n")
            writer.json("verdicts.json", {"claims": []})
            writer.seal(said)
    return sweep


@pytest.fixture
def sweep(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy, and a cache folder of its own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(table, "FROM", 2)
    shutil.copytree(made, tmp_path / "sweep")
    return tmp_path / "sweep"


def job(sweep: Path, number: int) -> Path:
    (found,) = sweep.glob(f"{number}-*")
    return found


def test_a_cached_table_is_the_same_and_so_is_one_that_is_rebuilt(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ntp.load_sweep(sweep)
    assert list(first["seed"]) == list(range(JOBS))
    (kept,) = (tmp_path / "cache").rglob("*.json")
    body = kept.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(table, "jobs_of", None)  # nothing is parsed
        pandas.testing.assert_frame_equal(ntp.load_sweep(sweep), first)
    kept.unlink()
    pandas.testing.assert_frame_equal(ntp.load_sweep(sweep), first)
    assert kept.read_bytes() == body
    kept.write_bytes(body[: len(body) // 2])
    pandas.testing.assert_frame_equal(ntp.load_sweep(sweep), first)
    pandas.testing.assert_frame_equal(ntp.load_sweep(sweep, verify=True), first)


def test_a_flipped_bit_in_a_status_or_manifest_is_found_with_a_warm_cache(sweep: Path) -> None:
    first = ntp.load_sweep(sweep)
    draw = random.Random(0)
    for _ in range(60):
        number, name = draw.randrange(JOBS), draw.choice(["status.json", "MANIFEST.json"])
        path = job(sweep, number) / name
        body, stamp = path.read_bytes(), path.stat().st_mtime_ns
        wrong = bytearray(body)
        wrong[draw.randrange(len(wrong))] ^= 1 << draw.randrange(8)
        path.write_bytes(wrong)
        found = ntp.load_sweep(sweep)
        rest = [i for i in range(JOBS) if i != number]
        if name == "status.json":
            assert found["status"][number] == "unreadable"
        if found["status"][number] == "done":  # a bit of a manifest that says nothing of the row
            assert found.loc[number, "attention.gap"] == first.loc[number, "attention.gap"]
        assert list(found["status"][rest]) == ["done"] * len(rest)
        path.write_bytes(body)
        assert path.stat().st_mtime_ns >= stamp
    assert list(ntp.load_sweep(sweep)["status"]) == ["done"] * JOBS


def test_a_trajectory_is_told_by_size_and_time_and_on_request_by_every_byte(sweep: Path) -> None:
    ntp.load_sweep(sweep)
    path = job(sweep, 7) / "trajectory.nc"
    body, stat = path.read_bytes(), path.stat()
    wrong = bytearray(body)
    wrong[len(wrong) // 2] ^= 1
    path.write_bytes(wrong)
    assert ntp.load_sweep(sweep)["status"][7] == "unreadable"  # it was touched
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert ntp.load_sweep(sweep)["status"][7] == "done"
    found = ntp.load_sweep(sweep, verify=True)
    assert found["status"][7] == "unreadable"
    assert found["reason"][7] == "trajectory.nc: it is not the file that was recorded"
    path.write_bytes(body[:-1])
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert ntp.load_sweep(sweep)["status"][7] == "unreadable"
    path.unlink()
    assert ntp.load_sweep(sweep)["reason"][7] == "trajectory.nc: it is missing"


@pytest.mark.parametrize("how", ["a job more", "a job less", "another plan"])
def test_what_comes_or_goes_is_seen(how: str, sweep: Path) -> None:
    ntp.load_sweep(sweep)
    if how == "a job more":
        shutil.copytree(job(sweep, 0), sweep / "mine")
    elif how == "a job less":
        shutil.rmtree(job(sweep, 3))
    else:
        Plan([Planned(["seed=9"], "0" * 16, "0-" + "0" * 16, {})], {}).write(sweep)
    states = list(ntp.load_sweep(sweep)["status"])
    assert len(states) == (JOBS if how == "a job less" else JOBS + 1)
    assert states.count("planned") == (0 if how == "a job more" else 1)


def test_a_sweep_that_is_not_done_is_not_kept(sweep: Path, tmp_path: Path) -> None:
    shutil.rmtree(job(sweep, 3))
    ntp.load_sweep(sweep)
    assert not list((tmp_path / "cache").rglob("*.json"))


def test_a_small_sweep_needs_no_cache(
    sweep: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "FROM", JOBS + 1)
    assert len(ntp.load_sweep(sweep)) == JOBS
    assert not (tmp_path / "cache").exists()


def test_a_cache_of_another_form_is_made_anew(sweep: Path, tmp_path: Path) -> None:
    first = ntp.load_sweep(sweep)
    (kept,) = (tmp_path / "cache").rglob("*.json")
    for wrong in ("[]", "{}", json.dumps({**json.loads(kept.read_text()), "version": 0})):
        kept.write_text(wrong)
        pandas.testing.assert_frame_equal(ntp.load_sweep(sweep), first)
