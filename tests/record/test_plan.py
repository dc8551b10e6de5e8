"""The plan of a sweep holds every job: its configuration, its place, its order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.launch.resume import plan_of
from ntp_dynamics.launch.sweeps import expand
from ntp_dynamics.record.identity import digest
from ntp_dynamics.record.plan import Plan, flat, nested, read_plan, short_name


def planned(*overrides: str) -> tuple[Plan, list[object]]:
    """The plan of a sweep, and the configurations of its jobs."""
    jobs, composer = list(expand(overrides)), Composer()
    configs = [composer.config(job) for job in jobs]
    return plan_of(jobs, configs, compose_job(jobs[0]), ["-m", *overrides]), configs


def test_the_configuration_of_every_job_is_found_again(tmp_path: Path) -> None:
    """Also where jobs chose other files, which have other settings."""
    swept = ["optimizer=ngd,gd", "seed=0,1", "init=zero,gaussian", "tracking=none"]
    plan, configs = planned("experiment=smoke", "vary=both,corpus", *swept)
    plan.write(tmp_path)
    again = read_plan(tmp_path)
    assert again == plan
    assert len(configs) == 16
    assert [again.config(i) for i in range(16)] == configs
    assert [job.directory for job in again.jobs] == [
        f"{i}-{job.identity}" for i, job in enumerate(again.jobs)
    ]


def test_what_jobs_share_is_written_once(tmp_path: Path) -> None:
    plan, _ = planned("experiment=smoke", "seed=range(50)")
    plan.write(tmp_path)
    text = (tmp_path / "plan.json").read_text()
    assert text.count('"dataset.queries"') == 1
    assert len(text.splitlines()) < 50 + 100
    assert {key for job in plan.jobs for key in job.own} == {"seed"}


def test_a_secret_is_not_in_it_and_then_its_job_cannot_be_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "canary-value")
    plan, _ = planned("experiment=smoke", "seed=0,1", "name=canary-value")
    plan.write(tmp_path)
    assert "canary" not in (tmp_path / "plan.json").read_text()
    again = read_plan(tmp_path)
    assert again is not None
    with pytest.raises(ntp.UserError, match="a secret in it was not stored"):
        again.config(1)


def test_a_job_whose_file_has_changed_is_no_longer_the_planned_one(tmp_path: Path) -> None:
    module = tmp_path / "mine.py"
    module.write_text("import ntp_dynamics\n")
    plan, configs = planned("experiment=smoke", "seed=0,1", f"hooks.modules=[{module}]")
    assert plan.config(0) == configs[0]
    module.write_text("import ntp_dynamics as ntp\n")
    with pytest.raises(ntp.UserError, match="a file that it names has changed"):
        plan.config(0)


@pytest.mark.parametrize("place", ["shared", "jobs"])
def test_a_changed_plan_is_damage(place: str, tmp_path: Path) -> None:
    plan, _ = planned("experiment=smoke", "seed=0,1")
    plan.write(tmp_path)
    said = json.loads((tmp_path / "plan.json").read_text())
    if place == "shared":
        said["shared"]["runs"] = 7
    else:
        said["jobs"].pop()
    (tmp_path / "plan.json").write_text(json.dumps(said))
    with pytest.raises(ntp.UserError, match="it is not the plan that was written"):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    "job",
    [
        {"overrides": [], "identity": "0"},
        [[], "0", "../../etc", {}],
        [[], "0", "/etc", {}],
        [{}, "0", "0", {}],
        [[], "0", "0", 3],
    ],
)
def test_a_plan_of_another_form_is_refused_in_a_line(job: object, tmp_path: Path) -> None:
    """Also one with a good seal, whose jobs lie elsewhere."""
    said = {"jobs": [job], "command": [], "version": "0", "format": 2, "shared": {}, "folder": ""}
    (tmp_path / "plan.json").write_text(json.dumps({**said, "seal": digest(said)}))
    with pytest.raises(ntp.UserError, match="it is not one that this version reads"):
        read_plan(tmp_path)


def test_settings_are_flat_and_nested_again() -> None:
    tree = {"a": {"b": 1, "c": {"d": [1, {"e": 2}]}}, "none": {}, "x": None}
    assert flat(tree) == {"a.b": 1, "a.c.d": [1, {"e": 2}], "none": {}, "x": None}
    assert nested(flat(tree)) == tree


def test_people_are_shown_the_number() -> None:
    assert short_name("3-9f2c51c0aa17e3b4") == "3"
    assert short_name("3-of") == "3-of"
    assert short_name("12") == "12"
