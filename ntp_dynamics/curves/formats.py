"""Readers that need a library of their own, imported where a file of their kind is read."""

from __future__ import annotations

from pathlib import Path

from ntp_dynamics.curves.table import Table


def netcdf(path: Path) -> Table:
    from ntp_dynamics.curves.netcdf import read_netcdf

    return read_netcdf(path)


def events(files: list[Path], run: str) -> Table:
    from ntp_dynamics.curves.tensorboard import read_events

    return read_events(files, run)


def wandb(path: Path) -> Table:
    from ntp_dynamics.curves.wandb_run import read_wandb

    return read_wandb(path)


def trackio(path: Path) -> list[Table]:
    from ntp_dynamics.curves.trackio_runs import read_trackio

    return read_trackio(path)
