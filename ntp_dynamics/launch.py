"""From the command line to jobs: check everything first, then let Hydra run."""

from __future__ import annotations

import itertools
import math
import sys
from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import NoReturn

import hydra
from hydra._internal.utils import get_args_parser
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from rich.console import Console

from ntp_dynamics import __version__, multirun
from ntp_dynamics.compose import (
    Composer,
    check_inputs,
    compose_job,
    config_dir,
    quoted,
    read_config,
)
from ntp_dynamics.config import Figures
from ntp_dynamics.help import help_text
from ntp_dynamics.lab.errors import UserError, UserErrors, escaped, refuse
from ntp_dynamics.lab.owner import Claim, new_directory
from ntp_dynamics.lab.progress import JobProgress, SweepProgress
from ntp_dynamics.lab.store import STATUS, make_directory, occupied, redact_yaml, remove_record
from ntp_dynamics.record import status_files
from ntp_dynamics.show import nearby, show, show_tracking, summarise
from ntp_dynamics.start import import_for

CHECK_ALL_UP_TO = 64
"""A sweep of at most so many jobs is validated job by job before the first starts."""

RUN, SWEEP = "hydra.run.dir", "hydra.sweep.dir"
"""What names the directory of a job, and of a sweep."""

HYDRAS_OWN = ("hydra_help", "cfg", "info", "shell_completion", "resolve", "package")
"""Flags that ask Hydra something and start no job."""


def launch(arguments: Sequence[str]) -> None:
    """Run one job or a sweep.  Raises UserError before any compute; a failed job exits with 1."""
    if "--version" in arguments:
        print(f"ntp-dynamics {__version__}")
        return
    options = parse(arguments)
    flags = [argument for argument in arguments if argument not in options.overrides]
    search = _search_path(options)
    if options.multirun:
        options.overrides = [*declared_sweep(options.overrides, search), *options.overrides]
        flags.append("hydra.sweeper.params=null")  # they are among the overrides now
    arguments = [*flags, *options.overrides]  # Hydra wants its flags first
    jobs = list(expand(options.overrides)) if options.multirun else [options.overrides]
    if options.help:
        print(help_text(jobs[0], search))
        return
    if any(getattr(options, flag, None) for flag in HYDRAS_OWN):
        _hydra(arguments)
        return
    first = preflight(jobs[0], search)
    if options.multirun:
        composer = Composer(search, options.overrides)
        for overrides in jobs[1:]:
            check_inputs(composer.check(overrides))
        _launch_sweep(arguments, first, count(options.overrides), composer)
    else:
        with claimed(first, RUN, options.overrides) as directory:
            pass  # the job itself claims it again
        _hydra([*arguments, f"hydra.run.dir={quoted(directory)}"])


def _launch_sweep(
    arguments: Sequence[str], first: DictConfig, jobs: int, composer: Composer
) -> None:
    console = Console()
    config = read_config(first)
    progress = SweepProgress(console, jobs)
    multirun.under_way = multirun.Sweep(config, progress, composer)
    with claimed(first, SWEEP, arguments) as sweep:
        for status in status_files(sweep):  # a smaller sweep leaves no job of a larger one
            with nullcontext() if status.parent == sweep else Claim(status.parent):
                remove_record(status.parent)
        try:
            _hydra([*arguments, f"hydra.sweep.dir={quoted(sweep)}"])
        finally:
            progress.finish()
            missing = summarise(sweep, jobs, console, overview=config.figures is not Figures.none)
            show_tracking(config.tracking, console)
    if missing:
        sys.exit(1)


def _search_path(options: Namespace) -> list[str]:
    """Where else to look for configs.  Raises UserError."""
    if options.config_name:
        remedy = "put an experiment into --config-dir DIR and name it: experiment=NAME"
        raise UserError("--config-name", "there is one configuration", remedy)
    if options.resolve and not options.cfg:
        raise UserError("--resolve", "it goes with --cfg", "add --cfg job")
    if not options.config_dir:
        return []
    if not Path(options.config_dir).is_dir():
        raise UserError(options.config_dir, "it is not a directory", "give one with config files")
    return [options.config_dir]


def parse(arguments: Sequence[str]) -> Namespace:
    """Hydra's options and our overrides, in any order.  Raises UserError."""
    parser = get_args_parser()

    def error(message: str) -> NoReturn:
        raise UserError("arguments", message, "see ntp-train --help")

    parser.error = error  # its own prints a page of usage
    return parser.parse_intermixed_args(list(arguments))


