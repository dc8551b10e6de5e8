"""The catalogue in small: it covers every experiment, explains every difference, and is what the
page says."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.catalogue.finding import between, number, spell, spread, words
from benchmarks.catalogue.findings import FINDINGS
from benchmarks.catalogue.jobs import jobs_of, read, run_all
from benchmarks.catalogue.page import header, page
from ntp_dynamics.compose import config_dir

ROOT = Path(__file__).parents[2]
RESULTS = json.loads((ROOT / "benchmarks/catalogue/results.json").read_text())["rows"]
PAGE = (ROOT / "docs/findings.md").read_text(encoding="utf-8")
EXPERIMENTS = {path.stem for path in (config_dir() / "experiment").glob("*.yaml")}


def test_every_experiment_but_default_and_smoke_is_a_finding_once() -> None:
    found = [finding.experiment for finding in FINDINGS]
    assert len(found) == len(set(found))
    assert set(found) == EXPERIMENTS - {"default", "smoke"}
    assert list(RESULTS) == found


def test_every_difference_is_explained() -> None:
    silent = [
        (experiment, row["quantity"])
        for experiment, rows in RESULTS.items()
        for row in rows
        if row["agrees"] is False and not row["why"]
    ]
    assert silent == []


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda f: f.experiment)
def test_the_page_shows_the_command_and_every_row(finding) -> None:
    command, parts = header(finding.experiment)
    section = PAGE.partition(f"## {finding.title}\n")[2].partition("\n## ")[0]
    assert f"`{command}`" in section
    assert all(f"**{name}.**" in section for name in parts)
    rows = [line for line in section.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(RESULTS[finding.experiment])
    for line, row in zip(rows, RESULTS[finding.experiment], strict=True):
        assert row["measured"].replace("|", "\\|") in line
        assert ("**differs**" in line) is (row["agrees"] is False)


def test_an_expectation_agrees_within_the_spread_and_differs_outside() -> None:
    values = np.array([1.0, 2.0, 3.0])
    assert number("x", 2.5, values).agrees
    assert number("x", 3.1, values).agrees  # two digits of 3.1 leave five per cent
    outside = number("x", 3.5, values, why="because")
    assert (outside.agrees, outside.why) == (False, "because")
    assert not between("x", 0, 2, values).agrees
    assert not between("x", 0, 2, np.array([np.nan])).agrees
    assert words("x", "holds", "holds").agrees
    assert not words("x", "holds", "tight").agrees


def test_numbers_are_spelt_as_people_read_them() -> None:
    assert [spell(x) for x in (0, 0.0123456, 12.34, 1234.5, 3.3e12, 2.06e-4, np.nan)] == [
        "0", "0.0123", "12.3", "1,234", "3.3e12", "2.1e-4", "none",
    ]  # fmt: skip
    assert spread(np.array([1.0, 3.0, 2.0])) == "2 [1, 3]"
    assert spread(np.array([2.0])) == "2"


def test_a_finding_goes_from_experiment_to_page(tmp_path: Path) -> None:
    """The smallest one, shortened."""
    finding = next(f for f in FINDINGS if f.experiment == "sufficient_not_necessary")
    jobs = jobs_of(finding.experiment, finding.more, tmp_path / "records")
    assert [job.key for job in run_all(jobs, ["train.joint.steps=200"], workers=1)] == [""]
    reading = finding.read(read(jobs))
    text = page([(finding, reading)], len(jobs), "1 minute", tmp_path / "findings")
    assert "of 3 expectations" in text.lower()
    assert (tmp_path / "findings/sufficient_not_necessary.png").stat().st_size > 10_000
