"""docs/judge.md, read by somebody who does what it says."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from benchmarks.margins import shares
from ntp_dynamics.judging.door import judge_curve
from ntp_dynamics.judging.judged import CODES
from ntp_dynamics.judging.notation import parse
from ntp_dynamics.judging.statement import Statement, made
from ntp_dynamics.verdict.label import Label

DOCS = Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "judge.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def section(title: str) -> str:
    """The text under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """The left column of a table, its head left out."""
    return [line.split("|")[1].strip() for line in text.splitlines() if line.startswith("| ")][1:]


def test_the_log_of_the_page_gets_the_sentence_of_the_page(
    a_place: Callable[[Path], AbstractContextManager[pytest.MonkeyPatch]], tmp_path: Path
) -> None:
    with a_place(tmp_path):
        exec(blocks("python")[0], {})
    columns = np.loadtxt(tmp_path / "log.csv", delimiter=",", skiprows=1).T
    judged = judge_curve(columns[0], columns[1:], "t^-1", clock="step")
    shown = " ".join(section("Read the answer").partition("```\n")[2].partition("```")[0].split())
    assert f"KEPT {judged.sentence} run 0: seed0 kept" in shown
    assert judge_curve(columns[0], columns[1:], "y <= 2 / t").exit_code == 0
    assert judge_curve(columns[0], columns[1:], "t^-2").exit_code == 1


def test_the_script_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    exec(blocks("python")[1], {})
    assert capsys.readouterr().out.startswith("kept 0 Tight to step 10,000: ")


def test_every_law_of_the_page_can_be_read() -> None:
    laws = re.findall(r"`([^`]+)`", " ".join(first_cells(section("Write the claim"))))
    laws += re.findall(r'--law "([^"]+)"', PAGE)
    assert len(laws) >= 20
    for law in laws:
        made(Statement(law))


def test_what_the_notation_is_said_to_mean_is_what_is_read() -> None:
    t = np.array([2.0, 3.0, 100.0])
    for text, same in {"t^-1/2": t**-0.5, "log t / t": np.log(t) / t}.items():
        assert np.allclose(np.exp(parse(text).signed(t)[1]), same)
    with_constant = made(Statement("t^-1", constant=3.0)), made(Statement("y <= 3 / t"))
    assert with_constant[0].log_constant == pytest.approx(with_constant[1].log_constant)


def test_fields_words_and_exit_codes_are_those_of_the_code() -> None:
    listed = re.findall(
        r"`(\w+)`", PAGE.partition("A claim has the fields ")[2].partition(", and")[0]
    )
    assert listed == [field.name for field in fields(Statement)]
    assert set(first_cells(section("Read the answer"))) == set(Label) - {"does not apply"}
    codes = section("In CI")
    for answer, code in CODES.items():
        assert f"| {code} | {answer} |" in codes


def test_the_numbers_of_the_calibration_are_those_of_its_page() -> None:
    calibration = (DOCS / "calibration.md").read_text(encoding="utf-8")
    assert "11 in 919,500 verdicts" in calibration
    assert "11 in 919,500" in PAGE
    (row,) = [x for x in calibration.splitlines() if x.startswith("| 7,943 |")]
    many, five, _, _, one = [round(float(x.split()[0])) for x in row.split("|")[2:-1]]
    said = f"in {many} % of experiments of 20 runs, in {five} % of five, in {one} % of one"
    assert said in PAGE


def test_a_late_start_is_contradicted_about_as_often_as_the_page_says() -> None:
    """A quarter of the draws that the page counts; within four standard errors of a share."""
    found = {(horizon, runs): share for horizon, runs, share in shares(20, 4, 50)}
    text = " ".join(PAGE.split())
    one = re.search(
        r"(\d+) % of single runs .*? = 1,000, (\d+) % at 3,000, (\d+) % at 10,000", text
    )
    assert one
    for horizon, said in zip((1_000, 3_000, 10_000), map(int, one.groups()), strict=True):
        assert abs(found[horizon, 1]["contradicted"] - said) < 28
        assert found[horizon, 5]["contradicted"] >= found[horizon, 1]["contradicted"]
