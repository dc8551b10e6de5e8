"""What the commands say of every study, found by name, before anything is trained.

Mistakes that only a study knows stand in tests/studies/<name>/bad_inputs.py, as BAD: overrides,
and what the line says.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from ntp_dynamics import cli, studies
from ntp_dynamics.config.compose import compose_job, read_config, without_hydra
from ntp_dynamics.config.schema import groups_of
from ntp_dynamics.study import Study
from tests.bounds import outside
from tests.conftest import every_study


@pytest.fixture(scope="module", params=every_study())
def study(
    request: pytest.FixtureRequest,
    studies_of_the_docs: Callable[[], AbstractContextManager[None]],
) -> Iterator[Study]:
    with studies_of_the_docs():
        yield studies.find(request.param)


def refused(overrides: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The lines of stderr of a job that does not begin."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["ntp-train", *overrides])
        with pytest.raises(SystemExit) as stopped:
            cli.train()
    out, err = capsys.readouterr()
    assert (stopped.value.code, out) == (2, ""), err
    for line in err.splitlines():
        assert line.startswith("error: "), line
        assert "; " in line, line
    return err.splitlines()


def test_what_is_out_of_range_of_a_wrong_type_or_unknown_is_a_line_and_nothing_is_written(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    given = list(study.smoke)
    config = read_config(compose_job([f"study={study.name}", *given]))
    wrong = [*outside(config), "rnus=3", "seed=many", "overwrite=perhaps"]
    lines = refused([f"study={study.name}", *given, *wrong], capsys)
    said = {line.removeprefix("error: ").partition(": ")[0] for line in lines}
    assert {override.partition("=")[0] for override in wrong} == said
    assert list(tmp_path.iterdir()) == []


def test_mistakes_that_only_the_study_knows_are_a_line(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    if not (Path(__file__).parent / "studies" / study.name / "bad_inputs.py").exists():
        pytest.skip("it lists none")
    bad = importlib.import_module(f"tests.studies.{study.name}.bad_inputs").BAD
    monkeypatch.chdir(tmp_path)
    for overrides, what in bad:
        (line,) = refused([f"study={study.name}", *overrides], capsys)
        assert what in line
    assert list(tmp_path.iterdir()) == []


def test_its_configuration_loads_no_tensors_and_no_figures(study: Study) -> None:
    heavy = {"torch", "xarray", "matplotlib", "pandas", "dash"}
    code = (
        "import sys; from ntp_dynamics import studies;"
        f"s = studies.find({study.name!r}); s.config, s.groups;"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_help_lists_its_keys_and_the_choices_of_its_groups(study: Study, capsys: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["ntp-train", "--help", f"study={study.name}"])
        cli.train()
    text = capsys.readouterr().out
    keys = OmegaConf.to_container(without_hydra(compose_job([f"study={study.name}"])))
    assert isinstance(keys, dict)
    for key in keys:
        assert f"\n  {key}:" in text, key
    for group, choices in groups_of(study.name).items():
        assert all(f"\n  {group}={choice}" in text for choice in choices), group
    assert f"\n  study={study.name}" in text
    assert study.title in text
