"""Every experiment composes, validates, and runs at smoke size; the default one in full."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import ntp_dynamics as ntp
from ntp_dynamics import studies
from ntp_dynamics.config import conflicts
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.composer import Composer
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.studies.next_token.conflicts import CONFLICTS, DATASET_CONFLICTS
from ntp_dynamics.studies.next_token.groups import GROUPS

FILES = {path.stem for path in (config_dir() / "experiment").glob("*.yaml")}
EXPERIMENTS = sorted(FILES - set(studies.names()))
"""Those beside the default ones of the studies, which are named after them."""
SMOKE = [
    "tracking=none",
    "train.feed_forward.steps=15",
    "train.attention.steps=25",
    "train.joint.steps=25",
]


def composed(*overrides: str):
    return read_config(compose_job(overrides))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_names_itself_and_begins_with_its_command(name: str) -> None:
    text = (config_dir() / "experiment" / f"{name}.yaml").read_text()
    package, command, *_ = text.splitlines()
    assert package == "# @package _global_"
    multirun = "-m " if declared_sweep([f"experiment={name}"]) else ""
    expected = "# ntp-train" if name == "default" else f"# ntp-train {multirun}experiment={name}"
    assert command == expected
    assert yaml.safe_load(text)["name"] == name


@pytest.mark.parametrize("name", sorted({*EXPERIMENTS} - {"default", "smoke"}))
def test_an_experiment_says_question_theory_and_expectation(name: str) -> None:
    text = (config_dir() / "experiment" / f"{name}.yaml").read_text()
    comment = " ".join(
        line.removeprefix("# ") for line in text.splitlines() if line.startswith("#")
    )
    where = [comment.index(f"{part}: ") for part in ("Question", "Theory", "Expected")]
    assert where == sorted(where)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_job_of_an_experiment_composes_and_its_first_runs_at_smoke_size(
    name: str, tmp_path: Path
) -> None:
    overrides = [f"experiment={name}"]
    jobs, composer = list(expand([*declared_sweep(overrides), *overrides])), Composer()
    configs = [composer.config(job) for job in jobs]
    for config in configs:
        check_inputs(config)
    few = [] if configs[0].runs == 1 else ["runs=2"]
    record = ntp.train([*jobs[0], *few, *SMOKE, "figures=none"], tmp_path / name)
    assert record.status["state"] == "done"


def test_the_command_line_replaces_what_an_experiment_sweeps() -> None:
    assert declared_sweep(["experiment=margin"]) == ["train.margin=0.1,1,3,9.23,30,100,300"]
    assert declared_sweep(["experiment=margin", "train.margin=1,2"]) == []
    assert declared_sweep([]) == []


def test_every_claim_of_an_experiment_that_applies_is_drawn(tmp_path: Path) -> None:
    """As files; those of the default job are drawn without files by tests/test_contract.py."""
    directory = tmp_path / "figure2"
    record = ntp.train(["experiment=figure2", "runs=2", *SMOKE, "figures=all"], directory)
    for stem in ("panels", "attention"):
        for suffix in ("png", "pdf"):
            assert (directory / f"figures/{stem}.{suffix}").stat().st_size > 10_000
    drawn = {path.stem for path in (directory / "figures").glob("*.png")}
    applied = {v["id"] for v in record.verdicts if v["gate"] != "inapplicable"}
    assert applied
    assert applied <= {claim.rpartition(".")[0] for claim in drawn} | drawn


@pytest.mark.parametrize(("group", "choice"), [(g, c) for g in GROUPS for c in GROUPS[g]])
def test_every_choice_of_every_group_composes_to_its_dataclass(group: str, choice: str) -> None:
    extra = {
        "file": ["runs=1", "dataset.path=x"],
        "votes_file": ["runs=1", "dataset.path=x"],
        "split_ngd": ["train.labels=soft", "train.head=log"],
    }.get(choice, [])
    config = composed(f"{group}={choice}", *extra)
    assert type(getattr(config, group)) is GROUPS[group][choice]


BREAKING = [
    ["dataset.queries=21"],
    ["dataset.non_optimal=19"],
    ["dataset.levels=5"],
    ["dataset.weights=counts"],
    ["dataset.density=complete", "dataset.max_length=3"],
    ["vary=init"],
    ["dataset=file", "runs=1"],
    ["embedding.dim=3"],
    ["train.margin=5", "embedding=gaussian", "embedding.dim=3"],
    ["train.stages=[]"],
    ["train.stages=[feed_forward,feed_forward]"],
    ["train.stages=[attention]"],
    ["train.stages=[feed_forward,joint]"],
    ["hooks.scalars=never"],
    ["train.margin=5", "train.stages=[joint]"],
    ["optimizer=polyak", "init=gaussian"],
    ["optimizer.weight_decay=2"],
    ["optimizer=polyak", "batch.size=2"],
    ["study=attractor", "runtime.device=cuda"],
    ["runtime.device=cuda", "batch.size=4"],
    ["runtime.device=cuda", "engine=autograd"],
    ["train.labels=soft", "train.stages=[attention]", "init=gaussian"],
    ["train.head=log", "train.stages=[feed_forward]"],
    ["train.labels=soft", "embedding=gaussian"],
    ["optimizer=split_ngd", "train.labels=soft"],
    ["train.head=log", "batch.size=2", "engine=numba"],
    ["train.labels=soft", "optimizer=adam", "engine=numba"],
    ["dataset=votes", "dataset.non_optimal=11"],
    ["dataset=votes", "train.labels=soft"],
]


def test_every_conflict_rule_is_broken_by_some_configuration_and_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A conflict that nothing breaks is dead."""
    said = set()

    def broken(*overrides: str) -> set[tuple[str, str]]:
        with pytest.raises(ntp.UserErrors) as caught:
            composed(*overrides)
        return {(error.where, error.what) for error in caught.value.errors}

    for overrides in BREAKING:
        said |= broken(*overrides)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    said |= broken("engine=numba")
    every = [*conflicts.CONFLICTS, *CONFLICTS, *DATASET_CONFLICTS]
    assert said == {(conflict.where, conflict.what) for conflict in every}


