"""A shared clock: steps, path length, norm or margin; groups pool the runs of their jobs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics.dashboard.compare import MOST, OWN, compare
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.record.record import load_run


@pytest.fixture(scope="module")
def jobs(records: Path) -> list[Job]:
    return list(next(f for f in scan(records).folders.values() if f.name == "sweep").jobs)


def test_a_line_is_the_median_over_runs_at_the_clock_of_the_record(jobs: list[Job]) -> None:
    for clock, name in (("path_length", "path_length"), ("norm_kq", "norm_kq")):
        told = compare(jobs, clock, "", ["log_loss"])
        assert [len(line["jobs"]) for line in told["lines"]] == [1] * 4
        stage = load_run(jobs[2].path).stage("attention")
        loss = next(p for p in told["panels"] if p["name"] == "log_loss")["curves"][2]
        x = np.median(stage[name].values, axis=0)
        y = np.median(stage["log_loss"].values, axis=0) / math.log(10)
        at = np.searchsorted(x, np.array(loss["x"]) * (1 - 1e-5))
        np.testing.assert_allclose(loss["median"], y[at], rtol=1e-4)


def test_a_group_covers_the_runs_of_all_its_jobs(jobs: list[Job]) -> None:
    told = compare(jobs, OWN, "optimizer")
    assert [line["name"] for line in told["lines"]] == ["optimizer=ngd", "optimizer=gd"]
    gap = next(p for p in told["panels"] if p["name"] == "direction_gap_kq")["curves"][1]
    final = [
        load_run(job.path).stage("attention")["direction_gap_kq"].values[:, -1] for job in jobs[2:]
    ]
    assert 10 ** gap["high"][-1] == pytest.approx(np.max(final), rel=1e-4)
    assert 10 ** gap["low"][-1] == pytest.approx(np.min(final), rel=1e-4)


def test_every_clock_runs_forward(jobs: list[Job]) -> None:
    clocks = compare(jobs, OWN, "")["clocks"]
    assert list(clocks) == [OWN, "path_length", "norm_kq", "score_margin"]
    for clock in clocks:
        for panel in compare(jobs, clock, "seed")["panels"]:
            for curve in panel["curves"]:
                assert (np.diff(curve["x"]) > 0).all()
                assert len(curve["x"]) == len(curve["median"]) == len(curve["low"])


def test_what_is_left_out_is_said(jobs: list[Job], tmp_path: Path) -> None:
    many = list(jobs) * 20
    told = compare(many, OWN, "optimizer")
    assert told["left_out"] == 80 - MOST
    (tmp_path / "status.json").write_text("{}")
    broken = list(scan(tmp_path).jobs.values())
    assert compare([*jobs, *broken], "nonsense", "nonsense")["unread"] == 1
