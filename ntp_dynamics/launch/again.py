"""``ntp-resume``: a job or a sweep that was cut short, from what it left behind."""

from __future__ import annotations

from pathlib import Path

from ntp_dynamics.config.arguments import quoted
from ntp_dynamics.config.stored import from_yaml
from ntp_dynamics.launch.command import SWEEP, launch, run_single
from ntp_dynamics.record.identity import identity
from ntp_dynamics.record.plan import Plan, read_plan
from ntp_dynamics.record.record import damage_in_one_line
from ntp_dynamics.record.status import read_object, told
from ntp_dynamics.record.store import STATUS, verify
from ntp_dynamics.system.errors import UserError
from ntp_dynamics.system.secrets import HIDDEN


def go_on(directory: Path) -> None:
    """Do what is not done there.  Raises UserError where there is nothing to go on with, where what
    it was asked for has changed, or somebody is at work in it."""
    plan = read_plan(directory)
    if plan is not None:
        _sweep(directory, plan)
    elif (directory / STATUS).exists():
        _job(directory)
    else:
        what = "it holds neither a job nor the plan of a sweep"
        raise UserError(str(directory), what, "give the directory of a job or sweep")


def _sweep(sweep: Path, plan: Plan) -> None:
    hidden = [word for word in plan.command if HIDDEN in word]
    if hidden:
        what = "a secret of its command was not stored"
        remedy = f"repeat the command itself with {SWEEP}={quoted(sweep)}"
        raise UserError(str(sweep), what, remedy)
    command = [word for word in plan.command if not word.startswith(f"{SWEEP}=")]
    launch([*command, f"{SWEEP}={quoted(sweep)}"])


def _job(directory: Path) -> None:
    status = told(directory)
    if status["state"] == "done" and verify(directory):
        print(f"{directory}: it is done")
        return
    with damage_in_one_line(directory):
        config = from_yaml((directory / "config.yaml").read_text(encoding="utf-8"))
    said = read_object(directory / STATUS)  # its word is held against the configuration
    if said.get("identity") != identity(config):
        what = "its configuration, a file that it names, or the version has changed since"
        raise UserError(str(directory), what, "run it anew: repeat the command")
    if said.get("added"):
        what = f"it was given {', '.join(map(str, said['added']))} in Python"
        raise UserError(str(directory), what, "go on there: ntp.train(..., resume=True)")
    run_single(config, directory, list(said.get("overrides") or ()), resume=True)
