"""A run of Weights & Biases that waits for no server and stores nothing of the machine: no
environment, command line, host, program or package list."""

from __future__ import annotations

import os
import shutil
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

# wandb reads these when it is imported
os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # else it looks up a host, offline too
os.environ.setdefault("WANDB_HTTP_TIMEOUT", "4")  # seconds for one request
os.environ.setdefault("WANDB_SILENT", "true")  # the lab says what there is to say, in one line

import wandb

from ntp_dynamics.config.tracking import Mode, WandbTracking
from ntp_dynamics.system.secrets import redact
from ntp_dynamics.track.tracker import Say, Subject, first_line, tracking_directory

INIT_TIMEOUT = 4.0  # seconds to wait for a server; wandb's own 90 would hold up every job
FINISH_TIMEOUT = 4.0  # seconds for the last upload; `wandb sync` brings up what is left

_unusable: list[str] = []
"""Why the server cannot be used: asked once a process, or every job of a sweep would wait."""


def open_run(tracking: WandbTracking, subject: Subject, say: Say) -> wandb.Run:
    """Start a wandb run; offline, and said so, where the server cannot be used.

    Raises what wandb raises where even that fails.
    """
    directory = tracking_directory().absolute()
    directory.mkdir(parents=True, exist_ok=True)  # wandb itself would fall back to /tmp
    for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR"):  # else in the home, which may be read-only
        os.environ.setdefault(name, str(directory / ".cache"))
    config = dict(subject.config)
    settings = partial(_settings, redact(tracking.project), directory, subject)
    if tracking.mode is Mode.online:
        identity = uuid4().hex[:8]
        try:
            run = _init_online(settings(mode="online", run_id=identity), config)
            say(f"wandb: {run.url}")
            return run
        except Exception as error:
            _unusable[:] = [first_line(error)]
            say(redact(f"wandb: offline, the server cannot be used: {first_line(error)}"))
            for leftover in directory.glob(f"run-*-{identity}"):
                shutil.rmtree(leftover, ignore_errors=True)
    return wandb.init(settings=settings(mode="offline"), config=config)


def _init_online(settings: wandb.Settings, config: dict[str, Any]) -> wandb.Run:
    if _unusable:
        raise wandb.Error(_unusable[0])
    wandb.setup(wandb.Settings(mode="online"))  # where WANDB_MODE says otherwise
    if not wandb.login(prompt=False, verify=False):  # never asks, never waits
        raise wandb.Error("there is no API key; `wandb login` stores one")
    return wandb.init(settings=settings, config=config)


def _settings(project: str, directory: Path, subject: Subject, **more: Any) -> wandb.Settings:
    """New each time: wandb writes the run into it."""
    return wandb.Settings(
        **more,
        root_dir=str(directory.parent),
        use_dot_wandb=False,
        symlink=False,
        project=project,
        program=project,
        host="",
        run_name=redact(subject.name),
        run_group=redact(subject.group),
        run_job_type=redact(subject.experiment),
        reinit="create_new",  # a run of the caller's own goes on beside this one
        init_timeout=INIT_TIMEOUT,
        finish_timeout=FINISH_TIMEOUT,
        finish_timeout_raises=True,
        console="off",
        silent=True,
        save_code=False,
        disable_code=True,
        disable_git=True,
        disable_job_creation=True,
        label_disable=True,
        x_disable_meta=True,
        x_disable_machine_info=True,
        x_disable_stats=True,
        x_save_requirements=False,
    )
