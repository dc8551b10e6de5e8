"""What is composed once serves the jobs after it, and never one whose files have changed."""

from __future__ import annotations

from pathlib import Path

import pytest
from omegaconf import OmegaConf

import ntp_dynamics as ntp
from ntp_dynamics.config import compose, kept
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.composer import Composer, config_of
from ntp_dynamics.config.kept import KEPT, Kept

HEAD = "# @package _global_\n"


def by_hydra_alone(overrides: list[str], search: list[str]) -> object:
    return compose._by_hydra(overrides, search)


@pytest.mark.parametrize(
    "overrides",
    [
        ["seed=3"],
        ["experiment=smoke", "runs=2", "hooks=light", "hydra.run.dir=a/${seed}", "seed=4"],
        ["train.attention={steps: 7}", "hydra.sweeper.params=null", "~hydra/job_logging"],
        ["dataset=prefix_closed", "hydra.launcher.threads=2", "hydra.job.name=x"],
    ],
)
def test_a_kept_composition_is_what_hydra_composes(overrides: list[str]) -> None:
    compose_job(overrides)
    again = OmegaConf.to_container(compose_job(overrides), resolve=False)
    assert again == OmegaConf.to_container(by_hydra_alone(overrides, []), resolve=False)  # type: ignore[arg-type]


def test_jobs_that_choose_the_same_files_need_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    by_hydra = compose._by_hydra
    monkeypatch.setattr(compose, "_by_hydra", lambda o, s: asked.append(list(o)) or by_hydra(o, s))
    KEPT._made.clear()
    for seed in range(3):
        job = ["experiment=smoke", f"seed={seed}", f"hydra.run.dir=d{seed}"]
        composed = compose_job(job)
        assert (composed.seed, composed.hydra.run.dir) == (seed, f"d{seed}")
        assert config_of(job[:2]) == read_config(composed)
    assert asked == [["experiment=smoke"]]


def test_a_file_that_changes_is_read_again(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    mine = tmp_path / "experiment/mine.yaml"
    mine.write_text(HEAD + "runs: 3\n")
    assert compose_job(["experiment=mine"], [str(tmp_path)]).runs == 3
    mine.write_text(HEAD + "runs: 14\n")
    assert compose_job(["experiment=mine"], [str(tmp_path)]).runs == 14
    mine.unlink()
    with pytest.raises(ntp.UserError, match="'mine' is not one of its options"):
        compose_job(["experiment=mine"], [str(tmp_path)])


def test_a_variable_that_changes_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    for project in ("one", "other"):
        monkeypatch.setenv("WANDB_PROJECT", project)
        assert config_of(["seed=3"]).tracking.project == project


def test_what_a_caller_does_to_a_configuration_changes_no_other() -> None:
    config_of(["experiment=smoke"]).hooks.modules.append("nix")
    assert config_of(["experiment=smoke"]).hooks.modules == []


def test_of_too_many_files_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = iter(range(9))
    some = Kept()
    assert [some.get("x", [tmp_path], lambda: next(made)) for _ in range(2)] == [0, 0]
    monkeypatch.setattr(kept, "FILES", 1)
    (tmp_path / "a").mkdir()
    (tmp_path / "a/b").touch()
    assert [some.get("x", [tmp_path], lambda: next(made)) for _ in range(2)] == [1, 2]
    assert some.get("x", None, lambda: next(made)) == 3


def test_a_preset_of_hooks_can_be_swept() -> None:
    composer = Composer()
    for name in ("light", "full", "light"):
        job = ["experiment=smoke", f"hooks={name}", "seed=2"]
        assert composer.config(job) == read_config(compose_job(job))
