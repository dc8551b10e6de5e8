"""`ntp-judge` answers with a code, a sentence, every run, and what would settle it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from ntp_dynamics.curves.gather import read_curve
from ntp_dynamics.judging.judged import hold
from ntp_dynamics.judging.statement import Statement
from ntp_dynamics.judging.terminal import HEIGHT, drawn
from tests.judging.commands import STEPS, asked, csv_text, decay, log


@pytest.mark.parametrize(
    ("law", "code", "word"),
    [
        ("1/t", 0, "KEPT"),
        ("t^-1.5", 1, "CONTRADICTED"),
        ("y <= 2/t", 0, "KEPT"),
        ("y <= 0.5/t", 1, "CONTRADICTED"),
        ("Omega(t^-1)", 0, "KEPT"),
        ("Omega(t^-0.5)", 1, "CONTRADICTED"),
        ("y >= 0.5/t", 0, "KEPT"),
        ("y >= 2/t", 1, "CONTRADICTED"),
        ("y = 1/t", 0, "KEPT"),
        ("y = 2/t", 1, "CONTRADICTED"),
        ("never rises", 0, "KEPT"),
        ("never falls", 1, "CONTRADICTED"),
        ("exp(-c t)", 1, "CONTRADICTED"),
    ],
)
def test_each_kind_of_law_gets_its_answer_and_its_code(
    law: str, code: int, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = asked(capsys, log(tmp_path / "x.csv", loss=decay()), "--law", law, "--no-settle")
    assert (answer.code, answer.err) == (code, "")
    assert word in answer.out


def test_a_short_log_is_undecided_and_told_what_would_settle_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    steps = np.arange(1, 31)
    path = tmp_path / "x.csv"
    path.write_text(csv_text("step,loss", steps, 1 / steps))
    answer = asked(capsys, path, "--law", "1/t")
    assert answer.code == 3
    assert "UNDECIDED" in answer.out
    assert "settles: if runs go on as they do, step " in answer.out
    assert "settles" not in asked(capsys, path, "--law", "1/t", "--no-settle").out


def test_every_run_is_named_and_the_failing_one_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path / "x.csv", good=decay(), bad=decay(0.5))
    answer = asked(capsys, path, "--law", "1/t", "--column", "good", "--column", "bad")
    assert answer.code == 1
    lines = [line for line in answer.out.splitlines() if line.startswith("run ")]
    assert [line.split()[2:4] for line in lines] == [["bad", "contradicted"], ["good", "kept"]]
    assert "~ t^-0.5" in lines[0]
    assert "needs C >= 54.8" in lines[0]  # sqrt(3000)
    assert "needs C >= 1" in lines[1]


def test_a_bound_that_was_logged_beside_y_is_held_against_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path / "x.csv", loss=decay(), above=decay(size=1.1), below=decay(size=0.9))
    assert asked(capsys, path, "--column", "loss", "--envelope", "above").code == 0
    assert asked(capsys, path, "--column", "loss", "--envelope", "below").code == 1
    lower = ("--side", "lower", "--envelope", "below")
    assert asked(capsys, path, "--column", "loss", *lower).code == 0


def test_each_run_has_the_bound_of_its_own_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [
        log(tmp_path / f"{i}.csv", loss=decay(size=size), bound=decay(size=1.1 * size))
        for i, size in enumerate((1, 100))
    ]
    assert asked(capsys, *paths, "--envelope", "bound").code == 0


def test_of_several_claims_the_worst_gives_the_code(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path / "x.csv", loss=decay())
    (tmp_path / "c.yaml").write_text("- law: 1/t\n- law: t^-1\n  start: 1000\n")
    assert asked(capsys, path, "--claim", tmp_path / "c.yaml", "--no-settle").code == 3


def test_the_command_line_counts_more_than_the_file_of_claims(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path / "x.csv", loss=decay())
    (tmp_path / "c.yaml").write_text("law: O(1/t)\nconstant: 0.5\n")
    claim = ("--claim", tmp_path / "c.yaml")
    assert asked(capsys, path, *claim).code == 1
    assert asked(capsys, path, *claim, "--constant", "2").code == 0


def test_the_picture_fits_a_narrow_terminal_and_shows_where_y_is(tmp_path: Path) -> None:
    curve, _ = read_curve([log(tmp_path / "x.csv", loss=decay())])
    judged = hold(Statement("y <= 100/t"), curve)
    lines = list(drawn(judged, 40))
    assert max(map(len, lines)) <= 40
    marks = [(i, line.index("●")) for i, line in enumerate(lines[:HEIGHT]) if "●" in line]
    assert marks == sorted(marks)  # it falls from left to right
    assert lines[0].strip().startswith("1 ┤●")
    assert lines[HEIGHT - 1].strip().startswith("0.00033 ┤")


def test_nothing_that_a_file_is_called_reaches_the_terminal_raw(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path / "a\x1b[31m.csv", **{"lo\x1bss": decay()})
    answer = asked(capsys, path, "--law", "1/t", "--column", "lo\x1bss")
    assert answer.code == 0
    assert "\x1b" not in answer.out


def test_the_answer_names_no_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(capsys, log(tmp_path / "x.csv", loss=decay()), "--law", "1/t")
    assert str(tmp_path) not in answer.out


def test_it_starts_without_what_it_does_not_use(tmp_path: Path) -> None:
    """What a start costs is what it imports; a clock would measure the machine."""
    path = log(tmp_path / "x.csv", loss=decay())
    heavy = "torch xarray pandas matplotlib netCDF4 rich numba wandb hydra yaml sqlite3 pydantic"
    code = (
        "import sys\nfrom ntp_dynamics.cli import judge\n"
        f"try:\n    judge([{str(path)!r}, '--law', '1/t'])\n"
        "except SystemExit as end:\n"
        f"    print(end.code, sorted(set({heavy!r}.split()) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "0 []"


def test_help_teaches_by_examples_that_parse(capsys: pytest.CaptureFixture[str]) -> None:
    answer = asked(capsys, "--help")
    assert answer.code == 0
    assert answer.out.count("  ntp-judge ") == 3
    assert max(map(len, answer.out.splitlines())) <= 100


def test_steps_are_told_as_they_were_recorded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = log(tmp_path / "x.csv", loss=decay())
    assert f"to step {int(STEPS[-1]):,}" in asked(capsys, path, "--law", "1/t").out
    named = asked(capsys, path, "--law", "1/t", "--clock", "round", "--unit", "k")
    assert "to round 3,000 k" in named.out
