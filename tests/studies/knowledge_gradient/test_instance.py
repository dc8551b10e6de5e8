"""Arms of a file, and what is wrong with them, a line each."""

import json

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.studies.knowledge_gradient.config import Question
from ntp_dynamics.studies.knowledge_gradient.instance import bandit_of
from ntp_dynamics.studies.knowledge_gradient.rules import notes
from ntp_dynamics.system.errors import each
from tests.studies.knowledge_gradient.made import bandit

FILES = [
    ('{"mean": [1, 2', "arms.json: is no JSON file"),
    ('{"mean": [1, 2]}', "arms.json has no mean and variance"),
    ('{"mean": [1, 2, "x"], "variance": [1, 1, 1]}', "instance.mean: is no table of numbers"),
    ('{"mean": [1, 2, NaN], "variance": [1, 1, 1]}', "instance.mean[2]: nan"),
    ('{"mean": [1, 2], "variance": [1, 1, 1]}', "instance: 2 means, 3 variances"),
    ('{"mean": [1, 2, 3], "variance": [1, 1, -1]}', "instance.variance[2]: -1 is not > 0"),
    ('{"mean": [[1, 2], [3, 4]], "variance": [1, 1]}', "instance.mean: 4 numbers for 2 arms"),
]


def config(*overrides: str):
    return read_config(compose_job(["study=knowledge_gradient", "tracking=none", *overrides]))


@pytest.mark.parametrize(("text", "line"), FILES, ids=[line for _, line in FILES])
def test_a_broken_file_is_a_line(text, line, tmp_path):
    path = tmp_path / "arms.json"
    path.write_text(text)
    with pytest.raises((ntp.UserError, ntp.UserErrors)) as caught:
        check_inputs(config("instance=file", f"instance.path={path}"))
    (said,) = [str(error) for error in each(caught.value)]
    assert line in said
    assert "\n" not in said


def test_a_budget_below_the_first_pulls_of_a_file_is_a_line(tmp_path):
    path = tmp_path / "arms.json"
    path.write_text(json.dumps({"mean": [1.0, 2.0], "variance": [1.0, 1.0]}))
    with pytest.raises(ntp.UserError, match="budget: 9 < k n0 = 10"):
        check_inputs(config("instance=file", f"instance.path={path}", "budget=9"))


def test_what_a_job_stores_is_an_instance_of_the_same_arms(tmp_path):
    for overrides in (
        ["instance=hetero"],
        ["instance=slippage", "instance.arms=4"],
        ["instance=near_tie", "problem=eps_good", "policies=[kg]"],
        ["instance=five_by_two", "problem=feasible", "policies=[equal]"],
    ):
        arms = bandit_of(config(*overrides))
        path = tmp_path / "arms.json"
        path.write_text(arms.to_json())
        kept = [x for x in overrides if not x.startswith("instance")]
        again = bandit_of(config("instance=file", f"instance.path={path}", *kept))
        assert again.mean.tolist() == arms.mean.tolist()
        assert again.variance.tolist() == arms.variance.tolist()
        assert (again.epsilon if kept else 0.0) == (arms.epsilon if kept else 0.0)
        assert again.threshold.tolist() == arms.threshold.tolist()


def test_an_answer_is_right_where_the_arm_or_the_whole_set_is():
    case = {"mean": [1.0, 0.9, 0.2], "variance": [1.0] * 3, "epsilon": 0.3}
    best, good = bandit(case, Question.bai), bandit(case)
    estimates = bandit({"mean": [0.9, 1.0, 0.1], "variance": [1] * 3}).mean[None]
    assert not best.right(estimates).any()
    assert good.right(estimates).all()
    table = {"mean": [[0.2, 0.3], [0.6, 0.1]], "variance": [[1, 1]] * 2, "threshold": [0.5, 0.5]}
    sets = bandit(table, Question.feasible)
    assert sets.right(sets.mean[None]).all()
    assert not sets.right(sets.mean[None] + 0.3).any()


def test_few_runs_are_noted():
    assert notes(config("runs=20")) == ["runs: 20 cannot show a PFS below 0.15 (3/R)"]
    assert notes(config("runs=1000")) == notes(config("runs=1", "dynamics=fluid")) == []
