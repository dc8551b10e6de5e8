"""`make same` notices what changed between two records, and what was only added."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import netCDF4
import numpy as np
import pytest
import yaml

from benchmarks.same.difference import compare
from benchmarks.same.jobs import Case, cases, experiments
from benchmarks.same.report import line_of

ROOT = Path(__file__).parents[2]
CURVE = np.array([1.0, -0.5, np.nan, 1e-300])


def record(place: Path, mend: Callable[[netCDF4.Dataset, dict], None] | None = None) -> Path:
    """A record of one curve and one verdict, changed by `mend`."""
    (place / "corpora").mkdir(parents=True)
    (place / "corpora/000.jsonl").write_text('{"tokens": [0, 1], "next": 1}\n')
    (place / "log.txt").write_text(str(place))
    verdicts = {"claims": [{"id": "kq.norm", "version": "text", "slack": 0.25}]}
    with netCDF4.Dataset(place / "trajectory.nc", "w") as dataset:
        group = dataset.createGroup("attention")
        group.createDimension("step", len(CURVE))
        curve = group.createVariable("log_loss", "f8", ("step",))
        curve[:] = CURVE
        curve.units = "nat"
        if mend:
            mend(dataset, verdicts)
    (place / "verdicts.json").write_text(json.dumps(verdicts))
    return place


def curve(dataset: netCDF4.Dataset):
    return dataset["attention/log_loss"]


def next_float(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    curve(dataset)[1] = np.nextafter(-0.5, 0)


def other_unit(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    curve(dataset).units = "bit"


def no_unit(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    curve(dataset).delncattr("units")


def renamed(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    dataset["attention"].renameVariable("log_loss", "loss")


def lost(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    curve(dataset)[0] = np.nan


def other_slack(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    verdicts["claims"][0]["slack"] = 0.5


def no_claim(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    verdicts["claims"] = []


def more_attributes(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    curve(dataset).title = "loss"
    dataset["attention"].clock = "step"


def more_groups(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    dataset.createGroup("laws")
    dataset["attention"].createVariable("norm", "f8", ("step",))


def more_verdicts(dataset: netCDF4.Dataset, verdicts: dict) -> None:
    verdicts["claims"][0]["law"] = "power"
    verdicts["claims"].insert(0, {"id": "kq.norm", "version": "appendix"})


CHANGED = {
    next_float: "trajectory.nc: attention/log_loss: relative difference 1.1e-16",
    lost: "trajectory.nc: attention/log_loss: relative difference inf",
    other_unit: "trajectory.nc: attention/log_loss: attribute units: 'nat' is 'bit'",
    no_unit: "trajectory.nc: attention/log_loss: attribute units is gone",
    renamed: "trajectory.nc: attention/variable log_loss is gone",
    other_slack: "verdicts.json: claims.kq.norm (text).slack: 0.25 is 0.5 "
    "(relative difference 1.0e+00)",
    no_claim: "verdicts.json: claims: 1 entries are 0",
}

ADDED = {
    more_attributes: [
        "trajectory.nc: attention/: attribute clock",
        "trajectory.nc: attention/log_loss: attribute title",
    ],
    more_groups: ["trajectory.nc: group laws", "trajectory.nc: attention/variable norm"],
    more_verdicts: [
        "verdicts.json: claims.key kq.norm (appendix)",
        "verdicts.json: claims.kq.norm (text).key law",
    ],
}


@pytest.mark.parametrize("mend", CHANGED, ids=lambda f: f.__name__)
def test_what_is_no_longer_as_it_was_is_named(mend: Callable, tmp_path: Path) -> None:
    found = compare(record(tmp_path / "old"), record(tmp_path / "new", mend))
    assert CHANGED[mend] in found.changed
    assert (found.largest > 0) == ("difference" in CHANGED[mend])


@pytest.mark.parametrize("mend", ADDED, ids=lambda f: f.__name__)
def test_what_is_new_is_listed_and_no_difference(mend: Callable, tmp_path: Path) -> None:
    found = compare(record(tmp_path / "old"), record(tmp_path / "new", mend))
    assert found.changed == []
    assert sorted(found.added) == sorted(ADDED[mend])


def test_files_count_and_logs_do_not(tmp_path: Path) -> None:
    old, new = record(tmp_path / "old"), record(tmp_path / "new")
    assert not compare(old, new)
    (new / "laws.nc").touch()
    (new / "corpora/000.jsonl").unlink()
    found = compare(old, new)
    assert found.added == ["file laws.nc"]
    assert found.changed == ["file corpora/000.jsonl is gone"]


def test_a_line_says_equal_refused_failed_or_different(tmp_path: Path) -> None:
    jobs = [Case("smoke", "auto", i, ()) for i in range(2)]
    old, new = tmp_path / "old", tmp_path / "new"
    for side in (old, new):
        for job in jobs:
            record(side / job.path)
    done = {job.path: "done" for job in jobs}
    refused = {job.path: "refused: engine: no" for job in jobs}
    failed = {job.path: "failed: ValueError: no" for job in jobs}
    half = {**done, jobs[1].path: "refused: engine: no"}
    assert line_of(jobs, old, new, [done, done]) == ("equal", "2 jobs")
    assert line_of(jobs, old, new, [half, half])[0] == "equal"
    assert line_of(jobs, old, new, [refused, refused]) == ("refused", "engine: no")
    assert line_of(jobs, old, new, [failed, failed])[0] == "FAILED"
    assert line_of(jobs, old, new, [done, half])[0] == "DIFFERENT"
    assert line_of(jobs, old, new, [done, failed])[0] == "DIFFERENT"


def test_every_job_of_every_experiment_is_asked_for_on_every_engine() -> None:
    found = experiments(ROOT)
    assert len(found) == len([*(ROOT / "conf/experiment").rglob("*.yaml")])
    assert {"default", "attractor", "attractor/gain"} < {*found}
    (ring,) = cases("attractor", found["attractor"])
    assert ring.overrides[:2] == ("study=attractor", "experiment=attractor")
    swept = cases("trap_regimes", found["trap_regimes"])
    assert len(swept) == 4 * 12
    assert {case.overrides[1] for case in swept} == {
        f"dataset.path='${{corpus:{kind}_{ratio}}}'"
        for kind in ("slope", "trap", "edge", "pit")
        for ratio in (10, 100, 1000)
    }
    assert all("runs=1" in case.overrides for case in swept)
    assert all("runs=2" in case.overrides for case in cases("default", found["default"]))


def test_a_study_that_nothing_makes_small_is_no_silent_pass() -> None:
    with pytest.raises(KeyError, match="unknown"):
        cases("new", yaml.safe_load("defaults: [{override /study: unknown}]"))
