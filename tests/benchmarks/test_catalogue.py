"""The catalogue in small: rows cannot be written without a tolerance or misstate their source, the
page is what the code declares, and it says why wherever a row differs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.catalogue.expectation import (
    Interval,
    Nothing,
    about,
    above,
    below,
    exactly,
    near,
    one_of,
    order,
    share,
)
from benchmarks.catalogue.finding import Row
from benchmarks.catalogue.findings import FINDINGS, PAGES
from benchmarks.catalogue.jobs import jobs_of, override, read, run_all
from benchmarks.catalogue.labels import labels, verdict
from benchmarks.catalogue.page import header, page
from benchmarks.catalogue.plots import signed_ticks
from benchmarks.catalogue.series import last, target
from benchmarks.catalogue.spelling import spell, spread
from benchmarks.catalogue.tally import Tally
from benchmarks.catalogue.watched import EVALUATED
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.studies import names

ROOT = Path(__file__).parents[2]
RESULTS = json.loads((ROOT / "benchmarks/catalogue/results.json").read_text())["pages"]
ROWS = {name: rows for page in RESULTS.values() for name, rows in page["rows"].items()}
TEXTS = {page.study: (ROOT / "docs" / page.file).read_text(encoding="utf-8") for page in PAGES}
FOLDER = config_dir() / "experiment"
ON_PAGES = [(page.study, finding) for page in PAGES for finding in page.findings]
VALUES = np.array([1.0, 2.0, 3.0])


def found(experiment: str):
    return next(finding for finding in FINDINGS if finding.experiment == experiment)


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """The smallest finding, its one job shortened: records and reading."""
    finding = found("sufficient_not_necessary")
    jobs = jobs_of(finding.experiment, finding.more, tmp_path_factory.mktemp("records"))
    assert [job.key for job in run_all(jobs, ["train.joint.steps=200"], workers=1)] == [""]
    records = read(jobs)
    return records, finding.read(records)


def experiments(study: str) -> set[str]:
    """All of a study but default and smoke, as `experiment=` names them."""
    if study == "next_token":
        found = {path.stem for path in FOLDER.glob("*.yaml")} - {*names()}
    else:
        found = {f"{study}/{path.stem}" for path in (FOLDER / study).glob("*.yaml")}
    return {name for name in found if name.rpartition("/")[2] not in ("default", "smoke")}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.study)
def test_every_experiment_but_default_and_smoke_is_a_finding_once(page) -> None:
    names = [finding.experiment for finding in page.findings]
    assert len(names) == len(set(names))
    assert set(names) - {page.study} == experiments(page.study)
    assert list(RESULTS[page.study]["rows"]) == names


@pytest.mark.parametrize("finding", FINDINGS, ids=lambda f: f.experiment)
def test_the_results_are_of_the_rows_and_tolerances_that_the_code_declares(finding) -> None:
    declared = [(row.quantity, row.expected.said) for row in finding.rows]
    assert declared == [(a["quantity"], a["expected"]) for a in ROWS[finding.experiment]]
    assert len(set(declared)) == len(declared)


@pytest.mark.parametrize(("study", "finding"), ON_PAGES, ids=lambda x: getattr(x, "experiment", x))
def test_the_page_shows_the_command_and_every_row(study, finding) -> None:
    command, parts = header(finding.experiment)
    section = TEXTS[study].partition(f"## {finding.title}\n")[2].partition("\n## ")[0]
    assert f"`{command}`" in section
    assert all(f"**{name}.**" in section for name in parts)
    table = section.partition("|---|---|---|---|---|\n")[2].partition("\n\n")[0].splitlines()
    assert len(table) == len(finding.rows)
    for line, row in zip(table, ROWS[finding.experiment], strict=True):
        assert f"| {row['measured']} | {row['source']} |".replace("||", "‖") in line
        assert ("**differs**" in line) is (row["agrees"] is False)


def test_the_default_job_of_a_study_is_chosen_by_the_study() -> None:
    assert override("attractor") == "study=attractor"
    assert override("attractor/gain") == "experiment=attractor/gain"
    assert override("trap") == "experiment=trap"


def test_every_difference_is_explained() -> None:
    rows = [(name, row) for name, rows in ROWS.items() for row in rows]
    silent = [(name, r["quantity"]) for name, r in rows if r["agrees"] is False and not r["why"]]
    assert silent == []


def test_a_corrected_sentence_stands_nowhere_else_on_the_page() -> None:
    for finding in FINDINGS:
        for correction in finding.corrections:
            assert correction.old not in finding.text
            assert correction.old not in " ".join(header(finding.experiment)[1].values())


@pytest.mark.parametrize("found", RESULTS.values(), ids=list(RESULTS))
def test_the_counts_are_of_the_rows(found) -> None:
    rows = [row for rows in found["rows"].values() for row in rows]
    kinds = Counter((row["source"] == EVALUATED, row["agrees"]) for row in rows)
    assert Tally(**found["counts"]) == Tally(
        agree=kinds[False, True],
        differ=kinds[False, False],
        evaluated_agree=kinds[True, True],
        evaluated_differ=kinds[True, False],
        shown=kinds[False, None] + kinds[True, None],
    )


def test_every_run_has_to_lie_inside_the_tolerance() -> None:
    """Not the expectation inside the range of the runs."""
    assert not near(2, within=0.5).holds(VALUES)
    assert near(2, within=1).holds(VALUES)
    assert near(2, within=0.5).holds(np.median(VALUES))
    assert about(2, share=0.5).holds(VALUES)
    assert not about(2, share=0.49).holds(VALUES)
    assert about(-2, share=0.5).holds(-VALUES)
    assert order(1.5, factor=2).holds(VALUES)
    assert not order(1.4, factor=2).holds(VALUES)
    assert below(3).holds(VALUES)
    assert not below(2.9).holds(VALUES)
    assert above(1).holds(VALUES)
    assert not above(1.1).holds(VALUES)
    assert exactly(2).holds(np.array([2.0]))
    assert not exactly(2).holds(VALUES)


def test_what_was_not_measured_does_not_agree() -> None:
    for expected in (near(2, within=9), below(9), above(0)):
        assert not expected.holds(np.array([]))
        assert not expected.holds(np.array([2.0, np.nan]))
    assert not one_of("holds").holds(())


def test_words_agree_to_the_letter_each_of_them() -> None:
    assert one_of("tight", "holds").holds(("tight", "holds", "tight"))
    assert not one_of("tight").holds(("tight", "inconclusive"))
    assert not one_of("tight").holds(VALUES)
    assert not near(2, within=1).holds(("2",))


def test_equal_shares_are_those_fisher_does_not_tell_apart() -> None:
    limits = share(15, 20, among=60)
    assert (limits.low, limits.high) == (25, 57)
    assert (share(0, 20, among=60).low, share(0, 20, among=60).high) == (0, 15)


def test_a_tolerance_cannot_be_left_out() -> None:
    with pytest.raises(TypeError):
        near(2.0)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Row("x", measure=lambda _: 1.0)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="holds nothing"):
        Interval(3, 2, "")


def test_the_source_of_a_row_is_what_it_read(reading) -> None:
    records, _ = reading
    record = records[""]
    rows = {
        "trajectory": Row("x", below(1), lambda r: last(r[""], "accuracy", "joint")),
        "verdicts": verdict("loss", "holds"),
        "trajectory and verdicts": Row(
            "x", Nothing(), lambda r: last(r[""], "accuracy", "joint") * len(labels(r[""], "loss"))
        ),
        "evaluated": Row("x", Nothing(), lambda r: target(r[""], "norm_kq")),
    }
    assert record.constants.vocab_size == record.corpora[0].vocab_size
    assert {name: row.read(records).source for name, row in rows.items()} == {n: n for n in rows}


def test_a_verdict_that_differs_says_its_own_sentence(reading) -> None:
    records, _ = reading
    answer = verdict("loss", "holds").read(records)
    assert (answer.expected, answer.measured, answer.agrees) == ("holds", "does not apply", False)
    assert answer.why.startswith("Does not apply")


def test_a_finding_goes_from_experiment_to_page(reading, tmp_path: Path) -> None:
    _, found = reading
    text = page("{jobs} jobs, {minutes}", [found], 1, "1 minute", tmp_path)
    assert text.startswith("1 jobs, 1 minute")
    sources = [answer.source for answer in found.answers]
    assert sources == ["evaluated", "trajectory", "trajectory"]
    assert "2 expectations held against records" in text.replace("\n", " ")
    assert "1 evaluated without a run: 1 agree" in text.replace("\n", " ")
    assert (tmp_path / "findings/sufficient_not_necessary.png").stat().st_size > 10_000


def test_numbers_are_spelt_as_people_read_them() -> None:
    assert [spell(x) for x in (0, 0.0123456, 12.34, 1234.5, 3.3e12, 2.06e-4, np.nan)] == [
        "0", "0.0123", "12.3", "1,234", "3.3e12", "2.06e-4", "none",
    ]  # fmt: skip
    assert [spell(-1.9996, 3), spell(46_355.4, 0)] == ["-2.000", "46,355"]
    assert spread(np.array([1.0, 3.0, 2.0])) == "2 [1, 3]"
    assert spread(np.array([2.0, 2.0001])) == "2"
    assert spread(np.array([2.0, 2.0001]), 4) == "2.0000 [2.0000, 2.0001]"


def test_an_axis_of_both_signs_has_ticks_of_both() -> None:
    assert signed_ticks(-46_000, 300) == [-10_000, -100, -1, 0, 1, 100]
    assert signed_ticks(-0.5, 12) == [0, 1, 10]
