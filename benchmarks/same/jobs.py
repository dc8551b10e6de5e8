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

ENGINES = ("auto", "torch", "numba", "autograd")
RUNS = 2
SIZES = {
    "next_token": (
        "train.feed_forward.steps=120",
        "train.attention.steps=150",
        "train.joint.steps=150",
    )
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
    """The experiments of a tree by name, as their files say."""
    files = sorted((tree / "conf/experiment").glob("*.yaml"))
    return {path.stem: yaml.safe_load(path.read_text()) for path in files}


def cases(name: str, experiment: dict[str, Any]) -> list[Case]:
    """Every job of the sweep that an experiment declares, on every engine.

    Raises KeyError where nothing says what is small for its study.
    """
    small = SIZES[experiment.get("study", "next_token")]
    runs = min(RUNS, experiment.get("runs", RUNS))
    swept = experiment.get("hydra", {}).get("sweeper", {}).get("params", {})
    columns = [_values(key, str(text)) for key, text in swept.items()]
    return [
        Case(
            name,
            engine,
            number,
            (f"experiment={name}", *job, f"runs={runs}", f"engine={engine}", *small, *ALWAYS),
        )
        for engine in ENGINES
        for number, job in enumerate(itertools.product(*columns))
    ]


def _values(key: str, text: str) -> list[str]:
    override = OverridesParser.create().parse_override(f"{key}={text}")
    if not override.is_sweep_override():
        return [f"{key}={text}"]
    return [f"{key}={value}" for value in override.sweep_string_iterator()]
