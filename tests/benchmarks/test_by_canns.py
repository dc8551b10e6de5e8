"""The attractor network beside canns, where canns is not; and why canns errs."""

from __future__ import annotations

import json
import sys

import numpy as np
import pytest

from benchmarks import attractor
from benchmarks.by_canns import __main__ as by_canns
from ntp_dynamics.studies.attractor.kernel import circulant
from ntp_dynamics.studies.attractor.ring import position, rates, tuned
from ntp_dynamics.studies.attractor.theory import bump, wave


def test_without_canns_the_comparison_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path
) -> None:
    no_python = "/usr/bin/env"  # has no packages, whatever this environment has
    monkeypatch.setattr(sys, "argv", ["by_canns", "--python", no_python])
    monkeypatch.setattr(attractor, "RECORD", tmp_path / "attractor.json")
    by_canns.main()
    said = capsys.readouterr()
    assert said.out == "canns: not installed (pip install 'ntp-dynamics[canns]')\n"
    assert said.err == ""
    assert not attractor.RECORD.exists()


def test_numbers_of_one_run_stand_beside_those_of_another(
    monkeypatch: pytest.MonkeyPatch, tmp_path
) -> None:
    monkeypatch.setattr(attractor, "RECORD", tmp_path / "attractor.json")
    attractor.record("loop", {"load": 1.0})
    attractor.record("canns", {"load": 2.0})
    attractor.record("loop", {"load": 3.0})
    kept = attractor.RECORD.read_text()
    assert kept == '{\n "loop": {\n  "load": 3.0\n },\n "canns": {\n  "load": 2.0\n }\n}\n'


@pytest.mark.parametrize("dt", [0.02, 0.2])
def test_the_recorded_error_of_canns_is_that_of_reading_the_rates_of_the_step_before(
    dt: float,
) -> None:
    ring, v, places = tuned(180, 1.2, 0.5), attractor.V, []
    recurrent, forward = circulant(ring.recurrent), circulant(ring.forward)
    u = bump.fixed_point(ring)
    before = rates(u, ring.k)
    plus = minus = ring.w_vs * before
    for duration in (by_canns.WARM, by_canns.FOLLOWED):
        for _ in range(round(duration / dt)):
            squared = np.maximum(u, 0.0) ** 2
            r = squared / (1 + ring.k * squared.sum())
            push = forward @ ((ring.g_v + v) * plus) + forward.T @ ((ring.g_v - v) * minus)
            u = u + dt * (recurrent @ r + push - u)
            plus = plus + dt * (ring.w_vs * before - plus)
            minus = minus + dt * (ring.w_vs * before - minus)
            before = r
        places.append(float(position(ring, u)))
    exact = wave.curve(ring, np.array([v]))[0].speed
    error = (places[1] - places[0]) / by_canns.FOLLOWED / exact - 1
    recorded = json.loads(attractor.RECORD.read_text())["canns"]["speed error"]
    assert abs(error) == pytest.approx(recorded[f"canns, dt = {dt}"], rel=2e-3)
