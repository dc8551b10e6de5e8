"""Running `ntp-judge` in this process, and curves to run it on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from ntp_dynamics.cli import judge

STEPS = np.unique(np.round(np.geomspace(1, 3_000, 90)))


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Ask = Callable[..., Answer]


def asked(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> Answer:
    """What the command prints, and its exit code."""
    with pytest.raises(SystemExit) as ended:
        judge([str(argument) for argument in arguments])
    printed = capsys.readouterr()
    return Answer(int(ended.value.code or 0), printed.out, printed.err)


def decay(power: float = 1.0, size: float = 1.0) -> np.ndarray:
    """size t^-power on STEPS."""
    return size * STEPS**-power


def csv_text(names: str, *columns: Sequence[object] | np.ndarray, mark: str = ",") -> str:
    rows = zip(*columns, strict=True)
    return "\n".join([names, *(mark.join(str(cell) for cell in row) for row in rows)]) + "\n"


def log(path: Path, **columns: np.ndarray) -> Path:
    """A CSV file with the column step and these."""
    path.write_text(csv_text(",".join(["step", *columns]), STEPS.astype(int), *columns.values()))
    return path
