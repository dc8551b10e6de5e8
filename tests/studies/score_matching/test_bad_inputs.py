"""Points that a job refuses, what it only warns of, and which engine it takes.

The lines of `bad_inputs.py` are asked of the command itself, by `tests/test_contract_commands.py`.
"""

from typing import Any

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.studies.score_matching.starts import read
from tests.studies.score_matching import made


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1,2,3\n1,2,3\n1,2\n", "init.points: row 3 has 2 coordinates, dim is 3; give 5 rows of 3"),
        ("1,2,3\n", "init.points: 1 rows for 5 students; give 5 rows of 3 numbers"),
        ("1,2,x\n", "init.points: row 1 holds what is no number; give 5 rows of 3 numbers"),
        ("1,2,inf\n" * 5, "init.points: a coordinate is not finite or beyond 1e100; give 5 rows"),
    ],
)
def test_points_of_no_use_are_one_line(text, line, tmp_path):
    (tmp_path / "start.csv").write_text(text)
    with pytest.raises(ntp.UserError) as caught:
        read(str(tmp_path / "start.csv"), students=5, dim=3)
    assert str(caught.value).startswith(line)


def test_points_are_read_recorded_and_read_back(tmp_path):
    mu = [[0.1, 0.0], [2.0, -1.0]]
    size = ("phases=[descent]", "runs=1", "model={students:2,dim:2}", "train.steps=1")
    problem: Any = made.job(made.points(mu, tmp_path / "start.csv"), *size).problem
    (tmp_path / "points.csv").write_text(problem.files()["points.csv"])
    assert made.STUDY.inputs(tmp_path, problem.config) == {"points": mu}


def test_a_small_batch_is_a_note_on_the_job_and_no_mistake():
    job = made.job("phases=[descent]", "expectation={kind:monte_carlo,batch:200}")
    (note,) = job.problem.notes()
    assert note == "expectation.batch: 200 cannot resolve a loss below 5e-3; use importance"
    assert made.job("phases=[descent]").problem.notes() == []


def test_which_engine_moves_a_job_and_why_not_the_fast_one():
    whys = {
        "students on a line: numba, trapezoid rule": ("init.distance=6",),
        "rank 3: numba, tensor grid": ("init.kind=ball",),
        "rank 3, too many nodes for a grid: importance batches of 2,000": ("init.kind=gaussian",),
        "plain batches of 20,000": ("expectation={kind:monte_carlo,batch:20000}",),
    }
    for why, overrides in whys.items():
        (phase,) = made.job("phases=[descent]", "runs=2", *overrides).phases
        assert phase.engine == why
