"""A user's loss and schedule, as docs/federated.md shows them."""

import re
from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.record.record import load_run
from ntp_dynamics.report.review import judge_again
from ntp_dynamics.studies.federated.config import Task
from ntp_dynamics.studies.federated.tasks import loss_of, minimiser

PAGE = Path(__file__).parents[3] / "docs" / "federated.md"


@pytest.fixture(scope="module")
def modules(tmp_path_factory) -> Path:
    """A folder with the modules of the page."""
    folder = tmp_path_factory.mktemp("modules")
    for block in re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL):
        name = block.partition("\n")[0].removeprefix("# ")
        assert len(block.splitlines()) <= 30
        (folder / name).write_text(block)
    return folder


@pytest.fixture(scope="module")
def record(modules, tmp_path_factory):
    job = [
        *("experiment=federated/smoke", "tracking=none", "figures=none", "phases=[train,copies]"),
        *("tasks=[user,quadratic]", f"task_file={modules}/huber.py", "schedule=user"),
        f"schedule_file={modules}/cosine.py",
    ]
    return ntp.train(job, tmp_path_factory.mktemp("record") / "job")


def test_a_loss_from_outside_is_trained_and_measured(record):
    excess = record.stage("user")["log_excess"].values
    assert np.isfinite(excess).all()
    assert (excess[:, -1] < excess[:, 0] - 1).all()
    assert np.isfinite(record.stage("user_copies")["log_model_distance"].values[:, -1]).all()


def test_a_schedule_from_outside_is_followed_by_the_exact_curve(record):
    theory = record.trajectory["theory"].dataset
    assert theory["eta_quadratic"].values[[0, -1]] == pytest.approx([0.05, 0.0025], rel=0.05)
    exact, runs = theory["log_excess_exact"].values, record.stage("quadratic")["log_excess"].values
    np.testing.assert_allclose(exact[0], runs[:, 0], rtol=1e-12)
    assert np.abs(exact[-1] - runs[:, -1]).max() < 3


def test_the_record_is_judged_by_the_modules_that_it_holds(record, modules):
    (modules / "huber.py").rename(modules / "gone.py")
    try:
        again = load_run(record.path)
        assert again.verdicts == record.verdicts == judge_again(again)
    finally:
        (modules / "gone.py").rename(modules / "huber.py")


def test_the_loss_of_the_page_is_huber_s(modules):
    loss = loss_of(Task.user, str(modules / "huber.py"))
    m, dm, y = np.random.default_rng(0).normal(size=(3, 500)) * 2

    def value(m):
        a = np.abs(m - y)
        return np.where(a < 1, a**2 / 2, a - 0.5)

    np.testing.assert_allclose(loss.difference(m, dm, y), value(m + dm) - value(m), atol=1e-14)
    tiny = loss.difference(m, 1e-13 * dm, y)
    np.testing.assert_allclose(tiny, 1e-13 * dm * loss.slope(m, y), rtol=1e-10)


def test_the_minimum_of_a_loss_from_outside_has_no_slope(modules):
    loss = loss_of(Task.user, str(modules / "huber.py"))
    x, y = np.random.default_rng(0).normal(size=(60, 3)), np.linspace(-3, 3, 60)
    w = minimiser(loss, x, y, 0.05)
    assert w is not None
    assert np.abs(x.T @ loss.slope(x @ w, y) / 60 + 0.05 * w).max() < 1e-9
