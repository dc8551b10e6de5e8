"""Hydra's own options on our command line: which have a meaning here."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from ntp_dynamics.config.hydra_private import get_args_parser
from ntp_dynamics.system.errors import UserError

HYDRAS_OWN = ("hydra_help", "cfg", "info", "shell_completion", "resolve", "package")
"""Flags that ask Hydra something and start no job."""


def parse_arguments(arguments: Sequence[str]) -> Namespace:
    """Hydra's options and our overrides, in any order.  Raises UserError."""
    parser = get_args_parser()

    def error(message: str) -> NoReturn:
        raise UserError("arguments", message, "see ntp-train --help")

    parser.error = error  # its own prints a page of usage
    return parser.parse_intermixed_args(list(arguments))


def check_options(options: Namespace) -> None:
    """Refuse options of Hydra's that have no meaning here, or none together.  Raises UserError."""
    if options.config_name or options.config_path:
        remedy = "put an experiment into --config-dir DIR and name it: experiment=NAME"
        where = "--config-name" if options.config_name else "--config-path"
        raise UserError(where, "there is one configuration", remedy)
    if options.experimental_rerun:
        raise UserError("--experimental-rerun", "no job is pickled", "repeat the command instead")
    if options.resolve and not options.cfg:
        raise UserError("--resolve", "it goes with --cfg", "add --cfg job")
    if options.run and options.multirun:
        raise UserError("--run", "it says the contrary of -m", "leave out one of them")
    launcher = [
        o for o in options.overrides if o.startswith(("hydra/launcher=", "hydra.launcher."))
    ]
    if launcher and not (options.multirun or options.cfg or options.help):
        what = "a launcher runs the jobs of a sweep, and this is one job"
        raise UserError(launcher[0].partition("=")[0], what, "add -m, or leave it out")
    place = options.config_dir
    if place is not None and not (place and Path(place).is_dir()):
        where = place or "--config-dir"
        raise UserError(where, "it is not a directory", "give one with config files")
