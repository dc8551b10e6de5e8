"""What a job says of itself that is no mistake, and what mistakes in a user's modules say.

The mistakes themselves stand in bad_inputs.py; the contract of all studies asks for them.
"""

from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.studies.federated.problem import prepared

SMALL = ["experiment=federated/smoke", "tracking=none", "figures=none"]


def problem(*overrides: str):
    return prepared(read_config(compose_job([*SMALL, *overrides])))


def test_a_decay_too_slow_for_the_law_is_a_note_and_its_claim_does_not_apply(tmp_path):
    record = ntp.train([*SMALL, "c=0.3", "phases=[train]", "tasks=[quadratic]"], tmp_path / "job")
    assert record.status["notes"] == [
        "schedule: c*H*lambda_min = 0.3 <= 0.5; no 1/t law holds (raise c)"
    ]
    labels = {v["id"]: v["label"] for v in record.verdicts}
    assert labels["fz.rate"] == "does not apply"


def test_naive_differences_are_a_note_where_they_lose_digits():
    assert problem("difference=naive", "smoothing=1e-3", "tasks=[logistic]").notes() == []
    (note,) = problem("difference=naive", "smoothing=1e-12", "tasks=[logistic]").notes()
    assert note.startswith("difference: naive loses the digits of logistic at smoothing 1e-12")


def test_steps_above_the_limit_may_be_asked_for():
    above = [*SMALL, "schedule=constant", "step_size=3", "tasks=[quadratic]", "phases=[train]"]
    with pytest.raises(ntp.UserError, match="above the mean-square limit"):
        check_inputs(read_config(compose_job(above)))
    check_inputs(read_config(compose_job([*above, "allow_unstable=true"])))


MODULES = [
    ("task", "def loss_slope(m, y):\n    return m\n", "has no function loss_difference"),
    ("task", "raise SystemExit(3)", "cannot be imported: SystemExit: 3"),
    (
        "task",
        "def loss_difference(m, dm, y):\n    return open('x')\n\n\ndef loss_slope(m, y):\n"
        "    return m\n",
        "numba cannot compile it",
    ),
    ("schedule", "def step_size(t, rounds, l_min):\n    return -1.0\n", "step_size(0, ...) is -1"),
    ("schedule", "def step_size(t, rounds, l_min):\n    return 1 / t\n", "ZeroDivisionError"),
]


@pytest.mark.parametrize(("kind", "text", "said"), MODULES, ids=[m[2] for m in MODULES])
def test_a_module_that_cannot_be_used_is_a_line(kind, text, said, tmp_path):
    path = Path(tmp_path / "mine.py")
    path.write_text(text)
    chosen = "tasks=[user]" if kind == "task" else "schedule=user"
    with pytest.raises(ntp.UserError) as caught:
        check_inputs(read_config(compose_job([*SMALL, chosen, f"{kind}_file={path}"])))
    assert str(caught.value).startswith(f"{kind}_file: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
