"""Whatever asks a job to stop, it finishes its step, keeps its record and says what stopped it."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.system.stops import STOPS, graceful_interrupt
from tests.small_jobs import SMALL

HALF = 12


@pytest.mark.parametrize("name", STOPS)
def test_a_signal_to_stop_is_answered_after_the_step_at_hand(name: str, tmp_path: Path) -> None:
    @ntp.observable("feed_forward", long_name="a signal", schedule=lambda step: step == HALF)
    def stopped(state: Any, reference: Any) -> Any:
        os.kill(os.getpid(), getattr(signal, name))
        return np.zeros(2)

    overrides = [*SMALL, "runs=2", "tracking=none", "train.feed_forward.steps=25"]
    with pytest.raises(KeyboardInterrupt):
        ntp.train(overrides, tmp_path / "job", observables=[stopped])
    record = ntp.load_run(tmp_path / "job")
    said = "Ctrl-C" if name == "SIGINT" else name
    assert (record.status["state"], record.status["reason"]) == ("interrupted", said)
    assert record.phases == ["feed_forward"]
    assert record.stage("feed_forward")["step"].values[-1] >= HALF - 1


def test_a_signal_that_is_ignored_stays_ignored_and_what_stood_before_stands_again() -> None:
    before = {name: signal.getsignal(getattr(signal, name)) for name in STOPS}
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    try:
        with graceful_interrupt() as interrupt:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not interrupt.requested
            os.kill(os.getpid(), signal.SIGUSR1)
            assert (interrupt.requested, interrupt.said) == (True, "SIGUSR1")
            with pytest.raises(KeyboardInterrupt):
                os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGHUP, old)
    assert {name: signal.getsignal(getattr(signal, name)) for name in STOPS} == before
