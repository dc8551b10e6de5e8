"""What the lab asks of all studies together: a sweep of each, side by side in one folder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest

import ntp_dynamics as ntp
from ntp_dynamics import studies
from ntp_dynamics.dashboard.compare import OWN, compare
from ntp_dynamics.dashboard.export import export
from ntp_dynamics.dashboard.index import Index, scan
from ntp_dynamics.dashboard.pages import sweep
from ntp_dynamics.launch.multirun import PackedJob, train_many
from tests.conftest import every_study

SEEDS = (0, 1)


class House(NamedTuple):
    """A folder with a sweep of two seeds a study."""

    root: Path
    index: Index


@pytest.fixture(scope="module")
def house(
    tmp_path_factory: pytest.TempPathFactory,
    a_place: Callable[[Path], AbstractContextManager[pytest.MonkeyPatch]],
    studies_of_the_docs: Callable[[], AbstractContextManager[None]],
) -> Iterator[House]:
    root = tmp_path_factory.mktemp("house")
    with studies_of_the_docs(), a_place(root):
        jobs = []
        for name in every_study():
            smoke = [f"study={name}", *studies.find(name).smoke, "tracking=none", "figures=none"]
            for seed in SEEDS:
                where = root / "sweeps" / name / str(seed)
                jobs.append(PackedJob(len(jobs), [*smoke, f"seed={seed}"], where))
        train_many(jobs, threads=2)
        yield House(root / "sweeps", scan(root / "sweeps"))


def test_studies_are_swept_side_by_side_in_one_process(house: House) -> None:
    for name in every_study():
        table = ntp.load_sweep(house.root / name)
        assert list(table["status"]) == ["done"] * len(SEEDS)
        assert list(table["seed"]) == list(SEEDS)


def test_a_folder_lists_the_jobs_of_each_study_in_a_table_of_its_own(house: House) -> None:
    folders = {folder.name: folder for folder in house.index.folders.values() if folder.jobs}
    assert set(folders) == set(every_study())
    for name, folder in folders.items():
        told = sweep.shown(folder, {}, len(folder.jobs))
        json.dumps(told, allow_nan=False)
        assert [job.study for job in folder.jobs] == [name] * len(SEEDS)
        assert len(told["rows"]) == len(SEEDS)


def test_jobs_of_different_studies_can_be_laid_beside_one_another(house: House) -> None:
    jobs = list(house.index.jobs.values())
    told = compare(jobs, OWN, "")
    json.dumps(told, allow_nan=False)
    assert (told["unread"], told["left_out"]) == (0, 0)
    assert len(told["lines"]) == len(jobs)


def test_one_page_holds_them_all_with_the_views_of_each_study(house: House, tmp_path: Path) -> None:
    page = tmp_path / "house.html"
    said = export(house.root, page)
    text = page.read_text(encoding="utf-8")
    assert f"{len(house.index.jobs)} jobs" in said
    for name in every_study():
        assert f'"{name}"' in text
        for view in (view for view in studies.find(name).views if not view.page):
            assert view.script.read_text(encoding="utf-8")[:200] in text
