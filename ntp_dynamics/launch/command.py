"""From the command line to jobs: check everything first, then let Hydra run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import hydra
from hydra.conf import HydraConf
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from rich.console import Console

from ntp_dynamics import __version__
from ntp_dynamics.config.arguments import pasted, quoted
from ntp_dynamics.config.choices import Figures
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.composer import Composer, kept_composer
from ntp_dynamics.config.directory import config_dir
from ntp_dynamics.config.help import help_text
from ntp_dynamics.config.hydra_private import VERSION_BASE, as_written, run_composed
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.mistakes import as_typed
from ntp_dynamics.launch import fail_fast, multirun
from ntp_dynamics.launch.arguments import HYDRAS_OWN, check_options, parse_arguments
from ntp_dynamics.launch.changed import carry_over, check_same
from ntp_dynamics.launch.check import check_sweep
from ntp_dynamics.launch.counted import counted
from ntp_dynamics.launch.fail_fast import call_off, called_off
from ntp_dynamics.launch.installed import check_installed
from ntp_dynamics.launch.resume import (
    all_of,
    clear,
    clear_the_rest,
    differ,
    done_of,
    plan_of,
    unfinished,
)
from ntp_dynamics.launch.single import run_single
from ntp_dynamics.launch.sweeps import expand, whole_sweep
from ntp_dynamics.record.finished import returned
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import Plan, read_plan
from ntp_dynamics.record.record import status_files
from ntp_dynamics.record.store import STATUS, make_directory, occupied, redact_yaml, remove_record
from ntp_dynamics.report.show import line, nearby, show_tracking, summarise
from ntp_dynamics.run.inputs import check_inputs
from ntp_dynamics.run.progress import SweepProgress
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.owner import DirectoryLock, new_directory

RUN, SWEEP = "hydra.run.dir", "hydra.sweep.dir"
"""What names the directory of a job, and of a sweep."""

UNTOLD = "HYDRA_FULL_ERROR"
"""Hydra hands on the exception of a launcher, and tells no page of it."""


def launch(arguments: Sequence[str]) -> None:
    """Run one job or a sweep.  Raises UserError before any compute; a failed job exits with 1."""
    if "--version" in arguments:
        print(f"ntp-dynamics {__version__}")
        return
    options, given = parse_arguments(arguments), arguments
    check_options(options)
    flags = [argument for argument in arguments if argument not in options.overrides]
    search = [] if options.config_dir is None else [options.config_dir]
    overrides = as_typed(options.overrides, sweep=options.multirun)
    jobs = [overrides]
    if options.multirun:
        overrides = whole_sweep(overrides, search)
        flags.append("hydra.sweeper.params=null")  # they are among the overrides now
        jobs = expand(overrides)
    arguments = [*flags, *overrides]  # Hydra wants its flags first
    if options.help:
        print(help_text(next(iter(jobs)), search))
    elif any(getattr(options, flag, None) for flag in HYDRAS_OWN):
        _hydra(arguments)
    elif options.multirun:
        composer, jobs = kept_composer(search, overrides), list(jobs)
        configs = check_sweep(jobs, len(jobs), composer, Console())
        first = compose_job(jobs[0], search)
        check_installed(first.hydra.launcher)
        plan = plan_of(jobs, configs, first, given, search)
        _launch_sweep(arguments, first, configs[0], plan, composer)
    else:
        composed = compose_job(overrides, search)
        check_inputs(read_config(composed))
        with locked(composed, RUN, overrides) as directory:
            pass  # the job itself locks it again
        run_composed(compose_job([*overrides, f"{RUN}={quoted(directory)}"], search), _job)


def _launch_sweep(
    arguments: Sequence[str],
    first: DictConfig,
    config: JobConfig,
    plan: Plan,
    composer: Composer,
) -> None:
    console, jobs = Console(), len(plan.jobs)
    progress = SweepProgress(console, jobs)
    multirun.under_way = multirun.Sweep(config, progress, composer, plan.jobs)
    with sweep_of(first, plan, arguments) as (sweep, done, found):
        multirun.under_way.done = done
        clear_the_rest(sweep, plan, done)
        fail_fast.begin(sweep / job.directory for job in plan.jobs)
        plan.write(sweep)
        if found:
            rest = "going on" if len(done) < jobs else "nothing is left to do"
            line(console, f"{nearby(sweep)}: {len(done)} of {jobs} jobs are done, {rest}")
        try:
            with aborted_in_one_line(sweep), counted(sweep, plan, progress):
                _hydra([*arguments, f"hydra.sweep.dir={quoted(sweep)}"])
        finally:
            multirun.under_way = None
            progress.finish()
            missing = summarise(sweep, jobs, console, overview=config.figures is not Figures.none)
            show_tracking(config.tracking, console)
    if missing:
        sys.exit(1)


@contextmanager
def aborted_in_one_line(sweep: Path) -> Iterator[None]:
    """Tell why a launcher gave up a sweep, as one of somebody else's does whose worker is killed.

    Jobs tell themselves why they failed; what they left is there to be gone on with.
    """
    before = os.environ.get(UNTOLD)
    os.environ[UNTOLD] = "1"
    try:
        yield
    except Exception as error:
        if before:
            raise
        first = next(iter(str(error).splitlines()), "").partition(". ")[0]
        what = f"it has given up: {type(error).__name__}: {first}"
        print(f"error: {UserError('hydra/launcher', what, f'ntp-resume {sweep}')}", file=sys.stderr)
        sys.exit(1)
    finally:
        if before is None:
            del os.environ[UNTOLD]


@contextmanager
def sweep_of(
    first: DictConfig, plan: Plan, arguments: Sequence[str]
) -> Iterator[tuple[Path, set[Path], bool]]:
    """The directory of a sweep, ours for as long as this lasts, which of its jobs are done, and
    whether it is an old one: one with the same jobs that was cut short goes on, else it is new.

    Raises UserError where several could go on, where one was asked for that has other jobs, or
    whose owner lives.
    """
    named = directory_of(first, SWEEP)
    asked = any(o.startswith(f"{SWEEP}=") for o in arguments)
    allowed = first.runtime.allow_changed
    old = [] if first.overwrite or asked else unfinished(named.parent, plan, allowed)
    if len(old) > 1:
        listed = ", ".join(str(nearby(place)) for place in old)
        remedy = "go on with one: ntp-resume DIR; or start anew with overwrite=true"
        raise UserError("sweep", f"{len(old)} with these jobs were cut short: {listed}", remedy)
    if not (old or first.overwrite or asked or allowed):
        for place in unfinished(named.parent, plan, changed=True):
            what = "asked for alike and cut short, but a file or the version has changed since"
            how = f"ntp-resume {nearby(place)} --allow-changed goes on with it"
            line(Console(), f"{nearby(place)}: {what}; beginning anew ({how})")
    if asked:
        make_directory(named)
    if asked and not first.overwrite and (read_plan(named) is not None or all_of(named, plan)):
        old = [named]
    if old:
        with DirectoryLock(old[0]):
            there = read_plan(old[0])
            if there is not None and allowed:
                kept = carry_over(old[0], there, plan)
                if changed := sum(differ(there, plan)):
                    told = f"{changed} of {len(plan.jobs)} jobs have changed since"
                    line(Console(), f"{nearby(old[0])}: {told}: {kept} kept, the rest anew")
            elif there is not None:
                check_same(old[0], there, plan)
            yield old[0], done_of(old[0], plan), True
        return
    with locked(first, SWEEP, arguments) as directory:
        for status in status_files(directory):  # a smaller sweep leaves no job of a larger one
            if status.parent == directory:  # which is locked
                remove_record(directory)
            else:
                clear(status.parent)
        yield directory, set(), False


def directory_of(composed: DictConfig, key: str) -> Path:
    """A directory that Hydra's own node names.  Raises UserError."""
    try:
        text = str(OmegaConf.select(composed, key))
    except OmegaConfBaseException as error:
        owner, _, name = key.rpartition(".")
        raw = str(as_written(OmegaConf.select(composed, owner), name))
        remedy = f"mend it, or to mean this text write {pasted(key, raw)}"
        raise UserError(key, str(error).splitlines()[0], remedy) from error
    if not text:
        raise UserError(key, "it is empty", "name a directory, or . for the one you are in")
    return Path(text)


