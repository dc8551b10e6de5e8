"""A shadow is judged as it stands and up to where it is rounding, and counted nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.record.record import Record

STEPS = 1200
PLAIN = [
    *("runs=2", "train.margin=9.23", "tracking=none", "figures=none"),
    *(f"train.attention.steps={STEPS}", "train.attention.step_size=0.1"),
]
SHADOW = ["shadow=true", "precision=float32"]


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Record]:
    """The same job with and without a shadow that rounds early."""
    place = tmp_path_factory.mktemp("shadows")
    return {
        "without": ntp.train(PLAIN, place / "0"),
        "with": ntp.train([*PLAIN, *SHADOW], place / "1"),
    }


def told(record: Record) -> dict[str, dict[str, Any]]:
    return {f"{v['id']} ({v['version']})": v for v in record.verdicts}


def test_verdicts_are_those_of_the_job_without_it(records: dict[str, Record]) -> None:
    both = told(records["with"])
    assert any("shadow" in v for v in both.values())
    for key, verdict in told(records["without"]).items():
        assert "shadow" not in verdict
        assert {k: v for k, v in both[key].items() if k != "shadow"} == verdict


def test_it_says_from_which_step_on_its_numbers_are_rounding(records: dict[str, Record]) -> None:
    record = records["with"]
    shadow = record.trajectory["shadow_attention"].dataset
    passed = (shadow["zero_sum_residual"].values > 1e-3).any(axis=0)
    since = int(shadow["step"].values[passed.argmax()])
    assert 0 < since < STEPS
    for verdict in told(record).values():
        if shadowed := verdict.get("shadow"):
            assert (shadowed["since"], shadowed["rounding"]) == (since, 2)
            assert f"of rounding from step {since:,} on in 2 of 2 runs" in shadowed["summary"]
            assert shadowed["engine"] == "automatic differentiation, float32"


def test_as_it_stands_it_shows_a_gap_that_grows_where_the_log_domain_shows_one_that_falls(
    records: dict[str, Record],
) -> None:
    verdict = told(records["with"])["kq.direction (text)"]
    assert verdict["exponent"] > 0 > verdict["shadow"]["exponent"]
    assert verdict["shadow"]["rate"] != "consistent"


def test_only_claims_that_cover_a_run_and_that_it_measured_have_one(
    records: dict[str, Record],
) -> None:
    for verdict in told(records["with"]).values():
        covered = verdict["label"] != "does not apply"
        assert ("shadow" in verdict) == covered


def test_nothing_counts_it(records: dict[str, Record]) -> None:
    status = records["with"].status
    without = records["without"].status
    for name in ("labels", "runs", "p_contradicted"):
        assert status[name] == without[name]
    assert status["shadow"]["kq.direction"]["label"]
    table = ntp.load_sweep(records["with"].path)
    assert table["kq.direction.shadow"].tolist() == [status["shadow"]["kq.direction"]["label"]]


def test_a_table_tells_it_below_its_claim(
    records: dict[str, Record], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    cli.show([str(records["with"].path)])
    lines = capsys.readouterr().out.splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("kq.direction "))
    assert lines[at + 1].startswith("  shadow ")
    assert "of rounding from step" in lines[at + 1]


def test_judging_again_says_the_same(records: dict[str, Record]) -> None:
    record = records["with"]
    claims = record.study.claims_of(record.config)
    judged = judge_claims(
        record.trajectory, record.constants, claims, record.study.residual, record.since
    )
    assert json.dumps([j.to_json() for j in judged]) == json.dumps(record.verdicts)


def test_a_shadow_that_does_not_round_says_so(tmp_path: Path) -> None:
    record = ntp.train([*PLAIN, "shadow=true", "train.attention.steps=60"], tmp_path)
    shadowed = told(record)["kq.norm (text)"]["shadow"]
    assert (shadowed["since"], shadowed["rounding"]) == (None, 0)
    assert shadowed["summary"].startswith("not of rounding; ")
    assert shadowed["label"] == shadowed["sound"] == told(record)["kq.norm (text)"]["label"]