@pytest.fixture(scope="module")
def default(tmp_path_factory: pytest.TempPathFactory) -> ntp.Record:
    return ntp.train(["tracking=none", "figures=none"], tmp_path_factory.mktemp("default") / "job")


def test_the_default_job_finds_what_theory_predicts(default: ntp.Record) -> None:
    """Bounds hold where they say anything; the derived laws are tight; nothing is contradicted."""
    labels = {(v["id"], v["version"]): v["label"] for v in default.verdicts}
    expected = {
        ("ov.direction", "text"): "vacuous",
        ("ov.norm", "text"): "holds",
        ("ov.loss", "text"): "faster",
        ("kq.direction", "text"): "vacuous",
        ("kq.norm", "text"): "holds",
        ("kq.norm", "appendix"): "holds",
        ("order.extension", "text"): "holds",
        ("kq.attention_monotone", "appendix"): "holds",
        ("kq.alignment", "appendix"): "holds",
        ("ov.exact.direction", "closed form"): "holds",
        ("ov.exact.norm", "closed form"): "holds",
        ("ov.exact.loss", "closed form"): "holds",
        ("kq.direction.sharp", "heuristic"): "tight",
        ("kq.norm.sharp", "heuristic"): "tight",
        ("kq.loss.sharp", "heuristic"): "tight",
    }
    assert {key: labels[key] for key in expected} == expected
    assert "contradicted" not in labels.values()
    assert "invalid" not in labels.values()


def test_the_regime_is_known_before_training(default: ntp.Record) -> None:
    """Runs without a forced-zero relation fall like t^-2, the others slower: (log t / t)^2."""
    attention, targets = default.trajectory["attention"], default.trajectory["targets"]
    late = attention["direction_gap_kq"].sel(step=slice(1000, 10_000))
    t = np.log(late["step"].values)
    exponents = np.array([np.polyfit(t, np.log(gap), 1)[0] for gap in late.values])
    forced = targets["forced_zero"].values > 0
    assert (np.abs(exponents[~forced] + 2) < 0.05).all()
    assert (exponents[forced] > -1.9).all()
    assert not forced.all()


FIGURE_2 = {
    "mean L0": ([2.69, 2.51, 2.04, 1.24, 0.617, 0.034, 0.00], 0.06),
    "cos ov": ([0.781, 0.898, 0.971, 0.995, 0.999, 1, 1], 0.03),
    "norm ov": ([1.90, 2.63, 4.64, 9.11, 13.5, 27.0, 40.3], 0.25),
    "cos kq": ([0.279, 0.425, 0.680, 0.887, 0.943, 0.981, 0.984], 0.05),
    "norm kq": ([1.21, 1.27, 1.57, 2.50, 3.49, 6.75, 10.04], 0.15),
}
"""The paper's Figure 2, digitised at t = 30, 50, 100, 200, 300, 600, 900, and tolerances."""


def test_figure2_reproduces_the_curves_of_the_paper(tmp_path: Path) -> None:
    record = ntp.train(
        ["experiment=figure2", "tracking=none", "figures=none", "hooks=full"], tmp_path / "a"
    )
    steps = [30, 50, 100, 200, 300, 600, 900]

    def median(stage: str, name: str) -> np.ndarray:
        return np.median(record.stage(stage)[name].sel(step=steps).values, axis=0)

    measured = {
        "mean L0": np.exp(median("feed_forward", "log_loss")) / 20,
        "cos ov": 1 - median("feed_forward", "direction_gap_ov"),
        "norm ov": median("feed_forward", "norm_ov"),
        "cos kq": 1 - median("attention", "direction_gap_kq"),
        "norm kq": median("attention", "norm_kq"),
    }
    for name, (expected, tolerance) in FIGURE_2.items():
        np.testing.assert_allclose(measured[name], expected, atol=tolerance, err_msg=name)
    labels = {v["id"]: v["label"] for v in record.verdicts if v["kind"] == "proved"}
    assert set(labels.values()) == {"does not apply"}
