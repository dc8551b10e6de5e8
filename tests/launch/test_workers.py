"""Workers: the processes of a long sweep, which end with the one that has them."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.launch import here
from ntp_dynamics.launch.here import LONG, workers_for
from ntp_dynamics.record.store import STATUS
from ntp_dynamics.system.owner import attended
from tests.launch.cut_short import equal
from tests.small_jobs import TINY, Command

SWEEP = ("-m", "seed=0,1,2", "runs=2", "hydra.launcher.workers=2")
MODULE = """
import os, signal, time
from pathlib import Path
import numpy as np
import ntp_dynamics as ntp

@ntp.observable("attention", long_name="a fault", schedule=lambda step: step == 3)
def fault(state, reference):
    if Path("kill").exists():
        Path("kill").unlink()
        os.kill(os.getpid(), signal.SIGKILL)
    while Path("wait").exists():
        Path("waiting").touch()
        time.sleep(0.01)
    return np.zeros(2)
"""


@pytest.fixture
def faulty(tmp_path: Path) -> tuple[str, ...]:
    """A sweep whose jobs kill their process, or wait, where a file says so."""
    (tmp_path / "faulty.py").write_text(MODULE)
    return (*SWEEP, "hooks.modules=[faulty.py]")


@pytest.fixture
def whole(command: Command, faulty: tuple[str, ...], tmp_path: Path) -> Path:
    assert command(*faulty, "hydra.sweep.dir=whole", "hydra.launcher.workers=1") == 0
    return tmp_path / "whole"


def test_a_long_sweep_has_a_worker_a_core_unless_threads_are_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(here, "cores", lambda: 8)
    assert workers_for(LONG, None) == 8
    assert workers_for(LONG - 1, None) == 1
    assert workers_for(LONG, 2) == 1


def test_what_a_killed_worker_leaves_another_goes_on_with(
    command: Command, faulty: tuple[str, ...], whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "kill").touch()
    assert command(*faulty, "hydra.sweep.dir=sweep") == 0
    assert not (tmp_path / "kill").exists()
    assert equal(tmp_path / "sweep", whole)


@pytest.mark.parametrize(
    "number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.long)]
)
def test_workers_end_with_the_sweep_and_the_command_goes_on(
    number: signal.Signals,
    command: Command,
    faulty: tuple[str, ...],
    whole: Path,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Asked to stop they finish the step at hand; so they do where nobody asks any more."""
    (tmp_path / "wait").touch()
    line = [sys.executable, "-m", "ntp_dynamics", *TINY, *faulty, "hydra.sweep.dir=sweep"]
    with subprocess.Popen(line, cwd=tmp_path) as child:
        _until((tmp_path / "waiting").exists)
        child.send_signal(number)
        time.sleep(1.0)  # news are waited for half of that
        (tmp_path / "wait").unlink()
        code = child.wait(60)
    assert code == (-9 if number == signal.SIGKILL else 130)
    begun = [path.parent for path in (tmp_path / "sweep").glob(f"*/{STATUS}")]
    _until(lambda: not any(map(attended, begun)))
    assert set(ntp.load_sweep(tmp_path / "sweep")["status"]) <= {"interrupted", "planned"}
    assert command(*faulty, "hydra.sweep.dir=sweep") == 0
    assert equal(tmp_path / "sweep", whole)
    assert "Traceback" not in capfd.readouterr().err


def _until(holds) -> None:
    patient_until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < patient_until
        time.sleep(0.02)
