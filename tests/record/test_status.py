"""The status of a job is believed only where it can be so: through the table as through a page."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.record.entries import REQUIRED
from ntp_dynamics.record.record import read_status
from ntp_dynamics.record.status import LARGEST, told
from ntp_dynamics.record.store import RecordWriter
from ntp_dynamics.system.owner import DirectoryLock, attended
from tests.sealing import seal

STATUS = {
    "state": "done",
    "overrides": ["seed=3"],
    "reason": None,
    "final": {"attention.norm": 1.25, "attention.gap": 3e-9},
    "labels": {"kq.norm": "holds"},
    "p_contradicted": {"kq.norm": 0.5},
    "runs": {"kq.norm": {"kept": 4, "judged": 4}},
    "seconds": 1.5,
}


OTHERS = {name: {"sha256": "0", "size": 1} for name in REQUIRED}


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    job = tmp_path / "sweep/0"
    job.mkdir(parents=True)
    for name in REQUIRED:
        (job / name).write_text(json.dumps(STATUS) if name == "status.json" else "not read here")
    seal(job, "status.json")
    return job


def shown(job: Path) -> tuple[object, object]:
    """What both doors show of a job: state, numbers and labels."""
    row = next(iter(scan(job.parent).rows.values()))
    status = read_status(job / "status.json")
    page = row.state, dict(row.final), dict(row.labels), dict(row.overrides)
    return (status["state"], status["final"], status["labels"]), page


def test_no_flipped_bit_of_a_sealed_status_is_ever_shown(sealed: Path) -> None:
    data = (sealed / "status.json").read_bytes()
    rng = np.random.default_rng(0)
    for place in rng.choice(8 * len(data), 200, replace=False):
        wrong = bytearray(data)
        wrong[place // 8] ^= 1 << (place % 8)
        (sealed / "status.json").write_bytes(wrong)
        table, page = shown(sealed)
        assert table == ("unreadable", {}, {})
        assert page == ("unreadable", {}, {}, {})
    (sealed / "status.json").write_bytes(data)
    assert shown(sealed)[0] == ("done", STATUS["final"], STATUS["labels"])


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        (None, "MANIFEST.json is missing"),
        ("[]", "lists no files"),
        ("{", "cannot be read"),
        ('{"files": {}}', "does not name status.json"),
        ('{"files": {"status.json": 3}}', "says nothing of status.json"),
        ('{"files": {"status.json": {"sha256": "0", "size": 1}}}', "does not name config.yaml"),
        (json.dumps({"files": OTHERS}), "not the one that was recorded"),
    ],
)
def test_a_job_is_done_only_with_a_manifest_that_names_its_status(
    sealed: Path, manifest: str | None, reason: str
) -> None:
    path = sealed / "MANIFEST.json"
    path.unlink() if manifest is None else path.write_text(manifest)
    assert told(sealed)["state"] == "unreadable"
    assert reason in told(sealed)["reason"]


@pytest.mark.parametrize(
    "body", [b"", b"3", b"[" * 5000, b"\xff\xfe", b" " * (LARGEST + 1), b'{"state": NaN}x']
)
def test_what_is_no_status_is_unreadable_and_hides_no_other_job(sealed: Path, body: bytes) -> None:
    other = sealed.parent / "1"
    other.mkdir()
    (other / "status.json").write_bytes(body)
    assert list(ntp.load_sweep(sealed.parent)["status"]) == ["done", "unreadable"]


def test_a_pipe_or_a_link_in_the_place_of_a_status_keeps_nobody_waiting(sealed: Path) -> None:
    (sealed / "status.json").rename(sealed / "elsewhere.json")
    os.symlink(sealed / "elsewhere.json", sealed / "status.json")
    assert told(sealed)["state"] == "unreadable"
    (sealed / "status.json").unlink()
    os.mkfifo(sealed / "status.json")
    assert told(sealed)["state"] == "unreadable"


def test_a_job_that_says_it_runs_is_dead_without_an_owner(tmp_path: Path) -> None:
    writer = RecordWriter(tmp_path / "job", {"state": "running", "overrides": [], "reason": None})
    with writer:
        assert attended(writer.directory)
        assert told(writer.directory)["state"] == "running"
        assert attended(writer.directory)  # to look takes nothing away
    assert not attended(writer.directory)
    found = told(writer.directory)
    assert (found["state"], found["reason"]) == ("dead", "its process is gone")
    (row,) = scan(tmp_path).rows.values()
    assert row.state == "dead"


def test_an_index_that_is_known_follows_a_job_that_dies_or_begins_anew(tmp_path: Path) -> None:
    job = tmp_path / "job"
    with RecordWriter(job, {"state": "running", "overrides": [], "reason": None}):
        index = scan(tmp_path)
        assert scan(tmp_path, index) is index
    died = scan(tmp_path, index)
    assert next(iter(died.rows.values())).state == "dead"
    with DirectoryLock(job):
        assert next(iter(scan(tmp_path, died).rows.values())).state == "running"
