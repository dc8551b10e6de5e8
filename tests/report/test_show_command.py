"""``ntp-show``: verdicts again, of today's and of earlier records; nothing is written."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import cli
from ntp_dynamics.observe.judgement import judge_claims
from ntp_dynamics.studies.next_token import STUDY
from ntp_dynamics.verdict.verdict import EARLIER

SMALL = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "train.feed_forward.steps=40",
    "train.attention.steps=60",
]
OLD = ("outcomes", "joint", "decides_at", "run_exponents", "run_drifts", "run_slacks", "counts",
       "failing", "most_failing", "about")  # fmt: skip


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two records of today."""
    place = tmp_path_factory.mktemp("sweep")
    for seed in range(2):
        ntp.train([*SMALL, f"seed={seed}"], place / str(seed))
    return place


def earlier(record: Path) -> Path:
    """The record as it was before every run was judged: no format, no outcomes, its own seal."""
    verdicts = json.loads((record / "verdicts.json").read_text())
    for claim in verdicts["claims"]:
        for name in OLD:
            claim.pop(name, None)
        claim["label"] = "holds"
    del verdicts["format"]
    status = json.loads((record / "status.json").read_text())
    del status["runs"]
    return resealed(record, verdicts, status)


def before_observed(record: Path) -> Path:
    """The record as it was before what is observed had fields of its own."""
    verdicts = json.loads((record / "verdicts.json").read_text())
    for claim in verdicts["claims"]:
        if claim.pop("observed", None):
            claim["beyond"] = "bound broken by 2 of 2"
            claim["summary"] += "; not covered; observed: bound broken by 2 of 2"
    status = json.loads((record / "status.json").read_text())
    del status["observed"]
    return resealed(record, verdicts, status)


def resealed(record: Path, verdicts: Any, status: Any) -> Path:
    for name, value in (("verdicts.json", verdicts), ("status.json", status)):
        (record / name).write_text(json.dumps(value))
    manifest = json.loads((record / "MANIFEST.json").read_text())
    for name in ("verdicts.json", "status.json"):
        body = (record / name).read_bytes()
        entry = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
        manifest["files"][name] = entry
    (record / "MANIFEST.json").write_text(json.dumps(manifest))
    return record


def files(place: Path) -> dict[str, bytes]:
    return {str(p.relative_to(place)): p.read_bytes() for p in place.rglob("*") if p.is_file()}


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    cli.show([str(argument) for argument in arguments])
    return capsys.readouterr().out


def claims_of(record: Path) -> list[dict[str, Any]]:
    return json.loads((record / "verdicts.json").read_text())["claims"]


def test_a_record_shows_its_table_and_how_many_runs_keep_each_claim(sweep, capsys):
    out = shown(capsys, sweep / "0")
    for claim in claims_of(sweep / "0"):
        assert claim["id"] in out
    assert "2 of 2" in out
    assert EARLIER[:24] not in out


