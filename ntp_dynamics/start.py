"""What a process of jobs imports before the first, at one go."""

from __future__ import annotations

from ntp_dynamics.config import Config
from ntp_dynamics.lab.imports import for_good


def import_for(config: Config) -> None:
    """Import what a job of this configuration, and those like it, will need in any case."""
    with for_good():
        import netCDF4
        import xarray

        from ntp_dynamics import run
        from ntp_dynamics.job import why_torch

        needed = [netCDF4, xarray, run]
        if why_torch(config) is None:
            from ntp_dynamics.optim import closed_form

            needed.append(closed_form)  # and the kernels
