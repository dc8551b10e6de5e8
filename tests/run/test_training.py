"""Training ends where what it goes on from is no number."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.run import training
from ntp_dynamics.study import Dynamics, NonFinite

SMALL = ["experiment=smoke", "runs=1", "tracking=none", "figures=none"]
SMALL += ["train.feed_forward.steps=5", "train.attention.steps=10"]


@pytest.mark.parametrize(
    ("more", "kind"),
    [
        (["optimizer=adam"], "iterate"),
        (["optimizer.momentum=0.9"], "iterate"),
        (["optimizer=adam", "train.stages=[joint]"], "scores"),
    ],
)
def test_a_memory_that_is_no_number_is_told_though_no_measure_shows_it(
    more: list[str], kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = training.follow

    def follow(dynamics: Dynamics, *rest: Any) -> Iterator[Any]:
        dynamics.advance(0, np.zeros(0, dtype=np.int64))
        saved = {name: np.array(x) for name, x in dynamics.save().items()}
        saved[f"{kind}.memory.scale"][...] = np.nan
        dynamics.load(saved)
        yield from real(dynamics, *rest)

    monkeypatch.setattr(training, "follow", follow)
    with pytest.raises(NonFinite, match="non-finite at step 0 in what the rule remembers"):
        ntp.train([*SMALL, *more], tmp_path / "job")
    assert ntp.load_run(tmp_path / "job").status["state"] == "failed"
