"""What a job refuses, a line each before anything is written, and what it only warns of."""

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.system.errors import each
from tests.studies.score_matching import made
from tests.studies.score_matching.bad_inputs import BAD


@pytest.mark.parametrize(("overrides", "line"), BAD, ids=[line for _, line in BAD])
def test_a_mistake_is_one_line(overrides, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((ntp.UserError, ntp.UserErrors)) as caught:
        check_inputs(
            read_config(compose_job(["study=score_matching", "tracking=none", *overrides]))
        )
    said = [str(error) for error in each(caught.value)]
    assert any(text.startswith(line) for text in said), said
    assert not any("\n" in text for text in said)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("1,2,3\n1,2,3\n1,2\n", "init.points: row 3 has 2 coordinates, dim is 3; give 5 rows of 3"),
        ("1,2,3\n", "init.points: 1 rows for 5 students; give 5 rows of 3 numbers"),
        ("1,2,x\n", "init.points: row 1 holds what is no number; give 5 rows of 3 numbers"),
        ("1,2,inf\n" * 5, "init.points: a coordinate is not finite or beyond 1e100; give 5 rows"),
    ],
)
def test_points_of_no_use_are_one_line(text, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "start.csv").write_text(text)
    with pytest.raises(ntp.UserError) as caught:
        made.job("init={kind:points,points:start.csv}", "runs=1")
    assert str(caught.value).startswith(line)


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
