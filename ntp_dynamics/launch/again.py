"""``ntp-resume``: a job or a sweep that was cut short, from what it left behind."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ntp_dynamics.config.arguments import quoted
from ntp_dynamics.config.compose import compose_job, read_config
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.config.stored import from_yaml
from ntp_dynamics.launch.command import SWEEP, launch
from ntp_dynamics.launch.resume import clear
from ntp_dynamics.launch.single import run_single
from ntp_dynamics.record.finished import sealed
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import Plan, read_plan
from ntp_dynamics.record.record import damage_in_one_line
from ntp_dynamics.record.status import read_object, told
from ntp_dynamics.record.store import STATUS
from ntp_dynamics.system.errors import UserError, UserErrors, escaped
from ntp_dynamics.system.secrets import HIDDEN

ALLOW_CHANGED = "runtime.allow_changed"
"""Of the command at hand: the next one has to say it again."""


def go_on(directory: Path, allow_changed: bool = False) -> None:
    """Do what is not done there.  Raises UserError where there is nothing to go on with, where what
    it was asked for has changed and that is not allowed, or somebody is at work in it."""
    plan = read_plan(directory)
    if plan is not None:
        _sweep(directory.absolute(), plan, allow_changed)
    elif (directory / STATUS).exists():
        _job(directory, allow_changed)
    elif not directory.exists():
        raise UserError(str(directory), "it does not exist", "give the directory of a job or sweep")
    else:
        what = "it holds neither a job nor the plan of a sweep"
        raise UserError(str(directory), what, "give the directory of a job or sweep")


def _sweep(sweep: Path, plan: Plan, allow_changed: bool) -> None:
    hidden = [word for word in plan.command if HIDDEN in word]
    if hidden:
        what = "a secret of its command was not stored"
        remedy = f"repeat the command itself with {SWEEP}={quoted(sweep)}"
        raise UserError(str(sweep), what, remedy)
    renewed = (f"{SWEEP}=", f"{ALLOW_CHANGED}=")  # what was allowed once is not for good
    command = [word for word in plan.command if not word.lstrip("+").startswith(renewed)]
    if allow_changed:
        command.append(f"{ALLOW_CHANGED}=true")
    if Path(plan.folder).is_dir() and not Path.cwd().samefile(plan.folder):
        print(f"in       {escaped(plan.folder)}")  # where relative paths mean what they meant
        os.chdir(plan.folder)
    launch([*command, f"{SWEEP}={quoted(sweep)}"])


def _job(directory: Path, allow_changed: bool) -> None:
    if sealed(directory, str(told(directory).get("identity"))):
        print(f"{directory}: it is done")
        return
    said = read_object(directory / STATUS)  # its word is held against the configuration
    config = _config_of(directory, list(said.get("overrides") or ()))
    changed = said.get("identity") != identity(config)
    if changed and not allow_changed:
        what = "its configuration, a file that it names, or the version has changed since"
        raise UserError(str(directory), what, "run it anew, or pass --allow-changed")
    if said.get("added"):
        what = f"it was given {', '.join(map(str, said['added']))} in Python"
        raise UserError(str(directory), what, "go on there: ntp.train(..., resume=True)")
    if changed:
        clear(directory)
    config = replace(config, runtime=replace(config.runtime, allow_changed=allow_changed))
    run_single(config, directory, list(said.get("overrides") or ()), resume=True)


def _config_of(directory: Path, overrides: Sequence[str]) -> JobConfig:
    """The configuration of a job; of one that was cut off before that was written, or whose disk
    lost it, what its overrides give.  Raises UserError."""
    try:
        with damage_in_one_line(directory):
            return from_yaml((directory / "config.yaml").read_text(encoding="utf-8"))
    except UserError:
        if not any(HIDDEN in word for word in overrides):
            with suppress(UserError, UserErrors):
                return read_config(compose_job(overrides))
        raise
