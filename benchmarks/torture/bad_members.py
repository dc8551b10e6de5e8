"""R16: a sweep of a hundred jobs of which twenty are bad, told beforehand or as they end."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import ntp_dynamics as ntp
from benchmarks.torture.experiment import Counts, Experiment, Workshop, one_line
from benchmarks.torture.jobs import TINY
from benchmarks.torture.nonfinite import Place, Spoilt
from ntp_dynamics.run import job

BAD_STEPS = "train.attention.step_size=0.1,0.2,0.3,0.4,-1"
"""A fifth of the jobs."""
SEEDS = "seed=range(0,20)"
SPOILT = 0.45
"""The step size of jobs that overflow."""


def run(workshop: Workshop) -> Counts:
    """Bad values, bad files, jobs that fail while they train."""
    counts = Counts()
    counts.add(_refused(workshop, [BAD_STEPS, SEEDS], 20, 100))
    files = "dataset.path=" + ",".join(["ok.jsonl"] * 4 + ["none.jsonl"])
    counts.add(_refused(workshop, [*OF_FILES, files, SEEDS], 20, 100, prepare=_corpus))
    counts.add(_failing(workshop))
    return counts


OF_FILES = ("dataset=file", "vary=init", "init=gaussian")


def _corpus(place: Path) -> None:
    lines = ['{"tokens": ["a"], "next": "b"}', '{"tokens": ["b"], "next": "a"}']
    (place / "ok.jsonl").write_text("\n".join([*lines, '{"tokens": ["a", "b"], "next": "a"}']))


def _refused(workshop: Workshop, swept: list[str], bad: int, jobs: int, prepare=None) -> Counts:
    """All bad jobs are counted in the lines, and nothing is trained."""
    counts, place = Counts(), workshop.fresh("refused")
    if prepare:
        prepare(place)
    plain = [o for o in TINY if not (prepare and o.startswith("dataset."))]
    done = workshop.nursery.train([*plain, "-m", *swept], place).wait()
    counts.tried["jobs of a sweep with bad ones"] += jobs
    told = re.findall(r"\((\d+) of (\d+) jobs", done.err)
    if done.code != 2 or one_line(done.error_lines) or told != [(str(bad), str(jobs))]:
        counts.faults.append(f"exit {done.code}, {told}: {done.err[-300:]}")
    counts.came_out["bad jobs told before any compute"] += sum(int(n) for n, _ in told)
    if list(place.rglob("status.json")):
        counts.faults.append("something was trained")
    return counts


def _failing(workshop: Workshop) -> Counts:
    """Jobs that overflow on their way, which nobody can tell beforehand."""
    counts, place = Counts(), workshop.fresh("failing")
    arguments = [*TINY, "-m", f"train.attention.step_size=0.1,0.2,0.3,0.4,{SPOILT}", SEEDS]
    done = workshop.nursery.train(arguments, place, first=_spoil).wait(600)
    (sweep,) = (p.parent for p in place.glob("multirun/*/*/plan.json"))
    states = ntp.load_sweep(sweep)["status"].value_counts().to_dict()
    counts.tried["jobs of a sweep in which some overflow"] += 100
    for state, n in states.items():
        counts.came_out[f"{state} of those"] += n
    if done.code != 1 or "Traceback" in done.err:
        counts.faults.append(f"exit {done.code}: {done.err[-300:]}")
    if states != {"done": 80, "failed": 20}:
        counts.faults.append(f"some overflow: {states}")
    told = [row for row in done.error_lines if re.match(r"error: job \d+: ", row)]
    if len(told) != 20:
        counts.faults.append(f"{len(told)} of 20 failures are told")
    return counts


def _spoil() -> None:
    """In this process: the weights of some jobs become nan in the middle of their last phase."""
    real = job.prepare

    def prepare(config: Any, *more: Any) -> Any:
        made = real(config, *more)
        if config.train.attention.step_size != SPOILT:
            return made
        *before, last = made.phases
        at = Place((), 0, "", 0.5, "nan")

        def start(states: Any) -> Any:
            return Spoilt(last.start(states), at, last.outline.horizon // 2)

        return replace(made, phases=[*before, replace(last, start=start)])

    job.prepare = prepare


BAD_MEMBERS = Experiment(
    "bad_members",
    "R16",
    "sweeps of 100 jobs of which 20 are bad: values, files, jobs that overflow",
    "all 20 are told before anything is trained; one that fails later leaves the others "
    "as they are",
    run,
)
