"""Filters keep what they say, orders put numbers before words, spreadsheets run nothing."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from ntp_dynamics.dashboard.index import Folder, scan
from ntp_dynamics.dashboard.pages.sweep import chosen, shown
from ntp_dynamics.dashboard.table import as_csv

LABELS = ["holds", "vacuous", "does not apply"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, status_only: Callable[..., Path]) -> Folder:
    root = tmp_path_factory.mktemp("table")
    for i in range(12):
        status_only(
            root / "s" / str(i),
            overrides=[f"dataset.optimal={i % 4}", f"optimizer={'adam' if i % 2 else 'ngd'}"],
            final={"attention.direction_gap_kq": 10.0**-i} if i else {},
            labels={"kq.direction": LABELS[i % 3]},
            state="failed" if i == 11 else "done",
            reason="=cmd|' /C calc'!A0" if i == 11 else None,
        )
    return next(iter(scan(root).folders.values()))


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", range(12)),
        ("optimizer=adam", range(1, 12, 2)),
        ("optimal>=2", [2, 3, 6, 7, 10, 11]),
        ("dataset.optimal!=0 optimizer=ngd", [2, 6, 10]),
        ('kq.direction="does not apply"', [2, 5, 8, 11]),
        ("direction_gap_kq<1e-9", [10, 11]),
        ("state=failed", [11]),
        ("ADAM optimal=1", [1, 5, 9]),
        ("optimizer=nobody", []),
        ("nothing=3", []),
        ('kq.direction="does', []),
    ],
)
def test_a_filter_keeps_what_it_says(folder: Folder, words: str, kept: list[int]) -> None:
    assert [int(job.name) for job in chosen(folder, {"filter": words})] == list(kept)


def test_jobs_are_ordered_by_number_and_the_valueless_come_last(folder: Folder) -> None:
    for down, first in (("1", 1), ("", 11)):
        view = {"sort": "attention.direction_gap_kq", "down": down}
        names = [int(job.name) for job in chosen(folder, view)]
        assert names[0] == first
        assert names[-1] == 0


def test_a_spreadsheet_gets_every_job_and_no_formula(folder: Folder) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(folder, folder.jobs))))
    assert len(rows) == 12
    assert rows[3]["kq.direction"] == folder.jobs[3].labels["kq.direction"]
    assert float(rows[3]["attention.direction_gap_kq"]) == 1e-3
    assert rows[11]["reason"].startswith("'=")


def test_the_phase_diagram_counts_every_job_once(folder: Folder) -> None:
    phase = shown(folder, {})["phase"]
    assert (phase["x"], phase["y"]) == ("dataset.optimal", "optimizer")
    assert phase["colour"] == "kq.direction"
    found = sorted(key for cell in phase["cells"] for key, *_ in cell["jobs"])
    assert found == sorted(job.id for job in folder.jobs)


@pytest.mark.parametrize("page", ["-5", "0", "3", "1e9", "x", "99999999999999"])
def test_any_page_number_shows_a_page(folder: Folder, page: str) -> None:
    assert len(shown(folder, {"page": page})["rows"]) == 12


@pytest.fixture
def outside(tmp_path: Path, status_only: Callable[..., Path]) -> Folder:
    """A job that a claim covers, two that it does not, and one whose status says nonsense."""
    label = {"kq.direction": "does not apply"}
    seen = {"kq.direction": {"word": "not kept", "said": "bound broken from step 224 on"}}
    wild = {
        "kq.direction": {"word": ["holds"], "said": 3},
        "other": "kept",
        "more": {"word": "holds"},
    }
    covered = {"labels": {"kq.direction": "holds"}, "observed": seen}
    for i, fields in enumerate(
        [
            {**covered, "shadow": {"kq.direction": {"label": "vacuous"}}},
            {"labels": label, "observed": seen},
            {"labels": label},
            {"labels": label, "observed": wild, "shadow": 3},
        ]
    ):
        status_only(tmp_path / "s" / str(i), **fields)
    return next(iter(scan(tmp_path).folders.values()))


def test_what_is_observed_is_drawn_where_a_claim_does_not_apply_and_filters_as_before(
    outside: Folder,
) -> None:
    told = shown(outside, {})
    column = [c["key"] for c in told["columns"]].index("kq.direction")
    cells = [row["cells"][column] for row in told["rows"]]
    assert cells == ["holds", "not covered: not kept", "does not apply", "does not apply"]
    assert told["rows"][1]["observed"] == {"kq.direction": "bound broken from step 224 on"}
    counts = {"holds": 1, "does not apply": 2, "not covered: not kept": 1}
    assert told["tally"] == [{"claim": "kq.direction", "labels": counts}]
    kept = chosen(outside, {"filter": 'kq.direction="does not apply"'})
    assert [job.name for job in kept] == ["1", "2", "3"]


def test_a_spreadsheet_has_columns_for_what_stands_beside_verdicts(outside: Folder) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(outside, outside.jobs))))
    said = "bound broken from step 224 on"
    assert [row["kq.direction.observed"] for row in rows] == [said, said, "", ""]
    assert [row["kq.direction.shadow"] for row in rows] == ["vacuous", "", "", ""]
    assert [row["kq.direction"] for row in rows] == ["holds"] + ["does not apply"] * 3