@contextmanager
def locked(composed: DictConfig, key: str, overrides: Sequence[str]) -> Iterator[Path]:
    """The directory that a key names, ours for as long as this lasts: exactly that where it was
    asked for, else one of its own.

    Raises UserError where it holds a record (a sweep: below it), or its owner lives.
    """
    named = directory_of(composed, key)
    exact = composed.overwrite or any(o.startswith(f"{key}=") for o in overrides)
    if exact:
        make_directory(named)
    directory = named if exact else new_directory(named)
    with DirectoryLock(directory):
        old = status_files(directory) if key == SWEEP else [directory / STATUS]
        if not composed.overwrite and any(path.exists() for path in old):
            raise occupied(directory)
        yield directory


def _hydra(arguments: Sequence[str]) -> None:
    sys.argv = [sys.argv[0], *arguments]
    hydra.main(config_path=str(config_dir()), config_name="config", **VERSION_BASE)(_job)()


def _job(composed: DictConfig) -> float:
    """What Hydra calls for a job on its own, or for each where the launcher is not the packed one;
    returns what its study says."""
    context = HydraConfig.get()
    _redact_hydras_own(context)
    overrides = list(context.overrides.task)
    # as it stands: a directory may have "${" in its name
    directory = Path(as_written(context.runtime, "output_dir"))
    if context.mode is RunMode.RUN:
        return run_single(read_config(composed), directory, overrides)
    from ntp_dynamics.run.job import Surroundings, run_job

    config = None
    try:
        config = read_config(composed)
        if (value := returned(directory, config, identity(config))) is not None:
            return value
        if called_off(directory, config):
            return float("nan")
        progress = multirun.job_share(context.job.num, config)
        group = Path(context.sweep.dir).name
        around = Surroundings(overrides, progress=progress, figures=False, group=group, resume=True)
        return run_job(config, directory, around).returned
    except Exception as error:
        multirun.leave_failure(directory, overrides, error)
        multirun.tell_failure(context.job.num, error)
        call_off(directory, config)
        return float("nan")


def _redact_hydras_own(context: HydraConf) -> None:
    """Rewrite the settings that Hydra itself has written, where it was asked to."""
    if context.output_subdir is not None:
        for path in (Path(context.runtime.output_dir) / context.output_subdir).glob("*.yaml"):
            redact_yaml(path)
    settings = Path(context.sweep.dir) / "multirun.yaml"
    if context.mode is RunMode.MULTIRUN and settings.exists():
        redact_yaml(settings)