def declared_sweep(overrides: Sequence[str], search: Sequence[str] = ()) -> list[str]:
    """The sweep that an experiment declares (`hydra.sweeper.params`), as overrides; a key that the
    command line sets itself is not swept.  Raises UserError."""
    parsed = _parse(overrides)
    composed = compose_job([str(o.input_line) for o in parsed if not o.is_sweep_override()], search)
    sweeper = OmegaConf.to_container(composed.hydra.sweeper, resolve=False)
    assert isinstance(sweeper, dict)
    params = sweeper.get("params") or {}
    given = {o.get_key_element() for o in parsed}
    return [f"{key}={values}" for key, values in params.items() if key not in given]


def _parse(overrides: Sequence[str]) -> list[Override]:
    try:
        return OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        what = str(error).splitlines()[0]
        raise UserError("override", what, "write key=value, or key=a,b,c to sweep") from error


def expand(overrides: Sequence[str]) -> Iterator[list[str]]:
    """The overrides of the jobs to check before a sweep starts: all of them where they are few,
    else each value of each swept key once (the sum of the lengths, not their product)."""
    columns = [
        [f"{o.get_key_element()}={value}" for value in o.sweep_string_iterator()]
        if o.is_sweep_override()
        else [str(o.input_line)]
        for o in _parse(overrides)
    ]
    if math.prod(map(len, columns)) <= CHECK_ALL_UP_TO:
        yield from map(list, itertools.product(*columns))
        return
    start = [values[0] for values in columns]
    yield start
    for i, values in enumerate(columns):
        for value in values[1:]:
            yield [*start[:i], value, *start[i + 1 :]]


def count(overrides: Sequence[str]) -> int:
    """How many jobs a sweep has."""
    swept = [o for o in _parse(overrides) if o.is_sweep_override()]
    return math.prod(len(list(o.sweep_string_iterator())) for o in swept)


def preflight(overrides: Sequence[str], search: Sequence[str]) -> DictConfig:
    """Compose and validate one job, with the files it needs.  Raises UserError or UserErrors."""
    composed = compose_job(overrides, search)
    check_inputs(read_config(composed))
    return composed


@contextmanager
def claimed(composed: DictConfig, key: str, overrides: Sequence[str]) -> Iterator[Path]:
    """The directory that a key names, ours for as long as this lasts: exactly that where it was
    asked for, else one of its own.

    Raises UserError where it holds a record (a sweep: below it), or its owner lives.
    """
    named = Path(OmegaConf.select(composed, key))
    exact = composed.overwrite or any(o.startswith(f"{key}=") for o in overrides)
    if exact:
        make_directory(named)
    directory = named if exact else new_directory(named)
    with Claim(directory):
        old = status_files(directory) if key == SWEEP else [directory / STATUS]
        if not composed.overwrite and any(path.exists() for path in old):
            raise occupied(directory)
        yield directory


def _hydra(arguments: Sequence[str]) -> None:
    sys.argv = [sys.argv[0], *arguments]
    hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(_job)()


def _job(composed: DictConfig) -> float:
    """What Hydra calls for a job on its own, or for each where the launcher is not the packed one;
    returns the final direction gap of the attention layer."""
    context = HydraConfig.get()
    _redact_hydras_own(context)
    single = context.mode is RunMode.RUN
    console = Console()
    overrides = list(context.overrides.task)
    config = read_config(composed)
    if single:
        import_for(config)
    from ntp_dynamics.optim.train import NonFinite
    from ntp_dynamics.run import Surroundings, run_job

    progress = JobProgress(console) if single else multirun.job_share(context.job.num, config)
    try:
        record = run_job(
            config,
            context.runtime.output_dir,
            Surroundings(
                overrides=overrides,
                progress=progress,
                figures=single,
                group=None if single else Path(context.sweep.dir).name,
            ),
        )
    except Exception as error:
        if single and isinstance(error, UserError | UserErrors):
            refuse([error] if isinstance(error, UserError) else error.errors)
        if single and isinstance(error, NonFinite):
            kept = escaped(str(nearby(Path(context.runtime.output_dir))))
            remedy = f"lower the step size; the record so far is in {kept}"
            print(f"error: train: {error}; {remedy}", file=sys.stderr)
            sys.exit(1)
        if single:
            raise
        multirun.tell_failure(context.job.num, error)
        return float("nan")
    if single:
        show(record, console)
    return record.final_gap


def _redact_hydras_own(context: HydraConf) -> None:
    """Rewrite the settings that Hydra itself has written, where it was asked to."""
    if context.output_subdir is not None:
        for path in (Path(context.runtime.output_dir) / context.output_subdir).glob("*.yaml"):
            redact_yaml(path)
    settings = Path(context.sweep.dir) / "multirun.yaml"
    if context.mode is RunMode.MULTIRUN and settings.exists():
        redact_yaml(settings)
