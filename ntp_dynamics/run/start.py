"""What a process of jobs imports before the first, each at one go and once."""

from __future__ import annotations

from functools import cache
from importlib import import_module

from ntp_dynamics import studies
from ntp_dynamics.config.job import JobConfig
from ntp_dynamics.system.imports import for_good


def import_for(config: JobConfig) -> None:
    """Import what a job of this configuration, and those like it, will need in any case."""
    with for_good():  # asking a study which engine it will need may import that
        needed = tuple(studies.find(config.study).modules(config))
    _import("netCDF4", "xarray", "ntp_dynamics.run.job", *needed)


@cache
def _import(*modules: str) -> None:
    with for_good():
        for module in modules:
            import_module(module)
