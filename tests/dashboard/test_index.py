"""The index tells what is there, survives what is broken, and its cache is never the truth."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from ntp_dynamics.dashboard.cache import cache_file, load, save
from ntp_dynamics.dashboard.index import Index, scan
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.record.plan import Plan, Planned
from ntp_dynamics.record.table import load_sweep

Write = Callable[..., Path]


def test_the_index_says_what_load_sweep_says(records: Path) -> None:
    folder = next(f for f in scan(records).folders.values() if f.name == "sweep")
    table = load_sweep(records / "sweep")
    assert folder.swept == ["optimizer", "seed"]
    for job, (_, row) in zip(folder.jobs, table.iterrows(), strict=True):
        assert str(job.path) == row["path"]
        assert job.overrides["optimizer"] == row["optimizer"]
        assert {claim: row[claim] for claim in job.labels} == job.labels
        assert job.final["attention.norm_kq"] == row["attention.norm_kq"]


def test_a_cached_index_equals_a_fresh_one_and_follows_changes(
    tmp_path: Path, status_only: Write
) -> None:
    for i in range(5):
        status_only(tmp_path / str(i), overrides=[f"seed={i}"], final={"loss": i / 7})
    fresh = scan(tmp_path)
    save(fresh)
    cached = load(tmp_path)
    assert cached is not None
    assert cached.rows == fresh.rows
    assert scan(tmp_path, cached) is cached
    status_only(tmp_path / "3", state="failed", reason="out of luck")
    (tmp_path / "4/status.json").unlink()
    later = scan(tmp_path, cached)
    assert len(later.rows) == 4
    assert [j.state for j in later.rows.values()] == ["done"] * 3 + ["failed"]
    assert later.rows == scan(tmp_path).rows


def test_a_damaged_cache_is_no_cache(tmp_path: Path, status_only: Write) -> None:
    status_only(tmp_path / "0")
    save(scan(tmp_path))
    for text in ("", "{", '{"version": 1}', '{"version": 1, "jobs": [{"place": "zz"}]}', "[]"):
        cache_file(tmp_path).write_text(text)
        assert load(tmp_path) is None


def test_one_bad_status_hides_no_other_job(tmp_path: Path, status_only: Write) -> None:
    status_only(tmp_path / "0")
    bad = [
        "",
        "[",
        "[]",
        "null",
        "3",
        '{"labels": 3}',
        '{"final": []}',
        "[" * 5000,
        "\x00",
        "{" * 99,
    ]
    bad += [
        '{"listed": 3}',
        '{"listed": {"claims": {}}}',
        '{"study": ["x"], "listed": {"logs": [3]}}',
    ]
    bad.append(json.dumps({"overrides": [None, {}, 3], "final": {"x": "nan", "y": 10**400}}))
    for i, text in enumerate(bad, start=1):
        (tmp_path / str(i)).mkdir()
        (tmp_path / str(i) / "status.json").write_text(text)
    jobs = list(scan(tmp_path).jobs.values())
    assert len(jobs) == len(bad) + 1
    assert jobs[0].state == "done"
    assert all(job.state == "unreadable" for job in jobs[1:])


def test_claims_and_finals_come_in_the_order_that_jobs_list_them_in(
    tmp_path: Path, status_only: Write
) -> None:
    found = {"labels": {"a": "holds", "kq.direction.x": "holds", "z": "holds"}}
    final = {"p.loss": 1.0, "p.gap": 2.0, "p.a": 3.0}
    listed = {"claims": ["z", "kq.direction.x"], "ranked": ["p.loss", "p.gap"], "logs": ["p.loss"]}
    for i in range(3):
        status_only(tmp_path / str(i), final=final, listed=listed, **found)
    save(scan(tmp_path))
    for index in (scan(tmp_path), load(tmp_path)):
        assert index is not None
        (folder,) = index.folders.values()
        assert folder.claims == ["z", "kq.direction.x", "a"]
        assert folder.observables == ["p.loss", "p.gap", "p.a"]
        assert (folder.ranked, folder.logs) == (["p.loss", "p.gap"], {"p.loss"})
        assert folder.telling == "kq.direction.x", "of equals the main theorem of the study"
        assert len({id(job.listed) for job in folder.jobs}) == 1


def test_links_are_not_followed(tmp_path: Path, status_only: Write) -> None:
    outside = status_only(tmp_path / "outside/job", overrides=["secret=1"])
    root = tmp_path / "root"
    status_only(root / "0")
    os.symlink(outside, root / "1")
    (root / "2").mkdir()
    os.symlink(outside / "status.json", root / "2/status.json")
    os.symlink(root, root / "loop")
    assert [job.name for job in scan(root).jobs.values()] == ["0"]


def test_a_contradiction_by_luck_is_corrected_over_the_sweep(
    tmp_path: Path, status_only: Write
) -> None:
    for i in range(40):
        found = {"loss": "contradicted" if i == 0 else "holds"}
        status_only(tmp_path / str(i), labels=found, p_contradicted={"loss": 0.01 if i == 0 else 1})
    index = scan(tmp_path)
    assert next(iter(index.rows.values())).labels == {"loss": "contradicted"}
    assert next(iter(index.jobs.values())).labels == {"loss": "inconclusive"}


def test_an_index_of_nothing_is_empty(tmp_path: Path) -> None:
    assert scan(tmp_path) == Index(tmp_path, {})
    assert scan(tmp_path / "gone").folders == {}


def test_jobs_of_a_plan_that_have_not_begun_are_rows_and_counted(
    tmp_path: Path, status_only: Write
) -> None:
    """In the order of the plan, shown by their numbers; a job that begins takes the place."""
    sweep = tmp_path / "sweep"
    names = [f"{i}-{i:016x}" for i in range(12)]
    jobs = [Planned([f"seed={i}"], name[-16:], name, {}) for i, name in enumerate(names)]
    for i in (0, 2):
        status_only(sweep / names[i], overrides=[f"seed={i}"])
    Plan(jobs, {}).write(sweep)
    index = scan(tmp_path)
    (folder,) = index.folders.values()
    assert [job.name for job in folder.jobs] == list(map(str, range(12)))
    assert folder.states == {"done": 2, "planned": 10}
    assert [job.overrides["seed"] for job in folder.jobs] == list(map(str, range(12)))
    assert scan(tmp_path, index) is index
    status_only(sweep / names[1], overrides=["seed=1"])
    (folder,) = (after := scan(tmp_path, index)).folders.values()
    assert folder.states == {"done": 3, "planned": 9}
    assert after.stamp != index.stamp


def test_a_plan_leads_nowhere_else(tmp_path: Path, status_only: Write) -> None:
    """One that names directories outside, or is damaged, adds no row."""
    status_only(tmp_path / "root/sweep/0")
    Plan([Planned([], "0", "../../outside", {})], {}).write(tmp_path / "root/sweep")
    assert len(scan(tmp_path / "root").rows) == 1
    (tmp_path / "root/sweep/plan.json").write_text("{")
    assert len(scan(tmp_path / "root").rows) == 1


def test_the_page_of_a_job_that_has_not_begun_says_so(tmp_path: Path) -> None:
    Plan([Planned(["seed=4"], "0" * 16, "0-" + "0" * 16, {})], {}).write(tmp_path)
    (job,) = scan(tmp_path).jobs.values()
    assert (job.state, job.overrides) == ("planned", {"seed": "4"})
    assert read(job).problem == "it has not begun"
