"""The Python door: ``ntp.train``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ntp_dynamics.config.compose import compose_job
from ntp_dynamics.config.composer import config_of
from ntp_dynamics.config.mistakes import as_typed
from ntp_dynamics.observe.observable import Observable
from ntp_dynamics.record.finished import finished
from ntp_dynamics.record.record import Record
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.run.job import Surroundings, run_job
from ntp_dynamics.run.progress import JobProgress
from ntp_dynamics.system.owner import new_directory
from ntp_dynamics.verdict.claim import Claim


def train(
    overrides: Sequence[str] = (),
    directory: str | Path | None = None,
    *,
    observables: Sequence[Observable] = (),
    claims: Sequence[Claim] = (),
    progress: bool = False,
    resume: bool = False,
) -> Record:
    """Run one job as ``ntp-train`` would and return its record.

    ``overrides`` are those of the command line; ``directory`` replaces the one the configuration
    names (a numbered neighbour of that where it is taken); ``observables`` are measured and
    ``claims`` judged beside those of the study.  With ``resume`` a job that was cut short in that
    directory goes on; one that is done is returned as it is.

    Several threads may train at a time, each with a record of its own.  Ctrl-C ends jobs of the
    main thread only.  Raises UserError or UserErrors for what cannot be used.
    """
    config = config_of(overrides)
    check_inputs(config)
    directory = Path(directory or new_directory(Path(compose_job(overrides).hydra.run.dir)))
    if resume and (record := finished(directory, config)) is not None:
        return record
    return run_job(
        config,
        directory,
        Surroundings(
            overrides=as_typed(overrides),
            progress=JobProgress(Console()) if progress else None,
            observables=observables,
            claims=claims,
            resume=resume,
        ),
    )
