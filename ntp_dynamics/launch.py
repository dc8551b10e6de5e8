"""From the command line to jobs: check everything first, then let Hydra run."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf import DictConfig
from rich.console import Console

from ntp_dynamics.compose import compose_job, config_dir, read_config
from ntp_dynamics.config import FileDataset
from ntp_dynamics.data.draw import draw_corpora, draw_embeddings, streams
from ntp_dynamics.lab.errors import UserError
from ntp_dynamics.lab.store import holds_record, occupied
from ntp_dynamics.show import show, summarise

QUIET_FLAGS = ("help", "hydra_help", "cfg", "info", "shell_completion", "resolve", "package")


def launch(arguments: Sequence[str]) -> None:
    """Run one job or a sweep.  Raises UserError before any compute; a failed job exits with 1."""
    options = get_args_parser().parse_args(list(arguments))
    if any(getattr(options, flag, None) for flag in QUIET_FLAGS):
        _hydra(arguments)
        return
    search = [options.config_dir] if options.config_dir else []
    jobs = list(expand(options.overrides)) if options.multirun else [options.overrides]
    first = preflight(jobs[0], search)
    for overrides in jobs[1:]:
        preflight(overrides, search)
    if not options.multirun:
        directory = Path(first.hydra.run.dir)
        _refuse_occupied(directory, first)
        _hydra([*arguments, f"hydra.run.dir={directory}"])
        return
    sweep = Path(first.hydra.sweep.dir)
    _refuse_occupied(sweep / "0", first)
    _hydra([*arguments, f"hydra.sweep.dir={sweep}"])
    if summarise(sweep, Console()):
        sys.exit(1)


def expand(overrides: Sequence[str]) -> Iterator[list[str]]:
    """The overrides of the jobs worth checking: each value of each swept key once.

    Their number is the sum of the sweep's lengths, not the product.
    """
    try:
        parsed = OverridesParser.create().parse_overrides(list(overrides))
    except HydraException as error:
        what = str(error).splitlines()[0]
        raise UserError("override", what, "write key=value, or key=a,b,c to sweep") from error
    fixed = [str(o.input_line) for o in parsed if not o.is_sweep_override()]
    swept = [
        [f"{o.get_key_element()}={value}" for value in o.sweep_string_iterator()]
        for o in parsed
        if o.is_sweep_override()
    ]
    start = [values[0] for values in swept]
    yield [*fixed, *start]
    for i, values in enumerate(swept):
        for value in values[1:]:
            yield [*fixed, *start[:i], value, *start[i + 1 :]]


def preflight(overrides: Sequence[str], search: Sequence[str]) -> DictConfig:
    """Compose and validate one job, corpus file included.  Raises UserError or UserErrors."""
    composed = compose_job(overrides, search)
    config = read_config(composed)
    if isinstance(config.dataset, FileDataset):
        (corpus, *_) = draw_corpora(config, streams(config))
        draw_embeddings(config, streams(config), corpus.vocab_size)
    return composed


def _refuse_occupied(directory: Path, composed: DictConfig) -> None:
    if holds_record(directory) and not composed.overwrite:
        raise occupied(directory)


def _hydra(arguments: Sequence[str]) -> None:
    sys.argv = [sys.argv[0], *arguments]
    hydra.main(version_base="1.3", config_path=str(config_dir()), config_name="config")(_job)()


def _job(composed: DictConfig) -> float:
    """What Hydra calls for every job; returns the final direction gap of the attention layer."""
    from ntp_dynamics.run import run_job

    context = HydraConfig.get()
    single = context.mode is RunMode.RUN
    console = Console()
    overrides = list(context.overrides.task)
    if not single:
        console.print(f"job {context.job.num}: {' '.join(overrides)}", markup=False)
    try:
        record = run_job(
            read_config(composed),
            context.runtime.output_dir,
            overrides=overrides,
            console=console,
            figures=single,
        )
    except UserError as error:
        if single:
            raise SystemExit(f"error: {error}") from error
        print(f"error: job {context.job.num}: {error}", file=sys.stderr)
        return float("nan")
    except Exception as error:
        if single:
            raise
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        print(f"error: job {context.job.num}: {reason}; see its log.txt", file=sys.stderr)
        return float("nan")
    if single:
        show(record, console)
    return record.final_gap
