"""Real records: two runs of a small job, and a job whose corpus has a cycle."""

from __future__ import annotations

from pathlib import Path

import pytest

import ntp_dynamics as ntp
from tests.small_jobs import CYCLE, SMALL


@pytest.fixture(scope="session")
def records(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("records")
    ntp.train(SMALL, root / "small")
    (root / "cycle.jsonl").write_text(CYCLE)
    corpus = ["dataset=file", f"dataset.path={root / 'cycle.jsonl'}", "runs=1"]
    ntp.train([*SMALL, *corpus, "train.attention.step_size=0.1"], root / "cycle")
    return root
