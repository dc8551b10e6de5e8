"""The jobs of a comparison: every experiment of a tree at smoke size, on every engine.

Read from `conf/` alone, so that nothing is asked of the package, whose modules may move.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser

ENGINES = {"next_token": ("auto", "torch", "numba", "autograd")}
"""The engines of a study that has several."""
RUNS = 2
SIZES = {
    "next_token": (
        "train.feed_forward.steps=120",
        "train.attention.steps=150",
        "train.joint.steps=150",
    ),
    "attractor": (
        *("rest.duration=2", "critical.duration=5", "spectrum.iterations=30"),
        *("sweep.duration=2", "path.duration=6", "cue.on=2", "cue.duration=4"),
        *("diffusion.duration=4", "diffusion.window=1", "disorder.duration=1"),
        "pinning.iterations=30",
    ),
}
"""What makes a job of a study small."""
ALWAYS = ("tracking=none", "figures=none")


@dataclass(frozen=True)
class Case:
    """One job: which experiment, engine and place in the sweep, and all its overrides."""

    experiment: str
    engine: str
    number: int
    overrides: tuple[str, ...]

    @property
    def path(self) -> str:
        """Where its record goes, below the folder of a side."""
        return f"{self.experiment}/{self.engine}/{self.number}"


def experiments(tree: Path) -> dict[str, dict[str, Any]]:
    """The experiments of a tree by name (`folder/name` in a folder), as their files say."""
    root = tree / "conf/experiment"
    files = sorted(root.rglob("*.yaml"))
    return {
        str(path.relative_to(root).with_suffix("")): yaml.safe_load(path.read_text())
        for path in files
    }


def study_of(name: str, experiment: dict[str, Any]) -> str:
    """The study that an experiment chooses; the default one of a study is named after it."""
    chosen = [
        choice["override /study"]
        for choice in experiment.get("defaults", [])
        if isinstance(choice, dict) and "override /study" in choice
    ]
    return chosen[0] if chosen else name if name in SIZES else "next_token"


def cases(name: str, experiment: dict[str, Any]) -> list[Case]:
    """Every job of the sweep that an experiment declares, on every engine of its study.

    Raises KeyError where nothing says what is small for its study.
    """
    study = study_of(name, experiment)
    engines = ENGINES.get(study, ("",))
    whose = (f"study={study}",) if name == study else ()
    runs = min(RUNS, experiment.get("runs", RUNS))
    swept = experiment.get("hydra", {}).get("sweeper", {}).get("params", {})
    columns = [_values(key, str(text)) for key, text in swept.items()]

    def overrides(engine: str, job: tuple[str, ...]) -> tuple[str, ...]:
        by = (f"engine={engine}",) if engine else ()
        return (*whose, f"experiment={name}", *job, f"runs={runs}", *by, *SIZES[study], *ALWAYS)

    return [
        Case(name, engine or "its own", number, overrides(engine, job))
        for engine in engines
        for number, job in enumerate(itertools.product(*columns))
    ]


def _values(key: str, text: str) -> list[str]:
    override = OverridesParser.create().parse_override(f"{key}={text}")
    if not override.is_sweep_override():
        return [f"{key}={text}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
