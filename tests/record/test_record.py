"""Reading what jobs left: typed columns, jobs that were cut short, many at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

import ntp_dynamics as ntp
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.dashboard.export import export
from ntp_dynamics.dashboard.index import scan
from ntp_dynamics.dashboard.reading import read
from ntp_dynamics.dashboard.table import as_csv, columns
from ntp_dynamics.dashboard.view import job_view
from ntp_dynamics.run.job import Surroundings, run_job
from ntp_dynamics.system.stops import Interrupt

TINY = [
    "experiment=smoke",
    "tracking=none",
    "figures=none",
    "dataset.queries=3",
    "train.feed_forward.steps=10",
    "train.attention.steps=20",
]


def leave(directory: Path, *overrides: str, **more: object) -> None:
    status = {"state": "interrupted", "reason": "Ctrl-C", "overrides": list(overrides), **more}
    directory.mkdir(parents=True)
    (directory / "status.json").write_text(json.dumps(status))


def test_columns_of_a_sweep_have_the_types_of_their_values(tmp_path: Path) -> None:
    leave(tmp_path / "0", "i=1", "f=1e-3", "b=true", "l=[1,x]", "n=null", "m=a", "q='1'", "+p=1")
    leave(tmp_path / "1", "i=2", "f=2", "b=false", "l=[]", "n=3", "m=2", "q=e", "+p=2")
    table = ntp.load_sweep(tmp_path)
    assert table["i"].dtype == "int64"
    assert table["p"].dtype == "int64"
    assert table["f"].dtype == "float64"
    assert table["b"].dtype == "bool"
    assert list(table["l"]) == [[1, "x"], []]
    assert list(table["n"]) == [None, 3]
    assert list(table["m"]) == ["a", 2]
    assert list(table["q"]) == ["1", "e"]
    assert table["f"].sum() == pytest.approx(2.001)


def test_a_key_that_a_job_does_not_set_is_nan_and_a_text_may_be_odd(tmp_path: Path) -> None:
    leave(tmp_path / "0", "i=1", "t=f(x", "~k", "u=${a.b}")
    leave(tmp_path / "1", "j=2")
    table = ntp.load_sweep(tmp_path)
    assert table["i"][0] == 1
    assert math.isnan(table["i"][1])
    assert (table["t"][0], table["u"][0]) == ("f(x", "${a.b}")
    assert "k" not in table


@pytest.mark.parametrize("name", ["final", "labels", "p_contradicted"])
@pytest.mark.parametrize("value", [None, [], "x"])
def test_a_status_without_an_outcome_is_one(name: str, value: object, tmp_path: Path) -> None:
    leave(tmp_path / "0", "seed=1", **{name: value})
    leave(tmp_path / "1", "seed=2", final={"attention.y": 1.0}, labels={"kq.norm": "holds"})
    table = ntp.load_sweep(tmp_path)
    assert list(table["seed"]) == [1, 2]
    assert table["attention.y"][1] == 1.0


@contextmanager
def _at_once() -> Iterator[Interrupt]:
    interrupt = Interrupt()
    interrupt.requested = True
    yield interrupt


@pytest.mark.parametrize("engine", ["auto", "torch"])
def test_a_job_interrupted_at_step_0_breaks_nothing_that_reads_it(
    engine: str, tmp_path: Path
) -> None:
    root = tmp_path / "sweep"
    overrides = [[*TINY, f"engine={engine}", f"seed={seed}"] for seed in (0, 1)]
    configs = [read_config(compose_job(o)) for o in overrides]
    run_job(configs[0], root / "0", Surroundings(overrides=overrides[0]))
    around = Surroundings(overrides=overrides[1], interrupting=_at_once)
    with pytest.raises(KeyboardInterrupt):
        run_job(configs[1], root / "1", around)
    table = ntp.load_sweep(root)
    assert list(table["status"]) == ["done", "interrupted"]
    assert table["attention.log_loss"].notna().tolist() == [True, False]
    assert ntp.load_run(root / "1").verdicts == []
    index = scan(root)
    (folder,) = index.folders.values()
    assert len(as_csv(folder, folder.jobs).splitlines()) == 3
    assert any(column["key"] == "seed" for column in columns(folder))
    for job in index.jobs.values():
        assert job_view(job, read(job))
    assert export(root, tmp_path / "page.html").startswith("exported")


def test_many_threads_train_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each the record that it would leave alone, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    jobs = [[*TINY, f"seed={seed % 2}", "optimizer=gd"] for seed in range(4)]
    with ThreadPoolExecutor(4) as pool:
        records = list(pool.map(ntp.train, jobs))
    assert len({record.path for record in records}) == 4
    for seed, record in enumerate(records[:2]):
        alone = ntp.train(jobs[seed], tmp_path / f"alone/{seed}")
        for same in (record, records[seed + 2]):
            for name in ("trajectory.nc", "verdicts.json", "corpora/000.jsonl"):
                assert (same.path / name).read_bytes() == (alone.path / name).read_bytes()