def test_a_narrow_terminal_has_what_was_found_below_each_claim(sweep, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    lines = shown(capsys, sweep / "0").splitlines()
    at = lines.index("ov.norm  holds  2 of 2")
    assert lines[at + 1].startswith("    1.30 decades and 34 recorded steps after the claim's")
    assert max(map(len, lines[: lines.index("", 1)])) <= 60


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep of a rule that the paper covers and one that it does not."""
    place = tmp_path_factory.mktemp("outside")
    for number, rule in enumerate(("ngd", "gd")):
        ntp.train([*SMALL, f"optimizer={rule}", "train.margin=9.23"], place / str(number))
    return place


NORM = "bound broken from step 4 on by all 2"


def test_what_is_observed_beyond_hypotheses_has_a_column_of_its_own(outside, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    lines = shown(capsys, outside / "1").splitlines()
    heads = next(line for line in lines if line.startswith("claim"))
    place = heads.index("not covered; observed")
    (row,) = (line for line in lines if line.startswith("kq.norm (text)"))
    assert "does not apply" in row[:place]
    assert row[place:].startswith(NORM)
    covered = shown(capsys, outside / "0")
    assert NORM not in covered


@pytest.mark.parametrize("columns", [100, 60])
def test_where_there_is_no_room_it_stands_below(outside, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    out = shown(capsys, outside / "1")
    assert f"not covered; observed: {NORM}" in " ".join(out.split())
    assert max(map(len, out.splitlines()[:-2])) <= columns


def test_claims_of_a_stage_that_was_not_trained_are_one_row(outside, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    out = shown(capsys, outside / "0")
    (row,) = (line for line in out.splitlines() if "stage was not trained" in line)
    assert row.startswith("10 claims  ")
    for claim in claims_of(outside / "0"):
        assert claim["id"] in out


def test_a_sweep_counts_what_is_observed_apart_from_verdicts(outside, capsys):
    out = shown(capsys, outside)
    assert "kq.norm                holds 1, does not apply 1; not covered; observed: " in out
    (line,) = (
        line for line in out.splitlines() if line.startswith("  1: optimizer=gd  kq.direction not")
    )
    assert "optimizer=gd  kq.direction not covered; observed: bound says nothing" in line
    told = json.loads(shown(capsys, outside, "--json"))["jobs"]
    assert told[0]["observed"].keys() < told[1]["observed"].keys()
    assert told[1]["observed"]["kq.norm"]["word"] == "not kept"
    again = json.loads(shown(capsys, outside, "--json", "--judge"))["jobs"]
    assert [job["observed"] for job in again] == [job["observed"] for job in told]


def test_a_table_of_a_sweep_has_what_is_observed_beside_labels(outside):
    table = ntp.load_sweep(outside)
    assert table["kq.norm"].tolist() == ["holds", "does not apply"]
    assert table["kq.norm.judged"].tolist() == [2, 0]
    missing, said = table["kq.norm.observed"]
    assert missing != missing
    assert said.startswith(NORM)


def test_a_record_of_before_opens_as_it_did(outside, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    new = claims_of(outside / "1")
    old = before_observed(Path(shutil.copytree(outside / "1", tmp_path / "old")))
    lines = shown(capsys, old).splitlines()
    assert not [line for line in lines if line.startswith("claim") and "observed" in line]
    (row,) = (line for line in lines if line.startswith("kq.norm (text)"))
    assert row.count("not covered; observed: bound broken by 2 of 2") == 1
    assert not [name for name in ntp.load_sweep(old).columns if name.endswith(".observed")]
    assert json.loads(shown(capsys, old, "--judge", "--json"))["claims"] == new


def test_json_is_what_the_record_holds_and_judging_again_says_the_same(sweep, capsys):
    stored = claims_of(sweep / "0")
    assert json.loads(shown(capsys, sweep / "0", "--json"))["claims"] == stored
    again = json.loads(shown(capsys, sweep / "0", "--json", "--judge"))
    assert (again["claims"], again["format"]) == (stored, 2)


def test_an_earlier_record_opens_says_by_which_rules_and_is_judged_again(sweep, capsys, tmp_path):
    today = claims_of(sweep / "1")
    record = earlier(Path(shutil.copytree(sweep / "1", tmp_path / "old")))
    before = files(record)
    assert ntp.load_run(record).rules == 1
    assert EARLIER in " ".join(shown(capsys, record).split())
    again = json.loads(shown(capsys, record, "--judge", "--json"))
    assert again["claims"] == today
    assert files(record) == before


def test_what_an_earlier_version_did_not_record_is_not_judged(sweep):
    record = ntp.load_run(sweep / "0")
    tree, constants = record.trajectory, record.constants
    claims = STUDY.claims_of(record.config)
    tree["attention"] = tree["attention"].dataset.drop_vars("log_attention_growth")
    found = {j.claim.id: j.verdict for j in judge_claims(tree, constants, claims, STUDY.residual)}
    assert found["kq.attention_monotone"].label == "does not apply"
    assert (
        "log_attention_growth was not recorded (2 of 2 runs)"
        in found["kq.attention_monotone"].summary
    )
    assert found["kq.alignment"].label == "holds"


def test_a_sweep_shows_its_map_and_counts_jobs_of_earlier_rules(sweep, capsys, tmp_path):
    both = Path(shutil.copytree(sweep, tmp_path / "both"))
    out = shown(capsys, both)
    assert out.startswith("2 of 2 jobs done")
    assert "kq.direction" in out
    earlier(both / "0")
    assert f"1 jobs {EARLIER}" in " ".join(shown(capsys, both).split())
    told = json.loads(shown(capsys, both, "--json", "--judge"))
    assert [job["runs"]["ov.norm"]["judged"] for job in told["jobs"]] == [2, 2]


def test_a_sweep_of_records_has_typed_counts_of_runs(sweep):
    table = ntp.load_sweep(sweep)
    assert table["ov.norm.kept"].tolist() == [2, 2]
    assert table["ov.norm.judged"].dtype.kind == "i"


def test_a_directory_without_a_record_is_one_line(tmp_path, capsys):
    with pytest.raises(SystemExit) as stop:
        cli.show([str(tmp_path)])
    assert stop.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "it holds no record" in error
