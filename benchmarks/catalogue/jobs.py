"""Running the experiments: the jobs of their declared sweeps, two processes at a time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import ntp_dynamics as ntp
from benchmarks.catalogue.watched import Watched
from ntp_dynamics.launch.sweeps import declared_sweep, expand
from ntp_dynamics.studies import names

ALWAYS = ("tracking=none", "figures=none", "overwrite=true")


@dataclass(frozen=True)
class Job:
    """One job of an experiment: its overrides, and where its record is kept."""

    experiment: str
    overrides: tuple[str, ...]
    directory: Path

    @property
    def key(self) -> str:
        """The overrides without the quotes that Hydra needs."""
        return ", ".join(o.replace("'", "") for o in self.overrides)


def jobs_of(experiment: str, more: Sequence[Sequence[str]], root: Path) -> list[Job]:
    """The jobs of the sweep that the experiment declares, then one for each entry of ``more``."""
    name = override(experiment)
    swept = [[o for o in job if o != name] for job in expand([*declared_sweep([name]), name])]
    return [
        Job(experiment, tuple(overrides), root / experiment / str(i))
        for i, overrides in enumerate([*swept, *more])
    ]


def override(experiment: str) -> str:
    """What chooses an experiment; the default job of a study is named by the study."""
    return f"{'study' if experiment in names() else 'experiment'}={experiment}"


def run_all(jobs: Sequence[Job], extra: Sequence[str] = (), workers: int = 2) -> Iterator[Job]:
    """Train all jobs; yields each when it is done.  ``extra`` overrides go to every job."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(_run, job, tuple(extra)): job for job in jobs}
        for done in as_completed(waiting):
            done.result()
            yield waiting[done]


def read(jobs: Iterable[Job]) -> dict[str, Watched]:
    """The records of jobs, by key.  Raises UserError for one that is missing or damaged."""
    return {job.key: Watched(ntp.load_run(job.directory)) for job in jobs}


def _run(job: Job, extra: tuple[str, ...]) -> None:
    ntp.train([override(job.experiment), *job.overrides, *ALWAYS, *extra], job.directory)
