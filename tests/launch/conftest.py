"""The command in this process, in a directory of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ntp_dynamics import cli
from ntp_dynamics.launch import multirun
from tests.launch.cut_short import SWEEP
from tests.small_jobs import TINY, Command


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Command]:
    """`ntp-train` with tiny jobs; returns its exit code."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        monkeypatch.setattr("sys.argv", ["ntp-train", *TINY, *arguments])
        try:
            cli.train()
        except SystemExit as stopped:
            return int(stopped.code or 0)
        return 0

    yield run
    multirun.under_way = None


@pytest.fixture
def whole(command: Command, tmp_path: Path) -> Path:
    """An uninterrupted sweep."""
    assert command(*SWEEP, "hydra.sweep.dir=whole") == 0
    return tmp_path / "whole"
