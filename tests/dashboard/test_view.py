"""The view of a job holds what was recorded, with the curves of its claims, whatever its state."""

from __future__ import annotations

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.dashboard.arrays import AXIS
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.reading import Reader, read
from ntp_dynamics.dashboard.rows import Job
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.record.record import load_run
from ntp_dynamics.system.owner import DirectoryLock
from tests.dashboard.conftest import SMALL


def job_at(root: Path, name: str) -> Job:
    return next(job for job in scan(root).jobs.values() if job.place == name)


def view_of(root: Path, name: str, run: int = 0) -> dict[str, Any]:
    job = job_at(root, name)
    return job_view(job, read(job), run)


@pytest.fixture(scope="module")
def view(records: Path) -> dict[str, Any]:
    return view_of(records, "sweep/0", run=1)


def panel(view: dict[str, Any], key: str) -> dict[str, Any]:
    return next(p for p in view["panels"] if p["key"] == key)


def test_the_curves_are_the_record(records: Path, view: dict[str, Any]) -> None:
    recorded = load_run(records / "sweep/0").stage("attention")
    shown = panel(view, "attention/log_loss")
    assert shown["t"] == recorded["step"].values.tolist()
    expected = np.median(recorded["log_loss"].values, axis=0) / math.log(10)
    np.testing.assert_allclose(shown["median"], expected, rtol=1e-5)
    gap = panel(view, "attention/direction_gap_kq")
    expected = np.log10(recorded["direction_gap_kq"].values[:, 1:])
    np.testing.assert_allclose([run[1:] for run in gap["runs"]], expected, rtol=1e-5)
    assert gap["median"][0] is None, "zero weights have no direction"
    assert gap["ceiling"] == pytest.approx(math.log10(2))


def test_every_law_that_applies_is_drawn_beside_its_observable(view: dict[str, Any]) -> None:
    drawn = {curve["claim"] for p in view["panels"] for curve in p["curves"]}
    assert {"kq.direction (text)", "kq.norm (text)", "ov.norm (text)", "ov.loss (text)"} <= drawn
    assert {"kq.direction.sharp (heuristic)", "ov.exact.loss (closed form)"} <= drawn
    gap = panel(view, "attention/direction_gap_kq")
    bound = next(c for c in gap["curves"] if c["claim"] == "kq.direction (text)")
    above = [b > y for b, y in zip(bound["y"], gap["high"], strict=True) if b and y]
    assert len(above) > 40
    assert all(above)


def test_a_cycle_is_told_in_notes_and_headline(records: Path) -> None:
    view = view_of(records, "cycle")
    assert "V > O > S > V" in " ".join(view["notes"])
    assert "not realizable" in view["headline"]


def test_the_views_are_those_of_the_study_for_the_chosen_run(view: dict[str, Any]) -> None:
    assert view["run"] == 1
    assert view["pages"] == ["corpus"]
    first, *arrays = view["views"]
    assert first["name"] == "attention"
    assert first["files"][-1] == "/studies/next_token/attention.js"
    assert {one["name"] for one in arrays} == {"arrays"}
    drawn = [array["name"] for one in arrays for array in one["data"]["arrays"]]
    assert drawn == ["logits"], "the others are drawn by a view of the study"


ARRAYS = """
from ntp_dynamics import observable

@observable("attention", dims=("sentence", "token"), image=True, long_name="squared attention")
def squared(state, reference):
    return state.forward.log_phi.exp().square()

@observable("attention", dims=("query",), long_name="largest score of each query")
def largest(state, reference):
    return state.attention.value.amax(1)
"""


def test_arrays_of_the_users_own_are_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(ARRAYS)
    module = f"hooks.modules=['{tmp_path / 'mine.py'}']"
    record = ntp.train([*SMALL, module], tmp_path / "out/job")
    shown = view_of(tmp_path / "out", "job", run=1)["views"]
    data = next(v["data"] for v in shown if v["key"] == "arrays/attention/0")
    assert (data["stage"], data["clock"]) == ("attention", "step")
    recorded = record.stage("attention")
    assert data["checkpoints"] == recorded["checkpoint"].values.tolist()
    squared, largest = data["arrays"]
    for array, name in ((squared, "squared"), (largest, "largest")):
        values = recorded[name].values[1]
        flat = values[:, :AXIS].reshape(len(values), -1)
        drawn = np.array([[np.nan if v is None else v for v in row] for row in array["values"]])
        assert array["left_out"][0] == max(0, values.shape[1] - AXIS)
        np.testing.assert_allclose(drawn, flat, rtol=1e-3)


def test_a_card_tells_sentence_numbers_and_source(records: Path, view: dict[str, Any]) -> None:
    verdicts = load_run(records / "sweep/0").verdicts
    assert [c["label"] for c in view["cards"]] == [v["label"] for v in verdicts]
    for card, verdict in zip(view["cards"], verdicts, strict=True):
        assert card["sentence"] == verdict["sentence"]
        assert card["source"] == verdict["source"]
        assert card["version"] == verdict["version"]
        assert card["panel"] in {p["key"] for p in view["panels"]}
    assert "of 14 statements of the paper" in view["headline"]


def test_a_card_that_does_not_apply_tells_what_is_observed_and_where(records: Path) -> None:
    shown = view_of(records, "sweep/2")  # gradient descent
    (card,) = (c for c in shown["cards"] if c["key"] == "kq.norm (text)")
    assert (card["label"], card["seen"]) == ("does not apply", "not covered: not kept")
    assert shown["marks"][card["seen"]]["outline"]
    (verdict,) = (
        v
        for v in load_run(records / "sweep/2").verdicts
        if v["version"] == "text" and v["id"] == "kq.norm"
    )
    assert card["window"] == verdict["observed"]["window"]
    assert f"not covered; observed: {verdict['beyond']}" in card["sentence"]
    covered = view_of(records, "sweep/0")["cards"]
    assert {c["seen"] for c in covered if c["label"] != "does not apply"} == {""}


