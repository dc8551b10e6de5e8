"""One job, from configuration to verdict, and what it leaves behind."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from rich.console import Console

from ntp_dynamics.config import Config, Figures, Stage, to_yaml
from ntp_dynamics.job import Job, prepare, train
from ntp_dynamics.lab.disk import make_room, size_in_words
from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.log import JobLog
from ntp_dynamics.lab.progress import JobProgress, SweepProgress, graceful_interrupt
from ntp_dynamics.lab.store import STATUS, TRAJECTORY, RecordWriter
from ntp_dynamics.observe.judgement import Judged, judge_claims, recorded_for_laws
from ntp_dynamics.observe.observables import Observable
from ntp_dynamics.observe.tree import make_tree
from ntp_dynamics.record import Record
from ntp_dynamics.theory.constants import Constants, make_constants

if TYPE_CHECKING:
    import xarray


def run_job(
    config: Config,
    directory: str | Path,
    *,
    overrides: Sequence[str] = (),
    progress: JobProgress | SweepProgress | None = None,
    figures: bool = True,
    observables: Sequence[Observable] = (),
) -> Record:
    """Train, record, judge.  Raises UserError before anything is written where it can.

    Ctrl-C ends training after the step at hand: the record so far is written with the status
    `interrupted`, and KeyboardInterrupt raised.  ``figures``: draw them where the configuration
    says `auto`; ``observables``: measured beside the built-in ones.
    """
    torch.set_num_threads(config.runtime.threads)
    started = time.monotonic()
    progress = progress or JobProgress(Console(quiet=True))
    job = prepare(config, observables)
    make_room(Path(directory), job.record_size)
    status: dict[str, Any] = {"state": "running", "overrides": list(overrides), "reason": None}
    writer = RecordWriter(directory, status, overwrite=config.overwrite)

    def end(state: str, reason: str | None = None, summary: dict[str, Any] | None = None) -> None:
        seconds = round(time.monotonic() - started, 3)
        log(f"{state}: {reason}" if reason else state)
        outcome = {"state": state, "reason": reason, "seconds": seconds, **(summary or {})}
        writer.json(STATUS, {**status, **outcome})

    with JobLog(writer.directory / "log.txt") as log:
        try:
            _write_inputs(job, writer, log)
            tree = _train_and_record(job, writer, progress)
            constants = _constants(job, tree)
            judged = judge_claims(tree, constants)
            writer.json("verdicts.json", {"claims": [j.to_json() for j in judged]})
            if config.figures is Figures.all or (figures and config.figures is Figures.auto):
                _draw(job, tree, constants, judged, writer)
            for j in judged:
                log(f"{j.claim.id} ({j.claim.version}): {j.verdict.sentence}")
            end("done", summary={"final": _final(tree), **_labels(judged)})
        except KeyboardInterrupt:
            end("interrupted", "Ctrl-C")
            raise
        except Exception as error:
            log(traceback.format_exc())
            end("failed", one_line(error))
            raise
    writer.add("log.txt")
    writer.seal()
    return Record(writer.directory, config, job.corpora, tree, [j.to_json() for j in judged])


def _train_and_record(
    job: Job, writer: RecordWriter, progress: JobProgress | SweepProgress
) -> xarray.DataTree:
    """Train all stages and write the trajectory, also of a training that Ctrl-C cut short."""
    with graceful_interrupt() as interrupt:
        with progress:
            trained = train(job, progress.track, interrupt)
        tree = make_tree(
            trained.recorders, trained.reached, job.batch, job.reference, job.targets, job.streams
        )
        writer.tree(TRAJECTORY, tree)
        if interrupt.requested:
            raise KeyboardInterrupt
    return tree


def _write_inputs(job: Job, writer: RecordWriter, log: JobLog) -> None:
    writer.text("config.yaml", to_yaml(job.config))
    for run, corpus in enumerate(job.corpora):
        writer.text(f"corpora/{run:03d}.jsonl", "".join(line + "\n" for line in corpus.lines()))
    log(f"{job.config.runs} runs, |V| = {job.batch.vocab_size}, engine torch, float64")
    log(f"the record will take {size_in_words(job.record_size)}")
    for run, target in enumerate(job.targets):
        if target.missing:
            log(f"run {run}: no W*_kq: {target.missing}")


def _constants(job: Job, tree: xarray.DataTree) -> Constants:
    return make_constants(
        job.config,
        job.corpora,
        job.recognitions,
        job.embeddings,
        job.targets,
        recorded_for_laws(tree),
    )


def _draw(
    job: Job,
    tree: xarray.DataTree,
    constants: Constants,
    judged: Sequence[Judged],
    writer: RecordWriter,
) -> None:
    from ntp_dynamics.figures import draw_job

    folder = writer.directory / "figures"
    every = job.config.figures is Figures.all
    for path in draw_job(tree, job.corpora, constants, judged, folder, every):
        writer.add(str(path.relative_to(writer.directory)))


def _final(tree: xarray.DataTree) -> dict[str, float | None]:
    """The last value of every scalar, the median over runs; None where it does not exist."""
    final: dict[str, float | None] = {}
    for stage in Stage:
        if stage in tree:
            for name, values in tree.children[stage].dataset.data_vars.items():
                if values.dims == ("run", "step"):
                    median = float(np.median(values.values[:, -1]))
                    final[f"{stage}.{name}"] = median if np.isfinite(median) else None
    return final


def _labels(judged: Iterable[Judged]) -> dict[str, dict[str, Any]]:
    """One label a claim: that of its first version, the statement of the main text."""
    labels: dict[str, str] = {}
    p_values: dict[str, float] = {}
    for j in judged:
        key = j.claim.id
        labels.setdefault(key, j.verdict.label)
        if np.isfinite(j.verdict.p_contradicted):
            p_values[key] = min(p_values.get(key, 1.0), j.verdict.p_contradicted)
    return {"labels": labels, "p_contradicted": p_values}


def one_line(error: Exception) -> str:
    """The reason of a failure, short enough for a table."""
    if isinstance(error, UserError):
        return str(error)
    text = str(error).splitlines()
    return f"{type(error).__name__}: {text[0]}" if text else type(error).__name__
