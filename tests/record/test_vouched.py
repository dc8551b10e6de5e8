"""A record that is not sealed is vouched for by its status: every byte of it is checked as well."""

from __future__ import annotations

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ntp_dynamics as ntp
from ntp_dynamics.record.definition import definition
from ntp_dynamics.record.entries import own_status, vouching
from ntp_dynamics.record.record import read_status
from ntp_dynamics.record.store import RecordWriter, verify
from ntp_dynamics.record.trees import read_tree, write_tree
from ntp_dynamics.system.errors import UserError
from tests.record.small_record import LOSS, damage, is_one_line, tree
from tests.sealing import seal


@pytest.fixture
def unsealed(made: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(made["unsealed"], tmp_path / "job")


def test_a_record_says_whether_it_is_sealed_and_how_far_it_came(made: dict[str, Path]) -> None:
    record = ntp.load_run(made["unsealed"])
    step = record.stage("attention")["step"].values[-1]
    assert 0 < step < 60
    assert (record.sealed, record.state, record.vouched) == (False, "interrupted", True)
    assert record.standing == f"unsealed: interrupted at step {step} of attention"
    assert repr(record).endswith(f"feed_forward, attention; {record.standing})")
    sealed = ntp.load_run(made["sealed"])
    assert (sealed.sealed, sealed.standing) == (True, "sealed")
    assert "unsealed" not in repr(sealed)


@pytest.mark.parametrize("how", ["a flipped bit", "truncated", "zeroed", "missing", "of another"])
@pytest.mark.parametrize("name", ["config.yaml", "corpora/000.jsonl", "trajectory.nc"])
def test_damage_to_an_unsealed_record_is_noticed_and_the_file_named(
    made: dict[str, Path], unsealed: Path, name: str, how: str
) -> None:
    if how == "of another":
        shutil.copy(made["unsealed other"] / name, unsealed / name)
    else:
        damage(unsealed / name, how)
    with pytest.raises(UserError) as caught:
        ntp.load_run(unsealed)
    assert caught.value.where == str(unsealed / name)
    assert is_one_line(caught.value)


def test_no_flipped_bit_of_an_unsealed_status_is_ever_shown(unsealed: Path) -> None:
    path = unsealed / "status.json"
    sound, body = read_status(path), path.read_bytes()
    assert sound["state"] == "interrupted"
    for place in np.random.default_rng(0).choice(8 * len(body), 100, replace=False):
        wrong = bytearray(body)
        wrong[place // 8] ^= 1 << (place % 8)
        path.write_bytes(wrong)
        found = read_status(path)
        shown = {
            k: v for k, v in found.items() if v and k in sound and k not in ("state", "reason")
        }
        assert found["state"] == "unreadable" or shown.items() <= sound.items()


def test_the_status_of_another_job_is_not_shown_for_this_one(
    made: dict[str, Path], unsealed: Path
) -> None:
    shutil.copy(made["unsealed other"] / "status.json", unsealed)
    shutil.copytree(made["sealed"], unsealed.parent / "other")
    found = ntp.load_sweep(unsealed.parent).set_index("path")
    assert found["status"].to_dict() == {
        str(unsealed): "unreadable", str(unsealed.parent / "other"): "done",
    }  # fmt: skip
    assert found.loc[str(unsealed)].drop(["status", "reason"]).isna().all()
    with pytest.raises(UserError, match="not the file that was recorded"):
        ntp.load_run(unsealed)


def test_a_trajectory_that_is_newer_than_its_status_is_refused(unsealed: Path) -> None:
    """The job was cut off between the two."""
    status, _ = own_status(unsealed)
    files = {name: e for name, e in status["files"].items() if name != "trajectory.nc"}
    (unsealed / "status.json").write_text(vouching(status, files))
    with pytest.raises(UserError, match="does not vouch for it"):
        ntp.load_run(unsealed)


def test_one_of_an_earlier_version_opens_and_says_that_nothing_vouches_for_it(
    unsealed: Path,
) -> None:
    path = unsealed / "status.json"
    said = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in said.items() if k not in ("files", "digest")}))
    record = ntp.load_run(unsealed)
    assert not record.vouched
    assert record.standing.endswith("; nothing vouches for its bytes")


def test_zeros_in_a_status_are_not_taken_for_its_digest(tmp_path: Path) -> None:
    zeros = f'\n "digest": "{"0" * 64}'
    RecordWriter(tmp_path / "job", {"state": "failed", "reason": zeros, "overrides": ["0" * 64]})
    status, _ = own_status(tmp_path / "job")
    assert (status["reason"], status["overrides"]) == (zeros, ["0" * 64])


def test_a_job_that_runs_is_read_while_it_replaces_its_files(
    made: dict[str, Path], tmp_path: Path
) -> None:
    """A reader that comes between the trajectory and the status that vouches for it looks again."""
    source, done = made["unsealed"], threading.Event()
    trees = [ntp.load_run(made[name]).trajectory for name in ("unsealed", "unsealed other")]
    status = {"state": "running", "overrides": [], "reason": None}
    with RecordWriter(tmp_path / "job", status) as writer:
        writer.data("config.yaml", (source / "config.yaml").read_text())
        for corpus in sorted((source / "corpora").iterdir()):
            writer.data(f"corpora/{corpus.name}", corpus.read_text())

        def publish(i: int) -> None:
            writer.tree("trajectory.nc", trees[i % 2])
            done.wait(0.02)
            writer.json("status.json", status)

        def work() -> None:
            for i in range(1, 1000):
                if done.is_set():
                    return
                publish(i)
                done.wait(0.1)

        publish(0)
        thread = threading.Thread(target=work)
        thread.start()
        try:
            seen = [ntp.load_run(writer.directory) for _ in range(12)]
        finally:
            done.set()
            thread.join()
    assert {record.state for record in seen} == {"running"}
    assert all(any(r.trajectory.identical(t) for t in trees) for r in seen)


MANIFESTS: list[Any] = [
    {}, {"../../secret": {"sha256": "0", "size": 1}}, {"/etc/passwd": {"sha256": "0", "size": 1}},
    {"a/../b": {"sha256": "0", "size": 1}}, {"a//b": {"sha256": "0", "size": 1}}, {"": {}},
    {"x": 3}, {"x": {"size": 1}},
]  # fmt: skip


@pytest.mark.parametrize("more", MANIFESTS)
def test_a_manifest_names_files_of_the_record_and_what_each_record_has(
    made: dict[str, Path], tmp_path: Path, more: dict[str, Any]
) -> None:
    job = shutil.copytree(made["sealed"], tmp_path / "job")
    said = json.loads((job / "MANIFEST.json").read_text())
    (job / "MANIFEST.json").write_text(
        json.dumps({"files": {**said["files"], **more} if more else {}})
    )
    for read in (verify, ntp.load_run):
        with pytest.raises(UserError, match=r"MANIFEST\.json: it") as caught:
            read(job)
        assert is_one_line(caught.value)


def test_more_runs_than_its_configuration_has_are_refused(
    made: dict[str, Path], tmp_path: Path
) -> None:
    """A forged manifest is no proof of anything."""
    job = shutil.copytree(made["sealed"], tmp_path / "job")
    (job / "trajectory.nc").unlink()
    write_tree(job / "trajectory.nc", definition(tree(np.vstack([LOSS] * 2))))
    seal(job)
    assert read_tree(job / "trajectory.nc").identical(tree(np.vstack([LOSS] * 2)))
    with pytest.raises(UserError, match="6 runs, its configuration 2"):
        ntp.load_run(job)