def test_the_view_is_plain_json_without_machine_paths(records: Path, view: dict[str, Any]) -> None:
    text = json.dumps(view, allow_nan=False)
    assert str(records) not in text
    assert len(text) < 400_000


def a_copy(records: Path, place: Path) -> Path:
    shutil.copytree(records / "sweep/0", place / "job")
    return place / "job"


def test_a_running_job_is_shown_as_far_as_it_came(records: Path, tmp_path: Path) -> None:
    path = a_copy(records, tmp_path)
    (path / "MANIFEST.json").unlink()
    (path / "status.json").write_text('{"state": "running", "overrides": [], "reason": null}')
    with DirectoryLock(path):
        view = view_of(tmp_path, "job")
    assert view["state"] == "running"
    assert view_of(tmp_path, "job")["state"] == "dead"
    assert view["cards"] == []
    assert panel(view, "attention/log_loss")["curves"] == []
    (path / "trajectory.nc").unlink()
    view = view_of(tmp_path, "job")
    assert "nothing so far" in view["problem"]
    assert view["log"]


def changed(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change every claim of verdicts.json, and seal the record again."""
    file = path / "verdicts.json"
    verdicts = json.loads(file.read_text())
    for claim in verdicts["claims"]:
        change(claim)
    file.write_text(json.dumps(verdicts))
    manifest = json.loads((path / "MANIFEST.json").read_text())
    body = file.read_bytes()
    entry = {"sha256": hashlib.sha256(body).hexdigest(), "size": len(body)}
    manifest["files"]["verdicts.json"] = entry
    (path / "MANIFEST.json").write_text(json.dumps(manifest))


def test_a_page_solves_nothing_again(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr("ntp_dynamics.studies.next_token.theory.targets.solve_targets", solve)
    assert any(panel["curves"] for panel in view_of(records, "sweep/0")["panels"])


def test_a_record_of_an_earlier_version_shows_what_was_measured_and_says_so(
    records: Path, tmp_path: Path, view: dict[str, Any]
) -> None:
    changed(a_copy(records, tmp_path), lambda claim: claim.pop("terms"))
    earlier = view_of(tmp_path, "job", run=1)
    assert "version that did not write them" in earlier["note"]
    assert not any(panel["curves"] for panel in earlier["panels"])
    assert earlier["cards"] == view["cards"]
    drawn = [panel["median"] for panel in earlier["panels"]]
    assert drawn == [panel["median"] for panel in view["panels"]]


NONSENSE: list[Callable[[dict[str, Any]], object]] = [
    lambda claim: claim.update(terms="none"),
    lambda claim: claim["terms"].update(covered=[99]),
    lambda claim: claim["terms"].update(law={"form": "p"}),
    lambda claim: claim["terms"].update(log_constant=[1.0] * 77),
    lambda claim: claim["terms"].update(t_min="soon"),
    lambda claim: claim["terms"].update(ceiling=10**400),
    lambda claim: claim["terms"].update(curves=[]),
    lambda claim: claim.pop("version"),
]


@pytest.mark.parametrize("nonsense", range(len(NONSENSE)))
def test_laws_that_no_job_wrote_are_not_drawn(records: Path, tmp_path: Path, nonsense: int) -> None:
    changed(a_copy(records, tmp_path), NONSENSE[nonsense])
    view = view_of(tmp_path, "job")
    assert view["note"].startswith("laws are not drawn: ")
    assert len(view["panels"]) > 20
    assert not any(panel["curves"] for panel in view["panels"])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


DAMAGES: list[Callable[[Path], object]] = [
    lambda job: flip(job / "trajectory.nc"),
    lambda job: (job / "config.yaml").unlink(),
    lambda job: (job / "config.yaml").write_text("a: &a [*a, *a]"),
    lambda job: (job / "corpora/000.jsonl").write_text("{"),
    lambda job: (job / "MANIFEST.json").write_text("[]"),
    lambda job: (job / "verdicts.json").write_text("null"),
    lambda job: flip(job / "laws.nc"),
    lambda job: shutil.rmtree(job / "corpora"),
    lambda job: shutil.rmtree(job),
]


@pytest.mark.parametrize("damage", range(len(DAMAGES)))
def test_a_damaged_record_is_told_in_a_line(records: Path, tmp_path: Path, damage: int) -> None:
    path = a_copy(records, tmp_path)
    job = job_at(tmp_path, "job")
    DAMAGES[damage](path)
    view = job_view(job, Reader().open(job))
    assert view["problem"]
    assert "\n" not in view["problem"]
    assert str(tmp_path) not in view["problem"]
    assert "panels" not in view


@pytest.mark.parametrize(
    "name", ["trajectory.nc", "laws.nc", "log.txt", "corpora/000.jsonl", "config.yaml"]
)
def test_a_link_in_a_record_is_not_followed(records: Path, tmp_path: Path, name: str) -> None:
    path = a_copy(records, tmp_path / "root")
    shutil.move(path / name, tmp_path / "elsewhere")
    os.symlink(tmp_path / "elsewhere", path / name)
    view = view_of(tmp_path / "root", "job")
    assert "link" in view["problem"]
    assert view["log"] == []
