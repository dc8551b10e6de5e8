"""`ntp-train --help` names what can be chosen, experiments in folders too."""

from pathlib import Path

from ntp_dynamics.config.help import help_text


def test_it_says_how_a_sweep_that_was_cut_short_goes_on() -> None:
    told = help_text([])
    for word in ("ntp-resume DIR", "runtime.checkpoint_seconds", "allow_changed", "hydra/launcher"):
        assert word in told


def test_every_experiment_of_a_folder_is_named_as_it_is_chosen(tmp_path: Path) -> None:
    own = tmp_path / "experiment" / "mine"
    own.mkdir(parents=True)
    (own / "first.yaml").write_text("# @package _global_\n# Drift of r(. - s) at rest. More.\n")
    told = help_text(["study=attractor"], [str(tmp_path)])
    lines = [line.split(maxsplit=1) for line in told.splitlines()]
    assert ["experiment=mine/first", "Drift of r(. - s) at rest."] in lines
    names = {words[0] for words in lines if words}
    assert {"experiment=attractor", "experiment=attractor/gain"} <= names
